"""What a phone sends and another hears, computed apart from the project's own code.

Source: Exposure Notification Cryptography Specification 1.2; FIPS 197; RFC 5869.
"""

import hashlib
import hmac
import struct


def _multiply(a, b):
    """In the field of AES."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _box():
    """The inverse, by 254th powers, then the affine map."""
    box = []
    for value in range(256):
        inverse = 1
        for _ in range(254):
            inverse = _multiply(inverse, value)
        mapped = 0x63
        for shift in range(5):
            mapped ^= ((inverse << shift) | (inverse >> (8 - shift))) & 0xFF
        box.append(mapped)
    return box


_BOX = _box()


def aes128(key, block):
    """One block, encrypted."""
    words = [list(key[i : i + 4]) for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 44):
        word = words[i - 1]
        if i % 4 == 0:
            word = [_BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _multiply(constant, 2)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    keys = [sum(words[i : i + 4], []) for i in range(0, 44, 4)]
    state = [a ^ b for a, b in zip(block, keys[0])]
    for turn in range(1, 11):
        state = [_BOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if turn < 10:
            mixed = []
            for at in range(0, 16, 4):
                c = state[at : at + 4]
                for i in range(4):
                    mixed.append(
                        _multiply(c[i], 2)
                        ^ _multiply(c[(i + 1) % 4], 3)
                        ^ c[(i + 2) % 4]
                        ^ c[(i + 3) % 4]
                    )
            state = mixed
        state = [a ^ b for a, b in zip(state, keys[turn])]
    return bytes(state)


def _derived(tek, info):
    """HKDF-SHA-256 without salt, 16 bytes."""
    inner = hmac.new(bytes(32), tek, hashlib.sha256).digest()
    return hmac.new(inner, info + b"\x01", hashlib.sha256).digest()[:16]


def rpi(tek, interval):
    """What a phone with this key sends in a 10-minute interval."""
    padded = b"EN-RPI" + bytes(6) + struct.pack("<I", interval)
    return aes128(_derived(tek, b"EN-RPIK"), padded)


def aem(tek, identifier, power):
    """The metadata beside it: version 1.0, and the power in dBm."""
    stream = aes128(_derived(tek, b"EN-AEMK"), identifier)
    metadata = bytes([0x40, power & 0xFF, 0, 0])
    return bytes(a ^ b for a, b in zip(stream, metadata))


def sightings(tek, begin, minutes, rssi=-55, power=-20):
    """Lines of docs/formats.md: a contact, heard every five minutes."""
    lines = []
    for time in range(begin, begin + 60 * minutes, 300):
        identifier = rpi(tek, time // 600)
        lines.append(
            "%d,%s,%s,%d,%d\n"
            % (time, identifier.hex(), aem(tek, identifier, power).hex(), rssi, time - 300)
        )
    return lines


SIGHTINGS_HEADER = "time,rpi,aem,rssi,previous_scan\n"

# FIPS 197, appendix C.1.
assert (
    aes128(bytes(range(16)), bytes(17 * i for i in range(16))).hex()
    == "69c4e0d86a7b0430d8cdb78070b4c55a"
)
