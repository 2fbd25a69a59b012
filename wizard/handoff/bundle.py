"""Packs for the machines that the wizard cannot reach: files with a checklist, all made before any is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.package_data import read_text


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack.

    Attributes:
        name: relative, with `/`; every part is safe on every system.
        data: the bytes; never shown.
        secret: holds a key or a password, so it is written with mode 0600 instead of 0644.
    """

    name: str
    data: bytes = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Pack:
    """What one machine, or the portal, needs.

    Attributes:
        folder: its name in the hand-off folder.
        title: for people.
        files: all of them, the checklist first.
        steps: the checklist, one line each, in order.
    """

    folder: str
    title: str
    files: tuple[PackFile, ...]
    steps: tuple[str, ...]


def checklist(title: str, intro: str, steps: tuple[str, ...], notes: tuple[str, ...] = ()) -> bytes:
    """A checklist in Markdown that can be printed and ticked."""
    lines = [f"# {title}", "", intro, ""]
    for number, step in enumerate(steps, start=1):
        first, *more = step.splitlines()
        lines += [f"- [ ] {number}. {first}", *(f"      {line}" for line in more)]
    if notes:
        lines += ["", "## To know", "", *(f"- {note}" for note in notes)]
    return ("\n".join(lines) + "\n").encode()


def from_template(name: str, values: Mapping[str, str]) -> str:
    """The script *name* with every `@KEY@` replaced.

    The caller sees to it that no value can leave its place in the script.
    """
    text = read_text("wizard.handoff", f"templates/{name}")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
