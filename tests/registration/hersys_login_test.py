#!/usr/bin/env python3
# Log-ins at the operators' pages: who gets in, who has to wait, what ends a session.
# By a real process and requests as a browser sends them.
import concurrent.futures
import itertools
import os
import sys
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
from harness import NOW, wait_for
from hersys_chain import CENTRE
from hersys_pages_world import OTHER_CENTRE, PASSWORD, HersysPagesWorld
from page_client import PageClient


class HersysLoginTest(HersysPagesWorld):
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


if __name__ == "__main__":
    unittest.main()
