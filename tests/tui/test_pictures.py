"""Every step as a picture, from the real session: fixed keys, clock, port and folder, so two runs give the same bytes."""

import asyncio
import fcntl
import random
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import jre
from tests.support.practice import Practice
from tests.support.scenarios import EVERY, GOALS, STEPS, furnish, prepared
from tests.tui.driving import app_of, keys, opened, until
from tests.tui.every_step import STILL, Deployments
from tests.tui.pictures import ROOT, same_as_before
from wizard.host import machine
from wizard.questions.flow import View
from wizard.questions.step_names import phase_of
from wizard.sandbox import pki
from wizard.sandbox.build import create
from wizard.session import overview

# The pictures are named for people, not for the tests that draw them.
pytestmark = pytest.mark.filterwarnings("ignore:\\s*Can not relate snapshot:UserWarning")

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
HOME = Path("/tmp/cloudstream-pictures")
PORT = 19600  # below those that practice servers choose by chance
PICTURED = [name for name in STILL if name not in {"undo", "handoff-first", "confirm"}]
"""The record of changes holds times; the page of `handoff` comes at two places; the last question is on the way to the
end of a change."""
SIZES = {"80x24": (80, 24), "120x36": (120, 36)}
TYPICAL = ("goal", "primary-verdict", "review", "elsewhere")
EVERY_LOOK = {"primary-verdict"}
"""What `make test` draws in each size and look."""
LOOKS: dict[str, tuple[tuple[int, int], str, bool]] = {
    "60x15": ((60, 15), "dark", False),
    "no-colour": ((80, 24), "none", False),
    "ascii": ((80, 24), "16", True),
    "light": ((120, 36), "light", False),
}


def company() -> pki.Pki:
    """The PKI of the manual with keys and serial numbers that are always the same."""
    pem = (Path(__file__).parents[1] / "data" / "picture-keys.pem").read_bytes()
    end = b"-----END PRIVATE KEY-----\n"
    found = [load_pem_private_key(each + end, None) for each in pem.split(end) if each]
    root, intermediate, primary, gateway, client, built_in, public, other = found
    made = NOW - timedelta(hours=1)
    top = pki.authority("Acme-CA-Root", root, None, made)  # type: ignore[arg-type]  # RSA keys, all of them
    middle = pki.authority("Acme-CA-Intermediate", intermediate, top, made)  # type: ignore[arg-type]
    period = (made - timedelta(400), made + timedelta(3250))
    fallback = pki._certificate("localhost", built_in, None, period, [])  # type: ignore[arg-type]
    java = pki.authority("Practice Public Root", public, None, made)  # type: ignore[arg-type]
    result = pki.Pki(top, middle, {}, pki.Entity(fallback, built_in), java, other, made)  # type: ignore[arg-type]
    for name, key, dns in (
        ("primary-host", primary, None),
        ("gateway-host", gateway, ["gateway-host"]),
        ("pcclient-host", client, ["pcclient-host"]),
    ):
        usage = (pki.SERVER, pki.CLIENT) if name != "pcclient-host" else (pki.CLIENT,)
        result.entities[name] = result.reissued(name, key=key, eku=usage, dns=dns)  # type: ignore[arg-type]
    return result


@pytest.fixture(autouse=True)
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock, the names and the port of all pictures."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, module in list(sys.modules.items()):
        if name.startswith(("wizard.", "screens.")) and hasattr(module, "now_utc"):
            monkeypatch.setattr(module, "now_utc", lambda: NOW)
    monkeypatch.setattr(socket, "gethostname", lambda: "primary-host")
    # The files are written at the time of the test, which may be later than the clock of the pictures.
    monkeypatch.setattr(machine, "AHEAD_S", float("inf"))
    # A picture must not depend on the speed of the machine.
    monkeypatch.setattr(overview, "LIMIT_S", 60.0)


@pytest.fixture(scope="module")
def places() -> Iterator[Deployments]:
    """Deployments in a folder of a fixed name; a lock keeps other runs away."""
    patch = pytest.MonkeyPatch()
    chance = random.Random(4711)
    with HOME.with_suffix(".lock").open("w") as lock, ExitStack() as stack:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(HOME, ignore_errors=True)
        stack.callback(shutil.rmtree, HOME, ignore_errors=True)
        patch.setattr(x509, "random_serial_number", lambda: chance.getrandbits(120) | 1 << 119)
        acme = company()
        patch.setattr("tests.support.scenarios.company", lambda: acme)

        class Fixed(Deployments):
            def __missing__(self, goal: str) -> Practice:
                way = EVERY[goal]
                patch.setattr("wizard.sandbox.build._free_port", lambda: PORT + list(EVERY).index(goal))
                java = jre("17")
                built = create(HOME / goal, jre=java, faults=way.faults, configured=way.configured, pki=acme)
                here = Practice(built)
                stack.callback(here.systemctl, "stop")
                here.start()
                furnish(here)
                self[goal] = here
                return here

        try:
            yield Fixed(HOME, stack)
        finally:
            patch.undo()


async def drawn(pilot: Pilot[int], snapshot: SnapshotAssertion, name: str) -> None:
    # Some parts, such as the line below the tabs, are drawn a moment after the page, on a busy machine much later: what
    # is expected is waited for; a new picture is taken when nothing moves any more.
    stored, patient = ROOT / f"{name}.svg", not snapshot.session.update_snapshots
    before, expected = "", stored.read_text() if patient and stored.exists() else None
    for _ in range(1200):
        now = pilot.app.export_screenshot(title="cloudstream-wizard")
        if now == (before if expected is None else expected):
            break
        before = now
        await asyncio.sleep(0.1)
        await pilot.pause()
    same_as_before(pilot, snapshot, name)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, marks=() if size == "80x24" or name in EVERY_LOOK else exhaustive)
        for name in PICTURED
        for size in SIZES
    ],
)
async def test_a_step(name: str, size: str, places: Deployments, snapshot: SnapshotAssertion) -> None:
    session = places.at(name)
    async with opened(session, start="" if name == "goal" else name, size=SIZES[size]) as pilot:
        await drawn(pilot, snapshot, f"{name}-{size}")


@pytest.mark.parametrize("how", LOOKS)
@pytest.mark.parametrize("name", mostly_exhaustive(TYPICAL, EVERY_LOOK.__contains__))
async def test_a_typical_step(name: str, how: str, places: Deployments, snapshot: SnapshotAssertion) -> None:
    size, theme, ascii_only = LOOKS[how]
    session = places.at(name)
    async with opened(
        session, start="" if name == "goal" else name, size=size, theme=theme, ascii_only=ascii_only
    ) as pilot:
        await drawn(pilot, snapshot, f"{name}-{how}")


async def test_errors_and_pages_on_top(places: Deployments, snapshot: SnapshotAssertion) -> None:
    async with opened(places.at("primary-files"), start="primary-files") as pilot:
        await keys(pilot, "tab", "tab", "=wrong", "enter")
        await drawn(pilot, snapshot, "error-80x24")
        await keys(pilot, "ctrl+c")
        await drawn(pilot, snapshot, "leave-80x24")
        await keys(pilot, "escape", "f1")
        await drawn(pilot, snapshot, "help-80x24")
    async with opened(places.at("others"), start="others") as pilot:
        await keys(pilot, "a")
        await drawn(pilot, snapshot, "machine-80x24")


@pytest.mark.parametrize("size", mostly_exhaustive(SIZES, {"80x24"}.__contains__))
async def test_the_end_of_a_change(size: str, places: Deployments, snapshot: SnapshotAssertion) -> None:
    here, way = places["set-up"], EVERY["set-up"]
    session = prepared(here, way)
    look = session.presented

    def timed() -> object:
        seen = look()
        if seen is None or seen.probe is None:
            return seen
        probe = replace(seen.probe, seconds={"resolve": 0.0, "connect": 0.001})
        return replace(seen, probe=probe, at=NOW)

    session.presented = timed  # type: ignore[method-assign, assignment]
    async with opened(session, start="confirm", size=SIZES[size]) as pilot:
        await drawn(pilot, snapshot, f"confirm-{size}")
        await keys(pilot, "right", "enter")
        await until(pilot, "Success")
        assert app_of(pilot).ended == 0
        await drawn(pilot, snapshot, f"success-{size}")
        # It can be copied from the terminal after the screen is gone, without a line break in it.
        command = f"openssl s_client -connect 127.0.0.1:{here.deployment.port} -servername primary-host </dev/null"
        assert command in session.summary()
    assert here.run("rollback", "--yes").returncode == 0
    shutil.rmtree(here.deployment.machine.state_dir)  # each change is the first one of its machine


def test_every_step_has_a_picture() -> None:
    assert {name for name in STEPS if STEPS[name].view is not View.APPLY} == set(STILL)
    assert all(phase_of(STEPS[name]) for name in GOALS)
