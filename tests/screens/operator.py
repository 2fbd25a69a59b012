"""A person before the real wizard on a practice deployment: reads the screen, presses keys, knows nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from textual.pilot import Pilot

from screens.program import WizardApp
from tests.screens.driving import text
from tests.support.practice import Practice
from wizard.questions.answers import Answers
from wizard.session.session import Session

PATIENCE_S = 60.0
"""How long words may take to come; a quiet machine shows all of them within a few seconds."""


def session_on(made: Practice) -> Session:
    """The session that `sandbox` opens on this deployment."""
    answers = Answers().put("primary.port", made.deployment.port).put("primary.nodes", ("127.0.0.1",))
    answers = answers.put("primary.chain", ("certificates/primary-host.pfx",))
    return Session(made.deployment.machine, answers=answers, base=made.root)


class Operator:
    """Presses keys one by one and counts them.

    Attributes:
        pressed: how many keys so far.
        pilot: the app under test.
    """

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        self.pressed = 0

    @property
    def screen(self) -> str:
        """What is shown, with every run of blanks as one: words may be folded at any place."""
        return " ".join(text(self.pilot).split())

    async def press(self, *keys: str) -> None:
        """These keys."""
        self.pressed += len(keys)
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, words: str) -> None:
        """These characters, each of them one key."""
        await self.press(*words)

    async def sees(self, *words: str) -> str:
        """Wait until all *words* are on the screen; the screen."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            await self.pilot.pause()
            if all(word in self.screen for word in words):
                return self.screen
            await asyncio.sleep(0.03)
        raise AssertionError(f"not all of {words} came:\n{text(self.pilot)}")

    async def ends(self) -> int | None:
        """Wait until the wizard has closed; its exit code."""
        app = cast("WizardApp", self.pilot.app)
        for _ in range(int(PATIENCE_S / 0.03)):
            if app.return_code is not None:
                break
            await asyncio.sleep(0.03)
        return app.return_code


@asynccontextmanager
async def at_the_wizard(session: Session) -> AsyncIterator[Operator]:
    """The wizard on a terminal of 80 by 24, its first question on the screen."""
    app = WizardApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(pilot)
        await operator.sees("What do you want to do?", "Something is wrong")
        yield operator
