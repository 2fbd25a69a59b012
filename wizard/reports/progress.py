"""The steps of a change in a few words, for following them."""

from wizard.change.events import SETTLE
from wizard.change.plan import FileStep, LoadTimer, Probe, Restart
from wizard.reports.review import Review

OWN_NAMES = {"prepare": "Prepare and check the new files", "undo": "Restore everything"}
"""What the change does besides its steps."""


def act_words(step: FileStep | Restart | LoadTimer | Probe) -> str:
    """A step of the plan in a few words."""
    name = str(step.target).rpartition("/")[2]
    match step.kind:
        case "put_file":
            return f"Write {name}"
        case "edit_file":
            return f"Change {name}"
        case "remove_file":
            return f"Remove {name}"
        case "load_timer":
            return f"Load {name}"
        case "import_trust" | "remove_trust":
            return str(step.summary).partition(",")[0]
        case "restart" if isinstance(step, Restart):
            return f"Restart {step.target}, at most {step.timeout_s:g} s"
        case "probe":
            return f"Check what {step.target} presents"
        case _:
            return str(step.summary)


def act_rows(review: Review, settle_s: float) -> list[tuple[str, str]]:
    """Id and words of each step of *review*, in order; *settle_s* is how long the server is watched afterwards."""
    rows = [(step.id, step.words) for step in review.undo] or [(step.id, act_words(step)) for step in review.plan.steps]
    if settle_s and review.restarts:
        rows.append((SETTLE, f"Watch the server for {settle_s:g} s"))
    return rows
