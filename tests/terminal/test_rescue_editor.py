"""The operator's own editor in the wizard's terminal: it gets the line, and the screen comes back whole."""

import sys
from pathlib import Path

from tests.support.doctor_runs import settle
from tests.support.practice import practice
from tests.support.pty_terminal import Terminal

EDITOR = """#!/bin/sh
echo "EDITING $*"
read -r answer
sed -i 's/^akka {/}\\n\\nakka {/' "$2"
"""


def test_a_missing_brace_is_written_in_the_editor(tmp_path: Path) -> None:
    program = tmp_path / "editor"
    program.write_text(EDITOR)
    program.chmod(0o755)
    with practice(tmp_path / "x", java=None, start=False, faults=["missing-brace"], configured=True) as made:
        settle(made)
        words = [sys.executable, "-m", "tests.support.start_command", str(made.root), "rescue", "examine"]
        with Terminal(words, VISUAL=str(program)) as terminal:
            terminal.until("application.conf does not parse")
            terminal.send("enter")
            terminal.shows("EDITING +6 ")
            terminal.send("=done", "enter")
            terminal.until("the service did not start")
            first, *_, last = terminal.text.split("\n")
            assert "CloudStream TLS wizard" in first
            assert "F10 Quit" in last
            terminal.press("f10", "enter")
            assert terminal.ended() == 130
