#!/usr/bin/env python3
# Phones as processes, with a real notification server: kills, servers that hang, what
# is forgotten by itself, many phones in one, options and files.
import os
import random
import sqlite3
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import NOW, PATIENCE, SLOT, wait_for
from phone_harness import DAY, Person, Phone, own_keys, sightings_csv
from phone_world import PhoneWorld

KILLS = int(os.environ.get("TEKMATCH_KILLS", "30"))


class PhoneProcessTest(PhoneWorld):
    def send_and_hold(self, phone, number="12345678"):
        """A person whose request is under way; the thread has the outcome."""
        me = Person(phone)
        me.fill(number)
        thread = threading.Thread(target=me.post, args=("/confirm",), kwargs={"action": "send"})
        thread.start()
        self.assertTrue(wait_for(lambda: "送信しています" in Person(phone).get("/sending").text))
        return me, thread

    # kill -9 of the phone at each step of a request, and at random moments: each
    # person ends in one success. Who was not told of it has to ask again.
    def test_kill_at_any_moment(self):
        seed = int(os.environ.get("TEKMATCH_SEED", random.randrange(1 << 32)))
        print("TEKMATCH_SEED=%d TEKMATCH_KILLS=%d" % (seed, KILLS), flush=True)
        moments = random.Random(seed)
        steps = ["connected", "sent", "answered", "passed", "told", "any"]
        self.numbers(*["%08d" % n for n in range(KILLS)])
        proxy = self.proxy()
        phone = Phone(self.world, "phones", server=proxy.url, several=True)
        self.addCleanup(phone.end, "KILL")
        keys = []
        for n in range(KILLS):
            keys.append(own_keys("phone%d" % n))
            phone.import_(keys[n], number=n)
        retries = dict.fromkeys(steps, 0)
        cut = dict.fromkeys(steps, 0)
        phone.start()
        for n in range(KILLS):
            step = steps[n % len(steps)]
            me = Person(phone, n)
            me.fill("%08d" % n)
            self.assertEqual(me.path, "/confirm")
            puts = len(proxy.puts())
            killed = threading.Event()

            def kill_at(event, step=step, killed=killed):
                if event != step:
                    return True
                phone.process.kill()
                phone.process.wait()
                killed.set()
                return False

            proxy.on_event = kill_at
            killer = threading.Timer(moments.uniform(0, 0.03), phone.process.kill)
            if step == "any":
                killer.start()
            try:
                me.post("/confirm", action="send")
                if step == "told":
                    self.assertEqual(me.path, "/done")
                    phone.process.kill()
            except (OSError, harness.http.client.HTTPException):
                pass
            if step == "any":
                killer.join()
            elif step != "told":
                self.assertTrue(killed.wait(PATIENCE), step)
            proxy.on_event = None
            cut[step] += len(proxy.puts()) > puts
            phone.end("KILL")
            phone.start()
            me = Person(phone, n)
            me.get("/")
            if "登録済み" not in me.page.text:
                retries[step] += 1
                # The person begins again, with the same number; and once more where the
                # connection was cut, which the page says and asks for.
                me.register("%08d" % n)
                for _ in range(3):
                    if me.path == "/done" or "unreachable" not in me.page.text:
                        break
                    print("cut again at %s" % step, flush=True)
                    me.register("%08d" % n)
                self.assertEqual(me.path, "/done", me.page.text)
            me.get("/done")
            self.assertIn("6個", me.page.text)
            # What is on its way is none of the next person's.
            self.assertTrue(wait_for(proxy.is_idle))
        print("kills at %s: requests that arrived %s, retries %s" % (steps, cut, retries))
        # Each step was met: before the request, between it and the answer, after.
        each = KILLS // len(steps)
        self.assertGreater(each, 0)
        self.assertEqual(cut["connected"], 0)
        for step in ("sent", "answered", "passed", "told"):
            self.assertGreaterEqual(cut[step], each, step)
        for step in ("connected", "sent", "answered"):
            self.assertGreaterEqual(retries[step], each, step)
        self.assertEqual(retries["told"], 0)
        numbers = ["%08d" % n for n in range(KILLS)]
        self.assertTrue(wait_for(lambda: len(self.world.management.used) == KILLS))
        self.assertEqual(self.world.management.used, {number: 1 for number in numbers})
        self.world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: self.world.published()))
        published = sorted(tek for teks in self.world.published().values() for tek in teks)
        self.assertEqual(
            published, sorted(key[0].hex() for own in keys for key in own[1:6])
        )

    # A server that does not answer takes no more than one of the workers, and
    # keeps nobody from the other pages.
    def test_nobody_waits_for_a_server_that_hangs(self):
        self.numbers("12345678")
        proxy = self.proxy()
        proxy.mode = "hold"
        phone = self.phone(
            server=proxy.url, exports=proxy.url, options=["--workers=3"], heard=[(b"x" * 16, NOW)]
        )
        me, sending = self.send_and_hold(phone)
        fetching = threading.Thread(target=Person(phone).post, args=("/fetch",))
        fetching.start()
        self.assertTrue(
            wait_for(lambda: any(bytes(r).startswith(b"GET ") for r in proxy.requests))
        )
        other = Person(phone)
        for path, fields in (
            ("/confirm", {"action": "send"}),
            ("/confirm", {"action": "cancel"}),
            ("/register", {"symptoms": "no", "date": "2020-12-10", "number": "00000000"}),
            ("/consent", {"agree": "no"}),
        ):
            other.get("/")
            other.post(path, **fields)
            self.assertEqual(other.path, "/sending", path)
            self.assertIn("送信しています", other.page.text)
        other.get("/")
        other.post("/fetch")
        self.assertEqual(other.page.status, 409)
        self.assertIn("確認しています", other.page.text)
        # The end does not wait either, and the person is told what there is.
        self.assertEqual(phone.end(), 0)
        sending.join()
        fetching.join()
        proxy.mode = "pass"
        phone.start()
        me.get("/")
        self.assertIn("前回の送信の結果を確認できていません", me.page.text)
        me.register("12345678")
        self.assertEqual(me.path, "/done")
        self.assertEqual(len({put[2]["idempotencyKey"] for put in proxy.puts()}), 1)
        self.assertTrue(wait_for(lambda: self.world.management.used == {"12345678": 1}))

    # Own keys go though nobody fetches and nobody looks.
    def test_own_keys_go_by_themselves(self):
        phone = self.phone()
        path = os.path.join(phone.folder, "phone.sqlite")

        def num_keys():
            database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
            try:
                return database.execute("SELECT count(*) FROM own_key").fetchone()[0]
            finally:
                database.close()

        self.assertEqual(num_keys(), 15)
        self.world.set_time(NOW + 16 * DAY)
        self.assertTrue(wait_for(lambda: num_keys() == 0))

    # A phone that never runs for a whole day forgets when it starts.
    def test_own_keys_go_at_the_start(self):
        phone = self.phone()
        self.assertEqual(phone.end(), 0)
        self.world.set_time(NOW + 16 * DAY)
        phone.start()
        database = sqlite3.connect(
            "file:%s?mode=ro" % os.path.join(phone.folder, "phone.sqlite"), uri=True
        )
        self.addCleanup(database.close)

        def num_keys():
            return database.execute("SELECT count(*) FROM own_key").fetchone()[0]

        self.assertTrue(wait_for(lambda: num_keys() == 0))

    def test_many_phones_in_one_process(self):
        self.numbers("12345678")
        phone = Phone(self.world, "phones", several=True)
        self.addCleanup(phone.end, "KILL")
        for n in (0, 1, 12):
            phone.import_(own_keys("phone%d" % n), number=n)
        phone.start("--fetch-every=60", "--chaff-per-day=24")
        one, twelve = Person(phone, 1), Person(phone, 12)
        one.register("12345678")
        self.assertEqual(one.path, "/done")
        self.assertNotIn("登録済み", twelve.get("/").text)
        nobody = Person(phone)
        for name in ("2", "01", "-1", "..", "x", "%31", "1000000", ""):
            self.assertEqual(nobody.ask("GET", "/phone/%s/" % name).status, 404, name)
        self.assertEqual(nobody.ask("GET", "/").status, 404)
        self.assertEqual(nobody.ask("GET", "/phone/12").location, "/phone/12/")
        # They fetch by themselves, and send what nobody means.
        self.world.set_time(SLOT)
        self.assertTrue(wait_for(lambda: self.world.published()))
        self.world.set_time(SLOT + 7200)
        self.assertTrue(
            wait_for(lambda: "まだ確認していません" not in twelve.get("/contacts").text)
        )
        self.world.set_time(SLOT + 10 * DAY)
        self.assertTrue(
            wait_for(lambda: self.world.read("log").count("PUT /v1/diagnosis 200") >= 3)
        )
        self.assertEqual(phone.end(), 0)

    def test_options_that_are_refused(self):
        for options, what in [
            (["--data=a", "--phones=b"], "one of them"),
            (["--data=a", "--policy=cocoa-3"], "--accept-disclosure"),
            (["--data=a", "--policy=none"], "cocoa-1.2.1"),
            (["--data=a", "--server=http://example.jp"], "https is wanted"),
            (["--data=a", "--exports=file:///etc"], "no url"),
            (["--data=a", "--zone=Mars"], "no time zone"),
            (["--data=a", "--region=4/4"], "--region"),
            (["--data=a", "--region="], "--region"),
            (["--data=a", "--listen=0.0.0.0:80"], "0.0.0.0"),
            (["--data=a", "--listen=unix:/tmp/x"], "a browser needs"),
        ]:
            with self.subTest(options=options):
                defaults = {
                    "--listen": "127.0.0.1:0",
                    "--server": "http://127.0.0.1:1",
                    "--exports": "http://127.0.0.1:1",
                    "--public-key": self.world.path("public.pem"),
                    "--key-id": "440",
                }
                defaults.update(option.split("=", 1) for option in options)
                run = subprocess.run(
                    [harness.REGISTRY, "phone"] + ["%s=%s" % item for item in defaults.items()],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=PATIENCE,
                )
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertIn(what, run.stderr)

    # Bad input is 1, wrong usage 2.
    def test_files_that_phone_import_refuses(self):
        path = self.world.path("file")
        devices = sightings_csv([]).replace("\n", ",device\n")
        devices += "1607587200,%s,%s,-60,1\n" % ("0" * 32, "0" * 8)
        for option, text, words in [
            ("--own-keys", "[7]", "own keys: key 1: no object"),
            ("--own-keys", "time,rpi\n", "own keys: no list"),
            ("--sightings", devices, "names a device"),
            ("--sightings", "[7]", ""),
        ]:
            with self.subTest(option=option, text=text):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
                folder = self.world.path("imported")
                run = subprocess.run(
                    [harness.REGISTRY, "phone-import", "--data=" + folder, option + "=" + path],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=PATIENCE,
                )
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertIn(path + ": " + words, run.stderr)
                self.assertFalse(os.path.exists(folder))
        run = subprocess.run(
            [harness.REGISTRY, "phone-import", "--data=" + self.world.path("imported")],
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual(run.returncode, 2, run.stderr)


if __name__ == "__main__":
    unittest.main()
