"""Answers saved after each step and with each change, so that nothing is lost with the connection. Never a secret."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wizard.change.durable import explained, put_file, remove_file
from wizard.change.store import UNREADABLE, Store, own_folder, readable_history
from wizard.change.watch import operator
from wizard.errors import WizardError
from wizard.host.directory import Directory
from wizard.host.machine import Machine, now_utc
from wizard.printable import printable, rfc3339
from wizard.questions.answers import Answers
from wizard.questions.answers_file import dump
from wizard.questions.answers_file import load as load_answers

NAME = "unfinished-run.toml"
BESIDE_A_CHANGE = "answers.toml"
"""In the folder of a change, until its last step (bundles and checklist) is done, whichever session does it."""
_MARK = "# wizard run:"


@dataclass(frozen=True, slots=True)
class SavedRun:
    """An earlier run that was not finished.

    Attributes:
        who: the account.
        when: the last save.
        step_id: the step that was open; "" when it is not known.
        answers: so far.
        base: the folder that relative paths are taken from.
        change: id of the change that was made from these answers, and that has ended; "" when there is none.
    """

    who: str
    when: datetime
    step_id: str
    answers: Answers
    base: Path
    change: str = ""


def save(machine: Machine, answers: Answers, step_id: str, base: Path, change: str = "") -> None:
    """Write the answers into the state folder, or into that of the *change* that is made from them, durably (0600).

    Raises:
        WizardError: the folder cannot be written.
    """
    with explained(_path(machine, change).parent):
        folder, name = _folder(machine, change)
    who = printable(operator().user, limit=40).replace(" ", "_")
    head = f"{_MARK} {who} {rfc3339(now_utc())} {step_id or '-'} {printable(str(base))}\n"
    put_file(folder, name, (head + dump(answers)).encode(), mode=0o600)


def load(machine: Machine, change: str = "") -> SavedRun | None:
    """The saved run, or the answers that *change* is made from; None when there is none or it cannot be understood."""
    try:
        text = _path(machine, change).read_text(encoding="utf-8")
        mark, _, body = text.partition("\n")
        who, when, step_id, base = mark.removeprefix(_MARK).strip().split(" ", 3)
        moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return SavedRun(who, moment, "" if step_id == "-" else step_id, load_answers(body), Path(base), change)
    except (OSError, ValueError, WizardError):
        return None


def load_ended(machine: Machine) -> SavedRun | None:
    """The newest change that has ended without a session that made its last steps; one that was undone has none."""
    for entry in reversed(readable_history(machine)):
        if not entry.waits and entry.outcome != UNREADABLE and not entry.rolled_back_by:
            run = load(machine, entry.id)
            if run is not None:
                return run
    return None


def forget(machine: Machine, change: str = "") -> None:
    """Remove the saved run, or the answers beside *change*, whose last step is done; if any."""
    if os.path.exists(_path(machine, change)):
        remove_file(*_folder(machine, change))


def _path(machine: Machine, change: str) -> Path:
    return Store(machine.state_dir).find(change).path / BESIDE_A_CHANGE if change else machine.state_dir / NAME


def _folder(machine: Machine, change: str) -> tuple[Directory, str]:
    """The open folder, and the name in it."""
    if change:
        return Store(machine.state_dir).find(change).open(), BESIDE_A_CHANGE
    return own_folder(machine.state_dir), NAME
