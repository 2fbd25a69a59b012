"""One probe against openssl's handshake, and two hundred endpoints at once. Run as a script."""

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from OpenSSL import SSL

from tests.support.pki import acme
from tests.support.tls_servers import free_port, wait_for_port
from wizard.probing.probe import Target, probe, probe_many

ENDPOINTS = 200
SLOW_S = 0.3


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pki = acme()
        (folder / "chain.pem").write_bytes(pki.primary.chain_pem)
        (folder / "key.pem").write_bytes(pki.primary.key_pem())
        figures = [one_probe(folder), many_probes(folder), slow_endpoints(folder)]
    return 0 if all(figures) else 1


def report(name: str, value: float, limit: float, unit: str = "") -> bool:
    ok = value <= limit
    print(f"{name}: {value:.2f}{unit} (limit {limit:.2f}{unit}) {'ok' if ok else 'MISSED'}")
    return ok


def one_probe(folder: Path) -> bool:
    """Our probe against the handshakes of `openssl s_time`, which makes many of them in one process."""
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", "chain.pem", "-key", "key.pem",
               "-cert_chain", "chain.pem", "-quiet", "-no_ticket"]  # fmt: skip
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        wait_for_port(port)
        ratios = []
        for _round in range(3):
            ours = mean_probe(port, 200)
            theirs = openssl_handshake(port)
            ratios.append(ours / theirs)
        server.terminate()
    return report("one probe / one handshake of openssl", statistics.median(ratios), 1.3)


def mean_probe(port: int, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        assert probe("127.0.0.1", port, servername="primary-host").leaf is not None
    return (time.perf_counter() - start) / count


def openssl_handshake(port: int) -> float:
    """Seconds for one connection of `openssl s_time`: the handshake of s_client, many times in one process."""
    command = ["openssl", "s_time", "-new", "-connect", f"127.0.0.1:{port}", "-time", "2"]
    start = timed(["openssl", "version"])
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    seconds = time.perf_counter() - begin - start
    match = re.search(r"^(\d+) connections in [\d.]+s;", done.stdout, re.MULTILINE)
    assert match, done.stdout + done.stderr
    return seconds / int(match[1])


def timed(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)
    return time.perf_counter() - begin


class Crowd:
    """Many listening ports served by a few threads; each handshake begins only after a delay."""

    def __init__(self, folder: Path, delay_s: float) -> None:
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.context.use_certificate_chain_file(str(folder / "chain.pem"))
        self.context.use_privatekey_file(str(folder / "key.pem"))
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        self.delay_s = delay_s
        self.listeners = [socket.create_server(("127.0.0.1", 0), backlog=16) for _ in range(ENDPOINTS)]
        self.ports = [int(one.getsockname()[1]) for one in self.listeners]
        for listener in self.listeners:
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            time.sleep(self.delay_s)
            connection = SSL.Connection(self.context, channel)
            connection.set_accept_state()
            with suppress(SSL.Error, OSError):
                connection.do_handshake()
                connection.recv(1)
            with suppress(SSL.Error, OSError):
                connection.shutdown()
            channel.close()

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()


def serve_crowd(folder: str, delay: str) -> None:
    """Runs in a process of its own, so that the servers do not share our interpreter."""
    crowd = Crowd(Path(folder), float(delay))
    print(*crowd.ports, flush=True)
    sys.stdin.read()


def with_crowd(folder: Path, delay_s: float) -> tuple[subprocess.Popen[str], list[int]]:
    command = [sys.executable, __file__, "serve", str(folder), str(delay_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(port) for port in process.stdout.readline().split()]


def many_probes(folder: Path) -> bool:
    process, ports = with_crowd(folder, 0)
    targets = [Target("127.0.0.1", port, "primary-host") for port in ports]
    lines = "\n".join(f"127.0.0.1:{port}" for port in ports)
    ratios = []
    for _round in range(3):
        begin = time.perf_counter()
        results = probe_many(targets)
        ours = time.perf_counter() - begin
        assert all(result.leaf for result in results)
        begin = time.perf_counter()
        command = ["xargs", "-P", "8", "-n", "1", "openssl", "s_client", "-servername", "primary-host", "-connect"]
        subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=120)
        ratios.append(ours / (time.perf_counter() - begin))
    process.terminate()
    process.communicate()
    return report(f"{ENDPOINTS} endpoints / xargs -P 8 openssl s_client", statistics.median(ratios), 1.0)


def slow_endpoints(folder: Path) -> bool:
    process, ports = with_crowd(folder, SLOW_S)
    targets = [Target("127.0.0.1", port, "primary-host") for port in ports]
    times = []
    for _round in range(3):
        begin = time.perf_counter()
        results = probe_many(targets)
        times.append(time.perf_counter() - begin)
        assert all(result.leaf for result in results)
    process.terminate()
    process.communicate()
    return report(f"{ENDPOINTS} endpoints that answer after 300 ms", statistics.median(times), 3.0, " s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve_crowd(*sys.argv[2:4])
    else:
        sys.exit(main())
