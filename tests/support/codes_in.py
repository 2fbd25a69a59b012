"""Which codes a part of the engine uses, read from its source."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from wizard import codes
from wizard.findings import Code

ROOT = Path(__file__).resolve().parents[2]


@cache
def parsed(source: str) -> ast.Module:
    """*source*, which several tests look through, parsed once."""
    return ast.parse(source)


def constants_in(source: str) -> Iterator[Code]:
    """The constant of each `codes.NAME` in *source*."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "codes":
            found = getattr(codes, node.attr)
            if isinstance(found, Code):
                yield found


def codes_in(*places: str) -> set[str]:
    """The codes that the files and folders *places*, relative to the repository, name."""
    paths = [ROOT / place for place in places]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return {spec.code for file in files for spec in constants_in(file.read_text(encoding="utf-8"))}
