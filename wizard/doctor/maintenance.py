"""Changes of the stores that are installed: password, alias, back to the built-in certificate, expired CA certificates.

The certificate stays, so nobody has to bring files: everything is made from what is there.
"""

import os
from dataclasses import replace

from wizard import codes
from wizard.certificates import fields
from wizard.certificates.chain import host_chains
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.reading import read
from wizard.certificates.writing import keystore
from wizard.change.plan import EditFile, Plan, Probe, PutFile, Restart, Step
from wizard.change.targets import find
from wizard.doctor.collect.run import Examined
from wizard.doctor.repair.steps import settings_steps, written
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host import jre
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import FOR_PRIMARY, Machine, now_utc, rights_for
from wizard.planning.inputs import PlanInputs, store_password
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET, Planned, other_nodes, removal, require_alias
from wizard.planning.snapshot import about_cacerts
from wizard.questions.answers import Maintenance, PrimaryAnswers
from wizard.questions.passwords import PRIMARY
from wizard.secret import Secret

OURS = "cloudstream-"
"""How an alias begins that the wizard gave."""


def plan_maintenance(inputs: PlanInputs, seen: Examined) -> Planned:
    """The plan of the maintenance that the answers name; empty when everything is like that already.

    Raises:
        WizardError: `maintain.no-store`, `store.alias-unfit`, a password that does not fit; what forbids an edit.
    """
    machine, task = inputs.machine, inputs.answers.maintenance
    cacerts = inputs.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD
    secrets = {CACERTS_SECRET: cacerts}
    findings: list[Finding] = []
    steps: list[Step] = []
    fallback = task is Maintenance.BUILT_IN
    leaf = ""
    match task:
        case Maintenance.PASSWORD | Maintenance.ALIAS:
            chain, present = _installed(machine, seen)
            assert chain.leaf is not None  # noqa: S101 - `_installed` refuses a store without one
            leaf, alias, password = chain.leaf.sha256, _alias(chain), present
            if task is Maintenance.PASSWORD:
                made, weak = store_password(inputs, STORE_SECRET, PRIMARY, present, lambda: inputs.generated)
                password, findings = made, list(weak)
            else:
                require_alias(inputs.answers.primary.alias, needed=True)
                alias = inputs.answers.primary.alias
            if password != present or alias.lower() != _alias(chain).lower():
                secrets[STORE_SECRET] = password
                steps = [_store(machine, seen, chain, password, alias), *_settings(machine, seen, password, present)]
        case Maintenance.BUILT_IN:
            steps = list(_to_built_in(machine, seen))
            about = Locator("file", str(machine.conf))
            findings = [Finding(codes.MAINTAIN_POLICY_FIRST, about)] if steps else []
        case Maintenance.REMOVE_CA:
            leaf = _served(seen)
            steps, findings = _removals(machine, seen, cacerts)
    if steps:
        steps.append(Restart("restart", machine.unit, inputs.wait_s))
        if leaf or fallback:
            nodes = tuple((node, seen.facts.port) for node in _nodes(seen))
            steps.append(Probe("probe", nodes, seen.facts.servername, leaf, inputs.wait_s, fallback=fallback))
    return Planned(Plan(_TITLES[task], tuple(steps), "primary", tuple(findings)), tuple(findings), secrets)


def require_maintainable(inputs: PlanInputs, seen: Examined) -> None:
    """Refuse a maintenance for which something is missing here, before more is asked about it.

    Raises:
        WizardError: as `plan_maintenance`.
    """
    if inputs.answers.maintenance in {Maintenance.PASSWORD, Maintenance.ALIAS}:
        _installed(inputs.machine, seen)
    else:
        plan_maintenance(inputs, seen)


_TITLES = {
    Maintenance.PASSWORD: "New password of the key store",
    Maintenance.ALIAS: "Other alias in the key store",
    Maintenance.BUILT_IN: "Back to the built-in certificate",
    Maintenance.REMOVE_CA: "Remove expired CA certificates from cacerts",
}


def _installed(machine: Machine, seen: Examined) -> tuple[Chain, Secret]:
    """The chain with its key in the configured key store, and its password.

    Raises:
        WizardError: `maintain.no-store`.
    """
    store = seen.store
    if store is None:
        raise WizardError(codes.MAINTAIN_NO_STORE, subject=machine.conf, conf=machine.conf)
    password = seen.conf.password
    if store.bundle is None or password is None or not store.facts.usable:
        raise WizardError(codes.MAINTAIN_NO_STORE, case="closed", subject=store.path, store=store.path)
    chain = next((each for each in host_chains(store.bundle) if each.key is not None), None)
    if chain is None or len(store.bundle.keys) > 1:
        raise WizardError(codes.MAINTAIN_NO_STORE, case="keys", subject=store.path, store=store.path)
    return chain, password


def _alias(chain: Chain) -> str:
    return chain.key.alias if chain.key is not None else ""


def _store(machine: Machine, seen: Examined, chain: Chain, password: Secret, alias: str) -> PutFile:
    assert seen.store is not None  # noqa: S101 - `_installed` refuses that
    rights = rights_for(seen.account, os.geteuid(), FOR_PRIMARY)
    choice = jre.choose_profile(jre.find(machine))
    shown = ["pkcs12", choice.profile, *(each.sha256 for each in chain.certificates), alias, "(the new password)"]
    summary = f"Key store: the same certificates and key, alias {alias}, mode {rights[0]:04o}"
    more = {"content_id": " ".join(shown), "proof": STORE_SECRET, "proof_alias": alias}
    data = keystore(chain, password, profile=choice.profile, friendly_name=alias)
    return written(machine, "keystore", seen.store.path, data, rights, summary, **more)


def _settings(machine: Machine, seen: Examined, password: Secret, present: Secret) -> list[EditFile]:
    if password == present or seen.store is None:
        return []
    edits = settings_steps(machine, seen, seen.store.path, password)
    return [replace(each, summary="Set the new password of the key store") for each in edits]


def _to_built_in(machine: Machine, seen: Examined) -> list[EditFile]:
    """Empty settings: the product then presents its own certificate."""
    facts = seen.conf.facts
    if all(setting is None or setting.empty for setting in (facts.store_file, facts.password)):
        return []
    edits = settings_steps(machine, seen, "", Secret(""))
    return [replace(each, summary="Empty the two settings; the key store file stays") for each in edits]


def _removals(machine: Machine, seen: Examined, password: Secret) -> tuple[list[Step], list[Finding]]:
    """Our expired CA certificates in cacerts; those under which the installed certificate is stay."""
    expect, data = find(machine, machine.cacerts)
    try:
        anchors: tuple[Certificate, ...] = read(data, name=str(machine.cacerts), password=password).certificates
    except WizardError as error:
        raise about_cacerts(error, machine) from error
    recorded = {left.action.trust.alias.lower() for left in seen.record.anchors if left.action.trust is not None}
    ours = [each for each in anchors if each.alias.lower().startswith(OURS) or each.alias.lower() in recorded]
    store = seen.store
    used = set(store.chain.certificates) if store is not None and store.chain is not None else set()
    steps: list[Step] = []
    findings: list[Finding] = []
    for each in (one for one in ours if _over(one)):
        where = Locator("file", str(machine.cacerts), sha256=each.sha256)
        facts = {"name": short(each), "alias": each.alias, "ended": f"{fields.not_after(each):%Y-%m-%d}"}
        if each in used:
            findings.append(Finding(codes.MAINTAIN_CA_IN_USE, where, facts))
            continue
        findings.append(Finding(codes.MAINTAIN_CA_REMOVED, where, facts))
        steps.append(removal(len(steps) + 1, each, each.alias, machine, expect))
    return steps, findings


def _over(certificate: Certificate) -> bool:
    return fields.not_after(certificate) <= now_utc()


def _served(seen: Examined) -> str:
    """The leaf that is presented now and must be presented afterwards; "" when nothing answers."""
    probes = seen.facts.probes or ()
    return next((each.chain[0].sha256 for each in probes if each.chain), "")


def _nodes(seen: Examined) -> tuple[str, ...]:
    """Without the nodes that are other machines: this change does not reach them."""
    far = other_nodes(PrimaryAnswers(nodes=seen.nodes))
    return tuple(node for node in seen.nodes if node not in far) or seen.nodes
