"""The stand-in for systemd, and the wizard's view of it: real processes, a real port, nothing left behind."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.exhaustive import exhaustive
from tests.support.listening import wait_listening
from wizard.cli import interactive
from wizard.cli import main as cli
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.host.systemd import Service, on_port
from wizard.planning.snapshot import MachineSnapshot
from wizard.sandbox.build import create
from wizard.sandbox.deployment import PASSWORD, Deployment, write_conf
from wizard.sandbox.pki import Pki, pem, pfx, plain_key
from wizard.sandbox.service import systemctl as stand_in
from wizard.sandbox.service.records import alive, read_state
from wizard.sandbox.service.supervisor import OWNER, Supervisor
from wizard.self_start import PRACTICE_PORT_BLOCKER

Maker = Callable[..., Deployment]


@pytest.fixture
def make(tmp_path: Path, company: Pki) -> Iterator[Maker]:
    built: list[Deployment] = []

    def maker(*faults: str, configured: bool | None = None) -> Deployment:
        deployment = create(
            tmp_path / str(len(built)), faults=faults, configured=configured, find_jre=False, pki=company
        )
        built.append(deployment)
        return deployment

    yield maker
    for deployment in built:
        if deployment.systemctl.exists():
            systemctl(deployment, "stop", "hcp-server")
        shutil.rmtree(deployment.root, ignore_errors=True)


def systemctl(deployment: Deployment, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([deployment.systemctl, *arguments], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout + done.stderr


def served(deployment: Deployment) -> x509.Certificate:
    """The leaf that is presented, whatever the server thinks of us afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with socket.create_connection(("127.0.0.1", deployment.port), 5) as channel, context.wrap_socket(channel) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")


def _up(service: Service, port: int) -> None:
    service.restart(20)
    wait_listening(service, port)


def until(done: Callable[[], bool], seconds: float = 120.0) -> None:
    limit = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def test_start_change_restart_stop(make: Maker, company: Pki) -> None:
    deployment = make()
    service = Service(deployment.machine)
    assert (service.show().load, service.show().active) == ("loaded", "inactive")
    said: list[str] = []
    first = service.restart(20, said.append)
    assert first is not None
    assert first.running
    wait_listening(service, deployment.port)
    assert served(deployment) == company.fallback.certificate
    assert said[-1] == "hcp-server is active (running)"

    deployment.keystore.write_bytes(pfx(company.entities["primary-host"], PASSWORD))
    deployment.keystore.chmod(0o644)
    write_conf(deployment, "/opt/hcp/conf/primary-host.pfx", PASSWORD)
    second = service.restart(20)
    assert second is not None
    assert second.pid != first.pid
    assert second.invocation != first.invocation
    assert second.started >= first.started
    wait_listening(service, deployment.port)
    assert served(deployment) == company.entities["primary-host"].certificate
    assert on_port(deployment.port)[0].pid == second.pid
    assert [listener.port for listener in MachineSnapshot(deployment.machine).ports] == [deployment.port]

    assert systemctl(deployment, "is-active", "hcp-server") == (0, "active\n")
    assert systemctl(deployment, "stop", "hcp-server")[0] == 0
    assert systemctl(deployment, "is-active", "hcp-server") == (3, "inactive\n")
    assert not alive(second.pid)
    assert on_port(deployment.port) == []
    assert any("Key store /opt/hcp/conf/primary-host.pfx loaded" in line for line in service.journal_tail(20))
    assert len(service.journal_tail(2)) == 2


def test_broken_settings_end_in_failed(make: Maker) -> None:
    service = Service(make("missing-brace").machine)
    with pytest.raises(WizardError) as refused:
        _up(service, 1)
    assert refused.value.code == "service.failed"
    assert "ConfigException" in refused.value.hint
    state = service.show()
    assert (state.active, state.result, state.pid) == ("failed", "exit-code", 0)


@exhaustive
def test_after_a_failure_a_good_start_succeeds(make: Maker) -> None:
    deployment = make("missing-brace")
    service = Service(deployment.machine)
    systemctl(deployment, "start", "hcp-server")
    until(lambda: service.show().active == "failed")
    write_conf(deployment, "", "")
    service.restart(20)
    wait_listening(service, deployment.port)


def test_a_crash_loop_is_recognised(make: Maker) -> None:
    deployment = make("crash-loop")
    with pytest.raises(WizardError) as refused:
        _up(Service(deployment.machine), deployment.port)
    assert refused.value.code == "service.crash-loop"
    assert "OutOfMemoryError" in refused.value.hint


@exhaustive
def test_the_start_limit_ends_a_crash_loop(make: Maker) -> None:
    deployment = make("crash-loop")
    text = deployment.unit_file.read_text().replace("StartLimitIntervalSec=0", "StartLimitBurst=2")
    deployment.unit_file.write_text(text)
    systemctl(deployment, "start", "hcp-server")
    until(lambda: Service(deployment.machine).show().active == "failed")
    assert Service(deployment.machine).show().result == "exit-code"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("masked", "service.masked"),
        ("unit-missing", "service.unit-missing"),
        ("unit-broken", "service.unit-broken"),
    ],
)
def test_a_unit_that_cannot_be_started(make: Maker, fault: str, code: str) -> None:
    deployment = make(fault)
    with pytest.raises(WizardError) as refused:
        Service(deployment.machine).restart(5)
    assert refused.value.code == code
    status, text = systemctl(deployment, "start", "hcp-server")
    assert (status != 0, bool(text)) == (True, True)


def test_masking_and_unmasking(make: Maker) -> None:
    deployment = make()
    systemctl(deployment, "mask", "hcp-server")
    assert Service(deployment.machine).show().load == "masked"
    assert systemctl(deployment, "is-enabled", "hcp-server") == (1, "masked\n")
    systemctl(deployment, "unmask", "hcp-server")
    assert Service(deployment.machine).show().load == "loaded"


def test_an_account_that_does_not_exist(make: Maker) -> None:
    service = Service(make("account-missing").machine)
    with pytest.raises(WizardError) as refused:
        _up(service, 1)
    assert refused.value.code == "service.failed"
    assert "217/USER" in refused.value.hint


@pytest.mark.parametrize("arguments", [["daemon-reload"], ["stop", "hcp-server"]])
def test_the_service_may_end_after_its_state_was_read(
    arguments: list[str], make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(stand_in, "read_state", lambda _root: {"Supervisor": str(ended.pid)})
    assert stand_in.systemctl(str(make().root), arguments) == 0


def test_a_service_that_ends_by_itself(make: Maker) -> None:
    deployment = make("stopped")
    service = Service(deployment.machine)
    systemctl(deployment, "start", "hcp-server")
    until(lambda: service.show().active == "inactive")
    with pytest.raises(WizardError) as refused:
        wait_listening(service, deployment.port)
    assert refused.value.code == "service.stopped"


def test_a_killed_session_is_tidied_up(make: Maker) -> None:
    deployment = make()
    with subprocess.Popen(["sleep", "60"]) as session:
        (deployment.root / OWNER).write_text(str(session.pid))
        systemctl(deployment, "start", "hcp-server")
        primary = Service(deployment.machine).show().pid
        session.kill()
    until(lambda: not deployment.root.exists() and not alive(primary))


def test_a_taken_port(make: Maker) -> None:
    deployment = make("port-taken")
    systemctl(deployment, "start", "hcp-server")
    service = Service(deployment.machine)
    until(lambda: service.show().active == "failed")
    assert any("BindException" in line for line in service.journal_tail())


def test_the_other_program_has_the_port_first(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment, spawn = make("port-taken"), Supervisor._spawn

    def late(supervisor: Supervisor, name: str) -> int:
        if name == PRACTICE_PORT_BLOCKER:
            threading.Timer(1.0, spawn, [supervisor, name]).start()
            return 0
        socket.create_connection(("127.0.0.1", deployment.port), 5).close()
        raise EOFError  # the server would start now

    monkeypatch.setattr(Supervisor, "_spawn", late)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        with pytest.raises(EOFError):
            Supervisor(str(deployment.root)).run()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def test_a_service_that_was_not_restarted(make: Maker, company: Pki) -> None:
    deployment = make("not-restarted")
    service = Service(deployment.machine)
    started = service.restart(20)
    assert started is not None
    wait_listening(service, deployment.port)
    assert served(deployment) == company.fallback.certificate
    until(lambda: deployment.conf.stat().st_mtime > started.started)
    service.restart(20)
    wait_listening(service, deployment.port)
    assert served(deployment) == company.entities["primary-host"].certificate


def test_a_slow_start_is_waited_for(make: Maker) -> None:
    deployment = make()
    (deployment.root / "etc/practice.json").write_text('{"start_delay": 1.5}')
    service = Service(deployment.machine)
    service.restart(20)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", deployment.port), 1)
    wait_listening(service, deployment.port)


def test_nothing_outlives_the_folder_or_the_supervisor(make: Maker) -> None:
    deployment = make()
    service = Service(deployment.machine)
    service.restart(20)
    wait_listening(service, deployment.port)
    supervisor, primary = int(read_state(str(deployment.root))["Supervisor"]), service.show().pid
    shutil.rmtree(deployment.root)
    until(lambda: not alive(supervisor) and not alive(primary))

    other = make()
    service = Service(other.machine)
    service.restart(20)
    supervisor, primary = int(read_state(str(other.root))["Supervisor"]), service.show().pid
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not alive(primary))
    assert (service.show().active, service.show().result) == ("failed", "signal")


def test_a_client_certificate_is_needed(make: Maker, company: Pki, tmp_path: Path) -> None:
    deployment = make(configured=True)
    Service(deployment.machine).restart(20)
    wait_listening(Service(deployment.machine), deployment.port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=company.root.certificate.public_bytes(Encoding.PEM).decode())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", deployment.port), 5) as channel,
        pytest.raises(ssl.SSLError),
        context.wrap_socket(channel, server_hostname="primary-host"),
    ):
        pass
    gateway = company.entities["gateway-host"]
    (tmp_path / "gateway.pem").write_bytes(pem(gateway.certificate, *gateway.issuers) + plain_key(gateway.key))
    context.load_cert_chain(tmp_path / "gateway.pem")
    with (
        socket.create_connection(("127.0.0.1", deployment.port), 5) as channel,
        context.wrap_socket(channel, server_hostname="primary-host") as tls,
    ):
        assert tls.version() == "TLSv1.2"
    until(lambda: "CN=gateway-host" in deployment.journal.read_text())


def test_other_units_and_verbs(make: Maker) -> None:
    deployment = make()
    assert systemctl(deployment, "status", "sshd")[0] == 4
    assert systemctl(deployment, "frobnicate", "hcp-server")[0] == 1
    assert "LoadState=not-found" in systemctl(deployment, "show", "sshd", "-p", "LoadState")[1]
    assert systemctl(deployment, "show", "hcp-server", "-p", "User", "--value") == (0, "hcp\n")
    assert systemctl(deployment, "try-restart", "hcp-server")[0] == 0
    assert systemctl(deployment, "is-active", "hcp-server")[0] == 3
    assert systemctl(deployment, "daemon-reload")[0] == 0
    assert "Active: inactive" in systemctl(deployment, "status", "hcp-server")[1]


def test_the_session_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Path] = []

    def screens(_args: object, machine: Machine, *_: object) -> int:
        seen.append(machine.root)
        until(lambda: Service(machine).show().running)
        return 0

    monkeypatch.setattr(interactive, "run", screens)
    assert cli.main(["sandbox"]) == 0
    assert not seen[0].exists()
    assert "The practice server is removed, with its files and saved answers.\n" in capsys.readouterr().err
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(seen[0]) not in listing
