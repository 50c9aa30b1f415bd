"""
What the system tests share: a server in a folder of its own, HTTP with nothing between, live subscriptions that fold what they
are told, venue files, and a runner that prints TAP.

Nothing here sleeps to let something happen: every wait is for an event, and has a deadline.
"""
import asyncio
import contextlib
import datetime
import http.client
import http.server
import inspect
import json
import os
import pathlib
import queue
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import uuid

import websockets

from databases import DATABASES, ENGINE, FEED

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SLOTCAST", str(ROOT / "build/bin/slotcast"))
DEADLINE_S = float(os.environ.get("DEADLINE_S", "20"))  # of one event
SEED = int(os.environ.get("SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)

UTC = datetime.timezone.utc


class Failure(AssertionError):
    pass


def check(condition, *details):
    if not condition:
        raise Failure(" ".join(str(detail) for detail in details) or "a condition does not hold")


def equal(got, wanted, what=""):
    if got != wanted:
        raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")


# Times


def today():
    return datetime.datetime.now(UTC).date()


def day(offset):
    return (today() + datetime.timedelta(days=offset)).isoformat()


def at(offset, clock="10:00"):
    """An instant `offset` days from today, for venues in UTC."""
    return f"{day(offset)}T{clock}:00Z"


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# HTTP


class Reply:
    def __init__(self, status, headers, raw):
        self.status = status
        self.headers = headers
        self.raw = raw
        self.type = (headers.get("content-type") or "").split(";")[0]
        self.json = json.loads(raw) if raw and self.type.endswith("json") else None

    @property
    def code(self):
        return (self.json or {}).get("code")

    def __repr__(self):
        return f"<{self.status} {self.raw[:400]!r}>"

    def expect(self, status, code=None, field=None):
        """The reply itself, when it is the one that was wanted."""
        if self.status != status or (code and self.code != code):
            raise Failure(f"got {self!r}, wanted {status} {code or ''}")
        if field and self.json.get("field") != field:
            raise Failure(f"got field {self.json.get('field')!r}, wanted {field!r}: {self!r}")
        if status >= 400:
            problem(self)
        return self


def problem(reply):
    equal(reply.type, "application/problem+json", "content type of a refusal")
    for member in ("type", "title", "status", "code", "detail", "retryable", "request_id"):
        check(member in reply.json, "a problem without", member, reply)
    equal(reply.json["status"], reply.status, "status in the body")
    check(reply.json["detail"] and reply.json["title"], "a problem without words", reply)
    check(isinstance(reply.json["retryable"], bool), reply)


class Server:
    """One `slotcast serve` on a database of its own. Used as a context; what it leaves behind is removed."""

    def __init__(self, *options, folder=None, limits=False, env=None, db=None):
        self.own_folder, self.own_db = folder is None, db is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="slotcast-test-"))
        self.db = db or DATABASES[ENGINE](self.folder)
        self.url = self.db.url
        self.path = getattr(self.db, "path", None)  # of the embedded database's file
        self.options = list(options) + ([] if limits else ["--rate-limits", "off"]) + ([] if FEED == "auto" else ["--feed", FEED])
        self.env = env
        self.process = None
        self.port = None
        self.starts = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop(check_status=False)
        if self.own_db:
            self.db.drop()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self):
        self.__exit__()

    def command(self, *words, stdin=None):
        """Another command of the program on the same database."""
        return subprocess.run([PROGRAM, *words, "--db", self.url], capture_output=True, text=True, timeout=60, input=stdin)

    def import_file(self, venue, ok=True):
        path = self.folder / f"venue-{uuid.uuid4().hex}.json"
        path.write_text(json.dumps(venue))
        done = self.command("import", str(path))
        if ok and done.returncode:
            raise Failure(f"import: status {done.returncode}: {done.stdout}{done.stderr}")
        if not done.returncode and self.port and self.process and self.process.poll() is None:
            self.await_seen()
        return done

    def await_seen(self):
        """Until the server has read what other programs have committed so far: until it shows a change made now, and taken back."""
        venue = self.db.rows("SELECT slug, contact_phone FROM venue LIMIT 1")
        for phone in [uuid.uuid4().hex, venue[0][1]] if venue else []:
            self.db.sql(f"UPDATE venue SET contact_phone = '{phone}' WHERE slug = '{venue[0][0]}';")
            deadline = time.monotonic() + DEADLINE_S
            while True:
                answer = self.get(f"/v1/venues/{venue[0][0]}")
                if answer.status == 200 and answer.json["contact"]["phone"] == phone:
                    break
                check(time.monotonic() < deadline, "the server does not see a change", answer)

    def await_ready(self):
        """Until bookings are taken: what kept them back is found to be over by a probe now and then."""
        deadline = time.monotonic() + DEADLINE_S
        while self.get("/readyz").status != 200:
            check(time.monotonic() < deadline, "the server is not ready", self.get("/readyz"))

    def spawn(self, listen="127.0.0.1:0", preexec=None):
        self.starts += 1
        self.log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--db", self.url, "--listen", listen, *self.options],
            stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, **(self.env or {})}, preexec_fn=preexec)

    def await_listening(self):
        deadline = time.monotonic() + DEADLINE_S
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            check(ready, "the server did not say that it listens", self.log_tail())
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                raise Failure(f"the server ended with {self.process.wait()}: {self.log_tail()}")
            line += byte
        check(line.startswith(b"listening http://"), "first line:", line)
        self.port = int(line.decode().rsplit(":", 1)[1])

    def start(self, **options):
        self.spawn(**options)
        self.await_listening()
        return self

    def restart(self):
        """After a kill: the same port, so that clients find it again."""
        self.start(listen=f"127.0.0.1:{self.port}")

    def stop(self, check_status=True):
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("the server did not end after SIGTERM") from None
        finally:
            self.process.stdout.close()
            self.log.close()
            self.process = None
        if check_status:
            equal(status, 0, "exit status after SIGTERM")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def log_tail(self, lines=15):
        return "\n" + "\n".join((self.folder / "server.log").read_text(errors="replace").splitlines()[-lines:])

    def request(self, method, path, body=None, headers=None, key=None, connection=None):
        headers = dict(headers or {})
        if key:
            headers["Idempotency-Key"] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        own = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            reply = Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            if own:
                connection.close()
        check(reply.headers.get("x-request-id"), method, path, "without X-Request-Id")
        check(reply.headers.get("date"), method, path, "without Date")
        return reply

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def hold(self, key=None, **place):
        return self.post("/v1/holds", place, key=key or uuid.uuid4().hex)

    def book(self, key=None, **place):
        place.setdefault("customer", CUSTOMER)
        return self.post("/v1/bookings", place, key=key or uuid.uuid4().hex)

    def slots(self, service, start, end=None, **parameters):
        query = urllib.parse.urlencode({"service": service, "from": start, "to": end or start, **parameters})
        return self.get(f"/v1/availability?{query}").expect(200).json

    def venue(self, slug):
        return Catalog(self.get(f"/v1/venues/{slug}").expect(200).json)


CUSTOMER = {"name": "Ada Lovelace", "email": "ada@example.com"}


class Catalog:
    """Ids by key."""

    def __init__(self, venue):
        self.venue = venue
        self.services = {service["key"]: service["id"] for service in venue["services"]}
        self.resources = {resource["key"]: resource["id"] for resource in venue["resources"]}


def venue_file(slug="house", resources=(), services=(), hours=None, exceptions=(), sessions=(), tz="UTC", **venue):
    """A venue that is open all day, every day, unless told otherwise."""
    if hours is None:
        hours = [{"rrule": "FREQ=DAILY", "from": "00:00", "to": "24:00", "valid_from": "2026-01-01"}]
    return {"venue": {"slug": slug, "name": slug.title(), "tz": tz, "contact": {"phone": "1", "email": "a@b.example"}, **venue},
            "resources": list(resources), "services": list(services), "hours": hours, "exceptions": list(exceptions),
            "sessions": list(sessions)}


def resource(key, kind="exclusive", **members):
    return {"key": key, "name": key.title(), "kind": kind, **members}


def service(key, resources, **members):
    return {"key": key, "name": key.title(), "durations_min": [60], "step_min": 60, "notice_min": 0, "horizon_days": 60,
            "hold_ttl_s": 300, "party_max": 1, "resources": resources, **members}


# Live


class Live:
    """One WebSocket with one subscription to a service's availability, and the view that its messages fold into."""

    def __init__(self, port, service, start, end, mode="latest", after=None, **members):
        self.port = port
        self.message = {"type": "subscribe", "id": "s", "topic": "availability", "service": service, "from": start, "to": end,
                        "mode": mode, **members}
        self.position = after
        self.rows = {}
        self.socket = None
        self.status = None
        self.resets = 0
        self.reasons = []
        self.snapshots = 0
        self.deltas = []
        self.closed_code = None

    @staticmethod
    def key(row):
        return json.dumps(row["id"])

    async def connect(self):
        self.socket = await asyncio.wait_for(
            websockets.connect(f"ws://127.0.0.1:{self.port}/v1/live", subprotocols=["rowcast.v1+json"], max_size=None,
                               compression=None, ping_interval=None), DEADLINE_S)
        message = dict(self.message)
        if self.position:
            message["after"] = self.position
        await self.socket.send(json.dumps(message))
        return self

    async def next(self, deadline_s=None):
        """The next message, folded."""
        text = await asyncio.wait_for(self.socket.recv(), deadline_s or DEADLINE_S)
        message = json.loads(text)
        self.fold(message)
        return message

    def fold(self, message):
        kind = message["type"]
        if kind == "snapshot":
            self.rows = {self.key(row): row for row in message["rows"]}
            self.position = message["position"]
            self.snapshots += 1
        elif kind == "delta":
            equal(message["from"], self.position, "a delta begins at another position than the last one told")
            for key in message["remove"]:
                self.rows.pop(json.dumps(key), None)
            for row in message["upsert"]:
                self.rows[self.key(row)] = row
            check(order(message["to"]) >= order(message["from"]), "a delta goes backwards", message)
            self.position = message["to"]
            self.deltas.append(message)
        elif kind == "status":
            self.status = message
        elif kind == "reset":
            self.resets += 1
            self.reasons.append(message['reason'])
            self.position = None
        elif kind == "error":
            raise Failure(f"the subscription was refused: {message}")

    async def until(self, condition, what):
        """Fold messages until the condition holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition(self):
            left = deadline - time.monotonic()
            check(left > 0, "not within the deadline:", what, "; position", self.position)
            try:
                await self.next(left)
            except asyncio.TimeoutError:
                raise Failure(f"not within the deadline: {what}; position {self.position}, last status {self.status}") from None
        return self

    async def reached(self, position):
        return await self.until(lambda live: live.position and order(live.position) >= order(position), f"position {position}")

    def view(self):
        return sorted(self.rows.values(), key=lambda row: (row["start"], int(row["resource"])))

    async def close(self):
        if self.socket:
            await self.socket.close()


class LiveTable(Live):
    """The same with rows of a table, or totals by the columns of `group`."""

    def __init__(self, port, table, group=None, after=None, mode="latest", **members):
        super().__init__(port, None, None, None, after=after)
        shown = {} if group is None else {"group": group}
        self.message = {"type": "subscribe", "id": "s", "topic": "rows" if group is None else "totals", "table": table, "mode": mode,
                        **shown, **members}
        self.group = group

    def key(self, row):
        return json.dumps(row["id"] if self.group is None else [row[name] for name in self.group])


def order(position):
    epoch, number = position.split(".")
    return epoch, int(number)


@contextlib.contextmanager
def alerts():
    """A webhook: its address, and what was posted there."""
    told = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            told.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{hook.server_port}/alerts", told
    finally:
        hook.shutdown()
        hook.server_close()


def await_alert(told, name, state):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            alert = told.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            check(False, "no alert", name, state)
        if (alert["alert"], alert["state"]) == (name, state):
            check(alert["text"] and alert["at"], alert)
            return alert


# Runner: every function test_… of a file, in order; TAP on standard output.


def main(tests):
    names = [name for name in tests if name.startswith("test_") and callable(tests[name])]
    names = [name for name in names if ENGINE in getattr(tests[name], "engines", (ENGINE,))]
    wanted = sys.argv[1:]
    if wanted:
        names = [name for name in names if any(word in name for word in wanted)]
    print(f"# seed {SEED}: SEED={SEED} ENGINE={ENGINE} FEED={FEED} {sys.argv[0]}")
    print(f"1..{len(names)}")
    failed = 0
    for number, name in enumerate(names, 1):
        random.seed(SEED)
        begun = time.monotonic()
        try:
            result = tests[name]()
            if inspect.iscoroutine(result):
                asyncio.run(result)
            print(f"ok {number} - {name[5:].replace('_', ' ')} # {time.monotonic() - begun:.1f} s", flush=True)
        except Exception as error:  # a test may fail in any way; all of them are reported
            failed += 1
            print(f"not ok {number} - {name[5:].replace('_', ' ')}")
            text = str(error) if isinstance(error, Failure) else ""
            for line in (text + "\n" + traceback.format_exc()).strip().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)


@contextlib.contextmanager
def database():
    """A place for a database, with no server on it yet."""
    server = Server()
    try:
        yield server
    finally:
        server.__exit__()


@contextlib.contextmanager
def house(*options, **venue):
    """A server with one venue, and its ids."""
    slug = venue.get("slug", "house")
    server = Server(*options)
    try:
        server.import_file(venue_file(**venue))
        server.start()
        yield server, server.venue(slug)
    finally:
        server.__exit__()
