"""The table of commands, and of what else is loaded only when it is needed.

`--help` and `--version` load no module that a command runs in; the full screen is painted before the engine is loaded.
Every `module:function` here is resolved by a test.
"""

from collections.abc import Callable
from typing import NamedTuple

from wizard.cli import arguments


class Command(NamedTuple):
    """One command.

    Attributes:
        add: adds its arguments to its parser.
        run: `module:function`; the function gets the parsed arguments and returns the exit code.
    """

    add: Callable[[arguments.Parser], None]
    run: str


COMMANDS = {
    "sandbox": Command(arguments.sandbox, "wizard.cli.sandbox:run"),
    "inspect": Command(arguments.inspect, "wizard.cli.inspect:run"),
    "check": Command(arguments.check, "wizard.cli.inspect:run_check"),
    "csr": Command(arguments.csr, "wizard.cli.csr:run"),
    "plan": Command(arguments.plan, "wizard.cli.plan:run"),
    "apply": Command(arguments.apply, "wizard.cli.apply:run"),
    "store": Command(arguments.store, "wizard.cli.apply:run_store"),
    "trust-root": Command(arguments.phase, "wizard.cli.apply:run_phase"),
    "retire-root": Command(arguments.phase, "wizard.cli.apply:run_phase"),
    "rollback": Command(arguments.rollback, "wizard.cli.changes:run_rollback"),
    "history": Command(arguments.history, "wizard.cli.changes:run_history"),
    "recover": Command(arguments.recover, "wizard.cli.changes:run_recover"),
    "probe": Command(arguments.probe, "wizard.cli.probe:run"),
    "doctor": Command(arguments.doctor, "wizard.cli.doctor:run"),
    "status": Command(arguments.status, "wizard.cli.status:run"),
    "timer": Command(arguments.timer, "wizard.cli.timer:run"),
    "rehearse": Command(arguments.rehearse, "wizard.cli.handoff:run_rehearse"),
    "handoff": Command(arguments.handoff, "wizard.cli.handoff:run"),
    "checklist": Command(arguments.checklist, "wizard.cli.checklist:run"),
    "inventory": Command(arguments.inventory, "wizard.cli.inventory:run"),
    "export": Command(arguments.export, "wizard.cli.handoff:run_export"),
    "findings": Command(arguments.findings, "wizard.cli.findings:run"),
    "guide": Command(arguments.guide, "wizard.cli.guide:run"),
    "conf": Command(arguments.conf, "wizard.cli.conf:run"),
}
"""In the order in which help shows them."""

WIZARD = "wizard.cli.interactive:run"
"""What runs without a command."""

RUN = "wizard.cli.dispatch:run"
LINE_MODE = "wizard.cli.line_mode:run"
SCREENS = "screens.app:run"
SESSION_SOURCE = "screens.program:SessionSource"
SESSION = "wizard.session.session:Session"
REPORT_BUG = "wizard.cli.crash:report_bug"
WRITE_TRACE = "wizard.cli.crash:write_trace"
PRINT_TRACE = "wizard.cli.crash:print_trace"
UNKNOWN_COMMAND = "wizard.cli.output:unknown_command"
WALK = "wizard.host.directory:walk"
DEFAULTS = "wizard.cli.settings:defaults"

LOADED_LATER = (
    *(command.run for command in COMMANDS.values()),
    arguments.ANSWERS_KEYS,
    *(WIZARD, RUN, LINE_MODE, SCREENS, SESSION_SOURCE, SESSION),
    *(REPORT_BUG, WRITE_TRACE, PRINT_TRACE, UNKNOWN_COMMAND, WALK, DEFAULTS),
)
