"""From parsed arguments to the function that runs the command."""

import argparse
import os
import shlex
from pathlib import Path, PurePosixPath

from wizard.cli import settings
from wizard.cli.commands import COMMANDS, WIZARD
from wizard.cli.secret_options import SecretSources
from wizard.host.machine import HCP_HOME, SETTLE_S, Machine, default_state_dir
from wizard.self_start import load

_SWITCHES = ("json", "dry_run", "ascii", "unicode", "no_color", "debug", "plain", "quiet", "verbose", "syslog")


def run(args: argparse.Namespace) -> int:
    """Run the command that *args* name, the wizard itself without one; returns the exit code."""
    for name, value in settings.defaults(vars(args), os.environ, settings.FILE).items():
        setattr(args, name, value)
    args.machine = _machine(args)
    for name in _SWITCHES:
        setattr(args, name, bool(getattr(args, name, False)))
    args.secrets = SecretSources(getattr(args, "secret", None) or [])
    code: int = load(COMMANDS[args.command].run if args.command else WIZARD)(args)
    return code


def _machine(args: argparse.Namespace) -> Machine:
    """The machine that the global options describe."""
    return Machine(
        root=Path(_text(args, "root") or "/").absolute(),
        hcp_home=PurePosixPath(_text(args, "hcp_home") or HCP_HOME),
        state_dir=Path(_text(args, "state_dir") or default_state_dir()).absolute(),
        systemctl=_text(args, "systemctl") or "systemctl",
        restart_command=tuple(shlex.split(command)) if (command := _text(args, "restart_command")) else None,
        settle_s=getattr(args, "settle", SETTLE_S),
        syslog=bool(getattr(args, "syslog", False)),
    )


def _text(args: argparse.Namespace, name: str) -> str:
    return str(getattr(args, name, "") or "")
