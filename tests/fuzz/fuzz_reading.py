"""A mutation fuzzer for everything that reads certificates: no traceback, no hang over a second, bounded memory.

    python -m tests.fuzz.fuzz_reading             # FUZZ_SECONDS (10), FUZZ_SEED (of the day)

It cuts, flips, doubles and joins real files of every format, changes lengths and counts in their structure, and reads
the result with and without a password. A find is written to the folder FUZZ_FINDS (the temporary one), with its seed.
"""

import datetime as dt
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from tests.support import asn1
from tests.support.codes_in import codes_in
from tests.support.effort import soon
from tests.support.pki import acme, key
from wizard.certificates.formats.der import DerError, Node, parse
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.secret import Secret

SECOND = 1.0
"""Seconds of processor time that one file may take."""

MEMORY = 400 * 1024
"""Kibibytes that the process may grow by."""

CODES = frozenset(codes_in("wizard/certificates/formats", "wizard/certificates/reading.py"))


def seeds() -> list[bytes]:
    """Files of every format that the reader knows, each small."""
    pki = acme("p256")
    leaf = pki.primary
    chain = [each.x509 for each in leaf.chain]
    old = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    rsa_key = key("rsa-2048").private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    message = pkcs7.serialize_certificates(chain, Encoding.DER)
    bags = [
        asn1.cert_bag(pki.root.der, asn1.friendly("root")),
        asn1.key_bag(leaf.key, "changeit"),
        asn1.cert_bag(leaf.der),
    ]
    protected = asn1.seq(asn1.seq(asn1.oid("1.3.6.1.4.1.42.2.17.1.1"), b"\x05\0"), asn1.octets(bytes(120)))
    key_entry = b"\0\0\0\1\0\1k" + bytes(8) + len(protected).to_bytes(4, "big") + protected + bytes(4)
    trusted = asn1.jks([("one", pki.root.der), ("two", leaf.der)], "changeit")
    java_object = (
        b"\0\0\0\3\0\1s"
        + bytes(8)
        + b"\xac\xed\x00\x05sr\0\1a"
        + bytes(8)
        + b"\2\0\1[\0\1bt\0\2[Bxpur\0\2[B"
        + bytes(8)
    )
    java_object += b"\2\0\0xp\0\0\0\4abcd"
    return [
        leaf.chain_pem + leaf.key_pem(),
        leaf.key_pem("changeit") + leaf.pem,
        old + b"text\n" + leaf.pem,
        leaf.chain_pem.decode().encode("utf-16"),
        leaf.der,
        rsa_key,
        message,
        asn1.indefinite(parse(message), 4),
        leaf.pfx("changeit"),
        asn1.indefinite(parse(leaf.pfx("changeit")), 3, piece=50),
        asn1.pfx(bags),
        asn1.pfx(bags, None),
        trusted,
        b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1" + key_entry + bytes(20),
        b"\xce\xce\xce\xce\0\0\0\2\0\0\0\1" + java_object + bytes(20),
    ]


def _flip(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at] = chance.choice((data[at] ^ 1 << chance.randrange(8), 0, 0x80, 0xFF, 0x30, chance.randrange(256)))


def _cut(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice((1, 2, 16, len(data)))]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    piece = data[at : at + chance.choice((1, 4, 64, 1024))]
    data[at:at] = piece * chance.choice((1, 1, 2, 50))


def _number(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at : at + 4] = chance.choice(
        (b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x02\x04\x7f\xff")
    )


def _nest(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.choice((b"\x30\x80", b"\x24\x80", b"-----BEGIN CERTIFICATE-----\n")) * chance.choice(
        (1, 30, 3000)
    )


def _structure(data: bytearray, chance: random.Random) -> None:
    """Replace one element somewhere in the structure, lengths kept right: this reaches deep."""
    try:
        data[:] = _rebuilt(parse(bytes(data)), chance, depth=12)
    except (DerError, RecursionError):
        _flip(data, chance)


def _rebuilt(node: Node, chance: random.Random, depth: int) -> bytes:
    if depth == 0 or chance.random() < 0.06:
        return chance.choice(
            (
                b"",
                b"\x05\0",
                asn1.number(chance.choice((0, -1, 3, 2**31 - 1, 2**90))),
                node.encoded * 2,
                b"\x30\0",
                b"\x04\0",
            )
        )
    if node.tag & 0x20:
        children = list(node)
        chosen = chance.randrange(len(children)) if children else -1
        parts = [
            _rebuilt(child, chance, depth - 1) if at == chosen else child.encoded for at, child in enumerate(children)
        ]
        return asn1.tlv(node.tag, *parts)
    if node.tag == 0x04 and node.content[:1] == b"\x30":
        try:
            return asn1.octets(_rebuilt(parse(node.content), chance, depth - 1))
        except DerError:
            return node.encoded
    changed = bytearray(node.content)
    if changed:
        _flip(changed, chance)
    return asn1.tlv(node.tag, bytes(changed))


CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _flip, _cut, _double, _number, _nest, _structure, _structure,
)  # fmt: skip


def mutated(pool: list[bytes], chance: random.Random) -> bytes:
    """One of the seeds, changed one to five times."""
    data = bytearray(chance.choice(pool))
    for _ in range(chance.randint(1, 5)):
        if not data:
            break
        chance.choice(CHANGES)(data, chance)
    if chance.random() < 0.05:
        data += chance.choice(pool)
    return bytes(data)


def one(data: bytes, password: Secret | None) -> str:
    """Read *data*; "" when that is as it should be, else what went wrong."""
    began = time.process_time()
    try:
        sniff(data)
        read(data, name="fuzz", password=password)
    except ReadingError as error:
        if error.code not in CODES:
            return f"the code {error.code} is not declared"
    except Exception as error:  # noqa: BLE001  # any other exception is what we look for
        return f"{type(error).__name__}: {error}"
    took = time.process_time() - began
    return f"it took {took:.2f} s" if took > SECOND and not soon(lambda: _again(data, password)) else ""


def _again(data: bytes, password: Secret | None) -> None:
    with suppress(ReadingError):
        read(data, name="fuzz", password=password)


def run(seed: int, *, inputs: int = 0, seconds: float = 0.0) -> tuple[int, list[str]]:
    """Fuzz with so many files, or for so many seconds; the number of files read, and what was found."""
    chance = random.Random(seed)
    pool = seeds()
    finds = [found for data in pool for found in [one(data, Secret("changeit"))] if found]
    folder = Path(os.environ.get("FUZZ_FINDS", tempfile.gettempdir()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = 0
    end = time.monotonic() + seconds
    while (count < inputs or time.monotonic() < end) and len(finds) < 10:
        data = mutated(pool, chance)
        password = chance.choice((None, Secret("changeit"), Secret("changeit"), Secret("")))
        count += 1
        if found := one(data, password):
            path = folder / f"fuzz-reading-{seed}-{count}.bin"
            path.write_bytes(data)
            finds.append(f"{found} ({path})")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if grown > MEMORY:
        finds.append(f"the process grew by {grown // 1024} MiB")
    return count, finds


def main() -> int:
    """Run as a script; 1 when something was found."""
    seconds = float(os.environ.get("FUZZ_SECONDS", "10"))
    seed = int(os.environ.get("FUZZ_SEED") or dt.datetime.now(dt.UTC).date().toordinal())
    count, finds = run(seed, seconds=seconds)
    print(f"reading: {count} files in {seconds:g} s, seed {seed}, {len(finds)} found")
    for found in finds:
        print(f"  {found}")
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
