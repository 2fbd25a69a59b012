"""Each artifact is installed where nothing of the project is, and used for a practice set-up."""

import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.dist.conftest import built
from tests.support.exhaustive import exhaustive
from wizard import __version__

pytestmark = exhaustive
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def installed(version: str) -> str | None:
    """The Python of that version, when this machine has it."""
    for name in (f"python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))):
        found = shutil.which(name)
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        if found and subprocess.run([found, "-c", code], capture_output=True, text=True, check=False).stdout.strip() == version:
            return found
    return None


def set_up(command: list[str], folder: Path, *, pictures: bool = True) -> None:
    """A timer and a whole set-up on a practice deployment by *command*; openssl is shown the right certificate.

    *pictures*: whether the guide has some.
    """
    env = {"PATH": os.defpath + ":/usr/sbin", "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
    env["CLOUDSTREAM_WIZARD_UNPACK"] = str(folder / "unpacked")

    def run(*words: str) -> str:
        done = subprocess.run([*command, *words], capture_output=True, text=True, cwd=folder, env=env, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    assert run("--version") == f"cloudstream-wizard {__version__}\n"
    made = json.loads(run("sandbox", "create", str(folder / "p"), "--json"))
    options = ["--root", made["root"], "--systemctl", made["systemctl"], "--state-dir", str(folder / "state")]
    assert ("\nThe review:\n" in run("guide", "set-up")) is pictures
    run("timer", "install", *options, "--yes")
    unit = Path(made["root"]) / "etc/systemd/system/cloudstream-wizard-status.service"
    (started,) = re.findall("ExecStart=(.*)", unit.read_text())
    checked = subprocess.run(shlex.split(started), capture_output=True, text=True, cwd="/", env=env, check=False)
    assert checked.stdout.startswith("CLOUDSTREAM TLS "), checked.stderr
    try:
        answers = str(Path(made["root"]) / "answers.toml")
        ended = json.loads(run("apply", *options, "--answers", answers, "--yes", "--settle", "0.1", "--json"))
        assert ended["outcome"] == "applied"
        look = f"openssl s_client -connect {made['endpoint']} < /dev/null 2>/dev/null | openssl x509 -noout -subject"
        shown = subprocess.run(["sh", "-c", look], capture_output=True, text=True, check=True).stdout
        assert "primary-host" in shown
        run("rollback", *options, "--yes")
    finally:
        subprocess.run([made["systemctl"], "stop", "hcp-server"], check=False, env=env)


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_a_virtual_environment(artifacts: Path, wheels: Path, tmp_path: Path, kind: str) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    (artifact,) = artifacts.glob(kind)
    offline = ["--no-index", "--find-links", str(wheels)] if kind == "*.whl" else []
    pip = [str(tmp_path / "venv/bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *offline, str(artifact)], check=True)
    set_up([str(tmp_path / "venv/bin/cloudstream-wizard")], tmp_path, pictures=kind == "*.whl")


@pytest.mark.parametrize("version", PYTHONS)
def test_one_file(artifacts: Path, tmp_path: Path, version: str) -> None:
    python = installed(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    file = shutil.copy(artifacts / f"cloudstream-wizard-{__version__}-linux-{platform.machine()}", tmp_path / "wizard")
    set_up([python, str(file)], tmp_path)


@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_one_file_for_another_processor_says_so(artifacts: Path, processor: str) -> None:
    """It cannot be run here; what it holds is compared with that of the other one."""
    file = artifacts / f"cloudstream-wizard-{__version__}-linux-{processor}"
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    compiled = [name for name in names if name.endswith(".so")]
    assert len([name for name in compiled if "_cffi_backend" in name and processor in name]) == len(PYTHONS)
    if processor != platform.machine():
        done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert f"this file is for {processor} processors" in done.stderr


def test_a_folder_of_somebody_else_is_not_run(artifacts: Path, tmp_path: Path) -> None:
    file = artifacts / f"cloudstream-wizard-{__version__}-linux-{platform.machine()}"
    env = {**os.environ, "CLOUDSTREAM_WIZARD_UNPACK": str(tmp_path)}
    command = [sys.executable, str(file), "--version"]
    assert subprocess.run(command, env=env, check=True, capture_output=True).stdout
    (unpacked,) = tmp_path.iterdir()
    assert unpacked.stat().st_mode & 0o777 == 0o700
    unpacked.chmod(0o770)
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "others can write to it" in done.stderr


def test_debian_package(artifacts: Path, tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    (package,) = artifacts.glob("*_amd64.deb")
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path / "root")], check=True)
    launcher = tmp_path / "root/usr/bin/cloudstream-wizard"
    launcher.write_text(launcher.read_text().replace("/usr/lib", f"{tmp_path}/root/usr/lib"))
    set_up([sys.executable, "-I", str(launcher)], tmp_path)
    page = tmp_path / "root/usr/share/man/man8/cloudstream-wizard.8.gz"
    assert subprocess.run(["gzip", "-dc", str(page)], check=True, capture_output=True).stdout.startswith(b".TH")
    for script in ("postinst", "prerm", "postrm"):
        text = subprocess.run(["dpkg-deb", "--info", str(package), script], check=True, capture_output=True).stdout
        subprocess.run(["sh", "-n"], input=text, check=True)


def test_completion_knows_commands_and_options(artifacts: Path) -> None:
    script = (artifacts / "share/cloudstream-wizard").read_text()
    ask = (
        'COMP_WORDS=(cloudstream-wizard "$1"); COMP_CWORD=1; COMP_LINE="cloudstream-wizard $1"; COMP_POINT=${#COMP_LINE}\n'
        "_shtab_cloudstream_wizard; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    for start, expected in (("rol", "rollback"), ("--state", "--state-dir")):
        done = subprocess.run(["bash", "-c", f"{script}\n{ask}", "bash", start], capture_output=True, text=True, check=True)
        assert expected in done.stdout.split()


def test_the_same_commit_gives_the_same_bytes(artifacts: Path, tmp_path: Path) -> None:
    again = built(tmp_path / "second")
    assert (again / "SHA256SUMS").read_text() == (artifacts / "SHA256SUMS").read_text()


def test_sums_bill_of_materials_and_licences(artifacts: Path) -> None:
    lines = [line.split("  ") for line in (artifacts / "SHA256SUMS").read_text().splitlines()]
    sums = {name: digest for digest, name in lines}
    found = {str(path.relative_to(artifacts)) for path in artifacts.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert set(sums) == found
    for name, digest in sums.items():
        assert hashlib.sha256((artifacts / name).read_bytes()).hexdigest() == digest
    names = {each["name"].lower() for each in json.loads((artifacts / "sbom.cdx.json").read_text())["components"]}
    assert {"textual", "cryptography", "pyopenssl", "platformdirs", "cffi", "cloudstream-tls-wizard"} <= names
    licences = (artifacts / "THIRD-PARTY-LICENCES.txt").read_text().lower()
    for name in names:
        assert name.replace("-", "_") in licences.replace("-", "_"), name


def test_the_source_can_test_what_it_builds(artifacts: Path) -> None:
    (archive,) = artifacts.glob("*.tar.gz")
    held = subprocess.run(["tar", "tzf", str(archive)], check=True, capture_output=True, text=True).stdout.splitlines()
    inside = {name.partition("/")[2] for name in held}
    kept = subprocess.run(["git", "ls-files"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert set(kept) <= inside
