#!/usr/bin/env bash
# A hot venue: another program changes 1,000 rows a second, of 50, by SQL in transactions of five, paced and open loop, and 10,000 WebSocket
# subscribers (mode `latest`) see them all. From the COMMIT to the frame that shows the change or a later one of its row, at every hundredth
# subscriber, whose rows must in the end be those of GET /v1/availability; and the whole server's processor time. The server is on core 0, the
# load (the writer as well) on the others. The limit is a loop of sends of messages as long: what one round of all subscribers costs at least.
#
#   [ROUNDS=5 SECONDS_EACH=10 SUBSCRIBERS=10000 RATE=1000] bench/fanout-hot.sh
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-10} count=${SUBSCRIBERS:-10000}
on_others="taskset -c 1-$(($(nproc) - 1)) build/bench"
load="$on_others/fanout_hot --subscribers $count --rate ${RATE:-1000} --seconds $seconds"
limit="$on_others/fanout --subscribers $count --seconds 2"
say_machine "server on core 0, load and writer on the others; SQLite"
echo "# ours:  $load --db FILE --service SERVICE --day DAY"
echo "# limit: $limit --bytes AS-LONG"
day=$(date -u -d '+3 days' +%F)
: >"$scratch/delay" && : >"$scratch/cores" && : >"$scratch/limit"
for round in $(seq "$rounds"); do
  fresh_venue sqlite
  sql "$url" "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 49)
    INSERT INTO session (resource_id, starts_at, ends_at, capacity)
    SELECT r.id, lo, lo + 3600000000, 1 FROM resource r, (SELECT (unixepoch('$day') + i * 1200) * 1000000 AS lo FROM n) WHERE r.key = 'class'"
  start_server "$url" --conns-per-address 0
  taskset -acp 0 "$server_pid" >/dev/null
  service=$(sql "$url" "SELECT id FROM service WHERE name='Class'")
  line=$($load --port "$port" --pid "$server_pid" --db "${url#sqlite:}" --service "$service" --day "$day")
  stop_server
  echo "$round ours:  $line"
  figure "$line" p99 >>"$scratch/delay"
  figure "$line" server >>"$scratch/cores"

  start_pinned build/bench/raw_fanout
  bytes=$(figure "$line" 'frames/s of')
  line=$($limit --port "$port" --pid "$server_pid" --bytes "$bytes")
  stop_server
  echo "$round limit: $line"
  awk -v count="$count" -v rate="$(figure "$line" 'per core')" 'BEGIN{print count * 1000 / rate}' >>"$scratch/limit"
done
echo "p99 median $(median <"$scratch/delay") ($(spread <"$scratch/delay")) ms; median $(median <"$scratch/cores") ($(spread <"$scratch/cores")) cores;" \
  "sends alone take $(median <"$scratch/limit") ($(spread <"$scratch/limit")) ms of processor time a round of all subscribers"
goal fanout_hot.p99_ms "$(median <"$scratch/delay")" '<=' 100
goal fanout_hot.cores "$(median <"$scratch/cores")" '<=' 0.6
