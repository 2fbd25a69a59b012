"""Shared by commands that change the machine: confirm the change, and follow it to its end."""

import argparse
import sys
from collections.abc import Mapping

from wizard import codes
from wizard.errors import WizardError
from wizard.secret import Secret


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
