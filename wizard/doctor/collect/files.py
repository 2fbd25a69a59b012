"""Collect facts about single files, about application.conf, and about the service: unit, port, what is presented."""

import dataclasses
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate
from wizard.change.plan import digest_of
from wizard.change.targets import resolve
from wizard.configs import hocon
from wizard.configs.damage import examine, repair
from wizard.doctor.facts import (
    CertificateFacts,
    ConfFacts,
    Damage,
    FileFacts,
    Listener,
    ListenFacts,
    Place,
    ProbeFacts,
    Refused,
    SettingFacts,
    UnitFacts,
)
from wizard.errors import TextSyntaxError, WizardError
from wizard.host.effective import Effective, Overruled
from wizard.host.files import read_input
from wizard.host.machine import Account, Machine, may_read, readable_as
from wizard.host.systemd import Service, UnitState, of_processes, on_port, processes
from wizard.planning.snapshot import FILE_KEY, PASSWORD_KEY, parse_conf
from wizard.printable import printable
from wizard.probing.probe import ProbeResult, Target, probe_many
from wizard.secret import Redactor, Secret

Rights = tuple[int, int | None, int | None]
"""Mode, owner and group of a file; None keeps the owner or the group."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file as a plan leaves it.

    Attributes:
        data: its bytes.
        rights: None keeps what is there.
    """

    data: bytes
    rights: Rights | None = None


Coming = Mapping[PurePosixPath, Written]
"""Logical path to what a plan writes there; it is examined in place of what is there now."""

NOTHING: Coming = MappingProxyType({})


def file_facts(
    machine: Machine, logical: PurePosixPath | str, account: Account | None, coming: Coming = NOTHING
) -> tuple[FileFacts, bytes]:
    """The facts of the file at *logical*, links followed, and its bytes (empty when unreadable). Never raises.

    Args:
        machine: where it is.
        logical: its path.
        account: of the service.
        coming: what a plan writes.
    """
    now, data = _now(machine, str(logical), account)
    written = coming.get(PurePosixPath(logical))
    return (now, data) if written is None else (_after(now, written, account), written.data)


def _after(now: FileFacts, written: Written, account: Account | None) -> FileFacts:
    data = written.data
    file = replace(now, kind="file", problem="", size=len(data), sha256=digest_of(data))
    by_folder = now.service_reads is False and now.blocked_at not in {now.path, now.link_to}
    if written.rights is None:
        return file
    mode, uid, gid = written.rights
    file = replace(file, mode=mode, uid=file.uid if uid is None else uid, gid=file.gid if gid is None else gid)
    if account is None or by_folder:
        return file
    reads = may_read(account, mode, file.uid, file.gid)
    at, why = ("", "") if reads else (file.path, f"{account.name} may not read it (mode {mode:04o} after the change)")
    return replace(file, service_reads=reads, blocked_at=at, blocked_why=why)


def _now(machine: Machine, path: str, account: Account | None) -> tuple[FileFacts, bytes]:
    access = readable_as(machine, path, account)
    at = str(access.blocked_at or "")
    facts = FileFacts(path, service_reads=access.ok, blocked_at=at, blocked_why=access.reason)
    try:
        target = resolve(machine, PurePosixPath("/" + path.lstrip("/")))
        real = machine.real(target.path)
        seen = os.stat(real)  # noqa: PTH116 - one word for one system call
    except (FileNotFoundError, NotADirectoryError):
        return facts, b""
    except (OSError, ValueError, WizardError) as problem:
        return replace(facts, kind="unknown", problem=reason_of(problem)), b""
    facts = replace(
        facts,
        link_to=str(target.path) if target.path != target.named else "",
        kind="file" if stat.S_ISREG(seen.st_mode) else "folder" if stat.S_ISDIR(seen.st_mode) else "other",
        size=seen.st_size,
        mode=stat.S_IMODE(seen.st_mode),
        uid=seen.st_uid,
        gid=seen.st_gid,
        mtime=seen.st_mtime,
    )
    if facts.kind != "file":
        return facts, b""
    try:
        data = read_input(real)
    except WizardError as problem:
        return replace(facts, problem=problem.message), b""
    return replace(facts, sha256=digest_of(data)), data


def refused(error: WizardError) -> Refused:
    """A refusal as data."""
    if isinstance(error, TextSyntaxError):
        return Refused(error.code, error.message, error.hint, error.line, error.column)
    return Refused(error.code, error.message, error.hint)


def certificate_facts(certificate: Certificate) -> CertificateFacts:
    """A certificate as data; parts that do not parse are empty."""
    same = names.certificate_json(certificate)
    del same["serial"]
    san, eku = tuple(same.pop("san")), same.pop("eku")
    more: dict[str, Any] = {"name": names.short(certificate), "self_issued": fields.self_issued(certificate)}
    return CertificateFacts(**same, **more, san=san, eku=tuple(eku) if eku is not None else None)


def reason_of(problem: Exception) -> str:
    """Why something could not be read, in words."""
    if isinstance(problem, WizardError):
        return problem.message
    strerror = problem.strerror if isinstance(problem, OSError) else None
    return f"it could not be read: {(strerror or 'error').lower()}"


QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb"
"""What an editor makes of plain quotes."""


_VALUE = re.compile(r"(\s*[\w.\-]+\s*[=:]\s*)(\S.*?)(\s*(?:\s(?:#|//).*)?)")
"""One setting on one line: everything before the value, the value, and what follows it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that may have been meant, and where it is from; "" in `where` is the value that counts."""

    where: str
    value: Secret
    line: int = 0


@dataclass(frozen=True, slots=True)
class ConfScan:
    """application.conf with the secrets that checking needs; never saved.

    Attributes:
        facts: for the diagnosis.
        data: the bytes.
        document: parsed; None when that was not possible.
        likely: the repaired document; only when the file does not parse but can be repaired.
        store_path: the key store's path that counts; "" when none is set.
        password: that counts; None when none is set.
        paths: other paths that may have been meant.
        passwords: other passwords that may have been meant.
    """

    facts: ConfFacts
    data: bytes = b""
    document: hocon.Document | None = None
    store_path: str = ""
    password: Secret | None = None
    paths: tuple[Guess, ...] = ()
    passwords: tuple[Guess, ...] = ()
    likely: hocon.Document | None = None


def scan_conf(machine: Machine, account: Account | None, started: Effective, coming: Coming = NOTHING) -> ConfScan:
    """Read application.conf.

    Args:
        machine: where it is.
        account: of the service.
        started: how the service's Java is started.
        coming: what a plan writes; it is judged in place of what is there.
    """
    scan = _scan(machine, account, started, coming)
    other = started.other_conf
    if other is None:
        return scan
    named = f"{other.option}={printable(other.value, limit=200)}"
    return replace(scan, facts=replace(scan.facts, other=named, other_at=other.place))


def _scan(machine: Machine, account: Account | None, started: Effective, coming: Coming) -> ConfScan:
    file, data = file_facts(machine, machine.conf, account, coming)
    if file.kind != "file" or file.problem:
        return ConfScan(ConfFacts(file))
    try:
        new = {path: written.data for path, written in coming.items()}
        document = parse_conf(machine, data, started.environment, new)
    except TextSyntaxError as error:
        wrong = refused(error)
        if error.beyond:
            return ConfScan(ConfFacts(file, wrong), data)
        damage = _damage(data)
        if repair(data) is None and requoted(data, wrong.line) is not None:
            message = f"The value on line {wrong.line} needs quotes, and its special characters must be escaped."
            damage = (*damage, Damage("doctor.needs-quotes", message, wrong.line, repairable=True))
        likely = repaired(data, wrong.line)
        return ConfScan(ConfFacts(file, wrong, damage), data, likely=hocon.parse(likely) if likely else None)
    damage = _damage(data)
    store_file, paths = _setting(document, FILE_KEY, started)
    password, passwords = _setting(document, PASSWORD_KEY, started)
    commented = tuple(
        Place(each.line, each.path, each.text if each.path.endswith(FILE_KEY) else "")
        for each in chain(document.commented(FILE_KEY), document.commented(PASSWORD_KEY))
    )
    own_path, own_password = paths[:1], passwords[:1]
    facts = ConfFacts(
        file,
        None,
        damage,
        store_file,
        password,
        commented,
        tuple(
            Damage(note.source, f"{note.name}: {note.reason}", note.line) for note in document.includes if note.fatal
        ),
    )
    return ConfScan(
        facts,
        data,
        document,
        own_path[0].value.reveal() if own_path else "",
        own_password[0].value if own_password else None,
        (*paths[1:], *_comments(document, FILE_KEY)),
        (*_meant(passwords[:1], document, password), *passwords[1:], *_comments(document, PASSWORD_KEY)),
    )


def _damage(data: bytes) -> tuple[Damage, ...]:
    found = examine(data)
    repairable = bool(found) and repair(data) is not None
    return tuple(Damage(each.code, each.message, each.subject.line, repairable=repairable) for each in found)


def repaired(data: bytes, line: int) -> bytes | None:
    """The repaired text of *data*, which does not parse because of *line*; None when no repair is safe."""
    return repair(data) or requoted(data, line)


def requoted(data: bytes, line: int) -> bytes | None:
    """*data* with the value on *line* in double quotes; None when the text would still not parse."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    found = _VALUE.fullmatch(lines[line - 1]) if 0 < line <= len(lines) else None
    if found is None:
        return None
    start, value, end = found.groups()
    raw = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if any("\udc80" <= sign <= "\udcff" for sign in raw):
        return None
    lines[line - 1] = f"{start}{json.dumps(raw)}{end}"
    result = "\n".join(lines).encode("utf-8", "surrogateescape")
    try:
        hocon.parse(result)
    except WizardError:
        return None
    return result


def _overruling(value: hocon.Value, started: Effective) -> Overruled | None:
    """What counts in place of *value*, and differs from it; "" may mean that there is no text at all, so it differs."""
    found = started.overruled(value.path) if "[" not in value.path else ()
    return next((each for each in found if not each.value or each.value != value.text), None)


def _setting(document: hocon.Document, name: str, started: Effective) -> tuple[SettingFacts | None, list[Guess]]:
    """The setting called *name*, without a text for the password, and every value of it, the one that counts first."""
    values = document.find(name)
    if not values:
        return None, []
    # Where several objects have it, an empty one is the product's default and the other is what somebody set.
    value = next((each for each in values if each.text), values[0])
    others = [each for each in values if each.path != value.path]
    shown = name != PASSWORD_KEY

    def places(found: Iterable[hocon.Value]) -> tuple[Place, ...]:
        return tuple(Place(one.line, one.path, one.text if shown else "", one.text == value.text) for one in found)

    overruling = _overruling(value, started)
    text = overruling.value if overruling is not None else value.text
    facts = SettingFacts(
        path=value.path,
        text=printable(text) if shown else "",
        empty=not text,
        line=value.line,
        source=value.source,
        shadowed=places(value.shadowed),
        elsewhere=places(others),
        decidable=value.decidable,
        reason=value.reason,
        flaws=() if overruling is not None else _flaws(value, document),
        overruled_by=overruling.option if overruling is not None else "",
        overruled_at=overruling.place if overruling is not None else "",
    )
    guesses = [Guess("", Secret(text), value.line)]
    if overruling is not None:
        guesses.append(Guess(f"the value on line {value.line}", Secret(value.text), value.line))
    guesses += [
        Guess(f"the value on line {each.line}", Secret(each.text), each.line)
        for each in (*value.shadowed, *others)
        if each.text and each.text != value.text
    ]
    return facts, guesses


def _flaws(value: hocon.Value, document: hocon.Document) -> tuple[str, ...]:
    text = value.text
    lost = "\ufffd" in text or any("\udc80" <= sign <= "\udcff" for sign in text)
    tests = {
        "not-ascii": not text.isascii(),
        "replacement": lost,
        "typographic": any(sign in QUOTES for sign in text),
        "space": text != text.strip(),
        "control": any(sign < " " for sign in text),
        "cut": bool(_cut_off(value, document)),
    }
    return tuple(name for name, there in tests.items() if there)


def _cut_off(value: hocon.Value, document: hocon.Document) -> str:
    """The whole of an unquoted value that a comment sign cut short; "" when it is not cut."""
    rest = _rest_of_line(value, document)
    after = rest[len(value.text) :]
    whole = rest.startswith(value.text) and after.startswith(("#", "//")) and bool(value.text)
    return rest.split()[0] if whole else ""


def _rest_of_line(value: hocon.Value, document: hocon.Document) -> str:
    """The line of the text from the value on; "" for a value of an included file."""
    lines = document.text.split("\n")
    own = not value.source and 0 < value.line <= len(lines)
    return lines[value.line - 1][value.column - 1 :].rstrip("\r") if own else ""


def _meant(own: list[Guess], document: hocon.Document, facts: SettingFacts | None) -> list[Guess]:
    """Guesses of the value in use as it was before an editor or a comment sign changed it."""
    if not own or facts is None:
        return []
    text, found = own[0].value.reveal(), []
    value = document.get(facts.path)
    whole = _cut_off(value, document) if value is not None else ""
    if whole:
        found.append(Guess(f"all of line {facts.line}, up to the space", Secret(whole), facts.line))
    for where, changed in (
        ("the same without the space before or after it", text.strip()),
        ("the same without typographic quotes", text.strip().strip(QUOTES)),
        ("the same without the control character", "".join(sign for sign in text if sign >= " ")),
        ("the same read as Windows-1252", _as_windows(_raw(value, document)) if value is not None else text),
    ):
        if changed not in {text, "", *(guess.value.reveal() for guess in found)}:
            found.append(Guess(where, Secret(changed), facts.line))
    return found


def _raw(value: hocon.Value, document: hocon.Document) -> str:
    """The value exactly as in the text; bytes that are not UTF-8 become lone surrogates."""
    if value.source or not value.line:
        return value.text
    rest = _rest_of_line(value, document)
    return rest[1:].partition('"')[0] if rest.startswith('"') else rest.split()[0] if rest.split() else ""


def _as_windows(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeError:
        return text


def _comments(document: hocon.Document, name: str) -> list[Guess]:
    return [
        Guess(f"the value in the comment on line {each.line}", Secret(each.text), each.line)
        for each in document.commented(name)
        if each.text
    ]


JOURNAL_LINES = 30
PROBE_S = 4.0
"""The longest wait in each phase of the probe of a node."""


def unit_facts(state: UnitState, name: str, account: Account | None, started: Effective) -> UnitFacts:
    """The unit as data."""
    words = ("load", "active", "sub", "result", "pid", "restarts", "started", "needs_reload")
    same = {each: getattr(state, each) for each in words}
    user = account.name if account is not None else state.user
    known = account is not None or state.load != "loaded" or not state.user or state.dynamic_user
    start: dict[str, Any] = {"trust_store": started.trust_store, "start_unknown": started.undetermined}
    return UnitFacts(name, **same, user=user, user_known=known, **start)


def see_journal(machine: Machine, redactor: Redactor) -> tuple[str, ...]:
    """The unit's last lines with every known secret covered; empty when there are none to be read."""
    lines = Service(machine).journal_tail(JOURNAL_LINES)
    return tuple(redactor.scrub(line) for line in lines)


def see_port(port: int, unit: UnitState | None) -> ListenFacts:
    """The processes that listen on *port*, and whether each is the service."""
    own = {each.port for each in of_processes(processes(unit))} if unit is not None else set()
    down = unit is not None and unit.active in {"inactive", "failed"}
    known = unit is not None and bool(unit.pid or unit.control_group)
    found = []
    for each in on_port(port):
        other = down or (known and each.pid is not None)
        mine = True if port in own else False if other else None
        found.append(Listener(each.address, each.pid or 0, each.program, mine))
    return ListenFacts(port, tuple(found))


def see_nodes(nodes: Sequence[str], port: int, servername: str) -> dict[str, Any]:
    """Every node with the server name, the first one without, and the TLS versions that it speaks: members of facts."""
    targets = [Target(node, port, servername or None) for node in nodes]
    named = len(targets)
    if servername:
        targets.append(Target(nodes[0], port))
    targets += [Target(nodes[0], port, servername or None, tls=version) for version in ("1.2", "1.3")]
    results = probe_many(targets, timeout_s=PROBE_S)
    alone = results[-2:]
    versions = tuple(version for version, result in zip(("1.2", "1.3"), alone, strict=True) if result.chain)
    without = probe_facts(results[named]) if servername else None
    probes = tuple(probe_facts(result) for result in results[:named])
    return {"probes": probes, "without_name": without, "versions": versions}


def probe_facts(result: ProbeResult) -> ProbeFacts:
    """The probe of a node as data."""
    same = {each.name: getattr(result, each.name) for each in dataclasses.fields(ProbeFacts)}
    chain = tuple(certificate_facts(certificate) for certificate in result.chain)
    return ProbeFacts(**same | {"detail": printable(result.detail), "chain": chain})
