import os
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host import files
from wizard.host.files import expand_inputs, read_input


def test_read_input_follows_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_input(tmp_path / "link") == b"abc"
    assert read_input(tmp_path / "file", limit=3) == b"abc"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("absent", "file.missing"),
        ("file/below", "file.missing"),
        ("folder", "file.is-a-folder"),
        ("pipe", "file.not-regular"),
        ("large", "file.too-large"),
        ("circle", "file.not-readable"),
    ],
)
def test_read_input_refuses(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"abcd")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(WizardError) as refused:
        read_input(tmp_path / name, limit=3)
    assert refused.value.code == code
    assert name.rpartition("/")[2] in refused.value.message
    assert refused.value.hint


def test_a_hostile_name_is_made_printable(tmp_path: Path) -> None:
    with pytest.raises(WizardError) as refused:
        read_input(tmp_path / "bad\x1b[31m")
    assert "\x1b" not in refused.value.message


def test_expand_inputs(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    for name in ("b.pem", "a.pem", ".hidden", "deeper/c.pem"):
        (folder / name).write_bytes(b"")
    (tmp_path / "single").write_bytes(b"")
    got = expand_inputs(["single", "folder", folder / "a.pem"], tmp_path)
    assert got == [tmp_path / "single", folder / "a.pem", folder / "b.pem"]


def test_expand_inputs_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WizardError) as missing:
        expand_inputs(["absent"], tmp_path)
    assert missing.value.code == "file.missing"
    with pytest.raises(WizardError) as nobody:
        expand_inputs(["~no-such-user/x"], tmp_path)
    assert nobody.value.code == "file.missing"
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(WizardError) as circle:
        expand_inputs(["circle"], tmp_path)
    assert circle.value.code == "file.not-readable"
    monkeypatch.setattr(files, "MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}").write_bytes(b"")
    with pytest.raises(WizardError) as many:
        expand_inputs([tmp_path], tmp_path)
    assert many.value.code == "file.too-many"


@pytest.mark.parametrize("name", ["my host.pfx", "cert (1).pfx", "[old] cert.pfx", "Primary Host/a b c.pfx"])
def test_names_with_blanks_are_taken_with_and_without_quotes(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    (tmp_path / "other.pem").write_text("y")
    quoted, bare = [str(path), "other.pem"], [*str(path).split(" "), "other.pem"]
    assert expand_inputs(quoted, tmp_path) == expand_inputs(bare, tmp_path) == [path, tmp_path / "other.pem"]


def test_a_missing_name_with_blanks_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(WizardError, match="my does not exist") as refused:
        expand_inputs(["my", "host.pfx"], tmp_path)
    assert "double quotes" in refused.value.hint
