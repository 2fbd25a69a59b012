"""verify.sh of a gateway's pack, run by a shell against real openssl servers: right, wrong, fallback, nobody there."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.pki import Entity, acme, issue
from tests.support.tls_servers import free_port
from tests.unit.handoff.test_bundles import data, given
from wizard.handoff import gateway

PKI = acme()
OTHER = issue("primary-host", PKI.intermediate, slot="another")
HOSTILE = issue("x\x1b[2J'$(touch /tmp/never)", PKI.intermediate, sans=["primary-host"])
FALLBACK = issue("localhost", None)

SHOWN = {
    "the right one": (PKI.primary, [], 0, "good: the primary {host} shows the expected certificate."),
    "the right one, and a client is demanded": (PKI.primary, ["-Verify", "3"], 0, "good: "),
    "TLS 1.2 alone": (PKI.primary, ["-tls1_2"], 0, "good: "),
    "another of the same name": (OTHER, [], 1, "shows another certificate"),
    "a hostile one": (HOSTILE, [], 1, "shows another certificate"),
    "the fallback": (FALLBACK, [], 1, 'its built-in certificate "localhost"'),
}


@contextmanager
def server(folder: Path, entity: Entity, options: list[str], address: str) -> Iterator[int]:
    (folder / "leaf.pem").write_bytes(entity.pem)
    (folder / "key.pem").write_bytes(entity.key_pem())
    port = free_port()
    at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    command = ["openssl", "s_server", "-accept", at, "-cert", "leaf.pem", "-key", "key.pem", *options]
    with (folder / "log").open("w+b") as log:
        running = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        for _ in range(200):
            if "ACCEPT" in (folder / "log").read_text():
                break
            assert running.poll() is None, (folder / "log").read_text()
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.05)
        yield port
    finally:
        running.terminate()
        running.communicate(timeout=10)


def verified(folder: Path, host: str, port: int, env: dict[str, str] | None = None) -> tuple[int, str]:
    pack = gateway.make_pack(given(primary_host=host, primary_port=port))
    (folder / "verify.sh").write_text(data(pack, "verify.sh"))
    done = subprocess.run(
        ["/bin/sh", "verify.sh"], cwd=folder, capture_output=True, text=True, check=False, timeout=60, env=env
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
@pytest.mark.parametrize("case", SHOWN)
def test_what_is_shown_is_told(tmp_path: Path, case: str, host: str) -> None:
    entity, options, code, words = SHOWN[case]
    with server(tmp_path, entity, options, "::1" if ":" in host else "127.0.0.1") as port:
        said = verified(tmp_path, host, port)
    assert (said[0], words.format(host=host) in said[1]) == (code, True), said[1]
    assert "\x1b" not in said[1]
    if code:
        fingerprint = PKI.primary.sha256.upper()
        assert ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)) in said[1]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_nobody_is_there(tmp_path: Path, host: str) -> None:
    code, text = verified(tmp_path, host, free_port())
    assert code == 1
    assert "shows no certificate. Is the port open from here" in text
    assert ("[::1]:" in text) == (host == "::1")


def test_somebody_is_there_who_does_not_talk_tls(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        pack = gateway.make_pack(given(primary_host="127.0.0.1", primary_port=listener.getsockname()[1]))
        (tmp_path / "verify.sh").write_text(data(pack, "verify.sh"))
        with subprocess.Popen(["/bin/sh", "verify.sh"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
            channel, _ = listener.accept()
            with channel:
                channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            said, _ = running.communicate(timeout=30)
    assert running.returncode == 1
    assert "shows no certificate" in said


def test_openssl_is_missing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, text = verified(tmp_path, "localhost", 1, env={"PATH": str(tmp_path / "empty")})
    assert code == 2
    assert "openssl is not on this machine" in text
