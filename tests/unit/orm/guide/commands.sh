#!/bin/sh
# commands.sh ROWGEN SCHEMA QUERIES GUIDE.C GUIDE.SH: the guide's commands, run one behind the other where its schema lies.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$2" "$folder/schema.sql"
cp "$3" "$folder/queries.sql"
PATH=$(dirname "$(realpath "$1")"):$PATH
script=$(realpath "$5")
cd "$folder"
sh -eu "$script"
for file in 0002-staff-note 0003-seats; do
	for engine in sql postgres.sql mariadb.sql; do test -s "migrations/$file.$engine"; done
done
test -s model.c
grep -q 'RENAME COLUMN note TO staff_note' migrations/0002-staff-note.postgres.sql
grep -q 'because a venue has few rooms' migrations/0003-seats.postgres.sql
