"""The service after a change: each way to fail has its own words, and none of them waits longer than it must."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import PASSWORD, Scene, Service, sha
from wizard.change.context import Context, Served, ServiceState
from wizard.change.engine import apply
from wizard.change.events import APPLIED, REFUSED, ROLLED_BACK, STUCK
from wizard.change.journal import Node
from wizard.change.plan import Plan, Probe, Restart
from wizard.change.proof import capture, prove
from wizard.errors import WizardError
from wizard.reports.outcome import outcome as outcome_lines

NODE = Node("localhost", 2560, "primary-host", "aa" * 32)


class Script:
    """A prober that gives one answer after the other, and then the last one for ever."""

    def __init__(self, *answers: Served) -> None:
        self.answers = list(answers)

    def look(self, host: str, port: int, servername: str, timeout_s: float) -> Served:
        assert (host, port, servername, timeout_s > 0) == ("localhost", 2560, "primary-host", True)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


SILENT = Served(False, text="connection refused")
RIGHT = Served(True, "aa" * 32, text="CN=primary-host")
WRONG = Served(True, "bb" * 32, text="CN=other")
FALLBACK = Served(True, "cc" * 32, fallback=True, text="CN=localhost")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path).build()


def context_with(scene: Scene, *answers: Served) -> Context:
    context = scene.context()
    return replace(context, ports=replace(context.ports, probe=Script(*answers).look))


@pytest.mark.parametrize(
    ("answers", "journal", "code", "seconds"),
    [
        ([RIGHT], (), "", 0),
        ([SILENT, SILENT, SILENT, RIGHT], (), "", 2),
        ([SILENT, WRONG, WRONG, RIGHT], (), "", 2),
        ([SILENT], (), "change.not-reachable", 60),
        ([SILENT], ("java.net.BindException: Address already in use",), "change.port-taken", 60),
        ([WRONG], (), "change.wrong-leaf", 10),
        ([WRONG], ("BindException",), "change.port-taken", 10),
        ([SILENT, FALLBACK], (), "change.fallback-leaf", 11),
    ],
)
def test_what_is_served(
    scene: Scene, answers: list[Served], journal: tuple[str, ...], code: str, seconds: float
) -> None:
    scene.journal = journal
    context = context_with(scene, *answers)
    if not code:
        prove("probe", [NODE], 60, context)
    else:
        with pytest.raises(WizardError) as refused:
            prove("probe", [NODE], 60, context)
        assert refused.value.code == code
        assert "localhost:2560" in refused.value.message
        for line in journal:
            assert line in refused.value.hint
    assert seconds - 1 <= scene.time <= seconds + 5


@pytest.mark.parametrize("served", [WRONG, FALLBACK])
def test_a_restart_command_may_have_restarted_nothing(scene: Scene, served: Served) -> None:
    context = context_with(scene, served)
    context = replace(context, machine=replace(context.machine, restart_command=("true",)))
    with pytest.raises(WizardError) as refused:
        prove("probe", [NODE], 60, context)
    assert "Check that the restart command ends the old process" in refused.value.hint


def test_a_service_that_cannot_come_up_ends_the_wait_at_once(scene: Scene) -> None:
    scene.served.write_text("crashed")
    with pytest.raises(WizardError) as refused:
        prove("probe", [NODE], 600, context_with(scene, SILENT))
    assert refused.value.code == "service.crash-loop"
    assert scene.time < 1


def test_a_start_of_minutes_is_waited_for_with_progress(scene: Scene) -> None:
    context = context_with(scene, *[SILENT] * 60, RIGHT)
    prove("probe", [NODE], 600, context)
    told = [event.text for event in scene.told if event.state == "progress"]
    assert scene.time > 200
    assert 15 < len(told) < 40
    assert "connection refused" in told[0]


@pytest.mark.parametrize(
    ("before", "demand"),
    [
        (RIGHT, ("aa" * 32, False)),
        (FALLBACK, ("cc" * 32, True)),
        (SILENT, ("", False)),
    ],
)
def test_what_was_served_becomes_the_demand_of_an_undo(scene: Scene, before: Served, demand: tuple[str, bool]) -> None:
    (node,) = capture([NODE], context_with(scene, before))
    assert (node.sha256, node.fallback) == demand


def test_another_fallback_after_an_undo_is_as_good_as_the_old_one(scene: Scene) -> None:
    """The built-in certificate may be made anew at each start."""
    (node,) = capture([NODE], context_with(scene, FALLBACK))
    other = Served(True, "dd" * 32, fallback=True)
    prove("undo", [node], 5, context_with(scene, other))


@pytest.mark.parametrize("code", ["service.masked", "service.unit-missing", "service.offline"])
def test_what_cannot_be_restarted_is_refused_before_anything_is_touched(scene: Scene, code: str) -> None:
    old = scene.tree()
    context = scene.context()
    blocked = WizardError.recorded(code, "it cannot be restarted", "Do this.")
    state = ServiceState(running=False, text=blocked.message, blocked=blocked)
    context.ports.service.state = lambda: state  # type: ignore[method-assign]
    outcome = apply(scene.plan(), context)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code, outcome.failure.hint) == (REFUSED, code, "Do this.")
    assert (scene.tree(), scene.restarts) == (old, 0)


def fails_once(code: str) -> Callable[[Service], Callable[[float, Callable[[str], None]], None]]:
    def make(service: Service) -> Callable[[float, Callable[[str], None]], None]:
        original, calls = service.restart, [0]

        def restart(timeout_s: float, say: Callable[[str], None]) -> None:
            calls[0] += 1
            if calls[0] == 1:
                raise WizardError.recorded(code, "it did not come up", "Read its journal.")
            original(timeout_s, say)

        return restart

    return make


@pytest.mark.parametrize("code", ["service.failed", "service.start-timeout", "service.crash-loop"])
def test_a_failed_restart_is_undone_and_the_old_state_is_served(scene: Scene, code: str) -> None:
    old = scene.tree()
    context = scene.context()
    service = context.ports.service
    assert isinstance(service, Service)
    service.restart = fails_once(code)(service)  # type: ignore[method-assign, assignment]
    outcome = apply(scene.plan(), context)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == (ROLLED_BACK, code)
    assert (scene.tree(), scene.restarts) == (old, 1)


def always_fails(context: Context, *, stops: bool = False) -> None:
    service = context.ports.service
    assert isinstance(service, Service)

    def restart(_timeout_s: float, _say: Callable[[str], None]) -> None:
        if stops:
            service.scene.served.write_text("down")
        raise WizardError.recorded("service.failed", "it did not come up", "Read its journal.")

    context.ports.service.restart = restart  # type: ignore[method-assign]


def test_a_restart_that_was_refused_outright_is_a_clean_undo(scene: Scene) -> None:
    """No right to restart: the old process goes on, serves the old leaf, and nobody needs to look."""
    old = scene.tree()
    context = scene.context()
    always_fails(context)
    outcome = apply(scene.plan(), context)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == (ROLLED_BACK, "service.failed")
    assert (scene.tree(), scene.restarts) == (old, 0)


def test_a_service_that_does_not_come_back_needs_somebody(scene: Scene) -> None:
    old = scene.tree()
    context = scene.context()
    always_fails(context, stops=True)
    outcome = apply(scene.plan(), context)
    assert outcome.outcome == STUCK
    assert scene.tree() == old
    assert "service.failed" in Path(outcome.page).read_text()
    assert "systemctl restart hcp-server" in Path(outcome.page).read_text()


def test_a_service_that_was_down_before_need_not_come_back(scene: Scene) -> None:
    old = scene.tree()
    context = scene.context()
    scene.served.write_text("down")
    context.ports.service.state = lambda: ServiceState(running=False, text="inactive")  # type: ignore[method-assign]
    always_fails(context)
    assert apply(scene.plan(), context).outcome == ROLLED_BACK
    assert scene.tree() == old


def test_the_service_restarted_itself_while_the_new_files_were_there(scene: Scene) -> None:
    """The undo of a change that never came to its restart looks from outside, and restarts when that shows the need."""
    context = scene.context()
    real = scene.machine.real("/opt/hcp/conf/application.conf")

    def stop() -> bool:
        if PASSWORD.encode() in real.read_bytes():
            data = scene.machine.real("/opt/hcp/conf/primary-host.pfx").read_bytes()
            scene.served.write_text(sha(data))
            return True
        return False

    object.__setattr__(context, "stop", stop)
    assert apply(scene.plan(), context).outcome == ROLLED_BACK
    assert scene.restarts == 1
    assert scene.served.read_text() == sha(scene.machine.real("/opt/hcp/conf/primary-host.pfx").read_bytes())


def test_a_plan_of_a_restart_alone(scene: Scene) -> None:
    steps = (Restart("restart", "hcp-server", always=True), Probe("probe", (("h", 1),), "n", scene.served.read_text()))
    assert apply(Plan("Repair", steps), scene.context()).outcome == APPLIED
    assert scene.restarts == 1
    quiet = Plan("Nothing", (Restart("restart", "hcp-server"), steps[1]))
    assert quiet.is_empty


def test_journal_lines_are_scrubbed(scene: Scene) -> None:
    scene.journal = (f"cannot open with {PASSWORD} \x1b[31m",)
    outcome = apply(scene.plan(keystore=b"BROKEN"), scene.context())
    assert outcome.failure is not None
    assert "cannot open with ********" in outcome.failure.hint
    for event in scene.told:
        assert PASSWORD not in event.text + event.hint
        assert "\x1b" not in event.text + event.hint


def watched(scene: Scene, seconds: float = 15.0) -> Context:
    scene.machine = replace(scene.machine, settle_s=seconds)
    return scene.context()


def test_the_server_is_watched_after_its_start(scene: Scene) -> None:
    begun = scene.time
    outcome = apply(scene.plan(), watched(scene))
    assert (outcome.outcome, outcome.steps["settle"]) == (APPLIED, "done")
    assert 15 <= scene.time - begun < 25


def later(scene: Scene, context: Context, text: str, at: float = 5.0) -> None:
    """From *at* seconds after the watch began the service is in another state."""
    original = context.sleep

    def sleep(seconds: float) -> None:
        original(seconds)
        if scene.told and scene.told[-1].step == "settle" and scene.time > at:
            scene.served.write_text(text)

    object.__setattr__(context, "sleep", sleep)


@pytest.mark.parametrize(
    ("text", "code"),
    [("crashed", "service.crash-loop"), ("ab" * 32, "change.wrong-leaf"), ("down", "change.not-reachable")],
)
def test_what_happens_after_the_start_undoes_the_change(scene: Scene, text: str, code: str) -> None:
    old = scene.tree()
    context = watched(scene)
    later(scene, context, text)
    outcome = apply(scene.plan(), context)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code, scene.tree()) == (ROLLED_BACK, code, old)
    assert scene.restarts == 2


def test_an_automatic_restart_after_the_start_undoes_the_change(scene: Scene) -> None:
    context = watched(scene)
    states = [ServiceState(running=True), ServiceState(running=True), ServiceState(running=True, restarts=1)]
    context.ports.service.state = lambda: states.pop(0) if len(states) > 1 else states[0]  # type: ignore[method-assign]
    outcome = apply(scene.plan(), context)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == (ROLLED_BACK, "change.died-after-start")


def test_a_shutdown_during_the_watch_undoes_nothing(scene: Scene) -> None:
    context = watched(scene)
    object.__setattr__(context, "stop", lambda: bool(scene.told) and scene.told[-1].step == "settle")
    outcome = apply(scene.plan(), context)
    assert (outcome.outcome, outcome.steps["settle"]) == (APPLIED, "skipped")


def test_the_summary_says_that_nobody_watched(scene: Scene) -> None:
    outcome = apply(scene.plan(), watched(scene, 0))
    assert outcome.outcome == APPLIED
    lines = [line.text for line in outcome_lines(outcome)]
    assert "Not checked: whether the server keeps running after its start." in lines
