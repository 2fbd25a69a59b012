"""Run blocking calls of the engine in one daemon thread, one at a time.

Textual's own thread workers belong to an executor whose threads are waited for when the program ends; a call that
takes long would keep a closed wizard alive. These threads are daemons: what matters runs in its own process anyway.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any

from textual.message_pump import MessagePump

from wizard.errors import WizardError

Work = Callable[[], Any]
Done = Callable[[Any], None]
Job = tuple[MessagePump, str, int, Work, Done]


class Background:
    """Calls in the order in which they were asked for.

    A newer call for the same purpose of the same owner makes the older one stale: it is not begun any more, and a
    result that comes late is dropped. So is one whose owner has left the screen.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._latest: dict[tuple[int, str], int] = {}
        self._count = 0
        self._thread: threading.Thread | None = None
        self._started = False

    def run(self, owner: MessagePump, purpose: str, work: Work, done: Done) -> None:
        """Call *work* in the thread and then *done* on the screen with its result, or with the `WizardError` it raised.

        Any other exception is raised where *done* would have been called, so that it ends the program as a bug.
        """
        self._count += 1
        self._latest[id(owner), purpose] = self._count
        self._jobs.put((owner, purpose, self._count, work, done))
        if self._started:
            self.start()

    def start(self) -> None:
        """Begin with what was asked for so far. Before the first paint is out, a busy thread would only delay it."""
        self._started = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="wizard engine", daemon=True)
            self._thread.start()

    def drop(self, owner: MessagePump, purpose: str) -> None:
        """Make what was asked for this purpose stale."""
        self._latest.pop((id(owner), purpose), None)

    def _loop(self) -> None:
        while True:
            # What it hands over must not live on in this frame while it waits for the next.
            self._do(self._jobs.get())

    def _do(self, job: Job) -> None:
        owner, purpose, number, work, _done = job
        if self._latest.get((id(owner), purpose)) != number:
            return
        if owner.is_running:
            result: Any
            failure: BaseException | None = None
            try:
                result = work()
            except WizardError as error:
                result = error
            except BaseException as error:  # noqa: BLE001 - carried over to the screen's thread, where it is a bug
                result, failure = None, error
            with contextlib.suppress(RuntimeError):  # its owner leaves the screen at this moment, or all is closed
                if owner.call_later(self._deliver, job, result, failure):
                    return
        self.drop(owner, purpose)

    def _deliver(self, job: Job, result: Any, failure: BaseException | None) -> None:
        owner, purpose, number, _work, done = job
        key = (id(owner), purpose)
        if self._latest.get(key) != number or owner.app._exit:  # noqa: SLF001 - a program that closes takes nothing more
            return
        del self._latest[key]
        if failure is not None:
            raise failure
        done(result)
