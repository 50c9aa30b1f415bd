#!/usr/bin/python3
"""extract.py ORM.MD OUT: the guide's fences as files: ```sql schema → schema.sql, ```sql queries → queries.sql, all ```c → guide.c,
all ```sh → guide.sh.

Lines keep their numbers, so a compiler's complaint names the guide's line. A fence of another kind is refused: what looks like code
is compiled, what looks like commands is run.
"""
import os
import re
import sys

guide, out = sys.argv[1:3]
files = {"sql schema": [], "sql queries": [], "c": [], "sh": []}
names = {"sql schema": "schema.sql", "sql queries": "queries.sql", "c": "guide.c", "sh": "guide.sh"}
kind = None
for number, line in enumerate(open(guide, encoding="utf-8"), 1):
    fence = re.fullmatch(r"```(.*)\n", line)
    if fence and kind is None:
        kind = fence.group(1)
        if kind not in files:
            sys.exit(f"{guide}:{number}: a fence is one of {', '.join(files)}")
        if kind == "c":
            files[kind].append(f'#line {number + 1} "{guide}"\n')
    elif fence:
        kind = None
    elif kind is not None:
        files[kind].append(line)
for kind, lines in files.items():
    with open(os.path.join(out, names[kind]), "w", encoding="utf-8") as file:
        file.write("".join(lines))
