"""What the practice primary reads at its start: settings as HOCON says; stores, in the words of Java's exceptions."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from wizard.certificates.model import Profile
from wizard.certificates.reading import read
from wizard.configs import hocon, java_start
from wizard.errors import WizardError
from wizard.host import jre
from wizard.host.machine import Access, lookup, readable_as
from wizard.sandbox.deployment import KEY_PATH, Deployment
from wizard.sandbox.service.unit_file import Unit
from wizard.secret import Secret


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that matter for TLS.

    Attributes:
        keystore_file: logical path; "" means the built-in certificate.
        keystore_password: its password as the server understood it.
        port: of the internal TLS port.
        client_authentication: `need`, `want` or `none`.
        protocols: of `TLSv1.2`, `TLSv1.3`.
    """

    keystore_file: str
    keystore_password: str
    port: int
    client_authentication: str = "need"
    protocols: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")


def settings_of(deployment: Deployment, environment: Mapping[str, str]) -> Settings:
    """The effective settings: includes, duplicates and substitutions as HOCON says.

    Raises:
        WizardError: the text does not parse, or the file cannot be read (OSError then).
    """
    folder = deployment.conf.parent

    def included(kind: str, name: str) -> bytes | None:
        path = folder / name if kind in {"heuristic", "file"} else None
        return path.read_bytes() if path is not None and path.is_file() else None

    unit = Unit(str(deployment.root))
    if _access(deployment, unit, deployment.machine.conf).ok is False and deployment.conf.is_file():
        raise PermissionError(errno.EACCES, "Permission denied", str(deployment.machine.conf))
    java = java_start.parse(unit.settings.get("ExecStart", "").split(), environment, lambda _: None)
    named = java.properties.get("config.file")
    conf = deployment.machine.real(named.value) if named is not None else deployment.conf
    document = hocon.parse(conf.read_bytes(), environment=environment, includes=included)

    def text(path: str, default: str) -> str:
        told = java.overruling(path.split("."))
        value = document.get(path)
        return told.value if told is not None else default if value is None else value.text

    offered = text(f"{KEY_PATH}.protocols", "")
    return Settings(
        keystore_file=text(f"{KEY_PATH}.default-keystore-file", ""),
        keystore_password=text(f"{KEY_PATH}.default-keystore-password", ""),
        port=int(text("hcp.server.internal-tls-port", str(deployment.port))),
        client_authentication=text(f"{KEY_PATH}.client-authentication", "need"),
        protocols=tuple(name for name in ("TLSv1.2", "TLSv1.3") if not offered or name in offered),
    )


# DER of the object identifier of PBES2 (RFC 8018), which the old PKCS12 reader of Java misunderstands.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")


class JavaError(Exception):
    """The key store cannot be used; the text is what Java would write to its log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Key and chain as the server presents them, leaf first."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]


def builtin(deployment: Deployment) -> Identity:
    """The certificate that the product brings along: self-signed, "localhost"."""
    data = deployment.builtin.read_bytes()
    key = load_pem_private_key(data, None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - made so by `build`
    return Identity(key, tuple(x509.load_pem_x509_certificates(data)))


def configured(deployment: Deployment, settings: Settings) -> Identity:
    """The identity in the configured key store.

    Raises:
        JavaError: path, permission, password or content is not right.
    """
    data = _readable(deployment, settings.keystore_file)
    _sniffed(data)
    choice = jre.choose_profile(jre.find(deployment.machine, ask_java=False))
    old = choice.known and choice.profile is Profile.LEGACY
    if not settings.keystore_password.isascii() or (old and _PBES2 in data):
        raise JavaError("java.io.IOException: keystore password was incorrect")
    try:
        store = pkcs12.load_pkcs12(data, settings.keystore_password.encode())
    except ValueError as problem:
        if "password" in str(problem).lower():
            raise JavaError(_password_words(data, settings)) from None
        raise JavaError("java.io.IOException: DerInputStream: parse error") from None
    if store.key is None or store.cert is None:
        raise JavaError("java.security.KeyStoreException: no private key entry in the key store")
    if not isinstance(store.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise JavaError("java.security.NoSuchAlgorithmException: unsupported key algorithm")
    others = [entry.certificate for entry in store.additional_certs]
    return Identity(store.key, _chain(store.cert.certificate, others))


def trusted(deployment: Deployment) -> tuple[list[x509.Certificate], list[str]]:
    """The CAs that clients may come from: cacerts and the uploaded ones. Second: what could not be read."""
    problems: list[str] = []
    found: dict[bytes, x509.Certificate] = {}
    sources = [str(deployment.machine.cacerts)]
    if deployment.portal.is_dir():
        sources += [str(deployment.machine.logical(path)) for path in sorted(deployment.portal.iterdir())]
    for logical in sources:
        try:
            # Java opens cacerts without its password, so a changed one does not hurt it.
            bundle = read(_readable(deployment, logical), name=PurePosixPath(logical).name)
        except (WizardError, JavaError) as problem:
            problems.append(f"{logical}: {problem}")
            continue
        found |= {certificate.der: certificate.x509 for certificate in bundle.certificates}
    return list(found.values()), problems


def _access(deployment: Deployment, unit: Unit, logical: PurePosixPath | str) -> Access:
    """Whether the account of the service may read *logical*."""
    return readable_as(deployment.machine, logical, lookup(deployment.machine, unit.settings.get("User", "")))


def _readable(deployment: Deployment, logical: str) -> bytes:
    machine = deployment.machine
    answer = _access(deployment, Unit(str(deployment.root)), logical)
    real = machine.real(PurePosixPath(logical))
    if answer.ok is False:
        words = "No such file or directory" if "exist" in answer.reason else "Permission denied"
        words = "Is a directory" if "is a folder" in answer.reason else words
        raise JavaError(f"java.io.FileNotFoundException: {logical} ({words})")
    try:
        return real.read_bytes()
    except OSError as problem:
        raise JavaError(f"java.io.FileNotFoundException: {logical} ({os.strerror(problem.errno or 0)})") from None


def _sniffed(data: bytes) -> None:
    """Refuse by the first bytes, as the reader of PKCS12 does."""
    if not data:
        raise JavaError("java.io.IOException: Tag number over 30 is not supported")
    if len(data) > 1 and 0x84 < data[1] < 0xFF:
        raise JavaError(f"java.io.IOException: DerInputStream.getLength(): lengthTag={data[1] & 0x7F}, too big.")
    if data[0] != 0x30:
        raise JavaError(f"java.io.IOException: toDerInputStream rejects tag type {data[0]}")
    if len(data) >= 4 and data[1] == 0x82 and len(data) < 4 + int.from_bytes(data[2:4], "big"):
        raise JavaError("java.io.EOFException: not enough content")


def _password_words(data: bytes, settings: Settings) -> str:
    try:
        read(data, password=Secret(settings.keystore_password))
    except WizardError as problem:
        if "key" in problem.code.rpartition(".")[2] and "password" in problem.code:
            return "java.security.UnrecoverableKeyException: Get Key failed: Given final block not properly padded"
    return "java.io.IOException: keystore password was incorrect"


def _chain(leaf: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The chain as Java builds it: by issuer; it stops, without a word, where an issuer is missing."""
    chain = [leaf]
    while chain[-1].issuer != chain[-1].subject:
        issuer = next((other for other in others if other.subject == chain[-1].issuer and other not in chain), None)
        if issuer is None:
            break
        chain.append(issuer)
    return tuple(chain)
