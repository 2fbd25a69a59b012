"""What holds for any pile, any password and any damage."""

import string

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests.support import asn1
from tests.support.codes_in import codes_in
from tests.support.pki import acme
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.secret import Secret

PKI = acme("p256")
PEOPLE = (PKI.primary, PKI.gateway, PKI.client, PKI.intermediate, PKI.root)
CODES = codes_in("wizard/certificates/formats", "wizard/certificates/reading.py")
TEXT = st.text(st.characters(exclude_characters="-", codec="utf-8"), max_size=60)
PASSWORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
VALID = (
    PKI.primary.chain_pem + PKI.primary.key_pem(),
    PKI.primary.pfx("changeit"),
    asn1.pfx([asn1.cert_bag(PKI.root.der, asn1.friendly("root")), asn1.key_bag(PKI.primary.key, "changeit")]),
    asn1.jks([("one", PKI.root.der), ("two", PKI.intermediate.der)], "changeit"),
    PKI.primary.der,
    PKI.primary.key_pem("changeit"),
)


def readable_or_refused(data: bytes) -> Bundle | None:
    """Nothing but a bundle or a declared refusal ever comes out; and `sniff` never raises."""
    assert isinstance(sniff(data), Format)
    try:
        return read(data, name="any", password=Secret("changeit"))
    except ReadingError as error:
        refusal = error
    assert refusal.code in CODES, refusal
    return refusal.partial


@given(st.lists(st.tuples(st.sampled_from(PEOPLE), TEXT), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_any_order_and_any_text_around(pile: list[tuple[object, str]], newline: str) -> None:
    people = [person for person, _ in pile]
    text = "".join(f"{around}\n{person.pem.decode()}" for person, around in pile)  # type: ignore[attr-defined]
    data = text.replace("\r", "").replace("\n", newline).encode()
    bundle = read(data)
    assert [each.der for each in bundle.certificates] == [person.der for person in people]  # type: ignore[attr-defined]
    assert [each.der for each in read(data.decode().encode("utf-16")).certificates] == [
        each.der for each in bundle.certificates
    ]


@given(PASSWORDS, st.sampled_from(["modern", "3des"]))
def test_any_password_opens_what_it_closed(password: str, profile: str) -> None:
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(20)
    if profile == "3des":
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    if not password:
        return  # the library does not write these; OpenSSL does, and its oracle covers them
    data = pkcs12.serialize_key_and_certificates(
        "näme".encode(), PKI.primary.key, PKI.primary.x509, None, builder.build(password.encode())
    )
    bundle = read(data, password=Secret(password))
    assert bundle.certificates == (PKI.primary.certificate,)
    assert len(bundle.keys) == 1
    with pytest.raises(ReadingError) as refusal:
        read(data, password=Secret(password + "x"))
    assert refusal.value.code == "reading.password-wrong"


@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from(PEOPLE)), max_size=5), PASSWORDS)
def test_any_alias_and_any_password_in_jks(entries: list[tuple[str, object]], password: str) -> None:
    entries = [(alias.encode("utf-8", "ignore").decode(), person) for alias, person in entries]
    data = asn1.jks([(alias, person.der) for alias, person in entries], password)  # type: ignore[attr-defined]
    bundle = read(data, password=Secret(password))
    assert bundle.trusted_aliases == tuple(alias for alias, _ in entries)
    assert [each.der for each in bundle.certificates] == [person.der for _, person in entries]  # type: ignore[attr-defined]


@given(st.sampled_from(VALID), st.data())
def test_a_cut_file_is_refused_or_yields_less(whole: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    before = readable_or_refused(whole)
    after = readable_or_refused(whole[:at])
    assert before is not None
    if after is not None:
        assert set(after.certificates) <= set(before.certificates)
        assert len(after.keys) <= len(before.keys)


@given(st.sampled_from(VALID), st.data())
def test_damage_never_crashes(whole: bytes, data: st.DataObject) -> None:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        match data.draw(st.sampled_from(["flip", "drop", "double", "insert"])):
            case "flip":
                changed[at] ^= data.draw(st.integers(1, 255))
            case "drop":
                del changed[at : at + data.draw(st.integers(1, 40))]
            case "double":
                changed[at:at] = changed[at : at + data.draw(st.integers(1, 40))]
            case _:
                changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        changed = changed or bytearray(b"0")
    readable_or_refused(bytes(changed))


@given(st.one_of(st.binary(max_size=200), st.text(string.printable, max_size=200).map(str.encode)))
def test_anything_at_all(data: bytes) -> None:
    for start in (
        b"",
        b"\x30\x80",
        b"\x30\x82\x01\x00\x02\x01\x03\x30",
        b"\xfe\xed\xfe\xed\0\0\0\2",
        b"-----BEGIN CERTIFICATE-----\n",
    ):
        readable_or_refused(start + data)
