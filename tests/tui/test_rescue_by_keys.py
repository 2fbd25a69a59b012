"""Somebody who knows nothing of TLS mends broken deployments: "Something is wrong", then what the screen offers."""

import io
from pathlib import Path

import pytest

from tests.support.doctor_runs import settle
from tests.support.exhaustive import mostly_exhaustive
from tests.support.practice import Practice, practice
from tests.tui.driving import focused
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.cli import line_mode
from wizard.questions.answers import Goal

MOST_KEYS = 20
SERVED = "subject=O = Acme, CN = primary-host"
GOOD = "Nothing wrong was found."
GOOD_IN_LINES = "Good: nothing wrong was found."
KEY_PASSWORD = "other-Passw0rd"

REPAIRED = {
    "wrong-password": "the configured password does not open the key store",
    "wrong-path": "the key store is missing",
    "duplicate-key": "another setting overrides the right one",
    "masked-by-include": "another setting overrides the right one",
    "commented-out": "a key store setting is only a comment",
    "conf-utf-16": "application.conf is UTF-16",
    "smart-quotes": "typographic quotes in a setting",
    "umlaut-password": "Java does not accept this password",
    "unreadable": "the service cannot read the key store",
    "conf-world-readable": "every account can read the key store's password",
    "not-restarted": "the service was not restarted since the change",
    "root-missing": "the root is not in cacerts",
}
"""Fault, and the words that name it on the screen."""

NEEDS_JAVA = {"root-missing"}
OFTEN = mostly_exhaustive(REPAIRED, {"commented-out", "umlaut-password", "unreadable", "root-missing"}.__contains__)
"""A setting, a store, rights and a trust store; `tests/integration/test_doctor_faults.py` makes every repair."""


async def choose_rescue(operator: Operator) -> None:
    """From the first page to the diagnosis."""
    await operator.choose(Goal.RESCUE)
    await operator.at("examine")


async def apply(operator: Operator) -> None:
    """From the review to the end of the change; the dangerous button is not the one in focus."""
    await operator.press("enter")
    await operator.at("confirm")
    assert focused(operator.pilot) == "back"
    await operator.press("right", "enter")
    await operator.sees("Success")


async def repair(operator: Operator, headline: str, end: str) -> str:
    """The whole round; the last screen, on which *end* was read."""
    await choose_rescue(operator)
    last = await go_round(operator, headline, end)
    await operator.press("enter")
    assert await operator.ends() == 0
    return last


async def go_round(operator: Operator, headline: str, end: str) -> str:
    """From the diagnosis to the look after the repair; that screen, on which *end* was read."""
    await operator.sees(headline, "Repair it")
    await operator.press("enter")
    await operator.at("review")
    await apply(operator)
    await operator.press("enter")
    await operator.at("examine-again")
    return await operator.sees(end)


@pytest.mark.parametrize("fault", OFTEN)
async def test_a_faulty_deployment_is_repaired_by_keys(fault: str, tmp_path: Path) -> None:
    java = "17" if fault in NEEDS_JAVA else None
    with practice(tmp_path / "x", java=java, start=False, faults=[fault], configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            last = await repair(operator, REPAIRED[fault], GOOD)
            assert "Error" not in last
            assert operator.pressed <= MOST_KEYS
        assert made.served() == SERVED


async def test_a_password_that_only_a_person_knows_is_asked_for(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["key-password"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("the private key has another password than the store")
            await operator.sees("Password of the private key")
            assert "opens the key store?" not in operator.screen
            await operator.press("enter")
            await operator.sees("Error: The private key has its own password", "Type it here")
            await operator.type("wrong-one")
            await operator.press("enter")
            await operator.sees("Error:", "private key")
            assert made.tree() == before
            pressed = operator.pressed - len("wrong-one")
            await operator.type(KEY_PASSWORD)
            await operator.press("enter")
            await operator.at("review")
            assert KEY_PASSWORD not in operator.screen
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees(GOOD)
            await operator.press("enter")
            assert await operator.ends() == 0
            assert pressed <= MOST_KEYS
        assert made.served() == SERVED


async def test_two_faults_are_repaired_in_two_rounds(tmp_path: Path) -> None:
    faults = ["wrong-password", "root-missing"]
    with practice(tmp_path / "x", java="17", start=False, faults=faults, configured=True) as made:
        settle(made)
        session = session_on(made)
        async with at_the_wizard(session) as operator:
            await choose_rescue(operator)
            last = await go_round(operator, REPAIRED["wrong-password"], REPAIRED["root-missing"])
            assert GOOD not in last
            assert "Repair the next cause Finish" in last
            await operator.press("enter")
            await operator.at("examine")
            assert "password" not in operator.screen, "it is asked only when a repair needs one"
            await go_round(operator, REPAIRED["root-missing"], GOOD)
            assert "Repair the next cause" not in operator.screen
            await operator.press("enter")
            assert await operator.ends() == 0
            assert operator.pressed <= MOST_KEYS
        assert made.served() == SERVED
        undo = [line for line in session.summary() if " rollback 000" in line]
        assert [line.rpartition("rollback ")[2][:4] for line in undo] == ["0002", "0001"]


async def test_the_second_cause_can_be_left_for_another_day(tmp_path: Path) -> None:
    faults = ["wrong-password", "conf-world-readable"]
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await go_round(operator, REPAIRED["wrong-password"], REPAIRED["conf-world-readable"])
            await operator.press("right", "enter")
            assert await operator.ends() == 0


async def test_what_needs_a_person_is_said_and_nothing_changes(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["expired"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("he certificate has expired", "Ask the PKI team for a new certificate")
            await operator.sees("Replace certificates", "Undo a change", "Check again")
            await operator.press("enter")
            await operator.at("place")
        assert made.tree() == before


async def test_a_healthy_deployment_is_called_healthy(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            screen = await operator.sees(GOOD, "Finish")
            assert "Error" not in screen
            await operator.press("enter")
            assert await operator.ends() == 0
        assert made.tree() == before


async def test_an_undo_brings_the_fault_back_to_the_byte(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-password"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await repair(operator, REPAIRED["wrong-password"], GOOD)
        assert made.tree() != before
        async with at_the_wizard(session_on(made)) as operator:
            await operator.choose(Goal.UNDO)
            await operator.at("undo")
            await operator.sees("Repair:", "0001", "unchanged")
            await operator.press("enter")
            await operator.at("review")
            await operator.sees("/opt/hcp/conf/application.conf")
            await apply(operator)
            await operator.press("enter")
            assert await operator.ends() == 0
            assert operator.pressed <= MOST_KEYS
        assert made.tree() == before
        assert made.served() != SERVED


def by_lines(made: Practice, *lines: str) -> tuple[int, str]:
    """Exit code and output of the wizard without a screen, these lines typed."""
    stdout = io.StringIO()
    code = line_mode.run(session_on(made), stdin=io.StringIO("".join(f"{line}\n" for line in lines)), stdout=stdout)
    return code, stdout.getvalue()


@pytest.mark.parametrize(
    ("fault", "password"),
    [("wrong-path", ""), ("commented-out", ""), ("unreadable", ""), ("key-password", KEY_PASSWORD)],
)
def test_the_same_line_by_line(fault: str, password: str, tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=[fault], configured=True) as made:
        settle(made)
        code, out = by_lines(made, "3", "repair", *([password] if password else []), "", "apply", "")
        assert code == 0, out
        assert REPAIRED.get(fault, "the private key has another password") in " ".join(out.split())
        assert out.index("Check after the repair") < out.index(GOOD_IN_LINES)
        assert KEY_PASSWORD not in out
        assert made.served() == SERVED


def test_two_faults_line_by_line(tmp_path: Path) -> None:
    faults = ["key-password", "conf-world-readable"]
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        code, out = by_lines(made, "3", "1", KEY_PASSWORD, "", "apply", "1", "1", "", "apply", "")
        assert code == 0, out
        assert "Password of the private key" in out
        assert "  1  Repair the next cause\n  2  Finish\n" in out
        assert out.count("Step 3 of 5: Review") == 2
        assert GOOD_IN_LINES in out
        assert made.served() == SERVED


def test_a_healthy_deployment_is_called_healthy_line_by_line(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        before = made.tree()
        code, out = by_lines(made, "3", "2", "1")
        assert code == 0
        assert out.count("Good: The doctor found nothing to repair.") == 2
        assert "  1  Finish\n  2  Check again\n" in out
        assert "Error" not in out
        assert made.tree() == before
