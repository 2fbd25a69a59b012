"""Commands called in a way, or on files, that they cannot use: one line with the code, the thing concerned, exit 2."""

from pathlib import Path

import pytest

from wizard.cli.main import main

CONF = "hcp {\n  tls.port = 2560\n}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "application.conf").write_text(CONF)
    (tmp_path / "two-lines").write_text("first\nsecond\n")
    (tmp_path / "latin-1").write_bytes("pässword\n".encode("latin-1"))
    (tmp_path / "taken").write_text("a file, not a folder")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SET = ("conf", "set", "application.conf", "hcp.tls.port", "--value-file")
CASES: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("conf.not-set", ("conf", "get", "application.conf", "hcp.tls.host"), ("application.conf", "hcp.tls.host")),
    ("conf.not-set", ("conf", "get", "application.conf", "tls.port"), ("hcp.tls.port (line 2)",)),
    ("conf.unreadable-file", ("conf", "get", "nowhere.conf", "a"), ("nowhere.conf", "no such file")),
    ("conf.unreadable-file", ("conf", "get", ".", "a"), ("is a directory",)),
    ("conf.unreadable-file", (*SET, "no-value"), ("no-value", "no such file")),
    ("conf.value-file", (*SET, "two-lines"), ("two-lines", "more than one line")),
    ("conf.value-file", (*SET, "latin-1"), ("latin-1", "UTF-8")),
    ("findings.unknown-code", ("findings", "doctor.nonsense"), ("doctor.nonsense",)),
    ("findings.unknown-code", ("findings", "password-wrong"), ("reading.password-wrong",)),
    ("usage.sandbox", ("sandbox", "create"), ("create DIR",)),
    ("usage.sandbox", ("sandbox", "one", "two"), ("one folder",)),
    ("sandbox.cannot-write", ("sandbox", "create", "taken/below"), ("taken/below", "Not a directory")),
]


@pytest.mark.parametrize(("code", "words", "facts"), CASES, ids=[" ".join(case[1][:2]) + case[0] for case in CASES])
def test_unusable_input_is_refused_in_one_line(
    code: str, words: tuple[str, ...], facts: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {code} ")
    assert [fact for fact in facts if fact not in err] == []
    assert (folder / "application.conf").read_text() == CONF
    assert sorted(path.name for path in folder.iterdir()) == before
