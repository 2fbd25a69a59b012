"""A setting that an included file sets again is not edited in vain."""

from pathlib import Path

from tests.headless.practice import practice


def test_a_setting_that_an_include_sets_again_is_refused_with_its_place(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, faults=["masked-by-include"], configured=True) as made:
        before = made.tree()
        done = made.run("apply", "--answers", made.answers(**{"keystore-password": "{ generate = true }"}), "--yes")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "hocon.shadowed" in done.stderr
        assert made.tree() == before
