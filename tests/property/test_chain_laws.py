"""Laws of chain building: the order of the pile does not matter, every link verifies, nothing is lost or invented."""

import random
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import DAY, NOW, Entity, acme, authority, cross_signed, issue, renewed
from wizard.certificates import fields
from wizard.certificates.chain import assemble, outline, signed_by
from wizard.certificates.model import Bundle, Chain, Format
from wizard.certificates.rules import judge


@cache
def world() -> tuple[Entity, ...]:
    """Roots, renewals, cross-signatures, namesakes, rings, CAs without key ids, and leaves under all of them."""
    first, second = authority("First Root"), authority("Second Root")
    twin = authority("First Root", slot="twin")
    plain, plain_twin = (authority("Plain Root", slot=slot, ski=False, aki=False) for slot in "ab")
    middle, short = authority("Middle", first), authority("Short", second, path_length=0)
    lower = authority("Lower", middle, end=NOW + DAY)
    entities = [
        first, second, twin, plain, plain_twin, middle, short, lower, renewed(first), cross_signed(first, second),
        cross_signed(second, first), cross_signed(middle, second), issue("v1", basic=False, ski=False, aki=False),
    ]  # fmt: skip
    issuers = (first, second, twin, middle, short, lower)
    entities += [issue(f"host-{number}", each) for number, each in enumerate(issuers)]
    entities += [issue(f"plain-{number}", each, aki=False) for number, each in enumerate((plain, plain_twin))]
    entities += [issue("self"), issue("host-0", first, slot="second key"), authority("leaf ca", middle)]
    return tuple(entities)


piles = st.lists(st.integers(0, len(world()) - 1), min_size=1, max_size=14, unique=True)


def pile(chosen: list[int], keys: bool = True) -> Bundle:
    entities = [world()[number] for number in chosen]
    private = tuple(each.private_key for each in entities[::2]) if keys else ()
    return Bundle(Format.PEM, tuple(each.certificate for each in entities), private)


def gist(chain: Chain) -> tuple[object, ...]:
    return (
        tuple(each.sha256 for each in chain.certificates), chain.complete, chain.missing_issuer, chain.key_matches,
        frozenset((each.candidate.sha256, each.reason) for each in chain.rejected), frozenset(chain.extra),
    )  # fmt: skip


@given(piles, st.integers(0, 1000))
def test_the_order_does_not_matter(chosen: list[int], seed: int) -> None:
    mixed = list(chosen)
    random.Random(seed).shuffle(mixed)
    keys = pile(chosen).keys
    one, two = pile(chosen, keys=False), pile(mixed, keys=False)
    straight = assemble([one, Bundle(Format.KEY, (), keys)], now=NOW)
    shuffled = assemble([two, Bundle(Format.KEY, (), keys[::-1])], now=NOW)
    assert {gist(each) for each in straight} == {gist(each) for each in shuffled}
    assert len(straight) == len(shuffled)


@given(piles)
def test_every_link_fits_by_name_and_signature(chosen: list[int]) -> None:
    for chain in assemble(pile(chosen), now=NOW):
        path = chain.certificates
        for lower, upper in pairwise(path):
            assert lower.x509.issuer == upper.x509.subject
            assert signed_by(lower, upper)
        assert len(set(path)) == len(path)
        if chain.root is not None:
            assert signed_by(chain.root, chain.root)
        if chain.key is not None and chain.leaf is not None:
            assert chain.key.public_key_der == chain.leaf.public_key_der


@given(piles)
def test_nothing_is_lost_and_nothing_invented(chosen: list[int]) -> None:
    bundle = pile(chosen)
    chains = assemble(bundle)
    told = {each for chain in chains for each in (*chain.certificates, *chain.extra)}
    assert told == set(bundle.certificates)
    leaves = [chain.leaf for chain in chains if chain.leaf is not None]
    assert len(set(leaves)) == len(leaves)


@given(piles)
def test_a_chain_is_complete_or_names_what_is_missing(chosen: list[int]) -> None:
    for chain in assemble(pile(chosen)):
        single = chain.leaf is not None and not chain.authorities and chain.missing_issuer is None
        assert chain.complete is (chain.missing_issuer is None and not single)
        assert not (chain.cut and chain.complete)
        if single and chain.leaf is not None:
            assert fields.self_issued(chain.leaf)


@given(piles)
def test_no_rule_breaks(chosen: list[int]) -> None:
    for chain in assemble(pile(chosen)):
        for role in (None, "primary", "gateway", "client"):
            findings = judge(chain, role=role, host="host-0", now=NOW, ocsp_wanted=True)  # type: ignore[arg-type]  # a str enum
            assert "rules.broken" not in {each.code for each in findings}


def test_the_outline_says_what_the_parser_says() -> None:
    for entity in (
        *world(),
        *acme("p256").authorities,
        acme("rsa-2048").primary,
        issue("x", authority("K"), aki=b"\1" * 200),
    ):
        certificate = entity.certificate
        cut = outline(certificate)
        assert cut.subject == certificate.x509.subject.public_bytes()
        assert cut.issuer == certificate.x509.issuer.public_bytes()
        assert cut.public_key == certificate.public_key_der
        assert cut.authority_key_id == fields.authority_key_id(certificate)
        assert cut.is_ca == fields.is_ca(certificate)
