#!/usr/bin/env python3
# The operators' pages of the management system, by a real process and requests
# as a browser sends them: the button and its message, what no page has, other sites,
# a full disk. What needs a browser is not here.
import concurrent.futures
import email
import email.policy
import hashlib
import hmac
import json
import os
import re
import resource
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, SECRET, key, request, wait_for
from hersys_chain import CONTACT, HOUR, NAME, SMS_SECRET, TELEPHONE, tek
from hersys_pages_world import PASSWORD, HersysPagesWorld
from page_client import PageClient


class HersysPagesTest(HersysPagesWorld):
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
