#!/usr/bin/env python3
# The operators' pages of patients: how they are added, one or many, changed and
# closed. By a real process and requests as a browser sends them.
import concurrent.futures
import os
import re
import sys
import unittest
import uuid

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import key, request
from hersys_chain import NAME, TELEPHONE, tek
from hersys_pages_world import OTHER_CENTRE, HersysPagesWorld


class HersysPatientPagesTest(HersysPagesWorld):
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


if __name__ == "__main__":
    unittest.main()
