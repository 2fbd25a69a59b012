"""What Java said ahead is used for exactly the bytes that it was asked about, and for nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.fake_host import Scene
from wizard.change.ahead import Asking, Said
from wizard.change.job import APPLY, Job
from wizard.change.plan import digest_of
from wizard.change.ports import Ports
from wizard.host.waiting_keytool import start_waiting
from wizard.secret import Secret

PASSWORD = Secret("changeit")


@dataclass
class Java:
    """Remembers what it was asked."""

    asked: list[str] = field(default_factory=list)

    def prove(self, _store: Path, _password: Secret, _alias: str | None) -> str:
        self.asked.append("prove")
        return "proven just now"

    def add(self, store: Path, _certificate: bytes, _alias: str, _password: Secret) -> None:
        self.asked.append("add")
        store.write_bytes(b"added just now")

    def remove(self, _store: Path, _alias: str, _password: Secret) -> None:
        self.asked.append("remove")

    def entries(self, _store: Path, _password: Secret) -> Mapping[str, str]:
        return {}


SAID = Said(
    {f"{digest_of(b'store')} primary": "proven ahead"},
    {f"{digest_of(b'cacerts')} {digest_of(b'root')} acme": b"added ahead"},
)


@pytest.mark.parametrize(
    ("data", "alias", "text"),
    [
        (b"store", "primary", "proven ahead"),
        (b"store", "another", "proven just now"),
        (b"store", None, "proven just now"),
        (b"other store", "primary", "proven just now"),
    ],
)
def test_a_proof_counts_for_the_same_store_and_key(tmp_path: Path, data: bytes, alias: str | None, text: str) -> None:
    (tmp_path / "store").write_bytes(data)
    java = Java()
    prover = SAID.before(ports(java)).prover
    assert prover.prove(tmp_path / "store", PASSWORD, alias) == text
    assert bool(java.asked) is (text == "proven just now")


@pytest.mark.parametrize(
    ("data", "certificate", "alias", "after"),
    [
        (b"cacerts", b"root", "acme", b"added ahead"),
        (b"cacerts", b"root", "else", b"added just now"),
        (b"cacerts", b"another", "acme", b"added just now"),
        (b"changed meanwhile", b"root", "acme", b"added just now"),
    ],
)
def test_an_import_counts_for_the_same_store_and_certificate(
    tmp_path: Path, data: bytes, certificate: bytes, alias: str, after: bytes
) -> None:
    (tmp_path / "copy").write_bytes(data)
    SAID.before(ports(Java())).trust.add(tmp_path / "copy", certificate, alias, PASSWORD)
    assert (tmp_path / "copy").read_bytes() == after


def test_a_job_carries_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "s").build()
    job = Job(APPLY, scene.machine, scene.plan(), said=SAID)
    assert Job.load(job.dump()).said == SAID


def test_without_java_nothing_is_asked(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "s").build()
    asking = Asking(scene.machine, start_waiting(scene.machine, "-certreq"))
    asking.ask(scene.plan(), {})
    assert asking.said() == Said()


def ports(java: Java) -> Ports:
    unasked = cast("Any", None)  # neither the service nor the network
    return Ports(java, java, unasked, unasked)
