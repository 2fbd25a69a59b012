"""The options and variables of one start of Java, and what of them overrules a HOCON file.

Sources: java(1) for argument files and JDK_JAVA_OPTIONS, the JVM Tool Interface for JAVA_TOOL_OPTIONS, HotSpot for
_JAVA_OPTIONS, and the Lightbend config library for what `ConfigFactory.load()` makes of properties and variables.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

READ_BY_JAVA = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
"""Variables that Java itself reads."""

READ_BY_SCRIPTS = ("JAVA_OPTS", "JAVA_OPTIONS", "JVM_OPTS")
"""Variables that start scripts usually pass on to Java, which does not read them."""

CONFIG_PLACES = ("config.file", "config.resource", "config.url")
"""Properties that name what is read in place of the application.conf of the class path; Java refuses two of them."""

_FORCE = "CONFIG_FORCE_"
_FORCE_SWITCH = "config.override_with_env_vars"
_SIGNS = {1: ".", 2: "-", 3: "_"}
"""So many underscores in the name of a CONFIG_FORCE variable, and what they mean in the path."""

_IN_VARIABLE = re.compile(r"""(?P<blank>\s+)|"(?P<double>[^"]*)"?|'(?P<single>[^']*)'?|(?P<bare>[^\s"']+)""")
_IN_FILE = re.compile(
    r"""(?P<blank>\s+|\#[^\r\n]*)|"(?P<double>(?:[^"\\]|\\[\s\S])*)"?|'(?P<single>(?:[^'\\]|\\[\s\S])*)'?"""
    r"""|(?P<bare>[^\s"'#]+)"""
)
_ESCAPE = re.compile(r"\\(\r?\n[ \t]*|[\s\S])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}

_TAKES_VALUE = {
    *("-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path", "--add-modules"),
    *("--limit-modules", "--add-exports", "--add-opens", "--add-reads", "--patch-module", "--source"),
    *("--enable-native-access", "-d", "--describe-module"),
}
"""Options of java whose value is the next word; after `-jar` and `-m` that word is what is started."""

Reader = Callable[[str], str | None]
"""Gives the text of an argument file by its name; None when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Option:
    """One system property or forced setting.

    Attributes:
        name: as it is written: `-Dconfig.file`, `CONFIG_FORCE_hcp_home`.
        value: what it is set to; may be a password.
        source: the variable or the argument file (`@` and its name) that holds it; "" is the command line.
    """

    name: str
    value: str = field(repr=False)
    source: str = ""


@dataclass(frozen=True, slots=True)
class JavaStart:
    """The options of one start of Java.

    Attributes:
        properties: system properties by name.
        forced: settings that variables force upon every file, by path.
    """

    properties: Mapping[str, Option] = field(default_factory=dict)
    forced: Mapping[str, Option] = field(default_factory=dict)

    def overruling(self, keys: Sequence[str]) -> Option | None:
        """What wins over the file for the setting with these *keys*; None when the file counts.

        A text for an object above the setting hides it, and an object in its place makes it no text: then the value
        is "".
        """
        for layer in (self.forced, self.properties):
            found = _overruling(layer, tuple(keys))
            if found is not None:
                return found
        return None


def parse(argv: Sequence[str], environment: Mapping[str, str], read: Reader) -> JavaStart:
    """The options of a Java that is started with *argv* and *environment*.

    Args:
        argv: program and arguments; empty when only the environment is known.
        environment: of the process.
        read: gives argument files.
    """
    options: list[Option] = []
    before, between, after = READ_BY_JAVA
    for name in (before, between, "", after):
        words = split(environment.get(name, "")) if name else argv[1:]
        with_files = name in {"", "JDK_JAVA_OPTIONS"}
        pairs = _with_files(words, name, read) if with_files else [(word, name) for word in words]
        options += _properties(pairs)
    properties = {each.name.removeprefix("-D"): each for each in options}  # the last one counts
    switch = properties.get(_FORCE_SWITCH)
    forced = _forced(environment) if switch is not None and switch.value.lower() == "true" else {}
    return JavaStart(properties, forced)


def split(text: str) -> list[str]:
    """The words of a variable that Java reads: quotes hold words together, nothing is escaped."""
    return _words(_IN_VARIABLE, text)


def argument_file(text: str) -> list[str]:
    """The words of an argument file: as `split`, with comments, and with escapes inside quotes."""
    return _words(_IN_FILE, text, lambda part: _ESCAPE.sub(_unescaped, part))


def expanded(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """A command line as systemd runs it: `$NAME` alone becomes several words, `${NAME}` a part of one."""
    result: list[str] = []
    for word in words:
        alone = re.fullmatch(r"\$([A-Za-z_]\w*)", word)
        if alone:
            result += split(environment.get(alone[1], ""))
        else:
            result.append(
                re.sub(
                    r"\$\$|\$\{([A-Za-z_]\w*)\}", lambda found: environment.get(found[1], "") if found[1] else "$", word
                )
            )
    return result


def _words(pattern: re.Pattern[str], text: str, quoted: Callable[[str], str] = str) -> list[str]:
    words: list[str] = []
    inside = False
    for found in pattern.finditer(text):
        if found["blank"] is not None:
            inside = False
            continue
        part = found["bare"]
        if part is None:
            part = quoted(found["double"] if found["double"] is not None else found["single"])
        if inside:
            words[-1] += part
        else:
            words.append(part)
        inside = True
    return words


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1]
    return "" if sign.startswith(("\n", "\r\n")) else _ESCAPED.get(sign, sign)


def _with_files(words: Sequence[str], source: str, read: Reader) -> Iterator[tuple[str, str]]:
    """Each word with its source, argument files opened; files in files are not."""
    for word in words:
        if word.startswith("@@"):
            yield word[1:], source
        elif word.startswith("@"):
            yield from ((inner, word) for inner in argument_file(read(word[1:]) or ""))
        else:
            yield word, source


def _properties(pairs: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Iterator[Option]:
    """The `-D` options among the words, up to what is started."""
    value_follows = False
    for word, source in pairs:
        if word.startswith("-"):
            if word.startswith("-D") and len(word) > 2:
                name, _, value = word.partition("=")
                yield Option(name, value, source)
            if word.startswith("--module="):
                return
            value_follows = word in _TAKES_VALUE
        elif value_follows:
            value_follows = False
        else:
            return


def _forced(environment: Mapping[str, str]) -> dict[str, Option]:
    """Paths that the `CONFIG_FORCE_` variables of *environment* set; one with four underscores has no path."""
    return {
        re.sub("_+", lambda run: _SIGNS[len(run[0])], name.removeprefix(_FORCE)): Option(name, value, name)
        for name, value in environment.items()
        if name.startswith(_FORCE) and "____" not in name.removeprefix(_FORCE)
    }


def _overruling(layer: Mapping[str, Option], keys: tuple[str, ...]) -> Option | None:
    paths = {tuple(name.split(".")): told for name, told in layer.items()}
    for path, told in paths.items():
        shorter = min(len(path), len(keys))
        if path[:shorter] != keys[:shorter]:
            continue
        is_object = any(len(other) > len(path) and other[: len(path)] == path for other in paths)
        if path == keys and not is_object:
            return told
        if len(path) > len(keys) or (path != keys and not is_object):
            return replace(told, value="")
    return None
