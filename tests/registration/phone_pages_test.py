#!/usr/bin/env python3
# The phone's pages, by a real process and requests as a browser sends them: a
# person's way, taps, links, other sites.
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, wait_for
from phone_harness import Person, own_keys
from phone_world import PhoneWorld


class PhonePagesTest(PhoneWorld):
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


if __name__ == "__main__":
    unittest.main()
