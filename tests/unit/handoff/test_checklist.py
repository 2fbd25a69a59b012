"""The checklist for other machines: what is on it, what is kept of it, and when a tick stands."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.pki import Entity, acme, authority, issue
from wizard.certificates.chain import assemble
from wizard.errors import WizardError
from wizard.handoff import checklist, remaining_tasks
from wizard.host.machine import Machine
from wizard.planning.inputs import PlanInputs, from_sources
from wizard.planning.judge import Judged, Loaded
from wizard.questions.answers import (
    AccountAnswers,
    Answers,
    ClientAnswers,
    CloudSupport,
    GatewayAnswers,
    Goal,
    PasswordSource,
    PrimaryAnswers,
    PrimaryKind,
)
from wizard.reports.checklist import CA, CLOUD, POLICY, Checklist, progress, summary_lines
from wizard.secret import Secret

ANSWERS = Answers(
    primary=PrimaryAnswers(host="primary-host"),
    gateway=(GatewayAnswers(host="gateway-host"),),
    client=(ClientAnswers(host="pcclient-host"), ClientAnswers(host="bare-host", local_storage=False)),
)


@dataclass
class Run:
    """A run whose chains are there without files."""

    machine: Machine
    answers: Answers = ANSWERS
    dry_run: bool = False
    base: Path = Path("/root")
    entities: dict[str, Entity] = field(
        default_factory=lambda: {
            "primary": acme().primary,
            "gateway.0": acme().gateway,
            "gateway.1": acme().gateway,
            "client.0": acme().client,
        }
    )

    @property
    def inputs(self) -> PlanInputs:
        made = from_sources(self.machine, self.answers, self.base, no_secret, dry_run=self.dry_run)
        for role, entity in self.entities.items():
            (chain,) = assemble(entity.bundle)
            made.judged_roles[role] = Judged(Loaded(chain, (), (), ()), (), "", public=False)
        return made


def no_secret(name: str, *, base: Path, source: PasswordSource) -> Secret | None:
    del name, base, source
    return None


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Machine(root=tmp_path, state_dir=tmp_path / "state"))


def kept(run: Run) -> Checklist:
    found = checklist.load(run.machine)
    assert found is not None
    return found


def do_all(run: Run) -> None:
    for item in kept(run).left:
        remaining_tasks.tick(run.inputs, item.id)


def test_each_thing_to_do_is_there_once_and_the_policy_is_the_last(run: Run) -> None:
    lines = remaining_tasks.elsewhere_lines(run.inputs)
    items = [line.text for line in lines if line.item]
    assert [text[4:25] for text in items] == [
        "Upload Acme-CA-Root",
        "Upload Acme-CA-Interm",
        "OCSP: leave both sett",
        "Gateway gateway-host:",
        "Client pcclient-host:",
        "Check that every gate",
        "Set the certificate p",
    ]
    assert all(text.startswith("[ ] ") for text in items)
    assert max(len(line.text) for line in lines) <= 90
    assert any(acme().root.certificate.sha256 in line.text for line in lines), "what the portal must show"
    assert not any("bare-host" in text for text in items), "a client without local storage needs nothing"


def test_the_list_is_kept_for_its_owner_alone(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    path = run.machine.state_dir / checklist.NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    before = path.stat().st_ino
    remaining_tasks.elsewhere_lines(run.inputs)
    assert path.stat().st_ino == before, "what is there already is not written again"


def test_a_tick_is_there_at_the_next_start_and_in_the_list_alone(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    first = kept(run).items[0].id
    remaining_tasks.tick(run.inputs, first)
    again = replace_goal(run, Goal.LEFT)
    shown = [line for line in remaining_tasks.elsewhere_lines(again.inputs) if line.item]
    assert shown[0].text == "[x] Upload Acme-CA-Root"
    assert sum(line.text.startswith("[x]") for line in shown) == 1
    remaining_tasks.tick(again.inputs, first)
    assert not kept(run).done


def replace_goal(run: Run, goal: Goal) -> Run:
    return replace(run, answers=replace(run.answers, goal=goal), entities={})


def test_the_policy_waits_for_everything_else(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    for left in range(len(kept(run).items) - 1, 0, -1):
        with pytest.raises(WizardError) as refused:
            remaining_tasks.tick(run.inputs, POLICY)
        assert refused.value.code == "checklist.policy-last"
        assert f"{left} other step{'s are' if left > 1 else ' is'} not ticked" in str(refused.value)
        remaining_tasks.tick(run.inputs, kept(run).left[0].id)
    lines = remaining_tasks.tick(run.inputs, POLICY)
    assert lines[0].text == "All 7 done."
    assert kept(run).left == ()
    remaining_tasks.tick(run.inputs, POLICY)
    assert kept(run).left[0].id == POLICY, "a tick can be taken away"


def test_another_ca_makes_the_steps_about_it_new(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    do_all(run)
    root = authority("Acme-CA-Root-2")
    run.entities = {name: issue(f"{name}-host", root) for name in run.entities}
    lines = [line.text for line in remaining_tasks.elsewhere_lines(run.inputs) if line.item]
    assert lines[0] == "[ ] Upload Acme-CA-Root-2"
    ticked = {text[4:12] for text in lines if text.startswith("[x]")}
    assert ticked == {"OCSP: le", "Set the "}, "the settings of the portal are as they were"
    assert not any("Intermediate" in text for text in lines)


def test_another_certificate_makes_the_step_of_its_machine_new(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    do_all(run)
    run.entities["gateway.0"] = issue("gateway-host", acme().intermediate)
    left = [line.text for line in remaining_tasks.elsewhere_lines(run.inputs) if line.text.startswith("[ ]")]
    assert [text[4:25] for text in left] == ["Gateway gateway-host:"]


def test_a_machine_that_a_later_run_does_not_name_is_not_forgotten(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    run.answers = replace(run.answers, gateway=(GatewayAnswers(host="second-host"),), client=())
    lines = [line.text for line in remaining_tasks.elsewhere_lines(run.inputs) if line.item]
    assert [text.split(":")[0] for text in lines[3:6]] == [
        "[ ] Gateway second-host",
        "[ ] Gateway gateway-host",
        "[ ] Client pcclient-host",
    ]
    assert lines[-1].startswith("[ ] Set the certificate policy")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("unchanged", "OCSP: leave both settings"),
        ("off", "switch the revocation check off"),
        ("http://ocsp/", "http://ocsp/"),
    ],
)
def test_the_ocsp_settings_are_a_step_of_their_own(run: Run, account: str, words: str) -> None:
    run.answers = replace(run.answers, account=AccountAnswers(ocsp=account))
    assert any(words in line.text for line in remaining_tasks.elsewhere_lines(run.inputs))
    assert any(item.id == f"portal/ocsp/{account}" for item in kept(run).items)


def test_a_cloud_primary_has_a_list_too(run: Run) -> None:
    run.answers = replace(run.answers, primary=PrimaryAnswers(kind=PrimaryKind.CLOUD), gateway=(), client=())
    lines = remaining_tasks.elsewhere_lines(run.inputs)
    assert any("Ask your vendor" in line.text for line in lines)
    assert [item.id for item in kept(run).items[:2]] == [CLOUD, f"{CA}all"]
    assert kept(run).packs == ""
    assert any("Ask your vendor before you continue" in line.text for line in lines)
    accepted = PrimaryAnswers(kind=PrimaryKind.CLOUD, cloud_support=CloudSupport.ACCEPTED)
    run.answers = replace(run.answers, primary=accepted)
    lines = remaining_tasks.elsewhere_lines(run.inputs)
    assert next(line.text for line in lines if line.item).startswith("[x] Ask your vendor")
    assert any("Your answer: the vendor confirmed it" in line.text for line in lines)
    assert not any("before you continue" in line.text for line in lines)


def test_each_upload_has_its_file_and_fingerprint_and_the_policy_its_meaning(run: Run) -> None:
    run.base = run.machine.root
    (run.base / run.answers.packs).mkdir()
    remaining_tasks.elsewhere_lines(run.inputs)
    for item, authority_ in zip(kept(run).items, acme().authorities[::-1], strict=False):
        name = item.text.removeprefix("Upload ")
        assert item.detail == f"file portal/{name}.cer of the bundles\nSHA-256 {authority_.sha256}"
    assert "need no individual authorisation" in kept(run).items[-1].detail


def test_files_of_a_folder_that_is_gone_are_not_named(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    checklist.keep(run.machine, replace(kept(run), packs=str(run.machine.root / "gone")))
    assert not [item for item in kept(run).items if "portal/" in item.detail or "CHECKLIST.md" in item.detail]
    uploads = [item for item in kept(run).items if item.text.startswith("Upload ")]
    assert uploads
    for item in uploads:
        assert item.detail.startswith(f"{checklist.GONE}\nSHA-256 "), "its fingerprint is still there"


def test_the_policy_can_be_ticked_first_when_that_is_confirmed(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    with pytest.raises(WizardError) as refused:
        checklist.tick(run.machine, POLICY)
    assert "--yes" in refused.value.hint
    assert POLICY in checklist.tick(run.machine, POLICY, confirmed=True).done


def test_a_dry_run_keeps_nothing(run: Run) -> None:
    run.dry_run = True
    lines = remaining_tasks.elsewhere_lines(run.inputs)
    assert not run.machine.state_dir.exists()
    with pytest.raises(WizardError) as refused:
        remaining_tasks.tick(run.inputs, next(line.item for line in lines if line.item))
    assert refused.value.code == "checklist.other-list"


def test_a_list_that_cannot_be_kept_is_still_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands in the way")
    assert sum(bool(line.item) for line in remaining_tasks.elsewhere_lines(run.inputs)) == 7
    with pytest.raises(WizardError) as refused:
        checklist.keep(run.machine, Checklist(()))
    assert refused.value.code == "file.not-writable"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "another/9"}', '{"schema": "cloudstream-wizard/left-to-do/1"}']
)
def test_a_file_that_is_not_ours_is_no_list(run: Run, text: str) -> None:
    run.machine.state_dir.mkdir()
    (run.machine.state_dir / checklist.NAME).write_text(text)
    assert checklist.load(run.machine) is None
    lines = remaining_tasks.elsewhere_lines(replace_goal(run, Goal.LEFT).inputs)
    assert lines[0].text == "There is no checklist on this machine yet."


def test_nothing_hostile_in_the_file_reaches_the_terminal(run: Run) -> None:
    remaining_tasks.elsewhere_lines(run.inputs)
    path = run.machine.state_dir / checklist.NAME
    data = json.loads(path.read_text())
    data["items"][0]["text"] = data["packs"] = data["items"][0]["detail"] = "\x1b[2J"
    path.write_text(json.dumps(data))
    lines = remaining_tasks.elsewhere_lines(replace_goal(run, Goal.LEFT).inputs)
    assert not any("\x1b" in line.text for line in lines)


def test_the_first_screen_and_the_last_words_tell_how_far_it_is(run: Run) -> None:
    assert summary_lines(None) == []
    remaining_tasks.elsewhere_lines(run.inputs)
    remaining_tasks.tick(run.inputs, kept(run).items[0].id)
    assert progress(kept(run)) == "1 of 7 done"
    assert summary_lines(kept(run))[0].startswith("Left to do elsewhere: 6 of 7 steps.")
    do_all(run)
    assert progress(kept(run)) == "all 7 done"
    assert summary_lines(kept(run)) == []
