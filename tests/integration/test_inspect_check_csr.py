"""The commands for certificates, as an operator or a script uses them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from tests.support.pki import DAY, END, NOW, SERVER, START, acme, authority, issue
from wizard.certificates.model import Profile
from wizard.certificates.writing import truststore
from wizard.cli.main import main
from wizard.secret import Secret

MARK = "Canary-7351"
"""A password that must appear in no output."""

Words = list[str | Path]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PW", MARK)
    monkeypatch.setenv("OTHER", "changeit")


def run(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str, str]:
    code = main([str(each) for each in argv])
    out, err = capsys.readouterr()
    assert MARK not in out + err
    assert "Traceback" not in err
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, dict[str, Any]]:
    code, out, _err = run(capsys, *argv, "--json")
    found: dict[str, Any] = json.loads(out)
    assert found["schema"] == f"cloudstream-wizard/{argv[0]}/1"
    return code, found


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """Twenty kinds of files, as a PKI team and colleagues leave them."""
    folder = tmp_path / "drop"
    folder.mkdir()
    pki, fast = acme(), acme("p256")
    bundle = [pki.root.x509, pki.intermediate.x509]
    text = fast.gateway.pem.decode()
    bare = pkcs12.serialize_key_and_certificates(None, None, None, bundle, BestAvailableEncryption(MARK.encode()))
    files: dict[str, bytes] = {
        "01-primary.pfx": pki.primary.pfx(MARK),
        "02-gateway.pem": b"Bag Attributes\n" + pki.gateway.pem + pki.gateway.key_pem(),
        "03-root.cer": pki.root.der,
        "04-intermediate.crt": pki.intermediate.pem,
        "05-chain.p7b": pkcs7.serialize_certificates(bundle, Encoding.PEM),
        "06-chain-der.p7c": pkcs7.serialize_certificates(bundle, Encoding.DER),
        "07-utf16.cer": text.encode("utf-16"),
        "08-bom.cer": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        "09-key.pem": pki.client.key_pem(MARK),
        "10-key-rsa.pem": pki.client.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "11-client.cer": pki.client.pem,
        "12-expired.cer": issue("primary-host", pki.intermediate, end=NOW - DAY, slot="old").pem,
        "13-trust.p12": truststore([pki.root.certificate], Secret(MARK), profile=Profile.MODERN),
        "14-other-password.pfx": fast.client.pfx("changeit"),
        "15-cut.pfx": pki.primary.pfx(MARK)[:900],
        "16-request.csr": x509.CertificateSigningRequestBuilder()
        .subject_name(pki.primary.x509.subject)
        .sign(pki.primary.key, hashes.SHA256())
        .public_bytes(Encoding.PEM),
        "17-notes.txt": b"Dear admin,\nplease find attached.\n",
        "18-empty.cer": b"",
        "19-image.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "20-self-signed.cer": issue("lonely").pem,
        "21-openssl-trust.p12": bare,
        "22-\x1b[31mred.cer": authority("evil\x1b]0;x\x07").pem,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_inspect_names_everything_in_a_folder_of_twenty_kinds(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    code, found = as_json(capsys, "inspect", drop, "--secret", "password=env:PW")
    files = {Path(each["path"]).name[:2]: each for each in found["files"]}
    kinds = {number: each["format"] for number, each in files.items()}
    assert kinds == {
        "01": "pkcs12", "02": "pem", "03": "der", "04": "pem", "05": "pkcs7", "06": "pkcs7", "07": "pem", "08": "pem",
        "09": "key", "10": "key", "11": "pem", "12": "pem", "13": "pkcs12", "14": "pkcs12", "15": kinds["15"], "16": kinds["16"],
        "17": "text", "18": "empty", "19": "unknown", "20": "pem", "21": "pkcs12", "22": "pem",
    }  # fmt: skip
    errors = {number: each["error"]["code"] for number, each in files.items() if each["error"]}
    assert errors == {"14": "reading.password-wrong", "15": "reading.damaged"}
    assert files["16"]["requests"] == 1
    assert {number: len(each["keys"]) for number, each in files.items() if each["keys"]} == {
        "01": 1, "02": 1, "09": 1, "10": 1,
    }  # fmt: skip
    pki = acme()
    whole = [each for each in found["chains"] if each["complete"] and each["private_key"]]
    assert {each["leaf"] for each in whole} == {pki.primary.sha256, pki.gateway.sha256, pki.client.sha256}
    assert all(each["root"] == pki.root.sha256 and each["key_matches"] for each in whole)
    assert code == 1
    assert {
        "validity.leaf-expired",
        "chain.self-signed-leaf",
        "pile.same-subject",
        "form.hidden-characters",
        "truststore.empty-to-java",
    } <= {each["code"] for each in found["findings"]}
    certificate = next(each for each in files["11"]["certificates"])
    assert certificate == {
        "subject": "CN=pcclient-host,O=Acme",
        "issuer": "CN=Acme-CA-Intermediate,O=Acme",
        "serial": f"{pki.client.x509.serial_number:x}",
        "not_before": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": END.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "sha256": pki.client.sha256,
        "san": ["pcclient-host"],
        "eku": ["serverAuth", "clientAuth"],
        "is_ca": False,
        "key": "RSA-2048",
        "signature": "sha256",
    }


def test_inspect_for_people_is_plain_and_cannot_act(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    code, out, _err = run(capsys, "inspect", drop, "--secret", "password=env:PW", "--ascii")
    assert code == 1
    assert "\x1b" not in out
    assert "primary-host: complete, with private key\nAcme-CA-Root  [root; RSA-2048" in out
    assert "\n`- Acme-CA-Intermediate  [intermediate" in out
    assert "\n   `- primary-host  [certificate" in out
    assert "15-cut.pfx is damaged" in out
    assert "EXPIRED" in out
    assert all(ord(character) < 128 for character in out)


def test_a_secret_can_carry_the_name_of_its_file(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    _code, found = as_json(
        capsys, "inspect", drop, "--secret", "password=env:PW", "--secret", "14-other-password.pfx=env:OTHER"
    )
    errors = [each["path"] for each in found["files"] if each["error"]]
    assert [Path(each).name for each in errors] == ["15-cut.pfx"]


def test_without_a_password_the_rest_is_told(
    capsys: pytest.CaptureFixture[str], drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open(encoding="utf-8") as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        _code, found = as_json(capsys, "inspect", drop)
    errors = {Path(each["path"]).name[:2]: each["error"]["code"] for each in found["files"] if each["error"]}
    assert {each: errors[each] for each in ("01", "09", "13")} == dict.fromkeys(
        ("01", "09", "13"), "reading.password-needed"
    )


def test_inspect_of_one_good_file_ends_with_0(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    assert run(capsys, "inspect", drop / "01-primary.pfx", "--secret", "password=env:PW")[0] == 0


@pytest.mark.parametrize(("name", "code"), [("15-cut.pfx", 2), ("17-notes.txt", 2), ("18-empty.cer", 2), ("none", 2)])
def test_exit_codes_of_inspect(capsys: pytest.CaptureFixture[str], drop: Path, name: str, code: int) -> None:
    assert run(capsys, "inspect", drop / name)[0] == code


def test_check_passes_a_good_chain(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    where: Words = [drop / "01-primary.pfx", "--secret", "password=env:PW"]
    code, out, _err = run(capsys, "check", "--role", "primary", "--host", "primary-host", *where)
    assert code == 0
    assert out.endswith("OK: suitable for the role primary.\n")
    code, found = as_json(capsys, "check", "--role", "primary", "--host", "primary-host", *where)
    assert code == 0
    assert found["chain"]["complete"]
    assert [each["code"] for each in found["findings"]] == ["validity.days-left"]
    assert found["findings"][0]["subject"]["path"].endswith("01-primary.pfx")


def test_check_finds_the_chain_of_the_host_in_a_folder(capsys: pytest.CaptureFixture[str], drop: Path) -> None:
    code, found = as_json(
        capsys, "check", "--role", "client", "--host", "pcclient-host", drop, "--secret", "password=env:PW"
    )
    assert code == 0
    assert found["chain"]["leaf"] == acme().client.sha256
    assert {Path(each["path"]).name[:2] for each in found["not_read"]} == {"14", "15"}


def test_check_refuses_the_wrong_role_and_host(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    entity = issue("gw", acme("p256").intermediate, eku=[SERVER])
    (tmp_path / "gw.pem").write_bytes(entity.chain_pem + entity.key_pem())
    code, found = as_json(capsys, "check", "--role", "gateway", "--host", "gw", tmp_path)
    assert (code, found["findings"][0]["code"]) == (1, "usage.no-client-auth")
    code, found = as_json(capsys, "check", "--role", "primary", "--host", "other", tmp_path, "--ocsp")
    assert code == 1
    assert {"name.wrong-host", "ocsp.no-responder"} <= {each["code"] for each in found["findings"]}
    assert set(found["findings"][0]) == {"code", "severity", "subject", "message", "why", "fix", "facts", "caused_by"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("16-request.csr", "reading.request"),
        ("10-key-rsa.pem", "reading.key-only"),
        ("17-notes.txt", "reading.no-certificate"),
        ("18-empty.cer", "reading.no-certificate"),
        ("15-cut.pfx", "reading.damaged"),
        ("14-other-password.pfx", "reading.password-wrong"),
        ("missing.pfx", "file.missing"),
    ],
)
def test_what_check_cannot_use(capsys: pytest.CaptureFixture[str], drop: Path, name: str, code: str) -> None:
    ended, out, err = run(capsys, "check", "--role", "primary", drop / name, "--secret", "password=env:PW")
    assert ended == 2
    assert out == ""
    assert err.startswith(f"error: {code} ")
    assert "\nhint: " in err


def test_the_products_cacerts_complete_a_chain_and_mark_public_roots(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    entity = issue("host", acme("p256").intermediate)
    security = tmp_path / "root/opt/hcp/jre/lib/security"
    security.mkdir(parents=True)
    brought = [pkcs12.PKCS12Certificate(acme("p256").root.x509, b"acme-ca-root [jdk]")]
    encryption = BestAvailableEncryption(b"changeit")
    (security / "cacerts").write_bytes(pkcs12.serialize_java_truststore(brought, encryption))
    file = tmp_path / "host.pem"
    file.write_bytes(entity.pem + acme("p256").intermediate.pem + entity.key_pem())
    code, found = as_json(capsys, "check", "--role", "gateway", file, "--root", tmp_path / "root")
    assert (code, found["chain"]["root"]) == (0, acme("p256").root.sha256)
    assert "usage.public-ca-drops-client-auth" in {each["code"] for each in found["findings"]}
    code, found = as_json(capsys, "check", "--role", "gateway", file, "--root", tmp_path)
    assert (code, found["chain"]["missing_issuer"]) == (1, "CN=Acme-CA-Root,O=Acme")


def test_csr_and_its_completion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "req"
    command: Words = ["csr", "--role", "gateway", "--host", "gw", "--san", "10.0.0.1", "--key", "p-256", "--out", out]
    secret: Words = ["--secret", "key-password=env:PW"]
    assert run(capsys, *command, *secret)[0] == 0
    assert sorted(each.name for each in out.iterdir()) == ["gw.csr", "gw.key"]
    assert (out / "gw.key").stat().st_mode & 0o777 == 0o600
    assert out.stat().st_mode & 0o777 == 0o700
    assert b"ENCRYPTED" in (out / "gw.key").read_bytes()
    # A second run must not make the first request useless.
    code, _out, err = run(capsys, *command, *secret)
    assert (code, err.split()[1]) == (2, "csr.exists")

    request = x509.load_pem_x509_csr((out / "gw.csr").read_bytes())
    ca = acme("p256").intermediate
    builder = (
        x509.CertificateBuilder().subject_name(request.subject).issuer_name(ca.x509.subject)
        .public_key(request.public_key()).serial_number(9).not_valid_before(START).not_valid_after(END)
    )  # fmt: skip
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    answer = tmp_path / "answer.p7b"
    made = builder.sign(ca.key, hashes.SHA256())
    answer.write_bytes(pkcs7.serialize_certificates([acme("p256").root.x509, made, ca.x509], Encoding.DER))
    code, text, _err = run(capsys, *command, "--complete", answer, *secret)
    assert code == 0, text
    loaded = pkcs12.load_pkcs12((out / "gw.pfx").read_bytes(), MARK.encode())
    assert loaded.cert is not None
    assert loaded.cert.certificate == made
    assert len(loaded.additional_certs) == 2
    assert (out / "gw.pfx").stat().st_mode & 0o777 == 0o600

    other = tmp_path / "other.cer"
    other.write_bytes(acme("p256").gateway.pem)
    code, _out, err = run(capsys, *command, "--complete", other, *secret)
    assert (code, err.split()[1]) == (2, "csr.answer-for-another-key")


def test_csr_refuses_what_java_could_not_open_and_names_that_are_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD", "Schlüssel-9")
    command: Words = ["csr", "--role", "primary", "--key", "p-256", "--out", tmp_path / "req"]
    code, _out, err = run(capsys, *command, "--host", "a", "--secret", "key-password=env:BAD")
    assert (code, err.split()[1]) == (2, "writing.password-not-ascii")
    code, _out, err = run(capsys, *command, "--host", "a b", "--secret", "key-password=env:PW")
    assert (code, err.split()[1]) == (2, "csr.bad-name")
    code, _out, err = run(capsys, *command, "--host", "a", "--complete", "x", "--secret", "key-password=env:PW")
    assert (code, err.split()[1]) == (2, "csr.no-key")
    assert not (tmp_path / "req").exists()


def test_csr_dry_run_writes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command: Words = [
        "csr",
        "--role",
        "client",
        "--host",
        "pc",
        "--key",
        "p-256",
        "--out",
        tmp_path / "req",
        "--dry-run",
    ]
    code, found = as_json(capsys, *command, "--secret", "key-password=env:PW")
    assert (code, found["written"]) == (0, False)
    assert not (tmp_path / "req").exists()


def test_findings_list_one_and_none(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = run(capsys, "findings")
    assert code == 0
    assert "chain.incomplete" in out
    code, out, _err = run(capsys, "findings", "usage.no-client-auth")
    assert code == 0
    assert out.startswith("usage.no-client-auth (error)\n")
    assert all(len(line) <= 78 for line in out.splitlines())
    code, _out, err = run(capsys, "findings", "no-client-auth")
    assert (code, "usage.no-client-auth" in err) == (2, True)
    code, found = as_json(capsys, "findings", "key.missing")
    assert found["findings"][0]["severity"] == "blocker"


@pytest.mark.parametrize("command", ["inspect", "check", "csr", "findings"])
def test_help_has_examples_and_exit_codes(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wizard", command, "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "EXAMPLES" in done.stdout
    assert "EXIT CODES" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
