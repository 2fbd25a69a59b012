"""verify.sh of a gateway's pack, run by a shell against real openssl servers: right, wrong, fallback, nobody there."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import jre
from tests.support.pki import Entity, acme, authority, issue
from tests.support.tls_servers import free_port
from tests.unit.handoff.test_bundles import PASSWORD, chain, data, given
from wizard.handoff import gateway
from wizard.handoff.bundle import Pack
from wizard.secret import Secret

PKI = acme()
OTHER = issue("primary-host", PKI.intermediate, slot="another")
HOSTILE = issue("x\x1b[2J'$(touch /tmp/never)", PKI.intermediate, sans=["primary-host"])
FALLBACK = issue("localhost", None)

HOSTS = ("localhost", "127.0.0.1", "::1")
SHOWN = {
    "the right one": (PKI.primary, [], 0, "OK: the primary {host} presents the expected certificate."),
    "the right one, and a client is demanded": (PKI.primary, ["-Verify", "3"], 0, "OK: "),
    "TLS 1.2 alone": (PKI.primary, ["-tls1_2"], 0, "OK: "),
    "another of the same name": (OTHER, [], 1, "presents another certificate"),
    "a hostile one": (HOSTILE, [], 1, "presents another certificate"),
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


def verified(
    folder: Path, host: str, port: int, *words: str, env: dict[str, str] | None = None, bundle: Pack | None = None
) -> tuple[int, str]:
    """Run the script of *bundle*, by default with -c, from another working folder; it leaves no temporary file."""
    pack = bundle or gateway.make_pack(given(primary_host=host, primary_port=port))
    (folder / "pack").mkdir(exist_ok=True)
    (folder / "temporary").mkdir(exist_ok=True)
    for file in pack.files if bundle else ():
        (folder / "pack" / file.name).write_bytes(file.data)
    (folder / "pack/verify.sh").write_text(data(pack, "verify.sh"))
    done = subprocess.run(
        ["/bin/sh", "pack/verify.sh", *(words if bundle else ("-c",))],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={**(env or os.environ), "TMPDIR": str(folder / "temporary")},
    )  # fmt: skip
    assert not done.stderr
    assert not list((folder / "temporary").iterdir())
    return done.returncode, done.stdout


EVERYWHERE = [(case, host) for case in SHOWN for host in HOSTS]


@pytest.mark.parametrize(
    ("case", "host"), mostly_exhaustive(EVERYWHERE, {*EVERYWHERE[:3], *EVERYWHERE[::3]}.__contains__)
)
def test_what_is_shown_is_told(tmp_path: Path, case: str, host: str) -> None:
    entity, options, code, words = SHOWN[case]
    with server(tmp_path, entity, options, "::1" if ":" in host else "127.0.0.1") as port:
        said = verified(tmp_path, host, port)
    assert (said[0], words.format(host=host) in said[1]) == (code, True), said[1]
    assert "\x1b" not in said[1]
    if code:
        fingerprint = PKI.primary.sha256.upper()
        assert ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)) in said[1]


@pytest.mark.parametrize("host", HOSTS)
def test_nobody_is_there(tmp_path: Path, host: str) -> None:
    code, text = verified(tmp_path, host, free_port())
    assert code == 1
    assert "presents no certificate. Is the port open from here" in text
    assert ("[::1]:" in text) == (host == "::1")


def test_somebody_is_there_who_does_not_talk_tls(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        pack = gateway.make_pack(given(primary_host="127.0.0.1", primary_port=listener.getsockname()[1]))
        (tmp_path / "verify.sh").write_text(data(pack, "verify.sh"))
        with subprocess.Popen(
            ["/bin/sh", "verify.sh", "-c"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        ) as running:
            channel, _ = listener.accept()
            with channel:
                channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            said, _ = running.communicate(timeout=30)
    assert running.returncode == 1
    assert "presents no certificate" in said


def test_openssl_is_missing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, text = verified(tmp_path, "localhost", 1, env={"PATH": str(tmp_path / "empty")})
    assert code == 2
    assert "openssl is not on this machine" in text


STRANGER = issue("gateway-host", authority("Strange-Root"))
OTHER_ROOT = issue("primary-host", authority("Other-Root"))
ASKS = ["-Verify", "5", "-CAfile", "ca.pem", "-verify_return_error"]
BOTH = {
    "each accepts the other": ({}, ASKS, [], 0, ["OK: the primary accepts the certificate of this gateway (pack/gateway-host.pfx)."]),
    "TLS 1.2": ({}, [*ASKS, "-tls1_2"], [], 0, ["OK: the primary accepts"]),
    "a strange gateway": ({"chain": chain(STRANGER)}, ASKS, [], 3, ["OK: the primary localhost presents", "does not accept", "unknown CA"]),
    "a strange gateway, TLS 1.2": ({"chain": chain(STRANGER)}, [*ASKS, "-tls1_2"], [], 3, ["does not accept", "unknown CA"]),
    "a primary that names other CAs": ({"chain": chain(STRANGER)}, ["-Verify", "5", "-CAfile", "ca.pem"], [], 3, ["does not list the CA of this gateway"]),
    "nobody asks": ({}, [], [], 7, ["asked for no certificate"]),
    "a strange primary": ({"primary_chain": chain(OTHER_ROOT)}, ASKS, [], 1, ["presents another certificate", "does not trust it", "accepts the certificate"]),
    "no unattended file": ({}, ASKS, ["none.conf"], 4, ["none.conf is missing", "OK: the primary localhost presents"]),
    "a wrong password": ({}, ASKS, ["wrong.conf"], 4, ["key store pack/gateway-host.pfx does not open", "trust store pack/acme-ca-root.pfx does not open"]),
    "a store that is nowhere": ({}, ASKS, ["nowhere.conf"], 4, ["the key store /x/none.pfx does not exist", "the trust store /x/none.pfx does not exist"]),
    "quotes, export and a line of old": ({}, ASKS, ["other.conf"], 0, ["OK: the primary accepts"]),
}  # fmt: skip


def settings_file(keystore: str, password: str, trust: str) -> str:
    lines = [
        "HCP_DEFAULT_KEYSTORE",
        "HCP_DEFAULT_KEYSTORE_PASSWORD",
        "HCP_DEFAULT_TRUSTSTORE",
        "HCP_DEFAULT_TRUSTSTORE_PASSWORD",
    ]
    values = [keystore, password, trust, password]
    return "".join(f"{name}={value}\n" for name, value in zip(lines, values, strict=True))


@pytest.mark.parametrize("case", mostly_exhaustive(BOTH, list(BOTH)[4::4].__contains__))
def test_a_gateway_tests_its_connection_with_its_own_stores(tmp_path: Path, case: str) -> None:
    changes, options, words, code, told = BOTH[case]
    (tmp_path / "ca.pem").write_bytes(PKI.root.pem)
    (tmp_path / "above.pem").write_bytes(PKI.intermediate.pem)
    store, trust = '"/etc/cloudstream-tls/gateway-host.pfx"', '"/etc/cloudstream-tls/acme-ca-root.pfx"'
    (tmp_path / "wrong.conf").write_text(settings_file(store, '"wrong"', trust))
    (tmp_path / "nowhere.conf").write_text(settings_file('"/x/none.pfx"', '"x"', '"/x/none.pfx"'))
    good = settings_file(f"'{store[1:-1]}'  # x", PASSWORD.reveal(), f"{trust}\r")
    (tmp_path / "other.conf").write_text(
        'HCP_DEFAULT_KEYSTORE="/x/old"\n' + good.replace("HCP_DEFAULT_KEYSTORE=", "export HCP_DEFAULT_KEYSTORE=")
    )
    with server(tmp_path, PKI.primary, [*options, "-cert_chain", "above.pem"], "127.0.0.1") as port:
        bundle = gateway.make_pack(given(**{"primary_host": "localhost", "primary_port": port, **changes}))
        keytool = str(jre("17") / "bin/keytool")
        said = verified(tmp_path, "localhost", port, "-k", keytool, *words, bundle=bundle)
    assert said[0] == code, said[1]
    for part in told:
        assert part in said[1]


def test_the_java_of_the_gateway_is_asked_and_no_password_is_an_argument(tmp_path: Path) -> None:
    """Each program that gets a password writes its arguments down first."""
    for name, real in (("openssl", "openssl"), ("keytool", str(jre("17") / "bin/keytool"))):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{tmp_path}/calls\nPATH=${{PATH#*:}}\nexec {real} "$@"\n')
        path.chmod(0o755)
    (tmp_path / "ca.pem").write_bytes(PKI.root.pem)
    (tmp_path / "above.pem").write_bytes(PKI.intermediate.pem)
    with server(tmp_path, PKI.primary, [*ASKS, "-cert_chain", "above.pem"], "127.0.0.1") as port:
        bundle = gateway.make_pack(
            given(primary_host="localhost", primary_port=port, store_password=Secret("Canary-store-1"))
        )
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        code, text = verified(tmp_path, "localhost", port, env=env, bundle=bundle)
        assert code == 0, text
        assert "OK: the primary accepts the certificate of this gateway (pack/gateway-host.pfx)." in text
        assert f"OK: the Java of this gateway can use its stores ({tmp_path}/keytool)." in text
        calls = (tmp_path / "calls").read_text()
        assert "Canary-store-1" not in calls + text
        assert PASSWORD.reveal() not in calls + text
        assert "keytool -J-Duser.language=en -certreq -alias gateway-host" in calls
        old = str(jre("11.0.5") / "bin/keytool")
        code, text = verified(tmp_path, "localhost", port, "-k", old, bundle=bundle)
    assert code == 6
    assert "password was incorrect" in text


TRUST = {
    "both roots, and a key store is there": ("own.conf", 0, ["the trust store has the root CAs", "trusts it", "accepts the certificate of this gateway", "Java of this gateway can use"]),
    "no key store yet": ("pack/unattended-lines.conf", 0, ["the trust store has the root CAs", "no key store yet", "trusts it", "Java of this gateway can use"]),
    "the new root is missing": ("old.conf", 8, ["lacks a root CA", "{missing}", "OK: the trust store of this gateway trusts it"]),
    "a key store without its key": ("no-key.conf", 4, ["old.pfx has no private key", "OK: the primary"]),
    "a Java that cannot read them": ("own.conf", 6, ["finds no private key"]),
    "a wrong password": ("wrong.conf", 4, ["trust store pack/other-root.pfx does not open"]),
    "the roots alone": ("-t own.conf", 0, ["the trust store has the root CAs"]),
    "the roots alone, and the new one is missing": ("-t old.conf", 8, ["lacks a root CA", "{missing}"]),
    "the roots alone, and no trust store is named": ("-t none-named.conf", 4, ["names no trust store"]),
}  # fmt: skip


@pytest.mark.parametrize("case", mostly_exhaustive(TRUST, list(TRUST)[::4].__contains__))
def test_a_bundle_of_trust_alone_tests_the_roots_and_the_stores_that_are_there(tmp_path: Path, case: str) -> None:
    """Phase 1 of a root change: the primary presents its old certificate, and both roots must be trusted."""
    file, code, told = TRUST[case]
    (tmp_path / "ca.pem").write_bytes(PKI.root.pem)
    (tmp_path / "above.pem").write_bytes(PKI.intermediate.pem)
    before = {each.name: each.data for each in gateway.make_pack(given()).files}
    (tmp_path / "own.pfx").write_bytes(before["gateway-host.pfx"])
    (tmp_path / "old.pfx").write_bytes(before["acme-ca-root.pfx"])
    own, secret = f"HCP_DEFAULT_KEYSTORE={tmp_path}/own.pfx\n", PASSWORD.reveal()
    with server(tmp_path, PKI.primary, [*ASKS, "-cert_chain", "above.pem"], "127.0.0.1") as port:
        changes = {"primary_host": "localhost", "primary_port": port, "presented": chain(PKI.primary)}
        new = chain(OTHER_ROOT)
        bundle = gateway.trust_pack(given(primary_chain=new, old_root=chain(PKI.primary).root, **changes))
        lines = own + f"HCP_DEFAULT_KEYSTORE_PASSWORD={secret}\n" + data(bundle, "unattended-lines.conf")
        (tmp_path / "own.conf").write_text(lines)
        place = "/etc/cloudstream-tls/other-root.pfx"
        (tmp_path / "old.conf").write_text(lines.replace(place, f"{tmp_path}/old.pfx"))
        (tmp_path / "no-key.conf").write_text(lines.replace("own.pfx", "old.pfx"))
        (tmp_path / "wrong.conf").write_text(settings_file(f"{tmp_path}/own.pfx", "wrong", place))
        keytool = str(jre("11.0.5" if code == 6 else "17") / "bin/keytool")
        (tmp_path / "none-named.conf").write_text(own)
        said = verified(tmp_path, "localhost", port, "-k", keytool, *file.split(), bundle=bundle)
    assert said[0] == code, said[1]
    assert new.root is not None
    missing = bytes.fromhex(new.root.sha256).hex(":").upper()
    for part in told:
        assert part.format(missing=missing) in said[1]
    assert ("presents" in said[1]) == ("-t" not in file)
