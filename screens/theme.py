"""Colours by role and marks, also for terminals with few colours or only ASCII."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter
from textual.theme import Theme

from wizard.printable import printable

Part = str | tuple[str, str]
"""Words, or words and their roles."""

DARK, LIGHT, SIXTEEN, MONO = "wizard-dark", "wizard-light", "wizard-16", "wizard-mono"
THEME_NAMES = {"dark": DARK, "light": LIGHT, "16": SIXTEEN, "none": MONO}

_EARLY_TERMINALS = ("dumb", "vt", "ansi", "linux")

# -- colours by role ------------------------------------------------------------------------------------------------
_ROLES = {
    theme: dict(zip(("text", "muted", "accent", "ok", "warn", "bad"), styles, strict=True))
    for theme, styles in (
        (DARK, ("#d8dee6", "#8793a1", "#5cc2d6", "#7fc98a", "#e3b55c", "#ee7b74")),
        (LIGHT, ("#1d2730", "#5a6773", "#0a6c86", "#23713a", "#8a5a00", "#b3261e")),
        (SIXTEEN, ("", "dim", "ansi_cyan", "ansi_green", "ansi_yellow", "ansi_red")),
        (MONO, ("", "dim", "bold", "", "bold", "bold")),
    )
}


class Look:
    """How words are drawn on the terminal at hand: the colour of each role, and whether only ASCII may be sent."""

    def __init__(self) -> None:
        self.roles: Mapping[str, str] = _ROLES[DARK]
        self.ascii = False

    def use(self, theme: str, *, ascii_only: bool) -> None:
        """Draw for *theme* from now on."""
        self.roles = _ROLES[theme]
        self.ascii = ascii_only

    def style(self, roles: str) -> str:
        """The style of one or more roles; words of Textual and Rich (`bold`, `reverse`) stay as they are."""
        return " ".join(style for role in roles.split() if (style := self.roles.get(role, role)))

    def text(self, words: str) -> str:
        r"""*words* without anything that could act on the terminal; in ASCII a foreign letter becomes ``\xfc``."""
        shown = printable(words, newline=True)
        if not self.ascii or shown.isascii():
            return shown
        return "".join(
            sign if sign.isascii() or sign in _DRAWN else sign.encode("ascii", "backslashreplace").decode()
            for sign in shown
        )


look = Look()
"""One for the program: there is one terminal."""


def say(*parts: Part) -> Content:
    """Words for a Static or an option; nothing in them is read as markup."""
    return Content.assemble(*_styled(parts))


def cell(*parts: Part) -> Text:
    """The same for trees and tables, which take Rich's text."""
    return Text.assemble(*((words, style.replace("ansi_", "")) for words, style in _styled(parts)))


def titled(words: str, more: str, roles: str = "accent bold") -> list[Part]:
    """What a page states, and muted words behind it."""
    return [(words, roles), (f"  {more}", "muted")]


def hanging(sign: Part, *parts: Part) -> Table:
    """*parts* behind *sign*, wrapped below themselves."""
    return hanging_rows([(sign, parts)])


def hanging_rows(rows: Iterable[tuple[Part, Sequence[Part]]]) -> Table:
    """The same for several: each row is a sign and what is behind it."""
    table = Table.grid()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for sign, parts in rows:
        table.add_row(cell(sign), cell(*parts))
    return table


def refusal(words: str, hint: str = "") -> tuple[Part, ...]:
    """A refusal: what is so, and what to do in a line of its own."""
    return (f"{BAD} Error: ", "bad bold"), (words, "bad"), f"\n{' '.join(hint.split())}" if hint else ""


def _styled(parts: Iterable[Part]) -> Iterable[tuple[str, str]]:
    for part in parts:
        words, roles = part if isinstance(part, tuple) else (part, "")
        yield look.text(words), look.style(roles)


# -- themes -----------------------------------------------------------------------------------------------------------
def _theme(name: str, back: str, raised: str, roles: Mapping[str, str], **more: Any) -> Theme:
    return Theme(
        name=name,
        background=back,
        surface=back,
        panel=raised,
        foreground=roles["text"],
        primary=roles["accent"],
        secondary=roles["muted"],
        accent=roles["accent"],
        success=roles["ok"],
        warning=roles["warn"],
        error=roles["bad"],
        **more,
    )


def _rgb(name: str, back: str, raised: str, line: str, cursor: str, *, dark: bool) -> Theme:
    roles = _ROLES[name]
    variables = {
        "line": line,
        "raised": raised,
        "muted": roles["muted"],
        "on-accent": back,
        "border": roles["accent"],
        "border-blurred": line,
        "block-cursor-foreground": roles["text"],
        "block-cursor-background": cursor,
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": roles["text"],
        "block-cursor-blurred-background": raised,
        "block-cursor-blurred-text-style": "none",
        "scrollbar": line,
        "scrollbar-background": back,
        "input-selection-background": f"{roles['accent']} 35%",
    }
    return _theme(name, back, raised, roles, dark=dark, variables=variables)


def _ansi(name: str, accent: str, good: str, warn: str, bad: str) -> Theme:
    plain = "ansi_default"
    names = (
        "line raised muted on-accent border-blurred ansi-background ansi-foreground scrollbar-background "
        "scrollbar-corner-color block-cursor-foreground block-cursor-background block-cursor-blurred-foreground "
        "block-cursor-blurred-background input-cursor-background input-cursor-foreground input-selection-background "
        "input-selection-foreground"
    )
    variables = {
        **dict.fromkeys(names.split(), plain),
        **dict.fromkeys(("border", "scrollbar"), accent),
        "block-cursor-text-style": "bold reverse",
        "block-cursor-blurred-text-style": "bold",
        "input-cursor-text-style": "reverse",
    }
    roles = {"text": plain, "muted": accent, "accent": accent, "ok": good, "warn": warn, "bad": bad}
    more = {"dark": True, "ansi": True, "boost": plain, "luminosity_spread": 0}
    return _theme(name, plain, plain, roles, **more, variables=variables)


def themes() -> list[Theme]:
    """All four."""
    return [
        _rgb(DARK, "#12161b", "#1e252d", "#3a4653", "#1d4450", dark=True),
        _rgb(LIGHT, "#fbfcfd", "#e6ebf0", "#b4bfc9", "#cfe6ee", dark=False),
        _ansi(SIXTEEN, "ansi_cyan", "ansi_green", "ansi_yellow", "ansi_red"),
        _ansi(MONO, "ansi_default", "ansi_default", "ansi_default", "ansi_default"),
    ]


def theme_for(wanted: str, environ: Mapping[str, str] = os.environ) -> str:
    """The theme for the terminal that *environ* describes; *wanted* is a name of `THEME_NAMES`, or "" for none."""
    if "NO_COLOR" in environ:
        return MONO
    if wanted in THEME_NAMES:
        return THEME_NAMES[wanted]
    many = environ.get("COLORTERM", "") in {"truecolor", "24bit"} or any(
        word in environ.get("TERM", "") for word in ("256color", "direct", "kitty")
    )
    return DARK if many else SIXTEEN


# -- marks ------------------------------------------------------------------------------------------------------------
OK, WARN, BAD, INFO, NOW, TODO = "\u2713", "!", "\u2717", "\u00b7", "\u25cf", "\u25cb"
ELLIPSIS = "\u2026"
MARKS: dict[str, Part] = {
    "ok": (f"{OK} ", "ok"),
    "warn": (f"{WARN} ", "warn bold"),
    "bad": (f"{BAD} ", "bad bold"),
    "info": (f"{INFO} ", "muted"),
    "now": (f"{NOW} ", "accent bold"),
    "todo": (f"{TODO} ", "muted"),
}
"""A state and its mark; the word for the state is always beside it."""

_TABLE = {
    **dict.fromkeys("─╴╶▔▁▄▀╌", "-"),
    **dict.fromkeys("━╸╺", "="),
    **dict.fromkeys("│┃╎▏▕┊▊▎", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("█▅▆▇", "#"),
    **dict.fromkeys("▂▃\u2013", "-"),
    **dict.fromkeys("▸▶→", ">"),
    **dict.fromkeys("▾▼", "v"),
    OK: "v",
    BAD: "x",
    INFO: ".",
    NOW: "*",
    TODO: "o",
    ELLIPSIS: "~",
    "\u2022": "*",
    "▐": "[",
    "▌": "]",
}
_TO_ASCII = str.maketrans(_TABLE)
_DRAWN = frozenset(_TABLE)
"""Signs that the program and Textual draw themselves; the filter translates them."""


class AsciiFilter(LineFilter):
    """Everything that is drawn, also by Textual's own widgets, in ASCII of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """One line."""
        return [
            segment if segment.text.isascii() else Segment(_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


class ShortFilter(LineFilter):
    """The same line in fewer parts: each part costs a slow link about twenty bytes of colour."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - Textual's signature
        """One line. A blank has no foreground, so it takes the style of the part before it."""
        made: list[Segment] = []
        for segment in segments:
            last = made[-1] if made else None
            if last is None or last.control or segment.control:
                made.append(segment)
            elif segment.style == last.style or (_blank(segment) and _same_ground(segment.style, last.style)):
                made[-1] = Segment(last.text + segment.text, last.style)
            else:
                made.append(segment)
        return made


def _blank(segment: Segment) -> bool:
    return not segment.text.strip(" ")


def _same_ground(one: Style | None, other: Style | None) -> bool:
    """Whether a blank looks the same in both styles."""
    if one is None or other is None:
        return False
    lines = [
        (each.bgcolor, each.reverse, each.underline, each.underline2, each.strike, each.overline)
        for each in (one, other)
    ]
    return lines[0] == lines[1] and not any(lines[0][1:])


def _ascii(text: str) -> str:
    drawn = text.translate(_TO_ASCII)
    if drawn.isascii():
        return drawn
    return "".join(sign if sign.isascii() else "?" * Segment(sign).cell_length for sign in drawn)


def ascii_wanted(mode: bool | None, encoding: str, environ: Mapping[str, str] = os.environ) -> bool:  # noqa: FBT001 - three-valued
    """Whether to draw with ASCII alone.

    Args:
        mode: what the operator asked for; None leaves it to the terminal.
        encoding: of the stream that is drawn on.
        environ: for `TERM` and the locale.
    """
    if mode is not None:
        return mode
    if "utf" not in encoding.lower():
        return True
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    if "utf" in locale.lower().replace("-", ""):
        return False
    # Python turns a C locale into UTF-8 for itself; the terminal knows nothing of that.
    return locale in {"", "C", "POSIX"} or environ.get("TERM", "").startswith(_EARLY_TERMINALS)


# -- pictures made of signs -----------------------------------------------------------------------------------------
SOON_DAYS = 90
"""With fewer days left a lifetime is drawn as a warning."""


def life_role(days: int) -> str:
    """The role for so many days left."""
    return "bad" if days < 0 else "warn" if days < SOON_DAYS else "ok"


def lifetime(past: float, days: int, width: int) -> list[Part]:
    """A validity as a line: light is past, the dot is today, heavy is left. *past* is its share, from 0 to 1."""
    role = life_role(days)
    at = min(width - 1, max(0, round(past * (width - 1))))
    return [("─" * at, "muted"), (NOW, role), ("━" * (width - 1 - at), role)]


def boxes(nodes: list[tuple[str, str, str]], links: list[tuple[str, str, str]], gap: int, wide: int = 18) -> Content:
    """Machines and the lines between them, in four rows.

    Args:
        nodes: name, words below it, role.
        links: words, mark and role of each line.
        gap: columns between two boxes.
        wide: columns inside a box.
    """
    rows: list[list[Part]] = [[], [], [], []]
    for at, (name, below, role) in enumerate(nodes):
        last = at == len(links)
        rows[0].append(("╭" + "─" * wide + "╮", "muted"))
        rows[1] += [
            ("┤" if at else "│", "muted"),
            (_centred(name, wide), f"{role} bold"),
            ("│" if last else "├", "muted"),
        ]
        rows[2] += [("│", "muted"), (_centred(below, wide), "muted"), ("│", "muted")]
        rows[3].append(("╰" + "─" * wide + "╯", "muted"))
        if not last:
            words, mark, how = links[at]
            left = (gap - 3) // 2
            rows[1] += [("─" * left, how), (f" {mark} ", f"{how} bold"), ("─" * (gap - 3 - left), how)]
            rows[0].append(" " * gap)
            rows[2].append((_centred(words, gap), how))
            rows[3].append(" " * gap)
    return say(*(part for at, row in enumerate(rows) for part in ([*(["\n"] if at else []), *row])))


def _centred(words: str, width: int) -> str:
    return f"{cut(look.text(words), width):^{width}}"


def cut(words: str, width: int) -> str:
    """*words* in *width* columns, with a sign where something was cut."""
    return words if len(words) <= width else f"{words[: max(0, width - 1)]}{ELLIPSIS}"
