"""What the first page says of this machine, in the words of every user interface."""

from collections.abc import Iterator
from dataclasses import dataclass

from wizard.certificates import fields
from wizard.certificates.model import Certificate
from wizard.certificates.names import issued_by, short
from wizard.printable import printable
from wizard.questions.answers import Goal
from wizard.reports.checklist import Checklist, progress
from wizard.reports.lines import Line, Tone
from wizard.session.overview import Overview, Presented, State

TAKES: dict[str, tuple[str, str, str]] = {
    Goal.SET_UP: (
        "about 10 minutes",
        "certificate, private key, CA certificates and the password",
        "one restart at the end; printing pauses meanwhile",
    ),
    Goal.RE_KEY: (
        "about 5 minutes",
        "the new certificate with its private key; the password",
        "one restart at the end; printing pauses meanwhile",
    ),
    Goal.RESCUE: ("a few seconds to find the cause", "nothing at first", "none; a repair may need a restart"),
    Goal.UNDO: ("about a minute", "nothing; every replaced file is kept", "as in the change that is undone"),
    Goal.LEFT: ("a few minutes", "nothing", "none"),
    Goal.MAINTAIN: (
        "about a minute",
        "nothing; the installed stores are used",
        "one restart; printing pauses meanwhile",
    ),
}
"""For each goal: the time, what is needed, the outage."""
_BANNERS = {
    State.TRUSTED: ("TRUSTED", "Clients that trust this CA can connect."),
    State.FALLBACK: ("NOT TRUSTED", "The built-in certificate is presented."),
    State.EXPIRED: ("EXPIRED", "The presented certificate is no longer valid."),
    State.UNTRUSTED: ("NOT TRUSTED", "This Java does not trust the presented certificate."),
    State.SILENT: ("NO ANSWER", "No certificate is presented at this port."),
}
GOOD, INFO, WARNING, BAD = "ok", "info", "warn", "bad"
LONGEST = 1000
"""Characters of a fact."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One matter: its name, its state (`GOOD`, `INFO`, `WARNING`, `BAD`), the words, and what only explains them."""

    name: str
    state: str
    words: str
    more: str = ""


def lead(seen: Overview) -> str:
    """The kind of this machine."""
    kind = "primary server" if seen.facts.has_product else "no Print&Scan server is installed here; it may be a gateway"
    return f"{seen.facts.hostname}, {kind}"


def banner(presented: Presented | None, left: Checklist | None) -> tuple[str, str]:
    """A word in capitals for what is presented, and a sentence."""
    state = presented.state if presented is not None else State.SILENT
    sign, words = _BANNERS[state]
    if state is State.TRUSTED and left is not None and left.left:
        count = len(left.left)
        words = f"Clients of this CA can connect; {count} step{' is' if count == 1 else 's are'} left elsewhere."
    return sign, words


def trusted_by(seen: Presented) -> Fact:
    """Who accepts what is presented, or why nobody does."""
    if seen.trusted_by:
        return Fact("Trusted by", GOOD, seen.trusted_by)
    return Fact("Trusted by", BAD, f"nobody: {seen.reason}")


def facts(seen: Overview) -> Iterator[Fact]:
    """Everything but what is presented."""
    store, unit = seen.store, seen.facts.restarted
    # Only the doctor opens it, so it is not called good here.
    yield Fact("Key store", INFO, store) if store else Fact("Key store", WARNING, "none in application.conf")
    if unit is not None and unit.load == "loaded":
        yield Fact("Service", GOOD if unit.running else BAD, f"hcp-server is {unit.active}", _java(seen))
    else:
        yield Fact("Service", WARNING, seen.facts.service_fault or "hcp-server is not installed", _java(seen))
    if not seen.facts.root_rights:
        yield Fact("Access", WARNING, "read-only; start the wizard with sudo to make changes")
    if seen.facts.clock_fault:
        yield Fact("Clock", WARNING, seen.facts.clock_fault)
    for entry in seen.damaged:
        words = f"of change {entry.id[:4]} is damaged; its backups are in {entry.backups}"
        yield Fact("Record", WARNING, words)


def _java(seen: Overview) -> str:
    jre = seen.facts.jre
    if jre is None:
        return "its Java was not found"
    return f"Java {jre.version or 'of unknown version'}, cacerts {seen.facts.cacerts_kind.upper() or 'not readable'}"


def first_lines(seen: Overview) -> list[Line]:
    """The whole first page, but for the goals."""
    result = [Line(f"This machine: {printable(lead(seen))}.", Tone.HEADING)]
    where = f"Presented at {seen.presented.endpoint}" if seen.presented is not None else "Presented"
    sign, words = banner(seen.presented, seen.left)
    result.append(Line(f"{where}: {sign}. {words}"))
    result += presented_lines(seen.presented)
    result += [_line(fact) for fact in facts(seen)]
    if seen.left is not None:
        result.append(_line(Fact("Elsewhere", WARNING if seen.left.left else GOOD, progress(seen.left))))
    last = seen.last
    if last is not None:
        ended = f"{last.at[:10]}, {last.outcome.replace('_', ' ')}"
        result.append(_line(Fact("Last change", GOOD, f"{last.id[:4]} {last.title}", ended)))
    return result


def presented_lines(seen: Presented | None, planned: str = "") -> list[Line]:
    """The certificate that is presented; with the fingerprint that was *planned*, whether it is that one."""
    if seen is None:
        return []
    if seen.leaf is None:
        return [_line(Fact("Answer", BAD, seen.reason))]
    found = [Fact("Certificate", GOOD, short(seen.leaf), issued_by(seen.leaf))]
    if planned:
        same = planned == seen.leaf.sha256
        words = "the certificate of the plan" if same else "another certificate than in the plan"
        found.append(Fact("Planned", GOOD if same else BAD, words))
    found += [Fact("Lifetime", GOOD, _lifetime(seen, seen.leaf)), trusted_by(seen)]
    found += [Fact("SHA-256", GOOD, seen.leaf.sha256)] if planned else []
    return [_line(fact) for fact in found]


def _lifetime(seen: Presented, leaf: Certificate) -> str:
    try:
        end = fields.not_after(leaf)
    except fields.NOT_PARSED:
        return "dates unreadable"
    return f"{(end - seen.at).days} days left, until {end:%Y-%m-%d}"


def _line(fact: Fact) -> Line:
    word = {GOOD: "", INFO: "", WARNING: "Warning: ", BAD: "Error: "}[fact.state]
    tone = {GOOD: Tone.PLAIN, INFO: Tone.PLAIN, WARNING: Tone.WARN, BAD: Tone.BAD}[fact.state]
    words = printable(f"{fact.words}; {fact.more}" if fact.more else fact.words, limit=LONGEST)
    return Line(f"  {fact.name + ':':<13}{word}{words}", tone)
