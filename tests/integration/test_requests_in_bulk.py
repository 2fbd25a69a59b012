"""`csr --answers`: requests for every machine, signed by openssl as a PKI team would, completed, and set up."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.practice import Practice, practice
from wizard.cli.arguments import KEYS

PASSWORD = "Keys-of-all-9"
ANSWERS = """\
schema = 1
goal = "set-up"
[primary]
host = "primary-host"
port = {port}
nodes = ["localhost", "primary-2.acme.test"]
keystore-password = {{ generate = true }}
[[gateway]]
host = "Gateway-Host"
password = {{ file = "gateway.pw" }}
unattended-file = "unattended.conf"
[[client]]
host = "pcclient-host"
[[client]]
host = "bare-host"
local-storage = false
"""
SECRET = ("--secret", "key-password=file:keys.pw")
SUBJECT = (
    "--organization", "Acme GmbH & Co", "--unit", "Print", "--country", "de", "--state", "Hessen", "--city", "Köln",
    "--email", "pki@acme.test",
)  # fmt: skip
HOSTS = ["primary-host", "Gateway-Host", "pcclient-host"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("bulk") / "p", java=None) as made:
        (made.root / "keys.pw").write_text(PASSWORD + "\n")
        (made.root / "gateway.pw").write_text("Gateway-Keys-7\n")
        (made.root / "unattended.conf").write_text('HCP_LOG_LEVEL="info"\n')
        (made.root / "bulk.toml").write_text(ANSWERS.format(port=made.deployment.endpoint.rsplit(":", 1)[1]))
        yield made


def openssl(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, check=False, timeout=60, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def authority(folder: Path) -> None:
    """A CA of openssl with a root and an issuing CA, as a PKI team has it."""
    folder.mkdir()
    ca = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    (folder / "ca.ext").write_text(ca)
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=index.txt\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\n"
        "default_days=300\npolicy=p\ncopy_extensions=copyall\nunique_subject=no\nemail_in_dn=yes\n"
        "[p]\ncountryName=optional\nstateOrProvinceName=optional\nlocalityName=optional\norganizationName=optional\n"
        "organizationalUnitName=optional\ncommonName=supplied\nemailAddress=optional\n"
    )
    (folder / "index.txt").touch()
    (folder / "serial").write_text("1001\n")
    for name, issuer in (("root", ()), ("issuing", ("-CA", "root.cer", "-CAkey", "root.key"))):
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Bulk/CN=Bulk-{name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr", cwd=folder)  # fmt: skip
        signer = issuer or ("-signkey", "root.key")
        openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-extfile", "ca.ext", "-days", "3000",
                "-set_serial", str(len(name)), "-out", f"{name}.cer", cwd=folder)  # fmt: skip


def sign(folder: Path, request: Path, out: Path) -> None:
    openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "issuing.cer", "-keyfile", "issuing.key",
            "-in", request, "-out", out, cwd=folder)  # fmt: skip


def csr(server: Practice, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return server.run("csr", "--answers", "bulk.toml", "--out", "req", *map(str, words), *SECRET)


@pytest.fixture(scope="module")
def out(server: Practice) -> Path:
    """The folder of the requests."""
    made = csr(server, *SUBJECT, "--key", "rsa-2048")
    assert made.returncode == 0, made.stderr
    return server.root / "req"


def test_every_machine_has_a_protected_key_and_a_request(server: Practice, out: Path) -> None:
    assert sorted(path.name for path in (out / "for-the-pki-team").iterdir()) == sorted(
        ["README.md", *(f"{host}.csr" for host in HOSTS)]
    )
    assert sorted(path.name for path in (out / "keys").iterdir()) == sorted(f"{host}.key" for host in HOSTS)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (out / "keys").iterdir())
    assert (out / "keys").stat().st_mode & 0o777 == 0o700
    assert all(b"ENCRYPTED" in path.read_bytes() for path in (out / "keys").iterdir())
    page = (out / "for-the-pki-team/README.md").read_text()
    assert "primary-2.acme.test" in page
    assert "PRIVATE" not in page.upper().replace("NO PRIVATE KEY", "")
    text = openssl("req", "-verify", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus",
                   "-in", out / "for-the-pki-team/primary-host.csr")  # fmt: skip
    wanted = "C=DE,ST=Hessen,L=Köln,O=Acme GmbH & Co,OU=Print,emailAddress=pki@acme.test,CN=primary-host"
    assert wanted in text
    assert "DNS:primary-host, DNS:primary-2.acme.test" in text
    assert "TLS Web Server Authentication" in text

    # The keys are there already, and their requests may be with the CA: they are kept.
    before = {path: path.read_bytes() for path in (out / "keys").iterdir()}
    (out / "for-the-pki-team/pcclient-host.csr").unlink()
    again = json.loads(csr(server, "--json").stdout)
    assert [each["new"] for each in again["machines"]] == [False, False, False]
    assert before == {path: path.read_bytes() for path in (out / "keys").iterdir()}


def test_what_openssl_signed_is_matched_by_public_key_and_set_up(server: Practice, out: Path) -> None:
    authority(server.root / "ca")
    signed = server.root / "signed"
    signed.mkdir()
    for number, host in enumerate(HOSTS[:2]):
        sign(server.root / "ca", out / f"for-the-pki-team/{host}.csr", signed / f"{number}.crt")
    openssl("crl2pkcs7", "-nocrl", "-certfile", "root.cer", "-certfile", "issuing.cer", "-outform", "DER",
            "-out", signed / "issuers.p7b", cwd=server.root / "ca")  # fmt: skip
    waiting = csr(server, "--complete", signed)
    assert waiting.returncode == 1
    assert "csr.no-certificate-yet" in waiting.stdout
    assert "pcclient-host" in waiting.stdout
    sign(server.root / "ca", out / "for-the-pki-team/pcclient-host.csr", signed / "x")
    foreign = server.root / "foreign"
    foreign.mkdir()
    (foreign / "stranger.pem").write_bytes(_leaf_of_the_practice_pki(server))
    done = csr(server, "--complete", signed, foreign)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "csr.unknown-certificate" in done.stdout
    assert all((out / f"stores/{host}.pfx").stat().st_mode & 0o777 == 0o600 for host in HOSTS)
    shown = openssl("pkcs12", "-in", out / "stores/Gateway-Host.pfx", "-nodes", "-passin", "pass:Gateway-Keys-7")
    assert shown.count("BEGIN CERTIFICATE") == 3

    planned = server.run("plan", "--answers", str(out / "answers.toml"))
    assert planned.returncode == 0, planned.stdout + planned.stderr
    text = (out / "answers.toml").read_text()
    (out / "one-node.toml").write_text(text.replace('"localhost", "primary-2.acme.test"', '"localhost"'))
    applied = server.run("apply", "--answers", str(out / "one-node.toml"), "--yes")
    assert applied.returncode == 0, applied.stderr
    assert "CN = primary-host" in server.served() or "CN=primary-host" in server.served()
    assert "Acme GmbH" in server.served()
    assert server.run("handoff", "--answers", str(out / "one-node.toml"), "--out", "bundles").returncode == 0
    assert "HCP_DEFAULT_KEYSTORE=" in (server.root / "bundles/Gateway-Host/unattended.conf").read_text()
    assert server.run("rollback", "--yes").returncode == 0


def _leaf_of_the_practice_pki(server: Practice) -> bytes:
    pfx = server.root / "certificates/gateway-host.pfx"
    return openssl("pkcs12", "-in", pfx, "-nokeys", "-clcerts", "-passin", "pass:changeit").encode()


@pytest.mark.parametrize(
    ("key", "words"),
    mostly_exhaustive(
        zip(KEYS, ("(3072 bit", "(2048 bit", "(4096 bit", "prime256v1", "secp384r1"), strict=True),
        {("rsa-2048", "(2048 bit"), ("p-256", "prime256v1")}.__contains__,
    ),
)
def test_each_kind_of_key_as_openssl_sees_it(server: Practice, key: str, words: str, tmp_path: Path) -> None:
    made = server.run("csr", "--role", "gateway", "--host", "gw", "--key", key, "--out", str(tmp_path / "r"), *SECRET)
    assert made.returncode == 0, made.stderr
    assert words in openssl("req", "-verify", "-noout", "-text", "-in", tmp_path / "r/gw.csr")
    shown = openssl("pkey", "-in", tmp_path / "r/gw.key", "-passin", f"pass:{PASSWORD}", "-noout", "-text")
    assert words in shown


REFUSED = [
    ("neither", ["--out", "x"], "csr.answers-or-host"),
    ("both", ["--answers", "bulk.toml", "--role", "client", "--out", "x"], "csr.answers-or-host"),
    ("no key was made", ["--answers", "bulk.toml", "--out", "x", "--complete", "certificates"], "csr.no-key"),
    ("no host", ["--answers", "nameless.toml", "--out", "x"], "csr.no-machine"),
    ("no machine", ["--answers", "nobody.toml", "--out", "x"], "csr.no-machine"),
    ("one name twice", ["--answers", "twice.toml", "--out", "x"], "handoff.host"),
    ("a country of three letters", ["--answers", "bulk.toml", "--country", "DEU", "--out", "x"], "csr.bad-subject"),
    ("a long unit", ["--answers", "bulk.toml", "--unit", "u" * 65, "--out", "x"], "csr.bad-subject"),
    ("an e-mail address", ["--answers", "bulk.toml", "--email", "pki", "--out", "x"], "csr.bad-subject"),
    ("hostile text", ["--answers", "bulk.toml", "--city", "a\x1b[2J", "--out", "x"], "csr.bad-subject"),
]


@pytest.mark.parametrize(("case", "words", "code"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_refused(server: Practice, case: str, words: list[str], code: str) -> None:
    (server.root / "nameless.toml").write_text("schema = 1\n")
    (server.root / "nobody.toml").write_text('schema = 1\n[primary]\nkind = "cloud"\n')
    (server.root / "twice.toml").write_text('schema = 1\n[primary]\nhost="a"\n[[gateway]]\nhost="A"\n')
    done = server.run("csr", *words, *SECRET)
    assert (done.returncode, done.stderr.split()[1]) == (2, code), (case, done.stderr)
    assert not (server.root / "x").exists()


def test_a_dry_run_and_a_damaged_request(server: Practice, tmp_path: Path) -> None:
    out = str(tmp_path / "req")
    words = ("csr", "--answers", "bulk.toml", "--out", out, "--key", "p-256", *SECRET)
    assert json.loads(server.run(*words, "--dry-run", "--json").stdout)["written"] is False
    assert not (tmp_path / "req").exists()
    assert server.run(*words).returncode == 0
    (tmp_path / "req/for-the-pki-team/primary-host.csr").write_text("no request")
    refused = server.run(*words)
    assert (refused.returncode, refused.stderr.split()[1]) == (2, "csr.no-key")
