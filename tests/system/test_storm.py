#!/usr/bin/python3
"""A thousand requests at once for one slot: exactly its capacity wins, and everybody else gets a clean answer."""
import asyncio
import json
import os
import time
import uuid

from slotcast import CUSTOMER, DEADLINE_S, Reply, at, check, day, equal, house, main, resource, service

CROWD = int(os.environ.get("CROWD", "1000"))
ANSWER_S = 60


async def read_reply(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Reply(int(lines[0].split()[1]), headers, body)


async def crowd(port, requests):
    """All connections first; then everybody sends; then everybody reads."""
    connections = []
    for begin in range(0, len(requests), 200):
        connections += await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", port) for _ in requests[begin:begin + 200]))
    begun = time.monotonic()
    for (_, writer), (path, body) in zip(connections, requests):
        data = json.dumps(body).encode()
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {uuid.uuid4().hex}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
    replies = await asyncio.wait_for(asyncio.gather(*(read_reply(reader) for reader, _ in connections)), ANSWER_S)
    print(f"# {len(requests)} answers in {time.monotonic() - begun:.2f} s")
    for _, writer in connections:
        writer.close()
    return replies


def consistent(db):
    """What the database holds, asked without any of our code: no overlap, no lane or place too many."""
    equal(db.rows("SELECT a.id, b.id FROM claim a JOIN claim b ON a.resource_id = b.resource_id AND a.lane = b.lane AND "
                  "a.id < b.id AND a.lo < b.hi AND b.lo < a.hi WHERE a.session_id IS NULL"), [], "overlapping claims")
    equal(db.rows("SELECT c.id FROM claim c JOIN resource r ON r.id = c.resource_id WHERE r.kind <> 'session' AND "
                  "c.lane >= r.capacity"), [], "lanes that do not exist")
    equal(db.rows("SELECT id FROM session WHERE taken > capacity OR taken <> (SELECT coalesce(sum(qty), 0) FROM claim "
                  "WHERE session_id = session.id)"), [], "places that do not add up")
    equal(db.rows("SELECT b.id FROM booking b WHERE (state IN ('confirmed', 'pending', 'checked_in')) <> "
                  "EXISTS (SELECT 1 FROM claim WHERE booking_id = b.id) AND state <> 'held'"), [],
          "bookings and claims that contradict each other")
    return int(db.value("SELECT count(*) FROM booking WHERE state IN ('confirmed', 'held')"))


async def storm(kind, capacity, path, hold=False):
    sessions = [{"resource": "thing", "rrule": "FREQ=DAILY", "from": "10:00", "to": "11:00", "valid_from": "2026-01-01"}]
    with house("--backlog-max", "20000", resources=[resource("thing", kind, **({} if kind == "exclusive" else {"capacity": capacity}))],
               services=[service("use", ["thing"])], sessions=sessions if kind == "session" else []) as (server, ids):
        body = {"service": ids.services["use"], "start": at(1), **({} if hold else {"customer": CUSTOMER})}
        replies = await crowd(server.port, [(path, body)] * CROWD)
        won = [reply for reply in replies if reply.status == 201]
        equal(len(won), capacity, "winners")
        equal(len({reply.json["ref"] for reply in won}), capacity, "references")
        lost = [reply for reply in replies if reply.status != 201]
        answer = server.slots(ids.services["use"], day(0), day(16))
        free = {(slot["resource"], slot["start"], slot["end"]) for slot in answer["slots"] if slot["remaining"] > 0}
        for reply in lost:
            reply.expect(409, "slot-held" if hold else "slot-full")
            check(len(reply.json["alternatives"]) >= 3, reply)
            for place in reply.json["alternatives"]:
                check((place["resource"], place["start"], place["end"]) in free, "not free:", place)
        slot = next(slot for slot in answer["slots"] if slot["start"] == at(1))
        equal((slot["remaining"], slot["state"]), (0, "booked"), "the slot")
        equal(consistent(server.db), capacity, "bookings in the database")
        check(server.get("/readyz").status == 200, "ready after the storm")


async def test_one_place_for_a_thousand():
    await storm("exclusive", 1, "/v1/bookings")


async def test_four_courts_for_a_thousand():
    await storm("pooled", 4, "/v1/bookings")


async def test_twenty_places_of_a_class_for_a_thousand():
    await storm("session", 20, "/v1/bookings")


async def test_holds_are_won_the_same_way():
    await storm("pooled", 4, "/v1/holds", hold=True)


async def test_overlapping_neighbours_never_overlap():
    """Different starts and durations that collide with each other, with buffers."""
    with house("--backlog-max", "20000", resources=[resource("room"), resource("court", "pooled", capacity=3)],
               services=[service("use", ["room"], durations_min=[60, 90, 30], step_min=15, buffer_before_min=5, buffer_after_min=10),
                         service("play", ["court"], durations_min=[60, 45], step_min=15, party_max=3)]) as (server, ids):
        requests = []
        for index in range(CROWD):
            place = {"start": at(1, f"{8 + index % 8:02}:{15 * (index // 8 % 4):02}"), "customer": CUSTOMER}
            if index % 2:
                place.update(service=ids.services["use"], duration_min=[60, 90, 30][index % 3])
            else:
                place.update(service=ids.services["play"], duration_min=[60, 45][index % 3 % 2], party=1 + index % 3)
            requests.append(("/v1/bookings", place))
        replies = await crowd(server.port, requests)
        for reply in replies:
            if reply.status != 201:
                reply.expect(409, "slot-full")
        won = sum(reply.status == 201 for reply in replies)
        check(won >= 10, "winners:", won)
        equal(consistent(server.db), won, "bookings in the database")


if __name__ == "__main__":
    main(dict(globals()))
