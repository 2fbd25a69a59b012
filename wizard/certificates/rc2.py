"""RC2 decryption (RFC 2268), for stores that old Windows and Java before 8u301 wrote with 40-bit RC2.

The library knows RC2 with 128 bits only. Reading what the PKI team mailed needs no more than this; nothing is ever
written with it.
"""

import struct
from typing import Final

_TABLE: Final = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_MASHED_BEFORE: Final = frozenset({5, 11})


def decrypt_cbc(key: bytes, iv: bytes, data: bytes) -> bytes:
    """*data* (whole blocks of 8 bytes) decrypted in CBC mode; its effective key length is that of *key*."""
    words = _expanded(key)
    plain = bytearray()
    previous = iv
    for at in range(0, len(data), 8):
        block = data[at : at + 8]
        opened = _block(words, block)
        plain += bytes(left ^ right for left, right in zip(opened, previous, strict=True))
        previous = block
    return bytes(plain)


def _expanded(key: bytes) -> tuple[int, ...]:
    length = len(key)
    buffer = bytearray(key) + bytearray(128 - length)
    for at in range(length, 128):
        buffer[at] = _TABLE[(buffer[at - 1] + buffer[at - length]) & 0xFF]
    buffer[128 - length] = _TABLE[buffer[128 - length]]
    for at in range(127 - length, -1, -1):
        buffer[at] = _TABLE[buffer[at + 1] ^ buffer[at + length]]
    return struct.unpack("<64H", buffer)


def _block(words: tuple[int, ...], block: bytes) -> bytes:
    a, b, c, d = struct.unpack("<4H", block)
    at = 63
    # Written out instead of looped: a trust store of two hundred certificates would take a second otherwise.
    for turn in range(15, -1, -1):
        d = ((d >> 5 | d << 11) - words[at] - (c & b) - (~c & a)) & 0xFFFF
        c = ((c >> 3 | c << 13) - words[at - 1] - (b & a) - (~b & d)) & 0xFFFF
        b = ((b >> 2 | b << 14) - words[at - 2] - (a & d) - (~a & c)) & 0xFFFF
        a = ((a >> 1 | a << 15) - words[at - 3] - (d & c) - (~d & b)) & 0xFFFF
        at -= 4
        if turn in _MASHED_BEFORE:
            d = (d - words[c & 63]) & 0xFFFF
            c = (c - words[b & 63]) & 0xFFFF
            b = (b - words[a & 63]) & 0xFFFF
            a = (a - words[d & 63]) & 0xFFFF
    return struct.pack("<4H", a, b, c, d)
