#!/usr/bin/python3
"""Two processes on one database and one port: for more connections than one process may have, and so that one may go."""
import contextlib
import json
import urllib.request

from slotcast import Live, Server, at, check, day, equal, main, resource, service, venue_file

HOUSE = dict(resources=[resource("a"), resource("b")], services=[service("room", ["a", "b"])])
SCREENS = 40


@contextlib.contextmanager
def sharing():
    with Server("--share-port", "on") as first:
        first.import_file(venue_file(**HOUSE))
        second = Server("--share-port", "on", db=first.db)
        try:
            second.start(listen=f"127.0.0.1:{first.port}")
            yield first, second, first.venue("house").services["room"]
        finally:
            second.stop(check_status=False)


def served(server):
    """Its WebSockets, by its own count, on the operator's listener that its log names."""
    log = [json.loads(line) for line in (server.folder / "server.log").read_text().splitlines()]
    port = next(line for line in log if line["event"] == "operator-listening")["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('http_connections{kind="websocket"}'))


def taken(live):
    return {(row["start"], row["resource"]) for row in live.rows.values() if not row["remaining"]}


async def test_both_serve_and_each_shows_what_the_other_sold():
    with sharing() as (first, second, room):
        screens = [await Live(first.port, room, day(1), day(1)).connect() for _ in range(SCREENS)]
        for live in screens:
            await live.until(lambda live: live.snapshots, "a snapshot")
        equal(served(first) + served(second), SCREENS, "screens of both")
        check(served(first) and served(second), "all screens are with one of them:", served(first), served(second))
        replies = [first.book(service=room, start=at(1)).expect(201) for _ in range(2)]
        equal(len({reply.json["resource"] for reply in replies}), 2, "rooms")
        first.book(service=room, start=at(1)).expect(409)
        for live in screens:
            await live.until(lambda live: len(taken(live)) == 2, "both bookings")
            await live.close()


async def test_when_one_goes_its_screens_go_on_with_the_other():
    with sharing() as (first, second, room):
        screens = [await Live(first.port, room, day(1), day(1)).connect() for _ in range(SCREENS)]
        for live in screens:
            await live.until(lambda live: live.snapshots, "a snapshot")
        check(served(second), "no screen is with the second")
        second.kill()
        first.book(service=room, start=at(1)).expect(201)
        for live in screens:
            position = live.position
            again = await Live(first.port, room, day(1), day(1), after=position).connect()
            again.rows = live.rows
            await again.until(lambda live: len(taken(live)) == 1, "the booking, by a delta")
            equal(again.resets, 0, "resets")
            await live.close()
            await again.close()


def test_without_the_option_a_port_that_is_taken_is_refused():
    with Server("--share-port", "on") as first:
        other = Server(db=first.db)
        other.spawn(listen=f"127.0.0.1:{first.port}")
        equal(other.process.wait(60), 1, "exit status")
        check("Address already in use" in other.log_tail(), other.log_tail())
        other.process.stdout.close()
        other.process = None


if __name__ == "__main__":
    main(dict(globals()))
