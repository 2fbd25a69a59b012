"""Texts: configuration files."""

from wizard.texts.model import Case, Text

_BASH = "bash manual, sections Quoting and Shell Parameters; tried with bash and augeas"
_BOUND = "Without a bound, a short file could hold up the wizard for hours or fill the memory."
_LIGHTBEND = "HOCON specification; behaviour of the Lightbend config library 1.3.1"
_NO_EFFECT = "Changing a place that does not count leaves the server with its old setting and looks like success."
_NO_START = "The server does not start with a configuration that it cannot read."
_OTHER_START = "The server does not start with a file that it cannot read, or starts with other values."
_REPAIR = "Take the repair that the wizard offers, or correct the line."
_TRIED = "tried with the Lightbend config library 1.3.1, Java 17 and bash; vendor manual (warning about Notepad)"
_WHOLE = "Check that it is the server's configuration; undo what made it grow."

IN_FILE = "{file}, {message}."
"""What a parser says, who knows lines and not files."""

TEXTS: dict[str, Text] = {
    "config.bom": Text(
        title="byte order mark",
        message="The file begins with a UTF-8 byte order mark.",
        why="The server accepts it; a shell takes it as part of the first name, and other tools stumble.",
        fix=_REPAIR,
        source=_TRIED,
    ),
    "config.crlf": Text(
        title="Windows line ends",
        message="All lines end with CR LF.",
        why="The server accepts them, and the wizard keeps them.",
        fix="Nothing needs to be done.",
        source=_TRIED,
    ),
    "config.crlf-in-shell-file": Text(
        title="Windows line ends in a shell file",
        message="{windows} lines end with CR LF, the first is line {line}.",
        why="A shell takes the carriage return as part of each value: passwords and paths are then wrong.",
        fix='Take the repair that the wizard offers (unattended-repair = "yes" in the\n'
        "answers), or save the file with line ends of Linux.",
        source=_TRIED,
    ),
    "config.duplicate": Text(
        title="setting given more than once",
        message="{setting} counts in line {line}; it hides the value in line {hidden}.",
        why="An edit of the hidden line changes nothing and looks like success.",
        fix="Keep the line that counts and remove the others.",
        source="HOCON specification, section Duplicate keys; bash manual",
    ),
    "config.known-password": Text(
        title="well-known password",
        message="The value of {setting} in line {line} is a password that everybody knows or tries first.",
        why="Whoever can read the key store can use the private key as well.",
        fix="Let the wizard generate another one when it writes the key store.",
        source="vendor manual (its example uses changeit); lists of common passwords",
    ),
    "config.missing-brace": Text(
        title="bracket not closed",
        message="A bracket is opened in line {line}, never closed.",
        why=_OTHER_START,
        fix="Close it where its object ends; the wizard offers that where there is only one possible place.",
        source=_TRIED,
    ),
    "config.mixed-line-ends": Text(
        title="mixed line ends",
        message="{windows} lines end with CR LF and {unix} with LF; the first change is in line {line}.",
        why="The server accepts it, but it shows that two kinds of editors were at work, and a shell does not.",
        fix=_REPAIR,
        source=_TRIED,
    ),
    "config.not-utf-8": Text(
        title="bytes that are no UTF-8",
        message="Line {line} holds a byte that is no UTF-8, as Latin-1 editors write it; {count} in all.",
        why="Java shows such a byte as U+FFFD: a password or path with it is another one.",
        fix=_REPAIR,
        source=_TRIED,
    ),
    "config.nul": Text(
        title="NUL bytes",
        message="{count} NUL bytes, the first in line {line}.",
        why="They come from a crash or a broken upload, so that other content may be missing as well.",
        fix="Take the repair when they lie at the end; else restore the file from a backup.",
        source=_TRIED,
    ),
    "config.smart-quotes": Text(
        title="typographic quotes",
        message="A value in line {line} is in typographic quotes.",
        why="They are letters to the server: they become part of the password or path.",
        fix=_REPAIR,
        source=_TRIED,
    ),
    "config.syntax": Text(
        title="file cannot be read",
        message="The file cannot be read: {reason}.",
        why=_OTHER_START,
        fix="{hint}",
        source=_TRIED,
    ),
    "config.truncated": Text(
        title="file is cut off",
        message="The file ends in the middle of line {line}.",
        why="What was behind that place is missing, so that closing the brackets would not be enough.",
        fix="Restore it from a backup, or copy it again.",
        source=_TRIED,
    ),
    "config.utf-16": Text(
        title="file is UTF-16",
        message="The file is saved as UTF-16, not as UTF-8.",
        why=_OTHER_START,
        fix=_REPAIR,
        source=_TRIED,
    ),
    "config.world-readable-secret": Text(
        title="everybody can read the passwords",
        message="The mode {mode} lets every account read {file}, which holds {setting} in line {line}.",
        why="Whoever can log in can take the private key of the server.",
        fix="Take the right to read from others: mode 0640 with the group of the service, or 0600.\n"
        'On a gateway the change does it with unattended-restrict = "yes" in the answers.',
        source="POSIX file modes",
    ),
    "envfile.name": Text(
        title="no name of a setting",
        message="{name} is no name that a shell takes for a setting",
        why="A shell does not take it for a setting.",
        fix="Use letters, digits and _, and no digit in front.",
        source=_BASH,
    ),
    "envfile.open-quote": Text(
        title="a quote is not closed",
        message="line {line}: the quote that opens here is never closed",
        why="A shell takes all lines that follow as part of the value.",
        fix="Add the closing quote.",
        source=_BASH,
    ),
    "envfile.shell-code": Text(
        title="the setting is inside shell code",
        message="the file holds shell code (line {line}), so a line at its end may not count",
        why="What it is worth depends on how the code runs.",
        fix="Edit it by hand.",
        source=_BASH,
        cases={
            "other-line": Case("{name} cannot be changed here without changing another line"),
        },
    ),
    "envfile.too-large": Text(
        title="the file is too large",
        message="the file has {size} bytes; the wizard reads up to {limit}",
        why="Reading it would only fill the memory.",
        fix="Name the unattended file itself.",
        source="bound of the wizard",
    ),
    "envfile.unsafe-value": Text(
        title="the value cannot be written safely",
        message="the value for {name} holds {sign}, which a shell does not take as it is",
        why="If the installer sources the file, it reads another value than a parser that takes the text between "
        "the quotes.",
        fix="Choose a value without $, backtick, quotes, backslash and control characters.",
        source=_BASH,
    ),
    "envfile.utf-16": Text(
        title="the file is UTF-16",
        message="line {line}: the file is saved as UTF-16, which its reader does not understand",
        why="No installer reads it.",
        fix="Save it as UTF-8, or take the repair.",
        source=_BASH,
    ),
    "hocon.append-in-list": Text(
        title="+= inside a list",
        message="line {line}, column {column}: += inside a list cannot refer to what was there before",
        why=_NO_START,
        fix="Write the list out.",
        source=_LIGHTBEND,
    ),
    "hocon.control": Text(
        title="control character in quotes",
        message="line {line}, column {column}: the control character {sign} is inside double quotes",
        why=_NO_START,
        fix="Remove it, or write it as an escape like \\t.",
        source=_LIGHTBEND,
    ),
    "hocon.edit-not-proven": Text(
        title="the edit changed something else",
        message="reading the edited text again shows another change than that of {setting}",
        why=_NO_EFFECT,
        fix="Make the change by hand and report the file.",
        source=_LIGHTBEND,
        cases={
            "removed": Case("removing {setting} would change another setting"),
            "earlier": Case("removing {setting} would bring back an earlier value around it"),
            "broken": Case("the text with the new value of {setting} would not parse: {reason}"),
        },
    ),
    "hocon.escape": Text(
        title="unknown escape",
        message="line {line}, column {column}: {escape} is no escape that double quotes know; a backslash is written "
        "\\\\",
        why=_NO_START,
        fix="Write two backslashes.",
        source=_LIGHTBEND,
    ),
    "hocon.expansion": Text(
        title="the wizard's bound: substitutions",
        message="Following the substitutions needs more steps, or makes more text, than the wizard allows.",
        why=_BOUND,
        fix="Write the values out where substitutions refer to each other again and again.",
        source=_LIGHTBEND,
        cases={
            "steps": Case("line {line}, column {column}: the substitutions of {file} need more than {limit} steps"),
            "size": Case(
                "line {line}, column {column}: the substitutions of {file} need more than {limit} "
                "characters and list items"
            ),
        },
    ),
    "hocon.extra-brace": Text(
        title="a bracket is closed twice",
        message="line {line}, column {column}: this }} has no opening brace",
        why=_NO_START,
        fix="Remove it, or find the opening one that is missing.",
        source=_LIGHTBEND,
        cases={
            "text-follows": Case(
                "line {line}, column {column}: text follows after the bracket that closes the document"
            ),
        },
    ),
    "hocon.include": Text(
        title="an include cannot be read",
        message="line {line}, column {column}: an include must name its file in double quotes",
        why=_NO_START,
        fix='Write include "name.conf".',
        source=_LIGHTBEND,
        cases={
            "protocol": Case(
                "line {line}, column {column}: the address of this include begins with no protocol that Java knows"
            ),
            "bracket": Case("line {line}, column {column}: the ) of this include is missing"),
        },
    ),
    "hocon.key": Text(
        title="a key cannot be read",
        message='line {line}, column {column}: "{key}" is not followed by =, : or an object',
        why=_NO_START,
        fix="Correct the line.",
        source=_LIGHTBEND,
        cases={
            "expected": Case("line {line}, column {column}: a key is expected here, not {sign}"),
        },
    ),
    "hocon.list-root": Text(
        title="the file holds a list",
        message="line {line}, column {column}: the file holds a list, where settings are expected",
        why=_NO_START,
        fix="Give the file that holds the settings.",
        source=_LIGHTBEND,
    ),
    "hocon.long-path": Text(
        title="the wizard's bound: length of a path",
        message="line {line}, column {column}: this path has more than {limit} keys",
        why=_BOUND,
        fix=_WHOLE,
        source=_LIGHTBEND,
        cases={
            "with-includes": Case("line {line}, column {column}: this path has more than {limit} keys"),
            "included": Case("line {line}, column {column}: this path has more than {limit} keys (in {file})"),
        },
    ),
    "hocon.missing-brace": Text(
        title="a bracket is not closed",
        message="An object or list is opened and never closed.",
        why=_NO_START,
        fix="Close it.",
        source=_LIGHTBEND,
        cases={
            "object": Case("line {line}, column {column}: this {{ is never closed"),
            "list": Case("line {line}, column {column}: this [ is never closed"),
            "substitution": Case("line {line}, column {column}: this substitution is never closed"),
        },
    ),
    "hocon.missing-value": Text(
        title="a value is missing",
        message="line {line}, column {column}: this key has no value",
        why=_NO_START,
        fix="Give it one, or remove the line.",
        source=_LIGHTBEND,
    ),
    "hocon.mixed": Text(
        title="values that do not join",
        message="line {line}, column {column}: a text, a list or an object cannot be side by side",
        why=_NO_START,
        fix="Separate them: one value for one setting.",
        source=_LIGHTBEND,
        cases={
            "found": Case("line {line}, column {column}: {reason}"),
        },
    ),
    "hocon.not-a-text": Text(
        title="the setting holds more than a text",
        message="{setting} is {kind}{where}, not a single value",
        why="A single value in place of an object drops everything that the object holds.",
        fix="Look for the setting inside it.",
        source=_LIGHTBEND,
    ),
    "hocon.open-string": Text(
        title="a quote is not closed",
        message="line {line}, column {column}: a text in double quotes is opened here and not closed on its line",
        why=_NO_START,
        fix="Add the closing quote.",
        source=_LIGHTBEND,
        cases={
            "three-quotes": Case(
                "line {line}, column {column}: a text in three quotes is opened here and never closed"
            ),
        },
    ),
    "hocon.others-follow": Text(
        title="other settings would follow",
        message="{others} (line {line}) refers to {setting} and would change with it",
        why="Another setting that follows silently can break another part of the server.",
        fix="Give them a value of their own first, or agree that they follow.",
        source=_LIGHTBEND,
    ),
    "hocon.path": Text(
        title="the path cannot be read",
        message="A path has an empty part.",
        why=_NO_START,
        fix='Write the parts with one dot between, or "".',
        source=_LIGHTBEND,
        cases={
            "key": Case("line {line}, column {column}: a key with dots has an empty part"),
            "sign": Case("line {line}, column {column}: a substitution holds a sign that is no part of a path"),
            "substitution": Case("line {line}, column {column}: a substitution has an empty part in its path"),
            "setting": Case('"{path}" is not a path of a setting'),
        },
    ),
    "hocon.place-unknown": Text(
        title="no place for the key",
        message="{setting} is absent, and so is the object that it belongs to",
        why=_NO_EFFECT,
        fix="Give the full path of the object it belongs to; the objects are: {objects}.",
        source=_LIGHTBEND,
        cases={
            "no-objects": Case(fix="Give the full path of the object it belongs to; the file has no objects."),
        },
    ),
    "hocon.reserved": Text(
        title="a sign needs quotes",
        message="line {line}, column {column}: the character {sign} must be inside double quotes",
        why=_NO_START,
        fix="Put the value in double quotes.",
        source=_LIGHTBEND,
        cases={
            "dollar": Case("line {line}, column {column}: a $ outside quotes must begin a substitution like ${{name}}"),
            "plus": Case("line {line}, column {column}: a + outside quotes must be followed by ="),
        },
    ),
    "hocon.separator": Text(
        title="a separator is missing",
        message="line {line}, column {column}: a comma or a new line is missing before this",
        why=_NO_START,
        fix="Put in a comma.",
        source=_LIGHTBEND,
        cases={
            "list": Case("line {line}, column {column}: a comma, a new line or ] is missing before this"),
        },
    ),
    "hocon.several-commented": Text(
        title="commented out in several places",
        message="{setting} is commented out in the lines {lines}",
        why=_NO_EFFECT,
        fix="Remove the comment sign at the right place by hand.",
        source=_LIGHTBEND,
    ),
    "hocon.shadowed": Text(
        title="another place wins",
        message="an edit of {setting} would not count, because it is set again{where}",
        why=_NO_EFFECT,
        fix="Change or remove that place first.",
        source=_LIGHTBEND,
        cases={
            "doubt": Case("an edit of {setting} might not count, because of {reason}"),
            "object": Case(
                "an edit of {setting} would not count, because a later line gives the object around it another value"
            ),
        },
    ),
    "hocon.too-deep": Text(
        title="nested too deeply",
        message="line {line}, column {column}: more than {limit} brackets are open here",
        why=_NO_START,
        fix="Nest them less deeply.",
        source=_LIGHTBEND,
    ),
    "hocon.too-large": Text(
        title="the wizard's bound: bytes",
        message="line {line}, column {column}: the file has more than {limit} bytes, which is the most that is read",
        why=_BOUND,
        fix=_WHOLE,
        source=_LIGHTBEND,
    ),
    "hocon.too-many-appends": Text(
        title="the wizard's bound: +=",
        message="line {line}, column {column}: the file has more than {limit} +=",
        why=_BOUND,
        fix="Write the list out.",
        source=_LIGHTBEND,
    ),
    "hocon.too-many-keys": Text(
        title="the wizard's bound: keys",
        message="line {line}, column {column}: the file has more than {limit} keys, list items and substitutions",
        why=_BOUND,
        fix=_WHOLE,
        source=_LIGHTBEND,
        cases={
            "with-includes": Case("line {line}, column {column}: with its includes more than {limit} settings"),
            "included": Case("line {line}, column {column}: with its includes more than {limit} settings (in {file})"),
        },
    ),
    "hocon.utf-16": Text(
        title="the file is UTF-16",
        message="line {line}: the file is saved as UTF-16, which its reader does not understand",
        why=_NO_START,
        fix="Save it as UTF-8, or take the repair.",
        source=_LIGHTBEND,
    ),
    "hocon.value-not-text": Text(
        title="the value cannot be written",
        message="the value holds half of a surrogate pair",
        why=_NO_START,
        fix="Type the value again.",
        source=_LIGHTBEND,
    ),
}
