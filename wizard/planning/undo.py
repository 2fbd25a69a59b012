"""Undo with a plan: a trust store that others changed since is made without the change's certificate, on a copy."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from wizard import codes
from wizard.change import watch
from wizard.change.manifest import TrustEntry
from wizard.change.recover import KEEP, pending
from wizard.change.rollback import choose, stores_without
from wizard.change.store import Store
from wizard.change.watch import ChangeRun
from wizard.errors import WizardError
from wizard.host.jre import trust_fingerprints
from wizard.host.keytool import Keytool
from wizard.host.machine import Machine
from wizard.host.processes import memory_file, path_of
from wizard.host.secret_sources import DEFAULT_STORE_PASSWORD
from wizard.secret import Secret


def start_rollback(machine: Machine, change: str | None, secrets: Mapping[str, Secret]) -> ChangeRun:
    """Begin to roll back *change* (None: the newest in force).

    Raises:
        WizardError: as `wizard.change.rollback.rollback`; of keytool; `change.anchor-stays`.
    """
    without = {}
    # While another change is made or waits, that is what must be reported first; the start reports it.
    if watch.running(machine) is None and pending(machine) is None:
        manifest = choose(change, Store(machine.state_dir)).manifest()
        without = stores_without(machine, manifest, lambda data, trust: _removed(machine, data, trust, secrets))
    return watch.start_rollback(machine, change, secrets, without=without)


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
    """The trust store *data* without the certificate of *trust*; None when it is not in there."""
    password = secrets.get(trust.secret, DEFAULT_STORE_PASSWORD)
    with memory_file(data) as copy:
        path, name = Path(path_of(copy)), str(machine.cacerts)
        alias = trust_fingerprints(path, password, name=name).get(trust.sha256)
        if alias is None:
            return None
        Keytool.of(machine).delete_trust(path, alias, password)
        if trust.sha256 in trust_fingerprints(path, password, name=name):
            raise WizardError(codes.CHANGE_ANCHOR_STAYS, subject=trust.alias, alias=alias)
        copy.seek(0)
        return copy.read()
