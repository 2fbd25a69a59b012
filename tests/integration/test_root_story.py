"""The story of a change of root: three gateways, two clients, and nobody is refused from the set-up to the last phase.

The primary is real TLS; every machine connects to it with what it has, by openssl, after every single step. After each
phase the same is tried against the product's contract on real Java, and Java opens the stores of the gateways.
"""

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.exhaustive import exhaustive
from tests.support.jvm import LIGHTBEND_JAR, javac_classes, jre, run_java
from tests.support.practice import Practice
from wizard.configs import envfile
from wizard.host import machine
from wizard.sandbox import truststore
from wizard.sandbox.build import create
from wizard.sandbox.deployment import Deployment
from wizard.sandbox.pki import CLIENT, SERVER, Pki, make, new_key, pem, pfx

PASSWORD = "changeit"
GATEWAYS, CLIENTS = ("gateway-1", "gateway-2", "gateway-3"), ("client-1", "client-2")
NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(20)
"""The day of the set-up: the chain under the new root is there, and will be valid ten days later."""

NOT_YET = f"the new chain is valid from {NOW - timedelta(11):%Y-%m-%d}"
OPEN_HERE = [
    "Run the unattended installation as your version documents it",
    "Give the stores to the service's account, if it has its own",
    "Check in the portal that gateway-1 is online",
]
"""What the list of a gateway has after each change of its stores."""


class Clock(datetime):
    """The clock of the wizard; the servers and openssl have the real one."""

    shows = BEFORE

    @classmethod
    def now(cls, _zone: object = None) -> "Clock":
        return cls.fromtimestamp(cls.shows.timestamp(), UTC)


@pytest.fixture(autouse=True)
def moved() -> Iterator[None]:
    Clock.shows = BEFORE
    with patch.object(machine, "datetime", Clock):
        yield


def openssl(*words: str, data: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], input=data, capture_output=True, text=True, timeout=60, check=False)


@dataclass
class Machine:
    """A gateway or client: what it shows and what it trusts, as files for openssl."""

    name: str
    folder: Path

    def connects(self, port: int) -> str:
        """What openssl says when this machine connects; "" when both sides accept each other."""
        mine, trusted = self.folder / "mine.pem", self.folder / "trusted.pem"
        self.write(mine, trusted)
        words = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "primary-host", "-tls1_2"]
        words += ["-verify_hostname", "primary-host", "-verify_return_error", "-CAfile", str(trusted)]
        done = openssl(*words, "-cert", str(mine), "-cert_chain", str(mine), "-key", str(mine))
        return "" if done.returncode == 0 else f"{self.name}: {done.stderr[-300:]}"

    def write(self, mine: Path, trusted: Path) -> None:
        raise NotImplementedError


class Gateway(Machine):
    """A gateway: the four settings of its unattended file say which stores it has."""

    @property
    def options(self) -> list[str]:
        """For commands that run on it."""
        return ["--root", str(self.folder), "--state-dir", str(self.folder / "state")]

    @property
    def unattended(self) -> Path:
        return self.folder / "unattended.conf"

    def setting(self, name: str) -> str:
        value = envfile.parse(self.unattended.read_bytes()).get(f"HCP_DEFAULT_{name}")
        assert value is not None
        return value.text

    def store(self, name: str) -> Path:
        return self.folder / self.setting(name).lstrip("/")

    def take(self, bundle: Path) -> None:
        """Do what the checklist of *bundle* says: stores in place, then the lines into the unattended file."""
        document = envfile.parse(self.unattended.read_bytes())
        lines = envfile.parse((bundle / "unattended-lines.conf").read_bytes())
        for name in lines.names:
            value = lines.get(name)
            assert value is not None
            document = document.set(name, value.text)
            if not name.endswith("PASSWORD"):
                place = self.folder / value.text.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle / place.name, place)
        self.unattended.write_bytes(document.render())

    def write(self, mine: Path, trusted: Path) -> None:
        for name, file in (("KEYSTORE", mine), ("TRUSTSTORE", trusted)):
            words = [
                "pkcs12",
                "-in",
                str(self.store(name)),
                "-nodes",
                "-passin",
                f"pass:{self.setting(f'{name}_PASSWORD')}",
            ]
            file.write_text(openssl(*words).stdout)

    def in_java(self) -> tuple[str, str]:
        """What Java finds: the length of the key's chain, and how many roots are trusted."""
        stores = [f"{self.store(name)}\t{self.setting(f'{name}_PASSWORD')}\n" for name in ("KEYSTORE", "TRUSTSTORE")]
        keys, trust = run_java("StoreReport", stdin="".join(stores)).stdout.splitlines()
        return keys.split("\t")[0].rpartition(":")[2], trust.split("\t")[1]


@dataclass
class Client(Machine):
    """A Windows client: its certificate, and the root store by thumbprint."""

    roots: dict[str, bytes] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)

    def take(self, bundle: Path) -> None:
        """Do what the checklist of *bundle* says; a PFX comes with the CA files beside it."""
        page = (bundle / "CHECKLIST.md").read_text()
        for name, store in re.findall(r"-FilePath (\S+) -CertStoreLocation Cert:\\LocalMachine\\(\w+)", page):
            self.add((bundle / name).read_bytes(), root=store == "Root")
        for thumbprint in re.findall(r"Remove-Item Cert:\\LocalMachine\\Root\\(\w+)", page):
            del self.roots[thumbprint]
        if (bundle / f"{self.name}.pfx").is_file():
            shutil.copyfile(bundle / f"{self.name}.pfx", self.folder / "mine.pfx")
            for file in bundle.glob("*.cer"):
                data = file.read_bytes()
                certificate = x509.load_der_x509_certificate(data)
                self.add(data, root=certificate.subject == certificate.issuer)

    def add(self, der: bytes, *, root: bool) -> None:
        thumbprint = hashlib.sha1(der).hexdigest().upper()
        (self.roots if root else self.others)[thumbprint] = der

    def write(self, mine: Path, trusted: Path) -> None:
        words = ["pkcs12", "-in", str(self.folder / "mine.pfx"), "-nodes", "-passin", f"pass:{PASSWORD}"]
        mine.write_text(openssl(*words).stdout)
        trusted.write_bytes(pem(*(x509.load_der_x509_certificate(each) for each in self.roots.values())))


@contextlib.contextmanager
def java_primary(deployment: Deployment, log: Path) -> Iterator[int]:
    """The deployment as real Java presents it."""
    classes = f"{javac_classes('PracticePrimary')}:{LIGHTBEND_JAR}"
    command = [str(jre("17") / "bin" / "java"), "-XX:TieredStopAtLevel=1", "-cp", classes, "PracticePrimary"]
    with (
        log.open("w") as told,
        subprocess.Popen(
            [*command, str(deployment.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True
        ) as child,
    ):
        assert child.stdout is not None
        yield int(child.stdout.readline().split("\t")[1])
        child.communicate(timeout=10)


@dataclass
class Story:
    """The company: its primary, and the machines that connect to it."""

    primary: Practice
    old: Pki
    new: Pki
    machines: list[Gateway | Client]
    account: str = ""

    @property
    def port(self) -> int:
        return int(self.primary.deployment.endpoint.rpartition(":")[2])

    def answers(self, goal: str, folder: str) -> str:
        path = self.primary.root / "story.toml"
        lines = ["schema = 1", f'goal = "{goal}"', "[primary]", 'host = "primary-host"', f"port = {self.port}"]
        lines += [f'chain = ["{folder}/primary-host.pfx"]', 'password = { file = "password" }']
        for kind, names in (("gateway", GATEWAYS), ("client", CLIENTS)):
            for name in names:
                lines += [f"[[{kind}]]", f'host = "{name}"', f'chain = ["{folder}/{name}.pfx"]']
                lines += ['password = { file = "password" }']
        path.write_text("\n".join([*lines, self.account]) + "\n")
        return str(path)

    def done(self, *words: str) -> str:
        ended = self.primary.run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def bundles(self, name: str, answers: str) -> Path:
        self.done("handoff", "--answers", answers, "--out", str(self.primary.root / name))
        return self.primary.root / name

    def uploads(self, bundles: Path) -> None:
        for file in (bundles / "portal").glob("*.cer"):
            shutil.copyfile(file, self.primary.deployment.portal / f"{bundles.name}-{file.name}")

    def ticks(self) -> None:
        for item in self.primary.json("checklist")["items"]:
            if not item["done"]:
                self.done("checklist", "--tick", item["id"], "--yes")

    def phase(self) -> tuple[str, int]:
        found = self.primary.json("status")["root_change"]
        return found["phase"], len(found["blocked_by"])

    def refused(self, machines: Sequence[Machine] | None = None, port: int = 0) -> list[str]:
        return [said for each in machines or self.machines if (said := each.connects(port or self.port))]

    def all_connect(self, anchors: int) -> None:
        """With openssl to the primary that runs and to real Java; Java opens every gateway's stores."""
        assert self.refused() == []
        with java_primary(self.primary.deployment, self.primary.root / "java.log") as port:
            assert self.refused(port=port) == []
        found = {each.in_java() for each in self.machines if isinstance(each, Gateway)}
        assert found == {("3", str(anchors))}

    def on_gateway(self, gateway: Gateway, command: str, folder: str) -> dict[str, str]:
        """The wizard on the gateway itself."""
        text = f"""schema = 1
goal = "re-key"
[primary]
kind = "elsewhere"
host = "localhost"
port = {self.port}
[[gateway]]
host = "{gateway.name}"
chain = ["{self.primary.root}/{folder}/{gateway.name}.pfx"]
password = {{ file = "{self.primary.root}/password" }}
unattended-file = "unattended.conf"
{self.account}
"""
        (gateway.folder / "here.toml").write_text(text)
        before = {name: gateway.store(name).read_bytes() for name in ("KEYSTORE", "TRUSTSTORE")}
        options = ["--answers", str(gateway.folder / "here.toml"), "--yes", "--settle", "0"]
        self.done(command, *options, *gateway.options)
        after = {name: gateway.store(name).read_bytes() for name in before}
        return {name: "changed" if before[name] != after[name] else "kept" for name in before}

    def here(self, gateway: Gateway) -> tuple[str, bool, list[str]] | None:
        """What `status` on the gateway says of the change: the phase, whether it is done there, what it waits for."""
        said = self.primary.run("status", "--json", *gateway.options)
        found = json.loads(said.stdout)["root_change"]
        return (found["phase"], found["done_here"], found["blocked_by"]) if found is not None else None

    def ticks_here(self, gateway: Gateway) -> None:
        """What is to be done on the gateway is done."""
        for item in json.loads(self.done("checklist", "--json", *gateway.options))["items"]:
            if item["id"].startswith("here/") and not item["done"]:
                self.done("checklist", "--tick", item["id"], *gateway.options)


def issue(pki: Pki, folder: Path) -> None:
    """What the PKI team hands over: a PFX for every machine."""
    folder.mkdir()
    key = new_key()
    for name in ("primary-host", *GATEWAYS, *CLIENTS):
        dns = None if name == "primary-host" else [name]
        usage = [CLIENT] if name in CLIENTS else [SERVER, CLIENT]
        entity = pki.reissued(name, key=key, dns=dns, eku=usage)
        (folder / f"{name}.pfx").write_bytes(pfx(entity, PASSWORD, name=name))


@pytest.fixture(params=["private", "public"])
def story(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Story]:
    """The new root is one of the company as well, or a public one: then Java and Windows bring it already."""
    old, new = make(NOW - timedelta(60)), make(NOW - timedelta(10))
    primary = Practice(create(tmp_path / "p", jre=jre("17"), find_jre=False, pki=old))
    (primary.root / "password").write_text(PASSWORD)
    issue(old, primary.root / "old")
    issue(new, primary.root / "new")
    machines: list[Gateway | Client] = []
    for name in (*GATEWAYS, *CLIENTS):
        folder = tmp_path / name
        folder.mkdir()
        machines.append((Gateway if name in GATEWAYS else Client)(name, folder))
        (folder / "unattended.conf").write_text('HCP_SERVER="primary-host"\n')
        (folder / "unattended.conf").chmod(0o600)
    told = Story(primary, old, new, machines)
    if request.param == "public":
        root = new.root.certificate
        told.account = f'[account]\npublic-roots = ["{root.fingerprint(SHA256()).hex()}"]'
        truststore.add(primary.deployment.cacerts, root, "public [jdk]", PASSWORD)
        for machine in machines:
            if isinstance(machine, Client):
                machine.add(root.public_bytes(Encoding.DER), root=True)
    primary.start()
    try:
        yield told
    finally:
        primary.systemctl("stop")


def set_up(story: Story) -> None:
    """On the way to the third gateway its key store is cut off, which is repaired by carrying it again."""
    third = story.machines[2]
    assert isinstance(third, Gateway)
    answers = story.answers("set-up", "old")
    bundles = story.bundles("set-up", answers)
    story.uploads(bundles)
    story.done("apply", "--answers", answers, "--yes")
    for each in story.machines:
        each.take(bundles / each.name)
    third.store("KEYSTORE").write_bytes(third.store("KEYSTORE").read_bytes()[:900])
    assert [said.split(":")[0] for said in story.refused()] == ["gateway-3"]
    third.take(bundles / "gateway-3")
    story.all_connect(anchors=1)


def others_take(story: Story, bundles: Path) -> None:
    """One machine after the other, and after each all of them connect."""
    for each in story.machines[1:]:
        assert story.refused() == []
        each.take(bundles / each.name)
    assert story.refused() == []


@exhaustive
def test_nobody_is_refused_from_the_set_up_to_the_last_phase(story: Story) -> None:
    first, _second, third = (each for each in story.machines if isinstance(each, Gateway))
    set_up(story)

    # Phase 1, before the new chain is valid.
    answers = story.answers("re-key", "new")
    bundles = story.bundles("phase-1", answers)
    story.uploads(bundles)
    story.done("apply", "--answers", answers, "--yes")
    assert story.phase()[0] == "trust-root"
    assert story.on_gateway(first, "trust-root", "new") == {"KEYSTORE": "kept", "TRUSTSTORE": "changed"}
    assert story.here(first) == ("trust-root", True, [NOT_YET, *OPEN_HERE])
    story.ticks_here(first)
    assert story.here(first) == ("trust-root", True, [NOT_YET])
    others_take(story, bundles)
    story.all_connect(anchors=2)
    story.ticks()
    assert story.phase() == ("trust-root", 1)
    assert "The new chain is valid from" in story.done("plan", "--answers", answers)

    # The clock moves: the new chain is valid.
    Clock.shows = NOW
    assert story.phase() == ("others", 0)
    assert story.here(first) == ("others", False, [])
    story.done("apply", "--answers", answers, "--yes")
    bundles = story.bundles("phase-2", answers)
    assert story.on_gateway(first, "apply", "new") == {"KEYSTORE": "changed", "TRUSTSTORE": "kept"}
    others_take(story, bundles)
    story.all_connect(anchors=2)
    story.ticks_here(first)
    assert story.here(first) == ("primary", True, ["the primary presents its old certificate"])
    assert story.phase()[0] == "others"
    story.ticks()

    assert story.phase() == ("primary", 0)
    story.done("apply", "--answers", answers, "--yes")
    story.all_connect(anchors=2)
    story.ticks()

    assert story.phase() == ("retire-root", 0)
    assert story.here(first) == ("retire-root", False, [])
    bundles = story.bundles("phase-4", answers)
    assert story.on_gateway(first, "apply", "new") == {"KEYSTORE": "kept", "TRUSTSTORE": "changed"}
    others_take(story, bundles)
    for file in story.primary.deployment.portal.glob("set-up-*"):
        file.unlink()
    story.done("retire-root", "--answers", answers, "--yes")
    story.all_connect(anchors=1)
    story.ticks()
    assert story.primary.json("status")["root_change"] is None
    assert story.here(first) == ("retire-root", True, OPEN_HERE)
    story.ticks_here(first)
    assert story.here(first) is None

    # Whoever still had the old certificate would be refused now: the old root is gone.
    third.take(story.primary.root / "set-up" / "gateway-3")
    assert [said.split(":")[0] for said in story.refused()] == ["gateway-3"]
