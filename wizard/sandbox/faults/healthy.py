"""Unusual but correct deployments: the doctor must not report a fault."""

import os
from dataclasses import replace

from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import Act, Fault, as_root, edit, put
from wizard.sandbox.mutate import add_anchor
from wizard.sandbox.pki import Entity, Pki, authority, new_key, pfx

_NAME = "primary-host"
_FILE = "/opt/hcp/conf/primary-host.pfx"
_FILE_LINE = f'default-keystore-file = "{_FILE}"'
_PASSWORD_LINE = f'default-keystore-password = "{PASSWORD}"'


def _text(old: str, new: str) -> Act:
    return lambda deployment, _: edit(deployment, old, new)


def _bytes(before: bytes = b"", *, crlf: bool = False) -> Act:
    def act(deployment: Deployment, _: Pki) -> None:
        data = deployment.conf.read_bytes()
        deployment.conf.write_bytes(before + (data.replace(b"\n", b"\r\n") if crlf else data))

    return act


def _password(word: str, written: str) -> Act:
    def act(deployment: Deployment, pki: Pki) -> None:
        put(deployment, pfx(pki.entities[_NAME], word, name=_NAME))
        edit(deployment, f'"{PASSWORD}"', written)

    return act


def _store(deployment: Deployment, pki: Pki, *, name: str = _NAME, legacy: bool = False, order: str = "") -> None:
    entity = pki.entities[_NAME]
    issuers = list(entity.issuers)
    if order == "reversed":
        issuers.reverse()
    if order == "extra":
        issuers.append(authority("Another-CA", new_key(), None, pki.made).certificate)
    put(deployment, pfx(entity, PASSWORD, name=name, certificates=issuers, legacy=legacy))


def _no_name(deployment: Deployment, pki: Pki) -> None:
    _store(deployment, pki, name="")


def _legacy(deployment: Deployment, pki: Pki) -> None:
    _store(deployment, pki, legacy=True)


def _reversed(deployment: Deployment, pki: Pki) -> None:
    _store(deployment, pki, order="reversed")


def _extra(deployment: Deployment, pki: Pki) -> None:
    _store(deployment, pki, order="extra")


def _elsewhere(deployment: Deployment, _: Pki) -> None:
    folder = deployment.root / "opt/hcp/ssl"
    folder.mkdir(mode=0o755)
    deployment.keystore.rename(folder / "primary.p12")
    edit(deployment, _FILE, "/opt/hcp/ssl/primary.p12")


def _by_link(deployment: Deployment, _: Pki) -> None:
    (deployment.conf.parent / "current.pfx").symlink_to("primary-host.pfx")
    edit(deployment, _FILE, "/opt/hcp/conf/current.pfx")


def _another_root(deployment: Deployment, pki: Pki) -> None:
    add_anchor(deployment, authority("Acme-CA-Root-2030", new_key(), None, pki.made))


def _two_levels(deployment: Deployment, pki: Pki) -> None:
    """A leaf straight from the root, without an intermediate."""
    key = pki.entities[_NAME].key
    flat = replace(pki, intermediate=pki.root)
    made = flat.reissued(_NAME, key=key)
    put(deployment, pfx(Entity(made.certificate, key, (pki.root.certificate,)), PASSWORD, name=_NAME))


def _owned(deployment: Deployment, _: Pki) -> None:
    """Owner instead of group: the store belongs to the service alone."""
    if as_root():
        os.chown(deployment.keystore, deployment.keystore.stat().st_gid, 0)
    deployment.keystore.chmod(0o600)


VARIANTS = (
    Fault("crlf", "application.conf has Windows line endings.", "", _bytes(crlf=True), "right"),
    Fault("bom", "application.conf begins with a byte order mark.", "", _bytes(b"\xef\xbb\xbf"), "right"),
    Fault(
        "colon", "The settings are written with colons.", "", _text(_FILE_LINE, _FILE_LINE.replace(" =", ":")), "right"
    ),
    Fault("plain-words", "The password has no quotes.", "", _text(f'"{PASSWORD}"', PASSWORD), "right"),
    Fault("triple-quotes", "The password is in triple quotes.", "", _password('a"b\\c', '"""a"b\\c"""'), "right"),
    Fault(
        "escapes", "The password has characters that are escaped.", "", _password('x"y\\z#1', '"x\\"y\\\\z#1"'), "right"
    ),
    Fault("dollar", "The password holds ${ } in quotes.", "", _password("a${b}c", '"a${b}c"'), "right"),
    Fault("long-password", "The password has 64 characters.", "", _password("Ab3." * 16, f'"{"Ab3." * 16}"'), "right"),
    Fault(
        "overruled",
        "An old value precedes the right one.",
        "",
        _text(_FILE_LINE, f'default-keystore-file = "/old.pfx"\n      {_FILE_LINE}'),
        "right",
    ),
    Fault(
        "optional-variable",
        "A variable that is not set could override the setting.",
        "",
        _text(_FILE_LINE, _FILE_LINE + "\n      default-keystore-file = ${?HCP_KEYSTORE}"),
        "right",
    ),
    Fault(
        "substitution",
        "The path has several parts.",
        "",
        _text(_FILE_LINE, 'default-keystore-file = ${hcp.home}"/conf/primary-host.pfx"'),
        "right",
    ),
    Fault(
        "old-comments",
        "Old values are commented out.",
        "",
        _text(_FILE_LINE, f'# default-keystore-file = "/old.pfx"\n      {_FILE_LINE}'),
        "right",
    ),
    Fault("no-friendly-name", "The key has no name.", "", _no_name, "right"),
    Fault("old-encryption", "The key store is encrypted the old way.", "", _legacy, "right"),
    Fault("reversed", "The issuers are in reverse order.", "", _reversed, "right"),
    Fault("extra-certificate", "The key store has one certificate too many.", "", _extra, "right"),
    Fault("other-folder", "The key store is in another folder.", "", _elsewhere, "right"),
    Fault("by-link", "The path is a link.", "", _by_link, "right"),
    Fault("another-root", "cacerts already has the next root.", "", _another_root, "right"),
    Fault("two-levels", "The root issued the leaf directly.", "", _two_levels, "other"),
    Fault("owned", "Only the service can read the key store.", "", _owned, "right"),
)
"""Each changes a deployment that was set up right, and leaves it right; `two-levels` has a leaf of its own."""
