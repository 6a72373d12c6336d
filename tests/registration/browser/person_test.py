#!/usr/bin/env python3
"""What a person does on the phone, in a real browser over real processes.

Tests are named after the rows of REGISTRATION section 2 and of UPSTREAM (R1-R27)
that they hold. Scripts of pages are off throughout.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration", "browser"))
from keyboard import CONTROL, DOWN, SPACE
from webdriver import Browser
from world import AGREE, CALL_CENTRE, FAQ, MAIL, MIDNIGHT, MINISTRY, ONSET, BrowserWorld, tek_of

sys.path.insert(0, os.path.join("tests", "registration"))
from hersys_chain import CONTACT, HOUR, NAME, TELEPHONE
from harness import NOW, SLOT

WRONG = "00000000"


class PersonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.forget()
        self.world = BrowserWorld()
        self.addCleanup(self.world.close)
        self.world.start_all()

    def issue(self):
        """A number for the person, sent."""
        before = len(self.world.sms.messages)
        self.patient = self.world.issue()
        number = self.world.number(before)
        self.world.wait_for_states(self.patient, ["handed"])
        return number

    def submit(self, **fields):
        """Fills the form, and leads to the preview, or back with faults."""
        self.browser.fill(**fields)
        self.browser.press_button("確認に進む")

    def register(self, number, phone=0, symptoms="yes", date=ONSET):
        self.world.agree(self.browser, phone)
        self.submit(symptoms=symptoms, date=date, number=number)
        self.assertIn("/confirm", self.browser.path)
        self.browser.press_button("送信")

    def fault(self, name):
        """What stands beside the field."""
        self.assertEqual(self.browser.status, 422)
        self.assertEqual(self.browser.field(name).attribute("aria-invalid"), "true")
        return self.browser.find("#%s-fault" % name).text

    # ---- Consent

    def test_row_1_consent_comes_first(self):
        browser, phones = self.browser, self.world
        number = self.issue()
        # Whatever page is opened, the form comes after the consent.
        for path in ["/register", "/confirm", "/a/?pn=" + number]:
            phones.open_phone(browser, path)
            self.assertEqual(browser.path, "/phone/0/consent")
            self.assertNotIn(number, browser.html)
        for words in ["同意", "任意"]:
            self.assertIn(words, browser.text)
        browser.press_button("同意しない")
        self.assertEqual(browser.path, "/phone/0/?m=cancelled")
        for path in ["/", "/consent", "/contacts", "/menu"]:
            phones.open_phone(browser, path)
        phones.open_phone(browser, "/register")
        self.assertEqual(browser.path, "/phone/0/consent")
        # The server saw nothing, and the number is good.
        self.assertEqual(phones.num_puts(), 0)
        self.register(number)
        self.assertEqual(browser.path, "/phone/0/done")
        phones.wait_for_puts(1)

    # ---- The form

    def test_row_14_the_number_is_typed_pasted_or_composed(self):
        browser, world = self.browser, self.world
        for way in ["full-width", "pasted", "composed"]:
            number = self.issue()
            world.agree(browser, 0)
            browser.fill(symptoms="yes", date=ONSET)
            wide = "".join(chr(ord(d) + 0xFEE0) for d in number)
            if way == "full-width":
                browser.field("number").keys(wide[:4] + "－" + wide[4:])
            elif way == "pasted":
                browser.copy(" %s - %s\n" % (number[:4], number[4:]))
                world.open_phone(browser, "/register")
                browser.fill(symptoms="yes", date=ONSET)
                browser.tab_to("[name=number]")
                browser.press_with(CONTROL, "v")
            else:
                browser.tab_to("[name=number]")
                browser.compose(wide)
            browser.press_button("確認に進む")
            self.assertEqual(browser.path, "/phone/0/confirm", way)
            # Not sent: the number stays good.
            browser.press_button("やめる")
        world.agree(browser, 0)
        field = browser.field("number")
        self.assertEqual(field.attribute("autocomplete"), "one-time-code")
        self.assertEqual(field.attribute("inputmode"), "numeric")
        self.assertEqual(field.attribute("type"), "text")
        self.assertEqual(world.num_puts(), 0)

    def test_r7_what_is_no_number_is_named(self):
        browser = self.browser
        self.world.agree(browser)
        for typed, words in [
            ("", "入力"),
            ("1234567", "8桁"),
            ("123456789", "8桁"),
            ("1234.5678", "数字"),
            ("①②③④⑤⑥⑦⑧", "数字"),
            ("abcdefgh", "数字"),
            ("١٢٣٤٥٦٧٨", "数字"),
        ]:
            self.submit(symptoms="yes", date=ONSET, number=typed)
            self.assertIn(words, self.fault("number"))
            # Nothing that was typed is lost, and nothing is cut.
            self.assertEqual(browser.field("number").value, typed)
            self.assertTrue(browser.find("[name=symptoms][value=yes]").is_checked)
            self.assertEqual(browser.field("date").value, ONSET)
        self.assertEqual(self.world.num_puts(), 0)

    def test_row_15_with_symptoms_by_keyboard_alone(self):
        self.by_keyboard("yes")

    def test_row_15_without_symptoms_by_keyboard_alone(self):
        self.by_keyboard("no")

    def by_keyboard(self, symptoms):
        browser = self.browser
        number = self.issue()
        self.world.open_phone(browser, "/")
        browser.tab_to("a[href$='/consent']")
        browser.enter()
        browser.tab_to_button(AGREE)
        browser.enter()
        self.assertEqual(browser.path, "/phone/0/register")
        # ①, ②, ③, in this order, by Tab.
        order = [browser.text.index(mark) for mark in "①②③"]
        self.assertEqual(order, sorted(order))
        for words in ["症状が始まった", "検査を受けた日"]:
            self.assertIn(words, browser.text)
        browser.tab_to("[name=symptoms]")
        browser.press(SPACE)
        if symptoms == "no":
            browser.press(DOWN)
        self.assertTrue(browser.find("[name=symptoms][value=%s]" % symptoms).is_checked)
        browser.tab_to("[name=date]")
        browser.type_date(ONSET)
        browser.tab_to("[name=number]")
        browser.type(number)
        browser.enter()
        self.assertEqual(browser.path, "/phone/0/confirm")
        browser.tab_to_button("送信")
        browser.enter()
        self.assertEqual(browser.path, "/phone/0/done")
        self.world.wait_for_puts(1)

    def test_r12_dates_have_limits_in_the_persons_zone(self):
        browser = self.browser
        # 00:30 of 11 December in Japan.
        self.world.set_time(MIDNIGHT + 15 * HOUR + 30 * 60)
        self.world.agree(browser)
        for date, words in [
            ("2020-12-12", "明日以降"),
            ("2020-09-11", "2020年9月12日"),
            ("", "入力"),
        ]:
            self.submit(symptoms="yes", date=date, number="12345678")
            self.assertIn(words, self.fault("date"))
            self.assertEqual(browser.field("date").value, date)
        # The oldest that is taken is stated.
        self.assertIn("2020年9月12日", browser.text)
        self.assertEqual(browser.field("date").attribute("min"), "2020-09-12")
        self.assertEqual(browser.field("date").attribute("max"), "2020-12-11")
        self.submit(symptoms="yes", date="2020-12-11", number="12345678")
        self.assertEqual(browser.path, "/phone/0/confirm")

    def test_r22_every_submit_ends_in_a_stated_reason(self):
        browser = self.browser
        self.world.agree(browser)
        browser.press_button("確認に進む")
        for name in ("symptoms", "date", "number"):
            fault = browser.find("#%s-fault" % name)
            self.assertNotEqual(fault.text, "")
            # It is tied to its field, and the list at the top leads there.
            first = browser.find_all("[name=%s]" % name)[0]
            self.assertIn("%s-fault" % name, first.attribute("aria-describedby"))
            browser.find(".faults a[href='#%s']" % name)
        self.assertEqual(browser.status, 422)
        # Each date of the last 16 days ends in a preview, or a reason.
        for age in range(0, 16, 3):
            date = "2020-12-%02d" % (10 - age) if age < 10 else "2020-11-%02d" % (40 - age)
            self.world.agree(browser)
            self.submit(symptoms="no", date=date, number="12345678")
            self.assertIn(browser.status, (200, 422), date)
            if browser.path == "/phone/0/confirm":
                self.assertRegex(browser.text, r"\d+日")
            else:
                self.assertTrue(browser.find_all(".faults, .alert"), date)

    # ---- Sending

    def test_row_16_the_end_is_said(self):
        browser, world = self.browser, self.world
        number = self.issue()
        self.register(number)
        self.assertEqual(browser.path, "/phone/0/done")
        text = browser.find("main").text
        self.assertIn("完了", text)
        self.assertIn("2020年12月10日", text)
        # Keys from about two days before the onset: 5 to 10 December.
        self.assertIn("6個", text)
        # Nothing else: no number, date of onset, symptoms, time.
        for secret in [number, ONSET, "12月8日", "18:0", NAME, CONTACT]:
            self.assertNotIn(secret, browser.html)
        self.assertNotRegex(text, r"\d:\d\d|\d時")
        world.wait_for_states(self.patient, ["redeemed"])

    def test_r16_the_phone_says_that_it_has_registered(self):
        browser = self.browser
        self.register(self.issue())
        self.world.open_phone(browser, "/")
        self.assertIn("登録済", browser.text)
        self.assertIn("2020年12月10日", browser.text)
        # A second one is not begun.
        for path in ["/consent", "/register", "/confirm"]:
            self.world.open_phone(browser, path)
            self.assertEqual(browser.path, "/phone/0/done")
        self.assertIn("2020年12月10日", browser.text)
        self.world.wait_for_puts(1)
        # Another phone says nothing of it.
        self.world.open_phone(browser, "/", phone=1)
        self.assertNotIn("2020年12月10日", browser.text)

    def test_row_17_a_refusal_has_the_telephone_number(self):
        browser = self.browser
        self.world.agree(browser)
        self.submit(symptoms="yes", date=ONSET, number=WRONG)
        browser.press_button("送信")
        self.assertEqual(browser.path, "/phone/0/refused")
        self.assertIn("SMS・メールに書かれた電話番号", browser.text)
        self.assertIn(TELEPHONE, browser.text)

    def test_r2_one_text_for_wrong_and_expired(self):
        browser, world = self.browser, self.world
        number = self.issue()
        texts = []
        world.set_time(NOW + HOUR)
        for phone, typed in [(0, number), (1, WRONG)]:
            world.agree(browser, phone)
            self.submit(symptoms="yes", date=ONSET, number=typed)
            browser.press_button("送信")
            self.assertEqual(browser.path, "/phone/%d/refused" % phone)
            for words in ["番号が違うか", "有効期限が過ぎているか"]:
                self.assertIn(words, browser.text)
            texts.append(browser.find("main").text)
        self.assertEqual(texts[0], texts[1])
        world.wait_for_states(self.patient, ["expired"])

    def test_r8_three_wrong_numbers_and_then_the_right_one(self):
        browser, world = self.browser, self.world
        number = self.issue()
        world.agree(browser)
        for _ in range(3):
            self.submit(symptoms="yes", date=ONSET, number=WRONG)
            browser.press_button("送信")
            self.assertEqual(browser.path, "/phone/0/refused")
            # How many tries remain, or how long to wait.
            self.assertRegex(browser.text, r"あと\d回|\d+秒")
            world.open_phone(browser, "/register")
            self.assertEqual(browser.status, 200)
        # Too early: the entry is kept, and nothing was sent.
        world.wait_for_puts(3)
        self.submit(symptoms="yes", date=ONSET, number=number)
        if browser.path == "/phone/0/confirm":
            browser.press_button("送信")
        self.assertRegex(browser.text, r"\d+秒")
        self.assertEqual(world.num_puts(), 3)
        # In time: it is still there.
        world.set_time(NOW + 5)
        world.open_phone(browser, "/register")
        self.assertEqual(browser.field("number").value, number)
        self.assertEqual(browser.field("date").value, ONSET)
        self.submit()
        browser.press_button("送信")
        self.assertEqual(browser.path, "/phone/0/done")

    def test_r20_cancelling_leaves_the_number_unused(self):
        browser, world = self.browser, self.world
        number = self.issue()
        world.open_phone(browser, "/consent")
        browser.press_button("同意しない")
        self.assertEqual(browser.path, "/phone/0/?m=cancelled")
        world.agree(browser)
        browser.fill(symptoms="yes", date=ONSET, number=number)
        browser.press_button("登録をやめる")
        self.assertEqual(browser.path, "/phone/0/?m=cancelled")
        world.agree(browser)
        self.submit(symptoms="yes", date=ONSET, number=number)
        self.assertEqual(browser.path, "/phone/0/confirm")
        browser.press_button("やめる")
        self.assertEqual(browser.path, "/phone/0/?m=cancelled")
        self.assertEqual(world.num_puts(), 0)
        self.assertEqual(world.states(self.patient), ["handed"])
        # What was typed is forgotten, and the number as good as before.
        world.agree(browser)
        self.assertEqual(browser.field("number").value, "")
        self.register(number)
        self.assertEqual(browser.path, "/phone/0/done")

    def test_r21_notification_that_is_off_is_said_first(self):
        browser, world = self.browser, self.world
        number = self.issue()
        world.open_phone(browser, "/")
        browser.press_button("接触通知をオフにする")
        for path in ["/consent", "/register", "/a/?pn=" + number]:
            world.open_phone(browser, path)
            self.assertEqual(browser.find_all("[name=number]"), [])
        world.open_phone(browser, "/register")
        self.assertIn("オフ", browser.text)
        self.assertEqual(world.num_puts(), 0)
        world.open_phone(browser, "/")
        browser.press_button("接触通知をオンにする")
        self.register(number)
        self.assertEqual(browser.path, "/phone/0/done")

    def test_row_21_installed_after_the_diagnosis(self):
        self.without_earlier_keys()

    def test_r9_nothing_to_send_is_said_before_a_number_is_asked(self):
        self.without_earlier_keys()
        self.assertEqual(self.world.states(self.patient), ["handed"])

    def without_earlier_keys(self):
        browser = self.browser
        number = self.issue()
        self.world.agree(browser, phone=2)
        for path in ["/register", "/a/?pn=" + number]:
            self.world.open_phone(browser, path, phone=2)
            self.assertEqual(browser.find_all("[name=number]"), [])
        self.world.open_phone(browser, "/register", phone=2)
        self.assertIn("診断のあとにアプリを入れた場合は、登録も", browser.text)
        self.assertEqual(self.world.num_puts(), 0)

    # ---- The whole chain

    def test_row_12_a_reissue_after_the_hour(self):
        browser, world = self.browser, self.world
        world.log_in(browser)
        patient = world.add_patient(browser)
        first = world.issue_by_page(browser, patient)
        world.set_time(NOW + 61 * 60)
        self.register(first)
        self.assertEqual(browser.path, "/phone/0/refused")
        world.log_in(browser)
        second = world.issue_by_page(browser, patient, "再発行")
        world.open_phone(browser, "/register")
        self.submit(symptoms="yes", date=ONSET, number=second)
        browser.press_button("送信")
        self.assertEqual(browser.path, "/phone/0/done")
        world.wait_for_states(patient, ["redeemed", "expired"])

    def test_r17_the_link_keeps_the_number_through_the_consent(self):
        browser, world = self.browser, self.world
        number = self.issue()
        link = re.search(r"http://\S+", world.sms.messages[0]["text"]).group()
        self.assertEqual(link, world.phones + "/phone/0/a/?pn=" + number)
        browser.open(link)
        self.assertEqual(browser.path, "/phone/0/consent")
        # Not in the address, nor in the page. The browser's list of what it visited
        # has it: that is in the nature of a link with a number.
        self.assertNotIn(number, browser.url)
        self.assertNotIn(number, browser.html)
        browser.press_button(AGREE)
        self.assertEqual(browser.path, "/phone/0/register")
        self.assertEqual(browser.field("number").value, number)
        browser.back()
        browser.back()
        self.assertNotIn(number, browser.url)
        world.open_phone(browser, "/register")
        self.submit(symptoms="no", date=ONSET)
        browser.press_button("送信")
        self.assertEqual(browser.path, "/phone/0/done")
        self.assertEqual(world.holders_of(number), [])

    def test_r17_a_link_replaces_no_number_that_was_typed(self):
        browser, world = self.browser, self.world
        number = self.issue()
        world.agree(browser)
        self.submit(symptoms="yes", date=ONSET, number=number)
        self.assertEqual(browser.path, "/phone/0/confirm")
        # As any page can make the browser do.
        world.open_phone(browser, "/a/?pn=" + WRONG)
        self.assertEqual(browser.path, "/phone/0/link")
        self.assertNotIn(WRONG, browser.html)
        browser.press_button("入力済みの番号を使う")
        self.assertEqual(browser.path, "/phone/0/register")
        self.assertEqual(browser.field("number").value, number)
        world.open_phone(browser, "/confirm")
        browser.press_button("送信")
        self.assertEqual(browser.path, "/phone/0/done")

    def test_row_19_the_menu_leads_to_questions_and_mail(self):
        browser = self.browser
        self.world.open_phone(browser, "/")
        browser.follow("メニュー")
        self.assertEqual(browser.path, "/phone/0/menu")
        self.assertIn("お問い合わせ", browser.text)
        hrefs = [a.attribute("href") for a in browser.find_all("main a")]
        self.assertIn(FAQ, hrefs)
        self.assertIn("mailto:" + MAIL, hrefs)
        self.assertEqual(browser.link("よくある質問").attribute("href"), FAQ)

    def test_row_20_the_menu_leads_to_the_ministry(self):
        browser = self.browser
        self.world.open_phone(browser, "/menu")
        hrefs = [a.attribute("href") for a in browser.find_all("main a")]
        self.assertIn(MINISTRY, hrefs)
        self.assertIn(CALL_CENTRE, browser.text)

    def test_row_22_the_others_phone_shows_the_contacts(self):
        self.contacts()
        text = self.browser.text
        self.assertIn("2020年12月7日", text)
        self.assertIn("2020年12月8日", text)

    def contacts(self):
        """Phone 0 registers, phone 1 learns of it."""
        browser, world = self.browser, self.world
        world.open_phone(browser, "/contacts", phone=1)
        self.assertNotIn("12月8日", browser.text)
        self.register(self.issue())
        world.publish_today()
        world.set_time(SLOT + 60)
        world.open_phone(browser, "/contacts", phone=1)
        browser.press_button("今すぐ確認する")
        self.assertEqual(browser.path, "/phone/1/contacts")

    def test_row_23_dates_and_counts_only(self):
        self.contacts()
        browser = self.browser
        self.assertIn("過去14日間の接触", browser.text)
        html = browser.html
        self.assertNotRegex(re.sub(r"9:00|21:00", "", browser.find("main").text), r"\d:\d\d")
        for age in range(14):
            self.assertNotIn(tek_of(0, age).hex(), html)
        for secret in [NAME, "厚労", CONTACT, TELEPHONE] + self.world.numbers():
            self.assertNotIn(secret, html)
        self.assertIn("受診・相談センター", browser.text)


if __name__ == "__main__":
    unittest.main()
