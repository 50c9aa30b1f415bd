#!/usr/bin/python3
"""The HTTP room over real sockets: every limit at its maximum and one past it, every refusal, smuggling, pipelining,
slow peers, WebSocket, SSE, TLS and drain. Usage: test_http.py PATH/http_testd [unittest arguments]"""

import base64
import contextlib
import hashlib
import json
import os
import resource
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import warnings
import zlib

TESTD = sys.argv[1]


class Server:
    """One http_testd with its own limits (name=value)."""

    def __init__(self, *options):
        self.process = subprocess.Popen([TESTD, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        status = self.process.wait(20)
        if status != 0 or "ERROR" in errors:
            raise AssertionError(f"http_testd ended with {status}: {errors}")


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        return self.headers.get(name.lower())


class Client:
    """A connection that sends exactly the bytes it is told to, and reads replies one by one."""

    def __init__(self, server, sock=None):
        self.sock = sock or server.connect()
        self.unread = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def more(self):
        data = self.sock.recv(65536)
        self.unread += data
        return bool(data)

    def head(self):
        while b"\r\n\r\n" not in self.unread:
            if not self.more():
                raise EOFError(self.unread)
        head = self.read(self.unread.index(b"\r\n\r\n") + 4)[:-4]
        lines = head.decode().split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} is repeated"
            headers[name.lower()] = value
        return int(lines[0].split(" ")[1]), headers

    def reply(self, head=False):
        status, headers = self.head()
        length = int(headers.get("content-length", 0))
        if head or status in (204, 304) or status < 200:
            length = 0
        return Reply(status, headers, self.read(length))

    def ends(self):
        """True when the server has closed without another byte."""
        try:
            return not self.unread and not self.more()
        except ConnectionResetError:
            return True

    def read(self, count):
        while len(self.unread) < count:
            if not self.more():
                raise EOFError(bytes(self.unread))
        data = bytes(self.unread[:count])
        del self.unread[:count]
        return data

    def get(self, path="/echo", extra="", method="GET"):
        self.send(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{extra}\r\n")
        return self.reply(head=method == "HEAD")


class Shared(unittest.TestCase):
    """Tests that share one server with the normal limits."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def client(self):
        client = Client(self.server)
        self.addCleanup(client.sock.close)
        return client

    def answer(self, request):
        client = self.client()
        client.send(request)
        return client.reply(), client

    def problem(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply["Content-Type"], "application/problem+json")
        problem = json.loads(reply.body)
        self.assertEqual(problem["status"], status)
        for member in ("type", "title", "code", "detail", "retryable"):
            self.assertIn(member, problem)
        self.assertEqual(problem["request_id"], reply["X-Request-Id"])
        self.assertRegex(reply["Date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        return problem

    def refused(self, request, status):
        """Refused, in a way that the client can read, and the connection ends; whole and byte by byte."""
        reply, client = self.answer(request)
        self.problem(reply, status)
        self.assertEqual(reply["Connection"], "close")
        client.sock.shutdown(socket.SHUT_WR)
        self.assertTrue(client.ends())

    def accepted(self, request):
        reply, _ = self.answer(request)
        self.assertEqual(reply.status, 200, reply.body)
        return reply


GET = "GET /echo HTTP/1.1\r\nHost: a\r\n"
POST = "POST /echo HTTP/1.1\r\nHost: a\r\n"


class Requests(Shared):
    def test_every_reply_has_date_and_request_id(self):
        reply, _ = self.answer(GET + "\r\n")
        self.assertRegex(reply["X-Request-Id"], "^[0-9a-f]{16}$")
        self.assertIn("GMT", reply["Date"])
        self.assertEqual(reply["X-Content-Type-Options"], "nosniff")

    def test_a_usable_request_id_of_the_client_is_kept(self):
        self.assertEqual(self.client().get(extra="X-Request-Id: a.b_C-9\r\n")["X-Request-Id"], "a.b_C-9")
        self.assertEqual(self.client().get(extra=f"X-Request-Id: {'x' * 64}\r\n")["X-Request-Id"], "x" * 64)
        for bad in ("x" * 65, "a b", "a\"b", "é", ""):
            self.assertRegex(self.client().get(extra=f"X-Request-Id: {bad}\r\n")["X-Request-Id"], "^[0-9a-f]{16}$")

    def test_connections_are_kept_alive(self):
        client = self.client()
        for _ in range(3):
            self.assertEqual(client.get().status, 200)

    def test_connection_close_is_honoured(self):
        client = self.client()
        self.assertEqual(client.get(extra="Connection: close\r\n")["Connection"], "close")
        self.assertTrue(client.ends())

    def test_http_1_0_closes_unless_it_asks(self):
        reply, client = self.answer("GET /echo HTTP/1.0\r\n\r\n")
        self.assertEqual(reply["Connection"], "close")
        self.assertTrue(client.ends())
        client = self.client()
        for _ in range(2):
            client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            self.assertEqual(client.reply()["Connection"], "keep-alive")

    def test_pipelined_requests_are_answered_in_order_also_behind_a_parked_one(self):
        client = self.client()
        client.send("GET /park?us=20000 HTTP/1.1\r\nHost: a\r\n\r\n" + GET.replace("/echo", "/echo?1") + "\r\n" +
                    POST + "Content-Length: 3\r\n\r\nabc" + GET.replace("/echo", "/echo?2") + "\r\n")
        self.assertEqual(client.reply().body, b"late")
        self.assertEqual(client.reply().body, b"GET /echo 1\n")
        self.assertEqual(client.reply().body, b"POST /echo \nabc")
        self.assertEqual(client.reply().body, b"GET /echo 2\n")

    def test_a_long_pipeline_is_answered_whole(self):
        client = self.client()
        client.send((GET + "\r\n") * 3000)
        for _ in range(3000):
            self.assertEqual(client.reply().status, 200)

    def test_a_request_may_arrive_byte_by_byte(self):
        client = self.client()
        for byte in (POST + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n").encode():
            client.send(bytes([byte]))
        self.assertEqual(client.reply().body, b"POST /echo \nabcde")
        self.assertEqual(client.get().status, 200)

    def test_a_client_may_shut_its_side_and_still_read_the_reply(self):
        client = self.client()
        client.send("GET /park?us=20000 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(client.reply().body, b"late")

    def test_the_late_reply_to_a_client_that_has_gone_is_dropped(self):
        client = self.client()
        client.send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n")
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sock.close()
        self.assertEqual(self.client().get("/release").status, 200)

    def test_head_has_the_headers_of_get_and_no_body(self):
        client = self.client()
        self.assertEqual(client.get(method="HEAD")["Content-Length"], str(len("HEAD /echo \n")))
        self.assertEqual(client.get("/nothing", method="HEAD").status, 404)
        self.assertEqual(client.get("/sse", method="HEAD").status, 200)
        self.assertEqual(client.get("/ws", method="HEAD").status, 426)
        self.assertEqual(client.get().body, b"GET /echo \n")

    def test_204_has_neither_body_nor_length(self):
        client = self.client()
        reply = client.get("/things/x", method="DELETE")
        self.assertEqual((reply.status, reply["Content-Length"], reply["Content-Type"]), (204, None, None))
        self.assertEqual(client.get().status, 200)

    def test_options_and_405_list_the_methods_of_the_address(self):
        client = self.client()
        self.assertEqual(client.get("/things/x", method="OPTIONS")["Allow"], "GET, HEAD, DELETE, OPTIONS")
        self.assertEqual(client.get("*", method="OPTIONS").status, 204)
        reply = client.get("/things/x", method="PUT")
        self.problem(reply, 405)
        self.assertEqual(reply["Allow"], "GET, HEAD, DELETE, OPTIONS")
        reply = client.get("/things/x:cancel")
        self.problem(reply, 405)
        self.assertEqual(reply["Allow"], "POST, OPTIONS")
        self.problem(client.get("/nothing", method="OPTIONS"), 404)
        self.assertEqual(client.get().status, 200)

    def test_the_more_literal_route_wins(self):
        client = self.client()
        self.assertEqual(client.get("/things/x.ics").body, b"cancelled")
        self.assertEqual(client.get("/things/x.ics")["X-Param"], "x")
        self.assertEqual(client.get("/things/x")["X-Param"], "x")
        for nothing in ("/things/", "/things", "/things/a/b", "//things/a", "/echo/"):
            self.problem(client.get(nothing), 404)

    def test_paths_are_decoded_after_they_are_cut(self):
        client = self.client()
        self.assertEqual(client.get("/things/a%2Fb").body, b"a/b")
        self.assertEqual(client.get("/%65cho").status, 200)
        for bad in ("/%", "/%4", "/%zz", "/%00", "/%ff", "/things/%c3%28"):
            self.problem(client.get(bad), 400)
        self.assertEqual(client.get().status, 200)

    def test_a_query_that_is_repeated_or_badly_encoded_is_invalid(self):
        client = self.client()
        self.assertEqual(client.get("/things/x?name=a+b%26c&other")["X-Name"], "a b&c")
        self.assertEqual(client.get("/things/x?name=")["X-Name"], "")
        for bad in ("name=1&name=2", "name=%", "name=%ff", "name=%00", "%zz=1"):
            self.problem(client.get("/things/x?" + bad), 400)

    def test_a_decoded_line_break_cannot_become_a_header(self):
        reply = self.client().get("/things/x%0D%0AEvil:%201")
        self.assertIsNone(reply["Evil"])
        self.assertEqual(reply["X-Param"], "x  Evil: 1")

    def test_the_absolute_form_is_understood(self):
        self.accepted("GET http://a/echo HTTP/1.1\r\nHost: a\r\n\r\n")
        self.refused("GET ftp://a/echo HTTP/1.1\r\nHost: a\r\n\r\n", 400)

    def test_100_continue_is_sent_when_the_client_waits(self):
        client = self.client()
        client.send(POST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        self.assertEqual(client.reply().status, 100)
        client.send("ok")
        self.assertEqual(client.reply().body, b"POST /echo \nok")
        client.send(POST + "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nok")
        self.assertEqual(client.reply().status, 200)
        self.refused(POST + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n", 417)
        self.refused(POST + "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413)

    def test_an_upgrade_that_is_not_spoken_is_ignored(self):
        reply = self.accepted(GET + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        self.assertEqual(reply.body, b"GET /echo \n")

    def test_one_empty_line_before_a_request_is_ignored(self):
        self.accepted("\r\n" + GET + "\r\n")
        self.refused("\r\n\r\n" + GET + "\r\n", 400)

    def test_a_large_reply_reaches_a_slow_reader_whole(self):
        client = self.client()
        client.send("GET /large?bytes=20000000 HTTP/1.1\r\nHost: a\r\n\r\n" + GET + "\r\n")
        while b"streams=0" not in self.client().get("/stats").body:  # the server goes on while that reply waits
            pass
        self.assertEqual(client.reply().body, b"x" * 20000000)
        self.assertEqual(client.reply().status, 200)


class Refusals(Shared):
    def test_folded_headers_are_refused(self):
        self.refused(GET + "X: a\r\n b\r\n\r\n", 400)
        self.refused(POST + "Content-Length: 1\r\n 2\r\n\r\nabc", 400)
        self.refused("GET /echo HTTP/1.1\r\n Host: a\r\n\r\n", 400)
        self.refused(GET + "\tX: a\r\n\r\n", 400)

    def test_bare_cr_and_lf_and_nul_are_refused(self):
        for bad in (GET + "X: a\nY: b\r\n\r\n", GET + "X: a\rY: b\r\n\r\n", GET + "X: a\r\r\n\r\n", GET + "\n",
                    "GET /echo HTTP/1.1\nHost: a\n\n", "GET /echo HTTP/1.1\rHost: a\r\r", "\nGET /echo HTTP/1.1\r\n",
                    GET + "X: a\0b\r\n\r\n", "GET /e\0cho HTTP/1.1\r\nHost: a\r\n\r\n", GET + "X\0: a\r\n\r\n"):
            with self.subTest(bad):
                self.refused(bad, 400)

    def test_malformed_fields_are_refused(self):
        for bad in ("X : a", "X", ": a", "X y: a", "X\t: a", "X: a\x01", "X: a\x7f", "é: a", "X(: a"):
            with self.subTest(bad):
                self.refused((GET + bad + "\r\n\r\n").encode("latin-1"), 400)
        self.accepted((GET + "X: é \t y\r\nEmpty:\r\n\r\n").encode())

    def test_malformed_request_lines_are_refused(self):
        for bad in ("GET  /echo HTTP/1.1", "GET /echo  HTTP/1.1", " GET /echo HTTP/1.1", "GET /echo HTTP/1.1 ",
                    "GET /echo", "GET", "GET /a b HTTP/1.1", "GET /echo http/1.1", "GET /echo HTTP/1.", "GET echo HTTP/1.1",
                    "GET /echo#x HTTP/1.1", "GET /\x7f HTTP/1.1", "GET * HTTP/1.1", "G(T /echo HTTP/1.1",
                    "GET\t/echo HTTP/1.1", "GET /\xe9 HTTP/1.1", "GET /echo HTTP/11"):
            with self.subTest(bad):
                self.refused((bad + "\r\nHost: a\r\n\r\n").encode("latin-1"), 400)

    def test_host_must_be_there_once_and_be_a_host(self):
        self.refused("GET /echo HTTP/1.1\r\n\r\n", 400)
        self.refused(GET + "Host: a\r\n\r\n", 400)
        self.refused(GET + "host: b\r\n\r\n", 400)
        self.refused("GET /echo HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400)
        for bad in ("", "a b", "a,b", "a/b", "u@a", "a\"b", "a:b", "a:65536", "a:-1", "a:1:2", ":80", "[::1", "[]", "::1", "[::1]x", "[::1]:x"):
            self.refused(f"GET /echo HTTP/1.1\r\nHost: {bad}\r\n\r\n", 400)
        for good in ("a", "a:", "a:65535", "example.org:8080", "[::1]", "[::1]:80", "any.thing"):
            self.accepted(f"GET /echo HTTP/1.1\r\nHost: {good}\r\n\r\n")

    def test_doubtful_lengths_are_refused(self):
        for bad in ("Content-Length: 3\r\nContent-Length: 3", "Content-Length: 3, 3", "Content-Length: 3,4",
                    "Content-Length: 3\r\ncontent-length: 4", "Content-Length: +3", "Content-Length: -3",
                    "Content-Length: 3 3", "Content-Length: 0x3", "Content-Length: 3;", "Content-Length:", "Content-Length: ,3",
                    "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 3",
                    "Content-Length: 0\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
                    "Transfer-Encoding: gzip", "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked",
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: xchunked",
                    "Transfer-Encoding: chunked, identity", "Transfer-Encoding:", "Transfer-Encoding: chunked;q=1",
                    "Transfer-Encoding: \"chunked\"", "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
                    "Transfer-Encoding: \x0bchunked", "Transfer-Encoding:\r\n chunked"):
            with self.subTest(bad):
                self.refused(POST + bad + "\r\n\r\n0\r\n\r\n", 400)
        self.refused("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
        self.refused(POST + "Content-Length: 99999999999999999999999\r\n\r\n", 400)
        self.accepted(POST + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n")
        self.accepted(POST + "Content-Length:  3 \r\n\r\nabc")

    def test_doubtful_chunks_are_refused(self):
        for bad in ("\r\n", "x\r\n", "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "-3\r\nabc\r\n", "+3\r\nabc\r\n",
                    "3\nabc\r\n", "3\r\nabcd\r\n", "3\r\nabc\n", "3\r\nabc\rX", "3\r\nabc0\r\n\r\n", "3;a\nb\r\nabc\r\n",
                    "3;a\rb\r\nabc\r\n", "3;a\0\r\nabc\r\n", "00000000000000003\r\nabc\r\n", "fffffffffffffffff\r\n",
                    "0\r\nX : y\r\n\r\n", "0\r\n folded\r\n\r\n", "0\r\nX: a\nY: b\r\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\n\n"):
            with self.subTest(bad):
                self.refused(POST + "Transfer-Encoding: chunked\r\n\r\n" + bad, 400)

    def test_nothing_behind_a_refused_request_is_run(self):
        client = self.client()
        client.send(POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + "\r\n")
        self.problem(client.reply(), 400)
        client.sock.shutdown(socket.SHUT_WR)
        self.assertTrue(client.ends())

    def test_unknown_methods_and_versions(self):
        self.refused("FROB /echo HTTP/1.1\r\nHost: a\r\n\r\n", 501)
        self.refused("get /echo HTTP/1.1\r\nHost: a\r\n\r\n", 501)
        self.refused("PROPFIND /echo HTTP/1.1\r\nHost: a\r\n\r\n", 501)
        self.refused("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501)
        for version in ("HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0"):
            self.refused(f"GET /echo {version}\r\nHost: a\r\n\r\n", 505)
        self.refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)

    def test_the_request_line_has_exactly_8192_bytes(self):
        path = "/echo?" + "x" * (8192 - len("GET /echo? HTTP/1.1"))
        self.accepted(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
        self.refused(f"GET {path}x HTTP/1.1\r\nHost: a\r\n\r\n", 414)
        self.refused("GET /" + "x" * 20000, 414)

    def test_the_header_block_has_exactly_16384_bytes(self):
        host, name = "Host: a\r\n", "X: "
        fill = "x" * (16384 - len(host) - len(name) - 2)
        self.accepted("GET /echo HTTP/1.1\r\n" + host + name + fill + "\r\n\r\n")
        self.refused("GET /echo HTTP/1.1\r\n" + host + name + fill + "x\r\n\r\n", 431)
        self.refused("GET /echo HTTP/1.1\r\n" + host + name + "x" * 40000, 431)

    def test_a_request_has_at_most_64_fields(self):
        self.accepted(GET + "X: y\r\n" * 63 + "\r\n")
        self.refused(GET + "X: y\r\n" * 64 + "\r\n", 431)

    def test_a_body_has_at_most_65536_bytes(self):
        body = "x" * 65536
        self.assertEqual(len(self.accepted(POST + "Content-Length: 65536\r\n\r\n" + body).body), 65536 + 12)
        self.refused(POST + "Content-Length: 65537\r\n\r\n", 413)
        chunked = POST + "Transfer-Encoding: chunked\r\n\r\n"
        self.assertEqual(len(self.accepted(chunked + "10000\r\n" + body + "\r\n0\r\n\r\n").body), 65536 + 12)
        self.refused(chunked + "10001\r\n", 413)
        self.refused(chunked + "10000\r\n" + body + "\r\n1\r\n", 413)

    def test_the_refusal_of_a_large_upload_can_be_read(self):
        client = self.client()
        client.send(POST + "Content-Length: 600000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            client.send("x" * 600000)
        self.problem(client.reply(), 413)

    def test_chunk_extensions_and_trailers_are_bounded_like_headers(self):
        chunked = POST + "Transfer-Encoding: chunked\r\n\r\n"
        self.accepted(chunked + "1;" + "x" * 16383 + "\r\na\r\n0\r\n\r\n")
        self.refused(chunked + "1;" + "x" * 16384 + "\r\na\r\n0\r\n\r\n", 431)
        self.refused(chunked + ("1;" + "x" * 255 + "\r\na\r\n") * 65, 431)
        self.accepted(chunked + "0\r\n" + "X: y\r\n" * 64 + "\r\n")
        self.refused(chunked + "0\r\n" + "X: y\r\n" * 65 + "\r\n", 431)
        self.accepted(chunked + "0\r\nX: " + "y" * (16384 - 5) + "\r\n\r\n")
        self.refused(chunked + "0\r\nX: " + "y" * (16384 - 4) + "\r\n\r\n", 431)


class StaticFiles(Shared):
    def test_the_best_coding_is_chosen_by_weight(self):
        client = self.client()
        cases = {None: None, "": None, "gzip": "gzip", "br": "br", "gzip, br": "br", "gzip;q=1.0, br;q=0.5": "gzip",
                 "br;q=0, gzip": "gzip", "*": "br", "*;q=0": None, "identity": None, "br;q=0.5, identity;q=0.7": None,
                 "gzip ; q=0.001": "gzip", "br;q=nonsense": None, "GZIP": "gzip", "br;q=0, *": "gzip", "zstd": None}
        for accept, coding in cases.items():
            with self.subTest(accept):
                extra = "" if accept is None else f"Accept-Encoding: {accept}\r\n"
                reply = client.get("/assets/app-1a2b.js", extra)
                self.assertEqual((reply.status, reply["Content-Encoding"]), (200, coding))
                self.assertEqual(reply["Vary"], "Accept-Encoding")
                self.assertEqual(reply.body, {None: b"plain plain", "gzip": b"gz", "br": b"b"}[coding])
                self.assertEqual(reply["Cache-Control"], "public, max-age=31536000, immutable")

    def test_conditional_requests_answer_304(self):
        client = self.client()
        for accept in ("", "gzip", "br"):
            extra = f"Accept-Encoding: {accept}\r\n"
            tag = client.get("/assets/app-1a2b.js", extra)["ETag"]
            for condition in (tag, "W/" + tag, '"x", ' + tag, "*"):
                reply = client.get("/assets/app-1a2b.js", extra + f"If-None-Match: {condition}\r\n")
                self.assertEqual((reply.status, reply["ETag"], reply.body), (304, tag, b""))
            reply = client.get("/assets/app-1a2b.js", extra + 'If-None-Match: "other"\r\n')
            self.assertEqual(reply.status, 200)
        self.assertEqual(client.get().status, 200)

    def test_pages_are_revalidated_and_head_works(self):
        client = self.client()
        reply = client.get("/", method="HEAD")
        self.assertEqual((reply.status, reply["Content-Length"], reply["Cache-Control"]), (200, "3", "no-cache"))
        self.assertEqual(client.get("/").body, b"<p>")
        self.problem(client.get("/assets/other.js"), 404)


KEY = base64.b64encode(b"0123456789abcdef").decode()


def frame(opcode, payload=b"", fin=True, mask=b"\x11\x22\x33\x44", rsv=0):
    first = (0x80 if fin else 0) | rsv | opcode
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask or b"") + payload


DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


def packed(payload):
    """RFC 7692 §7.2.1."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Socket(Client):
    """A WebSocket after its handshake."""

    def __init__(self, server, extra="", sock=None):
        super().__init__(server, sock)
        self.send(f"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
                  f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extra}\r\n")
        self.status, self.headers = self.head()

    def receive(self):
        first, second = self.read(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self.read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.read(8))[0]
        assert second < 128, "the server must not mask"
        return first, self.read(length)

    def closed_with(self):
        while True:
            first, payload = self.receive()
            if first == 0x88:
                return struct.unpack("!H", payload[:2])[0] if payload else 1005


class WebSockets(Shared):
    def open(self, extra=""):
        client = Socket(self.server, extra)
        self.addCleanup(client.sock.close)
        return client

    def handshake(self, changes):
        headers = {"Host": "a", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": KEY, **changes}
        client = self.client()
        client.send("GET /ws HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items() if v is not None) + "\r\n")
        status, fields = client.head()
        return Reply(status, fields, b"")

    def test_the_handshake_proves_the_key(self):
        client = self.open()
        self.assertEqual(client.status, 101)
        proof = hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.assertEqual(client.headers["sec-websocket-accept"], base64.b64encode(proof).decode())
        self.assertIn("date", client.headers)
        self.assertIn("x-request-id", client.headers)

    def test_wrong_handshakes_are_refused(self):
        self.assertEqual(self.handshake({"Sec-WebSocket-Version": "8"}).status, 426)
        self.assertEqual(self.handshake({"Sec-WebSocket-Version": "8"})["Sec-WebSocket-Version"], "13")
        self.assertEqual(self.handshake({"Sec-WebSocket-Version": None})["Sec-WebSocket-Version"], "13")
        self.assertEqual(self.handshake({"Upgrade": None}).status, 426)
        self.assertEqual(self.handshake({"Connection": "keep-alive"}).status, 426)
        self.assertEqual(self.handshake({"Upgrade": "h2c"})["Upgrade"], "websocket")
        for key in (None, "", "short", KEY[:-1], KEY + "=", KEY + ", " + KEY, "*" * 22 + "=="):
            self.assertEqual(self.handshake({"Sec-WebSocket-Key": key}).status, 400, key)

    def test_foreign_origins_are_forbidden(self):
        for good in (None, "http://a", "https://a", "HTTP://A".lower(), "http://a:80", "https://a:443", "https://friend.example"):
            self.assertEqual(self.handshake({"Origin": good}).status, 101, good)
        for bad in ("null", "", "http://a.evil", "http://evil", "http://a:8080", "http://b@a", "http://a/", "a", "ftp://a",
                    "https://friend.example.evil", "https://friend.example:444", "http://friend.example", "http://a, http://b",
                    "http://aa", "http://", "file://", "http://a.", "https://a:80"):
            self.assertEqual(self.handshake({"Origin": bad}).status, 403, bad)
        self.assertEqual(self.handshake({"Host": "h:81", "Origin": "http://h:81"}).status, 101)
        self.assertEqual(self.handshake({"Host": "h:81", "Origin": "http://h"}).status, 403)

    def test_the_subprotocol_that_we_want_most_is_chosen(self):
        self.assertIsNone(self.handshake({})["Sec-WebSocket-Protocol"])
        self.assertEqual(self.handshake({"Sec-WebSocket-Protocol": "x, test.v1, test.v2"})["Sec-WebSocket-Protocol"], "test.v2")
        self.assertEqual(self.handshake({"Sec-WebSocket-Protocol": "test.v1"})["Sec-WebSocket-Protocol"], "test.v1")
        self.assertEqual(self.handshake({"Sec-WebSocket-Protocol": "x, TEST.V1"}).status, 400)

    def test_messages_pings_and_fragments(self):
        client = self.open()
        client.send(frame(1, b"hello"))
        self.assertEqual(client.receive(), (0x81, b"hello"))
        client.send(frame(9, b"ping") + frame(10, b"unasked"))
        self.assertEqual(client.receive(), (0x8A, b"ping"))
        client.send(frame(1, b"\xc3", fin=False) + frame(9, b"!") + frame(0, b"", fin=False) + frame(0, b"\xa9"))
        self.assertEqual(client.receive(), (0x8A, b"!"))
        self.assertEqual(client.receive(), (0x81, "é".encode()))
        client.send(frame(1, b"x" * 65536))
        self.assertEqual(client.receive(), (0x81, b"x" * 65536))

    def test_messages_may_follow_the_handshake_in_one_packet_and_come_byte_by_byte(self):
        client = Socket.__new__(Socket)
        Client.__init__(client, self.server)
        self.addCleanup(client.sock.close)
        client.send((f"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n").encode() + frame(1, b"early"))
        self.assertEqual(client.head()[0], 101)
        self.assertEqual(client.receive(), (0x81, b"early"))
        for byte in frame(1, b"slow" * 50):
            client.send(bytes([byte]))
        self.assertEqual(client.receive(), (0x81, b"slow" * 50))

    def test_a_connection_that_waits_owns_nothing_and_one_inside_of_a_message_does(self):
        server = Server()
        self.addCleanup(server.stop)
        asker, message = Client(server), frame(1, b"x" * 100)
        waiting = [Socket(server) for _ in range(5)]
        for client in [asker, *waiting]:
            self.addCleanup(client.sock.close)
        extras = lambda: int(asker.get("/stats").body.split(b"extras=")[1]) - 1  # one is the question's own
        for client in waiting:
            client.send(message)
            client.receive()
        self.assertEqual(extras(), 0)
        waiting[0].send(message[:50])
        deadline = time.monotonic() + 10
        while extras() != 1:
            self.assertLess(time.monotonic(), deadline)
        waiting[0].send(message[50:])
        self.assertEqual(waiting[0].receive(), (0x81, b"x" * 100))
        self.assertEqual(extras(), 0)

    def test_protocol_errors_have_their_codes(self):
        big = struct.pack("!BBQ", 0x81, 0xFF, 1 << 63) + b"mask"
        long_form = struct.pack("!BBH", 0x81, 0x80 | 126, 5) + b"mask"
        cases = {frame(1, b"x", mask=None): 1002, frame(1, b"x", rsv=0x40): 1002, frame(1, b"x", rsv=0x10): 1002,
                 frame(3, b"x"): 1002, frame(11): 1002, frame(0, b"x"): 1002, frame(9, b"x", fin=False): 1002,
                 frame(9, b"x" * 126): 1002, frame(8, b"x"): 1002, big: 1002, long_form: 1002,
                 frame(1, b"a", fin=False) + frame(1, b"b"): 1002, frame(1, b"\xff"): 1007,
                 frame(1, b"\xed\xa0\x80"): 1007, frame(1, b"\xc3"): 1007, frame(1, b"\xf4\x90", fin=False): 1007,
                 frame(2, b"x"): 1003, frame(1, b"x" * 65537): 1009,
                 frame(1, b"x" * 65536, fin=False) + frame(0, b"x"): 1009,
                 frame(8, struct.pack("!H", 1000) + b"\xff"): 1007, frame(8, struct.pack("!H", 1000)): 1000,
                 frame(8): 1005, frame(8, struct.pack("!H", 4999) + b"bye"): 4999}
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            cases[frame(8, struct.pack("!H", code))] = 1002
        for code in (1001, 1002, 1003, 1007, 1011, 1014, 3000):
            cases[frame(8, struct.pack("!H", code))] = code
        for data, code in cases.items():
            with self.subTest(data[:20]):
                client = self.open()
                client.send(data)
                self.assertEqual(client.closed_with(), code)
                client.sock.shutdown(socket.SHUT_WR)
                self.assertTrue(client.ends())

    def test_compression_is_agreed_upon_only_when_it_is_offered_as_the_standard_says(self):
        answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        for offer, wanted in ((None, None), ("permessage-deflate", answer), ("permessage-deflate; client_max_window_bits", answer),
                              ("x, permessage-deflate; server_max_window_bits=15", answer + "; server_max_window_bits=15"),
                              ("permessage-deflate; server_max_window_bits=9", None), ("permessage-deflate; unknown", None)):
            reply = self.handshake({"Sec-WebSocket-Extensions": offer})
            self.assertEqual((reply.status, reply["Sec-WebSocket-Extensions"]), (101, wanted), offer)

    def test_compressed_messages_are_read_like_others(self):
        client = self.open(DEFLATE)
        hello = packed(b"hello")
        client.send(frame(1, hello, rsv=0x40) + frame(1, b"plain") + frame(1, packed(b""), rsv=0x40))
        for text in (b"hello", b"plain", b""):
            self.assertEqual(client.receive(), (0x81, text))
        for byte in frame(1, hello[:3], fin=False, rsv=0x40) + frame(9, b"!") + frame(0, hello[3:]):
            client.send(bytes([byte]))
        self.assertEqual(client.receive(), (0x8A, b"!"))
        self.assertEqual(client.receive(), (0x81, b"hello"))
        client.send(frame(1, packed(b"x" * 65536), rsv=0x40))
        self.assertEqual(client.receive(), (0x81, b"x" * 65536))

    def test_wrong_compressed_messages_have_their_codes(self):
        cases = {frame(1, packed(b"x" * 65537), rsv=0x40): 1009, frame(1, packed(b"x" * (50 << 20)), rsv=0x40): 1009,
                 frame(1, b"\x07", rsv=0x40): 1007, frame(1, b"hello", rsv=0x40): 1007, frame(1, b"", rsv=0x40): 1007,
                 frame(1, packed(b"\xc3("), rsv=0x40): 1007, frame(2, packed(b"x"), rsv=0x40): 1003,
                 frame(9, b"", rsv=0x40): 1002, frame(8, b"", rsv=0x40): 1002, frame(1, packed(b"x"), rsv=0x60): 1002,
                 frame(1, packed(b"x")[:1], fin=False, rsv=0x40) + frame(0, packed(b"x")[1:], rsv=0x40): 1002}
        for data, code in cases.items():
            with self.subTest(data[:20]):
                client = self.open(DEFLATE)
                client.send(data)
                self.assertEqual(client.closed_with(), code)

    def test_who_did_not_agree_may_not_compress_though_others_do(self):
        agreed, plain = self.open(DEFLATE), self.open()
        for _ in range(2):
            agreed.send(frame(1, packed(b"hello"), rsv=0x40))
            self.assertEqual(agreed.receive(), (0x81, b"hello"))
            plain.send(frame(1, b"plain"))
            self.assertEqual(plain.receive(), (0x81, b"plain"))
        plain.send(frame(1, packed(b"hello"), rsv=0x40))
        self.assertEqual(plain.closed_with(), 1002)
        agreed.send(frame(1, packed(b"hello"), rsv=0x40))
        self.assertEqual(agreed.receive(), (0x81, b"hello"))

    def test_the_server_closes_with_a_code_and_waits_for_the_answer(self):
        client = self.open()
        client.send(frame(1, b"close"))
        self.assertEqual(client.receive(), (0x88, struct.pack("!H", 4000) + b"as you wish"))
        client.send(frame(1, b"crossed") + frame(8, struct.pack("!H", 4000)))
        self.assertTrue(client.ends())

    def test_120_messages_may_come_at_once_and_no_more(self):
        client = self.open()
        client.send(b"".join(frame(1, b"%d" % i) for i in range(120)))
        for i in range(120):
            self.assertEqual(client.receive(), (0x81, b"%d" % i))
        client = self.open()
        client.send(frame(1, b"x") * 140)
        self.assertEqual(client.closed_with(), 1008)

    def test_streams_that_end_are_forgotten(self):
        clients = [self.open() for _ in range(5)]
        for client in clients[:3]:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for client in clients:
            client.sock.close()
        deadline = time.monotonic() + 10
        while b"streams=0" not in (body := self.client().get("/stats").body):
            self.assertLess(time.monotonic(), deadline, body)


class Sse(Shared):
    def test_events_arrive_and_the_body_ends_with_the_connection(self):
        client = self.client()
        client.send("GET /sse?count=2 HTTP/1.1\r\nHost: a\r\n\r\n")
        status, headers = client.head()
        self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
        self.assertNotIn("content-length", headers)
        self.assertEqual(client.read(26), b"data: xxxxx\n\ndata: xxxxx\n\n")
        self.assertTrue(client.ends())

    def test_a_slow_reader_gets_every_byte(self):
        client = self.client()
        client.send("GET /sse?count=300&bytes=50000 HTTP/1.1\r\nHost: a\r\n\r\n")
        while b"streams=1" not in self.client().get("/stats").body:
            pass
        client.head()
        total = len(client.unread)
        while data := client.sock.recv(1 << 20):
            total += len(data)
        self.assertEqual(total, 300 * 50008)


class Limits(unittest.TestCase):
    """Tests with limits of their own."""

    @contextlib.contextmanager
    def serving(self, *options):
        server = Server(*options)
        try:
            yield server
        finally:
            server.stop()

    def test_a_slow_header_is_answered_408(self):
        with self.serving("header_time_us=200000") as server:
            with Client(server) as client:
                client.send("GET /echo HTTP/1.1\r\nHost")
                self.assertEqual(client.reply().status, 408)
                self.assertTrue(client.ends())
            with Client(server) as client:  # dripping does not help
                begun = time.monotonic()
                with contextlib.suppress(ConnectionError):
                    for byte in b"GET /echo HTTP/1.1\r\nX: " + b"x" * 1000:
                        client.send(bytes([byte]))
                        if select.select([client.sock], [], [], 0.02)[0]:
                            break
                self.assertEqual(client.reply().status, 408)
                self.assertGreaterEqual(time.monotonic() - begun, 0.2)
            with Client(server) as client:  # nothing at all: closed without a word
                self.assertTrue(client.ends())

    def test_a_slow_body_is_answered_408(self):
        with self.serving("body_grace_us=200000", "body_rate_min=1000") as server:
            with Client(server) as client:
                client.send(POST + "Content-Length: 1000\r\n\r\nx")
                self.assertEqual(client.reply().status, 408)
            with Client(server) as client:  # enough for a second and more
                client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + "400\r\n" + "x" * 1024 + "\r\n")
                self.assertEqual(select.select([client.sock], [], [], 0.6)[0], [])
                client.send("0\r\n\r\n")
                self.assertEqual(client.reply().status, 200)

    def test_idle_connections_are_closed_and_parked_ones_are_not(self):
        with self.serving("idle_time_us=100000") as server:
            with Client(server) as client:
                self.assertEqual(client.get("/park?us=400000").body, b"late")
                self.assertTrue(client.ends())

    def test_a_peer_that_does_not_read_its_reply_is_dropped(self):
        with self.serving("idle_time_us=200000") as server:
            with Client(server) as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.send("GET /large?bytes=50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
                deadline, dropped = time.monotonic() + 10, False
                while not dropped:
                    self.assertLess(time.monotonic(), deadline)
                    with Client(server) as other:  # a new one each time: this one may not idle either
                        dropped = b"conns=1 " in other.get("/stats").body

    def test_connections_per_address_are_limited(self):
        with self.serving("conns_per_address_max=3") as server:
            clients = [Client(server) for _ in range(3)]
            self.assertEqual([client.get().status for client in clients], [200] * 3)
            with Client(server) as one_more:
                one_more.send(GET + "\r\n")
                reply = one_more.reply()
                self.assertEqual(reply.status, 429)
                self.assertEqual(json.loads(reply.body)["code"], "rate-limited")
                self.assertIn("GMT", reply["Date"])
            clients.pop().sock.close()
            self.assertEqual(clients[0].get().status, 200)
            deadline = time.monotonic() + 10
            while True:  # its seat is free as soon as the server has seen the end
                with Client(server) as one_more:
                    if one_more.get().status == 200:
                        break
                self.assertLess(time.monotonic(), deadline)
            for client in clients:
                client.sock.close()

    def test_connections_of_the_process_are_limited(self):
        with self.serving("conns_max=2") as server:
            with Client(server) as one, Client(server) as two:
                self.assertEqual((one.get().status, two.get().status), (200, 200))
                with Client(server) as three:
                    self.assertEqual(three.get().status, 503)

    def test_hosts_that_are_not_ours_are_misdirected(self):
        with self.serving("hosts=a, b.example:81") as server:
            with Client(server) as client:
                self.assertEqual(client.get().status, 200)
                for host, status in (("A:99", 200), ("b.example:81", 200), ("b.example", 421), ("evil", 421), ("a.evil", 421)):
                    client.send(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n")
                    self.assertEqual(client.reply().status, status, host)
                client.send("GET http://evil/echo HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertEqual(client.reply().status, 421)

    def test_websockets_are_pinged_and_closed_after_two_unanswered(self):
        with self.serving("ping_interval_us=100000") as server:
            with Socket(server) as client:
                for _ in range(4):  # answered: it lives on
                    self.assertEqual(client.receive(), (0x89, b""))
                    client.send(frame(10))
                self.assertEqual([client.receive(), client.receive()], [(0x89, b""), (0x89, b"")])
                self.assertTrue(client.ends())

    def test_messages_are_limited_per_minute(self):
        with self.serving("ws_burst=2", "ws_messages_per_min=600") as server:
            with Socket(server) as client:
                for _ in range(6):  # 10 a second may come
                    client.send(frame(1, b"x"))
                    self.assertEqual(client.receive(), (0x81, b"x"))
                    select.select([], [], [], 0.11)
                client.send(frame(1, b"x") * 4)
                self.assertEqual(client.closed_with(), 1008)

    def test_a_peer_that_does_not_read_its_messages_costs_bounded_memory(self):
        with self.serving("ws_burst=100000", "send_buffer_bytes_max=262144") as server:
            with Socket(server) as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.sock.settimeout(10)
                with self.assertRaises(ConnectionError):
                    for _ in range(2000):
                        client.send(frame(1, b"x" * 60000))
            with Client(server) as other:
                self.assertEqual(other.get().status, 200)

    def test_drain_lets_busy_ones_finish_and_closes_the_others(self):
        with self.serving() as server:
            idle, busy, stream = Client(server), Client(server), Socket(server)
            self.assertEqual(idle.get().status, 200)
            busy.send("GET /park?us=300000 HTTP/1.1\r\nHost: a\r\n\r\n")
            with Client(server) as after:  # the server has read what was sent before
                self.assertEqual(after.get("/stats").status, 200)
            server.process.send_signal(signal.SIGUSR1)
            self.assertTrue(idle.ends())
            self.assertEqual(stream.closed_with(), 1012)
            reply = busy.reply()
            self.assertEqual((reply.body, reply["Connection"]), (b"late", "close"))
            self.assertTrue(busy.ends())
            with self.assertRaises(ConnectionError):
                server.connect()
            for client in (idle, busy, stream):
                client.sock.close()

    def test_a_server_out_of_descriptors_rests_and_comes_back(self):
        with self.serving() as server:
            limit = len(os.listdir(f"/proc/{server.process.pid}/fd")) + 2
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, 4096))
            clients = [Client(server) for _ in range(4)]
            self.assertEqual([clients[0].get().status, clients[1].get().status], [200, 200])
            clients[2].send(GET + "\r\n")
            self.assertEqual(select.select([clients[2].sock], [], [], 0.3)[0], [])
            clients[0].sock.close()
            self.assertEqual(clients[2].reply().status, 200)
            with open(f"/proc/{server.process.pid}/stat") as stat:
                used = [float(ticks) for ticks in stat.read().split()[13:15]]
            self.assertLess(sum(used), 20)  # it did not spin
            for client in clients:
                client.sock.close()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cert, key = cls.folder.name + "/cert.pem", cls.folder.name + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True,
                       stderr=subprocess.DEVNULL)
        cls.context = ssl.create_default_context(cafile=cert)
        cls.context.check_hostname = False
        cls.server = Server(f"cert={cert}", f"key={key}", "tls_time_us=200000")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.folder.cleanup()

    def connect(self, context=None):
        sock = (context or self.context).wrap_socket(self.server.connect())
        self.addCleanup(sock.close)
        return sock

    def test_requests_pipelines_and_large_replies(self):
        client = Client(self.server, self.connect())
        self.assertEqual(client.get().status, 200)
        client.send("GET /park?us=20000 HTTP/1.1\r\nHost: a\r\n\r\n" + GET + "\r\n")
        self.assertEqual(client.reply().body, b"late")
        self.assertEqual(client.reply().status, 200)
        client.send((GET + "\r\n") * 2000)
        for _ in range(2000):
            self.assertEqual(client.reply().status, 200)
        client.send("GET /large?bytes=5000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(client.reply().body, b"x" * 5000000)
        client.send(POST + "Content-Length: 65536\r\n\r\n" + "y" * 65536)
        self.assertEqual(len(client.reply().body), 65536 + 12)
        self.assertEqual(client.get(extra="Connection: close\r\n").status, 200)
        self.assertTrue(client.ends())

    def test_websockets_and_events(self):
        client = Socket(self.server, "Origin: https://a\r\n", self.connect())
        client.send(frame(1, b"hello") + frame(1, b"x" * 60000))
        self.assertEqual(client.receive(), (0x81, b"hello"))
        self.assertEqual(client.receive(), (0x81, b"x" * 60000))
        self.assertEqual(Socket(self.server, "Origin: http://a\r\n", self.connect()).status, 403)
        client = Client(self.server, self.connect())
        client.send("GET /sse?count=200&bytes=50000 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.head()
        total = len(client.unread)
        while data := client.sock.recv(1 << 16):
            total += len(data)
        self.assertEqual(total, 200 * 50008)

    def test_old_versions_are_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.connect(context)

    def test_a_handshake_that_does_not_come_is_given_up(self):
        with Client(self.server) as client:
            self.assertTrue(client.ends())
        with Client(self.server) as client:
            client.send(GET + "\r\n")
            with contextlib.suppress(ConnectionError):
                client.more()
            self.assertTrue(client.unread == b"" or client.unread[0] == 21)  # nothing, or an alert


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
