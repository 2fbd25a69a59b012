"""The plan as data: what the digest covers, what the JSON says, what a kept plan refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from wizard.change import plan_file
from wizard.change.journal import Node
from wizard.change.plan import (
    ABSENT,
    EditFile,
    Expectation,
    ImportTrust,
    LoadTimer,
    Plan,
    Probe,
    PutFile,
    RemoveFile,
    Restart,
    Step,
)
from wizard.errors import WizardError

NOW = Expectation(True, "ab" * 32, 0o640, 0, 991, "file")
PUT = PutFile(
    "keystore",
    PurePosixPath("/opt/hcp/conf/a.pfx"),
    b"bytes with random salts",
    0o640,
    ABSENT,
    "Key store",
    content_id="pkcs12 modern aa bb",
    uid=0,
    gid=991,
    proof="primary.keystore-password",
    proof_alias="primary-host",
)
EDIT = EditFile("settings", PurePosixPath("/opt/hcp/conf/application.conf"), b"x = 1\n", "-x\n+x", NOW, "Set x")
TRUST = ImportTrust(
    "trust", PurePosixPath("/opt/hcp/jre/lib/security/cacerts"), b"DER", "acme", "cd" * 32, "p", NOW, "Trust Acme"
)
RESTART = Restart("restart", "hcp-server", 300)
PROBE = Probe("probe", (("a", 2560), ("b", 2560)), "primary-host", "ef" * 32)
REMOVE = RemoveFile("timer", PurePosixPath("/etc/systemd/system/a.timer"), NOW, "Remove it")
TIMER = Plan("No timer", (REMOVE, LoadTimer("load", "a.timer", always=True)), "timer")
PLAN = Plan("A title", (PUT, EDIT, TRUST, RESTART, PROBE), "primary")


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, title="Another title"),
        lambda plan: with_step(plan, replace(PUT, data=b"other salts")),
        lambda plan: with_step(plan, replace(PUT, summary="Other words")),
        lambda plan: with_step(plan, replace(PUT, proven="Java 21 opened it")),
        lambda plan: with_step(plan, replace(TRUST, data=b"other salts")),
        lambda plan: replace(plan, java=("/opt/hcp/jre", "21")),
        lambda plan: with_step(plan, replace(EDIT, diff="other")),
        lambda plan: with_step(plan, replace(RESTART, timeout_s=5)),
        lambda plan: with_step(plan, replace(PROBE, timeout_s=5)),
    ],
)
def test_same_digest(change: Callable[[Plan], Plan]) -> None:
    assert change(PLAN) != PLAN
    assert change(PLAN).digest == PLAN.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, created_for="another machine"),
        lambda plan: replace(plan, steps=plan.steps[:-1]),
        lambda plan: replace(plan, steps=(*plan.steps[1::-1], *plan.steps[2:])),
        lambda plan: with_step(plan, replace(PUT, content_id="pkcs12 modern aa cc")),
        lambda plan: with_step(plan, replace(PUT, content_id="")),
        lambda plan: with_step(plan, replace(PUT, mode=0o644)),
        lambda plan: with_step(plan, replace(PUT, gid=0)),
        lambda plan: with_step(plan, replace(PUT, path=PurePosixPath("/opt/hcp/conf/b.pfx"))),
        lambda plan: with_step(plan, replace(PUT, expect=NOW)),
        lambda plan: with_step(plan, replace(EDIT, data=b"x = 2\n")),
        lambda plan: with_step(plan, replace(EDIT, expect=replace(NOW, sha256="00" * 32))),
        lambda plan: with_step(plan, replace(EDIT, expect=replace(NOW, link_to="/elsewhere"))),
        lambda plan: with_step(plan, replace(TRUST, alias="acme-2")),
        lambda plan: with_step(plan, replace(TRUST, sha256="00" * 32)),
        lambda plan: with_step(plan, replace(TRUST, expect=replace(NOW, sha256="00" * 32))),
        lambda plan: with_step(plan, replace(RESTART, unit="other")),
        lambda plan: with_step(plan, replace(RESTART, always=True)),
        lambda plan: with_step(plan, replace(PROBE, expect_sha256="00" * 32)),
        lambda plan: with_step(plan, replace(PROBE, nodes=(("a", 2560),))),
        lambda plan: with_step(plan, replace(PROBE, servername="other")),
    ],
)
def test_other_digest(change: Callable[[Plan], Plan]) -> None:
    assert change(PLAN).digest != PLAN.digest


def with_step(plan: Plan, step: Step) -> Plan:
    return replace(plan, steps=tuple(step if old.id == step.id else old for old in plan.steps))


def test_json_of_the_contract() -> None:
    seen = PLAN.as_json()
    assert seen["digest"] == PLAN.digest
    assert [step["kind"] for step in seen["steps"]] == ["put_file", "edit_file", "import_trust", "restart", "probe"]
    assert [step["changed"] for step in seen["steps"]] == [True, True, True, True, False]
    assert [step["diff"] for step in seen["steps"]] == [None, "-x\n+x", None, None, None]
    assert seen["steps"][4]["target"] == "a:2560, b:2560"
    assert set(seen["steps"][0]) == {"id", "kind", "target", "summary", "changed", "diff"}
    assert "salts" not in json.dumps(seen) + repr(PLAN)


@pytest.mark.parametrize(
    ("plan", "empty"),
    [
        (Plan("nothing"), True),
        (Plan("only a look", (PROBE,)), True),
        (Plan("a restart that follows nothing", (RESTART, PROBE)), True),
        (Plan("a restart for its own sake", (replace(RESTART, always=True),)), False),
        (Plan("a file", (PUT,)), False),
    ],
)
def test_empty(plan: Plan, empty: bool) -> None:
    assert plan.is_empty is empty


def test_a_step_whose_result_is_there_already_changes_nothing() -> None:
    same = Expectation(True, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", 0o640, 0, 991, "file")
    step = replace(PUT, data=b"x", expect=same)
    assert not step.changed
    for other in (replace(step, mode=0o600), replace(step, uid=5), replace(step, gid=5), replace(step, data=b"y")):
        assert other.changed
    assert not replace(step, uid=None, gid=None).changed
    assert not replace(EDIT, data=b"x", expect=same).changed
    assert Plan("same", (step, RESTART)).as_json()["steps"][1]["changed"] is False


@pytest.mark.parametrize(
    "steps",
    [
        (PUT, replace(EDIT, id="keystore")),
        (PUT, replace(PUT, id="again")),
        (replace(TRUST, path=PUT.path), PUT),
        (replace(PUT, id="../up"),),
        (replace(PUT, id=""),),
    ],
)
def test_ambiguous_plans_are_refused(steps: tuple[Step, ...]) -> None:
    with pytest.raises(ValueError, match=r"twice|not an id"):
        Plan("x", steps)


def test_several_anchors_may_go_into_one_store() -> None:
    assert len(Plan("x", (TRUST, replace(TRUST, id="trust-2"))).steps) == 2


def test_kept_and_read_again() -> None:
    for plan in (PLAN, TIMER):
        assert plan_file.load(plan_file.dump(plan)) == plan


def test_the_digest_of_a_removal() -> None:
    assert with_step(TIMER, replace(REMOVE, summary="Other words")).digest == TIMER.digest
    assert with_step(TIMER, replace(REMOVE, expect=replace(NOW, sha256="00" * 32))).digest != TIMER.digest
    assert [step["changed"] for step in TIMER.as_json()["steps"]] == [True, True]
    nothing = Plan("x", (replace(REMOVE, expect=ABSENT), LoadTimer("load", "a.timer")))
    assert nothing.is_empty
    with pytest.raises(ValueError, match="twice"):
        Plan("x", (REMOVE, replace(EDIT, path=REMOVE.path)))


def altered(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda _: b"", "change.plan-unreadable"),
        (lambda _: b"[]", "change.plan-unreadable"),
        (lambda _: b"\xff\xfe", "change.plan-unreadable"),
        (lambda data: data[: len(data) // 2], "change.plan-unreadable"),
        (lambda data: altered(data, b"plan-file/1", b"plan-file/9"), "change.plan-unreadable"),
        (lambda data: altered(data, b'"kind":"restart"', b'"kind":"remove"'), "change.plan-unreadable"),
        (lambda data: altered(data, b'"path":"/opt/hcp/conf/a', b'"path":"opt/hcp/conf/a'), "change.plan-unreadable"),
        (lambda data: altered(data, b'"mode":416', b'"mode":511'), "change.plan-damaged"),
        (lambda data: altered(data, b"REVS", b"REVT"), "change.plan-damaged"),
        (lambda data: altered(data, b'"title":"A title"', b'"title":"B title"'), "change.plan-damaged"),
    ],
)
def test_a_kept_plan_that_was_altered_is_refused(spoil: Callable[[bytes], bytes], code: str) -> None:
    with pytest.raises(WizardError) as refused:
        plan_file.load(spoil(plan_file.dump(PLAN)), name="change.plan")
    assert refused.value.code == code
    assert "change.plan" in refused.value.message


def test_an_address_of_many_colons_is_put_in_brackets() -> None:
    nodes = (("::1", 2560), ("primary-host", 2561))
    assert Probe("probe", nodes, "primary-host", "ef" * 32).target == "[::1]:2560, primary-host:2561"
    assert Node("::1", 2560, "primary-host").endpoint == "[::1]:2560"


@pytest.mark.parametrize("made", [NOW, replace(NOW, mode=None), PUT, EDIT, TRUST, RESTART, PROBE, Node("a", 1, "")])
def test_what_is_written_as_json_is_read_again(made: object) -> None:
    written = json.loads(json.dumps(plan_file.plain(made), default=plan_file.plain))
    if not isinstance(made, Expectation):
        for name in {"expect"} & written.keys():
            written[name] = [*written[name], None]
        assert plan_file.typed(type(made), written) == made
    else:
        assert plan_file.typed(Expectation, [*written, None]) == made


@pytest.mark.parametrize(
    ("member", "value", "why"),
    [
        ("port", "1", "port has a wrong type"),
        ("port", True, "port has a wrong type"),
        ("port", 2**63, "port has a wrong type"),
        ("host", None, "host has a wrong type"),
        ("fallback", 0, "fallback has a wrong type"),
        ("sha256", ..., "it has no member 'sha256'"),
        ("host", ..., "it has no member 'host'"),
    ],
)
def test_a_member_of_a_wrong_type_is_named(member: str, value: object, why: str) -> None:
    written = {**plan_file.plain(Node("a", 1, "")), member: value}
    if value is ...:
        del written[member]
    with pytest.raises(ValueError, match=f"^{why}$"):
        plan_file.typed(tuple[Node, ...], [written], ("host", "fallback"))
