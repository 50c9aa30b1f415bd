#!/usr/bin/env bash
# From a booking sent to the frame on another screen, against the bare durable commit of the same rows on the same disk.
# Five rounds, ours and the limit in alternation; the goal is what the server adds to the commit at the median.
#
#   ROUNDS=5 COUNT=500 bench/latency.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} count=${COUNT:-500}
say_machine "one subscriber, one booking at a time"
echo "# limit: build/bench/bare_sqlite --count $count --batch 1 --pause-us 2000 (the same rhythm; whole transaction of one booking)"
echo "# ours:  build/bench/latency --count $count (first byte of POST sent -> delta frame received)"
: >"$scratch/limit" && : >"$scratch/ours" && : >"$scratch/reply"
for round in $(seq "$rounds"); do
  fresh_db "$scratch/limit.db"
  line=$(build/bench/bare_sqlite --db "$scratch/limit.db" --count "$count" --batch 1 --mode spread --pause-us 2000)
  echo "$round limit: $line"
  sed 's/.*transaction p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/limit"

  fresh_db "$scratch/ours.db"
  start_server "$scratch/ours.db"
  # A server that has been up: its log has its size on disk, and the next second's checkpoint takes it back to its beginning.
  build/bench/load --port "$port" --connections 64 --count 4000 --mode hot >"$scratch/warm"
  sleep 1.5
  service=$(sqlite3 "$scratch/ours.db" "SELECT id FROM service WHERE key='room'")
  resource=$(sqlite3 "$scratch/ours.db" "SELECT id FROM resource WHERE key='room-000'")
  line=$(build/bench/latency --port "$port" --count "$count" --service "$service" --resource "$resource")
  stop_server
  echo "$round ours:  $line"
  sed 's/frame p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/ours"
  sed 's/.*reply p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/reply"
done
limit=$(median <"$scratch/limit") ours=$(median <"$scratch/ours")
echo "limit p50 $limit us ($(spread <"$scratch/limit")); frame p50 $ours us ($(spread <"$scratch/ours")); reply p50 $(median <"$scratch/reply") us"
goal latency.sqlite.over_commit_us "$(paste "$scratch/ours" "$scratch/limit" | awk '{print $1-$2}' | median)" '<=' 100
