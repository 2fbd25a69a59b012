"""Chains from piles: what is taken, what is missing, and why something else was not taken."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.effort import soon
from tests.support.pki import DAY, NOW, Entity, acme, authority, cross_signed, issue, renewed
from wizard import codes
from wizard.certificates.chain import LONGEST, MOST_CANDIDATES, assemble
from wizard.certificates.model import Bundle, Certificate, Chain, Format, Role
from wizard.certificates.names import short
from wizard.certificates.rules import judge
from wizard.findings import Finding, Severity
from wizard.probing.trust import trust_errors

HOSTS = ("primary-host", "gateway-host", "pcclient-host")


def pile(*entities: Entity, keys: tuple[Entity, ...] = (), name: str = "") -> Bundle:
    certificates = tuple(Certificate(each.x509, origin=name) for each in entities)
    return Bundle(Format.PEM, certificates, tuple(each.private_key for each in keys), name)


def shape(chain: Chain) -> list[str]:
    return [short(certificate) for certificate in chain.certificates]


def reasons(chain: Chain) -> str:
    return "; ".join(f"{short(each.candidate)}: {each.reason}" for each in chain.rejected)


def test_the_pki_of_the_manual_in_any_order() -> None:
    pki = acme("p256")
    chains = assemble(
        pile(
            pki.root,
            pki.client,
            pki.primary,
            pki.intermediate,
            pki.gateway,
            keys=(pki.gateway, pki.primary, pki.client),
        )
    )
    assert [shape(each) for each in chains] == [
        [host, "Acme-CA-Intermediate", "Acme-CA-Root"] for host in ("pcclient-host", "primary-host", "gateway-host")
    ]
    assert all(each.complete and each.key_matches and each.missing_issuer is None for each in chains)
    assert all(not each.rejected and not each.extra for each in chains)


def test_the_host_comes_first() -> None:
    pki = acme("p256")
    bundles = [pile(pki.root, pki.intermediate), pile(pki.primary, keys=(pki.primary,)), pile(pki.gateway)]
    assert shape(assemble(bundles)[0])[0] == "primary-host"
    assert shape(assemble(bundles, host="gateway-host")[0])[0] == "gateway-host"


def test_of_two_certificates_for_the_host_the_valid_one_comes_first() -> None:
    pki = acme("p256")
    old = issue("primary-host", pki.intermediate, end=NOW - DAY, slot="old")
    bundle = pile(old, pki.primary, pki.intermediate, pki.root, keys=(old, pki.primary))
    assert assemble(bundle, host="primary-host", now=NOW)[0].leaf == pki.primary.certificate


def test_a_missing_intermediate_is_named_with_its_key_id() -> None:
    pki = acme("p256")
    chain = assemble(pile(pki.primary, pki.root))[0]
    assert chain.missing_issuer == "CN=Acme-CA-Intermediate,O=Acme"
    assert len(bytes.fromhex(chain.missing_key_id)) == 20
    assert (chain.complete, chain.root, chain.intermediates) == (False, None, ())
    assert [short(each) for each in chain.extra] == ["Acme-CA-Root"]


def test_a_missing_root_is_named() -> None:
    pki = acme("p256")
    chain = assemble(pile(pki.primary, pki.intermediate))[0]
    assert chain.missing_issuer == "CN=Acme-CA-Root,O=Acme"
    assert shape(chain) == ["primary-host", "Acme-CA-Intermediate"]


@dataclass(frozen=True)
class Keys:
    name: str
    keys: Callable[[], tuple[Entity, ...]]
    expected: bool | None


KEYS = (
    Keys("none", tuple, None),
    Keys("the right one", lambda: (acme("p256").primary,), True),
    Keys("another one", lambda: (acme("p256").client,), False),
    Keys("both", lambda: (acme("p256").client, acme("p256").primary), True),
)


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case.name)
def test_key_matches(case: Keys) -> None:
    pki = acme("p256")
    chain = assemble(pile(*(pki.primary, pki.intermediate, pki.root), keys=case.keys()))[0]
    assert chain.key_matches is case.expected
    assert (chain.key is not None) is (case.expected is True)


def test_a_leaf_whose_neighbour_has_the_key_is_not_called_a_mismatch() -> None:
    pki = acme("p256")
    chains = assemble(pile(pki.primary, pki.gateway, pki.intermediate, pki.root, keys=(pki.primary,)))
    assert [each.key_matches for each in chains] == [True, None]


def test_same_name_and_another_key_is_rejected_by_key_id() -> None:
    pki = acme("p256")
    twin = authority("Acme-CA-Root", slot="another")
    chain = assemble(pile(pki.primary, pki.intermediate, twin))[0]
    assert chain.missing_issuer == "CN=Acme-CA-Root,O=Acme"
    assert "key id" in reasons(chain)
    both = assemble(pile(pki.primary, pki.intermediate, twin, pki.root))[0]
    assert both.root == pki.root.certificate
    assert "key id" in reasons(both)


def test_same_name_without_key_ids_is_rejected_by_signature() -> None:
    true, false = (authority("Plain Root", slot=slot, ski=False, aki=False) for slot in ("true", "false"))
    leaf = issue("plain", true, aki=False, ski=False)
    assert "signature does not verify" in reasons(assemble(pile(leaf, false))[0])
    found = assemble(pile(leaf, false, true))[0]
    assert found.root == true.certificate
    assert "signature does not verify" in reasons(found)


def test_an_issuer_that_is_no_ca_is_rejected() -> None:
    root = authority("Root")
    false = issue("Not A CA", root, sans=())
    chain = next(each for each in assemble(pile(issue("host", false), false, root)) if shape(each)[0] == "host")
    assert chain.missing_issuer == "CN=Not A CA,O=Acme"
    assert "not a CA" in reasons(chain)


def test_key_id_fits_and_the_name_does_not() -> None:
    root = authority("Old Name", slot="one key")
    renamed = authority("New Name", slot="one key")
    chain = assemble(pile(issue("host", root), renamed))[0]
    assert "its name is not" in reasons(chain)


def test_a_renewed_root_is_preferred_when_the_old_one_is_over() -> None:
    old = authority("Root", end=NOW - DAY)
    new = renewed(old)
    leaf = issue("host", old)
    chain = assemble(pile(leaf, old, new), now=NOW)[0]
    assert chain.root == new.certificate
    assert "expired" in reasons(chain)
    assert assemble(pile(leaf, old), now=NOW)[0].root == old.certificate


def test_the_shorter_of_two_complete_ways_is_taken() -> None:
    root, elsewhere = authority("Root"), authority("Elsewhere")
    crossed = cross_signed(root, elsewhere)
    leaf = issue("host", root)
    chain = assemble(pile(leaf, crossed, elsewhere, root))[0]
    assert shape(chain) == ["host", "Root"]
    assert "shorter" in reasons(chain)
    assert shape(assemble(pile(leaf, crossed, elsewhere))[0]) == ["host", "Root", "Elsewhere"]


def test_a_complete_way_is_preferred_to_a_shorter_one_without_root() -> None:
    lost, root = authority("Lost"), authority("Root")
    middle = authority("Middle", lost)
    upper = authority("Upper", root)
    crossed = cross_signed(middle, upper)
    chain = assemble(pile(issue("host", middle), middle, crossed, upper, root))[0]
    assert shape(chain) == ["host", "Middle", "Upper", "Root"]
    assert "no root was found above it" in reasons(chain)


def test_a_path_length_that_is_exceeded_is_avoided_where_there_is_another_way() -> None:
    tight, wide = authority("Top", path_length=0, slot="top"), authority("Top", slot="top")
    middle = authority("Middle", tight)
    chain = assemble(pile(issue("host", middle), middle, tight, wide))[0]
    assert chain.root == wide.certificate
    assert "path length" in reasons(chain)


def test_authorities_that_certify_each_other_end_somewhere() -> None:
    one, two = authority("One"), authority("Two")
    chain = assemble(pile(issue("host", one), cross_signed(one, two), cross_signed(two, one)))[0]
    assert chain.complete is False
    assert chain.cut == "ring"
    assert shape(chain) == ["host", "One", "Two"]


def test_a_very_long_path_is_cut() -> None:
    entities = [authority("CA 0")]
    for number in range(1, LONGEST + 20):
        entities.append(authority(f"CA {number}", entities[-1]))
    chain = assemble(pile(issue("host", entities[-1]), *entities))[0]
    assert chain.complete is False
    assert len(chain.certificates) <= LONGEST + 1


def test_many_namesakes_are_not_all_tried() -> None:
    root = authority("Root", ski=False, aki=False)
    twins = [authority("Root", slot=str(number), ski=False, aki=False) for number in range(2 * MOST_CANDIDATES)]
    leaf = issue("host", root, aki=False)
    assert "not checked" in reasons(assemble(pile(leaf, *twins))[0])


def test_self_signed_leaf_has_no_root_and_misses_nobody() -> None:
    single = issue("alone")
    chain = assemble(pile(single, keys=(single,)))[0]
    assert (chain.leaf, chain.root, chain.missing_issuer) == (single.certificate, None, None)
    assert chain.key_matches is True


def test_a_ca_with_its_key_counts_as_leaf_only_when_it_issued_nothing() -> None:
    pki = acme("p256")
    stray = authority("stray", pki.intermediate)
    assert shape(assemble(pile(stray, pki.intermediate, pki.root, keys=(stray,)))[0])[0] == "stray"
    chains = assemble(pile(pki.primary, pki.intermediate, pki.root, keys=(pki.root, pki.primary)))
    assert [shape(each)[0] for each in chains] == ["primary-host"]


def test_only_authorities_make_a_chain_without_leaf() -> None:
    pki = acme("p256")
    chain = assemble(pile(pki.root, pki.intermediate))[0]
    assert (chain.leaf, chain.intermediates, chain.root) == (
        None, (pki.intermediate.certificate,), pki.root.certificate,
    )  # fmt: skip


def test_authorities_in_a_file_of_their_own_are_told_and_others_are_extra() -> None:
    pki = acme("p256")
    stray = authority("Stray")
    chains = assemble([pile(pki.primary, pki.intermediate, pki.root, name="a"), pile(stray, name="b")])
    assert [each.leaf is None for each in chains] == [False, True]
    together = assemble([pile(pki.primary, pki.intermediate, pki.root, stray, name="a")])
    assert [shape(each)[0] for each in together] == ["primary-host"]
    assert together[0].extra == (stray.certificate,)


def test_the_same_certificate_twice_counts_once() -> None:
    pki = acme("p256")
    bundles = [pki.primary.bundle, pki.primary.bundle]
    assert len(assemble(bundles)) == 1


def test_nothing_gives_nothing() -> None:
    assert assemble([]) == []
    assert assemble(Bundle(Format.TEXT)) == []


def test_other_kinds_of_keys_and_hashes_are_verified_too() -> None:
    for kind in ("ed25519", "ed448", "p521", "rsa-2048"):
        first, second = (authority("Root", kind=kind, slot=slot, ski=False, aki=False) for slot in "ab")
        chain = assemble(pile(issue("host", first, aki=False), second, first))[0]
        assert chain.root == first.certificate, kind


def mesh(size: int, *more: Entity) -> Bundle:
    """A leaf, and *size* CAs each of which certifies all the others."""
    authorities = [authority(f"Mesh {number}") for number in range(size)]
    crossed = [cross_signed(one, other) for one in authorities for other in authorities if one is not other]
    leaf = issue("mesh-host", authorities[0])
    made = (leaf.certificate, *(each.certificate for each in crossed), *(each.certificate for each in more))
    return Bundle(Format.PEM, made, (leaf.private_key,))


def test_authorities_that_certify_each_other_cost_little_and_are_named() -> None:
    (chain,) = assemble(mesh(3), now=NOW)
    assert chain.cut == "ring"
    found = [each for each in judge(chain, role=None, now=NOW) if each.severity >= Severity.ERROR]
    assert [each.code for each in found] == ["chain.ring"]
    big = mesh(40)
    judged: list[Finding] = []

    def work() -> None:
        judged[:] = judge(assemble(big, now=NOW)[0], role=Role.PRIMARY, host="mesh-host", now=NOW)

    assert soon(work)
    assert {"chain.too-long", "chain.ring"} & {each.code for each in judged}
    # Dozens of certificates of the same names are told once for each name.
    assert sum(each.code == "chain.namesake" for each in judged) <= len(assemble(big, now=NOW)[0].authorities)


def test_a_root_ends_the_search_through_a_mesh() -> None:
    root = authority("Mesh 7")
    (chain,) = assemble(mesh(20, root), now=NOW)
    assert chain.root == root.certificate
    assert len(chain.certificates) == 3


def test_thousands_of_links_are_cut_with_a_message() -> None:
    upper = authority("Link root")
    links = [upper]
    for number in range(1_000):
        links.append(authority(f"Link {number}", links[-1], slot="link"))
    leaf = issue("link-host", links[-1])
    bundle = Bundle(Format.PEM, (leaf.certificate, *(each.certificate for each in links)))
    judged: list[Finding] = []

    def work() -> None:
        (chain,) = assemble(bundle, now=NOW)
        assert chain.cut == "long"
        judged[:] = judge(chain, role=None, now=NOW)

    assert soon(work)
    (told,) = [each.message for each in judged if each.code == "chain.too-long"]
    assert "33 or more certificates" in told


def test_java_is_not_followed_through_a_mesh_without_end() -> None:
    presented, anchors = mesh(12).certificates, [authority("Elsewhere").certificate]

    def work() -> None:
        *_, found = trust_errors(presented, anchors, as_server=False, connect_name=None, now=NOW)
        assert found.spec == codes.REHEARSAL_UNTRUSTED

    assert soon(work)
