"""What commands that change the machine have in common: the question, and following the change to its end."""

import argparse
import sys
from collections.abc import Mapping

from wizard import codes
from wizard.errors import WizardError
from wizard.secret import Secret


def confirm(word: str = "apply") -> None:
    """Have the operator type *word*.

    Raises:
        WizardError: `apply.not-confirmed`: something else was typed, or nobody can be asked.
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
