"""Answers kept between steps, so that a lost link costs nothing. Never a secret."""

import getpass
import os
from datetime import UTC, datetime
from pathlib import Path

from wizard.answers import Answers
from wizard.answersfile import dump
from wizard.answersfile import load as load_answers
from wizard.change.durable import put_file, remove_file
from wizard.change.store import own_folder
from wizard.errors import WizardError
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.printable import printable
from wizard.records import dataclass

NAME = "unfinished-run.toml"
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
    """

    who: str
    when: datetime
    step_id: str
    answers: Answers
    base: Path


def save(machine: Machine, answers: Answers, step_id: str, base: Path) -> None:
    """Write the answers into the state folder (0600 in 0700), durably.

    Raises:
        WizardError: the folder cannot be written.
    """
    folder = own_folder(machine.state_dir)
    who = printable(_user(), limit=40).replace(" ", "_")
    head = f"{_MARK} {who} {now_utc():%Y-%m-%dT%H:%M:%SZ} {step_id or '-'} {printable(str(base))}\n"
    put_file(folder, NAME, (head + dump(answers)).encode(), mode=0o600)


def load(machine: Machine) -> SavedRun | None:
    """The saved run, None when there is none or it cannot be understood."""
    try:
        text = _path(machine).read_text(encoding="utf-8")
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


def _path(machine: Machine) -> Path:
    return machine.state_dir / NAME


def _user() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
