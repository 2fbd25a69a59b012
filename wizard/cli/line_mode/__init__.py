"""The wizard line by line: for screen readers, serial lines and terminals that cannot place text."""

from wizard.cli.line_mode.steps import run

__all__ = ["run"]
