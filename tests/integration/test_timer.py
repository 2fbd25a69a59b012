"""The timer of `status` on a practice deployment: installed, changed and removed as changes that can be undone."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Practice, practice
from wizard.planning.timer import SERVICE, TIMER, quoted
from wizard.session.undo import undoable

UNITS = Path("etc/systemd/system")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "d", java=None, start=False) as made:
        yield made


def _files(here: Practice) -> dict[str, str]:
    return {name: path.read_text() for name in (TIMER, SERVICE) if (path := here.root / UNITS / name).exists()}


def _systemd(here: Practice) -> list[str]:
    """What systemctl says: loaded, started, and enabled or not."""
    asked = [str(here.deployment.systemctl), "show", TIMER, "-p", "LoadState,ActiveState,UnitFileState"]
    return [
        line.partition("=")[2]
        for line in subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    ]


GONE, RUNS = ["not-found", "inactive", ""], ["loaded", "active", "enabled"]


def test_install_change_undo_and_remove(here: Practice) -> None:
    shown = here.run("timer", "install", "--dry-run")
    assert (shown.returncode, _files(here)) == (0, {})
    assert "+OnCalendar=daily" in shown.stderr

    made = here.json("timer", "install", "--yes")
    assert made["outcome"] == "applied"
    assert {each["id"]: each["state"] for each in made["steps"]}.items() >= {"timer": "done", "load": "done"}.items()
    assert _systemd(here) == RUNS
    first = _files(here)
    assert first[TIMER].count("OnCalendar=daily") == 1
    assert (here.root / UNITS / SERVICE).stat().st_mode & 0o777 == 0o644
    assert here.run("timer", "install", "--yes").stdout.startswith("Nothing to do")

    (change,) = undoable(here.deployment.machine)
    words = "\n".join(line.text for line in change.lines)
    assert f"Let systemd follow the files of {TIMER}" in words
    assert "printing pauses" not in words
    assert here.run("timer", "install", "--yes", "--calendar", "Mon 06:00").returncode == 0
    assert "OnCalendar=Mon 06:00" in _files(here)[TIMER]
    assert here.run("rollback", "--yes").returncode == 0
    assert (_files(here), _systemd(here)) == (first, RUNS)

    assert here.run("timer", "remove", "--yes").returncode == 0
    assert (_files(here), _systemd(here)) == ({}, GONE)
    assert not list((here.root / UNITS / "timers.target.wants").iterdir())
    assert here.run("timer", "remove").stdout.startswith("Nothing to do")
    undone = here.run("rollback", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "load: done systemd follows the files" in undone.stderr
    assert (_files(here), _systemd(here)) == (first, RUNS)
    titles = [entry["title"] for entry in here.json("history")["changes"]]
    assert titles[0] == "Check the certificates regularly"
    assert titles[3] == "No regular check of the certificates"


def test_what_the_timer_runs_writes_the_figures(here: Practice) -> None:
    file = here.root / "figures.prom"
    done = here.run("timer", "install", "--yes", "--warn", "45", "--host", "127.0.0.1", "--prometheus", str(file))
    assert done.returncode == 0, done.stderr
    found = re.search(r"^ExecStart=(.*)$", _files(here)[SERVICE], re.MULTILINE)
    assert found is not None
    command = shlex.split(found[1])
    assert command[command.index("--warn") :][:2] == ["--warn", "45"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd="/")
    assert ran.stdout.startswith("CLOUDSTREAM TLS"), ran.stderr
    assert "cloudstream" in file.read_text()


def test_what_systemd_refuses_is_undone(here: Practice) -> None:
    done = here.run("timer", "install", "--yes", "--calendar", "sometimes")
    assert done.returncode == 3
    assert (_files(here), _systemd(here)) == ({}, GONE)
    assert here.run("recover").returncode == 0


def test_a_timer_that_somebody_stopped_is_started_again(here: Practice) -> None:
    assert here.run("timer", "install", "--yes").returncode == 0
    subprocess.run([str(here.deployment.systemctl), "disable", "--now", TIMER], check=True)
    assert _systemd(here) == ["loaded", "inactive", "disabled"]
    assert here.run("timer", "install", "--yes").returncode == 0
    assert _systemd(here) == RUNS


def test_it_asks_first(here: Practice) -> None:
    done = here.run("timer", "install")
    assert (done.returncode, _files(here)) == (2, {})
    assert "apply.not-confirmed" in done.stderr


def test_without_systemd_it_is_refused(here: Practice) -> None:
    done = here.run("timer", "install", "--yes", "--restart-command", "true")
    assert (done.returncode, "timer.no-systemd" in done.stderr) == (2, True)


@pytest.mark.parametrize("text", ["", "a\nb", "%i", "x" * 101, "daily;ls"])
def test_a_calendar_that_is_none_is_refused(here: Practice, text: str) -> None:
    assert here.run("timer", "install", "--calendar", text).returncode == 2


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("/usr/bin/x-1.2", "/usr/bin/x-1.2"),
        ("a b", '"a b"'),
        ('q"\\', '"q\\"\\\\"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ("", '""'),
    ],
)
def test_words_are_quoted_for_systemd(word: str, text: str) -> None:
    assert quoted(word) == text
