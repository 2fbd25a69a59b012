"""On a slow line several keys come in one packet: each goes where it would have gone one by one."""

import asyncio

import pytest
from textual import events
from textual.pilot import Pilot

from screens.field import Field
from screens.turns import TURN_S
from tests.screens.driving import focused, opened, text
from tests.screens.fake_session import FakeSession, at
from wizard.questions.answers import GENERATE
from wizard.questions.flow import steps


async def burst(pilot: Pilot[int], *keys: str) -> None:
    """Hand all *keys* to the program before it can handle the first."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await pilot.pause(0.1)
    await pilot.pause()


async def test_enter_leads_what_follows_to_the_next_field() -> None:
    session = FakeSession()
    async with opened(session, start="others") as pilot:
        await burst(pilot, *"g-1", "enter", *"c-x", "backspace", "1", "enter", "enter", *"word", "backspace", "enter")
        await pilot.pause(0.3)
    assert session.answers.get("others.gateways") == ("g-1",)
    assert session.answers.get("others.clients") == ("c-1",)
    assert session.secrets["others.password"].reveal() == "wor"


async def test_a_slow_machine_mixes_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second Enter is for the second field, also when the first takes longer than a key's turn."""
    session = FakeSession()
    quick = Field.action_accept

    async def slow(self: Field) -> None:
        await asyncio.sleep(3 * TURN_S)
        quick(self)

    monkeypatch.setattr(Field, "action_accept", slow)
    async with opened(session, start="others") as pilot:
        await burst(pilot, *"g", "enter", *"c", "enter", "enter", *"w", "enter")
        await pilot.pause(5 * 3 * TURN_S)
    assert session.answers.get("others.gateways") == ("g",)
    assert session.answers.get("others.clients") == ("c",)
    assert session.secrets["others.password"].reveal() == "w"


async def test_a_choice_is_taken_before_the_next_field_has_its_turn() -> None:
    session = at("primary-store")
    session.answers = session.answers.put("primary.keystore-password", GENERATE)
    async with opened(session, start="primary-store") as pilot:
        await burst(pilot, "down", "enter", "down", "enter")
        await pilot.pause(0.3)
    assert str(session.answers.get("primary.keystore-password").kind) == "prompt"
    assert str(session.answers.get("primary.import-root")) == "no"


async def test_a_password_typed_twice_in_one_go_is_the_same_twice() -> None:
    session = at("primary-store-password")
    async with opened(session, start="primary-store-password") as pilot:
        await burst(pilot, *"Kanarie-1", "enter", *"Kanarie-1", "enter")
        await pilot.pause(0.3)
        assert "not the same" not in text(pilot)
    assert session.secrets["primary.keystore-password"].reveal() == "Kanarie-1"


@pytest.mark.parametrize(("keys", "button"), [(("right",), "next"), (("right", "right"), "help"), (("tab",), "next")])
async def test_an_arrow_leads_enter_to_the_neighbour(keys: tuple[str, ...], button: str) -> None:
    session = at("confirm")
    async with opened(session, start="confirm") as pilot:
        assert focused(pilot) == "back"
        before = text(pilot).splitlines()[0]
        await burst(pilot, *keys)
        assert focused(pilot) == button
        await pilot.press(*["left"] * len(keys))
        assert focused(pilot) == "back"
        await burst(pilot, *keys, "enter")
        await pilot.pause(0.3)
        shown = text(pilot).splitlines()[0]
        assert shown != before
        assert ("Help" in shown) is (button == "help")
    assert [step.id for step in steps(session.answers)].count("confirm") == 1
