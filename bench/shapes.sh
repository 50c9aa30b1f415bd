#!/usr/bin/env bash
# What a change of a live table costs with many different filters open: it should grow with those that match, not with the others.
#
#   [SECONDS_EACH=0.5] bench/shapes.sh
. "$(dirname "$0")/lib.sh"
say_machine "one thread; from the change to the rows of each topic"
echo "# build/bench/shapes ${SECONDS_EACH:-0.5}"
build/bench/shapes "${SECONDS_EACH:-0.5}" | tee "$scratch/figures" | sed '/^FIGURE/d'
figure() { awk -v name="$1" '$2 == name {print $3}' "$scratch/figures"; }
goal shapes.growth.other "$(figure growth_other)" '<=' 1.5
goal shapes.growth.matching "$(figure growth_matching)" '<=' 1.5
