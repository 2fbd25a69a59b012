"""A password in an unattended file that everybody can read is told when packs are made."""

from pathlib import Path

import pytest

from tests.support.practice import practice


@pytest.mark.parametrize(("mode", "told"), [(0o644, True), (0o600, False)])
def test_a_secret_that_everybody_can_read(tmp_path: Path, mode: int, told: bool) -> None:
    with practice(tmp_path / "p", java=None, start=False) as made:
        file = made.root / "unattended.conf"
        file.write_text('HCP_DEFAULT_KEYSTORE_PASSWORD="old-secret"\n')
        file.chmod(mode)
        done = made.run("handoff", "--answers", "answers.toml", "--out", str(tmp_path / "packs"))
        assert done.returncode == 0, done.stderr
        assert (str(file) in done.stderr) is told
        assert "old-secret" not in done.stdout + done.stderr
