"""Somebody who knows nothing of TLS mends broken deployments: "Something is wrong", then what the screen offers."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from screens.program import WizardApp
from tests.support.doctor_runs import settle
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.line_by_line import talk
from tests.support.practice import Practice, practice
from tests.tui.driving import focused
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.host import editor
from wizard.questions.answers import Goal

MOST_KEYS = 20
SERVED = "subject=O = Acme, CN = primary-host"
GOOD = "Nothing wrong was found."
GOOD_IN_LINES = "OK: nothing wrong was found."
KEY_PASSWORD = "other-Passw0rd"

REPAIRED = {
    "wrong-password": "the configured password does not open the key store",
    "wrong-path": "the key store is missing",
    "duplicate-key": "another setting overrides the right one",
    "masked-by-include": "another setting overrides the right one",
    "commented-out": "a key store setting is only a comment",
    "conf-utf-16": "application.conf is UTF-16",
    "smart-quotes": "typographic quotes in a setting",
    "umlaut-password": "Java does not accept this password",
    "unreadable": "the service cannot read the key store",
    "conf-world-readable": "every account can read the key store's password",
    "not-restarted": "the service was not restarted since the change",
    "root-missing": "the root is not in cacerts",
}
"""Fault, and the words that name it on the screen."""

NEEDS_JAVA = {"root-missing"}
SEVERAL = ["wrong-path", "unreadable", "conf-world-readable"]


async def choose_rescue(operator: Operator) -> None:
    """From the first page to the diagnosis."""
    await operator.choose(Goal.RESCUE)
    await operator.at("examine")


async def apply(operator: Operator) -> None:
    """From the review to the end of the change; the dangerous button is not the one in focus."""
    await operator.press("enter")
    await operator.at("confirm")
    assert focused(operator.pilot) == "back"
    await operator.press("right", "enter")
    await operator.sees("Success")


async def repair(operator: Operator, headline: str, end: str) -> str:
    """The whole round; the last screen, on which *end* was read."""
    await choose_rescue(operator)
    last = await go_round(operator, headline, end)
    await operator.press("enter")
    assert await operator.ends() == 0
    return last


async def go_round(operator: Operator, headline: str, end: str) -> str:
    """From the diagnosis to the look after the repair; that screen, on which *end* was read."""
    await operator.sees(headline, "Repair it")
    await operator.press("enter")
    await operator.at("review")
    await apply(operator)
    await operator.press("enter")
    await operator.at("examine-again")
    return await operator.sees(end)


@exhaustive
@pytest.mark.parametrize("fault", REPAIRED)
async def test_a_faulty_deployment_is_repaired_by_keys(fault: str, tmp_path: Path) -> None:
    java = "17" if fault in NEEDS_JAVA else None
    with practice(tmp_path / "x", java=java, start=False, faults=[fault], configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            last = await repair(operator, REPAIRED[fault], GOOD)
            assert "Error" not in last
            assert operator.pressed <= MOST_KEYS
        assert made.served() == SERVED


@exhaustive
async def test_a_password_that_only_a_person_knows_is_asked_for(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["key-password"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("the private key has a different password than the store")
            await operator.sees("Password of the private key")
            assert "opens the key store?" not in operator.screen
            await operator.press("enter")
            await operator.sees("Error: The private key has its own password", "Type it here")
            await operator.type("wrong-one")
            await operator.press("enter")
            await operator.sees("Error:", "private key")
            assert made.tree() == before
            pressed = operator.pressed - len("wrong-one")
            await operator.type(KEY_PASSWORD)
            await operator.press("enter")
            await operator.at("review")
            assert KEY_PASSWORD not in operator.screen
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees(GOOD)
            await operator.press("enter")
            assert await operator.ends() == 0
            assert pressed <= MOST_KEYS
        assert made.served() == SERVED


@pytest.mark.parametrize("faults", [SEVERAL, pytest.param([*SEVERAL, "root-missing"], marks=exhaustive)], ids=len)
async def test_faults_are_repaired_in_one_change_with_one_restart(faults: list[str], tmp_path: Path) -> None:
    java = "17" if NEEDS_JAVA & set(faults) else None
    with practice(tmp_path / "x", java=java, start=False, faults=faults, configured=True) as made:
        settle(made)
        session = session_on(made)
        async with at_the_wizard(session) as operator:
            await choose_rescue(operator)
            # The rights show only when the path is right, and the root when the key store can be read.
            screen = await operator.sees(f"One change with one restart repairs all {len(faults)} causes.")
            named = [REPAIRED[fault] for fault in faults]
            assert [title for title in named if title not in screen] == []
            assert "Password of" not in screen, "asked only when a repair needs it"
            await operator.sees("Repair all")
            await operator.press("enter")
            await operator.at("review")
            assert [step.kind for step in session.review().plan.steps].count("restart") == 1
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees(GOOD)
            await operator.press("enter")
            assert await operator.ends() == 0
            assert operator.pressed <= MOST_KEYS
        assert made.served() == SERVED
        assert made.deployment.conf.stat().st_mode & 0o777 == 0o640
        undo = [line for line in session.summary() if " rollback 000" in line]
        assert [line.rpartition("rollback ")[2][:4] for line in undo] == ["0001"]


@exhaustive
async def test_what_cannot_be_in_one_change_follows_it(tmp_path: Path) -> None:
    faults = ["root-missing", "cacerts-unreadable"]
    with practice(tmp_path / "x", java="17", start=False, faults=faults, configured=True) as made:
        settle(made)
        session = session_on(made)
        async with at_the_wizard(session) as operator:
            await choose_rescue(operator)
            await operator.sees("One change with one restart repairs 1 of 2 causes.", "right after it")
            await operator.press("up", "down")
            await operator.sees("in a different way, so it needs a separate change")
            await operator.press("tab")
            assert focused(operator.pilot) == "repair"
            await operator.press("enter")
            await operator.at("review")
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees("Repair the rest", "Finish")
            await operator.press("enter")
            await operator.at("examine")
            await go_round(operator, "the ", GOOD)
            await operator.press("enter")
            assert await operator.ends() == 0
        assert made.served() == SERVED
        undo = [line for line in session.summary() if " rollback 000" in line]
        assert [line.rpartition("rollback ")[2][:4] for line in undo] == ["0002", "0001"]


@exhaustive
async def test_what_needs_a_password_nobody_knows_does_not_keep_the_rest(tmp_path: Path) -> None:
    faults = ["key-password", "conf-world-readable"]
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("with a password", "Password of the private key")
            await operator.press("enter")
            await operator.at("review")
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees("the private key has a different password than the store", "Repair the rest", "Finish")
            assert focused(operator.pilot) == "repair"
        assert made.deployment.conf.stat().st_mode & 0o777 == 0o640


@exhaustive
async def test_what_keeps_the_service_from_starting_is_named_first(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-password", "masked"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("2 causes: fix the first manually, then one change repairs 1.", "first, by you")
            assert "Repair all" not in operator.screen
            await operator.press("enter")
            await operator.sees("To repair it manually", "systemctl unmask hcp-server", "systemctl start hcp-server")
            await operator.press("escape")
            made.deployment.unit_file.unlink()
            made.deployment.unit_file.with_name("hcp-server.service.kept").rename(made.deployment.unit_file)
            made.systemctl("daemon-reload")
            assert made.tree() == before
            await operator.press("f5")
            await operator.at("examine")
            await operator.sees("One change with one restart repairs both causes.", "Repair all")
            await operator.press("enter")
            await operator.at("review")
            await apply(operator)
            await operator.press("enter")
            await operator.at("examine-again")
            await operator.sees(GOOD)
        assert made.served() == SERVED


@exhaustive
async def test_a_line_is_corrected_in_the_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["missing-brace"], configured=True) as made:
        settle(made)
        asked: list[tuple[Path, int]] = []

        def correct(path: Path, line: int) -> None:
            asked.append((path, line))
            text = path.read_text()
            path.write_text(text.replace("\n\nakka {", "\n}\n\nakka {", 1))

        monkeypatch.setattr(editor, "edit", correct)
        monkeypatch.setattr(WizardApp, "suspend", lambda _app: nullcontext())
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("application.conf cannot be parsed", "Open the file", "Show the commands")
            assert focused(operator.pilot) == "open"
            await operator.press("enter")
            await operator.at("examine")
            assert asked[0][0] == made.deployment.conf
            assert asked[0][1] > 1
            await go_round(operator, "the service ", GOOD)
        assert made.served() == SERVED


async def test_a_request_is_made_for_the_certificate_that_is_missing(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-host"], configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("the certificate seems to be for another host", "This machine is primary-host")
            await operator.press("right", "enter")
            await operator.sees("A key and a request for your PKI team", "primary-host")
            await operator.type("4-Secret")
            await operator.press("enter")
            await operator.type("4-secret")
            await operator.press("enter")
            await operator.sees("Error:")
            await operator.press("ctrl+u")
            await operator.type("4-secret")
            await operator.press("enter", "enter")
            await operator.sees("Request for the PKI team:", "Send only the request")
        request = x509.load_pem_x509_csr((made.root / "request/primary-host.csr").read_bytes())
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["primary-host"]
        key = made.root / "request/primary-host.key"
        assert key.stat().st_mode & 0o777 == 0o600
        load_pem_private_key(key.read_bytes(), b"4-secret")


@exhaustive
async def test_what_needs_a_person_is_said_and_nothing_changes(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["expired"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            await operator.sees("he certificate has expired", "Ask the PKI team for a new certificate")
            await operator.sees("Replace certificates", "Make a request", "Show the commands", "Check again")
            await operator.sees("$ cloudstream-wizard csr", "2 When you have")
            assert "Undo a change" not in operator.screen, "no change is on record"
            await operator.press("enter")
            await operator.at("place")
        assert made.tree() == before


async def test_where_no_key_store_is_set_a_set_up_is_offered(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["commented-out"], configured=True) as made:
        settle(made)
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            assert "Replace certificates" not in await operator.sees("Set up certificates")


@exhaustive
async def test_a_healthy_deployment_is_called_healthy(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await choose_rescue(operator)
            screen = await operator.sees(GOOD, "Finish")
            assert "Error" not in screen
            await operator.press("enter")
            assert await operator.ends() == 0
        assert made.tree() == before


@exhaustive
async def test_an_undo_brings_the_fault_back_to_the_byte(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-password"], configured=True) as made:
        settle(made)
        before = made.tree()
        async with at_the_wizard(session_on(made)) as operator:
            await repair(operator, REPAIRED["wrong-password"], GOOD)
        assert made.tree() != before
        async with at_the_wizard(session_on(made)) as operator:
            await operator.choose(Goal.UNDO)
            await operator.at("undo")
            await operator.sees("Repair:", "0001", "unchanged")
            await operator.press("enter")
            await operator.at("review")
            await operator.sees("/opt/hcp/conf/application.conf")
            await apply(operator)
            await operator.press("enter")
            assert await operator.ends() == 0
            assert operator.pressed <= MOST_KEYS
        assert made.tree() == before
        assert made.served() != SERVED


def by_lines(made: Practice, *lines: str) -> tuple[int, str]:
    """Exit code and output of the wizard without a screen, these lines typed."""
    return talk(session_on(made), *lines)


@pytest.mark.parametrize(
    ("fault", "password"),
    mostly_exhaustive(
        [("wrong-path", ""), ("commented-out", ""), ("unreadable", ""), ("key-password", KEY_PASSWORD)],
        {("key-password", KEY_PASSWORD)}.__contains__,
    ),
)
def test_the_same_line_by_line(fault: str, password: str, tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=[fault], configured=True) as made:
        settle(made)
        code, out = by_lines(made, "3", "", *([password] if password else []), "", "apply", "")
        assert code == 0, out
        assert REPAIRED.get(fault, "the private key has a different password than the store") in " ".join(out.split())
        assert out.index("Check after the repair") < out.index(GOOD_IN_LINES)
        assert KEY_PASSWORD not in out
        assert made.served() == SERVED


@exhaustive
def test_two_faults_line_by_line(tmp_path: Path) -> None:
    faults = ["key-password", "conf-world-readable"]
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        code, out = by_lines(made, "3", "", KEY_PASSWORD, "", "apply", "")
        assert code == 0, out
        assert "One change with one restart repairs both causes." in out
        assert "Password of the private key" in out
        assert out.count("Step 3 of 5: Review") == 1
        assert GOOD_IN_LINES in out
        assert made.served() == SERVED


def test_a_refused_password_is_left_out_by_enter_line_by_line(tmp_path: Path) -> None:
    faults = ["key-password", "conf-world-readable"]
    with practice(tmp_path / "x", java=None, start=False, faults=faults, configured=True) as made:
        settle(made)
        _, out = by_lines(made, "3", "", "wrong-2026", "", "", "", "quit", "forget")
        assert "[reading.password-wrong]" in out
        assert "Enter keeps" not in out
        assert "Same content, mode 0640: hcp can read it, other accounts cannot" in out
        assert "\n1 file will change; no service restarts." in out


def test_what_needs_a_person_offers_next_steps_line_by_line(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, faults=["wrong-host"], configured=True) as made:
        settle(made)
        password = "4-secret"
        request = ("2", "", "", password, "other", "2", "", "", password, password)
        _, out = by_lines(made, "3", "6", "3", "", *request, "1", "quit", "forget")
        assert "2  Make a request" in out
        assert out.index("Show the codes") < out.index("[doctor.for-another-host]"), "codes only when asked"
        assert "csr --role primary --host primary-host --out DIR" in out
        assert "repetition are not the same" in out
        assert f"Request for the PKI team: {made.root}/request/primary-host.csr" in out
        assert "Where does the primary server run?" in out
        assert password not in out


def test_a_healthy_deployment_is_called_healthy_line_by_line(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, start=False, configured=True) as made:
        settle(made)
        before = made.tree()
        code, out = by_lines(made, "3", "")
        assert code == 0
        assert GOOD_IN_LINES in out
        assert "Replace certificates" in out
        assert "Error" not in out
        assert made.tree() == before
