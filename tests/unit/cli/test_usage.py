"""Wrong words on the command line, and what --quiet, --verbose and --syslog do."""

import argparse
import errno
import syslog
from pathlib import Path

import pytest

from wizard.change.events import Event
from wizard.change.worker import _to_syslog
from wizard.cli import dispatch
from wizard.cli.commands import COMMANDS
from wizard.cli.following import follow
from wizard.cli.main import build_parser, main


@pytest.mark.parametrize(("word", "meant"), [("statsu", "'status'"), ("rolback", "'rollback'"), ("zzz", "")])
def test_a_mistyped_command(word: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: usage.unknown-command '{word}' is not a command.")
    assert ("Did you mean" in err) == bool(meant)
    assert meant in err


@pytest.mark.parametrize("words", [["rollback", "", "--yes"], ["history", ""], ["history", "--purge", "", "--yes"]])
def test_an_empty_id_is_not_the_newest_change(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser(words[0]).parse_args(words)
    assert ended.value.code == 2
    assert "the id is empty" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["plan", "--ans", "x"], ["--vers"], ["history", "--old", "3"]])
def test_options_are_not_abbreviated(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["status", "--wran", "3"],
        ["status", "--warn", "x"],
        ["--settle", "x", "status"],
        ["status", "--restart-command", "'"],
    ],
)
def test_wrong_usage_of_status_is_unknown_for_monitoring(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    out = capsys.readouterr().out
    assert ended.value.code == 3
    assert out.startswith("CLOUDSTREAM TLS UNKNOWN - wrong usage: ")
    assert out.count("\n") == 1


@pytest.mark.parametrize("words", [["plan", "--answers", "a", "\x1b[31m"], ["history", "\x1b[31m", "x"]])
def test_wrong_usage_prints_no_control_character(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "unrecognized arguments: " in err


@pytest.mark.parametrize("link", ["", "/data"])
def test_the_records_of_an_image_are_in_the_image(
    link: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if link:
        (tmp_path / "var").symlink_to(link)
    assert main(["--root", str(tmp_path), "history"]) == 0
    assert f"in {tmp_path}{link or '/var'}/lib/cloudstream-wizard." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "resource temporarily unavailable"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on device"),
        (MemoryError(), "not enough memory"),
    ],
)
@pytest.mark.parametrize("caused", [False, True])
def test_a_limit_of_the_system_is_no_error_in_the_wizard(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, caused: bool
) -> None:
    def fails(_args: argparse.Namespace) -> int:
        if caused:
            raise ValueError from error
        raise error

    monkeypatch.setattr(dispatch, "run", fails)
    assert main(["history"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: system.limit The system refused what the wizard needs: {reason}.")
    assert "recover" in err


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([option])
    assert not ended.value.code
    assert capsys.readouterr().out.startswith("cloudstream-wizard ")


def test_options_of_every_command_are_listed_once() -> None:
    assert "--state-dir" in build_parser(None).format_help()
    for name in COMMANDS:
        commands = next(each for each in build_parser(name, whole=False)._actions if each.dest == "command")
        assert isinstance(commands.choices, dict)
        shown = commands.choices[name].format_help()
        assert "--state-dir" not in shown
        assert "options of every command" in shown


EVENTS = [
    Event("keystore", "done", "Wrote it", "2026-01-01T00:00:00Z"),
    Event("change", "failed", "Restored", "2026-01-01T00:00:01Z", "rolled_back", "probe.down", "wait"),
]


def test_quiet_and_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, verbose, expected in (
        (False, False, "  keystore: done Wrote it\n  change: failed Restored\n"),
        (True, False, ""),
        (
            False,
            True,
            "  2026-01-01T00:00:00Z  keystore: done Wrote it\n  2026-01-01T00:00:01Z  change: failed Restored\n",
        ),
    ):
        assert follow(lambda: EVENTS, argparse.Namespace(quiet=quiet, verbose=verbose)) == EVENTS
        assert capsys.readouterr().err == expected


def test_who_stops_watching_at_the_begin_learns_that_the_change_may_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped() -> list[Event]:
        raise KeyboardInterrupt

    assert follow(stopped, argparse.Namespace(quiet=False, verbose=False)) is None
    assert capsys.readouterr().err.startswith("If the change has begun, it continues in the background.")


def test_steps_go_to_the_system_log(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, str]] = []
    monkeypatch.setattr(syslog, "syslog", lambda priority, text: sent.append((priority, text)))
    for event in EVENTS:
        _to_syslog(event)
    assert sent == [
        (syslog.LOG_INFO, "keystore: done Wrote it"),
        (syslog.LOG_ERR, "change: failed Restored probe.down"),
    ]
