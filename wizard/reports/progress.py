"""The steps of a change in a few words, for following them."""

from wizard.change.events import SETTLE
from wizard.change.plan import FileStep, LoadTimer, Probe, Restart
from wizard.reports.review import Review

OWN_NAMES = {"prepare": "Prepare and check the new files", "undo": "Restore everything"}
"""What the change does besides its steps."""
_VERBS = {"put_file": "Write", "edit_file": "Change", "remove_file": "Remove", "load_timer": "Load"}


def act_words(step: FileStep | Restart | LoadTimer | Probe) -> str:
    """A step of the plan in a few words."""
    name = str(step.target).rpartition("/")[2]
    if isinstance(step, Restart):
        return f"Restart {step.target}, at most {step.timeout_s:g} s"
    if step.kind in _VERBS:
        return f"{_VERBS[step.kind]} {name}"
    if step.kind == "probe":
        return f"Check what {step.target} presents"
    words = str(step.summary)
    return words.partition(",")[0] if step.kind in {"import_trust", "remove_trust"} else words


def act_rows(review: Review, settle_s: float) -> list[tuple[str, str]]:
    """Id and words of each step of *review*, in order; *settle_s* is how long the server is watched afterwards."""
    rows = [(step.id, step.words) for step in review.undo] or [(step.id, act_words(step)) for step in review.plan.steps]
    if settle_s and review.restarts:
        rows.append((SETTLE, f"Watch the server for {settle_s:g} s"))
    return rows
