"""The first phase of a change of the root, by keys: the question, the review, the change, and the list."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, practice
from tests.tui.driving import step
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.questions.answers import Goal
from wizard.questions.answers_file import load
from wizard.sandbox.pki import make, pfx
from wizard.session.session import Session

PASSWORD = "changeit"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", configured=True) as made:
        other = make().entities["primary-host"]
        (made.root / "new.pfx").write_bytes(pfx(other, PASSWORD, name="primary-host"))
        yield made


@exhaustive
async def test_the_new_root_is_trusted_first(running: Practice) -> None:
    session = session_on(running)
    session.answers = session.answers.put("primary.chain", ("new.pfx",)).put("others.gateways", ("gateway-host",))
    before = running.tree()
    async with at_the_wizard(session) as operator:
        await operator.choose(Goal.RE_KEY)
        await to_the_review(operator)
        await operator.sees("1 file will change", "phase 1 of 4: Trust the new root", "cacerts")
        await operator.press("enter")
        await operator.at("confirm")
        await operator.sees("still presents its certificate")
        await operator.press("right", "enter")
        await operator.sees("Success")
        await operator.press("enter")
        await operator.at("handoff")
        await operator.press("enter", "enter")
        await operator.at("elsewhere")
        await operator.sees("Phase 1 of 4: Trust the new root", "Gateway gateway-host: trust the new root")
    after = running.tree()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"opt/hcp/jre/lib/security/cacerts"}


async def test_the_last_question_repeats_who_goes_offline(running: Practice) -> None:
    session = session_on(running)
    session.answers = session.answers.put("primary.chain", ("new.pfx",))
    async with at_the_wizard(session) as operator:
        await operator.choose(Goal.RE_KEY)
        await to_the_phase(operator)
        await operator.press("down", "down")
        while step(operator.pilot) != "review":
            await operator.press("enter")
        await operator.press("enter", "right", "enter")
        await operator.sees("Folder for the bundles")
        await operator.press("enter")
        await operator.at("confirm")
        await operator.sees("goes offline")


GATEWAY = """\
schema = 1
[primary]
kind = "elsewhere"
host = "localhost"
port = {port}
[[gateway]]
chain = ["{chain}"]
host = "gateway-host"
password = {{ file = "{password}" }}
unattended-file = "unattended.conf"
"""


@exhaustive
async def test_a_set_up_over_a_gateway_that_is_set_up_asks_for_the_phase(running: Practice, tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "unattended.conf").write_text('HCP_SERVER="primary-host"\n')
    (folder / "password").write_text(PASSWORD)
    text = GATEWAY.format(
        port=running.deployment.port,
        chain=running.root / "certificates/gateway-host.pfx",
        password=folder / "password",
    )
    (folder / "here.toml").write_text(f'goal = "set-up"\n{text}')
    where = ("--root", str(folder), "--state-dir", str(folder / "state"))
    assert running.run("apply", "--answers", str(folder / "here.toml"), "--yes", *where).returncode == 0
    coming = make().entities["gateway-host"]
    (folder / "new.pfx").write_bytes(pfx(coming, PASSWORD, name="gateway-host"))
    machine = replace(running.deployment.machine, root=folder, state_dir=folder / "state")
    answers = load(text).put("gateway.0.chain", (str(folder / "new.pfx"),))
    async with at_the_wizard(Session(machine, answers=answers, base=folder)) as operator:
        await operator.choose(Goal.SET_UP)
        await operator.at("place")
        await operator.press("enter")
        await operator.at("gateway-files")
        await operator.press("tab", "enter")
        await operator.type(PASSWORD)
        while step(operator.pilot) != "gateway-stores":
            await operator.press("enter")
        await operator.sees("Which phase of the root CA change comes next?", "1 Trust the new root")
        while step(operator.pilot) != "review":
            await operator.press("enter")
        await operator.sees("phase 1 of 4: Trust the new root", "acme-ca-root.pfx")


async def to_the_review(operator: Operator) -> None:
    await to_the_phase(operator)
    await operator.press("enter")
    await operator.at("others")
    await operator.press("tab", "enter", "enter")
    await operator.at("review")


async def to_the_phase(operator: Operator) -> None:
    await operator.at("place")
    await operator.press("enter")
    await operator.at("primary-files")
    await operator.press("tab", "enter")
    await operator.type(PASSWORD)
    await operator.press("enter")
    await operator.at("primary-verdict")
    await operator.sees("Which phase of the root CA change comes next?", "1 Trust the new root")
    await operator.type("primary-host")
    await operator.press("enter")
