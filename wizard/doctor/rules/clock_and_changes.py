"""The clock of the machine, and what became of the last change."""

from collections.abc import Iterator
from datetime import datetime

from wizard.doctor.facts import ChangedFile, ChangeFacts, DoctorFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at, spec
from wizard.findings import Finding, Locator, Severity
from wizard.host.clock import before_files

CLOCK = spec(
    "clock-wrong",
    Severity.ERROR,
    "the clock of this machine is wrong",
    "The clock shows {now}, but {evidence}.",
    why="Java judges the dates of every certificate by this clock: validity check failed.",
    fix="Set the clock: timedatectl set-ntp true, or chronyc makestep.",
    source="RFC 5280, section 6.1.3",
)
UNSYNCHRONISED = spec(
    "clock-not-synchronised",
    Severity.NOTE,
    "nobody keeps the clock right",
    "The clock of this machine is not synchronised with any time server.",
    why="When it drifts, certificates look expired or not yet valid.",
    fix="timedatectl set-ntp true",
    source="timedatectl(1)",
)
INTERRUPTED = spec(
    "change-interrupted",
    Severity.ERROR,
    "an earlier change was interrupted",
    "Change {change} was begun and never ended.",
    why="The files may be half old and half new, and nothing else may be changed until it is decided.",
    fix="Decide it: cloudstream-wizard recover",
    source="design of the wizard",
)
DRIFT = spec(
    "changed-since",
    Severity.NOTE,
    "a file was changed after the set-up",
    "{path} is not as change {change} of {at} left it: {what}.",
    why="Somebody, or an update of the product, has changed it since.",
    fix="Compare it with the backup, or run the set-up again; an empty plan means that all is well.",
    source="design of the wizard",
)
REPLACED = spec(
    "cacerts-replaced",
    Severity.ERROR,
    "cacerts was replaced since the set-up",
    "{path} no longer holds the root that change {change} imported ({alias}).",
    why="An update of the product's Java brings a fresh cacerts; gateways are then not trusted any more.",
    fix="Have the root imported again.",
    source="domain: cacerts lies inside the product's tree",
)
DAMAGED = spec(
    "record-damaged",
    Severity.WARNING,
    "the record of a change is damaged",
    "{what}",
    why="This change cannot be undone by the wizard; the other changes can.",
    fix="Keep its folder until the change is certainly not to be undone; cloudstream-wizard history names it.",
    source="design of the wizard",
)
IGNORED = spec(
    "record-ignored",
    Severity.NOTE,
    "something lies among the records of the changes",
    "{path} is no folder of a change; it is ignored and not followed.",
    why="The wizard writes nothing but folders there; somebody else made it.",
    fix="See what it is (ls -l), then move it elsewhere.",
    source="design of the wizard",
)
SPECS = (CLOCK, UNSYNCHRONISED, INTERRUPTED, DRIFT, REPLACED, DAMAGED, IGNORED)


def _clock(facts: DoctorFacts) -> Iterator[Finding]:
    clock = facts.clock
    now = datetime.fromisoformat(clock.now)
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    where = Locator("machine")
    if clock.built and now < datetime.fromisoformat(clock.built):
        yield Finding(CLOCK, where, {"now": shown, "evidence": "this wizard was made later than that"})
    elif before_files(now, clock.newest_file):
        evidence = f"{clock.newest_path} was written later than that"
        yield Finding(CLOCK, where, {"now": shown, "evidence": evidence})
    if clock.synchronised is False:
        yield Finding(UNSYNCHRONISED, where, {})


def _change(facts: DoctorFacts) -> ChangeFacts:
    assert facts.change is not None  # noqa: S101 - the rule's needs
    return facts.change


def _interrupted(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    if change.interrupted:
        yield Finding(INTERRUPTED, Locator("machine"), {"change": change.interrupted})


def differs(file: ChangedFile) -> str:
    """In words, how *file* differs from what the change left; "" when it does not."""
    if not file.sha256_now:
        return "it is gone" if file.gone else ""  # or this account may not read it
    if file.trust_alias:
        return ""
    if file.sha256_now != file.sha256_then:
        return "its content is another"
    if file.mode_now != file.mode_then:
        return f"its mode is {file.mode_now:04o}, not {file.mode_then:04o}"
    return ""


def _drift(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    if not change.id:
        raise NotApplicable("no change was made by the wizard")
    for file in change.files:
        what = differs(file)
        if what:
            values = {"path": file.path, "change": file.change or change.id, "at": file.at or change.at, "what": what}
            yield Finding(DRIFT, file_at(file.path), values)


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
            yield Finding(REPLACED, file_at(file.path), values)


def _record(facts: DoctorFacts) -> Iterator[Finding]:
    change = _change(facts)
    for what in change.damaged:
        yield Finding(DAMAGED, Locator("machine"), {"what": what})
    for path in change.ignored:
        yield Finding(IGNORED, file_at(path), {"path": path})


RULES = (
    Rule("doctor.clock", ("clock",), _clock),
    Rule("doctor.change-interrupted", ("change",), _interrupted),
    Rule("doctor.changed-since", ("change",), _drift),
    Rule("doctor.cacerts-replaced", ("change",), _replaced),
    Rule("doctor.record", ("change",), _record),
)
