"""A change of the root in four phases by commands alone: what each changes, what it waits for, and how it is undone."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.line_by_line import talk
from tests.support.practice import Practice, company, practice
from wizard.certificates.model import Bundle
from wizard.certificates.reading import read
from wizard.host.machine import Machine
from wizard.planning import snapshot
from wizard.questions.answers import Goal, Phase
from wizard.questions.answers_file import load
from wizard.sandbox import truststore
from wizard.sandbox.build import upload
from wizard.sandbox.pki import Pki, make, pem, pfx, plain_key
from wizard.secret import Secret
from wizard.session.session import Session

STORE = "opt/hcp/conf/primary-host.pfx"
CACERTS = "opt/hcp/jre/lib/security/cacerts"
FAR = "node-b.example.com"
"""Another node of the cluster, which this machine cannot reach."""


@cache
def successor() -> Pki:
    """The PKI under the new root, for the same hosts."""
    return make()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", configured=True) as made:
        for name, entity in successor().entities.items():
            (made.root / f"{name}.pfx").write_bytes(pfx(entity, "changeit", name=name))
        later = successor().reissued("primary-host", days=(30, 400))
        (made.root / "later.pfx").write_bytes(pfx(later, "changeit", name="primary-host"))
        yield made


def answers(
    server: Practice,
    phase: str = "",
    chain: str = "primary-host.pfx",
    *,
    others: bool = True,
    nodes: str = '["127.0.0.1"]',
    goal: str = "re-key",
) -> str:
    keep = "{ keep = true }" if goal == "re-key" else '{ file = "password" }'
    path = Path(server.answers(goal=f'"{goal}"', chain=f'["{chain}"]', keystore_password=keep, nodes=nodes))
    text = path.read_text()
    head = re.sub(r"(?m)^schema = 1$", f'schema = 1\nphase = "{phase}"' if phase else "schema = 1", text)
    (server.root / "password").write_text("changeit")
    machines = [
        f'[[{kind}]]\nhost = "{host}"\nchain = ["{host}.pfx"]\npassword = {{ file = "password" }}\n'
        for kind, host in (("gateway", "gateway-host"), ("client", "pcclient-host"))
    ]
    path.write_text(head[: head.index("[[gateway]]")] + "\n".join(machines if others else []))
    return str(path)


def plan(server: Practice, path: str) -> dict[str, Any]:
    found: dict[str, Any] = server.json("plan", "--answers", path)
    return found


def changed(found: dict[str, Any]) -> list[str]:
    return [step["id"] for step in found["steps"] if step["changed"]]


def codes(found: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in found["findings"]}


def tick_all(server: Practice) -> None:
    left = [item["id"] for item in server.json("checklist")["items"] if not item["done"]]
    assert server.run("checklist", *(word for each in left for word in ("--tick", each)), "--yes").returncode == 0


def applied(server: Practice, path: str) -> None:
    done = server.run("apply", "--answers", path, "--yes")
    assert done.returncode == 0, done.stderr


def under_way(server: Practice) -> Any:
    return server.json("status")["root_change"]


def test_each_phase_changes_its_own_part_and_can_be_undone(server: Practice) -> None:
    path, start = answers(server), server.tree()
    assert changed(plan(server, path)) == ["trust", "restart"]
    applied(server, path)
    trusts = server.tree()
    assert {name for name in trusts if trusts[name] != start.get(name)} == {CACERTS}
    assert under_way(server)["phase"] == "trust-root"
    assert any("gateway-host" in each for each in under_way(server)["blocked_by"])

    # A phase that is skipped names who goes offline.
    told = plan(server, answers(server, "primary"))
    (skipped,) = [each for each in told["findings"] if each["code"] == "phase.skipped"]
    assert skipped["severity"] == "warning"
    assert "gateway-host, pcclient-host" in skipped["message"]

    path = answers(server)
    waiting = plan(server, path)
    assert changed(waiting) == []
    assert {"phase.planned", "phase.waits"} <= codes(waiting)
    tick_all(server)
    assert (under_way(server)["phase"], under_way(server)["blocked_by"]) == ("others", [])

    others = plan(server, path)
    assert (changed(others), others["steps"]) == ([], [])
    applied(server, path)
    assert server.tree() == trusts
    assert under_way(server)["number"] == 2
    assert "2 of 4: New certificates" in server.run("status").stdout
    tick_all(server)

    assert changed(plan(server, path)) == ["keystore", "restart"]
    applied(server, path)
    presents = server.tree()
    assert {name for name in presents if presents[name] != trusts.get(name)} == {STORE}
    assert under_way(server)["phase"] == "primary"
    tick_all(server)

    last = plan(server, path)
    assert changed(last) == ["trust-1", "restart"]
    assert [step["kind"] for step in last["steps"]] == ["remove_trust", "restart", "probe"]
    assert "phase.old-root-goes" in codes(last)
    applied(server, path)
    assert under_way(server)["phase"] == "retire-root"
    tick_all(server)
    assert under_way(server) is None
    assert changed(plan(server, path)) == []

    for before in (presents, trusts, start):
        assert server.run("rollback", "--yes").returncode == 0
        assert server.tree() == before


@exhaustive
def test_the_old_certificate_can_be_renewed_until_the_new_one_is_installed(
    server: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(server, answers(server, "trust-root"))
    before, state = under_way(server), server.deployment.machine.state_dir
    assert load((state / "last-answers.toml").read_text()).phase is Phase.AUTO
    assert (state / "last-ca.pem").read_bytes().count(b"BEGIN") == 4
    renewed = company().reissued("primary-host", days=(-1, 90))
    (tmp_path / "fullchain.pem").write_bytes(pem(renewed.certificate, renewed.issuers[0]))
    (tmp_path / "privkey.pem").write_bytes(plain_key(renewed.key))
    monkeypatch.setenv("RENEWED_LINEAGE", str(tmp_path))
    done = server.run("apply", "--answers", "LAST", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "applied"
    assert set(before["blocked_by"]) <= set(under_way(server)["blocked_by"])
    assert under_way(server)["phase"] == "trust-root"
    tick_all(server)
    assert under_way(server)["phase"] == "others"


@exhaustive
def test_a_machine_of_the_inventory_is_not_forgotten(server: Practice) -> None:
    """The answers of the set-up had a gateway and a client; those of the change of the root have none."""
    handed(server, "answers.toml", "set-up")
    applied(server, answers(server, others=False))
    steps = ["Gateway gateway-host: trust the new root", "Client pcclient-host: trust the new root"]
    assert [each for each in under_way(server)["blocked_by"] if "-host" in each] == steps
    listed = server.run("checklist").stdout
    assert "It is in the inventory and not in the answers. Add it there, or:" in listed
    assert server.run("inventory", "--remove", "pcclient-host").returncode == 0
    tick_all(server)
    applied(server, answers(server, others=False))
    steps = ["Gateway gateway-host: a certificate under the new root"]
    assert [each for each in under_way(server)["blocked_by"] if "-host" in each] == steps


@exhaustive
def test_what_cannot_be_known_is_asked_for(server: Practice) -> None:
    path = answers(server)
    applied(server, path)
    (server.deployment.machine.state_dir / "left-to-do.json").unlink()
    done = server.run("plan", "--answers", path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: phase.unclear ")
    assert 'phase = "trust-root"' in done.stderr
    assert changed(plan(server, answers(server, "trust-root"))) == []
    assert "phase.skipped" not in codes(plan(server, answers(server, "others")))
    told = plan(server, answers(server, "primary"))
    assert changed(told) == ["keystore", "restart"]
    assert "phase.skipped" in codes(told)


@exhaustive
def test_status_does_not_call_a_change_complete_that_still_has_its_last_phase(server: Practice) -> None:
    for phase in ("trust-root", "primary"):
        applied(server, answers(server, phase))
        tick_all(server)
    waits = {"phase": "retire-root", "done_here": False, "blocked_by": []}
    assert waits.items() <= under_way(server).items()
    truststore.change_password(server.deployment.cacerts, "changeit", "another")
    (server.root / "another").write_text("another")
    secret = ("--secret", f"primary.cacerts-password=file:{server.root}/another")
    assert waits.items() <= server.json("status", *secret)["root_change"].items()
    assert under_way(server)["phase"] == "retire-root"


def test_the_old_root_stays_while_it_is_in_use(server: Practice) -> None:
    done = server.run("apply", "--answers", answers(server, "retire-root"), "--yes")
    assert done.returncode == 1
    assert "phase.old-root-in-use" in done.stderr


def test_at_once_is_possible_when_it_is_asked_for(server: Practice) -> None:
    told = plan(server, answers(server, "at-once"))
    assert changed(told) == ["keystore", "trust", "restart"]
    assert "rollover.root-changes" in codes(told)


@exhaustive
def test_a_chain_that_is_not_valid_yet_is_trusted_now_and_used_later(server: Practice) -> None:
    path = answers(server, chain="later.pfx")
    told = plan(server, path)
    assert changed(told) == ["trust", "restart"]
    assert "phase.not-valid-yet" in codes(told)
    applied(server, path)
    tick_all(server)
    assert under_way(server)["phase"] == "trust-root"
    assert any("valid from" in each for each in under_way(server)["blocked_by"])
    done = server.run("plan", "--answers", answers(server, "primary", "later.pfx"))
    assert done.returncode == 1
    assert "validity.leaf-not-yet-valid" in done.stdout


@pytest.mark.parametrize(
    "chain", mostly_exhaustive(["primary-host.pfx", "later.pfx"], {"primary-host.pfx"}.__contains__)
)
def test_a_set_up_over_an_installed_certificate_is_made_in_phases_too(server: Practice, chain: str) -> None:
    told = plan(server, answers(server, chain=chain, goal="set-up"))
    assert changed(told) == ["trust", "restart"]
    assert "phase.planned" in codes(told)


def test_a_phase_needs_a_change_of_the_root(server: Practice) -> None:
    path = answers(server, "trust-root", "certificates/primary-host.pfx")
    done = server.run("plan", "--answers", path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: phase.no-root-change ")


def handed(server: Practice, path: str, name: str) -> Path:
    done = server.run("handoff", "--answers", path, "--out", str(server.root / name))
    assert done.returncode == 0, done.stderr
    return server.root / name


def assert_listed(bundles: Path) -> None:
    """Every file of every bundle is in the list of its page, with its folder."""
    for page in bundles.glob("*/CHECKLIST.md"):
        listed = re.findall(r"(?m)^- `(.*/([^/`]+))`: ", page.read_text())
        assert {name for _, name in listed} == {each.name for each in page.parent.iterdir()}, page
        # A gateway has it at a place that is known; the others are named by their folder.
        place = (
            f"/root/cloudstream-tls/{page.parent.name}" if page.parent.name.startswith("gateway") else page.parent.name
        )
        assert {full.rpartition("/")[0] for full, _ in listed} == {place}


def roots_in(store: Path, lines: Path) -> int:
    password = re.search(r'HCP_DEFAULT_TRUSTSTORE_PASSWORD="([^"]*)"', lines.read_text())
    assert password is not None
    report = run_java("StoreReport", stdin=f"{store}\t{password[1]}\n")
    return report.stdout.split("\t")[0].count(":cert")


@exhaustive
def test_the_bundles_of_each_phase(server: Practice) -> None:
    path = answers(server)
    first = handed(server, path, "first")
    gateway = first / "gateway-host"
    assert sorted(each.name for each in gateway.iterdir()) == [
        "CHECKLIST.md",
        "GATEWAY-ON-WINDOWS.md",
        "acme-ca-root.pfx",
        "unattended-lines.conf",
        "verify.sh",
    ]
    old, new = (
        each.entities["primary-host"].certificate.fingerprint(SHA256()).hex(":").upper()
        for each in (company(), successor())
    )
    assert old in (gateway / "verify.sh").read_text()
    assert "KEYSTORE" not in (gateway / "unattended-lines.conf").read_text()
    assert roots_in(gateway / "acme-ca-root.pfx", gateway / "unattended-lines.conf") == 2
    assert "Import-Certificate" in (first / "pcclient-host/CHECKLIST.md").read_text()
    assert "Order, step 4 of 4" in (first / "README.md").read_text()
    assert "Compare each fingerprint" in (first / "portal/CHECKLIST.md").read_text()

    applied(server, path)
    tick_all(server)
    second = handed(server, path, "second")
    assert roots_in(second / "gateway-host/acme-ca-root.pfx", second / "gateway-host/unattended-lines.conf") == 2
    assert (second / "gateway-host/gateway-host.pfx").is_file()
    # The primary still presents its old certificate when this bundle arrives.
    assert old in (second / "gateway-host/verify.sh").read_text()

    applied(server, path)
    tick_all(server)
    applied(server, path)
    tick_all(server)
    last = handed(server, path, "last")
    assert new in (last / "gateway-host/verify.sh").read_text()
    assert roots_in(last / "gateway-host/acme-ca-root.pfx", last / "gateway-host/unattended-lines.conf") == 1
    assert "Remove-Item" in (last / "pcclient-host/CHECKLIST.md").read_text()
    assert "Remove Acme-CA-Root" in (last / "portal/CHECKLIST.md").read_text()
    for bundles in (first, second, last):
        assert_listed(bundles)


@exhaustive
def test_a_cluster_is_changed_one_node_after_the_other(server: Practice, tmp_path: Path) -> None:
    def here(phase: str = "") -> str:
        return answers(server, phase, others=False, nodes=f'["127.0.0.1", "{FAR}"]')

    def there(name: str) -> str:
        """The answers of the bundle of *name* for the other node, which has a disk and a port of its own."""
        folder = other.root / name
        shutil.copytree(handed(server, here(), name) / FAR, folder)
        path = folder / "answers.toml"
        text = re.sub(r"(?m)^port = \d+$", f"port = {other.deployment.port}", path.read_text())
        path.write_text(text.replace('"localhost"', '"127.0.0.1"'))
        return str(path)

    def changes(path: str) -> set[str]:
        before = other.tree()
        applied(other, path)
        after = other.tree()
        return {name for name in after if after[name] != before.get(name)}

    with practice(tmp_path / "other", configured=True) as other:
        path = there("first")
        applied(server, here())
        assert any(FAR in each for each in under_way(server)["blocked_by"])
        assert load(Path(path).read_text()).phase is Phase.TRUST_ROOT
        assert changes(path) == {CACERTS}
        tick_all(server)

        assert not (handed(server, here(), "second") / FAR).exists()
        applied(server, here())
        tick_all(server)

        path = there("third")
        assert "node.elsewhere" in codes(plan(server, here()))
        applied(server, here())
        assert under_way(server)["phase"] == "primary"
        assert changes(path) == {STORE}
        tick_all(server)

        # As long as nobody sees that the other node has the new certificate, the old root stays.
        refused = plan(server, here())
        assert under_way(server)["phase"] == "retire-root"
        (in_use,) = [each for each in refused["findings"] if each["code"] == "phase.old-root-in-use"]
        assert FAR in in_use["message"]
        assert load(Path(there("last")).read_text()).phase is Phase.RETIRE_ROOT


@exhaustive
def test_the_export_for_ansible_makes_the_next_phase(server: Practice) -> None:
    path = answers(server)
    old, new = (
        each.entities["primary-host"].certificate.fingerprint(SHA256()).hex() for each in (company(), successor())
    )

    def exported(name: str) -> tuple[str, bool, str]:
        """What the primary shall present, whether a gateway gets a key store, and the phase of the primary's run."""
        out = server.root / name
        done = server.run("export", "ansible", "--answers", path, "--out", str(out), "--plain-secrets")
        assert done.returncode == 0, done.stderr
        gateway = out / "host_vars/gateway-host/tls.yml"
        assert not gateway.is_file() or "verify: true" in gateway.read_text()
        told = (out / "host_vars/primary-host/tls.yml").read_text()
        return (
            "old" if old in told else "new" if new in told else "",
            gateway.is_file() and "HCP_DEFAULT_KEYSTORE" in gateway.read_text(),
            load((out / "files/primary-host/answers.toml").read_text()).phase,
        )

    assert exported("first") == ("old", False, Phase.TRUST_ROOT)
    applied(server, path)
    tick_all(server)
    assert exported("second") == ("old", True, Phase.OTHERS)
    applied(server, path)
    tick_all(server)
    assert exported("third") == ("new", False, Phase.PRIMARY)
    applied(server, path)
    tick_all(server)
    assert exported("last") == ("new", False, Phase.RETIRE_ROOT)


def test_the_export_of_the_third_phase_brings_each_gateway_its_test_alone(server: Practice) -> None:
    out = server.root / "third"
    words = ("--answers", answers(server, "primary"), "--out", str(out), "--plain-secrets")
    done = server.run("export", "ansible", *words)
    assert done.returncode == 0, done.stderr
    assert [each.name for each in (out / "files/gateway-host").iterdir()] == ["verify.sh"]
    script = (out / "files/gateway-host/verify.sh").read_text()
    coming = successor().entities["primary-host"]
    leaf, root = (each.fingerprint(SHA256()).hex(":").upper() for each in (coming.certificate, coming.issuers[-1]))
    assert f"expected={leaf}\n" in script
    assert f"roots='{root}'\n" in script
    variables = (out / "host_vars/gateway-host/tls.yml").read_text()
    assert 'phase: "primary"\n' in variables
    assert variables.endswith('verify: true\nphase: "primary"\nstores: []\nsettings: []\n'), variables
    assert "[gateways]\ngateway-host\n" in (out / "inventory.ini").read_text()


@exhaustive
def test_line_mode_asks_for_the_phase_and_makes_it(server: Practice) -> None:
    path = Path(answers(server))
    before = server.tree()
    session = Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)
    # Goal, place, address, files, their password, host; phase; two kinds of machines, each with the version of its Java
    # or Windows, their files and password.
    typed = ["", "", "", "", "changeit", "", "1", "", "", "", "", "", "", "", "apply", "", "", ""]
    code, said = talk(session, *typed)
    assert code == 0, said
    assert "Which phase of the root CA change comes next?" in said
    after = server.tree()
    assert {name for name in after if after[name] != before.get(name)} == {CACERTS}
    assert "Phase 1 of 4: Trust the new root" in said
    assert (server.root / "cloudstream-packs/gateway-host/CHECKLIST.md").is_file()
    assert under_way(server)["phase"] == "trust-root"


@exhaustive
def test_line_mode_repeats_who_goes_offline_at_the_last_question(server: Practice) -> None:
    path = Path(answers(server))
    session = Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)
    typed = ["", "", "", "", "changeit", "", "3", *[""] * 13, "yes", "", "quit", "forget"]
    _, said = talk(session, *typed)
    assert "Phase: All phases at once." in said
    before, _, _ = said.rpartition("Type apply to make the change")
    assert "goes offline" in before[before.rindex("This is the last question before the change.") :]


@exhaustive
def test_the_last_question_repeats_who_goes_offline(server: Practice) -> None:
    applied(server, answers(server))
    path = Path(answers(server, "primary"))
    session = Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)
    session.put_secret("primary.password", Secret("changeit"))
    shown = " ".join(session.review().risks)
    assert "gateway-host, pcclient-host" in shown
    assert "goes offline" in shown


def test_a_review_reads_the_machine_once(server: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(answers(server))
    session = Session(server.deployment.machine, answers=load(path.read_text()), base=path.parent)
    session.put_secret("primary.password", Secret("changeit"))
    opened: list[str] = []

    def counted(data: bytes, *, name: str, password: Secret | None = None) -> Bundle:
        opened.append(name)
        return read(data, name=name, password=password)

    monkeypatch.setattr(snapshot, "read", counted)
    assert session.review().phase is Phase.TRUST_ROOT
    assert opened.count(f"/{STORE}") == 1, opened


@exhaustive
def test_a_kept_plan_of_a_phase_is_judged_as_that_phase(server: Practice) -> None:
    path, kept = answers(server, chain="later.pfx"), str(server.root / "night.plan")
    before = server.tree()
    assert server.run("plan", "--answers", path, "--out", kept).returncode == 0
    done = server.run("apply", "--plan", kept, "--yes")
    assert done.returncode == 0, done.stderr
    after = server.tree()
    assert {name for name in after if after[name] != before.get(name)} == {CACERTS}
    assert under_way(server)["phase"] == "trust-root"


GATEWAY = """\
schema = 1
goal = "{goal}"
phase = "{phase}"
[primary]
kind = "elsewhere"
host = "localhost"
port = {port}
[[gateway]]
host = "gateway-host"
chain = ["{chain}"]
password = {{ file = "{password}" }}
unattended-file = "unattended.conf"
"""


@dataclass(frozen=True)
class Gateway:
    """A gateway of the running *server*, with the wizard on it."""

    server: Practice
    folder: Path

    def told(
        self, phase: str, chain: str = "gateway-host.pfx", *, goal: str = "re-key", port: int = 0, command: str = "plan"
    ) -> str:
        """The exit code of *command* and what it says."""
        path = self.path(phase, chain, goal, port)
        yes = ["--yes", "--settle", "0"] if command == "apply" else []
        done = self.server.run(command, "--answers", str(path), *yes, *self.where)
        return f"{done.returncode} {done.stdout}{done.stderr}"

    def path(self, phase: str, chain: str = "gateway-host.pfx", goal: str = "re-key", port: int = 0) -> Path:
        """Its answers."""
        path, port = self.folder / "here.toml", port or self.server.deployment.port
        password, file = self.folder / "password", self.server.root / chain
        path.write_text(GATEWAY.format(goal=goal, phase=phase, port=port, chain=file, password=password))
        return path

    def status(self) -> tuple[str, bool, str]:
        """The phase, whether it is done here, and the first of what it waits for."""
        found = json.loads(self.server.run("status", "--json", *self.where).stdout)["root_change"]
        return found["phase"], found["done_here"], found["blocked_by"][0]

    @property
    def machine(self) -> Machine:
        """As the commands read it."""
        return replace(self.server.deployment.machine, root=self.folder, state_dir=self.folder / "state")

    @property
    def where(self) -> list[str]:
        return ["--root", str(self.folder), "--state-dir", str(self.folder / "state")]


OLD = "certificates/gateway-host.pfx"


@pytest.fixture
def gateway(server: Practice, tmp_path: Path) -> Gateway:
    """It is set up under the old root."""
    made = Gateway(server, tmp_path / "gateway")
    made.folder.mkdir()
    (made.folder / "unattended.conf").write_text('HCP_SERVER="primary-host"\n')
    (made.folder / "unattended.conf").chmod(0o600)
    (made.folder / "password").write_text("changeit")
    for name, pki, days in (
        ("later", successor(), (30, 400)),
        ("old-later", company(), (30, 400)),
        ("renewed", company(), (-1, 90)),
    ):
        data = pfx(pki.reissued("gateway-host", days=days), "changeit", name="gateway-host")
        (server.root / f"{name}-gateway.pfx").write_bytes(data)
    assert made.told("auto", OLD, goal="set-up", command="apply").startswith("0 ")
    return made


def test_a_gateway_waits_for_its_primary(gateway: Gateway) -> None:
    told = gateway.told
    assert "phase.no-root-change" in told("trust-root", OLD)
    at_once = told("at-once")
    assert "rollover.root-changes" in at_once
    assert "Key store: " in at_once
    early = told("auto", "later-gateway.pfx")
    assert "phase.not-valid-yet" in early
    assert "Trust store: " in early
    assert "Key store: " not in early
    assert "validity.leaf-not-yet-valid" in told("auto", "old-later-gateway.pfx")
    assert told("auto", command="apply").startswith("0 ")

    # Both roots are trusted here, and the portal does not have the new one.
    waits = told("auto")
    assert "phase.waits" in waits
    assert "does not accept" in waits
    assert told("auto", port=1).startswith("2 error: phase.unclear ")
    skipped = told("others")
    assert "phase.skipped" in skipped
    assert "Key store: " in skipped
    assert told("others", "later-gateway.pfx").startswith("1 ")
    refused = told("retire-root")
    assert refused.startswith("1 ")
    assert "phase.old-root-in-use" in refused


@exhaustive
def test_each_phase_on_a_gateway_can_be_undone(gateway: Gateway) -> None:
    """The primary changes meanwhile; it is given the new certificate at once, because the gateway is all there is."""

    def tree() -> dict[str, bytes]:
        found = [gateway.folder / "unattended.conf", *sorted((gateway.folder / "etc").rglob("*.pfx"))]
        return {each.name: each.read_bytes() for each in found}

    def made() -> set[str]:
        before = tree()
        assert gateway.told("auto", command="apply").startswith("0 ")
        states.append(before)
        return {name for name, data in tree().items() if data != before[name]}

    states: list[dict[str, bytes]] = []
    server = gateway.server
    assert made() == {"acme-ca-root.pfx", "unattended.conf"}
    upload(server.deployment, successor())
    server.systemctl("stop")
    server.start()
    assert made() == {"gateway-host.pfx", "unattended.conf"}
    applied(server, answers(server, "at-once", others=False))
    assert made() == {"acme-ca-root.pfx"}
    for state in reversed(states):
        done = server.run("rollback", "--yes", *gateway.where)
        assert done.returncode == 0, done.stderr
        assert tree() == state


@pytest.mark.parametrize("typed", ["", "1"])
@exhaustive
def test_a_gateway_is_asked_for_the_phase_line_by_line(gateway: Gateway, typed: str) -> None:
    """Whether the recommended goal is taken, to replace certificates, or a set-up over the one that is there."""
    session = Session(gateway.machine, answers=load(gateway.path("auto").read_text()), base=gateway.folder)
    # Goal, place, files, their password, host, primary and port, trust and its root, unattended file, both places and
    # the password of the key store; the phase.
    new = str(gateway.server.root / "gateway-host.pfx")
    _, said = talk(session, typed, "", new, "changeit", *[""] * 9, "1", "", "quit", "forget")
    assert "Which phase of the root CA change comes next?" in said
    last = said[said.rindex("This is the last question before the change.") :]
    assert "changes   /etc/cloudstream-tls/acme-ca-root.pfx" in last
    assert "gateway-host.pfx" not in last
    assert session.answers.goal is (Goal.SET_UP if typed else Goal.RE_KEY)


@exhaustive
def test_a_gateway_that_is_set_up_is_never_changed_at_once_unasked(gateway: Gateway) -> None:
    """To set it up again is to replace certificates: also at other places than those of its stores."""
    assert Session(gateway.machine).overview().goal is Goal.RE_KEY
    planned = gateway.told("auto", goal="set-up")
    assert "phase.planned" in planned
    assert "Trust store: " in planned
    assert "Key store: " not in planned
    for name in ("keystore", "truststore"):
        path = gateway.path("auto", goal="set-up")
        path.write_text(path.read_text().replace("[[gateway]]", f'[[gateway]]\n{name}-path = "/etc/other/{name}.pfx"'))
        found = gateway.server.json("plan", "--answers", str(path), *gateway.where)
        assert "keystore" not in changed(found)
        (settings,) = [step["diff"] for step in found["steps"] if step["id"] == "settings"]
        assert "HCP_DEFAULT_KEYSTORE" not in re.sub(r"(?m)^ .*$", "", settings)
    assert gateway.told("auto", goal="set-up", command="apply").startswith("0 ")
    waits = gateway.told("auto", goal="set-up")
    assert "phase.waits" in waits
    assert "Key store: " not in waits
    at_once = gateway.told("at-once", goal="set-up")
    assert "Key store: " in at_once
    for _ in range(2):
        assert gateway.server.run("rollback", "--yes", *gateway.where).returncode == 0
    assert Session(gateway.machine).overview().goal is Goal.SET_UP


def test_a_gateway_that_another_tool_has_set_up_is_known_by_its_stores(gateway: Gateway) -> None:
    shutil.rmtree(gateway.folder / "state")
    assert Session(gateway.machine).overview().goal is Goal.RE_KEY


@exhaustive
def test_status_on_a_gateway_says_what_blocks_the_next_phase(gateway: Gateway) -> None:
    assert gateway.told("auto", command="apply").startswith("0 ")
    refused = ("trust-root", True, "the primary does not accept a certificate under Acme-CA-Root yet")
    assert gateway.status() == refused
    shown = gateway.server.run("status", *gateway.where).stdout
    assert "  phase 1 of 4: Trust the new root; done on this machine" in shown
    assert f"  before the next phase: {refused[2]}" in shown
    unattended, password = gateway.folder / "unattended.conf", gateway.folder / "password"
    unattended.rename(gateway.folder / "moved")
    assert gateway.status() == ("trust-root", False, "/unattended.conf does not exist.")
    (gateway.folder / "moved").rename(unattended)
    password.rename(gateway.folder / "hidden")
    unknown = ("trust-root", True, "it is not known whether the primary accepts a certificate under Acme-CA-Root")
    assert gateway.status() == unknown
    (gateway.folder / "hidden").rename(password)
    # A renewal meanwhile: the files of the new certificate are not known any more.
    assert "Key store: " in gateway.told("auto", "renewed-gateway.pfx", command="apply")
    assert gateway.status() == unknown
    gateway.server.systemctl("stop")
    assert gateway.told("others", command="apply").startswith("0 ")
    assert gateway.status() == ("others", True, "the primary does not answer")
