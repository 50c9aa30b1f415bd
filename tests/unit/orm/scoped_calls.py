#!/usr/bin/python3
"""scoped_calls.py MODEL.H MODEL.C SCHEMA.SQL: no generated call on a table with a scope forgets it.

Every function of such a table asks for the tenant, takes something that was made with it (a query, a list), or says _unscoped; and
every definition that reaches a descriptor goes through the run time's scoped calls unless its name says _unscoped.
"""
import re
import sys

header, source, schema = (open(path, encoding="utf-8").read() for path in sys.argv[1:4])
BARE = re.compile(r"\brc_(?:row|keyed)_\w+\(|\brc_query_new(?:_unscoped)?\(")
tests, failures = 0, []


def check(good, name):
    global tests
    tests += 1
    print(f"{'ok' if good else 'not ok'} {tests} - {name}")
    if not good:
        failures.append(name)


for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", schema, re.S):
    tenant = re.search(r"^\s*(\w+)[^\n]*-- rowgen:[^\n]*\btenant\b", body, re.M)
    deleted = re.search(r"^\s*(\w+)[^\n]*-- rowgen:[^\n]*\bsoft delete\b", body, re.M)
    if not tenant and not deleted:
        continue
    tables = set(re.findall(r"CREATE TABLE (\w+)", schema)) - {table}
    longer = tuple(other + "_" for other in tables if other.startswith(table + "_"))
    calls = [(name, params) for name, params in re.findall(rf"^[\w \*]*?\b({table}_\w+)\(((?:[^()]|\([^()]*\))*)\)", header, re.M)
             if not name.startswith(longer)]
    check(len(calls) > 30, f"{table}: its calls are found ({len(calls)})")
    for name, params in calls:
        made = re.search(rf"struct {table}_(query|list) \*\w+", params)
        asks = tenant and re.search(rf"\b{tenant.group(1)}\b", params)
        free = not tenant  # soft delete alone asks for nothing
        check(name.endswith("_unscoped") or bool(made) or bool(asks) or free, f"{name} keeps to a tenant or says that it does not")
        definition = re.search(rf"^[\w \*]*?\b{name}\([^{{;]*\)\n\{{\n(.*?)^\}}", source, re.M | re.S)
        check(definition and (name.endswith("_unscoped") or not BARE.search(definition.group(1))), f"{name} goes through its scope")
print(f"1..{tests}")
sys.exit(1 if failures else 0)
