#!/usr/bin/env python3
# Hostile and impatient clients against the server's process, and how fast it is
# meanwhile. Latencies are printed, and never asserted but for idle sockets.
import http.client
import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import YESTERDAY, key, request


def percentiles(seconds):
    seconds = sorted(seconds)
    return ", ".join(
        "p%d %.1f ms" % (p, 1000 * seconds[min(len(seconds) - 1, len(seconds) * p // 100)])
        for p in (50, 95, 99)
    )


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.world.management.claims = {"12345678": None}

    def raw(self, data, seconds=5):
        """All that comes back for these bytes, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.world.port)) as client:
            client.settimeout(seconds)
            answer = b""
            try:
                client.sendall(data)
                while True:
                    part = client.recv(65536)
                    if not part:
                        break
                    answer += part
            except OSError:
                pass
            return answer

    def status_of(self, data):
        answer = self.raw(data)
        return int(answer[9:12]) if answer[:5] == b"HTTP/" else None

    def put_raw(self, body, headers=b""):
        return (
            b"PUT /v1/diagnosis HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n" % len(body)
        ) + headers + b"\r\n" + body

    def assert_alive(self):
        self.assertEqual(self.world.put(request("12345678", []))[1]["reason"], "nothing_to_send")

    def test_bodies(self):
        world = self.world
        world.start()
        good = json.dumps(request("12345678", [key(b"k" * 16)])).encode()
        for body in [
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"[" * 65536,
            b'{"a":' * 10000,
            b'{"keys":[],"keys":[]' + good[1:],
            good[:-1],
            good + good,
            good.replace(b'"440"', b'"\xc3\x28"'),
            good.replace(b'"440"', b'"\\ud800"'),
            b'{"keys":null}',
            b"1e999",
            b"\x00" * 1000,
            b"{" + b" " * 60000 + b"}",
        ]:
            status, answer = world.put(body)
            self.assertEqual((status, answer), (400, {"reason": "malformed"}), body[:50])
        self.assertEqual(world.management.num_reserves, 0)
        self.assertEqual(world.put(good)[0], 200)

    def test_limits(self):
        world = self.world
        world.start()
        head = b"PUT /v1/diagnosis HTTP/1.1\r\nHost: a\r\n"
        # Refused by what is announced: nothing is read.
        self.assertEqual(self.status_of(head + b"Content-Length: 65537\r\n\r\n"), 413)
        self.assertEqual(self.status_of(head + b"Content-Length: 99999999999999\r\n\r\n"), 413)
        self.assertEqual(
            self.status_of(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            411,
        )
        self.assertEqual(self.status_of(head + b"\r\n"), 411)
        self.assertIn(
            self.status_of(head + b"X: " + b"x" * 40000 + b"\r\n\r\n"), (431, None)
        )
        for method in ["GET", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]:
            status, headers, _ = world.ask(method, "/v1/diagnosis")
            self.assertEqual((status, headers["Allow"]), (405, "PUT"), method)
        self.assert_alive()

    # F3, as one sees it on the wire.
    def test_chaff_and_real_have_one_size(self):
        world = self.world
        world.start("--wrong-per-hour=1000")
        real = json.dumps(request("12345678", [key(b"k" * 16)])).encode()
        wrong = json.dumps(request("99999999", [key(b"l" * 16)])).encode()
        chaff = self.raw(self.put_raw(real, b"X-Chaff: 1\r\n"))
        success = self.raw(self.put_raw(real))
        again = self.raw(self.put_raw(real))
        refused = self.raw(self.put_raw(wrong))
        self.assertEqual(success[9:12], b"200")
        self.assertEqual(refused[9:12], b"406")
        self.assertEqual(len(chaff), len(success))
        self.assertEqual(len(again), len(success))
        # But for the words of the status line.
        self.assertEqual(
            len(refused.split(b"\r\n", 1)[1]), len(success.split(b"\r\n", 1)[1])
        )
        self.assertEqual(world.management.num_reserves, 2)

    def test_idle_and_slow_clients_delay_nobody(self):
        world = self.world
        world.start()
        clients = []
        self.addCleanup(lambda: [client.close() for client in clients])
        for n in range(300):
            client = socket.create_connection(("127.0.0.1", world.port))
            clients.append(client)
            if n % 3 == 1:
                client.sendall(b"PUT /v1/diag")
            if n % 3 == 2:
                client.sendall(b"PUT /v1/diagnosis HTTP/1.1\r\nContent-Length: 900\r\n\r\n{")
        times = []
        for _ in range(20):
            start = time.monotonic()
            self.assert_alive()
            times.append(time.monotonic() - start)
        print("with 300 idle and slow sockets: %s" % percentiles(times))
        # The least: other programs run on this machine, too.
        self.assertLess(min(times), 0.05)

    def test_latency_under_load(self):
        world = self.world
        world.start()
        clients, each = 8, 40
        for n in range(clients * each):
            world.management.claims["%08d" % (20000000 + n)] = None
        times, statuses = [], []

        def register(client):
            connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
            for i in range(each):
                n = client * each + i
                keys = [
                    key(b"%08d" % n + bytes([day]) * 8, YESTERDAY - 144 * (day % 13))
                    for day in range(13)
                ]
                body = json.dumps(request("%08d" % (20000000 + n), keys))
                start = time.monotonic()
                connection.request("PUT", "/v1/diagnosis", body)
                response = connection.getresponse()
                response.read()
                times.append(time.monotonic() - start)
                statuses.append(response.status)
            connection.close()

        start = time.monotonic()
        threads = [threading.Thread(target=register, args=(c,)) for c in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - start
        self.assertEqual(statuses, [200] * (clients * each))
        print(
            "PUT with 13 keys, %d clients: %s; %.0f a second"
            % (clients, percentiles(times), len(times) / seconds)
        )


if __name__ == "__main__":
    unittest.main()
