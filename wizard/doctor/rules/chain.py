"""The installed chain: what the certificate rules say of it, and whose it seems to be."""

import re
from collections.abc import Iterator

from wizard import codes
from wizard.certificates.hostnames import covers
from wizard.doctor.facts import DoctorFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.doctor.rules.store_file import read_store
from wizard.findings import Finding, Locator

_NOT_FOR_A_STORE = (codes.KEY_MISSING.code, codes.KEY_MISMATCH.code, codes.ALGORITHM_RSA_PSS.code)
"""Left to the rules for key stores, which name the file and ask Java whether it can use the key."""

_HOST_LIKE = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)+")
_GENERIC = re.compile(r"\d{4}|store|cert|chain|key|tls|ssl|new|old|backup|default|cloudstream|safeq|hcp")


def _judged(facts: DoctorFacts) -> Iterator[Finding]:
    store = read_store(facts)
    if not store.chain:
        raise CouldNotLook("the key store does not open, or contains no certificate")
    for item in store.judged:
        if item.code in codes.ALL and item.code not in _NOT_FOR_A_STORE:
            where = Locator("certificate", path=store.file.path, sha256=item.sha256)
            finding = Finding(codes.ALL[item.code], where, item.facts)
            if not _fillable(finding):
                raise CouldNotLook("the saved results about the certificates are from another version")
            yield finding


def _fillable(finding: Finding) -> bool:
    """Whether the facts, which may come from a file, fill the finding's texts."""
    try:
        return bool(finding.message and finding.fix)
    except (KeyError, IndexError):
        return False


def _named(facts: DoctorFacts) -> Iterator[Finding]:
    store = read_store(facts)
    if store.leaf is None:
        raise CouldNotLook("the key store does not open, or contains no certificate")
    if facts.name_from in {"given", "plan"}:
        raise NotApplicable("the name that gateways connect to is known")
    stem = store.file.path.rpartition("/")[2].rpartition(".")[0].lower()
    if not _HOST_LIKE.fullmatch(stem) or _GENERIC.search(stem):
        raise NotApplicable("the file is not named after a host")
    names = [name.lower() for name in (*store.leaf.san, store.leaf.name)]
    short = {name.partition(".")[0] for name in names}
    if stem not in {*names, *short} and stem.partition(".")[0] not in short:
        values = {"path": store.file.path, "stem": stem, "names": ", ".join(names[:4]) or "no host"}
        yield Finding(codes.DOCTOR_STORE_NAMED_OTHERWISE, file_at(store.file.path), values)


def _another_host(facts: DoctorFacts) -> Iterator[Finding]:
    store = read_store(facts)
    if store.leaf is None:
        raise CouldNotLook("the key store does not open, or contains no certificate")
    if facts.name_from in {"given", "plan"}:
        raise NotApplicable("the name that gateways connect to is known")
    if not facts.own_names:
        raise CouldNotLook("the name of this machine is not known")
    names = [name.lower() for name in store.leaf.san] or [store.leaf.name.lower()]
    first = {name.partition(".")[0] for name in facts.own_names}
    own = any(covers(name, each) for name in names for each in facts.own_names)
    # A machine often knows only the first label of its name: it may be in any domain.
    short = first & {name.partition(".")[0] for name in names}
    starred = any(name.startswith("*.") for name in names) and not any("." in name for name in facts.own_names)
    if not (own or short or starred or facts.is_here):
        values = {"path": store.file.path, "names": ", ".join(names[:4]), "own": ", ".join(facts.own_names)}
        yield Finding(codes.DOCTOR_FOR_ANOTHER_HOST, file_at(store.file.path), values)


RULES = (
    Rule("doctor.for-another-host", ("store",), _another_host),
    Rule("doctor.certificates", ("store",), _judged),
    Rule("doctor.store-named-otherwise", ("store",), _named),
)
