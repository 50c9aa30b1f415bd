#!/usr/bin/env bash
# Durable bookings a second over HTTP against the same rows written in batches of 64 by hand-written SQLite calls.
# Five rounds, ours and the limit in alternation, each on a fresh copy of the same database.
#
#   ROUNDS=5 COUNT=20000 CONNECTIONS=128 bench/booking.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} count=${COUNT:-20000} connections=${CONNECTIONS:-128}
say_machine "server, load client and limit share the cores (not pinned: the limit may use both as well)"
echo "# limit: build/bench/bare_sqlite --count $count --batch 64 --mode MODE"
echo "# ours:  build/bench/load --connections $connections --count $count --mode MODE against slotcast serve (FULL, fsync on)"

for mode in spread hot; do
  : >"$scratch/limit" && : >"$scratch/ours"
  for round in $(seq "$rounds"); do
    fresh_db "$scratch/limit.db"
    line=$(build/bench/bare_sqlite --db "$scratch/limit.db" --count "$count" --batch 64 --mode $mode)
    echo "$mode $round limit: $line"
    echo "${line%% *}" >>"$scratch/limit"

    fresh_db "$scratch/ours.db"
    start_server "$scratch/ours.db"
    line=$(build/bench/load --port "$port" --connections "$connections" --count "$count" --mode $mode)
    stop_server
    echo "$mode $round ours:  $line"
    echo "${line%% *}" >>"$scratch/ours"
    stored=$(sqlite3 "$scratch/ours.db" 'SELECT count(*) FROM booking')
    [ "$stored" = "$count" ] || { echo "bench: $stored bookings stored, $count acknowledged" >&2; exit 1; }
  done
  echo "$mode limit median $(median <"$scratch/limit") ($(spread <"$scratch/limit")) bookings/s"
  echo "$mode ours  median $(median <"$scratch/ours") ($(spread <"$scratch/ours")) bookings/s"
  ratio=$(paste "$scratch/ours" "$scratch/limit" | awk '{print $1/$2}' | median)
  [ $mode = spread ] && goal booking.sqlite.spread "$ratio" '>=' 0.50 || goal booking.sqlite.hot "$ratio" '>=' 0.40
done

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
  node $peer/server.mjs "$scratch/peer-$round.db" >"$scratch/peer.out" &
  server_pid=$!
  until port=$(sed -n 's/^listening http:.*:\([0-9]*\)$/\1/p' "$scratch/peer.out") && [ -n "$port" ]; do kill -0 $server_pid; done
  line=$(build/bench/load --port "$port" --connections 32 --count "$count" --mode peer)
  stop_server
  echo "peer $round fastify: $line"
  echo "${line%% *}" >>"$scratch/peer"

  fresh_db "$scratch/ours.db"
  start_server "$scratch/ours.db"
  line=$(build/bench/load --port "$port" --connections 32 --count "$count" --mode spread)
  stop_server
  echo "peer $round ours:    $line"
  echo "${line%% *}" >>"$scratch/ours"
done
echo "peer fastify median $(median <"$scratch/peer") ($(spread <"$scratch/peer")) bookings/s"
echo "peer ours    median $(median <"$scratch/ours") ($(spread <"$scratch/ours")) bookings/s"
goal booking.fastify "$(paste "$scratch/ours" "$scratch/peer" | awk '{print $1/$2}' | median)" '>=' 5
