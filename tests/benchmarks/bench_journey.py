"""Keys and screens of a whole set-up on a practice server, and the time of each step change. Run as a script."""

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from screens.program import WizardApp
from tests.screens.driving import focused, settle, text
from tests.support.practice import Practice, practice
from wizard.cli.main import COLLECTOR
from wizard.questions.answers import Answers
from wizard.questions.flow import Step
from wizard.session.session import Problem, Session

KEYS, SCREENS, CHANGE_MS = 60, 12, 100
TYPED = {
    "field-primary-chain": "certificates/primary-host.pfx",
    "field-primary-password": "changeit",
    "field-others-gateways": "gateway-host",
    "field-others-clients": "pcclient-host",
}


class Timed:
    """When the last check ended, and when the step that followed it stood on the screen."""

    def __init__(self, session: Session, app: WizardApp) -> None:
        self.checks: list[float] = []
        self.changes: list[float] = []
        self._ended = 0.0
        check, paint = session.check, app._paint_once

        def checked(step: Step) -> list[Problem]:
            started = time.perf_counter()
            try:
                return check(step)
            finally:
                self._ended = time.perf_counter()
                self.checks.append(self._ended - started)

        async def painted(screen: Screen[None], on_top: bool) -> None:
            await paint(screen, on_top)
            began, self._ended = self._ended, 0.0
            if began:
                app.call_after_refresh(lambda: self.changes.append(time.perf_counter() - began))

        parts: list[tuple[Any, str, Any]] = [(session, "check", checked), (app, "_paint_once", painted)]
        for owner, name, new in parts:
            setattr(owner, name, new)


class Journey:
    """What the operator did."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self.pilot = pilot
        self.keys = self.names = 0

    async def press(self, key: str) -> None:
        await self.pilot.press(key)
        self.keys += 1
        await settle(self.pilot)

    async def fill(self, words: str) -> None:
        """Type; paths and passwords are counted apart, names are not."""
        await self.pilot.press(*words)
        if focused(self.pilot) in {"field-others-gateways", "field-others-clients"}:
            self.keys += len(words)
        await settle(self.pilot)


async def drive(here: Practice) -> tuple[int, int, Timed]:
    """From the first screen to the last, by keys."""
    answers = Answers().put("primary.port", here.deployment.port).put("primary.nodes", ("127.0.0.1",))
    session = Session(here.deployment.machine, answers=answers, base=here.root)
    app = WizardApp(session)
    timed = Timed(session, app)
    seen: set[str] = set()
    left = dict(TYPED)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        journey = Journey(pilot)
        give_up = time.monotonic() + 120
        while not app._exit:
            heading = text(pilot).splitlines()[0].split("Step ")[-1].split()[0]
            seen.add(heading)
            words = left.pop(focused(pilot), "")
            if words:
                await journey.fill(words)
            elif focused(pilot) == "back":
                await journey.press("right")
            if "Applying" in text(pilot).splitlines()[0] and "> [ Next ]" not in text(pilot):
                await asyncio.sleep(0.1)
                await pilot.pause()
            else:
                await journey.press("enter")
            if time.monotonic() > give_up:
                raise TimeoutError(text(pilot))
    if app.return_code:
        raise RuntimeError("the set-up was not applied")
    return journey.keys, len(seen), timed


def main() -> int:
    gc.set_threshold(*COLLECTOR)  # as the command does at its start
    with tempfile.TemporaryDirectory() as name, practice(Path(name) / "p") as here:
        keys, screens, timed = asyncio.run(drive(here))
        if "primary-host" not in here.served():
            raise RuntimeError("another certificate is served")
    missed = say("key strokes besides paths and passwords", keys, KEYS, "")
    missed += say("screens", screens, SCREENS, "")
    missed += say("step change, median", statistics.median(timed.changes) * 1000, CHANGE_MS, "ms")
    say("step change, longest", max(timed.changes) * 1000, None, "ms")
    say("check of a step, median", statistics.median(timed.checks) * 1000, None, "ms")
    say("check of a step, longest", max(timed.checks) * 1000, None, "ms")
    return 1 if missed else 0


def say(what: str, value: float, limit: float | None, unit: str) -> int:
    """Print one figure; 1 when it missed its limit."""
    over = limit is not None and value > limit
    told = "" if limit is None else f" (limit {limit:g}) {'MISSED' if over else 'ok'}"
    print(f"{what}: {value:.0f} {unit}".rstrip() + told)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
