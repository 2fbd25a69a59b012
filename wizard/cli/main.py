"""The command line: the parser, how the program starts and ends, and how a failure is reported."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

from wizard import __version__, self_start
from wizard.cli.arguments import MONITORING_UNKNOWN, THEMES, Parser, described
from wizard.cli.commands import COMMANDS, PRINT_TRACE, REPORT_BUG, RUN, UNKNOWN_COMMAND
from wizard.cli.output import READER_GONE, finish, prepare
from wizard.errors import WizardError
from wizard.package_data import read_text
from wizard.printable import wrapped
from wizard.self_start import load

_LONGEST_S = 86400.0

CHANGING = frozenset({"apply", "rollback", "recover", "--fix", "set"})
"""Words of a command that changes something, so that its exit code tells the outcome also when nothing is printed."""


def _seconds(text: str) -> float:
    """A time of 0 or more, for argparse."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds from 0 to {_LONGEST_S:g}")
    return seconds


def _words(text: str) -> str:
    """A command line with its quotes closed, for argparse."""
    try:
        shlex.split(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a quote or a backslash at its end is not complete") from None
    return text


GLOBALS: dict[str, dict[str, Any]] = {
    "--root": {"metavar": "DIR", "help": "use DIR as the root of the file system (an image or practice folder)"},
    "--hcp-home": {"metavar": "PATH", "help": "home folder of the product (default /opt/hcp)"},
    "--state-dir": {"metavar": "DIR", "help": "folder for journal, backups and saved answers (of a --root: in DIR)"},
    "--systemctl": {"metavar": "PATH", "help": "the systemctl to use (default: the one on PATH)"},
    "--restart-command": {
        "metavar": "CMD",
        "type": _words,
        "help": "command that restarts the server if there is no systemd",
    },
    "--settle": {
        "metavar": "SECONDS",
        "type": _seconds,
        "help": "observe the server this long after a change (default 15)",
    },
    "--secret": {"metavar": "NAME=SOURCE", "action": "append", "help": "a password from file:PATH, env:VAR or fd:N"},
    "--dry-run": {"action": "store_true", "help": "do everything except change the machine"},
    "--json": {"action": "store_true", "help": "one JSON object on standard output"},
    "--ascii": {"action": "store_true", "help": "draw with ASCII only"},
    "--unicode": {"action": "store_true", "help": "draw with Unicode, whatever the locale is"},
    "--no-color": {"action": "store_true", "help": "no colour (also NO_COLOR)"},
    "--quiet": {"action": "store_true", "help": "no progress, only results and errors"},
    "--verbose": {"action": "store_true", "help": "progress with times"},
    "--syslog": {"action": "store_true", "help": "also send each step of a change to the system's log"},
    "--debug": {"action": "store_true", "help": "show the stack trace of an error"},
}
"""Options that every command takes, before or after its name."""


def entry() -> None:
    """The installed command."""
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
    """Run one command and return its exit code; the only place that decides how a failure is shown."""
    command = _command_in(argv)
    asks_for_help = command is None and not {"-h", "--help"}.isdisjoint(argv)
    if command not in {None, *COMMANDS}:
        return report_refusal(load(UNKNOWN_COMMAND)(command, tuple(COMMANDS)))
    args = build_parser(command, whole=asks_for_help).parse_args(argv)
    try:
        return int(load(RUN)(args))
    except WizardError as error:
        if command == "status":
            # Monitoring reads the first line of standard output, also when nothing could be examined.
            print(f"CLOUDSTREAM TLS UNKNOWN - {error.message} [{error.code}]")
            return MONITORING_UNKNOWN
        return report_refusal(error, debug=getattr(args, "debug", False))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output is gone; say nothing more, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:  # noqa: BLE001 - the one place where an unforeseen failure becomes a message
        return int(load(REPORT_BUG)(error, args))


def report_refusal(error: WizardError, *, debug: bool = False) -> int:
    """Print `error: CODE message` and the hints to standard error; return the exit code."""
    if debug:
        load(PRINT_TRACE)(error)
    print(f"error: {error.code} {error.message}", file=sys.stderr)
    for line in wrapped(error.hint):
        print(f"hint: {line}", file=sys.stderr)
    return int(error.exit_code)


def build_parser(command: str | None, *, whole: bool = True) -> Parser:
    """The parser, with *command* alone.

    Args:
        command: the one that is wanted.
        whole: with all commands, for help.
    """
    parser = Parser(
        prog="cloudstream-wizard",
        description="Sets up trusted certificates for RICOH CloudStream Print&Scan.",
        epilog=read_text("wizard.cli", "help/cloudstream-wizard.txt"),
    )
    parser.add_argument("-V", "--version", action="version", version=f"cloudstream-wizard {__version__}")
    parser.add_argument("--plain", action="store_true", help="ask line by line instead of full screen")
    parser.add_argument(
        "--theme", choices=THEMES, help="colours of the full screen (default: what the terminal supports)"
    )
    _add_globals(parser, top=True)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in [name for name in COMMANDS if whole or name == command]:
        COMMANDS[name].add(subparsers.add_parser(name, **described(name)))
    for each in subparsers.choices.values():
        _add_globals(each, top=False)
    for each in (parser, *subparsers.choices.values()):
        each.monitoring = command == "status"
    return parser


def _add_globals(parser: argparse.ArgumentParser, *, top: bool) -> None:
    where = None if top else "cloudstream-wizard --help lists them: --json, --dry-run, --secret and others"
    group = parser.add_argument_group("options of every command", where)
    for name, options in GLOBALS.items():
        if name not in parser._option_string_actions:  # noqa: SLF001 - argparse has no public question for this
            # A default below the top would overwrite what stood before the command's name.
            shown = options if top else {**options, "help": argparse.SUPPRESS}
            group.add_argument(name, **shown, default=argparse.SUPPRESS)
    if not top:
        for action in parser._actions:  # noqa: SLF001 - likewise
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
                for child in action.choices.values():
                    _add_globals(child, top=False)


def _command_in(argv: Sequence[str]) -> str | None:
    takes_value = {"--theme", *(name for name, options in GLOBALS.items() if "metavar" in options)}
    words = iter(argv)
    for word in words:
        if word in takes_value:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None
