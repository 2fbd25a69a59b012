"""Somebody who repairs a deployment by keys alone, choosing what the pages recommend."""

from dataclasses import dataclass, field

from tests.support.doctor_runs import settle
from tests.support.practice import Practice
from tests.tui.driving import app_of, focused, paste, step, until
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.questions.answers import Goal
from wizard.session.repair_flow import Next
from wizard.session.session import Session

PASSWORDS = ("other-Passw0rd", "schl\u00fcssel", "pass#w0rd", "p@ssw0rd", "pa\\ssw0rd")
"""Those of the practice faults that are written nowhere; a person has to know them."""
MOST_CHANGES = 4


@dataclass
class Walk:
    """What was met on the way.

    Attributes:
        changes: how many changes were applied.
        failed: how many were undone because the server did not present the certificate.
        good: whether the last page says that nothing is wrong.
        offered: the next steps on the last page.
        screen: that page.
        left: the codes of the causes that it shows.
    """

    changes: int = 0
    failed: int = 0
    good: bool = False
    offered: tuple[str, ...] = ()
    screen: str = ""
    left: list[str] = field(default_factory=list)


async def rescue(made: Practice, session: Session | None = None) -> Walk:
    """Something is wrong: repair as long as that is recommended, then read the last page."""
    settle(made)
    session = session or session_on(made)
    walk = Walk()
    async with at_the_wizard(session) as operator:
        await operator.choose(Goal.RESCUE)
        while True:
            await operator.at("examine", "examine-again")
            found = session.rescue(step(operator.pilot))
            if not found.able or walk.failed or walk.changes >= MOST_CHANGES:
                break
            await _repair(operator, session, walk)
        buttons = app_of(operator.pilot).screen.query("Act")
        walk.offered = tuple(each.id or "" for each in buttons)
        walk.screen = operator.screen
        walk.left = [row.finding.code for row in found.rows]
        walk.good = not found.rows
    return walk


async def _repair(operator: Operator, session: Session, walk: Walk) -> None:
    """The whole round, from the page that recommends it to the page after it."""
    if step(operator.pilot) == "examine-again":
        assert focused(operator.pilot) == Next.REPAIR
        await operator.press("enter")
        await operator.at("examine")
    if focused(operator.pilot) != Next.REPAIR:
        assert session.rescue("examine").lacks, "a field for a password, and no repair needs one"
        for password in PASSWORDS:
            await operator.press("ctrl+u")
            await paste(operator.pilot, password)
            await operator.press("enter")
            if step(operator.pilot) == "review":
                break
    else:
        await operator.press("enter")
    await operator.at("review")
    await operator.press("enter")
    await operator.at("confirm")
    await operator.press("right", "enter")
    await until(operator.pilot, "Success", "The change was not made")
    if "Success" in operator.screen:
        walk.changes += 1
        await operator.press("enter")
        await operator.at("examine-again")
    else:
        walk.failed += 1
        await operator.press("right", "enter")
        await operator.at("examine")
