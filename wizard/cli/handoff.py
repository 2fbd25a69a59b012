"""`handoff`: bundles and checklists for the portal, the gateways and the clients."""

import argparse

from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.handoff.build import make_packs, order_of, root_warnings, unattended_findings, unrecorded, write_packs
from wizard.printable import printable
from wizard.reports.lines import Line, finding_lines


def run(args: argparse.Namespace) -> int:
    """Make all bundles, then write them."""
    inputs = open_inputs(args)
    packs = make_packs(inputs)
    exposed = unattended_findings(inputs)
    unclear = root_warnings(inputs)
    findings = [*exposed, *unclear]
    for finding in exposed:
        where = Line(f"{printable(finding.subject.path)}, line {finding.subject.line}:")
        print_lines([where, *finding_lines([finding])], people=True)
    print_lines(finding_lines(unclear), people=True)
    if not args.dry_run:
        write_packs(args.out, packs, order_of(inputs))
        print_lines(finding_lines(unrecorded(args.machine, packs, args.out)), people=True)
    if args.json:
        members = [
            {
                "folder": pack.folder,
                "title": pack.title,
                "files": [file.name for file in pack.files],
                "steps": pack.steps,
            }
            for pack in packs
        ]
        print_json(
            "handoff", {"out": str(args.out), "packs": members, "findings": [finding.as_json() for finding in findings]}
        )
    else:
        for pack in packs:
            print(f"{pack.title}: {args.out / pack.folder}")
            for file in pack.files:
                print(f"  {file.name}{'  (secret)' if file.secret else ''}")
        print(f"Start with {args.out / 'README.md'}")
    return 0
