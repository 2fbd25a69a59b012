"""The doctor with real JVMs: what the product's own keytool says decides, and repairs are proven by it."""

import subprocess
from pathlib import Path

import pytest

from tests.support.doctor_runs import NAME, Call, examined, settle
from tests.support.exhaustive import exhaustive
from tests.support.jvm import jre
from tests.support.practice import company, practice
from wizard.sandbox.pki import pfx


@exhaustive
def test_a_modern_store_under_an_old_java(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java="11.0.5", start=False, configured=True) as made:
        made.deployment.keystore.write_bytes(pfx(company().entities["primary-host"], "changeit", name=NAME))
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == ("doctor.store-too-new",)
        assert diagnosis.facts.java is not None
        assert diagnosis.facts.java.proof is False
        code, out, err = Call(made, capsys)("doctor", "--servername", NAME, "--fix", "store-too-new", "--yes")
        assert code == 0, out + err
        after = examined(made)
        assert after.root_causes == ()
        assert after.facts.java is not None
        assert after.facts.java.proof is True


@exhaustive
def test_a_java_key_store_is_written_anew_as_pkcs12(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with practice(tmp_path / "x", java="17", start=False, configured=True) as made:
        store = made.deployment.keystore
        source = tmp_path / "source.pfx"
        store.rename(source)
        keytool = [str(jre("17") / "bin/keytool"), "-importkeystore", "-noprompt", "-srckeystore", str(source)]
        passwords = ["-srcstorepass", "changeit", "-deststorepass", "changeit", "-deststoretype", "JKS"]
        subprocess.run([*keytool, "-destkeystore", str(store), *passwords], check=True, capture_output=True)
        store.chmod(0o644)
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes[0] == "doctor.store-not-pkcs12"
        assert diagnosis.repairs[0].automatic
        code, out, err = Call(made, capsys)("doctor", "--servername", NAME, "--fix", "store-not-pkcs12", "--yes")
        assert code == 0, out + err
        assert examined(made).root_causes == ()
        assert made.served() == "subject=O = Acme, CN = primary-host"


def test_the_proof_names_what_java_refuses(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java="17", start=False, configured=True, faults=["umlaut-password"]) as made:
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == ("doctor.password-not-ascii",)
        found = {finding.code: finding for finding in diagnosis.findings}
        assert found["doctor.java-refuses-store"].caused_by == "doctor.password-not-ascii"
        # Java 17 says first that the password is wrong, which it is not, and names the cause below.
        assert found["doctor.java-refuses-store"].facts["keytool"] == "keytool.password-not-ascii"
