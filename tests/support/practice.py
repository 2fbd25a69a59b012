"""A practice deployment that tests drive from the command line, as an operator would."""

import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.support.jvm import jre
from wizard.certificates.reading import read
from wizard.cli.main import main
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.planning import judge
from wizard.sandbox.build import create
from wizard.sandbox.deployment import Deployment
from wizard.sandbox.pki import Pki, make

ROOT = Path(__file__).resolve().parents[2]
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
"""Starts a program for which modes count even when root starts it."""


def anchors_in(trust_store: Path) -> dict[str, str]:
    """SHA-256 fingerprint to alias, of a trust store with the default password."""
    found = read(trust_store.read_bytes(), password=DEFAULT_STORE_PASSWORD).certificates
    return {each.sha256: each.alias for each in found}


@cache
def company() -> Pki:
    """One PKI for all deployments of a test process; making keys costs more than anything else."""
    return make()


@dataclass(frozen=True)
class Practice:
    """A deployment, and the commands on it."""

    deployment: Deployment

    @property
    def root(self) -> Path:
        return self.deployment.root

    @property
    def options(self) -> list[str]:
        machine = self.deployment.machine
        where = ["--root", str(self.root), "--systemctl", machine.systemctl]
        return [*where, "--settle", "0"]

    def run(
        self, *words: str, powerless: bool = False, env: dict[str, str] | None = None, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One command with the options that point at this deployment, called in this process.

        *powerless* obeys modes even as root, which needs a process of its own. `process` is the whole program.
        """
        if powerless and os.geteuid() == 0:
            return self.process(*words, env=env, stdin=stdin, before=POWERLESS)
        for asked in (judge._unreadable, judge._revocation):
            asked.cache_clear()  # a program that starts knows nothing of what Java or a responder answered before
        argv = [words[0], *self.options, *words[1:]]
        out, err = io.StringIO(), io.StringIO()
        typed = io.TextIOWrapper(io.BytesIO((stdin or "").encode()), "utf-8", "surrogateescape")
        with ExitStack() as around:
            around.enter_context(chdir(self.root))
            around.enter_context(patch.dict(os.environ, {"PYTHONPATH": str(ROOT), **(env or {})}))
            around.enter_context(patch.object(sys, "stdin", typed))
            around.enter_context(redirect_stdout(out))
            around.enter_context(redirect_stderr(err))
            try:
                code = main(argv)
            except SystemExit as ended:  # argparse, after an error of usage
                code = ended.code if isinstance(ended.code, int) else 0
        return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())

    def process(
        self, *words: str, env: dict[str, str] | None = None, stdin: str | None = None, before: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """The same as a program of its own, started through *before*."""
        command = [*before, sys.executable, "-m", "wizard", words[0], *self.options, *words[1:]]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            input=stdin or "",
        )

    def json(self, *words: str) -> Any:
        """The object that a command prints with `--json`."""
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def systemctl(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.deployment.systemctl), verb, "hcp-server"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        """Start the service and wait until it listens: like the real one, it does so some time after its start."""
        self.systemctl("start")
        host, port = self.deployment.endpoint.rsplit(":", 1)
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError("the practice primary does not listen")

    def answers(self, **changes: str) -> str:
        """The deployment's own answers with lines changed, as a file; a value is TOML text."""
        text = (self.root / "answers.toml").read_text()
        for key, value in changes.items():
            name = key.replace("_", "-")
            text, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text, count=1)
            assert count, name
        path = self.root / "changed.toml"
        path.write_text(text)
        return str(path)

    def tree(self) -> dict[str, tuple[str, int, int, int]]:
        """Every file of the product: digest, mode, owner, group."""
        found = {}
        for path in sorted((self.root / "opt").rglob("*")):
            if path.is_file() and not path.is_symlink() and "/log" not in str(path):
                seen = path.stat()
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[str(path.relative_to(self.root))] = (digest, seen.st_mode, seen.st_uid, seen.st_gid)
        return found

    def served(self, name: str = "primary-host") -> str:
        """The subject that openssl, not the wizard, is shown."""
        host, port = self.deployment.endpoint.rsplit(":", 1)
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name],
            capture_output=True,
            text=True,
            input="",
            timeout=20,
            check=False,
        )
        picked = subprocess.run(
            ["openssl", "x509", "-noout", "-subject"], input=shown.stdout, capture_output=True, text=True, check=False
        )
        return picked.stdout.strip()


@contextmanager
def practice(
    folder: Path,
    *,
    java: str | None = "17",
    start: bool = True,
    faults: Sequence[str] = (),
    configured: bool | None = None,
) -> Iterator[Practice]:
    """A deployment with its own service, which is stopped at the end."""
    home = jre(java) if java else None
    made = Practice(create(folder, jre=home, find_jre=False, faults=faults, configured=configured, pki=company()))
    with socket.socket() as held:
        # Bound, but not listening: no other deployment chooses the port while the server is down, and the server gets it.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", made.deployment.port))
        try:
            if start:
                made.start()
            yield made
        finally:
            made.systemctl("stop")
