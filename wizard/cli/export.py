"""`export ansible`: a folder with which Ansible rolls the change out over many machines."""

import argparse
from pathlib import Path

from wizard.cli.output import print_json, print_lines
from wizard.reports.lines import finding_lines

_EPILOG = """\
The folder holds a playbook, an inventory, and the files of every primary and
gateway. On a primary Ansible only starts this wizard, which must be installed
there; gateways get their stores and the lines of the unattended file. What
holds a key or a password is encrypted for ansible-vault.

EXAMPLES
  cloudstream-wizard export ansible --answers answers.toml --out rollout \\
      --secret vault-password=file:/root/vault.pw
  cloudstream-wizard export ansible --answers answers.toml --out rollout \\
      --plain-secrets --json
  ansible-playbook -i rollout/inventory.ini --check rollout/site.yml

EXIT CODES
  0 written   2 wrong usage, unusable input, or a certificate that does not fit
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `export`."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "export",
        help="roll-out over many machines with Ansible",
        description="Write what another tool needs to make the change on many machines.",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="TOOL", required=True)
    ansible = kinds.add_parser(
        "ansible",
        help="a playbook with inventory and files",
        description="Write a playbook with inventory and the files of every primary and gateway.",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    ansible.add_argument("--answers", metavar="FILE", required=True, type=Path, help="the answers (TOML)")
    ansible.add_argument("--out", metavar="DIR", required=True, type=Path, help="a folder that is new or empty")
    ansible.add_argument(
        "--plain-secrets", action="store_true", help="leave keys and passwords unencrypted, to encrypt them yourself"
    )
    ansible.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make everything, then write it."""
    from wizard.cli.apply import open_session  # noqa: PLC0415 - usage errors need no engine
    from wizard.handoff.ansible import VAULT_SECRET, make_fleet  # noqa: PLC0415 - likewise
    from wizard.handoff.build import root_doubts, write_files  # noqa: PLC0415 - likewise

    session = open_session(args)
    fleet = make_fleet(session, args.secrets.named(VAULT_SECRET), plain=args.plain_secrets)
    print_lines(finding_lines(root_doubts(session)), people=True)
    if not args.dry_run:
        write_files(args.out, fleet.files)
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
