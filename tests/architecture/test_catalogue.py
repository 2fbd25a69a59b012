"""Every code has its text, every text its code, and each call gives the facts that the text asks for."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TypeVar, cast

from tests.support.codes_in import parsed
from wizard import codes
from wizard.findings import Code
from wizard.questions.answers import Offer, Phase, RootKind
from wizard.questions.flow import StepId, every_step
from wizard.texts.en.catalogue import NOTES, PARTS, TEXTS
from wizard.texts.en.questions import QUESTIONS, TITLES
from wizard.texts.model import Text

N = TypeVar("N", bound=ast.AST)
ROOT = Path(__file__).resolve().parents[2]
CODES = ROOT / "wizard" / "codes.py"
SOURCES = [path for folder in ("wizard", "screens") for path in sorted((ROOT / folder).rglob("*.py")) if path != CODES]
CODE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+")
BLAME = re.compile(r"!|\binvalid value\b|\boops\b|\byou must\b|\byour fault\b|\billegal\b", re.IGNORECASE)
CUT = re.compile(r"[a-zA-Z,})]\n[a-z`{(]")
"""A line that ends within a sentence: whoever prints it wraps it, and some show the first line alone."""
NO_FACTS = {"case", "subject", "partial", "detail", "line", "column"}
"""Keywords of errors that are not facts; `line` and `column` of a syntax error are given to its text as well."""
PLACE = frozenset({"line", "column"})
ADDED_BY = {
    "syntax": PLACE,
    "_fail": PLACE,
    "_beyond": PLACE,
    "_log": frozenset({"line", "times", "text"}),
    "_refusal": frozenset({"unit", "evidence", "journal"}),
    "_flawed": frozenset({"name", "line", "path"}),
    "at_file": frozenset({"path"}),
    "at_endpoint": frozenset({"endpoint"}),
    "unreadable": frozenset({"path", "reason", "at"}),
}
"""Facts that a function adds where its own body does not show it."""

NOT_YET_TESTED: frozenset[str] = frozenset()
"""Codes that no test names yet, in full or by their constant. This list may only become shorter."""


@dataclass(frozen=True)
class Use:
    """A call that is given a code.

    Attributes:
        where: file and line.
        spec: the code.
        case: the situation; None when it is decided at run time.
        facts: the names of the facts; None when they are decided at run time.
        adds: names of facts that the called function adds.
        strict: whether the text must have a place for each fact. A finding's facts are data for scripts too.
    """

    where: str
    spec: Code
    case: str | None
    facts: frozenset[str] | None
    adds: frozenset[str]
    strict: bool


@cache
def uses() -> list[Use]:
    return [use for path in SOURCES for use in _uses_in(path)]


@cache
def _by_type(path: Path) -> dict[type[ast.AST], list[ast.AST]]:
    """The nodes of a file, which several tests look through, walked once."""
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
        found.setdefault(type(node), []).append(node)
    return found


def _nodes(path: Path, kind: type[N]) -> list[N]:
    return cast("list[N]", _by_type(path).get(kind, []))


def _uses_in(path: Path) -> Iterator[Use]:
    helpers = {node.name: node for node in _nodes(path, ast.FunctionDef)}
    for call in _nodes(path, ast.Call):
        for argument in call.args:
            spec = _constant(argument)
            if spec is not None:
                yield _use(f"{path.relative_to(ROOT)}:{call.lineno}", spec, call, helpers)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _constant(node: ast.expr) -> Code | None:
    """The code of `codes.NAME`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "codes":
        found = getattr(codes, node.attr)
        return found if isinstance(found, Code) else None
    return None


def _use(where: str, spec: Code, call: ast.Call, helpers: Mapping[str, ast.FunctionDef]) -> Use:
    called = _called(call)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if called == "Finding":
        return Use(
            where, spec, "", _keys(call.args[2]) if len(call.args) > 2 else frozenset(), frozenset(), strict=False
        )
    error = called.endswith("Error")
    case = given.get("case", ast.Constant("" if error else None))
    facts = None if None in given else frozenset(name for name in given if name and not (error and name in NO_FACTS))
    added = PLACE & given.keys() if error else ADDED_BY.get(called, frozenset())
    helper = helpers.get(called)
    return Use(
        where,
        spec,
        case.value if isinstance(case, ast.Constant) and isinstance(case.value, str) else None,
        facts if error or called in ADDED_BY or helper is not None else None,
        frozenset(added if helper is None else added | _added(helper)),
        strict=error,
    )


def _keys(node: ast.expr) -> frozenset[str] | None:
    """The keys of a literal; None when they are decided at run time."""
    if not isinstance(node, ast.Dict) or not all(isinstance(key, ast.Constant) for key in node.keys):
        return None
    return frozenset(str(key.value) for key in node.keys if isinstance(key, ast.Constant))


@cache
def _added(helper: ast.FunctionDef) -> frozenset[str]:
    """Names of the facts that a function adds to those that it is given."""
    nodes = [*ast.walk(helper)]
    keys = [
        {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
        for node in nodes
        if isinstance(node, ast.Dict)
    ]
    keywords = {word.arg for node in nodes if isinstance(node, ast.Call) for word in node.keywords if word.arg}
    return frozenset(keywords - {"case", "subject"}).union(*keys)


def placeholders(spec: Code, case: str) -> set[str]:
    return {name for template in spec.text.words(case) for _, name, _, _ in Formatter().parse(template) if name}


def test_every_code_has_a_text_and_every_text_a_code() -> None:
    assert set(codes.ALL) == set(TEXTS)
    assert len(TEXTS) == sum(len(part.TEXTS) for part in PARTS), "a code is in two modules"


def test_a_constant_has_the_name_of_its_code() -> None:
    named = {name: value for name, value in vars(codes).items() if isinstance(value, Code)}
    assert [name for name, spec in named.items() if name != re.sub(r"[.-]", "_", spec.code).upper()] == []
    assert [spec.code for spec in named.values() if not CODE.fullmatch(spec.code)] == []


def test_every_code_is_used() -> None:
    used = {_constant(node) for path in SOURCES for node in _nodes(path, ast.Attribute)}
    assert sorted(spec.code for spec in set(codes.ALL.values()) - used) == []
    assert codes.RETIRED.isdisjoint(codes.ALL)


def _strings(path: Path) -> Iterator[ast.Constant]:
    """The strings of a file, without names of the doctor's rules and parts of f-strings."""
    names = {id(node.args[0]) for node in _nodes(path, ast.Call) if _called(node) == "Rule"}
    for node in _nodes(path, ast.Constant):
        if isinstance(node.value, str) and id(node) not in names:
            yield node


def _arguments_of(name: str, path: Path) -> Iterator[ast.Constant]:
    for node in _nodes(path, ast.Call):
        if _called(node) == name:
            yield from (argument for argument in node.args if isinstance(argument, ast.Constant))


def test_the_engine_names_codes_by_their_constants() -> None:
    written = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in SOURCES
        if path.parent.name not in {"en", "faults"}  # the practice faults name what the doctor is to find
        for node in _strings(path)
        if node.value in codes.ALL
    ]
    assert written == []


def test_calls_give_the_facts_that_their_text_asks_for() -> None:
    found = uses()
    assert len(found) > 400  # the search itself finds them
    wrong = []
    for use in found:
        if use.facts is None:
            continue
        if use.case is None:
            needed = [placeholders(use.spec, case) for case in ("", *use.spec.text.cases)]
            if not any(each <= use.facts | use.adds for each in needed):
                wrong.append(f"{use.where}: {use.spec.code}: no case is filled by {sorted(use.facts)}")
            continue
        if use.case and use.case not in use.spec.text.cases:
            wrong.append(f"{use.where}: {use.spec.code} has no case {use.case}")
            continue
        asked = placeholders(use.spec, use.case)
        if missing := asked - use.facts - use.adds:
            wrong.append(f"{use.where}: {use.spec.code} {use.case}: {sorted(missing)} is not given")
        if use.strict and (surplus := use.facts - asked):
            wrong.append(f"{use.where}: {use.spec.code} {use.case}: {sorted(surplus)} is not shown")
    assert not wrong, "\n".join(wrong)


def test_every_case_is_used() -> None:
    strings = {node.value for path in SOURCES if path.parent.name != "en" for node in _strings(path)}
    unused = {(code, case) for code, text in TEXTS.items() for case in text.cases if case not in strings}
    read = {text.value for path in SOURCES for text in _arguments_of("words", path)}
    given: dict[Code, set[str | None]] = {}
    for use in uses():
        given.setdefault(use.spec, set()).add(use.case)
    for spec, cases in given.items():
        if None not in cases:
            unused |= {(spec.code, case) for case in spec.text.cases if case not in cases | read}
    assert sorted(unused) == []


def test_every_question_and_step_has_its_texts_and_each_is_used() -> None:
    assert set(TITLES) == set(StepId)
    asking = [path for path in SOURCES if path.parent.name in {"questions", "session"}]
    used = {node.value for path in asking for node in _strings(path)}
    assert sorted(set(QUESTIONS) - used) == []
    offered = [
        (choice.label, choice.detail) for step in every_step() for each in step.questions for choice in each.choices
    ]
    arising: dict[str, set[str]] = {
        "roots": {RootKind.PRIVATE, RootKind.PUBLIC},
        "gateway.0.unattended-repair": {Offer.YES, Offer.NO},
        "gateway.0.unattended-restrict": {Offer.YES, Offer.NO},
    }
    phases = {phase.value for phase in Phase if phase is not Phase.AUTO}
    arising |= dict.fromkeys(("phase", "phase.unknown", "phase.open-steps"), phases)
    assert {name: set(QUESTIONS[name].choices) for name in arising} == arising
    unused = [
        (name, value)
        for name, text in QUESTIONS.items()
        for value, choice in text.choices.items()
        if name not in arising and (choice.label, choice.detail) not in offered
    ]
    assert unused == []


def test_only_the_texts_hold_titles_and_labels() -> None:
    words = {text for text in (*TITLES.values(), *(text.label for text in QUESTIONS.values())) if text.count(" ") > 2}
    written = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in SOURCES
        if path.parent.name != "en"
        for node in _strings(path)
        if node.value in words
    ]
    assert written == []


def flaws(text: Text) -> list[str]:
    """What is wrong with the words of *text*."""
    templates = [(text.message, text.fix), *((case.message, case.fix) for case in text.cases.values())]
    words = [text.title, text.why, text.source, *(each for pair in templates[:1] for each in pair)]
    found: list[str] = [each for each in words if not each]
    everything = [*words, *(each for pair in templates[1:] for each in pair if each)]
    found += [each for each in everything if each.strip() != each or BLAME.search(each) or CUT.search(each)]
    names = {name for each in everything for _, name, _, _ in Formatter().parse(each) if name is not None}
    found += [name for name in names if not name.isidentifier()]
    return found if len(text.title) <= 90 else [*found, "long title"]


def test_every_text_reads_well() -> None:
    assert {code: flaws(text) for code, text in TEXTS.items() if flaws(text)} == {}


def test_every_code_occurs_in_a_test() -> None:
    tests = [path for kind in ("*.py", "*.java") for path in (ROOT / "tests").rglob(kind) if path != Path(__file__)]
    source = "\n".join(path.read_text(encoding="utf-8") for path in tests)
    words = set(re.findall(r"[a-z0-9][a-z0-9.-]*", source)) | set(re.findall(r"codes\.([A-Z0-9_]+)", source))
    named = {spec.code: name for name, spec in vars(codes).items() if isinstance(spec, Code)}
    missing = {code for code, name in named.items() if code not in words and name not in words}
    assert sorted(missing - NOT_YET_TESTED) == [], "write a test that names these codes"
    assert sorted(NOT_YET_TESTED - missing) == [], "these have a test now: take them off the list"


def test_every_note_on_a_file_has_its_sentence_and_each_is_used() -> None:
    reasons = {
        codes.READING_DAMAGED.code,
        codes.READING_ALGORITHM_UNSUPPORTED.code,
        codes.CERTIFICATE_NOT_READABLE.code,
    }
    encodings = {codes.PEM_UTF_8_BOM.code, codes.PEM_UTF_16.code}
    given = [
        call.args[0]
        for path in SOURCES
        if path.is_relative_to(ROOT / "wizard/certificates")
        for call in _nodes(path, ast.Call)
        if _called(call) == "note" and call.args
    ]
    literal = {str(code.value) for code in given if isinstance(code, ast.Constant)}
    constants = [_constant(code.value) for code in given if isinstance(code, ast.Attribute)]
    named = {spec.code for spec in constants if spec is not None}
    assert literal | named | reasons | encodings == set(NOTES)
