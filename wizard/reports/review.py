"""The review of a plan, and its chain of certificates, as lines."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from wizard import codes
from wizard.certificates import fields, names, roots
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import certificate_json, issuer, subject
from wizard.certificates.roots import Kind, OrderStep, Rollover, order_steps
from wizard.change.plan import Plan
from wizard.findings import Finding
from wizard.printable import printable
from wizard.questions.answers import PROMPT, Answers, PasswordSource, Phase, SourceKind
from wizard.questions.flow import Ask, Question, Step, View
from wizard.reports.lines import Line, Tone

_WIDTH = 74
_HEADINGS = {
    Kind.LEAF: "The CAs stay the same. Order:",
    Kind.INTERMEDIATE: "The root stays, CA certificates below it are new. Keep this order:",
    Kind.ROOT: "Keep this order, or every endpoint goes offline at the change:",
}


def overlap_line(change: Rollover, now: datetime) -> Line:
    """From when until when both are valid, or what is wrong with that."""
    begins, ends = f"{change.begins:%Y-%m-%d}", f"{change.ends:%Y-%m-%d}"
    until = f"{change.both_end:%Y-%m-%d}"
    if change.begins > now and change.gap:
        return Line(f"Warning: a gap: the old one ends on {ends}, the new one begins on {begins}.", Tone.WARN)
    if change.begins > now:
        return Line(f"Warning: the new one is not valid before {begins}; both are valid until {until}.", Tone.WARN)
    if change.ends < now:
        return Line(f"Warning: the old one has been invalid since {ends}, so the two do not overlap.", Tone.WARN)
    if change.new_ends < now:
        return Line(f"Warning: the new one has been invalid since {change.new_ends:%Y-%m-%d}.", Tone.WARN)
    days = (change.both_end - now).days
    return Line(f"Both are valid from {begins} until {until}; {days} days to replace it.")


def order_lines(change: Rollover, now: datetime, *, public: bool = False) -> list[Line]:
    """The overlap, what kind of change it is, and each step with its dates; nothing when nothing changes."""
    order = order_steps(change, now, public=public)
    if not order:
        return []
    result = [overlap_line(change, now)]
    if change.kind is Kind.ROOT:
        old, new = printable(change.old_name, limit=40), printable(change.new_name, limit=40)
        result += [Line(""), Line(f"Warning: the root changes from {old} to {new}.", Tone.WARN)]
    result.append(Line(_HEADINGS[change.kind]))
    for number, step in enumerate(order, start=1):
        first, *more = textwrap.wrap(printable(step.what, limit=1000), _WIDTH - 5)
        result += [Line(f"  {number}. {first}"), *(Line(f"     {line}") for line in more)]
        if _dates(step):
            result.append(Line(f"     {_dates(step)}", Tone.FAINT))
    return result


def order_notes(change: Rollover, now: datetime, *, public: bool = False) -> tuple[str, ...]:
    """The same for a checklist: one text for the overlap and each step."""
    order = order_steps(change, now, public=public)
    texts = [
        f"Order, step {number} of {len(order)}: {printable(step.what, limit=1000)} {_dates(step)}".rstrip()
        for number, step in enumerate(order, start=1)
    ]
    return (overlap_line(change, now).text, *texts) if order else ()


def _dates(step: OrderStep) -> str:
    if step.earliest is None and step.latest is None:
        return ""
    begins = "now" if step.earliest is None else f"{step.earliest:%Y-%m-%d}"
    return f"Earliest: {begins}." + (f" At the latest: {step.latest:%Y-%m-%d}." if step.latest else "")


ASCII_BRANCH = "`- "
UNICODE_BRANCH = "\u2514\u2500 "
MOST_NAMES = 4
MOST_REJECTED = 8
_CUT = {"ring": "(no root: these CAs certify each other)", "long": "(the rest of the chain is not shown)"}


def tree_lines(chain: Chain, now: datetime, *, branch: str = ASCII_BRANCH) -> list[Line]:
    """The chain from the root down to the leaf, then its key, what is missing, and who was not taken as issuer."""
    lines: list[Line] = []
    if chain.missing_issuer is not None:
        key_id = f", key id {chain.missing_key_id}" if chain.missing_key_id else ""
        missing = f"(missing: {chain.missing_issuer}{key_id})"
        lines.append(Line(_CUT.get(chain.cut, missing), Tone.BAD))
    for certificate in reversed(chain.certificates):
        lead = ("   " * (len(lines) - 1) + branch) if lines else ""
        lines.append(Line(f"{lead}{names.short(certificate)}  [{_about(certificate, chain, now)}]"))
    rejected = [f"   not the issuer: {names.short(each.candidate)}: {each.reason}" for each in chain.rejected]
    lines += [Line(text) for text in rejected[:MOST_REJECTED]]
    if len(rejected) > MOST_REJECTED:
        lines.append(Line(f"   and {len(rejected) - MOST_REJECTED} more that are not the issuer"))
    if chain.extra:
        lines.append(Line(f"   not needed: {', '.join(names.short(each) for each in chain.extra[:MOST_NAMES])}"))
    return lines


def title(chain: Chain) -> str:
    """One line that says what the chain is: for whom, complete or not, with a key or not."""
    if chain.leaf is None:
        return "CA certificates without a certificate of a host"
    key = {True: "with private key", False: "the private key does not match", None: "without private key"}
    whole = "complete" if chain.complete else "incomplete" if chain.missing_issuer is not None else "self-signed"
    return f"{names.short(chain.leaf)}: {whole}, {key[chain.key_matches]}"


def _about(certificate: Certificate, chain: Chain, now: datetime) -> str:
    place = "certificate" if certificate is chain.leaf else "root" if certificate is chain.root else "intermediate"
    parts = [place, fields.key_label(certificate), dates(certificate, now)]
    if certificate is chain.leaf:
        hosts = [printable(name, limit=60) for name in fields.names(certificate)]
        more = f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else ""
        parts += [f"for {', '.join(hosts[:MOST_NAMES])}{more}" if hosts else "for no host name"]
        parts += [", ".join(fields.usage_names(certificate) or ["any usage"])]
    return "; ".join(parts)


def dates(certificate: Certificate, now: datetime) -> str:
    """Until when it is valid and how many days that is, or that it has expired or is not valid yet."""
    start, end = fields.not_before(certificate), fields.not_after(certificate)
    if now > end:
        return f"EXPIRED {end:%Y-%m-%d}"
    if now < start:
        return f"NOT VALID before {start:%Y-%m-%d}"
    return f"until {end:%Y-%m-%d}, {(end - now).days} days"


def compare_lines(old: Chain, new: Chain, now: datetime, *, public: bool = False) -> list[Line]:
    """What differs between the installed and the new chain, and the order of the work; nothing without leaves.

    *public*: the new root is one that every Java brings.
    """
    result = beside_lines(old, new, now)
    if not result or old.leaf == new.leaf:
        return result
    change = roots.compare(old, new)
    return [*result, *(order_lines(change, now, public=public) if change is not None else ())]


def beside_lines(old: Chain | None, new: Chain, now: datetime) -> list[Line]:
    """The installed certificate (None: there is none that can be read) and the new one, row by row."""
    if new.leaf is None:
        return []
    if old is None or old.leaf is None:
        rows = [Line(f"  {name:<7} {show(new, now)}") for name, show in _ROWS]
        return [Line("The new certificate (no readable one is installed):", Tone.HEADING), *rows]
    if old.leaf == new.leaf:
        return [Line("This certificate is the one that is installed.", Tone.GOOD)]
    result = [Line("Installed and new certificate:", Tone.HEADING)]
    for name, show in _ROWS:
        before, after = show(old, now), show(new, now)
        if before == after:
            result.append(Line(f"  {name:<7} same {after}", Tone.FAINT))
        else:
            result += [Line(f"  {name:<7} old  {before}", Tone.REMOVED)]
            result += [Line(f"  {'':<7} new  {after}", Tone.ADDED)]
    same_key = old.leaf.public_key_der == new.leaf.public_key_der
    return [*result, Line("  The key is the same." if same_key else "  The key is new.", Tone.FAINT)]


def beside_json(old: Chain | None, new: Chain) -> dict[str, Any]:
    """The same for programs: both certificates and both roots, null where there is none."""
    before = (old.leaf, old.root) if old is not None else (None, None)
    found = zip(("installed", "installed_root", "new", "new_root"), (*before, new.leaf, new.root), strict=True)
    members = {name: certificate_json(each) if each is not None else None for name, each in found}
    return {"same": old is not None and old.leaf == new.leaf, **members}


def _of_leaf(show: Callable[[Certificate], str]) -> Callable[[Chain, datetime], str]:
    return lambda chain, _now: show(chain.leaf) if chain.leaf is not None else ""


def _root(chain: Chain, _now: datetime) -> str:
    return f"{names.short(chain.root)}, SHA-256 {chain.root.sha256[:16]}..." if chain.root is not None else "missing"


_ROWS: tuple[tuple[str, Callable[[Chain, datetime], str]], ...] = (
    ("Subject", _of_leaf(subject)),
    ("Issuer", _of_leaf(issuer)),
    ("Names", _of_leaf(lambda each: ", ".join(printable(name) for name in fields.names(each)) or "none")),
    ("Valid", lambda chain, now: dates(chain.leaf, now) if chain.leaf is not None else ""),
    ("Serial", _of_leaf(lambda each: f"{fields.serial(each):x}")),
    ("SHA-256", _of_leaf(lambda each: each.sha256)),
    ("Key", _of_leaf(fields.key_label)),
    ("Root", _root),
)


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One step of an undo.

    Attributes:
        id: of the step, as its events have it.
        words: what it does.
        kind: `file`, `restart` or `probe`.
        target: the unit of a restart; "" otherwise.
    """

    id: str
    words: str
    kind: str = "file"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The plan as the operator sees it.

    Attributes:
        plan: the very object that `start` applies; empty for an undo, which follows the record of its change.
        lines: each step with its file, owner, mode and diff, secrets masked; then the findings.
        findings: of the check and the planning.
        blocked: an ERROR or BLOCKER is among them, so `start` refuses.
        undo: the steps of an undo.
        decided: what was answered, a line each that leads to its step; empty for a plan that was kept.
        phase: of a change of the root; `auto` when there is none.
        compared: the installed chain, None when none can be read, and the new one; None when none is installed by this.
        later: how to apply it in a maintenance window instead; empty when it cannot be applied.
    """

    plan: Plan
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    blocked: bool
    undo: tuple[UndoStep, ...] = ()
    decided: tuple[Line, ...] = ()
    compared: tuple[Chain | None, Chain] | None = None
    later: tuple[Line, ...] = ()
    phase: Phase = Phase.AUTO

    @property
    def page(self) -> tuple[Line, ...]:
        """The decisions with their steps, then the planned changes: for user interfaces that can go back to a step."""
        return (*self.decided, *self.lines, *self.later)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be done."""
        return self.plan.is_empty and not self.undo

    @property
    def undone_files(self) -> tuple[str, ...]:
        """What an undo does to each file."""
        return tuple(step.words for step in self.undo if step.kind == "file")

    @property
    def risks(self) -> tuple[str, ...]:
        """What others may lose by this change, to be repeated at the last question."""
        risks = {codes.PHASE_SKIPPED, codes.ROLLOVER_ROOT_CHANGES}
        return tuple(f"{each.message} {each.why}" for each in self.findings if each.spec in risks)

    @property
    def restarts(self) -> str:
        """The unit that will be restarted, "" when none is."""
        return next((step.target for step in (*self.plan.steps, *self.undo) if step.kind == "restart"), "")


_SOURCES = {SourceKind.FILE: "from a file", SourceKind.ENV: "from the environment", SourceKind.FD: "from a descriptor"}
_OTHERS_FILES = ("others.chain", "others.password")
"""Asked in vain while there are no other machines."""


def decided(steps: Sequence[Step], told: Callable[[Question], str]) -> Iterator[tuple[Step, Question, str]]:
    """Each decision up to the review, with its words; arguments as `decided_lines`."""
    for step in takewhile(lambda step: step.view is not View.REVIEW, steps):
        for question in step.questions:
            if words := told(question):
                yield step, question, words


def decided_lines(steps: Sequence[Step], told: Callable[[Question], str]) -> list[Line]:
    """The decisions up to the review, in the order of the steps.

    Args:
        steps: all that the answers lead to.
        told: gives the answer to a question in words, "" when it is not asked for.
    """
    asked: list[Line] = []
    found = list(decided(steps, told))
    width = max((len(question.name) for _step, question, _words in found), default=0)
    for step, question, words in found:
        if question.ask is Ask.SECRET and asked and asked[-1].step == step.id:
            # A password and the files that it opens are one decision.
            asked[-1] = replace(asked[-1], text=f"{asked[-1].text}; password: {words}", key="")
        else:
            asked.append(Line(f"{question.name:{width}}  {words}", step=step.id, key=question.key))
    return [Line("Your choices:", Tone.HEADING), *asked, Line("")] if asked else []


def answer_words(
    question: Question, answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]
) -> str:
    """What was answered to *question*, in words; "" when it is not asked for."""
    if question.key in _OTHERS_FILES and not answers.other_roles():
        return ""
    match question.ask:
        case Ask.SECRET | Ask.NEW_SECRET if typed(question.key):
            return "typed"
        case Ask.SECRET if question.key == "others.password" and typed("primary.password"):
            return "as the primary's"
        case Ask.SECRET | Ask.NEW_SECRET:
            return _SOURCES.get(_source(question.key, answers).kind, "none")
        case Ask.CHOICE:
            chosen = value(question)
            return next((choice.label for choice in question.choices if choice.value == chosen), chosen)
        case _:
            return printable(value(question)) or question.otherwise


def _source(key: str, answers: Answers) -> PasswordSource:
    if key == "others.password":
        return next((answers.table(role).password for role in answers.other_roles()), PROMPT)
    found: PasswordSource = answers.get(key)
    return found
