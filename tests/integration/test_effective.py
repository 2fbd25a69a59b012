"""What overrules application.conf is named with its place, and a change that it would undo is refused."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import LIGHTBEND_JAR, javac_classes, jre
from tests.support.practice import Practice, practice
from wizard.host import effective
from wizard.host.machine import Machine
from wizard.host.systemd import UnitState

FILE = "hcp.server.tls.default-keystore-file"
PASSWORD = "hcp.server.tls.default-keystore-password"
JAVA = "/opt/hcp/jre/bin/java"
ELSEWHERE = f"-D{FILE}=/opt/hcp/conf/old.pfx"


def drop_in(made: Practice, *lines: str) -> None:
    """A drop-in of the unit with *lines* in its section of the service; nothing is started."""
    folder = made.deployment.unit_file.with_name("hcp-server.service.d")
    folder.mkdir(exist_ok=True)
    (folder / "java.conf").write_text("\n".join(["# comes with a monitoring agent", "[Service]", *lines, ""]))
    made.systemctl("daemon-reload")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "x", java=None, start=False) as one:
        yield one


WAYS = {
    "option in the unit": ((f"ExecStart={JAVA} {ELSEWHERE} -jar x.jar",), f"-D{FILE}", "line 3 of {drop_in}"),
    "variable": ((f'Environment="JAVA_TOOL_OPTIONS=-Xmx1g {ELSEWHERE}"',), f"-D{FILE}", "line 3 of {drop_in}"),
    "variable in the command": (
        (f"ExecStart={JAVA} $MORE -jar x.jar", f"Environment=MORE={ELSEWHERE}"),
        f"-D{FILE}",
        "line 4 of {drop_in}",
    ),
    "environment file": (("EnvironmentFile=/etc/default/hcp",), f"-D{FILE}", "line 2 of /etc/default/hcp"),
    "argument file": (
        ("WorkingDirectory=/opt/hcp", f"ExecStart={JAVA} @conf/java.args -jar x.jar"),
        f"-D{FILE}",
        "line 2 of /opt/hcp/conf/java.args",
    ),
    "password": ((f"ExecStart={JAVA} -D{PASSWORD}=0ther -jar x.jar",), f"-D{PASSWORD}", "line 3 of {drop_in}"),
    "object above": ((f"ExecStart={JAVA} -Dhcp.server.tls=off -jar x.jar",), "-Dhcp.server.tls", "line 3 of {drop_in}"),
    "forced": (
        (
            f"ExecStart={JAVA} -Dconfig.override_with_env_vars=true -jar x.jar",
            "Environment=CONFIG_FORCE_hcp_server_tls_default__keystore__file=/old.pfx",
        ),
        "CONFIG_FORCE_hcp_server_tls_default__keystore__file",
        "line 4 of {drop_in}",
    ),
    "file": ((f"ExecStart={JAVA} -Dconfig.file=/etc/hcp.conf -jar x.jar",), "-Dconfig.file", "line 3 of {drop_in}"),
    "resource": (
        (f"ExecStart={JAVA} -Dconfig.resource=x.conf -jar x.jar",),
        "-Dconfig.resource",
        "line 3 of {drop_in}",
    ),
    "address": (
        (f"ExecStart={JAVA} -Dconfig.url=http://config.test/application.conf -jar x.jar",),
        "-Dconfig.url",
        "line 3 of {drop_in}",
    ),
}
"""The lines of a drop-in, the option that counts instead of application.conf, and where it stands."""
OFTEN = {"option in the unit", "environment file", "forced", "file"}


@pytest.mark.parametrize("way", mostly_exhaustive(WAYS, OFTEN.__contains__))
def test_an_edit_that_would_be_overruled_is_refused_with_the_place(made: Practice, way: str) -> None:
    lines, option, place = WAYS[way]
    drop_in(made, *lines)
    (made.root / "etc/default").mkdir()
    (made.root / "etc/default/hcp").write_text(f'# options\nJAVA_TOOL_OPTIONS="{ELSEWHERE}"\n')
    (made.root / "opt/hcp/conf/java.args").write_text(f"-Xmx1g\n{ELSEWHERE}\n")
    before = made.tree()
    told = made.json("plan", "--answers", "answers.toml")
    found = [each for each in told["findings"] if each["code"] == "plan.overruled"]
    assert {each["severity"] for each in found} == {"blocker"}, told["findings"]
    where = place.format(drop_in="/etc/systemd/system/hcp-server.service.d/java.conf")
    assert where in found[0]["message"]
    assert option in found[0]["fix"]
    applied = made.run("apply", "--answers", "answers.toml", "--yes")
    assert (applied.returncode, "plan.overruled" in applied.stderr) == (1, True), applied.stderr
    assert made.tree() == before
    examined = made.json("doctor")
    code = "doctor.conf-not-used" if "config." in option else "doctor.setting-overruled"
    named = [each for each in examined["findings"] if each["code"] == code]
    assert {where in each["message"] for each in named} == {True}
    assert "0ther" not in json.dumps([told, examined]) + applied.stdout + applied.stderr


HARMLESS = {
    "its own file": (f"ExecStart={JAVA} -Dconfig.file=/opt/hcp/conf/application.conf -jar x.jar",),
    "its own file, relative": ("WorkingDirectory=/opt/hcp", f"ExecStart={JAVA} -Dconfig.file=conf/application.conf X"),
    "its own file, by a link": (f"ExecStart={JAVA} -Dconfig.file=/opt/hcp/etc/application.conf X",),
    "its own resource": (f"ExecStart={JAVA} -Dconfig.resource=application.conf X",),
    "its own address": (f"ExecStart={JAVA} -Dconfig.url=file:///opt/hcp/conf/application.conf X",),
    "a neighbour": (f"ExecStart={JAVA} -D{FILE}s=x -Dhcp.server.tls.other=y X",),
    "an argument of the server": (f"ExecStart={JAVA} -jar x.jar {ELSEWHERE}",),
    "forced without the switch": ("Environment=CONFIG_FORCE_hcp_server_tls=x",),
    "for scripts alone": (f"Environment=JAVA_OPTS={ELSEWHERE}",),
    "the planned value": (f"ExecStart={JAVA} -D{FILE}=/opt/hcp/conf/primary-host.pfx X",),
}
HARMLESS_OFTEN = {"its own file", "an argument of the server", "forced without the switch"}


@pytest.mark.parametrize("way", mostly_exhaustive(HARMLESS, HARMLESS_OFTEN.__contains__))
def test_what_does_not_overrule_stops_nothing(made: Practice, way: str) -> None:
    (made.root / "opt/hcp/etc").symlink_to("conf")
    drop_in(made, *HARMLESS[way])
    told = made.json("plan", "--answers", "answers.toml")
    codes = {each["code"] for each in told["findings"]}
    assert not codes & {"plan.overruled", "doctor.start-undetermined"}, codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('include "application"\nhcp.server.name = x\n', set()),
        pytest.param('include file("/opt/hcp/conf/application.conf")\n', set(), marks=exhaustive),
        (f'include "application"\n{FILE} = "/old.pfx"\n', {"plan.overruled"}),
        pytest.param(f'{FILE} = "/old.pfx"\ninclude "application"\n', set(), marks=exhaustive),
        pytest.param('include "defaults.conf"\n', {"plan.overruled"}, marks=exhaustive),
    ],
)
def test_another_file_that_includes_application_conf(made: Practice, text: str, codes: set[str]) -> None:
    (made.root / "opt/hcp/conf/server.conf").write_text(text)
    drop_in(made, f"ExecStart={JAVA} -Dconfig.file=/opt/hcp/conf/server.conf -jar x.jar")
    found = [
        each for each in made.json("plan", "--answers", "answers.toml")["findings"] if each["code"].startswith("plan.")
    ]
    assert {each["code"] for each in found} == codes
    if "/old.pfx" in text and codes:
        assert "line 2 of /opt/hcp/conf/server.conf" in found[0]["message"]


def test_a_script_cannot_be_determined_and_is_no_refusal(made: Practice) -> None:
    script = made.root / "opt/hcp/bin/start.sh"
    script.write_text("#!/bin/sh\nexec java $JAVA_OPTS -Dconfig.file=$CONF -jar x.jar\n")
    drop_in(made, "ExecStart=/opt/hcp/bin/start.sh -Dmode=x", f"Environment=JAVA_OPTS={ELSEWHERE}")
    told = made.json("plan", "--answers", "answers.toml")
    (found,) = [each for each in told["findings"] if each["code"] == "doctor.start-undetermined"]
    assert found["severity"] == "warning"
    for seen in ("/opt/hcp/bin/start.sh, which is a script", "-Dmode", f"-D{FILE}", "-Dconfig.file"):
        assert seen in found["message"]
    assert not [each for each in told["findings"] if each["severity"] in {"error", "blocker"}]
    examined = made.json("doctor")
    assert "doctor.start-undetermined" in {each["code"] for each in examined["findings"]}
    drop_in(made, "ExecStart=/opt/hcp/bin/start.sh", f"Environment=_JAVA_OPTIONS={ELSEWHERE}")
    told = made.json("plan", "--answers", "answers.toml")
    assert "plan.overruled" in {each["code"] for each in told["findings"]}, "Java reads that whatever the script does"


def test_an_environment_file_that_cannot_be_read_is_named(made: Practice) -> None:
    drop_in(made, "EnvironmentFile=/etc/hcp.env", "EnvironmentFile=-/etc/none.env")
    (made.root / "etc/hcp.env").write_text("JAVA_TOOL_OPTIONS='never closed\n")
    told = made.json("plan", "--answers", "answers.toml")
    (found,) = [each for each in told["findings"] if each["code"] == "doctor.start-undetermined"]
    assert "/etc/hcp.env cannot be read" in found["message"]


def test_an_overruled_change_can_still_be_undone(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None) as made:
        done = made.run("apply", "--answers", "answers.toml", "--yes", "--wait", "20")
        assert done.returncode == 0, done.stderr
        drop_in(made, f"Environment=JAVA_TOOL_OPTIONS={ELSEWHERE}")
        undone = made.run("rollback", "--yes")
        assert undone.returncode == 0, undone.stderr


def test_a_repair_that_would_be_overruled_is_refused(tmp_path: Path) -> None:
    with practice(tmp_path / "x", java=None, faults=["wrong-password"], start=False) as broken:
        drop_in(broken, f"Environment=JAVA_TOOL_OPTIONS=-D{PASSWORD}=0ther")
        broken.start()
        refused = broken.run("doctor", "--servername", "primary-host", "--fix", "doctor.setting-overruled", "--yes")
        assert refused.returncode == 2, refused.stdout
        assert "doctor.by-hand" in refused.stderr
        assert "0ther" not in refused.stderr + refused.stdout


@contextmanager
def running(folder: Path, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A real Java that has loaded its settings and waits."""
    classpath = f"{folder}:{javac_classes('ConfigLoad')}:{LIGHTBEND_JAR}"
    java = str(jre("17") / "bin" / "java")
    argv = [java, "-XX:TieredStopAtLevel=1", "-cp", classpath, *words, "ConfigLoad", FILE, "wait"]
    child = subprocess.Popen(
        argv,
        env={**os.environ, **variables},
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "value /opt/hcp/conf/old.pfx\n"
        yield child
    finally:
        child.communicate()


def test_the_running_java_is_read_first(tmp_path: Path) -> None:
    folder = tmp_path / "opt/hcp/conf"
    folder.mkdir(parents=True)
    (folder / "application.conf").write_text('hcp.server.tls.default-keystore-file = "/opt/hcp/conf/good.pfx"\n')
    (folder / "java.args").write_text(f"{ELSEWHERE}\n")
    (tmp_path / "start.sh").write_text("#!/bin/sh\nexec java @java.args\n")
    machine = Machine(root=tmp_path)
    with running(folder, "-Djavax.net.ssl.trustStore=/our.jks", "@java.args", HCP_MODE="by script") as child:
        unit = UnitState(load="loaded", active="active", pid=child.pid, command="{ argv[]=/start.sh ; }")
        seen = effective.look(machine, unit)
    assert seen.undetermined == ""
    assert [(each.option, each.value, each.place) for each in seen.overruled(FILE)] == [
        (f"-D{FILE}", "/opt/hcp/conf/old.pfx", "line 1 of /opt/hcp/conf/java.args")
    ]
    assert seen.trust_store == "/our.jks"
    assert seen.environment is not None
    assert seen.environment["HCP_MODE"] == "by script"
    with running(folder, JAVA_TOOL_OPTIONS=ELSEWHERE) as child:
        assert child.stdout is not None
        by_port = effective.look(Machine(), None, int(child.stdout.readline()))
        assert [each.place for each in by_port.overruled(FILE)] == [
            f"the variable JAVA_TOOL_OPTIONS of process {child.pid}"
        ]
        unit = UnitState(load="loaded", pid=child.pid, command=f"{{ path={JAVA} ; argv[]={JAVA} -jar x.jar ; }}")
        seen = effective.look(machine, unit)
        places = [each.place for each in seen.overruled(FILE)]
        assert places == [f"the variable JAVA_TOOL_OPTIONS of process {child.pid}"]
    after = effective.look(machine, UnitState(load="loaded", pid=child.pid, command="{ argv[]=/start.sh ; }"))
    assert "/start.sh, which is a script" in after.undetermined
    assert after.overruled(FILE) == ()


def test_with_nobody_to_ask_nothing_is_claimed(tmp_path: Path) -> None:
    seen = effective.look(Machine(root=tmp_path), None, 1)
    assert (seen.environment, seen.starts, seen.undetermined, seen.other_conf) == (None, (), "", None)
