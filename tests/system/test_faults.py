#!/usr/bin/python3
"""When the disk is full, the file locked, unreadable, unwritable or newer: clear words, nothing false, and back by itself."""
import asyncio
import contextlib
import json
import os
import resource as limits
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import websockets

from slotcast import (DEADLINE_S, PROGRAM, ROOT, Failure, Live, Server, at, check, database, day, equal, house, instant, main, order, resource, service,
                      venue_file)

HOUSE = dict(resources=[resource("room"), resource("court", "pooled", capacity=4)],
             services=[service("visit", ["room"]), service("play", ["court"], party_max=4)])


def micros(text):
    return int(instant(text).timestamp() * 1_000_000)


def eventually(condition, what, deadline_s=DEADLINE_S):
    """Ask again until it holds; for states that nothing announces."""
    deadline = time.monotonic() + deadline_s
    begun = time.monotonic()
    while True:
        got = condition()
        if got:
            return time.monotonic() - begun, got
        if time.monotonic() > deadline:
            raise Failure(f"not within {deadline_s} s: {what}")


def start_fails(*options, url, wanted, statuses=(1, 2)):
    done = subprocess.run([PROGRAM, "serve", "--db", url, "--listen", "127.0.0.1:0", *options], capture_output=True, text=True,
                          timeout=DEADLINE_S)
    check(done.returncode in statuses, url, options, done)
    told = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
    check(told and any(word in done.stderr for word in wanted), url, options, "wanted one of", wanted, "got", done.stderr)
    check(not done.stdout, "nothing on standard output", done.stdout)
    check("Traceback" not in done.stderr and "rc_check" not in done.stderr, done.stderr)


def test_wrong_starts_say_why():
    with tempfile.TemporaryDirectory() as folder:
        good = f"sqlite:{folder}/a.db"
        start_fails("--nonsense", url=good, wanted=["nonsense"], statuses=(2,))
        start_fails("--threads", "many", url=good, wanted=["threads"], statuses=(2,))
        start_fails("--listen", "127.0.0.1:99999", url=good, wanted=["listen", "port", "99999"])
        start_fails("--listen", "192.0.2.1:0", url=good, wanted=["192.0.2.1"])
        start_fails("--config", f"{folder}/none.ini", url=good, wanted=["none.ini"])
        start_fails(url="nonsense", wanted=["nonsense", "sqlite:"])
        start_fails(url="oracle://x/y", wanted=["oracle"])
        start_fails(url=f"sqlite:{folder}/no/such/folder/a.db", wanted=["no/such/folder"])
        start_fails(url=f"sqlite:{folder}", wanted=[folder])
        with open(f"{folder}/garbage.db", "wb") as file:
            file.write(b"this is no database, but it is long enough to look at " * 100)
        start_fails(url=f"sqlite:{folder}/garbage.db", wanted=["not a database", "damaged", "corrupt"])
        equal(open(f"{folder}/garbage.db", "rb").read(4), b"this", "the file was left alone")
        for words in ([], ["frobnicate"], ["serve", "extra", "--db", good], ["import", "--db", good], ["migrate", "sideways", "--db", good],
                      ["serve"]):
            done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=DEADLINE_S,
                                  env={name: value for name, value in os.environ.items() if not name.startswith("SLOTCAST")})
            check(done.returncode == 2 and done.stderr, words, done)
        for words in (["--help"], ["--version"], ["serve", "--help"]):
            done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=DEADLINE_S)
            check(done.returncode == 0 and "lotcast" in done.stdout and not done.stderr, words, done)


def test_a_port_that_is_taken_is_not_shared():
    with Server() as first, tempfile.TemporaryDirectory() as folder:
        start_fails("--listen", f"127.0.0.1:{first.port}", url=f"sqlite:{folder}/a.db", wanted=[str(first.port)], statuses=(1,))


def test_a_damaged_file_is_refused():
    with database() as server:
        server.import_file(venue_file(**HOUSE))
        with open(server.path, "r+b") as file:
            file.seek(0)
            file.write(b"\0" * 16)
        start_fails(url=server.url, wanted=["not a database", "damaged", "corrupt", "malformed"])


def test_a_newer_schema_is_refused_and_an_older_one_brought_up():
    with database() as server:
        server.import_file(venue_file(**HOUSE))
        status = server.command("migrate", "status")
        check(status.returncode == 0 and "applied" in status.stdout and "pending" not in status.stdout, status)
        equal(server.command("migrate", "verify").returncode, 0, "verify")
        equal(server.command("migrate", "up").returncode, 0, "up")
        with sqlite3.connect(server.path) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%migration%'")]
            check(tables, "no table of migrations")
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({tables[0]})")]
            version = next(name for name in columns if name == "version")
            rows = db.execute(f"SELECT * FROM {tables[0]} ORDER BY version DESC LIMIT 1").fetchall()
            newer = [9999 if name == version else value for name, value in zip(columns, rows[0])]
            db.execute(f"INSERT INTO {tables[0]} VALUES ({','.join('?' * len(columns))})", newer)
        start_fails(url=server.url, wanted=["newer"])
        check(server.command("import", str(ROOT / "examples/venues/harbour.json")).returncode == 1, "import refuses it too")
        with sqlite3.connect(server.path) as db:
            db.execute(f"DELETE FROM {tables[0]} WHERE version = 9999")
        server.start()
        server.stop()
        with sqlite3.connect(server.path) as db:
            db.execute("DROP TRIGGER claim_place_insert")
        done = server.command("migrate", "verify")
        check(done.returncode == 1 and "claim_place_insert" in done.stderr, done)
        start_fails(url=server.url, wanted=["claim_place_insert"])


async def agrees(server, live, state, age=None):
    """Whoever is told that bookings are refused, or taken again, is told the same by everybody."""
    await live.until(lambda live: live.status and live.status["state"] == state, f"status {state}")
    answer = eventually(lambda: (told := server.slots(live.message["service"], live.message["from"]))["status"] == state and told,
                        f"availability {state}")[1]
    check(age is None or (answer["age_ms"] == age and live.status["age_ms"] == age), "age", age, answer, live.status)
    eventually(lambda: server.get("/readyz").status == (503 if state == "unavailable" else 200), f"readiness with {state}")
    return answer


async def test_a_locked_database_refuses_writes_and_goes_on_reading():
    with house("--busy-time", "200ms", **HOUSE) as (server, ids):
        booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
        live = await Live(server.port, ids.services["visit"], day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        lock = sqlite3.connect(server.path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        refused = server.book(key="locked", service=ids.services["visit"], start=at(1, "12:00")).expect(503, "unavailable")
        check(refused.json["retryable"] and refused.headers.get("retry-after"), refused)
        await agrees(server, live, "unavailable", age=0)
        equal(len(server.slots(ids.services["visit"], day(1))["slots"]), 24, "reads go on")
        server.get(f"/v1/bookings/{booked['ref']}").expect(200)
        lock.execute("ROLLBACK")
        lock.close()
        seconds, won = eventually(lambda: (reply := server.book(key="locked", service=ids.services["visit"], start=at(1, "12:00"))).status == 201
                                  and reply, "writes again", 5)
        print(f"# writes again after {seconds:.2f} s")
        await agrees(server, live, "live", age=0)
        await live.reached(won.json["position"])
        equal(live.view(), server.slots(ids.services["visit"], day(1))["slots"], "live went on")
        await live.close()


@contextlib.contextmanager
def small_disk(megabytes):
    folder = tempfile.mkdtemp(prefix="slotcast-disk-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", folder], capture_output=True, text=True)
    try:
        if done.returncode:
            yield None
        else:
            yield folder
    finally:
        if not done.returncode:
            subprocess.run(["umount", "-l", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


async def full_disk(server, fill, free):
    """`fill` leaves no room; `free` gives it back."""
    ids = server.venue("house")
    booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
    live = await Live(server.port, ids.services["play"], day(1), day(3)).connect()
    await live.until(lambda live: live.snapshots, "a snapshot")
    fill()
    acknowledged, refused = [], None
    for number in range(20000):
        reply = server.book(key=f"k{number}", service=ids.services["play"], start=at(1 + number % 3, f"{number // 3 % 24:02}:00"))
        if reply.status == 201:
            acknowledged.append(reply.json["ref"])
            server.post(f"/v1/bookings/{reply.json['ref']}:cancel") if number % 2 else None
        elif reply.status == 503:
            refused = reply
            break
        else:
            reply.expect(409)
    check(refused, "the disk never became full")
    refused.expect(503, "unavailable")
    check(refused.json["retryable"], refused)
    equal(server.get("/readyz").status, 503, "not ready")
    equal(server.get("/healthz").status, 200, "but alive")
    await agrees(server, live, "unavailable", age=0)  # what is shown is right: only bookings are refused
    check(len(server.slots(ids.services["visit"], day(1))["slots"]) == 24, "reads go on")
    server.get(f"/v1/bookings/{booked['ref']}").expect(200)
    other = await Live(server.port, ids.services["visit"], day(1), day(1)).connect()
    await other.until(lambda live: live.snapshots, "a snapshot while the disk is full")
    await other.close()
    free()
    seconds, won = eventually(lambda: (reply := server.book(key="after", service=ids.services["visit"], start=at(2))).status == 201 and reply,
                              "writes again", 5)
    print(f"# {len(acknowledged)} bookings until the disk was full; writes again after {seconds:.2f} s")
    eventually(lambda: server.get("/readyz").status == 200, "ready again", 5)
    await agrees(server, live, "live", age=0)
    for ref in acknowledged:
        server.get(f"/v1/bookings/{ref}").expect(200)
    again = server.book(service=ids.services["play"], start=at(2, "23:00"))
    check(again.status in (201, 409), again)
    await live.reached(won.json["position"])
    equal(live.view(), server.slots(ids.services["play"], day(1), day(3))["slots"], "live went on")
    await live.close()


async def test_a_full_disk_refuses_writes_and_comes_back():
    with small_disk(24) as folder:
        if not folder:
            print("# no small file system here (not root); the limit on file size stands for it")
            return
        server = Server(folder=folder)
        server.import_file(venue_file(**HOUSE))
        with server:
            filler = f"{folder}/filler"

            def fill():
                with open(filler, "wb", buffering=0) as file:
                    block = b"\0" * 65536
                    try:
                        while True:
                            file.write(block)
                    except OSError:
                        pass

            await full_disk(server, fill, lambda: os.unlink(filler))


async def test_a_limit_on_file_size_refuses_writes_and_comes_back():
    with database() as server:
        server.import_file(venue_file(**HOUSE))
        signal_ignored = lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        server.start(preexec=signal_ignored)
        pid = server.process.pid
        unlimited = limits.prlimit(pid, limits.RLIMIT_FSIZE)

        def fill():
            size = max(os.path.getsize(server.path), os.path.getsize(f"{server.path}-wal"))
            limits.prlimit(pid, limits.RLIMIT_FSIZE, (size + 65536, unlimited[1]))

        await full_disk(server, fill, lambda: limits.prlimit(pid, limits.RLIMIT_FSIZE, unlimited))


def test_a_file_that_may_not_be_written_is_refused_at_the_start():
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        print("# root may write everything")
        return
    with database() as server:
        server.import_file(venue_file(**HOUSE))
        os.chmod(server.folder, 0o555)
        os.chmod(server.path, 0o444)
        # Root without the right to pass over permissions; another user would not do where / is closed to him.
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        try:
            done = subprocess.run([*prefix, PROGRAM, "serve", "--db", server.url, "--listen", "127.0.0.1:0"], capture_output=True,
                                  text=True, timeout=DEADLINE_S)
        finally:
            os.chmod(server.folder, 0o755)
            os.chmod(server.path, 0o644)
        check(done.returncode == 1 and str(server.path) in done.stderr, done)


@contextlib.contextmanager
def failing_sync(server):
    """Every fsync and fdatasync of the server fails with EIO, as on a broken disk."""
    tracer = subprocess.Popen(["strace", "-f", "-p", str(server.process.pid), "-o", os.devnull, "-e", "trace=fdatasync,fsync",
                               "-e", "inject=fdatasync,fsync:error=EIO"], stderr=subprocess.PIPE, text=True)
    try:
        check("attached" in tracer.stderr.readline(), "strace cannot attach to the server")
        yield
    finally:
        tracer.terminate()
        tracer.wait()


def test_a_failed_sync_stops_acknowledging_until_the_disk_syncs_again():
    with house(**HOUSE) as (server, ids):
        visit = ids.services["visit"]
        kept = server.book(service=visit, start=at(1)).expect(201).json["ref"]
        with failing_sync(server):
            unknown = server.book(service=visit, start=at(2), key="k2").expect(503)
            check(unknown.json["code"] in ("outcome-unknown", "unavailable"), unknown.json)
            for hours in (3, 4):
                server.book(service=visit, start=at(hours)).expect(503, "unavailable")
            equal(server.get("/readyz").status, 503, "not ready")
            check(server.slots(visit, day(1))["slots"], "reads go on")
        took, _ = eventually(lambda: server.book(service=visit, start=at(5)).status == 201, "writes again", 5)
        print(f"# writes again after {took:.2f} s")
        server.book(service=visit, start=at(2), key="k2").expect(201)  # the same key learns or makes the outcome
        server.kill()
        with sqlite3.connect(server.path) as db:
            starts = db.execute("SELECT count(*), count(DISTINCT starts_at) FROM booking WHERE state = 'confirmed'").fetchone()
            check(db.execute("SELECT 1 FROM booking WHERE ref = ?", (kept,)).fetchone(), "what was acknowledged is there")
        equal(starts, (3, 3), "the acknowledged ones, each once")


async def test_a_restored_backup_begins_a_new_epoch():
    with house(**HOUSE) as (server, ids):
        visit = ids.services["visit"]
        kept = server.book(service=visit, start=at(1)).expect(201).json
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        copy = server.folder / "backup.db"
        subprocess.run(["sqlite3", str(server.path), f".backup {copy}"], check=True, timeout=30)
        lost = server.book(service=visit, start=at(1, "12:00")).expect(201).json
        await live.reached(lost["position"])
        subprocess.run(["sqlite3", str(server.path), f".restore {copy}"], check=True, timeout=30)
        await live.until(lambda live: live.resets == 1 and live.snapshots == 2, "reset and a snapshot")
        answer = server.slots(visit, day(1))
        equal(live.view(), answer["slots"], "after the restore")
        equal([slot["start"] for slot in answer["slots"] if not slot["remaining"]], [at(1)], "what the backup held")
        check(order(answer["position"])[0] != order(kept["position"])[0], "the same epoch", answer["position"], kept["position"])
        server.get(f"/v1/bookings/{lost['ref']}").expect(404)
        again = server.book(service=visit, start=at(1, "12:00")).expect(201).json
        equal(order(again["position"])[0], order(answer["position"])[0], "epoch of a write")
        await live.reached(again["position"])
        stale = Live(server.port, visit, day(1), day(1), after=lost["position"])
        await stale.connect()
        await stale.until(lambda live: live.resets == 1 and live.snapshots == 1, "a position of the old epoch is reset")
        await live.close()
        await stale.close()


async def test_a_destroyed_file_is_told_and_found_again():
    with house("--visible-time", "200ms", "--status-interval", "100ms", **HOUSE) as (server, ids):
        visit = ids.services["visit"]
        booked = server.book(service=visit, start=at(1)).expect(201).json
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        whole = {}
        for path in (str(server.path), f"{server.path}-wal"):
            with open(path, "r+b") as file:
                whole[path] = file.read()
                file.seek(0)
                file.write(b"\xa5" * len(whole[path]))
        server.book(key="meanwhile", service=visit, start=at(1, "12:00")).expect(503)
        answer = await agrees(server, live, "unavailable")
        await live.until(lambda live: live.status["age_ms"] > 0, "age")
        check(server.slots(visit, day(1))["age_ms"] > 0 and len(answer["slots"]) == 24, "memory", answer)
        server.get(f"/v1/bookings/{booked['ref']}").expect(503, "unavailable")
        for path, content in whole.items():
            with open(path, "r+b") as file:
                file.write(content)
        eventually(lambda: server.book(key="meanwhile", service=visit, start=at(1, "12:00")).status == 201, "the outcome", 5)
        won = server.book(service=visit, start=at(1, "14:00")).expect(201).json
        await live.reached(won["position"])
        await live.until(lambda live: live.status["state"] == "live", "live again")
        equal(live.view(), server.slots(visit, day(1))["slots"], "live went on")
        equal(server.slots(visit, day(1))["status"], "live", "status")
        await live.close()


async def test_a_file_that_was_moved_away_refuses_bookings_until_it_is_back():
    with house("--status-interval", "100ms", **HOUSE) as (server, ids):
        visit = ids.services["visit"]
        booked = server.book(service=visit, start=at(1)).expect(201).json
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        away = server.folder / "away.db"
        os.rename(server.path, away)
        answer = await agrees(server, live, "unavailable")
        await live.until(lambda live: live.status["age_ms"] > 0, "age")
        check(len(answer["slots"]) == 24, "memory", answer)
        refused = server.book(key="moved", service=visit, start=at(1, "12:00")).expect(503, "unavailable")
        check(refused.json["retryable"] and refused.headers.get("retry-after"), refused)
        server.post(f"/v1/bookings/{booked['ref']}:cancel").expect(503, "unavailable")
        os.rename(away, server.path)
        await agrees(server, live, "live", age=0)
        with sqlite3.connect(server.path) as db:
            equal(db.execute("SELECT count(*) FROM booking").fetchone(), (1,), "nothing was written meanwhile")
        won = server.book(key="moved", service=visit, start=at(1, "12:00")).expect(201).json
        await live.reached(won["position"])
        equal(live.resets, 0, "the history is the same")
        equal(live.view(), server.slots(visit, day(1))["slots"], "live went on")
        await live.close()


async def test_what_could_not_be_shown_is_not_written():
    with house("--status-interval", "100ms", **HOUSE) as (server, ids):
        visit = ids.services["visit"]
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots and live.status, "a snapshot")
        # The history broke, and a table that bookings do not need cannot be read anew.
        with sqlite3.connect(server.path) as db:
            db.executescript("ALTER TABLE hours RENAME TO hours_gone; UPDATE rc_meta SET value = 'another' WHERE key = 'epoch'")
        await live.until(lambda live: live.status["state"] == "unavailable", "status")
        server.get(f"/v1/availability?service={visit}&from={day(1)}&to={day(1)}").expect(503, "unavailable")
        equal(server.get("/readyz").json["not_ready"], ["feed"], "the store itself could write")
        server.book(key="unseen", service=visit, start=at(1)).expect(503, "unavailable")
        with sqlite3.connect(server.path) as db:
            equal(db.execute("SELECT count(*) FROM booking").fetchone(), (0,), "bookings that nobody was told of")
            db.execute("ALTER TABLE hours_gone RENAME TO hours")
        await live.until(lambda live: live.status["state"] == "live", "live again")
        await agrees(server, live, "live", age=0)
        won = server.book(key="unseen", service=visit, start=at(1)).expect(201).json
        await live.reached(won["position"])
        equal(live.view(), server.slots(visit, day(1))["slots"], "live went on")
        await live.close()


async def test_status_tells_how_long_a_change_took_to_be_shown():
    with house("--status-interval", "50ms", **HOUSE) as (server, ids):
        visit = ids.services["visit"]
        live = await Live(server.port, visit, day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots and live.status, "a snapshot")
        await live.until(lambda live: live.status["lag_ms"] == 0, "an interval without a change")
        server.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
        with sqlite3.connect(server.path) as db:
            begun = time.monotonic()
            db.execute("UPDATE resource SET name = 'Salon' WHERE key = 'room'")
            db.execute("INSERT INTO booking (ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, version, "
                       "hold_extensions, created_at, updated_at) VALUES ('raw', ?, ?, 'confirmed', ?, ?, 'UTC', ?, 1, 1, 0, 0, 0)",
                       (visit, ids.resources["room"], micros(at(1)), micros(at(1, "11:00")), at(1)[:16]))
            db.execute("INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) SELECT id, resource_id, 0, starts_at, ends_at, 1 "
                       "FROM booking")
        committed = time.monotonic()
        with sqlite3.connect(server.path) as db:  # some time has to pass
            equal(db.execute("PRAGMA integrity_check").fetchone(), ("ok",), "integrity")
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGCONT)
        await live.until(lambda live: live.status["lag_ms"] > 0, "a lag")
        shown = time.monotonic()
        check(any(not row["remaining"] for row in live.rows.values()), "the change came before its figure")
        told = live.status["lag_ms"]
        least, most = (stopped - committed) * 1000 - 1, (shown - begun) * 1000 + 2  # stamped to the millisecond
        check(live.status["state"] == "live" and least <= told <= most, "lag", told, "not between", least, "and", most)
        print(f"# {told} ms of {least:.1f} to {most:.1f}")
        await live.until(lambda live: live.status["lag_ms"] == 0, "an interval without a change")
        await live.close()


async def test_how_long_others_kept_their_transaction_open_is_no_delay_of_ours():
    with house("--status-interval", "50ms", **HOUSE) as (server, ids):
        live = await Live(server.port, ids.services["visit"], day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots and live.status, "a snapshot")
        db = sqlite3.connect(server.path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE hours SET wall_start_min = 600")
        written = time.monotonic()
        for _ in range(20):
            equal((await live.next())["type"], "status", "nothing is shown before it is committed")
        committed = time.monotonic()
        db.execute("COMMIT")
        db.close()
        await live.until(lambda live: live.status["lag_ms"] > 0, "a lag")
        told, kept = live.status["lag_ms"], (committed - written) * 1000
        check(told < kept, "lag", told, "of a transaction that was open for", kept)
        print(f"# {told} ms, open for {kept:.0f}")
        await live.close()


async def test_sigterm_answers_what_is_open_and_sends_streams_away():
    with house(**HOUSE) as (server, ids):
        lives = [await Live(server.port, ids.services["visit"], day(1), day(1)).connect() for _ in range(5)]
        for live in lives:
            await live.until(lambda live: live.snapshots, "a snapshot")
        sse_reader, sse_writer = await asyncio.open_connection("127.0.0.1", server.port)
        sse_writer.write(f"GET /v1/live/sse?topic=availability&service={ids.services['visit']}&from={day(1)}&to={day(1)} HTTP/1.1\r\n"
                         "Host: x\r\n\r\n".encode())
        await asyncio.wait_for(sse_reader.readuntil(b"event: snapshot"), DEADLINE_S)
        bookings = [asyncio.to_thread(server.book, service=ids.services["play"], start=at(1, f"{hour:02}:00")) for hour in range(24)]
        answers = asyncio.gather(*bookings, return_exceptions=True)
        server.process.send_signal(signal.SIGTERM)
        for live in lives:
            try:
                while True:
                    await live.next()
            except websockets.exceptions.ConnectionClosed as closed:
                equal(closed.code, 1012, "close code")
        while await asyncio.wait_for(sse_reader.read(65536), DEADLINE_S):
            pass
        made = [reply.json["ref"] for reply in await answers if not isinstance(reply, Exception) and reply.status == 201]
        equal(await asyncio.to_thread(server.process.wait, DEADLINE_S), 0, "exit status")
        with sqlite3.connect(server.path) as db:
            stored = {ref for (ref,) in db.execute("SELECT ref FROM booking")}
        check(set(made) <= stored, "acknowledged and lost", set(made) - stored)
        check(db.execute("PRAGMA integrity_check").fetchone() == ("ok",), "integrity")


def test_an_operator_token_is_made_and_only_its_hash_is_kept():
    with database() as server:
        done = server.command("admin-token")
        token = done.stdout.strip()
        check(done.returncode == 0 and len(token) >= 40, done)
        other = server.command("admin-token").stdout.strip()
        check(other != token, "twice the same token")
        check(token.encode() not in server.path.read_bytes(), "the token itself is in the file")


if __name__ == "__main__":
    main(dict(globals()))
