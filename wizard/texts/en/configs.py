"""Texts: configuration files."""

from functools import partial

from wizard.texts.model import Case, Text

_OTHER_START = "The server does not start with such a file, or starts with other values."

IN_FILE = "{file}, {message}."
"""What a parser says, who knows lines and not files."""

_of_hocon = partial(Text, source="HOCON specification; behaviour of the Lightbend config library 1.3.1")
_no_start = partial(_of_hocon, why="The server does not start with a configuration that it cannot read.")
_tried = partial(
    Text,
    source="tried with the Lightbend config library 1.3.1, Java 17 and bash; vendor manual (warning about Notepad)",
)
_of_bash = partial(Text, source="bash manual, sections Quoting and Shell Parameters; tried with bash and augeas")
_repairable = partial(_tried, fix="Accept the repair that the wizard offers, or correct the line.")
_beyond = partial(
    _of_hocon, why="Without this limit, a short file could block the wizard for hours or fill the memory."
)
_too_big = partial(_beyond, fix="Check that this is the server's configuration, and shorten it.")
_without_effect = partial(_of_hocon, why="The edit would seem to work, but the server would keep its old setting.")

TEXTS: dict[str, Text] = {
    "config.bom": _repairable(
        title="byte order mark",
        message="The file begins with a UTF-8 byte order mark.",
        why="The server accepts it. A shell takes it as part of the first name, and other tools fail.",
    ),
    "config.crlf": _tried(
        title="Windows line endings",
        message="All lines end with CR LF.",
        why="The server accepts them, and the wizard keeps them.",
        fix="Nothing needs to be done.",
    ),
    "config.crlf-in-shell-file": _tried(
        title="Windows line endings in a shell file",
        message="{windows} lines end with CR LF, the first is line {line}.",
        why="A shell takes the carriage return as part of each value, so passwords and paths are wrong.",
        fix='Accept the repair that the wizard offers (unattended-repair = "yes" in the '
        "answers), or save the file with Linux line endings.",
    ),
    "config.duplicate": Text(
        title="setting present more than once",
        message="The value of {setting} on line {line} is in effect. It hides the value on line {hidden}.",
        why="An edit of the hidden line would seem to work, but change nothing.",
        fix="Keep the line that is in use and remove the others.",
        source="HOCON specification, section Duplicate keys; bash manual",
    ),
    "config.known-password": Text(
        title="well-known password",
        message="The value of {setting} on line {line} is a well-known password, which attackers try first.",
        why="Whoever can read the key store can then use the private key as well.",
        fix="Let the wizard generate another one when it writes the key store.",
        source="vendor manual (its example uses changeit); lists of common passwords",
    ),
    "config.missing-brace": _tried(
        title="bracket not closed",
        message="The bracket on line {line} is never closed.",
        why=_OTHER_START,
        fix="Close it where its object ends. If only one place is possible, the wizard offers to do it.",
    ),
    "config.mixed-line-ends": _repairable(
        title="mixed line endings",
        message="{windows} lines end with CR LF and {unix} with LF; the first change is on line {line}.",
        why="The server accepts this, a shell does not. Two kinds of editors were used.",
    ),
    "config.not-utf-8": _repairable(
        title="bytes that are not UTF-8",
        message="Line {line} contains a byte that is not UTF-8, as Latin-1 editors write it; {count} in total.",
        why="Java reads such a byte as U+FFFD, so a password or path with it is wrong.",
    ),
    "config.nul": _tried(
        title="NUL bytes",
        message="The file has {count} NUL bytes, the first on line {line}.",
        why="They come from a crash or a failed upload, so other content may be missing too.",
        fix="If they are at the end, accept the repair. Otherwise restore the file from a backup.",
    ),
    "config.smart-quotes": _repairable(
        title="typographic quotes",
        message="A value on line {line} is in typographic quotes.",
        why="To the server they are ordinary characters: they become part of the password or path.",
    ),
    "config.syntax": _tried(
        title="file cannot be read",
        message="The file cannot be read: {reason}.",
        why=_OTHER_START,
        fix="{hint}",
    ),
    "config.truncated": _tried(
        title="file is cut off",
        message="The file ends in the middle of line {line}.",
        why="What followed is missing, so it is not enough to close the brackets.",
        fix="Restore it from a backup, or copy it again.",
    ),
    "config.utf-16": _repairable(
        title="file is UTF-16",
        message="The file is saved as UTF-16, not as UTF-8.",
        why=_OTHER_START,
    ),
    "config.world-readable-secret": Text(
        title="every account can read the passwords",
        message="With mode {mode} every account can read {file}, which contains {setting} on line {line}.",
        why="Whoever can log in can take the private key of the server.",
        fix="Remove the read permission of others: mode 0640 with the group of the service, or 0600.\n"
        'On a gateway the change does it with unattended-restrict = "yes" in the answers.',
        source="POSIX file modes",
    ),
    "envfile.name": _of_bash(
        title="not a valid name of a setting",
        message="{name} is not a name that a shell accepts for a setting",
        why="A shell would report an error in this line.",
        fix="Use letters, digits and _, and no digit at the beginning.",
    ),
    "envfile.open-quote": _of_bash(
        title="a quote is not closed",
        message="line {line}: the quote that opens here is never closed",
        why="A shell takes all following lines as part of the value.",
        fix="Add the closing quote.",
    ),
    "envfile.shell-code": _of_bash(
        title="the setting is inside shell code",
        message="the file contains shell code (line {line}), so a line at its end may have no effect",
        why="Its value depends on how the code runs.",
        fix="Edit the file manually.",
        cases={
            "other-line": Case("{name} cannot be changed without changing another line"),
        },
    ),
    "envfile.too-large": Text(
        title="the file is too large",
        message="the file has {size} bytes, but the wizard reads at most {limit}",
        why="Reading it would only fill the memory.",
        fix="Choose the unattended file itself.",
        source="bound of the wizard",
    ),
    "envfile.unsafe-value": _of_bash(
        title="the value cannot be written safely",
        message="the value for {name} has {sign}, which a shell does not read literally",
        why="A shell would read another value than a parser that takes the text between the quotes.",
        fix="Choose a value without $, backtick, quotes, backslash and control characters.",
    ),
    "envfile.utf-16": _of_bash(
        title="the file is UTF-16",
        message="line {line}: the file is saved as UTF-16, which its reader cannot read",
        why="No installer can read it.",
        fix="Save it as UTF-8, or accept the repair.",
    ),
    "hocon.append-in-list": _no_start(
        title="+= inside a list",
        message="line {line}, column {column}: += inside a list cannot refer to an earlier value",
        fix="Write the whole list.",
    ),
    "hocon.control": _no_start(
        title="control character in quotes",
        message="line {line}, column {column}: the control character {sign} is inside double quotes",
        fix="Remove it, or write it as an escape like \\t.",
    ),
    "hocon.edit-not-proven": _without_effect(
        title="the edit would change something else",
        message="the edit would change more than {setting}",
        fix="Make the change manually, and please report this as a bug.",
        cases={
            "removed": Case("removing {setting} would change another setting"),
            "earlier": Case("without {setting}, an earlier value would be in use again"),
            "broken": Case("the text with the new value of {setting} could not be parsed: {reason}"),
        },
    ),
    "hocon.escape": _no_start(
        title="unknown escape",
        message="line {line}, column {column}: {escape} is not a valid escape in double quotes. Write a "
        "backslash as \\\\",
        fix="Write two backslashes.",
    ),
    "hocon.expansion": _beyond(
        title="too many substitutions",
        message="The substitutions need more steps, or make more text, than the wizard allows.",
        fix="Replace nested substitutions with their values.",
        cases={
            "steps": Case("line {line}, column {column}: the substitutions of {file} need more than {limit} steps"),
            "size": Case(
                "line {line}, column {column}: the substitutions of {file} need more than {limit} "
                "characters and list items"
            ),
        },
    ),
    "hocon.extra-brace": _no_start(
        title="a bracket is closed twice",
        message="line {line}, column {column}: this }} has no opening brace",
        fix="Remove it, or add the opening one that is missing.",
        cases={
            "text-follows": Case("line {line}, column {column}: text follows after the last closing bracket"),
        },
    ),
    "hocon.include": _no_start(
        title="an include cannot be read",
        message="line {line}, column {column}: an include must name its file in double quotes",
        fix='Write include "name.conf".',
        cases={
            "protocol": Case(
                "line {line}, column {column}: the address of this include has no protocol that Java knows"
            ),
            "bracket": Case("line {line}, column {column}: the ) of this include is missing"),
        },
    ),
    "hocon.key": _no_start(
        title="a key cannot be read",
        message='line {line}, column {column}: "{key}" is not followed by =, : or an object',
        fix="Correct the line.",
        cases={
            "expected": Case("line {line}, column {column}: a key is expected here, not {sign}"),
        },
    ),
    "hocon.list-root": _no_start(
        title="the file contains a list",
        message="line {line}, column {column}: the file contains a list instead of settings",
        fix="Use the file with the settings.",
    ),
    "hocon.long-path": _too_big(
        title="a path is too long",
        message="line {line}, column {column}: this path has more than {limit} keys",
        cases={
            "with-includes": Case("line {line}, column {column}: this path has more than {limit} keys"),
            "included": Case("line {line}, column {column}: this path has more than {limit} keys (in {file})"),
        },
    ),
    "hocon.missing-brace": _no_start(
        title="a bracket is not closed",
        message="An object or list is opened, but never closed.",
        fix="Close it.",
        cases={
            "object": Case("line {line}, column {column}: this {{ is never closed"),
            "list": Case("line {line}, column {column}: this [ is never closed"),
            "substitution": Case("line {line}, column {column}: this substitution is never closed"),
        },
    ),
    "hocon.missing-value": _no_start(
        title="a value is missing",
        message="line {line}, column {column}: this key has no value",
        fix="Add a value, or remove the line.",
    ),
    "hocon.mixed": _no_start(
        title="values that cannot be joined",
        message="line {line}, column {column}: text, lists and objects cannot be joined",
        fix="Separate them: one value for one setting.",
        cases={
            "found": Case("line {line}, column {column}: {reason}"),
        },
    ),
    "hocon.not-a-text": _of_hocon(
        title="the setting is not a single value",
        message="{setting} is {kind}{where}, not a single value",
        why="A single value in place of an object removes everything in the object.",
        fix="Look for the setting inside it.",
    ),
    "hocon.open-string": _no_start(
        title="a quote is not closed",
        message="line {line}, column {column}: a text in double quotes begins here and does not end on its line",
        fix="Add the closing quote.",
        cases={
            "three-quotes": Case("line {line}, column {column}: a text in triple quotes begins here and does not end"),
        },
    ),
    "hocon.others-follow": _of_hocon(
        title="other settings would change too",
        message="{others} (line {line}) refers to {setting} and would change too",
        why="This could break another part of the server.",
        fix="First give them their own value, or confirm that they change.",
    ),
    "hocon.path": _no_start(
        title="the path cannot be read",
        message="A path has an empty part.",
        fix='Write the parts with one dot in between, or "".',
        cases={
            "key": Case("line {line}, column {column}: a key with dots has an empty part"),
            "sign": Case("line {line}, column {column}: a substitution has a character that cannot be in a path"),
            "substitution": Case("line {line}, column {column}: a substitution has an empty part in its path"),
            "setting": Case('"{path}" is not the path of a setting'),
        },
    ),
    "hocon.place-unknown": _without_effect(
        title="no place for the key",
        message="{setting} is missing, and so is the object that it belongs to",
        fix="Give the full path of the object that it belongs to. The objects are: {objects}.",
        cases={
            "no-objects": Case(fix="Give the full path of the object that it belongs to. The file has no objects."),
        },
    ),
    "hocon.reserved": _no_start(
        title="a character needs quotes",
        message="line {line}, column {column}: the character {sign} must be inside double quotes",
        fix="Put the value in double quotes.",
        cases={
            "dollar": Case("line {line}, column {column}: a $ outside quotes must begin a substitution like ${{name}}"),
            "plus": Case("line {line}, column {column}: a + outside quotes must be followed by ="),
        },
    ),
    "hocon.separator": _no_start(
        title="a separator is missing",
        message="line {line}, column {column}: a comma or a new line is missing before this",
        fix="Add a comma.",
        cases={
            "list": Case("line {line}, column {column}: a comma, a new line or ] is missing before this"),
        },
    ),
    "hocon.several-commented": _of_hocon(
        title="commented out in several places",
        message="{setting} is commented out on lines {lines}",
        why="It is not clear which of them is meant.",
        fix="Remove the comment sign at the right place manually.",
    ),
    "hocon.shadowed": _without_effect(
        title="another place overrides this one",
        message="an edit of {setting} would have no effect, because it is set again{where}",
        fix="Change or remove that place first.",
        cases={
            "doubt": Case("an edit of {setting} might have no effect: {reason}"),
            "object": Case("an edit of {setting} would have no effect: a later line replaces the object around it"),
        },
    ),
    "hocon.too-deep": _no_start(
        title="nested too deeply",
        message="line {line}, column {column}: more than {limit} brackets are open here",
        fix="Nest them less deeply.",
    ),
    "hocon.too-large": _too_big(
        title="the file is too large",
        message="line {line}, column {column}: the file has more than {limit} bytes, which is the limit",
    ),
    "hocon.too-many-appends": _beyond(
        title="too many +=",
        message="line {line}, column {column}: the file has more than {limit} +=",
        fix="Write the whole list.",
    ),
    "hocon.too-many-keys": _too_big(
        title="too many keys",
        message="line {line}, column {column}: the file has more than {limit} keys, list items and substitutions",
        cases={
            "with-includes": Case("line {line}, column {column}: with its includes more than {limit} settings"),
            "included": Case("line {line}, column {column}: with its includes more than {limit} settings (in {file})"),
        },
    ),
    "hocon.utf-16": _no_start(
        title="the file is UTF-16",
        message="line {line}: the file is saved as UTF-16, which its reader cannot read",
        fix="Save it as UTF-8, or accept the repair.",
    ),
    "hocon.value-not-text": _no_start(
        title="the value cannot be written",
        message="the value contains half of a surrogate pair",
        fix="Type the value again.",
    ),
}
