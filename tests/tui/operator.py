"""A person before the real wizard on a practice deployment: reads the screen, presses keys, knows nothing else."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from screens.program import SessionSource, WizardApp
from tests.support.practice import Practice
from tests.tui.driving import SIGNS, app_of, settle, step, text
from wizard.questions.answers import Answers, Goal
from wizard.session.session import Session

PATIENCE_S = 120.0
"""How long words may take to come; a quiet machine shows all of them within a few seconds."""
GOALS = list(Goal)
_BORDER = re.compile(r"[│╭╮╰╯─▕▁▂▃▄▅▆▇█]+")


def session_on(made: Practice) -> Session:
    """The session that `sandbox` opens on this deployment."""
    answers = Answers().put("primary.port", made.deployment.port).put("primary.nodes", ("127.0.0.1",))
    answers = answers.put("primary.chain", ("certificates/primary-host.pfx",))
    return Session(made.deployment.machine, answers=answers, base=made.root)


def unanswered(made: Practice) -> Session:
    """A session in which nothing is answered, as on a machine of its own."""
    return Session(made.deployment.machine, base=made.root)


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
        """What is shown without borders, with every run of blanks as one: words may be folded at any place."""
        return " ".join(_BORDER.sub(" ", text(self.pilot)).split())

    async def press(self, *keys: str) -> None:
        """These keys, each when the one before was answered."""
        for key in keys:
            self.pressed += 1
            await self.pilot.press(SIGNS.get(key, key))
            await settle(self.pilot)

    async def type(self, words: str) -> None:
        """These characters, each of them one key."""
        self.pressed += len(words)
        await self.pilot.press(*(SIGNS.get(sign, sign) for sign in words))
        await settle(self.pilot)

    async def choose(self, goal: Goal) -> None:
        """On the first page."""
        await self.press("home", *["down"] * GOALS.index(goal), "enter")

    async def sees(self, *words: str) -> str:
        """Wait until all *words* are on the screen; the screen."""
        give_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            await self.pilot.pause()
            if all(word in self.screen for word in words):
                await settle(self.pilot)
                return self.screen
            await asyncio.sleep(0.03)
        raise AssertionError(f"not all of {words} came:\n{text(self.pilot)}")

    async def at(self, *ids: str) -> None:
        """Wait until a step with one of these ids is shown."""
        give_up = time.monotonic() + PATIENCE_S
        while step(self.pilot) not in ids:
            assert time.monotonic() < give_up, f"{ids} did not come:\n{text(self.pilot)}"
            await self.pilot.pause()
            await asyncio.sleep(0.03)
        await settle(self.pilot)

    async def ends(self) -> int | None:
        """Wait until the wizard has closed; its exit code."""
        app = app_of(self.pilot)
        for _ in range(int(PATIENCE_S / 0.03)):
            if app.return_code is not None:
                break
            await asyncio.sleep(0.03)
        return app.return_code


@asynccontextmanager
async def at_the_wizard(
    session: Session, *, size: tuple[int, int] = (80, 24), start: str = ""
) -> AsyncIterator[Operator]:
    """The wizard on a terminal, its first page on the screen."""
    app = WizardApp(SessionSource(lambda: session, session.answers, session.dry_run), theme="dark", start=start)
    async with app.run_test(size=size) as pilot:
        operator = Operator(pilot)
        await settle(pilot)
        yield operator


async def to_the_unattended_file(operator: Operator) -> None:
    """From the first page of a gateway to the question for its unattended file."""
    await operator.choose(Goal.SET_UP)
    await operator.at("place")
    await operator.press("down", "down", "enter")
    await operator.at("gateway-files")
    await operator.type("certificates/gateway-host.pfx")
    await operator.press("enter")
    await operator.type("changeit")
    await operator.press("enter")
    await operator.at("gateway-verdict")
    await operator.sees("Certificate can be used", "Listed", "gateway-host", "This host")
    await operator.type("gateway-host")
    await operator.press("enter")
    await operator.at("gateway-primary")
    await operator.type("127.0.0.1")
    await operator.press("enter", "enter")
    await operator.at("gateway-trust")
    await operator.press("enter", "enter")
    await operator.at("gateway-unattended")
