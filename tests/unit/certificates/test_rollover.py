"""What a change from one chain to another is, and the order and dates that follow."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.pki import NOW, Entity, acme, authority, cross_signed, issue, renewed
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain
from wizard.certificates.roots import Kind, Rollover, compare, order_steps
from wizard.reports.review import order_lines, order_notes, overlap_line

DAY = timedelta(days=1)
PKI = acme()
OLD = issue("primary-host", PKI.intermediate, slot="old", end=NOW + 60 * DAY)
OTHER_ROOT = authority("Other-Root", start=NOW - DAY)
SAME_NAME = authority("Acme-CA-Root", slot="another key")
SECOND = authority("Acme-CA-Second", PKI.root)
RENEWED_ROOT = renewed(PKI.root)


def chain(entity: Entity, *, root: bool = True) -> Chain:
    (found,) = assemble(entity.bundle)
    if root:
        return found
    missing = found.certificates[-2].x509.issuer.rfc4514_string()
    return replace(found, root=None, missing_issuer=missing)


def changed(old: Chain, new: Chain) -> Rollover:
    found = compare(old, new)
    assert found is not None
    return found


RENEWED = issue("primary-host", PKI.intermediate, slot="new", end=NOW + 400 * DAY)
KINDS = {
    "the very one": (chain(OLD), chain(OLD), Kind.SAME),
    "a new leaf": (chain(OLD), chain(RENEWED), Kind.LEAF),
    "a new intermediate": (chain(OLD), chain(issue("primary-host", SECOND)), Kind.INTERMEDIATE),
    "an intermediate less": (chain(OLD), chain(issue("primary-host", PKI.root)), Kind.LEAF),
    "a new root": (chain(OLD), chain(issue("primary-host", OTHER_ROOT)), Kind.ROOT),
    "a root of the same name with another key": (chain(OLD), chain(issue("primary-host", SAME_NAME)), Kind.ROOT),
    "a new copy of the root": (chain(OLD), chain(issue("primary-host", RENEWED_ROOT)), Kind.INTERMEDIATE),
    "the old root was not in the file": (chain(OLD, root=False), chain(RENEWED), Kind.LEAF),
    "the new root is not in the file": (chain(OLD), chain(RENEWED, root=False), Kind.LEAF),
    "neither is in its file": (chain(OLD, root=False), chain(RENEWED, root=False), Kind.LEAF),
    "not in the file and another": (
        chain(OLD, root=False),
        chain(issue("primary-host", authority("I", OTHER_ROOT))),
        Kind.ROOT,
    ),
    "not in the file, its name with another key": (
        chain(OLD, root=False),
        chain(issue("primary-host", SAME_NAME)),
        Kind.ROOT,
    ),
    "under a cross-signed root": (
        chain(OLD),
        chain(issue("primary-host", cross_signed(PKI.intermediate, OTHER_ROOT))),
        Kind.ROOT,
    ),
}


@pytest.mark.parametrize("case", KINDS)
def test_kinds(case: str) -> None:
    old, new, kind = KINDS[case]
    found = changed(old, new)
    assert found.kind is kind
    assert bool(order_steps(found, NOW)) is (kind is not Kind.SAME)
    assert (found.old_root is not None) is (kind is Kind.ROOT and old.root is not None)


def test_roots_of_one_name_are_told_apart() -> None:
    found = changed(chain(OLD), chain(issue("primary-host", SAME_NAME)))
    assert found.old_name == f"Acme-CA-Root ({PKI.root.sha256[:8]})"
    assert found.new_name == f"Acme-CA-Root ({SAME_NAME.sha256[:8]})"
    unknown = changed(chain(OLD, root=False), chain(issue("primary-host", SAME_NAME)))
    assert unknown.old_name != unknown.new_name


def test_no_leaf_is_no_change() -> None:
    alone = Chain(None, (), PKI.root.certificate)
    assert compare(alone, chain(OLD)) is None
    assert compare(chain(OLD), alone) is None


OVERLAPS = {
    "long": (-30, 60, "Both are valid from", "60 days to replace it", False),
    "not yet": (10, 60, "Warning: the new one is not valid before", "both are valid until", False),
    "a gap": (61, 60, "Warning: a gap: the old one ends on", "the new one begins on", True),
    "the old one is over": (-5, -1, "Warning: the old one has been invalid since", "do not overlap", False),
}


@pytest.mark.parametrize("case", OVERLAPS)
def test_overlap(case: str) -> None:
    begins, ends, words, more, gap = OVERLAPS[case]
    old = issue("primary-host", PKI.intermediate, slot="old", end=NOW + ends * DAY, start=NOW - 300 * DAY)
    new = issue("primary-host", PKI.intermediate, slot="new", start=NOW + begins * DAY, end=NOW + 900 * DAY)
    found = changed(chain(old), chain(new))
    assert found.gap is gap
    text = overlap_line(found, NOW).text
    assert text.startswith(words)
    assert more in text
    assert f"{NOW + ends * DAY:%Y-%m-%d}" in text


def shown(found: Rollover, *, public: bool = False) -> str:
    return " ".join(line.text.strip() for line in order_lines(found, NOW, public=public))


def test_a_new_root_goes_everywhere_first_and_the_old_one_last() -> None:
    late = authority("Late-Root", start=NOW + 10 * DAY)
    found = changed(chain(OLD), chain(issue("primary-host", late, start=NOW + 20 * DAY, end=NOW + 400 * DAY)))
    first, second, third, last = order_steps(found, NOW)
    assert (first.earliest, first.latest) == (NOW + 10 * DAY, NOW + 60 * DAY)
    assert (second.earliest, second.latest) == (NOW + 20 * DAY, NOW + 60 * DAY)
    assert (third.earliest, third.latest) == (NOW + 20 * DAY, NOW + 60 * DAY)
    assert last.earliest == NOW + 60 * DAY
    assert "gateways and clients" in second.what
    assert "on the primary" in third.what
    assert "Late-Root" in first.what
    assert all(place in first.what for place in ("portal", "trust store of every gateway", "cacerts", "every client"))
    assert last.what.startswith("Remove Acme-CA-Root from")
    text = shown(found)
    assert text.index("the root changes from Acme-CA-Root to Late-Root") < text.index("1. Add Late-Root")
    assert f"Earliest: {NOW + 20 * DAY:%Y-%m-%d}. At the latest: {NOW + 60 * DAY:%Y-%m-%d}." in text
    notes = order_notes(found, NOW)
    assert all(note.startswith(f"Order, step {number} of 4: ") for number, note in enumerate(notes[1:], start=1))


def test_the_certificate_that_ends_first_ends_the_overlap_whichever_chain_it_is_in() -> None:
    root = authority("Short-Root", start=NOW - DAY)
    middle = authority("Short-CA", root, start=NOW - DAY, end=NOW + 30 * DAY)
    found = changed(chain(OLD), chain(issue("primary-host", middle, start=NOW - DAY, end=NOW + 400 * DAY)))
    assert found.both_end == NOW + 30 * DAY
    assert "30 days to replace it" in overlap_line(found, NOW).text
    assert [step.latest for step in order_steps(found, NOW)] == [NOW + 30 * DAY] * 3 + [None]
    over = overlap_line(found, NOW + 31 * DAY).text
    assert over == f"Warning: the new one has been invalid since {NOW + 30 * DAY:%Y-%m-%d}."


def test_the_old_root_stays_until_the_new_chain_is_valid() -> None:
    late = authority("Late-Root", start=NOW + 70 * DAY)
    found = changed(chain(OLD), chain(issue("primary-host", late, start=NOW + 80 * DAY, end=NOW + 400 * DAY)))
    assert order_steps(found, NOW)[-1].earliest == NOW + 80 * DAY


def test_a_public_new_root_needs_no_upload() -> None:
    found = changed(chain(OLD), chain(issue("primary-host", OTHER_ROOT)))
    assert "nothing to upload" in shown(found, public=True)
    assert "nothing to upload" not in shown(found)


def test_a_new_intermediate_goes_into_the_portal_and_trust_stores_stay() -> None:
    found = changed(chain(OLD), chain(issue("primary-host", SECOND)))
    text = shown(found)
    assert text.index("1. Upload Acme-CA-Second to the portal") < text.index(
        "2. Install the new certificate on the primary"
    )
    assert "3. Remove Acme-CA-Intermediate from the portal" in text
    assert "the root changes" not in text


def test_a_new_leaf_needs_nothing_elsewhere() -> None:
    text = shown(changed(chain(OLD), chain(RENEWED)))
    assert "The CAs stay the same" in text
    assert "need nothing new" in text


def test_lines_fit_and_hostile_names_are_shown_printable() -> None:
    hostile = authority("x\x1b[2J\u202e" + "w " * 25)
    found = changed(chain(OLD), chain(issue("primary-host", hostile)))
    lines = [line.text for line in order_lines(found, NOW)]
    assert max(len(line) for line in lines if "the root changes" not in line) <= 80, lines
    assert not any(mark in line for line in lines for mark in ("\x1b", "\u202e"))
