"""`store`: password and alias of the key store, back to the built-in certificate, expired CAs removed."""

import argparse
from pathlib import Path

from wizard.cli.apply import make
from wizard.planning.inputs import from_sources
from wizard.planning.primary.plan import STORE_SECRET
from wizard.questions.answers import GENERATE, PROMPT, Answers, Goal, Maintenance, PrimaryAnswers
from wizard.questions.flow import DEFAULT_WAIT_S
from wizard.session.session import Session


def run(args: argparse.Namespace) -> int:
    """Plan it, show it, ask, and make it."""
    usual = PrimaryAnswers()
    primary = PrimaryAnswers(
        host=args.servername,
        nodes=tuple(args.host) or usual.nodes,
        port=args.port or usual.port,
        alias=getattr(args, "alias", ""),
        keystore_password=PROMPT if args.secrets.source(STORE_SECRET) else GENERATE,
    )
    answers = Answers(goal=Goal.MAINTAIN, primary=primary, maintenance=Maintenance(args.action))
    wait_s = DEFAULT_WAIT_S if args.wait is None else args.wait
    inputs = from_sources(args.machine, answers, Path.cwd(), args.secrets.named, wait_s=wait_s, dry_run=args.dry_run)
    return make(args, Session.of(inputs), "store", own=False)
