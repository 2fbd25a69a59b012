"""`apply` without questions: what it leaves to do, and a kept plan that does not fit the machine any more."""

import json
from collections.abc import Iterator

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, practice

CONF = "opt/hcp/conf/application.conf"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("headless") / "p", java=None) as made:
        yield made


def test_the_list_is_made_by_apply_from_answers_and_from_a_kept_plan(server: Practice) -> None:
    assert server.run("apply", "--answers", "answers.toml", "--dry-run").returncode == 0
    assert server.run("checklist").returncode == 2, "a dry run keeps nothing"
    done = server.run("apply", "--answers", "answers.toml", "--yes")
    assert done.returncode == 0, done.stderr
    assert "Left to do elsewhere: 7 of 7 steps" in done.stdout
    first = server.json("checklist")["items"]
    assert first[-1]["text"] == "Set the certificate policy to Use trusted CA certificates"
    assert server.run("rollback", "--yes").returncode == 0
    (server.deployment.machine.state_dir / "left-to-do.json").unlink()
    assert server.run("plan", "--answers", "answers.toml", "--out", "kept.plan").returncode == 0
    assert server.run("apply", "--plan", "kept.plan", "--yes").returncode == 0
    assert [each["id"] for each in server.json("checklist")["items"]] == [each["id"] for each in first]
    assert server.run("rollback", "--yes").returncode == 0


@exhaustive
def test_a_kept_plan_that_is_refused_shows_nothing_of_what_it_would_have_done(server: Practice) -> None:
    assert server.run("plan", "--answers", "answers.toml", "--out", "old.plan").returncode == 0
    conf = server.root / CONF
    before = conf.read_text()
    conf.write_text(before + "# changed by hand\n")
    history = server.json("history")["changes"]
    asked = server.run("apply", "--plan", "old.plan")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("error: change.changed-since-review ")
    assert server.json("history")["changes"] == history
    done = server.run("apply", "--plan", "old.plan", "--yes")
    assert done.returncode == 2
    for stale in ("1. Key store", "default-keystore-file", "Rehearsal", "Left to do", "To check the certificate"):
        assert stale not in done.stdout + done.stderr
    assert "changed since the plan was made" in done.stdout
    told = json.loads(server.run("apply", "--plan", "old.plan", "--yes", "--json").stdout)
    assert (told["outcome"], told["error"]["code"]) == ("refused", "change.changed-since-review")
    conf.write_text(before)
    assert server.run("apply", "--plan", "old.plan", "--yes").returncode == 0
    assert server.run("rollback", "--yes").returncode == 0
