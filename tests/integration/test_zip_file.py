"""The program in one zip file: it plans and applies, and its worker comes from the same file."""

import json
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import ROOT, Practice, practice

MARK = "0.0.0+zip"
"""A version of its own, so that nothing of the checkout is taken for it."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip file with both packages and nothing beside it; the libraries are those of this Python."""
    folder = tmp_path_factory.mktemp("zip")
    for package in ("wizard", "screens"):
        shutil.copytree(ROOT / package, folder / "source" / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "source/wizard/__init__.py").write_text(f'__version__ = "{MARK}"\n')
    target = folder / "cloudstream-wizard.pyz"
    zipapp.create_archive(folder / "source", target, main="wizard.__main__:entry")
    shutil.rmtree(folder / "source")
    return target


def run(program: Path, server: Practice, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(program), *server.options, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=server.root)


def test_it_is_the_file_that_runs(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, program, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["cloudstream-wizard", MARK]
    code = f"import sys; sys.path.insert(0, {str(program)!r}); from wizard import self_start; print(self_start.command('x'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert f"sys.path[:] = [{str(program)!r}" in done.stdout.replace('"', "'").replace("\\'", "'")


@exhaustive
def test_it_plans_and_applies(program: Path, tmp_path: Path) -> None:
    with practice(tmp_path / "p") as server:
        plan = run(program, server, "plan", "--answers", "answers.toml", "--json")
        assert plan.returncode == 0, plan.stderr
        assert any(step["changed"] for step in json.loads(plan.stdout)["steps"])
        done = run(program, server, "apply", "--answers", "answers.toml", "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["outcome"] == "applied"
        again = run(program, server, "apply", "--answers", "answers.toml", "--yes", "--json")
        assert json.loads(again.stdout)["outcome"] == "nothing_to_do"
