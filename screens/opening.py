"""Which screen shows which step. Each is loaded when it is needed: the first paint waits for every import."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizard.questions.flow import Step, View

if TYPE_CHECKING:
    from screens.frame import StepScreen
    from screens.step import QuestionScreen


def screen_for(step: Step, steps: Sequence[Step]) -> "StepScreen":
    """The screen of *step*, one of *steps*."""
    place = [each.id for each in steps].index(step.id)
    number, count = place + 1, len(steps)
    match step.view:
        case View.REVIEW:
            from screens.review import ReviewScreen  # noqa: PLC0415 - see above

            return ReviewScreen(step, number, count)
        case View.CONFIRM:
            from screens.confirm import ConfirmScreen  # noqa: PLC0415 - see above

            return ConfirmScreen(step, number, count)
        case View.APPLY:
            from screens.apply import ApplyScreen  # noqa: PLC0415 - see above

            return ApplyScreen(step, number, count)
        case _:
            # What was applied is not un-applied by going back; `rollback` does that.
            back = place > 0 and steps[place - 1].view is not View.APPLY
            return _asking(step)(step, number, count, back=back)


def _asking(step: Step) -> "type[QuestionScreen]":
    if step.view is View.ELSEWHERE:
        from screens.checklist import ChecklistScreen  # noqa: PLC0415 - see above

        return ChecklistScreen
    if step.view is View.DIAGNOSIS and not step.questions:
        from screens.again import AgainScreen  # noqa: PLC0415 - see above

        return AgainScreen
    from screens.step import QuestionScreen  # noqa: PLC0415 - see above

    return QuestionScreen
