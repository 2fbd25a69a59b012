"""`guide`: the documentation that comes with the program, one page for each topic."""

import argparse
import json
import os
import re
import sys
from pathlib import Path

from wizard import codes
from wizard.cli.findings import explained
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.package_data import read_text
from wizard.questions.answers_reference import answers_schema, reference
from wizard.reports.catalogue import catalogue

PAGES = (
    *("tutorial", "set-up", "renew", "new-root", "gateway", "left-to-do", "rescue", "undo", "maintain"),
    *("changes", "security", "exit-codes", "faq", "comparison"),
)
"""Files of `wizard/guide`, in the order in which they are read."""
_MADE = {
    "answers": "Keys of the answers file",
    "answers-schema": "The same as a JSON Schema",
    "json-schema": "What --json prints, as a JSON Schema",
    "troubleshooting": "Every finding and refusal explained",
}


_PICTURE = re.compile(r"!\[(.*)\]\(\.\./\.\./snapshots/(.*)\.svg\)\n")
_TESTS = re.compile(r"^  `tests/.*`\n", re.MULTILINE)
"""For maintainers only: which tests hold what a page promises."""


def run(args: argparse.Namespace) -> int:
    """Print one topic, or the list of topics."""
    print(_list() if args.topic is None else _topic(args.topic), end="")
    return 0


def _topic(name: str) -> str:
    """The text of a topic.

    Raises:
        WizardError: `guide.unknown-topic`.
    """
    if name in PAGES:
        return _TESTS.sub("", _PICTURE.sub(_picture, read_text("wizard.guide", f"{name}.md")))
    if name == "answers":
        return reference()
    if name == "answers-schema":
        return json.dumps(answers_schema(), indent=2) + "\n"
    if name == "json-schema":
        return read_text("wizard.guide", "output.schema.json")
    if name == "troubleshooting":
        found = [spec for spec in catalogue().values() if spec.severity >= Severity.WARNING]
        return "# Findings and refusals\n\n" + "\n\n".join(explained(spec) for spec in found) + "\n"
    raise WizardError(codes.GUIDE_UNKNOWN_TOPIC, name=name, topics=", ".join((*PAGES, *_MADE)))


def _picture(found: re.Match[str]) -> str:
    """What a page of the screen shows, with its caption; nothing where it could not be shown or is not installed."""
    if "utf" not in (getattr(sys.stdout, "encoding", "") or "").lower():
        return ""
    name = f"{found[2]}.txt"
    checkout = Path(__file__).parents[2] / "snapshots" / name
    try:
        there = os.path.isfile(checkout)
        text = checkout.read_text("utf-8") if there else read_text("wizard.guide", f"pictures/{name}")
    except OSError:
        return ""
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    return "\n".join([f"{found[1]}:", "", *lines, ""])


def _list() -> str:
    titles = {name: read_text("wizard.guide", f"{name}.md").partition("\n")[0].lstrip("# ") for name in PAGES}
    return "".join(f"{name:<16}  {title}\n" for name, title in {**titles, **_MADE}.items())
