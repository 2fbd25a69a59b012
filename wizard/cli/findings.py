"""The command `findings`: the catalogue of everything that the wizard can say, or one entry explained."""

import argparse
import re
import textwrap

from wizard.cli.output import print_json
from wizard.errors import ExitCode
from wizard.findings import FindingSpec
from wizard.reports.catalogue import catalogue, entry

WIDTH = 78


def run(args: argparse.Namespace) -> int:
    """Print the catalogue or one entry."""
    specs = [entry(args.code)] if args.code else list(catalogue().values())
    if args.json:
        print_json("findings", {"findings": [_json(spec) for spec in specs]})
    elif args.code:
        print(explained(specs[0]))
    else:
        widest = max(len(spec.code) for spec in specs)
        for spec in specs:
            print(f"{spec.code:<{widest}}  {spec.severity.word:<7}  {spec.title}")
    return int(ExitCode.DONE)


def explained(spec: FindingSpec) -> str:
    """One entry as a short page."""
    parts = (("What", _general(spec.message)), ("Why", spec.why), ("Do", _general(spec.fix)), ("From", spec.source))
    body = [
        textwrap.fill(f"{word + ':':<6}{text}", WIDTH, subsequent_indent=" " * 6, break_long_words=False)
        for word, text in parts
    ]
    return "\n".join([f"{spec.code} ({spec.severity.word})", spec.title, "", *body])


def _general(template: str) -> str:
    """A template with its facts as words in angle brackets: `{name}` becomes `<name>`."""
    return re.sub(r"\{([a-z_][a-z0-9_]*)\}", lambda found: f"<{found[1].replace('_', ' ')}>", template)


def _json(spec: FindingSpec) -> dict[str, str]:
    return {
        "code": spec.code,
        "severity": spec.severity.word,
        "title": spec.title,
        "message": _general(spec.message),
        "why": spec.why,
        "fix": _general(spec.fix),
        "source": spec.source,
    }
