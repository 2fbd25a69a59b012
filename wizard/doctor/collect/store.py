"""Collect facts about the configured key store and cacerts, with our own reader and with the product's Java."""

import difflib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.chain import assemble, host_chain
from wizard.certificates.formats.der import DerError
from wizard.certificates.formats.der import parse as parse_der
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.formats.pbe import Unsupported
from wizard.certificates.formats.pkcs12 import peek
from wizard.certificates.model import Bundle, Certificate, Chain, Format, Role
from wizard.certificates.model import StoreFacts as PeekFacts
from wizard.certificates.reading import read, read_partly, sniff
from wizard.certificates.roots import OUR_ALIASES, public_roots
from wizard.certificates.rules import judge
from wizard.doctor.collect.files import NOTHING, Coming, ConfScan, Guess, certificate_facts, file_facts, refused
from wizard.doctor.facts import FileFacts, JavaFacts, Judged, Place, StoreFacts, TrustFacts
from wizard.errors import WizardError
from wizard.host import jre
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.jre import Keytool
from wizard.host.machine import Account, Machine, now_utc
from wizard.planning.judge import suggested_host
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.secret import Secret

_ENDINGS = (".pfx", ".p12", ".jks", ".pkcs12")
_MOST_NEARBY = 8


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """The key store with what a repair and a verification need; never saved.

    Attributes:
        facts: for the diagnosis.
        path: logical.
        data: its bytes.
        password: that opens it; None when none is known.
        bundle: what it holds; None when it does not open.
        chain: the one that is meant.
        similar: a file nearby that opens.
    """

    facts: StoreFacts
    path: str
    data: bytes = field(default=b"", repr=False)
    password: Secret | None = None
    bundle: Bundle | None = None
    chain: Chain | None = None


def see_store(machine: Machine, account: Account | None, conf: ConfScan, coming: Coming = NOTHING) -> StoreSeen | None:
    """Look at the configured key store; None when none is configured."""
    if not conf.store_path:
        return None
    file, data = file_facts(machine, conf.store_path, account, coming)
    if file.problem or file.kind != "file":
        similar = _nearby(machine, conf, file) if file.kind in {"absent", "folder"} else ""
        return StoreSeen(StoreFacts(file, similar=similar), conf.store_path, password=conf.password)
    return _opened(data, file, conf)


def _opened(data: bytes, file: FileFacts, conf: ConfScan) -> StoreSeen:
    password, where = conf.password, ""
    bundle, error = read_partly(data, name=file.path, password=password)
    if error is not None:
        known = [*conf.passwords, Guess("the default password of the manual (changeit)", DEFAULT_STORE_PASSWORD)]
        guess = opening(data, known) or opening(data, known, with_key=False)
        if guess is not None and error.spec in {codes.READING_PASSWORD_WRONG, codes.READING_PASSWORD_NEEDED}:
            password, where = guess.value, guess.where
            # Its private key may have another password still.
            bundle, _refusal = read_partly(data, name=file.path, password=password)
    peeked = _peeked(data)
    facts = StoreFacts(
        file,
        sniff(data).value,
        modern=any("PBES2" in name for name in peeked.encryption) or peeked.integrity not in {"", "HmacSHA1"},
        integrity=peeked.integrity,
        encryption=peeked.encryption,
        iterations=peeked.iterations,
        error=refused(error) if error else None,
        opened_by=where,
    )
    if bundle is None:
        return StoreSeen(facts, file.path, data)
    chain = host_chain(bundle)
    facts = replace(facts, keys=len(bundle.keys))
    if chain is not None:
        facts = replace(
            facts,
            key_matches=chain.key_matches,
            chain=tuple(certificate_facts(each) for each in chain.certificates),
            complete=chain.complete,
            missing_issuer=chain.missing_issuer or "",
        )
    opens = error is None or bool(where)
    return StoreSeen(facts, file.path, data, password if opens else None, bundle, chain)


def opening(data: bytes, guesses: Iterable[Guess], *, with_key: bool = True) -> Guess | None:
    """The first of *guesses* that opens *data*, and the private key in it unless *with_key* is False."""
    for guess in guesses:
        try:
            if read(data, password=guess.value).keys or not with_key:
                return guess
        except WizardError as error:
            if not with_key and error.code in KEY_PASSWORD_DIFFERS:
                return guess
    return None


def with_works(
    machine: Machine, account: Account | None, conf: ConfScan, store: StoreSeen | None, coming: Coming = NOTHING
) -> ConfScan:
    """The settings with what each other place of them would do: a path that opens, a password that opens."""
    if store is not None and store.facts.usable:
        return conf
    passwords = [guess for guess in (Guess("", conf.password) if conf.password else None, *conf.passwords) if guess]
    lines: set[int] = set()
    for guess in conf.paths:
        _, data = file_facts(machine, guess.value.reveal(), account, coming)
        fit = opening(data, passwords) if data else None
        if fit is not None:
            lines |= {guess.line, *((fit.line,) if fit.line else ())}
    if store is not None:
        _, data = file_facts(machine, store.path, account, coming)
        lines |= {guess.line for guess in conf.passwords if data and opening(data, [guess])}
    facts = conf.facts

    def judged(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(replace(place, works=place.line in lines) for place in places)

    settings = {
        name: replace(setting, shadowed=judged(setting.shadowed), elsewhere=judged(setting.elsewhere))
        for name, setting in (("store_file", facts.store_file), ("password", facts.password))
        if setting is not None
    }
    return replace(conf, facts=replace(facts, commented=judged(facts.commented), **settings))  # type: ignore[arg-type]  # a table of members


def judged_store(store: StoreSeen | None, anchors: Iterable[Certificate], host: str | None) -> StoreSeen | None:
    """*store* with what the certificate rules say of its chain, roots from *anchors* counted as present."""
    if store is None or store.bundle is None or store.chain is None or store.chain.leaf is None:
        return store
    chain = store.chain
    if not chain.complete:
        top = chain.certificates[-1]
        roots = tuple(each for each in anchors if fields.self_issued(each) and each.x509.subject == top.x509.issuer)
        if roots:
            # Peers have the root; that the file leaves it out is no fault.
            found = assemble([store.bundle, Bundle(Format.DER, roots)])
            chain = next((each for each in found if each.leaf == chain.leaf), chain)
    wanted = host or suggested_host(store.chain.leaf) or None
    findings = judge(chain, role=Role.PRIMARY, host=wanted, now=now_utc(), public_roots=public_roots(anchors).public)
    judged = tuple(Judged(each.code, dict(each.facts), each.subject.sha256) for each in findings)
    return replace(store, facts=replace(store.facts, judged=judged))


def see_java(now: MachineSnapshot, store: StoreSeen | None) -> JavaFacts:
    """The product's JRE, and whether its keytool can use the key store.

    Raises:
        OSError: this account may not look whether there is a JRE.
    """
    home, found = str(now.machine.jre_home), now.jre
    if found is None or found.keytool is None:
        with suppress(FileNotFoundError, NotADirectoryError):
            # What this account may not see is not missing: the error goes on.
            os.stat(now.machine.real(home) / "bin" / "keytool")  # noqa: PTH116 - one word for one system call
    if found is None:
        return JavaFacts(home, proof_text="the product's Java is missing")
    present = "whole" if found.keytool else "no-keytool" if os.path.isdir(found.home / "bin") else "bare"
    numbers = jre.parse_version(found.version)
    modern = now.profile.profile.value == "modern" if numbers else None
    facts = JavaFacts(home, present, found.version, printable(found.vendor), modern)
    if found.keytool is None:
        return replace(facts, proof_text="the product's Java has no keytool")
    if store is None or store.bundle is None or store.facts.error is not None or store.password is None:
        return replace(facts, proof_text="the key store does not open, so Java did not test it")
    if store.facts.format not in {"pkcs12", "jks"} or not store.bundle.keys:
        return replace(facts, proof_text="it has no private key, so Java did not test it")
    try:
        tool, path = Keytool(found, timeout_s=20), now.machine.real(store.path)
        alias = store.bundle.keys[0].alias.lower() or None
        proof = tool.prove_keystore(path, store.password, alias if alias and alias.isascii() else None)
        if proof.code == codes.KEYTOOL_ALIAS_MISSING.code:
            proof = tool.prove_keystore(path, store.password)
    except WizardError as problem:
        return replace(facts, proof_text=problem.message)
    return replace(facts, proof=proof.ok, proof_code=proof.code, proof_text=proof.text)


def see_cacerts(
    machine: Machine, account: Account | None, password: Secret, store: StoreSeen | None
) -> tuple[TrustFacts, tuple[Certificate, ...]]:
    """The JRE's trust store, and the certificates in it."""
    file, data = file_facts(machine, machine.cacerts, account)
    if file.kind != "file" or file.problem:
        return TrustFacts(file), ()
    bundle, error = read_partly(data, name=file.path, password=password)
    anchors = bundle.certificates if bundle is not None else ()
    root, namesake = root_in(anchors, store)
    ours = tuple(
        (printable(each.alias), certificate_facts(each)) for each in anchors if each.alias.startswith(OUR_ALIASES)
    )
    refusal = refused(error) if error else None
    known = root if error is None or anchors else None
    return TrustFacts(file, sniff(data).value, refusal, len(anchors), known, namesake, ours), anchors


def root_in(anchors: tuple[Certificate, ...], store: StoreSeen | None) -> tuple[bool | None, bool]:
    """Whether the root of *store* is among *anchors*, None without a chain; and whether another one of its name is."""
    chain = store.chain if store is not None else None
    if chain is None or not chain.certificates:
        return None, False
    top = chain.certificates[-1]
    wanted = top.x509.subject if chain.complete else top.x509.issuer
    same_name = [each for each in anchors if each.x509.subject == wanted]
    if not chain.complete:
        return bool(same_name), False
    return any(each == top for each in same_name), any(each != top for each in same_name)


def _peeked(data: bytes) -> PeekFacts:
    try:
        return peek(parse_der(data))
    except (DerError, Unsupported):
        return PeekFacts()


def _nearby(machine: Machine, conf: ConfScan, file: FileFacts) -> str:
    """A key store near the place that was named, which opens with the configured password."""
    named = PurePosixPath(file.path)
    folders = dict.fromkeys([named if file.kind == "folder" else named.parent, machine.conf.parent])
    found: list[PurePosixPath] = []
    for folder in folders:
        with suppress(OSError):
            entries = sorted(machine.real(folder).iterdir())
            found += [
                folder / entry.name for entry in entries if entry.suffix.lower() in _ENDINGS and os.path.isfile(entry)
            ]
    found.sort(key=lambda path: -difflib.SequenceMatcher(None, path.name, named.name).ratio())
    passwords = [Guess("", conf.password)] if conf.password else []
    for path in found[:_MOST_NEARBY]:
        _, data = file_facts(machine, path, None)
        if data and opening(data, passwords):
            return str(path)
    return ""
