#!/usr/bin/env bash
# The change feed against a bare reader of the same log: how long a change takes from its commit, how many changes a second are
# decoded, and whether the reader keeps up with the fastest writer. Five rounds in alternation, each on a fresh database.
#
#   [ROUNDS=5] bench/feed.sh [sqlite|postgres|mariadb|all]
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5}

both() { # ENGINE WHAT [OPTION…]
  local engine=$1 what=$2 round side
  shift 2
  : >"$scratch/figures"
  echo "# build/bench/feed --url $engine:… --side ours|bare --what $what $*"
  for round in $(seq "$rounds"); do
    for side in bare ours; do
      fresh_url "$engine"
      build/bench/feed --url "$url" --side $side --what "$what" "$@" >"$scratch/one" 2>"$scratch/why" || { cat "$scratch/why" >&2; exit 1; }
      sed "/^FIGURE/d; s/^/$engine $what $round $side: /" "$scratch/one"
      sed -n "s/^FIGURE /$side /p" "$scratch/one" >>"$scratch/figures"
      forget "$engine"
    done
  done
}
values() { awk -v side="$1" -v name="$2" '$1 == side && $2 == name {print $3}' "$scratch/figures"; }
# pairs NAME FLOOR: median of ours/bare of each round; what is below FLOOR counts as it.
pairs() { paste <(values ours "$1") <(values bare "$1") | awk -v least="$2" '{a = $1 < least ? least : $1; b = $2 < least ? least : $2; print a / b}' | median; }
tell() { echo "$1 median: limit $(values bare "$2" | median) ($(values bare "$2" | spread)), ours $(values ours "$2" | median) ($(values ours "$2" | spread)) $3"; }

say_machine "writer, reader and database share the cores"
engines=$(engines "${1:-all}")
for engine in $engines; do
  start_engine "$engine"
  both "$engine" latency
  tell "$engine acknowledged -> change p50" acked_p50 us
  tell "$engine acknowledged -> change p99" acked_p99 us
  tell "$engine sent -> change p50" sent_p50 us
  # Two clocks are read and two threads woken: less than 20 us is not told apart.
  goal "feed.$engine.latency" "$(pairs acked_p50 20)" '<=' 1.5
  # MariaDB's readers have a thread that reads ahead up to 64 MiB: more than that is written, and the first half not counted.
  if [ "$engine" = mariadb ]; then
    both mariadb rate --count 1500000 --batch 2000 --skip 750000
  else
    both "$engine" rate
  fi
  tell "$engine" rate 'row changes/s'
  goal "feed.$engine.rate" "$(pairs rate 1)" '>=' 0.8
  both "$engine" burst
  tell "$engine written" written 'rows/s'
  tell "$engine last change behind the last commit" lag_ms ms
  goal "feed.$engine.burst_lag_ms" "$(values ours lag_ms | median)" '<=' 100
done
