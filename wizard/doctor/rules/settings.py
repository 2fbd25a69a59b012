"""The two settings: set once, at the right place, with the value that was meant."""

from collections.abc import Iterator
from typing import Any

from wizard import codes
from wizard.doctor.facts import ConfFacts, DoctorFacts, ExpectedSettings, SettingFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, setting_at
from wizard.findings import Code, Finding

FILE, PASSWORD = "default-keystore-file", "default-keystore-password"


def _conf(facts: DoctorFacts) -> ConfFacts:
    conf = facts.conf
    assert conf is not None  # noqa: S101 - the rule's needs
    if conf.file.kind != "file":
        raise NotApplicable("application.conf is missing")
    if conf.file.problem:
        raise CouldNotLook(conf.file.problem)
    if conf.error is not None:
        raise CouldNotLook("application.conf cannot be parsed")
    return conf


def _settings(conf: ConfFacts) -> Iterator[tuple[str, SettingFacts]]:
    for name, setting in ((FILE, conf.store_file), (PASSWORD, conf.password)):
        if setting is not None:
            yield name, setting


def _winner(setting: SettingFacts) -> str:
    place = f"line {setting.line}" if setting.line else "another place"
    return f"{place} of {setting.source}" if setting.source else place


def _found(conf: ConfFacts, which: Code, name: str, setting: SettingFacts, **values: Any) -> Finding:
    members = {"name": name, "path": conf.file.path, "line": setting.line, "setting": setting.path, **values}
    return Finding(which, setting_at(conf.file.path, int(members["line"])), members)


def _present(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    expected = facts.change.settings if facts.change is not None else None
    if expected is not None and (expected.file_lost or expected.password_lost):
        yield _lost(conf, expected)
    if conf.store_file is not None and conf.store_file.empty:
        if expected is None:
            yield Finding(
                codes.DOCTOR_NOT_SET_UP, setting_at(conf.file.path, conf.store_file.line), {"path": conf.file.path}
            )
        return
    for name, setting in ((FILE, conf.store_file), (PASSWORD, conf.password)):
        if setting is None:
            places = [place for place in conf.commented if place.path.rpartition(".")[2] == name]
            line = next((place.line for place in places if place.works), 0)
            values: dict[str, str | int] = {"path": conf.file.path, "name": name, "line": line}
            yield Finding(
                codes.DOCTOR_SETTING_COMMENTED if line else codes.DOCTOR_SETTING_MISSING,
                setting_at(conf.file.path, line),
                values,
            )


def _lost(conf: ConfFacts, expected: ExpectedSettings) -> Finding:
    what = f"sets the key store {expected.store}" if expected.store else "sets the key store that was set up"
    if not expected.file_lost:
        what = f"has the password of {expected.store}"
    setting = conf.store_file if expected.file_lost else conf.password
    values = {"path": conf.file.path, "what": what, "change": expected.change, "at": expected.at}
    return Finding(
        codes.DOCTOR_SETTINGS_LOST, setting_at(conf.file.path, setting.line if setting is not None else 0), values
    )


def _elsewhere(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if facts.serves_installed:
        raise NotApplicable("the server presents the key store that seems to be configured")
    for name, setting in _settings(conf):
        for other in setting.elsewhere:
            if not other.same:
                yield _found(
                    conf,
                    codes.DOCTOR_SETTING_ELSEWHERE,
                    name,
                    setting,
                    here=setting.path,
                    other=other.path,
                    other_line=other.line,
                )


def _masked(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    broken = facts.store is not None and not facts.store.usable
    for name, setting in _settings(conf):
        for place in setting.shadowed:
            if broken and place.works:
                yield _found(conf, codes.DOCTOR_SETTING_MASKED, name, setting, line=place.line, winner=_winner(setting))
                break
        else:
            differs = next((place for place in setting.shadowed if not place.same), None)
            if differs is not None and not setting.source:
                yield _found(
                    conf, codes.DOCTOR_SETTING_TWICE, name, setting, line=differs.line, winner=_winner(setting)
                )


def _flawed(which: Code, flaw: str) -> Any:
    def check(facts: DoctorFacts) -> Iterator[Finding]:
        conf = _conf(facts)
        for name, setting in _settings(conf):
            if flaw in setting.flaws:
                yield _found(conf, which, name, setting)

    return check


def _overruled(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    for name, setting in _settings(conf):
        if setting.overruled_by:
            what = f"{name} is set by {setting.overruled_by},"
            option = {"option": setting.overruled_by, "place": setting.overruled_at}
            yield _found(conf, codes.DOCTOR_SETTING_OVERRULED, name, setting, what=what, **option)


def _undecided(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    for name, setting in _settings(conf):
        if not setting.decidable:
            yield _found(conf, codes.DOCTOR_SETTING_UNDECIDABLE, name, setting, reason=setting.reason)


RULES = (
    Rule("doctor.setting-overruled", ("conf",), _overruled),
    Rule("doctor.setting-missing", ("conf",), _present),
    Rule("doctor.setting-elsewhere", ("conf",), _elsewhere),
    Rule("doctor.setting-masked", ("conf",), _masked),
    Rule("doctor.typographic-quotes", ("conf",), _flawed(codes.DOCTOR_TYPOGRAPHIC_QUOTES, "typographic")),
    Rule("doctor.conf-not-utf8", ("conf",), _flawed(codes.DOCTOR_CONF_NOT_UTF8, "replacement")),
    Rule("doctor.value-cut", ("conf",), _flawed(codes.DOCTOR_VALUE_CUT, "cut")),
    Rule("doctor.setting-undecidable", ("conf",), _undecided),
)
