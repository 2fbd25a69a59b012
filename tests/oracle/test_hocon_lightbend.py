"""The Lightbend library reads every file before and after an edit: same values, same refusals."""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.fuzz_configs import mutated
from tests.oracle.hocon_cases import CASES, INCLUDED, WHY, WITH_INCLUDES
from tests.support.exhaustive import EVERY
from tests.support.jvm import run_java
from wizard.configs import hocon
from wizard.configs.hocon import Document
from wizard.errors import TextSyntaxError, WizardError

NEW = 'new "value" \\ ä # $x'
ALL = {**CASES, **WITH_INCLUDES}
ENDS = 2 if EVERY else 1
VARIABLE = "WIZARD_HOCON_SET"


def to_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def load(kind: str, name: str) -> bytes | None:
    return INCLUDED[name].encode() if kind == "heuristic" and name in INCLUDED else None


def dump(document: Document) -> dict[str, Any]:
    return {"\n".join(json.dumps(key) for key in keys): value for keys, value in document.resolved().items()}


def decided(document: Document) -> dict[str, Any]:
    """Of `dump` the settings that do not depend on what was not read, and not the lists with doubtful items."""
    sure = {keys: value for keys, value in document.resolved().items() if not document.view.lookup(keys).doubt}
    return {"\n".join(json.dumps(key) for key in keys): value for keys, value in sure.items()}


def comparable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keys escaped alike; runs of replacement characters as one, because Java and Python cut broken UTF-8 otherwise."""
    once = json.loads(json.dumps(values).replace("\\ufffd\\ufffd", "\\ufffd"))
    return {"\n".join(json.dumps(json.loads(key)) for key in path.split("\n")): value for path, value in once.items()}


@dataclass
class Tried:
    """What the editor did with one file, and what the library says of the files."""

    document: Document | None = None
    error: str = ""
    edits: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, WizardError] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, dict[str, Any]] = field(default_factory=dict)


def chosen(document: Document) -> list[str]:
    """At most four settings with a single value, from both ends of the file; two for `make test`."""
    paths = [hocon.render_path(keys) for keys, value in document.resolved().items() if isinstance(value, str)]
    return sorted(dict.fromkeys([*paths[:ENDS], *paths[-ENDS:]]))


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tried]:
    folder = tmp_path_factory.mktemp("hocon")
    for name, content in INCLUDED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    results: dict[str, Tried] = {}
    asked: list[tuple[str, str | None, Path]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "from the environment")
        patch.delenv("WIZARD_HOCON_NOT_SET", raising=False)
        for number, (name, text) in enumerate(ALL.items()):
            result = results[name] = Tried()
            files: dict[str | None, bytes] = {None: to_bytes(text)}
            try:
                result.document = hocon.parse(to_bytes(text), includes=load, environment=dict(os.environ))
            except TextSyntaxError as error:
                result.error = error.message
            else:
                for path in chosen(result.document):
                    try:
                        result.edits[path] = files[path] = result.document.set(path, NEW).render()
                    except WizardError as error:
                        result.refused[path] = error
            for count, (edited, data) in enumerate(files.items()):
                file = folder / f"{number}-{count}.conf"
                file.write_bytes(data)
                asked.append((name, edited, file))
        answer = run_java("HoconJudge", stdin="".join(f"{file}\n" for _, _, file in asked), timeout=120)
    assert answer.returncode == 0, answer.stderr
    for (name, edited, _), line in zip(asked, answer.stdout.splitlines(), strict=True):
        if edited is None:
            results[name].before = json.loads(line)
        else:
            results[name].after[edited] = json.loads(line)
    return results


def test_there_are_enough_files() -> None:
    assert len(ALL) >= 150


@pytest.mark.parametrize("name", ALL)
def test_both_read_it_or_both_refuse_it(name: str, tried: dict[str, Tried]) -> None:
    result = tried[name]
    if name in WHY:
        return
    # Values that do not join show only when the substitutions are resolved, which the server does when it starts.
    accepted = result.before["parsed"] and "Cannot concatenate" not in result.before.get("error", "")
    assert (result.document is not None) == accepted, result.before.get("error") or result.error
    assert accepted != name.endswith(":refused")


@pytest.mark.parametrize("name", [name for name in ALL if not name.endswith(":refused")])
def test_both_see_the_same_values(name: str, tried: dict[str, Tried]) -> None:
    result = tried[name]
    assert result.document is not None
    if result.before["resolved"] and not result.document.doubts():
        assert comparable(dump(result.document)) == comparable(result.before["values"])
    elif result.before["resolved"]:
        # What cannot be decided here may be anything; the rest is right.
        ours, theirs = comparable(decided(result.document)), comparable(result.before["values"])
        assert ours == {path: theirs.get(path) for path in ours}
    else:
        # The library refuses to resolve: then the editor must tell of a doubt as well.
        assert result.document.doubts(), result.before["error"]


@pytest.mark.parametrize("name", [name for name in ALL if not name.endswith(":refused")])
def test_an_edit_changes_one_value_and_no_other(name: str, tried: dict[str, Tried]) -> None:
    result = tried[name]
    if not result.before["resolved"]:
        return
    for path in result.edits:
        after = result.after[path]
        key = "\n".join(json.dumps(key) for key in hocon.parse_path(path))
        assert after.get("resolved"), after
        wanted = comparable({**result.before["values"], key: NEW})
        assert comparable(after["values"]) == wanted, path


def test_edits_are_refused_only_where_another_place_counts(tried: dict[str, Tried]) -> None:
    refused = {(name, path): error.code for name, result in tried.items() for path, error in result.refused.items()}
    assert set(refused.values()) <= {"hocon.shadowed", "hocon.others-follow", "hocon.not-a-text"}
    assert ("include after", "x") in refused
    assert ("environment set", "a") in refused


def test_mutated_files_are_read_alike(tmp_path: Path) -> None:
    """Hundreds of damaged and odd files, made from the table with a fixed seed."""
    chance = random.Random(20240)
    corpus = [to_bytes(text) for text in CASES.values() if len(text) < 3000]
    files = [mutated(chance.choice(corpus), chance) for _ in range(3000 if EVERY else 300)]
    for number, data in enumerate(files):
        (tmp_path / f"case-{number}.conf").write_bytes(data)
    names = "".join(f"{tmp_path}/case-{number}.conf\n" for number in range(len(files)))
    answer = run_java("HoconJudge", stdin=names, timeout=300)
    for data, line in zip(files, answer.stdout.splitlines(), strict=True):
        verdict = json.loads(line)
        document: Document | None
        try:
            document = hocon.parse(data, includes=lambda _, __: None, environment=dict(os.environ))
        except TextSyntaxError as error:
            refused = error.code
            document = None
        if document is None:
            # UTF-16 is the one kind of file that is refused although the library reads it as nonsense.
            joined = "Cannot concatenate" in verdict.get("error", "")
            assert not verdict["parsed"] or joined or refused == "hocon.utf-16", data
            continue
        assert verdict["parsed"], (data, verdict["error"])
        if not verdict["resolved"]:
            assert document.doubts(), (data, verdict["error"])
        elif not document.doubts():
            assert comparable(dump(document)) == comparable(verdict["values"]), data
