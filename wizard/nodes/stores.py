"""The primary's key store: made once in a run, and shown to Java before the rest of the plan is thought about."""

import re

from wizard.certificates.model import Chain, Profile
from wizard.certificates.names import short
from wizard.certificates.writing import keystore
from wizard.questions.passwords import generate
from wizard.secret import Secret

STORE_SECRET = "primary.keystore-password"  # noqa: S105 - the name of a secret
CACERTS_SECRET = "primary.cacerts-password"  # noqa: S105 - likewise


class Stores:
    """Gives the same store for the same chain, password and encryption: its salts are random, and Java may know it."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._made: list[tuple[tuple[Chain, Profile], Secret, bytes]] = []
        self._generated: Secret | None = None

    def generated(self) -> Secret:
        """The password of this run, where the operator wants one to be generated."""
        if self._generated is None:
            self._generated = generate()
        return self._generated

    def keystore(self, chain: Chain, password: Secret, profile: Profile) -> bytes:
        """A key store with *chain* and its key under the leaf's short name.

        Raises:
            WizardError: as `wizard.certificates.writing.keystore`.
        """
        wanted = (chain, profile)
        for what, secret, data in self._made:
            if what == wanted and secret == password:
                return data
        name = short(chain.leaf) if chain.leaf is not None else None
        made = keystore(chain, password, profile=profile, friendly_name=name)
        self._made.append((wanted, password, made))
        return made


def trust_alias(name: str, sha256: str) -> str:
    """An alias that says whose it is and cannot meet another certificate's: `cloudstream-acme-ca-root-0123abcd`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "root"
    return f"cloudstream-{words}-{sha256[:8]}"
