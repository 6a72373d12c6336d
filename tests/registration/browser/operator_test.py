#!/usr/bin/env python3
"""What an operator of a health centre does, in a real browser over real processes.

Tests are named after the rows of REGISTRATION section 2 and of UPSTREAM (R1-R27)
that they hold. Scripts of pages are off throughout.
"""

import email
import email.policy
import os
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration", "browser"))
import world
from keyboard import SPACE
from webdriver import Browser
from world import PASSWORD, PATIENT, BrowserWorld

sys.path.insert(0, os.path.join("tests", "registration"))
from hersys_chain import CENTRE, CONTACT, HOUR, TELEPHONE, tek
from harness import NOW, key, request, wait_for

ISSUE = "処理番号発行"
REISSUE = "再発行"


class OperatorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.forget()
        self.world = BrowserWorld()
        self.addCleanup(self.world.close)
        self.world.start_pages()
        self.world.log_in(self.browser)

    def state_of(self, patient):
        """What the tab ID管理 says."""
        self.world.open_tab(self.browser, patient, "number")
        return self.browser.text

    def reasons(self, patient, button=ISSUE):
        """Beside the button, which cannot be pressed."""
        self.world.open_tab(self.browser, patient, "number")
        self.assertFalse(self.browser.button(button).is_enabled)
        return [e.text.removeprefix("不足：") for e in self.browser.find_all("#reasons li")]

    def sent_to(self):
        return [message["to"] for message in self.world.sms.messages]

    def settle(self, patient, states):
        """Waits until nothing of the patient's is on its way: what was asked for is
        in the list of issues at once, and goes out with the next patient's."""
        before = len(self.world.sms.messages)
        other = self.world.issue(contact="08099999999")
        self.assertTrue(
            wait_for(lambda: "+818099999999" in self.sent_to()[before:]), self.sent_to()
        )
        self.world.wait_for_states(other, ["handed"])
        self.world.wait_for_states(patient, states)

    # ---- Before the button

    def test_row_1_nothing_is_issued_without_consent(self):
        patient = self.world.add_patient(self.browser, consent=False)
        self.assertEqual(self.reasons(patient), ["本人の同意"])
        # Nor is what somebody sends without the button.
        self.browser.run("document.querySelector('button[disabled]').disabled = false")
        self.browser.press_button(ISSUE)
        self.assertEqual(self.browser.status, 422)
        self.assertIn("本人の同意", self.browser.text)
        self.world.open_tab(self.browser, patient, "contact")
        self.browser.fill(consent=True)
        self.browser.press_button("保存")
        self.world.issue_by_page(self.browser, patient)
        self.assertEqual(self.sent_to(), ["+819012345678"])

    def test_row_2_only_who_uses_the_app_and_wants_to_gets_a_number(self):
        patient = self.world.add_patient(self.browser)
        for app, wants, missing in [
            ("no", "yes", ["アプリ利用「有」"]),
            ("unknown", "yes", ["アプリ利用「有」"]),
            ("yes", "no", ["登録希望「有」"]),
            ("yes", "unknown", ["登録希望「有」"]),
            ("no", "no", ["アプリ利用「有」", "登録希望「有」"]),
        ]:
            self.world.open_tab(self.browser, patient, "contact")
            self.browser.fill(app=app, wants=wants)
            self.browser.press_button("保存")
            self.assertEqual(self.reasons(patient), missing)
        self.world.open_tab(self.browser, patient, "contact")
        self.browser.fill(app="yes", wants="yes")
        self.browser.press_button("保存")
        self.world.issue_by_page(self.browser, patient)

    def test_row_3_the_page_encourages_and_chooses_nothing(self):
        self.browser.open(self.world.pages + "/new")
        for name in ("app", "wants"):
            choices = self.browser.find_all("[name=%s]" % name)
            self.assertEqual(
                [c.attribute("value") for c in choices], ["yes", "no", "unknown"]
            )
            self.assertEqual([c.is_checked for c in choices], [False] * 3)
        self.assertFalse(self.browser.field("consent").is_checked)
        # To be asked together with the other calls; encouraging, and free.
        text = self.browser.text
        for words in ["あわせて", "早く通知", "勧め", "本人の同意に基づ"]:
            self.assertIn(words, text)

    def test_row_7_each_item_of_the_report_is_named_where_it_is_missing(self):
        browser = self.browser
        patient = self.world.add_patient(browser, reported=False)
        self.assertEqual(self.reasons(patient), ["発生届の報告"])
        for changes, missing in [
            ({"facility": "  "}, "①外来機関"),
            ({"positive": False}, "②検査が陽性である旨"),
            ({"confirmed": False}, "③患者（確定例）である旨"),
            ({"diagnosed_on": ""}, "④診断年月日"),
        ]:
            patient = self.world.add_patient(
                browser, reported=False, contact="080-1234-5678", **changes
            )
            self.assertEqual(self.reasons(patient), [missing, "発生届の報告"])
            # 報告 says so, too, and changes nothing.
            self.world.open_tab(browser, patient, "report")
            browser.press_button("報告")
            self.assertEqual(browser.status, 422)
            self.assertIn(missing[0], browser.text)
            field = list(changes)[0]
            browser.fill(**{field: PATIENT[field]})
            browser.press_button("報告")
            self.assertIn("報告済", browser.text)
            self.world.open_tab(browser, patient, "number")
            self.assertTrue(browser.button(ISSUE).is_enabled)

    def test_row_8_name_kana_and_one_contact(self):
        browser = self.browser
        patient = self.world.add_patient(browser, name=None, kana=None, contact=None)
        self.assertEqual(
            self.reasons(patient),
            ["氏名（漢字）", "フリガナ（全角カタカナ）", "連絡先（携帯電話番号又はメールアドレス）"],
        )
        self.world.open_tab(browser, patient, "contact")
        browser.fill(name="厚労 太郎", kana="漢字", contact="taro@example.jp, jiro@example.jp")
        browser.press_button("保存")
        self.assertEqual(browser.status, 422)
        for name in ("kana", "contact"):
            self.assertEqual(browser.field(name).attribute("aria-invalid"), "true")
        # What was typed is there.
        self.assertEqual(browser.field("name").value, "厚労 太郎")
        self.assertEqual(browser.field("contact").value, "taro@example.jp, jiro@example.jp")
        browser.fill(kana="ｺｳﾛｳ ﾀﾛｳ", contact="０９０－１２３４－５６７８")
        browser.press_button("保存")
        self.world.open_tab(browser, patient, "contact")
        self.assertEqual(browser.field("kana").value, "コウロウ　タロウ")
        self.assertEqual(browser.field("contact").value, CONTACT)
        self.assertIn(CENTRE, browser.text)
        self.world.issue_by_page(browser, patient)
        self.assertEqual(self.sent_to(), ["+819012345678"])

    def test_row_9_a_contact_that_is_there_need_not_be_typed(self):
        browser = self.browser
        path = self.world.path("patients.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write(IMPORT)
        browser.open(self.world.pages + "/import")
        browser.field("file").keys(path)
        browser.press_button("取込")
        self.assertIn("1人を取り込みました", browser.text)
        os.remove(path)
        browser.open(self.world.pages + "/patients")
        browser.follow("輸入 花子")
        patient = int(browser.path.split("/")[2].split("?")[0])
        self.world.open_tab(browser, patient, "contact")
        self.assertEqual(browser.field("contact").value, "hanako@example.jp")
        # Where it comes from.
        self.assertIn("入力元：外来機関等", browser.text)
        self.assertEqual(self.reasons(patient), ["アプリ利用「有」", "登録希望「有」", "本人の同意"])
        self.world.open_tab(browser, patient, "contact")
        browser.fill(app="yes", wants="yes", consent=True)
        browser.press_button("保存")
        self.world.open_tab(browser, patient, "number")
        browser.press_button(ISSUE)
        self.world.wait_for_states(patient, ["handed"])
        self.assertEqual(
            [recipients for _, recipients, _ in self.world.mail.mails], [["hanako@example.jp"]]
        )

    def test_r12_dates_of_the_diagnosis_have_limits(self):
        browser = self.browser
        patient = self.world.add_patient(browser, reported=False)
        # In Japan it is 10 December already when it is 9 December elsewhere.
        self.world.set_time(NOW - 17 * HOUR)  # 2020-12-09T16:00Z
        self.world.log_in(browser)
        for date, status in [("2020-12-11", 422), ("2020-12-10", 200), ("2019-12-10", 422)]:
            self.world.open_tab(browser, patient, "report")
            browser.fill(diagnosed_on=date)
            browser.press_button("保存")
            self.assertEqual(browser.status, status, date)
            if status == 422:
                field = browser.field("diagnosed_on")
                self.assertEqual(field.attribute("aria-invalid"), "true")

    def test_r19_a_landline_is_refused_where_it_is_typed(self):
        browser = self.browser
        patient = self.world.add_patient(browser, contact=None)
        for typed, words in [
            ("03-1234-5678", "固定電話"),
            ("050-1234-5678", "050"),
            ("0120-123-456", "フリーダイヤル"),
            ("090-1234-567", "桁"),
        ]:
            self.world.open_tab(browser, patient, "contact")
            browser.fill(contact=typed)
            browser.press_button("保存")
            self.assertEqual(browser.status, 422)
            self.assertIn(words, browser.find("#contact-fault").text)
            self.assertEqual(browser.field("contact").value, typed)
        self.assertEqual(self.sent_to(), [])

    def test_r19_an_address_that_is_refused_is_seen_at_once(self):
        browser = self.browser
        patient = self.world.add_patient(browser, contact="nobody@example.jp")
        self.world.open_tab(browser, patient, "number")
        browser.press_button(ISSUE)
        self.world.wait_for_states(patient, ["failed"])
        text = self.state_of(patient)
        self.assertIn("失敗", text)
        self.assertIn("宛先が拒否されました", text)

    # ---- The button

    def test_row_4_one_press_one_message(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.open_tab(browser, patient, "number")
        uuid = browser.find("[name=uuid]").value
        with browser.new_page():
            browser.double_click(browser.button(ISSUE))
        self.settle(patient, ["handed"])
        self.assertEqual(self.sent_to().count("+819012345678"), 1)
        # The same request once more, as from a page that was left open.
        self.world.open_tab(browser, patient, "number")
        browser.run("document.querySelector('[name=uuid]').value = arguments[0]", uuid)
        browser.press_button(REISSUE)
        self.settle(patient, ["handed"])
        self.assertEqual(self.sent_to().count("+819012345678"), 1)

    def test_row_4_a_form_without_its_token_sends_nothing(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.open_tab(browser, patient, "number")
        browser.run("document.querySelector('form[action^=\"/issue\"] [name=token]').value = 'x'")
        browser.press_button(ISSUE)
        self.assertEqual(browser.status, 403)
        self.settle(patient, [])
        self.assertEqual(self.sent_to(), ["+818099999999"])

    def test_row_4_by_keyboard_alone(self):
        browser, hersys = self.browser, self.world.pages
        browser.forget()
        browser.open(hersys + "/login")
        browser.tab_to("[name=login]")
        browser.type("hanako")
        browser.tab_to("[name=password]")
        browser.type(PASSWORD)
        browser.enter()
        browser.open(hersys + "/new")
        # PATIENT is in the order of the page: Tab leads from each to the next.
        for name, value in PATIENT.items():
            browser.tab_to("[name=%s]" % name, most=6)
            if value is True or value == "yes":
                browser.press(SPACE)  # the first choice of a group
            elif name == "diagnosed_on":
                browser.type_date(value)
            else:
                browser.type(value)
        browser.tab_to_button("追加")
        browser.enter()
        patient = int(browser.path.split("/")[2].split("?")[0])
        self.world.open_tab(browser, patient, "report")
        browser.tab_to_button("報告")
        browser.enter(SPACE)
        browser.tab_to_button("ID管理")
        browser.enter()
        browser.tab_to_button(ISSUE)
        browser.enter()
        self.world.number(0)
        self.world.wait_for_states(patient, ["handed"])
        self.assertEqual(self.sent_to(), ["+819012345678"])

    def test_row_5_the_system_sends_an_sms_or_a_mail(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        number = self.world.issue_by_page(browser, patient)
        self.assertEqual(len(self.world.sms.messages), 1)
        self.assertEqual(self.world.sms.messages[0]["to"], "+819012345678")
        self.assertEqual(self.world.sms.wrong_signatures, 0)
        self.assertIn(TELEPHONE, self.world.sms.messages[0]["text"])
        self.assertNotIn(number, browser.html)

        patient = self.world.add_patient(browser, contact="taro@example.jp")
        self.world.open_tab(browser, patient, "number")
        browser.press_button(ISSUE)
        self.world.wait_for_states(patient, ["handed"])
        self.assertEqual(len(self.world.sms.messages), 1)
        (sender, recipients, content) = self.world.mail.mails[0]
        self.assertEqual(len(self.world.mail.mails), 1)
        self.assertEqual((sender, recipients), ("cocoa@example.jp", ["taro@example.jp"]))
        mail = email.message_from_bytes(content, policy=email.policy.default)
        number = world.NUMBER.search(mail.get_content()).group()
        self.assertNotIn(number, browser.html)
        self.assertEqual(self.world.holders_of(number), [])

    # ---- After the button

    def test_row_13_no_reissue_after_a_success(self):
        browser = self.browser
        self.world.start()
        patient = self.world.add_patient(browser)
        number = self.world.issue_by_page(browser, patient)
        # The page of before the success, and what is pressed on it after.
        self.world.open_tab(browser, patient, "number")
        self.assertTrue(browser.button(REISSUE).is_enabled)
        self.assertEqual(self.world.put(request(number, [key(tek(1))]))[0], 200)
        self.world.wait_for_states(patient, ["redeemed"])
        browser.press_button(REISSUE)
        self.assertIn("登録済みのため再発行できません", browser.text)
        text = self.state_of(patient)
        self.assertIn("登録済みのため再発行できません", text)
        self.assertIn("登録済", text)
        self.assertEqual(browser.find_all("form[action^='/issue'] button:not([disabled])"), [])
        self.settle(patient, ["redeemed"])
        self.assertEqual(self.sent_to(), ["+819012345678", "+818099999999"])

    def test_row_17_the_page_says_what_became_of_each_issue(self):
        browser = self.browser
        self.world.start()
        patient = self.world.add_patient(browser)
        self.world.sms.status = 503
        self.world.open_tab(browser, patient, "number")
        browser.press_button(ISSUE)
        self.assertIn("送信待ち", browser.text)
        self.world.sms.status = 200
        self.world.set_time(NOW + 120)
        self.world.wait_for_states(patient, ["handed"])
        number = self.world.number(len(self.world.sms.messages) - 1)
        self.assertIn("送信中", self.state_of(patient))
        self.world.report_delivery(-1)
        self.assertIn("送信済", self.state_of(patient))
        self.assertEqual(self.world.put(request(number, [key(tek(1))]))[0], 200)
        self.world.wait_for_states(patient, ["redeemed"])
        self.assertIn("使用済", self.state_of(patient))
        for number in self.world.numbers():
            self.assertNotIn(number, browser.html)

    def test_row_18_support_sees_what_to_check(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.issue_by_page(browser, patient)
        text = self.state_of(patient)
        # NOW is 18:00 in Japan.
        for words in ["半角", "18:00", "19:00", TELEPHONE]:
            self.assertIn(words, text)
        self.assertIn("1時間以内", text)

    def test_r1_the_queue_is_an_alarm_on_every_page(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.sms.status = 503
        self.world.open_tab(browser, patient, "number")
        browser.press_button(ISSUE)
        self.world.set_time(NOW + 10 * 60 - 1)
        self.world.open_tab(browser, patient, "number")
        self.assertEqual(browser.find_all("[role=alert]"), [])
        self.world.set_time(NOW + 10 * 60)
        for path in ["/patients", "/new", "/import", "/patient/%d" % patient]:
            browser.open(self.world.pages + path)
            self.assertIn("10分", browser.find("[role=alert]").text)

    def test_r2_the_operator_sees_the_true_reason(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.issue_by_page(browser, patient)
        self.world.set_time(NOW + 61 * 60)
        self.world.wait_for_states(patient, ["expired"])
        self.world.log_in(browser)
        self.assertIn("期限切れ", self.state_of(patient))

    def test_r9_a_case_is_closed_without_reissues(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.issue_by_page(browser, patient)
        self.world.open_tab(browser, patient, "number")
        browser.follow("対象外とする（確認へ）")
        self.assertIn("対象外としますか", browser.text)
        browser.press_button("対象外")
        text = self.state_of(patient)
        self.assertIn("対象外のため発行できません", text)
        self.assertEqual(browser.find_all("form[action^='/issue'] button:not([disabled])"), [])

    def test_row_30_another_centre_sees_nobody(self):
        browser = self.browser
        patient = self.world.add_patient(browser)
        self.world.add_operator("minato", "港保健所")
        self.world.log_in(browser, "minato")
        browser.open(self.world.pages + "/patients")
        self.assertNotIn("厚労", browser.text)
        pages = []
        for number in (patient, 12345):
            for tab in ("report", "contact", "number"):
                self.world.open_tab(browser, number, tab)
                self.assertEqual(browser.status, 404)
                pages.append(browser.text)
        self.assertEqual(len(set(pages)), 1)


IMPORT = """氏名,フリガナ,連絡先,外来機関,検査陽性,確定例,診断年月日,報告
輸入 花子,ユニュウ ハナコ,hanako@example.jp,第二病院,有,有,2020-12-09,有
"""

if __name__ == "__main__":
    unittest.main()
