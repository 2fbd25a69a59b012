"""The certificates before and after a change, noted in its plan for the evidence that it leaves."""

from collections.abc import Iterable
from dataclasses import replace

from wizard.certificates.as_json import certificate_json
from wizard.certificates.model import Certificate
from wizard.certificates.reading import read
from wizard.change.plan import CertificateNote, ImportTrust, PutFile, RemoveTrust
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.planning.primary.facts import installed_chain
from wizard.planning.primary.inputs import Planned

_MOST = 50
"""A trust store can hold hundreds; a ticket does not need them."""


def with_certificates(machine: Machine, planned: Planned) -> Planned:
    """*planned*, whose plan names the certificates in the new stores, the imported ones, and those installed before.

    A store that does not open is passed over: whether it may be installed is checked elsewhere.
    """
    plan = planned.plan
    notes: list[CertificateNote] = []
    stores = [step for step in plan.steps if isinstance(step, PutFile) and step.proof]
    for step in stores:
        notes += _in_file(step.data, str(step.path), planned, step.proof or "")
    for imported in (step for step in plan.steps if isinstance(step, ImportTrust)):
        when = "before" if isinstance(imported, RemoveTrust) else "after"
        notes += _in_file(imported.certificate, str(imported.path), planned, "", when)
    installed = installed_chain(machine) if stores else None
    before = _notes("before", "the configured key store", installed.certificates if installed else ())
    return replace(planned, plan=replace(plan, certificates=(*before, *notes)))


def _in_file(data: bytes, place: str, planned: Planned, secret: str, when: str = "after") -> list[CertificateNote]:
    try:
        found = read(data, name=place, password=planned.secrets.get(secret)).certificates
    except WizardError:
        return []
    return _notes(when, place, found)


def _notes(when: str, place: str, certificates: Iterable[Certificate]) -> list[CertificateNote]:
    members = ("subject", "issuer", "serial", "not_before", "not_after", "sha256")
    found = [certificate_json(each) for each in certificates]
    return [CertificateNote(when, place, *(str(each[name]) for name in members)) for each in found[:_MOST]]
