"""From parsed arguments to the function that runs the command."""

import argparse
import os
import shlex
from pathlib import Path, PurePosixPath

from wizard.cli.commands import COMMANDS, DEFAULTS, WIZARD
from wizard.cli.secret_options import SecretSources
from wizard.host.machine import HCP_HOME, SETTLE_S, Machine, default_state_dir
from wizard.self_start import load

DEFAULTS_FILE = Path("/etc/cloudstream-wizard.toml")
DEFAULTS_PREFIX = "CLOUDSTREAM_WIZARD_"
"""Of the variables that hold defaults of options."""
_SWITCHES = ("json", "dry_run", "ascii", "unicode", "no_color", "debug", "plain", "quiet", "verbose", "syslog")


def run(args: argparse.Namespace) -> int:
    """Run the command that *args* name, the wizard itself without one; returns the exit code."""
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
