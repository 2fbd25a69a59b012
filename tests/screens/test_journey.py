"""Whole ways through the wizard by keys, on a session in memory."""

import asyncio

import pytest
from textual import events
from textual.pilot import Pilot

from screens.program import WizardApp
from tests.screens.driving import focused, keys, opened, settle, text, until
from tests.screens.fake_session import CHAIN, PASSWORD, STEPS, FakeSession, at, earlier_run
from wizard.change.outcome import ROLLED_BACK, STUCK
from wizard.questions.flow import View
from wizard.reports.lines import Line
from wizard.secret import Secret


async def to_review(pilot: Pilot[int]) -> int:
    """Fill in what has no default and press Enter until the review; how many keys that took."""
    typed = {"field-primary-chain": CHAIN, "field-primary-password": PASSWORD}
    pressed = 0
    while "default-keystore-file" not in text(pilot):
        assert pressed < 60, text(pilot)
        words = typed.pop(focused(pilot), "")
        await keys(pilot, *([f"={words}"] if words else []), "enter")
        pressed += 1
    return pressed


async def applied(pilot: Pilot[int]) -> None:
    """Wait for the end of the change."""
    await until(pilot, "Applied and", "put back", "Recovery is needed")


async def test_enter_and_typing_lead_from_the_goal_to_the_end() -> None:
    session = FakeSession()
    async with opened(session) as pilot:
        await to_review(pilot)
        assert "Review" in text(pilot)
        await keys(pilot, "enter")
        assert focused(pilot) == "back"
        await keys(pilot, "right", "enter")
        await applied(pilot)
        assert "[ done ] Restart hcp-server.service" in text(pilot)
        await keys(pilot, "enter", "enter")
        assert isinstance(pilot.app, WizardApp)
        assert pilot.app.return_code == 0
    assert session.started == 1
    assert session.forgotten
    assert session.answers.primary.chain == (CHAIN,)
    assert session.secrets["primary.password"] == Secret(PASSWORD)
    assert session.saves[-1] == "elsewhere"


async def test_the_whole_way_takes_few_keys_and_screens() -> None:
    # Of the sixty keys that a set-up with a gateway and a client may take, the primary uses less than half.
    session = FakeSession()
    async with opened(session) as pilot:
        pressed = await to_review(pilot) + 5
        await keys(pilot, "enter", "right", "enter")
        await applied(pilot)
        await keys(pilot, "enter", "enter")
    assert pressed <= 30
    assert len(session.steps()) <= 12


async def test_arrows_and_space_alone_reach_everything() -> None:
    session = FakeSession()
    async with opened(session) as pilot:
        await keys(pilot, "down", "space")
        assert "(*) Replace certificates" in text(pilot)
        assert session.answers.goal == "set-up", "nothing is taken before Next"
        await keys(pilot, *["down"] * 4)
        assert focused(pilot) == "next"
        await keys(pilot, "space")
    assert session.answers.goal == "re-key"


async def test_a_cloud_primary_skips_its_steps() -> None:
    async with opened(FakeSession(), start="place") as pilot:
        await keys(pilot, "down", "enter")
        assert "Primary in the vendor's cloud" in text(pilot)
        assert "Warning: the vendor's PKI page says only an on-premise primary does." in text(pilot)
        await keys(pilot, "enter")
        assert "Gateways and clients" in text(pilot)
        assert "Step 4 of 5" in text(pilot)
        await keys(pilot, "escape", "escape", "up", "enter")
        assert "Certificate of the primary" in text(pilot)


async def test_back_and_forward_keep_what_was_typed() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"={CHAIN}", "tab", f"={PASSWORD}", "escape")
        assert CHAIN not in text(pilot)
        await keys(pilot, "enter")
        assert CHAIN in text(pilot)
        assert "********" in text(pilot), "the password is kept, and shown by the fixed mask"
        await keys(pilot, "enter", "enter", "enter")
        assert "What was found in the files" in text(pilot)


async def test_what_the_engine_refuses_stays_as_typed() -> None:
    async with opened(FakeSession(), start="primary-files") as pilot:
        await keys(pilot, "='/open quote", "escape", "enter")
        assert "'/open quote" in text(pilot)


async def test_next_is_never_dead_and_an_error_moves_nothing() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        before = {widget.id: widget.region for widget in pilot.app.screen.query("*") if widget.id}
        await keys(pilot, "tab", "tab", "enter")
        assert focused(pilot) == "field-primary-chain"
        assert "Error: Which files hold" in text(pilot)
        await keys(pilot, f"={CHAIN}")
        assert "Error" not in text(pilot), "the error goes as soon as it is mended"
        await keys(pilot, "enter", "=wrong", "enter")
        assert focused(pilot) == "field-primary-password"
        assert "Error: The password does not open primary-host.pfx." in text(pilot)
        assert {widget.id: widget.region for widget in pilot.app.screen.query("*") if widget.id} == before
        await keys(pilot, "=x")
        assert "Error" not in text(pilot)
        await keys(pilot, "enter")
        assert "Error: The password does not open primary-host.pfx." in text(pilot)
        await keys(pilot, f"={PASSWORD}", "enter")
        assert "What was found in the files" in text(pilot), "what is typed after a refusal replaces the old password"


async def test_what_is_typed_ahead_behind_a_tab_goes_into_the_next_field() -> None:
    session = FakeSession()
    async with opened(session, start="primary-store") as pilot:
        await keys(pilot, "down", "enter", "enter")
        for name in [*"abcdef", "tab", *"abcdef"]:
            pilot.app.post_message(events.Key(name, name if len(name) == 1 else None))
        await settle(pilot)
        await keys(pilot, "enter")
        assert session.secrets["primary.keystore-password"] == Secret("abcdef")


async def test_a_new_password_is_typed_twice() -> None:
    session = FakeSession()
    async with opened(session, start="primary-store") as pilot:
        await keys(pilot, "down", "enter", "enter")
        assert "New password for the key store" in text(pilot)
        await keys(pilot, "=abcdef", "enter", "=abc")
        assert "Warning" not in text(pilot), "a begin of the first is no difference"
        await keys(pilot, "=x")
        assert "Warning: the two are not the same so far." in text(pilot)
        await keys(pilot, "enter")
        assert "Error: The two passwords are not the same." in text(pilot)
        assert "primary.keystore-password" not in session.secrets
        await keys(pilot, "delete", "=abcdef", "enter")
        assert session.secrets["primary.keystore-password"] == Secret("abcdef")
        assert "Gateways and clients" in text(pilot)


async def test_a_finding_of_the_check_is_shown_under_its_new_password() -> None:
    async with opened(FakeSession(), start="primary-store") as pilot:
        await keys(pilot, "down", "enter", "enter", "=abc", "enter", "=abc", "enter")
        assert "Error: The password has fewer than 6 characters" in text(pilot)
        assert focused(pilot) == "field-primary-keystore-password"


async def test_a_long_check_leaves_the_screen_alive_and_its_late_answer_is_dropped() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"={CHAIN}", "enter", "=wrong")
        session.go_on.clear()
        await pilot.press("enter")
        await until(pilot, "Checking ...")
        await pilot.press("x")
        await pilot.pause()
        assert "Checking" not in text(pilot)
        session.go_on.set()
        await asyncio.sleep(0.1)
        await settle(pilot)
        assert "Error" not in text(pilot), "what was checked is not what stands there now"


async def test_what_was_found_fills_an_empty_field_and_f5_looks_again() -> None:
    session = FakeSession()
    async with opened(session, start="primary-verdict") as pilot:
        assert "> primary-host" in text(pilot)
        await keys(pilot, "f5")
        assert "Acme-CA-Root  [root" in text(pilot)


async def test_a_blocked_plan_cannot_be_applied() -> None:
    session = FakeSession()
    session.blocked = True
    async with opened(session, start="review") as pilot:
        await keys(pilot, "enter")
        assert "Error: this cannot be applied." in text(pilot)
        assert "Review" in text(pilot)


@pytest.mark.parametrize(("end", "code", "words"), [(ROLLED_BACK, 3, "put back"), (STUCK, 4, "Recovery is needed")])
async def test_a_change_that_failed_ends_with_its_code_and_keeps_the_answers(end: str, code: int, words: str) -> None:
    session = FakeSession()
    session.end = end
    async with opened(session, start="confirm") as pilot:
        await keys(pilot, "right", "enter")
        await applied(pilot)
        assert words in text(pilot)
        assert "[ FAIL ] Restart" in text(pilot)
        assert "[ undo ] Write the key store" in text(pilot)
        assert "[ Finish ]" in text(pilot)
        await keys(pilot, "enter")
        assert pilot.app.return_code == code
    assert not session.forgotten


async def test_leaving_while_it_runs_says_that_it_goes_on() -> None:
    session = FakeSession()
    async with opened(session, start="confirm") as pilot:
        session.go_on.clear()
        await keys(pilot, "right", "enter")
        await until(pilot, "[ run  ] Restart hcp-server.service")
        assert "[ wait ] Check that localhost" in text(pilot)
        assert "[ Leave; the change goes on ]" in text(pilot)
        await pilot.press("f6")
        await pilot.pause()
        assert "writing primary-host.pfx" in text(pilot)
        await pilot.press("escape", "escape", "ctrl+c")
        await pilot.pause()
        assert "The change goes on by itself" in text(pilot)
        assert "Save" not in text(pilot)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert pilot.app.return_code == 130
        session.go_on.set()
    assert session.saves == ["apply"], "nothing is saved by leaving"


async def test_a_change_of_an_earlier_face_is_followed() -> None:
    session = FakeSession()
    session.runs = True
    async with opened(session) as pilot:
        await applied(pilot)
        assert "Applying" in text(pilot)
    assert session.started == 0


async def test_there_is_no_way_back_over_an_applied_change() -> None:
    async with opened(FakeSession(), start="confirm") as pilot:
        await keys(pilot, "right", "enter")
        await applied(pilot)
        await keys(pilot, "enter", "escape")
        assert "[ Back ]" not in text(pilot)
        assert "What is left to do" in text(pilot)


async def test_a_start_that_is_refused_leads_back() -> None:
    session = FakeSession()
    session.refuse_start = True
    async with opened(session, start="confirm") as pilot:
        await keys(pilot, "right", "enter")
        assert "Error: Another run holds the lock" in text(pilot)
        await keys(pilot, "enter")
        assert "[ Go back ]" in text(pilot)


async def test_an_interrupted_change_comes_first() -> None:
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    async with opened(session) as pilot:
        assert "A change was cut off." in text(pilot)
        assert focused(pilot) == "undo"
        await keys(pilot, "enter")
        assert session.recovered == ["undo"]
        assert "[ Go on ]" in text(pilot)
        await keys(pilot, "enter")
        assert "What do you want to do?" in text(pilot)


async def test_an_interrupted_change_can_be_kept_or_still_wait() -> None:
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    async with opened(session) as pilot:
        await keys(pilot, "right", "right", "enter")
        assert session.recovered == ["keep"]
        assert "The wizard can go on now." in text(pilot)
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    session.recover = lambda mode: [Line(f"The {mode} is not complete.")]  # type: ignore[method-assign]
    async with opened(session) as pilot:
        await keys(pilot, "enter")
        assert "It is still unfinished. Go on to Something is wrong" in text(pilot)
        await keys(pilot, "enter")
        assert "What do you want to do?" in text(pilot)


async def test_an_unfinished_run_is_checked_again() -> None:
    session = FakeSession()
    session.earlier = earlier_run("primary-store")
    async with opened(session) as pilot:
        assert "alice saved unfinished answers on 2026-01-02 at 03:04 UTC" in text(pilot)
        await keys(pilot, "enter")
        assert "Certificate of the primary" in text(pilot), "its password is asked again"
        assert CHAIN in text(pilot)


async def test_an_unfinished_run_can_be_forgotten() -> None:
    session = FakeSession()
    session.earlier = earlier_run("primary-store")
    async with opened(session) as pilot:
        await keys(pilot, "right", "enter")
        assert "What do you want to do?" in text(pilot)
    assert session.forgotten


async def test_a_dry_run_says_so_on_every_step() -> None:
    async with opened(FakeSession(dry_run=True)) as pilot:
        assert "DRY RUN" in text(pilot).splitlines()[0]


async def test_only_the_answer_of_a_view_is_shown_when_the_engine_refuses() -> None:
    session = FakeSession()
    session.refuse_lines = True
    async with opened(session, start="primary-verdict") as pilot:
        assert "Error: The file cannot be read. [file.unreadable]" in text(pilot)


@pytest.mark.parametrize("step", [name for name, (step, _answers) in STEPS.items() if step.view is not View.APPLY])
async def test_tab_goes_round_in_reading_order(step: str) -> None:
    async with opened(at(step), start=step) as pilot:
        chain = [widget.id for widget in pilot.app.screen.focus_chain]
        places = [widget.region.offset for widget in pilot.app.screen.focus_chain]
        assert places == sorted(places, key=lambda offset: (offset.y, offset.x))
        first = focused(pilot)
        seen = []
        for _ in chain:
            await keys(pilot, "tab")
            seen.append(focused(pilot))
        assert sorted(seen) == sorted(str(name) for name in chain)
        assert seen[-1] == first
        await keys(pilot, "shift+tab")
        assert focused(pilot) == seen[-2]
