#!/usr/bin/env python3
# The operators' pages of the management system, by a real process and requests
# as a browser sends them. What needs a browser is not here.
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, key, request
from hersys_chain import CENTRE, TELEPHONE, Chain, tek
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


if __name__ == "__main__":
    unittest.main()
