"""The command line: the parser, how the program starts and ends, and how a failure is reported."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from wizard import __version__, self_start
from wizard.cli.arguments import THEMES, Parser
from wizard.cli.commands import COMMANDS, PRINT_TRACE, REPORT_BUG, RUN
from wizard.cli.streams import READER_GONE, finish, prepare
from wizard.errors import WizardError
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
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0 to {_LONGEST_S:g}")
    return seconds


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
  130 left or stopped by Ctrl+C   141 the reader of the output has gone
  143 ended by SIGTERM
"""


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
    """Run one command and return its exit code; nothing but this decides what a failure looks like."""
    command = _command_in(argv)
    asks_for_help = command is None and not {"-h", "--help"}.isdisjoint(argv)
    parser = build_parser(command, whole=asks_for_help or command not in {None, *COMMANDS})
    args = parser.parse_args(argv)
    try:
        return int(load(RUN)(args))
    except WizardError as error:
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
    for line in error.hint.splitlines():
        print(f"hint: {line}", file=sys.stderr)
    return int(error.exit_code)


def build_parser(command: str | None, *, whole: bool = True) -> argparse.ArgumentParser:
    """The parser, with *command* alone.

    Args:
        command: the one that is wanted.
        whole: with all commands: for help, and for a word that is no command.
    """
    parser = Parser(
        prog="cloudstream-wizard",
        description="Sets up trusted certificates for RICOH CloudStream Print&Scan.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"cloudstream-wizard {__version__}")
    parser.add_argument("--plain", action="store_true", help="ask line by line instead of full screen")
    parser.add_argument("--theme", choices=THEMES, help="colours of the full screen (default: as the terminal can)")
    _add_globals(parser, top=True)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in [name for name in COMMANDS if whole or name == command]:
        COMMANDS[name].register(subparsers)
    for each in subparsers.choices.values():
        _add_globals(each, top=False)
    return parser


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
