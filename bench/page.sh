#!/usr/bin/env bash
# The page people look at: 67,200 cells in a real browser while slots change in the real database, paced and open loop.
. "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-30}
say_machine "headless Chromium, software rendering, 1440 × 900; $seconds s each (a third of it for the peer and the limit)"
first=$(date -u -d '+7 days' +%F) # weeks begin with today: the first day of the next one
bench/page_venue.py >"$scratch/page.json"
"$bin" import "$scratch/page.json" --db "sqlite:$scratch/page.db" >/dev/null 2>"$scratch/import.log"
start_server "sqlite:$scratch/page.db"
node bench/page.mjs "http://127.0.0.1:$port" "$scratch/page.db" "$first" "$seconds" | tee "$scratch/figures"
stop_server
start_server "sqlite:$scratch/demo.db" --demo
node bench/page_vitals.mjs "http://127.0.0.1:$port" | tee -a "$scratch/figures"

figure() { awk -v name="$1" '$1 == name {print $2}' "$scratch/figures"; }
for move in still scrolling; do
  goal "page.$move.fps" "$(figure "canvas.500.$move.fps")" ">=" 58
  goal "page.$move.tasks_over_50ms" "$(figure "canvas.500.$move.long_tasks")" "<=" 0
done
goal page.socket_to_paint_p95_ms "$(figure canvas.500.still.socket_to_paint_p95_ms)" "<=" 33
goal page.first_load_kb_gzip "$(figure size.first_load_kb)" "<=" 40
goal page.sdk_kb_gzip "$(figure size.sdk_kb)" "<=" 8.192
goal page.phone.lcp_ms "$(figure phone.lcp_ms)" "<=" 1200
goal page.phone.inp_ms "$(figure phone.inp_ms)" "<=" 100
goal page.phone.cls "$(figure phone.cls)" "<=" 0.02
