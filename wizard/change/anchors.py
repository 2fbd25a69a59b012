"""One entry taken out of a trust store that somebody else has changed since it was put in."""

import contextlib
import os

from wizard.change.context import Context
from wizard.change.durable import put_file
from wizard.change.images import read_image
from wizard.change.manifest import TrustEntry
from wizard.errors import WizardError
from wizard.findings import FindingSpec, refusal
from wizard.host.directory import Directory
from wizard.secret import Secret

USUAL = Secret("changeit")
"""The password that every JRE's trust store is shipped with (manual); tried when none was given."""


def without_anchor(data: bytes, trust: TrustEntry, folder: Directory, name: str, context: Context) -> bytes | None:
    """The content *data* of a trust store without our entry, made by keytool on a copy in *folder*.

    Returns:
        The new content, or None when the entry is not there any more, or the store itself is gone (a replaced JRE).

    Raises:
        WizardError: of keytool; `change.anchor-stays`.
    """
    if not data:
        return None
    password = context.secrets.get(trust.secret, USUAL)
    copy = folder.outside(name)
    put_file(folder, name, data, mode=0o600, calls=context.calls)
    try:
        alias = context.ports.trust.entries(copy, password).get(trust.sha256)
        if alias is None:
            return None
        context.ports.trust.remove(copy, alias, password)
        if trust.sha256 in context.ports.trust.entries(copy, password):
            raise WizardError(
                "change.anchor-stays",
                f"keytool said that it removed {alias}, but the copy of the trust store still holds it.",
                "See whether the certificate is in the store a second time, under another alias.",
                trust.alias,
            )
        return read_image(folder, name)[1]
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder.descriptor)


REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.anchor-stays",
        "The trust anchor is still in the store",
        "After the removal of an alias the trust store still holds the certificate.",
        "The service would go on trusting what the rollback was to take away.",
        "See whether the certificate is in the store a second time, under another alias.",
        source="own rule: an undo is read back",
    ),
)
