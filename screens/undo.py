"""Which change to undo: a table, the newest first, and what undoing the marked one means."""

from collections.abc import Iterable, Sequence
from typing import Any

from textual.widget import Widget
from textual.widgets import DataTable

from screens.frame import Page
from screens.lists import Rows
from screens.theme import MARKS, Part, cut, titled
from screens.widgets import Act, Card, Facts, Row
from wizard.errors import WizardError
from wizard.questions.flow import Step
from wizard.session.session import Session
from wizard.session.undo import Undoable
from wizard.texts.en.questions import QUESTIONS

_NOT_MADE = {"interrupted": "interrupted", "recovery_needed": "not complete", "unreadable": "unreadable"}
"""The state of a change that was not made, where it is not simply that."""


class Undo(Page):
    """A table of the changes on this machine: what, when, by whom, and whether its files are still as it left them."""

    data: list[Undoable]
    step: Step
    first_focus = "#rows"

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:  # noqa: ARG003 - as in the base
        """See `Page`: the changes, and for each why it cannot be undone."""
        return session.changes()

    def claim(self) -> Sequence[Part]:
        """The headline: select a change, or none is on record."""
        if not self.data:
            return [("No change is on record", "accent bold")]
        return titled(QUESTIONS["change"].label, "its files are restored; an undo can be undone too")

    def compose(self) -> Iterable[Widget]:
        """The table and the detail."""
        if not self.data:
            yield Card("Changes", Facts(("", ["Nothing was changed with the wizard on this machine."])))
            yield Act("Back", id="back")
            return
        columns = [("No.", 4), ("When (UTC)", 16), ("What", 23), ("By", 8), ("State", 13)]
        yield Card("Changes, newest first", Rows(columns, [_row(each) for each in self.data]))
        yield Card("About the marked line", Facts(*self._about(0), name_width=11, id="about"), id="detail")

    def _about(self, at: int) -> list[Row]:
        change = self.data[at]
        rows: list[Row] = [("Change", [change.entry.title, (f"  {change.entry.id}", "muted")])]
        if change.entry.in_effect:
            since = ", ".join(change.altered)
            words: list[Part] = (
                [MARKS["warn"], f"changed since: {since}"] if since else [MARKS["ok"], "unchanged since then"]
            )
            rows.append(("Files", words))
        if change.why:
            rows.append(("Undo", [MARKS["bad"], (f"not possible: {change.why}", "bad")]))
            return [*rows, ("Do", [" ".join(change.advice.split())])] if change.advice else rows
        return [*rows, ("Undo", ["\n".join(line.text.strip() for line in change.lines[1:] if line.text)])]

    def arrived(self) -> None:
        """At the newest change that is still in effect."""
        super().arrived()
        if self.data:
            at = next((at for at, change in enumerate(self.data) if not change.why and not change.entry.rolls_back), 0)
            self.query_one(Rows).move_cursor(row=at)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another change."""
        self.query_one("#about", Facts).show(*self._about(event.cursor_row))

    def on_data_table_row_selected(self) -> None:
        """Enter takes it."""
        self.action_go_on()

    def action_go_on(self) -> None:
        """Undo the marked one, unless that is impossible."""
        if not self.data:
            self.action_back()
            return
        change = self.data[self.query_one(Rows).cursor_row]
        name = change.entry.id
        if change.why:
            words = f"Change {name[:4]} cannot be undone: {change.why}"
            self.frame.tell(MARKS["bad"], ("Error: ", "bad bold"), f"{words} {' '.join(change.advice.split())}")
            return
        self.session.put(self.step.questions[0], name)

        def checked(problems: Any) -> None:
            if isinstance(problems, WizardError) or problems:
                error = problems if isinstance(problems, WizardError) else problems[0].error
                self.frame.tell(MARKS["bad"], ("Error: ", "bad bold"), error.in_one_line)
            else:
                self.wizard.forward(self.step)

        self.wizard.work("check", lambda: self.session.check(self.step), checked, "Checking ...")


def _row(change: Undoable) -> list[list[Part]]:
    entry = change.entry
    if entry.in_effect:
        state: list[Part] = [MARKS["warn"], "changed"] if change.altered else [MARKS["ok"], "unchanged"]
    elif entry.rolled_back_by:
        state = [MARKS["info"], "undone"]
    else:
        state = [MARKS["bad"], _NOT_MADE.get(entry.outcome, "not made")]
    when = entry.at.replace("T", " ")[:16]
    return [[(entry.id[:4], "bold")], [when], [cut(entry.title, 23)], [cut(entry.by, 8)], state]
