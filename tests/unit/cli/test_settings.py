"""Defaults of options: from where, in which order, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest

from wizard.cli.main import GLOBALS
from wizard.cli.settings import NAMES, defaults
from wizard.errors import WizardError

ME = os.geteuid()


def found(tmp_path: Path, text: str = "", given: dict[str, Any] | None = None, /, **environment: str) -> dict[str, Any]:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    file.chmod(0o644)
    variables = {f"CLOUDSTREAM_WIZARD_{name}": value for name, value in environment.items()}
    return defaults(given or {}, variables, file, ME)


def test_without_file_and_variables_nothing_is_set(tmp_path: Path) -> None:
    assert defaults({}, {"OTHER": "x"}, tmp_path / "absent.toml", ME) == {}
    assert found(tmp_path) == {}


def test_the_command_line_counts_before_the_environment_before_the_file(tmp_path: Path) -> None:
    text = 'theme = "light"\nstate-dir = "/file"\nascii = true\nquiet = true\n'
    assert found(tmp_path, text) == {"theme": "light", "state_dir": "/file", "ascii": True, "quiet": True}
    assert found(tmp_path, text, STATE_DIR="/variable", THEME="")["state_dir"] == "/variable"
    assert found(tmp_path, text, {"state_dir": "/option", "unicode": True, "verbose": True}) == {"theme": "light"}
    assert found(tmp_path, text, UNICODE="1") == {
        "theme": "light",
        "state_dir": "/file",
        "unicode": True,
        "quiet": True,
    }
    assert found(tmp_path, "plain = true\n", PLAIN="false") == {"plain": False}


@pytest.mark.parametrize(
    ("text", "environment", "code"),
    [
        ('systemctl = "/tmp/x"\n', {}, "settings.unknown"),
        ('restart-command = "x"\n', {}, "settings.unknown"),
        ('root = "/x"\n', {}, "settings.unknown"),
        ('secret = "a=file:/x"\n', {}, "settings.unknown"),
        ("[a]\nb = 1\n", {}, "settings.unknown"),
        ('theme = "pink"\n', {}, "settings.value"),
        ('state-dir = "relative"\n', {}, "settings.value"),
        ("state-dir = 1\n", {}, "settings.value"),
        ('ascii = "yes"\n', {}, "settings.value"),
        ("", {"ASCII": "yes"}, "settings.value"),
        ("", {"HCP_HOME": "relative"}, "settings.value"),
        ("theme = \n", {}, "settings.unreadable"),
        ("a = " + "[" * 5000, {}, "settings.unreadable"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, environment: dict[str, str], code: str) -> None:
    with pytest.raises(WizardError) as caught:
        found(tmp_path, text, **environment)
    assert caught.value.code == code
    assert caught.value.hint


def test_variables_of_options_that_run_a_program_are_not_read(tmp_path: Path) -> None:
    assert found(tmp_path, SYSTEMCTL="/tmp/x", RESTART_COMMAND="/tmp/x", ROOT="/tmp", SECRET="a=file:/x") == {}


def test_a_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("quiet = true\n")
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    for mode in (0o664, 0o646):
        file.chmod(mode)
        with pytest.raises(WizardError, match="not a file that only root can write"):
            defaults({}, {}, file, ME)
    with pytest.raises(WizardError) as unsafe:
        defaults({}, {}, file, ME)
    assert unsafe.value.code == "settings.unsafe"
    file.chmod(0o644)
    assert defaults({}, {}, file, ME) == {"quiet": True}
    with pytest.raises(WizardError, match="not a file that only root can write"):
        defaults({}, {}, file, ME + 1)
    for other in (link, tmp_path):
        with pytest.raises(WizardError) as caught:
            defaults({}, {}, other, ME)
        assert caught.value.code == "settings.unreadable"


def test_each_name_is_an_option() -> None:
    options = {*GLOBALS} | {"--plain", "--theme"}
    assert {f"--{name}" for name in NAMES} <= options
    assert not {"root", "systemctl", "restart-command", "secret"} & set(NAMES)
