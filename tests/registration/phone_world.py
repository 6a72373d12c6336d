"""The world of tests of phones as processes: a real notification server, phones with
their own keys, and proxies between them.
"""

import unittest

import harness
from phone_harness import Phone, Proxy, own_keys


class PhoneWorld(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.world.start()

    def phone(self, name="phone", keys=None, heard=(), options=(), **kwargs):
        phone = Phone(self.world, name, **kwargs)
        phone.import_(own_keys(name) if keys is None else keys, heard)
        self.addCleanup(phone.end, "KILL")
        phone.start(*options)
        return phone

    def proxy(self):
        proxy = Proxy(self.world.port)
        self.addCleanup(proxy.close)
        return proxy

    def numbers(self, *numbers):
        self.world.management.claims = {number: None for number in numbers}
