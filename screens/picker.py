"""Pick a file from a tree."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import DirectoryTree, Static

from screens.dialogs import Over
from screens.paths import last_word, quoted
from screens.theme import look, say
from screens.widgets import Card
from wizard.host.files import home_expanded
from wizard.printable import printable


class Files(DirectoryTree):
    """Folders and files, hidden ones left out; folders before files."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select_cursor", "Open or select", key_display="Enter")]
    ICON_NODE, ICON_NODE_EXPANDED, ICON_FILE = "\u25b8 ", "\u25be ", "  "

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        """Without what is hidden or cannot be shown."""
        return [path for path in paths if not path.name.startswith(".") and printable(path.name) == path.name]


class Picker(Over[str]):
    """Gives the text of the field with the picked file as its last path."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backspace", "above", "Folder above", key_display="Backspace"),
        Binding("f2", "folder", "Use this folder", key_display="F2"),
    ]
    AUTO_FOCUS = "Files"

    def __init__(self, base: Path, text: str) -> None:
        """Begin in the folder of the last path of *text*, which is relative to *base*."""
        super().__init__()
        self._before, word = last_word(text)
        place = (base / home_expanded(Path(word))).absolute()
        while not os.path.isdir(place):
            place = place.parent
        self._folder = place

    def parts(self) -> Iterable[Widget]:
        """The tree."""
        yield Card("Pick a file", Static(self._where(), id="where"), Files(self._folder), classes="dialog")

    def _where(self) -> Content:
        return say(("in ", "muted"), look.text(str(self._folder)))

    def on_directory_tree_file_selected(self, event: DirectoryTree.FileSelected) -> None:
        """Take it."""
        self.dismiss(self._before + quoted(str(event.path)))

    def action_folder(self) -> None:
        """Take the folder of the marked line: every certificate in it is read."""
        node = self.query_one(Files).cursor_node
        path = node.data.path if node is not None and node.data is not None else self._folder
        self.dismiss(self._before + quoted(str(path if os.path.isdir(path) else path.parent)))

    def action_above(self) -> None:
        """To the folder above."""
        self._folder = self._folder.parent
        self.query_one(Files).path = self._folder
        self.query_one("#where", Static).update(self._where())
