"""The command line: one parser, and only the chosen command's module is loaded."""

import argparse
import gc
import importlib
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wizard import __version__, self_start
from wizard.cli.streams import READER_GONE, failed, finish, prepare
from wizard.errors import WizardError
from wizard.host.machine import HCP_HOME, SETTLE_S, Machine, default_state_dir

if TYPE_CHECKING:
    from wizard.questions.answers import Answers

COLLECTOR = (100_000, 50, 100)
"""Thresholds of Python's cycle collector (`gc.set_threshold`)."""

_LONGEST_S = 86400.0

CHANGING = frozenset({"apply", "rollback", "recover", "--fix", "set"})
"""Words of a command that changes something, so that its exit code tells the outcome also when nothing is printed."""

COMMANDS: dict[str, tuple[str, str]] = {
    "sandbox": ("wizard.cli.sandbox", "a practice deployment with real TLS"),
    "inspect": ("wizard.cli.inspect", "what is in files or folders; changes nothing"),
    "check": ("wizard.cli.check", "judge a chain for a role"),
    "csr": ("wizard.cli.csr", "a private key and a certificate request"),
    "plan": ("wizard.cli.apply", "what would change, with diffs"),
    "apply": ("wizard.cli.apply", "make the change, prove it, or put everything back"),
    "rollback": ("wizard.cli.changes", "undo a committed change"),
    "history": ("wizard.cli.changes", "list the changes"),
    "recover": ("wizard.cli.changes", "finish or undo an interrupted change"),
    "probe": ("wizard.cli.probe", "what a TLS client sees"),
    "doctor": ("wizard.cli.doctor", "examine the installed machine, name the cause, repair it"),
    "status": ("wizard.cli.status", "expiry and drift for monitoring"),
    "rehearse": ("wizard.cli.rehearse", "mutual TLS between the chains, in memory"),
    "handoff": ("wizard.cli.handoff", "packs and checklists for portal, gateways, clients"),
    "checklist": ("wizard.cli.checklist", "what is left to do elsewhere; tick it"),
    "export": ("wizard.cli.export", "roll-out over many machines with Ansible"),
    "findings": ("wizard.cli.findings", "the catalogue of findings, or one explained"),
    "conf": ("wizard.cli.conf", "read or set one value of a HOCON file"),
}
"""Command to the module that has `register(subparsers)`, and what it is for."""


def _seconds(text: str) -> float:
    """A time of 0 or more, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0 to {_LONGEST_S:g}")
    return seconds


THEMES = ("dark", "light", "16", "none")
"""Names of the colours of the full screen."""

GLOBALS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--root",), {"metavar": "DIR", "help": "take every path of the host below DIR (an image or practice folder)"}),
    (("--hcp-home",), {"metavar": "PATH", "help": "home of the product (default /opt/hcp)"}),
    (("--state-dir",), {"metavar": "DIR", "help": "folder for journal, backups and saved answers"}),
    (("--systemctl",), {"metavar": "PATH", "help": "the systemctl to use (default: the one on PATH)"}),
    (("--restart-command",), {"metavar": "CMD", "help": "restarts the server where there is no systemd"}),
    (
        ("--settle",),
        {"metavar": "SECONDS", "type": _seconds, "help": "watch a changed server so long (default 15; 0: not at all)"},
    ),
    (("--secret",), {"metavar": "NAME=SOURCE", "action": "append", "help": "a password by file:PATH, env:VAR or fd:N"}),
    (("--dry-run",), {"action": "store_true", "help": "do everything but change the machine"}),
    (("--json",), {"action": "store_true", "help": "one JSON object on standard output"}),
    (("--ascii",), {"action": "store_true", "help": "draw with ASCII alone"}),
    (("--unicode",), {"action": "store_true", "help": "draw with Unicode, whatever the locale says"}),
    (("--no-color",), {"action": "store_true", "help": "no colour (also NO_COLOR)"}),
    (("--debug",), {"action": "store_true", "help": "show the trace of a failure"}),
)
"""Options that every command takes, before or after its name."""

EPILOG = """\
EXAMPLES
  cloudstream-wizard                        the full-screen wizard
  cloudstream-wizard --plain                the same questions, line by line
  cloudstream-wizard sandbox                practise on a throw-away server
  cloudstream-wizard inspect /root/certs    what did the PKI team send?
  cloudstream-wizard plan --answers a.toml  what would change?

EXIT CODES
  0 done or nothing to do   1 findings of severity error or worse
  2 wrong usage or unusable input   3 applied, failed its proof, rolled back
  4 an interrupted change needs recover   5 another run holds the lock   70 a bug
"""


def entry() -> None:
    """The installed command."""
    # What starting makes lives as long as the program: the collector would walk it again and again for nothing.
    gc.set_threshold(*COLLECTOR)
    arguments = sys.argv[1:]
    out = prepare()
    code = self_start.run(arguments)
    if code is None:
        try:
            code = main(arguments)
        except SystemExit as ended:  # argparse, after help, version or an error of usage
            code = ended.code if isinstance(ended.code, int) else 0
    code = finish(code, out, change=not CHANGING.isdisjoint({_command_in(arguments), *arguments}))
    # Nothing of ours is left to be done at exit, and Python takes 0.05 s to unload what it loaded.
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing but this decides what a failure looks like."""
    command = _command_in(argv)
    asks_for_help = command is None and not {"-h", "--help"}.isdisjoint(argv)
    parser = build_parser(command, whole=asks_for_help or command not in {None, *COMMANDS})
    args = parser.parse_args(argv)
    try:
        return int(_dispatch(args))
    except WizardError as error:
        return report_refusal(error, debug=_flag(args, "debug"))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output is gone; say nothing more, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:  # noqa: BLE001 - the one place where an unforeseen failure becomes a message
        from wizard.cli.crash import report_bug  # noqa: PLC0415 - only loaded when it is needed

        return report_bug(error, args)


def report_refusal(error: WizardError, *, debug: bool = False) -> int:
    """Print `error: CODE message` and the hints to standard error; return the exit code."""
    if debug:
        import traceback  # noqa: PLC0415 - as above

        traceback.print_exception(error)
    print(f"error: {error.code} {error.message}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"hint: {line}", file=sys.stderr)
    return int(error.exit_code)


def build_parser(command: str | None, *, whole: bool = True) -> argparse.ArgumentParser:
    """The parser; only *command* is loaded in full.

    Args:
        command: the one that is wanted.
        whole: name the others too, each with its one line: for help, and for a word that is no command.
    """
    parser = argparse.ArgumentParser(
        prog="cloudstream-wizard",
        description="Sets up trusted certificates for RICOH CloudStream Print&Scan.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cloudstream-wizard {__version__}")
    parser.add_argument("--plain", action="store_true", help="ask line by line instead of full screen")
    parser.add_argument("--theme", choices=THEMES, help="colours of the full screen (default: as the terminal can)")
    _add_globals(parser, top=True)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    loaded: set[str] = set()
    for name, (module, purpose) in COMMANDS.items():
        if name in loaded:
            continue
        if name == command:
            already = set(subparsers.choices)
            importlib.import_module(module).register(subparsers)
            loaded |= set(subparsers.choices) - already
        elif whole and module != COMMANDS.get(command or "", ("", ""))[0]:
            subparsers.add_parser(name, help=purpose, add_help=False)
    for name in loaded:
        _add_globals(subparsers.choices[name], top=False)
    return parser


def machine_from(args: argparse.Namespace) -> Machine:
    """The machine that the global options describe."""
    return Machine(
        root=Path(_text(args, "root") or "/").absolute(),
        hcp_home=PurePosixPath(_text(args, "hcp_home") or HCP_HOME),
        state_dir=Path(_text(args, "state_dir") or default_state_dir()).absolute(),
        systemctl=_text(args, "systemctl") or "systemctl",
        restart_command=tuple(shlex.split(command)) if (command := _text(args, "restart_command")) else None,
        settle_s=getattr(args, "settle", SETTLE_S),
    )


def open_screens(
    machine: Machine,
    args: argparse.Namespace,
    answers: "Answers | None" = None,
    base: Path | None = None,
    notes: tuple[str, ...] = (),
) -> int:
    """Open the wizard on *machine*, full screen or line by line, and return its exit code.

    Args:
        machine: where.
        args: the global options.
        answers: what is answered already (the practice deployment knows its own port); None for the defaults.
        base: the folder that relative paths are taken from; None is the current one.
        notes: lines for the first screen.
    """
    from wizard.session.session import Session  # noqa: PLC0415 - start-up loads only what the first screen needs

    session = Session(machine, answers=answers, base=base, notes=notes, dry_run=_flag(args, "dry_run"))
    if _flag(args, "plain"):
        from wizard.cli import line_mode  # noqa: PLC0415 - as above

        try:
            # Not the stream that hides failures: a question that nobody sees must not be answered.
            return line_mode.run(session, stdin=sys.stdin, stdout=sys.__stdout__ or sys.stdout)
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.filename is not None:
                raise
            raise failed(error) from error
    if _flag(args, "no_color"):
        os.environ["NO_COLOR"] = "1"
    # By name: the engine's import graph must not know the screens.
    screens: Any = importlib.import_module("screens.app")
    wanted = True if _flag(args, "ascii") else False if _flag(args, "unicode") else None
    return int(screens.run(session, ascii_mode=wanted, theme=_text(args, "theme")))


def _dispatch(args: argparse.Namespace) -> int:
    args.machine = machine_from(args)
    for name in ("json", "dry_run", "ascii", "unicode", "no_color", "debug", "plain"):
        setattr(args, name, _flag(args, name))
    run: Callable[[argparse.Namespace], int] | None = getattr(args, "run", None)
    from wizard.cli.secret_options import SecretSources  # noqa: PLC0415 - as above

    args.secrets = SecretSources(getattr(args, "secret", None) or [])
    return run(args) if run is not None else open_screens(args.machine, args)


def _add_globals(parser: argparse.ArgumentParser, *, top: bool) -> None:
    group = parser.add_argument_group("options of every command")
    for names, options in GLOBALS:
        if names[0] not in parser._option_string_actions:  # noqa: SLF001 - argparse has no public question for this
            # A default below the top would overwrite what stood before the command's name.
            group.add_argument(*names, **options, default=argparse.SUPPRESS)
    if not top:
        for action in parser._actions:  # noqa: SLF001 - likewise
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
                for child in action.choices.values():
                    _add_globals(child, top=False)


def _command_in(argv: Sequence[str]) -> str | None:
    takes_value = {"--theme", *(names[0] for names, options in GLOBALS if "metavar" in options)}
    words = iter(argv)
    for word in words:
        if word in takes_value:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _flag(args: argparse.Namespace, name: str) -> bool:
    return bool(getattr(args, name, False))


def _text(args: argparse.Namespace, name: str) -> str:
    return str(getattr(args, name, "") or "")
