"""What would be changed in vain is told before anything is changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.practice import Practice, practice


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("unchanged") / "p", java=None, start=False) as made:
        yield made


def test_a_setting_that_an_include_sets_again_is_refused_with_its_place(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, faults=["masked-by-include"], configured=True) as made:
        before = made.tree()
        done = made.run("apply", "--answers", made.answers(**{"keystore-password": "{ generate = true }"}), "--yes")
        assert done.returncode == 2, done.stdout + done.stderr
        assert "hocon.shadowed" in done.stderr
        assert made.tree() == before


def test_a_folder_that_the_service_may_not_enter_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        folder = made.root / "opt/hcp/closed"
        folder.mkdir(mode=0o700)
        before = made.tree()
        answers = (made.root / "answers.toml").read_text()
        place = 'keystore-path = "/opt/hcp/closed/primary.pfx"\nchain = ["certificates/primary-host.pfx"]'
        path = made.root / "closed.toml"
        path.write_text(answers.replace('chain = ["certificates/primary-host.pfx"]', place, 1))
        done = made.run("apply", "--answers", str(path), "--yes")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "store.out-of-reach" in done.stderr
        assert "/opt/hcp/closed" in done.stderr
        assert made.tree() == before


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/opt/hcp/conf/application.conf", "has another file there"),
        ("/opt/hcp/jre/lib/security/cacerts", "has another file there"),
        ("store.pfx", "not the full path"),
        ("/opt/hcp/conf/store/", "not the full path"),
        ("/opt/hcp/conf/../store.pfx", "not the full path"),
    ],
)
def test_a_path_that_cannot_be_the_key_store_is_refused(unchanged: Practice, place: str, words: str) -> None:
    answers = (unchanged.root / "answers.toml").read_text()
    path = unchanged.root / "place.toml"
    path.write_text(answers.replace("chain = ", f'keystore-path = "{place}"\nchain = ', 1))
    done = unchanged.run("plan", "--answers", str(path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: store.path-unfit ")
    assert words in done.stderr
