#!/usr/bin/python3
"""must_not_compile.py SOURCE CC…: misuse of the generated functions is an error of the compiler, right use is not."""
import subprocess
import sys

source, compiler = sys.argv[1], sys.argv[2:]
HEAD = '#include "slotcast/model/model.h"\nint f(struct rc_tx *tx, struct rc_arena *arena);\nint f(struct rc_tx *tx, struct rc_arena *arena)\n{\n'

# name, body, what the compiler must say (None: it must compile)
CASES = [
    ("right use compiles",
     "struct booking *b; struct claim_query *q = claim_query(tx, arena); claim_where_lo_lt(q, 5);\n"
     "return booking_by_ref(tx, arena, RC_STR(\"x\"), &b);", None),
    ("an ignored result does not", "struct claim c = {0}; claim_insert(tx, &c); return 0;", "unused-result"),
    ("an ignored result of a query does not", "claims_delete(tx, 1, NULL); return 0;", "unused-result"),
    ("a row of another table does not", "struct booking b = {0}; return claim_insert(tx, &b);", "incompatible"),
    ("a text where an id belongs does not", "struct booking *b; return booking_get(tx, arena, \"7\", &b);", "int64_t"),
    ("an id where a text belongs does not", "struct booking *b; return booking_by_ref(tx, arena, 7, &b);", "incompatible"),
    ("a condition of another table does not",
     "struct claim_query *q = claim_query(tx, arena); booking_where_id_eq(q, 1); return 0;", "incompatible"),
    ("a row read into another table's struct does not", "struct claim *c; return booking_get(tx, arena, 7, &c);", "incompatible"),
    ("a list of another table does not",
     "struct claim_list l; return booking_all(booking_query(tx, arena), &l);", "incompatible"),
    ("a column that is not there does not", "struct claim c = {0}; c.until = 1; return (int)c.until;", "until"),
]

print(f"1..{len(CASES)}")
failed = 0
for number, (name, body, word) in enumerate(CASES, 1):
    result = subprocess.run(compiler + ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-c", "-o", "/dev/null", "-I", source,
                                        "-I", source + "/rowcast/include", "-x", "c", "-"], input=HEAD + body + "\n}\n",
                            capture_output=True, text=True)
    good = result.returncode == 0 if word is None else result.returncode != 0 and word in result.stderr
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print("#", "\n# ".join(result.stderr.strip().splitlines()[:8]))
sys.exit(1 if failed else 0)
