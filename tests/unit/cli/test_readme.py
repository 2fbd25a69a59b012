"""What the README shows: its commands are accepted, its answers files can be read, its pictures are there."""

import re
import shlex
from pathlib import Path

from wizard.cli.commands import COMMANDS
from wizard.cli.main import build_parser
from wizard.questions.answers_file import load

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_commands_are_accepted() -> None:
    code = re.findall(r"^    (.*)$", README, re.MULTILINE) + re.findall(r"`([^`\n]+)`", README)
    table = re.findall(r"^\| `([^`|]+)`(?:, `([^`|]+)`)*", README, re.MULTILINE)
    lines = [line.partition(" #")[0].removeprefix("sudo ") for line in code]
    lines = [line.removeprefix("cloudstream-wizard") for line in lines if re.match(r"cloudstream-wizard( |$)", line)]
    lines += [line for row in table for line in row if line]
    assert len(lines) > 20
    for line in lines:
        words = [{"N": "1", "DAYS": "30"}.get(word, word) for word in shlex.split(line)]
        command = next((word for word in words if not word.startswith("-")), None)
        assert command is None or command in COMMANDS
        if "..." not in words:
            build_parser(command, whole=False).parse_args(words)


def test_its_answers_files_can_be_read() -> None:
    found = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert len(found) == 2
    for text in found:
        load(text)


def test_its_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
