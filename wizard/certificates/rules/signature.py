"""The links between the certificates of a chain: signatures and key identifiers."""

from collections.abc import Iterator
from itertools import pairwise

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.rules.context import Context, on
from wizard.certificates.signatures import signed_by
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Verify each certificate against the next one up."""
    for lower, upper in pairwise(context.chain.certificates):
        verified = signed_by(lower, upper)
        if verified is None:
            yield on(lower, codes.SIGNATURE_NOT_VERIFIED, algorithm=fields.signature_label(lower))
        elif not verified:
            yield on(lower, codes.SIGNATURE_BROKEN, issuer=names.short(upper))
        wanted, found = fields.authority_key_id(lower), fields.subject_key_id(upper)
        if wanted and found and wanted != found:
            yield on(
                lower, codes.SIGNATURE_KEY_ID_DIFFERS, issuer=names.short(upper), wanted=wanted.hex(), found=found.hex()
            )
        number = fields.authority_serial(lower)
        if number is not None and number != fields.serial(upper):
            shown = {"wanted": f"{number:x}", "found": f"{fields.serial(upper):x}"}
            yield on(lower, codes.SIGNATURE_ISSUER_SERIAL_DIFFERS, issuer=names.short(upper), **shown)
    root = context.chain.root
    own = fields.subject_key_id(root) if root is not None else None
    if root is not None and (
        fields.authority_key_id(root) not in {None, own}
        or fields.authority_serial(root) not in {None, fields.serial(root)}
    ):
        yield on(root, codes.SIGNATURE_ROOT_NAMES_ANOTHER_ISSUER)
