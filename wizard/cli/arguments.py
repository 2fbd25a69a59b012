"""The arguments of each command. `wizard.cli.commands` names the function that runs it, in a module loaded later."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from wizard.package_data import read_text
from wizard.printable import printable
from wizard.self_start import load

ANSWERS_KEYS = "wizard.questions.answers_file:keys_text"
"""Loaded only for help."""
ROLES = ("primary", "gateway", "client")
_MOST_DAYS = 36500
KEYS = ("rsa-3072", "rsa-2048", "rsa-4096", "p-256", "p-384")
"""The values of `Role` and `KeyKind`, whose modules need cryptography; a test compares them."""
THEMES = ("dark", "light", "16", "none")
"""Names of the colours of the full screen."""


MONITORING_UNKNOWN = 3
"""Exit code for "unknown" of the Nagios plugin guidelines."""


class Parser(argparse.ArgumentParser):
    """Shows description and examples as they are written; argparse makes its commands of the same type."""

    monitoring = False
    """Whether a usage error is reported as Nagios plugins do: a line on standard output, exit code 3."""

    def __init__(self, **options: Any) -> None:
        """See `argparse.ArgumentParser`. No abbreviations: a later option could change what they mean."""
        super().__init__(**{"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """End the program over a usage error."""
        if self.monitoring:
            print(f"CLOUDSTREAM TLS UNKNOWN - wrong usage: {printable(message)}")
            self.exit(MONITORING_UNKNOWN)
        super().error(printable(message))


def described(command: str) -> dict[str, Any]:
    """What argparse shows of *command*: in the list of commands, in a sentence, and in full."""
    words, sentence, rest = read_text("wizard.cli", f"help/{command}.txt").split("\n", 2)
    return {"help": words, "description": sentence, "epilog": rest}


_MANY: dict[str, Any] = {"action": "append", "default": []}
"""An option that may be repeated."""

_ANSWERS = "the answers (TOML); LAST: those of the last completed run"


def _takes_answers(parser: Parser) -> None:
    parser.add_argument("--answers", metavar="FILE", required=True, type=Path, help=_ANSWERS)


def _names_primary(parser: Parser) -> None:
    """Where the primary answers, and for what name; what is not given is found on this machine."""
    parser.add_argument("--host", metavar="HOST", help="a node to check; may be repeated", **_MANY)
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port of the primary (2560)")
    parser.add_argument("--servername", default="", metavar="NAME", help="the name that gateways connect to")


def sandbox(parser: Parser) -> None:
    """Its arguments."""
    add = parser.add_argument
    add(
        "what",
        nargs="*",
        metavar="[create|serve] [DIR]",
        help="the folder of the practice deployment; default: a temporary one that is removed afterwards",
    )
    add("--fault", metavar="NAME", help="include this fault; may be repeated", **_MANY)
    add("--list-faults", action="store_true", help="list the faults and what each breaks")
    add("--configured", action="store_true", help="as after a successful set-up")
    add("--jre", metavar="PATH", type=Path, help="Java home to link in (default: this machine's)")
    # Without a default, so that the same option before the command counts, too.
    absent = argparse.SUPPRESS
    add("--plain", action="store_true", default=absent, help="ask line by line instead of full screen")
    add("--theme", choices=THEMES, default=absent, help="colours of the full screen")


def inspect(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder with files of any kind")


def check(parser: Parser) -> None:
    """Its arguments."""
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="a file, or a folder with files of any kind")
    add("--role", required=True, choices=ROLES, help="what the chain is for")
    add("--host", metavar="NAME", help="the name that peers connect to")
    add("--ocsp", action="store_true", help="check revocation with the responders and lists in the chain")
    add(
        "--fetch-issuers",
        action="store_true",
        help="download a missing issuer from the HTTP address in the certificate",
    )


def csr(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--answers", metavar="FILE", type=Path, help="for every machine of these answers (TOML)")
    parser.add_argument("--role", choices=ROLES, help="what the certificate is for")
    parser.add_argument("--host", metavar="NAME", help="the name that peers connect to")
    parser.add_argument("--san", metavar="NAME", help="another host name or address; may be repeated", **_MANY)
    for name, what in (
        ("organization", "organisation"),
        ("unit", "organisational unit"),
        ("country", "two-letter country code"),
        ("state", "state or province"),
        ("city", "city"),
        ("email", "e-mail address"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="TEXT", help=f"{what} in the subject")
    parser.add_argument("--key", choices=KEYS, default=KEYS[0], help=f"type of the key (default {KEYS[0]})")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for key and request")
    parser.add_argument("--complete", nargs="+", metavar="ANSWER", help="files from the CA: the answer and the issuers")
    parser.add_argument("--legacy", action="store_true", help="write the PFX for a JRE before 8u301 or 11.0.12")


_WAIT: dict[str, Any] = {
    "metavar": "SECONDS",
    "type": float,
    "help": "how long the server may take to answer after the restart (default 300)",
}


class _WithKeys(argparse.RawDescriptionHelpFormatter):
    """Names the keys of an answers file when help is shown, and not before."""

    def add_text(self, text: str | None) -> None:
        super().add_text(text.replace("{keys}", load(ANSWERS_KEYS)()) if text and "{keys}" in text else text)


def plan(parser: Parser) -> None:
    """Its arguments."""
    parser.formatter_class = _WithKeys
    _takes_answers(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, help="save the plan to FILE (mode 0600), for apply --plan")
    parser.add_argument("--wait", **_WAIT)


def apply(parser: Parser) -> None:
    """Its arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--answers", metavar="FILE", type=Path, help=_ANSWERS)
    parser.add_argument("--wait", **_WAIT)
    source.add_argument("--plan", metavar="FILE", type=Path, help="a plan from plan --out")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _actions(parser: Parser, actions: dict[str, str]) -> Iterator[tuple[str, Parser]]:
    """Add the *actions* of a command, each with what it does; each one's parser."""
    added = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in actions.items():
        sentence = f"{what[0].upper()}{what[1:]}."
        yield name, added.add_parser(name, help=what, description=sentence, epilog=parser.epilog)


def store(parser: Parser) -> None:
    """Its arguments."""
    actions = {
        "password": "set a new password for the key store, and in application.conf",
        "alias": "set another alias for the certificate in the key store",
        "built-in": "let the server present its built-in certificate again",
        "remove-ca": "remove expired CA certificates that the wizard added to cacerts",
    }
    for name, action in _actions(parser, actions):
        if name == "alias":
            action.add_argument("alias", metavar="ALIAS", help="letters, digits, dots, hyphens, underscores")
        action.add_argument("--yes", action="store_true", help="do not ask")
        action.add_argument("--wait", **_WAIT)
        _names_primary(action)


def phase(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)
    parser.add_argument("--wait", **_WAIT)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _days(text: str) -> int:
    """A number of days of 0 or more, for argparse."""
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text} is not a number of days from 0 to {_MOST_DAYS}")
    return int(text)


def _change(text: str) -> str:
    """An id, for argparse. An empty one is that of a script that found none, and must not mean the newest change."""
    if not text:
        raise argparse.ArgumentTypeError("the id is empty")
    return text


def rollback(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "change", nargs="?", metavar="ID", type=_change, help="id or number (default: the newest in effect)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def history(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "change", nargs="?", metavar="ID", type=_change, help="print the record of this change for a ticket"
    )
    parser.add_argument("--purge", metavar="ID", type=_change, help="remove the backups of this change")
    parser.add_argument("--older-than", metavar="DAYS", type=_days, help="remove the backups of all older changes")
    parser.add_argument("--yes", action="store_true", help="do not ask before backups are removed")


def recover(parser: Parser) -> None:
    """Its arguments."""
    way = parser.add_mutually_exclusive_group()
    for name, what in (
        ("undo", "undo it, even if its end is not known"),
        ("finish", "make and verify the rest of it"),
        ("keep", "close it and leave everything as it is"),
    ):
        way.add_argument(f"--{name}", dest="mode", action="store_const", const=name, help=what)
    parser.set_defaults(mode="auto")


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 0 < float(text) <= 600:
        raise argparse.ArgumentTypeError(f"{printable(text)} is not a number of seconds from 0.1 to 600")
    return float(text)


def probe(parser: Parser) -> None:
    """Its arguments."""
    add = parser.add_argument
    add("endpoints", nargs="+", metavar="HOST:PORT", help="where to connect; several are probed at the same time")
    add("--servername", metavar="NAME", help='server name (SNI) to send; "" sends none')
    add("--client", metavar="PFX", help="present this certificate when the server asks")
    add("--expect", metavar="PATH", help="PFX, certificate, plan file or SHA-256 to compare with")
    add("--tls", choices=("1.2", "1.3"), help="offer this version only")
    add("--timeout", type=_seconds, default=10.0, metavar="S", help="longest wait in each phase (10)")
    add("--revocation", action="store_true", help="check revocation with the responders and lists in the chain")
    add("--list-cas", action="store_true", help="list the CAs that the server accepts by name")
    add("--plain-dump", action="store_true", help="print in the format of openssl s_client")


def doctor(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--fix", metavar="CODE", help="repair this root cause, or all; shows the plan and asks first")
    parser.add_argument("--yes", action="store_true", help="with --fix: do not ask")
    _names_primary(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--facts", metavar="FILE", type=Path, help="check saved facts instead of this machine")
    source.add_argument("--log", metavar="FILE", help="explain the lines of a server's or client's log (- is stdin)")
    parser.add_argument("--bundle", metavar="FILE", type=Path, help="write a support bundle without secrets (tar.gz)")


def status(parser: Parser) -> None:
    """Its arguments."""
    add = parser.add_argument
    add("--warn", type=int, default=30, metavar="DAYS", help="warning below this number of days (30)")
    add("--critical", type=int, default=7, metavar="DAYS", help="critical below this number of days (7)")
    _names_primary(parser)
    add("--also", metavar="PATH", help="more certificate files or folders to monitor", **_MANY)
    add("--prometheus", type=Path, metavar="FILE", help="also write the figures for the textfile collector to FILE")


def _calendar(text: str) -> str:
    """A time of systemd.time(7), for argparse; systemd itself refuses one that it does not understand."""
    if not re.fullmatch(r"[\w *:,./~+-]{1,100}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{printable(text)} is not a time as in systemd.time(7)")
    return text


def timer(parser: Parser) -> None:
    """Its arguments."""
    actions = {"install": "install the timer, or change what it does", "remove": "stop the timer and remove its files"}
    for name, action in _actions(parser, actions):
        action.add_argument("--yes", action="store_true", help="do not ask")
        if name == "install":
            when = "when, as in systemd.time(7) (daily)"
            action.add_argument("--calendar", type=_calendar, default="daily", metavar="TIME", help=when)
            status(action)


def rehearse(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)


def handoff(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="a new or empty folder")


def inventory(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--remove", metavar="MACHINE", help="stop watching this machine; may be repeated", **_MANY)


def checklist(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--answers", metavar="FILE", type=Path, help="create the list from these answers (TOML)")
    parser.add_argument("--tick", metavar="STEP", help="its number or id; may be repeated", **_MANY)
    parser.add_argument("--yes", action="store_true", help="tick the policy even if other steps are not ticked")


def export(parser: Parser) -> None:
    """Its arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="TOOL", required=True)
    ansible = kinds.add_parser(
        "ansible",
        help="write a playbook with inventory and files",
        description="Writes a playbook with inventory and the files of every primary and gateway.",
        epilog=parser.epilog,
    )
    _takes_answers(ansible)
    ansible.add_argument("--out", metavar="DIR", required=True, type=Path, help="a new or empty folder")
    ansible.add_argument(
        "--plain-secrets", action="store_true", help="do not encrypt keys and passwords; you encrypt them yourself"
    )


def findings(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="explain this one")


def guide(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="the page to print; without it the list of topics")


_CONF_GET = """\
Prints the value in use. Standard error shows where it is, which other values it
hides, and why it is not certain. Included files in the same folder are read.
Environment variables are unknown unless you give --environment-file, a file
with NAME=value lines.
"""

_CONF_SET = """\
Changes the value in use and no other byte. Nothing is written if another place
would override the edit, or if other settings would change too. Standard error
shows the difference, with passwords masked.
"""


def conf(parser: Parser) -> None:
    """Its arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, purpose, words in (("get", "print a value", _CONF_GET), ("set", "change a value", _CONF_SET)):
        action = actions.add_parser(name, help=purpose, description=words, epilog=parser.epilog)
        action.add_argument("file", metavar="FILE", help="the HOCON file, like application.conf")
        action.add_argument("path", metavar="PATH", help='the setting, like hcp.tls.port or a."b.c"')
        action.add_argument(
            "--environment-file",
            metavar="E",
            help="the variables of the server's process, NAME=value lines (/proc/PID/environ is read as well)",
        )
        if name == "set":
            action.add_argument("--value-file", metavar="F", required=True, help="file with the new value; - is stdin")
            action.add_argument(
                "--let-others-follow",
                action="store_true",
                help="also change settings that refer to this one",
            )
