"""Which page shows which step. Pages and dialogs are loaded when they are needed: the first paint waits for none."""

from screens.frame import Page
from wizard.questions.flow import Step, StepId, View
from wizard.self_start import load

QUESTIONS, VERDICT, OTHERS = "screens.questions:Questions", "screens.verdict:Verdict", "screens.verdict:Others"
MACHINES = "screens.machines:Machines"
PAGES = {
    View.FACTS: "screens.start:Start",
    View.DIAGNOSIS: "screens.rescue:Rescue",
    View.HISTORY: "screens.undo:Undo",
    View.REVIEW: "screens.review:Review",
    View.CONFIRM: "screens.review:Confirm",
    View.APPLY: "screens.apply:Apply",
    View.ELSEWHERE: "screens.checklist:Left",
}
"""View to `module:class`."""
REFUSED, RECOVER, RESUME = "screens.notices:Refused", "screens.notices:Recover", "screens.notices:Resume"
DOUBT, HELP, QUIT = "screens.dialogs:Doubt", "screens.dialogs:Help", "screens.dialogs:Quit"
PASTE_TEXT = "screens.pasting:PasteText"
MARKDOWN = "textual.widgets:Markdown"
"""Large, and only help shows it."""

LOADED_LATER = (
    *PAGES.values(),
    *(QUESTIONS, VERDICT, OTHERS, MACHINES),
    *(REFUSED, RECOVER, RESUME),
    *(DOUBT, HELP, QUIT, PASTE_TEXT, MARKDOWN),
)
"""Every entry is resolved by a test."""


def page_of(step: Step) -> type[Page]:
    """The page of *step*."""
    name = PAGES.get(step.view, QUESTIONS)
    if step.view is View.VERDICT:
        name = OTHERS if step.role == "others" else VERDICT
    elif step.id == StepId.OTHERS:
        name = MACHINES
    page: type[Page] = load(name)
    return page


def load_next() -> None:
    """BLOCKING. Import what the next pages need, while the operator reads the first."""
    for name in (QUIT, QUESTIONS, VERDICT, MACHINES, PAGES[View.REVIEW]):
        load(name)
