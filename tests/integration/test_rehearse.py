"""The rehearsal from the command line: who would connect, who would not, and why."""

from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.practice import Practice, company, practice
from wizard.sandbox.pki import CLIENT, SERVER, pfx


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("rehearse") / "p", java=None, start=False) as made:
        yield made


def with_leaf(server: Practice, name: str, eku: list[x509.ObjectIdentifier]) -> str:
    """Answers in which *name* has a certificate for *eku* alone."""
    entity = company().reissued(name, eku=eku)
    (server.root / f"other-{name}.pfx").write_bytes(pfx(entity, "changeit", name=name))
    text = (server.root / "answers.toml").read_text().replace(f"certificates/{name}.pfx", f"other-{name}.pfx")
    path = server.root / f"other-{name}.toml"
    path.write_text(text)
    return str(path)


def test_everybody_connects(server: Practice) -> None:
    done = server.run("rehearse", "--answers", "answers.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Connection test in memory: gateway-host and the primary trust each other." in done.stdout
    assert "Connection test in memory: pcclient-host and the primary trust each other." in done.stdout


def test_without_other_machines_somebody_has_to_believe_the_primary(server: Practice) -> None:
    text = (server.root / "answers.toml").read_text()
    (server.root / "alone.toml").write_text(text[: text.index("[[gateway]]")])
    done = server.run("rehearse", "--answers", "alone.toml")
    assert done.returncode == 0, done.stdout
    assert "any gateway and the primary trust each other" in done.stdout


CASES = {
    "a gateway for servers only": ("gateway-host", [SERVER], "gateway-host", "pcclient-host"),
    "a client for servers only": ("pcclient-host", [SERVER], "pcclient-host", "gateway-host"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_machine_would_not_connect(server: Practice, case: str) -> None:
    name, eku, refused, accepted = CASES[case]
    done = server.run("rehearse", "--answers", with_leaf(server, name, eku))
    assert done.returncode == 1
    assert f"Error: in the connection test in memory, {refused} and the primary do not connect." in done.stdout
    assert f"Connection test in memory: {accepted} and the primary trust each other." in done.stdout


def test_a_primary_for_clients_only_is_accepted_by_nobody(server: Practice) -> None:
    done = server.run("rehearse", "--answers", with_leaf(server, "primary-host", [CLIENT]))
    assert done.returncode == 1
    assert "trust each other" not in done.stdout


def test_a_name_that_the_certificate_does_not_have(server: Practice) -> None:
    done = server.run("rehearse", "--answers", server.answers(host='"other-host"'))
    assert done.returncode == 1
    assert "other-host" in done.stdout
    assert "trust each other" not in done.stdout


def test_it_says_which_uploads_it_assumes(server: Practice) -> None:
    shown = server.run("rehearse", "--answers", "answers.toml").stdout
    at = shown.index("The connection test assumes that the portal has these CA certificates:")
    root, intermediate = (
        each.certificate.fingerprint(SHA256()).hex() for each in (company().root, company().intermediate)
    )
    assert shown[at:].splitlines()[1:3] == [
        f"  Acme-CA-Root  SHA-256 {root[:16]}...",
        f"  Acme-CA-Intermediate  SHA-256 {intermediate[:16]}...",
    ]
    assert "assumes that the portal has these" in server.run("plan", "--answers", "answers.toml").stdout
    for machine in server.json("rehearse", "--answers", "answers.toml")["machines"]:
        assert {each["sha256"] for each in machine["uploads"]} == {root, intermediate}
    text = (server.root / "answers.toml").read_text()
    (server.root / "lonely.toml").write_text(text[: text.index("[[gateway]]")])
    assert "the portal has" not in server.run("rehearse", "--answers", "lonely.toml").stdout
    public = text.replace("[account]", f'[account]\npublic-roots = ["{root}"]')
    (server.root / "public.toml").write_text(public)
    assert "the portal has" not in server.run("rehearse", "--answers", "public.toml").stdout


def test_json_tells_the_same(server: Practice) -> None:
    told = server.json("rehearse", "--answers", "answers.toml")
    assert told["schema"] == "cloudstream-wizard/rehearse/1"
    assert [machine["name"] for machine in told["machines"]] == ["gateway-host", "pcclient-host"]
    assert all(machine["ok"] for machine in told["machines"])
    bad = server.json("rehearse", "--answers", server.answers(host='"other-host"'))
    assert not any(machine["ok"] for machine in bad["machines"])
    assert all(machine["findings"] for machine in bad["machines"])


def test_a_cloud_primary_is_not_here_to_rehearse_with(server: Practice) -> None:
    answers = server.answers(kind='"cloud"', chain="[]")
    done = server.run("rehearse", "--answers", answers)
    assert done.returncode == 2
    assert done.stderr.startswith("error: rehearse.cloud ")


def test_an_error_of_the_rehearsal_forbids_the_change(server: Practice) -> None:
    before = server.tree()
    answers = with_leaf(server, "gateway-host", [SERVER])
    plan = server.run("plan", "--answers", answers)
    assert plan.returncode == 1
    done = server.run("apply", "--answers", answers, "--yes", "--json")
    assert done.returncode == 1
    assert server.tree() == before
