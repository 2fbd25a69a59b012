"""The guide: each topic is printed, and each command in it can be given."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from wizard.cli.commands import COMMANDS
from wizard.cli.guide import PAGES
from wizard.cli.main import build_parser, main
from wizard.package_data import read_text

ROOT = Path(__file__).parents[3]
SCHEMAS = ("answers-schema", "json-schema")
TOPICS = (*PAGES, "answers", *SCHEMAS, "troubleshooting")


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic not in SCHEMAS])
def test_a_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", topic]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# ")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("topic", SCHEMAS)
def test_a_schema(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", topic]) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_each_command_has_its_form_in_the_schema() -> None:
    schema = json.loads(read_text("wizard.guide", "output.schema.json"))
    assert sorted(form["$ref"].rpartition("/")[2] for form in schema["anyOf"]) == sorted(set(COMMANDS) - {"guide"})
    for name in set(COMMANDS) - {"guide"}:
        assert schema["$defs"][name]["properties"]["schema"] == {"const": f"cloudstream-wizard/{name}/1"}


def test_another_schema_name_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    validator = Draft202012Validator(json.loads(read_text("wizard.guide", "output.schema.json")))
    assert main(["findings", "chain.incomplete", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    validator.validate(printed)
    assert not validator.is_valid({**printed, "schema": "cloudstream-wizard/probe/1"})
    assert not validator.is_valid({key: value for key, value in printed.items() if key != "findings"})


def test_the_list_names_each_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TOPICS)


def test_an_unknown_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "zzz"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: guide.unknown-topic 'zzz'")
    assert err.count("\nhint: ") > 2
    assert "\\x0a" not in err


def test_each_command_of_the_guide_is_accepted_by_the_parser() -> None:
    found = 0
    for page in PAGES:
        text = read_text("wizard.guide", f"{page}.md").replace("\\\n", " ")
        inside = re.findall(r"`cloudstream-wizard( [^`]*)`", text)
        for line in (*re.findall(r"^    (?:sudo )?cloudstream-wizard( .*)?$", text, re.MULTILINE), *inside):
            words = shlex.split(line or "")
            build_parser(words[0] if words else None, whole=False).parse_args(words)
            found += 1
    assert found > 35


def test_pictures_are_printed_where_they_can_be_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {page: re.findall(r"!\[(.*)\]\((.*)\)", read_text("wizard.guide", f"{page}.md")) for page in PAGES}
    assert sum(map(len, named.values())) > 5
    for page, pictures in named.items():
        main(["guide", page])
        text = capsys.readouterr().out
        assert "![" not in text
        for caption, link in pictures:
            shown = (ROOT / "wizard/guide" / link).with_suffix(".txt").read_text().splitlines()
            assert f"\n{caption}:\n\n{shown[0]}\n" in text
            assert (ROOT / "wizard/guide" / link).is_file()
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    assert main(["guide", "set-up"]) == 0
    sys.stdout.flush()
    assert "The review:\n" not in raw.getvalue().decode("ascii")


def test_the_page_on_security_names_no_test(capsys: pytest.CaptureFixture[str]) -> None:
    main(["guide", "security"])
    text = capsys.readouterr().out
    assert text.count("\n- ") > 10
    assert "tests/" not in text
