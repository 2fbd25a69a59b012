"""Which page shows which step. Each is loaded when it is needed: the first paint waits for every import."""

from importlib import import_module
from typing import cast

from screens.frame import Page
from wizard.questions.flow import Step, View

_PAGES = {
    View.FACTS: ("start", "Start"),
    View.DIAGNOSIS: ("rescue", "Rescue"),
    View.HISTORY: ("undo", "Undo"),
    View.REVIEW: ("review", "Review"),
    View.CONFIRM: ("review", "Confirm"),
    View.APPLY: ("apply", "Apply"),
    View.ELSEWHERE: ("checklist", "Left"),
}


def page_of(step: Step) -> type[Page]:
    """The page of *step*."""
    module, name = _named(step)
    return cast("type[Page]", getattr(import_module(f"screens.{module}"), name))


def _named(step: Step) -> tuple[str, str]:
    match step.view:
        case View.VERDICT:
            return "verdict", "Others" if step.role == "others" else "Verdict"
        case View.NONE if step.id == "others":
            return "machines", "Machines"
        case _:
            return _PAGES.get(step.view, ("questions", "Questions"))
