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
        text: of its help, as `arguments.described` reads it.
        run: `module:function`; the function gets the parsed arguments and returns the exit code.
    """

    add: Callable[[arguments.Parser], None]
    text: str
    run: str


COMMANDS = {
    "sandbox": Command(arguments.sandbox, arguments.SANDBOX, "wizard.cli.sandbox:run"),
    "inspect": Command(arguments.inspect, arguments.INSPECT, "wizard.cli.inspect:run"),
    "check": Command(arguments.check, arguments.CHECK, "wizard.cli.check:run"),
    "csr": Command(arguments.csr, arguments.CSR, "wizard.cli.csr:run"),
    "plan": Command(arguments.plan, arguments.PLAN, "wizard.cli.plan:run"),
    "apply": Command(arguments.apply, arguments.APPLY, "wizard.cli.apply:run"),
    "store": Command(arguments.store, arguments.STORE, "wizard.cli.store:run"),
    "trust-root": Command(arguments.phase, arguments.TRUST_ROOT, "wizard.cli.apply:run_phase"),
    "retire-root": Command(arguments.phase, arguments.RETIRE_ROOT, "wizard.cli.apply:run_phase"),
    "rollback": Command(arguments.rollback, arguments.ROLLBACK, "wizard.cli.changes:run_rollback"),
    "history": Command(arguments.history, arguments.HISTORY, "wizard.cli.changes:run_history"),
    "recover": Command(arguments.recover, arguments.RECOVER, "wizard.cli.changes:run_recover"),
    "probe": Command(arguments.probe, arguments.PROBE, "wizard.cli.probe:run"),
    "doctor": Command(arguments.doctor, arguments.DOCTOR, "wizard.cli.doctor:run"),
    "status": Command(arguments.status, arguments.STATUS, "wizard.cli.status:run"),
    "timer": Command(arguments.timer, arguments.TIMER, "wizard.cli.timer:run"),
    "rehearse": Command(arguments.rehearse, arguments.REHEARSE, "wizard.cli.rehearse:run"),
    "handoff": Command(arguments.handoff, arguments.HANDOFF, "wizard.cli.handoff:run"),
    "checklist": Command(arguments.checklist, arguments.CHECKLIST, "wizard.cli.checklist:run"),
    "inventory": Command(arguments.inventory, arguments.INVENTORY, "wizard.cli.inventory:run"),
    "export": Command(arguments.export, arguments.EXPORT, "wizard.cli.export:run"),
    "findings": Command(arguments.findings, arguments.FINDINGS, "wizard.cli.findings:run"),
    "guide": Command(arguments.guide, arguments.GUIDE, "wizard.cli.guide:run"),
    "conf": Command(arguments.conf, arguments.CONF, "wizard.cli.conf:run"),
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
DEFAULTS = "wizard.cli.settings:defaults"

LOADED_LATER = (
    *(command.run for command in COMMANDS.values()),
    arguments.ANSWERS_KEYS,
    *(WIZARD, RUN, LINE_MODE, SCREENS, SESSION_SOURCE, SESSION),
    *(REPORT_BUG, WRITE_TRACE, PRINT_TRACE, UNKNOWN_COMMAND, DEFAULTS),
)
