"""Keys of a whole set-up on a practice server, and the time of each step change. Run as a script."""

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from screens.frame import Page
from screens.program import WizardApp
from tests.support.practice import Practice, practice
from tests.tui.driving import app_of, focused, settle
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.questions.answers import Goal
from wizard.self_start import COLLECTOR
from wizard.session.session import Session

KEYS, CHANGE_MS = 45, 100


class Timed:
    """When the last call of the engine ended, and when the page that followed it was painted."""

    def __init__(self, session: Session, app: WizardApp) -> None:
        self.checks: list[float] = []
        self.changes: list[float] = []
        self._ended = 0.0
        check, show, painted = session.check, app.show, app._painted

        def checked(step: Any) -> Any:
            started = time.perf_counter()
            try:
                return check(step)
            finally:
                self.checks.append(time.perf_counter() - started)

        def shown(page: Page) -> None:
            self._ended = time.perf_counter()
            show(page)

        def is_painted(page: Page) -> None:
            painted(page)
            self.changes.append(time.perf_counter() - self._ended)

        parts: list[tuple[Any, str, Any]] = [
            (session, "check", checked),
            (app, "show", shown),
            (app, "_painted", is_painted),
        ]
        for owner, name, new in parts:
            setattr(owner, name, new)


async def add(operator: Operator, host: str, *kind: str) -> None:
    await operator.press("a")
    await operator.type(host)
    await operator.press("enter", *kind, "enter")


async def drive(here: Practice) -> tuple[int, Timed, float]:
    """From the first page to the last, by keys; the keys beside what is typed."""
    session = session_on(here)
    async with at_the_wizard(session) as operator:
        timed = Timed(session, app_of(operator.pilot))
        await operator.choose(Goal.SET_UP)
        await operator.at("place")
        await operator.press("enter")
        await operator.at("primary-files")
        await operator.press("enter", "enter")
        await operator.type("changeit")
        await operator.press("enter")
        await operator.at("primary-verdict")
        typed = len("changeit") + len("gateway-host") + len("pcclient-host")
        if focused(operator.pilot) == "field-primary-host":
            await operator.type("primary-host")
            typed += len("primary-host")
        await operator.press("enter")
        await operator.at("primary-store")
        await operator.press("enter", "enter")
        await operator.at("others")
        await add(operator, "gateway-host")
        await add(operator, "pcclient-host", "down")
        await operator.press("enter", "enter", "enter")
        await operator.at("others-verdict")
        await operator.press("enter")
        await operator.at("portal")
        await operator.press("enter", "enter", "enter")
        await operator.at("review")
        await operator.press("enter")
        await settle(operator.pilot)
        if "Continue anyway?" in operator.screen:
            await operator.press("right", "enter")
        await operator.at("confirm")
        await operator.press("right", "enter")
        await operator.sees("Success")
        await operator.press("enter")
        await operator.at("handoff")
        await operator.press("enter", "enter")
        await operator.at("elsewhere")
        memory = resident_mib()
        await operator.press("enter")
        if await operator.ends():
            raise RuntimeError("the set-up was not applied")
        return operator.pressed - typed, timed, memory


def resident_mib() -> float:
    """Resident set of this process."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def main() -> int:
    gc.set_threshold(*COLLECTOR)  # as the command does at its start
    with tempfile.TemporaryDirectory() as name, practice(Path(name) / "p") as here:
        keys, timed, memory = asyncio.run(drive(here))
        if "primary-host" not in here.served():
            raise RuntimeError("another certificate is served")
    missed = say("key strokes besides paths, names and passwords", keys, KEYS, "")
    missed += say("step change, median", statistics.median(timed.changes) * 1000, CHANGE_MS, "ms")
    say("step change, longest", max(timed.changes) * 1000, None, "ms")
    say("check of a step, median", statistics.median(timed.checks) * 1000, None, "ms")
    say("check of a step, longest", max(timed.checks) * 1000, None, "ms")
    say("memory after the whole way, with the test around it", memory, None, "MiB")
    return 1 if missed else 0


def say(what: str, value: float, limit: float | None, unit: str) -> int:
    """Print one figure; 1 when it missed its limit."""
    over = limit is not None and value > limit
    verdict = "" if limit is None else f" (limit {limit:g}) {'MISSED' if over else 'ok'}"
    print(f"{what}: {value:.0f} {unit}".rstrip() + verdict)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
