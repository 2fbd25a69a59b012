"""Packs for gateways, clients and the portal: what goes in, and that nothing hostile gets into a script."""

import hashlib
import re
import subprocess
from dataclasses import replace

import pytest

from tests.support.pki import Entity, acme, authority, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain, Profile
from wizard.errors import WizardError
from wizard.handoff import build, client, gateway, portal
from wizard.handoff.bundle import Pack
from wizard.handoff.client import ClientInput, common_text, search_text
from wizard.planning.gateway.stores import GatewayInput
from wizard.planning.judge import Judged, Loaded
from wizard.questions.answers import AccountAnswers, ClientAnswers, CloudSupport, GatewayAnswers
from wizard.questions.answers_file import load
from wizard.questions.passwords import CLIENT, GATEWAY, PRIMARY, is_usable_password, require_fit
from wizard.secret import Secret

PASSWORD = Secret("Acme-2026-pack")
HOSTILE = "x'; Remove-Item C:\\ -Recurse #`$(id) \u202e\x1b[2J"


def chain(entity: Entity) -> Chain:
    (found,) = assemble(entity.bundle)
    return found


def given(**changes: object) -> GatewayInput:
    pki = acme()
    made = GatewayInput(
        GatewayAnswers(host="gateway-host"),
        chain(pki.gateway),
        chain(pki.primary),
        primary_public=False,
        primary_host="primary-host",
        primary_port=2560,
        store_password=PASSWORD,
        trust_password=PASSWORD,
        profile=Profile.MODERN,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def names(pack: Pack) -> set[str]:
    return {file.name for file in pack.files}


def data(pack: Pack, name: str) -> str:
    (found,) = [file.data for file in pack.files if file.name == name]
    return found.decode()


MIDDLE = acme().intermediate
ALPHA, ALPHABET = issue("alpha", MIDDLE), issue("alphabet", MIDDLE)
PREDECESSOR = issue("pcclient-host", MIDDLE, slot="before")

WANTED = [
    ("auto, the common name", ALPHABET, "auto", "alphabet"),
    ("auto, although another machine's name has it too", ALPHA, "auto", "alpha"),
    ("a part of the subject", ALPHABET, "phabet", "phabet"),
    ("without regard to case", ALPHABET, "ALPHABET", "ALPHABET"),
    ("the issuer", ALPHABET, "Acme-CA-Intermediate", "Acme-CA-Intermediate"),
    ("a part of the issuer", ALPHABET, "Intermediate", "Intermediate"),
    ("hostile, a safe part", issue(HOSTILE, MIDDLE, sans=["pcclient-host"]), "auto", "-Recurse"),
    ("auto, no part of the subject is long enough", issue("PC 7", authority("Acme CA 7"), sans=["x"]), "auto", "Acme"),
]
REFUSED = [
    ("unmatched", ALPHA, "beta", "client.subject-unmatched"),
    ("a type of attribute, which Windows does not search", ALPHA, "CN", "client.subject-unmatched"),
    ("a space", ALPHA, "al pha", "client.subject-unsafe"),
    ("a quote", ALPHA, "al'pha", "client.subject-unsafe"),
    ("empty", ALPHA, "", "client.subject-unsafe"),
]


@pytest.mark.parametrize(("leaf", "wanted", "text"), [case[1:] for case in WANTED], ids=[case[0] for case in WANTED])
def test_search_text(leaf: Entity, wanted: str, text: str) -> None:
    assert search_text(leaf.certificate, wanted) == text


@pytest.mark.parametrize(("leaf", "wanted", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_search_text_refused(leaf: Entity, wanted: str, code: str) -> None:
    with pytest.raises(WizardError) as refusal:
        search_text(leaf.certificate, wanted)
    assert refusal.value.code == code
    assert refusal.value.hint


def test_one_text_suits_all_clients_of_one_ca() -> None:
    assert common_text([ALPHA.certificate, ALPHABET.certificate]) == "Acme-CA-Intermediate"
    assert common_text([ALPHA.certificate, issue("beta", authority("Acme-CA")).certificate]) == ""
    assert common_text([ALPHA.certificate, issue("beta", authority("My Acme-CA-Intermediate 2")).certificate])
    assert common_text([]) == ""
    leaf = acme().client
    answers = ClientAnswers(host="pcclient-host", certificate_subject="Acme-CA-Intermediate")
    made = client.make_pack(
        ClientInput(answers, chain(leaf), client.common_text([leaf.certificate]), "primary-host", PASSWORD)
    )
    page = data(made, "CHECKLIST.md")
    assert "You can use one text for all PCs" in page
    assert 'certificate-subject = "Acme-CA-Intermediate"' in page
    assert "/CERTSUBJECT=Acme-CA-Intermediate" in page


def test_an_earlier_certificate_of_the_pc_is_removed_by_its_thumbprint_alone() -> None:
    def judged(entity: Entity, *others: Entity) -> Judged:
        return Judged(Loaded(chain(entity), tuple(chain(other) for other in others), (), ()), (), "", public=False)

    mine = acme().client
    replaced = build._replaced(judged(mine, PREDECESSOR, ALPHA, mine))
    assert replaced == (PREDECESSOR.certificate,)
    answers = ClientAnswers(host="pcclient-host")
    made = ClientInput(answers, chain(mine), "", "primary-host", PASSWORD, replaced=replaced)
    thumbprint = hashlib.sha1(PREDECESSOR.certificate.der).hexdigest().upper()
    assert f"$replaced = @('{thumbprint}')" in data(client.make_pack(made), "install.ps1")
    assert f"by thumbprint: {thumbprint}." in data(client.make_pack(made), "CHECKLIST.md")
    assert "$replaced = @()" in data(client.make_pack(replace(made, replaced=())), "install.ps1")


def test_a_hostile_subject_cannot_leave_its_place_in_the_script() -> None:
    root = authority(HOSTILE)
    leaf = issue(HOSTILE + "2", root, sans=["pcclient-host"])
    made = client.make_pack(
        ClientInput(
            ClientAnswers(host="pcclient-host"),
            chain(leaf),
            client.common_text([leaf.certificate]),
            "primary-host",
            PASSWORD,
        )
    )
    script = data(made, "install.ps1")
    (quoted,) = re.findall(
        r"^    @\{ File = '(.*?)'; Store = '(.*?)'; Thumbprint = '(.*?)' \}\r$", script, re.MULTILINE
    )
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", value) for value in quoted), quoted
    assert re.search(r"^\$text = '[A-Za-z0-9._-]+'\r$", script, re.MULTILINE)
    for mark in ("\x1b", "\u202e", "$(id)", PASSWORD.reveal()):
        assert mark not in script
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names(made))


def test_a_client_without_local_storage_needs_nothing() -> None:
    made = client.nothing("pcclient-host")
    assert names(made) == {"CHECKLIST.md"}
    assert "needs no certificate" in data(made, "CHECKLIST.md")


def test_a_text_of_the_issuer_is_taken_with_a_word_of_warning() -> None:
    leaf = acme().client
    for wanted, warned in (("auto", False), ("Intermediate", True)):
        answers = ClientAnswers(host="pcclient-host", certificate_subject=wanted)
        made = client.make_pack(
            ClientInput(answers, chain(leaf), client.common_text([leaf.certificate]), "primary-host", PASSWORD)
        )
        page = data(made, "CHECKLIST.md")
        assert ("another certificate of this CA in the store My has it too" in page) is warned
        for words in ("idle grey", "yellow", "check against your version", "hcpclientcore.log", "*clientcore*"):
            assert words in page
        assert f"/STORAGETYPE=1 /CERTSTORE=true /CERTSUBJECT={'pcclient-host' if wanted == 'auto' else wanted}" in page


def test_a_client_can_be_set_up_without_a_person_and_its_page_says_whose_password_it_is() -> None:
    leaf = acme().client
    answers = ClientAnswers(host="pcclient-host")
    made = client.make_pack(
        ClientInput(answers, chain(leaf), "", "primary-host", PASSWORD, whose="the one of somebody")
    )
    page = data(made, "CHECKLIST.md")
    assert "The password of the PFX is\nthe one of somebody.\nIt is not in this folder." in page
    for words in (
        "-PasswordFile FILE",
        "Group policy",
        "%COMPUTERNAME%",
        "Intune",
        "SCCM",
        "CloudStreamTls-install.log",
    ):
        assert words in page
    assert not any(PASSWORD.reveal().encode() in file.data for file in made.files)
    assert all(f"`pcclient-host/{file.name}`: " in page for file in made.files if file.name != "CHECKLIST.md")


def test_a_rollover_trusts_both_roots_and_says_which_goes() -> None:
    old = authority("Old-Root").certificate
    page = data(gateway.make_pack(given(old_root=old)), "CHECKLIST.md")
    assert "has both roots" in page
    assert f"Old-Root ({old.sha256[:8]}) is removed in the last step" in page
    assert "has both roots" not in data(gateway.make_pack(given()), "CHECKLIST.md")
    public = gateway.make_pack(given(old_root=old, primary_public=True))
    assert "remove its two lines" in data(public, "CHECKLIST.md")
    leaf = acme().client
    made = ClientInput(
        ClientAnswers(host="pcclient-host"), chain(leaf), client.common_text([leaf.certificate]), "p", PASSWORD, old
    )
    assert f"Leave Old-Root ({old.sha256[:8]}) in the stores" in data(client.make_pack(made), "CHECKLIST.md")


STORES = [
    ("", "", {"gateway-host.pfx", "acme-ca-root.pfx"}),
    ("/a/x.pfx", "/b/x.pfx", {"x.pfx", "trust-x.pfx"}),
    ("/a/acme-ca-root.pfx", "", {"acme-ca-root.pfx", "acme-ca-root-trust.pfx"}),
]


@pytest.mark.parametrize(("keystore", "truststore", "wanted"), STORES)
def test_both_stores_are_in_the_pack_whatever_they_are_called(keystore: str, truststore: str, wanted: set[str]) -> None:
    answers = GatewayAnswers(host="gateway-host", keystore_path=keystore, truststore_path=truststore)
    made = gateway.make_pack(given(answers=answers))
    assert {name for name in names(made) if name.endswith(".pfx")} == wanted
    assert len(made.files) == len(names(made))
    page = data(made, "CHECKLIST.md")
    assert all(f"/root/cloudstream-tls/gateway-host/{name} " in page for name in wanted)


GATEWAY_FILES = ("CHECKLIST.md", "gateway-host.pfx", "unattended-lines.conf", "GATEWAY-ON-WINDOWS.md")


def test_every_file_is_on_its_checklist_with_its_full_path() -> None:
    made = gateway.make_pack(given(unattended=b'A="1"\n'))
    page = data(made, "CHECKLIST.md")
    assert len(made.files) == 8
    assert all(f"- `/root/cloudstream-tls/gateway-host/{file.name}`: " in page for file in made.files)
    above = portal.make_pack(AccountAnswers(), [chain(acme().primary)], ())
    page = data(above, "CHECKLIST.md")
    assert all(f"- `portal/{file.name}`: " in page for file in above.files[1:])


def test_a_gateway_on_windows_is_not_covered_and_the_page_says_so() -> None:
    page = data(gateway.make_pack(given()), "GATEWAY-ON-WINDOWS.md")
    assert page.startswith("# A gateway on Windows is not covered")
    assert "gateway-host.pfx and acme-ca-root.pfx" in page
    assert "-sslserver primary-host:2560" in page
    assert not re.search("@[A-Z]+@", page)
    assert acme().primary.sha256 in page.replace(":", "").lower()
    assert max(map(len, page.splitlines())) <= 101
    assert "and acme" not in data(gateway.make_pack(given(primary_public=True)), "GATEWAY-ON-WINDOWS.md")


CLOUDS = [
    (None, False, ("There is no trust store", "openssl x509 -noout -subject -issuer"), set()),
    (
        "ca",
        False,
        ("-CAfile /root/cloudstream-tls/gateway-host/primary-ca.pem", "-verify_hostname"),
        {"acme-ca-root.pfx", "primary-ca.pem"},
    ),
    ("ca", True, ("no trust store is needed",), {"primary-ca.pem"}),
]


@pytest.mark.parametrize(("trust", "public", "words", "more"), CLOUDS)
def test_what_a_gateway_of_a_cloud_primary_trusts(
    trust: str | None, public: bool, words: tuple[str, ...], more: set[str]
) -> None:
    above = replace(chain(acme().primary), leaf=None, key=None) if trust else None
    made = gateway.make_pack(given(primary_chain=above, primary_public=public, cloud=True))
    page = data(made, "CHECKLIST.md")
    assert all(word in page for word in words)
    assert names(made) - {*GATEWAY_FILES} == more
    assert "verify.sh" not in page


def test_no_trust_store_for_a_public_root() -> None:
    private, public = given(), given(primary_public=True)
    assert set(private.settings()) - set(public.settings()) == {
        "HCP_DEFAULT_TRUSTSTORE",
        "HCP_DEFAULT_TRUSTSTORE_PASSWORD",
    }
    assert names(gateway.make_pack(private)) - names(gateway.make_pack(public)) == {"acme-ca-root.pfx"}
    assert "no trust store is needed" in data(gateway.make_pack(public), "CHECKLIST.md")


def test_the_unattended_file_keeps_every_other_byte() -> None:
    old = b'\xef\xbb\xbf# comment\r\nA="1"\r\n  HCP_DEFAULT_KEYSTORE="old"  # mine\r\nB=2\r\n'
    new = given().edited(old)
    assert new.startswith(
        b'\xef\xbb\xbf# comment\r\nA="1"\r\n  HCP_DEFAULT_KEYSTORE="/etc/cloudstream-tls/gateway-host.pfx"  # mine\r\nB=2\r\n'
    )
    assert given().edited(new) == new


@pytest.mark.parametrize("sign", ["$", "`", '"', "'", "\\", "\n"])
def test_a_password_that_a_shell_would_change_is_refused(sign: str) -> None:
    with pytest.raises(WizardError) as refusal:
        gateway.make_pack(given(store_password=Secret(f"secret{sign}word")))
    assert refusal.value.code == "envfile.unsafe-value"
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize("host", ["a;id", "$(id)", "a b", "../x", "a'b", "-x", "a\nb", "\u202ea"])
def test_a_hostile_host_name_does_not_get_into_the_answers(host: str) -> None:
    text = "".join(f"\\u{ord(sign):04x}" for sign in host)
    for table in ("[primary]", "[[gateway]]", "[[client]]"):
        with pytest.raises(WizardError) as refusal:
            load(f'schema = 1\n{table}\nhost = "{text}"\n')
        assert refusal.value.code == "answers.unusable-value"


def test_the_check_script_is_shell() -> None:
    script = data(gateway.make_pack(given(primary_host="a'b;c")), "verify.sh")
    assert not re.search("@[A-Z]+@", script)
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, timeout=10)


OCSP = [
    ("unchanged", "OCSP: leave both settings as they are"),
    ("off", "switch the revocation check off"),
    ("on", "leave the URL empty"),
    ("http://ocsp.acme.test", "http://ocsp.acme.test"),
]


@pytest.mark.parametrize(("answer", "words"), OCSP)
def test_the_portal_has_the_words_for_ocsp_and_each_ca_once(answer: str, words: str) -> None:
    pki = acme()
    made = portal.make_pack(AccountAnswers(answer), [chain(pki.primary), chain(pki.gateway)], ())
    page = data(made, "CHECKLIST.md")
    assert words in page
    assert names(made) == {"CHECKLIST.md", "Acme-CA-Root.cer", "Acme-CA-Intermediate.cer"}
    assert all(page.count(one.sha256) == 1 for one in pki.authorities)
    assert "Certificate policy" in made.steps[-2]


def test_the_portal_in_order() -> None:
    pki = acme()
    chains = [chain(pki.primary)]
    plain = portal.make_pack(AccountAnswers(), chains, (), evidence=("Seen: nothing.",))
    order = [
        "Upload Acme-CA-Root.cer",
        "OCSP: ",
        "Check that the primary is verified",
        "Only when every box above",
    ]
    places = [next(place for place, step in enumerate(plain.steps) if word in step) for word in order]
    assert places == sorted(places)
    assert "Seen: nothing." in plain.steps[places[1]]
    assert all(route in plain.steps[places[3]] for route in portal.POLICY_ROUTES)
    assert all(route in plain.steps[0] for route in portal.ROUTES)
    assert "To undo: choose the built-in policy" in plain.steps[-1]
    asked = portal.make_pack(AccountAnswers(), chains, (), cloud=CloudSupport.UNCLEAR)
    assert "Ask your vendor" in asked.steps[0]
    answered = portal.make_pack(AccountAnswers(), chains, (), cloud=CloudSupport.ACCEPTED)
    assert answered.steps[0].startswith("Your answer (cloud-support)")
    assert "need no individual authorisation" in plain.steps[places[3]]
    old = authority("Old-Root").certificate
    again = portal.make_pack(AccountAnswers(), chains, (), order=("Order, step 1: x",), leaving=[old])
    assert any("is still" in step for step in again.steps)
    assert not any("Only when every box above" in step for step in again.steps)
    assert "Old-Root" in again.steps[-1]
    assert "- Order, step 1: x" in data(again, "CHECKLIST.md")


def test_a_public_root_is_not_uploaded() -> None:
    pki = acme()
    made = portal.make_pack(AccountAnswers(), [chain(pki.primary)], {pki.root.sha256})
    assert names(made) == {"CHECKLIST.md"}
    assert "Nothing to upload" in made.steps[0]


FITNESS = [
    ("abcdef", PRIMARY, True),
    ("abcde", PRIMARY, False),
    ("p\u00e4ssword", PRIMARY, False),
    ("se$cret", PRIMARY, True),
    ("se$cret", GATEWAY, False),
    ("secret-7", GATEWAY, True),
    ("se$cret", CLIENT, True),
]


@pytest.mark.parametrize(("text", "readers", "fits"), FITNESS)
def test_fitness(text: str, readers: tuple[object, ...], fits: bool) -> None:
    assert is_usable_password(Secret(text), readers) is fits  # type: ignore[arg-type]  # a tuple of consumers
    assert not is_usable_password(None, PRIMARY)
    if not fits:
        with pytest.raises(WizardError) as refusal:
            require_fit(Secret(text), "gateway.0.keystore-password", readers)  # type: ignore[arg-type]  # likewise
        assert refusal.value.code == "password.unfit"
        assert "gateway.0.keystore-password" in refusal.value.message
        assert text not in refusal.value.message
