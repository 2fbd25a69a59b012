"""The texts of all codes in English. A module holds those of one part of the program; a code is in one module alone."""

from wizard.texts.en import certificates, change, commands, configs, doctor, handoff, host, planning, probing
from wizard.texts.model import Text

PARTS = (certificates, configs, host, probing, change, planning, doctor, handoff, commands)

TEXTS: dict[str, Text] = {code: text for part in PARTS for code, text in part.TEXTS.items()}
"""The words of each code."""

NOTES = certificates.NOTES
"""What reading a file notes, by its code; `inspect` shows it, and findings repeat it."""
