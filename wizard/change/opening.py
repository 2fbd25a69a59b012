"""What comes before every run: the state folder, the lock, and nothing left open by an earlier run."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace

from wizard.change.context import Context
from wizard.change.durable import write_failure
from wizard.change.events import CHANGE, rfc3339
from wizard.change.journal import CLOSED, Journal, RecoveryPlan
from wizard.change.lock import Holder, Lock, hold
from wizard.change.manifest import Manifest
from wizard.change.outcome import APPLIED, REFUSED, Failure
from wizard.change.standing import is_back, live_image
from wizard.change.store import EVENTS, ChangeFolder, Store
from wizard.errors import RecoveryNeededError, WizardError
from wizard.findings import FindingSpec, refusal
from wizard.records import dataclass


@dataclass(slots=True)
class Opened:
    """The state folder, locked."""

    store: Store
    lock: Lock
    holder: Holder

    def begin(self, context: Context) -> tuple[ChangeFolder, Journal]:
        """Make the folder and the journal of a new change, and tell everybody its id.

        Raises:
            WizardError: `change.write-failed`; nothing was changed.
        """
        try:
            folder = self.store.new(context.now())
            self.attach(folder, context)
            return folder, folder.open_journal(context.calls)
        except OSError as error:
            failure = write_failure(self.store.root, error)
            raise WizardError(
                failure.code, f"Nothing was changed. {failure.message}", failure.hint, failure.subject
            ) from error

    def attach(self, folder: ChangeFolder, context: Context) -> None:
        """Tell who waits for the lock, and who watches, which change this is."""
        context.events.open(folder.open(), EVENTS)
        self.lock.tell(replace(self.holder, change=folder.id))
        context.announce(folder.id)


@contextlib.contextmanager
def opened(context: Context) -> Iterator[Opened]:
    """Lock the state folder while the block runs.

    Raises:
        BusyError: another run is at work.
        WizardError: the state folder cannot be used, or what is in it cannot be written (`change.write-failed`).
    """
    store = Store(context.machine.state_dir, context.calls)
    holder = Holder(os.getpid(), context.who.user, context.who.tty, rfc3339(context.now()))
    try:
        with hold(store.ensure, store.lock, holder) as lock:
            yield Opened(store, lock, holder)
    except OSError as error:
        raise write_failure(store.root, error) from error


def sweep(store: Store, context: Context) -> None:
    """Close what needs no decision, and refuse to go on while something does.

    Raises:
        RecoveryNeededError: `change.interrupted`.
    """
    for folder in store.changes():
        plan = folder.plan()
        if plan.untouched:
            close(folder, REFUSED, context)
        elif plan.phase == "verified" and not _taken_back(folder.manifest(), context):
            close(folder, APPLIED, context)
        elif plan.phase != "closed":
            raise _interrupted(folder, plan)
        elif folder.is_staged() and not (plan.outcome == APPLIED and _keeps_copies(folder)):
            folder.wipe_staged(context.calls)


def unfinished(store: Store) -> ChangeFolder | None:
    """The change that waits for `recover`, or None."""
    for folder in reversed(store.changes()):
        plan = folder.plan()
        if plan.phase != "closed" and not plan.untouched:
            return folder
    return None


def close(folder: ChangeFolder, outcome: str, context: Context) -> None:
    """Write the last line of a change that an earlier run left open without harm."""
    journal = folder.open_journal(context.calls)
    try:
        journal.append(CLOSED, fact=outcome)
    finally:
        journal.close()
    if outcome != APPLIED or not _keeps_copies(folder):
        folder.wipe_staged(context.calls)


def keeps_copies(manifest: Manifest) -> bool:
    """Whether the new bytes of an applied change stay, so that what is lost later can be applied again from them.

    An undo leaves what an earlier change left, which has a copy of its own.
    """
    return not manifest.rolls_back


def _keeps_copies(folder: ChangeFolder) -> bool:
    with contextlib.suppress(RecoveryNeededError):
        return keeps_copies(folder.manifest())
    return False


def new_token() -> str:
    """For the names of the temporary files of one change."""
    return secrets.token_hex(6)


def say_outcome(context: Context, state: str, text: str, outcome: str, failure: Failure | None = None) -> None:
    """Tell the last event."""
    context.events.say(CHANGE, state, text, outcome=outcome, failure=failure)
    context.events.close()


def _taken_back(manifest: Manifest, context: Context) -> bool:
    """Whether an undo had begun that the journal does not know of, because its record could not be written."""
    try:
        return any(is_back(live_image(action, context), action) for action in manifest.knowing(()).actions)
    except WizardError:
        return False  # a folder was exchanged since: the journal alone knows


def _interrupted(folder: ChangeFolder, plan: RecoveryPlan) -> RecoveryNeededError:
    phase = "being undone" if plan.phase == "undoing" else "being made"
    page = f" See {folder.page}." if folder.page.exists() else ""
    return RecoveryNeededError(
        "change.interrupted",
        f"Change {folder.id} was interrupted while it was {phase}; nothing else may start before it is settled.",
        "Run `recover`: it undoes the change, or finishes it with --finish, or accepts\n"
        f"everything as it is now with --keep.{page}",
        folder.id,
    )


REFUSALS: tuple[FindingSpec, ...] = (
    refusal(
        "change.interrupted",
        "A change was interrupted",
        "An earlier change was interrupted, or could not be undone completely.",
        "Files may be between two states; a new change would make its backups from that.",
        "Run `recover`; it undoes the change, finishes it with `--finish`, or accepts what is there with `--keep`.",
        source="own rule: the journal has no last line",
    ),
)
