#!/usr/bin/env python3
# The chain from the button to an export, by real processes: hersys, server, and
# gateways of the test's own (hersys_chain.py).
import base64
import concurrent.futures
import email
import email.header
import email.policy
import hashlib
import hmac
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
import unittest
import uuid

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, PATIENCE, REGISTRY, SECRET, SLOT, key, request, wait_for
from hersys_chain import CENTRE, CONTACT, HOUR, NAME, SMS_SECRET, TELEPHONE, Chain, tek

class HersysProcessTest(unittest.TestCase):
    def setUp(self):
        self.chain = Chain()
        self.addCleanup(self.chain.close)

    # Rows 5, 6, 11, 13, R4, R18: one message, one use, published, shown nowhere.
    def test_from_the_button_to_the_export(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        patient = chain.issue()
        number = chain.number(0)
        chain.wait_for_states(patient, ["handed"])
        self.assertEqual(len(chain.sms.messages), 1)
        self.assertEqual(chain.sms.wrong_signatures, 0)
        message = chain.sms.messages[0]
        self.assertEqual(message["to"], "+819012345678")
        for part in [TELEPHONE, "1時間", "https://example.jp/a/?pn=" + number]:
            self.assertIn(part, message["text"])

        # While it is good, and in no file.
        self.assertEqual(chain.holders_of(number), [])
        wrong = "%08d" % ((int(number) + 1) % 10**8)
        keys = [key(tek(1))]
        self.assertEqual(chain.put(request(wrong, keys))[0], 406)
        sent = request(number, keys)
        self.assertEqual(chain.put(sent), (200, {"accepted": 1, "rejected": []}))
        self.assertEqual(chain.put(sent), (200, {"accepted": 1, "rejected": []}))
        self.assertEqual(chain.put(request(number, [key(tek(2))]))[0], 406)
        chain.wait_for_states(patient, ["redeemed"])

        again = chain.reissue(patient)
        self.assertEqual(again.returncode, 1)
        self.assertIn("登録済みのため再発行できません", again.stderr)
        self.assertEqual(len(chain.sms.messages), 1)

        chain.set_time(SLOT)
        self.assertTrue(wait_for(lambda: chain.published() != {}))
        self.assertEqual(chain.published(), {"1.zip": [tek(1).hex()]})
        self.assertEqual(chain.holders_of(number), [])
        self.assertEqual(chain.end_hersys(), 0)
        self.assertEqual(chain.end(), 0)
        self.assertEqual(chain.holders_of(number, sent["idempotencyKey"]), [])
        # Who it was is with the management system, and in no log.
        self.assertEqual(set(chain.holders_of(NAME, CONTACT)), {"hersys.sqlite"})

    # Row 10, R3, R26: good until the hour is over, as the message says.
    def test_a_number_is_good_for_its_hour(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        patients = [chain.issue(contact="0901234567%d" % i) for i in range(4)]
        for patient in patients:
            chain.wait_for_states(patient, ["handed"])
        numbers = {m["to"][-1]: chain.number(i) for i, m in enumerate(chain.sms.messages)}
        for who, seconds, status in [
            ("0", HOUR - 1, 200),
            ("1", HOUR, 406),
            ("2", HOUR + 1, 406),
            ("3", 24 * HOUR, 406),
        ]:
            chain.set_time(NOW + seconds)
            sent = request(numbers[who], [key(tek(int(who)))])
            self.assertEqual(chain.put(sent)[0], status, seconds)

    # Row 12: entry refused after the hour, a reissue, success.
    def test_reissue(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        patient = chain.issue()
        first = chain.number(0)
        chain.wait_for_states(patient, ["handed"])
        chain.set_time(NOW + 61 * 60)
        self.assertEqual(chain.put(request(first, [key(tek(1))]))[0], 406)
        chain.wait_for_states(patient, ["expired"])
        self.assertEqual(chain.reissue(patient).returncode, 0)
        second = chain.number(1)
        chain.wait_for_states(patient, ["handed", "expired"])
        self.assertEqual(chain.put(request(second, [key(tek(1))]))[0], 200)
        chain.wait_for_states(patient, ["redeemed", "expired"])

    # R1: a gateway that is away for more than an hour.
    def test_nothing_dead_is_sent(self):
        chain = self.chain
        chain.sms.status = 503
        chain.start_hersys()
        chain.start()
        patient = chain.issue()
        refused = chain.number(0)
        chain.set_time(NOW + 10 * 60)
        self.assertTrue(wait_for(lambda: "ALARM: the oldest" in chain.read("hersys.log")))
        self.assertIn("ALARM", chain.run("issues").stdout)
        self.assertEqual(chain.states(patient), ["queued"])
        chain.set_time(NOW + 2 * HOUR)
        chain.sms.status = 200
        chain.wait_for_states(patient, ["handed"])
        number = chain.number(len(chain.sms.messages) - 1)
        self.assertNotEqual(number, refused)
        self.assertEqual(chain.put(request(refused, [key(tek(1))]))[0], 406)
        chain.set_time(NOW + 3 * HOUR - 1)
        self.assertEqual(chain.put(request(number, [key(tek(1))]))[0], 200)

    # R5, section 4: killed while the gateway has the message. Another number
    # goes out; both are good; the first success ends the other.
    def test_kill_while_a_message_is_sent(self):
        chain = self.chain
        chain.sms.delay = 60
        chain.start_hersys()
        patient = chain.issue()
        first = chain.number(0)
        chain.end_hersys("KILL")
        chain.sms.delay = 0
        chain.start_hersys()
        chain.start()
        second = chain.number(1)
        chain.wait_for_states(patient, ["handed"])
        self.assertNotEqual(first, second)
        self.assertEqual(chain.put(request(first, [key(tek(1))]))[0], 200)
        chain.wait_for_states(patient, ["redeemed"])
        self.assertEqual(chain.put(request(second, [key(tek(2))]))[0], 406)
        self.assertEqual(len(chain.sms.messages), 2)

    def persons(self, lines):
        path = self.chain.path("persons")
        with open(path, "w", encoding="utf-8") as f:
            for line in lines:
                f.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        return [
            "issue",
            "--centre=" + CENTRE,
            "--inquiry-phone=" + TELEPHONE,
            "--persons=" + path,
        ]

    def person(self, i, **changes):
        path = self.chain.person(contact="0801234%04d" % i)
        with open(path, encoding="utf-8") as f:
            person = json.load(f)
        os.remove(path)
        person["uuid"] = "00000000-0000-4000-8000-%012d" % i
        person.update(changes)
        return person

    # R24: each line has its own reason, and is done once.
    def test_r24_bulk_issue(self):
        chain = self.chain
        chain.start_hersys()
        lines = [
            self.person(1),
            self.person(2, consent=False, contact="03-1234-5678"),
            "",
            '{"name": "秘密 花子"',
            self.person(4, uuid="4"),
            self.person(1, contact="09012345678"),
            self.person(5, uuid=""),
            self.person(6, name=7),
            self.person(7),
        ]
        one, seven = lines[0]["uuid"], lines[-1]["uuid"]
        for done_before in [False, True]:
            done = chain.run(*self.persons(lines))
            self.assertEqual(done.returncode, 1)
            said = done.stdout.splitlines()
            word = "known" if done_before else "queued"
            self.assertRegex(said[0], "^line 1: %s %s" % (word, one))
            self.assertRegex(said[1], "^line 2: not issued: .*不足: 本人の同意、連絡先")
            self.assertEqual(
                said[2:7],
                [
                    "line 4: not issued: no JSON object",
                    "line 5: not issued: uuid: is none",
                    "line 6: not issued: uuid: is an earlier line's",
                    "line 7: not issued: uuid: is missing",
                    "line 8: not issued: name: is no text",
                ],
            )
            self.assertRegex(said[7], "^line 9: %s %s" % (word, seven))
            self.assertIn("6 lines were not issued", done.stderr)
            self.assertNotIn("花子", done.stdout + done.stderr)
        lines[1] = self.person(2)
        done = chain.run(*self.persons(lines))
        self.assertRegex(done.stdout.splitlines()[1], "^line 2: queued .* patient 3$")
        self.assertTrue(wait_for(lambda: len(chain.sms.messages) == 3))
        self.assertEqual(
            sorted(message["to"] for message in chain.sms.messages),
            ["+818012340001", "+818012340002", "+818012340007"],
        )
        options = self.persons(lines) + ["--uuid=" + one]
        self.assertEqual(chain.run(*options).returncode, 2)
        done = chain.run(*self.persons([""] * 5002))
        self.assertEqual(done.returncode, 1)
        self.assertIn("more than 5000 lines", done.stderr)

    # The file is named, and nothing of what is in it.
    def test_files_of_a_person_that_are_none(self):
        chain = self.chain
        path = chain.path("person.json")
        for text, words in [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            ('{"name": ["厚労 太郎"]}', "name: is no text"),
            ('{"consent": "厚労 太郎"}', "consent: is neither true nor false"),
            ('{"app_in_use": "厚労 太郎"}', "app_in_use: is not yes, no or unknown"),
            ('{"diagnosed_on": "厚労 太郎"}', "diagnosed_on: is no date"),
        ]:
            with self.subTest(text=text):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                done = chain.run("issue", "--centre=" + CENTRE, "--person=" + path)
                self.assertEqual(done.returncode, 1)
                self.assertIn(path + ": " + words, done.stderr)
                self.assertNotIn("太郎", done.stderr)
                self.assertFalse(os.path.exists(chain.path("hersys")))

    # Killed at any moment, a run is gone on with: nobody is there twice.
    def test_r24_a_killed_bulk_issue_goes_on(self):
        chain = self.chain
        options = self.persons([self.person(i) for i in range(300)])
        for num_lines in [0, 1, 40, 80, 120]:
            process = subprocess.Popen(
                [REGISTRY, options[0], "--data=" + chain.path("hersys")]
                + ["--clock-file=" + chain.path("clock")]
                + options[1:],
                stdout=subprocess.PIPE,
                text=True,
                # It waits as soon as some 80 lines were not read, and so never comes
                # to its end before it is killed.
                pipesize=4096,
            )
            for _ in range(num_lines):
                self.assertRegex(process.stdout.readline(), "^line ")
            process.kill()
            process.communicate()
            self.assertEqual(process.returncode, -signal.SIGKILL)
        done = chain.run(*options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 300)
        database = sqlite3.connect(chain.path("hersys", "hersys.sqlite"))
        for table in ["patient", "issue"]:
            count = "SELECT count(*) FROM " + table
            self.assertEqual(database.execute(count).fetchone(), (300,))
        database.close()

    # Killed at any moment, while numbers are sent and used: each person ends in
    # one success, each key in one export.
    def test_kill_at_any_moment(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        num_persons = 12
        patients = [chain.issue(contact="080123456%02d" % i) for i in range(num_persons)]

        def register(i):
            """With each number that arrives, until one is good."""
            sent = {}
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                for message in list(chain.sms.messages):
                    if message["to"] != "+8180123456%02d" % i:
                        continue
                    number = re.search(r"(?<!\d)\d{8}(?!\d)", message["text"]).group()
                    ask = sent.setdefault(number, request(number, [key(tek(i))]))
                    if chain.put(ask)[0] == 200:
                        return True
                time.sleep(0.05)
            return False

        moments = random.Random(7)
        with concurrent.futures.ThreadPoolExecutor(num_persons) as pool:
            persons = [pool.submit(register, i) for i in range(num_persons)]
            for _ in range(int(os.environ.get("TEKMATCH_KILLS", "10"))):
                time.sleep(moments.uniform(0, 0.4))
                chain.end_hersys("KILL")
                chain.start_hersys()
            self.assertTrue(all(person.result() for person in persons))
        for patient in patients:
            self.assertTrue(wait_for(lambda: "redeemed" in chain.states(patient)))
            self.assertEqual(chain.states(patient), ["redeemed"])
            self.assertEqual(chain.reissue(patient).returncode, 1)
        chain.set_time(SLOT)
        self.assertTrue(wait_for(lambda: chain.published() != {}))
        keys = sorted(sum(chain.published().values(), []))
        self.assertEqual(keys, sorted(tek(i).hex() for i in range(num_persons)))

    # Row 13: 8 issues race a redemption.
    def test_issues_race_a_redemption(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        patient = chain.issue()
        number = chain.number(0)
        chain.wait_for_states(patient, ["handed"])
        sent = request(number, [key(tek(1))])
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            registered = pool.submit(chain.put, sent)
            issues = [pool.submit(chain.reissue, patient) for _ in range(8)]
            registered = registered.result()
            issues = [issue.result() for issue in issues]
        queued = [issue for issue in issues if issue.returncode == 0]
        # An issue meanwhile voids the reservation at most, and the keys count.
        self.assertEqual(registered, (200, {"accepted": 1, "rejected": []}))
        self.assertTrue(wait_for(lambda: "redeemed" in chain.states(patient)))
        self.assertEqual(chain.states(patient).count("redeemed"), 1)
        self.assertLessEqual(len(queued), 3)  # that can be live at once
        self.assertNotEqual(chain.reissue(patient).returncode, 0)
        # What went out beside it is good for nothing.
        time.sleep(0.5)
        for i in range(len(chain.sms.messages)):
            other = request(chain.number(i), [key(tek(9))])
            self.assertEqual(chain.put(other)[0], 406)

    # Rows 5 and 8: by mail; an address that is refused is told of at once.
    def test_mail(self):
        chain = self.chain
        chain.start_hersys()
        chain.start()
        patient = chain.issue(contact="taro@example.jp")
        chain.wait_for_states(patient, ["handed"])
        self.assertEqual(len(chain.mail.mails), 1)
        sender, recipients, content = chain.mail.mails[0]
        self.assertEqual(sender.split(" ")[0], "<cocoa@example.jp>")
        self.assertEqual(recipients, ["<taro@example.jp>"])
        self.assertTrue(all(byte < 128 for byte in content))
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual(mail["To"], "taro@example.jp")
        self.assertIn("番号", mail["Subject"])
        self.assertEqual(mail.get_content_type(), "text/plain")
        body = mail.get_content()
        self.assertIn(TELEPHONE, body)
        self.assertIn(CENTRE, body)
        number = re.search(r"(?<!\d)\d{8}(?!\d)", body).group()
        self.assertNotIn(number, mail["Subject"])
        encoded = base64.b64encode(number.encode()).decode().rstrip("=")
        self.assertEqual(chain.holders_of(number, encoded), [])
        self.assertEqual(chain.put(request(number, [key(tek(1))]))[0], 200)

        patient = chain.issue(contact="nobody@example.jp")
        chain.wait_for_states(patient, ["failed"])
        done = chain.run("issues", "--centre=" + CENTRE, "--patient=%d" % patient)
        self.assertIn("refused_address", done.stdout)

    # Rows 4, 7, 8, 30.
    def test_what_is_not_issued(self):
        chain = self.chain
        chain.start_hersys()
        one = str(uuid.uuid4())
        patient = chain.issue("--uuid=" + one)
        chain.number(0)
        again = chain.reissue(patient, "--uuid=" + one)
        self.assertEqual(again.returncode, 1)
        self.assertIn("an issue has this id", again.stderr)
        path = chain.person(consent=False, contact="03-1234-5678")
        missing = chain.run("issue", "--centre=" + CENTRE, "--person=" + path)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("本人の同意、連絡先", missing.stderr)
        self.assertEqual(missing.stdout, "")  # nobody was added
        chain.issue(centre="港保健所", contact="08012345678")
        chain.number(1)
        other = chain.reissue(patient, centre="港保健所")
        self.assertEqual(other.returncode, 1)
        self.assertIn("no such patient of this centre", other.stderr)
        time.sleep(0.5)
        self.assertEqual(len(chain.sms.messages), 2)

    def test_delivery_reports_and_secrets(self):
        chain = self.chain
        chain.start_hersys()
        patient = chain.issue()
        chain.number(0)
        chain.wait_for_states(patient, ["handed"])
        path = "/internal/sms/" + chain.sms.messages[0]["id"]
        body = b'{"status":"delivered"}'
        signature = hmac.new(SMS_SECRET.encode(), body, hashlib.sha512).hexdigest()
        for headers in [{}, {"X-Signature": "0" * 128}]:
            self.assertEqual(chain.ask_hersys("POST", path, body, headers)[0], 403)
        self.assertEqual(chain.states(patient), ["handed"])
        signed = {"X-Signature": signature}
        self.assertEqual(chain.ask_hersys("POST", path, body, signed)[0], 204)
        self.assertEqual(chain.states(patient), ["delivered"])
        self.assertEqual(chain.ask_hersys("POST", "/internal/sms/x", body, signed)[0], 204)
        self.assertEqual(chain.ask_hersys("GET", path, b"", signed)[0], 405)

        claim = "0" * 64
        reserve = json.dumps({"number": "12345678", "claim": claim})
        confirm = json.dumps({"claim": claim})
        for path, message in [("reserve", reserve), ("confirm", confirm)]:
            path = "/internal/" + path
            self.assertEqual(chain.ask_hersys("POST", path, message, {})[0], 403)
            wrong = {"X-Registration-Secret": SECRET + "x"}
            self.assertEqual(chain.ask_hersys("POST", path, message, wrong)[0], 403)
            right = {"X-Registration-Secret": SECRET}
            self.assertEqual(chain.ask_hersys("POST", path, "{}", right)[0], 400)
            self.assertEqual(chain.ask_hersys("POST", path, message, right)[0], 200)

    # Row 10, R26: a life of two hours that counts from the delivery.
    def test_life_counts_from_the_delivery(self):
        chain = self.chain
        chain.start_hersys("--life-from=delivery", "--life-minutes=120")
        chain.start()
        patients = []
        for i in range(2):
            patients.append(chain.issue())
            chain.number(i)  # is there, so that messages are in this order
            chain.wait_for_states(patients[i], ["handed"])
            self.assertIn("2時間", chain.sms.messages[i]["text"])
        chain.set_time(NOW + 3 * HOUR)
        body = b'{"status":"delivered"}'
        signature = hmac.new(SMS_SECRET.encode(), body, hashlib.sha512).hexdigest()
        for i, patient in enumerate(patients):
            path = "/internal/sms/" + chain.sms.messages[i]["id"]
            chain.ask_hersys("POST", path, body, {"X-Signature": signature})
            self.assertEqual(chain.states(patient), ["delivered"])
        for i, (seconds, status) in enumerate([(5 * HOUR - 1, 200), (5 * HOUR, 406)]):
            chain.set_time(NOW + seconds)
            sent = request(chain.number(i), [key(tek(i))])
            self.assertEqual(chain.put(sent)[0], status, seconds)

    def test_one_process_has_the_folder(self):
        chain = self.chain
        chain.start_hersys()
        first, chain.hersys = chain.hersys, None
        with self.assertRaises(AssertionError):
            chain.start_hersys("--listen=127.0.0.1:0")
        chain.hersys.wait(timeout=PATIENCE)
        chain.hersys.stdout.close()
        chain.hersys = first
        self.assertEqual(chain.end_hersys(), 0)

    def test_purge(self):
        chain = self.chain
        chain.start_hersys()
        chain.wait_for_states(chain.issue(), ["handed"])
        chain.set_time(NOW + 48 * HOUR)
        self.assertEqual(chain.run("purge", "--before=2020-12-10").stdout, "patients deleted: 0\n")
        self.assertEqual(chain.run("purge", "--before=2020-12-11").stdout, "patients deleted: 1\n")
        chain.end_hersys()
        self.assertEqual(chain.holders_of(NAME, CONTACT), [])


if __name__ == "__main__":
    unittest.main()
