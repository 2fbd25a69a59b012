"""Rules that need more than a chain: public roots, OCSP, the clock, a pile, a rule that breaks."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.support.bad_chains import CASES, HOST
from tests.support.codes_in import codes_in
from tests.support.effort import soon
from tests.support.pki import DAY, END, NOW, SERVER, Entity, acme, authority, issue, key
from tests.support.verdicts import CHAINS
from wizard.certificates import rules
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Certificate, Chain, Format, Role
from wizard.certificates.roots import public_roots, shipped
from wizard.certificates.rules import judge
from wizard.certificates.rules.across_chains import check_together
from wizard.certificates.rules.certificate import Context
from wizard.certificates.rules.chain import calendar, client_auth_end
from wizard.findings import Finding, Severity


def chain_of(entity: Entity, *extra: Entity) -> Chain:
    bundle = Bundle(Format.PEM, (*entity.chain, *(each.certificate for each in extra)), (entity.private_key,))
    return assemble(bundle)[0]


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def judged(chain: Chain, role: Role | None = Role.PRIMARY, **how: object) -> set[str]:
    return codes(judge(chain, role=role, now=NOW, **how))  # type: ignore[arg-type]  # a table of keywords


def public(leaf: Entity) -> frozenset[str]:
    return frozenset({leaf.chain[-1].sha256})


def test_a_good_chain_has_only_its_days_left() -> None:
    assert judged(chain_of(acme("p256").primary), host=HOST) == {"validity.days-left"}


def test_worst_first() -> None:
    bad = issue("other", acme("p256").intermediate, end=NOW - DAY, eku=None, kind="rsa-1024")
    levels = [each.severity for each in judge(chain_of(bad), role=Role.PRIMARY, host=HOST, now=NOW)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] is Severity.BLOCKER


def test_ocsp_is_asked_for_only_when_wanted() -> None:
    with_url = issue("host", authority("Root"), ocsp="http://ocsp.example/")
    without = issue("host", authority("Root"))
    assert "ocsp.no-responder" not in judged(chain_of(without))
    assert "ocsp.no-responder" in judged(chain_of(without), ocsp_wanted=True)
    assert "ocsp.no-responder" not in judged(chain_of(with_url), ocsp_wanted=True)


def test_lifetimes_bind_public_certificates_alone() -> None:
    leaf = issue("host", authority("Root"), start=NOW - DAY, end=NOW + 500 * DAY)
    assert "lifetime.beyond-public" not in judged(chain_of(leaf))
    assert "lifetime.beyond-public" in judged(chain_of(leaf), public_roots=public(leaf))
    short = issue("host", authority("Root"), start=NOW - DAY, end=NOW + 60 * DAY)
    assert "lifetime.beyond-public" not in judged(chain_of(short), public_roots=public(short))


def test_a_root_that_may_be_public_counts_as_private_and_is_named() -> None:
    leaf = issue("host", authority("Root"))
    ended = {"root.public-or-private"} & judged(chain_of(leaf), unclear_roots=public(leaf))
    assert ended == {"root.public-or-private"}
    assert "root.public-or-private" not in judged(chain_of(leaf), public_roots=public(leaf))


@pytest.mark.parametrize(
    ("alias", "is_public", "is_unclear"),
    [
        ("Acme [JDK]", True, False),
        ("acme-ca", False, True),
        ("acme [jdk] 2", False, True),
        ("mykey", False, False),
        ("cloudstream-acme-0123abcd", False, False),
    ],
)
def test_what_an_alias_in_cacerts_says_of_a_root(alias: str, is_public: bool, is_unclear: bool) -> None:
    anchor = Certificate(acme("p256").root.x509, alias=alias)
    sha256 = anchor.sha256
    found = public_roots([anchor])
    assert (sha256 in found.public, sha256 in found.unclear) == (is_public, is_unclear)
    assert shipped().keys() <= found.public
    assert sha256 not in public_roots().public
    for words in ({"public": [sha256]}, {"private": [sha256]}):
        told = public_roots([anchor], **words)
        assert (sha256 in told.public, sha256 in told.unclear) == ("public" in words, False)


def test_a_renewal_under_shorter_limits_is_told() -> None:
    start, days = calendar()["lifetime"][1].values()
    issued = NOW.replace(year=start.year, month=start.month, day=start.day)
    end = NOW.replace(year=calendar()["lifetime"][2]["from"].year, month=4, day=1)
    leaf = issue("host", authority("Root"), start=issued, end=min(end, issued + days * DAY))
    found = judged(chain_of(leaf), public_roots=public(leaf))
    assert ("lifetime.renewal-is-shorter" in found) is (end <= issued + days * DAY)
    late = issue("host", authority("Root"), start=end - 50 * DAY, end=end)
    moment = end - 40 * DAY
    told = codes(judge(chain_of(late), role=Role.PRIMARY, now=moment, public_roots=public(late)))
    assert "lifetime.renewal-is-shorter" in told


def test_public_cas_drop_client_auth() -> None:
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DigiCert Inc"), x509.NameAttribute(NameOID.COMMON_NAME, "G2")]
    )
    leaf = issue("host", authority(name))
    assert "usage.public-ca-drops-client-auth" not in judged(chain_of(leaf), Role.GATEWAY)
    findings = judge(chain_of(leaf), role=Role.GATEWAY, now=NOW, public_roots=public(leaf))
    told = next(each for each in findings if each.code == "usage.public-ca-drops-client-auth")
    assert "DigiCert" in told.message
    assert f"{client_auth_end('CN=G2,O=DigiCert Inc')['gone']}" in told.message
    assert client_auth_end("O=Somebody")["organization"] == ""


def test_a_clock_before_the_wizards_own_time_is_told() -> None:
    early = NOW.replace(year=2020)
    findings = judge(chain_of(acme("p256").primary), role=Role.PRIMARY, now=early)
    assert {"validity.clock-behind", "validity.leaf-not-yet-valid"} <= codes(findings)


@pytest.mark.parametrize(("left", "words"), [(3 * DAY, "3 days"), (DAY, "1 day"), (DAY / 6, "4 hours")])
def test_time_left_in_words(left: object, words: str) -> None:
    chain = chain_of(acme("p256").primary)
    findings = judge(chain, role=Role.PRIMARY, now=END - left)  # type: ignore[operator]  # a timedelta
    assert f"in {words}." in next(each.message for each in findings if each.code == "validity.expires-soon")


def test_keys() -> None:
    pki = acme("p256")
    bare = Chain(pki.primary.certificate, (pki.intermediate.certificate,), pki.root.certificate)
    assert "key.missing" in judged(bare)
    assert "key.missing" in judged(bare, Role.GATEWAY)
    assert judged(bare, Role.CLIENT) >= {"key.client-elsewhere"}
    assert not {"key.missing", "key.client-elsewhere"} & judged(bare, None)
    wrong = assemble(Bundle(Format.PEM, pki.primary.chain, (pki.client.private_key,)))[0]
    assert "key.mismatch" in judged(wrong)
    assert "key.mismatch" in judged(wrong, None)


def test_what_came_along() -> None:
    stray, pki = authority("Stray"), acme("p256")
    assert "chain.extra" in judged(chain_of(pki.primary, stray))
    twin = authority("Acme-CA-Root", slot="twin")
    assert {"chain.extra", "chain.namesake"} <= judged(chain_of(pki.primary, twin))


def test_no_leaf() -> None:
    chain = assemble(Bundle(Format.PEM, acme("p256").root.chain))[0]
    assert "chain.no-leaf" in judged(chain)
    assert "chain.no-leaf" not in judged(chain, None)


def test_a_missing_issuer_tells_where_it_could_be_fetched_and_what_was_near() -> None:
    root, twin = authority("Root"), authority("Root", slot="twin")
    leaf = issue("host", root, ca_issuers="http://pki.example/root.cer")
    chain = assemble(Bundle(Format.PEM, (leaf.certificate, twin.certificate), (leaf.private_key,)))[0]
    told = next(each for each in judge(chain, role=Role.PRIMARY, now=NOW) if each.code == "chain.incomplete")
    assert "http://pki.example/root.cer" in told.fix
    assert "one of that name is not it" in told.message
    assert chain.missing_key_id in told.message


def test_long_serial_wildcard_and_version_1_root() -> None:
    # The library issues 20 bytes at most; 2**159 is the first that no longer fits, its sign being counted.
    with patch("wizard.certificates.fields.serial", return_value=1 << 159):
        assert "form.serial-too-long" in judged(chain_of(acme("p256").primary))
    star = issue("star", acme("p256").intermediate, sans=["*.acme.example"])
    assert "name.wildcard" in judged(chain_of(star), host="a.acme.example")
    assert "name.wrong-host" in judged(chain_of(star), host="a.b.acme.example")
    assert "name.wrong-host" in judged(chain_of(star), host="acme.example")
    old = issue("host", authority("V1", basic=False))
    with patch("wizard.certificates.fields.is_version_1", return_value=True):
        assert "constraints.root-without-constraints" in judged(chain_of(old))


def test_addresses_and_mail_in_names() -> None:
    leaf = issue("host", authority("Root"), sans=["10.0.0.1", "2001:db8::1", "a@acme.example"])
    for host in ("10.0.0.1", "2001:db8::1", "[2001:db8::1]"):
        assert "name.wrong-host" not in judged(chain_of(leaf), host=host)
    assert "name.wrong-host" in judged(chain_of(leaf), host="10.0.0.2")
    mail_only = issue("host", authority("Root"), sans=["a@acme.example"])
    assert "name.no-san" in judged(chain_of(mail_only), host="host")


def test_name_constraints_of_every_kind() -> None:
    limited = authority("Limited", authority("Root"), permitted=["10.1.0.0/16", ".acme.example", "b@acme.example"])
    for names, bad in (
        (["10.1.2.3", "print.acme.example"], False),
        (["10.2.0.1"], True),
        (["b@acme.example"], False),
        (["c@acme.example"], True),
        (["acme.example.evil"], True),
    ):
        leaf = issue("host", limited, sans=names)
        assert ("subtrees.violated" in judged(chain_of(leaf), None)) is bad, names
    people = x509.NameConstraints(
        [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme")]))], None
    )
    named = authority("Named", authority("Root"), extensions=[(people, True)])
    assert "subtrees.violated" not in judged(chain_of(issue("host", named)), None)
    other = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Other")])
    assert "subtrees.violated" in judged(chain_of(issue(other, named, sans=["x"])), None)


def test_unreadable_and_unknown_parts_become_findings() -> None:
    pki = acme("p256")
    with patch("wizard.certificates.fields.unreadable", return_value="extensions"):
        assert "form.unreadable" in judged(chain_of(pki.primary))
    with patch("wizard.certificates.fields.unreadable", return_value="subject"):
        assert "form.name-unreadable" in judged(chain_of(pki.primary))
    with patch("wizard.certificates.fields.key_label", return_value="unknown"):
        assert "algorithm.unknown" in judged(chain_of(pki.primary))
    with patch("wizard.certificates.rules.chain.signed_by", return_value=None):
        assert "signature.not-verified" in judged(chain_of(pki.primary))


def test_a_broken_rule_becomes_a_finding_and_the_others_go_on() -> None:
    def crash(context: Context) -> Iterator[Finding]:
        raise ZeroDivisionError(f"on {context.chain.leaf}")

    with patch.object(rules, "RULES", {"crash": crash, **rules.RULES}):
        findings = judge(chain_of(issue("other", authority("Root"))), role=Role.PRIMARY, host=HOST, now=NOW)
    assert {"rules.broken", "name.wrong-host"} <= codes(findings)
    assert "ZeroDivisionError" in next(each.message for each in findings if each.code == "rules.broken")


def test_piles() -> None:
    pki = acme("p256")
    renewed = issue("primary-host", pki.intermediate, end=END + DAY, slot="renewed")
    reused = issue("else", pki.intermediate, serial=renewed.x509.serial_number)
    good = assemble([pki.primary.bundle, pki.gateway.bundle])
    assert list(check_together(good)) == []
    chains = assemble([pki.primary.bundle, renewed.bundle, reused.bundle])
    assert {each.code for each in check_together(chains)} == {"pile.same-subject", "pile.same-serial"}


def test_every_finding_has_a_case() -> None:
    here = set().union(*(case.codes for case in CASES))
    notes = {
        finding.code
        for case in CASES
        for finding in judge(assemble(case.build().bundle)[0], role=case.role, host=HOST, now=NOW)
    }
    mine = {
        "validity.clock-behind", "usage.public-ca-drops-client-auth", "constraints.root-without-constraints",
        "algorithm.unknown", "key.missing", "key.mismatch", "key.client-elsewhere", "chain.no-leaf", "chain.extra",
        "chain.namesake", "signature.not-verified", "ocsp.no-responder", "lifetime.beyond-public",
        "lifetime.renewal-is-shorter", "form.serial-too-long", "form.unreadable", "name.java-refuses", "name.wildcard",
        "rules.broken", "pile.same-subject", "pile.same-serial", "root.public-or-private", "subtrees.too-many", "chain.ring",
        "form.java-cannot-read", "algorithm.rsa-pss", "algorithm.rsa-pss-authority",
    }  # fmt: skip
    table = {code.rstrip("!") for row in CHAINS for code in row.ours.split()}
    assert codes_in("wizard/certificates/rules") == here | notes | mine | table


def test_dsa_keys_are_below_the_floor() -> None:
    with patch("wizard.certificates.fields.key_label", return_value="DSA-2048"):
        assert "strength.weak-key" in judged(chain_of(acme("p256").primary))


def test_findings_point_at_the_certificate_and_its_file() -> None:
    leaf = issue("host", authority("Root"), eku=[SERVER])
    certificate = Certificate(leaf.x509, origin="folder/host.cer")
    chain = assemble(Bundle(Format.PEM, (certificate, *leaf.chain[1:]), (leaf.private_key,)))[0]
    told = next(each for each in judge(chain, role=Role.GATEWAY, now=NOW) if each.code == "usage.no-client-auth")
    assert told.as_json()["subject"] == {
        "kind": "certificate", "path": "folder/host.cer", "sha256": certificate.sha256,
    }  # fmt: skip
    assert key("p256", "x") is key("p256", "x")


def test_a_name_costs_the_same_whatever_the_number_of_name_constraints() -> None:
    """Java compares a million pairs for half a minute; here each name is looked up."""
    trees = [f"x{number}.test" for number in range(2_000)]
    limited = authority(
        "Limited", authority("Root"), permitted=["a.test", *trees], excluded=[f"n{each}" for each in trees]
    )
    good = chain_of(issue("host", limited, sans=[f"h{number}.a.test" for number in range(2_000)]))
    bad = chain_of(issue("host", limited, sans=[*trees, "other.test", "another.test"]))

    def work() -> None:
        assert "subtrees.too-many" in judged(good, None)
        assert "subtrees.violated" not in judged(good, None)
        found = [each for each in judge(bad, role=None, now=NOW) if each.code == "subtrees.violated"]
        assert [each.facts["more"] for each in found] == [", and 1 more like it"]

    assert soon(work)
