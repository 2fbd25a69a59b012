"""How the command starts and ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from wizard.cli.main import build_parser

ROOT = Path(__file__).parents[3]


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wizard", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, timeout=60, check=False)


@pytest.mark.parametrize(
    "module", mostly_exhaustive(["argparse", "grp", "textwrap", "tomllib"], {"argparse", "tomllib"}.__contains__)
)
def test_a_module_in_the_current_folder_is_not_run(tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("raise SystemExit('somebody else was here')\n")
    (tmp_path / "answers.toml").write_text("schema = 1\n")
    for words in (("findings", "conf.missing"), ("plan", "--answers", "answers.toml", "--root", str(tmp_path))):
        done = run(*words, folder=tmp_path)
        assert "somebody else" not in done.stderr, done.stderr
        assert done.returncode in {0, 2}


@pytest.mark.parametrize(
    "words", [["--plain", "--theme", "16", "sandbox", "x"], ["sandbox", "x", "--plain", "--theme", "16"]]
)
def test_how_the_wizard_asks_is_said_before_or_behind_the_command(words: list[str]) -> None:
    args = build_parser("sandbox").parse_args(words)
    assert (args.plain, args.theme) == (True, "16")


def test_a_reader_that_is_gone_is_no_failure_of_ours(tmp_path: Path) -> None:
    command = f"{sys.executable} -m wizard findings | head -n 1; echo ${{PIPESTATUS[0]}}"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env=env, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in {"0", "141"}
