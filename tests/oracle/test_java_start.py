"""What a start of Java makes of a setting: the parser against Java itself and `ConfigFactory.load()`."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import LIGHTBEND_JAR, javac_classes, jre
from wizard.configs import hocon, java_start
from wizard.configs.java_start import READ_BY_JAVA, READ_BY_SCRIPTS

PATH = "hcp.tls.file"
CONF = 'hcp.tls.file = "from application.conf"\n'
OTHER = 'hcp { tls { file = "from other.conf" } }\n'


@dataclass(frozen=True)
class Case:
    """Words before the main class and after it, variables, and argument files."""

    words: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


ARGUMENTS = r"""
# a comment -Dhcp.tls.file=comment
-Dx=1 # -Dhcp.tls.file=after
"-Dhcp.tls.file=C:\\folder\tnext \
    line" -Dy=a#b
'-Dz=quoted "here"'
"""

CASES = {
    "nothing": Case(),
    "option": Case(("-Dhcp.tls.file=option",)),
    "option twice": Case(("-Dhcp.tls.file=first", "-Dhcp.tls.file=second")),
    "option without value": Case(("-Dhcp.tls.file",)),
    "equals sign in the value": Case(("-Dhcp.tls.file=a=b c",)),
    "options after the main class": Case((), ("-Dhcp.tls.file=argument",)),
    "options after one that takes a value": Case(("--add-modules", "java.sql", "-Dhcp.tls.file=late")),
    "tool options": Case((), (), {"JAVA_TOOL_OPTIONS": "-Xmx64m '-Dhcp.tls.file=tool options'"}),
    "quotes inside a word": Case((), (), {"JAVA_TOOL_OPTIONS": '-Dhcp.tls.file="a b"c\\d'}),
    "all of them": Case(
        ("-Dhcp.tls.file=line",),
        (),
        {
            "JAVA_TOOL_OPTIONS": "-Dhcp.tls.file=tool",
            "JDK_JAVA_OPTIONS": "-Dhcp.tls.file=jdk",
            "_JAVA_OPTIONS": "-Dhcp.tls.file=last",
        },
    ),
    "jdk options and the line": Case(("-Dhcp.tls.file=line",), (), {"JDK_JAVA_OPTIONS": "-Dhcp.tls.file=jdk"}),
    "jdk options over tool options": Case(
        (), (), {"JAVA_TOOL_OPTIONS": "-Dhcp.tls.file=tool", "JDK_JAVA_OPTIONS": "-Dhcp.tls.file=jdk"}
    ),
    "a variable for scripts": Case((), (), {"JAVA_OPTS": "-Dhcp.tls.file=script"}),
    "argument file": Case(("@arguments",), (), {}, {"arguments": ARGUMENTS}),
    "argument file in a variable": Case((), (), {"JDK_JAVA_OPTIONS": "@arguments"}, {"arguments": ARGUMENTS}),
    "no argument file in tool options": Case((), (), {"_JAVA_OPTIONS": "-Dhcp.tls.file=@arguments"}),
    "text for an object above": Case(("-Dhcp.tls=text",)),
    "text above that is an object": Case(("-Dhcp=text", "-Dhcp.home=/opt")),
    "object in its place": Case(("-Dhcp.tls.file.name=x",)),
    "a neighbour": Case(("-Dhcp.tls.files=x", "-Dhcp.tl=y")),
    "another file": Case(("-Dconfig.file=other.conf",)),
    "another file in a variable": Case((), (), {"JAVA_TOOL_OPTIONS": "-Dconfig.file=other.conf"}),
    "another file and an option": Case(("-Dconfig.file=other.conf", "-Dhcp.tls.file=option")),
    "another resource": Case(("-Dconfig.resource=other.conf",)),
    "no such file": Case(("-Dconfig.file=none.conf",)),
    "two places": Case(("-Dconfig.file=other.conf", "-Dconfig.resource=other.conf")),
    "forced without the switch": Case((), (), {"CONFIG_FORCE_hcp_tls_file": "forced"}),
}
SELDOM = (
    "nothing",
    "option",
    "equals sign in the value",
    "tool options",
    "jdk options over tool options",
    "a neighbour",
    "another file in a variable",
    "another file and an option",
)
"""Their rules are parts of other cases."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "application.conf").write_text(CONF)
    (tmp_path / "other.conf").write_text(OTHER)
    return tmp_path


def expected(case: Case, argv: list[str], folder: Path) -> str:
    """What the parser makes of it, in the words of the Java program."""
    files = {name: (folder / name).read_text() for name in case.files}
    start = java_start.parse(argv, case.variables, files.get)
    named = [start.properties[name].value for name in java_start.CONFIG_PLACES if name in start.properties]
    if len(named) > 1 or (named and not (folder / named[0]).exists()):
        return "none"
    told = start.overruling(hocon.parse_path(PATH))
    if told is not None:
        # An object above or below the setting leaves no text.
        exact = told.name == f"-D{PATH}"
        return f"value {told.value}" if exact else "none"
    document = hocon.parse((folder / (named[0] if named else "application.conf")).read_bytes())
    value = document.get(PATH)
    assert value is not None
    return f"value {value.text}"


@pytest.mark.parametrize("name", mostly_exhaustive(CASES, {*CASES}.difference(SELDOM).__contains__))
def test_java_reads_it_alike(name: str, folder: Path) -> None:
    case = CASES[name]
    for file, text in case.files.items():
        (folder / file).write_text(text)
    classpath = f"{folder}:{javac_classes('ConfigLoad')}:{LIGHTBEND_JAR}"
    lean = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
    argv = [str(jre("17") / "bin" / "java"), *lean, "-cp", classpath, *case.words, "ConfigLoad", PATH, *case.after]
    clean = {
        key: value for key, value in os.environ.items() if key not in {*READ_BY_JAVA, *READ_BY_SCRIPTS, "CLASSPATH"}
    }
    done = subprocess.run(
        argv, env={**clean, **case.variables}, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    kind, _, text = done.stdout.removesuffix("\n").partition(" ")
    assert (kind if kind == "none" else f"{kind} {text}") == expected(case, argv, folder)
