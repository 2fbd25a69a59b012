"""Undo with a plan: a trust store that others changed since is made without the change's certificate, on a copy."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from wizard import codes
from wizard.change import watch
from wizard.change.adapters import ports_for
from wizard.change.context import Context, WithoutAnchor
from wizard.change.events import Event, EventLog
from wizard.change.journal import Manifest, TrustEntry
from wizard.change.recover import KEEP, pending
from wizard.change.rollback import check, choose, stores_without
from wizard.change.store import Store
from wizard.change.watch import ChangeRun
from wizard.errors import WizardError
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.host.jre import Keytool, trust_aliases
from wizard.host.machine import Machine
from wizard.host.processes import memory_file, path_of
from wizard.planning.snapshot import about_cacerts
from wizard.secret import Secret


def start_rollback(machine: Machine, change: str | None, secrets: Mapping[str, Secret]) -> ChangeRun:
    """Begin to roll back *change* (None: the newest in effect).

    Raises:
        WizardError: as `wizard.change.rollback.rollback`; of keytool; `change.anchor-stays`.
    """
    return watch.start_rollback(machine, change, secrets, without=_without(machine, change, secrets))


def check_rollback(
    machine: Machine, change: str | None, secrets: Mapping[str, Secret], listener: Callable[[Event], None]
) -> Manifest:
    """Everything that `start_rollback` and its worker check before the first file is written; nothing is changed.

    Args:
        machine: whose change.
        change: id or number; None for the newest.
        secrets: as for the rollback.
        listener: gets what would be done with each file.

    Returns:
        The change that would be rolled back.

    Raises:
        WizardError: as `start_rollback`.
    """
    context = Context(
        machine=machine,
        ports=ports_for(machine),
        events=EventLog(listener=listener),
        secrets=secrets,
        who=watch.operator(),
        without=_without(machine, change, secrets),
    )
    return check(change, context)


def _without(machine: Machine, change: str | None, secrets: Mapping[str, Secret]) -> dict[str, WithoutAnchor]:
    # While another change is made or waits, that is what must be reported first; the start reports it.
    if watch.running(machine) is not None or pending(machine) is not None:
        return {}
    manifest = choose(change, Store(machine.state_dir)).manifest()
    return stores_without(machine, manifest, lambda data, trust: _removed(machine, data, trust, secrets))


def start_recover(machine: Machine, mode: str, secrets: Mapping[str, Secret]) -> ChangeRun:
    """Begin to settle an interrupted change; errors as `wizard.change.recover.recover`.

    A keytool that refuses must not keep the other files from being restored.
    """
    without = {}
    with suppress(WizardError):
        change = None if mode == KEEP or watch.running(machine) is not None else pending(machine)
        if change is not None:
            manifest = Store(machine.state_dir).find(change).manifest()
            without = stores_without(machine, manifest, lambda data, trust: _removed(machine, data, trust, secrets))
    return watch.start_recover(machine, mode, secrets, without=without)


def _removed(machine: Machine, data: bytes, trust: TrustEntry, secrets: Mapping[str, Secret]) -> bytes | None:
    """The trust store *data* without the entry of *trust*; None when it is not in there.

    Under another alias somebody else has added the certificate, and that entry stays.
    """
    password = secrets.get(trust.secret, DEFAULT_STORE_PASSWORD)
    with memory_file(data) as copy:
        path, name = Path(path_of(copy)), str(machine.cacerts)
        try:
            aliases = trust_aliases(path, password, trust.sha256, name=name)
        except WizardError as error:
            raise about_cacerts(error, machine) from error
        if trust.alias not in aliases:
            return None
        Keytool.of(machine).delete_trust(path, trust.alias, password)
        if trust.alias in trust_aliases(path, password, trust.sha256, name=name):
            raise WizardError(codes.CHANGE_ANCHOR_STAYS, subject=trust.alias, alias=trust.alias, home=machine.jre_home)
        copy.seek(0)
        return copy.read()
