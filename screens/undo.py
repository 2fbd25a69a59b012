"""Which change to undo: a table, the newest first, and what undoing the marked one means."""

from collections.abc import Iterable, Sequence
from typing import Any

from textual.widget import Widget
from textual.widgets import DataTable

from screens.frame import Page, cut
from screens.lists import Rows
from screens.theme import MARKS, Part
from screens.widgets import Act, Card, Facts, Row
from wizard.errors import WizardError
from wizard.questions.flow import Step
from wizard.session.session import Session


class Undo(Page):
    """A table of the changes on this machine: what, when, by whom, and whether each is still in effect."""

    first_focus = "#rows"

    @classmethod
    def look(cls, session: Session, step: Step | None) -> Any:  # noqa: ARG003 - as in the base
        """See `Page`: the changes, and for each why it cannot be undone."""
        return session.changes()

    def claim(self) -> Sequence[Part]:
        """The headline: select a change, or none is on record."""
        if not self.data:
            return [("No change is on record", "accent bold")]
        return [
            ("Select the change to undo", "accent bold"),
            ("  its files are restored; an undo can be undone, too", "muted"),
        ]

    def compose(self) -> Iterable[Widget]:
        """The table and the detail."""
        if not self.data:
            yield Card("Changes", Facts(("", ["Nothing was changed with the wizard on this machine."])))
            yield Act("Back", id="back")
            return
        columns = [("No.", 4), ("When (UTC)", 16), ("What", 24), ("By", 8), ("State", 12)]
        yield Card("Changes, the newest first", Rows(columns, [self._row(entry) for entry, _lines, _why in self.data]))
        yield Card("About the marked line", Facts(*self._about(0), name_width=11, id="about"), id="detail")

    def _row(self, entry: Any) -> list[list[Part]]:
        when = entry.at.replace("T", " ")[:16]
        if entry.stands:
            state: list[Part] = [MARKS["ok"], "in effect"]
        elif entry.rolled_back_by:
            state = [MARKS["info"], "undone"]
        else:
            state = [MARKS["bad"], cut(entry.outcome.replace("_", " "), 10)]
        return [[(entry.id[:4], "bold")], [when], [cut(entry.title, 24)], [cut(entry.by, 8)], state]

    def _about(self, at: int) -> list[Row]:
        entry, lines, why = self.data[at]
        rows: list[Row] = [("Change", [entry.title, (f"  {entry.id}", "muted")])]
        if why:
            return [*rows, ("Undo", [MARKS["bad"], (f"not possible: {why}", "bad")])]
        return [*rows, ("Undo", ["\n".join(line.text.strip() for line in lines[1:] if line.text)])]

    def arrived(self) -> None:
        """At the newest change that is still in effect."""
        super().arrived()
        if self.data:
            at = next((at for at, (_entry, _lines, why) in enumerate(self.data) if not why), 0)
            self.query_one(Rows).move_cursor(row=at)

    def on_button_pressed(self) -> None:
        """Back."""
        self.action_back()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another change."""
        event.stop()
        self.query_one("#about", Facts).show(*self._about(event.cursor_row))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter takes it."""
        event.stop()
        self.action_go_on()

    def action_go_on(self) -> None:
        """Undo the marked one, unless that is impossible."""
        if not self.data or self.step is None:
            self.action_back()
            return
        entry, _lines, why = self.data[self.query_one(Rows).cursor_row]
        if why:
            self.frame.tell(MARKS["bad"], ("Error: ", "bad bold"), f"Change {entry.id[:4]} cannot be undone: {why}")
            return
        step = self.step
        self.session.put(step.questions[0], entry.id)

        def checked(problems: Any) -> None:
            if isinstance(problems, WizardError) or problems:
                error = problems if isinstance(problems, WizardError) else problems[0].error
                self.frame.tell(MARKS["bad"], ("Error: ", "bad bold"), error.in_one_line)
            else:
                self.wizard.forward(step)

        self.wizard.work("check", lambda: self.session.check(step), checked, "Checking ...")
