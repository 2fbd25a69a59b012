"""What each repair writes: settings that work, a key store that Java reads, and what is lost, from the record."""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.formats.objects import KEY_PASSWORD_DIFFERS
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.names import short
from wizard.certificates.reading import read, read_partly
from wizard.certificates.writing import SHORTEST_PASSWORD, keystore
from wizard.change.plan import EditFile, FileStep, ImportTrust, PutFile
from wizard.change.targets import expectation
from wizard.configs import hocon
from wizard.configs.diffs import unified
from wizard.doctor.collect.files import Guess, Rights, file_facts, repaired
from wizard.doctor.collect.run import Examined, lost_anchors, store_to_restore
from wizard.doctor.collect.store import opening
from wizard.doctor.facts import SettingFacts
from wizard.doctor.repair.choose import Give
from wizard.errors import WizardError
from wizard.host import jre
from wizard.host.files import DEFAULT_STORE_PASSWORD, read_input
from wizard.host.machine import Machine
from wizard.planning.primary.plan import CACERTS_SECRET, STORE_SECRET
from wizard.planning.snapshot import FILE_KEY, PASSWORD_KEY
from wizard.questions.passwords import generate
from wizard.secret import Secret

KEY_SECRET = "primary.key-password"  # noqa: S105 - the name of a secret


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


def fit(machine: Machine, seen: Examined, give: Give) -> tuple[str, Secret]:
    """The path and the password of a key store that opens; *give* is asked when no password written anywhere opens it.

    Raises:
        WizardError: `secret.missing`, `doctor.by-hand`.
    """
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
        found = opening(data, known)
        if found is not None:
            return path, found.value
    if conf.store_path in dict(files):
        # Nothing but certificates, or a key of another password: the store's own password is right all the same.
        found = opening(dict(files)[conf.store_path], known, with_key=False)
        if found is not None:
            return conf.store_path, found.value
    files = [(path, data) for path, data in files if _wants_password(data)]
    if files:
        given = _wanted(give, STORE_SECRET, "store", store=files[0][0])
        for path, data in files:
            if opening(data, [Guess("", given)], with_key=False) is not None:
                return path, given
        raise WizardError(codes.READING_PASSWORD_WRONG, case="given", subject=files[0][0], file=files[0][0])
    raise WizardError(codes.DOCTOR_BY_HAND, case="no-store", subject=machine.conf)


def _wanted(give: Give, name: str, case: str, **facts: str) -> Secret:
    found = give(name)
    if found is None:
        raise WizardError(codes.SECRET_MISSING, case=case, subject=name, name=name, **facts)
    return found


def _wants_password(data: bytes) -> bool:
    """Whether *data* may open with a password that is not known yet."""
    _bundle, refusal = read_partly(data)
    return refusal is not None and refusal.spec in {codes.READING_PASSWORD_WRONG, codes.READING_PASSWORD_NEEDED}


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


def from_record(machine: Machine, seen: Examined, give: Give, rights: Rights) -> tuple[list[FileStep], Secret | None]:
    """Write again what the changes left and what is lost; what is as expected stays as it is.

    Returns:
        The steps, and the password of the key store where they write that.

    Raises:
        WizardError: `doctor.by-hand`: neither the file nor a copy of it is there, or the settings cannot be edited.
    """
    steps: list[FileStep] = []
    password = None
    settings = seen.facts.change.settings if seen.facts.change is not None else None
    missing = seen.conf.facts.file.kind == "absent"
    if settings is not None and (missing or settings.file_lost or settings.password_lost or settings.store_lost):
        steps, password = _store_and_settings(machine, seen, rights)
    secret = give(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD
    cacerts, java = seen.facts.cacerts, seen.facts.java
    if cacerts is not None and cacerts.error is None and java is not None and java.present == "whole":
        present = [each.sha256 for each in seen.anchors]
        for number, (left, certificate) in enumerate(lost_anchors(machine, seen.record, present, secret), start=1):
            assert left.action.trust is not None  # noqa: S101 - an anchor
            steps.append(trusted(machine, f"trust-{number}", certificate, left.action.trust.alias, " again"))
    return steps, password


def trusted(machine: Machine, name: str, certificate: Certificate, alias: str, again: str = "") -> ImportTrust:
    """The import of *certificate* into cacerts, as the step *name*."""
    return ImportTrust(
        name,
        machine.cacerts,
        certificate.der,
        alias,
        certificate.sha256,
        CACERTS_SECRET,
        expectation(machine, machine.cacerts),
        f"Trust {short(certificate)} in cacerts{again}, alias {alias}",
    )


def _store_and_settings(machine: Machine, seen: Examined, rights: Rights) -> tuple[list[FileStep], Secret]:
    expected = seen.expected
    found = store_to_restore(machine, seen.record, expected) if expected is not None else None
    if expected is None or expected.password is None or found is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-copy", subject=machine.conf)
    data, put = found
    steps: list[FileStep] = []
    if put:
        summary = f"Restore the key store from the record, mode {rights[0]:04o}"
        steps.append(written(machine, "keystore", expected.store_path, data, rights, summary, proof=STORE_SECRET))
    if seen.conf.facts.file.kind == "absent":
        after = seen.record.file(machine.conf)
        assert after is not None  # noqa: S101 - `expected` was made from it
        image = after.action.after
        as_was = image.mode, image.uid, image.gid
        summary = f"Restore application.conf from the record, mode {image.mode:04o}"
        steps.append(written(machine, "settings", machine.conf, expected.data, as_was, summary))
    else:
        steps += settings_steps(machine, seen, expected.store_path, expected.password)
    return steps, expected.password


def written(
    machine: Machine, name: str, path: PurePosixPath | str, data: bytes, rights: Rights, summary: str, **more: str
) -> PutFile:
    """The file at *path* with these bytes and rights, as the step *name*; *more* are other members of the step."""
    path, (mode, uid, gid) = PurePosixPath(path), rights
    return PutFile(name, path, data, mode, expectation(machine, path), summary, uid=uid, gid=gid, **more)


def rewritten(machine: Machine, seen: Examined, give: Give, rights: Rights) -> tuple[list[FileStep], Secret]:
    """Write the configured key store again, and set its password where that must change.

    Returns:
        The steps, and the new store's password.

    Raises:
        WizardError: `doctor.by-hand` when no key or certificate can be read from it; `secret.missing`.
    """
    store, document = seen.store, seen.conf.document
    setting = seen.conf.facts.password
    if store is None or document is None or setting is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="not-set-up", subject=machine.conf)
    bundle = _bundle(seen, give)
    chain = _meant(bundle, seen)
    leaf = chain.leaf
    if leaf is None or chain.key is None:
        raise WizardError(codes.DOCTOR_BY_HAND, case="no-key", subject=store.path, store=store.path)
    present = seen.conf.password
    kept = present is not None and present.reveal().isascii() and len(present.reveal()) >= SHORTEST_PASSWORD
    password = present if kept and present is not None else generate()
    choice = jre.choose_profile(jre.find(machine))
    count = len(chain.certificates)
    steps: list[FileStep] = [
        written(
            machine,
            "keystore",
            store.path,
            keystore(chain, password, profile=choice.profile, friendly_name=short(leaf)),
            rights,
            f"Key store: {count} certificates and one key, mode {rights[0]:04o}; {choice.reason}",
            content_id=f"pkcs12 {choice.profile} " + " ".join(certificate.sha256 for certificate in chain.certificates),
            proof=STORE_SECRET,
        )
    ]
    if not kept:
        data = document.set(setting.path, password.reveal()).render()
        edit = _edit(machine, machine.conf, seen.conf.data, data)
        shown = f"{setting.path}=(the store's password)"
        steps.append(replace(edit, summary="Set the new password", content_id=shown))
    return steps, password


def _bundle(seen: Examined, give: Give) -> Bundle:
    store = seen.store
    assert store is not None  # noqa: S101 - asked before
    code = store.facts.error.code if store.facts.error is not None else ""
    if code in KEY_PASSWORD_DIFFERS:
        key_password = _wanted(give, KEY_SECRET, "key")
        return read(store.data, name=store.path, password=seen.conf.password, key_password=key_password)
    if store.bundle is None or (code and not store.facts.opened_by):
        password = _wanted(give, STORE_SECRET, "store", store=store.path)
        return read(store.data, name=store.path, password=password)
    return store.bundle


def _meant(bundle: Bundle, seen: Examined) -> Chain:
    """The chain that is most likely meant: with a key, for the connection host name, complete, not self-signed."""
    chains = [chain for chain in assemble(bundle, host=seen.facts.servername or None) if chain.key is not None]
    chains.sort(key=lambda chain: (len(chain.certificates) < 2, not chain.complete))
    return chains[0] if chains else Chain(None)
