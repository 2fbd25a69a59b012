"""Passwords for commands: named sources first, then a prompt on the terminal, never argv."""

import getpass
import os
import sys
from pathlib import Path

from wizard import codes
from wizard.errors import WizardError
from wizard.host.secret_sources import parse_source, resolve
from wizard.questions.answers import PasswordSource
from wizard.secret import Redactor, Secret


class SecretSources:
    """What `--secret NAME=...` named, and the prompt for the rest. Each source is read once."""

    def __init__(self, named: list[str], *, interactive: bool | None = None) -> None:
        """Take the values of all `--secret` options.

        Args:
            named: `NAME=file:PATH`, `NAME=env:VAR` or `NAME=fd:N`.
            interactive: whether a prompt is possible; None means standard input is a terminal.
        """
        self._sources: dict[str, PasswordSource] = {}
        self._known: dict[str, Secret] = {}
        self._interactive = sys.stdin.isatty() if interactive is None else interactive
        self.redactor = Redactor()
        for item in named:
            name, _, text = item.partition("=")
            self._sources[name] = parse_source(text)

    def named(self, name: str, *, base: Path | None = None, source: PasswordSource | None = None) -> Secret | None:
        """The secret *name* from `--secret`, else from *source*; None when neither says where it is."""
        if name not in self._known:
            chosen = self._sources.get(name)
            folder = Path() if chosen else (base or Path())
            value = resolve(chosen or source or PasswordSource(), base=folder, name=name)
            if value is None:
                return None
            self._keep(name, value)
        return self._known[name]

    def source(self, name: str) -> PasswordSource | None:
        """Where `--secret` says that *name* comes from; None when no option names it."""
        return self._sources.get(name)

    def get(self, name: str, *, prompt: str, base: Path | None = None, source: PasswordSource | None = None) -> Secret:
        """The secret *name*, asked for with *prompt* when no source is named.

        Raises:
            WizardError: `secret.missing` when nobody can be asked; it names the flag and the key.
        """
        value = self.named(name, base=base, source=source)
        if value is None:
            if not self._interactive:
                raise WizardError(
                    codes.SECRET_MISSING, case="nobody", subject=name, name=name, prompt=prompt.rstrip(": ")
                )
            value = Secret(_ask(prompt))
            self._keep(name, value)
        return value

    def _keep(self, name: str, value: Secret) -> None:
        self._known[name] = value
        self.redactor.learn(value)


def _ask(prompt: str) -> str:
    try:
        return getpass.getpass(prompt)
    except (EOFError, KeyboardInterrupt):
        raise WizardError(codes.SECRET_MISSING, case="none") from None
    except OSError as error:  # the terminal went away
        raise WizardError(codes.SECRET_MISSING, case="terminal", reason=os.strerror(error.errno or 0)) from error
