"""Whole ways through the wizard by keys, on the real session and a practice deployment."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.made_up import made_up
from tests.support.practice import Practice, company, practice
from tests.tui.driving import app_of, burst, focused, keys, opened, paste, settle, step, text, until
from tests.tui.operator import Operator, at_the_wizard, session_on
from wizard.change.events import APPLIED, Event
from wizard.change.watch import ChangeRun
from wizard.errors import BusyError
from wizard.findings import Finding, Locator, Severity
from wizard.questions.answers import Answers, Goal
from wizard.questions.flow import Question, View, steps
from wizard.reports.lines import Line
from wizard.sandbox.pki import pfx
from wizard.secret import Secret
from wizard.session.session import Session

PASSWORD = "changeit"
CHAIN = "certificates/primary-host.pfx"
MOST_KEYS = 45
EVENTS = (
    Event("prepare", "started", "making the new files", "2026-01-02T03:04:05Z"),
    Event("prepare", "done", "the new files are proven", "2026-01-02T03:04:06Z"),
    Event("keystore", "started", "writing primary-host.pfx", "2026-01-02T03:04:06Z"),
    Event("keystore", "done", "primary-host.pfx written", "2026-01-02T03:04:06Z"),
    Event("restart", "started", "restarting hcp-server.service", "2026-01-02T03:04:07Z"),
)


def odd(code: str, severity: Severity = Severity.WARNING) -> Finding:
    spec = made_up(code, severity, f"What {code} says.", why=f"What {code} leads to.")
    return Finding(spec, Locator("certificate"))


async def to_files(operator: Operator) -> None:
    await operator.choose(Goal.SET_UP)
    await operator.at("place")
    await operator.press("enter")
    await operator.at("primary-files")


async def to_store(operator: Operator) -> None:
    await to_files(operator)
    await operator.press("enter", "enter")
    await operator.type(PASSWORD)
    await operator.press("enter")
    await operator.at("primary-verdict")
    if focused(operator.pilot) == "field-primary-host":
        await operator.type("primary-host")
    await operator.press("enter")
    await operator.at("primary-store")


def known_to_the_store(session: Session) -> None:
    """Answer what comes before the step `primary-store`."""
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")


async def add(operator: Operator, host: str, *kind: str) -> None:
    await operator.press("a")
    await operator.type(host)
    await operator.press("enter", *kind, "enter")


async def test_primary_gateway_and_client_are_set_up_with_few_keys(running: Practice) -> None:
    session = session_on(running)
    async with at_the_wizard(session) as operator:
        await operator.sees("NOT TRUSTED", "The built-in certificate is presented.", "recommended")
        assert operator.screen.count("recommended") == 1
        await to_store(operator)
        await operator.press("enter", "enter")
        await operator.at("others")
        await add(operator, "gateway-host")
        await add(operator, "pcclient-host", "down")
        await operator.press("enter", "enter", "enter")
        await operator.at("others-verdict")
        await operator.sees("2 machines", "gateway-host", "pcclient-host", "can be used")
        await operator.press("enter")
        await operator.at("portal")
        await operator.sees("OCSP", "Advice: leave the check off; 4 of 4 certificates name no responder.")
        await operator.press("enter", "enter", "enter")
        await operator.at("review")
        await operator.sees("2 files will change", "printing pauses until it answers again", "tested in memory")
        await operator.press("enter")
        await operator.sees("Continue anyway?", "Java")
        await operator.press("right", "enter")
        await operator.at("confirm")
        assert focused(operator.pilot) == "back"
        await operator.press("right", "enter")
        await operator.sees("Success: primary-host presents the certificate as planned", "SHA-256", "openssl s_client")
        await operator.press("enter")
        await operator.at("handoff")
        await operator.press("enter")
        await operator.at("elsewhere")
        await operator.sees("0 of", "Upload Acme-CA-Root", "gateway-host", "pcclient-host")
        await operator.press("enter")
        assert await operator.ends() == 0
        typed = len(PASSWORD) + len("gateway-host") + len("pcclient-host") + len("primary-host")
        assert operator.pressed - typed <= MOST_KEYS
    assert "primary-host" in running.served()
    assert session.saved() is None, "nothing is left to be resumed"
    assert (running.root / "cloudstream-packs/gateway-host").is_dir()


async def test_an_apply_is_not_reached_by_keys_that_were_typed_ahead(running: Practice) -> None:
    session = session_on(running)
    known_to_the_store(session)
    async with opened(session, start="primary-store") as pilot:
        await burst(pilot, *["enter"] * 20)
        await settle(pilot)
        assert step(pilot) in {"primary-store", "others", "portal", "review"}
    assert running.json("history")["changes"] == []


@exhaustive
async def test_twenty_enters_ahead_of_the_last_question_do_nothing(running: Practice) -> None:
    session = session_on(running)
    async with opened(session) as pilot:
        operator = Operator(pilot)
        await to_store(operator)
        await operator.press("enter", "enter")
        await operator.at("others")
        await operator.press("enter")
        await operator.at("portal")
        await operator.press("enter", "enter", "enter")
        await operator.at("review")
        for key in [*["enter"] * 20, "right", *["enter"] * 20]:
            pilot.app.post_message(events.Key(key, None))
        await settle(pilot)
        await settle(pilot)
        assert step(pilot) in {"confirm", "review"}
    assert running.json("history")["changes"] == []


async def test_keys_of_one_packet_go_where_each_before_led(made: Practice) -> None:
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab")
        await burst(pilot, "ctrl+u", *"certificates/x.pfx", "enter", *"Kanarie-1", "backspace", "2")
        assert pilot.app.query_one("#field-primary-chain").value == "certificates/x.pfx"  # type: ignore[attr-defined]
        assert pilot.app.query_one("#field-primary-password").value == "Kanarie-2"  # type: ignore[attr-defined]


async def test_errors_stand_in_place_and_in_full(made: Practice) -> None:
    async with at_the_wizard(session_on(made), start="primary-files") as operator:
        await operator.press("enter", "ctrl+u", "enter", "enter")
        await operator.sees("Error: ")
        assert focused(operator.pilot) == "field-primary-chain"
        await operator.type("nowhere.pfx")
        assert "Error: " not in operator.screen, "an error goes as soon as it is repaired"
        await operator.press("enter", "enter")
        await operator.sees("does not exist")
        assert focused(operator.pilot) == "field-primary-chain"
        await operator.press("ctrl+u")
        await operator.type(CHAIN)
        await operator.press("enter")
        await operator.type("wrong")
        await operator.press("enter")
        screen = await operator.sees("Error: The password does not open")
        assert "…" not in screen
        assert focused(operator.pilot) == "field-primary-password"
        await operator.type(PASSWORD)
        await operator.press("enter")
        await operator.at("primary-verdict")


async def test_a_new_password_is_typed_twice_and_both_are_emptied_when_they_differ(made: Practice) -> None:
    session = session_on(made)
    known_to_the_store(session)
    async with at_the_wizard(session, start="primary-store") as operator:
        await operator.press("down", "enter", "enter")
        await operator.at("primary-store-password")
        await operator.type("abcdef")
        await operator.press("enter")
        await operator.type("abx")
        await operator.sees("The two passwords differ.")
        await operator.press("enter")
        await operator.sees("Error: The two passwords differ.")
        assert focused(operator.pilot) == "field-primary-keystore-password"
        assert not session.has_secret("primary.keystore-password")
        await operator.type("abc")
        await operator.press("enter")
        await operator.type("abc")
        await operator.press("enter")
        await operator.sees("fewer than 6 characters")
        await operator.type("abcdefg")
        await operator.press("enter")
        await operator.type("abcdefg")
        await operator.press("enter")
        await operator.at("others")
    assert session.secret("primary.keystore-password") == Secret("abcdefg")


async def test_back_keeps_what_was_typed_and_a_stored_password_says_so(made: Practice) -> None:
    session = session_on(made)
    async with at_the_wizard(session) as operator:
        await to_files(operator)
        await operator.press("enter", "ctrl+u")
        await operator.type("'/open quote")
        await operator.press("enter")
        await operator.type("Kanarie-1")
        await operator.press("escape")
        await operator.at("place")
        await operator.press("enter")
        await operator.at("primary-files")
        await operator.sees("'/open quote", "stored; type to replace it, Delete to clear it")
        assert session.secret("primary.password") == Secret("Kanarie-1")
        await operator.press("enter", "enter", "delete", "escape")
        assert session.secret("primary.password") == Secret("")


async def test_typing_into_a_filled_field_replaces_and_two_pasted_lines_are_two_files(made: Practice) -> None:
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab", "=x")
        assert pilot.app.focused.value == "x"  # type: ignore[union-attr]
        await keys(pilot, "ctrl+u")
        await paste(pilot, "certificates/primary-host.pfx\n/root/two words.cer\n")
        await keys(pilot, "escape")
    assert session.answers.primary.chain == ("certificates/primary-host.pfx", "/root/two words.cer")


async def test_names_complete_with_tab_and_are_picked_from_a_list(made: Practice, tmp_path: Path) -> None:
    folder = tmp_path / "my certs"
    folder.mkdir()
    for name in ("primary-host.pfx", "primary-key.pem"):
        (folder / name).touch()
    session = Session(made.deployment.machine, base=tmp_path)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "=my")
        await until(pilot, "my certs/")
        await keys(pilot, "tab")
        assert pilot.app.focused.value == "my\\ certs/"  # type: ignore[union-attr]
        await until(pilot, "primary-key.pem")
        await keys(pilot, "tab")
        assert pilot.app.focused.value == "my\\ certs/primary-"  # type: ignore[union-attr]
        await keys(pilot, "down", "down", "enter")
        assert pilot.app.focused.value == "my\\ certs/primary-key.pem"  # type: ignore[union-attr]
        await keys(pilot, "down")
        await keys(pilot, "up", "escape")
    assert session.answers.primary.chain == ("my certs/primary-key.pem",)


async def test_a_name_of_the_certificate_is_offered_and_never_taken_by_itself(made: Practice) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    async with opened(session, start="primary-verdict") as pilot:
        assert focused(pilot) == "field-primary-host"
        assert pilot.app.focused.value == ""  # type: ignore[union-attr]
        await keys(pilot, "down")
        assert focused(pilot) == "names"
        await keys(pilot, "up", "down", "enter", "escape")
    assert session.answers.primary.host == "primary-host"


async def test_a_file_is_picked_from_a_tree(made: Practice) -> None:
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab", "ctrl+u", "f2")
        await until(pilot, "certificates")
        await keys(pilot, "down", "f2", "enter", "escape")
    assert session.answers.primary.chain


async def test_an_answer_of_the_review_leads_to_its_step(made: Practice) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")
    async with opened(session, start="review") as pilot:
        assert PASSWORD not in text(pilot)
        assert "password: typed" in text(pilot)
        await keys(pilot, "tab", "tab", "right", "right")
        shown = " ".join(text(pilot).split())
        assert shown.index("primary-host primary-host") < shown.index("Acme-CA-Root primary-host")
        await keys(pilot, "left", "left", "shift+tab", "shift+tab")
        await keys(pilot, "tab", "tab", "tab", "down", "down", "down", "down", "enter")
        assert step(pilot) == "primary-verdict"
        await keys(pilot, *["enter"] * 8)
        assert step(pilot) == "review"


@pytest.mark.parametrize(
    "name", mostly_exhaustive(["goal", "primary-verdict", "review"], {"primary-verdict"}.__contains__)
)
async def test_f5_makes_the_plan_anew(name: str, made: Practice) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    looks: list[int] = []
    again = session.invalidate

    def counted() -> None:
        looks.append(1)
        again()

    session.invalidate = counted  # type: ignore[method-assign]
    async with opened(session, start=name) as pilot:
        looks.clear()
        await keys(pilot, "f5")
        assert looks
        assert step(pilot) == name


@pytest.mark.parametrize("name", ["primary-verdict", pytest.param("review", marks=exhaustive)])
async def test_a_warning_is_asked_about_once_with_no_first(
    name: str, made: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")
    monkeypatch.setattr("wizard.session.validation.warnings", lambda _found: (odd("a.warning"),))
    async with opened(session, start=name) as pilot:
        for no in ("enter", "escape"):
            await keys(pilot, "enter")
            assert "There is a warning. Continue anyway?" in text(pilot)
            assert "What a.warning leads to." in text(pilot)
            assert focused(pilot) == "stay"
            await keys(pilot, no)
            assert step(pilot) == name
        await keys(pilot, "enter", "right", "enter")
        assert step(pilot) != name
        await keys(pilot, "escape")
        assert step(pilot) == name
        await keys(pilot, "enter")
        assert "Continue anyway?" not in text(pilot), "it is remembered"
        assert step(pilot) != name


async def test_what_keeps_a_plan_from_being_made_is_said_with_a_way_to_go_on(made: Practice) -> None:
    session = session_on(made)
    async with opened(session, start="review") as pilot:
        assert "NOT POSSIBLE" in text(pilot)
        assert "Back to the answers" in text(pilot)
        await keys(pilot, "enter")
        assert step(pilot) == "portal"


async def test_a_certificate_that_cannot_be_used_stops_before_the_review(made: Practice) -> None:
    expired = company().reissued("primary-host", days=(-400, -3))
    (made.root / CHAIN).write_bytes(pfx(expired, PASSWORD))
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    async with at_the_wizard(session, start="primary-verdict") as operator:
        await operator.sees("Certificate cannot be used")
        if focused(operator.pilot) == "field-primary-host":
            await operator.type("primary-host")
        await operator.press("enter")
        await operator.sees("Error: primary-host expired on")
        assert step(operator.pilot) == "primary-verdict"


async def test_nothing_to_do_ends_there(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, configured=True) as made:
        session = session_on(made)
        session.put_secret("primary.password", Secret(PASSWORD))
        answers = session.answers.put("primary.host", "primary-host").put("goal", Goal.RE_KEY)
        session.answers = answers.put("primary.keystore-password", answers.primary.keystore_password)
        async with opened(session, start="primary-store-again") as pilot:
            await keys(pilot, "home", "down", "enter", "enter")
            assert step(pilot) == "others"
            await keys(pilot, "enter", "enter", "enter", "enter")
            assert "Nothing to do" in text(pilot)
            await keys(pilot, "enter")
            assert step(pilot) == "elsewhere", "no last question about nothing"


async def test_a_change_that_failed_says_why_and_keeps_the_answers(running: Practice) -> None:
    session = session_on(running)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")
    session.answered = True
    async with opened(session, start="confirm") as pilot:
        # Something changes between the question and the answer.
        conf = running.root / "opt/hcp/conf/application.conf"
        conf.write_bytes(conf.read_bytes() + b"# changed since\n")
        await keys(pilot, "right", "enter")
        await until(pilot, "The change was not made", "NOT POSSIBLE")
        assert "Back to the answers" in text(pilot)
        await keys(pilot, "tab", "enter")
        await settle(pilot)


async def test_a_start_that_is_refused_leads_back(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")

    def refuse() -> None:
        raise BusyError.recorded("change.busy", "Another run holds the lock since 10:12.", "Wait for it.")

    monkeypatch.setattr(session, "start", refuse)
    async with opened(session, start="confirm") as pilot:
        await keys(pilot, "right", "enter")
        assert "Another run holds the lock" in text(pilot)
        await keys(pilot, "enter")
        assert step(pilot) == "confirm"


async def test_leaving_while_it_runs_says_that_it_goes_on(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_on(made)
    monkeypatch.setattr(session, "watching", lambda: True)
    over = threading.Event()

    def events() -> Iterator[Event]:
        yield from EVENTS
        over.wait(60)

    monkeypatch.setattr(session, "events", events)
    session._run = ChangeRun("0001-20260102T030405Z")
    async with opened(session) as pilot:
        app = app_of(pilot)
        assert step(pilot) == "apply"
        assert "Applying the change" in text(pilot)
        # Which steps there are is only known from what happens: the list grows with it.
        await until(pilot, "● restarting hcp-server.service")
        assert "✓ writing primary-host.pfx" in text(pilot)

        await keys(pilot, "ctrl+c")
        assert "The change continues in the background" in text(pilot)
        assert "Save" not in text(pilot)
        await keys(pilot, "right", "enter")
        assert app.return_code == 130
        over.set()


async def test_an_interrupted_change_comes_first(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_on(made)
    recovered: list[str] = []
    left = [Line("Change 0001 was interrupted.")]

    def recover(mode: str) -> list[Line]:
        recovered.append(mode)
        left.clear()
        return [Line("All is as before.")]

    monkeypatch.setattr(session, "interrupted", lambda: list(left))
    monkeypatch.setattr(session, "recover", recover)
    async with opened(session) as pilot:
        assert "Change 0001 was interrupted." in text(pilot)
        assert focused(pilot) == "undo"
        await keys(pilot, "enter")
        assert recovered == ["undo"]
        assert "All is as before." in text(pilot)
        assert "SETTLED" in text(pilot)
        await keys(pilot, "enter")
        assert step(pilot) == "goal"


@exhaustive
async def test_an_unfinished_run_is_checked_again_and_can_be_forgotten(made: Practice) -> None:
    first = session_on(made)
    async with at_the_wizard(first) as operator:
        await to_store(operator)
        await operator.press("f10", "right", "enter")
        assert await operator.ends() == 130
    async with at_the_wizard(session_on(made)) as operator:
        await operator.sees("Answers of an earlier run are kept", "Passwords were not saved")
        await operator.press("enter")
        await operator.at("primary-files")
        await operator.sees(CHAIN)
        assert "stored" not in operator.screen
        await operator.press("f10", "right", "enter")
    async with at_the_wizard(session_on(made)) as operator:
        await operator.press("right", "enter")
        await operator.at("goal")
    assert session_on(made).saved() is None


async def test_a_change_that_ended_while_nobody_watched_is_reported(running: Practice) -> None:
    session = session_on(running)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")
    session.save("apply")
    session.start()
    list(session.events())
    assert session.outcome().outcome == APPLIED
    async with at_the_wizard(session_on(running)) as operator:
        await operator.sees("Change 0001 finished at", "UTC and was verified. Next: create the bundles.", "FINISHED")


async def test_opening_and_leaving_leaves_nothing_unfinished(made: Practice) -> None:
    session = session_on(made)
    async with at_the_wizard(session) as operator:
        await operator.press("f10")
        await operator.sees("Nothing was changed, and there are no answers.")
        await operator.press("right", "enter")
        assert await operator.ends() == 130
    assert session.saved() is None


async def test_space_ticks_and_the_policy_comes_last(running: Practice) -> None:
    answers = running.answers()
    assert running.run("apply", "--answers", answers, "--yes").returncode == 0
    shutil.rmtree(running.root / "cloudstream-packs", ignore_errors=True)
    session = session_on(running)
    session.put_secret("primary.password", Secret(PASSWORD))
    session.answers = session.answers.put("primary.host", "primary-host")
    async with opened(session, start="elsewhere") as pilot:
        assert "[ ] Upload Acme-CA-Root" in text(pilot)
        assert "Security > Security options > Certificates > Trusted CA" in text(pilot)
        await keys(pilot, "space")
        assert "[x] Upload Acme-CA-Root" in text(pilot)
        assert "1 of" in text(pilot)
        for _ in range(8):
            await keys(pilot, "down")
        await keys(pilot, "space")
        assert "Error: The policy comes last" in text(pilot)
        assert "[x] Set the certificate policy" not in text(pilot)
    kept = session.left()
    assert kept is not None
    assert len(kept.done) == 1
    packs = running.root / "cloudstream-packs"
    packs.mkdir()
    async with opened(session, start="elsewhere", size=(120, 36)) as pilot:
        await keys(pilot, "up")
        assert "Bundles      /" in text(pilot)
    packs.rmdir()
    async with opened(session_on(running)) as pilot:
        assert "See what is left to do" in text(pilot)


async def test_the_undo_of_a_set_up_warns_when_the_policy_is_switched(running: Practice) -> None:
    assert running.run("apply", "--answers", running.answers(), "--yes").returncode == 0
    assert "Warning" not in running.run("rollback", "--dry-run").stderr
    assert running.run("checklist", "--tick", "policy/account", "--yes").returncode == 0
    assert "gateways and clients then go offline" in running.run("rollback", "--dry-run").stderr
    async with at_the_wizard(session_on(running)) as operator:
        await operator.choose(Goal.UNDO)
        await operator.at("undo")
        await operator.press("enter")
        await operator.at("review")
        await operator.press("enter")
        await operator.sees("Continue anyway?", "The server will present its built-in certificate again.")
    assert "gateways and clients then go offline" in running.run("rollback", "--yes").stderr


async def an_impossible_undo_says_so_before_it_is_chosen(running: Practice) -> None:
    """Of change 0001, which 0002 has undone."""
    async with at_the_wizard(session_on(running)) as operator:
        await operator.choose(Goal.UNDO)
        await operator.at("undo")
        await operator.press("down")
        await operator.sees("0001", "undone", "not possible: change 0002 has already undone it.")
        await operator.sees("To apply it again, undo change 0002.")
        await operator.press("enter")
        await operator.sees("cannot be undone")
        assert step(operator.pilot) == "undo"


@exhaustive
async def test_files_that_were_changed_since_are_named_with_what_to_do(running: Practice) -> None:
    assert running.run("apply", "--answers", running.answers(), "--yes").returncode == 0
    async with at_the_wizard(session_on(running), start="goal") as operator:
        await operator.choose(Goal.UNDO)
        await operator.sees("0001", "unchanged", "unchanged since then", "Restore /opt/hcp/conf/application.conf")
        running.deployment.conf.write_text(running.deployment.conf.read_text() + "# a note\n")
        await operator.press("escape")
        await operator.choose(Goal.UNDO)
        await operator.sees("! changed", "changed since: /opt/hcp/conf/application.conf", "not possible:")
        await operator.sees("Find out first who or what edited it")
        await operator.press("enter")
        await operator.sees("Error: Change 0001 cannot be undone")
    assert len(running.json("history")["changes"]) == 1


@exhaustive
async def test_the_password_of_the_store_is_changed_by_keys(tmp_path: Path) -> None:
    with practice(tmp_path / "p", configured=True) as made:
        before = made.tree()
        session = session_on(made)
        async with at_the_wizard(session) as operator:
            await operator.choose(Goal.MAINTAIN)
            await operator.at("maintain")
            await operator.press("enter")
            await operator.at("maintain-password")
            await operator.press("enter")
            await operator.at("review")
            await operator.sees("2 files will change", "primary-host.pfx", "application.conf")
            await operator.press("enter")
            await operator.at("confirm")
            await operator.press("right", "enter")
            await operator.sees("presents the certificate as planned", "-servername primary-host")
            await operator.press("enter")
            assert await operator.ends() == 0
        assert {name for name, seen in made.tree().items() if seen != before[name]} == {
            "opt/hcp/conf/primary-host.pfx",
            "opt/hcp/conf/application.conf",
        }
        assert "primary-host" in made.served()


@exhaustive
async def test_the_way_back_to_the_built_in_certificate_warns_about_the_policy(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, configured=True) as made:
        session = session_on(made)
        async with at_the_wizard(session) as operator:
            await operator.choose(Goal.MAINTAIN)
            await operator.at("maintain")
            await operator.press("down", "down", "enter")
            await operator.at("review")
            await operator.press("enter")
            await operator.sees("Continue anyway?", "built-in certificate")
            await operator.press("right", "enter")
            await operator.at("confirm")
            await operator.press("right", "enter")
            await operator.sees("Success")
            await operator.press("enter")
            assert await operator.ends() == 0
        assert "localhost" in made.served()


async def test_list_and_page_follow_undo_and_redo_and_name_only_folders_that_are_there(running: Practice) -> None:
    session = session_on(running)
    (running.root / "cloudstream-packs").mkdir(exist_ok=True)
    (running.root / "cloudstream-packs" / "old").touch()
    assert session.value(packs_question()) == "cloudstream-packs-2"
    assert running.run("apply", "--answers", running.answers(), "--yes").returncode == 0
    session.answers = session.answers.put("primary.host", "primary-host").put("others.gateways", ("gateway-host",))
    session.answers = session.answers.put("others.chain", ("certificates",)).put("packs", "bundles")
    session.put_secret("primary.password", Secret(PASSWORD))
    (running.root / "bundles").mkdir()
    session.lines(next(each for each in session.steps() if each.id == "elsewhere"))
    kept = session.left()
    assert kept is not None
    assert kept.packs == str(running.root / "bundles")
    (running.root / "bundles").rmdir()
    kept = session.left()
    assert kept is not None
    assert kept.packs == ""
    assert not [item for item in kept.items if "CHECKLIST.md" in item.detail]
    assert running.run("rollback", "--yes").returncode == 0
    assert session.left() is None
    await an_impossible_undo_says_so_before_it_is_chosen(running)
    assert running.run("rollback", "--yes", "0002").returncode == 0
    assert session.left() == kept


def packs_question() -> Question:
    """The one about the folder for the bundles."""
    session_steps = steps(Answers().put("others.gateways", ("g",)))
    return next(question for each in session_steps for question in each.questions if question.key == "packs")


async def test_the_cloud_stops_until_the_vendor_was_asked(made: Practice) -> None:
    async with at_the_wizard(session_on(made)) as operator:
        await operator.choose(Goal.SET_UP)
        await operator.at("place")
        await operator.press("down", "enter")
        await operator.at("cloud")
        assert focused(operator.pilot) == "field-primary-cloud-support", "first things first"
        await operator.press("enter")
        await operator.type("primary.example.com")
        await operator.press("enter", "enter")
        await operator.sees("Ask your vendor first")
        assert focused(operator.pilot) == "field-primary-cloud-support"
        await operator.press("down", "enter", "enter", "enter")
        await operator.at("others")


def test_every_view_has_a_page() -> None:
    from screens.pages import page_of  # noqa: PLC0415 - loads every page

    every = [each for goal in Goal for each in steps(session_answers(goal))]
    assert {each.view for each in every} <= set(View)
    assert all(page_of(each) for each in every)


def session_answers(goal: Goal):  # type: ignore[no-untyped-def]  # noqa: ANN201 - answers
    from wizard.questions.answers import Answers  # noqa: PLC0415 - only here

    return Answers().put("goal", goal)
