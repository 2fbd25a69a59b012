"""What is left to do elsewhere: one list for each place; each tick is saved at once."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import ProgressBar, SelectionList, Static

from screens.frame import Page
from screens.lists import Ticks
from screens.notices import parts_of
from screens.theme import OK, Part, refusal, say, titled
from screens.widgets import Card, Facts, Reading, Row
from wizard.errors import WizardError
from wizard.handoff.checklist import FILE, STEPS
from wizard.questions.flow import Step, StepId
from wizard.reports.checklist import Checklist, Item, route, section
from wizard.session.session import Session
from wizard.texts.en.questions import TITLES

_FINGERPRINT = re.compile(r"\b[0-9a-f]{64}\b")
PLACES = {
    "vendor": "Before anything else: your vendor",
    "here": "On this gateway",
    "portal": "In the portal, before the policy is changed",
    "node": "On every other node of the cluster",
    "machines": "On gateways and Windows clients",
    "policy": "At the end: the certificate policy",
}


def place_of(item: Item) -> str:
    """Where an item is done; in a change of the root the phase that it belongs to."""
    name = section(item)
    return PLACES.get(name, f"Phase {name}")


def _about(item: Item, packs: str) -> list[Row]:
    # In groups a fingerprint is easy to compare, and does not waste a line when it is broken.
    detail = _FINGERPRINT.sub(lambda found: " ".join(textwrap.wrap(found[0], 8)), item.detail)
    in_bundles = packs if item.detail.startswith((FILE, STEPS)) else ""
    rows = (("Do", item.text), ("Where", route(item)), ("Bundles", in_bundles), ("Details", detail))
    return [(name, [words]) for name, words in rows if words]


class Left(Page):
    """The list, grouped; it opens at the first open item."""

    _numbers: ClassVar[Iterator[int]] = count()

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Show *data*: the list, and its lines."""
        super().__init__(step, data)
        self.kept: Checklist | None = data[0]
        self._refused = False

    @classmethod
    def look(cls, session: Session, step: Step) -> Any:
        """See `Page`: the lines are made for their effect, which keeps the list."""
        lines = session.lines(step)
        return session.left(), lines

    def claim(self) -> Sequence[Part]:
        """How far it is."""
        if self.kept is None:
            return titled("There is no checklist on this machine", "the last step of a set-up creates it")
        if not self.kept.left:
            return [(f"{OK} Everything is done", "ok bold")]
        return titled(TITLES[StepId.ELSEWHERE], "kept here; to see it later: cloudstream-wizard checklist")

    def compose(self) -> Iterable[Widget]:
        """A bar, the lists, and what is known about the marked line."""
        kept = self.kept
        if kept is None:
            yield Card("List", Reading(Static(say(*parts_of(self.data[1])))))
            return
        with Horizontal(classes="line"):
            yield ProgressBar(max(1, len(kept.items)), show_eta=False, show_percentage=False, id="done")
            yield Static(say(_count(kept)), id="count")
        groups: dict[str, list[Item]] = {}
        for item in kept.items:
            groups.setdefault(place_of(item), []).append(item)
        for name, items in groups.items():
            yield Card(name, Ticks([(item.text, item.id, item.id in kept.done) for item in items]))
        first = (*kept.left, *kept.items)[:1]
        rows = _about(first[0], kept.packs) if first else []
        yield Card("About the marked line", Facts(*rows, name_width=11, id="about"), id="detail")

    def arrived(self) -> None:
        """At the first open item."""
        kept = self.kept
        if kept is None:
            super().arrived()
            return
        self.query_one(ProgressBar).update(progress=len(kept.items) - len(kept.left))
        lists = list(self.query(Ticks))
        for each in lists:
            for at in range(each.option_count):
                if each.get_option_at_index(at).value not in kept.done:
                    each.highlighted = at
                    each.focus()
                    return
        if lists:
            lists[0].highlighted = 0
            lists[0].focus()

    def on_selection_list_selection_highlighted(self, event: SelectionList.SelectionHighlighted[str]) -> None:
        """The detail of the marked item."""
        if event.selection_list.has_focus:
            self._show(event.selection.value)

    def _show(self, name: str) -> None:
        kept = self.kept
        item = next((each for each in kept.items if each.id == name), None) if kept is not None else None
        if kept is not None and item is not None:
            self.query_one("#about", Facts).show(*_about(item, kept.packs))

    def on_descendant_focus(self) -> None:
        """Likewise when another list is entered."""
        focused = self.screen.focused
        if isinstance(focused, Ticks) and focused.option_count:
            if focused.highlighted is None:
                focused.highlighted = 0
            self._show(focused.get_option_at_index(focused.highlighted or 0).value)

    def on_selection_list_selection_toggled(self, event: SelectionList.SelectionToggled[str]) -> None:
        """Keep the tick at once. None is dropped: each is work of its own, and of the program, not of this page."""
        item, wizard, session = event.selection.value, self.wizard, self.session
        purpose = f"tick {next(self._numbers)}"
        wizard.engine.run(wizard, purpose, lambda: session.tick(item), lambda result: self._ticked(item, result))

    def action_go_on(self) -> None:
        """To the end, when every tick is kept."""
        self._refused = False
        self.wizard.work("ticks", lambda: None, self._all_kept, "Saving ...")

    def _all_kept(self, _nothing: None) -> None:
        if not self._refused:
            super().action_go_on()

    def _ticked(self, item: str, result: Any) -> None:
        if isinstance(result, WizardError):
            self._refused = True
            self.frame.tell(*refusal(result.message, result.hint))
            for each in self.query(Ticks):
                if item in [each.get_option_at_index(at).value for at in range(each.option_count)]:
                    with each.prevent(SelectionList.SelectionToggled):
                        (each.deselect if item in each.selected else each.select)(item)
            return
        if self.kept is not None and self.is_attached:
            self.frame.tell()
            self.kept = kept = replace(self.kept, done=self.kept.done ^ {item})
            self.query_one(ProgressBar).update(progress=len(kept.items) - len(kept.left))
            self.query_one("#count", Static).update(say(_count(kept)), layout=False)


def _count(kept: Checklist) -> str:
    return f"  {len(kept.items) - len(kept.left)} of {len(kept.items)} done"
