"""A word that is no command."""

import difflib
from collections.abc import Sequence

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable


def unknown_command(word: str, known: Sequence[str]) -> WizardError:
    """The refusal of *word*, with the command of *known* that was probably meant."""
    close = difflib.get_close_matches(word, known, 1)
    case = "close" if close else ""
    return WizardError(codes.USAGE_UNKNOWN_COMMAND, case=case, word=printable(word), close="".join(close))
