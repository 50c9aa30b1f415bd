#!/usr/bin/env bash
# From a booking sent to the frame on another screen, against the bare durable transaction of the same rows on the same server
# and disk. Five rounds, ours and the limit in alternation; the goal is what the server adds to it at the median.
#
#   [ROUNDS=5 COUNT=500] bench/latency.sh [sqlite|postgres|mariadb|all]
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} count=${COUNT:-500}
say_machine "one subscriber, one booking at a time"
engines=$(engines "${1:-all}")
for engine in $engines; do
  start_engine "$engine"
  echo "# limit: build/bench/bare_$engine --count $count --batch 1 --pause-us 2000 (the same rhythm; whole transaction of one booking)"
  echo "# ours:  build/bench/latency --count $count (first byte of POST sent -> delta frame received)"
  : >"$scratch/limit" && : >"$scratch/ours" && : >"$scratch/reply"
  for round in $(seq "$rounds"); do
    fresh_venue "$engine"
    line=$("build/bench/bare_$engine" --db "$url" --count "$count" --batch 1 --mode spread --pause-us 2000)
    echo "$engine $round limit: $line"
    sed 's/.*transaction p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/limit"

    fresh_venue "$engine"
    start_server "$url"
    # A server that has been up: its log has its size on disk, and the next second's checkpoint takes it back to its beginning.
    build/bench/load --port "$port" --connections 64 --count 4000 --mode hot >"$scratch/warm"
    sleep 1.5
    service=$(sql "$url" "SELECT id FROM service WHERE name='Room'")
    resource=$(sql "$url" "SELECT id FROM resource WHERE name='room-000'")
    line=$(build/bench/latency --port "$port" --count "$count" --service "$service" --resource "$resource")
    stop_server
    echo "$engine $round ours:  $line"
    sed 's/frame p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/ours"
    sed 's/.*reply p50 \([0-9]*\).*/\1/' <<<"$line" >>"$scratch/reply"
  done
  limit=$(median <"$scratch/limit") ours=$(median <"$scratch/ours")
  echo "$engine limit p50 $limit us ($(spread <"$scratch/limit")); frame p50 $ours us ($(spread <"$scratch/ours")); reply p50 $(median <"$scratch/reply") us"
  goal "latency.$engine.over_commit_us" "$(paste "$scratch/ours" "$scratch/limit" | awk '{print $1-$2}' | median)" '<=' \
    "$([ "$engine" = mariadb ] && echo none || echo 100)"
done
