"""The repair of each root cause: an ordinary plan of the wizard, or exact steps for the operator.

A repair is data. `wizard.doctor.repair.plan` turns those that the wizard can make into a plan.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from wizard import codes
from wizard.doctor.facts import DoctorFacts
from wizard.findings import Finding
from wizard.printable import printable
from wizard.secret import Secret

Give = Callable[[str], Secret | None]
"""Asks for a secret by its name; None when there is none."""


class Kind(StrEnum):
    """What a repair changes."""

    RESTART = "restart"
    """Restart or start the service."""
    REPAIR_CONF = "mend_conf"  # the value is in the JSON output
    """Undo the damage that an editor did to application.conf."""
    SET_FILE = "set_file"
    """Set the key store's path to a file that opens."""
    SET_PASSWORD = "set_password"  # noqa: S105 - the name of a kind
    """Set the password to one that opens the key store."""
    SET_BOTH = "set_both"
    """Give both settings, at every place, the values that work."""
    REWRITE_STORE = "rewrite_store"
    """Write the key store again: PKCS12, one key, one ASCII password, the encryption that the JRE reads."""
    IMPORT_ROOT = "import_root"
    """Import the root of the installed chain into cacerts."""
    FROM_RECORD = "from_record"
    """Write the settings and the key store of the changes again and what is lost since: key store, settings, trust."""
    RIGHTS = "rights"
    """Give a file the tightest owner and mode with which the service can read it."""
    BY_HAND = "by_hand"
    """The operator has to do it."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What to do about one root cause.

    Attributes:
        code: of the finding.
        kind: what would be changed.
        summary: one line.
        path: the file concerned, logical; "" when there is none.
        steps: for a person, in order; with BY_HAND they are all there is.
        commands: those of the steps that are typed into a shell; also for a repair that the wizard can make.
    """

    code: str
    kind: Kind
    summary: str
    path: str = ""
    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def automatic(self) -> bool:
        """Whether `doctor --fix` can make a plan for it."""
        return self.kind is not Kind.BY_HAND

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self) | {"automatic": self.automatic}


_RESTART_IT = (Kind.RESTART, "Restart {unit} and verify its certificate")
_UNDO_DAMAGE = (Kind.REPAIR_CONF, "Repair the damage that an editor did to {path}")
_LET_READ = (Kind.RIGHTS, "Let the service read {file}")
_LET_NO_OTHER_READ = (Kind.RIGHTS, "Stop other accounts from reading {file}")
_AUTOMATIC: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(("not-restarted", "fallback-served", "other-certificate-served"), _RESTART_IT),
    "service-stopped": (Kind.RESTART, "Start {unit} and verify its certificate"),
    "service-failed": (Kind.RESTART, "Start {unit} again and verify its certificate"),
    "conf-utf16": (Kind.REPAIR_CONF, "Write {path} as UTF-8 and keep every character"),
    **dict.fromkeys(("conf-syntax", "conf-damaged"), _UNDO_DAMAGE),
    "typographic-quotes": (Kind.SET_BOTH, "Replace the typographic quotes in {path}"),
    "conf-not-utf8": (Kind.REWRITE_STORE, "Write the key store again with a new password, and set it in {path}"),
    "value-cut": (Kind.SET_PASSWORD, "Put the whole value in quotes in {path}"),
    "password-wrong": (Kind.SET_PASSWORD, "Set the password that opens the key store in {path}"),
    "setting-masked": (Kind.SET_BOTH, "Set the value that works where {path} uses it"),
    "setting-elsewhere": (Kind.SET_BOTH, "Set the values that work in every place of {path}"),
    "setting-commented": (Kind.SET_BOTH, "Remove the comment signs in {path}"),
    **dict.fromkeys(("store-missing", "store-is-folder"), (Kind.SET_FILE, "Set the path of the key store in {path}")),
    **dict.fromkeys(("store-unreadable", "conf-unreadable", "cacerts-unreadable"), _LET_READ),
    **dict.fromkeys(("conf-world-readable", "store-world-readable"), _LET_NO_OTHER_READ),
    "store-not-pkcs12": (Kind.REWRITE_STORE, "Write the key store again as PKCS12"),
    "password-not-ascii": (Kind.REWRITE_STORE, "Write the key store again with an ASCII password, and set it"),
    "key-password": (Kind.REWRITE_STORE, "Write the key store again with one password for store and key"),
    "store-too-new": (Kind.REWRITE_STORE, "Write the key store again with an encryption that this Java can read"),
    "store-two-keys": (Kind.REWRITE_STORE, "Write the key store again with only the right key"),
    "java-refuses-store": (Kind.REWRITE_STORE, "Write the key store again for this Java"),
    "root-not-trusted": (Kind.IMPORT_ROOT, "Import the root into cacerts"),
    "cacerts-replaced": (Kind.IMPORT_ROOT, "Import the root into cacerts again"),
}

_FROM_RECORD = ("settings-lost", "store-lost", "cacerts-replaced", "conf-missing")
"""What is written again from the record of changes, when that has what is needed."""

_RESTARTED = ("$ systemctl restart {unit}", "$ cloudstream-wizard doctor")

_NEW_CERTIFICATE = (
    "Ask the PKI team for a new certificate for {name}. To make a request with a new key:",
    "$ cloudstream-wizard csr --role primary --host {name} --out DIR",
    "When you have the certificate, run cloudstream-wizard and choose to replace certificates.",
)
_AGAIN = (
    "Get the PFX of this host from the PKI team or from your own archive.",
    "Run cloudstream-wizard, choose to replace certificates, and enter that file.",
)

_SET_UP_AGAIN = (
    "The record has no copy of the key store that opens, so it cannot be restored.",
    "Get the PFX of this host from the PKI team or from your own archive.",
    "Run cloudstream-wizard and set up the server with it.",
)

_PUT_BACK = ("Restore {file} from a backup or from the product's installer.", "$ cloudstream-wizard doctor --fix all")

_BY_HAND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("store-empty", "store-damaged", "store-no-key", "store-key-mismatch"), _AGAIN),
    **dict.fromkeys(("cacerts-missing", "cacerts-damaged", "cacerts-empty"), _PUT_BACK),
    **dict.fromkeys(("settings-lost", "store-lost"), _SET_UP_AGAIN),
    "conf-missing": (
        "Check whether a recorded change can be undone:",
        "$ cloudstream-wizard history",
        "Otherwise get the file from the product's installer or from the machine's own backup. Then:",
        "$ cloudstream-wizard doctor",
    ),
    "conf-syntax": (
        "Open {path} with an editor (nano, vi; not Notepad) at line {line}.",
        "$ editor +{line} {path}",
        "Correct it: {reason}",
        "$ cloudstream-wizard doctor",
    ),
    "include-broken": ("Correct it: {reason}", *_RESTARTED),
    "unit-masked": (
        "Find out who masked {unit}, and why.",
        "$ systemctl unmask {unit}",
        "$ systemctl start {unit}",
        "$ cloudstream-wizard doctor",
    ),
    "unit-missing": (
        "Check that the product is installed here:",
        "$ systemctl list-unit-files",
        "Install it, or repair it.",
    ),
    "port-taken": (
        "Find the program that listens on the port:",
        "$ ss -ltnp",
        "Stop it, or configure another port for it. Then:",
        *_RESTARTED,
    ),
    "crash-loop": (
        "Find out why it stops:",
        "$ journalctl -u {unit} -n 50",
        "Fix the cause. systemd may refuse another start, so reset its counter first:",
        "$ systemctl reset-failed {unit}",
        *_RESTARTED,
    ),
    "service-starting": ("Wait a minute, then check again.", "$ cloudstream-wizard doctor"),
    "store-unreadable": (
        "The service cannot enter {blocked}. Give its account permission to do so:",
        "$ setfacl -m u:{user}:x {blocked}",
        *_RESTARTED,
    ),
    "setting-missing": ("Run cloudstream-wizard and set up the server. It shows where the line belongs.",),
    "clock-wrong": ("$ timedatectl set-ntp true", *_RESTARTED),
    "change-interrupted": ("Undo or finish it:", "$ cloudstream-wizard recover"),
    "root-not-trusted": (
        "Repair the product's Java. The doctor then imports the root:",
        "$ cloudstream-wizard doctor --fix all",
        "Or import it manually, with the root as ROOT.cer and any keytool:",
        "$ sudo keytool -importcert -alias cloudstream-root -file ROOT.cer -keystore {file}",
        "Its password is changeit, unless somebody changed it.",
        "$ systemctl restart {unit}",
    ),
    "cacerts-password": (
        "Ask who changed it; the wizard does not reset it. Give it to the doctor:",
        "$ cloudstream-wizard doctor --secret primary.cacerts-password=file:PATH",
    ),
    "ca-not-accepted": (
        "Portal: open Security > Security options > Certificates > Trusted CA certificates.",
        "Older portals: open Account settings > CERTIFICATES instead.",
        "Upload {missing}.",
        "A bundle contains the files:",
        "$ cloudstream-wizard handoff --answers FILE --out DIR",
    ),
    "client-auth-off": (
        "Set client authentication to need again, where your version sets it in {path}.",
        "$ editor {path}",
        *_RESTARTED,
    ),
    "tls12-off": ('Add "TLSv1.2" to the protocols in {path}.', "$ editor {path}", *_RESTARTED),
    "conf-not-used": (
        "Remove {option} at {place}, or make both settings there.",
        "$ systemctl daemon-reload",
        *_RESTARTED,
    ),
    "setting-overruled": ("Remove {option} at {place}.", "$ systemctl daemon-reload", *_RESTARTED),
    "account-missing": (
        "Create the account as the product's installer does, or correct User= in the unit:",
        "$ systemctl edit --full {unit}",
        *_RESTARTED,
    ),
    "unit-changed": ("$ systemctl daemon-reload", *_RESTARTED),
    "unit-broken": (
        "Correct the unit, or install the product's unit file again:",
        "$ systemctl edit --full {unit}",
        *_RESTARTED,
    ),
    "for-another-host": (
        "If gateways connect to {names}, nothing is wrong. Give that name to the doctor:",
        "$ cloudstream-wizard doctor --servername NAME",
        "Otherwise ask the PKI team for a certificate for {name}. To make a request with a new key:",
        "$ cloudstream-wizard csr --role primary --host {name} --out DIR",
    ),
    codes.CHAIN_INCOMPLETE.code: (
        "Get the missing intermediate from the PKI team.",
        "Run cloudstream-wizard, and choose to replace certificates.",
        "Enter the folder with the key store and the intermediate.",
    ),
    codes.VALIDITY_EXPIRES_SOON.code: _NEW_CERTIFICATE,
}


def repair_for(finding: Finding, facts: DoctorFacts) -> Repair:
    """What to do about *finding*, a root cause."""
    short = finding.code.removeprefix("doctor.")
    names = _names(finding, facts)
    path = finding.subject.path
    if short in _FROM_RECORD and _recorded(finding, facts):
        fix = _FIX.format(code=finding.code)
        return Repair(finding.code, Kind.FROM_RECORD, "Write again what the changes left", path, commands=(fix,))
    known = _AUTOMATIC.get(short)
    if known is not None and _possible(finding, known[0], facts):
        kind, summary = known
        typed = _COMMANDS.get(short) or _COMMANDS.get(kind, (_FIX,))
        commands = tuple(each.format_map(names) for each in typed)
        return Repair(finding.code, kind, summary.format_map(names), path, commands=commands)
    lines = _BY_HAND.get(short, ())
    if not lines and of_certificate(finding.code):
        lines = _NEW_CERTIFICATE
    filled = [line.format_map(names) for line in lines or (finding.fix,)]
    steps = tuple(line.removeprefix(_TYPED) for line in filled)
    commands = tuple(line.removeprefix(_TYPED) for line in filled if line.startswith(_TYPED))
    return Repair(finding.code, Kind.BY_HAND, finding.fix, path, steps, commands)


_TYPED = "$ "
"""Begins a step that is typed into a shell."""
_FIX = "cloudstream-wizard doctor --fix {code}"
_RESTART = ("systemctl restart {unit}", "cloudstream-wizard doctor")


_COMMANDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("conf-world-readable", "store-world-readable"), ("chmod o-r {file}", "cloudstream-wizard doctor")),
    **dict.fromkeys(("service-stopped", "service-failed"), ("journalctl -u {unit} -n 50", *_RESTART)),
    "cacerts-unreadable": ("chmod 0644 {file}", *_RESTART),
    Kind.RESTART: _RESTART,
    Kind.RIGHTS: ("chgrp GROUP {file}", "chmod 0640 {file}", *_RESTART),
    **dict.fromkeys((Kind.SET_FILE, Kind.SET_PASSWORD, Kind.SET_BOTH), ("editor +{line} {path}", *_RESTART)),
    Kind.IMPORT_ROOT: ("{keytool} -importcert -keystore {file} -alias NAME -file ROOT.cer", *_RESTART),
}
"""What a person types who makes a repair without the wizard, by cause or kind; the others only the wizard can make."""


def of_certificate(code: str) -> bool:
    """Whether a new certificate is what removes the cause *code*."""
    return code.partition(".")[0] in _NEW or code == codes.DOCTOR_FOR_ANOTHER_HOST.code


_NEW = {"validity", "name", "usage", "key-usage", "strength", "algorithm", "chain"}


def _names(finding: Finding, facts: DoctorFacts) -> dict[str, str]:
    leaf = facts.store.leaf if facts.store else None
    values = {
        **{name: str(finding.facts.get(name, "")) for name in ("reason", "missing", "option", "place", "names")},
        "unit": facts.unit.name if facts.unit else "hcp-server",
        "path": facts.conf.file.path if facts.conf else "application.conf",
        "file": finding.subject.path,
        "name": facts.servername or (leaf.name if leaf else "this host"),
        "line": str(finding.facts.get("line", "") or finding.subject.line or _line(finding, facts)),
        "blocked": str(finding.facts.get("at", "")),
        "user": (facts.unit.user if facts.unit else "") or "ACCOUNT",
        "code": finding.code,
        "keytool": f"{facts.java.home}/bin/keytool" if facts.java else "keytool",
    }
    if finding.spec == codes.DOCTOR_FOR_ANOTHER_HOST:
        values["name"] = next(iter(facts.own_names), "this host")
    return {name: printable(text) for name, text in values.items()}


def _line(finding: Finding, facts: DoctorFacts) -> int:
    """The line of the setting that *finding* is about, from 1."""
    conf = facts.conf
    about_password = "password" in finding.code
    setting = None if conf is None else conf.password if about_password else conf.store_file
    return max(1, setting.line) if setting is not None and not setting.source else 1


def _recorded(finding: Finding, facts: DoctorFacts) -> bool:
    """Whether the record has what is needed to repair *finding*."""
    change = facts.change
    if change is None:
        return False
    if finding.code == codes.DOCTOR_CACERTS_REPLACED.code:
        lost = [file for file in change.files if file.trust_present is False]
        return all(file.kept for file in lost) and facts.java is not None and facts.java.present == "whole"
    return change.settings is not None and change.settings.kept


def _possible(finding: Finding, kind: Kind, facts: DoctorFacts) -> bool:
    """Whether the wizard has what the repair needs; what only a password is missing for is possible."""
    short = finding.code.removeprefix("doctor.")
    if kind is Kind.REPAIR_CONF:
        return facts.conf is not None and any(damage.repairable for damage in facts.conf.damage)
    if kind is Kind.RIGHTS:
        files = [part.file for part in (facts.conf, facts.store, facts.cacerts) if part is not None]
        mine = [file for file in files if file.path == finding.subject.path and file.service_reads is False]
        return all(file.blocked_at in {"", file.path, file.link_to} for file in mine)
    if kind is Kind.SET_FILE:
        return facts.store is not None and bool(facts.store.similar)
    if kind is Kind.REWRITE_STORE and short in {"conf-not-utf8", "store-not-pkcs12"}:
        return facts.store is not None and (facts.store.usable or facts.store.keys > 0 or short == "conf-not-utf8")
    if kind is Kind.IMPORT_ROOT:
        return facts.java is not None and facts.java.present == "whole"
    return True
