"""application.conf: there, readable, whole; and its two settings: set once, at the right place, with what was meant."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from wizard import codes
from wizard.doctor.facts import ConfFacts, DoctorFacts, ExpectedSettings, SettingFacts
from wizard.doctor.rule import Check, CouldNotLook, NotApplicable, Rule, at_file, unreadable
from wizard.findings import Code, Finding, Locator

FILE, PASSWORD = "default-keystore-file", "default-keystore-password"

_HARMLESS = (codes.CONFIG_BOM.code, codes.CONFIG_CRLF.code)

_ODD = (codes.CONFIG_NOT_UTF_8.code, codes.CONFIG_MIXED_LINE_ENDS.code)
"""Reported, although no fault by themselves: a lost letter in one of the two settings is a finding of its own."""


def _read(conf: ConfFacts) -> None:
    if conf.file.kind != "file":
        raise NotApplicable("application.conf is missing")
    if conf.file.problem:
        raise CouldNotLook(conf.file.problem)


def _product(facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    java = facts.java is not None and facts.java.present != "absent"
    unit = facts.unit is not None and facts.unit.load != "not-found"
    if conf.file.kind == "absent" and not java and not unit:
        yield at_file(codes.DOCTOR_PRODUCT_MISSING, conf.file.path)


def _used(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    if conf.other:
        values = {"what": f"Java is started with {conf.other},", "option": conf.other.partition("=")[0]}
        yield at_file(codes.DOCTOR_CONF_NOT_USED, conf.file.path, place=conf.other_at, **values)


def _missing(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    if conf.file.kind == "absent":
        yield at_file(codes.DOCTOR_CONF_MISSING, conf.file.path)


def _unreadable(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    file = conf.file
    if file.kind == "absent":
        raise NotApplicable("application.conf is missing")
    yield from unreadable(codes.DOCTOR_CONF_UNREADABLE, file)


def _text(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    _read(conf)
    path, error = conf.file.path, conf.error
    if error is not None and "utf-16" in error.code:
        yield at_file(codes.DOCTOR_CONF_UTF16, path)
    elif error is not None:
        yield at_file(codes.DOCTOR_CONF_SYNTAX, path, reason=error.message.rstrip("."), line=error.line)


def _includes(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    _read(conf)
    for each in conf.includes:
        path = str(PurePosixPath(conf.file.path).parent / each.code) if each.code else conf.file.path
        yield at_file(codes.DOCTOR_INCLUDE_BROKEN, path, line=each.line, reason=each.message.rstrip("."))


def _damaged(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    _read(conf)
    if conf.error is not None:
        raise NotApplicable("the text cannot be parsed at all")
    for damage in conf.damage:
        if damage.code not in _HARMLESS:
            which = codes.DOCTOR_CONF_ODD if damage.code in _ODD else codes.DOCTOR_CONF_DAMAGED
            yield at_file(which, conf.file.path, line=damage.line, reason=damage.message)


def _open(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    file = conf.file
    if file.kind != "file" or conf.password is None or conf.password.empty:
        raise NotApplicable("it contains no password")
    if file.mode & 0o004:
        yield at_file(codes.DOCTOR_CONF_WORLD_READABLE, file.path, mode=f"{file.mode:04o}")


def _settings(conf: ConfFacts) -> Iterator[tuple[str, SettingFacts]]:
    _read(conf)
    if conf.error is not None:
        raise CouldNotLook("application.conf cannot be parsed")
    for name, setting in ((FILE, conf.store_file), (PASSWORD, conf.password)):
        if setting is not None:
            yield name, setting


def _winner(setting: SettingFacts) -> str:
    place = f"line {setting.line}" if setting.line else "another place"
    return f"{place} of {setting.source}" if setting.source else place


def _at(conf: ConfFacts, which: Code, number: int, **values: Any) -> Finding:
    return Finding(which, Locator("setting", path=conf.file.path, line=number), {"path": conf.file.path, **values})


def _found(conf: ConfFacts, which: Code, name: str, setting: SettingFacts, **values: Any) -> Finding:
    members = {"name": name, "path": conf.file.path, "line": setting.line, "setting": setting.path, **values}
    return Finding(which, Locator("setting", path=conf.file.path, line=int(members["line"])), members)


def _present(facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    there = dict(_settings(conf))
    expected = facts.change.settings if facts.change is not None else None
    if expected is not None and (expected.file_lost or expected.password_lost):
        yield _lost(conf, expected)
    if FILE in there and there[FILE].empty:
        if expected is None:
            yield _at(conf, codes.DOCTOR_NOT_SET_UP, there[FILE].line)
        return
    for name in (FILE, PASSWORD):
        if name not in there:
            places = [place for place in conf.commented if place.path.rpartition(".")[2] == name]
            line = next((place.line for place in places if place.works), 0)
            which = codes.DOCTOR_SETTING_COMMENTED if line else codes.DOCTOR_SETTING_MISSING
            yield _at(conf, which, line, name=name, line=line)


def _lost(conf: ConfFacts, expected: ExpectedSettings) -> Finding:
    what = f"sets the key store {expected.store}" if expected.store else "sets the key store that was set up"
    if not expected.file_lost:
        what = f"has the password of {expected.store}"
    setting = conf.store_file if expected.file_lost else conf.password
    line = setting.line if setting is not None else 0
    return _at(conf, codes.DOCTOR_SETTINGS_LOST, line, what=what, change=expected.change, at=expected.at)


def _elsewhere(facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    settings = list(_settings(conf))
    if facts.serves_installed:
        raise NotApplicable("the server presents the key store that seems to be configured")
    for name, setting in settings:
        for other in setting.elsewhere:
            if not other.same:
                places: dict[str, Any] = {"here": setting.path, "other": other.path, "other_line": other.line}
                yield _found(conf, codes.DOCTOR_SETTING_ELSEWHERE, name, setting, **places)


def _masked(facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    broken = facts.store is not None and not facts.store.usable
    for name, setting in _settings(conf):
        masked = next((place for place in setting.shadowed if broken and place.works), None)
        twice = next((place for place in setting.shadowed if not place.same and not setting.source), None)
        place = masked or twice
        if place is not None:
            which = codes.DOCTOR_SETTING_MASKED if masked else codes.DOCTOR_SETTING_TWICE
            yield _found(conf, which, name, setting, line=place.line, winner=_winner(setting))


def _flawed(which: Code, flaw: str) -> Check:
    def check(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
        return (_found(conf, which, name, setting) for name, setting in _settings(conf) if flaw in setting.flaws)

    return check


def _overruled(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    for name, setting in _settings(conf):
        if setting.overruled_by:
            what = f"{name} is set by {setting.overruled_by},"
            option = {"option": setting.overruled_by, "place": setting.overruled_at}
            yield _found(conf, codes.DOCTOR_SETTING_OVERRULED, name, setting, what=what, **option)


def _undecided(_facts: DoctorFacts, conf: ConfFacts) -> Iterator[Finding]:
    for name, setting in _settings(conf):
        if not setting.decidable:
            yield _found(conf, codes.DOCTOR_SETTING_UNDECIDABLE, name, setting, reason=setting.reason)


RULES = (
    Rule("doctor.product-missing", ("conf",), _product),
    Rule("doctor.conf-not-used", ("conf",), _used),
    Rule("doctor.conf-missing", ("conf",), _missing),
    Rule("doctor.conf-unreadable", ("conf",), _unreadable),
    Rule("doctor.conf-syntax", ("conf",), _text),
    Rule("doctor.include-broken", ("conf",), _includes),
    Rule("doctor.conf-damaged", ("conf",), _damaged),
    Rule("doctor.conf-world-readable", ("conf",), _open),
    Rule("doctor.setting-overruled", ("conf",), _overruled),
    Rule("doctor.setting-missing", ("conf",), _present),
    Rule("doctor.setting-elsewhere", ("conf",), _elsewhere),
    Rule("doctor.setting-masked", ("conf",), _masked),
    Rule("doctor.typographic-quotes", ("conf",), _flawed(codes.DOCTOR_TYPOGRAPHIC_QUOTES, "typographic")),
    Rule("doctor.conf-not-utf8", ("conf",), _flawed(codes.DOCTOR_CONF_NOT_UTF8, "replacement")),
    Rule("doctor.value-cut", ("conf",), _flawed(codes.DOCTOR_VALUE_CUT, "cut")),
    Rule("doctor.setting-undecidable", ("conf",), _undecided),
)
