# What the benchmark scripts share: a scratch directory, a prepared database, a server, medians and goal lines.
# Sourced; not a program.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=build/bin/slotcast
scratch=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
server_pid=
trap 'stop_server; stop_engines; rm -rf "$scratch"' EXIT

say_machine() {
  echo "# $(nproc) cores, $(uname -sr), load $(cut -d' ' -f1 /proc/loadavg); $1"
}

# engines WORD: the engines that a benchmark's argument names.
engines() {
  case $1 in
  sqlite | postgres | mariadb) echo "$1" ;;
  all) echo sqlite postgres mariadb ;;
  *) echo "bench: no engine named '$1'; there are: sqlite postgres mariadb all" >&2; exit 2 ;;
  esac
}

# start_engine ENGINE: a private server in the scratch directory, durable (fsync, sync_binlog=1), stopped by the trap above.
# Both get half a gigabyte of cache and a log that is not checkpointed within a run.
start_engine() {
  case $1 in
  sqlite) return ;;
  postgres) set -- "$1" shared_buffers=512MB max_wal_size=4GB checkpoint_timeout=30min autovacuum=off wal_sender_timeout=60s ;;
  mariadb) set -- "$1" --innodb-buffer-pool-size=512M --innodb-log-file-size=1G ;;
  esac
  [ -d "$scratch/$1" ] && return
  chmod 755 "$scratch" # PostgreSQL runs as a user of its own when we are root
  tests/servers/"$1" start "$scratch/$1" "${@:2}" >"$scratch/$1.url" 2>"$scratch/$1.log" || {
    tail -n 5 "$scratch/$1.log" >&2
    echo "bench: the private $1 server does not start; is it installed (script/bootstrap test)?" >&2
    exit 1
  }
}

stop_engines() {
  local engine
  for engine in postgres mariadb; do
    [ ! -d "$scratch/$engine" ] || tests/servers/"$engine" stop "$scratch/$engine" || true
  done
}

# fresh_url ENGINE: sets $url to a new empty database.
databases=0
fresh_url() {
  databases=$((databases + 1))
  local name=b$databases base
  case $1 in
  sqlite) url=sqlite:$scratch/$name.db ;;
  *)
    base=$(cat "$scratch/$1.url")
    sql "$base" "CREATE DATABASE $name"
    url=${base%/*}/$name
    ;;
  esac
}

# sql URL TEXT: what the engine's own client prints, columns by |.
sql() {
  case $1 in
  sqlite:*) sqlite3 "${1#sqlite:}" "$2" ;;
  postgres:*) psql -X -q -A -t -v ON_ERROR_STOP=1 "$1" -c "$2" ;;
  mariadb:*) mariadb --no-defaults -S "$scratch/mariadb/socket" -u tester -N -B "${1##*/}" -e "$2" | tr '\t' '|' ;;
  esac
}

# fresh_venue ENGINE: sets $url to a migrated database with the venue of bench/venue.py; what was there before is dropped.
fresh_venue() {
  [ -f "$scratch/venue.json" ] || bench/venue.py >"$scratch/venue.json"
  forget "$1"
  case $1 in
  sqlite)
    [ -f "$scratch/prepared.db" ] || { import "sqlite:$scratch/prepared.db" && sql "sqlite:$scratch/prepared.db" 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null; }
    url=sqlite:$scratch/venue.db
    cp "$scratch/prepared.db" "$scratch/venue.db"
    ;;
  *)
    fresh_url "$1"
    import "$url"
    ;;
  esac
}

import() {
  "$bin" import "$scratch/venue.json" --db "$1" >/dev/null 2>"$scratch/import.log" || { tail -n 5 "$scratch/import.log" >&2; exit 1; }
}

# forget ENGINE: the database of the round before, and what a stopped server left on its server for coming back.
forget() {
  local base
  case $1 in
  sqlite) rm -f "$scratch"/venue.db* "$scratch/b$databases.db"* ;;
  *)
    [ $databases != 0 ] || return 0
    base=$(cat "$scratch/$1.url")
    [ "$1" = mariadb ] || sql "$base" 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active' >/dev/null
    sql "$base" "DROP DATABASE IF EXISTS b$databases"
    ;;
  esac
}

# start_server URL [OPTION…]: sets $port.
start_server() {
  local db=$1
  shift
  : >"$scratch/out" # there before the loop below looks for it
  "$bin" serve --db "$db" --listen 127.0.0.1:0 --rate-limits off "$@" >"$scratch/out" 2>"$scratch/server.log" &
  server_pid=$!
  for _ in $(seq 200); do
    port=$(sed -n 's/^listening http:.*:\([0-9]*\)$/\1/p' "$scratch/out")
    [ -n "$port" ] && return
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 5 "$scratch/server.log" >&2
  echo "bench: the server did not start" >&2
  exit 1
}

# start_pinned COMMAND…: another server, on core 0, that prints its port; sets $port.
start_pinned() {
  : >"$scratch/port" # not the one of the round before
  taskset -c 0 "$@" >"$scratch/port" &
  server_pid=$!
  until [ -s "$scratch/port" ]; do kill -0 "$server_pid"; sleep 0.05; done
  port=$(cat "$scratch/port")
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  kill "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}

# figure LINE WORDS: the number that follows them.
figure() { sed "s|.*$2 \([0-9.]*\).*|\1|" <<<"$1"; }

median() { sort -g | awk '{a[NR]=$1} END{print NR%2 ? a[(NR+1)/2] : (a[NR/2]+a[NR/2+1])/2}'; }
spread() { sort -g | awk 'NR==1{lo=$1} {hi=$1} END{print lo ".." hi}'; }

# goal NAME VALUE OP GOAL: the line that a script can read. GOAL none: it is only told.
goal() {
  awk -v name="$1" -v value="$2" -v op="$3" -v goal="$4" 'BEGIN {
    if (goal == "none") { printf "RATIO %s %.4g goal none ok\n", name, value; exit }
    if (value == "" || value == "NaN") { printf "RATIO %s missing goal %s%s short\n", name, op, goal; exit }
    met = op == ">=" ? value + 0 >= goal + 0 : value + 0 <= goal + 0
    printf "RATIO %s %.4g goal %s%s %s\n", name, value, op, goal, met ? "ok" : "short"
  }'
}
