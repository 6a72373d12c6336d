#!/usr/bin/env python3
# From consent on one phone to the notice on another, and what its page says where
# there is nothing to go by.
import os
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, SLOT, wait_for
from phone_harness import DAY, Person, own_keys
from phone_world import PhoneWorld


class PhoneNoticeTest(PhoneWorld):
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

    # Row 23: as data, too: what a phone keeps of contacts has dates and counts.
    def test_row_23_dates_and_counts_only(self):
        phone = self.phone(heard=[(b"x" * 16, NOW - 3600)])
        Person(phone).post("/fetch")
        self.assertEqual(phone.end(), 0)
        database = sqlite3.connect(os.path.join(phone.folder, "phone.sqlite"))
        self.addCleanup(database.close)
        columns = database.execute("SELECT name FROM pragma_table_info('finding')").fetchall()
        self.assertEqual(columns, [("day",), ("num_keys",), ("num_sightings",)])

    # Without keys and without sightings there is no all-clear; nor with an
    # export that is refused, or cannot be fetched.
    def test_no_all_clear_from_nothing(self):
        world = self.world
        self.numbers("12345678")
        clear = "接触は確認されませんでした"
        proxy = self.proxy()
        phone = self.phone("other", heard=[(b"x" * 16, NOW - 3600)], exports=proxy.url)
        you = Person(phone)
        you.post("/fetch")
        self.assertIn("接触がなかったとは言えません", you.page.text)
        self.assertNotIn(clear, you.page.text)
        Person(self.phone("mine")).register("12345678")
        world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: world.published()))

        proxy.mode = "refuse"
        you.post("/fetch")
        self.assertIn("取得できませんでした", you.page.text)
        self.assertNotIn(clear, you.page.text)
        proxy.mode = "pass"
        path = world.path("out", "c19r", "440", "1.zip")
        with open(path, "rb") as f:
            export = f.read()
        with open(path, "wb") as f:
            f.write(export[:200] + bytes([export[200] ^ 1]) + export[201:])
        you.post("/fetch")
        self.assertIn("一部を確認できませんでした", you.page.text)
        self.assertNotIn(clear, you.page.text)
        with open(path, "wb") as f:
            f.write(export)
        you.post("/fetch")
        self.assertIn("2020年12月11日現在", you.page.text)
        self.assertIn(clear, you.page.text)
        # What was processed is not fetched again.
        proxy.requests.clear()
        you.post("/fetch")
        self.assertIn(clear, you.page.text)
        paths = [bytes(request).split(b" ")[1] for request in proxy.requests]
        self.assertEqual(paths, [b"/c19r/440/list.json"])


if __name__ == "__main__":
    unittest.main()
