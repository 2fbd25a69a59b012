"""`handoff`: packs and checklists for the portal, the gateways and the clients."""

import argparse
from pathlib import Path

from wizard.cli.output import print_json
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity

REFUSALS = (
    FindingSpec(
        "handoff.folder-in-use",
        Severity.BLOCKER,
        "the folder for the packs is not empty",
        "The folder that the packs shall be written into holds something already.",
        "Old and new keys side by side are mixed up sooner or later.",
        "Name a new folder, or delete the old packs first.",
        "design of the wizard",
    ),
    FindingSpec(
        "file.not-writable",
        Severity.BLOCKER,
        "a folder cannot be written",
        "The folder that shall be written into cannot be written.",
        "Nothing can be handed off without it.",
        "Name another folder, or check its rights and the free space.",
        "design of the wizard",
    ),
)

_EPILOG = """\
EXAMPLES
  cloudstream-wizard handoff --answers answers.toml --out packs
  cloudstream-wizard handoff --answers answers.toml --out packs --json

EXIT CODES
  0 written   2 wrong usage, unusable input, or a certificate that does not fit
"""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `handoff`."""
    parser = subparsers.add_parser(
        "handoff",
        help="packs and checklists for portal, gateways, clients",
        description="Write a folder for each machine that the wizard cannot reach.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--answers", metavar="FILE", required=True, type=Path, help="the answers (TOML)")
    parser.add_argument("--out", metavar="DIR", required=True, type=Path, help="a folder that is new or empty")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make all packs, then write them."""
    from wizard.cli.apply import open_session  # noqa: PLC0415 - usage errors need no engine
    from wizard.nodes.handoff import make_packs, overview  # noqa: PLC0415 - likewise

    packs = make_packs(open_session(args))
    written = [(f"{pack.folder}/{file.name}", file.data, file.secret) for pack in packs for file in pack.files]
    written.insert(0, ("README.md", overview(packs), False))
    if not args.dry_run:
        _write(args.out, written)
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
        print_json("handoff", {"out": str(args.out), "packs": members})
    else:
        for pack in packs:
            print(f"{pack.title}: {args.out / pack.folder}")
            for file in pack.files:
                print(f"  {file.name}{'  (secret)' if file.secret else ''}")
        print(f"Start with {args.out / 'README.md'}")
    return 0


def _write(out: Path, files: list[tuple[str, bytes, bool]]) -> None:
    from wizard.change.durable import put_file  # noqa: PLC0415 - likewise

    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise WizardError(
                "handoff.folder-in-use",
                f"{out} is not empty.",
                "Name a new folder, or delete the old packs first.",
                str(out),
            )
        for name, data, secret in files:
            (out / name).parent.mkdir(mode=0o700, exist_ok=True)
            put_file(out / name, data, mode=0o600 if secret else 0o644)
    except OSError as error:
        raise WizardError(
            "file.not-writable", f"{out} cannot be written: {error.strerror}.", "Name another folder.", str(out)
        ) from error
