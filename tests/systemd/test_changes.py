"""Changes on a real systemd: after a failure the old server runs, and a repair of a broken one is accepted."""

import json
from collections.abc import Iterator

import pytest

from tests.support.booted_systemd import Booted, below_tmp
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import company
from tests.systemd.manager import FILE, FOLDER, until
from tests.systemd.product import NEW, OLD, SERVICE, STORE, UID, Product, refuses_a_masked_unit, repairs_a_crash_loop
from wizard.host.machine import UNIT
from wizard.sandbox.build import create


@pytest.fixture(scope="module")
def installed(machine: Booted, tmp_path_factory: pytest.TempPathFactory) -> Product:
    template = create(tmp_path_factory.mktemp("product") / "x", find_jre=False, pki=company())
    return Product(machine, template, tmp_path_factory.mktemp("programs"))


@pytest.fixture
def product(installed: Product) -> Iterator[Product]:
    installed.install()
    yield installed
    installed.manager.clear()


FAILING: dict[str, tuple[str, str, int]] = {
    "no": ("", "Restart=no", 1),
    "always-100ms": ("", "Restart=always\nRestartSec=100ms", 1),
    "always-1s": ("", "Restart=always\nRestartSec=1", 1),
    "failure-100ms": ("", "Restart=on-failure\nRestartSec=100ms", 1),
    "failure-1s": ("", "Restart=on-failure\nRestartSec=1", 1),
    "exit-0": ("", "Restart=no", 0),
    "condition": (f"ConditionPathExists=!/{STORE}", "Restart=always", 0),
    "requires": ("Requires=needed.service\nAfter=needed.service", "Restart=always", 0),
}
"""Sections of the unit, and the exit code of the server."""


@pytest.mark.parametrize("how", mostly_exhaustive(FAILING, {"always-100ms"}.__contains__))
def test_after_a_failed_change_the_old_server_runs(product: Product, how: str) -> None:
    unit, service, code = FAILING[how]
    needed = f'[Service]\nType=oneshot\nExecStart=/bin/sh -c "! test -e /{STORE}"\n'
    product.machine.path(f"{FOLDER}/needed.service").write_text(needed)
    product.run(unit, service)
    before = product.served()
    if not unit:
        product.ends(NEW, code)
    done = product.apply()
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["outcome"] == "rolled_back"
    assert product.manager.show("ActiveState") == ["active"]
    assert product.served() == before
    assert not product.machine.path(STORE).exists()
    assert product.wizard("history").returncode == 0


def test_the_repair_of_a_server_in_a_crash_loop_is_accepted(product: Product) -> None:
    repairs_a_crash_loop(product)


def test_a_repair_after_the_start_limit_is_accepted(product: Product) -> None:
    product.ends(OLD)
    product.manager.define("StartLimitIntervalSec=3600", f"{SERVICE}\nRestart=always\nRestartSec=10ms")
    product.manager.do("start", UNIT)
    until(lambda: product.manager.show("ActiveState") == ["failed"])
    assert product.manager.do("restart", UNIT).returncode == 1
    assert product.apply().returncode == 0
    assert "primary-host" in product.served()


@exhaustive
def test_a_masked_unit_stops_the_change_before_anything_is_touched(product: Product) -> None:
    refuses_a_masked_unit(product)


def test_the_account_of_a_sysv_script_is_that_of_its_server(product: Product) -> None:
    script = product.machine.path(f"etc/init.d/{UNIT}")
    script.parent.mkdir(exist_ok=True)
    info = "### BEGIN INIT INFO\n# Provides: x\n# Default-Start: 3\n# Default-Stop: 0\n### END INIT INFO\n"
    run = f'AS="setpriv --reuid {UID} --regid {UID} --clear-groups" {product.manager.program}'
    start = f"{run} >/dev/null 2>&1 & echo $! > /run/server.pid"
    stop = "read -r pid < /run/server.pid; kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done"
    script.write_text(f"#!/bin/sh\n{info}case $1 in\nstart) {start};;\nstop) {stop};;\nesac\n")
    script.chmod(0o755)
    product.manager.do("daemon-reload")
    product.manager.do("start", UNIT)
    until(lambda: bool(product.served()))
    assert product.manager.show("User", "MainPID") == ["", "0"]
    done = product.apply()
    assert done.returncode == 0, done.stderr
    assert "primary-host" in product.served()
    state = product.machine.path(STORE).stat()
    assert (state.st_mode & 0o777, state.st_uid, state.st_gid) == (0o640, 0, UID)
    product.manager.do("stop", UNIT)
    script.unlink()


def test_the_account_of_a_dynamic_user_is_that_of_its_server(product: Product) -> None:
    for path in ("opt/hcp/conf/application.conf", "opt/hcp/lib/builtin-localhost.pem"):
        product.machine.path(path).chmod(0o644)
    # Such a service has a /tmp of its own: a checkout there must be shown to it.
    shown = f"\nBindReadOnlyPaths={' '.join(below_tmp())}" if below_tmp() else ""
    product.manager.define(service=f"DynamicUser=yes\nEnvironment=LC_ALL=C.UTF-8{shown}")
    product.manager.do("start", UNIT)
    until(lambda: bool(product.served()))
    uid = int(product.machine.run("stat", "-c", "%u", f"/proc/{product.manager.show('MainPID')[0]}").stdout)
    done = product.apply()
    assert done.returncode == 0, done.stderr
    assert "primary-host" in product.served()
    state = product.machine.path(STORE).stat()
    assert (state.st_mode & 0o777, state.st_uid, state.st_gid) == (0o640, 0, uid)


def test_another_trust_store_of_java_is_named(product: Product) -> None:
    product.run(service='Environment="JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=/etc/pki/our.jks -Xmx1g"')
    planned = json.loads(product.wizard("plan", "--answers", "/answers.toml", "--json").stdout)
    named = [each for each in planned["findings"] if each["code"] == "cacerts.not-used"]
    assert named[0]["subject"]["path"] == "/etc/pki/our.jks"
    judged = json.loads(product.wizard("doctor", "--json").stdout)
    assert "doctor.cacerts-not-used" in [each["code"] for each in judged["findings"]]


def test_what_overrules_the_settings_is_named_with_its_place(product: Product) -> None:
    product.machine.path("etc/default").mkdir(exist_ok=True)
    option = "-Dhcp.server.tls.default-keystore-file=/opt/hcp/conf/old.pfx"
    product.machine.path("etc/default/hcp").write_text(f'# options\n_JAVA_OPTIONS="-Xmx1g {option}"\n')
    product.run(service="EnvironmentFile=-/etc/default/hcp\nWorkingDirectory=/opt/hcp")
    planned = json.loads(product.wizard("plan", "--answers", "/answers.toml", "--json").stdout)
    found = {each["code"]: each for each in planned["findings"]}
    assert "line 2 of /etc/default/hcp" in found["plan.overruled"]["message"]
    assert "/opt/hcp/bin/hcp-server, which is a script" in found["doctor.start-undetermined"]["message"]
    product.manager.define(service=f"{SERVICE}\nExecStart=\nExecStart=/usr/bin/java '{option}' -cp 'a b' Main")
    planned = json.loads(product.wizard("plan", "--answers", "/answers.toml", "--json").stdout)
    found = {each["code"]: each for each in planned["findings"]}
    assert f"of /{FILE}" in found["plan.overruled"]["message"]
    assert "doctor.start-undetermined" not in found
