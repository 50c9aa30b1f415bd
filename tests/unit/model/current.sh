#!/bin/sh
# current.sh ROWGEN SOURCE: rowgen's output is what is checked in.
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
rowgen=$(realpath "$1")
cd "$2"
"$rowgen" --schema-name slotcast --include slotcast/model/model.h --schema slotcast/model/schema.sql \
	--queries slotcast/model/queries.sql --guards slotcast/model/guards.sqlite.sql \
	--guards-postgres slotcast/model/guards.postgres.sql --guards-mariadb slotcast/model/guards.mariadb.sql \
	--migrations slotcast/model/migrations --out "$out"
for file in model.h model.c; do
	if ! cmp -s "$out/$file" "slotcast/model/$file"; then
		echo "slotcast/model/$file is not what rowgen writes; run script/model" >&2
		diff "slotcast/model/$file" "$out/$file" | head -20 >&2
		exit 1
	fi
done
