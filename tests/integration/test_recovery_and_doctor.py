"""The doctor's repair while a recovery is pending: the loop of a server that cannot start with its old files ends."""

import os
from pathlib import Path

from tests.support.practice import Practice, practice

KILLING = """\
#!/bin/sh
# The first restart is the end of the process that asks for it.
case " $* " in *" restart "*) [ -e {mark} ] || {{ : >{mark}; kill -KILL $PPID; exit 1; }} ;; esac
exec {systemctl} "$@"
"""


def interrupted(made: Practice) -> None:
    """An apply whose worker is killed when every file is new."""
    script = made.root / "killing-systemctl"
    script.write_text(KILLING.format(mark=made.root / "killed", systemctl=made.deployment.systemctl))
    script.chmod(0o755)
    (made.root / "other-password").write_text("an0ther-Passw0rd")
    answers = made.answers(keystore_password='{ file = "other-password" }')
    done = made.run("apply", "--answers", answers, "--yes", "--systemctl", str(script))
    assert done.returncode == 4, done.stderr
    assert "recover --keep" in done.stderr + done.stdout


def test_the_doctor_repairs_what_recover_cannot(tmp_path: Path) -> None:
    with practice(tmp_path / "p", configured=True, java=None) as made:
        conf = made.deployment.machine.real(made.deployment.machine.conf)
        before = conf.read_bytes()
        interrupted(made)
        if os.geteuid() == 0:
            os.chown(conf, 0, 0)
        conf.chmod(0o600 if os.geteuid() == 0 else 0)
        # The files come back, and the server cannot start with them, however often that is tried.
        for _ in range(2):
            done = made.run("recover")
            assert done.returncode == 4, done.stderr
            assert (
                "error: change.recovery-needed Every file is restored, but the service does not work: " in done.stderr
            )
            assert "doctor --fix" in done.stderr
            assert "recover --keep" in done.stderr
        assert conf.read_bytes() == before
        done = made.run("doctor", "--servername", "primary-host", "--fix", "doctor.conf-unreadable", "--yes")
        assert done.returncode == 0, done.stderr + done.stdout
        assert made.run("recover").stdout == "Done: nothing to do\n"
        assert [each["outcome"] for each in made.json("history")["changes"]][-2:] == ["rolled_back", "applied"]
        assert "primary-host" in made.served()
