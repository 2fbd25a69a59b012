"""The rehearsal's verdict beside the one of real JVMs with the same key stores and trust stores."""

import atexit
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from tests.support import bad_chains
from tests.support.jvm import run_java
from tests.support.pki import NOW
from tests.unit.probing.test_rehearsal import GATEWAYS, PKI, PRIMARIES, ROOT, chain
from wizard.certificates import writing
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain, Profile, Role
from wizard.certificates.writing import keystore
from wizard.doctor.logs import explain
from wizard.probing.rehearsal import rehearse
from wizard.secret import Secret

PASSWORD = Secret("changeit")
NUMBERS = count()


class Case(NamedTuple):
    name: str
    server: Chain
    server_trust: Sequence[Certificate]
    client: Chain
    client_trust: Sequence[Certificate]
    connect_name: str
    tls: str = "TLSv1.3"


def cases() -> list[Case]:
    good = chain(PKI.primary), chain(PKI.gateway)
    found = [
        Case(f"gateway-{name}-{tls}", good[0], [ROOT], gateway, [ROOT], "primary-host", tls)
        for name, gateway, _ in GATEWAYS
        for tls in ("TLSv1.2", "TLSv1.3")
    ]
    found += [
        Case(f"primary-{name}", primary, [ROOT], good[1], trust, connect_name)
        for name, primary, trust, connect_name, _ in PRIMARIES
        if trust
    ]
    for bad in bad_chains.CASES:
        entity = bad.build()
        made, own = assemble(entity.bundle)[0], [entity.chain[-1]]
        if bad.role is Role.PRIMARY:
            found.append(Case(f"bad-{bad.name}", made, [ROOT], good[1], own, bad_chains.HOST, bad.java_tls))
        else:
            host = "primary-host"
            found.append(Case(f"bad-{bad.name}", good[0], own, made, [ROOT], host, bad.java_tls))
    return found


CASES = cases()


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> Iterator[None]:
    with patch.object(writing, "ROUNDS", 100):
        yield


def trusting(certificates: Sequence[Certificate]) -> bytes:
    """A trust store with whatever is given, also what the product would refuse to write: keytool takes it."""
    protection = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(100).build(PASSWORD.reveal().encode())
    entries = [pkcs12.PKCS12Certificate(one.x509, str(place).encode()) for place, one in enumerate(certificates)]
    return pkcs12.serialize_java_truststore(entries, protection)


@cache
def folder() -> TemporaryDirectory[str]:
    """The stores of all cases, each in a file: what two cases share is written once."""
    made = TemporaryDirectory()
    atexit.register(made.cleanup)
    return made


@cache
def key_store(it: Chain) -> Path:
    path = Path(folder().name) / f"{next(NUMBERS)}.p12"
    path.write_bytes(keystore(it, PASSWORD, profile=Profile.MODERN))
    return path


@cache
def trust_store(certificates: tuple[Certificate, ...]) -> Path:
    path = Path(folder().name) / f"{next(NUMBERS)}.p12"
    path.write_bytes(trusting(certificates))
    return path


@cache
def questions() -> str:
    lines = []
    for number, case in enumerate(CASES):
        server = key_store(case.server), trust_store(tuple(case.server_trust))
        client = key_store(case.client), trust_store(tuple(case.client_trust))
        lines.append("\t".join(map(str, [number, case.tls, case.connect_name, *server, *client])))
    return "\n".join(lines) + "\n"


@cache
def verdicts(version: str) -> dict[str, tuple[str, str]]:
    """Case name to who refused and why, all in one JVM."""
    answer = run_java("Handshake", version=version, stdin=questions(), timeout=120)
    assert answer.returncode == 0, answer.stderr
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return {CASES[int(row[0])].name: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_rehearsal_says_what_java_does(case: Case) -> None:
    """What one of the two versions refuses is refused: the peers of a site have several, and updates bring new ones."""
    refused = [(who, why) for who, why in (verdicts(version)[case.name] for version in ("17", "25")) if who != "OK"]
    rehearsed = rehearse(
        case.server, case.server_trust, case.client, case.client_trust, case.connect_name, now=NOW.replace(hour=12)
    )
    found = [(finding.code, finding.facts) for finding in rehearsed.findings]
    assert rehearsed.ok is (not refused), (refused, found)
    for who, why in refused:
        refused_by = {"SERVER": "primary", "CLIENT": "gateway"}.get(who)
        if refused_by is not None and not any(code == "rehearsal.handshake" for code, _ in found):
            assert refused_by in {facts.get("whom") for _, facts in found}, (why, found)


IN_A_LOG = {
    "Empty ": "doctor.log-client-sent-nothing",
    "Extended key usage does not permit": "doctor.log-usage",
    "KeyUsage does not allow": "doctor.log-key-usage",
    "No subject alternative": "doctor.log-name",
    "PKIX path building failed": "doctor.log-no-path",
    "Algorithm constraints check failed": "doctor.log-algorithm",
    "validity check failed": "doctor.log-dates",
    "signature check failed": "doctor.log-signature",
    "No supported CertificateVerify": "doctor.log-nothing-to-show",
    "keyCertSign": "doctor.log-chain-rule",
    "is not a CA certificate": "doctor.log-chain-rule",
    "pathLenConstraint": "doctor.log-chain-rule",
    "name constraints": "doctor.log-chain-rule",
    "unrecognized critical extension": "doctor.log-chain-rule",
    "maximum allowed length": "doctor.log-chain-rule",
}


@pytest.mark.parametrize("version", ["17", "25"])
def test_what_java_says_is_explained_when_it_is_found_in_a_log(version: str) -> None:
    """Java 25 puts the alert that it sends in front of the reason, as in `(unsupported_certificate) PKIX path ...`."""
    reasons = {why for who, why in verdicts(version).values() if who != "OK"}
    assert len(reasons) > 15
    for why in sorted(reasons):
        wanted = next((code for words, code in IN_A_LOG.items() if words in why), f"none for {why}")
        assert [finding.code for finding in explain([f"SSLHandshakeException: {why}"])] == [wanted], why
