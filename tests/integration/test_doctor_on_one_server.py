"""One practice server, hurt in many ways one after the other: what the doctor finds, and what its messages name."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import SHUT_RDWR, create_server, socket
from typing import Any

import pytest

from tests.integration.test_recovery_and_doctor import interrupted
from tests.support.doctor_runs import NAME, Call
from tests.support.practice import Practice, company, practice
from wizard.cli.main import main
from wizard.sandbox import truststore
from wizard.sandbox.pki import Entity, pem, pfx, plain_key

CONF = "/opt/hcp/conf/application.conf"
STORE = "/opt/hcp/conf/primary-host.pfx"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Set up, running, without Java; each test leaves it as it was, except for the last ones."""
    with practice(tmp_path_factory.mktemp("one") / "p", java=None, configured=True) as made:
        yield made


def found(made: Practice, capsys: pytest.CaptureFixture[str], name: str = NAME) -> dict[str, Any]:
    """The doctor's findings by code."""
    return {each["code"]: each for each in Call(made, capsys).json("doctor", "--servername", name)["findings"]}


@contextmanager
def rewritten(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """The file *path* changed; its old bytes afterwards."""
    data = path.read_bytes()
    path.write_bytes(change(data))
    try:
        yield
    finally:
        path.write_bytes(data)


def conf(change: Callable[[bytes], bytes]) -> Callable[[Practice], AbstractContextManager[None]]:
    return lambda made: rewritten(made.deployment.conf, change)


def twice(data: bytes) -> bytes:
    place = data.index(b"default-keystore-file")
    return data[:place] + b'default-keystore-file = "/opt/hcp/conf/old.pfx"\n' + data[place:]


def stored(made: Practice, entity: Entity) -> AbstractContextManager[None]:
    data = pfx(entity, "changeit", name="primary-host")
    return rewritten(made.deployment.keystore, lambda _: data)


def renewed(made: Practice) -> AbstractContextManager[None]:
    return stored(made, company().reissued("primary-host", days=(-1, 300)))


@contextmanager
def without_root(made: Practice) -> Iterator[None]:
    """The store ends with the intermediate, and cacerts does not know its issuer."""
    entity = company().entities["primary-host"]
    cacerts = made.deployment.machine.real(made.deployment.machine.cacerts)
    upper = [company().intermediate.certificate]
    short = pfx(entity, "changeit", name="primary-host", certificates=upper)
    with rewritten(made.deployment.keystore, lambda _: short), rewritten(cacerts, lambda data: data):
        truststore.empty(cacerts, "changeit", keep=company().fallback.certificate)
        yield


@contextmanager
def unit_edited(made: Practice) -> Iterator[None]:
    with rewritten(made.deployment.unit_file, lambda data: data + b"\n# edited\n"):
        yield
    made.systemctl("daemon-reload")


@dataclass(frozen=True)
class Case:
    """What is done to the server, the code, and what its message names."""

    code: str
    facts: tuple[str, ...]
    harm: Callable[[Practice], AbstractContextManager[None]] = lambda _: nullcontext()
    servername: str = NAME


CASES = [
    Case("doctor.jre-bare", ("/opt/hcp/jre",)),
    Case("doctor.alert-normal", ("localhost:",)),
    Case("doctor.served-for-another-name", ("primary-host", "other-host"), servername="other-host"),
    Case("doctor.conf-odd", (CONF,), conf(lambda data: data.replace(b"\n", b"\r\n", 3))),
    Case("doctor.conf-damaged", (CONF, "NUL"), conf(lambda data: data + b"# \0\0\n")),
    Case("doctor.setting-twice", (CONF, "default-keystore-file"), conf(twice)),
    Case("doctor.setting-undecidable", (CONF,), conf(lambda data: data + b'\ninclude classpath("site.conf")\n')),
    Case("doctor.other-certificate-served", ("primary-host",), renewed),
    Case("doctor.root-not-known", ("Acme-CA-Root",), without_root),
    Case("doctor.unit-changed", ("hcp-server",), unit_edited),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_what_is_odd_is_found(case: Case, server: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    with case.harm(server):
        told = found(server, capsys, case.servername)
    assert case.code in told, sorted(told)
    shown = f"{told[case.code]['message']} {told[case.code]['subject']}"
    assert [fact for fact in case.facts if fact not in shown] == [], shown


def answers_http(made: Practice) -> AbstractContextManager[None]:
    return impostor(made, lambda channel: channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))


@contextmanager
def impostor(made: Practice, act: Callable[[socket], object]) -> Iterator[None]:
    """The service is stopped, and something else answers on its port."""
    made.systemctl("stop")
    with create_server(("127.0.0.1", made.deployment.port)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    channel, _ = listener.accept()
                    with channel, contextlib.suppress(OSError):
                        channel.settimeout(5)
                        act(channel)

        threading.Thread(target=serve, daemon=True).start()
        yield
        listener.shutdown(SHUT_RDWR)


def context(folder: Path, *certificates: Entity) -> ssl.SSLContext:
    """Presents the first certificate, with the others after it."""
    path = folder / f"{id(certificates)}.pem"
    path.write_bytes(plain_key(certificates[0].key) + pem(*(each.certificate for each in certificates)))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(path)
    return made


def converse(context: ssl.SSLContext, channel: socket) -> None:
    with context.wrap_socket(channel, server_side=True) as made:
        made.recv(1)


def test_another_program_answers_on_the_port(
    server: Practice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaf, middle = company().entities["primary-host"], company().intermediate
    whole, short, other = (
        context(tmp_path, leaf, middle),
        context(tmp_path, leaf),
        context(tmp_path, company().entities["gateway-host"], middle),
    )
    old = context(tmp_path, leaf, middle)
    with pytest.deprecated_call():
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1
    old.set_ciphers("ALL:@SECLEVEL=0")

    def by_name(channel: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        channel.context = whole if name == NAME else other

    named = context(tmp_path, leaf, middle)
    named.sni_callback = by_name
    port = f"localhost:{server.deployment.port}"
    for code, facts, speak in (
        ("doctor.served-incomplete", ("Acme-CA-Intermediate",), short),
        ("doctor.name-needed", (NAME,), named),
        ("doctor.tls-old", ("TLSv1",), old),
    ):
        with impostor(server, partial(converse, speak)):
            told = found(server, capsys)
        assert code in told, (code, sorted(told))
        shown = f"{told[code]['message']} {told[code]['subject']}"
        assert [fact for fact in (port, *facts) if fact not in shown] == [], shown
    with answers_http(server):
        told = found(server, capsys)
    assert port in told["doctor.not-tls"]["message"]
    assert "HTTP" in told["doctor.not-tls"]["message"]
    told = found(server, capsys)
    assert told["doctor.nothing-listens"]["caused_by"] == "doctor.service-stopped"
    assert port in told["doctor.nothing-listens"]["message"]
    server.start()


def test_what_was_changed_since_and_what_was_interrupted(server: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    (server.root / "new").write_text("An0ther-Passw0rd\n")
    answers = server.answers(keystore_password='{ file = "new" }')
    code, _, err = Call(server, capsys)("apply", "--answers", answers, "--yes")
    assert code == 0, err
    with rewritten(server.deployment.conf, lambda data: data + b"\n# by hand\n"):
        told = found(server, capsys)["doctor.changed-since"]["message"]
    assert CONF in told
    assert "0001-" in told
    interrupted(server)
    told = found(server, capsys)["doctor.change-interrupted"]["message"]
    assert "0002-" in told


def test_a_machine_without_the_product(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--root", str(tmp_path), "--systemctl", "/bin/false", "--state-dir", str(tmp_path / "state")]
    assert main([*words, "doctor"]) == 1
    out = capsys.readouterr().out
    assert "[doctor.product-missing]" in out
    assert CONF in out.replace("\n", " ")
