"""Keys and certificates that Java reads in another way than the library: refused before anything is touched.

Everything is made by openssl, and judged by real JREs.
"""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from cryptography import x509

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import jre, run_java
from tests.support.pki import NOW, acme, authority, issue
from tests.support.practice import Practice, practice
from wizard.certificates import fields
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain, Profile, Role
from wizard.certificates.reading import read
from wizard.certificates.rules import judge
from wizard.certificates.writing import keystore
from wizard.findings import Severity
from wizard.host.jre import Jre, Keytool
from wizard.host.machine import now_utc
from wizard.probing.rehearsal import rehearse
from wizard.secret import Secret

AGES = ("11.0.5", "17", "21", "25")
MODERN = ("17", "21", "25")
OFTEN, OFTEN_MODERN = (mostly_exhaustive(each, {"17"}.__contains__) for each in (AGES, MODERN))
WORD = Secret("changeit")
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
HOST = (
    "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=DNS:primary-host,DNS:localhost\n"
)
RSA = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
PSS = ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]
EXPLICIT = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
WITH_PARAMETERS = [
    *PSS,
    "-pkeyopt",
    "rsa_pss_keygen_md:sha256",
    "-pkeyopt",
    "rsa_pss_keygen_mgf1_md:sha256",
    "-pkeyopt",
    "rsa_pss_keygen_saltlen:32",
]
WORK = TemporaryDirectory(prefix="java-keys-")
"""Removed when the test process ends."""
KEYS = {"rsa": RSA, "pss": PSS, "pss-parameters": WITH_PARAMETERS, "explicit": EXPLICIT}


def openssl(*words: str, folder: Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder, timeout=60)


def certificate(folder: Path, name: str, key: list[str], issuer: str, *, common: str, extensions: str) -> None:
    openssl("genpkey", *key, "-out", f"{name}.key", folder=folder)
    openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/O=Acme/CN={common}", "-out", "it.csr", folder=folder)
    (folder / "it.ext").write_text(extensions)
    signer = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"] if issuer else []
    own = signer or ["-signkey", f"{name}.key"]
    days = ["-days", "300" if extensions is HOST else "900"]
    openssl("x509", "-req", "-in", "it.csr", *own, *days, "-extfile", "it.ext", "-out", f"{name}.pem", folder=folder)


@cache
def made(leaf: str, middle: str = "rsa") -> Path:
    """A folder with `all.pem` (leaf, intermediate, root), `leaf.key` and `leaf.pfx`, written by openssl."""
    folder = Path(mkdtemp(dir=WORK.name))
    certificate(folder, "root", RSA, "", common="Acme-CA-Root", extensions=CA)
    certificate(folder, "middle", KEYS[middle], "root", common="Acme-CA-Intermediate", extensions=CA)
    certificate(folder, "leaf", KEYS[leaf], "middle", common="primary-host", extensions=HOST)
    above = (folder / "middle.pem").read_bytes() + (folder / "root.pem").read_bytes()
    (folder / "above.pem").write_bytes(above)
    (folder / "all.pem").write_bytes((folder / "leaf.pem").read_bytes() + above)
    words = ["-inkey", "leaf.key", "-in", "leaf.pem", "-certfile", "above.pem", "-passout", "pass:changeit"]
    openssl("pkcs12", "-export", "-legacy", *words, "-name", "primary-host", "-out", "leaf.pfx", folder=folder)
    return folder


def chain(folder: Path) -> Chain:
    return assemble(read((folder / "leaf.pfx").read_bytes(), password=WORD), now=NOW)[0]


def keytool(age: str) -> Keytool:
    return Keytool(Jre(jre(age), age, keytool=jre(age) / "bin/keytool"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("keys") / "p", start=False) as made:
        yield made


def answers(server: Practice, folder: Path) -> str:
    """The practice answers with this chain for the primary, and nothing else."""
    text = Path(server.answers(chain=f'["{folder}/leaf.pfx"]', import_root='"no"')).read_text()
    path = server.root / "only-primary.toml"
    path.write_text(text[: text.index("[[gateway]]")])
    return str(path)


def codes(findings: list[dict[str, Any]]) -> set[str]:
    return {finding["code"] for finding in findings if finding["severity"] in {"error", "blocker"}}


REFUSED = [
    ("pss", "rsa", "algorithm.rsa-pss"),
    ("pss-parameters", "rsa", "algorithm.rsa-pss"),
    ("explicit", "rsa", "form.java-cannot-read"),
    ("rsa", "explicit", "form.java-cannot-read"),
]
OFTEN_REFUSED = mostly_exhaustive(REFUSED, REFUSED[::2].__contains__)


@pytest.mark.parametrize(("leaf", "middle", "code"), mostly_exhaustive(REFUSED, REFUSED[:1].__contains__))
def test_refused_everywhere_and_nothing_is_touched(server: Practice, leaf: str, middle: str, code: str) -> None:
    folder = made(leaf, middle)
    before = server.tree()
    for role in ("primary", "gateway"):
        found = server.run("check", "--role", role, "--host", "primary-host", f"{folder}/all.pem", f"{folder}/leaf.key")
        assert found.returncode == 1
        assert code in found.stdout
    for command in (["plan"], ["apply", "--yes"]):
        done = server.run(*command, "--answers", answers(server, folder), "--json")
        assert done.returncode == 1, done.stderr
        assert code in codes(json.loads(done.stdout)["findings"]), command
    done = server.run("rehearse", "--answers", answers(server, folder))
    assert done.returncode == 1
    assert "trust each other" not in done.stdout
    assert "rehearsal.unreadable" in done.stdout
    assert server.tree() == before


@pytest.mark.parametrize(("leaf", "middle", "code"), OFTEN_REFUSED)
@pytest.mark.parametrize("version", OFTEN_MODERN)
def test_java_refuses_it_too(version: str, leaf: str, middle: str, code: str, tmp_path: Path) -> None:
    it = chain(made(leaf, middle))
    store = tmp_path / "store.pfx"
    store.write_bytes(keystore(it, WORD, profile=Profile.MODERN, friendly_name="primary-host"))
    proof = keytool(version).prove_keystore(store, WORD, "primary-host")
    assert not proof.ok
    wanted = "keytool.key-differs" if code == "algorithm.rsa-pss" else "keytool.certificate-unreadable"
    assert proof.code == wanted, proof.text
    assert "password" not in proof.text
    assert proof.hint


@pytest.mark.parametrize("version", OFTEN)
def test_a_key_that_is_written_as_plain_rsa_makes_no_handshake_and_the_proof_says_so(
    version: str, tmp_path: Path
) -> None:
    trust = tmp_path / "trust.pfx"
    folder = made("pss")
    words = ["-importcert", "-noprompt", "-alias", "root", "-file", "root.pem", "-storetype", "PKCS12"]
    program = str(jre(version) / "bin/keytool")
    subprocess.run(
        [program, *words, "-keystore", str(trust), "-storepass", "changeit"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    ours = tmp_path / "ours.pfx"
    ours.write_bytes(keystore(chain(folder), WORD, profile=Profile.LEGACY, friendly_name="primary-host"))
    theirs = folder / "leaf.pfx"
    lines = [
        "\t".join([name, tls, "", str(store), str(trust), str(theirs), str(trust)])
        for name, store in (("ours", ours), ("theirs", theirs))
        for tls in ("TLSv1.2", "TLSv1.3")
    ]
    said = run_java("Handshake", version=version, stdin="\n".join(lines) + "\n").stdout.splitlines()
    assert [line.split("\t")[1] for line in said] == ["SERVER", "SERVER", "OK", "OK"]
    assert keytool(version).prove_keystore(ours, WORD, "primary-host").code == "keytool.key-differs"
    # keytool of 11.0.5 cannot sign with such a key, though its TLS can.
    assert keytool(version).prove_keystore(theirs, WORD, "primary-host").ok is (version != "11.0.5")
    assert fields.key_encoding(chain(folder).certificates[0]) == "rsa-pss"


EMPTY = x509.Name([])
ODD = {
    "empty subject": lambda: issue(EMPTY, acme().intermediate, sans=["primary-host"]),
    "empty issuer": lambda: issue("primary-host", authority(EMPTY)),
    "empty subject, critical name": lambda: issue(
        EMPTY,
        acme().intermediate,
        sans=[],
        extensions=[(x509.SubjectAlternativeName([x509.DNSName("primary-host")]), True)],
    ),
    "good": lambda: acme().primary,
    "serial zero": lambda: issue("primary-host", acme().intermediate, serial=0, slot="zero"),
}


@pytest.mark.parametrize(
    "name", mostly_exhaustive(ODD, {*ODD}.difference({"empty subject, critical name"}).__contains__)
)
@pytest.mark.parametrize("version", OFTEN)
def test_what_java_cannot_parse_is_an_error(version: str, name: str) -> None:
    it = assemble(ODD[name]().bundle, host="primary-host", now=NOW)[0]
    refused = keytool(version).unreadable([each.der for each in it.certificates])
    bad = {each.der for each in it.certificates if fields.java_refuses(each)}
    assert set(refused) == bad
    found = judge(it, role=Role.PRIMARY, host="primary-host", now=NOW)
    told = {finding.code for finding in found} & {"form.java-cannot-read", "form.empty-subject"}
    assert bool(told) is bool(bad)
    rehearsed = rehearse(it, it.authorities, None, it.authorities, "primary-host", now=NOW)
    assert ("rehearsal.unreadable" in {finding.code for finding in rehearsed.findings}) is bool(bad)


@exhaustive
def test_the_products_own_java_has_the_last_word(tmp_path: Path) -> None:
    """No rule forbids a CA with such a key, and Java 17 reads it; Java 11.0.5 does not."""
    folder = made("rsa", "pss-parameters")
    found = judge(chain(folder), role=Role.PRIMARY, host="primary-host", now=now_utc())
    assert "algorithm.rsa-pss-authority" in {finding.code for finding in found}
    assert all(finding.severity < Severity.ERROR for finding in found)
    words = ["--role", "primary", "--host", "primary-host", f"{folder}/all.pem", f"{folder}/leaf.key"]
    for version, ended in (("17", 0), ("11.0.5", 1)):
        with practice(tmp_path / version, java=version, start=False) as made_here:
            checked = made_here.run("check", *words)
            assert checked.returncode == ended, checked.stdout
            before = made_here.tree()
            commands = (["plan"], ["apply", "--yes", "--dry-run"], ["apply", "--yes"], ["rehearse"])
            for command in commands if ended else commands[:2]:
                done = made_here.run(*command, "--answers", answers(made_here, folder))
                assert done.returncode == ended, (command, done.stdout, done.stderr)
                said = done.stdout + done.stderr
                assert ("form.java-cannot-read" in said) is bool(ended), said
                assert ("trust each other" in said) is not bool(ended), said
            if ended:
                assert made_here.tree() == before


@exhaustive
def test_a_gateway_asks_its_own_java_too(tmp_path: Path) -> None:
    folder = made("rsa", "pss-parameters")
    with practice(tmp_path / "p", java="11.0.5", start=False) as made_here:
        (made_here.root / "here.toml").write_text(
            'schema = 1\n[primary]\nkind = "elsewhere"\nhost = ""\n[[gateway]]\nhost = "primary-host"\n'
            f'chain = ["{folder}/leaf.pfx"]\npassword = {{ file = "secrets/gateway" }}\n'
            'unattended-file = "unattended.conf"\n'
        )
        plan = made_here.run("plan", "--answers", "here.toml", "--json")
        assert plan.returncode == 1, plan.stderr
        assert "form.java-cannot-read" in codes(json.loads(plan.stdout)["findings"])


def test_the_doctor_asks_java_about_an_installed_key_of_that_kind(tmp_path: Path) -> None:
    folder = made("pss")
    with practice(tmp_path / "p", start=False, configured=True) as made_here:
        store = made_here.deployment.keystore
        for data, refused in (
            ((folder / "leaf.pfx").read_bytes(), False),
            (keystore(chain(folder), WORD, profile=Profile.LEGACY, friendly_name="primary-host"), True),
        ):
            store.write_bytes(data)
            told = made_here.json("doctor")
            found = {finding["code"]: finding for finding in told["findings"]}
            assert "algorithm.rsa-pss" not in found
            assert ("doctor.java-refuses-store" in found) is refused, list(found)
            if refused:
                assert "different type of key" in found["doctor.java-refuses-store"]["message"]
