"""Full pages to read on top of a step: help, and the log of a change."""

from collections.abc import Iterable, Sequence
from importlib.resources import files

from textual.widget import Widget

from screens.frame import Framed
from screens.pane import Pane
from wizard.reports.lines import Line, Tone


class PageScreen(Framed):
    """Lines to read; Esc, F1 or Close goes back to where one was."""

    keys = ("help", "redraw", "back")
    on_top = True

    def __init__(self, heading: str, lines: Iterable[Line]) -> None:
        """Show *lines* under *heading*."""
        super().__init__(heading)
        self._lines = tuple(lines)

    def body(self) -> Iterable[Widget]:
        """One pane."""
        yield Pane(always=True)

    def buttons(self) -> Sequence[tuple[str, str]]:
        """The way back."""
        return [("Close", "back")]

    def on_mount(self) -> None:
        """Begin with reading."""
        pane = self.query_one(Pane)
        pane.show(self._lines)
        pane.focus()

    def on_pane_accepted(self) -> None:
        """Enter closes as well."""
        self.action_back()

    def action_back(self) -> None:
        """Close."""
        self.dismiss()

    def action_help(self) -> None:
        """The key that opened it closes it."""
        self.dismiss()


def help_page(name: str, first: Sequence[str]) -> PageScreen:
    """The help page *name*; *first*, such as an error that a row had to cut, stands above it."""
    above = [Line(row, Tone.BAD) for text in first for row in [*text.splitlines(), ""]]
    return PageScreen("Help", [*above, *page_lines(name)])


def page_lines(name: str) -> list[Line]:
    """The page as lines: a heading starts with `#`, everything else is read as it stands."""
    page = files("screens") / "help" / f"{name}.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else "There is no page for this step."
    return [
        Line(row.lstrip("# "), Tone.HEADING) if row.startswith("#") else Line(row) for row in text.rstrip().splitlines()
    ]
