"""Driving the screens by keys, and reading what they show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from textual import events
from textual.pilot import Pilot
from textual.widgets._tabs import Underline

from screens.program import SessionSource, WizardApp

if TYPE_CHECKING:
    from wizard.session.session import Session

SIGNS = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", ":": "colon", "_": "underscore", "'": "apostrophe"}


@asynccontextmanager
async def opened(
    session: "Session",
    *,
    size: tuple[int, int] = (80, 24),
    ascii_only: bool = False,
    start: str = "",
    theme: str = "dark",
) -> AsyncIterator[Pilot[int]]:
    """The wizard on *session*, settled."""
    app = WizardApp(
        SessionSource(lambda: session, session.answers, session.dry_run),
        ascii_only=ascii_only,
        start=start,
        theme=theme,
    )
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


def app_of(pilot: Pilot[int]) -> WizardApp:
    """The program under test."""
    return cast("WizardApp", pilot.app)


async def settle(pilot: Pilot[int]) -> None:
    """Until every call of the engine was answered, every key handled, and the page painted."""
    app = app_of(pilot)
    for _ in range(12_000):
        await pilot.pause()
        busy = app.locked or app.engine._latest or app.listing._latest or not app._typed.empty()
        # Textual underlines the active tab after the layout, and draws the line out in steps.
        busy = busy or any(
            not line.highlight_end or app.animator.is_being_animated(line, "highlight_end")
            for line in app.screen.query(Underline)
        )
        if app._exit or app._exception is not None or not (busy or getattr(app.screen, "held", False)):
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("the engine did not answer")
    await pilot.pause()


async def keys(pilot: Pilot[int], *pressed: str) -> None:
    """Press keys and wait for what each leads to; a word that starts with `=` is typed."""
    for key in pressed:
        if key.startswith("="):
            await pilot.press(*(SIGNS.get(sign, sign) for sign in key[1:]))
        else:
            await pilot.press(key)
        await settle(pilot)


async def paste(pilot: Pilot[int], text: str) -> None:
    """Paste as a terminal does."""
    pilot.app.post_message(events.Paste(text))
    await settle(pilot)


async def burst(pilot: Pilot[int], *pressed: str) -> None:
    """Hand all keys to the program before it can handle the first, as a slow line does."""
    for key in pressed:
        pilot.app.post_message(events.Key(SIGNS.get(key, key), key if len(key) == 1 else None))
    await settle(pilot)


async def until(pilot: Pilot[int], *words: str) -> None:
    """Wait until one of *words* is shown, and all is painted."""
    await shown(pilot, *words)
    await settle(pilot)


async def shown(pilot: Pilot[int], *words: str) -> None:
    """Wait until one of *words* is shown; the engine may still work."""
    for _ in range(4800):
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


def step(pilot: Pilot[int]) -> str:
    """The id of the step that is shown."""
    page = app_of(pilot).frame.page
    return page.step.id if page is not None and page.step is not None else ""
