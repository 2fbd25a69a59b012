"""The operator's own editor, opened at a line of a file."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import shell_words

USUAL = ("sensible-editor", "editor", "nano", "vim", "vi")
"""Tried in this order where neither VISUAL nor EDITOR names one."""


def command(path: Path, line: int, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The words that open *path* at *line* (from 1; 0 is nowhere in particular).

    Raises:
        WizardError: `editor.missing`.
    """
    words = shell_words(environ.get("VISUAL") or environ.get("EDITOR") or "")
    words = words or [name for name in USUAL if shutil.which(name)][:1]
    if not words:
        raise WizardError(codes.EDITOR_MISSING, subject=path, file=path)
    return [*words, *([f"+{line}"] if line else []), str(path)]


def edit(path: Path, line: int) -> None:
    """Open the editor on this terminal, and wait until it is closed.

    Raises:
        WizardError: `editor.missing`.
    """
    words = command(path, line)
    try:
        subprocess.run(words, check=False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WizardError(
            codes.EDITOR_MISSING, case="not-started", subject=path, file=path, editor=words[0], reason=reason
        ) from error
