"""Writes the list of public roots that comes with the wizard, from the roots of Mozilla as certifi has them.

`make public-roots` runs it; look at the difference before it is committed.
"""

import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import certifi

from wizard.certificates import fields, names
from wizard.certificates.reading import read

TARGET = Path(__file__).parents[2] / "wizard/certificates/data/public_roots.txt"
HEAD = """\
# Public roots: SHA-256, last day, name. Made from certifi {version} on {day:%Y-%m-%d} by `make public-roots`.
"""


def listed(pem: bytes) -> list[str]:
    """One line for each root in *pem*, in the order of their names."""
    roots = [(names.short(root), root) for root in read(pem, name="certifi").certificates]
    roots.sort(key=lambda pair: (pair[0].lower(), pair[1].sha256))
    return [f"{root.sha256} {fields.not_after(root):%Y-%m-%d} {name}" for name, root in roots]


def main() -> int:
    """Write the file and say how many roots it has."""
    lines = listed(certifi.contents().encode())
    head = HEAD.format(version=version("certifi"), day=datetime.now(UTC))
    TARGET.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{TARGET}: {len(lines)} public roots")
    return 0


if __name__ == "__main__":
    sys.exit(main())
