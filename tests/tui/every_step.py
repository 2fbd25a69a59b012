"""Every step there is, on the real session: who has answered everything before, and every password typed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.practice import Practice, practice
from tests.support.scenarios import EVERY, GOALS, STEPS, furnish, prepared
from wizard.questions.answers import Answers
from wizard.questions.flow import View
from wizard.session.session import Session

STILL = [name for name, step in STEPS.items() if step.view is not View.APPLY]
"""The steps whose page changes nothing when it is opened."""


class Deployments(dict[str, Practice]):
    """One for each way, made when it is asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__()
        self._folder, self._stack = folder, stack

    def __missing__(self, goal: str) -> Practice:
        way = EVERY[goal]
        made = practice(self._folder / goal / "p", java=None, faults=way.faults, configured=way.configured)
        here = self._stack.enter_context(made)
        if goal == "undo":
            assert here.run("apply", "--answers", "answers.toml", "--yes").returncode == 0
        furnish(here)
        self[goal] = here
        return here

    def at(self, step: str) -> Session:
        """A session of one who has answered everything that *step* needs."""
        goal = GOALS[step]
        return prepared(self[goal], EVERY[goal])


@contextmanager
def deployments(folder: Path) -> Iterator[Deployments]:
    """All of them, stopped at the end."""
    with ExitStack() as stack:
        yield Deployments(folder, stack)


def with_hostile(answers: Answers) -> Answers:
    """*answers* as a hostile file would give them."""
    hostile = ("/a/\x1b[2J\x1b]0;x\x07", "\u202ex", "\x9b31m", "z\u200b", "[@click=app.quit]q[/]", "[/etc/ssl]")
    return answers.put("primary.chain", hostile).put("packs", hostile[0])
