"""OCSP advice comes from what the certificates name and what responders answer, and says what follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.oracle.test_ocsp_vs_openssl import PKI, Leaves, Responder, leaves
from tests.support.loopback import ask_loopback
from tests.support.pki import Entity, authority, issue
from tests.support.tls_servers import free_port
from wizard.certificates.chain import assemble
from wizard.handoff.portal import ocsp_evidence
from wizard.questions.answers import AccountAnswers, OcspProbe

URL = "http://ocsp.acme.test/"
CRL = x509.CRLDistributionPoints(
    [x509.DistributionPoint([x509.UniformResourceIdentifier("http://crl.acme.test/1")], None, None, None)]
)
ROOT = PKI.root
MUTE = issue("mute-host", ROOT)
LISTED = issue("listed-host", ROOT, extensions=[(CRL, False)])
NAMED = issue("named-host", ROOT, ocsp=URL)
HOSTILE = issue("hostile-host", ROOT, ocsp="http://x\x1b[2J/")


@pytest.fixture(autouse=True)
def servers_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_loopback(monkeypatch)


def evidence(*entities: Entity, ocsp: str = "unchanged", probe: OcspProbe = OcspProbe.NO) -> str:
    chains = [chain for entity in entities for chain in assemble(entity.bundle)]
    lines = ocsp_evidence(chains, AccountAnswers(ocsp, probe))
    assert all(len(line) <= 72 for line in lines if "http" not in line)
    return " ".join(lines)


SEEN = [
    (
        "none",
        (MUTE,),
        "unchanged",
        "None of the 1 certificates names an OCSP responder.",
        "no responder to ask: leave it off",
    ),
    ("none, a URL is given", (MUTE,), URL, "None of the 1", f"all of them are checked at {URL}"),
    ("a list only", (LISTED, MUTE), "on", "; 1 name a CRL, which these settings do not use", "leave it off"),
    ("all", (NAMED,), "unchanged", f"1 of 1 certificates name a responder: {URL}", "The URL may stay empty"),
    ("some", (NAMED, MUTE), "on", "1 of 2 certificates name a responder", "it is not documented whether they pass"),
    ("the same twice", (NAMED, NAMED), "on", "1 of 1 certificates", "The URL may stay empty"),
]


@pytest.mark.parametrize(("case", "entities", "ocsp", "seen", "follows"), SEEN, ids=[case[0] for case in SEEN])
def test_what_the_certificates_name(
    case: str, entities: tuple[Entity, ...], ocsp: str, seen: str, follows: str
) -> None:
    text = evidence(*entities, ocsp=ocsp)
    assert seen in text, case
    assert follows in text
    # Where there is nobody to ask, nothing is said of asking.
    assert ("did not ask the responders" in text) is (NAMED in entities or ocsp == URL)


def test_without_certificates_nothing_is_said() -> None:
    assert ocsp_evidence([], AccountAnswers()) == ()


def test_a_hostile_address_is_shown_printable() -> None:
    assert "\x1b" not in evidence(HOSTILE)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaves]:
    port = free_port()
    made = leaves(port)
    responder = Responder(tmp_path_factory.mktemp("advice") / "files", PKI, made, PKI.intermediate, port)
    yield made
    responder.close()


def test_what_the_responder_answers_decides(asked: Leaves) -> None:
    revoked = evidence(asked.revoked, probe=OcspProbe.YES)
    assert "Asked from this machine" in revoked
    assert "Warning: revoked, so they are refused: revoked-host." in revoked
    # The intermediate names no responder, so that a check could not be complete.
    assert "leave the check off" in evidence(asked.good, probe=OcspProbe.YES)
    assert "did not ask" not in revoked


def test_all_answered_means_that_it_can_be_on(tmp_path: Path) -> None:
    port = free_port()
    root = authority("Flat-Root", kind="rsa-2048")
    url = f"http://127.0.0.1:{port}/"
    made = Leaves(*(issue(f"{name}-flat", root, ocsp=url) for name in Leaves._fields))
    pki = type(PKI)(root, root, made.good, made.good, made.good)
    responder = Responder(tmp_path / "files", pki, made, root, port)
    try:
        text = evidence(made.good, probe=OcspProbe.YES)
        unknown = evidence(made.unknown, probe=OcspProbe.YES)
    finally:
        responder.close()
    assert "get a signed OCSP answer from this machine. So the check can be on." in text
    assert "leave the check off" in unknown


def test_a_responder_out_of_reach_changes_no_setting() -> None:
    dead = issue("dead-host", ROOT, ocsp=f"http://127.0.0.1:{free_port()}/")
    text = evidence(dead, probe=OcspProbe.YES)
    assert "no usable OCSP answer" in text
    assert "So leave the two settings as they are" in text
