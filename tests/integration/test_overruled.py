"""Warnings, decisions and second looks of a real session on a practice server."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Practice, company, practice
from wizard.findings import Severity
from wizard.questions.answers import Answers, Goal
from wizard.questions.flow import Step
from wizard.sandbox.pki import pfx
from wizard.secret import Secret
from wizard.session.session import Session


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A server that does not run, and beside its files a certificate that ends in five days."""
    with practice(tmp_path_factory.mktemp("soon") / "p", java=None, start=False) as made:
        soon = company().reissued("primary-host", days=(-360, 5))
        (made.root / "soon.pfx").write_bytes(pfx(soon, "changeit"))
        yield made


def session_with(server: Practice, chain: str) -> Session:
    answers = Answers().put("primary.port", server.deployment.port).put("primary.nodes", ("127.0.0.1",))
    answers = answers.put("primary.chain", (chain,)).put("primary.host", "primary-host")
    session = Session(server.deployment.machine, answers=answers, base=server.root)
    session.put_secret("primary.password", Secret("changeit"))
    return session


def step(session: Session, name: str) -> Step:
    return next(step for step in session.steps() if step.id == name)


def codes(session: Session, name: str) -> list[str]:
    return [finding.code for finding in session.pending_warnings(step(session, name))]


def test_a_warning_is_asked_about_where_it_stands_and_not_again_at_the_review(server: Practice) -> None:
    session = session_with(server, "soon.pfx")
    assert codes(session, "primary-verdict") == ["validity.expires-soon"]
    before = codes(session, "review")
    assert {"validity.expires-soon", "node.silent"} < set(before)
    session.accept_warnings(session.pending_warnings(step(session, "primary-verdict")))
    assert codes(session, "primary-verdict") == []
    assert codes(session, "review") == [code for code in before if code != "validity.expires-soon"]
    session.accept_warnings(session.pending_warnings(step(session, "review")))
    assert codes(session, "review") == []


def test_notes_are_never_asked_about(server: Practice) -> None:
    session = session_with(server, "certificates/primary-host.pfx")
    assert {finding.severity for finding in session.inputs.judged("primary").findings} == {Severity.NOTE}
    assert codes(session, "primary-verdict") == []
    for name in ("goal", "place", "primary-files", "primary-store", "others", "elsewhere"):
        assert codes(session, name) == []


def test_another_look_sees_another_file_and_asks_again(server: Practice, tmp_path: Path) -> None:
    chain = tmp_path / "primary-host.pfx"
    shutil.copy(server.root / "certificates/primary-host.pfx", chain)
    session = session_with(server, str(chain))
    assert codes(session, "primary-verdict") == []
    shutil.copy(server.root / "soon.pfx", chain)
    session.invalidate()
    assert codes(session, "primary-verdict") == ["validity.expires-soon"]


def test_an_overruled_warning_is_that_of_one_certificate(server: Practice) -> None:
    session = session_with(server, "soon.pfx")
    (first,) = session.pending_warnings(step(session, "primary-verdict"))
    session.accept_warnings([first])
    other = type(first)(first.spec, first.subject, {**first.facts, "days": 3})
    session.inputs.judged("primary")
    judged = session.inputs.judged_roles["primary"]
    session.inputs.judged_roles["primary"] = type(judged)(judged.loaded, (other,), judged.suggested_host, judged.public)
    assert session.pending_warnings(step(session, "primary-verdict")) == (other,)


def test_the_review_says_what_was_decided(server: Practice) -> None:
    session = session_with(server, "certificates/primary-host.pfx")
    session.answers = session.answers.put("others.gateways", ("gateway-host",))
    lines = session.review().decided
    told = {line.text.split("  ")[0]: (line.text.rpartition("  ")[2], line.step) for line in lines if line.step}
    assert told["Certificate files"] == ("certificates/primary-host.pfx; password: typed", "primary-files")
    assert told["Host name"] == ("primary-host", "primary-verdict")
    assert told["Key store password"] == ("Generate one", "primary-store")
    assert told["Root in cacerts"][1] == "primary-store"
    assert told["Gateways"] == ("gateway-host", "others")
    assert told["Windows clients"][0] == "none"
    session.put_secret("others.password", Secret(""))
    again = {line.text.split("  ")[0]: line.text.rpartition("; ")[2] for line in session.review().decided}
    assert again["Certificate files"] == "password: typed"
    assert again["Files for bundles"] == "password: as the primary's"
    assert not any("changeit" in line.text for line in lines)
    assert set(session.review().page) > set(session.review().lines)


def test_the_list_of_what_is_left_needs_no_plan(server: Practice) -> None:
    session = Session(server.deployment.machine, answers=Answers(goal=Goal.LEFT), base=server.root)
    assert [step.id for step in session.steps()] == ["goal", "elsewhere"]
    assert session.review().plan.is_empty
    assert "There is no checklist" in session.lines(step(session, "elsewhere"))[0].text
    made = session_with(server, "certificates/primary-host.pfx")
    made.lines(step(made, "elsewhere"))
    first, *_ = [line for line in session.lines(step(session, "elsewhere")) if line.item]
    assert session.tick(first.item)[0].text.startswith("1 of ")
    facts = [line.text for line in session.lines(step(session, "goal"))]
    assert any(re.search("Elsewhere: +Warning: 1 of [0-9]+ done", text) for text in facts)
    assert any("Left to do elsewhere" in text for text in session.summary())
    (server.root / "left.toml").write_text('schema = 1\ngoal = "left-to-do"\n')
    done = server.run("plan", "--answers", "left.toml")
    assert done.returncode == 0, done.stderr
    assert "Nothing to do on this machine" in done.stdout


def test_the_list_is_made_and_ticked_without_a_screen(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False) as made:
        none = made.run("checklist")
        assert none.returncode == 2
        assert none.stderr.startswith("error: checklist.none ")
        assert made.run("checklist", "--answers", "answers.toml", "--dry-run").returncode == 0
        assert made.run("checklist").returncode == 2, "a dry run keeps nothing"
        shown = made.run("checklist", "--answers", "answers.toml")
        assert " 1  [ ] Upload Acme-CA-Root" in shown.stdout, shown.stderr
        first, *_, policy = made.json("checklist", "--tick", "1")["items"]
        assert first["done"]
        assert policy["id"] == "policy/account"
        early = made.run("checklist", "--tick", "policy/account")
        assert early.returncode == 2
        assert "error: checklist.policy-last " in early.stderr
        assert "--yes" in early.stderr
        confirmed = made.json("checklist", "--tick", "policy/account", "--yes")
        assert confirmed["items"][-1]["done"]
        assert made.run("checklist", "--tick", "policy/account").returncode == 0, (
            "a tick is taken away without a question"
        )
        assert made.run("checklist", "--tick", "99").returncode == 2
        again = made.json("checklist", "--tick", first["id"])
        assert again["left"] == len(again["items"])
