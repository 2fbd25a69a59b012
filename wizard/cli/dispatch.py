"""From parsed arguments to the function that runs the command, with the passwords that `--secret` names."""

import argparse
import contextlib
import getpass
import os
import shlex
import sys
from pathlib import Path, PurePosixPath

from wizard import codes
from wizard.cli.commands import COMMANDS, DEFAULTS, WALK, WIZARD
from wizard.errors import WizardError
from wizard.host.machine import HCP_HOME, SETTLE_S, STATE, Machine, default_state_dir
from wizard.host.secret_sources import parse_source, resolve
from wizard.questions.answers import PasswordSource
from wizard.secret import Redactor, Secret
from wizard.self_start import load


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


DEFAULTS_FILE = Path("/etc/cloudstream-wizard.toml")
DEFAULTS_PREFIX = "CLOUDSTREAM_WIZARD_"
"""Of the variables that hold defaults of options."""
_SWITCHES = ("json", "dry_run", "ascii", "unicode", "no_color", "debug", "plain", "quiet", "verbose", "syslog")


def run(args: argparse.Namespace) -> int:
    """Run the command that *args* name, the wizard itself without one; returns the exit code."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        raise WizardError(codes.FILE_MISSING, case="current-folder", subject=".") from None
    # Most machines have no defaults, and no start is to read TOML for that.
    if os.path.lexists(DEFAULTS_FILE) or any(name.startswith(DEFAULTS_PREFIX) for name in os.environ):
        for name, value in load(DEFAULTS)(vars(args), os.environ, DEFAULTS_FILE).items():
            setattr(args, name, value)
    args.machine = _machine(args)
    for name in _SWITCHES:
        setattr(args, name, bool(getattr(args, name, False)))
    args.secrets = SecretSources(getattr(args, "secret", None) or [])
    code: int = load(COMMANDS[args.command].run if args.command else WIZARD)(args)
    return code


def _machine(args: argparse.Namespace) -> Machine:
    """The machine that the global options describe."""
    root = Path(_text(args, "root") or "/").absolute()
    given = _text(args, "state_dir")
    return Machine(
        root=root,
        hcp_home=PurePosixPath(_text(args, "hcp_home") or HCP_HOME),
        state_dir=Path(given).absolute() if given else _state_dir(root),
        systemctl=_text(args, "systemctl") or "systemctl",
        restart_command=tuple(shlex.split(command)) if (command := _text(args, "restart_command")) else None,
        settle_s=getattr(args, "settle", SETTLE_S),
        syslog=bool(getattr(args, "syslog", False)),
    )


def _state_dir(root: Path) -> Path:
    """The default one. A link in an image leads to a place in the image."""
    if root != Path("/"):
        with contextlib.suppress(OSError):
            found: Path = root / load(WALK)(root, STATE).path.relative_to("/")
            return found
    return default_state_dir(root)


def _text(args: argparse.Namespace, name: str) -> str:
    return str(getattr(args, name, "") or "")
