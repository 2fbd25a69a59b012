"""A renewal without a person: the kept answers with the files that an ACME client has just renewed.

certbot, acme.sh, lego and step tell their hooks by variables where the renewed files are.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.names import short
from wizard.certificates.reading import read
from wizard.errors import ExitCode, WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import roots_of
from wizard.questions.answers import KEEP, Answers, Goal, PasswordSource, SourceKind
from wizard.session.kept_answers import authorities_path, role_here

_STORES = ("keystore-password", "truststore-password")


def hook_files(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that the client which calls this as its hook has renewed; none when nothing names any.

    Raises:
        WizardError: `renewal.no-files`.
    """
    for tool, named, optional in _clients(environment):
        missing = [name for name in named if not name or not Path(name).is_file()]
        if missing:
            raise WizardError(codes.RENEWAL_NO_FILES, subject=missing[0], tool=tool, file=missing[0] or "(no file)")
        return (*named, *(name for name in optional if name and Path(name).is_file()))
    return ()


def _clients(given: Mapping[str, str]) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Each client whose variables are *given*: its name, the files that must be there, and those that may be."""
    found: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    if lineage := given.get("RENEWED_LINEAGE"):
        found.append(("certbot", (f"{lineage}/fullchain.pem", f"{lineage}/privkey.pem"), ()))
    # The names of lego 5, then those before it.
    for before in ("LEGO_HOOK_CERT", "LEGO_CERT"):
        if certificate := given.get(f"{before}_PATH"):
            beside = certificate.removesuffix(".crt") + ".issuer.crt"
            issuer = given.get("LEGO_HOOK_ISSUER_CERT_PATH") or beside
            found.append(("lego", (certificate, given.get(f"{before}_KEY_PATH", "")), (issuer,)))
    if "Le_Domain" in given and (key := given.get("CERT_KEY_PATH")):
        whole = given.get("CERT_FULLCHAIN_PATH", "")
        named = whole if Path(whole).is_file() else given.get("CERT_PATH", "")
        found.append(("acme.sh", (named, key), (given.get("CA_CERT_PATH", ""),)))
    if certificate := given.get("CERT_LOCATION"):
        found.append(("step", (certificate, given.get("KEY_LOCATION", "")), ()))
    return found


def answers_of(machine: Machine, kept: Answers, environment: Mapping[str, str]) -> Answers:
    """What *kept* says about this machine alone, with the renewed files and the installed passwords.

    Gateways and clients have their bundles, and their files may be gone; the inventory watches their certificates.

    Raises:
        WizardError: `renewal.no-files`, `renewal.cloud`.
    """
    role = role_here(kept)
    if not role:
        raise WizardError(codes.RENEWAL_CLOUD, subject="primary.kind")
    answers = replace(kept, goal=Goal.RE_KEY, gateway=kept.gateway[:1] if role != "primary" else (), client=())
    chain = hook_files(environment) or answers.table(role).chain
    beside = authorities_path(machine)
    answers = answers.put(f"{role}.chain", (*chain, str(beside)) if beside.is_file() else chain)
    for name in _STORES if role != "primary" else _STORES[:1]:
        source: PasswordSource = answers.get(f"{role}.{name}")
        if source.kind in {SourceKind.GENERATE, SourceKind.PROMPT}:
            answers = answers.put(f"{role}.{name}", KEEP)
    return answers


def meant_for(inputs: PlanInputs, environment: Mapping[str, str]) -> str:
    """The name in the certificate that a client has renewed, when it is not for this machine; else ""."""
    if not hook_files(environment):
        return ""
    role = role_here(inputs.answers)
    leaf, host = inputs.judged(role).chain.leaf, inputs.answers.table(role).host
    return "" if leaf is None or not host or fields.matches(leaf, host) else short(leaf)


def require_same_root(inputs: PlanInputs) -> None:
    """Refuse a certificate under another root than before: others must trust it first, which takes a person.

    Raises:
        WizardError: `renewal.other-root`.
    """
    role = role_here(inputs.answers)
    root = inputs.judged(role).chain.root
    public = roots_of(inputs.seen, inputs.answers).public
    beside = authorities_path(inputs.machine)
    kept = read(read_input(beside), name=beside.name).certificates if beside.is_file() else ()
    private = [each for each in kept if fields.self_issued(each) and each.sha256 not in public]
    if root is None or root in kept or (root.sha256 in public and not private):
        return
    error = WizardError(codes.RENEWAL_OTHER_ROOT, subject=role, root=short(root))
    error.exit_code = ExitCode.FINDINGS
    raise error
