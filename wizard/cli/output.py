"""How commands print: results to standard output, everything for people to standard error; progress; a yes or no."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from wizard import codes
from wizard.errors import WizardError
from wizard.reports.lines import Line
from wizard.secret import Secret


def print_json(command: str, members: Mapping[str, Any]) -> None:
    """One JSON object with the schema of *command* first."""
    print(json.dumps({"schema": f"cloudstream-wizard/{command}/1", **members}, ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[Line], *, people: bool = False) -> None:
    """The words of *lines*; *people* sends them to standard error because a result goes to standard output."""
    stream = sys.stderr if people else sys.stdout
    for line in lines:
        print(line.text, file=stream)


MANY = 25
"""From so many machines on it is shown, ten times in each phase."""


def show_progress(what: str, done: int, total: int) -> None:
    """One line at each tenth: `bundles made: 300 of 1000`."""
    if total >= MANY and (done == total or done % (total // 10) == 0):
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def confirm(word: str = "apply") -> None:
    """Ask the operator to type *word*.

    Raises:
        WizardError: `apply.not-confirmed`: something else was typed, or there is no terminal.
    """
    if not sys.stdin.isatty():
        raise WizardError(codes.APPLY_NOT_CONFIRMED, case="nobody")
    print(f"Type {word} to continue: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise WizardError(codes.APPLY_NOT_CONFIRMED)


def ask_once(args: argparse.Namespace, prompts: Mapping[str, str], name: str) -> Secret | None:
    """The secret *name* from its named source, else asked for when *prompts* has a question for it."""
    found: Secret | None = args.secrets.named(name)
    if found is None and name in prompts:
        found = args.secrets.get(name, prompt=prompts[name])
    return found
