#!/usr/bin/env python3
# Phones as processes, with a real notification server: from consent to the
# notice on another phone, what leaves a phone, and what stays on it.
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import NOW, PATIENCE, SLOT, wait_for
from phone_harness import DAY, Person, Phone, Proxy, own_keys, sightings_csv

KILLS = int(os.environ.get("TEKMATCH_KILLS", "30"))


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

    # R25: a number serves one phone.
    def test_r25_two_phones_one_number(self):
        self.numbers("12345678")
        persons = [Person(self.phone(name)) for name in ("a", "b")]
        for person in persons:
            person.fill("12345678")
            self.assertEqual(person.path, "/confirm")
        threads = [
            threading.Thread(target=person.post, args=("/confirm",), kwargs={"action": "send"})
            for person in persons
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(p.path for p in persons), ["/done", "/refused"])
        refused = [p for p in persons if p.path == "/refused"][0]
        # R2, row 17: all causes in one text, and whom to call.
        text = refused.page.text
        self.assertIn("番号が違うか、有効期限が過ぎているか、すでに使われています", text)
        self.assertIn("03-1234-5678", refused.page.text)
        self.assertIn("number_refused", refused.page.text)
        self.assertTrue(wait_for(lambda: self.world.management.used == {"12345678": 1}))
        # R8: the number is still in the field.
        refused.get("/register")
        self.assertEqual(refused.page.value("number"), "12345678")

    def assert_nowhere(self, *secrets):
        """In no bytes at rest: databases, -wal, logs."""
        for path, data in harness.files_in(self.world.folder):
            for secret in secrets:
                self.assertNotIn(secret.encode(), data, path)

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

    # kill -9 of the phone at each step of a request, and at random moments: each
    # person ends in one success. Who was not told of it has to ask again.
    def test_kill_at_any_moment(self):
        seed = int(os.environ.get("TEKMATCH_SEED", random.randrange(1 << 32)))
        print("TEKMATCH_SEED=%d TEKMATCH_KILLS=%d" % (seed, KILLS), flush=True)
        moments = random.Random(seed)
        steps = ["connected", "sent", "answered", "passed", "told", "any"]
        self.numbers(*["%08d" % n for n in range(KILLS)])
        proxy = self.proxy()
        phone = Phone(self.world, "phones", server=proxy.url, several=True)
        self.addCleanup(phone.end, "KILL")
        keys = []
        for n in range(KILLS):
            keys.append(own_keys("phone%d" % n))
            phone.import_(keys[n], number=n)
        retries = dict.fromkeys(steps, 0)
        cut = dict.fromkeys(steps, 0)
        phone.start()
        for n in range(KILLS):
            step = steps[n % len(steps)]
            me = Person(phone, n)
            me.fill("%08d" % n)
            self.assertEqual(me.path, "/confirm")
            puts = len(proxy.puts())
            killed = threading.Event()

            def kill_at(event, step=step, killed=killed):
                if event != step:
                    return True
                phone.process.kill()
                phone.process.wait()
                killed.set()
                return False

            proxy.on_event = kill_at
            killer = threading.Timer(moments.uniform(0, 0.03), phone.process.kill)
            if step == "any":
                killer.start()
            try:
                me.post("/confirm", action="send")
                if step == "told":
                    self.assertEqual(me.path, "/done")
                    phone.process.kill()
            except (OSError, harness.http.client.HTTPException):
                pass
            if step == "any":
                killer.join()
            elif step != "told":
                self.assertTrue(killed.wait(PATIENCE), step)
            proxy.on_event = None
            cut[step] += len(proxy.puts()) > puts
            phone.end("KILL")
            phone.start()
            me = Person(phone, n)
            me.get("/")
            if "登録済み" not in me.page.text:
                retries[step] += 1
                # The person begins again, with the same number; and once more where the
                # connection was cut, which the page says and asks for.
                me.register("%08d" % n)
                for _ in range(3):
                    if me.path == "/done" or "unreachable" not in me.page.text:
                        break
                    print("cut again at %s" % step, flush=True)
                    me.register("%08d" % n)
                self.assertEqual(me.path, "/done", me.page.text)
            me.get("/done")
            self.assertIn("6個", me.page.text)
            # What is on its way is none of the next person's.
            self.assertTrue(wait_for(proxy.is_idle))
        print("kills at %s: requests that arrived %s, retries %s" % (steps, cut, retries))
        # Each step was met: before the request, between it and the answer, after.
        each = KILLS // len(steps)
        self.assertGreater(each, 0)
        self.assertEqual(cut["connected"], 0)
        for step in ("sent", "answered", "passed", "told"):
            self.assertGreaterEqual(cut[step], each, step)
        for step in ("connected", "sent", "answered"):
            self.assertGreaterEqual(retries[step], each, step)
        self.assertEqual(retries["told"], 0)
        numbers = ["%08d" % n for n in range(KILLS)]
        self.assertTrue(wait_for(lambda: len(self.world.management.used) == KILLS))
        self.assertEqual(self.world.management.used, {number: 1 for number in numbers})
        self.world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: self.world.published()))
        published = sorted(tek for teks in self.world.published().values() for tek in teks)
        self.assertEqual(
            published, sorted(key[0].hex() for own in keys for key in own[1:6])
        )

    # Two taps on one button send once.
    def test_two_taps_send_once(self):
        self.numbers("12345678")
        proxy = self.proxy()
        # The request stays under way until the other taps were answered.
        goes_on = threading.Event()
        self.addCleanup(goes_on.set)
        proxy.on_event = lambda event: event != "connected" or goes_on.wait()
        phone = self.phone(server=proxy.url)
        me = Person(phone)
        me.fill("12345678")
        taps = []
        for _ in range(3):
            tap = Person(phone)
            tap.page = me.page
            taps.append(tap)
        threads = [
            threading.Thread(target=tap.post, args=("/confirm",), kwargs={"action": "send"})
            for tap in taps
        ]
        for thread in threads:
            thread.start()
        self.assertTrue(wait_for(lambda: sum(t.is_alive() for t in threads) == 1))
        goes_on.set()
        for thread in threads:
            thread.join()
        for tap in taps:
            # All but one are told at once that it is being sent.
            self.assertIn(tap.path, ("/sending", "/done"))
            if tap.path == "/sending":
                self.assertIn("Refresh", tap.page.headers)
            self.assertTrue(wait_for(lambda tap=tap: tap.get("/sending") and tap.path == "/done"))
        self.assertEqual(len(proxy.puts()), 1)

    def send_and_hold(self, phone, number="12345678"):
        """A person whose request is under way; the thread has the outcome."""
        me = Person(phone)
        me.fill(number)
        thread = threading.Thread(target=me.post, args=("/confirm",), kwargs={"action": "send"})
        thread.start()
        self.assertTrue(wait_for(lambda: "送信しています" in Person(phone).get("/sending").text))
        return me, thread

    # A server that does not answer takes no more than one of the workers, and
    # keeps nobody from the other pages.
    def test_nobody_waits_for_a_server_that_hangs(self):
        self.numbers("12345678")
        proxy = self.proxy()
        proxy.mode = "hold"
        phone = self.phone(
            server=proxy.url, exports=proxy.url, options=["--workers=3"], heard=[(b"x" * 16, NOW)]
        )
        me, sending = self.send_and_hold(phone)
        fetching = threading.Thread(target=Person(phone).post, args=("/fetch",))
        fetching.start()
        self.assertTrue(
            wait_for(lambda: any(bytes(r).startswith(b"GET ") for r in proxy.requests))
        )
        other = Person(phone)
        for path, fields in (
            ("/confirm", {"action": "send"}),
            ("/confirm", {"action": "cancel"}),
            ("/register", {"symptoms": "no", "date": "2020-12-10", "number": "00000000"}),
            ("/consent", {"agree": "no"}),
        ):
            other.get("/")
            other.post(path, **fields)
            self.assertEqual(other.path, "/sending", path)
            self.assertIn("送信しています", other.page.text)
        other.get("/")
        other.post("/fetch")
        self.assertEqual(other.page.status, 409)
        self.assertIn("確認しています", other.page.text)
        # The end does not wait either, and the person is told what there is.
        self.assertEqual(phone.end(), 0)
        sending.join()
        fetching.join()
        proxy.mode = "pass"
        phone.start()
        me.get("/")
        self.assertIn("前回の送信の結果を確認できていません", me.page.text)
        me.register("12345678")
        self.assertEqual(me.path, "/done")
        self.assertEqual(len({put[2]["idempotencyKey"] for put in proxy.puts()}), 1)
        self.assertTrue(wait_for(lambda: self.world.management.used == {"12345678": 1}))

    # R8: three wrong numbers, then a wait, and nothing is thrown away.
    def test_r8_wrong_numbers_wait(self):
        self.numbers("12345678")
        me = Person(self.phone())
        for n in range(3):
            me.register("0000000%d" % n)
            self.assertEqual(me.path, "/refused")
            self.assertIn("number_refused", me.page.text)
        self.assertIn("あと5秒お待ちください", me.page.text)
        me.post("/register", symptoms="yes", date="2020-12-08", number="12345678")
        self.assertEqual(me.page.status, 422)
        self.assertIn("あと5秒お待ちください", me.page.text)
        self.assertEqual(me.page.value("number"), "12345678")
        self.world.set_time(NOW + 5)
        me.post("/register", symptoms="yes", date="2020-12-08", number="12345678")
        me.post("/confirm", action="send")
        self.assertEqual(me.path, "/done")

    # Row 21, R20, R21, R17: before the number is asked, and before it is sent.
    def test_what_comes_before_sending(self):
        proxy = self.proxy()
        me = Person(self.phone("today", keys=own_keys("today", [0]), server=proxy.url))
        me.fill("12345678")
        self.assertIn("昨日までの記録がありません", me.page.text)
        self.assertNotIn('name="number"', me.page.body)

        me = Person(self.phone("other", server=proxy.url))
        me.get("/")
        me.post("/notification", on="no")
        self.assertIn("接触通知はオフです", me.page.text)
        me.get("/a/?pn=12345678")
        self.assertEqual(me.path, "/consent")
        self.assertIn("はじめに接触通知をオンに", me.page.text)
        me.post("/notification", on="yes", next="consent")
        self.assertEqual(me.path, "/consent")
        me.post("/consent", agree="yes")
        self.assertEqual(me.page.value("number"), "12345678")
        me.post("/register", symptoms="no", date="2020-12-10", number="12345678")
        self.assertEqual(me.path, "/confirm")
        me.post("/confirm", action="cancel")
        self.assertIn("処理番号は使われていません", me.page.text)
        me.get("/register")
        self.assertEqual(me.path, "/consent")
        me.post("/consent", agree="no")
        self.assertIn("登録をやめました", me.page.text)
        self.assertEqual(proxy.requests, [])

    # The phone's pages are used by the browser on this machine, and by no other
    # site in it.
    def test_other_sites_cannot_use_the_pages(self):
        phone = self.phone()
        me = Person(phone)
        token = me.get("/").token()
        body = "on=no&token=" + token
        host = "127.0.0.1:%d" % phone.port
        self.assertEqual(me.ask("GET", "/", headers={"Host": "evil.example"}).status, 403)
        self.assertEqual(
            me.ask("GET", "/", headers={"Host": "localhost:%d" % phone.port}).status, 200
        )
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Host": "evil.example:%d" % phone.port},
        ):
            page = me.ask("POST", "/notification", body, headers)
            self.assertEqual(page.status, 403, headers)
        self.assertEqual(me.ask("POST", "/notification", "on=no").status, 403)
        self.assertEqual(me.ask("POST", "/notification", "on=no&token=0").status, 403)
        self.assertEqual(
            me.ask("POST", "/notification", body, {"Content-Type": "text/plain"}).status, 400
        )
        # A link from a mail, a second phone on another port: the page that is open
        # stays good.
        other = Person(self.phone("other"))
        self.assertNotEqual(other.get("/").token(), token)
        Person(phone).get("/a/?pn=12345678")
        self.assertIn("接触通知はオンです", me.get("/").text)
        page = me.ask("POST", "/notification", body, {"Origin": "http://" + host})
        self.assertEqual(page.status, 303)
        self.assertIn("接触通知はオフです", me.get("/").text)
        self.assertIn("接触通知はオンです", other.get("/").text)
        page = me.get("/")
        self.assertIn("default-src 'self'", page.headers["Content-Security-Policy"])
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        # What is no page of the phone's is said in Japanese.
        page = me.ask("GET", "/nothing")
        self.assertEqual(page.status, 404)
        self.assertIn("ページがありません", page.text)
        page = me.ask("PUT", "/register", "")
        self.assertEqual((page.status, page.headers["Allow"]), (405, "GET, HEAD, POST"))
        self.assertIn("ページがありません", page.text)

    # A link's number is taken where a person opens the link, and replaces none
    # that was typed.
    def test_r17_links_of_other_pages(self):
        proxy = self.proxy()
        me = Person(self.phone(server=proxy.url))
        link = "/a/?pn=00000000"
        opened = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        others = [
            ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}),
            ("GET", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
            ("GET", dict(opened, **{"Sec-Purpose": "prefetch;prerender"})),
            ("HEAD", opened),
        ]

        def by_others():
            for method, headers in others:
                self.assertEqual(me.ask(method, link, headers=headers).status, 403, headers)

        by_others()
        me.get("/consent")
        me.post("/consent", agree="yes")
        self.assertEqual(me.page.value("number"), "")
        self.assertEqual(me.ask("GET", "/a/?pn=12345678", headers=opened).location, "/register")
        by_others()
        self.assertEqual(me.get("/register").value("number"), "12345678")
        me.post("/register", symptoms="yes", date="2020-12-08", number="12345678")
        self.assertEqual(me.path, "/confirm")
        preview = me.page.preview()
        by_others()
        # Opened by a person, or by a page in a person's name: it is offered.
        me.get(link)
        self.assertEqual(me.path, "/link")
        self.assertNotIn("00000000", me.page.body)
        self.assertEqual(me.get("/confirm").preview(), preview)
        me.get("/link")
        me.post("/link", use="no")
        self.assertEqual(me.page.value("number"), "12345678")
        me.get("/link")
        self.assertEqual(me.path, "/register")
        me.get(link)
        me.post("/link", use="yes")
        self.assertEqual(me.page.value("number"), "00000000")
        me.get("/confirm")
        self.assertEqual(me.path, "/register")
        self.assertEqual(proxy.requests, [])

    # Two tabs: what is sent is what the page showed.
    def test_another_tabs_preview_is_not_sent(self):
        self.numbers("12345678")
        proxy = self.proxy()
        phone = self.phone(server=proxy.url)
        one, other = Person(phone), Person(phone)
        one.fill("12345678", date="2020-12-08")
        self.assertIn("6日分", one.page.text)
        other.fill("12345678", date="2020-12-10")
        self.assertIn("4日分", other.page.text)
        one.post("/confirm", action="send")
        self.assertEqual(one.path, "/confirm")
        self.assertIn("4日分", one.page.text)
        self.assertEqual(proxy.requests, [])
        one.post("/confirm", action="send")
        self.assertEqual(one.path, "/done")
        self.assertEqual(len(proxy.puts()[0][2]["keys"]), 4)

    # Own keys go though nobody fetches and nobody looks.
    def test_own_keys_go_by_themselves(self):
        phone = self.phone()
        path = os.path.join(phone.folder, "phone.sqlite")

        def num_keys():
            database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
            try:
                return database.execute("SELECT count(*) FROM own_key").fetchone()[0]
            finally:
                database.close()

        self.assertEqual(num_keys(), 15)
        self.world.set_time(NOW + 16 * DAY)
        self.assertTrue(wait_for(lambda: num_keys() == 0))

    # A phone that never runs for a whole day forgets when it starts.
    def test_own_keys_go_at_the_start(self):
        phone = self.phone()
        self.assertEqual(phone.end(), 0)
        self.world.set_time(NOW + 16 * DAY)
        phone.start()
        database = sqlite3.connect(
            "file:%s?mode=ro" % os.path.join(phone.folder, "phone.sqlite"), uri=True
        )
        self.addCleanup(database.close)

        def num_keys():
            return database.execute("SELECT count(*) FROM own_key").fetchone()[0]

        self.assertTrue(wait_for(lambda: num_keys() == 0))

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

    # Rows 19 and 20: what the options say is in the menu, and nothing else.
    def test_rows_19_and_20_menu(self):
        options = [
            "--faq-url=https://example.jp/faq?a=1&b=2",
            "--mail=cocoa@example.jp",
            "--ministry-url=https://www.mhlw.go.jp/",
            "--call-centre=0120-565653",
        ]
        page = Person(self.phone("full", options=options)).get("/menu")
        self.assertIn('href="https://example.jp/faq?a=1&amp;b=2"', page.body)
        self.assertIn('href="mailto:cocoa@example.jp"', page.body)
        self.assertIn('href="https://www.mhlw.go.jp/"', page.body)
        self.assertIn("0120-565653", page.text)
        self.assertIn('href="tel:0120565653"', page.body)
        self.assertIn('href="tel:0312345678"', page.body)
        page = Person(self.phone("bare")).get("/menu")
        self.assertNotIn("http", page.body)
        self.assertNotIn("mailto:", page.body)

    def test_many_phones_in_one_process(self):
        self.numbers("12345678")
        phone = Phone(self.world, "phones", several=True)
        self.addCleanup(phone.end, "KILL")
        for n in (0, 1, 12):
            phone.import_(own_keys("phone%d" % n), number=n)
        phone.start("--fetch-every=60", "--chaff-per-day=24")
        one, twelve = Person(phone, 1), Person(phone, 12)
        one.register("12345678")
        self.assertEqual(one.path, "/done")
        self.assertNotIn("登録済み", twelve.get("/").text)
        nobody = Person(phone)
        for name in ("2", "01", "-1", "..", "x", "%31", "1000000", ""):
            self.assertEqual(nobody.ask("GET", "/phone/%s/" % name).status, 404, name)
        self.assertEqual(nobody.ask("GET", "/").status, 404)
        self.assertEqual(nobody.ask("GET", "/phone/12").location, "/phone/12/")
        # They fetch by themselves, and send what nobody means.
        self.world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: self.world.published()))
        self.world.set_time(SLOT + 7200)
        self.assertTrue(
            wait_for(lambda: "まだ確認していません" not in twelve.get("/contacts").text)
        )
        self.world.set_time(SLOT + 10 * DAY)
        self.assertTrue(
            wait_for(lambda: self.world.read("log").count("PUT /v1/diagnosis 200") >= 3)
        )
        self.assertEqual(phone.end(), 0)

    def test_options_that_are_refused(self):
        for options, what in [
            (["--data=a", "--phones=b"], "one of them"),
            (["--data=a", "--policy=cocoa-3"], "--accept-disclosure"),
            (["--data=a", "--policy=none"], "cocoa-1.2.1"),
            (["--data=a", "--server=http://example.jp"], "https is wanted"),
            (["--data=a", "--exports=file:///etc"], "no url"),
            (["--data=a", "--zone=Mars"], "no time zone"),
            (["--data=a", "--region=4/4"], "--region"),
            (["--data=a", "--region="], "--region"),
            (["--data=a", "--listen=0.0.0.0:80"], "0.0.0.0"),
            (["--data=a", "--listen=unix:/tmp/x"], "a browser needs"),
        ]:
            with self.subTest(options=options):
                defaults = {
                    "--listen": "127.0.0.1:0",
                    "--server": "http://127.0.0.1:1",
                    "--exports": "http://127.0.0.1:1",
                    "--public-key": self.world.path("public.pem"),
                    "--key-id": "440",
                }
                defaults.update(option.split("=", 1) for option in options)
                run = subprocess.run(
                    [harness.REGISTRY, "phone"] + ["%s=%s" % item for item in defaults.items()],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=PATIENCE,
                )
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertIn(what, run.stderr)

    # Bad input is 1, wrong usage 2.
    def test_files_that_phone_import_refuses(self):
        path = self.world.path("file")
        devices = sightings_csv([]).replace("\n", ",device\n")
        devices += "1607587200,%s,%s,-60,1\n" % ("0" * 32, "0" * 8)
        for option, text, words in [
            ("--own-keys", "[7]", "own keys: key 1: no object"),
            ("--own-keys", "time,rpi\n", "own keys: no list"),
            ("--sightings", devices, "names a device"),
            ("--sightings", "[7]", ""),
        ]:
            with self.subTest(option=option, text=text):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                folder = self.world.path("imported")
                run = subprocess.run(
                    [harness.REGISTRY, "phone-import", "--data=" + folder, option + "=" + path],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=PATIENCE,
                )
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertIn(path + ": " + words, run.stderr)
                self.assertFalse(os.path.exists(folder))
        run = subprocess.run(
            [harness.REGISTRY, "phone-import", "--data=" + self.world.path("imported")],
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual(run.returncode, 2, run.stderr)


if __name__ == "__main__":
    unittest.main()
