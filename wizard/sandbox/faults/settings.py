"""Faults in application.conf."""

import os
import time

from wizard.sandbox.deployment import PASSWORD, Deployment
from wizard.sandbox.faults.fault import Act, Fault, as_root, edit, put
from wizard.sandbox.mutate import write_conf
from wizard.sandbox.pki import Pki, pfx

_FILE = "/opt/hcp/conf/primary-host.pfx"
_FILE_LINE = f'default-keystore-file = "{_FILE}"'
_PASSWORD_LINE = f'default-keystore-password = "{PASSWORD}"'


def _append(deployment: Deployment, text: str) -> None:
    with deployment.conf.open("a", encoding="utf-8") as stream:
        stream.write(text)


def _wrong_password(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _PASSWORD_LINE, 'default-keystore-password = "ch4ngeit"')


def _blank_in_password(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _PASSWORD_LINE, f'default-keystore-password = "{PASSWORD} "')


def _wrong_path(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _FILE_LINE, _FILE_LINE.replace("primary-host", "primary-hots"))


def _path_is_folder(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _FILE_LINE, 'default-keystore-file = "/opt/hcp/conf"')


def _duplicate(deployment: Deployment, _: Pki) -> None:
    _append(deployment, '\n# old host\nhcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n')


def _duplicate_password(deployment: Deployment, _: Pki) -> None:
    _append(deployment, '\nhcp.server { tls { default-keystore-password = "2019-secret" } }\n')


def _in_include(deployment: Deployment, _: Pki) -> None:
    local = deployment.conf.with_name("local.conf")
    local.write_text('hcp.server.tls.default-keystore-file = "/opt/hcp/conf/old-server.pfx"\n', encoding="utf-8")
    _append(deployment, '\ninclude "local.conf"\n')


def _by_environment(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _FILE_LINE, _FILE_LINE + "\n      default-keystore-file = ${?HCP_KEYSTORE}")
    with deployment.unit_file.open("a", encoding="utf-8") as stream:
        stream.write("\n[Service]\nEnvironment=HCP_KEYSTORE=/opt/hcp/conf/old-server.pfx\n")


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
    old.write_text(text.replace(_FILE_LINE, 'default-keystore-file = ""'), encoding="utf-8")
    _drop_in("java.conf", 'Environment="JAVA_TOOL_OPTIONS=-Xmx2g -Dconfig.file=/opt/hcp/conf/old.conf"')(
        deployment, pki
    )


def _commented(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _FILE_LINE, "# " + _FILE_LINE)
    edit(deployment, _PASSWORD_LINE, "# " + _PASSWORD_LINE)


def _elsewhere(deployment: Deployment, _: Pki) -> None:
    write_conf(deployment, "", "")
    _append(deployment, f"\n{_FILE_LINE}\n{_PASSWORD_LINE}\n")


def _utf_16(deployment: Deployment, _: Pki) -> None:
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(text.encode("utf-16"))


def _smart_quotes(deployment: Deployment, _: Pki) -> None:
    edit(deployment, f'"{PASSWORD}"', f"\u201c{PASSWORD}\u201d")
    text = deployment.conf.read_text(encoding="utf-8").replace("\n", "\r\n")
    deployment.conf.write_bytes(b"\xef\xbb\xbf" + text.encode())


def _latin_1(deployment: Deployment, pki: Pki) -> None:
    word = "schl\u00fcssel"
    put(deployment, pfx(pki.entities["primary-host"], word, name="primary-host"))
    write_conf(deployment, _FILE, word)
    deployment.conf.write_bytes(deployment.conf.read_text(encoding="utf-8").encode("latin-1"))


def _missing_brace(deployment: Deployment, _: Pki) -> None:
    edit(deployment, "\n}\n\nakka {", "\n\nakka {")


def _password_as(word: str, written: str) -> Act:
    """A fault: a key store with the password *word*, which application.conf contains as *written*."""

    def act(deployment: Deployment, pki: Pki) -> None:
        put(deployment, pfx(pki.entities["primary-host"], word, name="primary-host"))
        edit(deployment, f'"{PASSWORD}"', written)

    return act


def _no_client_authentication(deployment: Deployment, _: Pki) -> None:
    edit(deployment, "client-authentication = need", "client-authentication = none")


def _no_1_2(deployment: Deployment, _: Pki) -> None:
    edit(deployment, '["TLSv1.2", "TLSv1.3"]', '["TLSv1.3"]')


def _world_readable(deployment: Deployment, _: Pki) -> None:
    deployment.conf.chmod(0o644)


def _removed(deployment: Deployment, _: Pki) -> None:
    edit(deployment, _FILE_LINE, "")
    edit(deployment, _PASSWORD_LINE, "")


def _unreadable(deployment: Deployment, _: Pki) -> None:
    if as_root():
        os.chown(deployment.conf, 0, 0)
    deployment.conf.chmod(0o600 if as_root() else 0)


def _ahead(deployment: Deployment, _: Pki) -> None:
    """A clock that was set back looks like a file from the future."""
    tomorrow = time.time() + 86_400
    os.utime(deployment.conf, (tomorrow, tomorrow))


def _missing(deployment: Deployment, _: Pki) -> None:
    deployment.conf.unlink()


FAULTS = (
    Fault(
        "wrong-password",
        "The password in application.conf is not that of the key store.",
        "doctor.password-wrong",
        _wrong_password,
    ),
    Fault(
        "blank-in-password", "The password in the file ends with a space.", "doctor.password-wrong", _blank_in_password
    ),
    Fault("wrong-path", "The path of the key store is misspelt.", "doctor.store-missing", _wrong_path),
    Fault("path-is-folder", "The path is that of a folder.", "doctor.store-is-folder", _path_is_folder),
    Fault(
        "duplicate-key", "A later line of the same file sets another key store.", "doctor.setting-masked", _duplicate
    ),
    Fault("duplicate-password", "A later block sets another password.", "doctor.setting-masked", _duplicate_password),
    Fault("masked-by-include", "An included file sets another key store.", "doctor.setting-masked", _in_include),
    Fault(
        "masked-by-environment",
        "A variable of the service sets another key store.",
        "doctor.setting-masked",
        _by_environment,
    ),
    Fault(
        "overruled-by-option",
        "An option of Java sets another key store.",
        "doctor.setting-overruled",
        _drop_in(
            "java.conf",
            "Environment=JAVA_TOOL_OPTIONS=-Dhcp.server.tls.default-keystore-file=/opt/hcp/conf/old-server.pfx",
        ),
    ),
    Fault("other-conf", "Java starts with another settings file.", "doctor.conf-not-used", _other_conf),
    Fault("commented-out", "The two settings are comments.", "doctor.setting-commented", _commented),
    Fault("wrong-block", "The two settings are outside their block.", "doctor.setting-elsewhere", _elsewhere),
    Fault("conf-utf-16", "application.conf was saved as UTF-16.", "doctor.conf-utf16", _utf_16, "down"),
    Fault(
        "smart-quotes",
        "The editor put typographic quotes around the password.",
        "doctor.typographic-quotes",
        _smart_quotes,
    ),
    Fault("conf-latin-1", "A password with an umlaut was saved as Latin-1.", "doctor.conf-not-utf8", _latin_1),
    Fault("missing-brace", "A closing brace is missing.", "doctor.conf-syntax", _missing_brace, "down"),
    Fault(
        "backslash-password",
        "A backslash in the password is not doubled.",
        "doctor.conf-syntax",
        _password_as("pa\\ssw0rd", '"pa\\ssw0rd"'),
        "down",
    ),
    Fault(
        "at-sign-unquoted",
        "A password with @ has no quotes.",
        "doctor.conf-syntax",
        _password_as("p@ssw0rd", "p@ssw0rd"),
        "down",
    ),
    Fault(
        "hash-unquoted",
        "A password with # has no quotes, so it is cut.",
        "doctor.value-cut",
        _password_as("pass#w0rd", "pass#w0rd"),
    ),
    Fault("keys-removed", "The two settings are missing in the file.", "doctor.setting-missing", _removed),
    Fault(
        "conf-unreadable", "The service cannot read application.conf.", "doctor.conf-unreadable", _unreadable, "down"
    ),
    Fault("clock-behind", "The clock was set back by a day.", "doctor.clock-wrong", _ahead, "right"),
    Fault("conf-missing", "application.conf is missing.", "doctor.conf-missing", _missing, "down"),
    Fault(
        "conf-world-readable",
        "Every account can read the password.",
        "doctor.conf-world-readable",
        _world_readable,
        "right",
    ),
    Fault(
        "client-auth-off",
        "The server does not ask for client certificates.",
        "doctor.client-auth-off",
        _no_client_authentication,
        "right",
    ),
    Fault("tls-1-2-off", "The server accepts only TLS 1.3.", "doctor.tls12-off", _no_1_2, "right"),
)
