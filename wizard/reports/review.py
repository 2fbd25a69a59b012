"""The review: what will happen, as one object that is shown, confirmed, and then done."""

from typing import TYPE_CHECKING

from wizard.findings import Finding
from wizard.records import dataclass
from wizard.reports.lines import Line

if TYPE_CHECKING:
    from wizard.change.plan import Plan


@dataclass(frozen=True, slots=True)
class Review:
    """The plan as the operator sees it.

    Attributes:
        plan: the very object that `start` applies; empty for an undo, which follows the record of its change.
        lines: each step with its file, owner, mode and diff, secrets masked; then the findings.
        findings: of the judgement and the planning.
        blocked: an ERROR or BLOCKER is among them, so `start` refuses.
        undo: id and words of each step of an undo.
        decided: what was answered, a line each that leads to its step; empty for a plan that was kept.
    """

    plan: "Plan"
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    blocked: bool
    undo: tuple[tuple[str, str], ...] = ()
    decided: tuple[Line, ...] = ()

    @property
    def page(self) -> tuple[Line, ...]:
        """What was decided, and below it what that leads to: for faces that can go back to a step."""
        return (*self.decided, *self.lines)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Id and words of each step, in order, for following them."""
        return self.undo or tuple((step.id, step.summary) for step in self.plan.steps)

    @property
    def restarts(self) -> str:
        """The unit that will be restarted, "" when none is."""
        undone = [words.removeprefix("Restart ") for name, words in self.undo if name == "restart"]
        return next((step.target for step in self.plan.steps if step.kind == "restart"), "".join(undone))
