"""A refusal on one line reads as whole sentences."""

import pytest

from wizard.errors import WizardError


@pytest.mark.parametrize(
    ("message", "hint", "line"),
    [
        ("x is not there", "Check it.", "x is not there. Check it."),
        ("x is not there.", "Check it.\nThen go on.", "x is not there. Check it. Then go on."),
        ("Is x there?", "Check it.", "Is x there? Check it."),
        ("x is not there", "", "x is not there"),
    ],
)
def test_in_one_line(message: str, hint: str, line: str) -> None:
    assert WizardError.recorded("a.b", message, hint).in_one_line == line
