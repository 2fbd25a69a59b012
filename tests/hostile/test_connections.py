"""Who is connected to: nobody by a command that only reads files, and only this machine by the first page."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_host import Scene
from tests.support.practice import company
from wizard.cli.main import main
from wizard.questions.answers import Answers
from wizard.sandbox.pki import pfx
from wizard.session import overview

SECRET = "pass-W0rd-canary-4711"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were resolved; none can be."""
    names: list[str] = []

    def resolve(host: object, *_arguments: object, **_options: object) -> list[object]:
        names.append(str(host))
        raise socket.gaierror(socket.EAI_NONAME, "no name is resolved here")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


@pytest.mark.parametrize("command", [["inspect"], ["check", "--role", "primary", "--host", "primary-host"]])
def test_commands_that_only_read_files_connect_to_nobody(
    command: list[str], asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: reached.append(address))
    monkeypatch.setattr(socket, "create_connection", lambda address, *_more, **_options: reached.append(address))
    store, secret = tmp_path / "primary.pfx", tmp_path / "secret"
    store.write_bytes(pfx(company().entities["primary-host"], SECRET, name="primary-host"))
    secret.write_text(SECRET)
    state = ["--state-dir", str(tmp_path / "state"), "--root", str(tmp_path), "--secret", f"x.password=file:{secret}"]
    assert main([*command, str(store), *state]) in {0, 1, 2}
    assert (reached, asked) == ([], [])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port of this machine that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_first_page_resolves_no_name_and_gives_up(
    asked: list[str], silent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overview.LIMIT_S == 2.0
    monkeypatch.setattr(overview, "LIMIT_S", 0.2)
    scene = Scene(tmp_path).build()
    answers = Answers().put("primary.port", silent).put("primary.host", "primary.example.com")
    seen = overview.overview(scene.machine, answers).presented
    assert seen is not None
    assert seen.state is overview.State.SILENT
    assert {name for name in asked if not name.replace(".", "").isdigit() and name != "::1"} == set()
