"""The chain that the new one replaces: the installed one, or the one before the last change."""

from dataclasses import replace

from wizard import codes
from wizard.certificates.chain import host_chain
from wizard.certificates.model import Chain
from wizard.certificates.reading import read
from wizard.certificates.rollover import Kind, Rollover, compare
from wizard.change.history import history
from wizard.change.journal import BACKUP
from wizard.change.manifest import Action
from wizard.change.store import ChangeFolder, Store
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.clock import now_utc
from wizard.host.files import read_input
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.inputs import Planned
from wizard.planning.snapshot import PASSWORD_KEY, MachineSnapshot
from wizard.questions.answers import Goal, PrimaryKind
from wizard.reports.chain import order_lines
from wizard.reports.lines import Line, Tone
from wizard.secret import Secret


def rollover(inputs: PlanInputs) -> Rollover | None:
    """The change of certificates that *inputs* is about, before its application and after; None when it is none.

    Raises:
        WizardError: the new chain cannot be read.
    """
    primary = inputs.answers.primary
    if inputs.answers.goal is not Goal.RE_KEY or primary.kind is not PrimaryKind.ON_PREMISE or not primary.chain:
        return None
    new = inputs.judged("primary").chain
    old = MachineSnapshot(inputs.machine).chain
    if old is not None and old.leaf == new.leaf:
        # Applied already: what is left to do still depends on what was there before.
        old = _put_away(inputs.machine)
    return compare(old, new) if old is not None else None


def with_root_warning(inputs: PlanInputs, planned: Planned) -> tuple[Planned, list[Line]]:
    """*planned*, with a warning when its certificate is under another root than the one before; and as `order`.

    Raises:
        WizardError: the new chain cannot be read.
    """
    change = rollover(inputs)
    if change is not None and change.kind is Kind.ROOT and not planned.plan.is_empty:
        warning = Finding(
            codes.ROLLOVER_ROOT_CHANGES, Locator("chain"), {"old": change.old_name, "new": change.new_name}
        )
        planned = replace(planned, findings=(*planned.findings, warning))
    return planned, _order(inputs, change)


def order(inputs: PlanInputs) -> list[Line]:
    """When certificates are replaced: how long both are valid, and the order of work; empty otherwise.

    Raises:
        WizardError: the new chain cannot be read.
    """
    return _order(inputs, rollover(inputs))


def _order(inputs: PlanInputs, change: Rollover | None) -> list[Line]:
    if change is None or change.kind is Kind.SAME:
        return []
    public = inputs.judged("primary").public
    return [Line("Old and new:", Tone.HEADING), *order_lines(change, now_utc(), public=public), Line("")]


def _put_away(machine: Machine) -> Chain | None:
    """The chain of the key store that the newest change in effect took away; None when it cannot be read."""
    try:
        in_effect = [entry.id for entry in history(machine) if entry.in_effect and not entry.rolls_back]
        folders = [Store(machine.state_dir).find(change) for change in in_effect]
        for folder in reversed(folders):
            actions = {action.id: action for action in folder.manifest().actions}
            if "keystore" in actions and actions["keystore"].backup:
                return _chain(machine, folder, actions)
    except WizardError:
        return None
    return None


def _chain(machine: Machine, folder: ChangeFolder, actions: dict[str, Action]) -> Chain | None:
    conf = _saved(folder, actions["settings"]) if "settings" in actions else read_input(machine.real(machine.conf))
    passwords = [value.text for value in hocon.parse(conf).find(PASSWORD_KEY)]
    password = Secret(passwords[-1]) if passwords else None
    store = read(_saved(folder, actions["keystore"]), name=str(actions["keystore"].named), password=password)
    return host_chain(store)


def _saved(folder: ChangeFolder, action: Action) -> bytes:
    return folder.saved(BACKUP, action.backup, action.before)
