"""Bundles for machines that the wizard cannot reach: files with a checklist, all created in memory first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wizard.certificates.model import Certificate
from wizard.package_data import read_text


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a bundle.

    Attributes:
        name: relative, with `/`; every part is safe on every system.
        data: the bytes; never shown.
        secret: holds a key or a password, so it is written with mode 0600 instead of 0644.
        about: what it is, for the list in the checklist.
    """

    name: str
    data: bytes = field(repr=False)
    secret: bool = False
    about: str = ""


@dataclass(frozen=True)
class Pack:
    """What one machine, or the portal, needs.

    Attributes:
        folder: its name in the hand-off folder.
        title: for people.
        intro: before the steps.
        steps: of the checklist, each of one or several lines, in order.
        contents: the files besides the checklist.
        listed: the same in the order of the checklist, where that is another one.
        notes: what is good to know.
        place: where the folder will lie; "" for its own name.
        role: of the machine that gets a certificate: `gateway`, `client` or `node`; "" when none goes there.
        chain: that certificate and those above it.
        machine: its name, where the folder has another one.
    """

    folder: str
    title: str
    intro: str
    steps: Sequence[str]
    contents: Sequence[PackFile] = ()
    listed: Sequence[PackFile] = ()
    notes: tuple[str, ...] = ()
    place: str = ""
    role: str = ""
    chain: tuple[Certificate, ...] = ()
    machine: str = ""

    @cached_property
    def files(self) -> tuple[PackFile, ...]:
        """All of them, the checklist first."""
        shown = [PackFile("CHECKLIST.md", b"", about="this page"), *(self.listed or self.contents)]
        rows = tuple(f"`{self.place or self.folder}/{each.name}`: {each.about}" for each in shown)
        page = checklist(self.title, self.intro, self.steps, self.notes, rows)
        return (PackFile("CHECKLIST.md", page), *self.contents)


def checklist(
    title: str, intro: str, steps: Sequence[str], notes: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> bytes:
    """A checklist in Markdown that can be printed and ticked.

    Args:
        title: of the page.
        intro: before the steps.
        steps: in their order, each of one or several lines.
        notes: what is good to know.
        files: what lies in the folder, a line each.
    """
    lines = [f"# {title}", "", intro, ""]
    for number, step in enumerate(steps, start=1):
        first, *more = step.splitlines()
        lines += [f"- [ ] {number}. {first}", *(f"      {line}" for line in more)]
    if files:
        lines += ["", "## Files", "", *(f"- {file}" for file in files)]
    if notes:
        lines += ["", "## Good to know", "", *(f"- {note}" for note in notes)]
    return ("\n".join(lines) + "\n").encode()


def from_template(name: str, values: Mapping[str, str]) -> str:
    """The script *name* with every `@KEY@` replaced.

    The caller sees to it that no value can leave its place in the script.
    """
    text = read_text("wizard.handoff", f"templates/{name}")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
