#!/usr/bin/env bash
# Any-of search over 1,000 resources, 30 days, 5-minute grid, with buffers: on one core, and its growth.
. "$(dirname "$0")/lib.sh"
say_machine "one thread; p50 of 41 searches"
echo "# build/bench/search 1000"
build/bench/search 1000
