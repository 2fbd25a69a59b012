"""Our verdict on each hand-made chain beside that of a real JVM in a mutual TLS handshake."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest

from tests.support.bad_chains import CASES, HOST, Case
from tests.support.exhaustive import exhaustive
from tests.support.jvm import run_java
from tests.support.pki import NOW, Entity, acme
from wizard.certificates import writing
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Format, Profile, Role
from wizard.certificates.rules import judge
from wizard.certificates.writing import keystore, truststore
from wizard.findings import Severity, worst
from wizard.secret import Secret

PASSWORD = Secret("changeit")


@pytest.fixture(autouse=True, scope="module")
def quick_stores() -> Iterator[None]:
    """Hundreds of stores: few derivation rounds are enough here; the real number is tried in test_stores_in_java."""
    with patch.object(writing, "ROUNDS", 100):
        yield


def store_of(entity: Entity, folder: Path) -> Path:
    """A key store written by the product, with whatever chain the case has."""
    path = folder / "keys.p12"
    path.write_bytes(keystore(assemble(entity.bundle)[0], PASSWORD, profile=Profile.MODERN))
    return path


def trust_of(entity: Entity, folder: Path) -> Path:
    path = folder / "trust.p12"
    path.write_bytes(truststore([entity.chain[-1]], PASSWORD, profile=Profile.MODERN))
    return path


@cache
def verdicts(version: str) -> dict[str, tuple[str, str]]:
    """Case name to (who refused, why) or ("OK", protocol), all in one JVM."""
    good = acme("p256")
    with TemporaryDirectory() as work:
        folder = Path(work)
        good_keys, good_trust = store_of(good.gateway, folder), trust_of(good.gateway, folder)
        good_keys = good_keys.rename(folder / "good.p12")
        good_trust = good_trust.rename(folder / "good-trust.p12")
        lines = []
        for number, case in enumerate(CASES):
            place = folder / str(number)
            place.mkdir()
            entity = case.build()
            keys, trust = store_of(entity, place), trust_of(entity, place)
            if case.role is Role.PRIMARY:
                fields = [HOST, keys, good_trust, good_keys, trust]
            else:
                fields = ["", good_keys, trust, keys, good_trust]
            lines.append("\t".join(map(str, [number, case.java_tls, *fields])))
        answer = run_java("Handshake", version=version, stdin="\n".join(lines) + "\n", timeout=120)
    assert answer.returncode == 0, answer.stderr
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return {CASES[int(row[0])].name: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_java_says_what_the_case_says(case: Case) -> None:
    who, why = verdicts("17")[case.name]
    assert (why if who != "OK" else "").find(case.java) >= 0, (who, why)
    assert (who == "OK") is (case.java == ""), (who, why)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_we_refuse_what_java_refuses_or_say_why_not(case: Case) -> None:
    chain = assemble(case.build().bundle, now=NOW)[0]
    level = worst(judge(chain, role=case.role, host=HOST, now=NOW))
    refused = level is not None and level >= Severity.ERROR
    java_refused = verdicts("17")[case.name][0] != "OK"
    assert (refused != java_refused) is bool(case.difference), (level, verdicts("17")[case.name])


@exhaustive
def test_nothing_that_we_pass_is_refused_by_the_newest_java() -> None:
    refused = {name for name, (who, _) in verdicts("25").items() if who != "OK"}
    passed = {
        case.name
        for case in CASES
        if (worst(judge(assemble(case.build().bundle, now=NOW)[0], role=case.role, host=HOST, now=NOW)) or 0)
        < Severity.ERROR
    }
    assert not refused & passed


def test_a_bundle_without_its_root_still_serves() -> None:
    """A public CA's PFX often lacks the root: leaf and intermediate are enough for the peer that trusts the root."""
    good = acme("p256")
    bundle = Bundle(Format.PEM, good.primary.chain[:2], (good.primary.private_key,))
    assert assemble(bundle)[0].missing_issuer is not None
    with TemporaryDirectory() as work:
        folder = Path(work)
        keys = folder / "rootless.p12"
        keys.write_bytes(keystore(assemble(bundle)[0], PASSWORD, profile=Profile.MODERN))
        whole, trust = store_of(good.gateway, folder), trust_of(good.gateway, folder)
        line = "\t".join(map(str, ["0", "TLSv1.3", HOST, keys, trust, whole, trust]))
        answer = run_java("Handshake", stdin=line + "\n")
    assert answer.stdout.startswith("0\tOK"), answer.stdout
