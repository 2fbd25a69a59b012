"""A refusal of the engine as lines to read."""

from wizard.errors import WizardError
from wizard.reports.lines import Line, Tone


def lines_of(error: WizardError) -> list[Line]:
    """The message with its code, then what to do."""
    first = Line(f"Error: {error.message} [{error.code}]", Tone.BAD)
    return [first, *(Line(f"  {row}") for row in error.hint.splitlines())]
