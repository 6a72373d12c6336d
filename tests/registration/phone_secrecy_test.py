#!/usr/bin/env python3
# What leaves a phone, byte by byte, and what stays on it: which keys, no symptoms,
# no date, no number.
import json
import os
import re
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import SLOT, wait_for
from phone_harness import Person, own_keys
from phone_world import PhoneWorld


class PhoneSecrecyTest(PhoneWorld):
    def assert_nowhere(self, *secrets):
        """In no bytes at rest: databases, -wal, logs."""
        for path, data in harness.files_in(self.world.folder):
            for secret in secrets:
                self.assertNotIn(secret.encode(), data, path)

    # Rows 24 and 25: the keys at the edges of the window, whatever D.
    def test_rows_24_and_25_keys_at_the_edges(self):
        cases = [
            ("cocoa-1.2.1", "yes", "2020-12-08", range(0, 6)),
            ("cocoa-1.2.1", "no", "2020-12-10", range(0, 4)),
            ("cocoa-1.2.1", "yes", "2020-10-31", range(0, 15)),  # D = 40 days ago
            ("civil", "yes", "2020-12-08", range(0, 6)),
            ("legacy-14d", "yes", "2020-12-10", range(0, 15)),
        ]
        self.numbers(*["%08d" % n for n in range(len(cases))])
        for n, (policy, symptoms, date, days) in enumerate(cases):
            with self.subTest(policy=policy, date=date):
                name = "phone%d" % n
                keys = own_keys(name, range(0, 18))
                proxy = self.proxy()
                phone = self.phone(
                    name, keys=keys, server=proxy.url, options=["--policy=" + policy]
                )
                me = Person(phone)
                me.register("%08d" % n, symptoms, date)
                self.assertEqual(me.path, "/done")
                (put,) = proxy.puts()
                self.assertEqual(
                    sorted(key["rollingStartNumber"] for key in put[2]["keys"]),
                    sorted(keys[day][1] for day in days),
                )
                phone.end()
        self.world.set_time(SLOT)
        total = sum(len(days) for *_, days in cases)
        self.assertTrue(wait_for(lambda: self.world.published()))
        # All but today's, which wait for their end.
        self.assertEqual(sum(len(k) for k in self.world.published().values()), total - len(cases))

    # Row 27: whatever was entered, the same fields and the same size.
    def test_row_27_all_bytes_to_the_server(self):
        entered = [
            (symptoms, date)
            for symptoms in ("yes", "no")
            for date in ("2020-12-10", "2020-12-03", "2020-11-30", "2020-10-01")
        ]
        self.numbers(*["%08d" % n for n in range(len(entered))])
        heads, names, rests, sizes = set(), set(), set(), set()
        for n, (symptoms, date) in enumerate(entered):
            proxy = self.proxy()
            phone = self.phone("phone%d" % n, server=proxy.url)
            me = Person(phone)
            me.register("%08d" % n, symptoms, date)
            self.assertEqual(me.path, "/done")
            phone.end()
            (sent,) = proxy.requests  # one connection, and nothing else on it
            sizes.add(len(sent))
            head, body, request = proxy.puts()[0]
            heads.add(re.sub(r"127\.0\.0\.1:\d+", "HOST", head))
            self.assertEqual(len(body), 4096)
            names.add(
                (
                    tuple(sorted(request)),
                    tuple(sorted({tuple(sorted(key)) for key in request["keys"]})),
                )
            )
            # Without what is random or differs anyway, all requests are equal.
            rest = dict(request)
            for name in ("padding", "idempotencyKey", "verificationPayload"):
                del rest[name]
            rest["keys"] = [
                {name: key[name] for name in ("reportType", "rollingPeriod")}
                for key in request["keys"][:1]
            ]
            rests.add(json.dumps(rest, sort_keys=True))
            for word in ("symptom", "onset", "yes", date, date.replace("-", "")):
                self.assertNotIn(word, head + json.dumps(rest))
        self.assertEqual(len(heads), 1)
        self.assertEqual(len(rests), 1)
        self.assertEqual(
            names,
            {
                (
                    ("idempotencyKey", "keys", "padding", "regions", "verificationPayload"),
                    (("keyData", "reportType", "rollingPeriod", "rollingStartNumber"),),
                )
            },
        )
        self.assertEqual(len(sizes), 1)
        # Nor do exports tell.
        self.world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: self.world.published()))
        for name in self.world.published():
            export = harness.read_export(self.world.path("out", "c19r", "440", name))
            self.assertEqual({key["onset"] for key in export["keys"]}, {None})

    # R27, F9: the number, symptoms and the date are at rest nowhere, while a
    # registration runs and after it.
    def test_r27_number_is_at_rest_nowhere(self):
        self.numbers("38271946")
        proxy = self.proxy()
        phone = self.phone(server=proxy.url)
        me = Person(phone)
        secrets = ("38271946", "2020-12-03", "３８２７")
        me.get("/a/?pn=38271946")
        self.assert_nowhere(*secrets)
        me.post("/consent", agree="yes")
        self.assertEqual(me.page.value("number"), "38271946")
        me.post("/register", symptoms="yes", date="2020-12-03", number="３８２７１９４6")
        self.assertEqual(me.path, "/confirm")
        self.assertNotIn("38271946", me.page.body)
        self.assert_nowhere(*secrets)
        proxy.mode = "swallow"
        me.post("/confirm", action="send")
        self.assertEqual(me.path, "/refused")
        self.assertIn("unreachable", me.page.text)
        self.assert_nowhere(*secrets)
        proxy.mode = "pass"
        me.post("/confirm", action="send")
        self.assertEqual(me.path, "/done")
        self.assertNotIn("38271946", me.page.body)
        self.assert_nowhere(*secrets)
        key = proxy.puts()[0][2]["idempotencyKey"]
        self.assertEqual(key, proxy.puts()[1][2]["idempotencyKey"])
        self.assert_nowhere(key)
        # R4: the same success, once.
        self.assertTrue(wait_for(lambda: self.world.management.used == {"38271946": 1}))
        # What the log has.
        for line in self.world.read("phone-log").splitlines():
            self.assertRegex(
                line, r"^2020-12-10T09:00:00Z (GET|POST) /\S* \d+ in\S+ out\S+ \S+$"
            )

    # Row 27: nor does a phone keep what was entered, in any form: two phones that
    # send the same keys have the same rows, but for random ones.
    def test_row_27_the_same_rows_whatever_was_entered(self):
        kept = []
        for n, (symptoms, date) in enumerate([("yes", "2020-12-10"), ("no", "2020-11-03")]):
            proxy = self.proxy()
            proxy.mode = "swallow"
            phone = self.phone(
                "phone%d" % n,
                keys=own_keys("same"),
                server=proxy.url,
                options=["--policy=legacy-14d"],
            )
            me = Person(phone)
            me.register("%08d" % n, symptoms, date)
            self.assertEqual(me.path, "/refused")
            self.assertEqual(phone.end(), 0)
            database = sqlite3.connect(os.path.join(phone.folder, "phone.sqlite"))
            self.addCleanup(database.close)
            names = [
                name
                for (name,) in database.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                )
            ]
            rows = {name: database.execute("SELECT * FROM %s" % name).fetchall() for name in names}
            self.assertEqual(len(rows["attempt_key"]), 15)
            self.assertEqual(len(rows.pop("attempt")), 1)  # the idempotency key
            kept.append(rows)
        self.assertEqual(kept[0], kept[1])


if __name__ == "__main__":
    unittest.main()
