"""Lines that can be chosen: from the review to a step and back, warnings that are overruled, the list that is ticked."""

import pytest
from textual.pilot import Pilot

from tests.screens.driving import focused, keys, opened, text
from tests.screens.fake_session import CHAIN, LIST, PASSWORD, FakeSession, at
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.questions.flow import Ask, Choice, Question, View
from wizard.secret import Secret


def found(code: str, severity: Severity = Severity.WARNING) -> Finding:
    spec = FindingSpec(code, severity, "t", f"What {code} says.", f"What {code} leads to.", "Mend it.", "RFC")
    return Finding(spec, Locator("certificate"))


def marked(pilot: Pilot[int]) -> str:
    """The row with the mark of the focus, without it."""
    (row,) = [row for row in text(pilot).splitlines() if row.startswith(" > ")]
    return row.removeprefix(" > ")


def decided_session() -> FakeSession:
    session = FakeSession()
    session.answers = session.answers.put("primary.chain", (CHAIN,))
    session.put_secret("primary.password", Secret(PASSWORD))
    return session


# -- the review ---------------------------------------------------------------------------------------------------------


async def test_a_decision_of_the_review_leads_to_its_step_and_next_leads_back() -> None:
    session = decided_session()
    async with opened(session, start="review") as pilot:
        assert marked(pilot).startswith("Lines 1-"), "no decision is marked at first, so Enter goes on"
        await keys(pilot, *["down"] * 5)
        assert marked(pilot) == "Host name           primary-host"
        assert pilot.app.cursor_position.y == text(pilot).splitlines().index(f" > {marked(pilot)}")
        assert "Enter opens this step" in text(pilot)
        await keys(pilot, "enter")
        assert "What was found in the files" in text(pilot)
        await keys(pilot, "enter", *["enter"] * 6)
        assert "What was decided:" in text(pilot)
    assert session.answers.primary.chain == (CHAIN,)


async def test_every_decision_names_a_step_and_no_secret() -> None:
    session = decided_session()
    async with opened(session, start="review") as pilot:
        assert PASSWORD not in text(pilot)
        assert "/root/primary-host.pfx; password: typed" in text(pilot)
    lines = session.review().decided
    assert {line.step for line in lines if line.can_be_chosen} <= {step.id for step in session.steps()}
    for step in session.steps()[: [step.view for step in session.steps()].index(View.REVIEW)]:
        for question in step.questions:
            assert question.short, question.key
            if question.key not in {"primary.password", "others.chain", "others.password"}:
                assert any(line.step == step.id and line.text.startswith(question.short) for line in lines)


async def test_reading_on_takes_the_mark_away() -> None:
    async with opened(decided_session(), start="review") as pilot:
        await keys(pilot, *["down"] * 20)
        assert marked(pilot).startswith("Lines ")
        await keys(pilot, "up")
        assert marked(pilot).startswith("Windows clients"), "going back, the nearest one is marked again"
        await keys(pilot, "home")
        assert marked(pilot).startswith("Lines 1-")
        await keys(pilot, "down", "up")
        assert marked(pilot).startswith("Lines 1-"), "above the first there is nothing to open"
        await keys(pilot, "down", "pagedown", "enter")
        assert "Step 9 of 11   Apply" in text(pilot) or "[ Go back ]" in text(pilot)


async def test_a_folded_line_is_marked_whole_and_stays_marked_in_another_width() -> None:
    session = decided_session()
    session.answers = session.answers.put("primary.chain", tuple(f"/root/certificates/{n}.pem" for n in range(8)))
    async with opened(session, start="review") as pilot:
        await keys(pilot, *["down"] * 5)
        assert marked(pilot).startswith("Host name")
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert marked(pilot).startswith("Host name")


async def test_f5_makes_the_plan_anew() -> None:
    session = FakeSession()
    for step in ("review", "primary-verdict", "examine", "elsewhere"):
        session = at(step)
        async with opened(session, start=step) as pilot:
            assert session.looks == 0
            await keys(pilot, "f5")
            assert session.looks == 1, step


# -- a question that arises from what was found -------------------------------------------------------------------------

ROOT = "ab" * 32
OWN = Question(
    f"roots.{ROOT}",
    Ask.CHOICE,
    "Is Acme-CA-Root the root of your own PKI?",
    "It is in cacerts, but not in the list of public roots.",
    choices=(Choice("private", "Yes, our own"), Choice("public", "No, of a public CA")),
)


@pytest.mark.parametrize("step", ["primary-verdict", "gateway-verdict", "others-verdict"])
@pytest.mark.parametrize("kind", ["private", "public"])
async def test_a_question_that_arises_stands_below_the_others(step: str, kind: str) -> None:
    session = at(step)
    session.arisen = {step: (OWN,)}
    session.answers = session.answers.put("gateway.0.host", "gateway-host")
    async with opened(session, start=step) as pilot:
        before = text(pilot)
        assert OWN.heading in before
        assert "(*) Yes, our own" in before
        assert all(label in before for label in ("[ Next ]", "F1 Help"))
        while focused(pilot) != f"field-roots-{ROOT}":
            await keys(pilot, "tab")
        await keys(pilot, *(["down", "space"] if kind == "public" else []), "enter")
        assert text(pilot).splitlines()[0] != before.splitlines()[0]
        assert session.value(OWN) == kind
        await keys(pilot, "escape")
        assert f"(*) {OWN.choices[kind == 'public'].label}" in text(pilot)


# -- warnings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["primary-verdict", "others-verdict", "review"])
async def test_a_warning_is_asked_about_once_with_no_first(step: str) -> None:
    session = at(step)
    session.warnings = {step: (found("a.warning"),)}
    async with opened(session, start=step) as pilot:
        before = text(pilot).splitlines()[0]
        await keys(pilot, "enter")
        assert "Warning: What a.warning says. [a.warning]" in text(pilot)
        assert "What a.warning leads to." in text(pilot)
        assert "Continue anyway?" in text(pilot)
        assert focused(pilot) == "back"
        for no in ("enter", "escape"):
            await keys(pilot, no)
            assert text(pilot).splitlines()[0] == before
            assert not session.overruled
            await keys(pilot, "enter")
        await keys(pilot, "right", "enter")
        assert text(pilot).splitlines()[0] != before
        await keys(pilot, "escape")
        assert text(pilot).splitlines()[0] == before
        await keys(pilot, "enter")
        assert "Continue anyway?" not in text(pilot), "it is remembered"
        assert text(pilot).splitlines()[0] != before


async def test_a_new_warning_asks_again() -> None:
    session = at("review")
    session.warnings = {"review": (found("a.first"),)}
    async with opened(session, start="review") as pilot:
        await keys(pilot, "enter", "right", "enter", "escape")
        session.warnings = {"review": (found("a.first"), found("a.second"))}
        await keys(pilot, "enter")
        assert "a.second" in text(pilot)
        assert "a.first" not in text(pilot)


async def test_leaving_is_asked_over_a_warning_too() -> None:
    session = at("review")
    session.warnings = {"review": tuple(found(f"a.number-{n}") for n in range(9))}
    async with opened(session, start="review") as pilot:
        await keys(pilot, "enter")
        assert focused(pilot) == "back"
        await keys(pilot, "up", "enter")
        assert focused(pilot) == "back", "Enter in the long text is no Yes"
        await keys(pilot, "ctrl+c")
        assert "Leave the wizard?" in text(pilot)
        await keys(pilot, "escape", "escape")
        assert "Review" in text(pilot)


# -- the list -----------------------------------------------------------------------------------------------------------


async def test_space_ticks_and_the_policy_comes_last() -> None:
    session = at("elsewhere")
    async with opened(session, start="elsewhere") as pilot:
        assert marked(pilot) == "[ ] Upload Acme-CA-Root"
        await keys(pilot, "space")
        assert marked(pilot) == "[x] Upload Acme-CA-Root"
        assert "1 of 6 done." in text(pilot)
        assert "takes the tick away" in text(pilot)
        await keys(pilot, "space", *["down"] * 5)
        assert marked(pilot).startswith("[ ] Set the certificate policy")
        await keys(pilot, "space")
        assert "Error: The policy comes last" in text(pilot)
        for _ in range(5):
            await keys(pilot, "up", "space")
        await keys(pilot, *["down"] * 5, "space")
        assert session.ticked == {item.id for item in LIST.items}
        assert "Error" not in text(pilot)
        await keys(pilot, "enter")
        assert pilot.app.return_code == 0


async def test_the_button_ticks_the_marked_line() -> None:
    session = at("elsewhere")
    async with opened(session, start="elsewhere") as pilot:
        await keys(pilot, "down", "tab", "tab")
        assert focused(pilot) == "tick"
        assert " * [ ] Upload Acme-CA-Intermediate" in text(pilot), "what it ticks is seen"
        await keys(pilot, "enter")
        assert " * [x] Upload Acme-CA-Intermediate" in text(pilot)
        await keys(pilot, "shift+tab", "shift+tab", "home", "tab", "tab", "space")
        assert "No line is marked." in text(pilot)
    assert session.ticked == {LIST.items[1].id}


# -- another repair -----------------------------------------------------------------------------------------------------


async def test_another_cause_leads_back_to_the_repair() -> None:
    session = at("examine-again")
    session.rounds = 1
    async with opened(session, start="examine-again") as pilot:
        assert "> [ Repair the next cause ]   [ Finish ]" in text(pilot)
        await keys(pilot, "enter")
        assert "What is wrong" in text(pilot)
        assert session.rounds == 0


async def test_another_cause_can_be_left_as_it_is() -> None:
    session = at("examine-again")
    session.rounds = 1
    async with opened(session, start="examine-again") as pilot:
        await keys(pilot, "right", "enter")
        assert pilot.app.return_code == 0


async def test_without_another_cause_there_is_one_way_to_the_end() -> None:
    async with opened(at("examine-again"), start="examine-again") as pilot:
        assert text(pilot).count("[ Finish ]") == 1
        assert focused(pilot) == "next"
