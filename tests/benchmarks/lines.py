"""Lines of code and texts, without blank lines, comments and docstrings: `python tests/benchmarks/lines.py [FOLDER]`."""

import ast
import io
import sys
import tokenize
from pathlib import Path

FOLDERS = ("wizard", "screens", "tests")
SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def counted(source: str) -> int:
    """The lines of Python *source* on which something stands that is neither comment nor docstring."""
    described: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        for inner in getattr(node, "body", None) or [] if not isinstance(node, ast.Lambda | ast.IfExp) else []:
            if (
                isinstance(inner, ast.Expr)
                and isinstance(inner.value, ast.Constant)
                and isinstance(inner.value.value, str)
            ):
                described.update(range(inner.lineno, (inner.end_lineno or inner.lineno) + 1))
    used: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SKIPPED:
            used.update(range(token.start[0], token.end[0] + 1))
    return len(used - described)


def main(root: Path) -> None:
    """Print the count of each folder: Python, and the texts beside it."""
    for folder in FOLDERS:
        python = sum(counted(path.read_text()) for path in (root / folder).rglob("*.py"))
        texts = [path for path in (root / folder).rglob("*") if path.suffix in {".md", ".txt", ".toml", ".tcss", ".sh"}]
        lines = sum(1 for path in texts for line in path.read_text(errors="replace").splitlines() if line.strip())
        print(f"{folder:<10} {python:>7} lines of code  {lines:>7} lines of texts")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
