#!/usr/bin/python3
"""
kill -9 at random moments under load, of the server KILLS times (default 100), of a database server CRASHES times (default 8):
whatever was acknowledged is there, whoever asks again with the same key learns the one outcome, and every subscriber goes on from
where it stood or is told to begin anew; in the end all see the same.

The only waits for time are the random moments of the kills themselves.
"""
import asyncio
import collections
import contextlib
import json
import os
import random
import time
import uuid

import websockets

from databases import DATABASES, ENGINE, DatabaseServer, only
from slotcast import CUSTOMER, DEADLINE_S, Failure, Live, Reply, Server, at, check, database, day, equal, main, order, resource, service, venue_file
from test_storm import consistent, read_reply

KILLS = int(os.environ.get("KILLS", "100"))
CRASHES = int(os.environ.get("CRASHES", "8"))
WRITERS = 8
SUBSCRIBERS = 6
COMPARE_EVERY = 20

HOUSE = venue_file(
    resources=[resource("room"), resource("annex"), resource("court", "pooled", capacity=4), resource("yoga", "session", capacity=20)],
    services=[service("visit", ["room", "annex"], durations_min=[60, 30], step_min=30), service("play", ["court"], party_max=2),
              service("yoga", ["yoga"])],
    sessions=[{"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}])
DAYS = 6


class World:
    """What the tasks share."""

    def __init__(self, server):
        self.server = server
        self.up = asyncio.Event()
        self.go = asyncio.Event()
        self.done = False
        self.acknowledged = {}  # ref → state
        self.counts = collections.Counter()
        self.last_position = None
        self.idle = 0


class Client:
    """A connection that asks again, with the same key, until it has an answer that is one."""

    def __init__(self, world):
        self.world = world
        self.reader = self.writer = None

    async def once(self, method, path, body, headers):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.world.server.port)
        data = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(data)}", *headers]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return await asyncio.wait_for(read_reply(self.reader), DEADLINE_S)

    async def ask(self, method, path, body=None, *headers):
        headers = (*headers, f"Idempotency-Key: {uuid.uuid4().hex}") if method != "GET" else headers
        deadline = time.monotonic() + 3 * DEADLINE_S
        while True:
            check(time.monotonic() < deadline, "no definite answer:", method, path)
            await self.world.up.wait()
            try:
                reply = await self.once(method, path, body, headers)
            except (OSError, asyncio.IncompleteReadError):
                self.world.counts["broken"] += 1
                self.drop()
                await asyncio.sleep(0)
                continue
            if reply.status == 503 or reply.code == "in-flight":
                self.world.counts[reply.code] += 1
                await asyncio.sleep(0.01)  # who asks again at once only keeps the machine busy
                continue
            return reply

    def drop(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


async def writer(world, ids, seed):
    """Books, holds, confirms, moves and cancels its own things; every answer is remembered."""
    rng = random.Random(seed)
    client = Client(world)
    mine = []

    def note(reply):
        ref, state = reply.json["ref"], reply.json["state"]
        world.acknowledged[ref] = state
        world.counts["acknowledged"] += 1
        if not world.last_position or order(reply.json["position"]) > order(world.last_position):
            world.last_position = reply.json["position"]
        return reply.json

    def place():
        key = rng.choice(["visit", "visit", "play", "yoga"])
        if key == "yoga":
            return {"service": ids.services[key], "start": at(rng.randrange(1, DAYS), "18:00")}
        return {"service": ids.services[key], "start": at(rng.randrange(1, DAYS), f"{rng.randrange(24):02}:00")}

    while not world.done:
        if not world.go.is_set():
            world.idle += 1
            await world.go.wait()
            world.idle -= 1
            continue
        action = rng.random()
        if action < 0.45 or not mine:
            reply = await client.ask("POST", "/v1/bookings", {**place(), "customer": CUSTOMER})
            if reply.status == 201:
                mine.append(note(reply))
            else:
                reply.expect(409)
        elif action < 0.6:
            reply = await client.ask("POST", "/v1/holds", place())
            if reply.status == 201:
                hold = note(reply)
                if rng.random() < 0.7:
                    mine.append(note((await client.ask("POST", "/v1/bookings", {"hold": hold["ref"], "customer": CUSTOMER})).expect(201)))
                else:
                    note((await client.ask("POST", f"/v1/holds/{hold['ref']}:release")).expect(200))
            else:
                reply.expect(409)
        elif action < 0.75:
            index = rng.randrange(len(mine))
            booking = mine[index]
            target = place()
            if target["service"] != booking["service"]:
                continue
            reply = await client.ask("PATCH", f"/v1/bookings/{booking['ref']}", {"start": target["start"]}, f'If-Match: "{booking["version"]}"')
            if reply.status == 200:
                mine[index] = note(reply)
            else:
                check(reply.status in (409, 422), reply)
        else:
            booking = mine.pop(rng.randrange(len(mine)))
            note((await client.ask("POST", f"/v1/bookings/{booking['ref']}:cancel")).expect(200))
    client.drop()


class Follower(Live):
    """Comes back after every break with the position it had."""

    async def follow(self, world):
        while not world.done:
            await world.up.wait()
            begun = self.position
            try:
                await self.connect()
                if begun:
                    world.counts["resumes asked"] += 1
                while True:
                    await self.next(3 * DEADLINE_S)
            except (OSError, websockets.exceptions.WebSocketException, asyncio.IncompleteReadError):
                await asyncio.sleep(0)


def acknowledged_are_there(world):
    stored = dict(world.server.db.rows("SELECT ref, state FROM booking"))
    for ref, state in world.acknowledged.items():
        check(ref in stored, "an acknowledged booking is lost:", ref, state)
        equal(stored[ref], state, f"state of {ref}")
    # everybody asked until there was an answer: what nobody was told of was done twice
    equal(set(stored) - set(world.acknowledged), set(), "bookings that nobody was told of")


async def compare(world, followers, ids):
    """Everybody rests; then every view is what availability says."""
    world.go.clear()
    deadline = time.monotonic() + 3 * DEADLINE_S
    while world.idle < WRITERS:
        check(time.monotonic() < deadline, "the writers do not come to rest")
        await asyncio.sleep(0.01)
    acknowledged_are_there(world)
    consistent(world.server.db)
    for follower in followers:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            answer = await asyncio.to_thread(world.server.slots, follower.message["service"], day(1), day(DAYS))
            wanted = answer["slots"]
            if follower.position and follower.view() == wanted:
                break
            if time.monotonic() > deadline:
                got = follower.view()
                differ = [(a, b) for a, b in zip(got, wanted) if a != b][:3]
                raise Failure(f"a view differs at {follower.position} (availability at {answer['position']}): "
                              f"{len(got)} rows, {len(wanted)} wanted, {differ}")
            await asyncio.sleep(0.01)
    world.go.set()


async def supervise(task_list, coroutine):
    """Run it, but fail at once when a task fails."""
    runner = asyncio.ensure_future(coroutine)
    done, _ = await asyncio.wait([runner, *task_list], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if task is not runner:
            runner.cancel()
            task.result()
            raise Failure("a task ended early")
    return runner.result()


async def crashes(world, followers, ids):
    """The database's server dies and is started again; nobody touches ours."""
    rng = random.Random(random.random())
    database = world.server.db.server
    back = []
    for number in range(1, CRASHES + 1):
        await asyncio.sleep(rng.choice([0.1, 0.5, 1]) * rng.random())
        await asyncio.to_thread(database.crash)
        await asyncio.to_thread(database.again)
        begun, before = time.monotonic(), world.counts["acknowledged"]
        while world.counts["acknowledged"] == before:
            check(time.monotonic() - begun < 2 * DEADLINE_S, "no booking after the database came back", world.counts)
            await asyncio.sleep(0.01)
        back.append(time.monotonic() - begun)
        if number % 4 == 0 or number == CRASHES:
            await compare(world, followers, ids)
    back.sort()
    print(f"# {CRASHES} crashes of the database; booking again {back[len(back) // 2]:.2f} s (median) after it, {back[-1]:.2f} s at most")
    check(world.counts["unavailable"] + world.counts["outcome-unknown"] > 0, "nobody noticed that the database was away", world.counts)


async def kills(world, followers, ids):
    rng = random.Random(random.random())
    server = world.server
    downtimes = []
    for number in range(1, KILLS + 1):
        await asyncio.sleep(rng.choice([0.02, 0.1, 0.3, 0.6]) * rng.random())
        world.up.clear()
        server.kill()
        begun = time.monotonic()
        await asyncio.to_thread(server.restart)
        downtimes.append(time.monotonic() - begun)
        world.up.set()
        if number % COMPARE_EVERY == 0 or number == KILLS:
            await compare(world, followers, ids)
    downtimes.sort()
    print(f"# {KILLS} kills; listening again after {downtimes[len(downtimes) // 2]:.3f} s (median), {downtimes[-1]:.3f} s at most")


async def under_load(server, harm):
    """Writers and followers at work while `harm` does its own; returns what they counted."""
    begun = time.monotonic()
    server.import_file(HOUSE)
    server.start()
    world = World(server)
    world.up.set()
    world.go.set()
    ids = server.venue("house")
    names = ["visit", "play", "yoga"]
    followers = [Follower(server.port, ids.services[names[i % 3]], day(1), day(DAYS), mode="every" if i % 2 else "latest")
                 for i in range(SUBSCRIBERS)]
    tasks = [asyncio.ensure_future(writer(world, ids, random.random())) for _ in range(WRITERS)]
    tasks += [asyncio.ensure_future(follower.follow(world)) for follower in followers]
    try:
        await supervise(tasks, harm(world, followers, ids))
        world.done = True
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)  # one that waits for a server that will not come is left behind
    print(f"# reasons of resets: {dict(collections.Counter(reason for f in followers for reason in f.reasons))}")
    print(f"# {dict(world.counts)}; resets {sum(f.resets for f in followers)}, snapshots {sum(f.snapshots for f in followers)}, "
          f"deltas {sum(len(f.deltas) for f in followers)}; {time.monotonic() - begun:.0f} s")
    return world, followers


async def test_kill_9_at_random_moments_loses_nothing():
    with database() as server:
        world, followers = await under_load(server, kills)
        check(world.counts["acknowledged"] > 10 * KILLS ** 0.5, "too little was done to prove anything", world.counts)
        check(world.counts["resumes asked"] >= KILLS, "the subscribers were not cut off", world.counts)
        check(sum(f.snapshots for f in followers) < sum(1 for _ in followers) + world.counts["resumes asked"] // 2,
              "most resumes should need no snapshot")


@only("postgres", "mariadb")
async def test_a_database_that_crashes_loses_nothing_either():
    own = DatabaseServer(ENGINE)
    try:
        with contextlib.closing(Server(db=DATABASES[ENGINE](server=own))) as server:
            world, _ = await under_load(server, crashes)
            check(world.counts["acknowledged"] > 10 * CRASHES, "too little was done to prove anything", world.counts)
    finally:
        own.remove()


if __name__ == "__main__":
    main(dict(globals()))
