"""The clock of the machine, and the state after the last change."""

from collections.abc import Iterator
from datetime import datetime

from wizard import codes
from wizard.doctor.facts import ChangedFile, ChangeFacts, DoctorFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.findings import Finding, Locator
from wizard.host.machine import before_files


def _clock(facts: DoctorFacts) -> Iterator[Finding]:
    clock = facts.clock
    now = datetime.fromisoformat(clock.now)
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    where = Locator("machine")
    if clock.built and now < datetime.fromisoformat(clock.built):
        yield Finding(
            codes.DOCTOR_CLOCK_WRONG, where, {"now": shown, "evidence": "this wizard was released later than that"}
        )
    elif before_files(now, clock.newest_file):
        evidence = f"{clock.newest_path} was written later than that"
        yield Finding(codes.DOCTOR_CLOCK_WRONG, where, {"now": shown, "evidence": evidence})
    if clock.synchronised is False:
        yield Finding(codes.DOCTOR_CLOCK_NOT_SYNCHRONISED, where, {})


def _change(facts: DoctorFacts) -> ChangeFacts:
    assert facts.change is not None  # noqa: S101 - the rule's needs
    return facts.change


def _interrupted(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    if change.interrupted:
        yield Finding(codes.DOCTOR_CHANGE_INTERRUPTED, Locator("machine"), {"change": change.interrupted})


def differs(file: ChangedFile) -> str:
    """In words, how *file* differs from what the change left; "" when it does not."""
    if not file.sha256_now:
        return "it is gone" if file.gone else ""  # or this account may not read it
    if file.trust_alias:
        return ""
    if file.sha256_now != file.sha256_then:
        return "its content changed"
    if file.mode_now != file.mode_then:
        return f"its mode is {file.mode_now:04o}, not {file.mode_then:04o}"
    return ""


def _drift(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    if not change.id:
        raise NotApplicable("the wizard has made no change")
    for file in change.files:
        what = differs(file)
        if what:
            values = {"path": file.path, "change": file.change or change.id, "at": file.at or change.at, "what": what}
            yield Finding(codes.DOCTOR_CHANGED_SINCE, file_at(file.path), values)


def _replaced(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    imported = [file for file in change.files if file.trust_alias]
    if not imported:
        raise NotApplicable("no change imported a root")
    for file in imported:
        if file.trust_present is None:
            raise CouldNotLook("cacerts does not open")
        if not file.trust_present:
            values = {"path": file.path, "change": file.change or change.id, "alias": file.trust_alias}
            yield Finding(codes.DOCTOR_CACERTS_REPLACED, file_at(file.path), values)


def _record(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    for what in change.damaged:
        yield Finding(codes.DOCTOR_RECORD_DAMAGED, Locator("machine"), {"what": what})
    for path in change.ignored:
        yield Finding(codes.DOCTOR_RECORD_IGNORED, file_at(path), {"path": path})


RULES = (
    Rule("doctor.clock", ("clock",), _clock),
    Rule("doctor.change-interrupted", ("change",), _interrupted),
    Rule("doctor.changed-since", ("change",), _drift),
    Rule("doctor.cacerts-replaced", ("change",), _replaced),
    Rule("doctor.record", ("change",), _record),
)
