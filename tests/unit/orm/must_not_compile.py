#!/usr/bin/python3
"""must_not_compile.py SOURCE SHOP CC…: misuse of scopes, relations, pages, pools is an error of the compiler, right use is not."""
import subprocess
import sys

source, shop, compiler = sys.argv[1], sys.argv[2], sys.argv[3:]
HEAD = """#include "model.h"
#include "rowcast/pool.h"
int work(struct rc_tx *tx, void *arg);
int f(struct rc_tx *tx, struct rc_arena *arena, struct rc_pool *pool, struct rc_uuid id);
int f(struct rc_tx *tx, struct rc_arena *arena, struct rc_pool *pool, struct rc_uuid id)
{
"""
PROJECT = "struct project p = {0}; "
LIST = "struct project_list l; int rc = project_all(project_query(tx, arena, 7), &l); if (rc) return rc; "

# name, body, what the compiler must say (None: it must compile)
CASES = [
    ("right use compiles",
     LIST + "struct person *who = project_its_owner(&l, 0); struct project_page page; struct project_query *q = project_query(tx, arena, 7);"
     "project_with_owner(q); project_after(q, RC_STR(\"\")); project_lock(q, RC_FOR_UPDATE, RC_SKIP_LOCKED);"
     "rc = project_page(q, 20, &page); if (rc) return rc; (void)who;"
     "return rc_pool_run(pool, &(struct rc_run_options){.access = RC_WRITE, .tries = 3}, work, arena, NULL);", None),
    ("a query without its tenant does not", "return project_query(tx, arena) != NULL;", "too few arguments"),
    ("a get without its tenant does not", "struct project *p; return project_get(tx, arena, id, &p);", "too few arguments"),
    ("an insert without its tenant does not", PROJECT + "return project_insert(tx, &p);", "too few arguments"),
    ("a text as a tenant does not", PROJECT + "return project_insert(tx, \"ann\", &p);", "int64_t"),
    ("tenant and key in the wrong places do not", "struct project *p; return project_get(tx, arena, id, 7, &p);", "incompatible"),
    ("an ignored update does not", PROJECT + "project_update(tx, 7, &p); return 0;", "unused-result"),
    ("an ignored restore does not", "project_restore(tx, 7, id); return 0;", "unused-result"),
    ("an ignored update of many does not", "int64_t n; project_update_all(project_query(tx, arena, 7), &n); return 0;", "unused-result"),
    ("an ignored page does not", "struct project_page page; project_page(project_query(tx, arena, 7), 9, &page); return 0;", "unused-result"),
    ("an ignored run does not", "rc_pool_run(pool, &(struct rc_run_options){0}, work, NULL, NULL); return 0;", "unused-result"),
    ("an ignored acquire does not", "struct rc_db *db; rc_pool_acquire(pool, 0, &db, NULL); return 0;", "unused-result"),
    ("a relation of another table's query does not", "person_with_owner(person_query(tx, arena, 7)); return 0;", "person_with_owner"),
    ("a relation asked of another table's list does not",
     "struct person_list l = {0}; return project_its_owner(&l, 0) != NULL;", "incompatible"),
    ("a relative of another table does not", LIST + "struct account *a = project_its_owner(&l, 0); return a != NULL;", "incompatible"),
    ("a list where one row is does not", LIST + "struct person_list p = project_its_owner(&l, 0); return p.count > 0;", "nvalid init|incompatible"),
    ("one row where a list is does not",
     "struct person_list l = {0}; struct project *p = person_its_projects(&l, 0); return p != NULL;", "ncompatible|initializing"),
    ("a page of another table does not", "struct person_page page; return project_page(project_query(tx, arena, 7), 9, &page);", "incompatible"),
    ("a cursor that is no text does not", "project_after(project_query(tx, arena, 7), 7); return 0;", "incompatible"),
    ("setting a key does not", "project_set_id(project_query(tx, arena, 7), id); return 0;", "project_set_id"),
    ("setting the tenant does not", "project_set_account_id(project_query(tx, arena, 7), 8); return 0;", "project_set_account_id"),
    ("setting the mark of deletion does not", "project_set_deleted_at(project_query(tx, arena, 7), 8); return 0;", "project_set_deleted_at"),
    ("a value of another type does not", "project_set_title(project_query(tx, arena, 7), 8); return 0;", "incompatible"),
    ("a function of another form does not run", "return rc_pool_run(pool, &(struct rc_run_options){0}, rc_err_name, NULL, NULL);", "ncompatible"),
]

print(f"1..{len(CASES)}")
failed = 0
for number, (name, body, words) in enumerate(CASES, 1):
    result = subprocess.run(compiler + ["-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-c", "-o", "/dev/null",
                                        "-I", shop, "-I", source + "/rowcast/include", "-x", "c", "-"], input=HEAD + body + "\n}\n",
                            capture_output=True, text=True)
    good = result.returncode == 0 if words is None else result.returncode != 0 and any(word in result.stderr for word in words.split("|"))
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print("#", "\n# ".join(result.stderr.strip().splitlines()[:8]))
sys.exit(1 if failed else 0)
