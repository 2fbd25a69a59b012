"""The guide: each topic is printed, and each command in it can be given."""

import re
import shlex

import pytest

from wizard.cli.guide import PAGES
from wizard.cli.main import build_parser, main
from wizard.package_data import read_text

TOPICS = (*PAGES, "answers", "troubleshooting")


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", topic]) == 0
    text = capsys.readouterr().out
    assert text.startswith("# ")
    assert max(map(len, text.splitlines())) <= 80
    assert "\n" not in text[-1:].strip("\n")


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
