"""`handoff` and `export`: the files for other machines; `rehearse`: mutual TLS between the chains, in memory."""

import argparse

from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.errors import ExitCode
from wizard.handoff import build
from wizard.handoff.ansible import VAULT_SECRET, make_fleet
from wizard.planning.proofs import rehearsal_lines, rehearse_all
from wizard.printable import printable
from wizard.reports.lines import Line, finding_lines


def run(args: argparse.Namespace) -> int:
    """Make all bundles, then write them."""
    inputs = open_inputs(args)
    packs = build.make_packs(inputs)
    exposed, unclear = build.unattended_findings(inputs), build.root_warnings(inputs)
    for finding in exposed:
        where = Line(f"{printable(finding.subject.path)}, line {finding.subject.line}:")
        print_lines([where, *finding_lines([finding])], people=True)
    print_lines(finding_lines(unclear), people=True)
    if not args.dry_run:
        build.write_packs(args.out, packs, build.order_of(inputs))
        print_lines(finding_lines(build.unrecorded(args.machine, packs, args.out)), people=True)
    if args.json:
        members = [
            {"folder": one.folder, "title": one.title, "files": [file.name for file in one.files], "steps": one.steps}
            for one in packs
        ]
        print_json("handoff", {"out": str(args.out), "packs": members, "findings": [*exposed, *unclear]})
    else:
        for pack in packs:
            print(f"{pack.title}: {args.out / pack.folder}")
            for file in pack.files:
                print(f"  {file.name}{'  (secret)' if file.secret else ''}")
        print(f"Start with {args.out / 'README.md'}")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Make everything, then write it."""
    inputs = open_inputs(args)
    fleet = make_fleet(inputs, args.secrets.named(VAULT_SECRET), plain=args.plain_secrets)
    print_lines(finding_lines(build.root_warnings(inputs)), people=True)
    if not args.dry_run:
        build.write_files(args.out, fleet.files)
        print_lines(finding_lines(build.unrecorded(args.machine, fleet.handed_out, args.out)), people=True)
    if args.json:
        members = {
            "out": str(args.out),
            "primaries": fleet.primaries,
            "gateways": fleet.gateways,
            "files": [{"path": file.name, "secret": file.secret} for file in fleet.files],
        }
        print_json("export", members)
    else:
        for file in fleet.files:
            print(f"{args.out / file.name}{'  (secret)' if file.secret else ''}")
        print(f"Start with {args.out / 'README.md'}")
    return 0


def run_rehearse(args: argparse.Namespace) -> int:
    """Rehearse, and print what would happen."""
    rehearsed = rehearse_all(open_inputs(args))
    if args.json:
        print_json("rehearse", {"machines": rehearsed})
    else:
        for one in rehearsed:
            print_lines(Line(f"{step.outcome:8}  {step.name}  {step.detail}".rstrip()) for step in one.rehearsal.steps)
        print_lines(rehearsal_lines(rehearsed))
    return int(ExitCode.DONE if all(one.rehearsal.ok for one in rehearsed) else ExitCode.FINDINGS)
