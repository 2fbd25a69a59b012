"""A plan that is kept names the commands that apply it, now and in the next maintenance window."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.practice import practice
from wizard.questions.answers_file import load
from wizard.session.session import Session

ROOT = Path(__file__).parents[2]


def test_a_kept_plan_names_a_command_that_a_timer_can_run(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        done = made.run("plan", "--answers", "answers.toml", "--out", "kept.plan")
        assert done.returncode == 0, done.stderr
        (line,) = [line for line in done.stdout.splitlines() if line.startswith("systemd-run ")]
        _, calendar, program, *words = shlex.split(line)
        assert program == "cloudstream-wizard"
        name, _, when = calendar.partition("=")
        known = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, check=False)
        assert (name, known.returncode) == ("--on-calendar", 0), known.stderr
        assert "Next elapse: never" not in known.stdout
        # A timer has neither the folder nor the environment of the one who made the plan.
        bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        later = subprocess.run(
            [sys.executable, "-m", "wizard", *words, "--settle", "0"],
            cwd="/", env=bare, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert later.returncode == 0, later.stderr
        assert "primary-host" in made.served()


def test_the_review_names_how_to_apply_it_at_night(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False) as made:
        answers = load((made.root / "answers.toml").read_text())
        session = Session(made.deployment.machine, answers=answers, base=made.root)
        shown = [line.text for line in session.review().page]
        assert any(line.endswith("plan --answers FILE --out PLAN") for line in shown)
        assert any("systemd-run --on-calendar=" in line and "apply --plan PLAN --yes" in line for line in shown)
