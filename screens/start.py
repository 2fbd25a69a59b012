"""The first page: what this machine is and presents now, and what is to be done."""

from collections.abc import Iterable, Sequence

from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from screens.certificates import life
from screens.frame import NARROW, TALL
from screens.theme import BAD, MARKS, OK, WARN, Part, boxes, cut, life_role, lifetime, say, titled
from screens.widgets import Card, Choice, Facts, Rechecked, Row
from wizard.certificates.names import issued_by, short
from wizard.questions.answers import Goal
from wizard.questions.flow import Step
from wizard.session import overview
from wizard.session.overview import Overview
from wizard.session.session import Session


class Start(Rechecked):
    """What is presented, by whom it is trusted, and the goals with the recommended one marked."""

    data: Overview
    first_focus = "#goal"

    @classmethod
    def look(cls, session: Session, step: Step) -> Overview:  # noqa: ARG003 - as in the base
        """See `Page`."""
        return session.overview()

    def claim(self) -> Sequence[Part]:
        """The headline: the host name and the kind of this machine."""
        return titled("This machine", overview.lead(self.data))

    def compose(self) -> Iterable[Widget]:
        """The card, the picture, the goals and what the marked one takes."""
        seen = self.data.presented
        yield Card(
            f"Presented at {seen.endpoint}" if seen is not None else "Presented",
            Static(self._banner()),
            Facts(*self._facts()),
            classes="now",
        )
        yield Static(self._picture(), classes="picture tall-only")
        question = self.step.questions[0]
        yield Static(say((question.heading, "bold")), classes="ask")
        words = [(each.value, self._words(each.value, each.label, each.detail)) for each in question.choices]
        yield Choice(words, self._marked(), id="goal")
        yield Card("What it takes", Facts(*self._takes(self._marked())), id="detail")

    def arrived(self) -> None:
        """The recommended goal is marked."""
        super().arrived()
        seen = self.data.presented
        if seen is not None:
            self.frame.show_state(seen.state, seen.at)
        notes = [line for line in self.session.notes if line]
        if notes:
            self.frame.tell(MARKS["info"], " ".join(notes))

    def _marked(self) -> str:
        return str(self.session.answers.goal if self.session.answered else self.data.goal)

    def _words(self, value: str, label: str, detail: str) -> Content:
        good = ("  recommended", "ok") if value == self.data.goal else ""
        words = (detail, "muted") if self.app.size.width >= NARROW else ""
        return say(f"  {label:<30}", words, good)

    def _banner(self) -> Content:
        word, words = overview.banner(self.data.presented, self.data.left)
        _trust, mark, role = self._trust()
        return say((f" {mark} {word} ", f"{role} bold reverse"), (f"  {words}", "bold"))

    def _facts(self) -> list[Row]:
        rows: list[Row] = []
        seen = self.data.presented
        if seen is not None and seen.leaf is not None:
            rows.append(("Certificate", [short(seen.leaf), (f"  {issued_by(seen.leaf)}", "muted")]))
            past, days, ends = life(seen.leaf, seen.at)
            left = (f"  {days} days left", life_role(days))
            rows.append(("Lifetime", [*lifetime(past, days, 24), left, (f"  until {ends}", "muted")]))
            by = overview.trusted_by(seen)
            rows.append((by.name, [MARKS[by.state], by.words]))
        elif seen is not None:
            rows.append(("Answer", [MARKS["bad"], seen.reason]))
        for each in overview.facts(self.data):
            more: list[Part] = [(f"  {each.more}", "muted")] if each.more else []
            rows.append((each.name, [MARKS[each.state], each.words, *more]))
        last = self.data.last
        if last is not None and self.app.size.height >= TALL:
            words = f"  {last.at[:10]}, {last.outcome.replace('_', ' ')}"
            rows.append(("Last change", [f"{last.id[:4]} {cut(last.title, 44)}", (words, "muted")]))
        return rows

    def _trust(self) -> tuple[str, str, str]:
        """Whether what is presented is trusted: in words, as a mark, and its role."""
        state = self.data.presented.state if self.data.presented is not None else "silent"
        known = {"trusted": ("trusted", OK, "ok"), "unknown": ("not checked", WARN, "warn")}
        return known.get(state, ("not trusted", BAD, "bad"))

    def _picture(self) -> Content:
        link = self._trust()
        nodes = [("gateways", "", ""), (self.data.facts.hostname, "this machine", "accent"), ("clients", "", "")]
        return boxes(nodes, [link, link], 12)

    def _takes(self, goal: str) -> list[Row]:
        time, needs, outage = overview.TAKES[goal]
        rows: list[Row] = [("Takes", [time]), ("You need", [needs]), ("Outage", [outage])]
        left = self.data.left
        if goal == Goal.LEFT:
            words = "no checklist yet" if left is None else f"{len(left.left)} of {len(left.items)} steps are open"
            rows[1] = ("State", [words])
        return rows

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """What the marked goal takes."""
        if isinstance(event.option_list, Choice):
            self.query_one("#detail Facts", Facts).show(*self._takes(event.option_list.answer))

    def on_option_list_option_selected(self) -> None:
        """Enter on a goal starts it."""
        self.action_go_on()

    def action_go_on(self) -> None:
        """Take the marked goal."""
        self.session.put(self.step.questions[0], self.query_one("#goal", Choice).answer)
        self.wizard.forward(self.step)
