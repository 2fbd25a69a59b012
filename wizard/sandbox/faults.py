"""Faults to practise on: each breaks one thing in a deployment that was set up right, and says what it broke."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from wizard import codes
from wizard.errors import WizardError
from wizard.sandbox import truststore
from wizard.sandbox.deployment import PASSWORD, Deployment, add_anchor, write_conf
from wizard.sandbox.pki import CLIENT, Entity, Pki, authority, new_key, pem, pfx

NAME = "primary-host"
FILE = "/opt/hcp/conf/primary-host.pfx"
FILE_LINE = f'default-keystore-file = "{FILE}"'
PASSWORD_LINE = f'default-keystore-password = "{PASSWORD}"'

Act = Callable[[Deployment, Pki], None]
"""Breaks one thing in a deployment; the PKI is there to make other certificates with."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is broken on purpose.

    Attributes:
        name: for `--fault`.
        breaks: what is wrong, in one sentence.
        code: the headline that the doctor should give.
        act: breaks it.
        serves: what the primary then does: `right` (the right certificate), `fallback`, `other` (a wrong one), `down`.
    """

    name: str
    breaks: str
    code: str
    act: Act
    serves: str = "fallback"


def put(deployment: Deployment, data: bytes) -> None:
    """Replace the content of the key store; owner and mode stay."""
    deployment.keystore.write_bytes(data)


def edit(deployment: Deployment, old: str, new: str) -> None:
    """Replace one text in application.conf."""
    text = deployment.conf.read_text(encoding="utf-8")
    assert old in text, old  # noqa: S101 - a fault that changes nothing would teach nothing
    deployment.conf.write_text(text.replace(old, new, 1), encoding="utf-8")


def edited(old: str, new: str) -> Act:
    """A fault: one text in application.conf is replaced."""
    return lambda deployment, _: edit(deployment, old, new)


def appended(text: str) -> Act:
    """A fault: application.conf ends with *text*."""
    return lambda deployment, _: append(deployment.conf, text)


def append(path: Path, text: str) -> None:
    """Write *text* at the end of the file."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def cut(path: Path, share: int) -> None:
    """Leave the first part of the file, one of *share*."""
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // share])


def password(word: str, written: str) -> Act:
    """A fault: a key store with the password *word*, which application.conf contains as *written*."""

    def act(deployment: Deployment, pki: Pki) -> None:
        put(deployment, pfx(pki.entities[NAME], word, name=NAME))
        edit(deployment, f'"{PASSWORD}"', written)

    return act


def as_root() -> bool:
    """Whether the deployment is built by root, so that the service has another account."""
    return os.geteuid() == 0


def closed(path: Path) -> None:
    """Let the service, but not the builder, lose the right to read *path*."""
    if as_root():
        os.chown(path, 0, 0)
    path.chmod(0o600 if as_root() else 0)


# -- application.conf -------------------------------------------------------------------------------------------------


def _in_include(deployment: Deployment, _: Pki) -> None:
    local = deployment.conf.with_name("local.conf")
    local.write_text('hcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n', encoding="utf-8")
    append(deployment.conf, '\ninclude "local.conf"\n')


def _by_environment(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, FILE_LINE + "\n      default-keystore-file = ${?HCP_KEYSTORE}")
    append(deployment.unit_file, "\n[Service]\nEnvironment=HCP_KEYSTORE=/opt/hcp/conf/old-server.pfx\n")


def _drop_in(name: str, line: str) -> Act:
    """A fault: a drop-in of the unit with *line* in its section of the service."""

    def act(deployment: Deployment, _: Pki) -> None:
        folder = deployment.unit_file.with_name(deployment.unit_file.name + ".d")
        folder.mkdir()
        (folder / name).write_text(f"[Service]\n{line}\n", encoding="utf-8")

    return act


def _other_conf(deployment: Deployment, pki: Pki) -> None:
    text = deployment.conf.read_text(encoding="utf-8")
    old = deployment.conf.with_name("old.conf")
    old.write_text(text.replace(FILE_LINE, 'default-keystore-file = ""'), encoding="utf-8")
    _drop_in("java.conf", 'Environment="JAVA_TOOL_OPTIONS=-Xmx2g -Dconfig.file=/opt/hcp/conf/old.conf"')(
        deployment, pki
    )


def _commented(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, "# " + FILE_LINE)
    edit(deployment, PASSWORD_LINE, "# " + PASSWORD_LINE)


def _elsewhere(deployment: Deployment, _: Pki) -> None:
    write_conf(deployment, "", "")
    append(deployment.conf, f"\n{FILE_LINE}\n{PASSWORD_LINE}\n")


def _utf_16(deployment: Deployment, _: Pki) -> None:
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(text.encode("utf-16"))


def _smart_quotes(deployment: Deployment, _: Pki) -> None:
    edit(deployment, f'"{PASSWORD}"', f"\u201c{PASSWORD}\u201d")
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(b"\xef\xbb\xbf" + text.encode())


def _latin_1(deployment: Deployment, pki: Pki) -> None:
    word = "schl\u00fcssel"
    put(deployment, pfx(pki.entities[NAME], word, name=NAME))
    write_conf(deployment, FILE, word)
    deployment.conf.write_bytes(deployment.conf.read_text(encoding="utf-8").encode("latin-1"))


def _removed(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, "")
    edit(deployment, PASSWORD_LINE, "")


def _ahead(deployment: Deployment, _: Pki) -> None:
    """A clock that was set back looks like a file from the future."""
    tomorrow = time.time() + 86_400
    os.utime(deployment.conf, (tomorrow, tomorrow))


# -- the key store ----------------------------------------------------------------------------------------------------


def _holding(deployment: Deployment, entity: Entity, certificates: list[x509.Certificate] | None = None) -> None:
    put(deployment, pfx(entity, PASSWORD, name=NAME, certificates=certificates))


def _reissued(**how: Any) -> Act:
    return lambda deployment, pki: _holding(deployment, pki.reissued(NAME, **how))


def _weak_key(deployment: Deployment, pki: Pki) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short is what the fault is about
    _holding(deployment, pki.reissued(NAME, key=weak))


def _key_password(deployment: Deployment, pki: Pki) -> None:
    certificates, _ = truststore.parts(pfx(pki.entities[NAME], PASSWORD, name=NAME))
    _, key = truststore.parts(pfx(pki.entities[NAME], "other-Passw0rd", name=NAME))
    put(deployment, truststore.joined([certificates, key], PASSWORD))


def _two_keys(deployment: Deployment, pki: Pki) -> None:
    # The self-signed one comes first, so it is the one that gets served.
    extra = Entity(pki.fallback.certificate, pki.fallback.key)
    members = [
        *truststore.parts(pfx(extra, PASSWORD, name="a-test")),
        *truststore.parts(deployment.keystore.read_bytes()),
    ]
    put(deployment, truststore.joined(members, PASSWORD))


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
    certificates, _ = truststore.parts(pfx(primary, PASSWORD, name=NAME))
    _, key = truststore.parts(pfx(other, PASSWORD, name=NAME))
    # The identifier that links a key to its certificate is stored unencrypted beside the encrypted key.
    ours, theirs = (entity.certificate.fingerprint(SHA1()) for entity in (primary, other))  # noqa: S303 - an identifier
    put(deployment, truststore.joined([certificates, key.replace(theirs, ours)], PASSWORD))


# -- cacerts and the portal -------------------------------------------------------------------------------------------


def _other_root(deployment: Deployment, pki: Pki) -> None:
    """A root of the same name with another key, as after the CA was set up again."""
    truststore.remove(deployment.cacerts, pki.root.certificate, PASSWORD)
    add_anchor(deployment, authority("Acme-CA-Root", new_key(), None, pki.made))


def _nothing_uploaded(deployment: Deployment, _: Pki) -> None:
    for path in deployment.portal.iterdir():
        path.unlink()


# -- the service ------------------------------------------------------------------------------------------------------


def _behave(**acts: float) -> Act:
    def act(deployment: Deployment, _: Pki) -> None:
        path = deployment.root / "etc/practice.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(json.dumps(known | acts), encoding="utf-8")

    return act


def _masked(deployment: Deployment, _: Pki) -> None:
    deployment.unit_file.rename(deployment.unit_file.with_name(deployment.unit_file.name + ".kept"))
    deployment.unit_file.symlink_to(os.devnull)


def _crash_loop(deployment: Deployment, pki: Pki) -> None:
    restart = "\n[Service]\nRestart=always\nRestartSec=50ms\n\n[Unit]\nStartLimitIntervalSec=0\n"
    append(deployment.unit_file, restart)
    _behave(die_after=0.02)(deployment, pki)


def _account_missing(deployment: Deployment, _: Pki) -> None:
    passwd = deployment.root / "etc/passwd"
    passwd.write_text(passwd.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


def _unit_broken(deployment: Deployment, _: Pki) -> None:
    lines = deployment.unit_file.read_text(encoding="utf-8").splitlines(keepends=True)
    deployment.unit_file.write_text("".join(line for line in lines if "ExecStart=" not in line), encoding="utf-8")


_ACTS: dict[str, Act] = {
    "wrong-password": edited(PASSWORD_LINE, 'default-keystore-password = "ch4ngeit"'),
    "blank-in-password": edited(PASSWORD_LINE, f'default-keystore-password = "{PASSWORD} "'),
    "wrong-path": edited(FILE_LINE, FILE_LINE.replace("primary-host", "primary-hots")),
    "path-is-folder": edited(FILE_LINE, 'default-keystore-file = "/opt/hcp/conf"'),
    "duplicate-key": appended('\n# old host\nhcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n'),
    "duplicate-password": appended('\nhcp.server { tls { default-keystore-password = "2019-secret" } }\n'),
    "masked-by-include": _in_include,
    "masked-by-environment": _by_environment,
    "overruled-by-option": _drop_in(
        "java.conf",
        "Environment=JAVA_TOOL_OPTIONS=-Dhcp.server.tls.default-keystore-file=/opt/hcp/conf/old-server.pfx",
    ),
    "other-conf": _other_conf,
    "commented-out": _commented,
    "wrong-block": _elsewhere,
    "conf-utf-16": _utf_16,
    "smart-quotes": _smart_quotes,
    "conf-latin-1": _latin_1,
    "missing-brace": edited("\n}\n\nakka {", "\n\nakka {"),
    "backslash-password": password("pa\\ssw0rd", '"pa\\ssw0rd"'),
    "at-sign-unquoted": password("p@ssw0rd", "p@ssw0rd"),
    "hash-unquoted": password("pass#w0rd", "pass#w0rd"),
    "keys-removed": _removed,
    "conf-unreadable": lambda made, _: closed(made.conf),
    "clock-behind": _ahead,
    "conf-missing": lambda made, _: made.conf.unlink(),
    "conf-world-readable": lambda made, _: made.conf.chmod(0o644),
    "client-auth-off": edited("client-authentication = need", "client-authentication = none"),
    "tls-1-2-off": edited('["TLSv1.2", "TLSv1.3"]', '["TLSv1.3"]'),
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
    "jks-as-pfx": lambda made, pki: truststore.empty(made.keystore, PASSWORD, keep=pki.entities[NAME].certificate),
    "pem-as-pfx": _pem,
    "cut-off": lambda made, _: cut(made.keystore, 2),
    "text-mode": _text_mode,
    "empty-file": lambda made, _: put(made, b""),
    "file-gone": lambda made, _: made.keystore.unlink(),
    "unreadable": lambda made, _: closed(made.keystore),
    "closed-folder": _closed_folder,
    "root-missing": lambda made, pki: truststore.remove(made.cacerts, pki.root.certificate, PASSWORD),
    "other-root": _other_root,
    "cacerts-password": lambda made, _: truststore.change_password(made.cacerts, PASSWORD, "our-own-Passw0rd"),
    "cacerts-empty": lambda made, _: truststore.empty(made.cacerts, PASSWORD),
    "cacerts-damaged": lambda made, _: cut(made.cacerts, 3),
    "cacerts-missing": lambda made, _: made.cacerts.unlink(),
    "cacerts-unreadable": lambda made, _: closed(made.cacerts),
    "nothing-uploaded": _nothing_uploaded,
    "intermediate-not-uploaded": lambda made, _: (made.portal / "Acme-CA-Intermediate.cer").unlink(),
    "not-restarted": _behave(stale=1),
    "masked": _masked,
    "unit-missing": lambda made, _: made.unit_file.unlink(),
    "crash-loop": _crash_loop,
    "slow-start": _behave(start_delay=8),
    "stopped": _behave(quit_after=0.02),
    "account-missing": _account_missing,
    "unit-broken": _unit_broken,
    "port-taken": _behave(squatter=1),
    "no-java": lambda made, _: shutil.rmtree(made.root / "opt/hcp/jre"),
    "no-keytool": lambda made, _: (made.root / "opt/hcp/jre/bin/keytool").unlink(missing_ok=True),
}

_ROWS = """\
wrong-password            doctor.password-wrong fallback The password in application.conf is not that of the key store.
blank-in-password         doctor.password-wrong fallback The password in the file ends with a space.
wrong-path                doctor.store-missing fallback The path of the key store is misspelt.
path-is-folder            doctor.store-is-folder fallback The path is that of a folder.
duplicate-key             doctor.setting-masked fallback A later line of the same file sets another key store.
duplicate-password        doctor.setting-masked fallback A later block sets another password.
masked-by-include         doctor.setting-masked fallback An included file sets another key store.
masked-by-environment     doctor.setting-masked fallback A variable of the service sets another key store.
overruled-by-option       doctor.setting-overruled fallback An option of Java sets another key store.
other-conf                doctor.conf-not-used fallback Java starts with another settings file.
commented-out             doctor.setting-commented fallback The two settings are comments.
wrong-block               doctor.setting-elsewhere fallback The two settings are outside their block.
conf-utf-16               doctor.conf-utf16 down application.conf was saved as UTF-16.
smart-quotes              doctor.typographic-quotes fallback The editor put typographic quotes around the password.
conf-latin-1              doctor.conf-not-utf8 fallback A password with an umlaut was saved as Latin-1.
missing-brace             doctor.conf-syntax down A closing brace is missing.
backslash-password        doctor.conf-syntax down A backslash in the password is not doubled.
at-sign-unquoted          doctor.conf-syntax down A password with @ has no quotes.
hash-unquoted             doctor.value-cut fallback A password with # has no quotes, so it is cut.
keys-removed              doctor.setting-missing fallback The two settings are missing in the file.
conf-unreadable           doctor.conf-unreadable down The service cannot read application.conf.
clock-behind              doctor.clock-wrong right The clock was set back by a day.
conf-missing              doctor.conf-missing down application.conf is missing.
conf-world-readable       doctor.conf-world-readable right Every account can read the password.
client-auth-off           doctor.client-auth-off right The server does not ask for client certificates.
tls-1-2-off               doctor.tls12-off right The server accepts only TLS 1.3.
leaf-only                 chain.incomplete other The key store holds the leaf without its issuers.
missing-intermediate      chain.incomplete other The key store lacks the intermediate.
expired                   validity.leaf-expired other The certificate has expired.
not-yet-valid             validity.leaf-not-yet-valid other The certificate becomes valid next month.
ends-soon                 validity.expires-soon other The certificate ends in five days.
wrong-host                name.wrong-host other The certificate is for another host.
no-san                    name.no-san other The certificate has no subject alternative name.
client-only               usage.no-server-auth other Only clients can use the certificate.
weak-key                  strength.weak-key other The key has only 1024 bits.
gateway-certificate       name.wrong-host other The gateway's key store was copied here.
key-password              doctor.key-password fallback Key and store have different passwords.
two-keys                  doctor.store-two-keys fallback The key store holds two private keys.
no-private-key            doctor.store-no-key fallback The key store holds certificates only.
key-of-another            doctor.store-key-mismatch fallback The private key belongs to another certificate.
store-world-readable      doctor.store-world-readable right Every account can read the key store.
old-java                  doctor.store-too-new fallback The Java of the product is too old for the key store.
umlaut-password           doctor.password-not-ascii fallback The password holds an umlaut, which Java refuses.
jks-as-pfx                doctor.store-not-pkcs12 fallback The key store is a JKS file.
pem-as-pfx                doctor.store-not-pkcs12 fallback The key store is a PEM file.
cut-off                   doctor.store-damaged fallback The key store was cut off while copying.
text-mode                 doctor.store-damaged fallback The key store was copied in text mode.
empty-file                doctor.store-empty fallback The key store is an empty file.
file-gone                 doctor.store-missing fallback The key store was deleted.
unreadable                doctor.store-unreadable fallback The service cannot read the key store.
closed-folder             doctor.store-unreadable fallback The service cannot enter the folder of the key store.
root-missing              doctor.root-not-trusted right The root is not in cacerts.
other-root                doctor.root-not-trusted right cacerts has a root with the same name and another key.
cacerts-password          doctor.cacerts-password right Somebody changed the password of cacerts.
cacerts-empty             doctor.cacerts-empty right cacerts holds no certificate.
cacerts-damaged           doctor.cacerts-damaged right cacerts was cut off.
cacerts-missing           doctor.cacerts-missing right cacerts is missing.
cacerts-unreadable        doctor.cacerts-unreadable right The service cannot read cacerts.
nothing-uploaded          doctor.ca-not-accepted right No CA certificate was uploaded to the portal.
intermediate-not-uploaded doctor.ca-not-accepted right The intermediate was not uploaded to the portal.
not-restarted             doctor.not-restarted fallback The service has not been restarted since the set-up.
masked                    doctor.unit-masked down The unit is masked.
unit-missing              doctor.unit-missing down The unit does not exist.
crash-loop                doctor.crash-loop down The service crashes and restarts repeatedly.
slow-start                doctor.service-starting right The service takes eight seconds to start.
stopped                   doctor.service-stopped down The service stops by itself, without an error.
account-missing           doctor.account-missing down The account of the service does not exist.
unit-broken               doctor.unit-broken down The unit file has no command to start.
port-taken                doctor.port-taken down Another program listens on the port.
no-java                   doctor.jre-missing right The product's Java is missing.
no-keytool                doctor.keytool-missing right The product's Java has no keytool.
"""
"""A line for each: its name, the code, what the primary then does, and what is broken."""

FAULTS = tuple(
    Fault(name, breaks, code, _ACTS[name], serves)
    for name, code, serves, breaks in (line.split(maxsplit=3) for line in _ROWS.splitlines())
)
"""Every fault, in the order in which `--list-faults` shows them."""


def chosen(names: Sequence[str]) -> list[Fault]:
    """The faults called *names*.

    Raises:
        WizardError: sandbox.unknown-fault.
    """
    known = {fault.name: fault for fault in FAULTS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WizardError(codes.SANDBOX_UNKNOWN_FAULT, subject=unknown[0], name=unknown[0])
    return [known[name] for name in names]


def apply(faults: Sequence[Fault], deployment: Deployment, pki: Pki) -> None:
    """Build *faults* into *deployment*, in this order."""
    for fault in faults:
        fault.act(deployment, pki)
