"""Answers of the engine, signals and keys that come when something else has happened since. No test waits for a time."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from textual import events
from textual.message_pump import MessagePump
from textual.widget import Widget

from screens.background import Background
from screens.frame import Frame
from screens.machines import Machines
from tests.support.practice import Practice
from tests.tui.driving import app_of, keys, opened, settle, shown, step, text, until
from tests.tui.operator import session_on
from wizard.questions.flow import Question
from wizard.secret import Secret
from wizard.session import repair_flow, review, saved_run, validation
from wizard.session.session import Session

PATIENCE_S = 20


class Held:
    """Makes a call, and keeps back what came of it until it is let go."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._go = threading.Event()
        self.reached = threading.Event()
        self.count = 0

    def __call__(self, *args: Any) -> Any:
        self.count += 1
        result = self._call(*args)
        self.reached.set()
        assert self._go.wait(PATIENCE_S)
        return result

    def let_go(self) -> None:
        self._go.set()

    async def is_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, PATIENCE_S)


def answered(made: Practice) -> Session:
    session = session_on(made)
    session.put_secret("primary.password", Secret("changeit"))
    return session


def question(session: Session, key: str) -> Question:
    return next(each for step in session.steps() for each in step.questions if each.key == key)


def while_held(held: Held, call: Callable[[], object], meanwhile: Callable[[], object]) -> None:
    """*meanwhile* happens between the end of *held*, in a *call* of the engine, and the end of that call."""
    engine = threading.Thread(target=call)
    engine.start()
    assert held.reached.wait(PATIENCE_S)
    meanwhile()
    held.let_go()
    engine.join()


# -- the session ------------------------------------------------------------------------------------------------------
def test_a_plan_from_earlier_answers_is_not_the_one_that_is_applied(
    made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = answered(made)
    held = Held(review.review)
    monkeypatch.setattr(review, "review", held)
    while_held(held, session.review, lambda: session.put(question(session, "primary.host"), "primary-host.example"))
    session.review()
    assert held.count == 2


def test_what_was_seen_before_f5_is_not_shown_after_it(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    session = answered(made)
    held = Held(repair_flow.look)
    monkeypatch.setattr(repair_flow, "look", held)
    while_held(held, lambda: session.rescue("examine"), session.invalidate)
    session.rescue("examine")
    assert held.count == 2


@pytest.mark.parametrize("pasted", [False, True])
def test_bundles_of_earlier_answers_are_not_taken_for_those_of_the_new_ones(
    made: Practice, monkeypatch: pytest.MonkeyPatch, *, pasted: bool
) -> None:
    session = answered(made)
    at = next(each for each in session.steps() if each.id == "handoff")
    held = Held(validation.refusals)
    monkeypatch.setattr(validation, "refusals", held)

    def meanwhile() -> None:
        if pasted:
            session.paste(Secret(next(made.root.rglob("no-key.pem")).read_text()))
        else:
            session.put(question(session, "packs"), "elsewhere")

    while_held(held, lambda: session.check(at), meanwhile)
    session.check(at)
    assert held.count == 2


def test_answers_that_are_being_saved_are_forgotten_too(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    session, save = answered(made), saved_run.save
    held = Held(lambda: None)

    def late(*args: Any) -> None:
        held()
        save(*args)

    monkeypatch.setattr(saved_run, "save", late)
    forgetting = threading.Thread(target=session.forget)

    def meanwhile() -> None:
        forgetting.start()
        forgetting.join(0.5)  # it waits, or is done before the answers are written

    while_held(held, lambda: session.save("place"), meanwhile)
    forgetting.join()
    assert session.saved() is None


# -- waiting, and giving up -------------------------------------------------------------------------------------------
async def test_the_page_still_waits_after_the_question_before_leaving(made: Practice) -> None:
    session = answered(made)
    held = Held(session.check)
    session.check = held  # type: ignore[method-assign, assignment]
    async with opened(session, start="primary-files") as pilot:
        await pilot.press("tab", "tab", "enter")
        await held.is_reached()
        await pilot.press("f10")
        await shown(pilot, "Leave the wizard?")
        await pilot.press("escape")
        await pilot.press("tab", "x")
        assert app_of(pilot).locked
        assert len(app_of(pilot).screen_stack) == 1
        held.let_go()
        await settle(pilot)
        assert step(pilot) == "primary-verdict"


async def test_esc_does_not_end_the_exchange_of_a_page(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out, locked = Frame._laid_out, []

    async def with_a_key(frame: Frame) -> None:
        await laid_out(frame)
        await frame.wizard._take(events.Key("escape", None))
        locked.append(frame.wizard.locked)

    async with opened(answered(made), start="goal") as pilot:
        monkeypatch.setattr(Frame, "_laid_out", with_a_key)
        app_of(pilot).open_step("place")
        await settle(pilot)
        assert "Stopped waiting" not in text(pilot)
    assert locked == [True, True]


async def test_esc_and_f10_do_not_forget_a_change_that_is_being_started(made: Practice) -> None:
    session = answered(made)
    session.dry_run = True
    held = Held(session.start)
    session.start = held  # type: ignore[method-assign]
    async with opened(session, start="confirm") as pilot:
        await keys(pilot, "right")
        await pilot.press("enter")
        await held.is_reached()
        await pilot.press("escape")
        assert app_of(pilot).locked
        assert "Stopped waiting" not in text(pilot)
        await pilot.press("f10")
        await shown(pilot, "The change continues in the background")
        await pilot.press("escape")
        held.let_go()
        await until(pilot, "Success")


async def test_a_signal_does_not_forget_the_machines_of_a_page_that_is_not_built_yet(
    made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = answered(made)
    session.put(question(session, "others.gateways"), "gateway-1.example.com")
    compose = Machines.compose

    def late(page: Machines) -> Iterable[Widget]:
        page.wizard._on_signal(signal.SIGTERM)
        return compose(page)

    async with opened(session, start="goal") as pilot:
        monkeypatch.setattr(Machines, "compose", late)
        app_of(pilot).open_step("others")
        await settle(pilot)
    run = saved_run.load(session.machine)
    assert run is not None
    assert [each.host for each in run.answers.gateway] == ["gateway-1.example.com"]


def test_the_engine_goes_on_when_a_page_has_left_before_its_answer() -> None:
    left, done, engine = MessagePump(), threading.Event(), Background()
    left._running = True
    engine.run(left, "names", lambda: None, lambda _result: None)
    engine.run(left, "more names", done.set, lambda _result: None)
    engine.start()
    assert done.wait(PATIENCE_S)
    assert (id(left), "names") not in engine._latest, "nobody waits for it"


# -- the checklist ----------------------------------------------------------------------------------------------------
async def test_every_tick_is_kept_however_long_the_first_one_takes(made: Practice) -> None:
    session = answered(made)
    async with opened(session, start="elsewhere") as pilot:
        held = Held(session.tick)
        session.tick = held  # type: ignore[method-assign, assignment]
        await pilot.press("space")
        await held.is_reached()
        await pilot.press("down", "space", "space", "down", "space", "enter")
        assert not app_of(pilot)._exit
        held.let_go()
        await settle(pilot)
        assert app_of(pilot)._exit
    kept = session.left()
    assert kept is not None
    assert [item.id in kept.done for item in kept.items[:3]] == [True, False, True]


async def test_a_bug_while_a_change_is_followed_ends_the_program(made: Practice) -> None:
    session = answered(made)
    session.dry_run = True

    def fails() -> None:
        raise OSError("no more files")

    session.outcome_lines = fails  # type: ignore[method-assign, assignment]
    with pytest.raises(OSError, match="no more files"):  # noqa: PT012 - it is raised where the program ends
        async with opened(session, start="confirm") as pilot:
            await keys(pilot, "right", "enter")
            await settle(pilot)
            for _ in range(100 * PATIENCE_S):
                if app_of(pilot)._exception is not None:
                    break
                await asyncio.sleep(0.01)
