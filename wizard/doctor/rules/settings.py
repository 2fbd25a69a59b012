"""The two settings: set once, at the right place, with the value that was meant."""

from collections.abc import Iterator
from typing import Any

from wizard.doctor.facts import ConfFacts, DoctorFacts, ExpectedSettings, SettingFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, setting_at, spec
from wizard.findings import Finding, FindingSpec, Severity

_MANUAL = "manual, Primary server setup"
_HOCON = "HOCON specification; behaviour of the Lightbend config library 1.3.1"
_FALLBACK = "The server starts all the same, with its built-in certificate, and no gateway accepts that."

NEVER_SET = spec(
    "not-set-up",
    Severity.WARNING,
    "trusted certificates are not set up",
    "{path} names no key store, so the server uses its built-in certificate.",
    why="That is the state after the installation; trusted certificates are not set up yet.",
    fix="Set them up: cloudstream-wizard.",
    source=_MANUAL,
)
ABSENT = spec(
    "setting-missing",
    Severity.ERROR,
    "a key store setting is missing",
    "{path} has no setting {name}.",
    why=_FALLBACK,
    fix="Run the set-up; it says where the line belongs.",
    source=_MANUAL,
)
GONE = spec(
    "settings-lost",
    Severity.ERROR,
    "the key store settings are lost",
    "{path} no longer {what}, as change {change} of {at} had set it.",
    why="An update of the product, or somebody, has replaced the file. " + _FALLBACK,
    fix="Have what the changes left written again.",
    source="design of the wizard: the record of changes is the state to expect",
)
COMMENTED = spec(
    "setting-commented",
    Severity.ERROR,
    "a key store setting is only a comment",
    "In {path} the setting {name} is commented out (line {line}).",
    why=_FALLBACK,
    fix="Take the comment sign away.",
    source=_MANUAL,
)
AMBIGUOUS = spec(
    "setting-elsewhere",
    Severity.ERROR,
    "a key store setting is in several objects",
    "{name} is set as {here} (line {line}) and as {other} (line {other_line}), with different values.",
    why="The server reads only one of them, and nothing in the file shows which. " + _FALLBACK,
    fix="Give both places the same value, or remove the one that your version does not read.",
    source=_HOCON,
)
MASKED = spec(
    "setting-masked",
    Severity.ERROR,
    "a right setting is overridden by another one",
    "{name} on line {line} is right, but {winner} sets another value, and that one counts.",
    why=_FALLBACK,
    fix="Change or remove the place that counts.",
    source=_HOCON,
)
SHADOWED = spec(
    "setting-twice",
    Severity.NOTE,
    "a setting occurs twice",
    "{name} occurs twice with different values: line {line} does not count, {winner} does.",
    why="The next edit of the wrong line will look like a success and change nothing.",
    fix="Remove the line that does not count.",
    source=_HOCON,
)
QUOTES = spec(
    "typographic-quotes",
    Severity.ERROR,
    "typographic quotes in a setting",
    "The value of {name} (line {line}) holds typographic quotes; the server takes them as part of the value.",
    why="An editor put them there. " + _FALLBACK,
    fix='Replace them by plain double quotes (").',
    source=_HOCON,
)
LOST = spec(
    "conf-not-utf8",
    Severity.ERROR,
    "a letter in a setting is lost",
    "The value of {name} (line {line}) holds a byte that is not UTF-8; the server reads it as another character.",
    why="The file was saved as Latin-1 or Windows-1252. " + _FALLBACK,
    fix="Write the value anew as UTF-8; for a password choose ASCII characters.",
    source=_HOCON,
)
CUT = spec(
    "value-cut",
    Severity.ERROR,
    "a setting is cut off by a comment sign",
    "The value of {name} (line {line}) has no quotes and ends where # or // begins a comment.",
    why="The server sees only the part before it. " + _FALLBACK,
    fix="Put the whole value in double quotes.",
    source=_HOCON,
)
UNDECIDED = spec(
    "setting-undecidable",
    Severity.WARNING,
    "the value in use is not certain",
    "The value of {name} that the server uses is not certain: {reason}.",
    why="All findings about the key store hold only if the server uses the visible value.",
    fix="Look at that place; an environment variable or an included file may override the setting.",
    source=_HOCON,
)
OVERRULED = spec(
    "setting-overruled",
    Severity.WARNING,
    "a setting of application.conf does not count",
    "{what} {place}: the server reads that, and not what {path} says.",
    why="Options and variables of Java's start win over the file, so no change of the file has an effect.",
    fix="Take {option} out there and restart the service, or set the right value there by hand.",
    source="Lightbend config, ConfigFactory.load()",
)
SPECS = (OVERRULED, NEVER_SET, ABSENT, GONE, COMMENTED, AMBIGUOUS, MASKED, SHADOWED, QUOTES, LOST, CUT, UNDECIDED)

FILE, PASSWORD = "default-keystore-file", "default-keystore-password"


def _conf(facts: DoctorFacts) -> ConfFacts:
    conf = facts.conf
    assert conf is not None  # noqa: S101 - the rule's needs
    if conf.file.kind != "file":
        raise NotApplicable("application.conf is not there")
    if conf.file.problem:
        raise CouldNotLook(conf.file.problem)
    if conf.error is not None:
        raise CouldNotLook("application.conf does not parse")
    return conf


def _settings(conf: ConfFacts) -> Iterator[tuple[str, SettingFacts]]:
    for name, setting in ((FILE, conf.store_file), (PASSWORD, conf.password)):
        if setting is not None:
            yield name, setting


def _winner(setting: SettingFacts) -> str:
    place = f"line {setting.line}" if setting.line else "another place"
    return f"{place} of {setting.source}" if setting.source else place


def _found(conf: ConfFacts, which: FindingSpec, name: str, setting: SettingFacts, **values: Any) -> Finding:
    members = {"name": name, "path": conf.file.path, "line": setting.line, "setting": setting.path, **values}
    return Finding(which, setting_at(conf.file.path, int(members["line"])), members)


def _present(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    expected = facts.change.settings if facts.change is not None else None
    if expected is not None and (expected.file_lost or expected.password_lost):
        yield _lost(conf, expected)
    if conf.store_file is not None and conf.store_file.empty:
        if expected is None:
            yield Finding(NEVER_SET, setting_at(conf.file.path, conf.store_file.line), {"path": conf.file.path})
        return
    for name, setting in ((FILE, conf.store_file), (PASSWORD, conf.password)):
        if setting is None:
            places = [place for place in conf.commented if place.path.rpartition(".")[2] == name]
            line = next((place.line for place in places if place.works), 0)
            values: dict[str, str | int] = {"path": conf.file.path, "name": name, "line": line}
            yield Finding(COMMENTED if line else ABSENT, setting_at(conf.file.path, line), values)


def _lost(conf: ConfFacts, expected: ExpectedSettings) -> Finding:
    what = f"names the key store {expected.store}" if expected.store else "names the key store that was set up"
    if not expected.file_lost:
        what = f"has the password of {expected.store}"
    setting = conf.store_file if expected.file_lost else conf.password
    values = {"path": conf.file.path, "what": what, "change": expected.change, "at": expected.at}
    return Finding(GONE, setting_at(conf.file.path, setting.line if setting is not None else 0), values)


def _elsewhere(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    if facts.serves_installed:
        raise NotApplicable("the key store that was taken for the configured one is served")
    for name, setting in _settings(conf):
        for other in setting.elsewhere:
            if not other.same:
                yield _found(conf, AMBIGUOUS, name, setting, here=setting.path, other=other.path, other_line=other.line)


def _masked(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    broken = facts.store is not None and not facts.store.usable
    for name, setting in _settings(conf):
        for place in setting.shadowed:
            if broken and place.works:
                yield _found(conf, MASKED, name, setting, line=place.line, winner=_winner(setting))
                break
        else:
            differs = next((place for place in setting.shadowed if not place.same), None)
            if differs is not None and not setting.source:
                yield _found(conf, SHADOWED, name, setting, line=differs.line, winner=_winner(setting))


def _flawed(which: FindingSpec, flaw: str) -> Any:
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
            yield _found(conf, OVERRULED, name, setting, what=what, **option)


def _undecided(facts: DoctorFacts) -> Iterator[Finding]:
    conf = _conf(facts)
    for name, setting in _settings(conf):
        if not setting.decidable:
            yield _found(conf, UNDECIDED, name, setting, reason=setting.reason)


RULES = (
    Rule("doctor.setting-overruled", ("conf",), _overruled),
    Rule("doctor.setting-missing", ("conf",), _present),
    Rule("doctor.setting-elsewhere", ("conf",), _elsewhere),
    Rule("doctor.setting-masked", ("conf",), _masked),
    Rule("doctor.typographic-quotes", ("conf",), _flawed(QUOTES, "typographic")),
    Rule("doctor.conf-not-utf8", ("conf",), _flawed(LOST, "replacement")),
    Rule("doctor.value-cut", ("conf",), _flawed(CUT, "cut")),
    Rule("doctor.setting-undecidable", ("conf",), _undecided),
)
