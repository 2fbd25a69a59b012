"""The rehearsal: every machine of the answers connects to the primary in memory, with the planned chains and stores.

Trust is taken as it will be after the change and after the uploads of the checklist.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard import codes
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import issuer, short, subject
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import roots_of
from wizard.printable import printable
from wizard.probing.rehearsal import Alone, Rehearsal, RehearsalStep, rehearse
from wizard.questions.answers import PrimaryKind
from wizard.reports.lines import Line, Tone, finding_lines

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
    server_trust = _distinct([*presented.authorities, *server.chain.authorities, *uploaded, *shipped])
    client_trust = [*shipped, *_roots(presented)]
    now = now_utc()
    refused = inputs.unreadable(
        [*([] if proven else presented.certificates), *(one for _, each in others for one in each.certificates)]
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
        result.append(Line("The rehearsal takes it that the portal has these CA certificates:"))
        result += [Line(f"  {short(each)}  SHA-256 {each.sha256[:16]}...", Tone.FAINT) for each in uploads]
    for one in rehearsed:
        name = printable(one.name)
        if one.rehearsal.ok:
            result.append(Line(f"{PASSED} {name} and the primary trust each other.", Tone.GOOD))
        else:
            result.append(Line(f"{FAILED} {name} and the primary do not connect.", Tone.BAD))
        result += finding_lines(one.rehearsal.findings)
    return result


def _roots(chain: Chain) -> list[Certificate]:
    return [chain.root] if chain.root is not None else []


def _shipped(anchors: Sequence[Certificate], chains: Sequence[Chain]) -> list[Certificate]:
    """The roots of the JRE that one of *chains* could end in; the other hundred change no verdict."""
    ends = {issuer(chain.certificates[-1]) for chain in chains if chain.certificates and not chain.complete}
    return [certificate for certificate in anchors if subject(certificate) in ends] if ends else []


def _distinct(certificates: list[Certificate]) -> list[Certificate]:
    return list(dict.fromkeys(certificates))
