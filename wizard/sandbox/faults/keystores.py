"""Faults in the key store file itself, and in the certificate inside it."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from wizard.sandbox import pkcs12_parts
from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import NAME, Act, as_root, closed, edit, password, put, table
from wizard.sandbox.pki import CLIENT, Entity, Pki, pem, pfx
from wizard.sandbox.truststore import empty


def _holding(deployment: Deployment, entity: Entity, certificates: list[x509.Certificate] | None = None) -> None:
    put(deployment, pfx(entity, PASSWORD, name=NAME, certificates=certificates))


def _reissued(**how: Any) -> Act:
    return lambda deployment, pki: _holding(deployment, pki.reissued(NAME, **how))


def _weak_key(deployment: Deployment, pki: Pki) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short is what the fault is about
    _holding(deployment, pki.reissued(NAME, key=weak))


def _key_password(deployment: Deployment, pki: Pki) -> None:
    certificates, _ = pkcs12_parts.parts(pfx(pki.entities[NAME], PASSWORD, name=NAME))
    _, key = pkcs12_parts.parts(pfx(pki.entities[NAME], "other-Passw0rd", name=NAME))
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
    entity = pki.entities[NAME]
    data = pkcs12.serialize_key_and_certificates(
        None, None, entity.certificate, list(entity.issuers), BestAvailableEncryption(PASSWORD.encode())
    )
    put(deployment, data)


def _old_java(deployment: Deployment, pki: Pki) -> None:
    release = deployment.root / "opt/hcp/jre/release"
    release.write_text('JAVA_VERSION="11.0.5"\nIMPLEMENTOR="Practice"\n', encoding="utf-8")
    _holding(deployment, pki.entities[NAME])


def _pem(deployment: Deployment, pki: Pki) -> None:
    entity = pki.entities[NAME]
    put(deployment, pem(entity.certificate, *entity.issuers))


def _cut(deployment: Deployment, _: Pki) -> None:
    data = deployment.keystore.read_bytes()
    put(deployment, data[: len(data) // 2])


def _text_mode(deployment: Deployment, _: Pki) -> None:
    data = deployment.keystore.read_bytes()
    # Key material holds line feeds by chance; one more makes sure that the transfer leaves its mark.
    put(deployment, data.replace(b"\n", b"\r\n") if b"\n" in data else data[:100] + b"\r" + data[100:])


def _closed_folder(deployment: Deployment, _: Pki) -> None:
    folder = deployment.conf.with_name("private")
    folder.mkdir()
    deployment.keystore.rename(folder / deployment.keystore.name)
    edit(deployment, "/opt/hcp/conf/primary-host.pfx", "/opt/hcp/conf/private/primary-host.pfx")
    folder.chmod(0o700 if as_root() else 0)


def _key_of_another(deployment: Deployment, pki: Pki) -> None:
    primary, other = pki.entities[NAME], pki.entities["pcclient-host"]
    certificates, _ = pkcs12_parts.parts(pfx(primary, PASSWORD, name=NAME))
    _, key = pkcs12_parts.parts(pfx(other, PASSWORD, name=NAME))
    # The identifier that links a key to its certificate is stored unencrypted beside the encrypted key.
    ours, theirs = (entity.certificate.fingerprint(SHA1()) for entity in (primary, other))  # noqa: S303 - an identifier
    put(deployment, pkcs12_parts.joined([certificates, key.replace(theirs, ours)], PASSWORD))


FAULTS = table(
    """\
leaf-only            chain.incomplete            other    The key store holds the leaf without its issuers.
missing-intermediate chain.incomplete            other    The key store lacks the intermediate.
expired              validity.leaf-expired       other    The certificate has expired.
not-yet-valid        validity.leaf-not-yet-valid other    The certificate becomes valid next month.
ends-soon            validity.expires-soon       other    The certificate ends in five days.
wrong-host           name.wrong-host             other    The certificate is for another host.
no-san               name.no-san                 other    The certificate has no subject alternative name.
client-only          usage.no-server-auth        other    Only clients can use the certificate.
weak-key             strength.weak-key           other    The key has only 1024 bits.
gateway-certificate  name.wrong-host             other    The gateway's key store was copied here.
key-password         doctor.key-password         fallback Key and store have different passwords.
two-keys             doctor.store-two-keys       fallback The key store holds two private keys.
no-private-key       doctor.store-no-key         fallback The key store holds certificates only.
key-of-another       doctor.store-key-mismatch   fallback The private key belongs to another certificate.
store-world-readable doctor.store-world-readable right    Every account can read the key store.
old-java             doctor.store-too-new        fallback The Java of the product is too old for the key store.
umlaut-password      doctor.password-not-ascii   fallback The password holds an umlaut, which Java refuses.
jks-as-pfx           doctor.store-not-pkcs12     fallback The key store is a JKS file.
pem-as-pfx           doctor.store-not-pkcs12     fallback The key store is a PEM file.
cut-off              doctor.store-damaged        fallback The key store was cut off while copying.
text-mode            doctor.store-damaged        fallback The key store was copied in text mode.
empty-file           doctor.store-empty          fallback The key store is an empty file.
file-gone            doctor.store-missing        fallback The key store was deleted.
unreadable           doctor.store-unreadable     fallback The service cannot read the key store.
closed-folder        doctor.store-unreadable     fallback The service cannot enter the folder of the key store.
""",
    {
        "leaf-only": lambda made, pki: _holding(made, pki.entities[NAME], []),
        "missing-intermediate": lambda made, pki: _holding(made, pki.entities[NAME], [pki.root.certificate]),
        "expired": _reissued(days=(-400, -3)),
        "not-yet-valid": _reissued(days=(30, 400)),
        "ends-soon": _reissued(days=(-360, 5)),
        "wrong-host": _reissued(dns=["old-server.example.test"]),
        "no-san": _reissued(dns=[]),
        "client-only": _reissued(eku=[CLIENT]),
        "weak-key": _weak_key,
        "gateway-certificate": lambda made, pki: put(
            made, pfx(pki.entities["gateway-host"], PASSWORD, name="gateway-host")
        ),
        "key-password": _key_password,
        "two-keys": _two_keys,
        "no-private-key": _no_key,
        "key-of-another": _key_of_another,
        "store-world-readable": lambda made, _: made.keystore.chmod(0o644),
        "old-java": _old_java,
        "umlaut-password": password("schl\u00fcssel", '"schl\u00fcssel"'),
        "jks-as-pfx": lambda made, pki: empty(made.keystore, PASSWORD, keep=pki.entities[NAME].certificate),
        "pem-as-pfx": _pem,
        "cut-off": _cut,
        "text-mode": _text_mode,
        "empty-file": lambda made, _: put(made, b""),
        "file-gone": lambda made, _: made.keystore.unlink(),
        "unreadable": lambda made, _: closed(made.keystore),
        "closed-folder": _closed_folder,
    },
)
