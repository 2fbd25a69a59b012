"""The reports of the steps, the same in every user interface."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from wizard import codes
from wizard.certificates.model import Bundle, Chain
from wizard.change.events import APPLIED, KEPT, NO_CHANGE, REFUSED, ROLLED_BACK, SETTLE, Outcome
from wizard.change.plan import (
    EditFile,
    FileStep,
    ImportTrust,
    LoadTimer,
    MakeFolder,
    Plan,
    Probe,
    PutFile,
    RemoveFile,
    Restart,
)
from wizard.change.store import Entry
from wizard.errors import WizardError
from wizard.findings import Finding, Severity, has_errors
from wizard.host.machine import Machine, command, name_of
from wizard.printable import printable, wrapped
from wizard.reports.lines import Line, Tone, diff_lines, finding_lines
from wizard.reports.review import title, tree_lines


def verdict(
    chain: Chain,
    findings: Sequence[Finding],
    bundles: Sequence[Bundle],
    problems: Iterable[tuple[str, WizardError]],
    now: datetime,
) -> list[Line]:
    """The chain that was found, what the rules say of it, and the files that could not be read."""
    files = f"{len(bundles)} file{'' if len(bundles) == 1 else 's'} read"
    result = [Line(f"{title(chain)} ({files})", Tone.HEADING), *tree_lines(chain, now), Line("")]
    if all(finding.severity == Severity.NOTE for finding in findings):
        result.append(Line("OK: this certificate can be used here.", Tone.GOOD))
    result += finding_lines(findings)
    for name, error in problems:
        result.append(Line(f"Not read: {printable(name)}: {error.message} [{error.code}]", Tone.FAINT))
    return result


def review(plan: Plan, findings: Sequence[Finding], machine: Machine) -> list[Line]:
    """Every step of *plan* on *machine* with owner, mode and diff, then the findings."""
    if has_errors(findings):
        result = [Line("Fix these errors first. Until then nothing can be changed:", Tone.BAD)]
    elif plan.is_empty and any(finding.spec is codes.PHASE_PLANNED for finding in findings):
        result = [Line("Nothing to do on this machine in this phase.", Tone.GOOD)]
    elif plan.is_empty:
        result = [Line("Nothing to do: the server is already set up like this.", Tone.GOOD)]
    else:
        result = []
        for number, step in enumerate(plan.steps, start=1):
            result.append(Line(f"{number}. {step.summary}", Tone.HEADING))
            result += _details(step, machine)
        proven = any(isinstance(step, Probe) for step in plan.steps)
        what = "the check" if proven else "a step"
        result.append(Line(f"Every file is backed up first. If {what} fails, everything is undone."))
    if findings:
        result += [Line(""), *finding_lines(findings)]
    return result


def _details(step: FileStep | Restart | LoadTimer | Probe, machine: Machine) -> list[Line]:
    if isinstance(step, PutFile):
        now = "replaced" if step.expect.exists else "created"
        owner = ""
        if step.uid is not None and step.gid is not None:
            owner = f", owner {name_of(step.uid, machine)}:{name_of(step.gid, machine, group=True)}"
        proven = [Line(f"   {step.proven}", Tone.GOOD)] if step.proven else []
        if step.proof and not step.proven:
            proven = [Line("   The server's Java has not opened this key store.", Tone.WARN)]
        head = Line(f"   {step.target} ({now}, mode {step.mode:04o}{owner})")
        return [head, *proven, *_link(step), *_diff(step.diff)]
    if isinstance(step, MakeFolder):
        return [Line(f"   {step.target} (created; an undo removes it again)")]
    if isinstance(step, RemoveFile):
        return [Line(f"   {step.target} (removed; an undo writes it again)"), *_link(step)]
    if isinstance(step, EditFile):
        mode = f"{step.expect.mode:04o}" if step.expect.mode is not None else ""
        kept = f"   {step.target} (edited; owner and mode {mode} kept)"
        if step.mode is not None:
            kept = f"   {step.target} (edited; owner kept, mode {mode} becomes {step.mode:04o})"
        return [Line(kept), *_link(step), *_diff(step.diff)]
    if isinstance(step, ImportTrust):
        return [
            Line(f"   {step.target} (changed by keytool on a copy)"),
            Line(f"   SHA-256 {step.sha256}", Tone.FAINT),
            *_link(step),
        ]
    if isinstance(step, Restart):
        return [Line("   Printing pauses until the server answers again.", Tone.WARN)]
    return []


def _diff(text: str) -> list[Line]:
    return [Line(f"   {line.text}", line.tone) for line in diff_lines(text)] if text else []


def _link(step: FileStep) -> list[Line]:
    link = step.expect.link_to
    return [Line(f"   The name is a link; the file itself is {printable(link)}")] if link else []


def confirm(plan: Plan, machine: Machine) -> list[Line]:
    """The summary before the last question."""
    files = [(verb(step), step.target) for step in plan.file_steps if step.changed]
    result = [Line("This is the last question before the change.", Tone.HEADING), Line("")]
    result += [Line(f"  {word:<8}  {name}") for word, name in files]
    result += [Line(f"  restarts  {step.target}") for step in plan.steps if isinstance(step, Restart)]
    result += [Line(f"  checks    {step.target}") for step in plan.steps if isinstance(step, Probe)]
    away = [
        Line("The service is offline while it restarts. If the check fails, everything"),
        Line("is restored and the service restarts again. To undo the change later:"),
    ]
    still = [
        Line("No service is restarted. If one step fails, all files are restored."),
        Line("To undo the change later:"),
    ]
    return [
        *result,
        Line(""),
        *(away if any(isinstance(step, Restart) for step in plan.steps) else still),
        Line(f"  {command(machine)} rollback", whole=True),
        Line(f"Backups: {machine.state_dir}", Tone.FAINT),
    ]


def offline_lines(risks: Iterable[str]) -> list[Line]:
    """The *risks* of a review, for the last question."""
    return [Line(row, Tone.WARN) for each in risks for row in ("", *wrapped(f"Warning: {each}"))]


def verb(step: FileStep) -> str:
    """What *step* does with its file: `creates`, `changes` or `removes` it."""
    if isinstance(step, MakeFolder):
        return "creates"
    if isinstance(step, RemoveFile):
        return "removes"
    return "changes" if isinstance(step, EditFile) or step.expect.exists else "creates"


def outcome(ended: Outcome, *, undo: bool = False) -> list[Line]:
    """How a change, or the *undo* of one, ended, why, and what to do."""
    done = "the old state is restored" if undo else "the right certificate is presented"
    unproven = "the old state is restored." if undo else "every file is in place and was checked."
    # Without a probe the presented certificate is not known.
    words = {
        APPLIED: (f"Done: {done} (verified)." if "probe" in ended.steps else f"Done: {unproven}", Tone.GOOD),
        NO_CHANGE: ("Nothing to do: the server is already set up like this.", Tone.GOOD),
        KEPT: ("Closed without further changes.", Tone.WARN),
        ROLLED_BACK: ("Error: the change failed; everything was restored.", Tone.BAD),
        REFUSED: ("Error: the change was refused; nothing was changed.", Tone.BAD),
    }
    unwatched = ended.outcome == APPLIED and ended.steps.get(SETTLE) == "skipped"
    text, tone = words.get(ended.outcome, ("Error: the undo is incomplete; a recovery is needed.", Tone.BAD))
    result = [Line(text, tone)]
    if unwatched:
        result.append(Line("Not checked: whether the server keeps running after its start.", Tone.WARN))
    if ended.failure is not None:
        result.append(Line(f"{ended.failure.message} [{ended.failure.code}]"))
        result += [Line(line) for line in wrapped(ended.failure.hint, "  ")]
    if ended.page:
        result.append(Line(f"State of each file: {printable(ended.page)}"))
    return result


def heading(host: str) -> list[Line]:
    """The host that the lines below are about; nothing when there is only one."""
    return [Line(""), Line(f"-- {printable(host)} --", Tone.HEADING)] if host else []


def summary(
    ended: Outcome | None, machine: Machine, packs: Path | None, *, undo: bool = False, earlier: Iterable[Outcome] = ()
) -> list[str]:
    """What stays in the terminal after leaving: result, backups, bundles, and the commands that undo it.

    Args:
        ended: the last change, None when none was made.
        machine: that was changed.
        packs: the folder for other machines, None when none were written.
        undo: whether the change was the undo of one.
        earlier: changes that the same run made before the last.
    """
    result = ["Nothing was changed."] if ended is None else [line.text for line in outcome(ended, undo=undo)]
    if ended is not None and ended.change:
        result.append(f"Change {ended.change}; journal and backups in {machine.state_dir}")
        if ended.evidence:
            result.append(f"For a change ticket: {ended.evidence}")
        if ended.outcome == APPLIED:
            result.append(f"To undo it: {command(machine)} rollback {ended.change}")
    ids = [each.change for each in earlier if each.outcome == APPLIED]
    result += [f"Before it, change {name}; to undo that too: {command(machine)} rollback {name}" for name in ids]
    if packs is not None:
        result.append(f"Bundles for the other machines: {packs}")
    return result


def at_work(change: str, machine: Machine) -> list[str]:
    """The summary for an operator who leaves while the change is still being made."""
    return [
        f"Change {change} is still running. It continues in the background.",
        f"To see how it ended: {command(machine)} history",
    ]


def kept_plan_lines(plan: Path, machine: Machine, now: datetime) -> list[str]:
    """How the plan in the file *plan* is applied: at once, or at 02:00 of the night after *now* (local time)."""
    apply = f"{command(machine)} apply --plan {shlex.quote(str(plan.absolute()))} --yes"
    return [
        "To apply it:",
        apply,
        "To apply it at night (it is checked again first; history shows the result):",
        _at_night(apply, now),
    ]


def _at_night(words: str, now: datetime) -> str:
    night = now.astimezone().date() + timedelta(days=1)
    return f"systemd-run --on-calendar='{night} 02:00' {words}"


def later_lines(machine: Machine, now: datetime) -> list[Line]:
    """How a change is kept by day and applied in a maintenance window; FILE and PLAN are for the operator to name."""
    program = command(machine)
    return [
        Line(""),
        Line("To apply it in a maintenance window, save the plan during the day with an"),
        Line("answers file, and apply it at night:"),
        Line(f"  {program} plan --answers FILE --out PLAN", whole=True),
        Line(f"  {_at_night(f'{program} apply --plan PLAN --yes', now)}", whole=True),
    ]


def interrupted(entries: Iterable[Entry]) -> list[Line]:
    """The lines about each change that waits for `recover`; empty when there is none."""
    result: list[Line] = []
    for entry in (each for each in entries if each.waits):
        if entry.damage:
            result += [Line(f"The record of change {entry.id} is damaged.", Tone.BAD), Line(printable(entry.damage))]
            continue
        result += [
            Line(f"Change {entry.id} was interrupted: {printable(entry.title)}", Tone.BAD),
            Line(f"Begun {entry.at} by {printable(entry.by)}."),
            *(Line(f"  {printable(name)}") for name in entry.files),
        ]
    if result:
        result += [
            Line(""),
            Line("Until it is undone, finished or kept as it is now, nothing else can be"),
            Line("changed. Only a repair can be made when its files are as before."),
        ]
    return result
