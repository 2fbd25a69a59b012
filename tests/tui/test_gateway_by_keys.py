"""A gateway set up on itself by somebody at its terminal: on the screen, and line by line; then undone."""

import subprocess

from tests.support.exhaustive import exhaustive
from tests.support.line_by_line import talk
from tests.support.practice import Practice
from tests.tui.operator import at_the_wizard, to_the_unattended_file, unanswered

PASSWORD = "changeit"


def unattended(made: Practice) -> dict[str, str]:
    script = '. ./unattended.conf; printf "%s\\n" "$HCP_DEFAULT_KEYSTORE" "$HCP_DEFAULT_TRUSTSTORE"'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=made.root)
    return dict(zip(("keystore", "truststore"), done.stdout.splitlines(), strict=True))


WANTED = {"keystore": "/etc/cloudstream-tls/gateway-host.pfx", "truststore": "/etc/cloudstream-tls/acme-ca-root.pfx"}


def undone(made: Practice, before: bytes) -> None:
    """Take the change back: all is as *before*."""
    assert made.run("rollback", "--yes").returncode == 0
    assert (made.root / "unattended.conf").read_bytes() == before
    assert not (made.root / "etc/cloudstream-tls").exists()


@exhaustive
async def test_on_the_screen(made: Practice) -> None:
    before = (made.root / "unattended.conf").read_bytes()
    async with at_the_wizard(unanswered(made)) as operator:
        await to_the_unattended_file(operator)
        await operator.type("nowhere.conf")
        await operator.press("enter")
        await operator.sees("Error: /nowhere.conf does not exist.")
        await operator.press("ctrl+u")
        await operator.type("unattended.conf")
        await operator.press("enter")
        await operator.at("gateway-stores")
        await operator.type("k.pfx")
        await operator.press("enter", "enter", "enter")
        await operator.sees("Stop other accounts from reading the unattended file?")
        await operator.press("down", "enter")
        await operator.sees("Error: k.pfx cannot be used for a store: it is not the full path of a file.")
        await operator.press("ctrl+u", "enter", "enter", "enter", "enter")
        await operator.at("review")
        await operator.sees("Your answers", "Findings (")
        await operator.press("enter")
        await operator.sees("Continue anyway?", "config.world-readable-secret")
        await operator.press("right", "enter")
        await operator.at("confirm")
        await operator.sees("nothing; there is no outage", "Go back", "Apply")
        await operator.press("right", "enter")
        await operator.sees("Success", "every file was read again", "Continue")
        await operator.press("enter")
        await operator.at("elsewhere")
        await operator.sees("What is left to do", "[ ] Run the unattended installation")
        await operator.press("enter")
        assert await operator.ends() == 0
    assert unattended(made) == WANTED
    undone(made, before)


def test_line_by_line(made: Practice) -> None:
    before = (made.root / "unattended.conf").read_bytes()
    lines = [
        "1",
        "3",
        "certificates/gateway-host.pfx",
        PASSWORD,
        "gateway-host",
        "127.0.0.1",
        "",
        "1",
        "",
        "unattended.conf",
        "",
        "",
        "1",
        "2",
        "",
        "yes",
        "apply",
        "",
        "",
    ]
    code, told = talk(unanswered(made), *lines)
    assert code == 0, told
    assert "Done: every file is in place and was checked." in told
    assert "Run the unattended installation as your version documents it" in told
    assert PASSWORD not in told
    assert unattended(made) == WANTED
    undone(made, before)
