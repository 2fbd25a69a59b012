"""What is wrong: each cause with its evidence and its repair, and always a next step."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from rich.table import Table
from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Collapsible, OptionList, Static
from textual.widgets.option_list import Option

from screens.certificates import mark
from screens.dialogs import Commands, RequestFor
from screens.frame import WIDE
from screens.questions import Questions
from screens.theme import BAD, MARKS, OK, WARN, Part, cut, hanging, hanging_rows, say, titled
from screens.widgets import Act, Card, Facts, Lines
from screens.widgets import Row as FactRow
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.host import editor
from wizard.questions.answers import Goal
from wizard.questions.flow import Question, Step, StepId
from wizard.secret import Secret
from wizard.session.repair_flow import Next, Row, State
from wizard.session.repair_flow import Rescue as Found
from wizard.session.session import Session

_LONGEST_TITLE = 54
_GAP, _SIDES = 2, 4
"""Columns between two buttons, and at both sides of the words in one."""
BESIDE, RAIL = 4, 30
"""Columns that a row of buttons cannot use: at the sides, and with the list of steps on the left."""


class Rescue(Questions):
    """Shows the diagnosis; a password is asked only when a repair needs one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "again", "Check again", key_display="F5"),
        Binding("f7", "codes", "Codes", key_display="F7"),
    ]

    data: tuple[tuple[Found, tuple[Next, ...], tuple[str, str]], Sequence[Question]]

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Show *data*."""
        super().__init__(step, data)
        self._codes = False
        self._at = 0

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`."""
        return (session.rescue(step.id), session.next_steps(step), session.request_for()), session.asked(step)

    @property
    def found(self) -> Found:
        """The result of the examination."""
        return self.data[0][0]

    @property
    def again(self) -> bool:
        """Whether this is the check after a repair."""
        return self.step.id == StepId.EXAMINE_AGAIN

    def help_question(self) -> tuple[int, int]:
        """See `Page`: the section about the password is the last of three."""
        return (2 if self.place() is not None else 0), 3

    def claim(self) -> Sequence[Part]:
        """Whether something is wrong."""
        made = f"{len(self.found.diagnosis.outcomes)} checks made"
        checks = f"{made} after the change" if self.again else f"{made}; nothing was changed"
        causes = len(self.found.rows)
        if not causes:
            return titled(f"{OK} Nothing wrong was found", checks, "ok bold")
        return titled(f"What is wrong{f' ({causes} causes)' if causes > 1 else ''}", checks)

    def compose(self) -> Iterable[Widget]:
        """The causes, buttons, the rest."""
        found, rows = self.found, self.found.rows
        yield Static(say(*self._sign(), ("  ", ""), (found.headline, "bold")), classes="words", id="cause")
        if len(rows) == 1:
            yield Card("Evidence", Static(self._evidence(), id="evidence"))
            yield Card("What to do" if rows[0].by_hand else "Repair", Static(_steps_of(rows[0])))
        elif rows:
            yield Card("Causes", Lines(*(Option(self._line(row)) for row in rows), id="causes"))
        yield from self.cards()
        yield from self._buttons()
        if len(rows) > 1:
            yield Card("About the marked cause", Facts(*self._detail(), name_width=9, id="evidence"))
        follows = [each for each in found.diagnosis.findings if each.caused_by]
        named = {row.finding.code for row in rows}
        others = [each for each in found.diagnosis.findings if each.code not in named and each not in follows]
        yield from _folded("Consequences", self._listed(follows), len(follows), closed=True)
        yield from _folded("Also found", self._listed(others), len(others), closed=bool(rows))
        unseen = found.diagnosis.not_seen
        words = hanging_rows(
            ("", [(f"{each.rule.removeprefix('doctor.')}: {each.reason}", "muted")]) for each in unseen
        )
        yield from _folded("Not checked", words, len(unseen), closed=True)

    def arrived(self) -> None:
        """At the password when one is needed, else at the button."""
        if self.fields:
            self.fields[0][1].focus()
        else:
            self.query(Act).first().focus()

    def _sign(self) -> list[Part]:
        rows = self.found.rows
        if not rows:
            return [(f" {OK} GOOD ", "ok bold reverse")]
        bad = any(row.finding.severity >= Severity.ERROR for row in rows)
        word = "CAUSE" if len(rows) == 1 else "CAUSES"
        return [(f" {BAD} {word} ", "bad bold reverse") if bad else (f" {WARN} WARNING ", "warn bold reverse")]

    def _line(self, row: Row) -> Content:
        longest = self.app.size.width - RAIL if self.app.size.width >= WIDE else _LONGEST_TITLE
        width = min(longest, max(len(each.finding.title) for each in self.found.rows))
        role = "warn" if row.by_hand else "ok"
        return say(mark(row.finding), f"{cut(row.finding.title, width):<{width}}  ", (row.state.value, role))

    def _buttons(self) -> Iterable[Widget]:
        """The next steps, the recommended one first, in as many rows as they need."""
        width = self.app.size.width - (RAIL if self.app.size.width >= WIDE else 0) - BESIDE
        row: list[Act] = []
        used = 0
        for each in self.data[0][1]:
            label = self.found.label(each, again=self.again)
            need = len(label) + _SIDES + _GAP
            if row and used + need > width:
                yield Horizontal(*row, classes="buttons")
                row, used = [], 0
            row.append(Act(label, id=each.value))
            used += need
        yield Horizontal(*row, classes="buttons")

    def _evidence(self) -> Table:
        finding = self.found.rows[0].finding
        same = [each.message for each in self.found.diagnosis.findings if each.code == finding.code]
        code = [(f"\n[{finding.code}]", "muted")] if self._codes else []
        return hanging(mark(finding), "\n".join(same or [finding.message]), (f"\n{finding.why}", "muted"), *code)

    def _code(self, finding: Finding) -> list[Part]:
        return [(f"  [{finding.code}]", "muted")] if self._codes else []

    def _detail(self) -> list[FactRow]:
        row = self.found.rows[self._at]
        steps = _steps(row)
        name = "Do" if row.by_hand else "Repair"
        return [
            ("Evidence", [row.finding.message, *self._code(row.finding)]),
            ("Means", [(row.finding.why, "muted")]),
            (name, _numbered(steps) if len(steps) > 1 else [steps[0]]),
        ]

    def _listed(self, findings: Sequence[Finding]) -> Table:
        return hanging_rows((mark(each), [each.message, *self._code(each)]) for each in findings)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Evidence and repair of the marked cause."""
        if event.option_list.id == "causes" and event.option_index != self._at:
            self._at = event.option_index
            self.query_one("#evidence", Facts).show(*self._detail())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:  # noqa: ARG002 - as in the base
        """Enter leads to the buttons."""
        self.query(Act).first().focus()

    def press(self, name: str) -> None:
        """Do what was chosen."""
        step = self.step
        what = Next(name)
        match what:
            case Next.REPAIR if self.again:
                self.wizard.open_step(self.session.begin_round(step))
            case Next.REPAIR:
                self.action_go_on()
            case Next.REPLACE | Next.UNDO:
                if self.again:
                    self.session.begin_round(step)
                self.wizard.change_goal(Goal.UNDO if what is Next.UNDO else self.found.goal)
            case Next.REQUEST:
                self.wizard.push(RequestFor(*self.data[0][2]), self._request)
            case Next.OPEN:
                self._edit(step)
            case Next.COMMANDS:
                self.wizard.push(Commands(self.session.rescue(step.id).commands(self.session.machine)))
            case Next.AGAIN:
                self.action_again()
            case _ if self.again:
                self.wizard.forward(step)
            case _:
                self.wizard.finish()

    def _edit(self, step: Step) -> None:
        """Give the terminal to the editor; then everything is checked again."""
        failed: WizardError | None = None
        try:
            with self.app.suspend():
                # Nothing may leave this block: the screen would stay switched off.
                try:
                    editor.edit(*self.session.place_to_edit(step))
                except WizardError as error:
                    failed = error
        except SuspendNotSupported:
            self.frame.tell(MARKS["bad"], "This terminal cannot be given to another program.")
            return
        # The editor has written over everything, and a layout alone paints nothing.
        self.wizard.action_redraw()
        if failed is not None:
            self.frame.tell(MARKS["bad"], failed.in_one_line)
        else:
            self.action_again()

    def _request(self, asked: tuple[str, str, Secret] | None) -> None:
        if asked is not None:
            self.wizard.work(
                "request", lambda: self.session.write_request(*asked), self._requested, "Creating the key ..."
            )

    def _requested(self, result: list[str] | WizardError) -> None:
        if isinstance(result, WizardError):
            self.tell_problem(result)
        else:
            self.frame.tell(MARKS["ok"], "\n  ".join(result))

    def action_codes(self) -> None:
        """Show or hide the permanent codes."""
        self._codes = not self._codes
        if len(self.found.rows) == 1:
            self.query_one("#evidence", Static).update(self._evidence())
        elif self.found.rows:
            self.query_one("#evidence", Facts).show(*self._detail())


def _steps(row: Row) -> list[str]:
    first = ["You enter the password; it is tested on the key store first."] if row.state is State.PASSWORD else []
    last = [] if row.by_hand or row.why else ["Every replaced file is kept; the server is checked again afterwards."]
    return [*first, *row.steps, *last]


def _steps_of(row: Row) -> Table:
    return hanging_rows((sign, [words]) for sign, words in _signed(_steps(row)))


def _signed(steps: Sequence[str]) -> Iterable[tuple[Part, str]]:
    """Each step behind its number; a command that the step before announces has none."""
    number = 0
    for before, words in zip(("", *steps), steps, strict=False):
        if words.startswith("$ ") and before.endswith(":"):
            yield "  ", words
        else:
            number += 1
            yield (f"{number} ", "accent bold"), words


def _folded(name: str, words: Table, count: int, *, closed: bool) -> Iterable[Widget]:
    """*words* under a line that opens and closes them; nothing when there are none."""
    if count:
        yield Collapsible(
            Static(words),
            title=f"{name}: {count}",
            collapsed=closed,
            collapsed_symbol="\u25b8",
            expanded_symbol="\u25be",
        )


def _numbered(steps: Sequence[str]) -> list[Part]:
    parts: list[Part] = []
    for sign, words in _signed(steps):
        parts += ["\n" if parts else "", sign, words]
    return parts
