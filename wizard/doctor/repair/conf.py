"""Repairs of application.conf: values that work, at every place where they count, as an edit with its diff."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.reading import read
from wizard.change.plan import EditFile
from wizard.change.targets import expectation
from wizard.configs import hocon
from wizard.configs.diffs import unified
from wizard.doctor.collect.files import Guess, file_facts, repaired
from wizard.doctor.collect.run import Examined
from wizard.doctor.collect.store import opening
from wizard.doctor.facts import SettingFacts
from wizard.errors import WizardError
from wizard.host.files import DEFAULT_STORE_PASSWORD, read_input
from wizard.host.machine import Machine
from wizard.planning.primary.plan import STORE_SECRET
from wizard.planning.snapshot import FILE_KEY, PASSWORD_KEY
from wizard.secret import Secret


def undo_damage(machine: Machine, seen: Examined) -> EditFile:
    """The edit that undoes the damage to application.conf.

    Raises:
        WizardError: `doctor.by-hand` when it cannot be undone safely.
    """
    facts = seen.conf.facts
    data = repaired(seen.conf.data, facts.error.line if facts.error is not None else 0)
    if data is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="text", subject=machine.conf, conf=machine.conf)
    step = _edit(machine, machine.conf, seen.conf.data, data)
    return replace(step, summary="Repair the text; nothing else changes")


def with_values(machine: Machine, seen: Examined, ask: Callable[[], Secret | None]) -> list[EditFile]:
    """Set the path and the password of a key store that opens, wherever these settings count.

    Args:
        machine: whose files.
        seen: the diagnosis.
        ask: for the password, when none that is written anywhere opens the store.

    Raises:
        WizardError: `secret.missing`, `doctor.by-hand`, or why the text cannot be edited safely.
    """
    return settings_steps(machine, seen, *_fit(machine, seen, ask))


def settings_steps(machine: Machine, seen: Examined, path: str, password: Secret) -> list[EditFile]:
    """The edits that give the two settings these values, wherever they count.

    Raises:
        WizardError: `doctor.by-hand`, or why the text cannot be edited safely.
    """
    facts, document = seen.conf.facts, seen.conf.document
    if document is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="syntax", subject=machine.conf, conf=machine.conf)
    steps: list[EditFile] = []
    for name, setting, value in ((FILE_KEY, facts.store_file, path), (PASSWORD_KEY, facts.password, password.reveal())):
        if setting is None:
            document = _revived(document, name, value, seen)
        elif setting.source:
            steps.append(_included(machine, setting, value))
        else:
            for each in dict.fromkeys([setting.path, *(place.path for place in setting.elsewhere)]):
                document = _set(document, each, value)
    rendered = document.render()
    if rendered != seen.conf.data:
        steps.append(_edit(machine, machine.conf, seen.conf.data, rendered))
    return steps


def _fit(machine: Machine, seen: Examined, ask: Callable[[], Secret | None]) -> tuple[str, Secret]:
    conf, store = seen.conf, seen.facts.store
    paths = [
        *((conf.store_path,) if conf.store_path else ()),
        *((store.similar,) if store is not None and store.similar else ()),
        *(guess.value.reveal() for guess in conf.paths),
        *((seen.expected.store_path,) if seen.expected is not None and seen.expected.store_path else ()),
    ]
    known = [Guess("", conf.password)] if conf.password is not None else []
    if seen.expected is not None and seen.expected.password is not None:
        known.append(Guess("the record", seen.expected.password))
    known += [*conf.passwords, Guess("default", DEFAULT_STORE_PASSWORD)]
    files = [(path, data) for path in dict.fromkeys(paths) if (data := file_facts(machine, path, None)[1])]
    for path, data in files:
        fit = opening(data, known)
        if fit is not None:
            return path, fit.value
    if conf.store_path in dict(files):
        # Nothing but certificates, or a key of another password: the store's own password is right all the same.
        fit = opening(dict(files)[conf.store_path], known, with_key=False)
        if fit is not None:
            return conf.store_path, fit.value
    files = [(path, data) for path, data in files if _wants_password(data)]
    if files:
        given = ask()
        if given is None:
            name = STORE_SECRET
            raise WizardError(codes.SECRET_MISSING, case="store", subject=name, store=files[0][0], name=name)
        for path, data in files:
            if opening(data, [Guess("", given)], with_key=False) is not None:
                return path, given
        raise WizardError(codes.READING_PASSWORD_WRONG, case="given", subject=files[0][0], file=files[0][0])
    raise WizardError(codes.DOCTOR_BY_HAND, case="no-store", subject=machine.conf)


def _wants_password(data: bytes) -> bool:
    """Whether *data* may open with a password that is not known yet."""
    try:
        read(data)
    except WizardError as error:
        return error.spec in {codes.READING_PASSWORD_WRONG, codes.READING_PASSWORD_NEEDED}
    return False


def _set(document: hocon.Document, path: str, value: str) -> hocon.Document:
    try:
        return document.set(path, value)
    except WizardError:
        # A later place, or a variable of the environment, would win: all places go, one remains.
        return document.unset(path).set(path, value)


def _revived(document: hocon.Document, name: str, value: str, seen: Examined) -> hocon.Document:
    places = [place for place in seen.conf.facts.commented if place.path.rpartition(".")[2] == name]
    place = next((each for each in places if each.works), places[0] if places else None)
    expected = seen.expected.facts if seen.expected is not None else None
    left = (expected.store_file if name == FILE_KEY else expected.password) if expected is not None else None
    if left is not None and (place is None or not place.works):
        return document.set(left.path, value)
    if place is None:
        raise WizardError(
            codes.DOCTOR_BY_HAND,
            case="no-setting",
            subject=seen.conf.facts.file.path,
            conf=seen.conf.facts.file.path,
            setting=name,
        )
    lines = document.text.split("\n")
    lines[place.line - 1] = re.sub(r"^(\s*)(?:#|//)+[ \t]?", r"\1", lines[place.line - 1])
    return document.successor("\n".join(lines)).set(place.path, value)


def _included(machine: Machine, setting: SettingFacts, value: str) -> EditFile:
    path = machine.conf.parent / setting.source
    data = read_input(machine.real(path))
    step = _edit(machine, path, data, hocon.parse(data).set(setting.path, value).render())
    return replace(step, id="included", summary=f"Set {setting.path} in the included file")


def _edit(machine: Machine, path: PurePosixPath, old: bytes, new: bytes) -> EditFile:
    summary = "Set the key store's path and password"
    return EditFile("settings", path, new, unified(str(path), old, new), expectation(machine, path), summary)
