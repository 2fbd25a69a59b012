"""Mask passwords in configuration texts."""

import re
from collections.abc import Iterable

from wizard.secret import MASK

SECRET_KEYS: tuple[str, ...] = (
    "passw(?:or)?[dt]",
    "passphrase",
    "passwd",
    "secret",
    "token",
    "credential",
    "api[-_]?key",
    "private[-_]?key",
    "(?:store|key)pass",
    r"(?<![a-z])pwd?(?![a-z])",
)
"""What the key of a secret looks like, as patterns without regard to case."""

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


def masked(text: str, keys: Iterable[str] = SECRET_KEYS) -> str:
    """*text* with the value of every setting whose key looks like a secret's replaced by eight stars.

    It works on HOCON and on `NAME="value"`, comments included, without reading the text as a whole, so that damaged
    files are covered too; in doubt it covers more. The number of lines stays: a value of several lines becomes as many
    lines of stars. Passwords in URLs are covered as well.
    """
    names = "|".join(keys)
    start = re.compile(
        rf"""(?i)(?<![\w.\-])(?:"[^"\n]*?|'[^'\n]*?|[\w.$\-]*?)(?:{names})[\w.\-]*["']?[ \t]*(?:\+=|[=:]|(?=\{{))"""
    )
    result: list[str] = []
    position = 0
    while match := start.search(text, position):
        begin, end = _value(text, match.end())
        result += [text[position:begin], _covered(text[begin:end])]
        position = max(end, match.end())
    result.append(text[position:])
    return _URL.sub(rf"\g<1>{MASK}\2", "".join(result))


def _covered(value: str) -> str:
    return "\n".join(MASK if line.strip() else line for line in value.split("\n")) if value else value


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
