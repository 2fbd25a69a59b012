"""Builds what is handed out: `python -m tests.dist.build [FOLDER]`, or `make dist`.

The folder (default `dist`) then holds the sdist and the wheel; for each processor a file that needs only Python, and a
Debian package; the man page and completions; SBOM, licences of what is bundled, and SHA256SUMS. The same commit gives
the same bytes: every time stamp is that of the commit.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from email.parser import Parser as MetadataParser
from pathlib import Path
from typing import Any

import shtab
from argparse_manpage.manpage import Manpage

from wizard import __version__
from wizard.cli.main import build_parser

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAME = "cloudstream-wizard"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
"""As `uname -m` and as Debian call them."""
PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
_DEFAULTS = {"FILE": shtab.FILE, "PATH": shtab.FILE, "PFX": shtab.FILE, "DIR": shtab.DIRECTORY, "ANSWER": shtab.FILE}

LAUNCHER = """\
#!/usr/bin/python3 -I
import sys
sys.path.insert(0, "/usr/lib/cloudstream-wizard")
from wizard.__main__ import entry
entry()
"""

CONTROL = """\
Package: cloudstream-wizard
Version: {version}
Architecture: {architecture}
Maintainer: The CloudStream TLS wizard authors <noreply@invalid>
Installed-Size: {size}
Depends: python3 (>= 3.11), python3 (<< 3.15), debconf (>= 1.5)
Section: admin
Priority: optional
Description: sets up trusted certificates for RICOH CloudStream Print&Scan
 A text-mode wizard that checks certificate chains, writes key stores, changes
 the server's configuration all or nothing, verifies the result, and can undo it.
"""


def run(*words: str | Path, folder: Path = ROOT) -> str:
    """Run a program; its standard output."""
    done = subprocess.run([str(word) for word in words], cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def files_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below *folder* with its relative name, in the order of the names."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    yield from sorted((str(path.relative_to(folder)), path) for path in paths)


def same_times(folder: Path, epoch: int) -> None:
    """Give everything in *folder* the time of the commit, and modes without the umask of whoever builds."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (epoch, epoch))


def documents(target: Path) -> None:
    """The man page and the completions, from the parser."""
    parser = build_parser(None)
    waiting: list[Any] = [parser]
    while waiting:
        for action in waiting.pop()._actions:
            if isinstance(action.choices, dict):
                waiting += action.choices.values()
            elif action.metavar in _DEFAULTS:
                action.complete = _DEFAULTS[action.metavar]
    target.mkdir(parents=True)
    for shell, name in (("bash", NAME), ("zsh", f"_{NAME}"), ("fish", f"{NAME}.fish")):
        (target / name).write_text(shtab.complete(parser, shell=shell))
    data = {"project_name": NAME, "version": __version__, "manual_title": "System administration", "manual_section": "8"}
    (target / f"{NAME}.8").write_text(str(Manpage(parser, _data=data)))


def source(target: Path, work: Path, epoch: int) -> Path:
    """The sdist: every file of the project, sorted, with the time of the commit; returns the unpacked folder."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", work, ROOT)
    (made,) = work.glob("*.tar.gz")
    with tarfile.open(made) as archive:
        archive.extractall(work / "source", filter="data")
    (folder,) = (work / "source").iterdir()
    for name in run("git", "ls-files").splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    same_times(folder, epoch)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files_in(folder):
            entry = archive.gettarinfo(path, f"{folder.name}/{name}")
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            with path.open("rb") as stream:
                archive.addfile(entry, stream)
    (target / made.name).write_bytes(gzip.compress(plain.getvalue(), mtime=epoch))
    return folder


def not_in_the_guide(_folder: str, names: list[str]) -> list[str]:
    """Those of the pictures *names* that no page of the guide shows."""
    pages = "".join(path.read_text() for path in (ROOT / "wizard/guide").glob("*.md"))
    shown = {f"{name}.txt" for name in re.findall(r"snapshots/(.*)\.svg\)", pages)}
    return [name for name in names if name not in shown]


def program(work: Path, wheel: Path, processor: str) -> Path:
    """A folder with the program and its libraries for one processor and every Python."""
    folder = work / f"program-{processor}"
    wheels = work / f"wheels-{processor}"
    for version in PYTHONS:
        platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{processor}")]
        run(
            sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps",
            "--only-binary", ":all:", "--implementation", "cp", "--python-version", version, *platforms,
            "-d", wheels, "-r", HERE / "locked.txt",
        )  # fmt: skip
    for each in (*sorted(wheels.glob("*.whl")), wheel):
        with zipfile.ZipFile(each) as archive:
            archive.extractall(folder)
    return folder


def components(folder: Path) -> list[dict[str, Any]]:
    """What is bundled in *folder*, in the form of CycloneDX 1.6."""
    found = []
    for path in sorted(folder.glob("*.dist-info/METADATA")):
        facts = MetadataParser().parsestr(path.read_text(encoding="utf-8"), headersonly=True)
        name, version = facts["Name"], facts["Version"]
        licence = facts["License-Expression"] or facts["License"] or "see the licence text"
        found.append(
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{name.lower()}@{version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name.lower()}@{version}",
                "licenses": [{"license": {"name": " ".join(licence.split())[:80]}}],
            }
        )
    return found


def licences(folder: Path) -> str:
    """The licence texts of what is bundled in *folder*."""
    parts = []
    for name, path in files_in(folder):
        if ".dist-info/" in name and path.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "AUTHORS")):
            parts.append(f"{'=' * 80}\n{name}\n{'=' * 80}\n\n{path.read_text(encoding='utf-8')}")
    return "\n".join(parts)


def one_file(target: Path, folder: Path, processor: str, epoch: int) -> None:
    """The file that needs only Python."""
    digest = hashlib.sha256()
    for name, path in files_in(folder):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    when = time.gmtime(epoch)[:6]
    members = [(f"program/{name}", path.read_bytes()) for name, path in files_in(folder)]
    members += [
        ("__main__.py", (HERE / "start.py").read_bytes()),
        ("build", f"{__version__} {processor} {digest.hexdigest()}\n".encode()),
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name, when)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    file = target / f"{NAME}-{__version__}-linux-{processor}"
    file.write_bytes(b"#!/usr/bin/env python3\n" + packed.getvalue())
    file.chmod(0o755)


def debian(target: Path, work: Path, folder: Path, processor: str, epoch: int) -> None:
    """The Debian package; without dpkg-deb it is left out and named."""
    if shutil.which("dpkg-deb") is None:
        print(f"no Debian package for {processor}: dpkg-deb is not installed")
        return
    tree, share = work / f"deb-{processor}", target / "share"
    shutil.copytree(folder, tree / "usr/lib" / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    command = tree / "usr/bin" / NAME
    command.parent.mkdir(parents=True)
    command.write_text(LAUNCHER)
    command.chmod(0o755)
    for name, place in (
        (NAME, "bash-completion/completions"),
        (f"_{NAME}", "zsh/vendor-completions"),
        (f"{NAME}.fish", "fish/vendor_completions.d"),
    ):
        (tree / "usr/share" / place).mkdir(parents=True)
        shutil.copy(share / name, tree / "usr/share" / place / name)
    for place, name, data in (
        ("man/man8", f"{NAME}.8.gz", (share / f"{NAME}.8").read_bytes()),
        (f"doc/{NAME}", "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes()),
    ):
        (tree / "usr/share" / place).mkdir(parents=True)
        (tree / "usr/share" / place / name).write_bytes(gzip.compress(data, mtime=epoch))
    (tree / "usr/share/doc" / NAME / "copyright").write_text((ROOT / "LICENSE").read_text() + licences(folder))
    control = tree / "DEBIAN"
    control.mkdir()
    size = sum(path.stat().st_size for _, path in files_in(tree)) // 1024
    architecture = PROCESSORS[processor]
    (control / "control").write_text(CONTROL.format(version=__version__, architecture=architecture, size=size))
    for path in (HERE / "debian").iterdir():
        shutil.copy(path, control / path.name)
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files_in(tree / "usr")]
    (control / "md5sums").write_text("".join(line.replace("  ", "  usr/", 1) for line in sums))
    same_times(tree, epoch)
    for name in ("postinst", "prerm", "postrm"):
        (control / name).chmod(0o755)
    file = target / f"{NAME}_{__version__}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, file)


def main(target: Path) -> None:
    """Build everything into *target*, which is emptied first."""
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct"))
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    os.umask(0o022)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    documents(target / "share")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        folder = source(target, work, epoch)
        shutil.copytree(ROOT / "snapshots", folder / "wizard/guide/pictures", ignore=not_in_the_guide)
        same_times(folder, epoch)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", target, folder)
        (wheel,) = target.glob("*.whl")
        bundled = [program(work, wheel, processor) for processor in PROCESSORS]
        for processor, folder in zip(PROCESSORS, bundled, strict=True):
            one_file(target, folder, processor, epoch)
            debian(target, work, folder, processor, epoch)
        sbom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components(bundled[0])}
        (target / "sbom.cdx.json").write_text(json.dumps(sbom, indent=2) + "\n")
        (target / "THIRD-PARTY-LICENCES.txt").write_text(licences(bundled[0]))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in files_in(target)]
    (target / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist").absolute())
