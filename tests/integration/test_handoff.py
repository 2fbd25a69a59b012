"""The packs: what is in them, who may read them, and whether the other machines' own programs take them."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.practice import Practice, company, practice
from wizard.sandbox.pki import CLIENT, pem, pfx, plain_key

PACKS = {
    "README.md": 0o644,
    "portal/CHECKLIST.md": 0o644,
    "portal/Acme-CA-Root.cer": 0o644,
    "portal/Acme-CA-Intermediate.cer": 0o644,
    "gateway-host/CHECKLIST.md": 0o644,
    "gateway-host/gateway-host.pfx": 0o600,
    "gateway-host/acme-ca.pfx": 0o600,
    "gateway-host/unattended-lines.conf": 0o600,
    "gateway-host/unattended.conf": 0o600,
    "gateway-host/primary-chain.pem": 0o644,
    "gateway-host/verify.sh": 0o644,
    "gateway-host/GATEWAY-ON-WINDOWS.md": 0o644,
    "pcclient-host/CHECKLIST.md": 0o644,
    "pcclient-host/install.ps1": 0o644,
    "pcclient-host/pcclient-host.pfx": 0o600,
    "pcclient-host/Acme-CA-Root.cer": 0o644,
    "pcclient-host/Acme-CA-Intermediate.cer": 0o644,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("handoff") / "p", java=None) as made:
        # The practice certificate names localhost too: a name that resolves on every test machine.
        (made.root / "local.toml").write_text(Path(made.answers(host='"localhost"')).read_text())
        yield made


@pytest.fixture(scope="module")
def packs(server: Practice) -> Path:
    out = server.root / "packs"
    done = server.run("handoff", "--answers", "local.toml", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "changeit" not in done.stdout + done.stderr
    return out


def openssl(*words: str, data: bytes | None = None) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, check=True, input=data, timeout=20)
    return done.stdout.decode()


def test_every_file_with_its_mode(packs: Path) -> None:
    found = {str(path.relative_to(packs)): path.stat().st_mode & 0o777 for path in packs.rglob("*") if path.is_file()}
    assert found == PACKS
    assert {path.stat().st_mode & 0o777 for path in (packs, *packs.iterdir()) if path.is_dir()} == {0o700}


def test_a_second_run_is_refused_and_touches_nothing(server: Practice, packs: Path) -> None:
    before = {path: path.read_bytes() for path in packs.rglob("*") if path.is_file()}
    done = server.run("handoff", "--answers", "local.toml", "--out", str(packs))
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.folder-in-use ")
    assert {path: path.read_bytes() for path in packs.rglob("*") if path.is_file()} == before


def test_json_names_the_packs_and_dry_run_writes_none(server: Practice) -> None:
    told = server.json("handoff", "--answers", "local.toml", "--out", str(server.root / "none"), "--dry-run")
    assert told["schema"] == "cloudstream-wizard/handoff/1"
    assert [pack["folder"] for pack in told["packs"]] == ["portal", "gateway-host", "pcclient-host"]
    listed = {f"{pack['folder']}/{name}" for pack in told["packs"] for name in pack["files"]}
    assert listed | {"README.md"} == set(PACKS)
    assert not (server.root / "none").exists()


@pytest.mark.parametrize("java", mostly_exhaustive(["17", "11.0.5"], {"17"}.__contains__))
def test_java_opens_both_stores_of_the_gateway(packs: Path, java: str) -> None:
    settings = sourced(packs / "gateway-host/unattended.conf")
    lines = [
        f"{packs}/gateway-host/gateway-host.pfx\t{settings['HCP_DEFAULT_KEYSTORE_PASSWORD']}",
        f"{packs}/gateway-host/acme-ca.pfx\t{settings['HCP_DEFAULT_TRUSTSTORE_PASSWORD']}",
    ]
    report = run_java("StoreReport", version=java, stdin="\n".join(lines) + "\n")
    assert report.stdout.splitlines() == ["gateway-host:RSA:3\t1", "acme-ca-root:cert\t1"], report.stderr


def sourced(path: Path) -> dict[str, str]:
    """The settings as a shell reads them."""
    command = ["env", "-i", "bash", "-c", 'set -ae; . "$1"; exec env', "bash", str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    return dict(line.split("=", 1) for line in told.splitlines() if line.startswith("HCP_"))


def test_bash_reads_the_unattended_file(server: Practice, packs: Path) -> None:
    old = (server.root / "unattended.conf").read_bytes()
    new = (packs / "gateway-host/unattended.conf").read_bytes()
    assert new.startswith(old)
    settings = sourced(packs / "gateway-host/unattended.conf")
    assert settings["HCP_DEFAULT_KEYSTORE"] == "/full/path/to/gateway-host.pfx"
    assert settings["HCP_DEFAULT_TRUSTSTORE"] == "/full/path/to/acme-ca.pfx"
    assert settings["HCP_DEFAULT_KEYSTORE_PASSWORD"] == "changeit"
    assert re.fullmatch(r"[A-Za-z0-9]{24}", settings["HCP_DEFAULT_TRUSTSTORE_PASSWORD"])
    assert settings["HCP_PRIMARY_ADDRESS"] == "primary-host"
    assert sourced(packs / "gateway-host/unattended-lines.conf").items() <= settings.items()


def test_the_portals_fingerprints_are_those_of_openssl(packs: Path) -> None:
    page = (packs / "portal/CHECKLIST.md").read_text()
    for name in ("Acme-CA-Root", "Acme-CA-Intermediate"):
        shown = openssl(
            "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", "-in", f"{packs}/portal/{name}.cer"
        )
        assert shown.strip().partition("=")[2].replace(":", "").lower() in page


def test_the_windows_script_names_the_certificate_in_the_pfx(packs: Path) -> None:
    folder = packs / "pcclient-host"
    script = (folder / "install.ps1").read_bytes()
    assert b"\r\n" in script
    assert not re.search(rb"@[A-Z]+@", script)
    pem = openssl("pkcs12", "-in", f"{folder}/pcclient-host.pfx", "-passin", "pass:changeit", "-nokeys", "-clcerts")
    shown = openssl("x509", "-noout", "-fingerprint", "-sha1", data=pem.encode())
    thumbprint = shown.strip().partition("=")[2].replace(":", "")
    assert f"$thumbprint = '{thumbprint}'".encode() in script
    assert b"$text = 'pcclient-host'" in script
    assert b"@{ File = 'Acme-CA-Root.cer'; Store = 'Root';" in script
    assert b"@{ File = 'Acme-CA-Intermediate.cer'; Store = 'CA';" in script
    assert "/CERTSUBJECT=pcclient-host" in (folder / "CHECKLIST.md").read_text()


def test_a_password_that_had_to_be_made_lies_apart_from_the_bundle(server: Practice) -> None:
    (server.root / "secrets/odd").write_text("p\u00e4ssword")
    mine = company().entities["pcclient-host"]
    (server.root / "odd.pem").write_bytes(pem(mine.certificate, *mine.issuers) + plain_key(mine.key))
    text = (server.root / "local.toml").read_text()
    head, client = text.split("[[client]]")
    assert 'chain = ["certificates/pcclient-host.pfx"]' in client
    client = client.replace("certificates/pcclient-host.pfx", "odd.pem").replace("secrets/client", "secrets/odd")
    bare = '[[client]]\nhost = "bare-host"\nlocal-storage = false\npassword = { file = "not/there" }\n'
    (server.root / "made.toml").write_text(f"{head}[[client]]{client.replace('[account]', f'{bare}[account]')}")
    out = server.root / "made"
    done = server.run("handoff", "--answers", "made.toml", "--out", str(out))
    assert done.returncode == 0, done.stderr
    note = out / "client-passwords/pcclient-host.txt"
    assert note.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (out / "bare-host").iterdir()} == {"CHECKLIST.md"}
    assert not any(note.read_bytes().strip() in path.read_bytes() for path in (out / "pcclient-host").iterdir())
    assert "client-passwords/pcclient-host.txt" in (out / "pcclient-host/CHECKLIST.md").read_text()
    openssl("pkcs12", "-in", f"{out}/pcclient-host/pcclient-host.pfx", "-passin", f"file:{note}", "-noout")
    told = server.json("handoff", "--answers", "made.toml", "--out", "x", "--dry-run")
    assert told["packs"][-1]["folder"] == "client-passwords"


def verified(packs: Path) -> tuple[int, str]:
    script = packs / "gateway-host/verify.sh"
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout


@exhaustive
def test_verify_says_which_certificate_is_shown(server: Practice, packs: Path) -> None:
    code, said = verified(packs)
    assert code == 1
    assert 'built-in certificate "localhost"' in said
    expected = openssl(
        "x509", "-noout", "-fingerprint", "-sha256", "-in", f"{server.root}/certificates/primary-host.pem"
    )
    assert f"expected {expected.strip().partition('=')[2]}" in said
    assert server.run("apply", "--answers", "local.toml", "--yes").returncode == 0
    code, said = verified(packs)
    assert "OK: the primary localhost presents the expected certificate.\n" in said
    assert "OK: the trust store of this gateway trusts it" in said
    # Nothing could import the root here without a keytool, so the practice primary refuses every gateway.
    assert "does not accept the certificate of this gateway: unknown CA" in said
    assert code == 3, said
    server.systemctl("stop")
    code, said = verified(packs)
    assert code == 1
    assert "presents no certificate" in said
    server.start()
    assert server.run("rollback", "--yes").returncode == 0


def test_no_pack_with_a_certificate_that_does_not_fit(server: Practice) -> None:
    wrong = company().reissued("gateway-host", eku=[CLIENT], days=(-30, -1))
    (server.root / "expired.pfx").write_bytes(pfx(wrong, "changeit", name="gateway-host"))
    text = (server.root / "local.toml").read_text().replace("certificates/gateway-host.pfx", "expired.pfx")
    (server.root / "wrong.toml").write_text(text)
    out = server.root / "wrong-packs"
    done = server.run("handoff", "--answers", "wrong.toml", "--out", str(out))
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.findings No bundle for gateway-host: ")
    assert not out.exists()


HOSTS = {
    "two of one name": ('host = "pcclient-host"', 'host = "Gateway-Host"', "Gateway-Host is in the answers twice."),
    "one without a name": ('host = "pcclient-host"', 'host = ""', "has no host name"),
    "the primary's name": ('host = "pcclient-host"', 'host = "LocalHost"', "LocalHost is in the answers twice."),
    "the name of a node": (
        'nodes = ["127.0.0.1"]',
        'nodes = ["127.0.0.1", "GATEWAY-HOST"]',
        "is in the answers twice.",
    ),
    "the portal's name": ('host = "pcclient-host"', 'host = "portal"', "the name of another folder"),
}


COMMANDS = {
    "handoff": ("handoff", "--out", "hosts"),
    "export": ("export", "ansible", "--out", "hosts", "--plain-secrets"),
    "plan": ("plan",),
    "apply": ("apply", "--yes"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", HOSTS)
def test_every_machine_has_a_name_of_its_own(server: Practice, case: str, command: str) -> None:
    old, new, words = HOSTS[case]
    before = server.tree()
    (server.root / "hosts.toml").write_text((server.root / "local.toml").read_text().replace(old, new))
    done = server.run(*COMMANDS[command], "--answers", "hosts.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.host ")
    assert words in done.stderr
    assert server.tree() == before
    assert not (server.root / "hosts").exists()


UNFIT = {
    "the key store's password": ('java = "17.0.9"\nkeystore-password = { file = "odd" }', "password.unfit"),
    "the trust store's password": ('truststore-password = { file = "odd" }', "password.unfit"),
    "a password that is not there": ('truststore-password = { file = "none" }', "secret.source-unusable"),
    "the version of Java": ('java = "new"', "handoff.java-version"),
    "a path with a $": ('keystore-path = "/etc/$(id).pfx"', "envfile.unsafe-value"),
    "a path of Windows": ('truststore-path = "C:\\\\trust.pfx"', "gateway.store-path"),
    "a path that is not a full one": ('keystore-path = "gateway-host.pfx"', "gateway.store-path"),
    "a path upwards": ('truststore-path = "/etc/../trust.pfx"', "gateway.store-path"),
    "a folder as a path": ('keystore-path = "/etc/"', "gateway.store-path"),
    "one path for both stores": ('truststore-path = "/full/path/to/gateway-host.pfx"', "gateway.store-path"),
    "the unattended file": ('unattended-file = "none.conf"', "file."),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_no_bundle_can_be_made_from_is_refused_before_the_primary_is_changed(server: Practice, case: str) -> None:
    line, code = UNFIT[case]
    (server.root / "odd").write_text("se$cret-odd")
    key = line.split("\n")[-1].split(" = ")[0]
    head, gateway = (server.root / "local.toml").read_text().split("[[gateway]]")
    kept = [each for each in gateway.splitlines() if not each.startswith(key)]
    (server.root / "unfit.toml").write_text("\n".join([f"{head}[[gateway]]", line, *kept]))
    before = server.tree()
    for command in (("plan",), ("apply", "--yes"), ("handoff", "--out", "unfit")):
        done = server.run(*command, "--answers", "unfit.toml")
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"error: {code}"), done.stderr
        assert "se$cret" not in done.stderr
    assert server.tree() == before


def test_a_folder_that_cannot_be_written(server: Practice) -> None:
    place = server.root / "closed"
    place.mkdir(mode=0o555)
    done = server.run("handoff", "--answers", "local.toml", "--out", str(place / "packs"), powerless=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: file.not-writable ")


READERS = [
    ("", "", "3DES", "AES-256"),  # the practice server has no Java here, so the profile that every Java reads is used
    ("17.0.9", "11", "AES-256", "AES-256"),
    ("11.0.12", "Server 2019", "AES-256", "AES-256"),
    ("8u292", "Windows Server 2016", "3DES", "3DES"),
    ("1.8.0_301", "10 1607", "AES-256", "3DES"),
]


@pytest.mark.parametrize("row", READERS)
def test_the_stores_are_what_their_readers_open(
    server: Practice, tmp_path: Path, row: tuple[str, str, str, str]
) -> None:
    java, windows, gateway, client = row
    text = (server.root / "local.toml").read_text()
    text = text.replace('host = "gateway-host"', f'host = "gateway-host"\njava = "{java}"')
    (server.root / "readers.toml").write_text(text.replace("local-storage", f'windows = "{windows}"\nlocal-storage'))
    out = tmp_path / "packs"
    done = server.run("handoff", "--answers", "readers.toml", "--out", str(out))
    assert done.returncode == 0, done.stderr
    passwords = {"gateway-host": "gateway", "pcclient-host": "client"}
    for host, kind in (("gateway-host", gateway), ("pcclient-host", client)):
        word = (server.root / "secrets" / passwords[host]).read_text().strip()
        shown = subprocess.run(
            ["openssl", "pkcs12", "-in", out / host / f"{host}.pfx", "-info", "-noout", "-passin", f"pass:{word}"],
            capture_output=True, check=False, text=True, timeout=20,
        ).stderr  # fmt: skip
        assert ("MAC: sha256" in shown, "TripleDES" in shown) == (kind == "AES-256", kind == "3DES"), (host, shown)
    notes = (out / "pcclient-host/CHECKLIST.md").read_text()
    assert ("network password is not correct" in " ".join(notes.split())) is not bool(windows)
    assert "keystore password was incorrect" not in (out / "gateway-host/CHECKLIST.md").read_text()


def test_a_store_for_a_java_that_nobody_named_says_who_refuses_it(tmp_path: Path) -> None:
    with practice(tmp_path / "p", start=False) as made:
        done = made.run("handoff", "--answers", "answers.toml", "--out", str(tmp_path / "out"))
        assert done.returncode == 0, done.stderr
        notes = " ".join((tmp_path / "out/gateway-host/CHECKLIST.md").read_text().split())
    assert 'older than 8u301 or 11.0.12 cannot open them and reports "keystore password was incorrect"' in notes


def test_what_is_no_java_version_is_refused(server: Practice) -> None:
    text = (server.root / "local.toml").read_text()
    (server.root / "odd.toml").write_text(text.replace('host = "gateway-host"', 'host = "gateway-host"\njava = "new"'))
    done = server.run("handoff", "--answers", "odd.toml", "--out", str(server.root / "none"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.java-version ")
    assert not (server.root / "none").exists()
