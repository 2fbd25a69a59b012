"""Odd machines: folders for temporary files without space or execution, a read-only root, masks, homes, locales, FIPS,
labels, zones. The real commands run there; none ends as a fault of the wizard, and each result is the usual one.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.exhaustive import EVERY, exhaustive, mostly_exhaustive
from tests.support.fake_host import KEYSTORE, Scene
from tests.support.practice import ROOT, Practice, practice
from wizard.change.durable import put_file, read_image
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.change.rollback import rollback
from wizard.errors import ExitCode
from wizard.host import machine as machine_module
from wizard.host.directory import Directory

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts and other accounts")

BUG = 70
SECRET_FILES = 0o600
KEY = ("--secret", "key-password=file:secrets/primary")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A server as its installer leaves it, running."""
    with practice(tmp_path_factory.mktemp("odd") / "p", java=None) as made:
        yield made


def wizard(
    made: Practice,
    *words: str,
    env: dict[str, str | None] | None = None,
    before: str = "",
    launcher: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """One command on *made*, as the operator types it.

    Args:
        made: the deployment.
        words: command and options.
        env: variables that are set, or unset by None.
        before: lines of a shell that prepares the machine; in a mount namespace of its own when there are any.
        launcher: words in front of the command.
    """
    command = [*launcher, sys.executable, "-m", "wizard", words[0], *made.options, *words[1:]]
    if before:
        command = ["unshare", "-m", "sh", "-ec", f"{before}\nexec {shlex.join(command)}"]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(
        command,
        env={name: value for name, value in variables.items() if value is not None},
        cwd=made.root,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def calm(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """*done*, unless it is a fault of the wizard."""
    assert done.returncode != BUG, done.stderr
    assert "Traceback" not in done.stderr
    assert "wizard.bug" not in done.stderr
    return done


LOOKS = {
    "inspect": (
        "inspect",
        "certificates/primary-host.pfx",
        "--secret",
        "password=file:secrets/primary",
        "--json",
    ),
    "check": ("check", "--role", "primary", "--host", "primary-host", "certificates/primary-host.pem", "--json"),
    "plan": ("plan", "--answers", "answers.toml", "--json"),
    "doctor": ("doctor", "--json"),
    "status": ("status", "--json"),
    "history": ("history", "--json"),
    "findings": ("findings", "--json"),
}
"""Commands that change nothing."""


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """What does not depend on the moment: the exit code, and codes of findings."""
    found = json.loads(done.stdout)
    return done.returncode, sorted({each["code"] for each in found.get("findings", []) if isinstance(each, dict)})


@pytest.fixture(scope="module")
def usual(server: Practice) -> Callable[[str], Any]:
    """What a command says on an ordinary machine."""
    return cache(lambda name: told(calm(wizard(server, *LOOKS[name]))))


@pytest.fixture
def apart() -> Iterator[Path]:
    """A folder that is not in /tmp."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        yield Path(made)


NO_SPACE = "mount -t tmpfs -o size=16k none {tmp}; dd if=/dev/zero of={tmp}/all bs=1k 2>/dev/null || :"
TEMPORARY = {
    "noexec": "mount -t tmpfs -o noexec none {tmp}",
    "full": NO_SPACE,
    "read-only": "mount -t tmpfs -o ro none {tmp}",
}
"""What is wrong with the folder for temporary files."""
if not sys.executable.startswith("/tmp/"):
    TEMPORARY["noexec, all of /tmp"] = "mount --bind /tmp /tmp; mount -o remount,bind,noexec /tmp"


@as_root
@pytest.mark.parametrize("kind", mostly_exhaustive(TEMPORARY, {"full"}.__contains__))
@exhaustive
def test_temporary_files_are_not_needed(kind: str, apart: Path) -> None:
    """A whole change and its undo, with the product's Java, while nothing can be put or run in TMPDIR."""
    (apart / "tmp").mkdir()
    before = TEMPORARY[kind].format(tmp=apart / "tmp")
    env: dict[str, str | None] = {"TMPDIR": str(apart / "tmp")}
    with practice(apart / "p") as made:
        clean = made.tree()
        for words in LOOKS.values():
            calm(wizard(made, *words, env=env, before=before))
        done = calm(wizard(made, "apply", "--answers", "answers.toml", "--yes", "--wait", "20", env=env, before=before))
        assert done.returncode == 0, done.stderr
        assert "primary-host" in made.served()
        packs = calm(
            wizard(made, "handoff", "--answers", "answers.toml", "--out", str(apart / "o"), env=env, before=before)
        )
        assert packs.returncode == 0, packs.stderr
        undone = calm(wizard(made, "rollback", "--yes", env=env, before=before))
        assert undone.returncode == 0, undone.stderr
        assert made.tree() == clean


@as_root
def test_practice_that_cannot_run_in_the_temporary_folder_says_so(apart: Path) -> None:
    (apart / "tmp").mkdir()
    before = TEMPORARY["noexec"].format(tmp=apart / "tmp")
    command = [sys.executable, "-m", "wizard", "--plain", "sandbox"]
    line = f"{before}\nexec {shlex.join(command)}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", line],
        env={**os.environ, "TMPDIR": str(apart / "tmp"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert calm(done).returncode == 2, done.stderr
    assert "noexec" in done.stderr
    assert "sandbox create DIR" in done.stderr
    assert list((apart / "tmp").iterdir()) == []


@pytest.mark.parametrize("command", mostly_exhaustive(LOOKS, {"status"}.__contains__))
def test_a_current_folder_that_was_deleted_is_named(command: str, server: Practice, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    shell = ("sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(tmp_path / "gone"))
    done = calm(wizard(server, *LOOKS[command], launcher=shell))
    assert done.returncode == (3 if command == "status" else 2)
    assert "current folder does not exist" in done.stdout + done.stderr


@as_root
@pytest.mark.parametrize("command", mostly_exhaustive(LOOKS, {"plan"}.__contains__))
def test_a_read_only_root_can_be_looked_at(command: str, server: Practice, usual: Callable[[str], Any]) -> None:
    done = calm(wizard(server, *LOOKS[command], before="mount -o remount,bind,ro /"))
    assert told(done) == usual(command)


@as_root
def test_a_read_only_root_refuses_a_change_before_anything(server: Practice) -> None:
    before = server.tree()
    words = ("apply", "--answers", "answers.toml", "--yes", "--wait", "4")
    done = calm(wizard(server, *words, before="mount -o remount,bind,ro /"))
    assert done.returncode in {1, 2}, done.stderr
    assert "read-only file system" in done.stderr.lower()
    assert server.tree() == before


MASKS = ("0022", "0077", "0000") if EVERY else ("0077", "0000")


def modes(folder: Path) -> dict[str, int]:
    """The permission bits of everything below *folder*."""
    found = {str(path.relative_to(folder)): path.lstat().st_mode & 0o7777 for path in sorted(folder.rglob("*"))}
    return {".": folder.stat().st_mode & 0o7777, **found}


def test_the_mask_of_the_login_changes_no_mode(tmp_path: Path) -> None:
    seen = {}
    for mask in MASKS:
        folder = tmp_path / mask
        with practice(folder / "p", java=None) as made:
            launcher = ("sh", "-c", f'umask {mask}; exec "$@"', "sh")
            out = folder / "out"
            out.mkdir()
            for words in (
                ("plan", "--answers", "answers.toml", "--out", str(out / "kept.plan")),
                ("csr", "--role", "primary", "--host", "primary-host", "--out", str(out / "csr"), *KEY),
                ("handoff", "--answers", "answers.toml", "--out", str(out / "packs")),
                ("export", "ansible", "--answers", "answers.toml", "--plain-secrets", "--out", str(out / "ansible")),
                ("apply", "--answers", "answers.toml", "--yes", "--wait", "20"),
            ):
                if words[0] == "export" and not EVERY:
                    continue  # its files are written by the same function as those of `handoff`
                done = calm(wizard(made, *words, launcher=launcher))
                assert done.returncode == 0, (words, done.stderr)
            state = modes(made.deployment.machine.state_dir)
            product = {name: mode for name, (_, mode, _, _) in made.tree().items()}
            # The time is part of the name of a change.
            state = {
                "/".join(part for part in name.split("/") if "T" not in part): mode for name, mode in state.items()
            }
            seen[mask] = (modes(out), state, product)
            assert state["."] == 0o700
            assert not [name for name, mode in state.items() if mode & 0o077 and not name.startswith("changes")]
    first, *others = seen.values()
    for other in others:
        assert other == first
    written = first[0]
    assert not [name for name, mode in written.items() if mode & 0o022], "written by the group or by others"
    private = [name for name in written if name.endswith((".pfx", ".key", "kept.plan", "passwords.txt"))]
    assert private
    assert {written[name] for name in private} == {SECRET_FILES}


HOMES: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "no HOME": ({"HOME": None}, ()),
    "an empty HOME": ({"HOME": ""}, ()),
    "a HOME that is not there": ({"HOME": "/nowhere"}, ()),
    "an account without name": ({"HOME": None}, ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")),
}


@pytest.mark.parametrize("kind", mostly_exhaustive(HOMES, list(HOMES)[:1].__contains__))
def test_without_a_home_everything_is_found(kind: str, server: Practice, usual: Callable[[str], Any]) -> None:
    env, launcher = HOMES[kind]
    if launcher and os.geteuid() != 0:
        pytest.skip("needs root: another account")
    before = {path.name for path in server.root.iterdir()}
    for words in (("check", "~/x.pem", "--role", "primary"), ("check", "~nobody-here/x.pem", "--role", "primary")):
        done = calm(wizard(server, *words, env=env, launcher=launcher))
        assert done.returncode == 2
        assert "error: file.missing" in done.stderr
    if not launcher:
        assert told(calm(wizard(server, *LOOKS["plan"], env=env))) == usual("plan")
    assert {path.name for path in server.root.iterdir()} == before, "no folder of the name ~"


@as_root
def test_an_account_without_name_and_home_has_a_state_folder_of_its_own() -> None:
    line = "from wizard.host.machine import default_state_dir; print(default_state_dir())"
    done = subprocess.run(
        ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", sys.executable, "-c", line],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "/var/tmp/cloudstream-wizard-54321\n", done.stderr


@as_root
def test_sudo_that_keeps_the_home_leaves_nothing_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1000, 1000)
    env: dict[str, str | None] = {"HOME": str(home), "SUDO_USER": "nobody", "SUDO_UID": "1000", "XDG_STATE_HOME": None}
    with practice(tmp_path / "p", java=None) as made:
        done = calm(wizard(made, "apply", "--answers", "answers.toml", "--yes", "--wait", "20", env=env))
        assert done.returncode == 0, done.stderr
        assert machine_module.default_state_dir() == Path("/var/lib/cloudstream-wizard")
    assert list(home.iterdir()) == []


LOCALES: dict[str, dict[str, str | None]] = {
    "C": {"LC_ALL": "C", "LANG": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "none": {"LC_ALL": None, "LANG": None, "LC_CTYPE": None},
    "one that is not installed": {"LC_ALL": "xx_YY.UTF-8"},
    "rubbish": {"LC_ALL": "\N{SNOWMAN}"},
    "ASCII, and Python told to keep it": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ASCII, strict": {"PYTHONIOENCODING": "ascii:strict"},
}


@pytest.mark.parametrize("locale", mostly_exhaustive(LOCALES, {"none"}.__contains__))
def test_the_locale_changes_no_result(locale: str, server: Practice, usual: Callable[[str], Any]) -> None:
    name = "zertifikate \N{LATIN SMALL LETTER U WITH DIAERESIS}ber \N{EURO SIGN}"
    folder = server.root / name
    folder.mkdir(exist_ok=True)
    shutil.copy(server.root / "certificates/primary-host.pem", folder)
    for command in ("plan", "inspect", "doctor") if EVERY else ("plan",):
        assert told(calm(wizard(server, *LOOKS[command], env=LOCALES[locale]))) == usual(command)
    shown = calm(wizard(server, "inspect", name, env=LOCALES[locale]))
    assert shown.returncode == 0, shown.stderr
    assert "primary-host" in shown.stdout
    checked = calm(wizard(server, "check", "--role", "primary", "--host", "other", name, env=LOCALES[locale]))
    assert checked.returncode == 1, checked.stderr
    refused = calm(wizard(server, "inspect", f"{name}/none.pem", env=LOCALES[locale]))
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: file.missing")


FIPS = """
import hashlib, hmac, sys
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.serialization import pkcs12
OLD = {"md5", "sha1"}
new, digest, pbkdf2 = hashlib.new, hmac.digest, hashlib.pbkdf2_hmac

def refused(name):
    raise ValueError(f"[digital envelope routines] unsupported ({name})")

def limited(name):
    make = getattr(hashlib, name)
    return lambda data=b"", *, usedforsecurity=True: refused(name) if usedforsecurity else make(data)

for name in OLD:
    setattr(hashlib, name, limited(name))
hashlib.new = lambda name, data=b"", *, usedforsecurity=True: (
    refused(name) if usedforsecurity and str(name).lower() in OLD else new(name, data))
hashlib.scrypt = lambda *_, **__: refused("scrypt")
hmac.digest = lambda key, msg, name: refused(name) if name in OLD else digest(key, msg, name)
cipher = Cipher.__init__

def fips_cipher(self, algorithm, mode, backend=None):
    if isinstance(algorithm, (ARC4, TripleDES)):
        raise UnsupportedAlgorithm(f"cipher {algorithm.name} is not supported")
    cipher(self, algorithm, mode, backend)

Cipher.__init__ = fips_cipher

def fips_store(original):
    def write(*words):
        if "3Key" in str(getattr(words[-1], "_key_cert_algorithm", "")):
            raise UnsupportedAlgorithm("PBE with 3DES is not supported")
        return original(*words)
    return write

for name in ("serialize_key_and_certificates", "serialize_java_truststore"):
    setattr(pkcs12, name, fips_store(getattr(pkcs12, name)))
from wizard.cli.main import entry
sys.exit(entry())
"""
"""The wizard on a host in FIPS mode: what its Python and its OpenSSL refuse there, and what they still allow."""


def on_fips(made: Practice, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FIPS, words[0], *made.options, *words[1:]]
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=made.root,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


OLD_FILES = {
    "3DES": (("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"), "SHA1-3DES"),
    "RC4": (("-certpbe", "PBE-SHA1-RC4-128", "-legacy"), "SHA1-RC4-128"),
    "RC2": (("-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "AES-256-CBC", "-legacy", "-macalg", "md5"), ""),
    "AES with SHA-1": (("-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC", "-macalg", "sha1"), ""),
    "AES with MD5": (("-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC", "-macalg", "md5"), ""),
}
"""How openssl writes the store, and what is named when a host in FIPS mode cannot open it."""


@pytest.mark.parametrize("kind", mostly_exhaustive(OLD_FILES, {"3DES", "RC2", "AES with SHA-1"}.__contains__))
def test_old_stores_on_a_host_in_fips_mode(kind: str, server: Practice) -> None:
    options, named = OLD_FILES[kind]
    folder = server.root / "certificates"
    made = subprocess.run(
        [
            *("openssl", "pkcs12", "-export", "-in", f"{folder}/primary-host.pem", "-passin", "pass:changeit"),
            *("-inkey", f"{folder}/primary-host.key", "-passout", "pass:changeit", "-out", f"{server.root}/old.pfx"),
            *options,
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    words = ("inspect", "old.pfx", "--secret", "password=file:secrets/primary")
    done = calm(on_fips(server, *words))
    if named:
        assert done.returncode == 2, done.stdout
        assert "[reading.algorithm-unsupported]" in done.stdout
        assert named in done.stdout
        assert "does not allow (FIPS mode" in " ".join(done.stdout.split())
    else:
        assert done.returncode == 0, done.stderr
        assert "primary-host" in done.stdout


@exhaustive
def test_a_change_on_a_host_in_fips_mode(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java="17") as made:
        for words in LOOKS.values():
            calm(on_fips(made, *words))
        for words in (
            ("handoff", "--answers", "answers.toml", "--out", str(tmp_path / "out")),
            ("csr", "--role", "primary", "--host", "primary-host", "--out", str(tmp_path / "csr"), *KEY),
            ("export", "ansible", "--answers", "answers.toml", "--plain-secrets", "--out", str(tmp_path / "ansible")),
        ):
            written = calm(on_fips(made, *words))
            assert written.returncode == 0, written.stderr
        done = calm(on_fips(made, "apply", "--answers", "answers.toml", "--yes", "--wait", "20"))
        assert done.returncode == 0, done.stderr


def test_an_old_java_on_a_host_in_fips_mode_is_refused_in_words(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java="11.0.5", start=False) as made:
        before = made.tree()
        done = calm(on_fips(made, "apply", "--answers", "answers.toml", "--yes", "--wait", "4"))
        assert done.returncode == 2, done.stderr
        assert "error: writing.not-allowed" in done.stderr
        assert made.tree() == before


def test_without_the_old_provider_of_openssl(server: Practice) -> None:
    """As some distributions build it: RC4 and the like are not there at all."""
    test_old_stores_on_a_host_in_fips_mode("RC4", server)
    words = ("inspect", "old.pfx", "--secret", "password=file:secrets/primary")
    done = calm(wizard(server, *words, env={"CRYPTOGRAPHY_OPENSSL_NO_LEGACY": "1"}))
    assert done.returncode == 2, done.stdout
    assert "SHA1-RC4-128" in done.stdout


LABEL = b"system_u:object_r:usr_t:s0\0"


def test_a_label_is_set_on_the_new_file_by_descriptor_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the kernel's own attribute where this account may set it, else with the calls alone."""
    path = tmp_path / "store"
    path.write_bytes(b"old")
    kept: dict[int, dict[str, bytes]] = {}
    calls: list[tuple[str, object]] = []
    set_real, list_real, get_real = os.setxattr, os.listxattr, os.getxattr
    try:
        os.setxattr(path, "security.selinux", LABEL)
        real = True
    except OSError:
        real = False
        kept[path.stat().st_ino] = {"security.selinux": LABEL}

    def inode(where: Any) -> int:
        return os.stat(where).st_ino  # noqa: PTH116 - of a path or a descriptor

    def set_attribute(where: Any, name: str, value: bytes, *more: Any) -> None:
        calls.append((name, where))
        if real:
            set_real(where, name, value, *more)
        else:
            kept.setdefault(inode(where), {})[name] = value

    monkeypatch.setattr(os, "setxattr", set_attribute)
    if not real:
        monkeypatch.setattr(os, "listxattr", lambda where: [*list_real(where), *kept.get(inode(where), {})])
        monkeypatch.setattr(
            os,
            "getxattr",
            lambda where, name, **more: kept.get(inode(where), {}).get(name) or get_real(where, name, **more),
        )
    folder = Directory(tmp_path)
    before, _ = read_image(folder, "store")
    assert dict(before.xattrs)["security.selinux"] == LABEL
    after = put_file(folder, "store", b"new", mode=0o640)
    assert dict(after.xattrs)["security.selinux"] == LABEL
    (tmp_path / "store").unlink()
    restored = put_file(folder, "store", b"old", mode=before.mode, uid=before.uid, gid=before.gid, xattrs=before.xattrs)
    assert dict(restored.xattrs)["security.selinux"] == LABEL
    assert [name for name, _ in calls].count("security.selinux") == 2
    assert all(isinstance(where, int) for _, where in calls), "a path could be exchanged meanwhile"


@as_root
def test_labels_survive_a_change_and_its_undo(tmp_path: Path) -> None:
    scene = Scene(tmp_path).build()
    path = scene.machine.real(KEYSTORE)
    os.setxattr(path, "security.selinux", LABEL)
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    assert os.getxattr(path, "security.selinux") == LABEL
    assert rollback(None, scene.context()).outcome == APPLIED
    assert os.getxattr(path, "security.selinux") == LABEL
    assert apply(scene.plan(), scene.context()).outcome == APPLIED
    os.setxattr(path, "security.selinux", LABEL.replace(b"usr_t", b"etc_t"))
    assert rollback(None, scene.context()).outcome == APPLIED
    assert os.getxattr(path, "security.selinux") == LABEL, "as it was before the change"


ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", ":rubbish", "")


@exhaustive
def test_records_are_in_utc_in_every_zone(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        begun = datetime.now(UTC) - timedelta(seconds=2)
        words = ("apply", "--answers", "answers.toml", "--yes", "--wait", "20")
        done = calm(wizard(made, *words, env={"TZ": "Pacific/Kiritimati"}))
        assert done.returncode == 0, done.stderr
        seen = {zone: json.loads(calm(wizard(made, "history", "--json", env={"TZ": zone})).stdout) for zone in ZONES}
        (change,) = seen["UTC"]["changes"]
        assert all(each == seen["UTC"] for each in seen.values())
        assert change["at"].endswith("Z")
        assert begun <= datetime.fromisoformat(change["at"]) <= datetime.now(UTC)
        assert datetime.strptime(change["id"][5:], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) >= begun
        codes = {zone: told(calm(wizard(made, "doctor", "--json", env={"TZ": zone}))) for zone in ZONES}
        assert len({json.dumps(each) for each in codes.values()}) == 1, codes
        texts = {calm(wizard(made, "history", env={"TZ": zone})).stdout for zone in ZONES}
        assert len(texts) == 1, texts


CLOSED = ("opt/hcp", "opt/hcp/jre/bin", "opt/hcp/jre/lib/security", "etc")
"""Folders that an ordinary user may not look into; what is in them is then not there, and no command fails for it."""


@pytest.mark.parametrize("place", mostly_exhaustive(CLOSED, {"opt/hcp"}.__contains__))
def test_what_an_ordinary_user_may_not_see_is_no_bug(place: str, tmp_path: Path) -> None:
    with practice(tmp_path / "p", start=False, configured=True) as made:
        folder = made.root / place
        mode = folder.stat().st_mode
        for words in (
            ("plan", "--answers", "answers.toml"),
            ("handoff", "--answers", "answers.toml", "--out", "packs"),
            ("inspect", "certificates/primary-host.pem"),
            ("doctor",),
        ):
            folder.chmod(0)
            try:
                done = made.run(*words, powerless=True)
            finally:
                folder.chmod(mode)
            assert done.returncode != ExitCode.BUG, done.stderr
            assert "wizard.bug" not in done.stderr
