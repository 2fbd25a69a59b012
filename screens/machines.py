"""The other machines: gateways and Windows clients as a table, and where their certificates are."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input, Static

from screens.dialogs import Over
from screens.lists import Rows
from screens.questions import Questions
from screens.theme import BAD, Part, cell, say
from screens.widgets import Act, Card, Choice, Field, Keys
from wizard.questions.answers import is_host
from wizard.questions.flow import Question, Step

if TYPE_CHECKING:
    from wizard.errors import WizardError

GATEWAYS, CLIENTS = "others.gateways", "others.clients"
KINDS = {GATEWAYS: "gateway", CLIENTS: "client"}
_EMPTY = ("none yet", "press a to add a gateway or a client")


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
        self._asked = {question.key: question for question in data}
        self.machines: list[tuple[str, str]] = []

    @property
    def questions(self) -> Sequence[Question]:
        """Those that are not about the table."""
        return [question for question in self.data if question.key not in KINDS]

    def claim(self) -> Sequence[Part]:
        """The headline: what each machine needs."""
        return [
            ("Gateways and clients", "accent bold"),
            ("  each needs a certificate of its own from the same CA", "muted"),
        ]

    def above(self) -> Iterable[Widget]:
        """The table."""
        self.machines = [
            (key, host) for key in KINDS for host in self.session.value(self._asked[key]).split() if key in self._asked
        ]
        self.table = Rows([("Machine", 44), ("Kind", 26)], self._drawn())
        yield Card("Machines", self.table, hint="a add, e edit, d remove; leave empty to do this later")

    def _drawn(self) -> list[list[list[Part]]]:
        if not self.machines:
            return [[[(_EMPTY[0], "muted")], [("", "muted")]]]
        words = {GATEWAYS: "gateway", CLIENTS: "client, local storage"}
        return [[[(host, "bold")], [words[key]]] for key, host in self.machines]

    def arrived(self) -> None:
        """At the table."""
        self.table.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the table work in the table."""
        if action in {"add", "edit", "remove"}:
            return self.screen.focused is getattr(self, "table", None) and (action == "add" or bool(self.machines))
        return super().check_action(action, parameters)

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter leads to the files, or on when there is no machine."""
        event.stop()
        if self.machines:
            self.fields[0][1].focus()
        else:
            self.action_go_on()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Nothing more is known about a machine yet."""
        event.stop()

    def action_add(self) -> None:
        """One more."""
        self.wizard.push(Machine("", GATEWAYS), self._added)

    def _added(self, made: tuple[str, str] | None) -> None:
        if made is not None:
            self.machines.append(made)
            self._changed(len(self.machines) - 1)

    def action_edit(self) -> None:
        """The marked one anew."""
        key, host = self.machines[self.table.cursor_row]
        self.wizard.push(Machine(host, key), self._edited)

    def _edited(self, made: tuple[str, str] | None) -> None:
        if made is not None:
            at = self.table.cursor_row
            self.machines[at] = made
            self._changed(at)

    def action_remove(self) -> None:
        """One less."""
        at = self.table.cursor_row
        del self.machines[at]
        self._changed(max(0, at - 1))

    def _changed(self, at: int) -> None:
        self.machines = sorted(dict.fromkeys(self.machines), key=lambda each: list(KINDS).index(each[0]))
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

    def _take(self) -> "WizardError | None":
        for key in KINDS:
            self.session.put(self._asked[key], " ".join(host for kind, host in self.machines if kind == key))
        return None

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


class Machine(Over[tuple[str, str]]):
    """One machine: its host name and what it is."""

    def __init__(self, host: str, kind: str) -> None:
        """With *host* to change, or an empty one."""
        super().__init__()
        self._host, self._kind = host, kind

    def compose(self) -> Iterable[Widget]:
        """Name and kind."""
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
            Static("", id="wrong"),
            Horizontal(Act("Take it", id="take"), Act("Cancel", id="cancel"), classes="buttons"),
            classes="dialog small",
        )
        yield Keys()

    def on_mount(self) -> None:
        """At the name."""
        self.query_one("#host").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the name leads to the kind."""
        event.stop()
        self.query_one("#kind").focus()

    def on_option_list_option_selected(self) -> None:
        """Enter on a kind takes both."""
        self._take()

    def on_button_pressed(self, event: Act.Pressed) -> None:
        """Take or not."""
        event.stop()
        self._take() if event.button.id == "take" else self.action_close()

    def _take(self) -> None:
        host = self.query_one("#host", Field).answer.strip()
        if is_host(host):
            self.dismiss((self.query_one("#kind", Choice).answer, host))
        else:
            words = "A host name has letters, digits, dots and hyphens." if host else "A host name is needed."
            self.query_one("#wrong", Static).update(say((f"{BAD} Error: ", "bad bold"), (words, "bad")))
            self.query_one("#host").focus()
