"""Repair what was lost after the changes: write key store, settings and trust again from the record."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates import names
from wizard.change.plan import EditFile, ImportTrust, PutFile
from wizard.change.targets import expectation
from wizard.doctor.collect.record import lost_anchors, store_to_restore
from wizard.doctor.collect.run import Examined
from wizard.doctor.repair.conf import settings_steps
from wizard.errors import WizardError
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.machine import Machine
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class Again:
    """The steps, and the key store's password."""

    steps: tuple[PutFile | EditFile | ImportTrust, ...]
    password: Secret | None


def from_record(
    machine: Machine, seen: Examined, give: Callable[[str], Secret | None], rights: tuple[int, int | None, int | None]
) -> Again:
    """Write again what the changes left and what is lost; what is as expected stays as it is.

    Raises:
        WizardError: `doctor.by-hand`: neither the file nor a copy of it is there, or the settings cannot be edited.
    """
    steps: list[PutFile | EditFile | ImportTrust] = []
    password = None
    settings = seen.facts.change.settings if seen.facts.change is not None else None
    missing = seen.conf.facts.file.kind == "absent"
    if settings is not None and (missing or settings.file_lost or settings.password_lost or settings.store_lost):
        steps, password = _store_and_settings(machine, seen, rights)
    secret = give(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD
    cacerts = seen.facts.cacerts
    present = [each.sha256 for each in seen.anchors]
    if (
        cacerts is not None
        and cacerts.error is None
        and seen.facts.java is not None
        and seen.facts.java.present == "whole"
    ):
        for number, (left, certificate) in enumerate(lost_anchors(machine, seen.record, present, secret), start=1):
            trust = left.action.trust
            assert trust is not None  # noqa: S101 - an anchor
            steps.append(
                ImportTrust(
                    f"trust-{number}",
                    machine.cacerts,
                    certificate.der,
                    trust.alias,
                    trust.sha256,
                    CACERTS_SECRET,
                    expectation(machine, machine.cacerts),
                    f"Trust {names.short(certificate)} in cacerts again, alias {trust.alias}",
                )
            )
    return Again(tuple(steps), password)


def _store_and_settings(
    machine: Machine, seen: Examined, rights: tuple[int, int | None, int | None]
) -> tuple[list[PutFile | EditFile | ImportTrust], Secret]:
    expected = seen.expected
    found = store_to_restore(machine, seen.record, expected) if expected is not None else None
    if expected is None or expected.password is None or found is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-copy", subject=machine.conf)
    data, put = found
    steps: list[PutFile | EditFile | ImportTrust] = []
    mode, uid, gid = rights
    if put:
        path = PurePosixPath(expected.store_path)
        steps.append(
            PutFile(
                "keystore",
                path,
                data,
                mode,
                expectation(machine, path),
                f"Restore the key store from the record, mode {mode:04o}",
                uid=uid,
                gid=gid,
                proof=STORE_SECRET,
            )
        )
    if seen.conf.facts.file.kind == "absent":
        after = seen.record.file(machine.conf)
        assert after is not None  # noqa: S101 - `expected` was made from it
        image = after.action.after
        steps.append(
            PutFile(
                "settings",
                machine.conf,
                expected.data,
                image.mode,
                expectation(machine, machine.conf),
                f"Restore application.conf from the record, mode {image.mode:04o}",
                uid=image.uid,
                gid=image.gid,
            )
        )
    else:
        steps += settings_steps(machine, seen, expected.store_path, expected.password)
    return steps, expected.password
