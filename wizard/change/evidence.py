"""The record of a change for a change ticket: who, when, before, after, how it was verified, how to undo it."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from wizard.change.context import Context
from wizard.change.durable import FileImage, put_file, remove_temporary
from wizard.change.events import APPLIED, KEPT, REFUSED, ROLLED_BACK
from wizard.change.journal import Action, Manifest, Node
from wizard.change.store import EVIDENCE, ChangeFolder, Store, read_events
from wizard.errors import WizardError
from wizard.host.machine import Machine, command, name_of
from wizard.printable import printable

_TOKEN = "evidence"  # noqa: S105 - part of a temporary name
_WORDS = {
    APPLIED: "applied; the new state is in effect",
    ROLLED_BACK: "failed and undone; the old state is in effect",
    KEPT: "interrupted, then closed by the operator without undo",
    REFUSED: "refused; nothing was changed",
}


def write_evidence(store: Store, context: Context) -> None:
    """Write the text of every change that has ended and has none yet, whole or not at all.

    A text that cannot be written (a full disk) is written at the next start; it never fails a change.
    """
    folders: list[ChangeFolder] = []
    with contextlib.suppress(WizardError):
        folders = store.changes()
    for folder in folders:
        with contextlib.suppress(WizardError, OSError):
            if os.path.exists(folder.evidence) or folder.plan().phase != "closed":
                continue
            text = context.events.scrub(as_text(evidence(folder, context.machine)))
            at = folder.open()
            remove_temporary(at, EVIDENCE, _TOKEN, calls=context.calls)
            put_file(at, EVIDENCE, text.encode(), mode=0o600, token=_TOKEN, calls=context.calls)


def evidence(folder: ChangeFolder, machine: Machine) -> dict[str, Any]:
    """The facts of a change, as plain JSON values.

    Raises:
        RecoveryNeededError: its journal or manifest is damaged.
    """
    plan, told = folder.plan(), read_events(folder)
    try:
        manifest = folder.manifest()
    except WizardError:
        if plan.phase != "closed" or plan.outcome != REFUSED:
            raise
        # It was refused before its manifest was written.
        title = told[0].text if told else ""
        manifest = Manifest(folder.id, title, at=f"{folder.begun:%Y-%m-%dT%H:%M:%SZ}")
    outcome = plan.outcome if plan.phase == "closed" else "unfinished"
    last = next((event for event in reversed(told) if event.outcome), None)
    applied = outcome == APPLIED
    return {
        "change": folder.id,
        "title": manifest.title,
        "outcome": outcome,
        "reason": None if applied or last is None else {"code": last.code, "message": last.text},
        "begun": _times(manifest.at),
        "ended": _times(last.at) if last else None,
        "host": manifest.host or None,
        "by": {
            "user": manifest.by,
            "login": manifest.login or None,
            "sudo_user": manifest.sudo_user or None,
            "uid": manifest.uid,
            "account": None if manifest.uid is None else name_of(manifest.uid),
            "terminal": manifest.tty or None,
        },
        "plan": manifest.digest or None,
        "rolls_back": manifest.rolls_back or None,
        "files": [_file(action, machine) for action in manifest.actions],
        "certificates": [asdict(note) for note in manifest.certificates],
        "presented": {"before": _nodes(manifest.served), "planned": _nodes(manifest.target)},
        "events": [event.as_json() for event in told if event.state != "started"],
        "undo": f"{command(machine)} rollback {folder.id}" if applied and not folder.purged else None,
        "backups_removed": folder.purged or None,
        "record": str(folder.path),
    }


def _times(at: str) -> dict[str, str]:
    try:
        local = datetime.fromisoformat(at).astimezone()
    except ValueError:
        return {"utc": at, "local": ""}
    return {"utc": at, "local": f"{local:%Y-%m-%dT%H:%M:%S%z}"}


def _file(action: Action, machine: Machine) -> dict[str, Any]:
    return {
        "path": str(action.named),
        "real_path": str(action.path),
        "what": action.summary,
        "before": _image(action.before, machine),
        "after": _image(action.after, machine),
    }


def _image(image: FileImage, machine: Machine) -> dict[str, Any] | None:
    """What a file was; None when there was none."""
    if image.kind == "absent":
        return None
    owner = f"{name_of(image.uid, machine)}:{name_of(image.gid, machine, group=True)}"
    return {
        "kind": image.kind,
        "sha256": image.sha256 or None,
        "owner": f"{owner} ({image.uid}:{image.gid})",
        "mode": f"{image.mode:04o}",
    }


def _nodes(nodes: Iterable[Node]) -> list[dict[str, Any]]:
    return [{"endpoint": node.endpoint, "sha256": node.sha256 or None} for node in nodes]


def as_text(facts: dict[str, Any]) -> str:
    """The same for people and for a change ticket; lines end with a line feed."""
    outcome = facts["outcome"]
    by = facts["by"]
    account = "" if by["uid"] is None else f"; ran as {by['account']} (uid {by['uid']})"
    lines = [
        f"Change {facts['change']} of the CloudStream TLS wizard",
        "",
        f"What      {facts['title']}",
        f"Outcome   {_WORDS.get(outcome, outcome)}",
    ]
    if facts["reason"]:
        lines.append(f"Reason    {facts['reason']['message']} [{facts['reason']['code'] or 'none'}]")
    lines += [
        f"Host      {facts['host'] or 'not recorded'}",
        f"Begun     {_when(facts['begun'])}",
        f"Ended     {_when(facts['ended']) if facts['ended'] else 'not recorded'}",
        f"By        {by['user'] or 'not recorded'}{account}",
        f"Session   login {by['login'] or 'not known'}, SUDO_USER {by['sudo_user'] or 'not set'}",
        f"Terminal  {by['terminal'] or 'none'}",
        f"Plan      {facts['plan'] or 'none'}",
    ]
    if facts["rolls_back"]:
        lines.append(f"Undoes    change {facts['rolls_back']}")
    lines += ["", "FILES" if outcome == APPLIED else "FILES, as they were planned"]
    for each in facts["files"]:
        lines += [f"  {each['path']}: {each['what']}"]
        lines += [*_states("before", each["before"]), *_states("after", each["after"])]
    lines += ["", "CERTIFICATES", *_certificates(facts["certificates"]), "", "PRESENTED TO CLIENTS"]
    for word, nodes in facts["presented"].items():
        for node in nodes:
            lines += [f"  {word}: {node['endpoint']}", f"      SHA-256 {node['sha256'] or 'not known'}"]
    lines += ["", "HOW IT WAS MADE AND VERIFIED", *_steps(facts["events"]), "", "HOW TO UNDO IT"]
    lines += [f"  {facts['undo'] or _no_undo(facts)}", "", f"Record: {facts['record']}"]
    return "".join(f"{printable(line, limit=1000)}\n" for line in lines)


def _when(times: dict[str, str]) -> str:
    return f"{times['utc']} (local time {times['local']})"


def _states(word: str, image: dict[str, Any] | None) -> list[str]:
    if image is None:
        return [f"    {word}: none"]
    rights = f"    {word}: owner {image['owner']}, mode {image['mode']}"
    return [rights, f"      SHA-256 {image['sha256']}"] if image["sha256"] else [f"{rights}, a {image['kind']}"]


def _certificates(notes: Sequence[dict[str, str]]) -> list[str]:
    lines = []
    for note in notes:
        lines += [
            f"  {note['when']}: {note['subject']}",
            f"      in {note['place']}",
            f"      issued by {note['issuer']}",
            f"      serial {note['serial']}",
            f"      valid from {note['not_before']} to {note['not_after']}",
            f"      SHA-256 {note['sha256']}",
        ]
    return lines or ["  No certificate is installed or replaced."]


def _steps(told: Sequence[dict[str, str]]) -> list[str]:
    lines = ["  {at} {step}: {state}: {text}".format_map(each) for each in told]
    return lines or ["  No events were recorded."]


def _no_undo(facts: dict[str, Any]) -> str:
    if facts["backups_removed"]:
        return f"No longer possible: its backups were removed on {facts['backups_removed']}."
    return "There is nothing to undo." if facts["outcome"] != "unfinished" else "Run `recover` first."
