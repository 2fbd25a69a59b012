"""The checklist in the state folder: created at the end of a set-up, then ticked and shown at later starts."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wizard import codes
from wizard.change.durable import put_file, reach
from wizard.change.events import APPLIED
from wizard.change.plan_file import typed
from wizard.change.store import readable_history
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.planning.phases import under_way
from wizard.reports.checklist import POLICY, Checklist, Item

NAME = "left-to-do.json"
SCHEMA = "cloudstream-wizard/left-to-do/1"
STEPS = "the steps: "
FILE = "file "
_SINCE = ("phase", "root_change", "unattended", "primary_host", "primary_port")
"""Members that an older list may lack."""
GONE = "The folder with its files does not exist. To create it: cloudstream-wizard handoff"


def load(machine: Machine) -> Checklist | None:
    """The list that is kept, None when there is none, or while every change that it belongs to is undone.

    A folder of bundles that is not there any more is not named.
    """
    kept = _read(machine)
    if kept is None or _undone(machine):
        return None
    if not kept.packs or os.path.isdir(kept.packs):
        return kept
    return replace(kept, items=tuple(map(_without_folder, kept.items)), packs="")


def _without_folder(item: Item) -> Item:
    named, end, rest = item.detail.partition("\n")
    return replace(item, detail=f"{GONE}{end}{rest}") if named.startswith((STEPS, FILE)) else item


def _undone(machine: Machine) -> bool:
    """Whether changes were made, and none of them is still in effect."""
    made = [entry for entry in readable_history(machine) if entry.outcome == APPLIED and not entry.rolls_back]
    return bool(made) and not any(entry.in_effect for entry in made)


def _read(machine: Machine) -> Checklist | None:
    try:
        data = json.loads(_path(machine).read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            return None
        kept: Checklist = typed(Checklist, data, _SINCE)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return kept


def merged(machine: Machine, made: Checklist) -> Checklist:
    """*made* with the ticks that are kept, and with the steps of machines that this run did not name.

    Of the phases of a change of the root before this one, what is ticked is left out. A list without such a change (an
    old certificate was renewed meanwhile) keeps the steps of one that is under way.
    """
    before = _read(machine)
    if before is None:
        return made
    if made.root_change is None and under_way(machine, before):
        items = (*(item for item in before.items if item.phase), *made.items)
        made = replace(made, items=items, root_change=before.root_change)
    now = made.root_change.phase.number if made.root_change is not None else 0
    kept = tuple(each for each in made.items if each.phase in {0, now} or each.id not in before.done)
    made = replace(made, items=kept)
    named = {item.place for item in made.items}
    others = tuple(
        item for item in before.items if item.id.startswith(("gateway/", "client/")) and item.place not in named
    )
    at = next((at for at, item in enumerate(made.items) if item.id.startswith("machines/")), len(made.items))
    items = (*made.items[:at], *others, *made.items[at:])
    return replace(made, items=items, done=before.done | made.done, packs=made.packs or before.packs)


def keep(machine: Machine, checklist: Checklist) -> None:
    """Write *checklist* into the state folder (0600 in 0700), durably, unless it is there already.

    Raises:
        WizardError: the folder cannot be written.
    """
    if checklist == _read(machine):
        return
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "packs": checklist.packs,
        "cloud": checklist.cloud,
        "items": [{k: v for k, v in asdict(each).items() if k != "phase" or v} for each in checklist.items],
        "done": sorted(checklist.done),
    }
    if checklist.root_change is not None:
        data["root_change"] = asdict(checklist.root_change)
    try:
        folder = reach(machine.state_dir)
    except OSError as error:
        raise WizardError(
            codes.FILE_NOT_WRITABLE,
            case="checklist",
            subject=_path(machine),
            folder=machine.state_dir,
            reason=error.strerror or str(error),
        ) from error
    put_file(folder, NAME, (json.dumps(data, indent=1) + "\n").encode(), mode=0o600)


def tick(machine: Machine, item: str, *, confirmed: bool = False) -> Checklist:
    """Tick the item with this id, or take its tick away.

    Args:
        machine: whose list.
        item: its id.
        confirmed: the policy may be ticked although other steps are not.

    Raises:
        WizardError: `checklist.policy-last`, `checklist.other-list`, or the state folder cannot be written.
    """
    kept = load(machine)
    if kept is None or item not in {each.id for each in kept.items}:
        raise WizardError(codes.CHECKLIST_OTHER_LIST, subject=item)
    if item == POLICY and item not in kept.done and kept.before_policy and not confirmed:
        case = "" if kept.before_policy > 1 else "one"
        raise WizardError(codes.CHECKLIST_POLICY_LAST, case=case, subject=item, count=kept.before_policy, policy=POLICY)
    done = kept.done ^ {item}
    keep(machine, replace(_read(machine) or kept, done=done))
    return replace(kept, done=done)


def _path(machine: Machine) -> Path:
    return machine.state_dir / NAME
