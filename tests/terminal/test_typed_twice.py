"""A new password is typed twice at a real terminal: two that differ are refused, and nothing is made of them."""

import sys
from pathlib import Path

from tests.support.exhaustive import exhaustive
from tests.support.practice import practice
from tests.support.pty_operator import ByLines
from tests.support.pty_terminal import Terminal
from tests.support.scenarios import WAYS, furnish, known

FIRST, SECOND = "Kanarie-eet-1234", "Kanarie-eet-1243"
WIZARD = [sys.executable, "-m", "wizard"]


def test_the_password_of_a_new_key(tmp_path: Path) -> None:
    out = tmp_path / "request"
    command = [*WIZARD, "csr", "--role", "primary", "--host", "primary-host", "--out", str(out)]
    with Terminal(command) as terminal:
        terminal.shows("Password for the private key:")
        terminal.child.sendline(FIRST)
        terminal.shows("Repeat the password:")
        terminal.child.sendline(SECOND)
        assert terminal.ended() == 2
        assert "error: csr.passwords-differ " in terminal.text
        assert "Type both again" in terminal.text
        assert b"Kanarie" not in terminal.sent
    assert not out.exists()


@exhaustive
def test_the_password_of_a_new_key_store_line_by_line(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False) as here:
        furnish(here)
        known(here)
        command = [*WIZARD, *here.options, "--plain"]
        with Terminal(command) as terminal:
            ByLines(terminal, WAYS["set-up"]).go(to="primary-store-password")
            # What is typed before its prompt is shown and dropped by the terminal.
            terminal.child.sendline(FIRST)
            terminal.shows("Repeat the password:")
            terminal.child.sendline(SECOND)
            terminal.shows("[password.differs]")
            assert "The two passwords are not the same." in terminal.text
            assert b"Kanarie" not in terminal.sent
