"""Twenty and more servers that are well, each in its own way: the doctor has no headline for any of them."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.support.doctor_runs import examined, settle
from tests.support.exhaustive import mostly_exhaustive
from tests.support.practice import Practice, company, practice
from wizard.doctor.rule import Result
from wizard.sandbox.pki import pem, pfx

Change = Callable[[Practice], None]
_FILE = "/opt/hcp/conf/primary-host.pfx"


def _conf(made: Practice, old: str, new: str) -> None:
    path = made.deployment.conf
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _bytes(change: Callable[[bytes], bytes]) -> Change:
    def act(made: Practice) -> None:
        made.deployment.conf.write_bytes(change(made.deployment.conf.read_bytes()))

    return act


def _password(word: str, written: str) -> Change:
    def act(made: Practice) -> None:
        made.deployment.keystore.write_bytes(pfx(company().entities["primary-host"], word, name="primary-host"))
        _conf(made, '"changeit"', written)

    return act


def _append(text: str) -> Change:
    def act(made: Practice) -> None:
        with made.deployment.conf.open("a", encoding="utf-8") as stream:
            stream.write(text)

    return act


def _included(made: Practice) -> None:
    path = made.deployment.conf
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines(keepends=True) if not re.match(r"\s+default-keystore-", line)]
    path.write_text("".join(lines) + '\ninclude "tls.conf"\n', encoding="utf-8")
    path.with_name("tls.conf").write_text(
        f'hcp.server.tls {{ default-keystore-file = "{_FILE}"\n default-keystore-password = "changeit" }}\n'
    )


def _environment(made: Practice) -> None:
    _conf(made, f'= "{_FILE}"', "= ${HCP_KEYSTORE}")
    with made.deployment.unit_file.open("a", encoding="utf-8") as stream:
        stream.write(f"\n[Service]\nEnvironment=HCP_KEYSTORE={_FILE}\n")


def _optional_environment(made: Practice) -> None:
    _conf(
        made,
        f'default-keystore-file = "{_FILE}"',
        f'default-keystore-file = "{_FILE}"\n      default-keystore-file = ${{?HCP_STORE}}',
    )


def _store(**options: object) -> Change:
    def act(made: Practice) -> None:
        entity = company().entities["primary-host"]
        made.deployment.keystore.write_bytes(pfx(entity, "changeit", **options))  # type: ignore[arg-type]  # a table

    return act


def _extra(made: Practice) -> None:
    entity = company().entities["primary-host"]
    others = [*entity.issuers, company().entities["gateway-host"].certificate]
    made.deployment.keystore.write_bytes(pfx(entity, "changeit", name="primary-host", certificates=others))


def _low_rounds(made: Practice) -> None:
    entity = company().entities["primary-host"]
    data = pkcs12.serialize_key_and_certificates(
        b"primary-host", entity.key, entity.certificate, list(entity.issuers), BestAvailableEncryption(b"changeit")
    )
    made.deployment.keystore.write_bytes(data)


def _elsewhere(made: Practice) -> None:
    folder = made.root / "srv/keys"
    folder.mkdir(parents=True)
    made.deployment.keystore.rename(folder / "keystore.p12")
    _conf(made, _FILE, "/srv/keys/keystore.p12")


def _linked(made: Practice) -> None:
    real = made.deployment.keystore.with_name("keys-2026.pfx")
    made.deployment.keystore.rename(real)
    made.deployment.keystore.symlink_to(real.name)


def _wildcard_name(made: Practice) -> None:
    entity = company().reissued("primary-host", dns=["primary-host", "*.example.test"])
    made.deployment.keystore.write_bytes(pfx(entity, "changeit"))


def _touched(made: Practice) -> None:
    settle(made)
    time.sleep(0.05)
    os.utime(made.deployment.conf)
    os.utime(made.deployment.keystore)


def _uploaded_too_much(made: Practice) -> None:
    other = company().fallback.certificate
    (made.deployment.portal / "extra.pem").write_bytes(pem(other))


HEALTHY: dict[str, Change] = {
    "as it was set up": lambda _: None,
    "old encryption": _store(name="primary-host", legacy=True),
    "no friendly name": _store(),
    "the root left out": _store(certificates=[company().intermediate.certificate]),
    "an unrelated certificate more": _extra,
    "another key derivation": _low_rounds,
    "password with special characters": _password("p@$$ #1{x}", '"p@$$ #1{x}"'),
    "password in three quotes": _password("pa\\ss\\word", '"""pa\\ss\\word"""'),
    "password without quotes": _password("s3cret-word", "s3cret-word"),
    "password of digits": _password("00123456", "00123456"),
    "escaped password": _password('qu"ote\\s', '"qu\\"ote\\\\s"'),
    "Windows line endings": _bytes(lambda data: data.replace(b"\n", b"\r\n")),
    "byte order mark": _bytes(lambda data: b"\xef\xbb\xbf" + data),
    "Latin-1 in a comment": _bytes(lambda data: data + b"# f\xfcr den Drucker\n"),
    "mixed line ends": _bytes(lambda data: data.replace(b"\n", b"\r\n", 3)),
    "the same twice": _append(f'\nhcp.server.tls.default-keystore-file = "{_FILE}"\n'),
    "as a path of keys": _append('\nhcp.server.tls.default-keystore-password = "changeit"\n'),
    "in an included file": _included,
    "from the environment": _environment,
    "overridable by the environment": _optional_environment,
    "another place and name": _elsewhere,
    "a link": _linked,
    "a wildcard beside the name": _wildcard_name,
    "touched after the start": _touched,
    "TLS 1.2 alone": lambda made: _conf(made, '["TLSv1.2", "TLSv1.3"]', '["TLSv1.2"]'),
    "client certificates optional": lambda made: _conf(made, "authentication = need", "authentication = want"),
    "more uploaded than needed": _uploaded_too_much,
}
OFTEN = {
    "as it was set up",
    "no friendly name",
    "password with special characters",
    "byte order mark",
    "from the environment",
    "another place and name",
    "TLS 1.2 alone",
}


@pytest.mark.parametrize("variant", mostly_exhaustive(HEALTHY, OFTEN.__contains__))
def test_a_healthy_server_gets_no_headline(variant: str, tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        HEALTHY[variant](made)
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == (), [finding.message for finding in diagnosis.findings]
        assert not [each for each in diagnosis.outcomes if each.result is Result.BROKEN]
        # Without being told the name that gateways connect to, it is not worse.
        assert examined(made, "").root_causes == ()


@pytest.mark.parametrize("java", mostly_exhaustive(["11.0.5", "17", "21", "25"], {"17"}.__contains__))
def test_a_healthy_server_with_a_real_java(java: str, tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=java, start=False, configured=True) as made:
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == (), [finding.message for finding in diagnosis.findings]
        facts = diagnosis.facts
        assert facts.java is not None
        assert (facts.java.present, facts.java.proof) == ("whole", True)
        assert facts.cacerts is not None
        assert facts.cacerts.has_root


def test_an_installation_that_was_never_set_up_is_told_as_that(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=False) as made:
        settle(made)
        diagnosis = examined(made)
        assert diagnosis.root_causes == ("doctor.not-set-up",)
        assert not diagnosis.bad
