#!/usr/bin/env python3
# kill -9 of the server and of the publisher at random moments: each person's
# retry ends in one and the same success, each number is used once, and each key
# is in exactly one export.
#
# TEKMATCH_KILLS says how many kills (default 30); 200 take half a minute.
import hashlib
import os
import random
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join("tests", "registration"))
import harness
from harness import NOW, PATIENCE, REGISTRY, YESTERDAY, key, request, wait_for

KILLS = int(os.environ.get("TEKMATCH_KILLS", "30"))
PERSONS_A_KILL = 6
KEYS_A_PERSON = 5
SLOT_SECONDS = 300
SLOTS = ",".join(
    "%02d:%02d" % divmod(minutes, 60) for minutes in range(0, 24 * 60, SLOT_SECONDS // 60)
)


class Person:
    def __init__(self, world, n):
        self.world = world
        self.number = "%08d" % (10000000 + n)
        self.teks = [
            hashlib.sha256(b"%d %d" % (n, day)).digest()[:16]
            for day in range(1, KEYS_A_PERSON + 1)
        ]
        self.request = request(
            self.number,
            [key(tek, YESTERDAY - 144 * day) for day, tek in enumerate(self.teks)],
        )
        self.answers = []
        self.num_tries = 0

    def register(self, stop):
        """Tries until there is an answer, as the phone does."""
        while not stop.is_set():
            self.num_tries += 1
            try:
                status, answer = self.world.put(self.request)
            except (OSError, ValueError, harness.http.client.HTTPException):
                time.sleep(0.01)
                continue
            if status == 503:
                time.sleep(0.01)
                continue
            self.answers.append((status, answer))
            return


class KillTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        seed = int(os.environ.get("TEKMATCH_SEED", random.randrange(1 << 32)))
        print("TEKMATCH_SEED=%d TEKMATCH_KILLS=%d" % (seed, KILLS), flush=True)
        self.random = random.Random(seed)

    def publisher(self):
        return subprocess.Popen(
            [REGISTRY, "publish"] + self.world.publish_options(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def test_kill_at_any_moment(self):
        world = self.world
        persons = []
        stop = threading.Event()
        self.addCleanup(stop.set)
        threads = []
        for kill in range(KILLS):
            world.set_time(NOW + SLOT_SECONDS * kill)
            # Whose process publishes.
            apart = kill % 2 == 1
            world.start("--slots=" + SLOTS, *(["--no-publish"] if apart else []))
            for _ in range(PERSONS_A_KILL):
                person = Person(world, len(persons))
                world.management.claims[person.number] = None
                persons.append(person)
                threads.append(threading.Thread(target=person.register, args=(stop,)))
                threads[-1].start()
            if not apart:
                world.set_time(NOW + SLOT_SECONDS * kill + SLOT_SECONDS // 2)
            publisher = None
            time.sleep(self.random.uniform(0, 0.15))
            if apart:
                publisher = self.publisher()
                time.sleep(self.random.uniform(0, 0.06))
            if publisher is not None and self.random.random() < 0.5:
                publisher.kill()
                time.sleep(self.random.uniform(0, 0.03))
            world.end("KILL")
            if publisher is not None:
                time.sleep(self.random.uniform(0, 0.03))
                publisher.kill()
                publisher.wait()

        world.start("--slots=" + SLOTS)
        for thread in threads:
            thread.join(timeout=PATIENCE)
        self.assertEqual(
            [person.answers for person in persons],
            [[(200, {"accepted": KEYS_A_PERSON, "rejected": []})]] * len(persons),
        )
        # Whoever asks once more is told the same.
        for person in persons:
            person.register(stop)
            self.assertEqual(person.answers[0], person.answers[1])
        self.assertTrue(
            wait_for(lambda: len(world.management.used) == len(persons)),
            world.management.used,
        )
        self.assertEqual(set(world.management.used.values()), {1})

        end = NOW + SLOT_SECONDS * (KILLS + 2)
        world.set_time(end)
        expected = sorted(tek.hex() for person in persons for tek in person.teks)

        def all_keys():
            return sorted(tek for teks in world.published().values() for tek in teks)

        self.assertTrue(wait_for(lambda: len(all_keys()) >= len(expected)))
        self.assertEqual(world.end(), 0)
        self.assertEqual(all_keys(), expected)
        files = world.published()
        for name in files:
            run = world.verify(name)
            self.assertEqual(run.returncode, 0, run.stdout)
        # Files that are not in the list are none.
        there = set(os.listdir(world.path("out", "c19r", "440")))
        self.assertEqual(there - {"list.json", ".lock"}, set(files))
        print(
            "%d kills, %d persons, %d tries, %d files, %d keys, each once"
            % (
                KILLS,
                len(persons),
                sum(person.num_tries for person in persons),
                len(files),
                len(expected),
            )
        )


if __name__ == "__main__":
    unittest.main()
