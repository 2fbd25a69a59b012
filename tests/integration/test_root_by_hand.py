"""A root that cannot be imported here: the command for it is shown, and for a wrong password of cacerts what it is."""

import re
import subprocess
from pathlib import Path

from tests.support.exhaustive import exhaustive
from tests.support.practice import practice


def test_the_password_of_cacerts_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    with practice(tmp_path / "p", start=False, faults=["cacerts-password"]) as made:
        done = made.run("plan", "--answers", "answers.toml")
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("error: reading.password-wrong ")
    assert "changeit unless somebody changed it" in done.stderr
    assert "cacerts-password under [primary], or\n" in done.stderr
    assert "--secret primary.cacerts-password=file:PATH" in done.stderr


def test_the_doctor_names_the_command_too_where_no_keytool_is_left(tmp_path: Path) -> None:
    with practice(tmp_path / "p", faults=["root-missing"]) as made:
        (made.root / "opt/hcp/jre/bin/keytool").unlink()
        shown = " ".join(made.run("doctor").stdout.split())
    assert "doctor.root-not-trusted" in shown
    assert "keytool -importcert -alias cloudstream-root -file ROOT.cer" in shown
    assert "Its password is changeit" in shown


@exhaustive
def test_an_undo_names_the_password_of_cacerts_when_it_is_wrong(tmp_path: Path) -> None:
    with practice(tmp_path / "p") as made:
        assert made.run("apply", "--answers", "answers.toml", "--yes").returncode == 0
        words = ("-storepasswd", "-new", "another-1", "-storepass", "changeit")
        store = ("-keystore", str(made.root / "opt/hcp/jre/lib/security/cacerts"))
        done = subprocess.run(
            [str(made.root / "opt/hcp/jre/bin/keytool"), *words, *store], capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout
        refused = made.run("rollback", "--yes")
        assert refused.returncode == 2
        assert "changeit unless somebody changed it" in refused.stderr
        assert "maintain" not in refused.stderr
        removal = made.run("store", "remove-ca")
        assert removal.stderr.startswith("error: reading.password-wrong ")
        assert "changeit unless somebody changed it" in removal.stderr
        (made.root / "cacerts.pw").write_text("another-1")
        secret = ("--secret", "primary.cacerts-password=file:cacerts.pw")
        assert made.run("rollback", "--yes", *secret).returncode == 0


def test_the_command_for_an_import_by_hand_is_shown(tmp_path: Path) -> None:
    with practice(tmp_path / "p", start=False) as made:
        cacerts = made.root / "opt/hcp/jre/lib/security/cacerts"
        data = cacerts.read_bytes()
        home = made.root / "opt/hcp/jre"
        keytool = home / "bin/keytool"
        lines = {}
        for name, answers in (("left out", made.answers(import_root='"no"')), ("by hand", "answers.toml")):
            if name == "by hand":
                if home.is_symlink():
                    home.unlink()
                    cacerts.parent.mkdir(parents=True)
                    cacerts.write_bytes(data)
                else:
                    keytool.unlink()
            lines[name] = made.run("plan", "--answers", answers).stdout
    for name, code in (("left out", "cacerts.root-left-out"), ("by hand", "cacerts.root-by-hand")):
        assert code in lines[name], lines[name]
        command = re.search(
            r"sudo /opt/hcp/jre/bin/keytool -importcert \\\n +-alias cloudstream-acme-ca-root-[0-9a-f]{8} \\\n"
            r" +-file Acme-CA-Root\.cer \\\n +-keystore /opt/hcp/jre/lib/security/cacerts",
            lines[name],
        )
        assert command is not None, lines[name]
