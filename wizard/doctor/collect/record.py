"""Compare the record of changes with the present state."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from wizard import codes
from wizard.certificates.model import Certificate
from wizard.certificates.reading import ReadingError, read
from wizard.change import watch
from wizard.change.record import Left, Record, read_record
from wizard.change.store import Store, entries
from wizard.doctor.collect.files import NOTHING, Coming, ConfScan, Guess, Written, file_facts, scan_conf
from wizard.doctor.collect.store import StoreSeen, opening
from wizard.doctor.facts import ChangedFile, ChangeFacts, ExpectedSettings
from wizard.errors import WizardError
from wizard.host.effective import Effective
from wizard.host.machine import Machine
from wizard.printable import printable
from wizard.secret import Secret


def known_record(machine: Machine) -> Record:
    """The record of the changes in effect; an empty one when it cannot be read (`see_change` reports that)."""
    with contextlib.suppress(WizardError):
        return read_record(Store(machine.state_dir))
    return Record()


def expected_conf(machine: Machine, record: Record) -> ConfScan | None:
    """application.conf as the changes left it; None when no copy of it is kept."""
    kept = {left.action.named: Written(data) for left in record.files if (data := left.data()) is not None}
    return scan_conf(machine, None, Effective({}), kept) if machine.conf in kept else None


def kept_anchor(left: Left, password: Secret) -> Certificate | None:
    """The certificate that *left* imported, from the kept copy of its trust store; None when there is none."""
    data, trust = left.data(), left.action.trust
    if data is None or trust is None:
        return None
    try:
        bundle = read(data, name=str(left.action.named), password=password)
    except ReadingError as error:
        if error.partial is None:
            return None
        bundle = error.partial
    except WizardError:
        return None
    return next((each for each in bundle.certificates if each.sha256 == trust.sha256), None)


def store_to_restore(
    machine: Machine, record: Record, expected: ConfScan, coming: Coming = NOTHING
) -> tuple[bytes, bool] | None:
    """The key store that *expected* names: its bytes, and whether the file must be written again for it.

    None when neither the file nor the kept copy opens with the expected password.
    """
    if expected.password is None or not expected.store_path:
        return None
    password = [Guess("", expected.password)]
    live = file_facts(machine, expected.store_path, None, coming)[1]
    if live and opening(live, password) is not None:
        return live, False
    left = record.file(expected.store_path)
    kept = left.data() if left is not None else None
    return (kept, True) if kept and opening(kept, password) is not None else None


def see_change(
    machine: Machine,
    record: Record,
    anchors: Sequence[Certificate] | None,
    password: Secret,
    settings: ExpectedSettings | None,
) -> ChangeFacts:
    """Compare what the applied changes left with what is there now.

    Args:
        machine: to be checked.
        record: of its changes.
        anchors: what cacerts holds; None when it does not open.
        password: of cacerts.
        settings: as `see_settings` found them.

    Raises:
        WizardError: the record of changes cannot be read.
    """
    store = Store(machine.state_dir)
    known = entries(store)
    waiting = [entry.id for entry in known if entry.waits] if watch.running(machine) is None else []
    found = ChangeFacts(
        interrupted=waiting[-1] if waiting else "",
        damaged=tuple(printable(entry.damage) for entry in known if entry.damage),
        ignored=tuple(printable(str(path)) for path in store.ignored()),
    )
    newest = record.newest
    if newest is None:
        return found
    present = {anchor.sha256 for anchor in anchors} if anchors is not None else None
    node = record.target[0] if record.target else None
    return replace(
        found,
        id=newest.id,
        title=printable(newest.title),
        at=newest.at,
        files=(
            *(_file(machine, left) for left in record.files),
            *(_anchor(machine, left, present, password) for left in record.anchors),
        ),
        leaf=node.sha256 if node else "",
        servername=node.servername if node else "",
        settings=settings,
    )


def _file(machine: Machine, left: Left, **more: Any) -> ChangedFile:
    now, _ = file_facts(machine, left.action.path, None)
    after = left.action.after
    known: dict[str, Any] = {"change": left.change, "at": left.at, "kept": left.data() is not None}
    return ChangedFile(
        str(left.action.named),
        after.sha256,
        now.sha256,
        after.mode,
        now.mode,
        gone=now.kind == "absent",
        **known | more,
    )


def _anchor(machine: Machine, left: Left, known: set[str] | None, password: Secret) -> ChangedFile:
    trust = left.action.trust
    assert trust is not None  # noqa: S101 - an anchor
    present = None if known is None else trust.sha256 in known
    kept = present is False and kept_anchor(left, password) is not None
    entry = {"trust_alias": trust.alias, "trust_sha256": trust.sha256, "trust_present": present}
    return _file(machine, left, **entry, kept=kept)


def see_settings(
    machine: Machine,
    record: Record,
    expected: ConfScan | None,
    conf: ConfScan,
    store: StoreSeen | None,
    coming: Coming = NOTHING,
) -> ExpectedSettings | None:
    """The two settings as the changes left them, against *conf* and the configured *store*; None without any."""
    left = record.file(machine.conf)
    if left is None:
        return None
    parsed, facts = conf.document is not None, conf.facts
    empty = facts.store_file is None or facts.store_file.empty
    if expected is None:
        # An older record has no copy; what its step did to the settings is all that is known.
        set_up = left.action.id == "settings"
        return ExpectedSettings(left.change, left.at, file_lost=parsed and empty) if set_up else None
    if not expected.store_path:
        return None
    usable = store is not None and store.facts.usable
    elsewhere = conf.store_path != expected.store_path
    recorded = record.file(expected.store_path)
    file, data = file_facts(machine, expected.store_path, None, coming)
    same = recorded is not None and file.sha256 == recorded.action.after.sha256
    no_password = facts.password is None or facts.password.empty
    other_password = same and not elsewhere and not usable and conf.password != expected.password
    damaged = file.kind == "file" and not file.problem and not same and _damaged(data)
    lost = recorded is not None and not usable and (file.kind == "absent" or damaged)
    return ExpectedSettings(
        left.change,
        left.at,
        printable(expected.store_path),
        file_lost=parsed and (empty or (elsewhere and not usable)),
        password_lost=parsed and (no_password or other_password),
        store_lost=printable(expected.store_path) if lost else "",
        kept=store_to_restore(machine, record, expected, coming) is not None,
    )


def _damaged(data: bytes) -> bool:
    if not data:
        return True
    try:
        read(data)
    except WizardError as error:
        return error.code == codes.READING_DAMAGED.code
    return False


def lost_anchors(
    machine: Machine, record: Record, present: Sequence[str], password: Secret
) -> list[tuple[Left, Certificate]]:
    """The anchors of cacerts that changes left and that are gone, as far as their certificates are kept.

    Args:
        machine: whose cacerts.
        record: of its changes.
        present: fingerprints in cacerts now.
        password: of cacerts.
    """
    found = []
    for left in record.anchors:
        trust = left.action.trust
        if trust is None or left.action.named != PurePosixPath(machine.cacerts) or trust.sha256 in present:
            continue
        certificate = kept_anchor(left, password)
        if certificate is not None:
            found.append((left, certificate))
    return found
