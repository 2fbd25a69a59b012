"""One gateway: where its key store and trust store lie, and the four settings of its unattended file."""

from dataclasses import dataclass

from wizard.certificates.model import Certificate, Chain, Profile
from wizard.certificates.names import file_stem
from wizard.configs import envfile
from wizard.questions.answers import GatewayAnswers
from wizard.secret import Secret

STORE_FOLDER = "/etc/cloudstream-tls"
"""Where the stores lie on a gateway unless the answers say otherwise: outside the product, so an upgrade keeps them."""


KEYSTORE = "HCP_DEFAULT_KEYSTORE"
KEYSTORE_PASSWORD = "HCP_DEFAULT_KEYSTORE_PASSWORD"  # noqa: S105 - the name of a setting (manual)
TRUSTSTORE = "HCP_DEFAULT_TRUSTSTORE"
TRUSTSTORE_PASSWORD = "HCP_DEFAULT_TRUSTSTORE_PASSWORD"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class GatewayInput:
    """What a gateway's bundle is made from.

    Attributes:
        answers: of this gateway.
        chain: its own, with the key.
        primary_chain: as the primary presents it; its root becomes the trust anchor.
        primary_public: the primary's root is one that every Java brings, so no trust store is needed.
        primary_host: the name that the gateway connects to.
        primary_port: of the internal TLS link.
        store_password: of the key store.
        trust_password: of the trust store.
        profile: the encryption that the gateway's Java reads.
        unattended: the unattended file, if the answers name one.
        cloud: the primary runs in the vendor's cloud.
        presented: what the primary presents when the bundle is brought, if that is another chain than its new one.
        old_root: of the primary until now, when its root is replaced: trusted beside the new one for the time between.
    """

    answers: GatewayAnswers
    chain: Chain
    primary_chain: Chain | None
    primary_public: bool
    primary_host: str
    primary_port: int
    store_password: Secret
    trust_password: Secret
    profile: Profile
    unattended: bytes | None = None
    cloud: bool = False
    old_root: Certificate | None = None
    presented: Chain | None = None


def settings(given: GatewayInput) -> dict[str, str]:
    """The settings of the unattended file (manual), trust store only when one is needed. Holds passwords."""
    result = {KEYSTORE: keystore_path(given), KEYSTORE_PASSWORD: given.store_password.reveal()}
    return {**result, **trust_settings(given)}


def trust_settings(given: GatewayInput) -> dict[str, str]:
    """Those of the trust store alone; none when none is needed."""
    if trust_anchor(given) is None:
        return {}
    return {TRUSTSTORE: truststore_path(given), TRUSTSTORE_PASSWORD: given.trust_password.reveal()}


def keystore_path(given: GatewayInput) -> str:
    """Where the key store will lie on the gateway."""
    return given.answers.keystore_path or f"{STORE_FOLDER}/{given.answers.host}.pfx"


def truststore_path(given: GatewayInput) -> str:
    """Where the trust store will lie on the gateway."""
    anchor = trust_anchor(given)
    name = file_stem(anchor).lower() if anchor is not None else "trust"
    if f"{name}.pfx" == file_name(keystore_path(given)):
        name = f"{name}-trust"
    return given.answers.truststore_path or f"{STORE_FOLDER}/{name}.pfx"


def edited(given: GatewayInput, unattended: bytes, *, trust_alone: bool = False) -> bytes:
    """The unattended file with the settings in it, or those of the trust store alone; every other byte kept.

    Raises:
        WizardError: the file cannot be edited, or a value is not safe for a shell and a plain parser alike.
    """
    document = envfile.parse(unattended)
    for name, value in (trust_settings(given) if trust_alone else settings(given)).items():
        document = document.set(name, value)
    return document.render()


def trust_anchor(given: GatewayInput) -> Certificate | None:
    """The root that the gateway's trust store must hold; None when it needs no trust store."""
    return None if given.primary_public or given.primary_chain is None else given.primary_chain.root


def trusted_roots(given: GatewayInput) -> tuple[Certificate, ...]:
    """All roots of the trust store: the old one as well while the root changes; none when it needs no trust store."""
    anchor = trust_anchor(given)
    return (anchor, *([given.old_root] if given.old_root is not None else [])) if anchor is not None else ()


def file_name(path: str) -> str:
    """The last part of a path on the gateway."""
    return path.rsplit("/", 1)[-1]
