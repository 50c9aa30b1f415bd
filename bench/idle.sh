#!/usr/bin/env bash
# Connections that wait: what a subscribed WebSocket costs while nothing happens. Measured with FEW and with MANY of them on one process, after
# they have had their snapshots and a few rounds of status; the difference divided by their number, so what a server costs anyway drops out.
#
# User memory is Private_Dirty of /proc/PID/smaps_rollup: every page that the process has written and shares with nobody, holes of the allocator
# included. The kernel's is what its caches of sockets, files and epoll entries grew by in /proc/slabinfo (root may read it), with the pages
# of TCP buffers in /proc/net/sockstat: of the whole machine, so of both ends of each connection; the server's has the epoll entry too, and so has
# the load's. Directory entries (192 bytes a socket) are left out: those of other programs drown them.
#
#   [ROUNDS=3 FEW=1000 MANY=19000] bench/idle.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-3} few=${FEW:-1000} many=${MANY:-19000}
ulimit -n "$(ulimit -Hn)"
say_machine "$few and $many connections; at most $(ulimit -n) files a process"
[ "$many" -le $(($(ulimit -n) - 200)) ] || { echo "bench: $many connections need more files than a process may have ($(ulimit -n))" >&2; exit 1; }
echo "# slotcast serve --conns-per-address 0; build/bench/idle $few $many"

user_bytes() { awk '/^Private_Dirty:/ {print $2 * 1024}' "/proc/$server_pid/smaps_rollup"; }
kernel_bytes() {
  { cat /proc/slabinfo 2>/dev/null || true; cat /proc/net/sockstat; } |
    awk '/^(TCP|TCPv6|sock_inode_cache|filp|lsm_file_cache|eventpoll_epi|ep_head) / {sum += $2 * $4} $1 == "TCP:" {sum += $NF * 4096} END {print sum}'
}
# await_count N: until the load says that so many have their snapshot; then a few rounds of status.
await_count() {
  local line
  read -r -t 300 line <&"${load[0]}" && [ "$line" = "$1" ] || { echo "bench: the load program did not reach $1 connections" >&2; exit 1; }
  sleep 8
}

: >"$scratch/user" && : >"$scratch/kernel"
for round in $(seq "$rounds"); do
  fresh_venue sqlite
  start_server "$url" --conns-per-address 0
  service=$(sql "$url" "SELECT id FROM service WHERE name='Class'")
  coproc load { exec build/bench/idle --port "$port" --service "$service" "$few" "$many"; }
  load_pid=$!
  await_count "$few"
  user=$(user_bytes) kernel=$(kernel_bytes)
  echo >&"${load[1]}"
  await_count "$many"
  echo "$((many - few)) $user $(user_bytes) $kernel $(kernel_bytes)" | awk -v round="$round" -v user="$scratch/user" -v kernel="$scratch/kernel" '{
    print ($3 - $2) / $1 >>user
    print ($5 - $4) / $1 >>kernel
    printf "%d user %d -> %d bytes: %.1f a connection; kernel %.0f a connection, both ends\n", round, $2, $3, ($3 - $2) / $1, ($5 - $4) / $1
  }'
  kill "$load_pid"
  wait "$load_pid" 2>/dev/null || true
  stop_server
done
echo "user $(median <"$scratch/user") bytes ($(spread <"$scratch/user")); kernel $(median <"$scratch/kernel") bytes ($(spread <"$scratch/kernel")), both ends"
goal idle.bytes "$(median <"$scratch/user")" '<=' 100
