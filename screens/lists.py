"""Trees, tables and ticks: larger widgets of Textual, made safe. The first page needs none of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widgets import DataTable, SelectionList, Static, Tree
from textual.widgets.selection_list import Selection
from textual.widgets.tree import TreeNode

from screens.certificates import Entry
from screens.frame import Page
from screens.theme import MARKS, Part, cell, cut, life_role, lifetime, look, say
from screens.widgets import Paged, in_reverse
from wizard.reports.calendar import Ending

NAME_WIDTH, PLACE_WIDTH, DAYS_WIDTH, DATE_WIDTH = 32, 14, 8, 12
LIFE_WIDTH = 8
ROOM_FOR_PLACE, ROOM_FOR_DATE = 62, 82


class Chain(Paged, Tree[Entry]):
    """A chain, the root on top: each certificate with its place, its lifetime as a line, and the days left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Continue", key_display="Enter")]

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Draw *entries*, from the root down."""
        super().__init__(Text(""), entries[0], id="chain")
        self.guide_depth = 3
        self.auto_expand = False
        node = self.root
        node.expand()
        for entry in entries[1:]:
            node = node.add(Text(""), entry, expand=True)

    def render_label(self, node: TreeNode[Entry], base_style: Style, style: Style) -> Text:  # noqa: ARG002 - Textual's signature
        """One line in columns, whatever the depth."""
        entry = node.data
        if entry is None:
            return Text("")
        depth, above = 0, node
        while above.parent is not None:
            depth, above = depth + 1, above.parent
        space = self.size.width - depth * self.guide_depth
        placed = PLACE_WIDTH if self.size.width >= ROOM_FOR_PLACE else 0
        dated = DATE_WIDTH if self.size.width >= ROOM_FOR_DATE else 0
        named = max(10, min(NAME_WIDTH - depth * self.guide_depth, space - placed - DAYS_WIDTH - 10))
        name = cut(look.text(entry.name), max(4, named - 1))
        if entry.missing:
            label = cell(MARKS["bad"], (f"{cut(look.text(entry.name), space - 12)} ", "bad"), ("missing", "bad bold"))
        else:
            days = f"{entry.days} d" if entry.days >= 0 else "expired"
            line = max(6, space - named - placed - dated - DAYS_WIDTH)
            label = cell(
                f"{name:<{named}}",
                (f"{entry.place:<{placed}}" if placed else "", "muted"),
                *lifetime(entry.past, entry.days, line),
                (f"  {entry.ends}" if dated else "", "muted"),
                (f"{days:>{DAYS_WIDTH}}", life_role(entry.days)),
            )
        if style.reverse:
            label.stylize(style)
        else:
            label.stylize_before(style)
        return label


class Calendar(Static):
    """What ends when: the date, the days left, the lifetime as a line, the certificate and its machines."""

    def __init__(self, endings: Sequence[Ending], now: datetime) -> None:
        """Draw *endings*; *now* is aware."""
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for name, width in (("Ends", 10), ("Left", 6), ("", LIFE_WIDTH)):
            table.add_column(cell((name, "muted")), width=width, no_wrap=True)
        for name in ("Certificate", "Machines"):
            table.add_column(cell((name, "muted")), ratio=1, overflow="fold")
        table.show_header = True
        for each in endings:
            whole = max(1.0, (each.ends - each.begins).total_seconds())
            line = lifetime((now - each.begins).total_seconds() / whole, each.days, LIFE_WIDTH)
            left = f"{each.days} d" if each.days >= 0 else "ended"
            table.add_row(
                cell(f"{each.ends:%Y-%m-%d}"),
                cell((left, life_role(each.days))),
                cell(*line),
                cell(each.name),
                cell((", ".join(each.machines), "muted")),
            )
        super().__init__(table)


class Rows(Paged, DataTable[Text]):
    """A table of rows with columns of fixed width; Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Continue", key_display="Enter")]

    def __init__(self, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[Sequence[Part]]]) -> None:
        """*columns*: name and width; built before the table is mounted, so it is measured and painted once."""
        super().__init__(cursor_type="row", id="rows")
        self.cell_padding = 1
        for name, width in columns:
            self.add_column(cell(name), width=width)
        for row in rows:
            self.add_row(*(cell(*parts) for parts in row))


class Ticks(Paged, SelectionList[str]):
    """Lines with `[x]` or `[ ]`; arrows walk on to the next list, Space ticks, Enter finishes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "finish", "Finish", key_display="Enter"),
        Binding("space", "select", "Tick", key_display="Space"),
    ]

    def __init__(self, items: Sequence[tuple[str, str, bool]]) -> None:
        """*items*: words, id, whether it is ticked."""
        super().__init__(*(Selection(say(words), name, done) for words, name, done in items), compact=True)

    def action_finish(self) -> None:
        """The page goes on."""
        page = next(each for each in self.ancestors if isinstance(each, Page))
        page.action_go_on()

    def render_line(self, y: int) -> Strip:
        """Textual's tick looks the same on and off; words tell the two apart."""
        line = list(super().render_line(y))
        index = self.scroll_offset.y + y
        if index >= self.option_count or len(line) < 4:
            return Strip(line)
        on = self.get_option_at_index(index).value in self.selected
        style = line[3].style or Style()
        return in_reverse(self, y, Strip([Segment("[x]" if on else "[ ]", style), *line[3:]]))

    def action_cursor_down(self) -> None:
        """Below the last line is the next list."""
        if self.highlighted == self.option_count - 1:
            self._walk(1)
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Above the first line is the list before."""
        if not self.highlighted:
            self._walk(-1)
        else:
            super().action_cursor_up()

    def _walk(self, way: int) -> None:
        lists = list(self.screen.query(Ticks))
        at = lists.index(self) + way
        if 0 <= at < len(lists):
            lists[at].highlighted = 0 if way > 0 else lists[at].option_count - 1
            lists[at].focus()
