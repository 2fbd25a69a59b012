"""What was handed out is kept in the state folder, shown, watched by `status`, and replaced by what is newer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.practice import Practice, company, practice
from wizard.handoff import inventory
from wizard.sandbox.pki import CLIENT, pfx
from wizard.session.session import Session
from wizard.session.validation import endings

DAY = timedelta(days=1)
OTHER_SCHEMA = '{"schema": "cloudstream-wizard/handed-out/2", "certificates": {}, "handed-out": []}'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", java=None, start=False, configured=True) as made:
        yield made


def renewed(made: Practice, file: str, host: str, days: int) -> None:
    entity = company().reissued(host, dns=[host], eku=[CLIENT], days=(-300, days))
    (made.root / file).write_bytes(pfx(entity, "changeit"))


def handed(made: Practice, out: str) -> None:
    done = made.run("handoff", "--answers", "answers.toml", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "inventory.not-kept" not in done.stderr


def test_each_certificate_that_was_handed_out(server: Practice) -> None:
    handed(server, "first")
    told = server.json("inventory")
    assert told["schema"] == "cloudstream-wizard/inventory/1"
    assert [(each["role"], each["machine"], each["bundle"]) for each in told["machines"]] == [
        ("gateway", "gateway-host", str(server.root / "first/gateway-host")),
        ("client", "pcclient-host", str(server.root / "first/pcclient-host")),
    ]
    leaf = company().entities["gateway-host"].certificate
    assert told["machines"][0]["sha256"] in (server.root / "first/gateway-host/CHECKLIST.md").read_text()
    assert told["machines"][0]["not_after"] == leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = server.deployment.machine.state_dir / inventory.NAME
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "changeit" not in kept.read_text()
    shown = server.run("inventory").stdout
    assert "gateway gateway-host: gateway-host" in shown
    assert told["machines"][0]["sha256"] in shown


def test_a_dry_run_notes_nothing_and_says_so(server: Practice) -> None:
    assert server.run("handoff", "--answers", "answers.toml", "--out", "none", "--dry-run").returncode == 0
    assert server.run("inventory").stdout == "Nothing has been handed out yet.\n"


def test_status_warns_by_the_newest_of_each_machine(server: Practice) -> None:
    renewed(server, "certificates/gateway-host.pfx", "gateway-host", 5)
    handed(server, "old")
    done = server.run("status")
    assert done.returncode == 2, done.stdout
    assert done.stdout.startswith("CLOUDSTREAM TLS CRITICAL - gateway-host (handed out in ")
    assert "cut off then: gateway gateway-host" in done.stdout.splitlines()[0]
    told = server.json("status")
    assert told["days"] == 4
    assert told["calendar"][0]["machines"] == ["gateway-host"]
    assert server.run("status", "--warn", "3", "--critical", "1").returncode in {2, 3}  # the practice server is off
    assert "gateway-host (handed" not in server.run("status", "--warn", "3", "--critical", "1").stdout

    renewed(server, "certificates/gateway-host.pfx", "gateway-host", 20)
    handed(server, "new")
    listed = server.json("inventory")
    assert [each["bundle"] for each in listed["earlier"]] == [str(server.root / "old/gateway-host")]
    told = server.json("status")
    assert told["days"] == 19
    assert [link["where"] for link in told["links"] if link["for"] == "gateway gateway-host"] == [
        f"handed out in {server.root}/new/gateway-host"
    ]
    assert "Earlier, replaced since:" in server.run("inventory").stdout


def test_the_calendar_of_a_run_knows_the_machines_of_earlier_runs(server: Practice) -> None:
    handed(server, "first")
    ends = endings(Session(server.deployment.machine).inputs)
    assert {name for each in ends for name in each.machines} == {"gateway-host", "pcclient-host"}


def test_a_machine_that_is_gone_is_taken_out(server: Practice) -> None:
    handed(server, "first")
    assert server.run("inventory", "--remove", "GATEWAY-host", "--dry-run").returncode == 0
    assert len(server.json("inventory")["machines"]) == 2
    assert server.run("inventory", "--remove", "GATEWAY-host").returncode == 0
    assert [each["machine"] for each in server.json("inventory")["machines"]] == ["pcclient-host"]
    done = server.run("inventory", "--remove", "gateway-host")
    assert (done.returncode, done.stderr.partition(" No ")[0]) == (2, "error: inventory.no-machine")


def test_the_gateways_of_a_roll_out_are_in_it(server: Practice) -> None:
    done = server.run("export", "ansible", "--answers", "answers.toml", "--out", "rollout", "--plain-secrets")
    assert done.returncode == 0, done.stderr
    told = server.json("inventory")["machines"]
    assert [(each["machine"], each["bundle"]) for each in told] == [
        ("gateway-host", str(server.root / "rollout/files/gateway-host"))
    ]
    assert Path(told[0]["bundle"]).is_dir()


@pytest.mark.parametrize(
    "text",
    mostly_exhaustive([
        "{",
        "[]",
        OTHER_SCHEMA,
        '{"schema": "cloudstream-wizard/handed-out/1", "certificates": {"a": {}}, "handed-out": []}',
        '{"schema": "cloudstream-wizard/handed-out/1", "certificates": {}, "handed-out": [{"chain": ["a"]}]}',
        json.dumps({
            "schema": "cloudstream-wizard/handed-out/1",
            "certificates": {"a": dict.fromkeys(("subject", "issuer", "not_before", "not_after", "name"), "x")},
            "handed-out": [],
        }),
    ], lambda text: text in {"{", OTHER_SCHEMA}),
)  # fmt: skip
def test_a_damaged_inventory_is_said_and_never_replaced(server: Practice, text: str) -> None:
    folder = server.deployment.machine.state_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / inventory.NAME).write_text(text)
    done = server.run("inventory")
    assert done.returncode == 2
    assert done.stderr.startswith("error: inventory.unreadable ")
    done = server.run("status")
    assert (done.returncode, "[inventory.unreadable]" in done.stdout.splitlines()[0]) == (3, True)
    done = server.run("handoff", "--answers", "answers.toml", "--out", "packs")
    assert done.returncode == 0
    assert "inventory.not-kept" in done.stderr
    assert (server.root / "packs/README.md").is_file()
    assert (folder / inventory.NAME).read_text() == text


def test_moments_are_those_of_the_certificate(server: Practice) -> None:
    handed(server, "first")
    (first, *_) = inventory.load(server.deployment.machine)
    assert datetime.fromisoformat(first.at) > datetime.now(UTC) - DAY
    assert [each.name for each in first.chain] == ["gateway-host", "Acme-CA-Intermediate", "Acme-CA-Root"]
