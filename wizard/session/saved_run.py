"""Answers saved after each step and with each change, so that nothing is lost with the connection. Never a secret."""

import getpass
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wizard.change.durable import put_file, remove_file, write_failure
from wizard.change.store import UNREADABLE, Store, history, own_folder
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


def save(machine: Machine, answers: Answers, step_id: str, base: Path) -> None:
    """Write the answers into the state folder (0600 in 0700), durably.

    Raises:
        WizardError: the folder cannot be written.
    """
    _write(own_folder(machine.state_dir), NAME, answers, step_id, base)


def save_for(machine: Machine, change: str, answers: Answers, base: Path) -> None:
    """Write the answers that *change* is made from into its folder, durably.

    Raises:
        WizardError: the folder cannot be written.
    """
    folder = Store(machine.state_dir).find(change)
    try:
        opened = folder.open()
    except OSError as error:
        raise write_failure(folder.path, error) from error
    _write(opened, BESIDE_A_CHANGE, answers, "apply", base)


def _write(folder: Directory, name: str, answers: Answers, step_id: str, base: Path) -> None:
    who = printable(_user(), limit=40).replace(" ", "_")
    head = f"{_MARK} {who} {rfc3339(now_utc())} {step_id or '-'} {printable(str(base))}\n"
    put_file(folder, name, (head + dump(answers)).encode(), mode=0o600)


def load(machine: Machine) -> SavedRun | None:
    """The saved run, None when there is none or it cannot be understood."""
    return _read(_path(machine))


def load_for(machine: Machine, change: str) -> SavedRun | None:
    """The answers that *change* is made from, None when they are not kept."""
    try:
        run = _read(Store(machine.state_dir).find(change).path / BESIDE_A_CHANGE)
    except WizardError:
        return None
    return None if run is None else replace(run, change=change)


def load_ended(machine: Machine) -> SavedRun | None:
    """The newest change that has ended without a session that made its last steps; one that was undone has none."""
    try:
        entries = history(machine)
    except WizardError:
        return None
    for entry in reversed(entries):
        if not entry.waits and entry.outcome != UNREADABLE and not entry.rolled_back_by:
            run = load_for(machine, entry.id)
            if run is not None:
                return run
    return None


def _read(path: Path) -> SavedRun | None:
    try:
        text = path.read_text(encoding="utf-8")
        mark, _, body = text.partition("\n")
        who, when, step_id, base = mark.removeprefix(_MARK).strip().split(" ", 3)
        moment = datetime.strptime(when, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return SavedRun(who, moment, "" if step_id == "-" else step_id, load_answers(body), Path(base))
    except (OSError, ValueError, WizardError):
        return None


def forget(machine: Machine) -> None:
    """Remove the saved run, if any."""
    if _path(machine).exists():
        remove_file(own_folder(machine.state_dir), NAME)


def forget_for(machine: Machine, change: str) -> None:
    """Remove the answers beside *change*, if any: its last step is done."""
    folder = Store(machine.state_dir).find(change)
    if (folder.path / BESIDE_A_CHANGE).exists():
        remove_file(folder.open(), BESIDE_A_CHANGE)


def _path(machine: Machine) -> Path:
    return machine.state_dir / NAME


def _user() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
