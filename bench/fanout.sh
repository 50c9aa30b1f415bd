#!/usr/bin/env bash
# Changes to many screens: WebSocket subscribers of one topic, one change at a time and 16 in flight, against the limit (a loop of sends and
# nothing else). The server has a core of its own, the load the others. Deliveries per second of the processor time of the threads that send: they
# take the requests too. What a change costs before (a durable booking, its feed and its board) is in "all threads".
#
#   [ROUNDS=5 SECONDS_EACH=2 SUBSCRIBERS="1000 10000"] bench/fanout.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2} subscribers=${SUBSCRIBERS:-1000 10000}
say_machine "server on core 0, load on the others; SQLite"
load="taskset -c 1-$(($(nproc) - 1)) build/bench/fanout --seconds $seconds"
figure() { sed 's/per core \([0-9]*\).*/\1/' <<<"$1"; }
length() { sed 's/.* of \([0-9]*\) bytes.*/\1/' <<<"$1"; }

for count in $subscribers; do
  for flight in 1 16; do
    echo "# $count subscribers, $flight in flight: $load --subscribers $count --flight $flight --slotcast SERVICE | --bytes AS-LONG"
    : >"$scratch/ratio"
    for round in $(seq "$rounds"); do
      fresh_venue sqlite
      start_server "$url" --conns-per-address 0
      taskset -acp 0 "$server_pid" >/dev/null
      service=$(sql "$url" "SELECT id FROM service WHERE name='Class'")
      ours=$($load --port "$port" --pid "$server_pid" --subscribers "$count" --flight "$flight" --thread reactor --slotcast "$service")
      stop_server
      echo "$count.$flight $round ours:  $ours"

      : >"$scratch/port" # not the one of the round before
      taskset -c 0 build/bench/raw_fanout >"$scratch/port" &
      server_pid=$!
      until [ -s "$scratch/port" ]; do sleep 0.05; done
      limit=$($load --port "$(cat "$scratch/port")" --pid "$server_pid" --subscribers "$count" --flight "$flight" --bytes "$(($(length "$ours") - 4))")
      stop_server
      echo "$count.$flight $round limit: $limit"
      awk -v ours="$(figure "$ours")" -v limit="$(figure "$limit")" 'BEGIN{print ours / limit}' >>"$scratch/ratio"
    done
    goal "fanout.$count.flight_$flight" "$(median <"$scratch/ratio")" '>=' "$([ "$flight" = 1 ] && echo 0.95 || echo none)"
  done
done
