#!/usr/bin/python3
"""migrations.py ROWGEN SOURCE: on real PostgreSQL and MariaDB servers the migrations make what schema.sql asks for, each way down leaves
what was there before, and the server takes every named query. (SQLite: rowgen itself proves it, script/model.)"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

rowgen, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MODEL = os.path.join(root, "slotcast/model")


def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


TABLES = ("booking", "claim", "session", "waitlist", "idempotency")
# Enough rows that no engine prefers to read them all.
ROWS = """
INSERT INTO venue (id, slug, name, tz) VALUES (1, 'v', 'V', 'UTC');
INSERT INTO resource (id, venue_id, {key}, name, kind, capacity) VALUES (1, 1, 'r', 'R', 'pooled', 9), (2, 1, 's', 'S', 'session', 9);
INSERT INTO service (id, venue_id, {key}, name, durations_min, step_min) VALUES (1, 1, 's', 'S', '[30]', 15);
INSERT INTO customer (id, name, email, created_at) SELECT 1, 'n', 'e', {at} FROM {series_1};
INSERT INTO booking (id, ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, hold_expires_at, created_at,
  updated_at) SELECT seq, concat('r', seq), 1, 1, CASE WHEN seq % 50 = 0 THEN 'held' ELSE 'confirmed' END, {at}, {end}, 'UTC', '', 1,
  {at}, {at}, {at} FROM {series_2000};
INSERT INTO claim (booking_id, resource_id, lane, lo, hi) SELECT seq, 1, seq % 9, {at}, {end} FROM {series_2000};
INSERT INTO session (resource_id, starts_at, ends_at, capacity) SELECT 2, {at}, {end}, 9 FROM {series_2000};
INSERT INTO waitlist (service_id, window_start, window_end, party, customer_id, state, created_at)
  SELECT 1, {at}, {end}, 1, 1, CASE WHEN seq % 50 = 0 THEN 'waiting' ELSE 'lapsed' END, {at} FROM {series_2000};
INSERT INTO idempotency (scope, {key}, fingerprint, status, response, expires_at)
  SELECT 's', concat('k', seq), 'f', 201, '', {at} FROM {series_2000};
"""


class Postgres:
    name = "postgres"
    extra = "SET client_min_messages = error;\n"

    def connect(self, folder, url):
        self.url = url.rsplit("/", 1)[0]

    def sql(self, database, text):
        return run("psql", "-X", "-q", "-1", "-A", "-t", "-v", "ON_ERROR_STOP=1", f"{self.url}/{database}", stdin=self.extra + text)

    def create(self, database):
        run("psql", "-X", "-q", f"{self.url}/test", "-c", f"CREATE DATABASE {database}")

    def dump(self, database):
        text = run("pg_dump", "--schema-only", "--no-owner", f"{self.url}/{database}")
        # The extension stays: others may use it. Newer dumps hold a random word.
        return [line for line in text.splitlines() if not re.match(r"\\(un)?restrict|--|.*EXTENSION", line) and line]

    def prepare(self, number, query):
        return f"PREPARE s{number} AS {query};\n"

    def fill(self):
        return ROWS.format(series_1="generate_series(1, 1) AS seq", series_2000="generate_series(1, 2000) AS seq", key="key",
                           at="to_timestamp(seq * 3600)", end="to_timestamp(seq * 3600 + 1800)")

    def plan(self, query):
        params = max([int(n) for n in re.findall(r"\$(\d+)", query)], default=0)
        values = "(" + ", ".join(["NULL"] * params) + ")" if params else ""
        text = self.sql("whole", "ANALYZE; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;\n"
                        f"PREPARE s AS {query};\nEXPLAIN EXECUTE s{values};\n")
        return [line for line in text.splitlines() if "Seq Scan" in line]


class MariaDB:
    name = "mariadb"

    def connect(self, folder, url):
        self.words = ["--no-defaults", "-S", os.path.join(folder, "socket"), "-u", "tester"]

    def sql(self, database, text):
        return run("mariadb", *self.words, "-N", "-B", database, stdin=text)

    def create(self, database):
        run("mariadb", *self.words, "-e", f"CREATE DATABASE {database}")

    def dump(self, database):
        return run("mariadb-dump", *self.words, "--no-data", "--skip-comments", "--triggers", "--routines", database).splitlines()

    def prepare(self, number, query):
        return f'PREPARE s FROM "{query}";\n'

    def fill(self):
        return ROWS.format(series_1="seq_1_to_1", series_2000="seq_1_to_2000", key="`key`", at="TIMESTAMPADD(HOUR, seq, '1970-01-01')",
                           end="TIMESTAMPADD(MINUTE, 60 * seq + 30, '1970-01-01')")

    def plan(self, query):
        # EXPLAIN takes no places for values behind SET STATEMENT; a number and a time do as well.
        query = re.sub(r"^SET STATEMENT .*? FOR ", "", query)
        query = query.replace("CAST(? AS DATETIME(6))", "'1970-01-02 03:00:00'").replace("LIMIT ?", "LIMIT 3")
        query = query.replace("?", "'7'")
        text = self.sql("whole", f"ANALYZE TABLE booking, claim, session, waitlist, idempotency; EXPLAIN {query};\n")
        # id, select_type, table, type …: ALL reads every row, index every entry.
        rows = [line.split("\t") for line in text.splitlines()]
        bad = ("ALL",) if "LIMIT 3" in query else ("ALL", "index")
        return ["\t".join(row) for row in rows if len(row) > 8 and row[3] in bad and row[2] in TABLES]


def halves(text):
    return text.split("\n-- down\n", 1) if "\n-- down\n" in text else (text, "")


def migrations(engine):
    folder = os.path.join(MODEL, "migrations")
    names = sorted(name for name in os.listdir(folder) if name.endswith(f".{engine}.sql"))
    plain = sorted(name for name in os.listdir(folder) if name.count(".") == 1)
    assert [name.split(".")[0] for name in names] == [name.split(".")[0] for name in plain], (names, plain)
    texts = []
    for name in names:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(halves(file.read()))
    return texts


def guards():
    return [word for option, engine in (("--guards", "sqlite"), ("--guards-postgres", "postgres"), ("--guards-mariadb", "mariadb"))
            for word in (option, os.path.join(MODEL, f"guards.{engine}.sql"))]


def same(got, wanted):
    """None, or the first difference."""
    for number in range(max(len(got), len(wanted))):
        a, b = (lines[number] if number < len(lines) else "(nothing)" for lines in (got, wanted))
        if a != b:
            return f"{a!r} should be {b!r}"
    return None


def migrations_make_the_schema(engine):
    whole = halves(run(rowgen, "--schema", os.path.join(MODEL, "schema.sql"), *guards(), "--ddl", engine.name))
    engine.create("whole")
    engine.create("steps")
    before = []
    engine.sql("whole", whole[0])
    for up, _ in migrations(engine.name):
        before.append(engine.dump("steps"))
        engine.sql("steps", up)
    yield "the migrations make the schema", same(engine.dump("steps"), engine.dump("whole"))
    for number, (_, down) in reversed(list(enumerate(migrations(engine.name)))):
        engine.sql("steps", down)
        yield f"the way down of migration {number + 1} leaves what was there", same(engine.dump("steps"), before[number])


def queries(engine):
    with open(os.path.join(MODEL, "model.c"), encoding="utf-8") as file:
        found = re.findall(rf'\.sql\[RC_{engine.name.upper()}\] = "(.*)",\n', file.read())
    assert len(found) > 10
    return [query.replace('\\"', '"') for query in found]


def queries_are_taken(engine):
    for number, query in enumerate(queries(engine)):
        try:
            engine.sql("whole", engine.prepare(number, query))
        except RuntimeError as error:
            yield "every named query is taken", str(error)
            return
    yield "every named query is taken", None


def queries_find_by_index(engine):
    engine.sql("whole", engine.fill())
    scans = [(query, engine.plan(query)) for query in queries(engine)]
    yield "no named query reads a whole table", "; ".join(f"{query}: {plan}" for query, plan in scans if plan) or None


def check(engine):
    folder = tempfile.mkdtemp(prefix="rowcast-engine-")
    script = os.path.join(root, "tests/servers", engine.name)
    try:
        engine.connect(folder, run(script, "start", folder).strip())
        yield from migrations_make_the_schema(engine)
        yield from queries_are_taken(engine)
        yield from queries_find_by_index(engine)
    finally:
        run(script, "stop", folder)
        shutil.rmtree(folder)


count = failed = 0
for engine in (Postgres(), MariaDB()):
    for name, fault in check(engine):
        count += 1
        failed += fault is not None
        print(f"{'not ok' if fault else 'ok'} {count} - {engine.name}: {name}")
        if fault:
            print("#", fault)
print(f"1..{count}")
sys.exit(1 if failed else 0)
