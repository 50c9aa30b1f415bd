#!/usr/bin/env bash
# Durable bookings a second over HTTP against the same rows written in batches of 64 by hand-written calls of the engine's own
# library. Five rounds, ours and the limit in alternation, each on a fresh database of the same server.
#
#   [ROUNDS=5 COUNT=20000 CONNECTIONS=128] bench/booking.sh [sqlite|postgres|mariadb|all]
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} count=${COUNT:-20000} connections=${CONNECTIONS:-128}

against_limit() { # ENGINE MODE
  local engine=$1 mode=$2 name=$1.$2 round line stored
  : >"$scratch/limit" && : >"$scratch/ours"
  for round in $(seq "$rounds"); do
    fresh_venue "$engine"
    line=$("build/bench/bare_$engine" --db "$url" --count "$count" --batch 64 --mode "$mode")
    echo "$name $round limit: $line"
    echo "${line%% *}" >>"$scratch/limit"

    fresh_venue "$engine"
    start_server "$url"
    line=$(build/bench/load --port "$port" --connections "$connections" --count "$count" --mode "$mode")
    stop_server
    echo "$name $round ours:  $line"
    echo "${line%% *}" >>"$scratch/ours"
    stored=$(sql "$url" 'SELECT count(*) FROM booking')
    [ "$stored" = "$count" ] || { echo "bench: $stored bookings stored, $count acknowledged" >&2; exit 1; }
  done
  echo "$name limit median $(median <"$scratch/limit") ($(spread <"$scratch/limit")) bookings/s"
  echo "$name ours  median $(median <"$scratch/ours") ($(spread <"$scratch/ours")) bookings/s"
  ratio=$(paste "$scratch/ours" "$scratch/limit" | awk '{print $1/$2}' | median)
}

say_machine "server, database, load client and limit share the cores (not pinned: the limit may use both as well)"
engines=$(engines "${1:-all}")
for engine in $engines; do
  start_engine "$engine"
  echo "# limit: build/bench/bare_$engine --count $count --batch 64 --mode MODE"
  echo "# ours:  build/bench/load --connections $connections --count $count --mode MODE against slotcast serve (durable commits)"
  against_limit "$engine" spread
  goal "booking.$engine.spread" "$ratio" '>=' "$([ "$engine" = mariadb ] && echo none || echo 0.50)"
  against_limit "$engine" hot
  goal "booking.$engine.hot" "$ratio" '>=' "$([ "$engine" = mariadb ] && echo none || echo 0.40)"
done
case ${1:-all} in sqlite | all) ;; *) exit 0 ;; esac

# The peer: Fastify + better-sqlite3 at 32 connections, and ours at the same.
peer=build/peers/fastify
mkdir -p $peer && cp bench/peers/fastify/* $peer/
if [ ! -d $peer/node_modules ] && ! npm --prefix $peer install --silent --no-audit --no-fund >"$scratch/npm.log" 2>&1; then
  echo "peer fastify: not installable here: $(tail -n 1 "$scratch/npm.log")"
  exit 0
fi
echo "# peer:  node bench/peers/fastify/server.mjs (FULL), build/bench/load --connections 32 --mode peer"
: >"$scratch/peer" && : >"$scratch/ours"
for round in $(seq "$rounds"); do
  : >"$scratch/peer.out" # not the last round's port
  node $peer/server.mjs "$scratch/peer-$round.db" >"$scratch/peer.out" &
  server_pid=$!
  until port=$(sed -n 's/^listening http:.*:\([0-9]*\)$/\1/p' "$scratch/peer.out") && [ -n "$port" ]; do kill -0 $server_pid; done
  line=$(build/bench/load --port "$port" --connections 32 --count "$count" --mode peer)
  stop_server
  echo "peer $round fastify: $line"
  echo "${line%% *}" >>"$scratch/peer"

  fresh_venue sqlite
  start_server "$url"
  line=$(build/bench/load --port "$port" --connections 32 --count "$count" --mode spread)
  stop_server
  echo "peer $round ours:    $line"
  echo "${line%% *}" >>"$scratch/ours"
done
echo "peer fastify median $(median <"$scratch/peer") ($(spread <"$scratch/peer")) bookings/s"
echo "peer ours    median $(median <"$scratch/ours") ($(spread <"$scratch/ours")) bookings/s"
goal booking.fastify "$(paste "$scratch/ours" "$scratch/peer" | awk '{print $1/$2}' | median)" '>=' 5
