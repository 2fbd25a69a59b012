"""The bundle for one gateway: stores, settings, a check of the primary, and a checklist."""

import shlex

from wizard.certificates.model import Profile
from wizard.certificates.names import short
from wizard.certificates.writing import keystore, pem_chain, truststore
from wizard.configs import envfile
from wizard.handoff.bundle import Pack, PackFile, checklist, from_template
from wizard.planning.gateway.stores import (
    GatewayInput,
    edited,
    file_name,
    keystore_path,
    settings,
    trust_anchor,
    truststore_path,
)
from wizard.questions.answers import endpoint


def make_pack(given: GatewayInput) -> Pack:
    """Everything that goes to one gateway.

    Raises:
        WizardError: the chain has no key, or a password is not fit for every reader.
    """
    store_name, trust_name = file_name(keystore_path(given)), file_name(truststore_path(given))
    if trust_name == store_name:
        # The answers may give both the same name in different folders; here they lie in one.
        trust_name = f"trust-{trust_name}"
    leaf, anchor = given.chain.leaf, trust_anchor(given)
    assert leaf is not None  # noqa: S101 - the judgement before refuses a chain without leaf
    files = [
        PackFile(store_name, keystore(given.chain, given.store_password, profile=given.profile), secret=True),
        PackFile("unattended-lines.conf", envfile.snippet(settings(given)).encode(), secret=True),
    ]
    if given.unattended is not None:
        files.append(PackFile("unattended.conf", edited(given, given.unattended), secret=True))
    folder = keystore_path(given).rsplit("/", 1)[0]
    steps = [
        (
            f"Copy this folder to the gateway {given.answers.host} over SSH (scp, sftp).\n"
            "It holds a key and passwords: use no mail and no share."
        ),
        f"There, as root: install -d -m 0755 {shlex.quote(folder)}",
        f"install -m 0600 {shlex.quote(store_name)} {shlex.quote(keystore_path(given))}",
    ]
    if anchor is not None:
        roots = [anchor, *([given.old_root] if given.old_root is not None else [])]
        store = truststore(roots, given.trust_password, profile=given.profile)
        files.append(PackFile(trust_name, store, secret=True))
        steps.append(f"install -m 0644 {shlex.quote(trust_name)} {shlex.quote(truststore_path(given))}")
    steps += [
        _settings_step(given),
        (
            "Run the unattended installation as your version documents it.\n"
            "When the service has an account of its own, give it both stores:\nchown ACCOUNT, mode 0600."
        ),
    ]
    steps += _check(given, files)
    steps += [
        "In the portal, see that the gateway is online.",
        "Delete this folder on every machine it passed through.",
    ]
    intro = f"Certificate {short(leaf)}, SHA-256 {leaf.sha256}."
    title = f"Gateway {given.answers.host}"
    page = checklist(title, intro, tuple(steps), _notes(given))
    return Pack(given.answers.host, title, (PackFile("CHECKLIST.md", page), *files), tuple(steps))


def _check(given: GatewayInput, files: list[PackFile]) -> list[str]:
    """The step that looks at the primary with openssl alone; what it needs is added to *files*."""
    chain, host = given.primary_chain, given.primary_host
    if chain is not None and chain.leaf is not None:
        files.append(PackFile("primary-chain.pem", pem_chain(chain)))
        files.append(PackFile("verify.sh", _verify(given, chain.leaf.sha256)))
        return [f"When the primary has its certificate:\nsh verify.sh\nIt must say that {host} shows the expected one."]
    if not host:
        return []
    look = f"openssl s_client -connect {endpoint(host, given.primary_port)} -servername {host}"
    if chain is None or chain.root is None:
        return [f"Look at what the primary shows:\n{look} </dev/null |\nopenssl x509 -noout -subject -issuer -enddate"]
    files.append(PackFile("primary-ca.pem", pem_chain(chain)))
    return [
        (
            "Look whether the primary's certificate is from the CA that is trusted\n"
            f"here:\n{look} \\\n"
            f"  -CAfile primary-ca.pem -verify_hostname {host} -verify_return_error </dev/null\n"
            'It must say "Verify return code: 0 (ok)"; an alert after that is normal.'
        )
    ]


def _notes(given: GatewayInput) -> tuple[str, ...]:
    notes = []
    if given.primary_public:
        notes.append("The primary's root is a public one: no trust store is needed.")
    if given.cloud and given.primary_chain is None:
        notes.append(
            "No trust store is made: the CA certificates of the cloud primary were not given, so this gateway trusts"
            " the public CAs that its own Java brings. If the check shows another issuer, ask the vendor for its root"
            " and make the packs again with it."
        )
    if not given.answers.java and given.profile is Profile.MODERN:
        notes.append(
            "The stores are encrypted with AES-256. Java older than 8u301 or 11.0.12 cannot open them and reports"
            ' "keystore password was incorrect". If this gateway has such a Java, name its version in the answers'
            " ([[gateway]] java) and make the packs again."
        )
    if given.old_root is not None and trust_anchor(given) is not None:
        notes.append(
            "The trust store holds both roots, so it can be put in place before the primary changes;"
            f" {short(given.old_root)} ({given.old_root.sha256[:8]}) goes out with the last step of the order."
        )
    elif given.old_root is not None:
        notes.append(
            "The primary's new root is a public one. A trust store that is installed here (HCP_DEFAULT_TRUSTSTORE) does"
            " not hold it: take its two lines out of the unattended file before the primary changes."
        )
    return tuple(notes)


def _settings_step(given: GatewayInput) -> str:
    if given.unattended is not None:
        return "Use unattended.conf of this folder: your file with the settings in it,\nevery other byte as it was."
    return "Put the lines of unattended-lines.conf into the unattended file,\nin place of lines with the same names."


def _verify(given: GatewayInput, fingerprint: str) -> bytes:
    """A check that needs openssl alone."""
    expected = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    values = {"HOST": shlex.quote(given.primary_host), "PORT": str(given.primary_port), "EXPECTED": expected}
    return from_template("verify.sh", values).encode()
