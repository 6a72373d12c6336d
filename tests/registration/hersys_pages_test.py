#!/usr/bin/env python3
# The operators' pages of the management system, by a real process and requests
# as a browser sends them. What needs a browser is not here.
import concurrent.futures
import email
import email.policy
import hashlib
import hmac
import itertools
import json
import os
import re
import resource
import sqlite3
import sys
import unittest
import uuid

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, SECRET, key, request, wait_for
from hersys_chain import CENTRE, CONTACT, HOUR, NAME, SMS_SECRET, TELEPHONE, Chain, tek
from page_client import PageClient

PASSWORD = "a long pass phrase"
OTHER_CENTRE = "港保健所"


class HersysPagesTest(unittest.TestCase):
    def setUp(self):
        self.chain = Chain()
        self.addCleanup(self.chain.close)
        self.add_operator("hanako")
        self.chain.start_hersys("--pages=127.0.0.1:0")
        line = self.chain.hersys.stdout.readline()
        self.port = int(re.fullmatch(r"pages at 127\.0\.0\.1:(\d+)\n", line).group(1))

    def add_operator(self, login, *options, centre=CENTRE, password=PASSWORD):
        path = self.chain.path("password")
        with open(path, "w", encoding="utf-8") as f:
            f.write(password + "\n")
        done = self.chain.run(
            "operator",
            "--centre=" + centre,
            "--inquiry-phone=" + TELEPHONE,
            "--login=" + login,
            "--password-file=" + path,
            *options
        )
        os.remove(path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def client(self, login="hanako"):
        client = PageClient(self.port, self.chain.said)
        answer = client.log_in(login, PASSWORD)
        self.assertEqual((answer.status, answer.location), (303, "/patients"))
        return client

    def add_patient(self, client, **changes):
        """By hand, as far as nothing is missing: the patient's id."""
        fields = {
            "facility": "第一病院",
            "positive": "yes",
            "confirmed": "yes",
            "diagnosed_on": "2020-12-09",
            "app": "yes",
            "wants": "yes",
            "consent": "yes",
            "name": "厚労 太郎",
            "kana": "ｺｳﾛｳ ﾀﾛｳ",
            "contact": "０９０－１２３４－５６７８",
        }
        fields.update(changes)
        answer = client.submit(client.get("/new"), "/new", **fields)
        self.assertEqual(answer.status, 303, answer.words)
        patient = int(re.fullmatch(r"/patient/(\d+)", answer.location).group(1))
        page = client.get("/patient/%d" % patient)
        answer = client.submit(page, "/report/%d" % patient, button="report")
        self.assertEqual(answer.status, 303, answer.words)
        return patient

    def number_tab(self, client, patient):
        return client.get("/patient/%d?tab=number" % patient)

    def issue(self, client, patient):
        page = self.number_tab(client, patient)
        return client.submit(page, "/issue/%d" % patient)

    # Rows 2, 4, 5, 6, 12, 13, 17: from the log-in to the registration.
    def test_row_4_from_the_button_to_the_registration(self):
        chain = self.chain
        chain.start()
        client = self.client()
        patient = self.add_patient(client)
        answer = self.issue(client, patient)
        self.assertEqual(answer.location, "/patient/%d?tab=number" % patient)
        number = chain.number(0)
        self.assertEqual(chain.sms.messages[0]["to"], "+819012345678")
        chain.wait_for_states(patient, ["handed"])
        page = self.number_tab(client, patient)
        for word in ["再発行", "送信中", "2020-12-10 18:00:00", "2020-12-10 19:00:00", TELEPHONE]:
            self.assertIn(word, page.words)
        chain.set_time(NOW + 61 * 60)
        client = self.client()
        self.assertEqual(chain.put(request(number, [key(tek(1))]))[0], 406)
        chain.wait_for_states(patient, ["expired"])
        self.assertIn("期限切れ", self.number_tab(client, patient).words)
        self.assertEqual(self.issue(client, patient).status, 303)
        number = chain.number(1)
        self.assertEqual(chain.put(request(number, [key(tek(1))]))[0], 200)
        chain.wait_for_states(patient, ["redeemed", "expired"])
        page = self.number_tab(client, patient)
        self.assertIn("登録済みのため再発行できません", page.words)
        self.assertTrue(page.form("/issue/%d" % patient)["buttons"][0][2])
        self.assertEqual(chain.holders_of(number), [])

    # Rule 9: log-in, its faults, and all that ends a session.
    def test_log_in(self):
        chain = self.chain
        nobody = PageClient(self.port)
        for path in ["/", "/patients", "/new", "/patient/1", "/import", "/audit"]:
            answer = nobody.get(path)
            self.assertEqual((answer.status, answer.location), (303, "/login"), path)
        self.add_operator("locked")
        done = chain.run("operator", "--centre=" + CENTRE, "--login=locked", "--disable")
        self.assertEqual(done.stdout, "disabled locked\n")
        texts = set()
        for login, password in [
            ("hanako", "another pass phrase"),
            ("nobody", PASSWORD),
            ("locked", PASSWORD),
            ("hanako", ""),
            ("hanako", "x" * 5000),
        ]:
            answer = PageClient(self.port).log_in(login, password)
            self.assertEqual(answer.status, 422)
            self.assertNotIn(password or PASSWORD, answer.text)
            hidden = answer.form("/login")["fields"]
            texts.add(answer.text.replace(hidden["token"], "").replace(login, ""))
        self.assertEqual(len(texts), 1)
        # Three failures of one login: the right password has to wait, too.
        self.assert_right_one_waits("hanako")
        self.assertEqual(PageClient(self.port).log_in("Nobody ", PASSWORD).status, 422)
        self.assertTrue(
            wait_for(lambda: PageClient(self.port).log_in("hanako", PASSWORD).status == 303)
        )

        client = self.client()
        cookie = client.get("/login").headers["Set-Cookie"]
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict"]:
            self.assertIn(part, cookie)
        self.assertNotIn("Domain", cookie)
        chain.set_time(NOW + 20 * 60 - 1)
        self.assertEqual(client.get("/patients").status, 200)
        chain.set_time(NOW + 40 * 60 - 1)
        self.assertEqual(client.get("/patients").location, "/login")

        client = self.client()
        before = dict(client.cookies)
        self.assertEqual(client.submit(client.get("/new"), "/logout").location, "/login")
        client.cookies = before
        self.assertEqual(client.get("/patients").location, "/login")

        self.add_operator("taro")
        client = self.client("taro")
        self.add_operator("taro", password="a new long pass phrase")
        self.assertEqual(client.get("/patients").location, "/login")
        self.assertEqual(client.log_in("taro", "a new long pass phrase").status, 303)
        # Also of a session that asked for nothing between the two passwords.
        self.add_operator("taro")
        self.assertEqual(PageClient(self.port).log_in("taro", PASSWORD).status, 303)
        self.assertEqual(client.get("/patients").location, "/login")
        client, silent = self.client("taro"), self.client("taro")
        chain.run("operator", "--centre=" + CENTRE, "--login=taro", "--disable")
        page = client.post("/new", {})
        self.assertEqual(page.status, 403)
        self.assertIn("ログイン", page.words)
        # Nor is a session from before good once the operator may log in again.
        self.add_operator("taro")
        self.assertEqual(silent.get("/patients").location, "/login")
        self.client("taro")
        self.assertEqual(silent.get("/patients").location, "/login")

    def assert_right_one_waits(self, login):
        """After three failures of it for a second of the machine's; a machine that
        takes longer than that to ask lets it in, and after more failures has longer."""
        num_failures, wait = 3, 1
        while True:
            answer = PageClient(self.port).log_in(login, PASSWORD)
            if answer.status == 429:
                break
            self.assertEqual(answer.status, 303)
            num_failures, wait = num_failures + 2, wait * 4
            self.assertLess(wait, 60)
            failures = 0
            while failures < num_failures:
                status = PageClient(self.port).log_in(login, "another pass phrase").status
                self.assertIn(status, (422, 429))
                failures += status == 422
        self.assertIn(int(answer.headers["Retry-After"]), range(1, wait + 1))

    # Another name each time is judged no sooner; what was logged in before is.
    def test_guessing_many_names_has_an_end(self):
        client = self.client()
        guesser = PageClient(self.port)
        statuses = []
        for i in range(20):
            answer = guesser.log_in("name-%d" % i, "another pass phrase")
            statuses.append(answer.status)
        self.assertEqual(set(statuses), {422})
        names = itertools.count(20)

        def guess():
            """Until no more is judged: one is every 5 seconds of the machine's."""
            while True:
                answer = guesser.log_in("name-%d" % next(names), "another pass phrase")
                if answer.status == 429:
                    return answer
                self.assertEqual(answer.status, 422)

        answer = guess()
        self.assertIn("入力された内容は確認していません", answer.words)
        self.assertIn(int(answer.headers["Retry-After"]), range(1, 6))
        # Not even the right one, without a device that is known.
        self.assertTrue(
            wait_for(
                lambda: guess() and PageClient(self.port).log_in("hanako", PASSWORD).status == 429
            )
        )
        self.assertEqual(client.log_in("hanako", PASSWORD).status, 303)
        # Another login's device is none.
        self.assertTrue(
            wait_for(lambda: guess() and client.log_in("taro", PASSWORD).status == 429)
        )
        # Pages go on meanwhile, and many at once stop nothing.
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(
                pool.map(
                    lambda i: PageClient(self.port).log_in("other-%d" % i, PASSWORD).status,
                    range(32),
                )
            )
        self.assertLessEqual(set(answers), {422, 429, 503})
        self.assertEqual(client.get("/patients").status, 200)

    # What an administrator sees of it.
    def test_failed_log_ins_are_in_the_audit(self):
        self.add_operator("kanri", "--role=admin")
        for _ in range(2):
            self.assertEqual(PageClient(self.port).log_in("kanri", "a wrong one").status, 422)
        self.add_operator("taro")
        self.chain.run("operator", "--centre=" + CENTRE, "--login=taro", "--disable")
        # Once: the next log-in begins anew.
        self.client("kanri")
        audit = self.client("kanri").get("/audit").words
        self.assertEqual(audit.count("ログインの失敗（2回）"), 1)
        self.assertEqual(audit.count("ログインの失敗"), 1)
        self.assertIn("－ 利用者の停止（taro）", audit)
        self.assertIn("－ 利用者の設定（kanri）", audit)
        self.assertNotIn("operator_", audit)

    # Both tabs of a browser can be sent.
    def test_two_tabs_of_the_log_in(self):
        client = PageClient(self.port)
        first = client.get("/login")
        client.get("/login")
        answer = client.submit(first, "/login", login="hanako", password=PASSWORD)
        self.assertEqual(answer.status, 303)

    def test_what_is_no_page_is_said_in_japanese(self):
        client = self.client()
        for method, path, status, words in [
            ("GET", "/nothing", 404, "ページが見つかりません"),
            ("PUT", "/patients", 405, "操作できません"),
            ("POST", "/patients", 405, "操作できません"),
        ]:
            answer = client.ask(method, path, b"")
            self.assertEqual(answer.status, status, path)
            self.assertIn(words, answer.words)
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        answer = client.get("/patients", {"Host": "evil.example"})
        self.assertIn("このアドレスでは", answer.words)

    # Whoever planted a cookie has none of the session that begins.
    def test_session_fixation(self):
        client = PageClient(self.port)
        planted = "0123456789abcdef" * 2
        client.cookies["session"] = planted
        self.assertEqual(client.get("/patients").location, "/login")
        self.assertEqual(client.log_in("hanako", PASSWORD).status, 303)
        first = client.cookies["session"]
        self.assertNotEqual(first, planted)
        self.assertNotIn("visitor", client.cookies)
        self.assertEqual(client.log_in("hanako", PASSWORD).status, 303)
        second = client.cookies["session"]
        self.assertNotEqual(second, first)
        for cookie, status in [(planted, 303), (first, 303), (second, 200)]:
            client.cookies["session"] = cookie
            self.assertEqual(client.get("/patients").status, status)

    def test_other_sites_change_nothing(self):
        client = self.client()
        patient = self.add_patient(client)
        page = self.number_tab(client, patient)
        path = "/issue/%d" % patient
        fields = page.form(path)["fields"]
        other = self.client()
        token = self.number_tab(other, patient).form(path)["fields"]["token"]
        for changes in [{"token": ""}, {"token": "0" * 32}, {"token": token}]:
            self.assertEqual(client.post(path, dict(fields, **changes)).status, 403)
        for headers in [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": None, "Origin": "http://evil.example"},
            {"Sec-Fetch-Site": None, "Origin": "null"},
        ]:
            self.assertEqual(client.post(path, fields, headers).status, 403, headers)
            self.assertEqual(
                client.submit(client.get("/login"), "/login", headers=headers).status, 403
            )
        self.assertEqual(client.post(path, fields, {"Host": "evil.example"}).status, 421)
        self.assertEqual(client.get("/patients", {"Host": "evil.example"}).status, 421)
        self.assertEqual(client.post(path, fields, {"Content-Type": "text/plain"}).status, 400)
        self.assertEqual(client.get(path).status, 405)
        # A log-in without the form's own token.
        self.assertEqual(
            PageClient(self.port).post("/login", {"login": "hanako", "password": PASSWORD}).status,
            403,
        )
        self.assertEqual(self.chain.states(patient), [])
        ours = {"Sec-Fetch-Site": None, "Origin": "http://127.0.0.1:%d" % self.port}
        self.assertEqual(client.post(path, fields, ours).status, 303)

    # Only the internal address answers the notification server, and it has no
    # page.
    def test_each_address_has_its_own(self):
        client = self.client()
        self.assertEqual(client.post("/internal/reserve", {}).status, 404)
        self.assertEqual(client.post("/internal/sms/x", {}).status, 404)
        for path in ["/login", "/patients", "/style.css"]:
            self.assertEqual(self.chain.ask_hersys("GET", path, None, {})[0], 404)

    # Row 30: as if there were no such patient, whatever is asked.
    def test_row_30_another_centres_patient_is_not_there(self):
        self.add_operator("minato", "--role=admin", centre=OTHER_CENTRE)
        client = self.client()
        patient = self.add_patient(client, name="秘密 花子")
        other = self.client("minato")
        token = other.get("/new").form("/new")["fields"]["token"]
        pages = set()
        for number in [str(patient), "999999", "0", "x", "-1", "+1", "%31", "9" * 30]:
            for tab in ["", "?tab=contact", "?tab=number"]:
                answer = other.get("/patient/" + number + tab)
                self.assertEqual(answer.status, 404, number)
                pages.add(answer.text)
            answer = other.get("/close/" + number)
            self.assertEqual(answer.status, 404, number)
            pages.add(answer.text)
            for path in ["/report/", "/contact/", "/issue/", "/close/", "/reopen/"]:
                fields = {"token": token, "uuid": str(uuid.uuid4())}
                answer = other.post(path + number, fields)
                self.assertEqual(answer.status, 404, number)
                pages.add(answer.text)
        self.assertEqual(len(pages), 1)
        for path in ["/patients", "/patients?state=ready", "/audit"]:
            self.assertNotIn("秘密", other.get(path).text)
        self.assertIn("秘密 花子", client.get("/patients").text)
        # It is what it was.
        self.assertIn("秘密 花子", client.get("/patient/%d?tab=contact" % patient).text)
        self.assertEqual(self.chain.states(patient), [])

    # Rows 1, 2, 3, 7, 8: no default; each gap is named; and the button that is
    # disabled is refused, too.
    def test_row_7_every_missing_item_is_named(self):
        client = self.client()
        page = client.get("/new")
        fields = page.form("/new")["fields"]
        for name in ["app", "wants", "consent", "positive", "confirmed"]:
            self.assertNotIn(name, fields)
        self.assertEqual(page.form("/new")["radios"]["app"], ["yes", "no", "unknown"])
        self.assertIn("本人の意思を尊重", page.words)
        answer = client.submit(page, "/new")
        patient = int(answer.location.rsplit("/", 1)[1])
        path = "/issue/%d" % patient
        tab = self.number_tab(client, patient)
        for item in [
            "①外来機関",
            "②検査が陽性である旨",
            "③患者（確定例）である旨",
            "④診断年月日",
            "発生届の報告",
            "アプリ利用「有」",
            "登録希望「有」",
            "本人の同意",
            "氏名（漢字）",
            "フリガナ（全角カタカナ）",
            "連絡先（携帯電話番号又はメールアドレス）",
        ]:
            self.assertIn("不足：" + item, tab.words)
        form = tab.form(path)
        self.assertEqual([b[2] for b in form["buttons"]], [True])
        self.assertEqual(client.post(path, form["fields"]).status, 422)
        # 報告 with gaps, too.
        report = "/report/%d" % patient
        answer = client.submit(client.get("/patient/%d" % patient), report, button="report")
        self.assertEqual(answer.status, 422)
        self.assertIn("報告には①外来機関の入力が必要です。", answer.words)
        self.assertEqual(self.chain.states(patient), [])
        # One gap after the other, of a patient who has all.
        patient = self.add_patient(client)
        for tab, field, value, item in [
            ("report", "facility", "", "①外来機関"),
            ("report", "positive", None, "②検査が陽性である旨"),
            ("contact", "wants", "unknown", "登録希望「有」"),
            ("contact", "consent", None, "本人の同意"),
            ("contact", "contact", "", "連絡先"),
        ]:
            page = client.get("/patient/%d?tab=%s" % (patient, tab))
            path = "/%s/%d" % (tab, patient)
            before = page.form(path)["fields"]
            self.assertEqual(client.submit(page, path, **{field: value}).status, 303)
            self.assertIn("不足：" + item, self.number_tab(client, patient).words)
            page = client.get("/patient/%d?tab=%s" % (patient, tab))
            answer = client.submit(page, path, **{field: before[field]})
            self.assertEqual(answer.status, 303)
        self.assertNotIn("不足", self.number_tab(client, patient).words)

    # Row 4: a double click, and eight at once.
    def test_row_4_one_press_is_one_message(self):
        client = self.client()
        patient = self.add_patient(client)
        path = "/issue/%d" % patient
        fields = self.number_tab(client, patient).form(path)["fields"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post(path, fields), range(8)))
        self.assertEqual({answer.status for answer in answers}, {303})
        self.chain.wait_for_states(patient, ["handed"])
        self.assertEqual(len(self.chain.sms.messages), 1)

    # Two operators who both see 未発行: one message, and the second one is told.
    def test_row_4_two_operators_press_the_button(self):
        self.add_operator("taro")
        client, other = self.client(), self.client("taro")
        patient = self.add_patient(client)
        path = "/issue/%d" % patient
        page, others = self.number_tab(client, patient), self.number_tab(other, patient)
        self.assertEqual(client.submit(page, path).status, 303)
        answer = other.submit(others, path)
        self.assertEqual(answer.status, 409)
        self.assertIn("他の利用者が先に発行した", answer.words)
        self.chain.wait_for_states(patient, ["handed"])
        self.assertEqual(len(self.chain.sms.messages), 1)
        # Having seen that, another one may be wanted.
        self.assertEqual(other.submit(answer, path).status, 303)
        self.chain.wait_for_states(patient, ["handed", "handed"])

    # A double click on 追加, also after a fault.
    def test_a_double_click_adds_one_patient(self):
        client = self.client()
        page = client.get("/new")
        page = client.submit(page, "/new", name="厚労 太郎", kana="厚労")
        self.assertEqual(page.status, 422)
        fields = dict(page.form("/new")["fields"], kana="コウロウ タロウ")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post("/new", fields), range(8)))
        self.assertEqual({answer.status for answer in answers}, {303})
        self.assertEqual(len({answer.location for answer in answers}), 1)
        self.assertEqual(client.get("/patients").words.count("厚労 太郎"), 1)
        answer = client.submit(client.get("/new"), "/new", name="厚労 太郎")
        self.assertEqual(answer.status, 303)
        self.assertEqual(client.get("/patients").words.count("厚労 太郎"), 2)

    # R19, R12: told when it is typed; what was typed stays on the page.
    def test_r19_a_landline_is_refused_when_it_is_typed(self):
        client = self.client()
        for field, value, words in [
            ("contact", "03-1234-5678", "固定電話にはSMSを送信できません"),
            ("contact", "０５０－１２３４－５６７８", "IP電話"),
            ("contact", "taro@example", "@より後"),
            ("contact", "a@example.jp,b@example.jp", "1件だけ"),
            ("contact", "taro@example.jp\r\nBcc: x@example.jp", "使用できない文字"),
            ("name", "厚労\r\nBcc: x@example.jp", "使用できない文字"),
            ("name", "労" * 61, "60文字以内"),
            ("kana", "厚労", "全角カタカナ"),
            ("diagnosed_on", "2020-12-11", "今日までの日付"),
            ("diagnosed_on", "9/12/2020", "2020-12-09の形"),
            ("app", "maybe", "選択してください"),
        ]:
            answer = client.submit(client.get("/new"), "/new", **{"facility": "第二", field: value})
            self.assertEqual(answer.status, 422, value)
            self.assertIn(words, answer.words)
            self.assertIn('href="#%s"' % field, answer.text)
            self.assertIn("<title>エラー：", answer.text)
            self.assertEqual(answer.form("/new")["fields"]["facility"], "第二")
        self.assertIn("該当する患者はいません", client.get("/patients").words)

    # What others wrote is text, in every place of a page.
    def test_names_are_text(self):
        client = self.client()
        name = "<script>alert('\"&')</script>"
        patient = self.add_patient(client, name=name, facility="</textarea><b>")
        for path in ["/patients", "/patient/%d", "/patient/%d?tab=contact"]:
            page = client.get(path % patient if "%d" in path else path)
            self.assertNotIn("<script", page.text)
            self.assertNotIn("<b>", page.text)
        self.assertIn(name, client.get("/patients").words)
        # Not in the title, which browsers keep.
        title = re.search("<title>(.*?)</title>", client.get("/patient/%d" % patient).text)
        self.assertTrue(title.group(1).startswith("患者 %d - " % patient), title.group(1))
        self.assertEqual(
            client.get("/patient/%d?tab=contact" % patient)
            .form("/contact/%d" % patient)["fields"]["name"],
            name,
        )

    # No word of a patient reaches a heading of a mail.
    def test_mail_has_its_own_headings(self):
        client = self.client()
        patient = self.add_patient(client, name="Bcc: x@example.jp", contact="Taro@Example.JP")
        self.assertEqual(self.issue(client, patient).status, 303)
        self.chain.wait_for_states(patient, ["handed"])
        _, recipients, content = self.chain.mail.mails[0]
        self.assertEqual(recipients, ["<Taro@example.jp>"])
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual(mail.get_all("To"), ["Taro@example.jp"])
        self.assertIsNone(mail["Bcc"])
        self.assertNotIn("Bcc", mail.get_content())

    # Row 9: faults by line, all or nothing; then a contact that nobody has to type
    # again.
    def test_row_9_import(self):
        client = self.client()
        headings = "氏名,フリガナ,連絡先,外来機関,検査陽性,確定例,診断年月日,報告,アプリ利用,登録希望,同意"
        good = "厚労 太郎,ｺｳﾛｳ ﾀﾛｳ,090-1234-5678,第一病院,有,有,2020/12/9,有,有,有,有"
        bad = [
            headings,
            good,
            "厚労 花子,厚労,03-1234-5678,,,,,,,,",
            "",
            '"厚労',
        ]
        page = client.get("/import")
        for text, faults in [
            (
                "\r\n".join(bad),
                ["3行目 フリガナ：", "3行目 連絡先：固定電話", "5行目 引用符が閉じていません"],
            ),
            (headings + ",身長\n" + good, ["1行目 12列目：使用できない見出しです"]),
            (headings + "\n" + good + ",x\n", ["2行目 列の数が見出しと違います（12列"]),
            (headings + "\n" + good + "\n" + good, ["3行目 同じ氏名と連絡先"]),
            (headings + "\n\n", ["患者が1人もいません"]),
            (headings + "\n" + good.replace("第一病院", ""), ["2行目 外来機関：報告には"]),
            # Cells of a spreadsheet.
            (
                (headings + "\n" + good.replace("090-1234-5678", "03-1234-5678")).replace(",", "\t"),
                ["2行目 連絡先：固定電話"],
            ),
        ]:
            answer = client.submit(page, "/import", rows=text)
            self.assertEqual(answer.status, 422)
            self.assertIn("1人も取り込んでいません", answer.words)
            for fault in faults:
                self.assertIn(fault, answer.words)
            typed = answer.form("/import")["fields"]["rows"]
            self.assertEqual(typed, text.replace("\r\n", "\n"))
        self.assertIn("該当する患者はいません", client.get("/patients").words)

        # By a file, as the forms of browsers send it, in three encodings.
        def send(content):
            token = page.form("/import")["fields"]["token"]
            parts = [("token", None, token.encode()), ("file", "患者.csv", content)]
            parts.append(("rows", None, b""))
            body = b""
            for name, file_name, value in parts:
                body += b'--XyZ\r\nContent-Disposition: form-data; name="%s"' % name.encode()
                if file_name:
                    body += b'; filename="%s"\r\nContent-Type: text/csv' % file_name.encode()
                body += b"\r\n\r\n" + value + b"\r\n"
            content_type = {"Content-Type": "multipart/form-data; boundary=XyZ"}
            return client.ask("POST", "/import", body + b"--XyZ--\r\n", content_type)

        for i, encoding in enumerate(["utf-8", "utf-8-sig", "cp932"]):
            lines = good.replace("太郎", "太郎%d①髙" % i).replace("090", "080")
            text = (headings + "\r\n" + lines + "\r\n").encode(encoding)
            answer = send(text)
            self.assertEqual(answer.location, "/import?taken=1", answer.words)
            self.assertIn("太郎%d①髙" % i, client.get("/patients").words)
            self.assertEqual(send(text).status, 422)  # who is there already
        self.assertEqual(send(b"\xff\xfe\xfd").status, 422)
        # Refused before it is sent.
        length = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "1048577"}
        self.assertEqual(client.ask("POST", "/import", b"", length).status, 413)
        tabs = (headings + "\n" + good).replace(",", "\t")
        answer = client.submit(page, "/import", rows=tabs)
        self.assertEqual(answer.location, "/import?taken=1")
        self.assertIn("1人を取り込みました", client.get(answer.location).words)

        # Without contacts, too, nobody is taken twice.
        rows = headings + "\n" + good.replace("太郎", "三郎").replace("090-1234-5678", "")
        self.assertEqual(client.submit(page, "/import", rows=rows).status, 303)
        answer = client.submit(page, "/import", rows=rows)
        self.assertEqual(answer.status, 422)
        self.assertIn("2行目 同じ氏名、フリガナ、診断年月日の患者", answer.words)

        newest = client.get("/patients").text
        newest = newest[newest.index("厚労 太郎</a>") - 60 :]
        patient = int(re.search(r"/patient/(\d+)", newest).group(1))
        tab = client.get("/patient/%d?tab=contact" % patient)
        self.assertIn("入力元：外来機関等（CSV取込）", tab.words)
        self.assertEqual(self.issue(client, patient).status, 303)
        self.chain.number(0)
        self.assertEqual(self.chain.sms.messages[0]["to"], "+819012345678")

    # Two operators with the same tab: the second one is shown what is there.
    def test_two_operators_edit(self):
        client = self.client()
        patient = self.add_patient(client)
        path = "/contact/%d" % patient
        tab = "/patient/%d?tab=contact" % patient
        first, second = client.get(tab), client.get(tab)
        self.assertEqual(client.submit(first, path, name="厚労 次郎").status, 303)
        answer = client.submit(second, path, contact="08012345678")
        self.assertEqual(answer.status, 409)
        self.assertIn("他の利用者が先に変更", answer.words)
        self.assertEqual(answer.form(path)["fields"]["name"], "厚労 次郎")
        self.assertEqual(client.submit(answer, path, contact="08012345678").status, 303)
        # A fault of the second one's does not hide what the first one did.
        second = client.get(tab)
        answer = client.submit(second, path, contact="03-1234-5678")
        self.assertEqual(answer.status, 422)
        self.assertEqual(client.submit(client.get(tab), path, name="厚労 四郎").status, 303)
        answer = client.submit(answer, path, contact="07012345678")
        self.assertEqual(answer.status, 409)
        self.assertEqual(answer.form(path)["fields"]["name"], "厚労 四郎")
        second = client.get("/patient/%d" % patient)
        other = "/report/%d" % patient
        answer = client.submit(second, other, button="save", diagnosed_on="2020-12-11")
        self.assertEqual(answer.status, 422)
        changed = client.submit(second, other, button="save", facility="第三病院")
        self.assertEqual(changed.status, 303)
        answer = client.submit(answer, other, button="save", diagnosed_on="2020-12-08")
        self.assertEqual(answer.status, 409)
        # The other tab is another matter.
        report = client.get("/patient/%d" % patient)
        self.assertEqual(client.submit(client.get(tab), path, name="厚労 三郎").status, 303)
        answer = client.submit(report, "/report/%d" % patient, button="save", facility="第二")
        self.assertEqual(answer.status, 303)

    # A number that went to a wrong contact is good no more once it is mended.
    def test_a_changed_contact_ends_its_numbers(self):
        chain = self.chain
        chain.start()
        client = self.client()
        patient = self.add_patient(client)
        self.issue(client, patient)
        strangers = chain.number(0)
        chain.wait_for_states(patient, ["handed"])
        path = "/contact/%d" % patient
        tab = "/patient/%d?tab=contact" % patient
        # Another spelling is the same contact.
        client.submit(client.get(tab), path, contact="+81 90 1234 5678")
        self.assertEqual(chain.states(patient), ["handed"])
        client.submit(client.get(tab), path, contact="080-1234-5678")
        self.assertEqual(chain.states(patient), ["expired"])
        self.assertEqual(chain.put(request(strangers, [key(tek(1))]))[0], 406)
        self.issue(client, patient)
        number = chain.number(1)
        self.assertEqual(chain.sms.messages[1]["to"], "+818012345678")
        self.assertEqual(chain.put(request(number, [key(tek(2))]))[0], 200)

    # Row 1, R1: consent that is taken back while the message waits; the age of
    # the queue on every page.
    def test_row_1_nothing_goes_out_after_consent_is_taken_back(self):
        chain = self.chain
        chain.sms.status = 503
        client = self.client()
        patient = self.add_patient(client)
        self.issue(client, patient)
        chain.number(0)
        chain.set_time(NOW + 10 * 60)
        for path in ["/patients", "/new", "/import", "/patient/%d" % patient, "/patient/9"]:
            self.assertIn("最も古い送信待ち：10分", client.get(path).words)
            self.assertIn("警告", client.get(path).words)
        self.assertIn("送信待ち", self.number_tab(client, patient).words)
        path = "/contact/%d" % patient
        client.submit(client.get("/patient/%d?tab=contact" % patient), path, consent=None)
        self.assertEqual(chain.states(patient), ["failed"])
        # Whoever's message waits is tried every few seconds: two more rounds, by
        # another patient's, which goes out in the second one.
        other = self.add_patient(client, contact="08012345678")
        self.issue(client, other)
        sent_to = lambda contact: [m["to"] for m in chain.sms.messages].count(contact)
        self.assertTrue(wait_for(lambda: sent_to("+818012345678") >= 1))
        to_patient = sent_to("+819012345678")
        chain.sms.status = 200
        chain.wait_for_states(other, ["handed"])
        page = self.number_tab(client, patient)
        self.assertIn("発行後に入力内容が変更されたため", page.words)
        self.assertIn("不足：本人の同意", page.words)
        self.assertIn("最も古い送信待ち：0分", page.words)
        self.assertEqual(sent_to("+819012345678"), to_patient)
        self.assertEqual(chain.states(patient), ["failed"])

    # R9, rows 17 and 18.
    def test_r9_a_case_is_closed(self):
        client = self.client()
        patient = self.add_patient(client)
        page = self.number_tab(client, patient)
        self.assertIn("半角の数字8桁", page.words)
        self.assertIn("1時間以内", page.words)
        self.assertIn(TELEPHONE, page.words)
        # It is asked once more.
        path = "/close/%d" % patient
        self.assertIsNone(page.form(path))
        self.assertIn('href="%s"' % path, page.text)
        page = client.get(path)
        self.assertIn("対象外としますか", page.words)
        self.assertIn("未発行", client.get("/patients").words)
        self.assertEqual(client.submit(page, path).status, 303)
        page = self.number_tab(client, patient)
        self.assertIn("対象外のため発行できません", page.words)
        self.assertEqual(client.get(path).location, "/patient/%d?tab=number" % patient)
        self.assertIn(NAME, client.get("/patients?state=closed").words)
        self.assertNotIn(NAME, client.get("/patients?state=ready").words)
        self.assertIsNone(client.get("/patients?state=closed").form("/close/%d" % patient))
        # And back.
        answer = client.submit(page, "/reopen/%d" % patient)
        self.assertEqual(answer.location, "/patient/%d?tab=number" % patient)
        self.assertIn(NAME, client.get("/patients?state=ready").words)
        self.assertEqual(self.issue(client, patient).status, 303)
        self.add_operator("kanri", "--role=admin")
        audit = self.client("kanri").get("/audit").words
        self.assertIn("対象外の取消し", audit)
        self.assertIn("hanako 対象外 ", audit)

    # Rows 6 and 17, R27: every page in every state, and no number; consent and
    # number are never in one row, and the number's hash goes.
    def test_row_6_no_page_has_a_number(self):
        chain = self.chain
        chain.start()
        self.add_operator("kanri", "--role=admin")
        client = self.client("kanri")
        self.assertEqual(self.client().get("/audit").status, 403)
        numbers = []
        paths = ["/patients", "/new", "/import", "/audit"]
        patients = []
        for i in range(3):
            patient = self.add_patient(client, contact="0901234567%d" % i)
            patients.append(patient)
            self.issue(client, patient)
            numbers.append(chain.number(i))
            chain.wait_for_states(patient, ["handed"])
            paths += ["/patient/%d?tab=%s" % (patient, t) for t in ("report", "contact", "number")]
        body = b'{"status":"undeliverable"}'
        signature = hmac.new(SMS_SECRET.encode(), body, hashlib.sha512).hexdigest()
        path = "/internal/sms/" + chain.sms.messages[1]["id"]
        chain.ask_hersys("POST", path, body, {"X-Signature": signature})
        self.assertEqual(chain.put(request(numbers[0], [key(tek(1))]))[0], 200)
        chain.wait_for_states(patients[0], ["redeemed"])
        for path in paths:
            self.assertEqual(client.get(path).status, 200, path)
        audit = client.get("/audit").words
        for word in ["処理番号発行", "陽性登録の完了", "kanri", "ログイン"]:
            self.assertIn(word, audit)
        self.assertEqual(chain.holders_of(*numbers), [])
        database = sqlite3.connect(chain.path("hersys", "hersys.sqlite"))
        tables = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        with_consent = [name for name, sql in tables.items() if "consent" in sql]
        with_number = [name for name, sql in tables.items() if "hash" in sql or "number" in name]
        self.assertEqual((with_consent, with_number), (["patient"], ["number"]))
        chain.set_time(NOW + 2 * HOUR)
        count = "SELECT count(*) FROM number"
        self.assertTrue(wait_for(lambda: database.execute(count).fetchone() == (0,)))
        database.close()
        self.assertEqual(chain.holders_of(PASSWORD), [])
        log = chain.read("hersys.log")
        self.assertNotIn("hanako", log)
        self.assertNotIn(CONTACT, log)

    # A full disk: nothing is half done, and all goes on once there is room.
    def test_a_full_disk(self):
        chain = self.chain
        client = self.client()
        patient = self.add_patient(client)
        page = self.number_tab(client, patient)
        tab = client.get("/patient/%d?tab=contact" % patient)
        form = client.get("/new")
        unlimited = resource.RLIM_INFINITY
        resource.prlimit(chain.hersys.pid, resource.RLIMIT_FSIZE, (1, unlimited))
        for answer in [
            client.submit(page, "/issue/%d" % patient),
            client.submit(tab, "/contact/%d" % patient, name="厚労 次郎"),
            client.submit(form, "/new", name="厚労 花子"),
            PageClient(self.port).log_in("hanako", PASSWORD),
        ]:
            self.assertEqual(answer.status, 503)
            self.assertEqual(answer.headers["Retry-After"], "5")
            self.assertIn("変更は保存されていません", answer.words)
        secret = {"X-Registration-Secret": SECRET}
        message = json.dumps({"number": "12345678", "claim": "0" * 64})
        self.assertIn(chain.ask_hersys("POST", "/internal/reserve", message, secret)[0], (200, 503))
        # What is there is shown meanwhile.
        self.assertIn(NAME, client.get("/patients").words)
        resource.prlimit(chain.hersys.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        listed = client.get("/patients").words
        self.assertNotIn("花子", listed)
        self.assertNotIn("次郎", listed)
        self.assertEqual(chain.states(patient), [])
        # The same press again: the page's id is as good as before.
        self.assertEqual(client.submit(page, "/issue/%d" % patient).status, 303)
        chain.wait_for_states(patient, ["handed"])
        self.assertEqual(len(chain.sms.messages), 1)

    def test_options_of_operators(self):
        chain = self.chain
        path = chain.path("password")
        for options, password, words, status in [
            (["--login=Hanako"], PASSWORD, "--login", 2),
            (["--login=hanako"], "short", path + ": a password has less than 12", 1),
            (["--login=hanako"], "x" * 129, "more than 128", 1),
            (["--login=hanako", "--disable"], PASSWORD, "one of --password-file", 2),
            (["--login=hanako", "--role=boss"], PASSWORD, "--role", 2),
        ]:
            with open(path, "w", encoding="utf-8") as f:
                f.write(password)
            done = chain.run(
                "operator", "--centre=" + CENTRE, "--password-file=" + path, *options
            )
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertNotIn(password, done.stderr)
        with open(path, "w", encoding="utf-8") as f:
            f.write(PASSWORD)
        # Another centre's login: that centre is not made, and keeps its telephone.
        for centre in [OTHER_CENTRE, "品川保健所"]:
            done = chain.run(
                "operator",
                "--centre=" + centre,
                "--inquiry-phone=03-9999-9999",
                "--login=hanako",
                "--password-file=" + path,
            )
            self.assertEqual(done.returncode, 1)
            self.assertIn("another centre's", done.stderr)
            done = chain.run("operator", "--centre=" + centre, "--login=x-y-z", "--disable")
            self.assertIn("no such health centre", done.stderr)
        os.remove(path)
        done = chain.run("operator", "--centre=" + CENTRE, "--login=nobody", "--disable")
        self.assertEqual(done.returncode, 1)

    # What browsers call the pages, as people write it.
    def test_options_of_the_origin(self):
        chain = self.chain
        for origin in ["https://HERSYS.example.jp", "https://hersys.example.jp:443/"]:
            chain.end_hersys()
            chain.start_hersys("--pages=127.0.0.1:0", "--pages-origin=" + origin)
            line = chain.hersys.stdout.readline()
            self.port = int(re.search(r":(\d+)\n", line).group(1))
            client = PageClient(self.port)
            answer = client.get("/login", {"Host": "hersys.example.jp"})
            self.assertEqual(answer.status, 200)
            self.assertIn("; Secure", answer.headers["Set-Cookie"])
            self.assertEqual(client.get("/login").status, 421)
        chain.end_hersys()
        for options, words in [
            (["--pages=127.0.0.1:0", "--pages-origin=http://hersys.example.jp"], "origin"),
            (["--pages=127.0.0.1:0", "--pages-origin=https://hersys.example.jp/x"], "origin"),
            (["--pages=unix:" + chain.path("pages.sock")], "origin"),
        ]:
            with self.assertRaisesRegex(AssertionError, words):
                chain.start_hersys(*options)
            self.assertEqual(chain.end_hersys(), 2)


if __name__ == "__main__":
    unittest.main()
