"""Why a HOCON text is not read or not edited: the permanent codes, and the way to raise them."""

from wizard.errors import TextSyntaxError, WizardError
from wizard.findings import FindingSpec, Severity

_LIGHTBEND = "HOCON specification; behaviour of the Lightbend config library 1.3.1"
_START = "The server does not start with a configuration that it cannot read."
_EDIT = "Changing a place that does not count leaves the server with its old setting and looks like success."
_BOUND = "Without a bound, a short file could hold up the wizard for hours or fill the memory."
_WHOLE = "Check that it is the server's configuration; undo what made it grow."


def _spec(code: str, title: str, message: str, fix: str, why: str = _START) -> FindingSpec:
    return FindingSpec(f"hocon.{code}", Severity.BLOCKER, title, message, why, fix, _LIGHTBEND)


REFUSALS: tuple[FindingSpec, ...] = (
    _spec("utf-16", "the file is UTF-16", "The file is saved as UTF-16.", "Save it as UTF-8, or take the repair."),
    _spec(
        "open-string", "a quote is not closed", "A text in quotes is opened and not closed.", "Add the closing quote."
    ),
    _spec(
        "reserved",
        "a sign needs quotes",
        "A reserved character stands outside quotes.",
        "Put the value in double quotes.",
    ),
    _spec("escape", "unknown escape", "A backslash in double quotes begins no known escape.", "Write two backslashes."),
    _spec(
        "control",
        "control character in quotes",
        "A control character stands inside double quotes.",
        "Remove it, or write it as an escape like \\t.",
    ),
    _spec("missing-brace", "a bracket is not closed", "An object or list is opened and never closed.", "Close it."),
    _spec(
        "extra-brace",
        "a bracket is closed twice",
        "A closing bracket has no opening one.",
        "Remove it, or find the opening one that is missing.",
    ),
    _spec("missing-value", "a value is missing", "A key has no value.", "Give it one, or remove the line."),
    _spec("separator", "a separator is missing", "Two settings stand on one line without a comma.", "Put in a comma."),
    _spec("key", "a key cannot be read", "A key is not followed by = or : or {.", "Correct the line."),
    _spec(
        "path", "the path cannot be read", "A path has an empty part.", 'Write the parts with one dot between, or "".'
    ),
    _spec("include", "an include cannot be read", "An include names no file.", 'Write include "name.conf".'),
    _spec("list-root", "the file holds a list", "The file holds a list.", "Give the file that holds the settings."),
    _spec("append-in-list", "+= inside a list", "A += stands inside a list.", "Write the list out."),
    _spec("mixed", "values that do not join", "A text, a list and an object stand side by side.", "Part them."),
    _spec("too-deep", "nested too deeply", "Objects are nested too deeply to be read.", "Nest them less deeply."),
    *(
        _spec(code, f"the wizard's bound: {title}", message, fix, _BOUND)
        for code, title, message, fix in (
            ("too-large", "bytes", "The file is larger than the wizard reads.", _WHOLE),
            ("too-many-keys", "keys", "The file has more keys, list items and substitutions than are read.", _WHOLE),
            ("long-path", "length of a path", "A path has more keys than the wizard reads.", _WHOLE),
            ("too-many-appends", "+=", "The file has more += than the wizard reads.", "Write the list out."),
            (
                "expansion",
                "substitutions",
                "Following the substitutions needs more steps, or makes more text, than the wizard allows.",
                "Write the values out where substitutions refer to each other again and again.",
            ),
        )
    ),
    _spec(
        "shadowed",
        "another place wins",
        "Another place overrides the setting that would be changed.",
        "Change or remove that place first.",
        _EDIT,
    ),
    _spec(
        "others-follow",
        "other settings would follow",
        "Other settings take their value from this one and would change with it.",
        "Give them a value of their own first, or agree that they follow.",
        "Another setting that follows silently can break another part of the server.",
    ),
    _spec(
        "place-unknown",
        "no place for the key",
        "The setting is absent and the object it belongs to is not there either.",
        "Say where it belongs, or add the line by hand.",
        _EDIT,
    ),
    _spec(
        "several-commented",
        "commented out in several places",
        "The setting is commented out in more than one place.",
        "Remove the comment sign at the right place by hand.",
        _EDIT,
    ),
    _spec(
        "not-a-text",
        "the setting holds more than a text",
        "The setting is an object or a list, not a single value.",
        "Look for the setting inside it.",
        "A single value in place of an object drops everything that the object holds.",
    ),
    _spec(
        "value-not-text",
        "the value cannot be written",
        "The value holds half of a surrogate pair, which no encoding can write.",
        "Type the value again.",
    ),
    _spec(
        "edit-not-proven",
        "the edit changed something else",
        "Reading the edited text again gave another value than asked, or changed another setting.",
        "Make the change by hand and report the file.",
        _EDIT,
    ),
)
_BY_CODE = {spec.code: spec for spec in REFUSALS}


def syntax(code: str, what: str, line: int, column: int) -> TextSyntaxError:
    """The refusal of a text that does not parse; *what* is a clause without the place."""
    spec = _BY_CODE[f"hocon.{code}"]
    error = TextSyntaxError(spec.code, f"line {line}, column {column}: {what}", spec.fix, line=line, column=column)
    error.beyond = spec.why == _BOUND
    return error


def refusal(code: str, message: str, *, hint: str = "", subject: str = "") -> WizardError:
    """The refusal of an edit."""
    spec = _BY_CODE[f"hocon.{code}"]
    return WizardError(spec.code, message, hint or spec.fix, subject)
