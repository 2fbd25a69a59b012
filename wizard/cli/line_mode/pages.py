"""The pages of the line mode that are more than questions: what is wrong, undo, review, apply, what is left to do."""

import time

from wizard.change.events import CHANGE, SETTLE, Event
from wizard.cli.line_mode.dialogue import Back, Dialogue, Leave, ListAnswers, chosen
from wizard.errors import WizardError
from wizard.findings import worst_finding
from wizard.printable import printable
from wizard.questions.flow import Step
from wizard.reports.checklist import progress
from wizard.reports.lines import Line, doubt_lines
from wizard.reports.progress import OWN_NAMES, act_rows
from wizard.reports.review import Review
from wizard.session.overview import presented_lines
from wizard.session.session import Session
from wizard.session.undo import Undoable

PROGRESS_EVERY_S = 5.0
"""So long a slow step is silent, at least, between two lines."""
SLOW = frozenset({"restart", "probe", "undo", SETTLE})
"""Steps that get a line when they begin, too."""


class GoTo(Exception):  # noqa: N818 - a way of the conversation, not an error
    """To the step whose id is the first argument; with a second one, its question, and back here then."""


class Finish(Exception):  # noqa: N818 - likewise
    """There is nothing more to do."""


def goes_on(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Whether to leave *step*: asked when it has warnings that nobody has accepted."""
    pending_warnings = session.pending_warnings(step)
    if not pending_warnings:
        return True
    dialogue.say_lines(doubt_lines(pending_warnings))
    while (answer := dialogue.ask("Continue anyway? (yes/no)", "no").lower()) not in {"yes", "no"}:
        dialogue.say("Error: please type one of: yes, no.")
    if answer == "yes":
        session.accept_warnings(pending_warnings)
        return True
    dialogue.say("You are still at this step; type back for the one before.")
    return False


TYPE_AGAIN = "Type it again (not shown); Enter repeats the question"


# -- undo -------------------------------------------------------------------------------------------------------------


def undo(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Say the changes by number, and take the one to undo; an impossible one says why."""
    changes = session.changes()
    if not changes:
        dialogue.say("No change is on record.")
        dialogue.ask("Press Enter to go back")
        return False
    dialogue.say("Changes, newest first:")
    labels = [(change.entry.id, _about(change)) for change in changes]
    by_name = {change.entry.id: change for change in changes}
    first = next((each for each in changes if not each.why and not each.entry.rolls_back), changes[0]).entry.id
    while True:
        dialogue.say("\nSelect the change to undo. Its files are restored, and the undo can be undone too.")
        change = by_name[dialogue.pick(labels, first)]
        if change.why:
            dialogue.say(f"Error: change {change.entry.id[:4]} cannot be undone: {change.why}")
            dialogue.say_lines(Line(f"  {line}") for line in change.advice.splitlines())
            continue
        session.put(step.questions[0], change.entry.id)
        problems = session.check(step)
        if not problems:
            dialogue.say(f"Change to undo: {change.entry.id[:4]}.")
            return True
        for problem in problems:
            dialogue.refuse(problem.error)


def _about(change: Undoable) -> str:
    entry = change.entry
    if change.why:
        state = f"cannot be undone: {change.why.rstrip('.')}"
    elif change.altered:
        state = f"changed since: {', '.join(change.altered)}"
    else:
        state = "its files are unchanged since then"
    return printable(f"{entry.id[:4]} of {entry.at.replace('T', ' ')[:16]}, {entry.title}, by {entry.by}; {state}.")


# -- the change -------------------------------------------------------------------------------------------------------


def review(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Say the plan; True to go on.

    Raises:
        GoTo: to the step of a decision.
        WizardError: no plan can be made.
    """
    made = session.review()
    numbered = dialogue.say_numbered(made.page)
    if made.blocked:
        dialogue.say(f"Error: this cannot be applied. {worst_finding(made.findings).message}")
        session.invalidate()
    else:
        dialogue.say(_summary(made))
    prompt = f"Press Enter to {'go back' if made.blocked else 'continue'}"
    while True:
        answer = dialogue.ask(f"{prompt}; type a number to go to its step" if numbered else prompt)
        line = chosen(numbered, answer) if answer else None
        if line is not None:
            raise GoTo(line.step, line.key)
        if answer and numbered:
            dialogue.say(f"Error: please type a number from 1 to {len(numbered)}, or press Enter.")
        elif made.blocked or goes_on(session, dialogue, step):
            if made.phase.number and made.plan.is_empty and not made.blocked:
                # Nothing is changed on this machine: go on to the bundles or the list.
                raise GoTo(session.after_change())
            return not made.blocked


def _summary(made: Review) -> str:
    """One sentence: what would change."""
    files = made.plan.files_changed or len(made.undone_files)
    if not files:
        return "Nothing will be changed."
    restart = f"{made.restarts} restarts, and printing pauses meanwhile" if made.restarts else "no service restarts"
    return f"{files} file{'' if files == 1 else 's'} will change; {restart}. Nothing is changed yet."


def confirm(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Have the operator type a word; True."""
    dialogue.say_lines(session.lines(step))
    for risk in session.review().risks:
        dialogue.say(f"Warning: {risk}")
    while dialogue.ask("Type apply to make the change").lower() != "apply":
        dialogue.say("Nothing was done. Type apply to make the change, or back for the review.")
    return True


def follow(session: Session, dialogue: Dialogue) -> None:
    """Make the change, or follow the one that runs, a line for what begins and what ends.

    Raises:
        WizardError: it was refused.
        Leave: the operator stopped watching.
    """
    try:
        rows: list[tuple[str, str]] = []
        if not session.watching():
            session.start()
            rows = act_rows(session.review(), session.machine.settle_s)
        words = dict([*OWN_NAMES.items(), *rows])
        said = Progress(dialogue, words, len(rows) + 1 if rows else 0)
        for event in session.events():
            said.take(event)
    except KeyboardInterrupt:
        dialogue.say(
            "\nThe change continues in the background and ends by itself. Start the wizard again to see the result."
        )
        raise Leave("watch") from None


class Progress:
    """Says how far a change is."""

    def __init__(self, dialogue: Dialogue, words: dict[str, str], count: int) -> None:
        """Name the steps by *words*; *count* of them, 0 when that is not known."""
        self._dialogue, self._words, self._count = dialogue, words, count
        self._done = 0
        self._since: dict[str, float] = {}
        self._said = 0.0

    def take(self, event: Event) -> None:
        """Say what *event* means, if it is worth a line."""
        now = time.monotonic()
        begun = self._since.setdefault(event.step, now)
        words = self._words.get(event.step, event.text)
        took = f" ({now - begun:.1f} s)" if now - begun >= 1 else ""
        match event.state:
            case "started" if event.step in SLOW:
                text = f"Now: {words}."
            case "started":
                return
            case "progress" if now - max(self._said, begun) < PROGRESS_EVERY_S:
                return
            case "progress":
                text = f"  Still waiting: {event.text}"
            case "done" | "skipped" if self._count and event.step in self._words:
                self._done += 1
                text = f"{self._done} of {self._count} {event.state}: {words}{took}."
            case "done" if event.step != CHANGE:
                text = f"Done{took}: {event.text}"
            case "failed" | "undone" | "skipped":
                text = f"{event.state.capitalize()}: {event.text}"
            case _:
                text = event.text
        self._said = now
        self._dialogue.say(text)


def ended(session: Session, dialogue: Dialogue) -> bool:
    """Say how the change ended; True when it was applied.

    Raises:
        GoTo: back to the answers.
        Leave: after a failure.
    """
    outcome = session.outcome()
    dialogue.so_far = "The change has ended. What it did stays."
    dialogue.say()
    dialogue.say_lines(session.outcome_lines())
    if not outcome.exit_code:
        seen = session.presented() if "probe" in outcome.steps else None
        if seen is not None:
            dialogue.say(f"Presented at {seen.endpoint}:")
            dialogue.say_lines(presented_lines(seen, session.planned_leaf()))
        return True
    # The answers stay saved: with the cause repaired, the next run begins with them.
    session.put_aside()
    try:
        wanted = dialogue.pick([("finish", "Finish"), ("answers", "Back to the answers")])
    except (Back, Leave, ListAnswers) as way:
        wanted = "finish" if isinstance(way, Leave) else "answers"
    if wanted == "finish":
        raise Leave("ended")
    session.let_go()
    session.invalidate()
    raise GoTo("review")


# -- what is left to do -----------------------------------------------------------------------------------------------


def left(session: Session, dialogue: Dialogue, step: Step) -> bool:
    """Say the list of *step* and tick what is named, until Enter; True."""
    lines: list[Line] = []
    try:
        lines = session.lines(step)
    except WizardError as error:
        dialogue.refuse(error)
    numbered = dialogue.say_numbered(lines)
    prompt = f"Press Enter to continue{'; type a number to tick its line, or list to show all' if numbered else ''}"
    _say_next(session, dialogue, numbered)
    while answer := dialogue.ask(prompt):
        line = chosen(numbered, answer)
        if answer.lower() == "list":
            dialogue.say_numbered(lines)
        elif line is None:
            dialogue.say(f"Error: please type a number from 1 to {len(numbered)}, or list.")
        else:
            try:
                lines = session.tick(line.item)
            except WizardError as error:
                dialogue.refuse(error)
                continue
            numbered = [each for each in lines if each.can_be_chosen]
            dialogue.say_lines(each for each in numbered if each.item == line.item)
            _say_next(session, dialogue, numbered)
    return True


def _say_next(session: Session, dialogue: Dialogue, numbered: list[Line]) -> None:
    """One sentence: how far it is, and the first item that is open."""
    kept = session.left()
    if kept is None:
        return
    following = next(iter(kept.left), None)
    at = next((at for at, line in enumerate(numbered, start=1) if following and line.item == following.id), 0)
    words = progress(kept)
    more = f" Next is {at}: {printable(following.text).rstrip('.')}." if following and at else ""
    dialogue.say(f"{words[0].upper()}{words[1:]}.{more}")
