"""The practice primary and a JSSE server with the Lightbend library do the same with the same folder."""

import contextlib
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

from tests.support.exhaustive import EVERY
from tests.support.jvm import LIGHTBEND_JAR, javac_classes, jre
from wizard import self_start
from wizard.sandbox import pki as practice
from wizard.sandbox.build import create
from wizard.sandbox.deployment import Deployment
from wizard.sandbox.pki import CLIENT, SERVER, Entity, Pki

EVERYONE = {
    # name of the deployment: faults, and a word that both logs must hold
    "healthy": ((), ""),
    "wrong-password": (("wrong-password",), "keystore password was incorrect"),
    "wrong-path": (("wrong-path",), "No such file or directory"),
    "path-is-folder": (("path-is-folder",), "Is a directory"),
    "duplicate-key": (("duplicate-key",), "No such file or directory"),
    "masked-by-include": (("masked-by-include",), "No such file or directory"),
    "commented-out": (("commented-out",), ""),
    "wrong-block": (("wrong-block",), ""),
    "conf-utf-16": (("conf-utf-16",), "ConfigException$Parse"),
    "smart-quotes": (("smart-quotes",), "keystore password was incorrect"),
    "conf-latin-1": (("conf-latin-1",), "keystore password was incorrect"),
    "umlaut-password": (("umlaut-password",), "keystore password was incorrect"),
    "missing-brace": (("missing-brace",), "ConfigException$Parse"),
    "backslash-password": (("backslash-password",), "ConfigException$Parse"),
    "at-sign-unquoted": (("at-sign-unquoted",), "ConfigException$Parse"),
    "hash-unquoted": (("hash-unquoted",), "keystore password was incorrect"),
    "conf-missing": (("conf-missing",), "ConfigException$IO"),
    "leaf-only": (("leaf-only",), ""),
    "missing-intermediate": (("missing-intermediate",), ""),
    "expired": (("expired",), ""),
    "key-password": (("key-password",), "Get Key failed"),
    "no-private-key": (("no-private-key",), "no private key entry"),
    "jks-as-pfx": (("jks-as-pfx",), "lengthTag=109, too big"),
    "pem-as-pfx": (("pem-as-pfx",), "toDerInputStream rejects tag type 45"),
    "cut-off": (("cut-off",), "java.io.EOFException"),
    "empty-file": (("empty-file",), "Tag number over 30 is not supported"),
    "cacerts-empty": (("cacerts-empty",), ""),
    "nothing-uploaded": (("nothing-uploaded",), ""),
    "tls-1-2-off": (("tls-1-2-off",), ""),
    "client-auth-off": (("client-auth-off",), ""),
}
OFTEN = {
    "healthy", "wrong-password", "conf-utf-16", "leaf-only", "cacerts-empty", "nothing-uploaded",
    "tls-1-2-off", "client-auth-off",
}  # fmt: skip
ANYONE = {name: case for name, case in EVERYONE.items() if EVERY or name in OFTEN}


@dataclass(frozen=True)
class Seen:
    """What a client sees of a server."""

    chain: tuple[str, ...] = ()
    authorities: frozenset[str] = frozenset()
    accepted: bool | None = None
    protocol: str = ""


DOWN = Seen()


def look(port: int, version: int, client: Entity | None = None) -> Seen:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    if client is not None:
        context.use_certificate(client.certificate)
        context.use_privatekey(client.key)
        for issuer in client.issuers:
            context.add_extra_chain_cert(issuer)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as channel:
        connection = SSL.Connection(context, channel)
        connection.set_connect_state()
        channel.setblocking(False)
        accepted = _outcome(connection, channel)
        chain = connection.get_peer_cert_chain(as_cryptography=True) or []
        # OpenSSL keeps what it was shown also when the server went away afterwards.
        return Seen(
            tuple(certificate.fingerprint(SHA256()).hex() for certificate in chain),
            frozenset(name.rfc4514_string() for name in connection.get_client_ca_list(as_cryptography=True)),
            accepted,
            connection.get_protocol_version_name() if accepted else "",
        )


def _outcome(connection: SSL.Connection, channel: socket.socket) -> bool:
    """Shake hands and wait for a late refusal, which TLS 1.3 sends after the handshake."""
    limit, shaken = time.monotonic() + 5, False
    while time.monotonic() < limit:
        try:
            if not shaken:
                connection.do_handshake()
                shaken, limit = True, time.monotonic() + 0.3
            connection.recv(1)
        except SSL.WantReadError:
            select.select([channel], [], [], max(0.0, limit - time.monotonic()))
        except (SSL.Error, OSError):
            return False
    return shaken


@dataclass
class Pair:
    """One deployment, served by both."""

    deployment: Deployment
    ours: int | None
    java: int | None
    our_log: str = ""
    java_log: str = ""

    def both(self, version: int, client: Entity | None = None) -> tuple[Seen, Seen]:
        seen = [DOWN if port is None else look(port, version, client) for port in (self.ours, self.java)]
        return seen[0], seen[1]


@pytest.fixture(scope="module")
def made() -> Pki:
    return practice.make()


@pytest.fixture(scope="module")
def pairs(made: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pair]]:
    folder = tmp_path_factory.mktemp("primaries")
    deployments, ours = {}, {}
    with contextlib.ExitStack() as stack:
        for name, (faults, _) in ANYONE.items():
            # Started at once: its port was free a moment ago.
            deployments[name] = create(folder / name, jre=jre("17"), faults=faults, configured=True, pki=made)
            ours[name] = stack.enter_context(_ours(deployments[name]))
        ports, log = stack.enter_context(_java(list(deployments.values())))
        result = {}
        for name, deployment in deployments.items():
            port = deployment.port if _up(deployment.port, ours[name]) else None
            result[name] = Pair(deployment, port, ports[str(deployment.root)])
        for name, pair in result.items():
            pair.our_log = pair.deployment.journal.read_text(encoding="utf-8")
            pair.java_log = "".join(line for line in log.read_text().splitlines(True) if f"/{name}\t" in line)
        yield result


@contextlib.contextmanager
def _ours(deployment: Deployment) -> Iterator[subprocess.Popen[bytes]]:
    with (
        deployment.journal.open("wb") as log,
        subprocess.Popen(
            self_start.command(self_start.PRACTICE_SERVER, str(deployment.root)), stdout=log, stderr=log
        ) as child,
    ):
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def _java(deployments: list[Deployment]) -> Iterator[tuple[dict[str, int | None], Path]]:
    command = [
        str(jre("17") / "bin" / "java"),
        "-XX:TieredStopAtLevel=1",
        "-Dfile.encoding=UTF-8",
        "-cp",
        f"{javac_classes('PracticePrimary')}:{LIGHTBEND_JAR}",
        "PracticePrimary",
        *[str(deployment.root) for deployment in deployments],
    ]
    path = deployments[0].root.parent / "java.log"
    with (
        path.open("w") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        ports: dict[str, int | None] = {}
        for _ in deployments:
            root, port = child.stdout.readline().rstrip("\n").split("\t")
            ports[root] = None if port == "down" else int(port)
        try:
            yield ports, path
        finally:
            child.stdin.close()
            child.wait(10)


def _up(port: int, server: "subprocess.Popen[bytes]") -> bool:
    limit = time.monotonic() + 30
    while time.monotonic() < limit and server.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        time.sleep(0.02)
    assert server.poll() is not None, "neither listening nor ended"
    return False


@pytest.mark.parametrize("name", ANYONE)
def test_both_present_the_same(pairs: dict[str, Pair], name: str) -> None:
    for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
        ours, java = pairs[name].both(version)
        assert ours.chain == java.chain
        assert ours.authorities == java.authorities
        assert ours.accepted == java.accepted


@pytest.mark.parametrize("name", [name for name, (_, word) in ANYONE.items() if word])
def test_both_give_the_same_reason(pairs: dict[str, Pair], name: str) -> None:
    word = ANYONE[name][1]
    assert word in pairs[name].our_log
    assert word in pairs[name].java_log


def test_the_cases_are_not_all_alike(pairs: dict[str, Pair], made: Pki) -> None:
    right = [made.entities["primary-host"].certificate, made.intermediate.certificate, made.root.certificate]
    fingerprints = tuple(certificate.fingerprint(SHA256()).hex() for certificate in right)
    fallback = (made.fallback.certificate.fingerprint(SHA256()).hex(),)
    seen = {name: pair.both(SSL.TLS1_3_VERSION)[0] for name, pair in pairs.items()}
    assert seen["healthy"].chain == fingerprints
    assert seen["leaf-only"].chain == fingerprints[:1]
    assert seen["wrong-password"].chain == fallback
    assert seen["conf-utf-16"] == DOWN
    assert "CN=Acme-CA-Intermediate,O=Acme" in seen["healthy"].authorities
    assert "CN=Acme-CA-Intermediate,O=Acme" not in seen["nothing-uploaded"].authorities


def clients(made: Pki) -> dict[str, tuple[Entity | None, bool]]:
    foreign = practice.make()
    gateway = made.entities["gateway-host"]
    return {
        "none": (None, False),
        "gateway": (gateway, True),
        "client": (made.entities["pcclient-host"], True),
        "without its issuers": (Entity(gateway.certificate, gateway.key), True),
        "foreign": (foreign.entities["gateway-host"], False),
        "expired": (made.reissued("gateway-host", days=(-300, -2)), False),
        "not yet valid": (made.reissued("gateway-host", days=(2, 300)), False),
        "for servers only": (made.reissued("gateway-host", eku=[SERVER]), False),
        "no usage extension": (made.reissued("gateway-host", eku=None), True),
        "for clients only": (made.reissued("gateway-host", eku=[CLIENT]), True),
    }


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_both_judge_clients_alike(pairs: dict[str, Pair], made: Pki, version: int) -> None:
    for name, (client, accepted) in clients(made).items():
        ours, java = pairs["healthy"].both(version, client)
        assert (name, ours.accepted, java.accepted) == (name, accepted, accepted)
