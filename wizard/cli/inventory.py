"""`inventory`: every certificate that was handed out in a bundle, and which machines are not watched any more."""

import argparse

from wizard import codes
from wizard.cli.output import print_json, print_lines
from wizard.errors import WizardError
from wizard.handoff import inventory
from wizard.handoff.inventory import HandedOut, newest
from wizard.printable import printable
from wizard.reports.lines import Line, Tone


def run(args: argparse.Namespace) -> int:
    """Print what was handed out; first forget the machines of `--remove`."""
    for name in args.remove:
        if not any(each.machine.lower() == name.lower() for each in inventory.load(args.machine)):
            raise WizardError(codes.INVENTORY_NO_MACHINE, subject=name, name=name)
        if not args.dry_run:
            inventory.remove(args.machine, name)
    entries = inventory.load(args.machine)
    now = newest(entries)
    earlier = [each for each in entries if each not in now]
    if args.json:
        print_json("inventory", {"machines": now, "earlier": earlier})
        return 0
    print_lines(_lines(now))
    if earlier:
        print_lines([Line("Earlier, replaced since:", Tone.HEADING), *_lines(earlier)])
    if not entries:
        print_lines([Line("Nothing has been handed out yet.")])
    return 0


def _lines(entries: tuple[HandedOut, ...] | list[HandedOut]) -> list[Line]:
    result = []
    for each in sorted(entries, key=lambda entry: (entry.chain[0].not_after, entry.machine)):
        leaf = each.chain[0]
        result += [
            Line(f"{leaf.not_after[:10]}  {each.role} {printable(each.machine)}: {printable(leaf.name)}"),
            Line(f"            SHA-256 {printable(leaf.sha256)}", Tone.FAINT),
            Line(f"            {each.at[:10]} {printable(each.bundle)}", Tone.FAINT),
        ]
    return result
