"""The other machines: gateways and Windows clients as a table, and where their certificates are."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from screens.dialogs import Form
from screens.lists import Rows
from screens.questions import Questions
from screens.theme import Part, cell, hanging, refusal, say, titled
from screens.widgets import Card, Choice, Facts, Field, Row, buttons
from wizard.questions.answers import VERSIONS, is_host
from wizard.questions.flow import Ask, Question, Step

GATEWAYS, CLIENTS = VERSIONS
Made = tuple[str, str, str]
"""The kind, the host name and the version, "" when it is not known."""
ABOUT: list[Row] = [
    ("Note", ["Each gateway, and each Windows client with local storage, gets a bundle with its files."]),
    ("Keys", ["a adds a machine, e edits and d removes the marked one. Enter continues."]),
]


class Machines(Questions):
    """Add, edit and remove machines; the two questions about files and their password follow below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add"),
        Binding("e", "edit", "Edit"),
        Binding("d,delete", "remove", "Remove", key_display="d"),
    ]

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """See `Questions`."""
        super().__init__(step, data)
        self._asked = {question.key: question for question in self.data[1]}
        self.machines: list[Made] = []

    @property
    def questions(self) -> Sequence[Question]:
        """Those that are not about the table."""
        return [question for question in self.data[1] if question.key not in VERSIONS]

    def claim(self) -> Sequence[Part]:
        """The headline: what each machine needs."""
        return titled("Gateways and clients", "each needs a certificate of its own from the same CA")

    def above(self) -> Iterable[Widget]:
        """The table."""
        answers = self.session.answers
        self.machines = [
            (key, one.host, getattr(one, version))
            for key, (table, version, _what) in VERSIONS.items()
            for one in getattr(answers, table)
        ]
        self.table = Rows([("Machine", 36), ("Kind", 10), ("Version", 22)], self._drawn())
        yield Card("Machines", self.table, hint="a add, e edit, d remove; leave empty to do this later")

    def _drawn(self) -> list[list[list[Part]]]:
        if not self.machines:
            return [[[("none yet", "muted")], [("", "muted")], [("", "muted")]]]
        return [
            [[(host, "bold")], [table], [f"{what} {version}" if version else ("not known", "muted")]]
            for key, host, version in self.machines
            for table, _name, what in [VERSIONS[key]]
        ]

    def arrived(self) -> None:
        """At the table."""
        self.table.focus()

    def show_about(self) -> None:
        """What the table is for, while it has the focus."""
        if self.screen.focused is self.table:
            self.query_one("#about", Facts).show(*ABOUT)
        else:
            super().show_about()

    def _about(self, at: int) -> list[Row]:
        return super()._about(at) if self.place() is not None else ABOUT

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the table work in the table."""
        if action in {"add", "edit", "remove"}:
            return self.screen.focused is getattr(self, "table", None) and (action == "add" or bool(self.machines))
        return super().check_action(action, parameters)

    def on_data_table_row_selected(self) -> None:
        """Enter leads to the files, or on when there is no machine."""
        if self.machines:
            self.fields[0][1].focus()
        else:
            self.action_go_on()

    def action_add(self) -> None:
        """Add a machine."""
        at = len(self.machines)
        self.wizard.push(Machine("", GATEWAYS, ""), lambda made: self._put_machine(at, made))

    def action_edit(self) -> None:
        """Edit the marked machine."""
        at = self.table.cursor_row
        key, host, version = self.machines[at]
        self.wizard.push(Machine(host, key, version), lambda made: self._put_machine(at, made))

    def _put_machine(self, at: int, made: Made | None) -> None:
        if made is not None:
            self.machines[at : at + 1] = [made]
            self._changed(at)

    def action_remove(self) -> None:
        """Remove the marked machine."""
        at = self.table.cursor_row
        del self.machines[at]
        self._changed(max(0, at - 1))

    def _changed(self, at: int) -> None:
        # The last entry of a name counts.
        found = {(key, host): version for key, host, version in self.machines}
        self.machines = sorted(
            ((*name, version) for name, version in found.items()), key=lambda each: list(VERSIONS).index(each[0])
        )
        self._take()
        self.table.clear()
        for row in self._drawn():
            self.table.add_row(*(cell(*parts) for parts in row))
        self.table.move_cursor(row=min(at, max(0, len(self.machines) - 1)))
        for question, field in self.fields:
            # The folder beside the primary's files is proposed as soon as somebody needs one.
            if isinstance(field, Field) and question.key == "others.chain" and not field.value:
                field.put(self.session.value(question))
        self.refresh_bindings()

    def _take(self) -> None:
        for key, (table, version, _what) in VERSIONS.items():
            found = {host: text for kind, host, text in self.machines if kind == key}
            self.session.put(self._asked[key], " ".join(found))
            for number, text in enumerate(found.values()):
                self.session.put(Question(f"{table}.{number}.{version}", Ask.TEXT, "", "", optional=True), text)

    def keep(self) -> None:
        """The table, too."""
        self._take()
        super().keep()

    def action_go_on(self) -> None:
        """Likewise."""
        self._take()
        if self.screen.focused is self.table and self.machines:
            self.fields[0][1].focus()
        else:
            super().action_go_on()


class Machine(Form[Made]):
    """One machine: its host name, what it is, and its version of Java or Windows."""

    AUTO_FOCUS = "#host"

    def __init__(self, host: str, kind: str, version: str) -> None:
        """With *host* to change, or an empty one."""
        super().__init__()
        self._host, self._kind, self._version = host, kind, version

    def parts(self) -> Iterable[Widget]:
        """The fields: name, kind and version."""
        kinds = [
            (GATEWAYS, say("  Gateway")),
            (CLIENTS, say("  Windows client with local storage")),
        ]
        yield Card(
            "Edit a machine" if self._host else "Add a machine",
            Static(say(("Host name, as other machines use it", "bold"))),
            Field(self._host, id="host", placeholder="gateway-2.example.com"),
            Static("", classes="gap"),
            Static(say(("Kind", "bold"))),
            Choice(kinds, self._kind, id="kind"),
            Static("", classes="gap"),
            Static(say(("Version of Java or Windows, if you know it", "bold"))),
            Field(self._version, id="version", placeholder="17.0.9, or Server 2016"),
            Static("", id="wrong"),
            buttons(("Save" if self._host else "Add", "take"), ("Cancel", "cancel")),
            classes="dialog small",
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the name leads to the kind; in the version it takes all."""
        if event.input.id == "host":
            self.query_one("#kind").focus()
        else:
            self.take()

    def on_option_list_option_selected(self) -> None:
        """Enter on a kind takes all."""
        self.take()

    def take(self) -> None:
        """See `Form`."""
        host, version = (self.query_one(name, Field).answer.strip() for name in ("#host", "#version"))
        kind = self.query_one("#kind", Choice).answer
        if not is_host(host):
            words = "A host name has letters, digits, dots and hyphens." if host else "A host name is needed."
            self._refuse("#host", words)
        elif kind == GATEWAYS and version and not version[0].isdecimal():
            self._refuse("#version", "A Java version begins with a number: 17.0.9, 8u292. Leave it empty if unknown.")
        else:
            self.dismiss((kind, host, version))

    def _refuse(self, field: str, words: str) -> None:
        self.query_one("#wrong", Static).update(hanging(*refusal(words)))
        self.query_one(field).focus()
