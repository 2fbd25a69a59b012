"""How commands print: results to standard output, everything for people to standard error."""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from wizard.reports.lines import Line


def print_json(command: str, members: Mapping[str, Any]) -> None:
    """One JSON object with the schema of *command* first."""
    print(json.dumps({"schema": f"cloudstream-wizard/{command}/1", **members}, ensure_ascii=False, indent=2))


def print_lines(lines: Iterable[Line], *, people: bool = False) -> None:
    """The words of *lines*; *people* sends them to standard error because a result goes to standard output."""
    stream = sys.stderr if people else sys.stdout
    for line in lines:
        print(line.text, file=stream)
