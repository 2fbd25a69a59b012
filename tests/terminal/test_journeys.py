"""Every goal from its first screen to its last over a real ssh link, in both faces, and headless from what they kept."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.canary import nothing_told
from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, practice
from tests.support.pty_operator import ByKeys, ByLines, Operator
from tests.support.scenarios import FILES_PASSWORD, STORE_PASSWORD, WAYS, Way, furnish
from tests.support.sshd import Sshd, wait_until_none_is_left
from wizard.questions.answers import Goal, Maintenance
from wizard.questions.answers_file import load
from wizard.questions.flow import Step, View
from wizard.session.saved_run import NAME

IDLE_S = 0.4
FACES: dict[type[Operator], tuple[str, ...]] = {ByKeys: (), ByLines: ("--plain",)}
ENVIRONMENT = {"FILES": FILES_PASSWORD, "STORE": STORE_PASSWORD}
SOURCES = {"primary.password": "FILES", "primary.keystore-password": "STORE"}
OTHERS = {"gateway.0.password": "FILES", "client.0.password": "FILES"}


@pytest.mark.parametrize("goal", WAYS)
@exhaustive
def test_both_faces_and_what_they_kept_make_one_plan(goal: str, link: Sshd, tmp_path: Path) -> None:
    way = WAYS[goal]
    with practice(tmp_path / "p", faults=way.faults, configured=way.configured) as here:
        furnish(here)
        if goal == "undo":
            headless(here, "apply", here.root / "answers.toml", "--yes")
        before = here.tree()
        by_keys, by_lines = (gone(face, here, way, link) for face in FACES)
        assert by_keys == by_lines
        assert here.tree() == before


def gone(face: type[Operator], here: Practice, way: Way, link: Sshd) -> tuple[str, dict[str, bytes]]:
    """Go *way* in *face*, then headless from the answers it kept: the digest and the packs, which are the same.

    The machine is as before then. An undo has no digest of its own: it is the change that it takes back.
    """
    kept = here.root / f"kept-by-{face.__name__}.toml"
    with link.wizard(here, *FACES[face]) as terminal:
        operator = face(terminal, way)
        operator.go(arrived=lambda step: looked_at(operator, here, step, kept))
        assert terminal.ended() == 0
        assert operator.seen == [step.id for step in way.steps]
        nothing_told(here.root, terminal.sent)
    wait_until_none_is_left(here)
    assert not saved(here).exists(), "nothing is left to be resumed"
    made = packs(here)
    if made:
        headless(here, "handoff", kept, "--out", "cloudstream-packs")
        assert packs(here) == made
    changes = here.json("history")["changes"]
    if not any(step.view is View.APPLY for step in way.steps):
        assert headless(here, "plan", kept)["steps"] == []
        return "", made
    change = changes[-1]
    assert change["outcome"] == "applied"
    here.start()
    assert here.run("rollback", "--yes", change["id"]).returncode == 0
    if change["rolls_back"]:
        assert load(kept.read_text()).change == change["rolls_back"]
        return change["rolls_back"], made
    assert headless(here, "plan", kept)["digest"] == change["digest"]
    return change["digest"], made


def looked_at(operator: Operator, here: Practice, step: Step, kept: Path) -> None:
    """What holds at every step; *kept* gets the answers when all are given."""
    if isinstance(operator, ByKeys) and step.view is not View.APPLY:
        assert operator.terminal.quiet(IDLE_S), (step.id, "idle")
    if operator.seen[1:] and step.view is not View.ELSEWHERE:
        written = saved(here).read_bytes()
        assert saved(here).stat().st_mode & 0o777 == 0o600
        assert f" {step.id} ".encode() in written.partition(b"\n")[0]
        nothing_told(None, written)
    if step.view is View.CONFIRM or (step.id == "handoff" and not kept.exists()):
        shutil.copy(saved(here), kept)


def saved(here: Practice) -> Path:
    """Where a run that has not ended keeps its answers."""
    return here.deployment.machine.state_dir / NAME


def headless(here: Practice, command: str, answers: Path, *words: str) -> Any:
    """*command* on *answers*, with the passwords by name: what it prints."""
    there = load(answers.read_text())
    wanted = SOURCES if there.goal.installs else {}
    if there.goal is Goal.MAINTAIN and there.maintenance is Maintenance.PASSWORD:
        wanted = {"primary.keystore-password": "STORE"}
    wanted = wanted | {
        name: source for name, source in OTHERS.items() if name.rpartition(".")[0] in there.other_roles()
    }
    named = [word for name, source in wanted.items() for word in ("--secret", f"{name}=env:{source}")]
    done = here.run(command, "--answers", str(answers), *named, *words, "--json", env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def packs(here: Practice) -> dict[str, bytes]:
    """The packs that were written: every file, and the text of the checklists. They are gone afterwards."""
    folder = here.root / "cloudstream-packs"
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {str(path.relative_to(folder)): path.read_bytes() if path.suffix == ".md" else b"" for path in files}
    shutil.rmtree(folder, ignore_errors=True)
    return found
