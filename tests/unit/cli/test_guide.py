"""The guide: each topic is printed, and each command in it can be given."""

import json
import re
import shlex
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from wizard.cli.commands import COMMANDS
from wizard.cli.guide import PAGES
from wizard.cli.main import build_parser, main
from wizard.package_data import read_text

ROOT = Path(__file__).parents[3]
TOPICS = (*PAGES, "answers", "troubleshooting", "json-schema")


@pytest.mark.parametrize("topic", TOPICS[:-1])
def test_a_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", topic]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# ")
    assert max(map(len, text.splitlines())) <= 80


def test_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "json-schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(schema)
    printing = {path.stem for path in (ROOT / "wizard/cli").glob("*.py") if "print_json" in path.read_text()}
    assert {f"{name}-command" for name in COMMANDS if name in printing} <= set(schema["$defs"])


def test_the_list_names_each_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TOPICS)


def test_an_unknown_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "zzz"]) == 2
    assert capsys.readouterr().err.startswith("error: guide.unknown-topic 'zzz'")


def test_each_command_of_the_guide_is_accepted_by_the_parser() -> None:
    found = 0
    for page in PAGES:
        text = read_text("wizard.guide", f"{page}.md").replace("\\\n", " ")
        for line in re.findall(r"^    (?:sudo )?cloudstream-wizard( .*)?$", text, re.MULTILINE):
            words = shlex.split(line or "")
            build_parser(words[0] if words else None, whole=False).parse_args(words)
            found += 1
    assert found > 20
