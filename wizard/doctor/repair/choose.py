"""What can be done about each root cause: by the wizard with an ordinary plan, or by a person with exact words.

A repair is data. `wizard.doctor.repair.plan` turns those that the wizard can make into a plan.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wizard import codes
from wizard.doctor.facts import DoctorFacts
from wizard.findings import Finding
from wizard.printable import printable


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
    """Write the key store anew: PKCS12, one key, one ASCII password, the encryption that the JRE reads."""
    IMPORT_ROOT = "import_root"
    """Import the root of the installed chain into cacerts."""
    FROM_RECORD = "from_record"
    """Write again what the changes left and what is lost since: key store, settings, trust."""
    RIGHTS = "rights"
    """Give a file the tightest owner and mode with which the service can read it."""
    BY_HAND = "by_hand"
    """A person has to do it."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What to do about one root cause.

    Attributes:
        code: of the finding.
        kind: what would be changed.
        summary: one line.
        path: the file concerned, logical; "" when there is none.
        steps: for a person, in order; with BY_HAND they are all there is.
    """

    code: str
    kind: Kind
    summary: str
    path: str = ""
    steps: tuple[str, ...] = ()

    @property
    def automatic(self) -> bool:
        """Whether `doctor --fix` can make a plan for it."""
        return self.kind is not Kind.BY_HAND

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "code": self.code,
            "kind": self.kind.value,
            "automatic": self.automatic,
            "summary": self.summary,
            "path": self.path,
            "steps": list(self.steps),
        }


_AUTOMATIC: dict[str, tuple[Kind, str]] = {
    "not-restarted": (Kind.RESTART, "Restart {unit} and prove what it serves"),
    "fallback-served": (Kind.RESTART, "Restart {unit} and prove what it serves"),
    "other-certificate-served": (Kind.RESTART, "Restart {unit} and prove what it serves"),
    "service-stopped": (Kind.RESTART, "Start {unit} and prove what it serves"),
    "service-failed": (Kind.RESTART, "Start {unit} again and prove what it serves"),
    "conf-utf16": (Kind.REPAIR_CONF, "Write {path} as UTF-8, every character kept"),
    "conf-syntax": (Kind.REPAIR_CONF, "Repair the damage that an editor did to {path}"),
    "conf-damaged": (Kind.REPAIR_CONF, "Repair the damage that an editor did to {path}"),
    "typographic-quotes": (Kind.SET_BOTH, "Replace the typographic quotes in {path}"),
    "conf-not-utf8": (Kind.REWRITE_STORE, "Write the key store anew with a new password, and set it in {path}"),
    "value-cut": (Kind.SET_PASSWORD, "Put the whole value in quotes in {path}"),
    "password-wrong": (Kind.SET_PASSWORD, "Set the password that opens the key store in {path}"),
    "setting-masked": (Kind.SET_BOTH, "Give the place that counts in {path} the value that works"),
    "setting-elsewhere": (Kind.SET_BOTH, "Give every place in {path} the values that work"),
    "setting-commented": (Kind.SET_BOTH, "Take the comment signs away in {path}"),
    "store-missing": (Kind.SET_FILE, "Set the path of the key store in {path}"),
    "store-is-folder": (Kind.SET_FILE, "Set the path of the key store in {path}"),
    "store-unreadable": (Kind.RIGHTS, "Let the service read {file}"),
    "conf-unreadable": (Kind.RIGHTS, "Let the service read {file}"),
    "cacerts-unreadable": (Kind.RIGHTS, "Let the service read {file}"),
    "conf-world-readable": (Kind.RIGHTS, "Take the right to read {file} away from others"),
    "store-world-readable": (Kind.RIGHTS, "Take the right to read {file} away from others"),
    "store-not-pkcs12": (Kind.REWRITE_STORE, "Write the key store anew as PKCS12"),
    "password-not-ascii": (Kind.REWRITE_STORE, "Write the key store anew with an ASCII password, and set it"),
    "key-password": (Kind.REWRITE_STORE, "Write the key store anew with one password for store and key"),
    "store-too-new": (Kind.REWRITE_STORE, "Write the key store anew with the encryption that this Java reads"),
    "store-two-keys": (Kind.REWRITE_STORE, "Write the key store anew with the one key that belongs here"),
    "java-refuses-store": (Kind.REWRITE_STORE, "Write the key store anew for this Java"),
    "root-not-trusted": (Kind.IMPORT_ROOT, "Import the root into cacerts"),
    "cacerts-replaced": (Kind.IMPORT_ROOT, "Import the root into cacerts again"),
}

_FROM_RECORD = ("settings-lost", "store-lost", "cacerts-replaced", "conf-missing")
"""What is written again from the record of changes, when that has what is needed."""

_NEW_CERTIFICATE = (
    "Ask the PKI team for a new certificate for {name}.",
    "A request with a fresh key: cloudstream-wizard csr --role primary --host {name} --out DIR",
    "When it has come, run cloudstream-wizard and choose to replace certificates.",
)
_AGAIN = (
    "Get the PFX of this host from the PKI team, or from where it was kept.",
    "Run cloudstream-wizard and choose to replace certificates; name that file.",
)

_SET_UP_AGAIN = (
    "It cannot be written again from the record: no copy of the key store that opens is kept.",
    "Get the PFX of this host from the PKI team, or from where it was kept.",
    "Run cloudstream-wizard and set the server up with it.",
)

_BY_HAND: dict[str, tuple[str, ...]] = {
    "settings-lost": _SET_UP_AGAIN,
    "store-lost": _SET_UP_AGAIN,
    "conf-missing": (
        "See whether a backup is there: cloudstream-wizard history",
        "Else take the file from the product's installer, or from the machine's own backup.",
        "Then run cloudstream-wizard doctor again.",
    ),
    "conf-syntax": (
        "Open {path} with an editor (nano, vi; not Notepad) at line {line}.",
        "Correct it: {reason}",
        "Or put a backup back: cloudstream-wizard history",
        "cloudstream-wizard doctor",
    ),
    "include-broken": (
        "Correct it: {reason}",
        "systemctl restart {unit}",
        "cloudstream-wizard doctor",
    ),
    "unit-masked": (
        "Find out who masked {unit}, and why.",
        "systemctl unmask {unit}",
        "systemctl start {unit}",
        "cloudstream-wizard doctor",
    ),
    "unit-missing": (
        "Check that the product is installed here: systemctl list-unit-files",
        "Install it, or repair it.",
    ),
    "port-taken": (
        "Find the program: ss -ltnp",
        "End it, or give it another port.",
        "systemctl restart {unit}",
        "cloudstream-wizard doctor",
    ),
    "crash-loop": (
        "Read why it ends: journalctl -u {unit} -n 50",
        "Remove the cause. Then, because systemd may refuse a start after so many:",
        "systemctl reset-failed {unit}",
        "systemctl restart {unit}",
    ),
    "service-starting": ("Wait a minute.", "cloudstream-wizard doctor"),
    "store-unreadable": (
        "{blocked} is what stops the service; give its account the right to enter:",
        "setfacl -m u:{user}:x {blocked}   (or: chgrp GROUP {blocked}; chmod g+x {blocked})",
        "systemctl restart {unit}",
        "cloudstream-wizard doctor",
    ),
    "setting-missing": ("Run cloudstream-wizard and set the server up; it says where the line belongs.",),
    "store-empty": _AGAIN,
    "store-damaged": _AGAIN,
    "store-no-key": _AGAIN,
    "store-key-mismatch": _AGAIN,
    "clock-wrong": ("timedatectl set-ntp true", "systemctl restart {unit}", "cloudstream-wizard doctor"),
    "change-interrupted": ("cloudstream-wizard recover",),
    "root-not-trusted": (
        "Put the product's Java right; doctor --fix doctor.root-not-trusted then imports it.",
        "Or import it by hand, with the root as ROOT.cer and any keytool:",
        "sudo keytool -importcert -alias cloudstream-root -file ROOT.cer -keystore {file}",
        "Its password is changeit, unless somebody changed it.",
        "systemctl restart {unit}",
    ),
    "cacerts-missing": (
        "Put {file} back from a backup or from the product's installer.",
        "cloudstream-wizard doctor --fix doctor.root-not-trusted",
    ),
    "cacerts-damaged": (
        "Put {file} back from a backup or from the product's installer.",
        "cloudstream-wizard doctor --fix doctor.root-not-trusted",
    ),
    "cacerts-empty": (
        "Put {file} back from a backup or from the product's installer.",
        "cloudstream-wizard doctor --fix doctor.root-not-trusted",
    ),
    "cacerts-password": (
        "Ask who changed it; the wizard does not set it back.",
        "Give it to the wizard: --secret primary.cacerts-password=file:PATH",
    ),
    "ca-not-accepted": (
        "Portal: Security > Security options > Certificates > Trusted CA certificates",
        "(older portals: Account settings > PKI and encryption).",
        "Upload there: {missing}",
        "The files: cloudstream-wizard handoff --answers FILE --out DIR",
    ),
    "client-auth-off": (
        "Set client authentication back to need where your version has it in application.conf.",
        "systemctl restart {unit}",
    ),
    "tls12-off": ('Put "TLSv1.2" back into the protocols in application.conf.', "systemctl restart {unit}"),
    codes.CHAIN_INCOMPLETE.code: (
        "Get the missing intermediate from the PKI team.",
        "Run cloudstream-wizard, choose to replace certificates,",
        "and name the folder with the key store and the intermediate.",
    ),
    codes.VALIDITY_EXPIRES_SOON.code: _NEW_CERTIFICATE,
}


def repair_for(finding: Finding, facts: DoctorFacts) -> Repair:
    """What to do about *finding*, a root cause."""
    short = finding.code.removeprefix("doctor.")
    names = _names(finding, facts)
    steps = tuple(step.format_map(names) for step in _BY_HAND.get(short, ()))
    if short in _FROM_RECORD and _recorded(finding, facts):
        return Repair(finding.code, Kind.FROM_RECORD, "Write again what the changes left", finding.subject.path)
    known = _AUTOMATIC.get(short)
    if known is not None and _possible(short, known[0], facts):
        return Repair(finding.code, known[0], known[1].format_map(names), finding.subject.path)
    if not steps and short.partition(".")[0] in {"validity", "name", "usage", "key-usage", "strength", "algorithm"}:
        steps = tuple(step.format_map(names) for step in _NEW_CERTIFICATE)
    return Repair(finding.code, Kind.BY_HAND, finding.fix, finding.subject.path, steps or (finding.fix,))


def _names(finding: Finding, facts: DoctorFacts) -> dict[str, str]:
    leaf = facts.store.leaf if facts.store else None
    values = {
        "unit": facts.unit.name if facts.unit else "hcp-server",
        "path": facts.conf.file.path if facts.conf else "application.conf",
        "file": finding.subject.path,
        "name": facts.servername or (leaf.name if leaf else "this host"),
        "line": str(finding.facts.get("line", "")),
        "reason": str(finding.facts.get("reason", "")),
        "blocked": str(finding.facts.get("at", "")),
        "user": (facts.unit.user if facts.unit else "") or "ACCOUNT",
        "missing": str(finding.facts.get("missing", "")),
    }
    return {name: printable(text) for name, text in values.items()}


def _recorded(finding: Finding, facts: DoctorFacts) -> bool:
    """Whether the record has what is needed to repair *finding*."""
    change = facts.change
    if change is None:
        return False
    if finding.code == codes.DOCTOR_CACERTS_REPLACED.code:
        lost = [file for file in change.files if file.trust_present is False]
        return all(file.kept for file in lost) and facts.java is not None and facts.java.present == "whole"
    return change.settings is not None and change.settings.kept


def _possible(short: str, kind: Kind, facts: DoctorFacts) -> bool:
    """Whether the wizard has what the repair needs; what only a password is missing for is possible."""
    if kind is Kind.REPAIR_CONF:
        return facts.conf is not None and any(damage.repairable for damage in facts.conf.damage)
    if kind is Kind.RIGHTS:
        files = [part.file for part in (facts.conf, facts.store, facts.cacerts) if part is not None]
        closed = [file for file in files if file.service_reads is False and file.blocked_at not in {"", file.path}]
        return not closed
    if kind is Kind.SET_FILE:
        return facts.store is not None and bool(facts.store.similar)
    if kind is Kind.REWRITE_STORE and short in {"conf-not-utf8", "store-not-pkcs12"}:
        return facts.store is not None and (facts.store.usable or facts.store.keys > 0 or short == "conf-not-utf8")
    if kind is Kind.IMPORT_ROOT:
        return facts.java is not None and facts.java.present == "whole"
    return True
