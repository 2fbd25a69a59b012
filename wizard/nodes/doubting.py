"""Warnings that the operator overrules before going on: asked once for exactly what was found, never for a note."""

import json
from typing import Protocol

from wizard.answers import PrimaryKind
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.nodes.judging import Judged
from wizard.nodes.reviewing import Reviewing
from wizard.questions import Step, View
from wizard.reports.review import Review

CLOUD = FindingSpec(
    "primary.cloud",
    Severity.WARNING,
    "trusted certificates with a primary in the cloud",
    "The primary runs in the vendor's cloud; whether it takes trusted CA certificates is not certain.",
    "The vendor's PKI page says that they work only with an on-premise primary; gateways and clients that "
    "were changed could then not connect.",
    "Ask your vendor before you go on.",
    "vendor manual, PKI and encryption",
)
SPECS = (CLOUD,)


class Doubting(Reviewing, Protocol):
    """What warnings are collected from; the session is one."""

    def judged(self, role: str) -> Judged:
        """The chain for *role* and its findings."""

    def review(self) -> Review:
        """The plan and its findings."""


def warnings(session: Doubting, step: Step) -> tuple[Finding, ...]:
    """What stands against leaving *step*, although nothing forbids it.

    Raises:
        WizardError: what was looked at cannot be read any more.
    """
    match step.view:
        case View.VERDICT:
            roles = session.answers.other_roles() if step.role == "others" else [step.role]
            found = [finding for role in roles for finding in session.judged(role).findings]
        case View.REVIEW:
            found = list(session.review().findings)
        case _ if step.id == "place" and session.answers.primary.kind is PrimaryKind.CLOUD:
            found = [Finding(CLOUD, Locator("answer"))]
        case _:
            found = []
    unique = {identity(finding): finding for finding in found if finding.severity == Severity.WARNING}
    return tuple(unique.values())


def identity(finding: Finding) -> str:
    """The same for the same finding on the same thing with the same evidence, and for no other."""
    return json.dumps(finding.as_json(), sort_keys=True)
