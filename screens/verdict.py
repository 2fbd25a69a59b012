"""What was found in the files: the chain as a tree, its findings, and the host name that it must have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.certificates import Entry, entries, finding_line, finding_rows, life
from screens.lists import Chain, Rows
from screens.questions import Questions
from screens.theme import MARKS, Part, cut, life_role, say, titled
from screens.widgets import Card, Lines, Row
from wizard.certificates import fields
from wizard.certificates.names import issuer_short, short
from wizard.findings import Finding, Severity, has_errors
from wizard.findings import worst as most
from wizard.host.machine import now_utc
from wizard.planning.judge import Judged
from wizard.questions.answers import is_host
from wizard.questions.flow import Question, Step
from wizard.session.session import Session

FITS = "Checked: signatures, dates, names, usage, key and chain"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list of findings, and the rows that the card below shows for it."""

    line: tuple[Part, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The chain of a role, ready to be drawn."""

    judged: Judged
    chain: tuple[Entry, ...]
    items: tuple[Item, ...]


def found_for(session: Session, role: str) -> Found:
    """BLOCKING. The chain of *role* and its findings.

    Raises:
        WizardError: the files cannot be read.
    """
    judged = session.inputs.judged(role)
    now = now_utc()
    items = [Item(tuple(finding_line(each)), tuple(finding_rows(each))) for each in judged.findings]
    items += [
        Item(
            (MARKS["info"], f"Not read: {path.name}. {error.spec.text.title}."),
            (("Why", [error.message]), ("Code", [(error.code, "muted")])),
        )
        for path, error in judged.loaded.problems
    ]
    old = session.installed() if role == "primary" else None
    if old is not None and old.leaf is not None:
        items.insert(0, _beside(old, judged))
    if all(each.severity == Severity.NOTE for each in judged.findings):
        rows: tuple[Row, ...] = (("Result", ["this certificate can be used here"]),)
        items.append(Item((MARKS["ok"], FITS), rows))
    return Found(judged, tuple(entries(judged.chain, now)), tuple(items))


def _beside(old: Any, judged: Judged) -> Item:
    """The installed certificate beside the new one."""
    new = judged.chain
    if new.leaf is None or new.leaf == old.leaf:
        return Item(
            (MARKS["info"], "This certificate is already installed"), (("Installed", ["the same certificate"]),)
        )
    now = now_utc()

    def both(show: Any) -> list[Part]:
        return [f"{cut(show(old.leaf), 28):<30}", show(new.leaf)]

    rows: list[Row] = [
        ("", [(f"{'installed':<30}", "muted"), ("new", "muted")]),
        ("Subject", both(short)),
        ("Issuer", both(issuer_short)),
        ("Ends", both(lambda each: life(each, now)[2])),
        ("Key", both(fields.key_label)),
        ("SHA-256", both(lambda each: each.sha256[:16])),
    ]
    return Item((MARKS["info"], "Compared with the installed certificate"), tuple(rows))


def statement(findings: Sequence[Finding], name: str = "Certificate") -> list[Part]:
    """Whether a chain can be used, as the title; *name* is what is used."""
    errors = sum(each.severity >= Severity.ERROR for each in findings)
    warnings = sum(each.severity == Severity.WARNING for each in findings)
    count = f"{warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
    if errors:
        return [(f"{name} cannot be used", "bad bold"), (f"  {errors} error{'' if errors == 1 else 's'}", "bad")]
    return [(f"{name} can be used{f' ({count})' if count else ''}", "accent bold")]


class Verdict(Questions):
    """Chain and findings of one role."""

    detail_name = "About the marked line"

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`."""
        return found_for(session, step.role), session.asked(step)

    data: tuple[Found, Sequence[Question]]

    @property
    def found(self) -> Found:
        """The chain."""
        return self.data[0]

    def claim(self) -> Sequence[Part]:
        """Whether it can be used."""
        bundles = self.found.judged.loaded.bundles
        read = f"  {len(bundles)} file{'' if len(bundles) == 1 else 's'} read"
        return [*statement(self.found.judged.findings), (read, "muted")]

    def above(self) -> Iterable[Widget]:
        """The tree and the list."""
        yield Card("Chain", Chain(self.found.chain))
        yield Card("Findings", Lines(*(Option(say(*item.line)) for item in self.found.items), id="findings"))

    def names(self, question: Question) -> Sequence[str]:
        """The host name is one of the certificate; which one is the operator's to say."""
        leaf = self.found.judged.chain.leaf
        if leaf is None or not question.key.endswith(".host"):
            return ()
        return [name for name in fields.names(leaf) if is_host(name)]

    def arrived(self) -> None:
        """Focus the worst finding, or the field for the name."""
        if self.fields and not self.fields[0][1].answer:
            super().arrived()
        else:
            self.query_one("#findings").focus()

    def _about(self, at: int) -> list[Row]:
        if self.screen.focused is None or self.place() is None:
            return self._marked()
        rows = super()._about(at)
        if self.fields[at][0].key.endswith(".host"):
            leaf = self.found.judged.chain.leaf
            listed = ", ".join(fields.names(leaf)) if leaf is not None else ""
            picked = ("  Down selects one", "muted") if self.names(self.fields[at][0]) else ""
            rows = [
                ("Listed", [listed or ("no name", "bad"), picked]),
                ("This host", [self.wizard.machine_name]),
                *rows,
            ]
        return rows

    def _marked(self) -> list[Row]:
        if isinstance(self.screen.focused, Chain):
            node = self.screen.focused.cursor_node
            entry = node.data if node is not None else None
            return list((entry or self.found.chain[0]).rows)
        marked = self.query("#findings")
        at = marked.first(Lines).highlighted if marked else 0
        return list(self.found.items[at or 0].rows) if self.found.items else []

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter goes on, to the question when there is one."""
        if event.option_list.id == "findings":
            self._on()

    def on_tree_node_highlighted(self) -> None:
        """Another certificate."""
        self.show_about()

    def on_tree_node_selected(self) -> None:
        """Enter goes on."""
        self._on()

    def _on(self) -> None:
        if self.fields and not self.fields[0][1].answer:
            self.fields[0][1].focus()
        else:
            self.action_go_on()


class Others(Questions):
    """The certificates of all gateways and clients: a table, and the findings of the marked one."""

    detail_name = "About the marked line"

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`."""
        roles = session.answers.other_roles()
        found = [(role, session.answers.table(role).host, found_for(session, role)) for role in roles]
        return found, session.asked(step)

    data: tuple[list[tuple[str, str, Found]], Sequence[Question]]

    @property
    def machines(self) -> list[tuple[str, str, Found]]:
        """Role, host, and what its files came to."""
        return self.data[0]

    def claim(self) -> Sequence[Part]:
        """Whether all can be used."""
        if not self.machines:
            return titled("No certificate is needed", "clients without local storage need none")
        findings = [each for _role, _host, found in self.machines for each in found.judged.findings]
        count = len(self.machines)
        unfit = sum(has_errors(found.judged.findings) for *_, found in self.machines)
        name = "Certificate" if count == 1 else f"{unfit} of the certificates" if unfit else "Certificates"
        return [*statement(findings, name), (f"  {count} machine{'' if count == 1 else 's'}", "muted")]

    def above(self) -> Iterable[Widget]:
        """The table."""
        columns = [("Machine", 22), ("Kind", 8), ("Certificate", 15), ("Days", 5), ("State", 14)]
        self.table = Rows(columns, [_row(role, host, found) for role, host, found in self.machines])
        yield Card("Machines", self.table)

    def arrived(self) -> None:
        """At the table."""
        self.table.focus()

    def _about(self, at: int) -> list[Row]:
        if self.screen.focused is not None and self.place() is not None:
            return super()._about(at)
        table = getattr(self, "table", None)
        if table is None or not self.machines:
            return []
        _role, host, found = self.machines[table.cursor_row]
        rows: list[Row] = [
            ("Machine", [(host, "bold")]),
            ("Chain", [" < ".join(each.name for each in reversed(found.chain))]),
        ]
        for number, item in enumerate(found.items):
            rows.append(("" if number else "Findings", list(item.line)))
            rows += [("", words) for name, words in item.rows if name == "Do"]
        return rows

    def on_data_table_row_highlighted(self) -> None:
        """Another machine."""
        self.show_about()

    def on_data_table_row_selected(self) -> None:
        """Enter goes on, to the question when there is one."""
        if self.fields:
            self.fields[0][1].focus()
        else:
            self.action_go_on()


def _row(role: str, host: str, found: Found) -> list[list[Part]]:
    worst = most(found.judged.findings) or Severity.NOTE
    state = {Severity.NOTE: ("ok", "can be used"), Severity.WARNING: ("warn", "warning")}.get(worst, ("bad", "error"))
    leaf = found.chain[-1]
    kind = "gateway" if role.startswith("gateway") else "client"
    return [
        [(cut(host, 22), "bold")],
        [kind],
        [cut(leaf.name, 15)],
        [(f"{leaf.days:>5}", life_role(leaf.days))],
        [MARKS[state[0]], state[1]],
    ]
