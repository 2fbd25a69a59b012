"""The input of commands with `--answers` or `--plan`: the file, and the passwords from its sources."""

import argparse
import os
from pathlib import Path
from typing import Any

from wizard.change import plan_file
from wizard.cli.output import show_progress
from wizard.handoff import checklist
from wizard.host.files import read_input
from wizard.planning.inputs import PlanInputs, from_sources
from wizard.questions.answers import Answers, SourceKind
from wizard.questions.answers_file import load
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.session import kept_answers


def open_inputs(args: argparse.Namespace) -> PlanInputs:
    """The answers or the kept plan that *args* name.

    Raises:
        WizardError: the file cannot be read or understood.
    """
    if getattr(args, "plan", None) is not None:
        kept, basis = plan_file.load_with_basis(read_input(args.plan), name=str(args.plan))
        return from_sources(
            args.machine,
            load(basis.answers, name=str(args.plan)),
            Path.cwd(),
            args.secrets.named,
            dry_run=args.dry_run,
            kept=kept,
            chains=basis.chains,
            checklist=checklist.load(args.machine),
        )
    answers, base = _answers(args)
    wait_s: float | None = getattr(args, "wait", None)
    return from_sources(
        args.machine,
        answers,
        base,
        _giver(args),
        dry_run=args.dry_run,
        wait_s=DEFAULT_WAIT_S if wait_s is None else wait_s,
        progress=show_progress,
        checklist=checklist.load(args.machine),
    )


def is_last(args: argparse.Namespace) -> bool:
    """Whether the answers that are kept on this machine are meant."""
    return str(args.answers) == kept_answers.LAST


def _answers(args: argparse.Namespace) -> tuple[Answers, Path]:
    """The answers of *args*, and the folder that their paths are taken from.

    A command that changes this machine gets those that are kept as a renewal.
    """
    path: Path = args.answers
    if is_last(args):
        kept = kept_answers.load(args.machine)
        renews = args.command in {"plan", "apply"}
        return (kept_answers.answers_of(args.machine, kept, os.environ) if renews else kept), Path.cwd()
    return load(read_input(path), name=str(path)), path.absolute().parent


def _giver(args: argparse.Namespace) -> Any:
    """Named sources first; what the answers file says to ask for is asked on the terminal, once."""

    def give(name: str, *, base: Path, source: Any) -> Any:
        found = args.secrets.named(name, base=base, source=source)
        if found is None and source.kind is SourceKind.PROMPT:
            return args.secrets.get(name, prompt=f"Password ({name}): ", base=base, source=source)
        return found

    return give
