"""Extended key usage and key usage: what the role needs, and the public CAs that are dropping clientAuth."""

from collections.abc import Iterator

from cryptography import x509

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.model import Role
from wizard.certificates.rules.context import Context, on
from wizard.certificates.rules.public_ca import calendar
from wizard.findings import Finding


def check(context: Context) -> Iterator[Finding]:
    """Compare extended key usage and key usage with what the role needs."""
    yield from _extended_key_usage(context)
    yield from _key_usage(context)


def _extended_key_usage(context: Context) -> Iterator[Finding]:
    """Compare extended key usage with what the role needs."""
    leaf = context.chain.leaf
    if leaf is None or context.role is None:
        return
    server = context.role is Role.PRIMARY
    wanted = fields.SERVER_AUTH if server else fields.CLIENT_AUTH
    found = fields.usages(leaf)
    if found is None:
        yield on(leaf, codes.USAGE_NONE)
    elif wanted not in found and fields.ANY_USAGE in found:
        yield on(leaf, codes.USAGE_ANY, wanted=fields.USAGE_NAMES[wanted])
    elif wanted not in found:
        yield on(
            leaf,
            codes.USAGE_NO_SERVER_AUTH if server else codes.USAGE_NO_CLIENT_AUTH,
            found=_words(fields.usage_names(leaf)),
        )
    elif not server and context.is_public:
        end = calendar().client_auth_end(names.issuer(leaf))
        yield on(
            leaf,
            codes.USAGE_PUBLIC_CA_DROPS_CLIENT_AUTH,
            ca=end.organization or "public CAs",
            gone=f"{end.gone:%Y-%m-%d}",
        )
    for certificate in context.chain.authorities:
        limits = fields.usages(certificate)
        if limits is not None and wanted not in limits:
            found_names = _words(fields.usage_names(certificate))
            yield on(certificate, codes.USAGE_CA_NARROW, found=found_names, wanted=fields.USAGE_NAMES[wanted])


def _words(found: list[str] | None) -> str:
    return ", ".join(found or []) or "nothing"


def _key_usage(context: Context) -> Iterator[Finding]:
    """Look at the key usage of every certificate that has the extension."""
    chain = context.chain
    for certificate in chain.certificates:
        usage = fields.extension(certificate, x509.KeyUsage)
        if usage is None:
            continue
        if certificate is chain.leaf:
            if not usage.digital_signature:
                yield on(certificate, codes.KEY_USAGE_NO_DIGITAL_SIGNATURE)
        elif not usage.key_cert_sign:
            yield on(certificate, codes.KEY_USAGE_CA_CANNOT_SIGN)
