#!/usr/bin/python3
"""The live endpoints over real sockets, on two reactors: WebSocket (python3-websockets, a foreign client), SSE and long-poll (http.client).
Usage: test_live.py PATH/live_testd [unittest arguments]"""

import asyncio
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import unittest
import zlib

import websockets
import websockets.extensions.permessage_deflate

TESTD = sys.argv[1]
REQUESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../protocol/vectors/live-requests.json")


class Server:
    def __init__(self, *options):
        self.process = subprocess.Popen([TESTD, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.lock = threading.Lock()

    def do(self, *lines):
        """Commands; the position after the last one."""
        with self.lock:
            for at in range(0, len(lines), 1000):  # more would fill the pipe of the answers
                some = lines[at:at + 1000]
                self.process.stdin.write("".join(line + "\n" for line in some).encode())
                self.process.stdin.flush()
                for _ in some:
                    answer = self.process.stdout.readline().decode().strip()
            return answer

    def put(self, table, *keys, size=0):
        return self.do(*[f"put {table} {key} {size}" for key in keys], "commit")

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(20)
        self.process.stdout.close()
        if status != 0:
            raise AssertionError(f"live_testd ended with {status}")

    def get(self, path, headers=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("GET", path, headers=headers or {})
        return connection, connection.getresponse()

    def poll(self, query, timeout=20):
        connection, reply = self.get("/v1/live/poll?" + query, timeout=timeout)
        body = reply.read()
        connection.close()
        return reply, json.loads(body) if body else None


@contextlib.contextmanager
def server(*options):
    one = Server(*options)
    try:
        yield one
    finally:
        one.stop()


class View:
    """Folds what a subscription gets, and checks the chain of positions while doing so."""

    def __init__(self):
        self.rows, self.position, self.reset, self.snapshots, self.deltas = {}, None, False, 0, 0

    def take(self, message):
        if message["type"] == "reset":
            self.reset = True
        elif message["type"] == "snapshot":
            assert self.position is None or self.reset, message
            self.rows = {row["id"]: row["v"] for row in message["rows"]}
            self.position, self.reset = message["position"], False
            self.snapshots += 1
        elif message["type"] == "delta":
            assert message["from"] == self.position and not self.reset, (message, self.position)
            self.rows.update({row["id"]: row["v"] for row in message["upsert"]})
            for key in message["remove"]:
                self.rows.pop(key, None)
            self.position = message["to"]
            self.deltas += 1


class Socket:
    """A WebSocket client and its views by subscription."""

    def __init__(self, ws):
        self.ws, self.views, self.errors, self.statuses = ws, {}, [], []

    async def subscribe(self, id="a", table="t0", **more):
        self.views.setdefault(id, View())
        await self.ws.send(json.dumps({"type": "subscribe", "id": id, "topic": "rows", "table": table, **more}))

    async def next(self, *types, timeout=20):
        """The next message; with types: the next of these. Every one on the way is folded."""
        while True:
            message = json.loads(await asyncio.wait_for(self.ws.recv(), timeout))
            if message["type"] == "status":
                self.statuses.append(message)
            elif message["type"] == "error":
                self.errors.append(message)
            else:
                self.views[message["id"]].take(message)
            if not types and message["type"] != "status" or message["type"] in types:
                return message

    async def reach(self, id, position, timeout=30):
        while self.views[id].position != position:
            await self.next("snapshot", "delta", timeout=timeout)
        return self.views[id]


def connect(one, compression=None, **more):
    return websockets.connect(f"ws://127.0.0.1:{one.port}/v1/live", subprotocols=["rowcast.v1+json"], max_size=None,
                              compression=compression, **more)


def live(test, *options):
    """Run an async test with a server."""

    def run(self):
        async def body():
            with server(*options) as one:
                await test(self, one)

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


def with_options(*options):
    return lambda test: live(test, *options)


class WebSocket(unittest.TestCase):
    @live
    async def test_a_subscription_begins_with_a_snapshot_then_status_then_deltas(self, one):
        one.put(0, 1, 2)
        async with connect(one) as ws:
            self.assertEqual(ws.subprotocol, "rowcast.v1+json")
            client = Socket(ws)
            await client.subscribe()
            snapshot = await client.next()
            self.assertEqual(snapshot, {"type": "snapshot", "id": "a", "position": "abc1.1001",
                                        "rows": [{"id": "k1", "v": 1, "pad": ""}, {"id": "k2", "v": 2, "pad": ""}]})
            status = await client.next("status")
            self.assertEqual(status, {"type": "status", "state": "live", "lag_ms": 0, "age_ms": 0})
            one.do("put 0 1 0", "remove 0 2", "commit")
            delta = await client.next()
            self.assertEqual(delta, {"type": "delta", "id": "a", "from": "abc1.1001", "to": "abc1.1002",
                                     "upsert": [{"id": "k1", "v": 3, "pad": ""}], "remove": ["k2"]})

    @live
    async def test_a_transaction_that_changes_nothing_in_a_topic_sends_nothing(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            await client.next("snapshot")
            one.put(1, 1)
            position = one.put(0, 1)
            delta = await client.next()
            self.assertEqual((delta["from"], delta["to"]), ("abc1.1000", position))

    @live
    async def test_a_late_joiner_gets_his_own_from(self, one):
        async with connect(one) as first, connect(one) as second:
            a, b = Socket(first), Socket(second)
            await a.subscribe()
            await a.next("snapshot")
            one.do("skip 5")
            await b.subscribe()
            self.assertEqual((await b.next())["position"], "abc1.1005")
            one.put(0, 1)
            self.assertEqual((await a.next())["from"], "abc1.1000")
            self.assertEqual((await b.next())["from"], "abc1.1005")
            one.put(0, 1)
            self.assertEqual((await a.next())["from"], "abc1.1006")
            self.assertEqual((await b.next())["from"], "abc1.1006")

    @live
    async def test_a_resume_continues_without_a_snapshot(self, one):
        position = one.put(0, 1, 2, 3)
        one.do("put 0 1 0", "remove 0 3", "commit")
        async with connect(one) as ws:
            client = Socket(ws)
            client.views["a"] = View()
            client.views["a"].position, client.views["a"].rows = position, {"k1": 1, "k2": 2, "k3": 3}
            await client.subscribe(after=position)
            delta = await client.next()
            self.assertEqual(delta["type"], "delta")
            self.assertEqual(client.views["a"].rows, {"k1": 4, "k2": 2})

    @live
    async def test_a_resume_at_the_head_says_nothing_but_status(self, one):
        position = one.put(0, 1)
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe(after=position)
            client.views["a"].position = position
            await client.next("status")
            one.put(0, 1)
            self.assertEqual((await client.next())["type"], "delta")

    @live
    async def test_mode_every_replays_each_transaction_that_was_missed(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe(mode="every")
            await client.next("snapshot")
        positions = [one.put(0, 1) for _ in range(20)]
        async with connect(one) as ws:
            again = Socket(ws)
            again.views = client.views
            await again.subscribe(mode="every", after="abc1.1000")
            self.assertEqual([(await again.next())["to"] for _ in positions], positions)
            self.assertEqual(again.views["a"].rows, {"k1": 20})

    @live
    async def test_what_time_changed_comes_with_to_equal_from_and_again_after_a_resume(self, one):
        position = one.put(0, 1, 2)
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            await client.next("snapshot")
            one.do("remove 0 1", "time")
            delta = await client.next()
            self.assertEqual((delta["from"], delta["to"], delta["remove"]), (position, position, ["k1"]))
        async with connect(one) as ws:
            again = Socket(ws)
            again.views = client.views
            await again.subscribe(after=position)
            delta = await again.next()
            self.assertEqual((delta["from"], delta["to"], delta["remove"]), (position, position, ["k1"]))

    @live
    async def test_old_unknown_and_future_positions_get_reset_then_a_snapshot(self, one):
        one.put(0, 1)
        one.do("skip 10", "retain 1005")
        async with connect(one) as ws:
            client = Socket(ws)
            for id, after in (("old", "abc1.1004"), ("unknown", "1.1"), ("future", "abc1.9999")):
                await client.subscribe(id=id, after=after)
                reset = await client.next()
                self.assertEqual((reset["type"], reset["id"]), ("reset", id))
                self.assertTrue(reset["reason"])
                snapshot = await client.next()
                self.assertEqual((snapshot["type"], snapshot["id"], snapshot["position"]), ("snapshot", id, "abc1.1011"))
            await client.subscribe(id="kept", after="abc1.1005")
            await client.subscribe(id="z")
            self.assertEqual((await client.next())["id"], "z")

    @live
    async def test_a_new_epoch_resets_everybody(self, one):
        one.put(0, 1)
        async with connect(one) as a, connect(one) as b:
            clients = [Socket(a), Socket(b)]
            for client, mode in zip(clients, ("latest", "every")):
                await client.subscribe(mode=mode)
                await client.next("snapshot")
            one.do("restart restored from a backup")
            for client in clients:
                self.assertEqual((await client.next())["reason"], "restored from a backup")
                self.assertEqual((await client.next())["position"], "abc2.1001")
            one.put(0, 1)
            for client in clients:
                self.assertEqual((await client.next())["to"], "abc2.1002")

    @live
    async def test_messages_that_cannot_be_read_get_an_error_without_id_and_the_connection_lives(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            for text in ("", "{", "[]", "1", '{"type":1}', '{"type":"dance","id":"a"}', '{"id":"a"}',
                         '{"type":"subscribe","type":"subscribe","id":"a"}', '{"type":"subscribe","id":"a\\u0000b"}'):
                await ws.send(text)
                error = await client.next()
                self.assertEqual((error["type"], error["code"], error["status"]), ("error", "bad-request", 400), text)
                self.assertNotIn("id", error)
            await client.subscribe()
            self.assertEqual((await client.next())["type"], "snapshot")

    @live
    async def test_golden_requests_are_answered_as_they_say(self, one):
        with open(REQUESTS, encoding="utf-8") as file:
            requests = json.load(file)["requests"]
        for request in requests:
            async with connect(one) as ws:
                await ws.send(request["text"])
                answer = json.loads(await asyncio.wait_for(ws.recv(), 20))
                if request["ok"]:
                    self.assertIn(answer["type"], ("snapshot", "reset", "delta", "status"), request)
                else:
                    self.assertEqual(answer["type"], "error", request)
                    for member in ("code", "field", "id"):
                        self.assertEqual(answer.get(member), request.get(member), request)

    @live
    async def test_a_rate_merges_what_changes_between_and_ends_with_the_last_state(self, one):
        async with connect(one) as a, connect(one) as b:
            slow, quick, begun = Socket(a), Socket(b), time.monotonic()
            await slow.subscribe(max_per_s=5)
            await slow.subscribe(id="held", max_per_s=0.02)
            await quick.subscribe(mode="every")
            for client in (slow, slow, quick):
                await client.next("snapshot")
            for i in range(200):
                position = one.put(0, i % 50)
            await quick.reach("a", position)
            await slow.reach("a", position)
            lasted = time.monotonic() - begun  # on a slow machine there may be more of them, never closer together
            self.assertEqual(slow.views["a"].rows, quick.views["a"].rows)
            self.assertEqual(quick.views["a"].deltas, 200)
            for id, per_s in (("a", 5), ("held", 0.02)):
                self.assertIn(slow.views[id].deltas, range(1, int(lasted * per_s) + 2), id)

    @with_options("rate_max=10")
    async def test_a_rate_has_its_limit_from_the_server(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe(max_per_s=10)
            await client.next("snapshot")
            await client.subscribe(id="b", max_per_s=10.01)
            error = await client.next()
            self.assertEqual((error["id"], error["field"]), ("b", "max_per_s"))
            self.assertIn("1/60 to 10", error["detail"])

    @live
    async def test_wrong_subscriptions_get_an_error_with_their_id_and_the_field(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe(id="taken")
            await client.next("snapshot")
            for message, field, code in (
                    ({"id": "taken", "topic": "rows", "table": "t1"}, "id", "validation"),
                    ({"id": "a", "topic": "weather"}, "topic", "validation"),
                    ({"id": "a"}, "topic", "validation"),
                    ({"id": "a", "topic": "rows"}, "table", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "limit": 1}, "table", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "mode": "often"}, "mode", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "after": "yesterday"}, "after", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "after": 7}, "after", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "wait": 7}, "wait", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t0", "seen": "7"}, "seen", "validation"),
                    ({"id": "a", "topic": "rows", "table": "t9"}, None, "not-found")):
                await ws.send(json.dumps({"type": "subscribe", **message}))
                error = await client.next()
                self.assertEqual((error["type"], error["id"], error.get("field"), error["code"]),
                                 ("error", message["id"], field, code))
                self.assertTrue(error["detail"] and error["title"])
            one.put(0, 1)
            self.assertEqual((await client.next())["id"], "taken")

    @live
    async def test_ids_have_1_to_64_bytes(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            for id in ("", "x" * 65, "é" * 32 + "x", 7, None):
                await ws.send(json.dumps({"type": "subscribe", "id": id, "topic": "rows", "table": "t0"}))
                error = await client.next()
                self.assertEqual((error["type"], error.get("field")), ("error", "id"))
                self.assertNotIn("id", error)
            for id in ("x", "y" * 64, "é" * 32, 'a"\\\n'):
                await client.subscribe(id=id)
                self.assertEqual((await client.next())["id"], id)

    @live
    async def test_a_connection_has_at_most_100_subscriptions(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            for i in range(100):
                await client.subscribe(id=str(i), table=f"t{i % 4}")
                await client.next("snapshot")
            await client.subscribe(id="one too many")
            error = await client.next()
            self.assertEqual((error["type"], error["id"], error["code"]), ("error", "one too many", "too-many"))
            await ws.send('{"type":"unsubscribe","id":"5"}')
            await client.subscribe(id="again")
            self.assertEqual((await client.next())["type"], "snapshot")

    @live
    async def test_nothing_comes_after_an_unsubscribe(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe(id="a")
            await client.subscribe(id="b")
            await client.next("snapshot")
            await client.next("snapshot")
            await ws.send('{"type":"unsubscribe","id":"a"}')
            await ws.send('{"type":"unsubscribe","id":"a"}')
            error = await client.next()
            self.assertEqual((error["type"], error["id"], error["code"]), ("error", "a", "not-found"))
            one.put(0, 1)
            self.assertEqual((await client.next())["id"], "b")

    @live
    async def test_a_change_of_state_is_told_at_once(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            self.assertEqual((await client.next("status"))["state"], "live")
            one.do("status stale")
            status = await client.next("status", timeout=2)
            self.assertEqual((status["state"], status["lag_ms"]), ("stale", 7))
            self.assertGreaterEqual(status["age_ms"], 1500)

    @with_options("status_interval_us=20000")
    async def test_status_ticks(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            for _ in range(5):
                await client.next("status")
            self.assertEqual(client.views["a"].snapshots, 1)

    @with_options("position_interval_us=1000")
    async def test_an_idle_position_is_moved_on_by_an_empty_delta(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            await client.next("snapshot")
            one.do("skip 3")
            delta = await client.next()
            self.assertEqual((delta["from"], delta["to"], delta["upsert"], delta["remove"]), ("abc1.1000", "abc1.1003", [], []))

    @with_options("topics_max=2", "topic_linger_us=60000000")
    async def test_idle_topics_give_way_and_no_more_than_topics_max_are_open(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            for id, table in (("a", "t0"), ("b", "t1")):
                await client.subscribe(id=id, table=table)
                await client.next("snapshot")
            await client.subscribe(id="c", table="t2")
            self.assertEqual((await client.next())["code"], "too-many")
            await ws.send('{"type":"unsubscribe","id":"a"}')
            await client.subscribe(id="c", table="t2")
            self.assertEqual((await client.next())["type"], "snapshot")

    @live
    async def test_drain_closes_with_1012(self, one):
        async with connect(one) as ws:
            client = Socket(ws)
            await client.subscribe()
            await client.next("snapshot")
            one.do("drain")
            with self.assertRaises(websockets.ConnectionClosed):
                while True:
                    await client.next("delta")
            self.assertEqual(ws.close_code, 1012)

    @live
    async def test_foreign_origins_are_refused(self, one):
        async with connect(one, origin="https://friend.example"):
            pass
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            async with connect(one, origin="https://foe.example"):
                pass
        self.assertEqual(refused.exception.status_code, 403)


def raw_subscribe(one, id="a", table="t0", mode="latest", receive_buffer=None, headers=b""):
    """A client that shakes hands, subscribes and reads nothing."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect(("127.0.0.1", one.port))
    sock.settimeout(20)
    sock.sendall(b"GET /v1/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n" + headers + b"\r\n")
    text = json.dumps({"type": "subscribe", "id": id, "topic": "rows", "table": table, "mode": mode}).encode()
    head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else bytes([0x81, 0xFE]) + len(text).to_bytes(2, "big")
    sock.sendall(head + bytes(4) + text)
    return sock


def raw_frames(sock):
    """Text frames from the socket, their first byte and their payload; pings are skipped."""
    data = bytearray()

    def need(count):
        while len(data) < count:
            more = sock.recv(1 << 16)
            if not more:
                raise EOFError
            data.extend(more)

    while b"\r\n\r\n" not in data:
        need(len(data) + 1)
    del data[:data.index(b"\r\n\r\n") + 4]
    while True:
        need(2)
        first, size, at = data[0], data[1], 2
        if size > 125:
            at = 4 if size == 126 else 10
            need(at)
            size = int.from_bytes(data[2:at], "big")
        need(at + size)
        payload = bytes(data[at:at + size])
        del data[:at + size]
        if first & 15 == 1:
            yield first, payload


def inflated(payload):
    """A compressed message, read by a state that has seen no other (RFC 7692 §7.2.2)."""
    return zlib.decompressobj(wbits=-15).decompress(payload + b"\0\0\xff\xff")


def raw_messages(sock):
    for first, payload in raw_frames(sock):
        yield json.loads(inflated(payload) if first & 0x40 else payload)


class SlowClients(unittest.TestCase):
    def overrun(self, mode):
        async def body(one):
            slow = raw_subscribe(one, mode=mode, receive_buffer=4096)
            async with connect(one) as ws:
                quick = Socket(ws)
                await quick.subscribe(mode="every")
                await quick.next("snapshot")
                for i in range(400):  # 12 MB, far more than the kernel takes for one who does not read
                    position = one.put(0, i % 50, size=30000)
                    await quick.reach("a", position)
                view = View()
                for message in raw_messages(slow):
                    view.take(message)
                    if view.position == position:
                        break
                self.assertEqual(view.rows, quick.views["a"].rows)
            slow.close()
            return view, quick.views["a"]

        with server() as one:
            return asyncio.run(body(one))

    def test_a_slow_client_of_mode_latest_is_conflated_while_others_stay_healthy(self):
        slow, quick = self.overrun("latest")
        self.assertEqual(quick.deltas, 400)
        self.assertEqual(slow.snapshots, 1)
        self.assertLess(slow.deltas, 400)

    def test_a_slow_client_of_mode_every_starts_again_when_the_history_is_gone(self):
        slow, quick = self.overrun("every")
        self.assertEqual(quick.deltas, 400)
        self.assertGreater(slow.snapshots, 1)

    def test_a_client_that_never_reads_costs_nobody_anything(self):
        async def body(one):
            deaf = [raw_subscribe(one, receive_buffer=4096) for _ in range(20)]
            async with connect(one) as ws:
                quick = Socket(ws)
                await quick.subscribe()
                await quick.next("snapshot")
                for i in range(300):
                    await quick.reach("a", one.put(0, i % 50, size=20000))
            for sock in deaf:
                sock.close()

        with server() as one:
            asyncio.run(body(one))

    def test_a_snapshot_larger_than_any_buffer_reaches_a_slow_reader(self):
        """5 MB, where the http room's send buffer holds 256 KiB; and his pings may not be answered inside of it."""
        with server() as one:
            for key in range(100):
                one.do(f"put 0 {key} 50000")
            one.do("commit")
            slow = raw_subscribe(one, receive_buffer=4096)
            view, messages = View(), raw_messages(slow)
            for _ in range(5):
                time.sleep(0.05)  # not to wait for something: to be slow
                slow.sendall(b"\x89\x80" + bytes(4))
            view.take(next(messages))
            self.assertEqual((view.snapshots, len(view.rows)), (1, 100))
            position = one.put(0, 7)
            for message in messages:
                view.take(message)
                if view.position == position:
                    break
            slow.close()


DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"


class Compression(unittest.TestCase):
    def message(self, frames, *types):
        """The next message of these types: whether it came compressed, its payload, and what it says."""
        for first, payload in frames:
            message = json.loads(inflated(payload) if first & 0x40 else payload)
            if message["type"] in types:
                return first, payload, message

    def test_rows_are_compressed_once_for_everybody_and_what_is_small_goes_as_it_is(self):
        with server() as one:
            one.put(0, *range(200))
            socks = [raw_subscribe(one, id=id, headers=DEFLATE) for id in ("a", "another")]
            frames = [raw_frames(sock) for sock in socks]
            for change, compressed in ((None, True), ([7], False), (range(100), True)):
                if change:
                    one.put(0, *change)
                rests = set()
                for id, client in zip(("a", "another"), frames):
                    first, payload, message = self.message(client, "snapshot", "delta")
                    self.assertEqual(message["id"], id)
                    self.assertEqual(len(message.get("rows", message.get("upsert"))), len(change) if change else 200)
                    self.assertEqual(first, 0xC1 if compressed else 0x81)
                    if compressed:  # a stored block with what differs, then what is shared
                        stored = int.from_bytes(payload[1:3], "little")
                        self.assertEqual((payload[0], int.from_bytes(payload[3:5], "little")), (0, stored ^ 0xFFFF))
                        self.assertIn(f'"id":"{id}"'.encode(), payload[5:5 + stored])
                        rests.add(payload[5 + stored:])
                        self.assertLess(len(payload), len(inflated(payload)) / 4)
                self.assertEqual(len(rests), 1 if compressed else 0)
            for sock in socks:
                sock.close()

    def follow(self, mode, takeover):
        async def body(one):
            offer = websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory(
                server_no_context_takeover=not takeover, client_no_context_takeover=not takeover)
            async with connect(one, extensions=[offer]) as ws, connect(one) as plain:
                self.assertEqual([type(one).__name__ for one in ws.extensions], ["PerMessageDeflate"])
                clients = [Socket(ws), Socket(plain)]
                for client in clients:
                    for id in ("a", "b"):
                        await client.subscribe(id=id, mode=mode)
                        await client.next("snapshot")
                for count in (1, 500, 3, 20000, 1):
                    position = one.put(0, *range(count))
                    for client in clients:
                        for id in ("a", "b"):
                            await client.reach(id, position)
                await clients[0].subscribe(id="x" * 65)
                self.assertEqual((await clients[0].next("error"))["field"], "id")
                self.assertEqual(clients[0].views["a"].rows, clients[1].views["b"].rows)
                self.assertEqual(clients[0].views["a"].deltas, 5)

        with server() as one:
            one.put(0, *range(2000))
            asyncio.run(body(one))

    def test_a_foreign_client_reads_every_message_and_is_understood(self):
        for mode in ("latest", "every"):
            for takeover in (True, False):
                with self.subTest(mode, takeover=takeover):
                    self.follow(mode, takeover)

    def test_a_compressed_snapshot_larger_than_a_buffer_reaches_a_slow_reader(self):
        with server("status_interval_us=10000") as one:
            one.put(0, *range(20000))
            slow = raw_subscribe(one, receive_buffer=4096, headers=DEFLATE)
            view, messages = View(), raw_messages(slow)
            for i in range(5):
                time.sleep(0.02)  # not to wait for something: to be slow
                slow.sendall(b"\x89\x80" + bytes(4))
                position = one.put(0, i)
            while view.position != position:
                message = next(messages)
                view.take(message)
            self.assertEqual((view.snapshots, len(view.rows), view.rows["k4"]), (1, 20000, 20005))
            slow.close()

    @with_options("compress_bytes_min=0")
    async def test_no_compression_where_it_is_switched_off(self, one):
        one.put(0, *range(200))
        async with connect(one, compression="deflate") as ws:
            self.assertEqual(ws.extensions, [])
            client = Socket(ws)
            await client.subscribe()
            self.assertEqual(len((await client.next("snapshot"))["rows"]), 200)


class Events:
    """Server-sent events of one connection."""

    def __init__(self, one, query, headers=None):
        self.connection, self.reply = one.get("/v1/live/sse?" + query, headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def next(self, *types):
        while True:
            fields = {}
            while (line := self.reply.fp.readline().decode()) != "\n":
                if not line:
                    return None
                if not line.startswith(":"):
                    name, value = line.rstrip("\n").split(": ", 1)
                    assert name not in fields, line
                    fields[name] = value
            if fields and (not types and fields["event"] != "status" or fields["event"] in types):
                fields["data"] = json.loads(fields["data"])
                return fields


class ServerSentEvents(unittest.TestCase):
    def test_events_have_type_position_and_the_object_without_id(self):
        with server() as one, Events(one, "topic=rows&table=t0") as events:
            self.assertEqual(events.reply.status, 200)
            self.assertEqual(events.reply.getheader("Content-Type"), "text/event-stream")
            self.assertEqual(events.next(), {"event": "snapshot", "id": "abc1.1000",
                                             "data": {"type": "snapshot", "position": "abc1.1000", "rows": []}})
            self.assertEqual(events.next("status"), {"event": "status", "data": {"type": "status", "state": "live", "lag_ms": 0,
                                                                                 "age_ms": 0}})
            one.put(0, 1)
            self.assertEqual(events.next(), {"event": "delta", "id": "abc1.1001",
                                             "data": {"type": "delta", "from": "abc1.1000", "to": "abc1.1001",
                                                      "upsert": [{"id": "k1", "v": 1, "pad": ""}], "remove": []}})

    def test_last_event_id_resumes_and_wins_over_after(self):
        with server() as one:
            position = one.put(0, 1)
            one.put(0, 2)
            for query in ("", "&after=abc1.9999", "&after=nonsense"):
                with Events(one, "topic=rows&table=t0" + query, {"Last-Event-ID": position}) as events:
                    delta = events.next()
                    self.assertEqual((delta["event"], delta["data"]["from"]), ("delta", position))
            with Events(one, "topic=rows&table=t0&after=" + position) as events:
                self.assertEqual(events.next()["event"], "delta")

    def test_a_rate_stands_in_the_query(self):
        with server() as one:
            begun = time.monotonic()
            with Events(one, "topic=rows&table=t0&max_per_s=0.02") as events:
                self.assertEqual(events.next()["event"], "snapshot")
                self.assertEqual(one.put(0, 1), events.next()["data"]["to"])
                one.put(0, 1)
                one.do("restart told at once")
                deltas = 1
                while events.next()["event"] != "reset":
                    deltas += 1
                self.assertLessEqual(deltas, (time.monotonic() - begun) * 0.02 + 1)

    def test_reset_has_no_id_line(self):
        with server() as one, Events(one, "topic=rows&table=t0&after=9.9") as events:
            reset = events.next()
            self.assertEqual(reset["event"], "reset")
            self.assertNotIn("id", reset)
            self.assertEqual(events.next()["id"], "abc1.1000")

    def test_wrong_queries_are_refused(self):
        with server() as one:
            for query in ("", "topic=weather", "topic=rows", "topic=rows&table=t0&after=x", "topic=rows&table=t0&mode=x",
                          "topic=rows&table=t0&max_per_s=0", "topic=rows&table=t0&max_per_s=", "topic=rows&table=t0&max_per_s=1x",
                          "topic=rows&table=t0&max_per_s=0x1", "topic=rows&table=t0&max_per_s=1000.1", "topic=rows&table=t0&max_per_s=nan",
                          "topic=rows&table=t0&max_per_s=1&mode=every", "topic=rows&table=t0&table=t1", "topic=rows&table=t0&id=a", "topic=rows&table=%ZZ",
                          "topic=rows&table=%00", "topic=rows&table=%FF", "topic=rows&table=t0&=", "topic=rows&table=t0&%00=1"):
                connection, reply = one.get("/v1/live/sse?" + query)
                problem = json.loads(reply.read())
                self.assertEqual((reply.status, problem["code"]), (400, "validation"), query)
                connection.close()

    def test_a_topic_that_is_not_there_ends_with_an_error(self):
        with server() as one, Events(one, "topic=rows&table=t9") as events:
            error = events.next()
            self.assertEqual((error["event"], error["data"]["code"]), ("error", "not-found"))
            self.assertNotIn("id", error)
            self.assertIsNone(events.next())

    def test_drain_ends_the_stream(self):
        with server() as one, Events(one, "topic=rows&table=t0") as events:
            events.next("status")
            one.do("drain")
            self.assertIsNone(events.next("delta"))
            connection, reply = one.get("/v1/live/sse?topic=rows&table=t0")
            self.assertEqual(reply.status, 503)
            connection.close()


class LongPoll(unittest.TestCase):
    def test_without_after_the_snapshot_comes_at_once(self):
        with server() as one:
            one.put(0, 1)
            reply, objects = one.poll("topic=rows&table=t0")
            self.assertEqual(objects, [{"type": "snapshot", "position": "abc1.1001",
                                        "rows": [{"id": "k1", "v": 1, "pad": ""}]}])
            self.assertEqual(reply.getheader("Cache-Control"), "public, max-age=1, must-revalidate")

    def test_what_is_newer_comes_at_once_and_may_be_cached(self):
        with server() as one:
            one.put(0, 1)
            reply, objects = one.poll("topic=rows&table=t0&after=abc1.1000&wait=20")
            self.assertEqual([(o["type"], o["from"], o["to"]) for o in objects], [("delta", "abc1.1000", "abc1.1001")])
            self.assertEqual(reply.getheader("Cache-Control"), "public, max-age=5")

    def test_a_change_ends_the_wait(self):
        with server() as one:
            answer = []
            thread = threading.Thread(target=lambda: answer.append(one.poll("topic=rows&table=t0&after=abc1.1000&wait=20")))
            thread.start()
            while thread.is_alive():  # the poll may arrive after the first change: then it is answered at once
                one.put(0, 1)
                thread.join(0.05)
            self.assertEqual(answer[0][1][0]["from"], "abc1.1000")

    def test_time_out_is_204_and_not_kept(self):
        with server() as one:
            reply, objects = one.poll("topic=rows&table=t0&after=abc1.1000&wait=0")
            self.assertEqual((reply.status, objects, reply.getheader("Cache-Control")), (204, None, "no-store"))

    def test_for_who_counts_the_turns_each_leads_to_the_next_and_may_be_kept(self):
        with server() as one:
            seen = one.poll("topic=rows&table=t0")[0].getheader("Rowcast-Seen")
            instant = seen.split(".")[0]
            for turn in range(3):
                self.assertEqual(seen, f"{instant}.{turn}")
                reply, _ = one.poll(f"topic=rows&table=t0&after=abc1.1000&wait=0&seen={seen}")
                self.assertEqual((reply.status, reply.getheader("Cache-Control")), (204, "public, max-age=5"))
                seen = reply.getheader("Rowcast-Seen")
            one.put(0, 1)
            reply, _ = one.poll(f"topic=rows&table=t0&after=abc1.1000&seen={seen}")
            self.assertEqual(reply.getheader("Rowcast-Seen"), f"{instant}.0")

    def test_unknown_positions_get_reset_and_snapshot(self):
        with server() as one:
            reply, objects = one.poll("topic=rows&table=t0&after=1.1")
            self.assertEqual([o["type"] for o in objects], ["reset", "snapshot"])
            self.assertEqual(reply.getheader("Cache-Control"), "public, max-age=1, must-revalidate")

    def test_what_time_changed_is_told_but_does_not_make_clients_spin(self):
        with server() as one:
            position = one.put(0, 1)
            one.poll("topic=rows&table=t0")
            one.do("remove 0 1", "time")
            begun = time.monotonic()
            reply, objects = one.poll(f"topic=rows&table=t0&after={position}&wait=10")
            self.assertEqual([(o["from"], o["to"], o["remove"]) for o in objects], [(position, position, ["k1"])])
            self.assertGreater(time.monotonic() - begun, 0.5)
            self.assertEqual(reply.getheader("Cache-Control"), "no-store")

    def test_who_says_what_of_time_he_has_seen_is_told_only_what_is_new(self):
        with server() as one:
            position = one.put(0, 1)
            one.put(0, 2)
            reply, _ = one.poll("topic=rows&table=t0")
            position, seen = "abc1.1002", reply.getheader("Rowcast-Seen")
            one.do("remove 0 1", "time")
            query = f"topic=rows&table=t0&after={position}&wait=0&seen="
            reply, objects = one.poll(query + seen)
            self.assertEqual([o["remove"] for o in objects], [["k1"]])  # later than what he has seen
            self.assertEqual(reply.getheader("Cache-Control"), "public, max-age=5")
            seen = reply.getheader("Rowcast-Seen")
            instant, turn = seen.split(".")
            reply, objects = one.poll(query + seen)
            self.assertEqual((reply.status, objects, reply.getheader("Rowcast-Seen")), (204, None, f"{instant}.{int(turn) + 1}"))
            reply, objects = one.poll(query + f"{int(instant) + 1}.0")  # a clock that was set back since
            self.assertEqual([o["remove"] for o in objects], [["k1"]])
            one.do("remove 0 2", "time")
            reply, objects = one.poll(query + seen)
            self.assertEqual([sorted(o["remove"]) for o in objects], [["k1", "k2"]])
            one.put(0, 3)  # a transaction is told whatever he has seen, and at once
            _, objects = one.poll(f"topic=rows&table=t0&after={position}&wait=20&seen={reply.getheader('Rowcast-Seen')}")
            self.assertEqual([(o["to"], [row["id"] for row in o["upsert"]]) for o in objects], [("abc1.1003", ["k3"])])
            for wrong in ("", "x", "1", "-1.0", "1.x", "1.-1", "1.2.3", "1.2147483647"):
                reply, problem = one.poll("topic=rows&table=t0&seen=" + wrong)
                self.assertEqual((reply.status, problem["field"]), (400, "seen"), wrong)

    def test_each_transaction_is_an_object_of_its_own_in_mode_every(self):
        with server() as one:
            one.poll("topic=rows&table=t0&mode=every")
            for _ in range(3):
                one.put(0, 1)
            _, objects = one.poll("topic=rows&table=t0&mode=every&after=abc1.1000")
            self.assertEqual([o["to"] for o in objects], ["abc1.1001", "abc1.1002", "abc1.1003"])

    def test_a_rate_is_checked_and_holds_no_answer_back(self):
        with server() as one:
            for n in range(1, 4):
                position = one.put(0, n)
                _, objects = one.poll(f"topic=rows&table=t0&max_per_s=0.02&wait=20&after=abc1.{1000 + n - 1}")
                self.assertEqual([o["to"] for o in objects], [position])
            for wrong in ("0", "1001", "x", "1&mode=every"):
                reply, problem = one.poll("topic=rows&table=t0&max_per_s=" + wrong)
                self.assertEqual((reply.status, problem["field"]), (400, "max_per_s"), wrong)

    def test_wait_is_0_to_60(self):
        with server() as one:
            for wait in ("-1", "61", "x", "1.5", ""):
                reply, problem = one.poll("topic=rows&table=t0&wait=" + wait)
                self.assertEqual((reply.status, problem["field"]), (400, "wait"), wait)
            reply, _ = one.poll("topic=rows&table=t0&wait=60")
            self.assertEqual(reply.status, 200)

    def test_errors_are_problems(self):
        with server() as one:
            reply, problem = one.poll("topic=rows&table=t9")
            self.assertEqual((reply.status, problem["code"]), (404, "not-found"))
            self.assertEqual(reply.getheader("Content-Type"), "application/problem+json")
            self.assertEqual(reply.getheader("Cache-Control"), "no-store")

    def test_drain_answers_those_who_wait(self):
        with server() as one:
            answer = []
            thread = threading.Thread(target=lambda: answer.append(one.poll("topic=rows&table=t0&after=abc1.1000&wait=20")))
            thread.start()
            one.do("drain")  # before or after the poll arrives
            thread.join(10)
            reply = answer[0][0]
            self.assertEqual((reply.status, reply.getheader("Cache-Control"), reply.getheader("Rowcast-Seen")), (204, "no-store", None))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
