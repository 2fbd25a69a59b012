"""Several nodes of a primary: this machine is changed and proven, the others are told about and get packs."""

import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, practice
from wizard.probing.handshake import is_here

FAR = "192.0.2.7"
"""Of the block for documentation (RFC 5737): nobody's machine."""
NAMED = "primary-2.invalid"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Practice]]:
    folder = tmp_path_factory.mktemp("cluster")
    with practice(folder / "one", java=None) as one, practice(folder / "two", java=None) as two:
        yield one, two


def answers(server: Practice, nodes: str) -> str:
    path = Path(server.answers(nodes=nodes, host='"primary-host"'))
    text = path.read_text()
    path.write_text(text[: text.index("[[gateway]]")])
    return str(path)


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.2", True), ("::1", True), (FAR, False), (NAMED, False), ("2001:db8::7", False)],
)
def test_which_addresses_are_this_machine(host: str, here: bool) -> None:
    assert is_here(host, 5) is here
    assert is_here(socket.gethostname(), 5)


def test_only_this_machine_is_proven_and_the_others_are_told(servers: tuple[Practice, Practice]) -> None:
    one, _ = servers
    plan = one.json("plan", "--answers", answers(one, f'["127.0.0.1", "{FAR}", "{NAMED}"]'))
    (probe,) = [step for step in plan["steps"] if step["kind"] == "probe"]
    assert "127.0.0.1" in probe["target"]
    assert FAR not in probe["target"]
    told = [finding for finding in plan["findings"] if finding["code"] == "node.elsewhere"]
    port = one.deployment.port
    assert [finding["facts"]["node"] for finding in told] == [f"{FAR}:{port}", f"{NAMED}:{port}"]
    assert {finding["severity"] for finding in told} == {"note"}


def test_where_no_node_is_this_machine_all_are_proven(servers: tuple[Practice, Practice]) -> None:
    one, _ = servers
    for nodes in (f'["{FAR}"]', f'["{FAR}", "{NAMED}"]'):
        plan = one.json("plan", "--answers", answers(one, nodes))
        codes = [finding["code"] for finding in plan["findings"]]
        assert "node.elsewhere" not in codes
        assert "node.silent" in codes


def test_the_pack_of_a_node_sets_that_node_up(servers: tuple[Practice, Practice]) -> None:
    one, two = servers
    out = one.root / "packs"
    done = one.run("handoff", "--answers", answers(one, f'["127.0.0.1", "{NAMED}"]'), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "portal", NAMED]
    page = (out / NAMED / "CHECKLIST.md").read_text()
    for words in (
        "Run the wizard on every node",
        "one",
        "load\n      balancer",
        "apply --answers answers.toml",
        "openssl x509",
    ):
        assert words in page
    top = (out / "README.md").read_text()
    assert top.index(f"Primary node {NAMED}") < top.index("Account in the portal")

    # Another machine with a disk and a port of its own.
    there = two.root / "from-one"
    shutil.copytree(out / NAMED, there)
    text = (there / "answers.toml").read_text()
    assert 'nodes = ["localhost"]' in text
    assert "changeit" not in text
    moved = re.sub(r"(?m)^port = \d+$", f"port = {two.deployment.port}", text)
    (there / "answers.toml").write_text(moved.replace('"localhost"', '"127.0.0.1"'))
    assert "localhost" in two.served()
    applied = two.run("apply", "--answers", str(there / "answers.toml"), "--yes")
    assert applied.returncode == 0, applied.stderr
    assert "primary-host" in two.served()
    assert two.run("apply", "--answers", str(there / "answers.toml"), "--yes", "--json").returncode == 0
    assert two.run("rollback", "--yes").returncode == 0


def test_this_machine_is_applied_although_the_others_are_not_done(servers: tuple[Practice, Practice]) -> None:
    one, _ = servers
    done = one.run("apply", "--answers", answers(one, f'["127.0.0.1", "{FAR}"]'), "--yes")
    assert done.returncode == 0, done.stderr
    assert "primary-host" in one.served()
    assert one.run("rollback", "--yes").returncode == 0


@exhaustive
def test_a_node_that_is_a_gateway_too_has_no_folder_of_its_own(servers: tuple[Practice, Practice]) -> None:
    one, _ = servers
    path = one.answers(nodes='["127.0.0.1", "gateway-host"]', host='"primary-host"')
    done = one.run("handoff", "--answers", path, "--out", str(one.root / "clash"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.host gateway-host is in the answers twice.")
