"""`export ansible`: a folder with which Ansible rolls the change out over many machines."""

import argparse

from wizard.cli.inputs import open_inputs
from wizard.cli.output import print_json, print_lines
from wizard.handoff.ansible import VAULT_SECRET, make_fleet
from wizard.handoff.build import root_warnings, unrecorded, write_files
from wizard.reports.lines import finding_lines


def run(args: argparse.Namespace) -> int:
    """Make everything, then write it."""
    inputs = open_inputs(args)
    fleet = make_fleet(inputs, args.secrets.named(VAULT_SECRET), plain=args.plain_secrets)
    print_lines(finding_lines(root_warnings(inputs)), people=True)
    if not args.dry_run:
        write_files(args.out, fleet.files)
        print_lines(finding_lines(unrecorded(args.machine, fleet.handed_out, args.out)), people=True)
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
