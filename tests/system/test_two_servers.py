#!/usr/bin/python3
"""Two servers of this program on one database: together they sell what is there, and each shows what the other one sold."""
import concurrent.futures
import contextlib
import random
import uuid

from databases import DATABASES, ENGINE, only
from slotcast import Live, Server, at, check, day, equal, main, resource, service, venue_file

HOUSE = dict(resources=[resource("a"), resource("b"), resource("court", kind="pooled", capacity=3)],
             services=[service("room", ["a", "b"]), service("court", ["court"], party_max=3)])


@contextlib.contextmanager
def two():
    first = Server(db=DATABASES[ENGINE]())
    second = Server(db=first.db)
    try:
        first.import_file(venue_file(**HOUSE))
        for server in (first, second):
            server.spawn()
        for server in (first, second):
            server.await_listening()
        yield first, second, first.venue("house").services
    finally:
        for server in (first, second):
            server.stop(check_status=False)
        first.db.drop()


@only("postgres", "mariadb")
def test_a_storm_split_over_two_servers_sells_each_place_once():
    with two() as (first, second, services):
        def visitor(number):
            server = (first, second)[number % 2]
            name = random.choice(["room", "court"])
            reply = server.book(service=services[name], start=at(1, f"{10 + number % 3}:00"), party=1)
            check(reply.status in (201, 409), reply)
            return (name, reply.status)

        with concurrent.futures.ThreadPoolExecutor(40) as crowd:
            results = list(crowd.map(visitor, range(400)))
        equal(results.count(("room", 201)), 2 * 3, "rooms")
        equal(results.count(("court", 201)), 3 * 3, "courts")
        equal(first.db.value("SELECT count(*) FROM claim a JOIN claim b ON a.id < b.id AND a.resource_id = b.resource_id"
                             " AND a.lane = b.lane AND a.lo < b.hi AND b.lo < a.hi"), "0", "overlaps")
        equal(first.db.value("SELECT count(*) FROM booking"), str(2 * 3 + 3 * 3), "bookings")


@only("postgres", "mariadb")
def test_one_key_has_one_outcome_on_both():
    with two() as (first, second, services):
        for hour in range(10):
            key, place = uuid.uuid4().hex, dict(service=services["court"], start=at(2, f"{10 + hour}:00"))
            with concurrent.futures.ThreadPoolExecutor(2) as crowd:
                replies = list(crowd.map(lambda server: server.book(key=key, **place), (first, second)))
            equal([reply.status for reply in replies], [201, 201], replies)
            equal(replies[0].json["ref"], replies[1].json["ref"], "one booking")
        equal(first.db.value("SELECT count(*) FROM booking"), "10", "bookings")


@only("postgres", "mariadb")
async def test_what_one_server_sells_is_on_the_live_streams_of_the_other():
    with two() as (first, second, services):
        live = await Live(second.port, services["room"], day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        booked = first.book(service=services["room"], start=at(1)).expect(201).json
        await live.until(lambda live: any(row["start"] == at(1) and row["resource"] == booked["resource"] and row["remaining"] == 0
                                          for row in live.rows.values()), "the other server's booking")
        equal(second.get(f"/v1/bookings/{booked['ref']}").expect(200).json["state"], "confirmed", "and it can be looked up there")
        second.post(f"/v1/bookings/{booked['ref']}:cancel", {}, key=uuid.uuid4().hex).expect(200)
        await live.until(lambda live: all(row["remaining"] == 1 for row in live.rows.values() if row["start"] == at(1)), "the cancellation")
        await live.close()


if __name__ == "__main__":
    main(dict(globals()))
