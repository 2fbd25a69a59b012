"""The operator's own editor in the wizard's terminal: it gets the line, and the screen comes back whole."""

import sys
from pathlib import Path

from tests.support.doctor_runs import settle
from tests.support.practice import practice
from tests.support.pty_terminal import Terminal

EDITOR = """#!/bin/sh
echo
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
            terminal.child.send("done\r")  # these keys are the editor's
            # The marks of a screen at rest count keys, and some were the editor's.
            terminal.shows("the service did not start")
            terminal.shows("Not checked")
            while not terminal.quiet(1.0):
                pass
            first, *_, last = terminal.text.split("\n")
            assert "CloudStream TLS wizard" in first
            assert "F10 Quit" in last
            terminal.send("f10")
            terminal.shows("Leave the wizard?")
            while not terminal.quiet(1.0):
                pass
            terminal.send("right")
            while not terminal.quiet(1.0):
                pass
            terminal.send("enter")
            assert terminal.ended() == 130
