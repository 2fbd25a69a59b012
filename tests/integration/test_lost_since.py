"""What the changes left is the state to expect: lost since, as by an upgrade of the product, it is critical and repaired."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.support.doctor_runs import NAME, Call, settle
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice, company, practice
from wizard.questions.answers import Answers
from wizard.questions.flow import View, steps
from wizard.sandbox.build import upload
from wizard.sandbox.deployment import PASSWORD, write_conf
from wizard.sandbox.pki import Entity, Pki, authority, make, new_key, pfx
from wizard.session.session import Session

RIGHT = "subject=O = Acme, CN = primary-host"
STORE = "/opt/hcp/conf/primary-host.pfx"


@cache
def successor() -> Pki:
    """Another root for the same hosts."""
    return make()


@dataclass
class Upgraded:
    """A deployment, what its files were before any change, and the upgrade that brings them back."""

    made: Practice
    call: Call
    conf: bytes
    cacerts: bytes

    def apply(self) -> None:
        done = self.call("apply", "--answers", str(self.made.root / "answers.toml"), "--yes")
        assert done[0] == 0, done

    def renew(self) -> None:
        """A certificate under another root, whose import is a second one into cacerts."""
        other = successor().entities["primary-host"]
        (self.made.root / "other-root.pfx").write_bytes(pfx(other, PASSWORD, name="primary-host"))
        path = Path(self.made.answers(goal='"re-key"', chain='["other-root.pfx"]', keystore_password="{ keep = true }"))
        text = path.read_text()
        path.write_text(text[: text.index("[[gateway]]")])
        done = self.call("apply", "--answers", str(path), "--yes")
        assert done[0] == 0, done

    def upgrade(self, *, conf: bool = True, cacerts: bool = True, store: bool = True) -> None:
        deployment = self.made.deployment
        self.made.systemctl("stop")
        if conf:
            deployment.conf.write_bytes(self.conf)
        if cacerts:
            deployment.cacerts.write_bytes(self.cacerts)
        if store:
            deployment.keystore.unlink()
        settle(self.made)

    def roots(self) -> set[str]:
        """The subjects of the practice roots that cacerts holds, read by the doctor's own collector."""
        told = self.call.json("doctor", "--servername", NAME)
        return {alias for alias, _ in told["facts"]["cacerts"]["ours"]}


@contextmanager
def deployed(folder: Path, capsys: pytest.CaptureFixture[str], java: str | None = "17") -> Iterator[Upgraded]:
    with practice(folder, java=java, start=False, configured=False) as made:
        upload(made.deployment, company())
        settle(made)
        deployment = made.deployment
        yield Upgraded(made, Call(made, capsys), deployment.conf.read_bytes(), deployment.cacerts.read_bytes())


@exhaustive
def test_an_upgrade_after_two_changes_of_which_one_was_undone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with deployed(tmp_path / "x", capsys) as server:
        server.apply()
        left = server.made.deployment.keystore.read_bytes()
        (first,) = server.roots()
        server.renew()
        assert server.call("rollback", "--yes")[0] == 0
        assert server.call("status")[0] == 0
        server.upgrade()
        code, out, _ = server.call("status")
        assert code == 2
        assert "application.conf no longer sets the key store" in out.splitlines()[0]
        assert out.count("no longer contains the root") == 1
        code, out, _ = server.call("doctor", "--servername", NAME)
        assert code == 1
        assert "OK: nothing wrong" not in out
        told = server.call.json("doctor", "--servername", NAME)
        assert set(told["root_causes"]) == {"doctor.settings-lost", "doctor.store-lost", "doctor.cacerts-replaced"}
        assert {repair["kind"] for repair in told["repairs"]} == {"from_record"}
        code, out, err = server.call("doctor", "--servername", NAME, "--fix", told["root_causes"][0], "--yes")
        assert code == 0, out + err
        assert "finds no more problems" in out
        assert server.made.served() == RIGHT
        assert server.call("status")[0] == 0
        assert server.made.deployment.keystore.read_bytes() == left
        assert server.roots() == {first}


@exhaustive
def test_every_root_that_stands_is_imported_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(tmp_path / "x", capsys) as server:
        server.apply()
        server.renew()
        upload(server.made.deployment, successor())
        both = server.roots()
        assert len(both) == 2
        server.upgrade(conf=False, store=False)
        code, out, _ = server.call("status")
        assert (code, out.count("no longer contains the root")) == (2, 3)
        code, out, err = server.call("doctor", "--servername", NAME, "--fix", "cacerts-replaced", "--yes")
        assert code == 0, out + err
        assert server.roots() == both
        assert server.call("status")[0] == 0


@pytest.mark.parametrize(
    ("conf", "store", "code"),
    mostly_exhaustive(
        [(True, False, "settings-lost"), (False, True, "store-lost"), (True, True, "settings-lost")],
        {(True, True, "settings-lost")}.__contains__,
    ),
)
def test_settings_and_key_store(
    conf: bool,
    store: bool,
    code: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with deployed(tmp_path / "x", capsys, java=None) as server:
        server.apply()
        server.upgrade(conf=conf, cacerts=False, store=store)
        ended, out, _ = server.call("status")
        assert (ended, f"[doctor.{code}]" in out.splitlines()[0]) == (2, True), out
        ended, out, err = server.call("doctor", "--servername", NAME, "--fix", f"doctor.{code}", "--yes")
        assert ended == 0, out + err
        assert server.made.served() == RIGHT
        # Undone, the loss is there again, and so is its verdict.
        assert server.call("rollback", "--yes")[0] == 0
        assert server.call("status")[0] == 2


@exhaustive
def test_an_application_conf_that_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(tmp_path / "x", capsys, java=None) as server:
        server.apply()
        before = server.made.tree()
        server.made.deployment.conf.unlink()
        server.made.systemctl("stop")
        settle(server.made)
        assert server.call("status")[0] == 2
        code, out, err = server.call("doctor", "--servername", NAME, "--fix", "doctor.conf-missing", "--yes")
        assert code == 0, out + err
        assert server.made.tree() == before


@exhaustive
def test_settings_that_are_not_in_the_new_file_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(tmp_path / "x", capsys, java=None) as server:
        server.apply()
        server.conf = b"\n".join(line for line in server.conf.splitlines() if b"default-keystore-" not in line)
        server.upgrade(cacerts=False, store=False)
        told = server.call.json("doctor", "--servername", NAME)
        assert told["root_causes"] == ["doctor.settings-lost"]
        code, out, err = server.call("doctor", "--servername", NAME, "--fix", "doctor.settings-lost", "--yes")
        assert code == 0, out + err
        assert server.made.served() == RIGHT


def test_without_a_copy_the_loss_is_told_and_left_to_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with records that earlier versions wrote."""
    with deployed(tmp_path / "x", capsys, java=None) as server:
        server.apply()
        for folder in (server.made.deployment.machine.state_dir / "changes").iterdir():
            shutil.rmtree(folder / "staged")
            (folder / "staged").mkdir()
        server.upgrade(cacerts=False)
        assert server.call("status")[0] == 2
        told = server.call.json("doctor", "--servername", NAME)
        assert told["root_causes"][0] == "doctor.settings-lost"
        assert "no copy of the key store" in " ".join(told["repairs"][0]["steps"])
        before = server.made.tree()
        code, _, err = server.call("doctor", "--servername", NAME, "--fix", "doctor.settings-lost", "--yes")
        assert (code, err.split()[1]) == (2, "doctor.by-hand")
        assert server.made.tree() == before


def test_the_copies_are_for_the_owner_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(tmp_path / "x", capsys, java=None) as server:
        server.apply()
        state = server.made.deployment.machine.state_dir
        assert state.stat().st_mode & 0o777 == 0o700
        copies = list(state.glob("changes/*/staged/*"))
        assert {path.name for path in copies} == {"keystore", "settings"}
        assert {path.stat().st_mode & 0o777 for path in copies} == {0o600}


@exhaustive
def test_an_own_store_in_place_of_the_recorded_one_is_drift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody renewed the certificate by hand: that is no loss."""
    with deployed(tmp_path / "x", capsys) as server:
        server.apply()
        renewed = company().reissued("primary-host", days=(-1, 300), key=new_key())
        (server.made.deployment.conf.parent / "mine.pfx").write_bytes(pfx(renewed, PASSWORD, name="primary-host"))
        write_conf(server.made.deployment, "/opt/hcp/conf/mine.pfx", PASSWORD)
        server.upgrade(conf=False, cacerts=False)
        code, out, _ = server.call("status")
        assert code == 1, out
        assert "is not as change 0001" in out


def first_screen(made: Practice) -> str:
    session = Session(made.deployment.machine, answers=Answers())
    (step,) = [step for step in steps(session.answers) if step.view is View.FACTS]
    return "\n".join(line.text for line in session.lines(step))


def test_the_built_in_certificate_is_never_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with deployed(tmp_path / "x", capsys, java=None) as server:
        warning = "NOT TRUSTED. The built-in certificate is presented."
        code, out, _ = server.call("doctor")
        assert (code, "OK: nothing wrong" in out) == (0, False)
        assert "[doctor.not-set-up]" in out
        assert server.call("status")[0] == 3
        assert warning in first_screen(server.made)
        server.apply()
        assert warning not in first_screen(server.made)
        # A key store that holds such a certificate is no better.
        key = new_key()
        like = authority("localhost", key, None, company().made)
        store = server.made.deployment.conf.parent / "localhost.pfx"
        store.write_bytes(pfx(Entity(like.certificate, key), PASSWORD, name="localhost"))
        write_conf(server.made.deployment, "/opt/hcp/conf/localhost.pfx", PASSWORD)
        server.upgrade(conf=False, cacerts=False, store=False)
        code, out, _ = server.call("doctor")
        assert (code, "OK: nothing wrong" in out) == (1, False)
        assert "[doctor.built-in-installed]" in out
        assert server.call("status")[0] == 2
        assert warning in first_screen(server.made)
