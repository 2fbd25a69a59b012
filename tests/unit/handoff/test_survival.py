"""What is kept and told when something goes wrong: saved runs, crash reports, sources of passwords, comparisons."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.pki import NOW, Entity, acme, authority, issue
from wizard.certificates.chain import assemble
from wizard.change.store import history
from wizard.cli.crash import report_bug, trace_text
from wizard.cli.dispatch import SecretSources
from wizard.errors import WizardError
from wizard.host.machine import Machine, command
from wizard.planning.judge import Reading
from wizard.planning.judge import load as load_files
from wizard.questions.answers import Answers, PasswordSource, PrimaryAnswers, SourceKind
from wizard.reports.review import compare_lines
from wizard.secret import Secret
from wizard.session.saved_run import NAME, forget, load, save
from wizard.session.session import Session
from wizard.session.undo import chosen, history_lines, newest

CANARY = "Canary-in-a-l0cal"


def test_a_saved_run_comes_back_and_is_private(tmp_path: Path) -> None:
    machine = Machine(state_dir=tmp_path / "state")
    assert load(machine) is None
    answers = Answers(primary=PrimaryAnswers(host="primary-host", chain=("a b.pfx",)))
    save(machine, answers, "review", Path("/root/my certs"))
    path = machine.state_dir / NAME
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    run = load(machine)
    assert run is not None
    assert (run.answers, run.step_id, run.base) == (answers, "review", Path("/root/my certs"))
    path.write_text("no run at all")
    assert load(machine) is None
    path.write_bytes(b"\xff\xfe")
    assert load(machine) is None
    forget(machine)
    forget(machine)
    assert not path.exists()


def test_a_session_saves_no_password_and_asks_for_it_again(tmp_path: Path) -> None:
    machine = Machine(state_dir=tmp_path)
    session = Session(machine)
    session.put_secret("primary.password", Secret(CANARY))
    session.save("primary-files")
    assert CANARY not in (tmp_path / NAME).read_text()
    again = Session(machine)
    saved = again.saved()
    assert saved is not None
    assert saved.step_id == "primary-files"
    assert again.resume() == "place", "nothing is installed there, so the answers of an earlier step do not hold"
    assert not again.has_secret("primary.password")


def failing() -> None:
    password = CANARY
    try:
        int(f"cause {password}")
    except ValueError as cause:
        raise RuntimeError(f"could not open with {password}") from cause


def test_a_crash_report_holds_no_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError) as raised:
        failing()
    code = report_bug(raised.value, argparse.Namespace(machine=Machine(state_dir=tmp_path)))
    said = capsys.readouterr()
    assert code == 70
    (report,) = tmp_path.glob("wizard-crash-*.txt")
    text = report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600
    assert "in failing" in text
    assert text.index("ValueError") < text.index("RuntimeError")
    assert str(report) in said.err
    assert text == trace_text(raised.value)
    assert CANARY not in text + said.out + said.err


def test_passwords_come_from_file_variable_and_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("from-file\r\n")
    monkeypatch.setenv("SOME_PASSWORD", " from env ")
    reading, writing = os.pipe()
    os.write(writing, b"from-fd\n")
    os.close(writing)
    sources = SecretSources(
        ["a=file:" + str(tmp_path / "file"), "b=env:SOME_PASSWORD", f"c=fd:{reading}"], interactive=False
    )
    told = {name: sources.get(name, prompt="x: ").reveal() for name in "abca"}
    assert told == {"a": "from-file", "b": " from env ", "c": "from-fd"}
    assert sources.redactor.scrub("x from-file y") == "x ******** y"


def test_a_source_in_the_answers_is_taken_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("beside")
    source = PasswordSource(SourceKind.FILE, "pw")
    found = SecretSources([], interactive=False).named("a", base=tmp_path, source=source)
    assert found == Secret("beside")


def test_a_missing_password_is_named() -> None:
    with pytest.raises(WizardError) as refusal:
        SecretSources([], interactive=False).get("primary.password", prompt="Password: ")
    assert refusal.value.code == "secret.missing"
    assert "--secret primary.password=file:PATH" in refusal.value.hint


@pytest.mark.parametrize(
    "text",
    [f"a={CANARY}", "a=file:", "a=fd:x", "a=fd:\u00b2", "a=fd:2147483648", f"a=fd:{10**30}", f"a=text:{CANARY}", "a"],
)
def test_a_source_that_is_none_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(WizardError) as refusal:
        SecretSources([text], interactive=False)
    assert refusal.value.code == "secret.source-unusable"
    assert CANARY not in refusal.value.message + refusal.value.hint


@pytest.mark.parametrize("source", ["a=file:/nonexistent/pw", "a=env:NOT_SET_ANYWHERE"])
def test_a_source_that_cannot_be_read_is_named(source: str) -> None:
    with pytest.raises(WizardError) as refusal:
        SecretSources([source], interactive=False).named("a")
    assert refusal.value.code == "secret.source-unusable"
    assert source.rpartition(":")[2] in refusal.value.message


def compared(old: Entity, new: Entity) -> str:
    (before,), (after,) = assemble(old.bundle), assemble(new.bundle)
    return "\n".join(line.text for line in compare_lines(before, after, NOW))


def test_comparisons() -> None:
    pki = acme()
    old = issue("primary-host", pki.intermediate)
    renewed = issue("primary-host", pki.intermediate, serial=77)
    new_key = issue("primary-host", pki.intermediate, slot="another")
    other_root = issue("primary-host", authority("Other-Root"))
    assert compared(old, old) == "This certificate is the one that is installed."
    assert "The key is the same." in compared(old, renewed)
    assert "The key is new." in compared(old, new_key)
    for new in (renewed, new_key):
        assert "the root changes" not in compared(old, new)
    told = compared(old, other_root)
    assert "the root changes from Acme-CA-Root to Other-Root" in told
    steps = ("  1. Add Other-Root", "  2. After step 1", "  3. After step 2", "  4. Remove Acme-CA-Root")
    places = [told.index(words) for words in steps]
    assert places == sorted(places)


def test_one_bad_file_in_a_folder_is_told_but_a_named_one_ends_it(tmp_path: Path) -> None:
    (tmp_path / "good.pem").write_bytes(acme().primary.chain_pem)
    (tmp_path / "locked.pfx").write_bytes(acme().gateway.pfx("another"))
    loaded = load_files(["."], Reading(tmp_path, lambda: None), "primary-host")
    assert loaded.chain.leaf == acme().primary.certificate
    assert [(path.name, error.code) for path, error in loaded.problems] == [("locked.pfx", "reading.password-needed")]
    with pytest.raises(WizardError) as refusal:
        load_files(["good.pem", "locked.pfx"], Reading(tmp_path, lambda: None), "primary-host")
    assert refusal.value.code == "reading.password-needed"
    (tmp_path / "good.pem").unlink()
    with pytest.raises(WizardError) as refusal:
        load_files(["."], Reading(tmp_path, lambda: Secret("wrong one")), "primary-host")
    assert refusal.value.code == "reading.password-wrong"


def test_nothing_to_undo(tmp_path: Path) -> None:
    machine = Machine(state_dir=tmp_path)
    assert (history(machine), newest(machine)) == ((), "")
    assert [line.text for line in history_lines(machine)] == ["No change is on record."]
    with pytest.raises(WizardError) as refusal:
        chosen(machine, "")
    assert refusal.value.code == "change.nothing-to-roll-back"


def test_the_command_for_this_machine_names_what_is_unusual() -> None:
    usual = Session(Machine()).machine
    assert "--root" not in command(usual)
    odd = replace(usual, root=Path("/a b"), restart_command=("sv", "restart", "x y"))
    assert "--root '/a b'" in command(odd)
    assert "--restart-command" in command(odd)
