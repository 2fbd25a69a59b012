"""The arguments of each command. `wizard.cli.commands` names the function that runs it, in a module loaded later."""

import argparse
import re
from pathlib import Path
from typing import Any, NoReturn

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
        super().error(message)


def described(text: str) -> dict[str, Any]:
    """What argparse shows of a command: in the list of commands, in a sentence, and in full."""
    words, sentence, rest = text.split("\n", 2)
    return {"help": words, "description": sentence, "epilog": rest}


_ANSWERS = "the answers (TOML); LAST: those of the last completed run"


def _takes_answers(parser: Parser) -> None:
    parser.add_argument("--answers", metavar="FILE", required=True, type=Path, help=_ANSWERS)


def _names_primary(parser: Parser) -> None:
    """Where the primary answers, and for what name; what is not given is found on this machine."""
    parser.add_argument("--host", action="append", default=[], metavar="HOST", help="a node to check; may be repeated")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port of the primary (2560)")
    parser.add_argument("--servername", default="", metavar="NAME", help="the name that gateways connect to")


SANDBOX = """\
a practice deployment with real TLS
Creates a practice deployment with a running primary, and opens the wizard on it.
EXAMPLES
  cloudstream-wizard sandbox                       practise; nothing is left behind
  cloudstream-wizard sandbox create /tmp/practice  only create it
  cloudstream-wizard sandbox create /tmp/broken --fault wrong-password
  cloudstream-wizard sandbox create --list-faults
  cloudstream-wizard sandbox serve /tmp/practice   its server, in the foreground

EXIT CODES
  0 done   2 wrong usage, or the folder cannot be used
"""


def sandbox(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "what",
        nargs="*",
        metavar="[create|serve] [DIR]",
        help="the folder of the practice deployment; default: a temporary one that is removed afterwards",
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="include this fault; may be repeated"
    )
    parser.add_argument("--list-faults", action="store_true", help="list the faults and what each breaks")
    parser.add_argument("--configured", action="store_true", help="as after a successful set-up")
    parser.add_argument("--jre", metavar="PATH", type=Path, help="Java home to link in (default: this machine's)")
    # Without a default, so that the same option before the command counts, too.
    absent = argparse.SUPPRESS
    parser.add_argument("--plain", action="store_true", default=absent, help="ask line by line instead of full screen")
    parser.add_argument("--theme", choices=THEMES, default=absent, help="colours of the full screen")


INSPECT = """\
what is in files or folders; changes nothing
Shows what is in files or folders, and what is wrong with it.
The type of a file is detected from its content, never from its name. For a
protected file give --secret FILENAME=... or --secret password=... Otherwise
the password is asked for. Without it the file is listed and skipped.

EXAMPLES
  cloudstream-wizard inspect /root/from-pki-team
  cloudstream-wizard inspect primary-host.pfx --secret password=file:/root/pw
  cloudstream-wizard inspect *.cer --json | jq .chains

EXIT CODES
  0  everything was read, and nothing is wrong
  1  a finding of severity error or worse, or a file that could not be read
  2  wrong usage, or none of the files could be read
"""


def inspect(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder with files of any kind")


CHECK = """\
check a chain for a role
Checks a chain of certificates for the role of a primary, gateway or client.
The chain is the one whose certificate matches --host, otherwise the one with a
private key. Severity error: Java or another peer refuses the chain. Severity
blocker: the machine itself could not use it.

EXAMPLES
  cloudstream-wizard check --role primary --host primary-host primary-host.pfx
  cloudstream-wizard check --role gateway gw.cer chain.p7b gw.key \\
      --secret password=env:GW_KEY_PASSWORD
  cloudstream-wizard check --role client --ocsp --fetch-issuers folder --json

EXIT CODES
  0  suitable for the role, possibly with warnings
  1  a finding of severity error or worse
  2  wrong usage, or a file that cannot be used
"""


def check(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder with files of any kind")
    parser.add_argument("--role", required=True, choices=ROLES, help="what the chain is for")
    parser.add_argument("--host", metavar="NAME", help="the name that peers connect to")
    parser.add_argument(
        "--ocsp", action="store_true", help="check revocation with the responders and lists in the chain"
    )
    parser.add_argument(
        "--fetch-issuers",
        action="store_true",
        help="download a missing issuer from the HTTP address in the certificate",
    )


CSR = """\
a private key and a certificate request
Creates a private key and a request, or a PFX from that key and the CA's answer.
The private key is written encrypted, with mode 0600, and never leaves DIR.
Send only the .csr file to your PKI team. With the answer (P7B, PEM or DER),
use --complete: it writes a PFX of answer and key with the same password.

With --answers there is a key and a request for the primary, each gateway and
each client of the answers. The nodes of a cluster share the primary's. Send
the folder DIR/for-the-pki-team. The keys stay in DIR/keys. Then --complete
finds the key of each certificate by its public key. It writes the key stores
into DIR/stores, and DIR/answers.toml for the set-up. Each key has the password
of the files of its machine in the answers, or else key-password.

EXAMPLES
  cloudstream-wizard csr --answers answers.toml --out req --organization Acme
  cloudstream-wizard csr --answers answers.toml --out req --complete signed
  cloudstream-wizard csr --role primary --host primary-host --out req
  cloudstream-wizard csr --role gateway --host gw --san gw.acme.example \\
      --key p-256 --out req --secret key-password=file:/root/pw
  cloudstream-wizard csr --role primary --host primary-host --out req \\
      --complete answer.p7b --secret key-password=file:/root/pw

EXIT CODES
  0  written
  1  a PFX is written, but has a finding of severity error; or the certificate
     of a machine in the answers is missing
  2  wrong usage, or a file that cannot be used
"""


def csr(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--answers", metavar="FILE", type=Path, help="for every machine of these answers (TOML)")
    parser.add_argument("--role", choices=ROLES, help="what the certificate is for")
    parser.add_argument("--host", metavar="NAME", help="the name that peers connect to")
    parser.add_argument(
        "--san", action="append", default=[], metavar="NAME", help="another host name or address; may be repeated"
    )
    for name, what in (
        ("organization", "organisation"),
        ("unit", "organisational unit"),
        ("country", "country, two letters"),
        ("state", "state or province"),
        ("city", "city"),
        ("email", "e-mail address"),
    ):
        parser.add_argument(f"--{name}", default="", metavar="TEXT", help=f"{what} in the subject")
    parser.add_argument("--key", choices=KEYS, default=KEYS[0], help=f"kind of the key (default {KEYS[0]})")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for key and request")
    parser.add_argument("--complete", nargs="+", metavar="ANSWER", help="files from the CA: the answer and the issuers")
    parser.add_argument("--legacy", action="store_true", help="write the PFX for a JRE before 8u301 or 11.0.12")


PLAN = """\
what would change, with diffs
Shows what would change.
EXAMPLES
  cloudstream-wizard plan --answers answers.toml
  cloudstream-wizard plan --answers answers.toml --json
  cloudstream-wizard plan --answers answers.toml --out change.plan

EXIT CODES
  0 planned, or nothing to do   1 findings of severity error or worse
  2 wrong usage or unusable input

KEYS OF THE ANSWERS FILE (TOML; the first line is schema = 1)
{keys}"""

APPLY = """\
make the change, verify it, or restore everything
Makes the change and verifies it from outside, or restores everything.
EXAMPLES
  cloudstream-wizard apply --answers answers.toml
  cloudstream-wizard apply --answers answers.toml --yes \\
      --secret primary.password=file:/root/pfx-password
  cloudstream-wizard apply --plan change.plan --yes \\
      --secret primary.keystore-password=file:/root/store-password
  cloudstream-wizard apply --answers LAST --yes

LAST means the answers of the last completed run, for this machine alone. As a
deploy hook of certbot, acme.sh, lego or step it takes the files that these
have renewed, by their variables. A certificate for another host is none of
its business (exit 0); one under another root is refused (exit 1).

EXIT CODES
  0 applied and verified, or nothing to do   1 findings forbid the change
  2 wrong usage or unusable input   3 it failed and was undone
  4 an interrupted change needs recover   5 another run holds the lock
"""

_PHASES = """\
A new root is changed in four phases, so that no machine goes offline:
  trust-root   the new root trusted everywhere, beside the old one
  others       new certificates on gateways and clients
  primary      the new certificate on the primary
  retire-root  the old root removed everywhere

`apply` makes the phase that is next, as this machine and the checklist show.
To make another one, or "at-once", name it as phase in the answers file. {about}

EXAMPLES
  cloudstream-wizard {name} --answers answers.toml
  cloudstream-wizard {name} --answers answers.toml --yes

EXIT CODES
  0 applied and verified, or nothing to do   1 findings forbid the change
  2 wrong usage or unusable input, or the root does not change
  3 it failed and was undone
  4 an interrupted change needs recover   5 another run holds the lock
"""

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


STORE = """\
change password or alias, go back to the built-in certificate
Changes the key store and trust store that are installed on a primary server.
The certificate stays the same, except with built-in. Each is a change like any
other: the wizard shows it, verifies it, and can undo it.

EXAMPLES
  cloudstream-wizard store password            generates a new one
  cloudstream-wizard store password --yes \\
      --secret primary.keystore-password=file:/root/new-password
  cloudstream-wizard store alias primary-host
  cloudstream-wizard store built-in --dry-run  only shows what would change
  cloudstream-wizard store remove-ca           expired CAs of ours in cacerts

EXIT CODES
  0 applied and verified, or nothing to do   1 findings forbid the change
  2 wrong usage or unusable input   3 verification failed, and it was undone
  4 an interrupted change needs recover   5 another run holds the lock
"""


def store(parser: Parser) -> None:
    """Its arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in (
        ("password", "a new password for the key store, set in application.conf as well"),
        ("alias", "another alias for the certificate in the key store"),
        ("built-in", "let the server present its built-in certificate again"),
        ("remove-ca", "remove expired CA certificates that the wizard has put into cacerts"),
    ):
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=parser.epilog)
        if name == "alias":
            action.add_argument("alias", metavar="ALIAS", help="letters, digits, dots, hyphens, underscores")
        action.add_argument("--yes", action="store_true", help="do not ask")
        action.add_argument("--wait", **_WAIT)
        _names_primary(action)


def _phase_text(name: str, words: str, about: str) -> str:
    what = f"{words[0].upper()}{words[1:]}, here and in the bundles."
    return f"{words}\n{what}\n{_PHASES.format(name=name, about=about)}"


_FIRST = "This\ncommand makes the first: no certificate is changed."
TRUST_ROOT = _phase_text("trust-root", "trust the new root beside the old one", _FIRST)
_LAST = "This\ncommand makes the last, when the primary presents its new certificate."
RETIRE_ROOT = _phase_text("retire-root", "remove the old root, as the last phase", _LAST)


def phase(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)
    parser.add_argument("--wait", **_WAIT)
    parser.add_argument("--yes", action="store_true", help="do not ask")


ROLLBACK = """\
undo an applied change
Undoes a change.
Restores the content, owner, mode and attributes of each file that the change
replaced, and removes the files that it created. Then the service restarts, and
the old certificate is verified. If somebody changed the trust store since then,
only the imported certificate is removed. A rollback can itself be rolled back
by its ID.

EXAMPLES
  cloudstream-wizard rollback                 the newest change in effect
  cloudstream-wizard rollback 12              change 12
  cloudstream-wizard rollback 12 --yes        without the question
  cloudstream-wizard rollback --dry-run       only check it, and show what
                                              would be restored
  cloudstream-wizard rollback 12 --secret \\
      primary.cacerts-password=file:/root/cacerts.pw

EXIT CODES
  0 restored and verified   2 there is no such change, it cannot be undone, or
  it was not confirmed   3 it failed, and the newer state was kept
  4 recover is needed   5 another run holds the lock
"""

HISTORY = """\
list the changes
Lists the changes.
Lists the changes. With an ID, prints the record of one for a change ticket:
who, when, before, after, how it was verified, how to undo it. It also removes
old backups, which hold old private keys and passwords.

Without its backups a change cannot be undone, and `doctor --fix` cannot
restore its files. Nothing is removed while a change waits for recover. What is
removed is not overwritten on the disk.

EXAMPLES
  cloudstream-wizard history
  cloudstream-wizard history --json | jq '.changes[-1].id'
  cloudstream-wizard history 12                    the record of change 12
  cloudstream-wizard history 12 --json             the same for scripts
  cloudstream-wizard history --purge 12            backups of change 12
  cloudstream-wizard history --older-than 90 --yes
  cloudstream-wizard history --older-than 90 --dry-run

EXIT CODES
  0 listed or removed   2 the record cannot be read, or it was not confirmed
  4 a change waits for recover   5 another run holds the lock
"""

RECOVER = """\
finish or undo an interrupted change
Settles an interrupted change.
Undoes an interrupted change, or closes it if it was already verified. With
--finish the rest of it is made and verified. If somebody corrected the owner or
mode of a file since then, this correction stays. If the files are restored but
the server does not start, try `doctor --fix` first. With --keep everything is
accepted as it is now.

EXAMPLES
  cloudstream-wizard recover                  undo the interrupted change
  cloudstream-wizard recover --finish         make and verify the rest
  cloudstream-wizard recover --keep           leave everything as it is
  cloudstream-wizard recover --dry-run        what waits for recovery

EXIT CODES
  0 settled, or nothing to do   2 it cannot be settled in this way
  3 finishing failed, and it was undone   4 the undo is again not complete
  5 another run holds the lock
"""


def _days(text: str) -> int:
    """A number of days of 0 or more, for argparse."""
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"{text} is not a number of days from 0 to {_MOST_DAYS}")
    return int(text)


def rollback(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("change", nargs="?", metavar="ID", help="id or number (default: the newest in effect)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def history(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "change", nargs="?", metavar="ID", default="", help="print the record of this change for a ticket"
    )
    parser.add_argument("--purge", metavar="ID", default="", help="remove the backups of this change")
    parser.add_argument("--older-than", metavar="DAYS", type=_days, help="remove the backups of all older changes")
    parser.add_argument("--yes", action="store_true", help="do not ask before backups are removed")


def recover(parser: Parser) -> None:
    """Its arguments."""
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--undo", dest="mode", action="store_const", const="undo", help="undo it, even if its end is not known"
    )
    way.add_argument(
        "--finish", dest="mode", action="store_const", const="finish", help="make and verify the rest of it"
    )
    way.add_argument(
        "--keep", dest="mode", action="store_const", const="keep", help="close it and leave everything as it is"
    )
    parser.set_defaults(mode="auto")


PROBE = """\
what a TLS client sees
Connects to endpoints as a TLS client does, and shows what they present.
The result depends on the certificate that is presented. An alert alone is not
an error: a primary requires a client certificate. Without --client it presents
its own certificate and then ends the connection.

Without --servername the host name is sent as server name. For an IP address,
and with --servername "", none is sent.

EXAMPLES
  cloudstream-wizard probe localhost:2560 --servername primary-host
  cloudstream-wizard probe 10.0.0.5:2560 10.0.0.6:2560 \\
      --servername primary-host --expect primary-host.pfx
  cloudstream-wizard probe primary-host:2560 --client gateway-host.pfx \\
      --secret client-password=file:/root/gateway.pw
  cloudstream-wizard probe primary-host:2560 --revocation
  cloudstream-wizard probe primary-host:2560 --list-cas
  cloudstream-wizard probe primary-host:2560 --plain-dump
  cloudstream-wizard probe primary-host:2560 --json | jq .fallback

EXIT CODES
  0  the endpoint is as it should be
  1  unreachable, the built-in certificate, not the expected one, or another
     finding of severity error
  2  wrong usage, or a file that cannot be used
"""


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 0 < float(text) <= 600:
        raise argparse.ArgumentTypeError(f"{printable(text)} is not a number of seconds from 0.1 to 600")
    return float(text)


def probe(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "endpoints", nargs="+", metavar="HOST:PORT", help="where to connect; several are probed at the same time"
    )
    parser.add_argument("--servername", metavar="NAME", help='server name (SNI) to send; "" sends none')
    parser.add_argument("--client", metavar="PFX", help="present this certificate when the server asks")
    parser.add_argument("--expect", metavar="PATH", help="PFX, certificate, plan file or SHA-256 to compare with")
    parser.add_argument("--tls", choices=("1.2", "1.3"), help="offer this version only")
    parser.add_argument("--timeout", type=_seconds, default=10.0, metavar="S", help="longest wait in each phase (10)")
    parser.add_argument(
        "--revocation", action="store_true", help="check revocation with the responders and lists in the chain"
    )
    parser.add_argument("--list-cas", action="store_true", help="list the CAs that the server accepts by name")
    parser.add_argument("--plain-dump", action="store_true", help="print in the format of openssl s_client")


DOCTOR = """\
find out what is wrong with the installed server, and repair it
Checks the installed primary server and finds the root cause of each problem.
Nothing is changed without --fix. Each root cause has its evidence and a repair:
a plan that can be undone, or steps for you.

EXAMPLES
  cloudstream-wizard doctor
  cloudstream-wizard doctor --servername primary-host --port 2560
  cloudstream-wizard doctor --fix all                    as one change
  cloudstream-wizard doctor --fix doctor.password-wrong  this cause alone
  cloudstream-wizard doctor --json | jq .root_causes
  cloudstream-wizard doctor --bundle support.tar.gz
  cloudstream-wizard doctor --facts facts.json
  cloudstream-wizard doctor --log hcpclientcore.log

EXIT CODES
  0 nothing worse than a warning, or repaired and verified
  1 a finding of severity error or worse
  2 wrong usage or unusable input   3 the repair failed and was rolled back
  4 an interrupted change needs recover   5 another run holds the lock
"""


def doctor(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--fix", metavar="CODE", help="repair this root cause, or all: plan, show, ask, make")
    parser.add_argument("--yes", action="store_true", help="with --fix: do not ask")
    _names_primary(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--facts", metavar="FILE", type=Path, help="check saved facts instead of this machine")
    source.add_argument("--log", metavar="FILE", help="explain the lines of a server's or client's log (- is stdin)")
    parser.add_argument("--bundle", metavar="FILE", type=Path, help="write a support bundle without secrets (tar.gz)")


STATUS = """\
expiry and drift for monitoring
Checks whether the certificates are valid, presented, and as they were set up.
The first line is for monitoring. Below it are the certificates in all known
places, and the first day on which each connection fails, and for whom. Then
come the files that changed since the wizard wrote them. At the end is a list of
all certificates with their dates, days left and machines. The newest certificate
of each gateway and client in the inventory is included. Nothing is changed.

EXAMPLES
  cloudstream-wizard status
  cloudstream-wizard status --warn 45 --critical 14
  cloudstream-wizard status --also /root/handoff --json
  cloudstream-wizard status --prometheus /var/lib/node_exporter/tls.prom
  define command { command_line sudo cloudstream-wizard status }   (Nagios)

EXIT CODES
  0 ok   1 warning   2 critical   3 unknown, or wrong usage (as Nagios plugins)
"""


def status(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--warn", type=int, default=30, metavar="DAYS", help="warning below this number of days (30)")
    parser.add_argument(
        "--critical", type=int, default=7, metavar="DAYS", help="critical below this number of days (7)"
    )
    _names_primary(parser)
    parser.add_argument(
        "--also", action="append", default=[], metavar="PATH", help="more certificate files or folders to monitor"
    )
    parser.add_argument(
        "--prometheus", type=Path, metavar="FILE", help="also write the figures for the textfile collector to FILE"
    )


TIMER = """\
check the certificates regularly, with systemd
Installs or removes a systemd timer that runs status.
A systemd timer runs `status` regularly. It is installed and removed as a
change: the wizard shows it, verifies it, and can undo it. A warning or worse
leaves the unit cloudstream-wizard-status.service in the state failed, with the
output in the journal. With --prometheus the figures are kept for a collector.

EXAMPLES
  cloudstream-wizard timer install             every day
  cloudstream-wizard timer install --warn 45 --yes \\
      --prometheus /var/lib/node_exporter/tls.prom
  cloudstream-wizard timer install --calendar 'Mon *-*-* 06:00'
  cloudstream-wizard timer install --dry-run   only shows what would change
  cloudstream-wizard timer remove

EXIT CODES
  0 done, or nothing to do   2 wrong usage, or there is no systemd
  3 systemd did not follow, and it was undone
  4 an interrupted change needs recover   5 another run holds the lock
"""


def _calendar(text: str) -> str:
    """A time of systemd.time(7), for argparse; systemd itself refuses one that it does not understand."""
    if not re.fullmatch(r"[\w *:,./~+-]{1,100}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{printable(text)} is not a time as in systemd.time(7)")
    return text


def timer(parser: Parser) -> None:
    """Its arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, what in (
        ("install", "install the timer, or change what it does"),
        ("remove", "stop the timer and remove its files"),
    ):
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=parser.epilog)
        action.add_argument("--yes", action="store_true", help="do not ask")
        if name == "install":
            action.add_argument(
                "--calendar",
                type=_calendar,
                default="daily",
                metavar="TIME",
                help="when, as in systemd.time(7) (daily)",
            )
            status(action)


REHEARSE = """\
mutual TLS between the chains, in memory
Connects every gateway and client of the answers to the primary, in memory.
The test assumes the trust stores after the change and after the uploads to the
portal. It applies Java's rules for usage, names and chains.

EXAMPLES
  cloudstream-wizard rehearse --answers answers.toml
  cloudstream-wizard rehearse --answers answers.toml --json

EXIT CODES
  0 all connections would work   1 some would not
  2 wrong usage or unusable input
"""


def rehearse(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)


HANDOFF = """\
bundles and checklists for portal, gateways, clients
Writes a folder for each machine that the wizard cannot reach.
EXAMPLES
  cloudstream-wizard handoff --answers answers.toml --out packs
  cloudstream-wizard handoff --answers answers.toml --out packs --json

EXIT CODES
  0 written   2 wrong usage, unusable input, or an unsuitable certificate
"""


def handoff(parser: Parser) -> None:
    """Its arguments."""
    _takes_answers(parser)
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="a new or empty folder")


INVENTORY = """\
the certificates that were handed out
List the certificates that were handed out in bundles, for which machine, and when each ends.
What bundles and roll-outs gave to gateways, clients and cluster nodes: the
certificate, its end and its bundle, the first to end in front. The newest of
each machine is watched by status. A machine that is gone is taken out.

EXAMPLES
  cloudstream-wizard inventory
  cloudstream-wizard inventory --json | jq -r '.machines[].not_after'
  cloudstream-wizard inventory --remove old-gateway

EXIT CODES
  0 shown   2 there is no such machine, or the inventory cannot be read
"""


def inventory(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument(
        "--remove", metavar="MACHINE", action="append", default=[], help="watch this machine no more; may be repeated"
    )


CHECKLIST = """\
what is left to do elsewhere, with ticks
Shows what is left to do in the portal and on other machines, and ticks it.
Give a step by its number in the list, or by its permanent id (--json). A
second --tick removes the tick. The policy comes last: to tick it before the
others needs a confirmation, or --yes without a terminal.

EXAMPLES
  cloudstream-wizard checklist
  cloudstream-wizard checklist --answers answers.toml    makes the list
  cloudstream-wizard checklist --tick 1 --tick 2
  cloudstream-wizard checklist --tick policy/account --yes
  cloudstream-wizard checklist --json

EXIT CODES
  0 shown   2 there is no list, or a step cannot be ticked
"""


def checklist(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("--answers", metavar="FILE", type=Path, help="make the list from these answers (TOML)")
    parser.add_argument("--tick", metavar="STEP", action="append", default=[], help="its number or id; may be repeated")
    parser.add_argument("--yes", action="store_true", help="tick the policy even if other steps are not ticked")


EXPORT = """\
roll-out over many machines with Ansible
Writes what another tool needs to make the change on many machines.
The folder contains a playbook, an inventory, and the files of every primary and
gateway. On a primary, Ansible only starts this wizard, which must be installed
there. Gateways get their stores and the lines of the unattended file. Files
with a key or a password are encrypted for ansible-vault.

EXAMPLES
  cloudstream-wizard export ansible --answers answers.toml --out rollout \\
      --secret vault-password=file:/root/vault.pw
  cloudstream-wizard export ansible --answers answers.toml --out rollout \\
      --plain-secrets --json
  ansible-playbook -i rollout/inventory.ini --check rollout/site.yml

EXIT CODES
  0 written   2 wrong usage, unusable input, or an unsuitable certificate
"""


def export(parser: Parser) -> None:
    """Its arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="TOOL", required=True)
    ansible = kinds.add_parser(
        "ansible",
        help="a playbook with inventory and files",
        description="Writes a playbook with inventory and the files of every primary and gateway.",
        epilog=parser.epilog,
    )
    _takes_answers(ansible)
    ansible.add_argument("--out", metavar="DIR", required=True, type=Path, help="a new or empty folder")
    ansible.add_argument(
        "--plain-secrets", action="store_true", help="do not encrypt keys and passwords: you do it yourself"
    )


FINDINGS = """\
list all findings, or explain one
Lists every finding and refusal with its code, or explains one.
EXAMPLES
  cloudstream-wizard findings
  cloudstream-wizard findings chain.incomplete
  cloudstream-wizard findings --json | jq '.findings[].code'

EXIT CODES
  0  printed
  2  wrong usage, or there is no such code
"""


def findings(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("code", nargs="?", metavar="CODE", help="explain this one")


GUIDE = """\
the documentation, offline
Print the documentation that comes with the program.
EXAMPLES
  cloudstream-wizard guide                 the topics
  cloudstream-wizard guide set-up | less
  cloudstream-wizard guide answers         keys of the answers file
  cloudstream-wizard guide json-schema     what --json prints

EXIT CODES
  0 printed   2 there is no such topic
"""


def guide(parser: Parser) -> None:
    """Its arguments."""
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="this page; without it the list of topics")


CONF = """\
read or set one value of a HOCON file
Reads or changes one setting of a HOCON file, and leaves the rest unchanged.
EXAMPLES
  cloudstream-wizard conf get /opt/hcp/conf/application.conf \\
      hcp.default-keystore-file
  cloudstream-wizard conf get application.conf server.port --json
  cloudstream-wizard conf set application.conf hcp.default-keystore-password \\
      --value-file /root/new-password --dry-run

EXIT CODES
  0  done, or the value was already set
  1  get: the value is not certain, because something was not read
  2  the file, the path or the value cannot be used; nothing was changed
"""

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
                help="allow that settings which refer to this one change too",
            )
