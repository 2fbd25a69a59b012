"""The chain that the new one replaces: the installed one, or the one before the last change."""

from collections.abc import Callable

from wizard.certificates.chain import host_chain
from wizard.certificates.model import Chain
from wizard.certificates.reading import read
from wizard.certificates.rollover import Kind, Rollover, compare
from wizard.change.journal import BACKUP
from wizard.change.manifest import Action
from wizard.change.store import ChangeFolder, Store, history
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.host.files import read_input
from wizard.host.machine import Machine, now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.snapshot import PASSWORD_KEY, MachineSnapshot
from wizard.questions.answers import Goal, PrimaryKind
from wizard.reports.chain import order_lines
from wizard.reports.lines import Line, Tone
from wizard.secret import Secret


def rollover(inputs: PlanInputs, seen: MachineSnapshot | None = None) -> Rollover | None:
    """The change of certificates that *inputs* is about, before its application and after; None when it is none.

    Args:
        inputs: with the new chain.
        seen: the machine with the old one; None reads it now.

    Raises:
        WizardError: the new chain cannot be read.
    """
    primary = inputs.answers.primary
    if inputs.answers.goal is not Goal.RE_KEY or primary.kind is not PrimaryKind.ON_PREMISE:
        return None
    if not (primary.chain or "primary" in inputs.chains):
        return None
    new = inputs.judged("primary").chain
    old = (seen or MachineSnapshot(inputs.machine)).chain
    if old is not None and old.leaf == new.leaf:
        # Applied already: what is left to do still depends on what was there before.
        machine = inputs.machine
        old = put_away(machine, lambda: read_input(machine.real(machine.conf)), _conf_password)
    return compare(old, new) if old is not None else None


def order(inputs: PlanInputs) -> list[Line]:
    """When certificates are replaced: how long both are valid, and the order of work; empty otherwise.

    Raises:
        WizardError: the new chain cannot be read.
    """
    change = rollover(inputs)
    if change is None or change.kind is Kind.SAME:
        return []
    public = inputs.judged("primary").public
    return [Line("Old and new:", Tone.HEADING), *order_lines(change, now_utc(), public=public), Line("")]


def put_away(
    machine: Machine, settings: Callable[[], bytes], password: Callable[[bytes], Secret | None]
) -> Chain | None:
    """The chain of the key store that the newest change in effect took away; None when it cannot be read.

    Args:
        machine: whose changes.
        settings: the file with the password of the store as it is now, for a change that has left it alone.
        password: found in the bytes of that file.
    """
    try:
        in_effect = [entry.id for entry in history(machine) if entry.in_effect and not entry.rolls_back]
        folders = [Store(machine.state_dir).find(change) for change in in_effect]
        for folder in reversed(folders):
            actions = {action.id: action for action in folder.manifest().actions}
            if "keystore" in actions and actions["keystore"].backup:
                text = _saved(folder, actions["settings"]) if "settings" in actions else settings()
                name = str(actions["keystore"].named)
                store = read(_saved(folder, actions["keystore"]), name=name, password=password(text))
                return host_chain(store)
    except WizardError:
        return None
    return None


def _conf_password(conf: bytes) -> Secret | None:
    passwords = [value.text for value in hocon.parse(conf).find(PASSWORD_KEY)]
    return Secret(passwords[-1]) if passwords else None


def _saved(folder: ChangeFolder, action: Action) -> bytes:
    return folder.saved(BACKUP, action.backup, action.before)
