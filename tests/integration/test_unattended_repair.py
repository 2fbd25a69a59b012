"""The unattended file on the gateway itself: Windows line ends repaired and rights taken by the same change."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.line_by_line import talk
from tests.support.practice import Practice, practice
from tests.tui.operator import at_the_wizard, to_the_unattended_file, unanswered
from wizard.questions.answers import Offer
from wizard.secret import Secret

OLD = b'# kept\r\nHCP_PRIMARY_ADDRESS="primary-host"\r\nHCP_DEFAULT_KEYSTORE_PASSWORD="old"\r\n'
ANSWERS = """\
schema = 1
[primary]
kind = "elsewhere"
port = {port}
[[gateway]]
host = "gateway-host"
chain = ["certificates/gateway-host.pfx"]
password = {{ file = "secrets/gateway" }}
unattended-file = "unattended.conf"
{more}
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", java=None, start=False) as made:
        file = made.root / "unattended.conf"
        file.write_bytes(OLD)
        file.chmod(0o644)
        yield made


def answers(made: Practice, more: str = "") -> str:
    path = made.root / "here.toml"
    path.write_text(ANSWERS.format(port=made.deployment.port, more=more))
    return str(path)


def test_without_the_repair_the_lines_are_those_of_the_file(gateway: Practice) -> None:
    done = gateway.run("plan", "--answers", answers(gateway), "--json")
    assert done.returncode == 1
    told = gateway.json("plan", "--answers", answers(gateway))
    found = {each["code"]: each for each in told["findings"]}
    damage = found["config.crlf-in-shell-file"]
    assert (damage["subject"]["line"], damage["facts"]["windows"]) == (1, 3)
    assert found["config.world-readable-secret"]["subject"]["line"] == 3
    lines = OLD.count(b"\n")
    assert all(int(each["subject"].get("line") or 0) <= lines for each in told["findings"]), told["findings"]


def test_repaired_and_restricted_by_one_change_and_undone_to_the_byte(gateway: Practice) -> None:
    file = gateway.root / "unattended.conf"
    path = answers(gateway, 'unattended-repair = "yes"\nunattended-restrict = "yes"')
    plan = gateway.json("plan", "--answers", path)
    step = plan["steps"][-1]
    assert (step["kind"], step["id"]) == ("edit_file", "settings")
    assert step["summary"].startswith("Repair its damage; set HCP_DEFAULT_KEYSTORE, ")
    assert step["summary"].endswith("; mode 0640")
    assert "old" not in step["diff"]
    assert not {"config.crlf-in-shell-file", "config.world-readable-secret"} & {
        each["code"] for each in plan["findings"]
    }
    shown = gateway.run("plan", "--answers", path).stdout
    assert "(edited; owner kept, mode 0644 becomes 0640)" in shown

    assert gateway.run("apply", "--answers", path, "--yes").returncode == 0
    data = file.read_bytes()
    assert data.startswith(b'# kept\nHCP_PRIMARY_ADDRESS="primary-host"\nHCP_DEFAULT_KEYSTORE_PASSWORD="')
    assert b"\r" not in data
    assert file.stat().st_mode & 0o7777 == 0o640
    script = '. ./unattended.conf; printf %s "$HCP_PRIMARY_ADDRESS"'
    assert (
        subprocess.run(["sh", "-c", script], capture_output=True, check=True, cwd=gateway.root).stdout
        == b"primary-host"
    )
    assert "Nothing to do" in gateway.run("apply", "--answers", path, "--yes").stdout

    assert gateway.run("rollback", "--yes").returncode == 0
    assert (file.read_bytes(), file.stat().st_mode & 0o7777) == (OLD, 0o644)


def test_a_kept_plan_keeps_the_mode(gateway: Practice) -> None:
    words = 'unattended-repair = "yes"\nunattended-restrict = "yes"\nkeystore-password = { file = "secrets/gateway" }'
    kept = gateway.root / "kept.plan"
    assert gateway.run("plan", "--answers", answers(gateway, words), "--out", str(kept)).returncode == 0
    secret = f"gateway.0.keystore-password=file:{gateway.root}/secrets/gateway"
    assert gateway.run("apply", "--plan", str(kept), "--yes", "--secret", secret).returncode == 0
    assert (gateway.root / "unattended.conf").stat().st_mode & 0o7777 == 0o640


def test_rights_alone_are_a_change(gateway: Practice) -> None:
    file = gateway.root / "unattended.conf"
    file.write_bytes(OLD.replace(b"\r", b""))
    assert gateway.run("apply", "--answers", answers(gateway), "--yes").returncode == 0
    assert file.stat().st_mode & 0o7777 == 0o644
    plan = gateway.json("plan", "--answers", answers(gateway, 'unattended-restrict = "yes"'))
    assert [(step["id"], step["summary"]) for step in plan["steps"]] == [("settings", "Mode 0640")]


TYPED = ["1", "3", "certificates/gateway-host.pfx", "changeit", "gateway-host", "127.0.0.1", "", "", "", "unattended.conf",
         "", "", "", "", "", "quit", "forget"]  # fmt: skip


def test_both_are_offered_line_by_line(gateway: Practice) -> None:
    opened = unanswered(gateway)
    _, said = talk(opened, *TYPED)
    assert "Repair the damage in the unattended file?\n  3 lines end with CR LF, the first is line 1.\n" in said
    assert "Stop other accounts from reading the unattended file?" in said
    assert "New mode: 0640." in said
    mine = opened.answers.gateway[0]
    assert (mine.unattended_repair, mine.unattended_restrict) == (Offer.YES, Offer.YES)


async def test_both_are_offered_on_the_screen(gateway: Practice) -> None:
    opened = unanswered(gateway)
    async with at_the_wizard(opened) as operator:
        await to_the_unattended_file(operator)
        await operator.type("unattended.conf")
        await operator.press("enter")
        await operator.at("gateway-stores")
        await operator.press("enter", "enter", "enter")
        await operator.sees("Repair the damage in the unattended file?")
        await operator.press("enter", "enter")
        await operator.at("review")
    mine = opened.answers.gateway[0]
    assert (mine.unattended_repair, mine.unattended_restrict) == (Offer.YES, Offer.YES)


def test_nothing_is_offered_for_a_file_that_is_as_it_should_be(gateway: Practice) -> None:
    file = gateway.root / "unattended.conf"
    file.write_bytes(OLD.replace(b"\r", b""))
    file.chmod(0o600)
    opened = unanswered(gateway)
    for key, value in (("primary.kind", "elsewhere"), ("gateway.0.unattended-file", "unattended.conf")):
        (question,) = (each for step in opened.steps() for each in step.questions if each.key == key)
        opened.put(question, value)
    opened.put_secret("gateway.0.password", Secret("changeit"))
    (step,) = (each for each in opened.steps() if each.id == "gateway-stores")
    assert [each.key.rpartition(".")[2] for each in opened.asked(step)] == [
        "keystore-path",
        "truststore-path",
        "keystore-password",
    ]
