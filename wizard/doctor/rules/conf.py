"""application.conf as a file and as a text: there, readable, whole."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from wizard.doctor.facts import ConfFacts, DoctorFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at, spec
from wizard.findings import Finding, Severity

_HOCON = "HOCON specification; behaviour of the Lightbend config library 1.3.1"
_STOPS = "The server does not start with settings that it cannot read."

NO_PRODUCT = spec(
    "product-missing",
    Severity.ERROR,
    "the product is not on this machine",
    "Neither {path}, nor the product's Java, nor its service was found here.",
    why="This is no primary server, or its home is elsewhere.",
    fix="Run this on the primary server; --hcp-home names its home, --root an image of it.",
    source="manual, Primary server setup",
)
MISSING = spec(
    "conf-missing",
    Severity.BLOCKER,
    "application.conf is not there",
    "{path} does not exist.",
    why=_STOPS,
    fix="Put it back from a backup, or from the product's installer; --hcp-home names another place.",
    source="manual, Primary server setup",
)
UNREADABLE = spec(
    "conf-unreadable",
    Severity.BLOCKER,
    "the service may not read application.conf",
    "The service cannot read {path}: {reason} (at {at}).",
    why=_STOPS,
    fix="Give the service's account the right to read it.",
    source="path_resolution(7), acl(5)",
)
UTF16 = spec(
    "conf-utf16",
    Severity.BLOCKER,
    "application.conf is UTF-16",
    "{path} was saved as UTF-16 (Notepad calls it Unicode), which the server cannot read.",
    why=_STOPS,
    fix="Have it written as UTF-8; the wizard keeps every character.",
    source=_HOCON,
)
SYNTAX = spec(
    "conf-syntax",
    Severity.BLOCKER,
    "application.conf does not parse",
    "{path} does not parse: {reason}.",
    why=_STOPS,
    fix="Correct that line. A value with special characters belongs in double quotes.",
    source=_HOCON,
)
INCLUDE = spec(
    "include-broken",
    Severity.BLOCKER,
    "an included file cannot be read",
    "{path}, line {line}, includes a file that the server cannot read: {reason}.",
    why=_STOPS,
    fix="Correct that file, or remove the include.",
    source=_HOCON,
)
DAMAGED = spec(
    "conf-damaged",
    Severity.WARNING,
    "an editor has changed application.conf",
    "{path}, line {line}: {reason}",
    why="The text still parses, but it no longer says what was meant.",
    fix="Have the damage repaired, and do not use Notepad for this file.",
    source="manual, Primary server setup: warning about Notepad",
)
OPEN = spec(
    "conf-world-readable",
    Severity.WARNING,
    "everybody can read the key store's password",
    "{path} has mode {mode} and contains the key store's password.",
    why="Every account on this server can read the password that protects the private key.",
    fix="Take the right away from others: mode 0640, group of the service.",
    source="CWE-732",
)
ODD = spec(
    "conf-odd",
    Severity.NOTE,
    "application.conf looks edited on another system",
    "{path}, line {line}: {reason}",
    why="The server reads the file all the same.",
    fix="Nothing, as long as the two key store settings are right.",
    source=_HOCON,
)
NOT_USED = spec(
    "conf-not-used",
    Severity.ERROR,
    "the server reads another file than application.conf",
    "{what} {place}: the server reads that, and not {path}.",
    why="What application.conf says does not count, and no change of it has an effect.",
    fix="Take {option} out there and restart the service, or keep the settings in that other place by hand.",
    source="Lightbend config, ConfigFactory.load()",
)
SPECS = (NO_PRODUCT, NOT_USED, MISSING, UNREADABLE, UTF16, SYNTAX, INCLUDE, DAMAGED, OPEN, ODD)

_HARMLESS = ("config.bom", "config.crlf")
_ODD = ("config.not-utf-8", "config.mixed-line-ends")
"""Reported, although no fault by themselves: a lost letter in one of the two settings is a finding of its own."""


def _conf(facts: DoctorFacts) -> ConfFacts:
    assert facts.conf is not None  # noqa: S101 - the rule's needs
    return facts.conf


def _present(facts: DoctorFacts) -> ConfFacts:
    conf = _conf(facts)
    if conf.file.kind != "file":
        raise NotApplicable("application.conf is not there")
    if conf.file.problem:
        raise CouldNotLook(conf.file.problem)
    return conf


def _missing(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if conf.file.kind == "absent":
        yield Finding(MISSING, file_at(conf.file.path), {"path": conf.file.path})


def _product(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    java = facts.java is not None and facts.java.present != "absent"
    unit = facts.unit is not None and facts.unit.load != "not-found"
    if conf.file.kind == "absent" and not java and not unit:
        yield Finding(NO_PRODUCT, file_at(conf.file.path), {"path": conf.file.path})


def _used(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if conf.other:
        option = conf.other.partition("=")[0]
        values = {"what": f"Java is started with {conf.other},", "place": conf.other_at}
        yield Finding(NOT_USED, file_at(conf.file.path), {**values, "option": option, "path": conf.file.path})


def _unreadable(facts: DoctorFacts) -> Iterator[Finding]:
    file = _conf(facts).file
    if file.kind == "absent":
        raise NotApplicable("application.conf is not there")
    if file.service_reads is None:
        raise CouldNotLook(file.blocked_why or "the service's account is not known")
    if not file.service_reads:
        facts_of = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(UNREADABLE, file_at(file.path), facts_of)


def _text(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    if conf.error is None:
        return
    path = conf.file.path
    if "utf-16" in conf.error.code:
        yield Finding(UTF16, file_at(path), {"path": path})
    else:
        where = file_at(path, conf.error.line)
        yield Finding(SYNTAX, where, {"path": path, "reason": conf.error.message.rstrip("."), "line": conf.error.line})


def _includes(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    for each in conf.includes:
        path = str(PurePosixPath(conf.file.path).parent / each.code) if each.code else conf.file.path
        yield Finding(
            INCLUDE, file_at(path, each.line), {"path": path, "line": each.line, "reason": each.message.rstrip(".")}
        )


def _damaged(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    if conf.error is not None:
        raise NotApplicable("the text does not parse at all")
    for damage in conf.damage:
        if damage.code not in _HARMLESS:
            which = ODD if damage.code in _ODD else DAMAGED
            values: dict[str, str | int] = {"path": conf.file.path, "line": damage.line, "reason": damage.message}
            yield Finding(which, file_at(conf.file.path, damage.line), values)


def _open(facts: DoctorFacts) -> Iterator[Finding]:
    file = _conf(facts).file
    password = _conf(facts).password
    if file.kind != "file" or password is None or password.empty:
        raise NotApplicable("it contains no password")
    if file.mode & 0o004:
        yield Finding(OPEN, file_at(file.path), {"path": file.path, "mode": f"{file.mode:04o}"})


RULES = (
    Rule("doctor.product-missing", ("conf",), _product),
    Rule("doctor.conf-not-used", ("conf",), _used),
    Rule("doctor.conf-missing", ("conf",), _missing),
    Rule("doctor.conf-unreadable", ("conf",), _unreadable),
    Rule("doctor.conf-syntax", ("conf",), _text),
    Rule("doctor.include-broken", ("conf",), _includes),
    Rule("doctor.conf-damaged", ("conf",), _damaged),
    Rule("doctor.conf-world-readable", ("conf",), _open),
)
