"""Follow a change to its end on standard error."""

import argparse
import sys
from collections.abc import Callable, Iterable

from wizard.change.events import Event


def follow(begin: Callable[[], Iterable[Event]], args: argparse.Namespace) -> list[Event] | None:
    """Print each event when it comes, as `--quiet` and `--verbose` in *args* say.

    Args:
        begin: starts the change, unless it runs, and gives its events. Once it is called, the change may go on.
        args: `quiet` and `verbose` count.

    Returns:
        All of them, or None when the operator stopped watching.
    """
    seen: list[Event] = []
    try:
        for event in begin():
            seen.append(event)
            if not args.quiet:
                time = f"  {event.at}" if args.verbose else ""
                print(f"{time}{event_line(event)}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        words = "The change continues" if seen else "If the change has begun, it continues"
        print(f"{words} in the background. To see how it ended: cloudstream-wizard history", file=sys.stderr)
        return None
    return seen


def event_line(event: Event) -> str:
    """One line of progress: the step, the state as a word, what happened."""
    return f"  {event.step}: {event.state} {event.text}".rstrip()
