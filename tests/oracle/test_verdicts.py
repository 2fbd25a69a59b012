"""The table of verdicts beside the programs that it speaks of: one process of each Java for all rows, and OpenSSL."""

import atexit
import ctypes
import subprocess
from base64 import b64encode
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.bad_chains import HOST
from tests.support.exhaustive import EVERY, mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.pki import NOW, Entity, issue
from tests.support.verdicts import CHAINS, ENTRIES, HOSTS, SAN, STORES, Row, dns, leaf, middle, raw, why_names_differ
from tests.support.verdicts import JAVAS as ALL_JAVAS
from wizard.certificates import csr, fields, hostnames
from wizard.certificates.chain import assemble
from wizard.certificates.formats.der import wrap
from wizard.certificates.formats.file_findings import file_findings
from wizard.certificates.model import Role
from wizard.certificates.reading import read, require_certificate
from wizard.certificates.rules import judge
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.secret import Secret

INTERNALS = (
    "--add-exports", "java.base/sun.security.util=ALL-UNNAMED",
    "--add-opens", "java.base/sun.security.tools.keytool=ALL-UNNAMED",
)  # fmt: skip


JAVAS = ALL_JAVAS if EVERY else ("17",)
"""Those that are asked: the table says the same of all from 17 on, unless a row says otherwise."""
MANY_ROUNDS = ("PFX of Firefox", "PFX with too many rounds")
"""Stores that take the other programs seconds each."""
ASKED = [number for number, row in enumerate(STORES) if EVERY or row.name != MANY_ROUNDS[0]]
"""The stores that Java is asked about; the other one with many rounds it refuses at once."""
Key = tuple[object, ...]


def question(kind: str, *parts: object) -> str:
    """A line without its number."""
    return "\t".join((kind, *(b64encode(str(part).encode()).decode() for part in parts)))


def name_asked(row: Row) -> str:
    return HOST if row.role is Role.PRIMARY else ""


@cache
def folder() -> TemporaryDirectory[str]:
    """All inputs as files: N.pem from the leaf upwards, N.root; the certificates with one name as nN.pem."""
    made = TemporaryDirectory()
    atexit.register(made.cleanup)
    for number, row in enumerate(CHAINS):
        entity = row.make()
        (Path(made.name) / f"{number}.pem").write_bytes(entity.chain_pem)
        (Path(made.name) / f"{number}.root").write_bytes(entity.chain[-1].x509.public_bytes(Encoding.PEM))
    for number, store in enumerate(STORES):
        (Path(made.name) / f"{number}.store").write_bytes(store.make())
    for number, entity in enumerate(named().values()):
        (Path(made.name) / f"n{number}.pem").write_bytes(entity.pem)
    return made


def questions() -> dict[Key, str]:
    place = folder().name
    asked: dict[Key, str] = {}
    for number, row in enumerate(CHAINS):
        side = "server" if row.role is Role.PRIMARY else "client"
        files = f"{place}/{number}.pem", f"{place}/{number}.root"
        asked["chain", number] = question(side, *files, name_asked(row))
    for number, entry in enumerate(ENTRIES):
        for host in HOSTS:
            asked["name", entry, host] = question("name", f"{place}/n{number}.pem", host)
    for number in ASKED:
        store, file = STORES[number], f"{place}/{number}.store"
        asked["store", number] = question("store", file, store.password, "")
        listing = ("-debug", "-list", "-keystore", file, "-storepass", store.password)
        asked["keytool", number] = question("keytool", *listing)
    return asked | {("sni", host): question("sni", host) for host in HOSTS}


@cache
def java(version: str) -> dict[Key, str]:
    """What this Java says of everything in the table: "OK ..." or the reason of the refusal."""
    asked = questions()
    lines = "".join(f"{number}\t{line}\n" for number, line in enumerate(asked.values()))
    answer = run_java("Verdicts", version=version, stdin=lines, options=INTERNALS, timeout=300)
    assert answer.returncode == 0, answer.stderr
    return dict(zip(asked, (line.partition("\t")[2] for line in answer.stdout.splitlines()), strict=True))


def openssl(number: int) -> str:
    row, start = CHAINS[number], f"{folder().name}/{number}"
    purpose = ["-purpose", "sslserver", "-verify_hostname", HOST] if name_asked(row) else ["-purpose", "sslclient"]
    command = ["openssl", "verify", *purpose, "-CAfile", f"{start}.root", "-untrusted", f"{start}.pem", f"{start}.pem"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return "OK" if done.returncode == 0 else done.stdout + done.stderr


def judged(row: Row) -> list[Finding]:
    """Our findings, but not that the key is another: rows with an odd key have none that fits."""
    found = judge(assemble(row.make().bundle, now=NOW)[0], role=row.role, host=HOST, now=NOW)
    return [each for each in found if each.severity >= Severity.WARNING and each.code != "key.mismatch"]


EACH = pytest.mark.parametrize("number", range(len(CHAINS)), ids=[row.name for row in CHAINS])


@EACH
def test_every_java_says_what_the_table_says(number: int) -> None:
    row = CHAINS[number]
    for version in JAVAS:
        expected, answer = row.java_says(version), java(version)["chain", number]
        assert answer.startswith("OK") if not expected else expected in answer, (version, answer)


@EACH
def test_openssl_says_what_the_table_says(number: int) -> None:
    expected, answer = CHAINS[number].openssl, openssl(number)
    assert answer == "OK" if not expected else expected in answer, answer


@EACH
def test_we_say_what_the_table_says(number: int) -> None:
    row = CHAINS[number]
    found = judged(row)
    assert " ".join(f"{each.code}{'!' * (each.severity > Severity.WARNING)}" for each in found) == row.ours
    # No library's own words on the screen.
    assert not [each.message for each in found if "ParseError" in each.message or "asn1" in each.message]


@pytest.mark.parametrize("row", CHAINS, ids=lambda row: row.name)
def test_we_refuse_what_a_java_refuses_or_the_table_says_why_not(row: Row) -> None:
    assert (row.refused_by_java == ("!" in row.ours)) == (not row.why)


@pytest.mark.parametrize("row", CHAINS, ids=lambda row: row.name)
def test_what_openssl_alone_refuses_is_a_warning_at_least(row: Row) -> None:
    assert not row.openssl or row.ours


@cache
def named() -> dict[str, Entity]:
    return {
        entry: issue("cn.test", middle(), kind="rsa-2048", **raw(SAN, wrap(0x30, each)))
        for entry, each in ENTRIES.items()
    }


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_host_name_is_matched_as_every_java_does(entry: str) -> None:
    certificate = named()[entry].certificate
    for host in HOSTS:
        theirs = {version: java(version)["name", entry, host].startswith("OK") for version in JAVAS}
        why = why_names_differ(host, entry)
        ours = fields.matches(certificate, host)
        assert ours == all(theirs.values()) or why, (host, ours, theirs)
        assert not ours or openssl_matches(certificate.der, host), host


def openssl_matches(der: bytes, host: str) -> bool:
    """What X509_check_host and X509_check_ip_asc say of the name as it is connected to."""
    library = ctypes.CDLL("libcrypto.so.3")
    library.d2i_X509.restype = ctypes.c_void_p
    parsed = ctypes.c_void_p(library.d2i_X509(None, ctypes.byref(ctypes.c_char_p(der)), ctypes.c_long(len(der))))
    name = hostnames.plain(host).encode()
    try:
        if hostnames.address(host) is not None:
            return bool(library.X509_check_ip_asc(parsed, name.strip(b"[]"), 0) == 1)
        return bool(library.X509_check_host(parsed, name, ctypes.c_size_t(len(name)), 0, None) == 1)
    finally:
        library.X509_free(parsed)


@pytest.mark.parametrize("version", JAVAS)
def test_java_refuses_the_names_that_we_say_and_sends_those_that_we_say(version: str) -> None:
    for host in HOSTS:
        verdict, hello = java(version)["name", "a.b.test", host], java(version)["sni", host]
        # "123" is an address to Java, and no entry of a certificate can be it.
        number = host.replace(".", "").isdigit() and hostnames.address(host) is None
        typed = host.strip() != host or host.startswith("[")
        if host == "xn--test--wg5h0h.test":
            # Decoded it ends in a hyphen: Java dials it and finds that no certificate matches, not even its own.
            assert hostnames.refused(host)
            continue
        assert number or typed or bool(hostnames.refused(host)) == ("Illegal given domain name" in verdict), host
        # Java 17 and newer send a name with a final dot without it, and then compare that one.
        sends = hostnames.address(host) is None and "." in hostnames.plain(host) and not hostnames.refused(host)
        assert host == "a.b.test." or typed or sends == (hello != "OK"), (host, hello)


@pytest.mark.parametrize(
    ("host", "entry", "words"),
    [
        ("10.1.2.3", dns("10.1.2.3"), "as a name of the type DNS"),
        ("fd00::1", dns("fd00::1"), "as a name of the type DNS"),
        ("a.b.test", dns("a.b.test."), "ends in a dot"),
        ("m\u00fcller.test", dns("m\u00fcller.test"), "must be written xn--mller-kva.test"),
        ("a.b.test", dns(" a.b.test"), "a space"),
        ("a.b.test", dns("a.b.test\0"), "a control character"),
        ("a.b.test", dns("https://a.b.test/"), "a URL"),
        ("a.b.test", dns("a.b.test:443"), "a port"),
        ("a.b.test", dns("a.*.test"), "a star"),
        ("b.test", dns("*.test"), "a star"),
        ("my_host.test", dns("my_host.test"), "an underscore"),
        ("a.b.test.", dns("a.b.test."), "ends in a dot"),
        ("-a.test", dns("-a.test"), "a hyphen"),
        ("1.2.3", dns("1.2.3"), "read as an IP address"),
    ],
)
def test_the_message_names_what_differs(host: str, entry: bytes, words: str) -> None:
    chain = assemble(leaf(**raw(SAN, wrap(0x30, entry))).bundle, now=NOW)[0]
    told = [
        each.message for each in judge(chain, role=Role.PRIMARY, host=host, now=NOW) if each.code.startswith("name.")
    ]
    assert any(words in each for each in told), told
    assert not any(f"is for {host}" in each for each in told)
    # Of a request the final dot is taken off.
    if hostnames.refused(host) and not host.endswith("."):
        with pytest.raises(WizardError, match=words):
            csr.make(host, role=Role.PRIMARY)


EACH_STORE = pytest.mark.parametrize("number", range(len(STORES)), ids=[row.name for row in STORES])
EACH_ASKED = pytest.mark.parametrize("number", ASKED, ids=[STORES[number].name for number in ASKED])


@EACH_ASKED
@pytest.mark.parametrize("version", JAVAS)
def test_every_java_and_keytool_open_the_stores_that_the_table_says(number: int, version: str) -> None:
    row = STORES[number]
    opened, listed = java(version)["store", number], java(version)["keytool", number]
    expected = row.java_says(version)
    assert opened == expected if expected.startswith("OK") else expected in opened
    if version != "11.0.5" and row.keytool is not None:
        assert row.keytool in listed
    elif version != "11.0.5":
        assert listed.startswith("OK") if expected.startswith("OK") else expected in listed


OPENED = mostly_exhaustive(range(len(STORES)), lambda number: STORES[number].name not in MANY_ROUNDS)


@pytest.mark.parametrize("number", OPENED, ids=[row.name for row in STORES])
def test_openssl_opens_the_stores_that_the_table_says(number: int) -> None:
    row = STORES[number]
    command = [
        "openssl",
        "pkcs12",
        "-in",
        f"{folder().name}/{number}.store",
        "-passin",
        f"pass:{row.password}",
        "-noout",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    # An empty file is no error to it, and yields nothing.
    assert (done.returncode == 0 or not done.stderr) if not row.openssl else row.openssl in done.stderr


@EACH_STORE
def test_we_read_the_stores_as_the_table_says(number: int) -> None:
    row = STORES[number]
    try:
        bundle = require_certificate(read(row.make(), name="store", password=Secret(row.password)))
    except WizardError as error:
        found = error.code
    else:
        codes = [each.code for each in file_findings(bundle)]
        found = " ".join((str(len(bundle.certificates)), str(len(bundle.keys)), *codes))
    assert found == row.ours
    assert bool(row.why) == (
        found[:1].isdigit() and not all(row.java_says(each).startswith("OK") for each in ALL_JAVAS)
    ) or ("truststore.empty-to-java" in found)
