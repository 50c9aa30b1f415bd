#!/usr/bin/python3
"""A thousand pages wait by long-poll behind a proxy's cache: the server has one request, and everybody is told. docs/caching-proxy.md"""
import asyncio
import collections
import contextlib
import http.client
import os
import resource as limits
import subprocess
import time
import urllib.parse

from databases import SERVERS
from slotcast import Failure, Reply, at, check, day, equal, house, main, problem, resource, service

CROWD = int(os.environ.get("CROWD", "1000"))
WAIT_S = 60  # longer than everything that a test does while the crowd waits
ANSWER_S = 2 * WAIT_S


class Proxy:
    """nginx as docs/caching-proxy.md says, in front of a server."""

    def __init__(self, server):
        self.server = server
        self.folder = server.folder / "proxy"
        self.port = urllib.parse.urlsplit(self.script("start", f"127.0.0.1:{server.port}")).port

    def script(self, act, *words):
        done = subprocess.run([str(SERVERS / "nginx"), act, str(self.folder), *words], capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, "nginx", act, done.stdout, done.stderr)
        return done.stdout.strip()

    def get(self, path, host="x"):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)) as connection:
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def requests(self):
        """Those that it is about to answer, but for this one."""
        words = self.get("/", host="status").raw.decode().split()
        return int(words[words.index("Writing:") + 1]) - 1

    def told(self, path, count):
        """What the cache was to the requests for this path, once all of them are in the log."""
        def lines():
            asked = [line.split() for line in (self.folder / "access.log").read_text().splitlines()]
            return [cache for cache, _, uri in asked if uri == path]
        until(lambda: len(lines()) >= count, f"{count} requests in the proxy's log")
        return collections.Counter(lines())

    def stop(self):
        self.script("stop")


def until(condition, what):
    deadline = time.monotonic() + ANSWER_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"never: {what}")


@contextlib.contextmanager
def venue():
    with house("--public-metrics", "on", resources=[resource("room")], services=[service("visit", ["room"])]) as (server, ids):
        proxy = Proxy(server)
        try:
            yield server, proxy, ids.services["visit"]
        finally:
            proxy.stop()


def question(visit, **members):
    return "/v1/live/poll?" + urllib.parse.urlencode({"topic": "availability", "service": visit, "from": day(1), "to": day(2), **members})


def next_question(visit, answer, wait):
    """Where this answer leads."""
    last = answer.json[-1]
    return question(visit, after=last.get("to") or last["position"], wait=wait, seen=answer.headers["rowcast-seen"])


def waiting(server):
    """Polls that wait at the server itself."""
    for line in server.get("/metrics").raw.decode().splitlines():
        if line.startswith('rowcast_live_subscribers{transport="poll"} '):
            return int(line.split()[1])
    raise Failure("the metric of waiting polls is gone")


class Crowd:
    """Connections to the proxy that ask the same question together."""

    def __init__(self, proxy):
        self.proxy = proxy
        self.connections = []

    async def come(self, count):
        for begin in range(0, count, 200):
            self.connections += await asyncio.gather(
                *(asyncio.open_connection("127.0.0.1", self.proxy.port) for _ in range(min(200, count - begin))))

    def ask(self, path):
        for _, writer in self.connections:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def wait_at_the_proxy(self):
        """Until each has been heard. The answers are not there yet: who was answered is not counted."""
        deadline = time.monotonic() + ANSWER_S
        while await asyncio.to_thread(self.proxy.requests) != len(self.connections):
            check(time.monotonic() < deadline, "the crowd does not wait")

    async def answers(self):
        return await asyncio.wait_for(asyncio.gather(*(self.answer(reader) for reader, _ in self.connections)), ANSWER_S)

    async def answer(self, reader):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
        return Reply(int(lines[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", 0))))

    def leave(self):
        for _, writer in self.connections:
            writer.close()


def same(answers):
    """The answer that all of them got; the server's number of the request says that it was one."""
    equal(len({(answer.status, answer.raw, answer.headers["x-request-id"], answer.headers["rowcast-seen"]) for answer in answers}), 1, "answers")
    return answers[0]


async def test_a_thousand_who_wait_are_one_request_and_all_are_told():
    with venue() as (server, proxy, visit):
        crowd = Crowd(proxy)
        await crowd.come(CROWD)
        answer = proxy.get(question(visit)).expect(200)
        position = answer.json[0]["position"]
        for clock in ("10:00", "11:00"):  # and go on from there
            path = next_question(visit, answer, WAIT_S)
            crowd.ask(path)
            await crowd.wait_at_the_proxy()
            until(lambda: waiting(server) > 0, "the one request is at the server")
            equal(waiting(server), 1, "requests at the server")
            booked = server.book(service=visit, start=at(1, clock)).expect(201).json
            answer = same(await crowd.answers()).expect(200)
            equal([(message["type"], message["from"], message["to"]) for message in answer.json], [("delta", position, booked["position"])])
            equal([(row["start"], row["remaining"]) for row in answer.json[0]["upsert"]], [(at(1, clock), 0)], "what changed")
            equal(proxy.told(path, CROWD), {"MISS": 1, "HIT": CROWD - 1}, "the cache")
            equal(server.get(path).raw, answer.raw, "the server's own answer")
            position = booked["position"]
        crowd.leave()


async def test_a_quiet_turn_costs_one_request_too_and_who_comes_later_is_led_to_the_next():
    with venue() as (server, proxy, visit):
        crowd = Crowd(proxy)
        await crowd.come(CROWD // 10)
        answer = proxy.get(question(visit))
        position = answer.json[0]["position"]
        path = next_question(visit, answer, 1)
        crowd.ask(path)
        quiet = same(await crowd.answers()).expect(204)
        equal(proxy.told(path, CROWD // 10)["MISS"], 1, "requests for a turn")
        crowd.leave()
        server.book(service=visit, start=at(1)).expect(201)
        for answer in (quiet, proxy.get(path)):  # of the crowd; and later: the kept answer, or the change when it is kept no more
            if answer.status == 204:
                answer = proxy.get(question(visit, after=position, wait=1, seen=answer.headers["rowcast-seen"]))
            equal([(message["type"], message["from"]) for message in answer.expect(200).json], [("delta", position)])


def test_what_would_make_clients_spin_or_stay_wrong_is_not_kept():
    with venue() as (server, proxy, visit):
        position = proxy.get(question(visit)).json[0]["position"]
        for path, status in [(question(visit, after=position, wait=0), 204),  # for who does not count turns
                             (question(9999), 404), (question(visit, wait="x"), 400)]:
            answers = [proxy.get(path).expect(status) if status < 400 else proxy.get(path) for _ in range(3)]
            equal([(answer.status, answer.headers["cache-control"]) for answer in answers], [(status, "no-store")] * 3, path)
            equal(len({answer.headers["x-request-id"] for answer in answers}), 3, "answers of the server's own")
            equal(proxy.told(path, 3), {"MISS": 3}, "the cache")
            if status >= 400:
                problem(answers[0])


def test_pages_and_bookings_pass():
    with venue() as (server, proxy, visit):
        path = f"/v1/availability?service={visit}&from={day(1)}&to={day(1)}"
        before = proxy.get(path).expect(200)
        server.book(service=visit, start=at(1)).expect(201)
        check(proxy.get(path).raw != before.raw, "what is not a poll is not kept")
        equal(proxy.told(path, 2), {"-": 2}, "the cache")


if __name__ == "__main__":
    soft, hard = limits.getrlimit(limits.RLIMIT_NOFILE)
    limits.setrlimit(limits.RLIMIT_NOFILE, (hard, hard))
    main(dict(globals()))
