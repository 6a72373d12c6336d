#!/usr/bin/env python3
"""Looks at every page of both roles, in the states that it has.

What is asserted of each is page_checks.py's; two pictures of each, 320 and 1000
pixels wide, on light and on dark, are kept as outputs of the test.
"""

import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration", "browser"))
from page_checks import PageChecks
from webdriver import Browser
from world import AGREE, ONSET, BrowserWorld

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, SLOT

WRONG = "00000000"


class PagesTest(PageChecks, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.forget()
        self.world = BrowserWorld()
        self.addCleanup(self.world.close)

    def see(self, name, path, typed=False):
        self.browser.open(path)
        self.look(name, self.world.numbers(), typed)

    def test_pages_of_the_health_centre(self):
        browser, world = self.browser, self.world
        world.start_pages()
        self.see("hersys-login", world.pages + "/login")
        browser.fill(login="hanako", password="wrong")
        browser.press_button("ログイン")
        self.look("hersys-login-wrong")
        world.log_in(browser)
        self.look("hersys-patients-none")
        self.see("hersys-new", world.pages + "/new")
        browser.fill(contact="03-1234-5678", kana="漢字", diagnosed_on="2021-12-10")
        browser.press_button("追加")
        self.look("hersys-new-faults")
        # Long names, and nothing else.
        world.add_patient(
            browser, reported=False, name="寿" * 40, kana="ジュ" * 20, contact="a" * 60 + "@example.jp"
        )
        empty = world.add_patient(browser, reported=False, consent=False, contact=None)
        patient = world.add_patient(browser)
        for tab in ("report", "contact", "number"):
            self.see("hersys-missing-" + tab, "%s/patient/%d?tab=%s" % (world.pages, empty, tab))
        world.open_tab(browser, empty, "contact")
        browser.fill(contact="03-1234-5678", kana="漢字")
        browser.press_button("保存")
        self.look("hersys-contact-faults")
        for tab in ("report", "contact", "number"):
            self.see("hersys-" + tab, "%s/patient/%d?tab=%s" % (world.pages, patient, tab))
        world.issue_by_page(browser, patient)
        self.see("hersys-number-sent", "%s/patient/%d?tab=number" % (world.pages, patient))
        self.see("hersys-patients", world.pages + "/patients")
        self.see("hersys-import", world.pages + "/import")
        browser.fill(rows="氏名,連絡先,診断年月日\n患者,03-1234-5678,1999-02-30\n")
        browser.press_button("取込")
        self.look("hersys-import-faults")
        self.see("hersys-not-found", world.pages + "/patient/12345")
        self.see("hersys-audit-forbidden", world.pages + "/audit")
        world.log_in(browser, "kanri")
        self.see("hersys-audit", world.pages + "/audit")
        # A gateway that is away: the alarm.
        world.sms.status = 503
        waiting = world.add_patient(browser)
        world.open_tab(browser, waiting, "number")
        browser.press_button("処理番号発行")
        world.set_time(NOW + 11 * 60)
        self.see("hersys-alarm", "%s/patient/%d?tab=number" % (world.pages, waiting))

    def test_pages_of_the_phone(self):
        browser, world = self.browser, self.world
        world.start_all()
        home = world.phones + "/phone/0"
        self.see("phone-home", home + "/")
        self.see("phone-menu", home + "/menu")
        self.see("phone-consent", home + "/consent")
        self.see("phone-contacts-none", home + "/contacts")
        world.agree(browser, 2)
        self.look("phone-no-keys")
        world.agree(browser)
        self.look("phone-register")
        browser.press_button("確認に進む")
        self.look("phone-register-faults")
        browser.fill(symptoms="yes", date=ONSET, number="1234-567")
        browser.press_button("確認に進む")
        self.look("phone-register-number", typed=True)
        browser.fill(number=WRONG)
        browser.press_button("確認に進む")
        self.look("phone-confirm", [WRONG], typed=True)
        browser.press_button("送信")
        self.look("phone-refused")
        for _ in range(2):
            world.open_phone(browser, "/register")
            browser.fill(symptoms="yes", date=ONSET, number=WRONG)
            browser.press_button("確認に進む")
            browser.press_button("送信")
        self.look("phone-refused-wait")
        browser.press_button("登録をやめる")
        self.look("phone-home-cancelled")
        world.set_time(NOW + 60)
        world.issue()
        number = world.number(0)
        self.see("phone-link-consent", world.link + "?pn=" + number)
        browser.press_button(AGREE)
        self.look("phone-link-register", [number], typed=True)
        browser.fill(symptoms="no", date=ONSET, number=number)
        browser.press_button("確認に進む")
        # The server is away. Its port is kept from others meanwhile: who has bound it,
        # and does not listen, refuses as nobody would.
        port = world.port
        world.end()
        with socket.socket() as kept:
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind(("127.0.0.1", port))
            browser.press_button("送信")
            self.look("phone-unreachable", [number], typed=True)
            world.start(port=port)
        self.see("phone-again", home + "/register", typed=True)
        browser.fill(number=number)
        for text in ("確認に進む", "送信"):
            browser.press_button(text)
        self.look("phone-done", [number])
        self.see("phone-home-registered", home + "/")
        world.publish_today()
        world.set_time(SLOT + 60)
        world.open_phone(browser, "/contacts", 1)
        browser.press_button("今すぐ確認する")
        self.look("phone-contacts", [number])
        self.see("phone-1-home", world.phones + "/phone/1/")
        world.open_phone(browser, "/", 1)
        browser.press_button("接触通知をオフにする")
        self.look("phone-home-off")
        self.see("phone-register-off", world.phones + "/phone/1/register")


if __name__ == "__main__":
    unittest.main()
