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

    def settings(self) -> dict[str, str]:
        """The settings of the unattended file (manual), trust store only when one is needed. Holds passwords."""
        result = {KEYSTORE: self.keystore_path(), KEYSTORE_PASSWORD: self.store_password.reveal()}
        return {**result, **self.trust_settings()}

    def trust_settings(self) -> dict[str, str]:
        """Those of the trust store alone; none when none is needed."""
        if self.trust_anchor() is None:
            return {}
        return {TRUSTSTORE: self.truststore_path(), TRUSTSTORE_PASSWORD: self.trust_password.reveal()}

    def keystore_path(self) -> str:
        """Where the key store will lie on the gateway."""
        return keystore_path(self.answers)

    def truststore_path(self) -> str:
        """Where the trust store will lie on the gateway."""
        anchor = self.trust_anchor()
        name = file_stem(anchor).lower() if anchor is not None else "trust"
        if f"{name}.pfx" == file_name(self.keystore_path()):
            name = f"{name}-trust"
        return self.answers.truststore_path or f"{STORE_FOLDER}/{name}.pfx"

    def edited(self, unattended: bytes, *, trust_alone: bool = False) -> bytes:
        """The unattended file with the settings in it, or those of the trust store alone; every other byte kept.

        Raises:
            WizardError: the file cannot be edited, or a value is not safe for a shell and a plain parser alike.
        """
        document = envfile.parse(unattended)
        for name, value in (self.trust_settings() if trust_alone else self.settings()).items():
            document = document.set(name, value)
        return document.render()

    def trust_anchor(self) -> Certificate | None:
        """The root that the gateway's trust store must hold; None when it needs no trust store."""
        return None if self.primary_public or self.primary_chain is None else self.primary_chain.root

    def trusted_roots(self) -> tuple[Certificate, ...]:
        """All roots of the trust store: the old one as well while the root changes; none when none is needed."""
        anchor = self.trust_anchor()
        return (anchor, *([self.old_root] if self.old_root is not None else [])) if anchor is not None else ()


def keystore_path(gateway: GatewayAnswers) -> str:
    """Where the key store of *gateway* lies, or will lie."""
    return gateway.keystore_path or f"{STORE_FOLDER}/{gateway.host}.pfx"


def file_name(path: str) -> str:
    """The last part of a path on the gateway."""
    return path.rsplit("/", 1)[-1]
