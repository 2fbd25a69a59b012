"""The command `findings`: the catalogue of everything that the wizard can say, or one entry explained."""

import argparse
import string
import textwrap

from wizard.cli.output import print_json
from wizard.errors import ExitCode
from wizard.findings import Code
from wizard.reports.catalogue import catalogue, entry
from wizard.reports.lines import WIDTH


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
            print(f"{spec.code:<{widest}}  {spec.severity.word:<7}  {spec.text.title}")
    return int(ExitCode.DONE)


def explained(spec: Code) -> str:
    """One entry as a short page."""
    text = spec.text
    parts = (("What", _general(text.message)), ("Why", text.why), ("Do", _general(text.fix)), ("From", text.source))
    body = [
        textwrap.fill(f"{word + ':':<6}{text}", WIDTH, subsequent_indent=" " * 6, break_long_words=False)
        for word, text in parts
    ]
    return "\n".join([f"{spec.code} ({spec.severity.word})", text.title, "", *body])


def _general(template: str) -> str:
    """A template in one line, with its facts as words in angle brackets: `{name}` becomes `<name>`."""
    return " ".join("".join(_words(*part[:2]) for part in string.Formatter().parse(template)).split())


def _words(text: str, fact: str | None) -> str:
    return text if fact is None else f"{text}<{fact.replace('_', ' ')}>"


def _json(spec: Code) -> dict[str, str]:
    return {
        "code": spec.code,
        "severity": spec.severity.word,
        "title": spec.text.title,
        "message": _general(spec.text.message),
        "why": spec.text.why,
        "fix": _general(spec.text.fix),
        "source": spec.text.source,
    }
