"""The bundle for one gateway: stores, settings, a test of its connection to the primary, and a checklist."""

import shlex
from collections.abc import Sequence

from wizard.certificates.model import Certificate, Chain, Profile
from wizard.certificates.names import alias, short
from wizard.certificates.writing import keystore, pem_chain, truststore
from wizard.configs import envfile
from wizard.handoff.bundle import Pack, PackFile, from_template
from wizard.planning.gateway.stores import GatewayInput, file_name
from wizard.printable import endpoint

BUNDLES = "/root/cloudstream-tls"
"""Where the checklist puts the bundle on the gateway: in a folder that root alone can open."""


def make_pack(given: GatewayInput) -> Pack:
    """Everything that goes to one gateway.

    Raises:
        WizardError: the chain has no key, or a password is not fit for every reader.
    """
    store_name, trust_name = file_name(given.keystore_path()), file_name(given.truststore_path())
    if trust_name == store_name:
        # The answers may give both the same name in different folders; here they lie in one.
        trust_name = f"trust-{trust_name}"
    leaf, anchor = given.chain.leaf, given.trust_anchor()
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    place = f"{BUNDLES}/{given.answers.host}"
    files = [
        PackFile(
            store_name,
            keystore(given.chain, given.store_password, profile=given.profile),
            True,
            f"the key store, for {given.keystore_path()}",
        ),
        *_settings(given, "settings"),
    ]
    folder = given.keystore_path().rsplit("/", 1)[0]
    steps = [
        (
            f"Copy this folder over SSH (scp, sftp) to {given.answers.host},\nas {place}\n"
            "It contains a key and passwords: use neither e-mail nor a file share."
        ),
        f"There, as root: install -d -m 0755 {shlex.quote(folder)}",
        f"install -m 0600 {shlex.quote(f'{place}/{store_name}')} {shlex.quote(given.keystore_path())}",
    ]
    if anchor is not None:
        store = truststore(given.trusted_roots(), given.trust_password, profile=given.profile)
        files.append(PackFile(trust_name, store, True, f"the trust store, for {given.truststore_path()}"))
        trusted = given.truststore_path().rsplit("/", 1)[0]
        if trusted != folder:
            steps.append(f"install -d -m 0755 {shlex.quote(trusted)}")
        steps.append(f"install -m 0644 {shlex.quote(f'{place}/{trust_name}')} {shlex.quote(given.truststore_path())}")
    steps += [
        settings_step(given, place),
        (
            "Run the unattended installation as your version documents it.\n"
            "If the service has its own account, give it both stores:\nchown ACCOUNT, mode 0600."
        ),
    ]
    steps += _check(given, files, place)
    steps += [
        "In the portal, check that the gateway is online.",
        "Delete this folder on every machine that has a copy.",
    ]
    named = store_name if anchor is None else f"{store_name} and {trust_name}"
    files.append(windows_page(given, named, "the four HCP_DEFAULT_... options"))
    intro = f"Certificate {short(leaf)}, SHA-256 {leaf.sha256}."
    host, chain = given.answers.host, given.chain.certificates
    notes = _notes(given)
    return Pack(host, f"Gateway {host}", intro, steps, files, notes=notes, place=place, role="gateway", chain=chain)


def windows_page(given: GatewayInput, stores: str, options: str) -> PackFile:
    """That a gateway on Windows is not covered, and the manual steps for it.

    Args:
        given: names the gateway and the primary.
        stores: the files of the bundle that it needs.
        options: of its unattended file, in words.
    """
    primary = endpoint(given.primary_host or "PRIMARY", given.primary_port)
    chain = _presented(given)
    leaf = chain.leaf if chain is not None else None
    expected = _colons(leaf.sha256) if leaf is not None else "the one from the administrator of the primary."
    values = {"HOST": given.answers.host, "STORES": stores, "PRIMARY": primary, "EXPECTED": expected}
    page = from_template("gateway-on-windows.md", {**values, "OPTIONS": options}).encode()
    about = "manual steps for a gateway on Windows, which is not covered"
    return PackFile("GATEWAY-ON-WINDOWS.md", page, about=about)


def _presented(given: GatewayInput) -> Chain | None:
    """What the primary presents when the bundle is brought."""
    return given.presented or given.primary_chain


def _colons(sha256: str) -> str:
    """A fingerprint as openssl and keytool print it."""
    return ":".join(sha256[at : at + 2] for at in range(0, 64, 2)).upper()


def _check(given: GatewayInput, files: list[PackFile], place: str) -> list[str]:
    """The step that tests the connection to the primary with openssl; what it needs is added to *files*."""
    chain, host = _presented(given), given.primary_host
    if chain is not None and chain.leaf is not None:
        about = "the certificates of the primary, to compare"
        files.append(PackFile("primary-chain.pem", pem_chain(chain), about=about))
        files.append(verify_script(given, chain.leaf, given.chain.leaf))
        return [
            (
                "When the primary has its certificate, and its CA certificates are in\n"
                "the portal, run as root with the full path of your unattended file:\n"
                f"sh {place}/verify.sh UNATTENDED_FILE\n"
                f"It must find no error: {host} presents the expected certificate,\n"
                "and each side accepts the other."
            )
        ]
    if not host:
        return []
    look = f"openssl s_client -connect {endpoint(host, given.primary_port)} -servername {host}"
    if chain is None or chain.root is None:
        return [f"Check what the primary presents:\n{look} </dev/null |\nopenssl x509 -noout -subject -issuer -enddate"]
    about = "the CA certificates of the primary, to compare"
    files.append(PackFile("primary-ca.pem", pem_chain(chain), about=about))
    return [
        (
            "Check that the primary's certificate is from the CA that is trusted\n"
            f"here:\n{look} \\\n"
            f"  -CAfile {place}/primary-ca.pem \\\n"
            f"  -verify_hostname {host} -verify_return_error </dev/null\n"
            'It must print "Verify return code: 0 (ok)". An alert after that is normal.'
        )
    ]


def _notes(given: GatewayInput) -> tuple[str, ...]:
    notes = []
    if given.primary_public:
        notes.append("The primary's root is a public one: no trust store is needed.")
    if given.cloud and given.primary_chain is None:
        notes.append(
            "There is no trust store, because the CA certificates of the cloud primary were not given. This gateway"
            " trusts the public CAs of its own Java. If the check shows another issuer, ask the vendor for its root"
            " and create the bundles again."
        )
    if not given.answers.java and given.profile is Profile.MODERN:
        notes.append(
            "The stores are encrypted with AES-256. Java older than 8u301 or 11.0.12 cannot open them and reports"
            ' "keystore password was incorrect". If this gateway has such a Java, enter its version in the answers'
            " ([[gateway]] java) and create the bundles again."
        )
    if given.old_root is not None and given.trust_anchor() is not None:
        notes.append(
            "The trust store has both roots, so it can be installed before the primary changes. The old root"
            f" {short(given.old_root)} ({given.old_root.sha256[:8]}) is removed in the last step of the order."
        )
    elif given.old_root is not None:
        notes.append(
            "The primary's new root is a public one. A trust store that is installed here (HCP_DEFAULT_TRUSTSTORE) does"
            " not have it: remove its two lines from the unattended file before the primary changes."
        )
    return tuple(notes)


def _settings(given: GatewayInput, what: str, *, trust_alone: bool = False) -> list[PackFile]:
    """*what* is set, alone, and in the unattended file when that is here."""
    lines = envfile.snippet(given.trust_settings() if trust_alone else given.settings())
    files = [PackFile("unattended-lines.conf", lines.encode(), True, f"only the {what}")]
    if given.unattended is not None:
        whole = given.edited(given.unattended, trust_alone=trust_alone)
        files.append(PackFile("unattended.conf", whole, True, f"your unattended file with the {what} in it"))
    return files


def settings_step(given: GatewayInput, place: str) -> str:
    """How the settings of the bundle at *place* get into the unattended file."""
    if given.unattended is not None:
        return f"Use {place}/unattended.conf\nIt is your file with the new settings and no other change."
    return (
        f"Put the lines of {place}/unattended-lines.conf\n"
        "into the unattended file, in place of lines with the same names."
    )


def verify_script(given: GatewayInput, presented: Certificate, own: Certificate | None) -> PackFile:
    """The test of the connection, for this gateway and primary.

    Args:
        given: names both, with the roots of the trust store.
        presented: what the primary presents when the bundle is brought.
        own: the certificate of the gateway; None when the bundle brings none.
    """
    values = {
        "HOST": shlex.quote(given.primary_host),
        "PORT": str(given.primary_port),
        "EXPECTED": _colons(presented.sha256),
        "ALIAS": shlex.quote(alias(own)) if own is not None else "''",
        "ROOTS": "\n".join(_colons(each.sha256) for each in given.trusted_roots()),
    }
    about = "tests the connection to the primary; its exit codes are listed at its top"
    return PackFile("verify.sh", from_template("verify.sh", values).encode(), about=about)


# -- the first and the last phase of a change of the root: trust alone, and no certificate of a host -----------------


def trust_pack(given: GatewayInput) -> Pack:
    """The trust store of one gateway with the new root, and with the old one as long as *given* has it.

    Raises:
        WizardError: the unattended file cannot be edited, or a password is not fit for every reader.
    """
    host, anchor = given.answers.host, given.trust_anchor()
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
        return Pack(host, title, intro, steps, place=f"{BUNDLES}/{host}")
    roots = given.trusted_roots()
    place, path = f"{BUNDLES}/{host}", given.truststore_path()
    name, folder = file_name(path), path.rsplit("/", 1)[0]
    store = truststore(roots, given.trust_password, profile=given.profile)
    trusted = PackFile(name, store, True, f"the trust store, for {path}")
    lines, *own = _settings(given, "two settings", trust_alone=True)
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
    files, listed = [trusted, lines, *own, windows, *tests], [trusted, lines, windows, *own, *tests]
    return Pack(host, title, _intro(roots), steps, files, listed=listed, place=place)


def verify_pack(given: GatewayInput) -> Pack:
    """Nothing but the test of a gateway's trust in the chain that its primary is to present."""
    leaf = given.chain.leaf
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    host = given.answers.host
    return Pack(host, f"Gateway {host}: verify.sh", "", (), [verify_script(given, leaf, None)])


_VERIFY_STEP = """\
Run as root with the full path of your unattended file:
sh {place}/verify.sh UNATTENDED_FILE
It must find no error: these roots are trusted, and each side accepts the
other."""


def _intro(roots: Sequence[Certificate]) -> str:
    names = "\n".join(f"- {short(each)}, SHA-256 {each.sha256}" for each in roots)
    return f"The trust store contains:\n\n{names}\n\nThe key store and its two settings stay as they are."
