"""Java asked while the change is still being thought about, so that the worker need not wait for it.

What keytool says depends on bytes alone: a key store, a trust store, a certificate. So it can be asked before the lock
is held, on copies in memory, and its word counts for exactly those bytes. Nothing live is touched.
"""

import base64
import contextlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from wizard.change.plan import ImportTrust, Plan, PutFile, digest_of
from wizard.change.ports import Ports, Prover, TrustStores
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.processes import memory_file
from wizard.host.waiting_keytool import WaitingKeytool, named
from wizard.secret import Secret

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Said:
    """What Java said, each by the digest of what it was asked about.

    Attributes:
        proofs: the sentence about a key store.
        stores: a trust store after the import of a certificate.
    """

    proofs: Mapping[str, str] = field(default_factory=dict)
    stores: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def before(self, ports: Ports) -> Ports:
        """*ports*, with Java asked only about what it has not said already."""
        return replace(ports, prover=_Prover(self, ports.prover), trust=_TrustStores(self, ports.trust))

    def as_json(self) -> dict[str, Any]:
        """For the worker's pipe."""
        stores = {key: base64.b64encode(data).decode() for key, data in self.stores.items()}
        return {"proofs": dict(self.proofs), "stores": stores}

    @classmethod
    def of_json(cls, members: Mapping[str, Any]) -> "Said":
        """The reverse."""
        stores = {key: base64.b64decode(text) for key, text in members["stores"].items()}
        return cls(members["proofs"], stores)


class Asking:
    """Java, waiting to be asked as soon as it is known about what."""

    def __init__(self, machine: Machine, tools: Mapping[str, WaitingKeytool]) -> None:
        """Ask *tools* (of `start_waiting`); what has none there is left to the worker.

        Args:
            machine: whose files are asked about.
            tools: for `-certreq` and `-importcert`.
        """
        self._machine = machine
        self._tools = tools
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._proofs: dict[str, Future[str]] = {}
        self._stores: dict[str, Future[bytes]] = {}

    def unread(self) -> str:
        """Wait for the proofs. Why Java cannot parse a certificate in a key store that it was asked about, else ""."""
        for proof in list(self._proofs.values()):
            try:
                proof.result()
            except WizardError as error:
                if error.code == "keytool.certificate-unreadable":
                    return error.hint
            except OSError:
                continue
        return ""

    def ask(self, plan: Plan, secrets: Mapping[str, Secret]) -> None:
        """Begin to ask about the first key store and the first import of *plan*, unless it was asked before."""
        store = next((step for step in plan.steps if isinstance(step, PutFile) and step.proof), None)
        password = secrets.get(store.proof or "") if store is not None else None
        if store is not None and password is not None:
            self.prove(store.data, store.proof_alias, password)
        trust = next((step for step in plan.steps if isinstance(step, ImportTrust)), None)
        if trust is not None and trust.secret in secrets:
            self.add_trust(trust.path, trust.certificate, trust.alias, secrets[trust.secret])

    def prove(self, store: bytes, alias: str | None, password: Secret) -> None:
        """Begin to have Java open the key store *store* and sign with the key *alias*."""
        key = _proof_key(store, alias)
        if "-certreq" in self._tools and key not in self._proofs:
            self._proofs[key] = self._pool.submit(self._prove, store, alias, password)

    def add_trust(self, path: PurePosixPath, certificate: bytes, alias: str, password: Secret) -> None:
        """Begin to have keytool import *certificate* (DER) into a copy of the trust store at *path* (logical)."""
        with contextlib.suppress(OSError):
            data = self._machine.real(path).read_bytes()
            key = _import_key(data, certificate, alias)
            if "-importcert" in self._tools and key not in self._stores:
                self._stores[key] = self._pool.submit(self._import, data, certificate, alias, password)

    def said(self) -> Said:
        """Wait for the answers. A refusal is left out: the worker asks again and tells it in full."""
        try:
            return Said(_answers(self._proofs), _answers(self._stores))
        finally:
            self.drop()

    def drop(self) -> None:
        """End what is not needed any more."""
        for tool in self._tools.values():
            tool.drop()
        self._pool.shutdown()

    def _prove(self, data: bytes, alias: str | None, password: Secret) -> str:
        with memory_file(data) as store:
            proof = self._tools["-certreq"].prove_keystore(Path(named(store.fileno())), password, alias)
        if not proof.ok:
            raise WizardError(proof.code, proof.text, proof.detail)
        return proof.text

    def _import(self, data: bytes, certificate: bytes, alias: str, password: Secret) -> bytes:
        with memory_file(data) as store:
            self._tools["-importcert"].import_trust(Path(named(store.fileno())), certificate, alias, password)
            store.seek(0)
            return store.read()


class _Prover:
    """Knows some proofs already."""

    def __init__(self, said: Said, java: Prover) -> None:
        self._said, self._java = said, java

    def prove(self, store: Path, password: Secret, alias: str | None) -> str:
        """As `Prover.prove`."""
        known = self._said.proofs.get(_proof_key(store.read_bytes(), alias)) if self._said.proofs else None
        return known or self._java.prove(store, password, alias)


class _TrustStores:
    """Knows the result of some imports already; `entries` reads it back like any other."""

    def __init__(self, said: Said, java: TrustStores) -> None:
        self._said, self._java = said, java
        self.remove, self.entries = java.remove, java.entries

    def add(self, store: Path, certificate: bytes, alias: str, password: Secret) -> None:
        """As `TrustStores.add`."""
        known = self._said.stores.get(_import_key(store.read_bytes(), certificate, alias))
        if known is None:
            self._java.add(store, certificate, alias, password)
        else:
            store.write_bytes(known)


def _answers(futures: Mapping[str, Future[_T]]) -> dict[str, _T]:
    answers = {}
    for key, future in futures.items():
        with contextlib.suppress(WizardError, OSError):
            answers[key] = future.result()
    return answers


def _proof_key(store: bytes, alias: str | None) -> str:
    return f"{digest_of(store)} {alias or ''}"


def _import_key(store: bytes, certificate: bytes, alias: str) -> str:
    return f"{digest_of(store)} {digest_of(certificate)} {alias}"
