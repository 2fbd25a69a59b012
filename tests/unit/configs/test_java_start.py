"""Options of Java's start: what is beyond the reach of the library in the tests (1.3), and systemd's command lines.

`tests/oracle/test_java_start.py` compares the rest with Java itself.
"""

import pytest

from wizard.configs import java_start
from wizard.configs.java_start import Option

SWITCH = "-Dconfig.override_with_env_vars=true"


def nothing(_: str) -> None:
    return None


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ("CONFIG_FORCE_hcp_tls_file", "hcp.tls.file"),
        ("CONFIG_FORCE_hcp_default__keystore__file", "hcp.default-keystore-file"),
        ("CONFIG_FORCE_hcp_a___b", "hcp.a_b"),
        ("CONFIG_FORCE_hcp_", "hcp."),
        ("CONFIG_FORCE_x____y", None),
        ("CONFIG_FORCED_x", None),
        ("XCONFIG_FORCE_x", None),
    ],
)
def test_underscores_of_forced_settings(variable: str, path: str | None) -> None:
    start = java_start.parse(["java", SWITCH, "Main"], {variable: "value"}, nothing)
    assert list(start.forced) == ([path] if path is not None else [])


@pytest.mark.parametrize(
    ("switch", "counts"),
    [(SWITCH, True), (SWITCH.replace("true", "TRUE"), True), (SWITCH.replace("true", "1"), False), ("-Dx=true", False)],
)
def test_forced_settings_need_the_switch(switch: str, counts: bool) -> None:
    given = {"CONFIG_FORCE_hcp_file": "forced", "JAVA_TOOL_OPTIONS": switch}
    told = java_start.parse(["java", "-Dhcp.file=option", "Main"], given, nothing).overruling(("hcp", "file"))
    assert told == (
        Option("CONFIG_FORCE_hcp_file", "forced", "CONFIG_FORCE_hcp_file") if counts else Option("-Dhcp.file", "option")
    )


def test_a_value_is_never_in_the_representation() -> None:
    start = java_start.parse(["java", "-Dhcp.password=s3cret", "Main"], {}, nothing)
    assert "s3cret" not in repr(start)
    assert start.properties["hcp.password"].value == "s3cret"


def test_the_source_of_each_option_is_kept() -> None:
    given = {"JAVA_TOOL_OPTIONS": "-Da=1", "JDK_JAVA_OPTIONS": "-Db=2", "_JAVA_OPTIONS": "-Dc=3"}
    start = java_start.parse(
        ["java", "-Dd=4", "@more", "-jar", "-De=5", "x.jar", "-Df=6"], given, {"more": "-Dg=7"}.get
    )
    assert {name: told.source for name, told in start.properties.items()} == {
        "a": "JAVA_TOOL_OPTIONS",
        "b": "JDK_JAVA_OPTIONS",
        "c": "_JAVA_OPTIONS",
        "d": "",
        "e": "",
        "g": "@more",
    }


def test_command_lines_as_systemd_expands_them() -> None:
    words = ["java", "$OPTIONS", "-Dhome=${HOME_OF}/x", "-Dprice=$$5", "$NONE", "$x-y"]
    given = {"OPTIONS": "-Da=1 '-Db=2 3'", "HOME_OF": "/opt"}
    assert java_start.expanded(words, given) == [
        "java",
        "-Da=1",
        "-Db=2 3",
        "-Dhome=/opt/x",
        "-Dprice=$5",
        "$x-y",
    ]
