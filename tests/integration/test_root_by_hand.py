"""A root that cannot be imported here: the command for it is shown, and for a wrong password of cacerts what it is."""

import re
from pathlib import Path

from tests.support.practice import practice


def test_the_password_of_cacerts_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    with practice(tmp_path / "p", start=False, faults=["cacerts-password"]) as made:
        done = made.run("plan", "--answers", "answers.toml")
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("error: reading.password-wrong ")
    assert "changeit unless somebody changed it" in done.stderr
    assert "cacerts-password\n" in done.stderr
    assert "--secret primary.cacerts-password=file:PATH" in done.stderr


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
