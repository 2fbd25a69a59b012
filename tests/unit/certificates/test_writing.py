"""Stores and files: what is in them, in which encryption, under which names."""

from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.pki import Entity, acme, authority, issue
from wizard.certificates import names
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain, Profile
from wizard.certificates.reading import read
from wizard.certificates.writing import cer_files, keystore, pem_chain, truststore
from wizard.errors import WizardError
from wizard.secret import Secret

PASSWORD = Secret("changeit")


def chain_of(entity: Entity) -> Chain:
    return assemble(entity.bundle)[0]


@pytest.mark.parametrize("profile", Profile)
def test_a_key_store_holds_key_leaf_and_chain(profile: Profile) -> None:
    pki = acme()
    data = keystore(chain_of(pki.primary), PASSWORD, profile=profile)
    loaded = pkcs12.load_pkcs12(data, b"changeit")
    assert loaded.cert is not None
    assert loaded.cert.certificate == pki.primary.x509
    assert loaded.cert.friendly_name == b"primary-host"
    assert {each.certificate for each in loaded.additional_certs} == {pki.intermediate.x509, pki.root.x509}
    bundle = read(data, password=PASSWORD)
    assert bundle.store is not None
    weak = any("3DES" in name or "DES" in name.upper() for name in bundle.store.encryption)
    assert weak is (profile is Profile.LEGACY)


def test_the_friendly_name_can_be_chosen() -> None:
    data = keystore(chain_of(acme("p256").primary), PASSWORD, profile=Profile.MODERN, friendly_name="mine")
    loaded = pkcs12.load_pkcs12(data, b"changeit")
    assert loaded.cert is not None
    assert loaded.cert.friendly_name == b"mine"


def test_a_trust_store_is_trusted_by_java_and_names_each_certificate() -> None:
    twins = [authority("Twin Root", slot=slot) for slot in "ab"]
    wanted = [acme("p256").root, *twins, twins[0]]
    bundle = read(
        truststore([each.certificate for each in wanted], PASSWORD, profile=Profile.MODERN), password=PASSWORD
    )
    assert bundle.store is not None
    assert bundle.store.java_trusted == 3
    assert len(set(bundle.trusted_aliases)) == 3
    assert "acme-ca-root" in bundle.trusted_aliases


@dataclass(frozen=True)
class Refused:
    code: str
    chain: Chain
    password: str = "changeit"


def refused() -> tuple[Refused, ...]:
    good = chain_of(acme("p256").primary)
    return (
        Refused("writing.no-leaf", Chain(None, (), acme("p256").root.certificate)),
        Refused("writing.no-key", Chain(good.leaf, good.intermediates, good.root)),
        Refused("writing.password-not-ascii", good, "pässword"),
        Refused("writing.password-too-short", good, "short"),
    )


@pytest.mark.parametrize("case", refused(), ids=lambda case: case.code)
def test_what_is_refused(case: Refused) -> None:
    with pytest.raises(WizardError) as caught:
        keystore(case.chain, Secret(case.password), profile=Profile.MODERN)
    assert caught.value.code == case.code
    assert case.password not in caught.value.message + caught.value.hint


def test_an_empty_trust_store_is_refused() -> None:
    with pytest.raises(WizardError) as caught:
        truststore([], PASSWORD, profile=Profile.MODERN)
    assert caught.value.code == "writing.no-certificate"


def test_cer_files_are_der_each_once_with_names_for_people() -> None:
    pki = acme("p256")
    files = cer_files([chain_of(pki.primary), chain_of(pki.gateway)])
    assert [name for name, _ in files] == ["Acme-CA-Root.cer", "Acme-CA-Intermediate.cer"]
    assert [x509.load_der_x509_certificate(data) for _, data in files] == [pki.root.x509, pki.intermediate.x509]


def test_chains_under_public_roots_are_left_out() -> None:
    pki = acme("p256")
    assert cer_files([chain_of(pki.primary)], public_roots={pki.root.sha256}) == []


def test_equal_names_are_told_apart() -> None:
    chains = [chain_of(issue("host", authority(name, slot=name))) for name in ("Same Name", "same name")]
    found = [name for name, _ in cer_files(chains)]
    assert len({name.lower() for name in found}) == 2


def test_pem_chain_is_leaf_first() -> None:
    pki = acme("p256")
    found = x509.load_pem_x509_certificates(pem_chain(chain_of(pki.primary)))
    assert found == [pki.primary.x509, pki.intermediate.x509, pki.root.x509]


@pytest.mark.parametrize(
    ("common", "stem"),
    [
        ("Acme CA Root 2026", "Acme-CA-Root-2026"),
        ("../../etc/passwd", "etc_passwd"),
        ("Müller & Söhne CA", "Muller-_-Sohne-CA"),
        (".hidden", "hidden"),
        ("NUL", "ca-NUL"),
        ("com1.txt", "ca-com1.txt"),
        ("a" * 64, "a" * 60),
        ("*.acme.example", "acme.example"),
        ("a\x1b[31m\u202eb", "a_31mb"),
    ],
)
def test_file_names(common: str, stem: str) -> None:
    assert names.file_stem(authority(common).certificate) == stem


def test_a_name_without_any_usable_letter_becomes_a_fingerprint() -> None:
    certificate = authority("根證書").certificate
    assert names.file_stem(certificate) == f"certificate-{certificate.sha256[:8]}"
    assert names.short(certificate) == "根證書"


def test_names_for_people_cannot_act() -> None:
    certificate = authority("evil\x1b]0;x\x07").certificate
    assert "\x1b" not in names.short(certificate) + names.subject(certificate)
