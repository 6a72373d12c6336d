"""The world of tests of the operators' pages: a management system with pages and one
operator, as a process, and what tests do at its pages.
"""

import os
import re
import unittest

from hersys_chain import CENTRE, TELEPHONE, Chain
from page_client import PageClient

PASSWORD = "a long pass phrase"
OTHER_CENTRE = "港保健所"


class HersysPagesWorld(unittest.TestCase):
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
