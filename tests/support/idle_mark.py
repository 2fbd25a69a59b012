"""The full screen says when it has nothing more to do, in a string that no terminal shows (APC, ECMA-48, 8.3.2).

    python -m tests.support.idle_mark WORD...     # the command cloudstream-wizard, with that

The mark comes in the same stream after all that was painted, so who has read it has read everything: no silence has to
be waited for, here or over ssh. It says how many keys were taken, and for which size of the terminal was painted.
"""

import asyncio
from typing import TYPE_CHECKING

from screens.program import WizardApp
from screens.terminal import ShortDriver
from wizard.cli.main import entry

if TYPE_CHECKING:
    # `screens` drops the switches of Textual from the environment before anything reads them.
    from collections.abc import Iterator

    from textual import events
    from textual.message_pump import MessagePump

MARK = "\x1b_idle {taken} {columns}x{rows}\x1b\\"
LOOK_S = 0.01
"""How often it is asked whether there is something to do."""


def busy(app: WizardApp) -> bool:
    """Whether a key is handled or waits, a page is being exchanged, or, unless a dialog is on top, the engine works."""
    works = app.screen is app.frame and (app.engine._latest or app.listing._latest)
    return bool(works or app.locked or app.taking or not app._typed.empty() or getattr(app.screen, "held", False))


def pumps(app: WizardApp) -> "Iterator[MessagePump]":
    """Everything that takes messages on what is shown."""
    yield app
    yield app.screen
    yield from app.screen.walk_children()


def unpainted(app: WizardApp) -> bool:
    """Whether a message waits, or something changed that is not painted."""
    screen = app.screen
    asked = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
    waits = any(each.message_queue_size or each._pending_message or each._next_callbacks for each in pumps(app))
    return bool(asked or screen._callbacks or waits)


class Marking:
    """Follows one program and marks when it is idle."""

    def __init__(self) -> None:
        self.taken = 0
        self.writes = 0

    async def follow(self, app: WizardApp) -> None:
        """Mark, again and again, until the program ends: after two looks with nothing to do and nothing sent between."""
        said, before = (-1, -1, (0, 0)), -1
        while not app._exit:
            await asyncio.sleep(LOOK_S)
            driver = app._driver
            if driver is None or not app.screen_stack or busy(app) or unpainted(app):
                before = -1
                continue
            # Of the layout: the size of the application is that of the terminal before the event has come.
            size = app.screen.outer_size
            now = (self.taken, self.writes, (size.width, size.height))
            if before == self.writes and now != said:
                driver.write(MARK.format(taken=self.taken, columns=size.width, rows=size.height))
                driver.flush()
                said = (self.taken, self.writes, (size.width, size.height))
            before = self.writes


def install() -> None:
    """Let every full screen of this process mark."""
    marking = Marking()
    mounted, take, write = WizardApp.on_mount, WizardApp._take, ShortDriver.write
    tasks = []

    def on_mount(app: WizardApp) -> None:
        mounted(app)
        tasks.append(asyncio.get_running_loop().create_task(marking.follow(app)))

    async def _take(app: WizardApp, event: "events.Key | events.Paste") -> None:
        try:
            await take(app, event)
        finally:
            marking.taken += 1

    def written(driver: ShortDriver, data: str) -> None:
        marking.writes += 1
        write(driver, data)

    WizardApp.on_mount = on_mount  # type: ignore[method-assign, assignment]
    WizardApp._take = _take  # type: ignore[method-assign, assignment]
    ShortDriver.write = written  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    install()
    entry()
