#!/usr/bin/python3
"""
A served database that freezes, crashes, hands over to its standby, and an old primary that comes back: what was acknowledged is
there, nothing is acknowledged that is not, people are told, and service goes on by itself.
"""
import contextlib
import threading
import time
import uuid

from databases import DATABASES, DatabaseServer, only
from slotcast import DEADLINE_S, Live, Server, alerts, at, await_alert, check, day, equal, main, resource, service, venue_file

ROOM = dict(resources=[resource("pool", kind="pooled", capacity=500)],
            services=[service("visit", ["pool"], party_max=4, durations_min=[60], step_min=60)])


def metric(server, line):
    for text in server.get("/metrics").raw.decode().splitlines():
        if text.startswith(line + " "):
            return float(text.rsplit(" ", 1)[1])
    return None


def serve(db, hook, urls=None):
    server = Server("--public-metrics", "on", "--alert-webhook", hook, "--busy-time", "1s", "--visible-time", "2s", db=db)
    server.import_file(venue_file(**ROOM))
    if urls:
        hosts = ",".join(url.split("@")[1].split("/")[0] for url in urls)
        server.url = f"postgres://tester@{hosts}/{db.name}"
    server.start()
    return server, server.venue("house").services["visit"]


def book(server, visit, refs, key=None):
    """One try; its reference is remembered when it was acknowledged."""
    reply = server.book(key=key, service=visit, start=at(1))
    if reply.status == 201:
        refs.append(reply.json["ref"])
    else:
        reply.expect(503)
        check(int(reply.headers["retry-after"]) >= 1, reply.headers)
    return reply


def await_service(server, visit, refs):
    deadline = time.monotonic() + DEADLINE_S
    while book(server, visit, refs).status != 201:
        check(time.monotonic() < deadline, "bookings are not accepted again", server.log_tail())


def await_refused(server, visit, refs):
    deadline = time.monotonic() + DEADLINE_S
    while book(server, visit, refs).status != 503:
        check(time.monotonic() < deadline, "bookings are not refused", server.log_tail())


def all_there(db, refs):
    stored = {row[0] for row in db.rows("SELECT ref FROM booking WHERE state = 'confirmed'")}
    equal(set(refs) - stored, set(), "acknowledged and not there")


def reads_tell_their_age(server, visit):
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = server.slots(visit, day(1))
        if answer["status"] == "unavailable":
            check(answer["slots"], "times are shown from memory")
            return
        check(time.monotonic() < deadline, "reads do not tell", answer["status"])


@contextlib.contextmanager
def database(dialect):
    server = DatabaseServer(dialect)
    try:
        yield server, DATABASES[dialect](server=server)
    finally:
        server.remove()


def survive(dialect, harm, mend):
    with alerts() as (hook, told), database(dialect) as (engine, db):
        server, visit = serve(db, hook)
        try:
            refs = []
            for _ in range(20):
                equal(book(server, visit, refs).status, 201)
            equal(metric(server, "slotcast_database_up"), 1, "up")
            harm(engine)
            await_refused(server, visit, refs)
            reads_tell_their_age(server, visit)
            alert = await_alert(told, "database-lost", "raised")
            check("tester" not in alert["text"] or "@" not in alert["text"], "no address with a user", alert)
            equal(metric(server, 'slotcast_alert{name="database-lost"}'), 1, "the alert's metric")
            equal(metric(server, "slotcast_database_up"), 0, "down")
            equal(server.get("/readyz").status, 503, "not ready")
            mend(engine)
            await_service(server, visit, refs)
            await_alert(told, "database-lost", "resolved")
            equal(metric(server, 'slotcast_alert{name="database-lost"}'), 0, "the alert is over")
            all_there(db, refs)
            equal(len(refs), 500 - [slot for slot in server.slots(visit, day(1))["slots"] if slot["start"] == at(1)][0]["remaining"],
                  "what is shown is what was sold, and nothing was sold that was not acknowledged")
        finally:
            server.stop(check_status=False)


@only("postgres", "mariadb")
def test_a_frozen_database_refuses_bookings_until_it_moves_again():
    from databases import ENGINE
    survive(ENGINE, DatabaseServer.freeze, DatabaseServer.thaw)


@only("postgres", "mariadb")
def test_a_crashed_database_is_found_again():
    from databases import ENGINE
    survive(ENGINE, DatabaseServer.crash, DatabaseServer.again)


@contextlib.contextmanager
def pair():
    """A primary whose commits wait for its standby, and that standby."""
    primary = DatabaseServer("postgres")
    standby = None
    try:
        db = DATABASES["postgres"](server=primary)
        standby = DatabaseServer("postgres", standby_of=primary)
        db.sql("ALTER SYSTEM SET synchronous_standby_names = '*'; SELECT pg_reload_conf();")
        yield primary, standby, db
    finally:
        for server in filter(None, (standby, primary)):
            server.remove()


def on(server, db):
    """The same database, as it is on this server."""
    other = object.__new__(DATABASES["postgres"])
    other.server, other.name, other.url = server, db.name, f"{server.url.rsplit('/', 1)[0]}/{db.name}"
    return other


async def hand_over(stop_primary, revive):
    with alerts() as (hook, told), pair() as (primary, standby, db):
        server, visit = serve(db, hook, [primary.url, standby.url])
        try:
            refs = []
            for _ in range(20):
                equal(book(server, visit, refs).status, 201)
            live = await Live(server.port, visit, day(1), day(1)).connect()
            await live.until(lambda live: live.snapshots, "a snapshot")
            stop_primary(primary)
            await_refused(server, visit, refs)
            await_alert(told, "database-lost", "raised")
            # What takes over must not wait for a standby that it has not.
            on(standby, db).run("ALTER SYSTEM SET synchronous_standby_names = '';", database="test")
            standby.promote()
            on(standby, db).run("SELECT pg_reload_conf();", database="test")
            await_service(server, visit, refs)
            await_alert(told, "database-lost", "resolved")
            all_there(on(standby, db), refs)
            revive(primary)
            before = len(refs)
            for _ in range(20):
                equal(book(server, visit, refs).status, 201)
            equal(len(refs), before + 20)
            all_there(on(standby, db), refs)
            stored = {row[0] for row in on(primary, db).rows("SELECT ref FROM booking")}
            equal(stored & set(refs[before:]), set(), "the old primary acknowledges nothing")
            port = standby.url.split("@")[1].split("/")[0]
            equal(metric(server, f'slotcast_database_primary{{host="{port}"}}'), 1, "who is primary")
            await live.until(lambda live: [row for row in live.rows.values() if row["start"] == at(1)][0]["remaining"] == 500 - len(refs),
                             "the stream follows")
            check(live.resets >= 1, "subscribers are told that history begins anew")
            await live.close()
        finally:
            server.stop(check_status=False)


@only("postgres")
async def test_a_promoted_standby_is_found_and_its_old_primary_acknowledges_nothing():
    await hand_over(DatabaseServer.crash, DatabaseServer.again)


@only("postgres")
async def test_a_frozen_primary_that_wakes_after_its_standby_took_over_acknowledges_nothing():
    await hand_over(DatabaseServer.freeze, DatabaseServer.thaw)


@only("postgres", "mariadb")
def test_an_unanswered_booking_has_one_outcome_under_its_key():
    from databases import ENGINE
    with alerts() as (hook, _), database(ENGINE) as (engine, db):
        server, visit = serve(db, hook)
        try:
            refs, keys = [], [uuid.uuid4().hex for _ in range(12)]
            threads = [threading.Thread(target=book, args=(server, visit, refs, key)) for key in keys]
            engine.freeze()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            engine.thaw()
            await_service(server, visit, [])
            for key in keys:
                deadline = time.monotonic() + DEADLINE_S
                while book(server, visit, refs, key).status != 201:
                    check(time.monotonic() < deadline, "no outcome")
            equal(int(db.value("SELECT count(*) FROM booking")), len(keys) + 1, "each key booked once")
        finally:
            server.stop(check_status=False)


if __name__ == "__main__":
    main(dict(globals()))
