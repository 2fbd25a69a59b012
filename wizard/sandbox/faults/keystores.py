"""Faults in the key store file itself, and in the certificate inside it."""

import os

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from wizard.sandbox import pkcs12_parts
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import Act, Fault, as_root, edit, put
from wizard.sandbox.pki import CLIENT, Entity, Pki, pem, pfx
from wizard.sandbox.truststore import empty

_NAME = "primary-host"


def _holding(deployment: Deployment, entity: Entity, certificates: list[x509.Certificate] | None = None) -> None:
    put(deployment, pfx(entity, PASSWORD, name=_NAME, certificates=certificates))


def _leaf_only(deployment: Deployment, pki: Pki) -> None:
    _holding(deployment, pki.entities[_NAME], [])


def _no_intermediate(deployment: Deployment, pki: Pki) -> None:
    _holding(deployment, pki.entities[_NAME], [pki.root.certificate])


def _period(begin: int, end: int) -> Act:
    return lambda deployment, pki: _holding(deployment, pki.reissued(_NAME, days=(begin, end)))


def _wrong_host(deployment: Deployment, pki: Pki) -> None:
    _holding(deployment, pki.reissued(_NAME, dns=["old-server.example.test"]))


def _no_san(deployment: Deployment, pki: Pki) -> None:
    _holding(deployment, pki.reissued(_NAME, dns=[]))


def _client_only(deployment: Deployment, pki: Pki) -> None:
    _holding(deployment, pki.reissued(_NAME, eku=[CLIENT]))


def _weak_key(deployment: Deployment, pki: Pki) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short is what the fault is about
    _holding(deployment, pki.reissued(_NAME, key=weak))


def _other_entity(deployment: Deployment, pki: Pki) -> None:
    put(deployment, pfx(pki.entities["gateway-host"], PASSWORD, name="gateway-host"))


def _key_password(deployment: Deployment, pki: Pki) -> None:
    certificates, _ = pkcs12_parts.parts(pfx(pki.entities[_NAME], PASSWORD, name=_NAME))
    _, key = pkcs12_parts.parts(pfx(pki.entities[_NAME], "other-Passw0rd", name=_NAME))
    put(deployment, pkcs12_parts.joined([certificates, key], PASSWORD))


def _two_keys(deployment: Deployment, pki: Pki) -> None:
    # The self-signed one comes first, so it is the one that gets served.
    extra = Entity(pki.fallback.certificate, pki.fallback.key)
    members = [
        *pkcs12_parts.parts(pfx(extra, PASSWORD, name="a-test")),
        *pkcs12_parts.parts(deployment.keystore.read_bytes()),
    ]
    put(deployment, pkcs12_parts.joined(members, PASSWORD))


def _no_key(deployment: Deployment, pki: Pki) -> None:
    entity = pki.entities[_NAME]
    data = pkcs12.serialize_key_and_certificates(
        None, None, entity.certificate, list(entity.issuers), BestAvailableEncryption(PASSWORD.encode())
    )
    put(deployment, data)


def _old_java(deployment: Deployment, pki: Pki) -> None:
    release = deployment.root / "opt/hcp/jre/release"
    release.write_text('JAVA_VERSION="11.0.5"\nIMPLEMENTOR="Practice"\n', encoding="utf-8")
    _holding(deployment, pki.entities[_NAME])


def _umlaut(deployment: Deployment, pki: Pki) -> None:
    word = "schl\u00fcssel"
    put(deployment, pfx(pki.entities[_NAME], word, name=_NAME))
    edit(deployment, f'"{PASSWORD}"', f'"{word}"')


def _jks(deployment: Deployment, pki: Pki) -> None:
    empty(deployment.keystore, PASSWORD, keep=pki.entities[_NAME].certificate)


def _pem(deployment: Deployment, pki: Pki) -> None:
    entity = pki.entities[_NAME]
    put(deployment, pem(entity.certificate, *entity.issuers))


def _cut(deployment: Deployment, _: Pki) -> None:
    data = deployment.keystore.read_bytes()
    put(deployment, data[: len(data) // 2])


def _text_mode(deployment: Deployment, _: Pki) -> None:
    data = deployment.keystore.read_bytes()
    # Key material holds line feeds by chance; one more makes sure that the transfer leaves its mark.
    put(deployment, data.replace(b"\n", b"\r\n") if b"\n" in data else data[:100] + b"\r" + data[100:])


def _empty(deployment: Deployment, _: Pki) -> None:
    put(deployment, b"")


def _unreadable(deployment: Deployment, _: Pki) -> None:
    if as_root():
        os.chown(deployment.keystore, 0, 0)
    deployment.keystore.chmod(0o600 if as_root() else 0)


def _closed_folder(deployment: Deployment, _: Pki) -> None:
    folder = deployment.conf.with_name("private")
    folder.mkdir()
    deployment.keystore.rename(folder / deployment.keystore.name)
    edit(deployment, "/opt/hcp/conf/primary-host.pfx", "/opt/hcp/conf/private/primary-host.pfx")
    folder.chmod(0o700 if as_root() else 0)


def _key_of_another(deployment: Deployment, pki: Pki) -> None:
    primary, other = pki.entities[_NAME], pki.entities["pcclient-host"]
    certificates, _ = pkcs12_parts.parts(pfx(primary, PASSWORD, name=_NAME))
    _, key = pkcs12_parts.parts(pfx(other, PASSWORD, name=_NAME))
    # The identifier that links a key to its certificate is stored unencrypted beside the encrypted key.
    ours, theirs = (entity.certificate.fingerprint(SHA1()) for entity in (primary, other))  # noqa: S303 - an identifier
    put(deployment, pkcs12_parts.joined([certificates, key.replace(theirs, ours)], PASSWORD))


def _world_readable(deployment: Deployment, _: Pki) -> None:
    deployment.keystore.chmod(0o644)


def _gone(deployment: Deployment, _: Pki) -> None:
    deployment.keystore.unlink()


FAULTS = (
    Fault("leaf-only", "The key store holds the leaf without its issuers.", "chain.incomplete", _leaf_only, "other"),
    Fault(
        "missing-intermediate", "The key store lacks the intermediate.", "chain.incomplete", _no_intermediate, "other"
    ),
    Fault("expired", "The certificate has expired.", "validity.leaf-expired", _period(-400, -3), "other"),
    Fault(
        "not-yet-valid",
        "The certificate becomes valid next month.",
        "validity.leaf-not-yet-valid",
        _period(30, 400),
        "other",
    ),
    Fault("ends-soon", "The certificate ends in five days.", "validity.expires-soon", _period(-360, 5), "other"),
    Fault("wrong-host", "The certificate is for another host.", "name.wrong-host", _wrong_host, "other"),
    Fault("no-san", "The certificate has no subject alternative name.", "name.no-san", _no_san, "other"),
    Fault("client-only", "Only clients can use the certificate.", "usage.no-server-auth", _client_only, "other"),
    Fault("weak-key", "The key has only 1024 bits.", "strength.weak-key", _weak_key, "other"),
    Fault("gateway-certificate", "The gateway's key store was copied here.", "name.wrong-host", _other_entity, "other"),
    Fault("key-password", "Key and store have different passwords.", "doctor.key-password", _key_password),
    Fault("two-keys", "The key store holds two private keys.", "doctor.store-two-keys", _two_keys),
    Fault("no-private-key", "The key store holds certificates only.", "doctor.store-no-key", _no_key),
    Fault(
        "key-of-another",
        "The private key belongs to another certificate.",
        "doctor.store-key-mismatch",
        _key_of_another,
    ),
    Fault(
        "store-world-readable",
        "Every account can read the key store.",
        "doctor.store-world-readable",
        _world_readable,
        "right",
    ),
    Fault("old-java", "The Java of the product is too old for the key store.", "doctor.store-too-new", _old_java),
    Fault("umlaut-password", "The password holds an umlaut, which Java refuses.", "doctor.password-not-ascii", _umlaut),
    Fault("jks-as-pfx", "The key store is a JKS file.", "doctor.store-not-pkcs12", _jks),
    Fault("pem-as-pfx", "The key store is a PEM file.", "doctor.store-not-pkcs12", _pem),
    Fault("cut-off", "The key store was cut off while copying.", "doctor.store-damaged", _cut),
    Fault("text-mode", "The key store was copied in text mode.", "doctor.store-damaged", _text_mode),
    Fault("empty-file", "The key store is an empty file.", "doctor.store-empty", _empty),
    Fault("file-gone", "The key store was deleted.", "doctor.store-missing", _gone),
    Fault("unreadable", "The service cannot read the key store.", "doctor.store-unreadable", _unreadable),
    Fault(
        "closed-folder",
        "The service cannot enter the folder of the key store.",
        "doctor.store-unreadable",
        _closed_folder,
    ),
)
