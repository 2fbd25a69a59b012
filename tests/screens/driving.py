"""Driving the screens by keys, and reading what they show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from textual import events
from textual.pilot import Pilot

from screens.program import WizardApp
from tests.screens.fake_session import FakeSession

if TYPE_CHECKING:
    from wizard.session.session import Session


@asynccontextmanager
async def opened(
    session: FakeSession, *, size: tuple[int, int] = (80, 24), ascii_only: bool = False, start: str = ""
) -> AsyncIterator[Pilot[int]]:
    """The wizard on *session*, settled."""
    app = WizardApp(cast("Session", session), ascii_only=ascii_only, start=start)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[int], *, waits: bool = False) -> None:
    """Until every call of the engine was answered; *waits*: one of them is held back on purpose."""
    app = cast("WizardApp", pilot.app)
    for _ in range(500):
        await pilot.pause()
        if app._exit or waits or not (app.engine._latest or app.listing._latest):
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("the engine did not answer")
    await pilot.pause()


async def keys(pilot: Pilot[int], *pressed: str) -> None:
    """Press keys; a word of more than one letter that starts with `=` is typed, a longer one pasted."""
    for key in pressed:
        if key.startswith("=") and len(key) > 5 and pilot.app.focused is not None:
            pilot.app.focused.post_message(events.Paste(key[1:]))
        elif key.startswith("="):
            await pilot.press(*(character if character != " " else "space" for character in key[1:]))
        else:
            await pilot.press(key)
        await settle(pilot)


async def until(pilot: Pilot[int], *words: str) -> None:
    """Wait until one of *words* is shown."""
    for _ in range(200):
        await pilot.pause()
        if any(word in text(pilot) for word in words):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(text(pilot))


def text(pilot: Pilot[int]) -> str:
    """The screen as text."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def focused(pilot: Pilot[int]) -> str:
    """The id of what has the focus."""
    return (pilot.app.focused.id or "?") if pilot.app.focused else ""
