"""Every step as a picture: first view, one error, without colour, in ASCII, and on a large terminal."""

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from tests.screens.driving import keys, opened, text, until
from tests.screens.fake_session import CHAIN, STEPS, FakeSession, at, earlier_run
from tests.screens.pictures import same_as_before
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.reports.lines import Line

# The pictures are named for people, not for the tests that draw them.
pytestmark = pytest.mark.filterwarnings("ignore:\\s*Can not relate snapshot:UserWarning")


def _blocked(session: FakeSession) -> None:
    session.blocked = True


def _rolled_back(session: FakeSession) -> None:
    session.end = "rolled_back"


def _unreadable(session: FakeSession) -> None:
    session.refuse_lines = True


def _no_change(session: FakeSession) -> None:
    del session


SOON = Finding(
    FindingSpec(
        "validity.expires-soon",
        Severity.WARNING,
        "the certificate ends soon",
        "primary-host expires on 2026-01-07, in 4 days.",
        "After that day every peer refuses it, and renewing takes a restart of the server.",
        "Plan the renewal now.",
        "RFC 5280",
    ),
    Locator("certificate"),
)
ERRORS: dict[str, tuple[Callable[[FakeSession], None], tuple[str, ...]]] = {
    "goal": (_unreadable, ()),
    "cloud": (_no_change, ("='open", "enter")),
    "primary-files": (_no_change, (f"={CHAIN}", "enter", "=wrong", "enter")),
    "primary-verdict": (_no_change, (*["backspace"] * 4, "enter", "enter")),
    "primary-store-password": (_no_change, ("=abc", "tab", "=abd", "enter")),
    "others": (_no_change, ("='open", "tab", "tab", "enter")),
    "examine": (_unreadable, ()),
    "undo": (_unreadable, ()),
    "others-verdict": (_unreadable, ()),
    "gateway-files": (_no_change, ("=/root/gateway-host.pfx", "enter", "=wrong", "enter")),
    "gateway-verdict": (_unreadable, ()),
    "gateway-primary": (_no_change, ("tab", *["backspace"] * 4, "=no", "enter")),
    "gateway-trust": (_no_change, ("='open", "enter")),
    "gateway-unattended": (_no_change, ("=/root/none.conf", "enter")),
    "gateway-store-password": (_no_change, ("=abc", "tab", "=abd", "enter")),
    "review": (_blocked, ("enter",)),
    "confirm": (_unreadable, ()),
    "apply": (_rolled_back, ()),
    "handoff": (_no_change, (*["delete", "backspace"] * 30, "enter", "enter")),
    "elsewhere": (_unreadable, ()),
}
"""What goes wrong at a step, and the keys that bring it to light. Choices alone cannot be wrong."""


async def _ended(pilot: Pilot[int]) -> None:
    if "Applying" in text(pilot):
        await until(pilot, "Applied and", "put back")


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("step", STEPS)
async def test_first_view(step: str, snapshot: SnapshotAssertion) -> None:
    async with opened(at(step), start=step) as pilot:
        await _ended(pilot)
        same_as_before(pilot, snapshot, step)


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("step", ERRORS)
async def test_an_error(step: str, snapshot: SnapshotAssertion) -> None:
    session = at(step)
    prepare, pressed = ERRORS[step]
    prepare(session)
    async with opened(session, start=step) as pilot:
        await keys(pilot, *pressed)
        await _ended(pilot)
        assert "Error" in text(pilot) or "FAIL" in text(pilot)
        same_as_before(pilot, snapshot, f"{step}-error")


@pytest.mark.parametrize("step", STEPS)
async def test_without_colour(step: str, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(at(step), start=step) as pilot:
        await _ended(pilot)
        same_as_before(pilot, snapshot, f"{step}-no-color")


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("step", STEPS)
async def test_in_ascii(step: str, snapshot: SnapshotAssertion) -> None:
    async with opened(at(step), start=step, ascii_only=True) as pilot:
        await _ended(pilot)
        assert text(pilot).isascii()
        same_as_before(pilot, snapshot, f"{step}-ascii")


@pytest.mark.usefixtures("colours")
@pytest.mark.parametrize("step", STEPS)
async def test_on_a_large_terminal(step: str, snapshot: SnapshotAssertion) -> None:
    async with opened(at(step), start=step, size=(132, 43)) as pilot:
        await _ended(pilot)
        same_as_before(pilot, snapshot, f"{step}-132x43")


@pytest.mark.usefixtures("colours")
async def test_pages_on_top(snapshot: SnapshotAssertion) -> None:
    async with opened(FakeSession(), start="primary-files") as pilot:
        await keys(pilot, "f1")
        same_as_before(pilot, snapshot, "page-help")
        await keys(pilot, "escape", "ctrl+c")
        same_as_before(pilot, snapshot, "page-leave")
    async with opened(FakeSession(), ascii_only=True) as pilot:
        await keys(pilot, "ctrl+c")
        same_as_before(pilot, snapshot, "page-leave-ascii")


@pytest.mark.usefixtures("colours")
async def test_what_can_be_chosen(snapshot: SnapshotAssertion) -> None:
    session = at("review")
    session.warnings = {"review": (SOON,)}
    async with opened(session, start="review") as pilot:
        await keys(pilot, "down", "down")
        same_as_before(pilot, snapshot, "review-marked")
        await keys(pilot, "home", "enter")
        same_as_before(pilot, snapshot, "page-warning")
    session = at("examine-again")
    session.rounds = 1
    async with opened(session, start="examine-again") as pilot:
        same_as_before(pilot, snapshot, "examine-again-more")
    async with opened(at("elsewhere"), start="elsewhere") as pilot:
        await keys(pilot, "space", *["down"] * 5, "space")
        same_as_before(pilot, snapshot, "elsewhere-policy")


@pytest.mark.usefixtures("colours")
async def test_what_an_earlier_run_left(snapshot: SnapshotAssertion) -> None:
    session = FakeSession()
    session.earlier = earlier_run("primary-store")
    async with opened(session) as pilot:
        same_as_before(pilot, snapshot, "page-resume")
    session = FakeSession()
    session.unfinished = [Line("A change was cut off while it wrote the key store.")]
    async with opened(session) as pilot:
        same_as_before(pilot, snapshot, "page-recover")
