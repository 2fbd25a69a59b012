"""Repair a key store: write the right key and chain again in a form that the product's Java reads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.model import Bundle, Chain
from wizard.certificates.names import short
from wizard.certificates.reading import read
from wizard.certificates.writing import SHORTEST_PASSWORD, keystore
from wizard.change.plan import EditFile, PutFile
from wizard.change.targets import expectation
from wizard.configs.diffs import unified
from wizard.doctor.collect.run import Examined
from wizard.errors import WizardError
from wizard.host import jre
from wizard.host.machine import Machine
from wizard.planning.primary.plan import STORE_SECRET
from wizard.questions.passwords import generate
from wizard.secret import Secret

KEY_SECRET = "primary.key-password"  # noqa: S105 - the name of a secret


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The steps, and the new store's password."""

    steps: tuple[PutFile | EditFile, ...]
    password: Secret


def rewritten(
    machine: Machine, seen: Examined, give: Callable[[str], Secret | None], rights: tuple[int, int | None, int | None]
) -> Rewritten:
    """Write the configured key store again, and set its password where that must change.

    Raises:
        WizardError: `doctor.by-hand` when no key or certificate can be read from it; `secret.missing`.
    """
    store, document = seen.store, seen.conf.document
    setting = seen.conf.facts.password
    if store is None or document is None or setting is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="not-set-up", subject=machine.conf)
    bundle = _bundle(seen, give)
    chain = _meant(bundle, seen)
    leaf = chain.leaf
    if leaf is None or chain.key is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-key", subject=store.path, store=store.path)
    present = seen.conf.password
    kept = present is not None and present.reveal().isascii() and len(present.reveal()) >= SHORTEST_PASSWORD
    password = present if kept and present is not None else generate()
    choice = jre.choose_profile(jre.find(machine))
    mode, uid, gid = rights
    path = PurePosixPath(store.path)
    put = PutFile(
        "keystore",
        path,
        keystore(chain, password, profile=choice.profile, friendly_name=short(leaf)),
        mode,
        expectation(machine, path),
        f"Key store: {len(chain.certificates)} certificates and one key, mode {mode:04o}; {choice.reason}",
        content_id=f"pkcs12 {choice.profile} " + " ".join(certificate.sha256 for certificate in chain.certificates),
        uid=uid,
        gid=gid,
        proof=STORE_SECRET,
    )
    steps: list[PutFile | EditFile] = [put]
    if not kept:
        data = document.set(setting.path, password.reveal()).render()
        diff = unified(str(machine.conf), seen.conf.data, data)
        steps.append(
            EditFile(
                "settings",
                machine.conf,
                data,
                diff,
                expectation(machine, machine.conf),
                "Set the new password",
                content_id=f"{setting.path}=(the store's password)",
            )
        )
    return Rewritten(tuple(steps), password)


def _bundle(seen: Examined, give: Callable[[str], Secret | None]) -> Bundle:
    store = seen.store
    assert store is not None  # noqa: S101 - asked before
    code = store.facts.error.code if store.facts.error is not None else ""
    if code in KEY_PASSWORD_DIFFERS:
        key_password = give(KEY_SECRET)
        if key_password is None:
            raise WizardError(codes.SECRET_MISSING, case="key", subject=KEY_SECRET, name=KEY_SECRET)
        return read(store.data, name=store.path, password=seen.conf.password, key_password=key_password)
    if store.bundle is None or (code and not store.facts.opened_by):
        password = give(STORE_SECRET)
        if password is None:
            raise WizardError(
                codes.SECRET_MISSING, case="store", subject=STORE_SECRET, store=store.path, name=STORE_SECRET
            )
        return read(store.data, name=store.path, password=password)
    return store.bundle


def _meant(bundle: Bundle, seen: Examined) -> Chain:
    """The chain that is most likely meant: with a key, for the connection host name, complete, not self-signed."""
    chains = [chain for chain in assemble(bundle, host=seen.facts.servername or None) if chain.key is not None]
    chains.sort(key=lambda chain: (len(chain.certificates) < 2, not chain.complete))
    return chains[0] if chains else Chain(None)
