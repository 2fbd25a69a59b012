"""application.conf as a file and as a text: there, readable, whole."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from wizard import codes
from wizard.doctor.facts import ConfFacts, DoctorFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.findings import Finding

_HARMLESS = (codes.CONFIG_BOM.code, codes.CONFIG_CRLF.code)
_ODD = (codes.CONFIG_NOT_UTF_8.code, codes.CONFIG_MIXED_LINE_ENDS.code)
"""Reported, although no fault by themselves: a lost letter in one of the two settings is a finding of its own."""


def _conf(facts: DoctorFacts) -> ConfFacts:
    assert facts.conf is not None  # noqa: S101 - the rule's needs
    return facts.conf


def _present(facts: DoctorFacts) -> ConfFacts:
    conf = _conf(facts)
    if conf.file.kind != "file":
        raise NotApplicable("application.conf is missing")
    if conf.file.problem:
        raise CouldNotLook(conf.file.problem)
    return conf


def _missing(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if conf.file.kind == "absent":
        yield Finding(codes.DOCTOR_CONF_MISSING, file_at(conf.file.path), {"path": conf.file.path})


def _product(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    java = facts.java is not None and facts.java.present != "absent"
    unit = facts.unit is not None and facts.unit.load != "not-found"
    if conf.file.kind == "absent" and not java and not unit:
        yield Finding(codes.DOCTOR_PRODUCT_MISSING, file_at(conf.file.path), {"path": conf.file.path})


def _used(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if conf.other:
        option = conf.other.partition("=")[0]
        values = {"what": f"Java is started with {conf.other},", "place": conf.other_at}
        yield Finding(
            codes.DOCTOR_CONF_NOT_USED, file_at(conf.file.path), {**values, "option": option, "path": conf.file.path}
        )


def _unreadable(facts: DoctorFacts) -> Iterator[Finding]:
    file = _conf(facts).file
    if file.kind == "absent":
        raise NotApplicable("application.conf is missing")
    if file.service_reads is None:
        raise CouldNotLook(file.blocked_why or "the service's account is not known")
    if not file.service_reads:
        facts_of = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(codes.DOCTOR_CONF_UNREADABLE, file_at(file.path), facts_of)


def _text(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    if conf.error is None:
        return
    path = conf.file.path
    if "utf-16" in conf.error.code:
        yield Finding(codes.DOCTOR_CONF_UTF16, file_at(path), {"path": path})
    else:
        where = file_at(path, conf.error.line)
        yield Finding(
            codes.DOCTOR_CONF_SYNTAX,
            where,
            {"path": path, "reason": conf.error.message.rstrip("."), "line": conf.error.line},
        )


def _includes(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    for each in conf.includes:
        path = str(PurePosixPath(conf.file.path).parent / each.code) if each.code else conf.file.path
        yield Finding(
            codes.DOCTOR_INCLUDE_BROKEN,
            file_at(path, each.line),
            {"path": path, "line": each.line, "reason": each.message.rstrip(".")},
        )


def _damaged(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _present(facts)
    if conf.error is not None:
        raise NotApplicable("the text cannot be parsed at all")
    for damage in conf.damage:
        if damage.code not in _HARMLESS:
            which = codes.DOCTOR_CONF_ODD if damage.code in _ODD else codes.DOCTOR_CONF_DAMAGED
            values: dict[str, str | int] = {"path": conf.file.path, "line": damage.line, "reason": damage.message}
            yield Finding(which, file_at(conf.file.path, damage.line), values)


def _open(facts: DoctorFacts) -> Iterator[Finding]:
    file = _conf(facts).file
    password = _conf(facts).password
    if file.kind != "file" or password is None or password.empty:
        raise NotApplicable("it contains no password")
    if file.mode & 0o004:
        yield Finding(
            codes.DOCTOR_CONF_WORLD_READABLE, file_at(file.path), {"path": file.path, "mode": f"{file.mode:04o}"}
        )


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
