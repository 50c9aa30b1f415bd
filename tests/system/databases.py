"""
The databases that the system tests run on, each as an outsider sees it: by the engine's own command-line program.

    ENGINE=sqlite|postgres|mariadb   which one (default sqlite)
    FEED=auto|log|trigger            where the server takes changes from (default auto)

A served engine is started once per test program (tests/servers) and every Server gets a database of its own on it. SQL in tests is
what all three understand: double quotes for names, standard joins; what differs has a word here (`moment`, `later`, `replace`).
"""
import atexit
import datetime
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

SERVERS = pathlib.Path(__file__).resolve().parents[1] / "servers"
ENGINE = os.environ.get("ENGINE", "sqlite")
FEED = os.environ.get("FEED", "auto")


def only(*dialects):
    """For a test that is about one engine's own ways."""
    def mark(test):
        test.engines = dialects
        return test
    return mark


class Refused(AssertionError):
    """The engine refused a statement that a test expects to pass."""


class Sqlite:
    dialect = "sqlite"

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "slotcast.db"
        self.url = f"sqlite:{self.path}"

    def run(self, text):
        return subprocess.run(["sqlite3", "-cmd", ".timeout 5000", str(self.path), text], capture_output=True, text=True, timeout=60)

    def moment(self, stamp):
        """An instant such as 2026-11-20T09:00:00Z as a literal."""
        return str(int(datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1_000_000))

    def later(self, name, minutes):
        return f"{name} + {minutes * 60_000_000}"

    def replace(self, table, row):
        return f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))});"

    begin = "BEGIN IMMEDIATE;"

    def sql(self, text, ok=True):
        """Run it and return the finished process: stdout has a line for each row, columns parted by |."""
        done = self.run(text)
        if ok and done.returncode:
            raise Refused(f"{text}: {done.stdout}{done.stderr}")
        return done

    def rows(self, text):
        return [tuple(line.split("|")) for line in self.sql(text).stdout.splitlines()]

    def value(self, text):
        """The only value of the only row."""
        return self.sql(text).stdout.strip()

    def drop(self):
        pass


class Served:
    """A database of its own on a server that the test program shares; `server` of one's own for tests that harm it."""
    shared = {}
    numbers = itertools.count(1)

    def __init__(self, folder=None, server=None):
        self.server = server or self.shared_server()
        self.name = f"t{next(self.numbers)}"
        self.admin(f"CREATE DATABASE {self.name}")
        self.url = f"{self.server.url.rsplit('/', 1)[0]}/{self.name}"

    @classmethod
    def shared_server(cls):
        if cls.dialect not in cls.shared:
            server = cls.shared[cls.dialect] = DatabaseServer(cls.dialect)
            atexit.register(server.remove)
        return cls.shared[cls.dialect]

    def admin(self, text):
        done = self.run(text, database="test")
        if done.returncode:
            raise Refused(f"{text}: {done.stderr}")

    sql, rows, value = Sqlite.sql, Sqlite.rows, Sqlite.value


class Postgres(Served):
    dialect = "postgres"
    begin = "BEGIN;"

    def run(self, text, database=None):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", f"{self.server.url.rsplit('/', 1)[0]}/{database or self.name}"],
                              input=text, capture_output=True, text=True, timeout=60)

    def moment(self, stamp):
        return f"timestamptz '{stamp}'"

    def later(self, name, minutes):
        return f"{name} + interval '{minutes} minutes'"

    def replace(self, table, row):
        return (f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))}) ON CONFLICT (id) DO UPDATE SET "
                f"{', '.join(f'{name} = excluded.{name}' for name in row if name != 'id')};")

    def drop(self):
        self.run(f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = '{self.name}' AND active;", database="test")
        self.run(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{self.name}' AND NOT active;",
                 database="test")
        self.run(f"DROP DATABASE {self.name} WITH (FORCE);", database="test")


class Mariadb(Served):
    dialect = "mariadb"
    begin = "BEGIN;"

    def run(self, text, database=None):
        done = subprocess.run(["mariadb", "--no-defaults", "-S", f"{self.server.folder}/socket", "-u", "tester", "-N", "-B",
                               "--init-command=SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), time_zone = '+00:00'",
                               database or self.name], input=text, capture_output=True, text=True, timeout=60)
        done.stdout = done.stdout.replace("\t", "|")
        return done

    def moment(self, stamp):
        return f"'{stamp.replace('T', ' ').replace('Z', '')}'"

    def later(self, name, minutes):
        return f"{name} + INTERVAL {minutes} MINUTE"

    def replace(self, table, row):
        return f"REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))});"

    def drop(self):
        self.run(f"DROP DATABASE {self.name}", database="test")


DATABASES = {database.dialect: database for database in (Sqlite, Postgres, Mariadb)}


class DatabaseServer:
    """A private server of tests/servers: started, harmed and brought back."""

    def __init__(self, dialect, *settings, standby_of=None):
        self.dialect = dialect
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rowcast-engine-"))
        self.url = self.script("standby", str(standby_of.folder)) if standby_of else self.script("start", *settings)

    def script(self, act, *words):
        done = subprocess.run([str(SERVERS / self.dialect), act, str(self.folder), *words], capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise AssertionError(f"{self.dialect} {act}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    @property
    def port(self):
        return int((self.folder / "port").read_text())

    def pids(self):
        """The server's process, and its children."""
        pid = int((self.folder / "pid").read_text())
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
        return [pid, *map(int, children)]

    def signal(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def crash(self):
        """kill -9 of everything that belongs to it."""
        pid = self.pids()[0]
        self.signal(signal.SIGKILL)
        subprocess.run(["tail", f"--pid={pid}", "-f", "/dev/null"], timeout=60)
        (self.folder / "data/postmaster.pid").unlink(missing_ok=True)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        self.script("stop")

    def again(self):
        """Start it once more: same folder, same port."""
        self.url = self.script("start")

    def promote(self):
        self.script("promote")

    def remove(self):
        try:
            self.signal(signal.SIGCONT)
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
