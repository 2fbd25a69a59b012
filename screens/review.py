"""The review: a summary, the details, then the last question."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static, TabbedContent, TabPane
from textual.widgets.option_list import Option

from screens.certificates import mark
from screens.frame import Page
from screens.lists import Calendar
from screens.notices import TONES, parts_of
from screens.theme import BAD, INFO, MARKS, OK, Part, boxes, hanging_rows, say, titled
from screens.widgets import Card, Facts, Lines, Reading, Rechecked, Row, buttons
from wizard.certificates.formats.objects import load_certificate
from wizard.certificates.names import short
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.host.machine import now_utc
from wizard.planning.proofs import FAILED, PASSED
from wizard.questions.flow import Step, numbered
from wizard.reports.calendar import Ending
from wizard.reports.lines import Line
from wizard.reports.outcome import verb as verb_of
from wizard.reports.review import Review as Made
from wizard.session.session import Session
from wizard.session.validation import endings

_KINDS = {
    "put_file": "file",
    "edit_file": "settings",
    "import_trust": "trust",
    "remove_trust": "trust",
    "make_folder": "folder",
}
MOST_ROWS = 6


def summary(review: Made) -> list[Row]:
    """What will change, a row each; the restart and the outage last."""
    rows: list[Row] = []
    for step in review.plan.steps:
        if step.kind in _KINDS and step.changed:
            new = step.kind != "edit_file" and not getattr(step, "expect").exists  # noqa: B009 - every file step has it
            folder, _, name = step.target.rpartition("/")
            about = (f"  {_about(step)}, in {folder or '/'}", "muted")
            rows.append((f"{'+' if new else '~'} {_KINDS[step.kind]}", [(name, "bold"), about]))
    if review.undo:
        rows = [("~ file", [words]) for words in review.undone_files]
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 1], ("", [(f"and {len(rows) - MOST_ROWS + 1} more; see Details", "muted")])]
    if review.restarts and rows:
        rows.append(("! restart", [(f"{review.restarts}; printing pauses until it answers again", "warn bold")]))
    elif rows:
        rows.append(("restart", [("none; no outage", "ok")]))
    return rows


def _listed(findings: Sequence[Finding]) -> Table:
    """The worst first, each with what to do."""
    by_severity = sorted(findings, key=lambda each: -each.severity)
    return hanging_rows(
        (mark(each), [each.message, (f"\n{' '.join(each.fix.split())}", "muted")]) for each in by_severity
    )


def _about(step: Any) -> str:
    match step.kind:
        case "put_file" if not step.diff:
            return f"mode {step.mode:04o}"
        case "put_file" | "edit_file":
            lines = sum(line[:1] == "+" and line[:3] != "+++" for line in step.diff.splitlines())
            mode = f", mode {step.mode:04o}" if step.kind == "put_file" else ""
            return f"{lines} line{'' if lines == 1 else 's'} changed{mode}"
        case "remove_trust":
            return f"{step.alias} removed"
        case "import_trust":
            return f"{short(load_certificate(step.certificate))} added"
        case _:
            return "a new folder"


class Review(Rechecked):
    """The plan, as the engine made it from the object that will be applied."""

    data: Made
    first_focus = "Act"

    def __init__(self, step: Step | None, data: Any) -> None:
        """*data* is what `look` gave."""
        super().__init__(step, data[0])
        self._endings: tuple[Ending, ...] = data[1]

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:  # noqa: ARG003 - as in the base
        """See `Page`: the review, and when each certificate ends."""
        return session.review(), endings(session.inputs)

    def claim(self) -> Sequence[Part]:
        """Whether it can be applied."""
        if self.data.blocked:
            return [("This cannot be applied", "bad bold"), ("  fix the errors first", "bad")]
        phase = f"phase {numbered(self.data.phase)}" if self.data.phase.number else ""
        if self.data.is_empty and phase:
            return titled(f"{OK} Nothing to do on this machine", phase, "ok bold")
        if self.data.is_empty:
            return titled(f"{OK} Nothing to do", "the server is already set up like this", "ok bold")
        files = self.data.plan.files_changed or len(self.data.undone_files)
        return titled(f"{files} file{'' if files == 1 else 's'} will change", phase or "nothing is changed yet")

    def compose(self) -> Iterable[Widget]:
        """Summary, picture, buttons, tabs."""
        rows = summary(self.data)
        if self.data.blocked:
            bad = [each for each in self.data.findings if each.severity >= Severity.ERROR]
            yield Card("Errors", Static(_listed(bad)))
        elif rows:
            yield Card("What will change", Facts(*rows, name_width=12))
        picture = self._picture()
        if picture is not None:
            yield Static(picture, classes="picture not-narrow")
        choices = [("Back to the answers", "back")] if self.data.blocked else [("Continue", "on"), ("Back", "back")]
        kept = f"{OK} replaced files are kept for undo" if rows and not self.data.blocked else ""
        with buttons(*choices):
            yield Static(say((kept, "muted")))
        with TabbedContent(id="tabs"):
            if self.data.decided:
                with TabPane(say("Your answers"), id="answers"):
                    yield Lines(*(Option(say((line.text, TONES[line.tone]))) for line in self._decided()), id="decided")
            with TabPane(say("Details"), id="details"), Reading():
                yield Static(say(*parts_of((*self.data.lines, *self.data.later))))
            if self._endings:
                with TabPane(say("Calendar"), id="calendar"), Reading():
                    yield Calendar(self._endings, now_utc())
            if self.data.findings:
                with TabPane(say(f"Findings ({len(self.data.findings)})"), id="findings"), Reading():
                    yield Static(_listed(self.data.findings))

    def measured(self) -> None:
        """Draw the line below the first tab: Textual 8.2 may have done it before the tabs had a width."""
        tabs = self.query_one(TabbedContent)
        tabs.show_tab(tabs.active)

    def _decided(self) -> list[Line]:
        return [line for line in self.data.decided if line.can_be_chosen]

    def _picture(self) -> Content | None:
        """Who connects to whom, as rehearsed in memory."""
        rehearsed = [line for line in self.data.lines if line.text.startswith(PASSED)]
        failed = [line for line in self.data.lines if line.text.startswith(FAILED)]
        if not rehearsed and not failed:
            return None
        answers = self.session.answers
        tried = ("connect", OK, "ok") if not failed else ("refused", BAD, "bad")
        name = answers.primary.host or self.wizard.machine_name
        # A kind of machine that nobody has named was not tested.
        (gateway, left), (client, right) = (
            ((found[0].host, "tested in memory", ""), tried)
            if found
            else ((kind, "none named", "muted"), ("untested", INFO, "muted"))
            for kind, found in (("gateways", answers.gateway), ("clients", answers.client))
        )
        return boxes([gateway, (name, "new certificate", "accent"), client], [left, right], 9, 17)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on an answer opens its step."""
        if event.option_list.id == "decided":
            line = self._decided()[event.option_index]
            self.wizard.open_step(line.step)

    def action_go_on(self) -> None:
        """Go on; warnings are asked about first."""
        if self.data.blocked:
            return
        if self.data.is_empty:
            self.wizard.skip_change(self.step)
            return

        def found(pending_warnings: Any) -> None:
            if isinstance(pending_warnings, WizardError):
                self.frame.tell(MARKS["bad"], pending_warnings.in_one_line)
            else:
                self.wizard.confirm_warnings(self.step, pending_warnings)

        self.wizard.work("check", lambda: self.session.pending_warnings(self.step), found, "Checking ...")


class Confirm(Page):
    """The last question. The focus is on going back, and nothing typed before it was painted counts."""

    first_focus = "#back"

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`."""
        return session.lines(step), session.review()

    def claim(self) -> Sequence[Part]:
        """The headline: the last question."""
        return titled("Apply the change now?", "this is the last question before the change")

    def compose(self) -> Iterable[Widget]:
        """What happens, and the two buttons, the safe one first."""
        lines, review = self.data
        verb = "Apply"
        if self.session.dry_run:
            verb = "Start the dry run"
        elif review.restarts:
            verb = f"Apply and restart {review.restarts}"
        yield Card("What happens now", Facts(*self._happens(lines, review), name_width=12))
        yield Static("", classes="gap")
        yield buttons(("Go back", "back"), (verb, "apply"))

    def _happens(self, lines: list[Line], review: Made) -> list[Row]:
        steps = review.plan.steps
        files: dict[str, list[str]] = {}
        for step in review.plan.file_steps:
            if step.changed:
                files.setdefault(verb_of(step).capitalize(), []).append(step.target)
        files = files or {"Changes": list(review.undone_files)}
        rows: list[Row] = [(word, ["\n".join(names)]) for word, names in files.items()]
        if review.restarts:
            rows.append(
                ("Restarts", [(review.restarts, "warn bold"), ("; printing pauses until it answers again", "warn")])
            )
        else:
            rows.append(("Restarts", ["nothing; there is no outage"]))
        rows += [("Warning", [(risk, "warn bold")]) for risk in review.risks]
        checked = [step.target for step in steps if step.kind == "probe"]
        if checked:
            which = "new" if self.session.answers.goal.installs else "right"
            what = "still presents its" if review.phase.trusts_alone else f"presents the {which}"
            rows.append(("Checks", [f"that {checked[0]} {what} certificate"]))
        again = " and the service is restarted" if review.restarts else ""
        rows.append(("If it fails", [f"every file is restored{again}, automatically"]))
        if not review.undo:
            rows.append(("Undo later", [self.session.command("rollback")]))
        return [*rows, ("Backups", [str(self.session.machine.state_dir)])] if lines else rows

    def press(self, name: str) -> None:
        """Apply, or go back."""
        super().action_go_on() if name == "apply" else self.action_back()

    def action_go_on(self) -> None:
        """Enter is for the buttons."""
