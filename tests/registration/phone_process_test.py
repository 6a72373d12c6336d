#!/usr/bin/env python3
# Phones as processes, with a real notification server: from consent to the
# notice on another phone, what leaves a phone, and what stays on it.
import glob
import json
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import NOW, SLOT, wait_for
from phone_harness import DAY, Person, Phone, Proxy, own_keys


class PhoneProcessTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.world.start()

    def phone(self, name="phone", keys=None, heard=(), options=(), **kwargs):
        phone = Phone(self.world, name, **kwargs)
        phone.import_(own_keys(name) if keys is None else keys, heard)
        self.addCleanup(phone.end, "KILL")
        phone.start(*options)
        return phone

    def proxy(self):
        proxy = Proxy(self.world.port)
        self.addCleanup(proxy.close)
        return proxy

    def numbers(self, *numbers):
        self.world.management.claims = {number: None for number in numbers}

    def claims(self):
        return {n: c for n, c in self.world.management.claims.items() if c}

    # Rows 1, 15, 16, 22 and 23: from consent to the other phone's page.
    def test_from_consent_to_the_notice_on_another_phone(self):
        world = self.world
        self.numbers("12345678")
        proxy = self.proxy()
        mine = self.phone("mine", server=proxy.url)
        # Met twice on 7 December, Japan's time, and once on the 8th; strangers.
        keys = dict((start, tek) for tek, start in own_keys("mine"))
        today = NOW // DAY * 144
        seventh, eighth = keys[today - 3 * 144], keys[today - 2 * 144]
        heard = [
            (seventh, (NOW // DAY - 3) * DAY + 3600),
            (seventh, (NOW // DAY - 3) * DAY + 3700),
            (eighth, (NOW // DAY - 2) * DAY + 7200),
            (b"s" * 16, (NOW // DAY - 2) * DAY + 7200),
        ]
        other = self.phone("other", heard=heard)

        me = Person(mine)
        me.get("/")
        self.assertIn("接触通知はオンです", me.page.text)
        me.get("/register")
        self.assertEqual(me.path, "/consent")
        me.post("/register", symptoms="yes", date="2020-12-09", number="12345678")
        self.assertEqual(me.path, "/consent")
        self.assertEqual(proxy.requests, [])  # row 1
        me.post("/consent", agree="yes")
        self.assertEqual(me.path, "/register")
        # Row 15: in this order.
        order = [me.page.text.index(sign) for sign in "①②③"]
        self.assertEqual(order, sorted(order))
        me.post("/register", symptoms="yes", date="2020-12-09", number="１２３４－５６７８")
        self.assertEqual(me.path, "/confirm")
        # 7, 8, 9 and 10 December, and the 6th: the window begins at 00:00 of the
        # 6th in Japan.
        self.assertIn("5日分", me.page.text)
        self.assertEqual(proxy.requests, [])
        me.post("/confirm", action="send")
        self.assertEqual(me.path, "/done")
        self.assertIn("2020年12月10日", me.page.text)
        self.assertIn("5個", me.page.text)
        self.assertEqual(len(proxy.puts()), 1)
        me.get("/register")
        self.assertEqual(me.path, "/done")
        me.get("/")
        self.assertIn("登録済み：2020年12月10日", me.page.text)  # R16

        you = Person(other)
        you.get("/contacts")
        self.assertIn("まだ確認していません", you.page.text)
        you.post("/fetch")
        self.assertEqual(you.path, "/contacts")
        self.assertNotIn("確認されませんでした", you.page.text)
        world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: world.published()))
        you.post("/fetch")
        text = you.page.text
        self.assertIn("接触件数：2件", text)
        self.assertRegex(text, r"2020年12月7日\s*1件")
        self.assertRegex(text, r"2020年12月8日\s*1件")
        self.assertIn("03-9999-0000", text)
        # Row 23: no time of day, no key, no name of a file.
        self.assertNotRegex(text, r"\d:\d\d|時\d|[0-9a-f]{16}|\.zip")
        # One's own keys are no contact.
        me.post("/fetch")
        self.assertNotIn("接触件数", me.page.text)


if __name__ == "__main__":
    unittest.main()
