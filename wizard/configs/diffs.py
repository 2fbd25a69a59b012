"""Mask passwords in configuration texts."""

import difflib
import re

from wizard.configs.encoding import utf_16
from wizard.printable import printable
from wizard.secret import MASK

SECRET_KEYS: tuple[str, ...] = (
    "passw(?:or)?[dt]", "passphrase", "passwd", "secret", "token", "credential", "api[-_]?key", "private[-_]?key",
    "(?:store|key)pass", r"(?<![a-z])pwd?(?![a-z])",
)  # fmt: skip
"""What the key of a secret looks like, as patterns without regard to case."""

_START = re.compile(
    r"""(?i)(?<![\w.\-])(?:"[^"\n]*?|'[^'\n]*?|[\w.$\-]*?)"""
    rf"""(?:{"|".join(SECRET_KEYS)})[\w.\-]*["']?[ \t]*(?:\+=|[=:]|(?=\{{))"""
)
_ITEM = re.compile(
    r"""
      \"{3}[\s\S]*?\"{3}(?!") | \"{3}[\s\S]*      # three quotes, closed or not
    | "(?:[^"\\\n]|\\.)*" | "[^\n]*
    | '[^'\n]*' | '[^\n]*
    | \$\{[^}\n]*\}
    | [^\s,}\]"'][^\s,"']*                       # a word, and the signs that a parser would stumble over
    | [ \t]+(?=[^\s\#,}\]/])
    """,
    re.VERBOSE,
)
_BRACKETS = re.compile(r'"(?:[^"\\\n]|\\.)*"|(?:#|//)[^\n]*|[{}\[\]]')
_NEXT_SETTING = re.compile(r'[ \t]*(?:export[ \t]+)?(?:"[^"\n]*"|[\w.\-]+)[ \t]*(?:[=:{]|\+=)|[ \t]*[}\]#]|[ \t]*//')
_SPACE = re.compile(r"\s*")
_URL = re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]{0,20}://[^\s/:@\"']{0,200}:)[^\s@/\"']+(@)")


def masked(text: str) -> str:
    """*text* with the value of every setting whose key looks like a secret's replaced by eight stars.

    It works on HOCON and on `NAME="value"`, comments included, without reading the text as a whole, so that damaged
    files are covered too; in doubt it covers more. The number of lines stays: a value of several lines becomes as many
    lines of stars. Passwords in URLs are covered as well.
    """
    result: list[str] = []
    position = 0
    while match := _START.search(text, position):
        begin, end = _value(text, match.end())
        covered = (MASK if line.strip() else line for line in text[begin:end].split("\n"))
        result += [text[position:begin], "\n".join(covered)]
        position = max(end, match.end())
    result.append(text[position:])
    return _URL.sub(rf"\g<1>{MASK}\2", "".join(result))


def _value(text: str, position: int) -> tuple[int, int]:
    """From where to where the value is that belongs to the separator before *position*."""
    begin = _SPACE.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty text, so always
    if "\n" in text[position:begin]:
        # In HOCON a value may be on a later line; in the other format that line is the next setting.
        line = text.rfind("\n", 0, begin) + 1
        if _NEXT_SETTING.match(text, line):
            return position, position
    if text[begin : begin + 1] in {"{", "["}:
        return begin, _closed(text, begin)
    end = begin
    while match := _ITEM.match(text, end):
        end = match.end()
    return begin, end


def _closed(text: str, position: int) -> int:
    depth = 0
    for match in _BRACKETS.finditer(text, position):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if depth <= 0 and match[0] in "}]":
            return match.end()
    return len(text)


_LONGEST = 400
"""Characters of one line that are shown."""
_CONTEXT = 3
"""Unchanged lines that are shown around a change."""


def unified(path: str, old: bytes, new: bytes) -> str:
    """The unified diff of two versions of the file at *path*; "" when they are equal byte by byte.

    Secrets are covered on both sides; a line that differs only in a secret is still shown as changed. A change of the
    encoding is reported in a line of its own. Byte order marks are written out as escapes, and carriage returns where
    something about them changes.
    """
    if old == new:
        return ""
    (before_kind, before), (after_kind, after) = _text(old), _text(new)
    name = printable(path)
    result = [f"--- {name}", f"+++ {name}"]
    if before_kind != after_kind:
        result.append(f"# encoding: {before_kind} becomes {after_kind}")
    one, two = before.split("\n"), after.split("\n")
    returns = _returns(one) != _returns(two)
    shown_one, shown_two = (_shown(masked(text), returns=returns) for text in (before, after))
    # Compare what is really there and show what may be seen; equal ends are cut off first, for long files.
    head = _common(one, two)
    tail = _common(one[head:][::-1], two[head:][::-1])
    matcher = difflib.SequenceMatcher(None, one[head : len(one) - tail], two[head : len(two) - tail], autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        old_range, new_range = _range(first[1] + head, last[2] + head), _range(first[3] + head, last[4] + head)
        result.append(f"@@ -{old_range} +{new_range} @@")
        for tag, start, stop, new_start, new_stop in group:
            if tag == "equal":
                result += [f" {line}" for line in shown_one[start + head : stop + head]]
                continue
            result += [f"-{line}" for line in shown_one[start + head : stop + head]]
            result += [f"+{line}" for line in shown_two[new_start + head : new_stop + head]]
    if (not before.endswith("\n")) != (not after.endswith("\n")):
        result.append("\\ the line break at the end of the file changes")
    return "\n".join(result) + "\n"


def _text(data: bytes) -> tuple[str, str]:
    kind = utf_16(data)
    if kind:
        return "UTF-16", data.decode(kind, "replace")
    try:
        return "UTF-8", data.decode()
    except UnicodeDecodeError:
        return "partly not UTF-8", data.decode("utf-8", "surrogateescape")


def _returns(lines: list[str]) -> set[bool]:
    return {line.endswith("\r") for line in lines[:-1]}


def _shown(text: str, *, returns: bool) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [
        printable((line if returns else line.removesuffix("\r")).replace("\t", "    "), limit=_LONGEST)
        for line in lines
    ]


def _common(one: list[str], two: list[str]) -> int:
    """How many lines at the beginning are equal and farther away than the context that is shown."""
    count = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return max(0, count - _CONTEXT)


def _range(start: int, stop: int) -> str:
    length = stop - start
    return str(start + 1) if length == 1 else f"{start + 1 if length else start},{length}"
