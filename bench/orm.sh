#!/usr/bin/env bash
# What the ORM costs over hand-written calls of the engine's own library: get by key, list 1,000 rows, insert, insert 1,000.
#
#   [ROUNDS=5] bench/orm.sh [sqlite|postgres|mariadb|all]
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5}
# A server that is waked on the other core costs five times a statement, or nothing, as the scheduler likes: one core for all.
taskset -cp 0 $$ >/dev/null
say_machine "both in one thread of one process, alternating every 5 ms; they and the server on one core"
engines=$(engines "${1:-all}")
for engine in $engines; do
  start_engine "$engine"
  fresh_url "$engine"
  echo "# build/bench/orm --url $engine:… --rounds $rounds"
  build/bench/orm --url "$url" --rounds "$rounds" | tee "$scratch/figures" | sed "/^FIGURE/d; s/^/$engine /"
  for op in get list insert bulk; do
    goal "orm.$engine.$op" "$(awk -v name="$engine.$op" '$2 == name {print $3}' "$scratch/figures")" '<=' 1.03
  done
done
