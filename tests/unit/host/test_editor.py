"""Which editor is opened, and where."""

import shutil
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host import editor

CONF = Path("/opt/hcp/conf/application.conf")


@pytest.mark.parametrize(
    ("environ", "line", "words"),
    [
        ({"EDITOR": "nano"}, 20, ["nano", "+20", str(CONF)]),
        ({"EDITOR": "nano -w", "VISUAL": ""}, 0, ["nano", "-w", str(CONF)]),
        ({"EDITOR": "nano", "VISUAL": "'/opt/my editor' -n"}, 3, ["/opt/my editor", "-n", "+3", str(CONF)]),
        ({}, 7, ["vim", "+7", str(CONF)]),
        ({"EDITOR": "'nano"}, 7, ["vim", "+7", str(CONF)]),
    ],
)
def test_the_words(environ: dict[str, str], line: int, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in {"vim", "vi"} else None)
    assert editor.command(CONF, line, environ) == words


def test_without_an_editor_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(WizardError) as refused:
        editor.command(CONF, 1, {})
    assert refused.value.code == "editor.missing"
    assert str(CONF) in refused.value.message


def test_an_editor_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    with pytest.raises(WizardError) as refused:
        editor.edit(CONF, 1)
    assert "/no/such/editor did not start" in refused.value.message
