"""`timer`: a systemd timer that runs `status` regularly, installed and removed as a change."""

import argparse
from pathlib import Path

from wizard.cli.changes import carry_out
from wizard.cli.output import print_lines
from wizard.host.machine import options
from wizard.planning.timer import TIMER, plan_no_timer, plan_timer
from wizard.reports import outcome
from wizard.reports.lines import Line
from wizard.self_start import own_command


def run(args: argparse.Namespace) -> int:
    """Plan it, show it, ask, and make it."""
    if args.action == "install":
        plan = plan_timer(args.machine, [*own_command(), *_status(args)], args.calendar)
    else:
        plan = plan_no_timer(args.machine)
    if plan.is_empty:
        print_lines([Line(f"Nothing to do: {TIMER} is already set up like this.")], people=args.json)
    else:
        print_lines(outcome.review(plan, (), args.machine), people=True)
    return carry_out(args, "timer", plan, {})


def _status(args: argparse.Namespace) -> list[str]:
    """The command that the timer runs: this machine, and what differs from the defaults."""
    words = ["status", *options(args.machine), "--warn", str(args.warn), "--critical", str(args.critical)]
    words += [word for host in args.host for word in ("--host", host)]
    words += ["--port", str(args.port)] if args.port else []
    words += ["--servername", args.servername] if args.servername else []
    words += [word for path in args.also for word in ("--also", str(Path(path).absolute()))]
    return words + (["--prometheus", str(args.prometheus.absolute())] if args.prometheus else [])
