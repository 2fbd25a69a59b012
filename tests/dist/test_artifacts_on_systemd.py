"""The artifacts on a real systemd, without `--root`: set-up, failing start, crash loop, masked unit, undo."""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.booted_systemd import Booted, booted, missing
from tests.support.exhaustive import exhaustive
from tests.support.practice import company
from tests.systemd.manager import until
from tests.systemd.product import NEW, Product, refuses_a_masked_unit, repairs_a_crash_loop
from wizard import __version__
from wizard.planning.timer import SERVICE, TIMER
from wizard.sandbox.build import create

pytestmark = exhaustive


def put(machine: Booted, source: Path) -> str:
    """Copy a file or folder to that machine; its path there."""
    target = machine.path(f"opt/{source.name}")
    shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return f"/opt/{source.name}"


def wheel(machine: Booted, artifacts: Path, wheels: Path) -> Sequence[str]:
    folder = put(machine, wheels)
    (file,) = artifacts.glob("*.whl")
    for words in (
        (sys.executable, "-m", "venv", "/opt/venv"),
        ("/opt/venv/bin/python", "-m", "pip", "install", "-q", "--no-index", "--find-links", folder, f"{folder}/{file.name}"),
    ):
        done = machine.run(*words, timeout_s=300)
        assert done.returncode == 0, done.stderr
    return ["/opt/venv/bin/cloudstream-wizard"]


def one_file(machine: Booted, artifacts: Path, wheels: Path) -> Sequence[str]:
    return [sys.executable, put(machine, artifacts / f"cloudstream-wizard-{__version__}-linux-{platform.machine()}")]


def debian(machine: Booted, artifacts: Path, wheels: Path) -> Sequence[str]:
    python = subprocess.run(["/usr/bin/python3", "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, text=True, check=False)
    if shutil.which("dpkg") is None or python.stdout.strip() != "True":
        pytest.skip("no Debian with a Python 3.11 of its own")
    (file,) = artifacts.glob("*_amd64.deb")
    done = machine.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "-i", put(machine, file), timeout_s=300)
    assert done.returncode == 0, done.stderr
    return ["cloudstream-wizard"]


@pytest.fixture(scope="module", params=[wheel, one_file, debian])
def installed(
    request: pytest.FixtureRequest, artifacts: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    if lacking := missing():
        pytest.skip(f"no real systemd: {lacking}")
    template = create(tmp_path_factory.mktemp("product") / "x", find_jre=False, pki=company())
    with booted(tmp_path_factory.mktemp("systemd")) as machine:
        made = Product(machine, template, tmp_path_factory.mktemp("programs"))
        made.program = request.param(machine, artifacts, wheels)
        yield made


@pytest.fixture
def product(installed: Product) -> Iterator[Product]:
    installed.install()
    yield installed
    installed.manager.clear()


def test_set_up_and_undo(product: Product) -> None:
    product.run()
    before = product.served()
    done = product.apply()
    assert done.returncode == 0, done.stderr
    assert "primary-host" in product.served()
    # This product has no Java, so nobody is trusted; that the certificate is the right one is seen all the same.
    judged = product.wizard("status", "--servername", "primary-host").stdout
    assert "primary-host: presented at" in judged
    assert "[doctor.root-not-trusted]" in judged.splitlines()[0]
    undone = product.wizard("rollback", "--yes", "--settle", "1")
    assert undone.returncode == 0, undone.stderr
    assert product.served() == before


def test_the_timer_starts_this_artifact(product: Product) -> None:
    product.run()
    done = product.wizard("timer", "install", "--yes")
    assert done.returncode == 0, done.stderr
    assert product.manager.show("ActiveState", "UnitFileState", unit=TIMER) == ["active", "enabled"]
    by_hand = product.wizard("status")
    product.manager.do("start", SERVICE)
    until(lambda: by_hand.stdout.splitlines()[0] in product.manager.journal(SERVICE))
    assert product.manager.show("ExecMainStatus", unit=SERVICE) == [str(by_hand.returncode)]
    done = product.wizard("timer", "remove", "--yes")
    assert done.returncode == 0, done.stderr
    assert product.manager.show("LoadState", unit=TIMER) == ["not-found"]


def test_a_failing_start_is_undone(product: Product) -> None:
    product.run(service="Restart=always\nRestartSec=100ms")
    before = product.served()
    product.ends(NEW)
    done = product.apply()
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["outcome"] == "rolled_back"
    assert product.served() == before


def test_a_crash_loop_is_repaired(product: Product) -> None:
    repairs_a_crash_loop(product)


def test_a_masked_unit_stops_the_change(product: Product) -> None:
    refuses_a_masked_unit(product)


def test_purge_of_the_package_keeps_the_backups(product: Product) -> None:
    if product.program != ["cloudstream-wizard"]:
        pytest.skip("of the Debian package alone")
    product.run()
    assert product.apply().returncode == 0
    assert product.wizard("timer", "install", "--yes").returncode == 0
    page = product.machine.run("sh", "-c", "MANPAGER=cat man cloudstream-wizard || gzip -dc /usr/share/man/man8/cloudstream-wizard.8.gz")
    assert "trusted certificates" in page.stdout
    done = product.machine.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge", "cloudstream-wizard")
    assert done.returncode == 0, done.stderr
    assert product.manager.show("LoadState", "ActiveState", unit=TIMER) == ["not-found", "inactive"]
    assert product.machine.path("var/lib/cloudstream-wizard").is_dir()
    assert not product.machine.path("usr/lib/cloudstream-wizard").exists()


def test_purge_removes_the_backups_after_a_yes(product: Product, artifacts: Path) -> None:
    if product.program != ["cloudstream-wizard"]:
        pytest.skip("of the Debian package alone")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    (file,) = artifacts.glob("*_amd64.deb")
    assert product.machine.run(*quiet, "dpkg", "-i", f"/opt/{file.name}").returncode == 0
    product.machine.path("var/lib/cloudstream-wizard").mkdir(exist_ok=True)
    answer = "cloudstream-wizard cloudstream-wizard/remove-state boolean true"
    assert product.machine.run("sh", "-c", f"echo {answer} | debconf-set-selections").returncode == 0
    done = product.machine.run(*quiet, "dpkg", "--purge", "cloudstream-wizard")
    assert done.returncode == 0, done.stderr
    assert not product.machine.path("var/lib/cloudstream-wizard").exists()
