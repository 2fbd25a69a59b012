"""bash sources the unattended file and augeas reads it: both see what the editor says, and one changed line."""

import shutil
import subprocess
from pathlib import Path

import pytest

from wizard.configs import envfile
from wizard.errors import WizardError
from wizard.questions import passwords

FILES = {
    "manual": b'HCP_DEFAULT_KEYSTORE="/full/path/to/gateway-host.pfx"\nHCP_DEFAULT_KEYSTORE_PASSWORD="changeit"\n',
    "exported": b"# gateway\nexport HCP_DEFAULT_KEYSTORE='/a b/c.pfx' # old\nHCP_OTHER=1\n",
    "twice": b'HCP_DEFAULT_KEYSTORE="1"\nHCP_OTHER="x"\nHCP_DEFAULT_KEYSTORE="2"\n',
    "unquoted": b"HCP_OTHER=/x/y\nHCP_DEFAULT_KEYSTORE=/opt/x.pfx # why\n",
    "absent": b'HCP_OTHER="x"\n',
    "absent, no final newline": b'HCP_OTHER="x"',
    "empty": b"",
    "several lines": b'HCP_OTHER="1\n2"\nHCP_DEFAULT_KEYSTORE="a\nb"\n',
    "escapes": b'HCP_OTHER="a\\$b\\"c\\\\d"\nHCP_DEFAULT_KEYSTORE=a\\ b\n',
    "parts": b"HCP_OTHER=\"a\"'b'c\nHCP_DEFAULT_KEYSTORE=x#y\n",
    "indented": b'  HCP_DEFAULT_KEYSTORE="x"\n\t# HCP_DEFAULT_KEYSTORE="y"\n',
    "umlauts": 'HCP_OTHER="grün"\n'.encode(),
}
VALUES = [
    "/opt/hcp/conf/x.pfx",
    "with blank",
    "a#b;c&d|e",
    "(x) {y} [z] *?~",
    "!not-history!",
    "%PATH% = x",
    "-n",
    "ä€",
]
NAME = "HCP_DEFAULT_KEYSTORE"


def bash(file: Path, *names: str) -> dict[str, str]:
    program = shutil.which("bash")
    assert program, "bash is missing"
    script = 'f=$1; shift; . "$f"; for n in "$@"; do printf "%s=%s\\0" "$n" "${!n}"; done'
    result = subprocess.run(
        [program, "--norc", "-c", script, "bash", str(file), *names],
        capture_output=True, check=True, timeout=20, env={"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert not result.stderr
    return dict(row.split("=", 1) for row in result.stdout.decode().split("\0") if row)


@pytest.mark.parametrize("name", FILES)
def test_bash_reads_the_same_before_and_after(name: str, tmp_path: Path) -> None:
    document = envfile.parse(FILES[name])
    file = tmp_path / "unattended.conf"
    file.write_bytes(FILES[name])
    names = document.names
    assert bash(file, *names) == {one: value.text for one in names if (value := document.get(one)) is not None}
    for new in VALUES:
        file.write_bytes(document.set(NAME, new).render())
        expected = {one: found.text for one in names if (found := document.get(one)) is not None} | {NAME: new}
        assert bash(file, *names, NAME) == expected


@pytest.mark.parametrize("value", ["a$HOME", "`id`", 'a"b', "a\\b"])
def test_what_is_refused_is_what_bash_reads_differently(value: str, tmp_path: Path) -> None:
    file = tmp_path / "unattended.conf"
    file.write_text(f'A="{value}"\n')
    program = shutil.which("bash")
    assert program
    command = [program, "--norc", "-c", f'. {file}; printf %s "$A"']
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=20, check=False, env={"HOME": "/h", "PATH": "/usr/bin:/bin"}
    )
    # A lone backslash before a letter is kept by bash but not by other shells; all others come out otherwise.
    assert result.stdout != value or value == "a\\b"
    with pytest.raises(WizardError):
        envfile.check(value)


def test_generated_passwords_come_through_bash(tmp_path: Path) -> None:
    made = {f"P{number}": passwords.generate().reveal() for number in range(50)}
    file = tmp_path / "unattended.conf"
    file.write_text(envfile.snippet(made))
    assert bash(file, *made) == made


@pytest.mark.parametrize("name", ["manual", "exported", "twice", "unquoted", "absent", "empty"])
def test_augeas_reads_what_was_written(name: str, tmp_path: Path) -> None:
    program = shutil.which("augtool")
    assert program, "augtool is missing: apt-get install augeas-tools"
    for number, value in enumerate(VALUES[:4]):
        (tmp_path / f"u{number}.conf").write_bytes(envfile.parse(FILES[name]).set(NAME, value).render())
    # A second mention of a name has a number in the tree; the last one counts.
    script = "".join(f"match /files{tmp_path}/u{number}.conf/{NAME}[last()]\n" for number in range(4))
    command = [program, "-A", "--transform", f"Shellvars.lns incl {tmp_path}/*.conf"]
    result = subprocess.run(command, input=f"load\n{script}", capture_output=True, text=True, timeout=60, check=True)
    read = [
        line.partition(" = ")[2].strip('"').removeprefix("'") for line in result.stdout.splitlines() if NAME in line
    ]
    assert read == VALUES[:4], result.stdout
