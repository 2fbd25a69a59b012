"""The artifacts, built once for all tests of this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def built(target: Path) -> Path:
    subprocess.run([sys.executable, "-m", "tests.dist.build", str(target)], cwd=ROOT, check=True)
    return target


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with everything that `make dist` builds; DIST names one that is built already."""
    ready = os.environ.get("DIST")
    return Path(ready) if ready else built(tmp_path_factory.mktemp("dist") / "first")


@pytest.fixture(scope="session")
def wheels(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with the libraries that it needs, for a machine without network."""
    folder = tmp_path_factory.mktemp("wheels")
    (wheel,) = artifacts.glob("*.whl")
    download = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "-d", str(folder)]
    subprocess.run([*download, str(wheel)], check=True)
    return folder
