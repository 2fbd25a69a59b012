"""Servers for the handshake matrix. A new kind needs a class with these members and a line in `KINDS`.

port            where it listens on 127.0.0.1
serves(name)    SHA-256 of the leaf that it presents for a server name (None: none sent)
outcomes(n)     what it logged about the next n connections, in order: `without`, `with` (a client certificate),
                `missing` (demanded, none came), `refused`
close()         ends it
"""

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tests.support.jvm import LIGHTBEND_JAR, javac_classes, jre
from tests.support.pki import Acme, Entity, acme, issue
from wizard.sandbox.server import tls
from wizard.sandbox.server.stores import Identity

PATIENCE_S = 120.0


class Server(Protocol):
    port: int

    def serves(self, name: str | None, /) -> str: ...
    def outcomes(self, count: int) -> list[str]: ...
    def close(self) -> None: ...


def builtin() -> Entity:
    """The certificate that stands for the product's own."""
    return issue("localhost", None, kind="rsa-2048")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for_port(port: int) -> None:
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


def _await(count: int, read: Callable[[], list[str]]) -> list[str]:
    limit = time.monotonic() + PATIENCE_S
    while len(found := read()) < count and time.monotonic() < limit:
        time.sleep(0.01)
    return found


class OpenSslServer:
    """`openssl s_server`: the good certificate for its server name, the built-in one for any other and for none."""

    _MARKS = re.compile(
        r"^(?P<with>Client certificate$)|^(?P<done>CIPHER is )|(?P<missing>peer did not return a certificate)"
        r"|(?P<refused>:certificate verify failed)",
        re.MULTILINE,
    )

    def __init__(self, folder: Path, pki: Acme, client_auth: str) -> None:
        folder.mkdir(parents=True)
        fallback = builtin()
        for name, data in (
            ("good.pem", pki.primary.pem), ("good.key", pki.primary.key_pem()), ("fallback.pem", fallback.pem),
            ("fallback.key", fallback.key_pem()), ("trusted.pem", pki.intermediate.chain_pem),
        ):  # fmt: skip
            (folder / name).write_bytes(data)
        self.port = free_port()
        self._leaves = {"primary-host": pki.primary.sha256}
        self._fallback = fallback.sha256
        self._log = folder / "server.log"
        self._seen = 0
        command = [
            "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", "fallback.pem", "-key", "fallback.key",
            "-servername", "primary-host", "-cert2", "good.pem", "-key2", "good.key", "-CAfile", "trusted.pem",
            {"none": "-no_dhe", "optional": "-verify", "required": "-Verify"}[client_auth],
            *([] if client_auth == "none" else ["5", "-verify_return_error"]),
        ]  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=log, stderr=log)
        limit = time.monotonic() + PATIENCE_S
        while "ACCEPT" not in self._log.read_text() and time.monotonic() < limit:
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.02)

    def serves(self, name: str | None) -> str:
        return self._leaves.get(name or "", self._fallback)

    def _all(self) -> list[str]:
        found, shown = [], False
        for match in self._MARKS.finditer(self._log.read_text(errors="replace")):
            if match["with"]:
                shown = True
            else:
                found.append(("with" if shown else "without") if match["done"] else match.lastgroup or "")
                shown = False
        return found

    def outcomes(self, count: int) -> list[str]:
        new = _await(self._seen + count, self._all)[self._seen :]
        self._seen += len(new)
        return new

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=5)


class PracticeServer:
    """The TLS side of the practice primary, in this process; one certificate whatever the server name."""

    def __init__(self, _folder: Path, pki: Acme, client_auth: str) -> None:
        identity = Identity(pki.primary.key, tuple(one.x509 for one in pki.primary.chain[:2]))
        demand = {"none": "none", "optional": "want", "required": "need"}[client_auth]
        trusted = [authority.x509 for authority in pki.authorities]
        self._context = tls.context(identity, trusted, demand, ("TLSv1.2", "TLSv1.3"))
        self._leaf = pki.primary.sha256
        self._lines: list[str] = []
        self._seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                channel, (host, port) = self._listener.accept()
                # One after the other, so that the log's order is the order of the connections.
                tls.converse(self._context, channel, f"{host}:{port}", lambda _level, text: self._lines.append(text))

    def serves(self, _name: str | None) -> str:
        return self._leaf

    def _all(self) -> list[str]:
        found = []
        for line in list(self._lines):
            if " connected with " in line:
                found.append("without" if line.endswith("no certificate") else "with")
            elif "SSLHandshakeException" in line:
                found.append("missing" if "Empty client certificate chain" in line else "refused")
        return found

    def outcomes(self, count: int) -> list[str]:
        new = _await(self._seen + count, self._all)[self._seen :]
        self._seen += len(new)
        return new

    def close(self) -> None:
        self._listener.close()


class JavaServer:
    """The practice primary on real Java (JSSE); one certificate whatever the server name."""

    def __init__(self, folder: Path, pki: Acme, client_auth: str) -> None:
        demand = {"none": "none", "optional": "want", "required": "need"}[client_auth]
        keys = builtin()
        conf = (
            'hcp.server.tls { default-keystore-file = "/opt/hcp/conf/primary.pfx", default-keystore-password = '
            f'"changeit", client-authentication = "{demand}" }}\n'
        )
        files = {
            "opt/hcp/conf/application.conf": conf.encode(),
            "opt/hcp/conf/primary.pfx": pki.primary.pfx("changeit", name="primary-host"),
            "opt/hcp/lib/builtin-localhost.pem": keys.pem + keys.key_pem(),
            **{f"opt/hcp/data/portal/trusted-ca/{place}.cer": one.der for place, one in enumerate(pki.authorities)},
        }
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        self._log = folder / "server.log"
        self._leaf = pki.primary.sha256
        self._seen = 0
        java = str(jre("17") / "bin" / "java")
        classpath = f"{javac_classes('PracticePrimary')}:{LIGHTBEND_JAR}"
        command = [
            java,
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            classpath,
            "PracticePrimary",
            str(folder),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().split("\t")[1])

    def serves(self, _name: str | None) -> str:
        return self._leaf

    def _all(self) -> list[str]:
        found = []
        for line in self._log.read_text(errors="replace").splitlines():
            if "\tconnected with " in line:
                found.append("without" if line.endswith("[no certificate]") else "with")
            elif "SSLHandshakeException" in line:
                # Java 17 says "server" for TLS 1.2, though it is the client's chain that is empty.
                found.append("missing" if re.search("Empty (client|server) certificate chain", line) else "refused")
        return found

    def outcomes(self, count: int) -> list[str]:
        new = _await(self._seen + count, self._all)[self._seen :]
        self._seen += len(new)
        return new

    def close(self) -> None:
        self._process.communicate(timeout=10)


KINDS: dict[str, Callable[[Path, Acme, str], Server]] = {
    "openssl": OpenSslServer,
    "practice": PracticeServer,
    "java": JavaServer,
}


def pki() -> Acme:
    """The PKI of the matrix."""
    return acme()
