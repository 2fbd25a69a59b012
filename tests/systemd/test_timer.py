"""The timer of `status` on a real systemd, and that the practice deployment's systemd treats it in the same way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.booted_systemd import Booted
from tests.support.practice import company
from tests.systemd.manager import FOLDER, Manager, Real, Simulated, until
from tests.systemd.product import Product
from wizard.errors import WizardError
from wizard.planning.timer import SERVICE, TIMER
from wizard.sandbox.build import create

LINK = f"{FOLDER}/timers.target.wants/{TIMER}"
UNIT_TEXT = "[Service]\nType=oneshot\nExecStart=/bin/true\n"


@pytest.fixture(scope="module")
def real(machine: Booted, tmp_path_factory: pytest.TempPathFactory) -> Real:
    return Real(machine, tmp_path_factory.mktemp("programs"))


@pytest.fixture(params=["real", "simulated"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    one: Manager = (
        request.getfixturevalue("real")
        if request.param == "real"
        else Simulated(create(tmp_path / "x", find_jre=False, pki=company()))
    )
    yield one
    for name in (TIMER, SERVICE):
        one.path(f"{FOLDER}/{name}").unlink(missing_ok=True)
    one.service(TIMER).follow_files()


def _write(manager: Manager, calendar: str) -> None:
    manager.path(f"{FOLDER}/{SERVICE}").write_text(UNIT_TEXT)
    text = f"[Timer]\nOnCalendar={calendar}\n[Install]\nWantedBy=timers.target\n"
    manager.path(f"{FOLDER}/{TIMER}").write_text(text)


def _seen(manager: Manager) -> list[str]:
    return manager.show("LoadState", "ActiveState", "SubState", "UnitFileState", unit=TIMER)


def test_systemd_follows_the_files(manager: Manager) -> None:
    timer = manager.service(TIMER)
    timer.follow_files()
    assert _seen(manager) == ["not-found", "inactive", "dead", ""]
    for calendar in ("daily", "Mon 06:00", "*-*-* 04:00:00"):
        _write(manager, calendar)
        timer.follow_files()
        assert _seen(manager) == ["loaded", "active", "waiting", "enabled"]
        assert manager.path(LINK).is_symlink()
    for name in (TIMER, SERVICE):
        manager.path(f"{FOLDER}/{name}").unlink()
    timer.follow_files()
    assert _seen(manager) == ["not-found", "inactive", "dead", ""]
    assert not manager.path(LINK).is_symlink()


def test_a_time_that_systemd_cannot_read_is_refused(manager: Manager) -> None:
    _write(manager, "sometimes")
    with pytest.raises(WizardError) as caught:
        manager.service(TIMER).follow_files()
    assert caught.value.code == "service.unit-broken"


def test_the_command_on_a_real_systemd(machine: Booted, tmp_path_factory: pytest.TempPathFactory) -> None:
    template = create(tmp_path_factory.mktemp("product") / "x", find_jre=False, pki=company())
    product = Product(machine, template, tmp_path_factory.mktemp("more"))
    product.install()
    product.run()
    figures = "/var/lib/figures.prom"
    done = product.wizard("timer", "install", "--yes", "--json", "--prometheus", figures, "--calendar", "*:0/1:00")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "applied"
    assert _seen(product.manager) == ["loaded", "active", "waiting", "enabled"]

    checked = machine.run("systemd-analyze", "verify", f"/{FOLDER}/{TIMER}", f"/{FOLDER}/{SERVICE}")
    assert not [line for line in checked.stderr.splitlines() if "cloudstream-wizard-status" in line], checked.stderr
    # The server has no certificate of its own yet, so the state is unknown, and the unit has failed.
    by_hand = product.wizard("status")
    assert by_hand.returncode == 3
    product.manager.do("start", SERVICE)
    assert product.manager.show("ActiveState", "ExecMainStatus", unit=SERVICE) == ["failed", "3"]
    until(lambda: by_hand.stdout.splitlines()[0] in product.manager.journal(SERVICE))
    assert "cloudstream" in machine.path(figures.lstrip("/")).read_text()

    assert product.wizard("timer", "remove", "--yes").returncode == 0
    assert _seen(product.manager) == ["not-found", "inactive", "dead", ""]
    assert SERVICE not in product.manager.do("list-units", "--failed", "--plain").stdout
    assert not machine.path(LINK).is_symlink()
    assert product.wizard("rollback", "--yes").returncode == 0
    assert _seen(product.manager) == ["loaded", "active", "waiting", "enabled"]
    assert product.wizard("timer", "remove", "--yes").returncode == 0
    product.manager.clear()
