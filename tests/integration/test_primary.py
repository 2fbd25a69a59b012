"""The main job from the command line: set up, proven by others, repeated without effect, undone to the byte."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.practice import Practice, practice


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("primary") / "p") as made:
        yield made


def test_the_whole_way_there_and_back(server: Practice) -> None:
    before = server.tree()
    conf, store = (server.root / "opt/hcp/conf" / name for name in ("application.conf", "primary-host.pfx"))
    old = conf.read_text().splitlines()
    assert "localhost" in server.served()

    plan = server.json("plan", "--answers", "answers.toml")
    assert [step["kind"] for step in plan["steps"]] == ["put_file", "edit_file", "import_trust", "restart", "probe"]
    assert server.tree() == before
    assert server.json("plan", "--answers", "answers.toml")["digest"] == plan["digest"]

    done = server.run("apply", "--answers", "answers.toml", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["outcome"] == "applied"
    assert result["digest"] == plan["digest"]
    assert {step["id"]: step["state"] for step in result["steps"]}["probe"] == "done"
    assert [event["step"] for event in result["events"]][:2] == ["change", "prepare"]
    assert result["events"][-1]["state"] == "done"
    assert "primary-host" in server.served()
    assert "changeit" not in done.stdout + done.stderr

    # Only the two values are changed, and Java reads what was written.
    new = conf.read_text().splitlines()
    changed = [line.strip() for line, other in zip(new, old, strict=True) if line != other]
    assert changed == [
        'default-keystore-file = "/opt/hcp/conf/primary-host.pfx"',
        'default-keystore-password = "changeit"',
    ]
    report = run_java("StoreReport", stdin=f"{store}\tchangeit\n")
    assert report.stdout == "primary-host:RSA:3\t1\n", report.stderr

    again = server.run("apply", "--answers", "answers.toml", "--yes", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["outcome"] == "nothing_to_do"

    back = server.run("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert server.tree() == before
    assert "localhost" in server.served()


@pytest.mark.parametrize("java", mostly_exhaustive([None, "17"], lambda java: java is None))
def test_a_proof_that_fails_puts_everything_back(java: str | None, tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=java) as server:
        before = server.tree()
        # Nothing listens on the second node, so the proof cannot succeed.
        answers = server.answers(nodes='["127.0.0.1", "127.0.0.2"]')
        done = server.run("apply", "--answers", answers, "--yes", "--json", "--wait", "2")
        assert done.returncode == 3, done.stdout + done.stderr
        assert json.loads(done.stdout)["outcome"] == "rolled_back"
        assert server.tree() == before
        assert "localhost" in server.served()


@pytest.mark.parametrize("java", mostly_exhaustive([None, "17"], lambda java: java is None))
def test_dry_run_changes_nothing(java: str | None, tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=java) as server:
        before = server.tree()
        done = server.run("apply", "--answers", "answers.toml", "--yes", "--dry-run")
        assert done.returncode == 0
        assert server.tree() == before


@exhaustive
def test_a_kept_plan_is_applied_later(server: Practice, tmp_path: Path) -> None:
    plan = tmp_path / "change.plan"
    assert server.run("plan", "--answers", "answers.toml", "--out", str(plan)).returncode == 0
    assert plan.stat().st_mode & 0o777 == 0o600
    secret = f"primary.keystore-password=file:{server.root / 'secrets' / 'primary'}"
    done = server.run("apply", "--plan", str(plan), "--yes", "--secret", secret)
    assert done.returncode == 0, done.stderr
    assert "primary-host" in server.served()
    late = server.run("apply", "--plan", str(plan), "--yes", "--secret", secret)
    assert late.returncode == 2
    assert "change.changed-since-review" in late.stdout + late.stderr
    assert server.run("rollback", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--answers", "answers.toml", "--secret", "primary.password=word"), "secret.source-unusable"),
        (("--answers", "nowhere.toml"), "file.missing"),
        (("--plan", "answers.toml"), "change.plan-unreadable"),
    ],
)
def test_unusable_input_is_refused_before_the_plan(server: Practice, words: tuple[str, ...], code: str) -> None:
    done = server.run("apply", *words, "--yes")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith(f"error: {code}")
