"""What a plan is proved by before it is applied: the product's Java, and connections in memory."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import certificate_json, issuer, short, subject
from wizard.certificates.reading import read
from wizard.change.plan import CertificateNote, ImportTrust, PutFile
from wizard.change.targets import check_expected, look, resolve
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host import jre
from wizard.host.jre import Keytool
from wizard.host.machine import Machine, now_utc
from wizard.host.processes import memory_file, path_of
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import roots_of, unreadable
from wizard.planning.primary.plan import Planned
from wizard.planning.snapshot import MachineSnapshot
from wizard.printable import printable
from wizard.probing.rehearsal import Alone, Rehearsal, RehearsalStep, rehearse
from wizard.questions.answers import PrimaryKind
from wizard.reports.lines import Line, Tone, finding_lines
from wizard.secret import Secret

_MOST_NOTES = 50
"""A trust store can hold hundreds of certificates; a ticket does not need them."""


def ask_java(seen: MachineSnapshot, planned: Planned, others: Iterable[Certificate] = ()) -> Planned:
    """*planned* with what the product's own Java says of it: all keytools run side by side.

    Its plan also names the certificates in the new stores, the imported ones, and those installed before. Nothing is
    asked when the findings forbid the change.

    Args:
        seen: the machine.
        planned: its stores and its imports.
        others: certificates of other machines. Whether Java can read them is asked meanwhile; the rehearsal needs it.

    Raises:
        WizardError: keytool cannot make the new trust store; `change.changed-since-review`.
    """
    machine, plan = seen.machine, planned.plan
    stores = [step for step in plan.steps if isinstance(step, PutFile) and step.proof]
    imports = [step for step in plan.steps if isinstance(step, ImportTrust)]
    if planned.forbidden or not (stores or imports):
        return planned
    java = jre.identity(machine)
    with ThreadPoolExecutor() as pool:
        importing = pool.submit(_import, machine, imports, planned.secrets)
        pool.submit(unreadable, machine, others)
        proving = [pool.submit(_prove, machine, step, planned.secrets) for step in stores]
        asked: dict[str, PutFile | ImportTrust] = {step.id: step for step in importing.result()}
    findings = list(planned.findings)
    for each in proving:
        step, found = each.result()
        asked[step.id] = step
        findings += found
    steps = tuple(asked.get(step.id, step) for step in plan.steps)
    chain = seen.chain if stores else None
    before = _notes("before", "the configured key store", chain.certificates if chain is not None else ())
    removed = [note.reversed() for step in imports if step.removes for note in _in_file(step, planned)]
    changed: list[PutFile | ImportTrust] = [*stores, *(step for step in imports if not step.removes)]
    after = [note for step in changed for note in _in_file(step, planned)]
    plan = replace(plan, steps=steps, java=java, certificates=(*before, *removed, *after))
    return replace(planned, plan=plan, findings=tuple(findings))


def _in_file(step: PutFile | ImportTrust, planned: Planned) -> list[CertificateNote]:
    """A store that does not open is passed over: whether it may be installed is checked elsewhere."""
    data, secret = (step.data, step.proof or "") if isinstance(step, PutFile) else (step.certificate, "")
    try:
        found = read(data, name=str(step.path), password=planned.secrets.get(secret)).certificates
    except WizardError:
        return []
    return _notes("after", str(step.path), found)


def _notes(when: str, place: str, certificates: Iterable[Certificate]) -> list[CertificateNote]:
    members = ("subject", "issuer", "serial", "not_before", "not_after", "sha256")
    found = [certificate_json(each) for each in certificates]
    return [CertificateNote(when, place, *(str(each[name]) for name in members)) for each in found[:_MOST_NOTES]]


def _prove(machine: Machine, step: PutFile, secrets: Mapping[str, Secret]) -> tuple[PutFile, list[Finding]]:
    where = Locator("file", str(step.path))
    with memory_file(step.data) as copy:
        path = Path(path_of(copy))
        try:
            proof = Keytool.of(machine).prove_keystore(path, secrets[step.proof or ""], step.proof_alias)
        except WizardError as error:
            if error.spec == codes.PROGRAM_TOO_SLOW:
                raise
            # Where there is no keytool at all, the planner has reported it.
            cannot_run = error.code.startswith("program.")
            return step, [Finding(codes.JRE_CANNOT_RUN, where, {"reason": error.message})] if cannot_run else []
    if proof.ok:
        return replace(step, proven=proof.text), []
    reason = proof.text.replace(str(path), str(step.path))
    return step, [Finding(codes.STORE_JAVA_REFUSES, where, {"reason": reason, "keytool": proof.code})]


def _import(machine: Machine, steps: Sequence[ImportTrust], secrets: Mapping[str, Secret]) -> list[ImportTrust]:
    """Import or remove one certificate after the other; each step starts from the result of the one before."""
    made: list[ImportTrust] = []
    for step in steps:
        target = resolve(machine, step.path)
        image, data = look(target)
        check_expected(target, image, step.expect)
        with memory_file(made[-1].data if made else data) as copy:
            path, password = Path(path_of(copy)), secrets[step.secret]
            try:
                if step.removes:
                    Keytool.of(machine).delete_trust(path, step.alias, password)
                else:
                    Keytool.of(machine).import_trust(path, step.certificate, step.alias, password)
            except WizardError as error:
                error.message, error.subject = error.message.replace(str(path), target.shown), str(step.path)
                raise
            aliases = jre.trust_aliases(path, password, step.sha256, name=target.shown)
            if step.removes and step.alias.lower() in {each.lower() for each in aliases}:
                raise WizardError(
                    codes.CHANGE_ANCHOR_STAYS, subject=step.alias, alias=step.alias, home=machine.jre_home
                )
            if not step.removes and not aliases:
                raise WizardError(codes.CHANGE_IMPORT_MISSING, subject=step.path, alias=step.alias, store=target.shown)
            copy.seek(0)
            made.append(replace(step, data=copy.read()))
    return made


PASSED, FAILED = "Connection test in memory:", "Error: in the connection test in memory,"
"""How the line about a machine begins."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One machine's connection to the primary.

    Attributes:
        name: of the machine.
        rehearsal: what would happen.
        uploads: the CA certificates of its chain that are taken as uploaded to the portal.
    """

    name: str
    rehearsal: Rehearsal
    uploads: tuple[Certificate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        uploads = [{"name": short(each), "sha256": each.sha256} for each in self.uploads]
        return {"name": self.name, **self.rehearsal.as_json(), "uploads": uploads}


def rehearse_all(inputs: PlanInputs, *, proven: bool = False, present: Chain | None = None) -> list[Rehearsed]:
    """Rehearse every gateway and client of *inputs*; with none, a client that only has to trust the primary.

    Args:
        inputs: whose chains.
        present: what the primary goes on to present, with its key, in place of the chain of the answers.
        proven: the product's Java has read the primary's certificates already, when it opened the new key store.

    Raises:
        WizardError: a chain cannot be read, or `rehearse.cloud`.
    """
    if inputs.answers.primary.kind is PrimaryKind.ELSEWHERE:
        raise WizardError(codes.REHEARSE_CLOUD, case="elsewhere", subject="primary.chain")
    if inputs.answers.primary.kind is PrimaryKind.CLOUD and not inputs.answers.primary.chain:
        raise WizardError(codes.REHEARSE_CLOUD, subject="primary.chain")
    server = inputs.judged("primary")
    presented = present or server.chain
    if presented.leaf is None:
        return []
    connect_name = inputs.answers.primary.host or server.suggested_host
    others = inputs.others
    shipped = _shipped(inputs.seen.anchors, [presented, *(chain for _, chain in others)])
    uploaded = [authority for _, chain in others for authority in chain.authorities]
    server_trust = list(dict.fromkeys([*presented.authorities, *server.chain.authorities, *uploaded, *shipped]))
    client_trust = [*shipped, *([presented.root] if presented.root is not None else [])]
    now = now_utc()
    refused = unreadable(
        inputs.machine,
        [*([] if proven else presented.certificates), *(one for _, each in others for one in each.certificates)],
    )
    if not others:
        only_server = rehearse(
            presented, server_trust, None, client_trust, connect_name, client_name="a gateway", now=now
        )
        return [Rehearsed("any gateway", _with_java(only_server, refused, [presented]))]
    result, alone = [], Alone()
    public = roots_of(inputs.seen, inputs.answers).public
    for number, (name, chain) in enumerate(others, start=1):
        if chain.leaf is not None:
            seen = rehearse(
                presented, server_trust, chain, client_trust, connect_name, client_name=name, now=now, alone=alone
            )
            uploads = () if chain.root is not None and chain.root.sha256 in public else tuple(chain.authorities)
            result.append(Rehearsed(name, _with_java(seen, refused, [presented, chain]), uploads))
        inputs.progress("connections rehearsed", number, len(others))
    return result


def _with_java(rehearsal: Rehearsal, refused: Sequence[Finding], chains: Sequence[Chain]) -> Rehearsal:
    """*rehearsal* with what the product's own Java reported: before all else it must parse the certificates."""
    used = {certificate.sha256 for chain in chains for certificate in chain.certificates}
    bad = [finding for finding in refused if finding.subject.sha256 in used]
    steps = [RehearsalStep("Java can read the certificates", "failed", finding.message) for finding in bad]
    return replace(rehearsal, steps=(*steps, *rehearsal.steps), findings=(*bad, *rehearsal.findings))


def rehearsal_lines(rehearsed: Sequence[Rehearsed]) -> list[Line]:
    """The verdict for each machine in a line, and what would fail."""
    result: list[Line] = []
    uploads = dict.fromkeys(each for one in rehearsed for each in reversed(one.uploads))
    if uploads:
        result.append(Line("The connection test assumes that the portal has these CA certificates:"))
        result += [Line(f"  {short(each)}  SHA-256 {each.sha256[:16]}...", Tone.FAINT) for each in uploads]
    for one in rehearsed:
        name = printable(one.name)
        if one.rehearsal.ok:
            result.append(Line(f"{PASSED} {name} and the primary trust each other.", Tone.GOOD))
        else:
            result.append(Line(f"{FAILED} {name} and the primary do not connect.", Tone.BAD))
        result += finding_lines(one.rehearsal.findings)
    return result


def _shipped(anchors: Sequence[Certificate], chains: Sequence[Chain]) -> list[Certificate]:
    """The roots of the JRE that one of *chains* could end in; the other hundred change no verdict."""
    ends = {issuer(chain.certificates[-1]) for chain in chains if chain.certificates and not chain.complete}
    return [certificate for certificate in anchors if subject(certificate) in ends] if ends else []
