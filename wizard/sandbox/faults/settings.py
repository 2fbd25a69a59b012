"""Faults in application.conf."""

import os
import time

from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import (
    FILE,
    FILE_LINE,
    NAME,
    PASSWORD_LINE,
    Act,
    append,
    appended,
    closed,
    edit,
    edited,
    password,
    put,
    table,
)
from wizard.sandbox.mutate import write_conf
from wizard.sandbox.pki import Pki, pfx


def _in_include(deployment: Deployment, _: Pki) -> None:
    local = deployment.conf.with_name("local.conf")
    local.write_text('hcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n', encoding="utf-8")
    append(deployment.conf, '\ninclude "local.conf"\n')


def _by_environment(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, FILE_LINE + "\n      default-keystore-file = ${?HCP_KEYSTORE}")
    append(deployment.unit_file, "\n[Service]\nEnvironment=HCP_KEYSTORE=/opt/hcp/conf/old-server.pfx\n")


def _drop_in(name: str, line: str) -> Act:
    """A fault: a drop-in of the unit with *line* in its section of the service."""

    def act(deployment: Deployment, _: Pki) -> None:
        folder = deployment.unit_file.with_name(deployment.unit_file.name + ".d")
        folder.mkdir()
        (folder / name).write_text(f"[Service]\n{line}\n", encoding="utf-8")

    return act


def _other_conf(deployment: Deployment, pki: Pki) -> None:
    text = deployment.conf.read_text(encoding="utf-8")
    old = deployment.conf.with_name("old.conf")
    old.write_text(text.replace(FILE_LINE, 'default-keystore-file = ""'), encoding="utf-8")
    _drop_in("java.conf", 'Environment="JAVA_TOOL_OPTIONS=-Xmx2g -Dconfig.file=/opt/hcp/conf/old.conf"')(
        deployment, pki
    )


def _commented(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, "# " + FILE_LINE)
    edit(deployment, PASSWORD_LINE, "# " + PASSWORD_LINE)


def _elsewhere(deployment: Deployment, _: Pki) -> None:
    write_conf(deployment, "", "")
    append(deployment.conf, f"\n{FILE_LINE}\n{PASSWORD_LINE}\n")


def _utf_16(deployment: Deployment, _: Pki) -> None:
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(text.encode("utf-16"))


def _smart_quotes(deployment: Deployment, _: Pki) -> None:
    edit(deployment, f'"{PASSWORD}"', f"\u201c{PASSWORD}\u201d")
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(b"\xef\xbb\xbf" + text.encode())


def _latin_1(deployment: Deployment, pki: Pki) -> None:
    word = "schl\u00fcssel"
    put(deployment, pfx(pki.entities[NAME], word, name=NAME))
    write_conf(deployment, FILE, word)
    deployment.conf.write_bytes(deployment.conf.read_text(encoding="utf-8").encode("latin-1"))


def _removed(deployment: Deployment, _: Pki) -> None:
    edit(deployment, FILE_LINE, "")
    edit(deployment, PASSWORD_LINE, "")


def _ahead(deployment: Deployment, _: Pki) -> None:
    """A clock that was set back looks like a file from the future."""
    tomorrow = time.time() + 86_400
    os.utime(deployment.conf, (tomorrow, tomorrow))


FAULTS = table(
    """\
wrong-password        doctor.password-wrong      fallback The password in application.conf is not that of the key store.
blank-in-password     doctor.password-wrong      fallback The password in the file ends with a space.
wrong-path            doctor.store-missing       fallback The path of the key store is misspelt.
path-is-folder        doctor.store-is-folder     fallback The path is that of a folder.
duplicate-key         doctor.setting-masked      fallback A later line of the same file sets another key store.
duplicate-password    doctor.setting-masked      fallback A later block sets another password.
masked-by-include     doctor.setting-masked      fallback An included file sets another key store.
masked-by-environment doctor.setting-masked      fallback A variable of the service sets another key store.
overruled-by-option   doctor.setting-overruled   fallback An option of Java sets another key store.
other-conf            doctor.conf-not-used       fallback Java starts with another settings file.
commented-out         doctor.setting-commented   fallback The two settings are comments.
wrong-block           doctor.setting-elsewhere   fallback The two settings are outside their block.
conf-utf-16           doctor.conf-utf16          down     application.conf was saved as UTF-16.
smart-quotes          doctor.typographic-quotes  fallback The editor put typographic quotes around the password.
conf-latin-1          doctor.conf-not-utf8       fallback A password with an umlaut was saved as Latin-1.
missing-brace         doctor.conf-syntax         down     A closing brace is missing.
backslash-password    doctor.conf-syntax         down     A backslash in the password is not doubled.
at-sign-unquoted      doctor.conf-syntax         down     A password with @ has no quotes.
hash-unquoted         doctor.value-cut           fallback A password with # has no quotes, so it is cut.
keys-removed          doctor.setting-missing     fallback The two settings are missing in the file.
conf-unreadable       doctor.conf-unreadable     down     The service cannot read application.conf.
clock-behind          doctor.clock-wrong         right    The clock was set back by a day.
conf-missing          doctor.conf-missing        down     application.conf is missing.
conf-world-readable   doctor.conf-world-readable right    Every account can read the password.
client-auth-off       doctor.client-auth-off     right    The server does not ask for client certificates.
tls-1-2-off           doctor.tls12-off           right    The server accepts only TLS 1.3.
""",
    {
        "wrong-password": edited(PASSWORD_LINE, 'default-keystore-password = "ch4ngeit"'),
        "blank-in-password": edited(PASSWORD_LINE, f'default-keystore-password = "{PASSWORD} "'),
        "wrong-path": edited(FILE_LINE, FILE_LINE.replace("primary-host", "primary-hots")),
        "path-is-folder": edited(FILE_LINE, 'default-keystore-file = "/opt/hcp/conf"'),
        "duplicate-key": appended(
            '\n# old host\nhcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n'
        ),
        "duplicate-password": appended('\nhcp.server { tls { default-keystore-password = "2019-secret" } }\n'),
        "masked-by-include": _in_include,
        "masked-by-environment": _by_environment,
        "overruled-by-option": _drop_in(
            "java.conf",
            "Environment=JAVA_TOOL_OPTIONS=-Dhcp.server.tls.default-keystore-file=/opt/hcp/conf/old-server.pfx",
        ),
        "other-conf": _other_conf,
        "commented-out": _commented,
        "wrong-block": _elsewhere,
        "conf-utf-16": _utf_16,
        "smart-quotes": _smart_quotes,
        "conf-latin-1": _latin_1,
        "missing-brace": edited("\n}\n\nakka {", "\n\nakka {"),
        "backslash-password": password("pa\\ssw0rd", '"pa\\ssw0rd"'),
        "at-sign-unquoted": password("p@ssw0rd", "p@ssw0rd"),
        "hash-unquoted": password("pass#w0rd", "pass#w0rd"),
        "keys-removed": _removed,
        "conf-unreadable": lambda made, _: closed(made.conf),
        "clock-behind": _ahead,
        "conf-missing": lambda made, _: made.conf.unlink(),
        "conf-world-readable": lambda made, _: made.conf.chmod(0o644),
        "client-auth-off": edited("client-authentication = need", "client-authentication = none"),
        "tls-1-2-off": edited('["TLSv1.2", "TLSv1.3"]', '["TLSv1.3"]'),
    },
)
