"""The primary's key store: made once in a run, and shown to Java before the rest of the plan is thought about."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from wizard.answers import ImportRoot, PrimaryKind
from wizard.certificates.model import Chain, Profile
from wizard.certificates.names import short
from wizard.certificates.writing import keystore
from wizard.change.ahead import Asking
from wizard.errors import WizardError
from wizard.findings import Severity
from wizard.host import jre
from wizard.host.secretsource import DEFAULT_STORE_PASSWORD
from wizard.passwords import generate
from wizard.secret import Secret
from wizard.sources import SourceKind

if TYPE_CHECKING:
    from wizard.nodes.planning import Planning

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


def ask_early(session: "Planning", asking: Asking) -> None:
    """Have Java look at what the plan for the primary will most likely hold.

    Nothing is refused here: what does not fit is told by the plan, with all that belongs to it.
    """
    answers = session.answers.primary
    if not session.answers.goal.installs or answers.kind is not PrimaryKind.ON_PREMISE:
        return
    with suppress(WizardError):
        judged = session.judged("primary")
        if any(finding.severity >= Severity.ERROR for finding in judged.findings):
            return
        kind = answers.keystore_password.kind
        password = session.stores.generated() if kind is SourceKind.GENERATE else session.secret(STORE_SECRET)
        if password is not None and judged.chain.leaf is not None:
            profile = jre.choose_profile(jre.find(session.machine)).profile
            asking.prove(session.stores.keystore(judged.chain, password, profile), short(judged.chain.leaf), password)
        root = judged.chain.root
        secret = session.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD
        if root is None or answers.import_root is ImportRoot.NO:
            return
        if root.sha256 not in jre.cacerts_fingerprints(session.machine, secret):
            asking.add_trust(session.machine.cacerts, root.der, trust_alias(short(root), root.sha256), secret)


def trust_alias(name: str, sha256: str) -> str:
    """An alias that says whose it is and cannot meet another certificate's: `cloudstream-acme-ca-root-0123abcd`."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "root"
    return f"cloudstream-{words}-{sha256[:8]}"
