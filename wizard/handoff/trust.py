"""The bundles of the first and the last phase of a change of the root: trust alone, and no certificate of a host."""

import shlex
from collections.abc import Collection, Sequence

from wizard.certificates.model import Certificate
from wizard.certificates.names import short
from wizard.certificates.writing import truststore
from wizard.configs import envfile
from wizard.handoff.bundle import Pack, PackFile, pack
from wizard.handoff.client import thumbprint
from wizard.handoff.gateway import BUNDLES, settings_step, verify_script, windows_page
from wizard.planning.gateway.stores import (
    GatewayInput,
    edited,
    file_name,
    trust_anchor,
    trust_settings,
    trusted_roots,
    truststore_path,
)


def gateway_pack(given: GatewayInput) -> Pack:
    """The trust store of one gateway with the new root, and with the old one as long as *given* has it.

    Raises:
        WizardError: the unattended file cannot be edited, or a password is not fit for every reader.
    """
    host, anchor = given.answers.host, trust_anchor(given)
    title = f"Gateway {host}: trust store"
    if anchor is None:
        steps: tuple[str, ...] = (
            (
                "Remove HCP_DEFAULT_TRUSTSTORE and HCP_DEFAULT_TRUSTSTORE_PASSWORD from\n"
                "the unattended file, if they are there, and run the unattended installation."
            ),
            "In the portal, check that the gateway is online.",
        )
        intro = "The new root is a public one that every Java trusts."
        return pack(host, title, intro, steps, place=f"{BUNDLES}/{host}")
    roots = trusted_roots(given)
    place, path = f"{BUNDLES}/{host}", truststore_path(given)
    name, folder = file_name(path), path.rsplit("/", 1)[0]
    store = truststore(roots, given.trust_password, profile=given.profile)
    lines = envfile.snippet(trust_settings(given)).encode()
    stores = [
        PackFile(name, store, True, f"the trust store, for {path}"),
        PackFile("unattended-lines.conf", lines, True, "only the two settings"),
    ]
    if given.unattended is None:
        own = []
    else:
        data = edited(given, given.unattended, trust_alone=True)
        own = [PackFile("unattended.conf", data, True, "your unattended file with the two settings in it")]
    windows = windows_page(given, name, "the two HCP_DEFAULT_TRUSTSTORE options")
    leaf = given.presented.leaf if given.presented is not None else None
    tests = [verify_script(given, leaf, None)] if leaf is not None else []
    steps = (
        f"Copy this folder to the gateway {host} over SSH (scp, sftp),\nas {place}",
        f"There, as root: install -d -m 0755 {shlex.quote(folder)}",
        f"install -m 0644 {shlex.quote(f'{place}/{name}')} {shlex.quote(path)}",
        settings_step(given, place),
        "Run the unattended installation as your version documents it.",
        *([_VERIFY_STEP.format(place=place)] if tests else []),
        "In the portal, check that the gateway is online.",
        "Delete this folder on every machine that has a copy.",
    )
    files, listed = [*stores, *own, windows, *tests], [*stores, windows, *own, *tests]
    return pack(host, title, _intro(roots), steps, files, listed=listed, place=place)


def verify_pack(given: GatewayInput) -> Pack:
    """Nothing but the test of a gateway's trust in the chain that its primary is to present."""
    leaf = given.chain.leaf
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    return Pack(given.answers.host, f"Gateway {given.answers.host}: verify.sh", (verify_script(given, leaf, None),), ())


_VERIFY_STEP = """\
Run as root with the full path of your unattended file:
sh {place}/verify.sh UNATTENDED_FILE
It must find no error: these roots are trusted, and each side accepts the
other."""


def _intro(roots: Sequence[Certificate]) -> str:
    names = "\n".join(f"- {short(each)}, SHA-256 {each.sha256}" for each in roots)
    return f"The trust store contains:\n\n{names}\n\nThe key store and its two settings stay as they are."


def client_pack(
    host: str, added: Sequence[tuple[str, Certificate]], roots: Collection[Certificate], gone: Certificate | None
) -> Pack:
    """What one Windows client needs: CA certificates that it gets, or the old root that it loses.

    Args:
        host: of the client.
        added: file name and CA certificate; none in the last phase.
        roots: those of them that are roots.
        gone: the old root, in the last phase.
    """
    title = f"Windows client {host}: root store"
    where = "Cert:\\LocalMachine"
    commands = [
        f"Import-Certificate -FilePath {file} -CertStoreLocation {where}\\{'Root' if each in roots else 'CA'}"
        for file, each in added
    ]
    intro = "Nothing else changes: the client keeps its certificate."
    steps = [f"Copy this folder to {host}."] if added else []
    if gone is not None:
        commands.append(f"Remove-Item {where}\\Root\\{thumbprint(gone)}")
        intro = f"{short(gone)} is removed from the root store. Change a group policy that distributes it, too."
    if commands:
        steps.append("\n".join(["There, in an administrator's PowerShell:", *commands]))
    else:
        steps.append("Nothing to do: the roots are public ones that Windows has.")
    steps.append("Check the notification icon: idle grey is connected.")
    files = [
        PackFile(file, each.der, about=f"CA certificate {short(each)}, SHA-256 {each.sha256}") for file, each in added
    ]
    return pack(host, title, intro, steps, files)
