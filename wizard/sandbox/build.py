"""Builds a practice deployment in a folder."""

import os
import secrets
import shlex
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7, pkcs12

from wizard import codes, self_start
from wizard.certificates.model import Profile
from wizard.errors import WizardError
from wizard.host import jre
from wizard.sandbox import pki as practice
from wizard.sandbox.deployment import ACCOUNT, PASSWORD, Deployment, add_anchor, template, write_conf
from wizard.sandbox.faults import apply, chosen
from wizard.sandbox.pki import CLIENT, Pki, pem, pfx
from wizard.sandbox.service.unit_file import enable


def found() -> Path | None:
    """A Java with keytool on this machine: `JAVA_HOME`, or the one that `java` on PATH belongs to."""
    named = os.environ.get("JAVA_HOME")
    program = shutil.which("java")
    candidates = [Path(named)] if named else []
    if program:
        candidates.append(Path(program).resolve().parent.parent)
    return next((home for home in candidates if usable(home)), None)


def usable(home: Path) -> bool:
    """Whether *home* has a keytool and a trust store."""
    return (home / "bin" / "keytool").is_file() and (home / "lib" / "security" / "cacerts").is_file()


def link(home: Path, target: Path) -> None:
    """Build *target* as a JRE of links to *home*, with its own `release` and its own copy of cacerts.

    keytool finds the rest of its Java through the real path of the link, so it works from here.

    Raises:
        WizardError: sandbox.no-keytool.
    """
    if not usable(home):
        raise WizardError(codes.SANDBOX_NO_KEYTOOL, subject=home, folder=home)
    # Folders in which something is ever changed must be real ones: a link would lead the change to the real Java.
    _links(home, target, except_for={"bin", "lib", "release"})
    _links(home / "bin", target / "bin", except_for=set())
    _links(home / "lib", target / "lib", except_for={"security"})
    _links(home / "lib" / "security", target / "lib" / "security", except_for={"cacerts"})
    if (home / "release").is_file():
        shutil.copyfile(home / "release", target / "release")
    cacerts = target / "lib" / "security" / "cacerts"
    shutil.copyfile(home / "lib" / "security" / "cacerts", cacerts)
    cacerts.chmod(0o644)


def _links(source: Path, target: Path, *, except_for: set[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.resolve().iterdir():
        if entry.name not in except_for:
            (target / entry.name).symlink_to(entry.resolve())


_OTHER = "s3cond-Password"


@cache
def exercises(made: Pki) -> dict[str, bytes]:
    """The files of the exercises by name, with good and bad chains; the same for each deployment of one company."""
    primary = made.entities["primary-host"]
    leaf, root, intermediate = primary.certificate, made.root.certificate, made.intermediate.certificate
    good = pfx(primary, PASSWORD, name="primary-host")
    return {
        "leaf-only.pfx": pfx(primary, PASSWORD, certificates=[]),
        "no-intermediate.pfx": pfx(primary, PASSWORD, certificates=[root]),
        "no-root.pfx": pfx(primary, PASSWORD, certificates=[intermediate]),
        "expired.pfx": pfx(made.reissued("primary-host", days=(-400, -3)), PASSWORD),
        "not-yet-valid.pfx": pfx(made.reissued("primary-host", days=(30, 400)), PASSWORD),
        "ends-soon.pfx": pfx(made.reissued("primary-host", days=(-360, 5)), PASSWORD),
        "wrong-host.pfx": pfx(made.reissued("primary-host", dns=["old-server.example.test"]), PASSWORD),
        "no-san.pfx": pfx(made.reissued("primary-host", dns=[]), PASSWORD),
        "client-only.pfx": pfx(made.reissued("primary-host", eku=[CLIENT]), PASSWORD),
        "other-password.pfx": pfx(primary, _OTHER),
        "old-encryption.pfx": pfx(primary, PASSWORD, legacy=True),
        "cut-off.pfx": good[: len(good) * 2 // 3],
        "empty.pfx": b"",
        "really-pem.pfx": pem(leaf, intermediate, root),
        "no-key.pem": pem(leaf, intermediate, root),
        "key-of-another.pem": pem(leaf, intermediate, root)
        + made.other_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())),
        "reversed.pem": pem(root, intermediate, leaf),
        "no-certificate.cer": b"Dear colleague, the certificate is attached.\r\n",
        "utf-16.pem": pem(leaf).decode().encode("utf-16"),
        "leaf.der": leaf.public_bytes(Encoding.DER),
        "chain.p7b": pkcs7.serialize_certificates([leaf, intermediate, root], Encoding.PEM),
    }


_UID = 991
"""The service's account inside the deployment when root builds it; otherwise it is the builder's own number."""


def create(
    target: Path,
    *,
    jre: Path | None = None,
    faults: Sequence[str] = (),
    configured: bool | None = None,
    find_jre: bool = True,
    pki: practice.Pki | None = None,
) -> Deployment:
    """Build a practice deployment in *target*, which must not exist or be empty. Nothing is started.

    Args:
        target: the folder that will be used as `/`.
        jre: a Java home to link in; without one, the machine's own is looked for.
        faults: names of faults to build in, applied in this order.
        configured: True leaves it as after a successful set-up; None means: when there are faults.
        find_jre: False never looks for the machine's own Java.
        pki: instead of a fresh one, for several deployments of one company.

    Returns:
        The deployment; its port was free a moment ago.

    Raises:
        WizardError: sandbox.folder-in-use, sandbox.no-keytool, sandbox.unknown-fault, sandbox.cannot-write.
    """
    picked = chosen(faults)
    root = target.absolute()
    try:
        if root.exists() and any(root.iterdir()):
            raise WizardError(codes.SANDBOX_FOLDER_IN_USE, subject=root, folder=root)
        deployment = Deployment(root, _free_port(), tuple(faults))
        _folders(deployment)
        made = pki or practice.make()
        java = jre or (found() if find_jre else None)
        if java is not None:
            link(java, root / "opt/hcp/jre")
        _product(deployment, made, with_java=java is not None)
        _handed_over(deployment, made)
        _programs(deployment)
        if not os.access(deployment.systemctl, os.X_OK):
            raise WizardError(codes.SANDBOX_CANNOT_WRITE, case="noexec", subject=root, folder=root)
        _accounts(deployment)
        if configured or (configured is None and picked):
            configure(deployment, made)
        _own(deployment)
        apply(picked, deployment, made)
        deployment.save()
    except OSError as problem:
        raise WizardError(
            codes.SANDBOX_CANNOT_WRITE, subject=root, folder=root, reason=problem.strerror or str(problem)
        ) from None
    return deployment


def configure(deployment: Deployment, made: practice.Pki) -> None:
    """Put the deployment into the state after a successful set-up: key store, settings, root, uploaded CAs."""
    entity = made.entities["primary-host"]
    deployment.keystore.write_bytes(practice.pfx(entity, PASSWORD, name="primary-host", legacy=_old_java(deployment)))
    deployment.keystore.chmod(0o640)
    write_conf(deployment, "/opt/hcp/conf/primary-host.pfx", PASSWORD)
    add_anchor(deployment, made.root)
    upload(deployment, made)


def upload(deployment: Deployment, made: practice.Pki) -> None:
    """Do what the operator does in the web portal: both CA certificates become trusted."""
    for name, entity in (("Acme-CA-Root", made.root), ("Acme-CA-Intermediate", made.intermediate)):
        (deployment.portal / f"{name}.cer").write_bytes(entity.certificate.public_bytes(Encoding.DER))


def remove(deployment: Deployment) -> None:
    """Delete the deployment's folder; its processes notice and end."""
    shutil.rmtree(deployment.root, ignore_errors=True)


def _free_port() -> int:
    """A free port outside the range from which the kernel serves outgoing connections."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _folders(deployment: Deployment) -> None:
    product = "opt/hcp/conf opt/hcp/lib opt/hcp/bin opt/hcp/data/portal/trusted-ca certificates/exercises secrets"
    for name in f"{product} etc/systemd/system usr/bin var/log var/lib run".split():
        (deployment.root / name).mkdir(parents=True)
    (deployment.root / "secrets").chmod(0o700)


def _product(deployment: Deployment, made: practice.Pki, *, with_java: bool) -> None:
    write_conf(deployment, "", "")
    (deployment.conf.parent / "defaults.conf").write_text(template("defaults.conf"), encoding="utf-8")
    deployment.builtin.write_bytes(practice.pem(made.fallback.certificate) + practice.plain_key(made.fallback.key))
    deployment.builtin.chmod(0o640)
    if not with_java:
        # A trust store alone: the root can be looked for, but only keytool may add it.
        deployment.cacerts.parent.mkdir(parents=True)
        entry = pkcs12.PKCS12Certificate(made.public.certificate, b"practicepublicroot")
        data = pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(PASSWORD.encode()))
        deployment.cacerts.write_bytes(data)


def _handed_over(deployment: Deployment, made: practice.Pki) -> None:
    folder = deployment.certificates
    secret = PASSWORD.encode()
    for name, entity in made.entities.items():
        (folder / f"{name}.pfx").write_bytes(practice.pfx(entity, PASSWORD, name=name))
        (folder / f"{name}.pem").write_bytes(practice.pem(entity.certificate, *entity.issuers))
        key = entity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret))
        (folder / f"{name}.key").write_bytes(key)
    for name, authority in (("Acme-CA-Root", made.root), ("Acme-CA-Intermediate", made.intermediate)):
        (folder / f"{name}.cer").write_bytes(authority.certificate.public_bytes(Encoding.DER))
        (folder / f"{name}.pem").write_bytes(practice.pem(authority.certificate))
    authorities = [made.intermediate.certificate, made.root.certificate]
    (folder / "acme-chain.p7b").write_bytes(pkcs7.serialize_certificates(authorities, Encoding.DER))
    passwords = {f"{name}.pfx": PASSWORD for name in made.entities} | {"cacerts": PASSWORD}
    for name, data in exercises(made).items():
        (folder / "exercises" / name).write_bytes(data)
        if name.endswith(".pfx"):
            passwords[f"exercises/{name}"] = _OTHER if name == "other-password.pfx" else PASSWORD
    lines = "".join(f'"{name}" = "{word}"\n' for name, word in passwords.items())
    root = deployment.root
    (root / "passwords.toml").write_text(lines, encoding="utf-8")
    for name in ("primary", "gateway", "client"):
        (root / "secrets" / name).write_text(PASSWORD + "\n", encoding="utf-8")
        (root / "secrets" / name).chmod(0o600)
    (root / "answers.toml").write_text(template("answers.toml", port=deployment.port), encoding="utf-8")
    (root / "unattended.conf").write_text(template("unattended.conf"), encoding="utf-8")
    readme = template("README.txt", root=root, endpoint=deployment.endpoint)
    (root / "README.txt").write_text(readme, encoding="utf-8")


def _programs(deployment: Deployment) -> None:
    for name in ("systemctl", "journalctl"):
        command = self_start.command(self_start.PRACTICE_SYSTEMCTL, str(deployment.root), name)
        text = template("stand-in.sh", name=name, command=shlex.join(command))
        program = deployment.root / "usr/bin" / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
    deployment.unit_file.write_text(template("hcp-server.service", user=ACCOUNT), encoding="utf-8")
    enable(str(deployment.root), on=True)


def _accounts(deployment: Deployment) -> None:
    """An account of its own for the service; whoever is not root plays it with the own number."""
    root = os.geteuid() == 0
    uid, gid = (_UID, _UID) if root else (os.geteuid(), os.getegid())
    etc = deployment.root / "etc"
    (etc / "hostname").write_text("primary-host\n", encoding="utf-8")
    (etc / "passwd").write_text(
        f"root:x:0:0:root:/root:/bin/sh\n{ACCOUNT}:x:{uid}:{gid}::/opt/hcp:/usr/sbin/nologin\n", encoding="utf-8"
    )
    (etc / "group").write_text(f"root:x:0:\n{ACCOUNT}:x:{gid}:\n", encoding="utf-8")


def _own(deployment: Deployment) -> None:
    """Give the service's group what it must read, as an installer does; only root can."""
    if os.geteuid() == 0:
        for path in (deployment.conf, deployment.builtin, deployment.keystore):
            if path.exists():
                os.chown(path, 0, _UID)
        for path in deployment.portal.parent, deployment.portal:
            os.chown(path, _UID, _UID)


def _old_java(deployment: Deployment) -> bool:
    found = jre.find(deployment.machine, ask_java=False)
    return found is not None and jre.choose_profile(found).profile is Profile.LEGACY
