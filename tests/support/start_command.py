"""The real wizard on a practice deployment, begun at a step of its own, with all answers and passwords given before."""

import importlib
import sys
from pathlib import Path

from tests.support.practice import Practice
from tests.support.scenarios import WAYS, prepared
from wizard.sandbox.deployment import load


def main(root: str, goal: str, step: str) -> int:
    session = prepared(Practice(load(Path(root))), WAYS[goal])
    screens = importlib.import_module("screens.app")
    return int(screens.run(session, start=step))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
