"""Whole journeys as an operator makes them: over a real ssh link, on a real practice server, well and badly."""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.headless.practice import Practice, company, practice
from tests.terminal.far import Sshd, left, sshd, wait_until_none_is_left
from tests.terminal.terminal import Terminal
from wizard.answers import Answers
from wizard.sandbox.pki import pfx
from wizard.saved import NAME, save

pytestmark = pytest.mark.xdist_group("ssh")

FILES_PASSWORD = "Kanarie-zingt-4711"
STORE_PASSWORD = "Kanarie-slaapt-0815"
MARKED = re.compile(r"^ >( |$)|> \[")
PANE = re.compile(r"^ ?> (Lines|All is shown)")
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
LEFT, CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p") as made:
        sent_by_the_pki_team(made)
        yield made


def sent_by_the_pki_team(here: Practice) -> None:
    """One folder, with a password that stands nowhere else."""
    folder = here.root / "certificates"
    shutil.rmtree(folder)
    folder.mkdir()
    for name, entity in company().entities.items():
        (folder / f"{name}.pfx").write_bytes(pfx(entity, FILES_PASSWORD, name=name))
    root = company().root.certificate.public_bytes(Encoding.DER)
    (folder / "Acme-CA-Root.cer").write_bytes(root)


def known(here: Practice) -> None:
    """Let an earlier run have told where the server is probed."""
    answers = Answers().put("primary.port", here.deployment.port).put("primary.nodes", ("127.0.0.1",))
    save(here.deployment.machine, answers.put("primary.chain", ("certificates/primary-host.pfx",)), "goal", here.root)


def number(terminal: Terminal) -> int:
    """Of the step that is shown."""
    found = re.search(r"Step (\d+) of", terminal.text)
    return int(found[1]) if found else 0


def cursor_is_at_the_focus(terminal: Terminal) -> None:
    rows = terminal.text.splitlines()
    marked = [row for row, line in enumerate(rows) if MARKED.search(line)]
    pane = [row for row, line in enumerate(rows) if PANE.search(line)]
    at = terminal.screen.cursor.y
    # A pane that is read has its mark below and the cursor at its first row.
    assert at in marked or (pane and 0 < at <= pane[0]), (at, terminal.text)


def step(terminal: Terminal, *keys: str, last: str = "enter", most: int = 12_000) -> None:
    """Press keys on this step and *last*, which leads to the next one: the bytes, the cursor and the silence."""
    now = number(terminal)
    for key in keys:
        for part in (key[:2], f"={key[2:]}") if key[0] == "=" else (key,):
            assert len(terminal.press(part)) <= 1_000, part
    before = len(terminal.sent)
    terminal.press(last)
    end = time.monotonic() + 20
    while number(terminal) == now:
        terminal.read(0.1)
        assert time.monotonic() < end, terminal.text
    terminal.read()
    assert len(terminal.sent) - before <= most, terminal.text
    cursor_is_at_the_focus(terminal)


def to_review(terminal: Terminal) -> None:
    """From the goal to the review, with a store password of one's own, a gateway and a client."""
    step(terminal)
    step(terminal)
    terminal.until("Which password opens them?")
    step(terminal, "=" + FILES_PASSWORD)
    terminal.until("primary-host")
    step(terminal)
    step(terminal, "down", "enter")
    step(terminal, "=" + STORE_PASSWORD, "enter", "=" + STORE_PASSWORD)
    step(terminal, "=gateway-host", "enter", "=pcclient-host", "enter", "enter")  # their folder was found
    terminal.until("gateway-host")
    step(terminal)
    terminal.until("default-keystore-file")


def no_secret(here: Practice, terminal: Terminal) -> None:
    """Neither in what was sent nor in any file but the settings, and their copies, where the server reads it."""
    drawn = re.sub(rb"\x1b\[[0-9;?<>=$]*[A-Za-z]", b"", terminal.sent)
    secrets = [FILES_PASSWORD.encode(), STORE_PASSWORD.encode()]
    assert not [secret for secret in secrets if secret in drawn or secret in terminal.sent]
    for path in here.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and "jre" not in path.parts:
            held = path.read_bytes()
            assert secrets[0] not in held, path
            if secrets[1] in held:
                assert held.count(b"default-keystore-password"), path
                assert path.stat().st_mode & 0o007 == 0, path


def test_a_set_up_in_full_screen(here: Practice, link: Sshd) -> None:
    with link.wizard(here) as terminal:
        terminal.until("hcp-server is active")
        assert len(terminal.sent) <= 14_000
        cursor_is_at_the_focus(terminal)
        assert terminal.read(1.5) == b"", "idle"
        to_review(terminal)
        assert terminal.read(1.5) == b"", "idle"
        kept = here.root / "kept.toml"
        shutil.copy(here.deployment.machine.state_dir / NAME, kept)
        step(terminal)
        step(terminal, "right")
        terminal.until("> [ Next ]")
        cursor_is_at_the_focus(terminal)
        step(terminal, last="enter")
        terminal.until("Where shall the packs be written?")
        terminal.press("enter")  # on to the question about the responders
        step(terminal)
        terminal.until("What is left to do")
        terminal.press("enter")
        assert terminal.ended() == 0
        after = terminal.sent.split(LEFT)[-1]
        assert b"Done: the right certificate is served, and it was proven." in after
        no_secret(here, terminal)
    wait_until_none_is_left(here)
    here.start()
    assert "primary-host" in here.served()
    # Headless, from what this run kept: the same plan on a machine that was put back.
    (change,) = here.json("history")["changes"]
    assert here.run("rollback").returncode == 0
    env = {"FILES": FILES_PASSWORD, "STORE": STORE_PASSWORD}
    words = ["--answers", str(kept), "--secret", "primary.password=env:FILES"]
    words += ["--secret", "primary.keystore-password=env:STORE", "--secret", "gateway.0.password=env:FILES"]
    done = here.run("plan", *words, "--secret", "client.0.password=env:FILES", "--json", env=env)
    assert json.loads(done.stdout)["digest"] == change["digest"], done.stderr


def test_a_set_up_as_lines_and_its_undo(here: Practice, link: Sshd) -> None:
    with link.wizard(here, "--plain") as terminal:
        for prompt, answer in (
            ("What do you want to do?", "1"),
            ("Where does the primary server run?", "1"),
            ("Where does this server answer?", ""),
            ("Answer [certificates/primary-host.pfx]:", ""),
            ("Password (not shown):", FILES_PASSWORD),
            ("Answer [primary-host]:", ""),
            ("Which password shall the new key store have?", "1"),
            ("Shall the root be trusted", ""),
            ("Which gateways", ""),
            ("Which Windows clients", ""),
            ("Where are their files?", ""),
            ("Password (not shown", ""),
            ("Press Enter to go on", ""),
            ("Type apply to go on", "apply"),
            ("Press Enter to go on", ""),
        ):
            heard(terminal, prompt)
            terminal.child.sendline(answer)
        assert terminal.ended() == 0
        assert b"Done: the right certificate is served, and it was proven." in terminal.sent
        no_secret(here, terminal)
        assert b"\x1b[" not in terminal.sent
    here.start()
    assert "primary-host" in here.served()
    with link.wizard(here, "--plain") as terminal:
        for prompt, answer in (
            ("What do you want to do?", "4"),
            ("Which change shall be undone?", ""),
            ("Press Enter to go on", ""),
            ("Type apply to go on", "apply"),
        ):
            heard(terminal, prompt)
            terminal.child.sendline(answer)
        assert terminal.ended() == 0
    here.start()
    assert "localhost" in here.served()


def heard(terminal: Terminal, words: str) -> None:
    """Read lines until *words* and the prompt behind them came; what came before is done with."""
    end = time.monotonic() + 20
    place = getattr(terminal, "heard_to", 0)
    while True:
        found = terminal.sent.find(words.encode(), place)
        if found >= 0 and re.search(rb": $", terminal.sent[found:]):
            break
        terminal.read(0.1)
        assert time.monotonic() < end, (words, terminal.sent[place:])
    terminal.heard_to = len(terminal.sent)  # type: ignore[attr-defined]


def cut(terminal: Terminal) -> None:
    """The link is gone: the client cannot say goodbye."""
    os.kill(terminal.pid, signal.SIGKILL)


def test_a_cut_link_leaves_the_answers_and_nothing_else(here: Practice, link: Sshd) -> None:
    kept = here.deployment.machine.state_dir / NAME
    with link.wizard(here) as terminal:
        terminal.until("hcp-server is active")
        step(terminal)
        cut(terminal)
        wait_until_none_is_left(here)
    assert " place " in kept.read_text().partition("\n")[0]
    with link.wizard(here) as terminal:
        terminal.until("at the step place")
        cursor_is_at_the_focus(terminal)
        terminal.press("enter")
        terminal.until("Where does the primary server run?")
        step(terminal)
        step(terminal, "=" + FILES_PASSWORD)
        cut(terminal)
        wait_until_none_is_left(here)
        no_secret(here, terminal)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert " primary-verdict " in kept.read_text().partition("\n")[0]
    with link.wizard(here) as terminal:
        terminal.until("primary-verdict.")
        terminal.press("enter")
        # Everything is checked again, and no password was saved: it is asked for where it is needed.
        terminal.until("Which password opens them?")


def test_a_change_ends_by_itself_when_the_link_is_cut(here: Practice, link: Sshd) -> None:
    (here.root / "etc/practice.json").write_text(json.dumps({"start_delay": 4}))
    known(here)
    with link.wizard(here, saved=True) as terminal:
        terminal.until("An unfinished run")
        terminal.press("enter")
        terminal.until("What do you want to do?")
        step(terminal)
        step(terminal)
        step(terminal, "=" + FILES_PASSWORD)
        terminal.until("primary-host")
        step(terminal)
        step(terminal, "enter")
        step(terminal, "enter", "enter", "enter")
        terminal.until("default-keystore-file")
        step(terminal)
        step(terminal, "right")
        assert "Applying" in terminal.text
        cut(terminal)
    wait_until_none_is_left(here)
    with link.wizard(here, saved=True) as terminal:
        terminal.until("Applying")
        terminal.until("> [ Next ]")
        cursor_is_at_the_focus(terminal)
        cut(terminal)
    wait_until_none_is_left(here)
    assert "primary-host" in here.served()
    assert [change["outcome"] for change in here.json("history")["changes"]] == ["applied"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_terminal_back(number: int, code: int, here: Practice, link: Sshd) -> None:
    with link.wizard(here) as terminal:
        terminal.until("hcp-server is active")
        (pid,) = left(here)
        os.kill(pid, number)
        assert terminal.ended() == code
        assert LEFT in terminal.sent
        assert CURSOR in terminal.sent
    wait_until_none_is_left(here)


def test_rescue_in_ascii_without_colour(here: Practice, link: Sshd) -> None:
    with link.wizard(here, "--ascii", NO_COLOR="1") as terminal:
        terminal.until("Something is wrong")
        terminal.press("down", "down")
        step(terminal)
        terminal.until("Which password opens the key store?")
        terminal.until("built-in")
        cursor_is_at_the_focus(terminal)
        terminal.press("f1")
        terminal.press("escape")
        terminal.press("f10")
        assert terminal.ended() == 130
        assert max(terminal.sent) < 128
        assert not COLOUR.search(terminal.sent)
    wait_until_none_is_left(here)
