import json
from pathlib import Path

import pytest

from wizard.cli.main import main

TEXT = b'hcp {\r\n  port = 1\r\n  key-password = "changeit" # c\r\n}\r\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "value").write_text("Xk3nNq7Wb2Lm\n")
    path = tmp_path / "application.conf"
    path.write_bytes(TEXT)
    return path


def test_get_gives_value_and_place(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conf", "get", str(file), "hcp.port", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["value"], answer["line"], answer["decidable"]) == (
        "cloudstream-wizard/conf/1", "1", 2, True,
    )  # fmt: skip


def test_set_changes_one_value_and_shows_no_secret(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["conf", "set", str(file), "hcp.key-password", "--value-file", str(file.parent / "value")]
    assert main([*command, "--dry-run"]) == 0
    assert file.read_bytes() == TEXT
    assert main(command) == 0
    assert file.read_bytes() == TEXT.replace(b"changeit", b"Xk3nNq7Wb2Lm")
    shown = capsys.readouterr()
    assert "Xk3nNq7Wb2Lm" not in shown.out + shown.err
    assert "changeit" not in shown.out + shown.err
    assert "********" in shown.err


@pytest.mark.parametrize("path", ["port", "hcp..port", "nothing.here"])
def test_what_is_absent_is_refused_in_one_line(file: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conf", "get", str(file), path]) == 2
    assert capsys.readouterr().err.startswith("error: ")
