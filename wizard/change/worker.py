"""The process that makes a change: its own session, no terminal, ignores hang-up and Ctrl+C.

Started by `wizard.change.watch`, it reads its job from standard input. It answers with one line on standard output (the
id of the change, or why there is none), closes it, and continues. SIGTERM asks it to stop between two steps; what
was done up to then is undone.
"""

import contextlib
import json
import os
import signal
import sys
import syslog
from types import FrameType

from wizard.change.context import Context
from wizard.change.engine import apply
from wizard.change.events import Event, EventLog, Failure, Outcome
from wizard.change.job import APPLY, ROLLBACK, Job
from wizard.change.recover import recover
from wizard.change.rollback import rollback
from wizard.errors import ExitCode, WizardError
from wizard.secret import Redactor
from wizard.self_start import load


class _Answer:
    """The one line that the starter waits for."""

    def __init__(self) -> None:
        self.given = False

    def change(self, change: str) -> None:
        """There is a change to be watched."""
        self._give({"change": change})

    def outcome(self, outcome: Outcome) -> None:
        """It ended without one."""
        self._give({"outcome": outcome.outcome})

    def error(self, error: BaseException) -> None:
        """It did not begin."""
        failure = Failure.of(error)
        code = error.exit_code if isinstance(error, WizardError) else ExitCode.BUG
        self._give({"error": [failure.code, failure.message, failure.hint, failure.subject], "exit_code": int(code)})

    def _give(self, members: dict[str, object]) -> None:
        if self.given:
            return
        self.given = True
        # The starter may be gone already; the change goes on without it.
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(members).encode() + b"\n")
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)


class _Stop:
    """A flag that a signal sets."""

    asked = False

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        """Remember it; the engine looks between two steps."""
        self.asked = True

    def __call__(self) -> bool:
        return self.asked


def main(_arguments: list[str]) -> int:
    """Do the job that standard input holds; the exit code is that of the outcome."""
    stop, answer = _Stop(), _Answer()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
        # Not SIG_IGN: that would be handed down to the programs that we start, and to a service among them.
        signal.signal(number, _unheard)
    signal.signal(signal.SIGTERM, stop.handle)
    try:
        outcome = _do(Job.load(sys.stdin.buffer.read()), stop, answer)
    except Exception as error:  # noqa: BLE001 - whatever it is: whoever waits must learn of it
        answer.error(error)
        return int(error.exit_code if isinstance(error, WizardError) else ExitCode.BUG)
    answer.outcome(outcome)
    return int(outcome.exit_code)


def _unheard(_signal: int, _frame: FrameType | None) -> None:
    """Ignore SIGHUP, SIGINT and SIGTSTP of the terminal."""


def _to_syslog(event: Event) -> None:
    """Send one event, which holds no secret, to the system's log."""
    bad = event.code or event.state == "failed"
    words = (f"{event.step}: {event.state}", event.text, event.code)
    syslog.syslog(syslog.LOG_ERR if bad else syslog.LOG_INFO, " ".join(word for word in words if word))


def _do(job: Job, stop: _Stop, answer: _Answer) -> Outcome:
    syslog.openlog("cloudstream-wizard", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    redactor = Redactor()
    for secret in job.secrets.values():
        redactor.learn(secret)
    context = Context(
        machine=job.machine,
        ports=load(job.ports)(job.machine),
        events=EventLog(redactor=redactor, listener=_to_syslog if job.machine.syslog else None),
        secrets=job.secrets,
        who=job.who,
        stop=stop,
        announce=answer.change,
        without=job.without,
        # A restart command may come back before the old process has gone; systemd does not.
        settle_s=60.0 if job.machine.restart_command else 10.0,
    )
    if job.kind == APPLY and job.plan is not None:
        return apply(job.plan, context)
    if job.kind == ROLLBACK:
        return rollback(job.change or None, context)
    return recover(job.mode, context)
