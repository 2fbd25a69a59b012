"""PKCS12 files (RFC 7292): what can be read without a password, and what the password opens."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from wizard import codes
from wizard.certificates.formats import objects, pbe
from wizard.certificates.formats.der import SEQUENCE, DerError, Node, parse
from wizard.certificates.formats.objects import Reader, ReadingError
from wizard.certificates.model import Bundle, Format, StoreFacts

_PBMAC1 = "1.2.840.113549.1.5.14"
_PBKDF2 = "1.2.840.113549.1.5.12"


@dataclass(frozen=True, slots=True)
class Mac:
    """An integrity check, understood but not yet made.

    Attributes:
        name: for people, such as `HmacSHA256`.
        iterations: of its key derivation.
        rounds: what that costs.
        digest: the hash of its HMAC.
        expected: its value.
        derive: password -> key.
    """

    name: str
    iterations: int
    rounds: int
    digest: str
    expected: bytes
    derive: Callable[[pbe.Phrase], bytes]

    def verify(self, phrase: pbe.Phrase, content: bytes) -> bool:
        """Whether the check holds for *content* with this password."""
        return pbe.mac_matches(self.derive(phrase), self.digest, content, self.expected)


def understand_mac(node: Node) -> Mac:
    """What a MacData asks for.

    Raises:
        Unsupported: its algorithm is not known here.
        DerError: it is malformed.
    """
    parts = node.expect(SEQUENCE).fields(2)
    info = parts[0].expect(SEQUENCE).fields(2)
    algorithm, expected = info[0].expect(SEQUENCE).fields(1), info[1].octet_string
    kind = algorithm[0].oid
    if kind == _PBMAC1:
        return _pbmac1(algorithm, expected)
    if kind not in pbe.HASHES:
        raise pbe.Unsupported(f"the integrity check {kind}")
    digest = pbe.HASHES[kind]
    salt = pbe.salt_of(parts[1])
    count = parts[2].integer if len(parts) > 2 else 1
    if count < 1:
        raise node.error("an iteration count is not positive")

    def derive(phrase: pbe.Phrase) -> bytes:
        return pbe.pkcs12_kdf(digest, phrase, salt, count, purpose=3, length=pbe.digest_size(digest))

    return Mac(f"Hmac{digest.upper()}", count, count, digest, expected, derive)


def _pbmac1(algorithm: list[Node], expected: bytes) -> Mac:
    """RFC 9579: the parameters hold everything; the salt and count beside them are unused."""
    if len(algorithm) < 2:
        raise algorithm[0].error("PBMAC1 has no parameters")
    derivation, scheme = (part.expect(SEQUENCE).fields(1) for part in algorithm[1].expect(SEQUENCE).fields(2)[:2])
    if len(derivation) < 2 or derivation[0].oid != _PBKDF2 or scheme[0].oid not in pbe.PRFS:
        raise pbe.Unsupported("a PBMAC1 integrity check without PBKDF2 or HMAC")
    salt, count, prf = pbe.pbkdf2_parameters(derivation[1])
    digest = pbe.PRFS[scheme[0].oid]
    lengths = [part.integer for part in derivation[1].children[2:3] if part.tag != SEQUENCE]
    length = lengths[0] if lengths else pbe.digest_size(digest)
    if not 1 <= length <= 64:
        raise pbe.Unsupported("a PBMAC1 key of an unusual length")

    def derive(phrase: pbe.Phrase) -> bytes:
        return pbe.pbkdf2(prf, phrase, salt, count, length)

    blocks = -(-length // pbe.digest_size(prf))
    return Mac(f"PBMAC1 Hmac{digest.upper()}", count, blocks * count, digest, expected, derive)


_DATA = "1.2.840.113549.1.7.1"
_ENCRYPTED = "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME = "1.2.840.113549.1.9.20"
PART_LIMIT = 5_000
JAVA_TRUSTED = "2.16.840.1.113894.746875.1.1"
"""The attribute by which Java tells a trusted certificate from one that merely lies in the file (Oracle)."""


@dataclass(frozen=True, slots=True)
class _Part:
    content: bytes
    encryption: pbe.Encryption | None


@dataclass(frozen=True, slots=True)
class _Structure:
    authenticated: bytes
    parts: tuple[_Part, ...]
    mac: Mac | None

    def facts(self, inside: Iterable[pbe.Encryption | None] = ()) -> StoreFacts:
        """What it says about itself; *inside* are the encryptions of its keys, once the parts are open."""
        used = [one for one in (*(part.encryption for part in self.parts), *inside) if one is not None]
        return StoreFacts(
            integrity=self.mac.name if self.mac else "",
            iterations=max([self.mac.iterations if self.mac else 0, *(one.iterations for one in used)]),
            encryption=tuple(dict.fromkeys(one.name for one in used)),
        )


@dataclass(slots=True)
class _Found:
    """What the bags hold, keys still closed."""

    keys: list[tuple[bytes, pbe.Encryption | None, str]] = field(default_factory=list)
    certificates: list[tuple[bytes, str, bool]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def peek(outer: Node) -> StoreFacts:
    """What the file says about itself without any password and without any key derivation.

    Raises:
        DerError: the structure is malformed.
        Unsupported: it uses something that is not known here.
    """
    return _structure(outer).facts()


def read(outer: Node, reader: Reader) -> Bundle:
    """Open the PKCS12 file whose outermost element is *outer*.

    Raises:
        ReadingError: password needed or wrong, the key's password differs, unsupported, damaged.
        TooManyRounds: it asks for more than anyone waits for.
        DerError: the structure is malformed; positions count in the file or in a part of it.
    """
    name = reader.name
    try:
        structure = _structure(outer)
        asked = pbe.Effort()
        if structure.mac is not None:
            asked.spend(structure.mac.rounds)
        for part in structure.parts:
            if part.encryption is not None:
                asked.spend(part.encryption.rounds)
        return _Opener(structure, reader).read()
    except pbe.Unsupported as error:
        raise objects.unsupported(name, str(error)) from error


def _structure(outer: Node) -> _Structure:
    children = outer.expect(SEQUENCE).fields(2)
    if children[0].integer != 3:
        raise outer.error("this is not version 3 of PKCS12")
    content = _content(children[1], _DATA)
    parts = []
    for safe in parse(content, inner=True).expect(SEQUENCE):
        kind = safe.expect(SEQUENCE).fields(1)[0].oid
        if kind == _DATA:
            parts.append(_Part(_content(safe, _DATA), None))
        elif kind == _ENCRYPTED:
            parts.append(_encrypted(safe))
        else:
            raise pbe.Unsupported("encryption for a public key instead of a password")
        if len(parts) > PART_LIMIT:
            raise safe.error("there are more parts than in any real store")
    mac = understand_mac(children[2]) if len(children) > 2 else None
    return _Structure(content, tuple(parts), mac)


def _content(info: Node, kind: str) -> bytes:
    children = info.expect(SEQUENCE).fields(1)
    if children[0].oid != kind:
        raise pbe.Unsupported("a signature instead of a password for its integrity")
    if len(children) < 2:
        return b"\x30\x00"
    return children[1].fields(1)[0].octets


def _encrypted(safe: Node) -> _Part:
    """EncryptedData of RFC 5652: version, then type, algorithm and [0] IMPLICIT octets."""
    inner = safe.fields(2)[1].fields(1)[0].expect(SEQUENCE).fields(2)
    parts = inner[1].expect(SEQUENCE).fields(3)
    return _Part(parts[2].octets, pbe.understand(parts[1]))


class _Opener:
    """Finds the form of the password that fits, then opens the parts and the keys."""

    def __init__(self, structure: _Structure, reader: Reader) -> None:
        password, key_password = reader.password, reader.key_password
        self.structure = structure
        self.reader = reader
        self.given = password is not None
        self.key_given = key_password is not None
        self.candidates = pbe.phrases(password.reveal() if password is not None else "")
        self.key_candidates = pbe.phrases(key_password.reveal()) if key_password is not None else []
        self.effort = pbe.Effort()
        self.proved = False

    def read(self) -> Bundle:
        if self.structure.mac is not None:
            self._check_mac(self.structure.mac)
        found = _Found()
        for part in self.structure.parts:
            _bags(parse(self._opened(part), inner=True), found)
        for number, (der, alias, trusted) in enumerate(found.certificates, 1):
            if self.reader.certificate(der, f"bag {number}", alias) and trusted:
                self.reader.trusted.append(alias)
        asked = pbe.Effort(self.effort.rounds)
        keys = self.reader.first_keys(found.keys)
        for _, encryption, _ in keys:
            asked.spend(encryption.rounds if encryption is not None else 0)
        locked = [not self._take_key(*one) for one in keys]
        for other in found.others:
            self.reader.note("pkcs12.other-bag", what=other)
        facts = replace(
            self.structure.facts(encryption for _, encryption, _ in found.keys),
            opened=True,
            keys=len(found.keys),
            certificates=len(found.certificates),
            java_trusted=sum(trusted for _, _, trusted in found.certificates),
        )
        if not facts.integrity:
            self.reader.note(codes.PKCS12_NO_INTEGRITY.code)
        if any(locked):
            raise self._locked(self.reader.bundle(Format.PKCS12, facts))
        return self.reader.finished(Format.PKCS12, facts)

    def _check_mac(self, mac: Mac) -> None:
        # The two passwords may have been given in the wrong order.
        for phrase in [*self.candidates, *self.key_candidates]:
            self.effort.spend(mac.rounds)
            if mac.verify(phrase, self.structure.authenticated):
                if phrase not in self.candidates:
                    self.key_candidates = [*self.candidates, *self.key_candidates]
                self.candidates = [phrase]
                self.proved = True
                return
        if not self.given:
            raise objects.password_needed(self.reader.name)
        # What follows only says more about the refusal; a store with many rounds is not worth it.
        with suppress(pbe.TooManyRounds):
            for phrase in pbe.phrases(""):
                self.effort.spend(mac.rounds)
                if mac.verify(phrase, self.structure.authenticated):
                    raise objects.password_wrong(self.reader.name, "it opens with an empty password")
            if self._opens_part():
                reason = "its integrity check fails, but the password opens it, so it was changed later"
                raise objects.damaged(self.reader.name, reason)
            if self._opens_key():
                what = "it opens only the private key; the store has another password, or was changed"
                raise objects.password_wrong(self.reader.name, what)
        raise objects.password_wrong(self.reader.name)

    def _opens_part(self) -> bool:
        """Whether the password opens the first encrypted part."""
        sealed = next((part for part in self.structure.parts if part.encryption is not None), None)
        if sealed is None or sealed.encryption is None:
            return False
        try:
            return self._try(sealed.encryption, sealed.content, self.candidates) is not None
        except pbe.Unsupported:
            return False

    def _opens_key(self) -> bool:
        """Whether the password opens the first private key in a part that is not encrypted."""
        found = _Found()
        try:
            for part in self.structure.parts:
                if part.encryption is None:
                    _bags(parse(part.content, inner=True), found)
            return any(
                encryption is not None and self._try(encryption, data, self.candidates) is not None
                for data, encryption, _ in found.keys[:1]
            )
        except (DerError, pbe.Unsupported):
            return False

    def _opened(self, part: _Part) -> bytes:
        if part.encryption is None:
            return part.content
        plain = self._try(part.encryption, part.content, [*self.candidates, *self.key_candidates])
        if plain is not None:
            self.proved = True
            return plain
        name = self.reader.name
        if not self.given:
            raise objects.password_needed(name)
        if self.proved and not self.key_given:
            raise objects.key_password_differs(name, codes.PKCS12_KEY_PASSWORD_DIFFERS, None)
        raise objects.password_wrong(name)

    def _try(self, encryption: pbe.Encryption, data: bytes, candidates: list[pbe.Phrase]) -> bytes | None:
        """Decrypt *data* with the first phrase that yields one whole element; later calls then try only that phrase."""
        opened = pbe.opened(encryption, data, candidates, self.effort)
        if opened is None:
            return None
        if opened[0] in self.candidates:
            self.candidates = [opened[0]]
        return opened[1]

    def _take_key(self, data: bytes, encryption: pbe.Encryption | None, alias: str) -> bool:
        plain: bytes | None = data
        if encryption is not None:
            plain = self._try(encryption, data, [*self.candidates, *self.key_candidates])
        if plain is None:
            return False
        self.reader.key(plain, f"private key {len(self.reader.keys) + 1}", alias, encrypted=encryption is not None)
        return True

    def _locked(self, partial: Bundle) -> ReadingError:
        name = self.reader.name
        if not self.given:
            return objects.password_needed(name, "its private key", partial)
        if self.key_given or not self.proved:
            return objects.password_wrong(name, "its private key", partial)
        return objects.key_password_differs(name, codes.PKCS12_KEY_PASSWORD_DIFFERS, partial)


def _bags(contents: Node, found: _Found, depth: int = 0) -> None:
    for bag in contents.expect(SEQUENCE):
        children = bag.expect(SEQUENCE).fields(2)
        kind = children[0].oid.removeprefix(_BAG)
        value = children[1].fields(1)[0]
        alias, trusted = _attributes(children[2]) if len(children) > 2 else ("", False)
        if kind == "1":
            found.keys.append((value.encoded, None, alias))
        elif kind == "2":
            algorithm, sealed = value.expect(SEQUENCE).fields(2)[:2]
            found.keys.append((sealed.octets, pbe.understand(algorithm), alias))
        elif kind == "3":
            sort, *rest = value.expect(SEQUENCE).fields(1)
            if sort.oid != _X509 or not rest:
                found.others.append("a certificate that is not X.509")
            else:
                found.certificates.append((rest[0].fields(1)[0].octets, alias, trusted))
        elif kind == "6" and depth < 4:
            _bags(value, found, depth + 1)
        else:
            found.others.append({"4": "a revocation list", "5": "a secret"}.get(kind, "something unknown"))


def _attributes(attributes: Node) -> tuple[str, bool]:
    alias = ""
    trusted = False
    for kind, *sets in filter(None, (attribute.children for attribute in attributes)):
        values = sets[0].children if sets else []
        if kind.oid == _FRIENDLY_NAME and values:
            alias = values[0].octets.decode("utf-16-be", errors="replace")
        trusted = trusted or kind.oid == JAVA_TRUSTED
    return alias, trusted
