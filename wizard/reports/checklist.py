"""The remaining tasks on other machines and in the portal: a list to tick, in an order that keeps printing working."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wizard.printable import printable
from wizard.questions.answers import PHASES, Phase
from wizard.questions.flow import numbered
from wizard.reports.lines import Line, Tone

POLICY = "policy/account"
"""The item that comes last: it takes every endpoint without a trusted certificate offline."""
CA = "portal/ca/"
"""How the item of a CA certificate begins; its fingerprint follows."""
REMOVED_CA = "portal/remove/"
"""Likewise, of one that is removed."""
CLOUD = "vendor/cloud-support"
"""The item about the vendor's cloud; the answer to the question ticks it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do.

    Attributes:
        id: permanent: `section/what`, for most with the fingerprint of the certificate. Another certificate makes
            another item.
        text: what to do, one line.
        detail: what to compare or where to look, in lines; "" when there is nothing.
        phase: of a change of the root, 1 to 4; 0 when it belongs to none.
    """

    id: str
    text: str
    detail: str = ""
    phase: int = 0

    @property
    def place(self) -> str:
        """Whose it is, without any certificate: `gateway/gateway-host`, `portal/ca`."""
        return "/".join(self.id.split("/")[:2])


@dataclass(frozen=True, slots=True)
class RootChange:
    """The change of the root that a list belongs to.

    Attributes:
        phase: that the list was made for; it also has what is left of the phases before.
        old: SHA-256 of the old root, "" when it is not known.
        new: SHA-256 of the new root.
        leaf: SHA-256 of the primary's new certificate.
        old_name: for people; so is `new_name`.
        begins: from when all of the new chain is valid, RFC 3339.
        unattended: on a gateway the unattended file, which says where its stores are; "" on a primary.
        primary_host: that the gateway connects to; so is `primary_port`.
    """

    phase: Phase
    old: str
    new: str
    leaf: str
    old_name: str
    new_name: str
    begins: str
    unattended: str = ""
    primary_host: str = ""
    primary_port: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The list.

    Attributes:
        items: in the order of the work, the policy last.
        done: ids of those that are ticked; there may be more, of certificates that were replaced.
        packs: the folder with the bundles, "" when none were made.
        cloud: the primary runs in the vendor's cloud.
        root_change: which change of the root it is about, and how far; None when it is about none.
    """

    items: tuple[Item, ...]
    done: frozenset[str] = frozenset()
    packs: str = ""
    cloud: bool = False
    root_change: RootChange | None = None

    @property
    def left(self) -> tuple[Item, ...]:
        """What is not ticked."""
        return tuple(item for item in self.items if item.id not in self.done)

    @property
    def before_policy(self) -> int:
        """How many that are not ticked come before the policy."""
        return sum(item.id != POLICY for item in self.left)


_HEADINGS: dict[str, Sequence[str]] = {
    "here": (
        "On this gateway:",
        "  It is not documented how an installed gateway gets new settings.",
        "  Use the unattended installation, which is documented.",
    ),
    "vendor": ("Vendor, before anything else:",),
    "portal": (
        "Portal, before the policy is switched:",
        "  Security > Security options > Certificates > Trusted CA certificates",
        "  (older portals: Account settings > CERTIFICATES)",
    ),
    "node": ("Every other node of the cluster, one after the other:",),
    "machines": (
        "Gateways and Windows clients, each with its own certificate:",
        "  they must trust the same root before the policy is switched.",
    ),
    "policy": (
        "The policy, in a quiet hour, when all of this is done:",
        "  To undo: choose the built-in policy, on the same page.",
    ),
}
_ROUTE = " ".join(row.strip() for row in _HEADINGS["portal"][1:])
_SECTIONS = {"gateway": "machines", "client": "machines"}


def progress(checklist: Checklist) -> str:
    """How far it is, in one sentence without its full stop."""
    count, left = len(checklist.items), len(checklist.left)
    return f"{count - left} of {count} done" if left else f"all {count} done"


def checklist_lines(checklist: Checklist) -> list[Line]:
    """The whole list; each item is a line with `[ ]` or `[x]` that can be chosen."""
    summary = progress(checklist)
    result = [Line(f"{summary[0].upper()}{summary[1:]}.", Tone.HEADING if checklist.left else Tone.GOOD)]
    if checklist.packs:
        result += [
            Line(f"Bundles, each with its own checklist: {printable(checklist.packs)}"),
            Line("  Start with README.md there; the CA files for the portal are in it too."),
        ]
    if checklist.cloud:
        result.append(Line("Cloud primary: its own steps are skipped.", Tone.HEADING))
    if checklist.cloud and CLOUD in checklist.done:
        result.append(Line("  Your answer: the vendor confirmed it, or you continue at your own risk."))
    elif checklist.cloud:
        result += [
            Line("Warning: the vendor's PKI page says that your own CA certificates work", Tone.WARN),
            Line("only with an on-premises primary. Ask your vendor before you continue.", Tone.WARN),
        ]
    here = ""
    for item in checklist.items:
        last, here = here, section(item)
        if here != last:
            result += _heading(here, checklist.items)
        result.append(Line(f"[{'x' if item.id in checklist.done else ' '}] {printable(item.text)}", item=item.id))
        result += [Line(f"    {printable(row)}", Tone.FAINT) for row in item.detail.splitlines()]
    return result


def section(item: Item) -> str:
    """Where an item is done; in a change of the root the phase that it belongs to."""
    if item.phase:
        return numbered(PHASES[item.phase - 1])
    first = item.id.partition("/")[0]
    return _SECTIONS.get(first, first)


def route(item: Item) -> str:
    """Where in the portal a CA certificate is uploaded or removed; "" for any other item."""
    return _ROUTE if item.id.startswith((CA, REMOVED_CA)) else ""


def _heading(where: str, items: Iterable[Item]) -> list[Line]:
    first, *more = _HEADINGS.get(where, (f"Phase {where}",))
    result = [Line(""), Line(first, Tone.HEADING), *(Line(text) for text in more)]
    if where == "portal" and not any(item.id.startswith(CA) for item in items):
        result.append(Line("  Nothing to upload: every chain ends in a public root.", Tone.GOOD))
    return result


def summary_lines(checklist: Checklist | None) -> list[str]:
    """How much is left, for the terminal after leaving; nothing when nothing is."""
    if checklist is None or not checklist.left:
        return []
    count = f"{len(checklist.left)} of {len(checklist.items)} steps"
    return [f"Left to do elsewhere: {count}. To see the list, start the wizard and choose See what is left to do."]


NOTHING_KEPT = (
    Line("There is no checklist on this machine yet.", Tone.WARN),
    Line("The last step of a set-up or replacement creates it."),
)
