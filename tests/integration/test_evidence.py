"""Each change leaves one text for a change ticket: who, when, before, after, how it was verified, how to undo it."""

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fake_host import KEYSTORE, PASSWORD, Scene, dying_at, failing, in_child, sha
from tests.support.practice import practice
from wizard.change.context import Context, Operator
from wizard.change.engine import apply
from wizard.change.events import APPLIED, KEPT, REFUSED, ROLLED_BACK, Outcome
from wizard.change.evidence import as_text, evidence
from wizard.change.plan import CertificateNote, Plan
from wizard.change.plan_file import dump, load
from wizard.change.recover import recover
from wizard.change.rollback import rollback
from wizard.change.store import Store
from wizard.cli.main import main

OLD = CertificateNote(
    "before", "/old.pfx", "CN=old", "CN=CA", "1a", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "aa"
)
NEW = CertificateNote(
    "after", "/new.pfx", "CN=new", "CN=CA", "2b", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "bb"
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def noted(scene: Scene, **changes: bytes) -> Plan:
    made = scene.plan(**changes)  # type: ignore[arg-type]  # the key store alone
    return Plan(made.title, made.steps, made.created_for, java=made.java, certificates=(OLD, NEW))


def context(scene: Scene) -> Context:
    made = scene.context()
    return Context(
        machine=made.machine,
        ports=made.ports,
        events=made.events,
        secrets=made.secrets,
        who=Operator("jane", "/dev/pts/7", "jane.doe", "jane"),
        sleep=made.sleep,
        monotonic=made.monotonic,
    )


def text_of(scene: Scene, number: int = -1) -> str:
    path = Store(scene.machine.state_dir).changes()[number].evidence
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text()


def test_an_applied_change_says_all_that_a_ticket_needs(scene: Scene) -> None:
    old = scene.machine.real(KEYSTORE).read_bytes()
    ended = apply(noted(scene), context(scene))
    text = text_of(scene)
    assert PASSWORD not in text
    for part in (
        f"Change {ended.change} of the CloudStream TLS wizard",
        "Outcome   applied",
        "By        jane; ran as ",
        "Session   login jane.doe, SUDO_USER jane",
        "Terminal  /dev/pts/7",
        f", mode 0640\n      SHA-256 {sha(old)}\n    after: owner ",
        f", mode 0600\n      SHA-256 {sha(b'new key store')}\n",
        "  before: CN=old",
        "  after: CN=new",
        "issued by CN=CA\n      serial 2b\n",
        "valid from 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z",
        f"  before: localhost:2560\n      SHA-256 {sha(old)}",
        f"  planned: localhost:2560\n      SHA-256 {sha(b'new key store')}",
        "Java opened it and used the key",
        "probe: done: Every node",
        "settle: skipped: Not checked",
        f" rollback {ended.change}\n",
    ):
        assert part in text, part
    assert text.count("(local time 20") == 2
    assert max(len(line) for line in text.splitlines() if "/" not in line and ": " not in line) <= 80


def rolled_back(scene: Scene) -> Outcome:
    return apply(noted(scene, keystore=b"BROKEN"), context(scene))


def recovered(scene: Scene) -> Outcome:
    assert in_child(lambda: apply(noted(scene), scene.context(dying_at("restart")))) == 9
    assert not Store(scene.machine.state_dir).changes()[0].evidence.exists()
    return recover("auto", context(scene))


def kept(scene: Scene) -> Outcome:
    assert in_child(lambda: apply(noted(scene), scene.context(dying_at("restart")))) == 9
    return recover("keep", context(scene))


def refused(scene: Scene) -> Outcome:
    plan = noted(scene)
    scene.machine.real(KEYSTORE).write_bytes(b"changed since the review")
    return apply(plan, context(scene))


@pytest.mark.parametrize(
    ("end", "outcome", "words"),
    [
        (rolled_back, ROLLED_BACK, ("failed and undone", "Reason    ", "There is nothing to undo.")),
        (recovered, ROLLED_BACK, ("failed and undone", "FILES, as they were planned", "There is nothing to undo.")),
        (kept, KEPT, ("interrupted, then closed by the operator", "There is nothing to undo.")),
        (refused, REFUSED, ("refused; nothing was changed", "changed since the plan was made")),
    ],
)
def test_every_other_end_leaves_one_too(
    scene: Scene, end: Callable[[Scene], Outcome], outcome: str, words: tuple[str, ...]
) -> None:
    assert end(scene).outcome == outcome
    text = text_of(scene)
    for each in words:
        assert each in text


def test_the_certificates_of_a_rollback_are_those_of_the_change_in_reverse(scene: Scene) -> None:
    apply(noted(scene), context(scene))
    assert rollback(None, context(scene)).outcome == APPLIED
    text = text_of(scene)
    assert "  before: CN=new" in text
    assert "  after: CN=old" in text
    assert "Undoes    change 0001-" in text


def test_a_text_that_could_not_be_written_is_written_at_the_next_start(scene: Scene) -> None:
    calls = scene.context().calls
    probe = failing(10**9, 0)
    apply(noted(scene, keystore=b"probe"), scene.context(probe))
    first = next(n for n, name in enumerate(probe.names, start=1) if name.startswith("create .#EVIDENCE.txt"))
    rollback(None, context(scene))
    broken = failing(first, errno.ENOSPC, lasting=True)
    assert apply(noted(scene, keystore=b"again"), scene.context(broken)).outcome == APPLIED
    folder = Store(scene.machine.state_dir).changes()[-1]
    assert not folder.evidence.exists()
    assert apply(noted(scene, keystore=b"more"), scene.context(calls)).outcome == APPLIED
    assert "Outcome   applied" in folder.evidence.read_text()
    assert not list(scene.machine.state_dir.rglob(".#*"))


def test_the_certificates_are_kept_in_a_plan_file_and_are_not_in_the_digest(scene: Scene) -> None:
    plan = noted(scene)
    assert plan.digest == scene.plan().digest
    assert load(dump(plan)).certificates == (OLD, NEW)


def test_history_prints_it_as_text_and_as_json(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    apply(noted(scene), context(scene))
    where = ["--root", str(scene.root), "--state-dir", str(scene.machine.state_dir)]
    capsys.readouterr()
    assert main(["history", "1", *where]) == 0
    assert capsys.readouterr().out == text_of(scene)
    assert main(["history", "1", "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)["evidence"]
    assert (told["by"]["sudo_user"], told["outcome"]) == ("jane", "applied")
    assert [note["subject"] for note in told["certificates"]] == ["CN=old", "CN=new"]
    assert told["undo"].endswith(f"rollback {told['change']}")
    folder = Store(scene.machine.state_dir).changes()[0]
    assert as_text(evidence(folder, scene.machine)) == text_of(scene)


def test_a_real_change_names_its_certificates_and_its_ticket(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        done = made.run("apply", "--answers", made.answers(), "--yes")
        assert done.returncode == 0, done.stderr
        line = next(line for line in done.stdout.splitlines() if line.startswith("For a change ticket: "))
        text = Path(line.removeprefix("For a change ticket: ")).read_text()
        assert "CN=primary-host" in text
        assert "changeit" not in text
        told = made.json("history", "1")["evidence"]
        served = [node["sha256"] for node in told["presented"]["planned"]]
        leaf = next(note for note in told["certificates"] if "CN=primary-host" in note["subject"])
        assert served == [leaf["sha256"]]
