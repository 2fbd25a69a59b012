"""The plan for the gateway at hand, from answers and facts alone: what is kept, what is written, what is said."""

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from tests.support.pki import acme, authority
from tests.unit.handoff.test_bundles import PASSWORD, chain, given
from wizard.certificates.model import Certificate, Profile
from wizard.certificates.reading import read
from wizard.certificates.writing import keystore, truststore
from wizard.change.plan import ABSENT, EditFile, Expectation, MakeFolder, PutFile, digest_of
from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.host.jre import ProfileChoice
from wizard.host.machine import Access, Account
from wizard.planning.gateway.facts import GatewayFacts, Store, Unattended
from wizard.planning.gateway.steps import holds_anchors, holds_chain, make_plan
from wizard.planning.gateway.stores import GatewayInput
from wizard.secret import Secret

FOLDER = PurePosixPath("/etc/cloudstream-tls")
STORE, TRUST = FOLDER / "gateway-host.pfx", FOLDER / "acme-ca-root.pfx"
KEYTOOL = PurePosixPath("/opt/hcp/jre/bin/keytool")
ROOT = acme().root.certificate
HCP = Account("hcp", 991, 992, frozenset({992}))
TEXT = '# of this gateway\nHCP_PRIMARY_ADDRESS="primary-host"\n'


def unattended(text: str = TEXT, mode: int = 0o600) -> Unattended:
    data = text.encode()
    expect = Expectation(True, digest_of(data), mode, 0, 0, "file")
    return Unattended(PurePosixPath("/root/unattended.conf"), expect, data, envfile.parse(data))


def store(path: PurePosixPath, data: bytes | None = None) -> Store:
    if data is None:
        return Store(path, ABSENT, None, None)
    content = read(data, name=str(path), password=PASSWORD)
    return Store(path, Expectation(True, digest_of(data), 0o600, 0, 0, "file"), content, PASSWORD)


def facts(**changes: object) -> GatewayFacts:
    made = GatewayFacts(
        unattended=unattended(),
        keystore=store(STORE),
        truststore=store(TRUST),
        new_folders={FOLDER: ABSENT},
        profile=ProfileChoice(Profile.MODERN, True, "Java 17 reads AES-256 key stores"),
        can_prove=True,
        account=HCP,
        access=Access(None),
        euid=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def installed(own: GatewayInput, anchors: list[Certificate]) -> GatewayFacts:
    lines = "".join(f'{name}="{value}"\n' for name, value in own.settings().items())
    return facts(
        unattended=unattended(TEXT + lines),
        keystore=store(STORE, keystore(own.chain, PASSWORD, profile=Profile.MODERN)),
        truststore=store(TRUST, truststore(anchors, PASSWORD, profile=Profile.MODERN)),
        new_folders={},
    )


def codes(own: GatewayInput, seen: GatewayFacts) -> set[str]:
    return {finding.code for finding in make_plan(own, [ROOT], seen, KEYTOOL).findings}


def test_the_steps_and_their_order() -> None:
    plan = make_plan(given(), [ROOT], facts(), KEYTOOL)
    folder, key, trust, edit = plan.steps
    assert isinstance(folder, MakeFolder)
    assert isinstance(key, PutFile)
    assert isinstance(trust, PutFile)
    assert isinstance(edit, EditFile)
    assert [step.target for step in plan.steps] == [str(FOLDER), str(STORE), str(TRUST), "/root/unattended.conf"]
    assert (key.mode, key.uid, key.gid) == (trust.mode, trust.uid, trust.gid) == (0o640, 0, 992)
    assert (key.proof, trust.proof) == ("gateway.0.keystore-password", None)
    assert PASSWORD.reveal() not in edit.diff
    assert PASSWORD.reveal() in edit.data.decode()
    assert plan.created_for == "gateway"
    assert plan.findings == ()


def test_generated_passwords_do_not_change_the_digest() -> None:
    other = given(store_password=Secret("another-Pass1"), trust_password=Secret("another-Pass2"))
    plan = make_plan(given(), [ROOT], facts(), KEYTOOL)
    assert make_plan(other, [ROOT], facts(), KEYTOOL).digest == plan.digest
    elsewhere = facts(keystore=store(FOLDER / "other.pfx"))
    assert make_plan(given(), [ROOT], elsewhere, KEYTOOL).digest != plan.digest


def test_nothing_to_do() -> None:
    seen = installed(given(), [ROOT])
    assert holds_chain(given(), seen)
    assert holds_anchors([ROOT], seen)
    assert make_plan(given(), [ROOT], seen, KEYTOOL).steps == ()


def test_another_password_writes_all_of_it_anew() -> None:
    other = given(store_password=Secret("another-Pass1"))
    plan = make_plan(other, [ROOT], installed(given(), [ROOT]), KEYTOOL)
    assert [step.id for step in plan.steps] == ["keystore", "settings"]


def test_a_trusted_root_stays_while_another_comes() -> None:
    old = authority("Old-CA-Root").certificate
    seen = installed(given(), [old])
    assert not holds_anchors([ROOT], seen)
    (step,) = make_plan(given(), [ROOT], seen, KEYTOOL).steps
    assert isinstance(step, PutFile)
    assert set(read(step.data, password=PASSWORD).certificates) == {old, ROOT}
    assert "in addition to 1 that it already contains" in step.summary


def test_a_trust_store_that_java_sees_nothing_in_is_no_trust_store() -> None:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12  # noqa: PLC0415 - only here

    entry = pkcs12.serialize_key_and_certificates(
        None, None, None, [ROOT.x509], BestAvailableEncryption(PASSWORD.reveal().encode())
    )
    seen = replace(installed(given(), [ROOT]), truststore=store(TRUST, entry))
    assert not holds_anchors([ROOT], seen)


def test_a_store_of_another_chain_is_replaced() -> None:
    seen = installed(given(), [ROOT])
    other = replace(given(), chain=chain(acme().client))
    assert not holds_chain(other, seen)


@pytest.mark.parametrize(
    ("changes", "mode", "owner"),
    [
        ({"account": None}, 0o600, None),
        ({"account": HCP, "euid": 991}, 0o600, None),
        ({"account": HCP, "euid": 0}, 0o640, 0),
        ({"account": Account("root", 0, 0, frozenset({0})), "euid": 0}, 0o600, None),
    ],
)
def test_as_tight_as_the_service_can_read(changes: dict[str, object], mode: int, owner: int | None) -> None:
    plan = make_plan(given(), [ROOT], facts(**changes), KEYTOOL)
    (key,) = [step for step in plan.steps if isinstance(step, PutFile) and step.id == "keystore"]
    assert (key.mode, key.uid) == (mode, owner)


FIRES = [
    ("gateway.owner-alone", facts(account=None), facts()),
    ("gateway.owner-alone", facts(euid=4711), facts(euid=991)),
    ("gateway.no-proof", facts(can_prove=False), facts()),
    ("config.world-readable-secret", facts(unattended=unattended(mode=0o644)), facts()),
    ("config.crlf-in-shell-file", facts(unattended=unattended('A="b"\r\n')), facts()),
    ("config.duplicate", facts(unattended=unattended('A="b"\nA="c"\n')), facts()),
    ("unattended.unclear-setting", facts(unattended=unattended("HCP_DEFAULT_KEYSTORE=a; B=1\n")), facts()),
    ("config.known-password", facts(unattended=unattended('HCP_DB_PASSWORD="changeit"\n')), facts()),
    (
        "store.out-of-reach",
        facts(access=Access(False, PurePosixPath("/etc"), "hcp cannot enter it")),
        facts(access=Access(False, FOLDER, "it does not exist")),
    ),
]


@pytest.mark.parametrize(("code", "fires", "silent"), FIRES, ids=[case[0] for case in FIRES])
def test_what_is_said(code: str, fires: GatewayFacts, silent: GatewayFacts) -> None:
    assert code in codes(given(), fires)
    assert code not in codes(given(), silent)


def test_a_trust_store_that_is_not_needed_any_more() -> None:
    public = given(primary_public=True)
    lines = 'HCP_DEFAULT_TRUSTSTORE="/old.pfx"\n'
    seen = facts(truststore=None, unattended=unattended(TEXT + lines))
    plan = make_plan(public, [], seen, KEYTOOL)
    assert [step.id for step in plan.steps] == ["folder-1", "keystore", "settings"]
    assert {finding.code for finding in plan.findings} == {"gateway.truststore-stays"}
    assert make_plan(public, [], facts(truststore=None), KEYTOOL).findings == ()


def test_a_value_that_a_shell_would_change_is_refused() -> None:
    bad = given(store_password=Secret("pa$word-1"))
    with pytest.raises(WizardError) as refusal:
        make_plan(bad, [ROOT], facts(), KEYTOOL)
    assert refusal.value.code == "envfile.unsafe-value"
    assert "pa$word" not in refusal.value.message + refusal.value.hint
