"""Unusual but correct deployments: the doctor must not report a fault."""

import os
from dataclasses import replace

from wizard.sandbox.deployment import PASSWORD, Deployment, add_anchor
from wizard.sandbox.faults import FILE, FILE_LINE, NAME, Act, Fault, as_root, edit, edited, password, put
from wizard.sandbox.pki import Entity, Pki, authority, new_key, pfx


def _bytes(before: bytes = b"", *, crlf: bool = False) -> Act:
    def act(deployment: Deployment, _: Pki) -> None:
        data = deployment.conf.read_bytes()
        deployment.conf.write_bytes(before + (data.replace(b"\n", b"\r\n") if crlf else data))

    return act


def _store(*, name: str = NAME, legacy: bool = False, order: int = 1, extra: bool = False) -> Act:
    def act(deployment: Deployment, pki: Pki) -> None:
        issuers = list(pki.entities[NAME].issuers)[::order]
        if extra:
            issuers.append(authority("Another-CA", new_key(), None, pki.made).certificate)
        put(deployment, pfx(pki.entities[NAME], PASSWORD, name=name, certificates=issuers, legacy=legacy))

    return act


def _elsewhere(deployment: Deployment, _: Pki) -> None:
    folder = deployment.root / "opt/hcp/ssl"
    folder.mkdir(mode=0o755)
    deployment.keystore.rename(folder / "primary.p12")
    edit(deployment, FILE, "/opt/hcp/ssl/primary.p12")


def _by_link(deployment: Deployment, _: Pki) -> None:
    (deployment.conf.parent / "current.pfx").symlink_to("primary-host.pfx")
    edit(deployment, FILE, "/opt/hcp/conf/current.pfx")


def _two_levels(deployment: Deployment, pki: Pki) -> None:
    """A leaf straight from the root, without an intermediate."""
    key = pki.entities[NAME].key
    flat = replace(pki, intermediate=pki.root)
    made = flat.reissued(NAME, key=key)
    put(deployment, pfx(Entity(made.certificate, key, (pki.root.certificate,)), PASSWORD, name=NAME))


def _owned(deployment: Deployment, _: Pki) -> None:
    """Owner instead of group: the store belongs to the service alone."""
    if as_root():
        os.chown(deployment.keystore, deployment.keystore.stat().st_gid, 0)
    deployment.keystore.chmod(0o600)


def _variant(name: str, words: str, act: Act, serves: str = "right") -> Fault:
    return Fault(name, words, "", act, serves)


VARIANTS = (
    _variant("crlf", "application.conf has Windows line endings.", _bytes(crlf=True)),
    _variant("bom", "application.conf begins with a byte order mark.", _bytes(b"\xef\xbb\xbf")),
    _variant("colon", "The settings are written with colons.", edited(FILE_LINE, FILE_LINE.replace(" =", ":"))),
    _variant("plain-words", "The password has no quotes.", edited(f'"{PASSWORD}"', PASSWORD)),
    _variant("triple-quotes", "The password is in triple quotes.", password('a"b\\c', '"""a"b\\c"""')),
    _variant("escapes", "The password has characters that are escaped.", password('x"y\\z#1', '"x\\"y\\\\z#1"')),
    _variant("dollar", "The password holds ${ } in quotes.", password("a${b}c", '"a${b}c"')),
    _variant("long-password", "The password has 64 characters.", password("Ab3." * 16, f'"{"Ab3." * 16}"')),
    _variant(
        "overruled",
        "An old value precedes the right one.",
        edited(FILE_LINE, f'default-keystore-file = "/old.pfx"\n      {FILE_LINE}'),
    ),
    _variant(
        "optional-variable",
        "A variable that is not set could override the setting.",
        edited(FILE_LINE, FILE_LINE + "\n      default-keystore-file = ${?HCP_KEYSTORE}"),
    ),
    _variant(
        "substitution",
        "The path has several parts.",
        edited(FILE_LINE, 'default-keystore-file = ${hcp.home}"/conf/primary-host.pfx"'),
    ),
    _variant(
        "old-comments",
        "Old values are commented out.",
        edited(FILE_LINE, f'# default-keystore-file = "/old.pfx"\n      {FILE_LINE}'),
    ),
    _variant("no-friendly-name", "The key has no name.", _store(name="")),
    _variant("old-encryption", "The key store is encrypted the old way.", _store(legacy=True)),
    _variant("reversed", "The issuers are in reverse order.", _store(order=-1)),
    _variant("extra-certificate", "The key store has one certificate too many.", _store(extra=True)),
    _variant("other-folder", "The key store is in another folder.", _elsewhere),
    _variant("by-link", "The path is a link.", _by_link),
    _variant(
        "another-root",
        "cacerts already has the next root.",
        lambda made, pki: add_anchor(made, authority("Acme-CA-Root-2030", new_key(), None, pki.made)),
    ),
    _variant("two-levels", "The root issued the leaf directly.", _two_levels, "other"),
    _variant("owned", "Only the service can read the key store.", _owned),
)
"""Each changes a deployment that was set up right, and leaves it right; `two-levels` has a leaf of its own."""
