#!/usr/bin/python3
"""Tables as live topics, over real sockets: rows by a filter, and counts and sums, whoever writes the database."""
import asyncio
import json
import urllib.parse
import urllib.request

from slotcast import DEADLINE_S, Failure, LiveTable, at, check, equal, house, main, resource, service

YOGA = {"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}
HOUSE = dict(resources=[resource("room"), resource("yoga", "session", capacity=5), resource("judo", "session", capacity=5)],
             services=[service("visit", ["room"]), service("yoga", ["yoga"]), service("judo", ["judo"])],
             sessions=[YOGA, {**YOGA, "resource": "judo"}])


def taken(live):
    return {row["starts_at"]: row["taken"] for row in live.rows.values()}


def add_session(server, resource_id, start, end, taken=0):
    server.db.sql("INSERT INTO session (resource_id, starts_at, ends_at, capacity) VALUES "
                  f"({resource_id}, {server.db.moment(start)}, {server.db.moment(end)}, 5);")


async def test_rows_of_a_filter_come_move_in_and_out_and_go():
    with house(**HOUSE) as (server, ids):
        yoga, judo = int(ids.resources["yoga"]), int(ids.resources["judo"])
        live = await LiveTable(server.port, "session", where={"resource_id": yoga, "starts_at": {"gte": at(2, "00:00")}},
                               columns=["taken", "starts_at"]).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        equal(live.rows, {}, "no session has a row yet")
        server.book(service=ids.services["yoga"], start=at(2, "18:00")).expect(201)
        server.book(service=ids.services["judo"], start=at(2, "18:00")).expect(201)
        server.book(service=ids.services["yoga"], start=at(1, "18:00")).expect(201)
        await live.until(lambda live: taken(live) == {at(2, "18:00"): 1}, "its session, and no other")
        equal({name for row in live.rows.values() for name in row}, {"id", "taken", "starts_at"}, "columns")
        add_session(server, yoga, at(3, "08:00"), at(3, "09:00"))
        await live.until(lambda live: taken(live) == {at(2, "18:00"): 1, at(3, "08:00"): 0}, "another program's row")
        server.db.sql(f"UPDATE session SET resource_id = {judo} WHERE taken = 0;")
        await live.until(lambda live: taken(live) == {at(2, "18:00"): 1}, "moved out")
        server.db.sql(f"UPDATE session SET resource_id = {yoga} WHERE taken = 0;")
        await live.until(lambda live: len(taken(live)) == 2, "moved in")
        server.db.sql("DELETE FROM session WHERE taken = 0;")
        await live.until(lambda live: taken(live) == {at(2, "18:00"): 1}, "deleted")
        equal(live.resets, 0, "resets")
        await live.close()


async def test_who_comes_back_gets_what_changed_also_after_a_restart():
    with house(**HOUSE) as (server, ids):
        yoga = int(ids.resources["yoga"])
        for day in (1, 2, 3):
            add_session(server, yoga, at(day, "08:00"), at(day, "09:00"))
        live = await LiveTable(server.port, "session", where={"resource_id": yoga}).connect()
        await live.until(lambda live: len(live.rows) == 3, "a snapshot of three")
        await live.close()
        server.db.sql(f"DELETE FROM session WHERE starts_at = {server.db.moment(at(1, '08:00'))};")
        server.db.sql(f"UPDATE session SET capacity = 9 WHERE starts_at = {server.db.moment(at(2, '08:00'))};")
        server.stop()
        server.start()
        again = LiveTable(server.port, "session", where={"resource_id": yoga}, after=live.position)
        again.rows = live.rows
        await again.connect()
        seen = {(at(2, "08:00"), 9), (at(3, "08:00"), 5)}
        await again.until(lambda live: {(row["starts_at"], row["capacity"]) for row in live.rows.values()} == seen, "two, one changed")
        if again.resets:  # PostgreSQL's triggers cannot prove the history over a restart
            equal(server.db.dialect, "postgres", "who may reset")
        await again.close()


async def test_totals_follow_every_booking():
    with house(**HOUSE) as (server, ids):
        yoga, judo = int(ids.resources["yoga"]), int(ids.resources["judo"])
        live = await LiveTable(server.port, "session", group=["resource_id"], sum=["taken"]).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        for name, day in (("yoga", 1), ("yoga", 1), ("yoga", 2), ("judo", 1)):
            server.book(service=ids.services[name], start=at(day, "18:00")).expect(201)
        wanted = [{"resource_id": yoga, "count": 2, "sum_taken": 3}, {"resource_id": judo, "count": 1, "sum_taken": 1}]
        wanted.sort(key=lambda row: row["resource_id"])
        await live.until(lambda live: [live.rows[key] for key in sorted(live.rows)] == wanted, "both totals")
        await live.close()


async def test_what_is_not_shown_is_refused():
    with house(**HOUSE) as (server, _):
        for members, field in [({"table": "customer"}, "table"), ({"table": "claim"}, "table"),
                               ({"table": "session", "columns": ["taken_by"]}, "columns"),
                               ({"table": "session", "where": {"taken_by": 1}}, "where"),
                               ({"table": "session", "where": {"resource_id": list(range(257))}}, "where")]:
            live = await LiveTable(server.port, **members).connect()
            try:
                await live.until(lambda live: live.snapshots, "a refusal")
            except Failure as refusal:
                check(f"'{field}'" in str(refusal), members, refusal)
            else:
                raise Failure(f"{members} was shown")
            await live.close()
        live = await LiveTable(server.port, "session", where={"resource_id": list(range(256))}).connect()
        await live.until(lambda live: live.snapshots, "as many values as are allowed")
        await live.close()


async def test_long_poll_asks_the_same():
    with house(**HOUSE) as (server, ids):
        yoga = int(ids.resources["yoga"])
        add_session(server, yoga, at(1, "08:00"), at(1, "09:00"))
        query = urllib.parse.urlencode({"topic": "rows", "table": "session", "columns": "taken", "where": json.dumps({"resource_id": yoga})})
        url = f"http://127.0.0.1:{server.port}/v1/live/poll?{query}"
        for _ in range(1000):
            with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
                rows = json.load(answer)[0]["rows"]
            if rows:
                break
        equal([(sorted(row), row["taken"]) for row in rows], [(["id", "taken"], 0)], "rows")


if __name__ == "__main__":
    main(dict(globals()))
