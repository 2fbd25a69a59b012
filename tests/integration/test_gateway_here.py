"""The gateway set up on itself: stores and settings put in place as one change, repeated without effect, undone."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.exhaustive import exhaustive
from tests.support.jvm import run_java
from tests.support.practice import Practice, company, practice
from wizard.certificates.reading import read
from wizard.host.machine import Machine
from wizard.sandbox.pki import SERVER, Pki, make, new_key, pfx
from wizard.secret import Secret
from wizard.session.session import Session

PRIMARY = "certificates/primary-host.pfx"
SECRET = 'password = { file = "secrets/primary" }'
FOLDER = "etc/cloudstream-tls"
NAMES = (
    "HCP_DEFAULT_KEYSTORE",
    "HCP_DEFAULT_KEYSTORE_PASSWORD",
    "HCP_DEFAULT_TRUSTSTORE",
    "HCP_DEFAULT_TRUSTSTORE_PASSWORD",
)
ANSWERS = """\
schema = 1
goal = "{goal}"
[primary]
kind = "elsewhere"
host = "{host}"
port = {port}
chain = {primary}
import-root = "{import_root}"
{secret}
[[gateway]]
host = "gateway-host"
chain = {chain}
password = {{ file = "secrets/gateway" }}
keystore-path = "{keystore}"
truststore-path = "{truststore}"
keystore-password = {password}
unattended-file = "{unattended}"
"""


@dataclass(frozen=True)
class Bare:
    """As much of a deployment as commands on it need."""

    root: Path
    port: int
    machine: Machine


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Practice]:
    """A machine with the product's Java and nothing of the wizard; where the account is known, it is the service's."""
    with practice(tmp_path / "p", start=False) as made:
        (made.root / "unattended.conf").chmod(0o600)
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Practice]:
    """The same without Java, for what Java has no part in."""
    with practice(tmp_path / "p", java=None, start=False) as made:
        (made.root / "unattended.conf").chmod(0o600)
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("gateway") / "p", java=None, start=False) as made:
        (made.root / "unattended.conf").chmod(0o600)
        for name, entity in (
            ("server-only", company().reissued("gateway-host", eku=[SERVER])),
            ("expired", company().reissued("gateway-host", days=(-400, -3))),
        ):
            (made.root / f"{name}.pfx").write_bytes(pfx(entity, "changeit"))
        yield made


@cache
def successor() -> Pki:
    """Another PKI with a root of the same name."""
    return make()


def answers(made: Practice, **changes: str) -> str:
    values = {
        "goal": "set-up",
        "host": "",
        "port": str(made.deployment.port),
        "primary": "[]",
        "import_root": "auto",
        "secret": "",
        "chain": '["certificates/gateway-host.pfx"]',
        "keystore": "",
        "truststore": "",
        "password": "{ generate = true }",
        "unattended": "unattended.conf",
    }
    path = made.root / "here.toml"
    path.write_text(ANSWERS.format(**{**values, **changes}))
    return str(path)


def everything(made: Practice) -> dict[str, tuple[int, int, int, bytes]]:
    """Every file and folder that the change could touch: mode, owner, group, bytes."""
    found = {}
    for path in [made.root / "unattended.conf", *sorted((made.root / "etc").rglob("*")), made.root / "etc"]:
        seen = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(made.root))] = (seen.st_mode, seen.st_uid, seen.st_gid, data)
    return found


def sourced(made: Practice, file: str = "unattended.conf") -> dict[str, str]:
    """The four settings as bash has them after sourcing the file."""
    script = f'set -u; . "./{file}"; ' + "; ".join(f'printf "%s\\n" "${name}"' for name in NAMES)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=made.root)
    return dict(zip(NAMES, done.stdout.splitlines(), strict=True))


def codes(plan: dict[str, list[dict[str, str]]]) -> set[str]:
    return {finding["code"] for finding in plan["findings"]}


def kinds(plan: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(step["kind"], step["id"]) for step in plan["steps"]]


def test_there_and_back(gateway: Practice) -> None:
    before = everything(gateway)
    path = answers(gateway)
    plan = gateway.json("plan", "--answers", path)
    assert kinds(plan) == [
        ("make_folder", "folder-1"),
        ("put_file", "keystore"),
        ("put_file", "truststore"),
        ("edit_file", "settings"),
    ]
    assert "PASSWORD=********" in plan["steps"][3]["diff"]
    assert everything(gateway) == before
    assert gateway.json("plan", "--answers", path)["digest"] == plan["digest"]

    done = gateway.run("apply", "--answers", path, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["outcome"], result["digest"]) == ("applied", plan["digest"])
    assert any("signed with the key gateway-host" in event["text"] for event in result["events"])
    assert "prove" not in result["events"][-1]["text"]
    after = everything(gateway)
    assert after.keys() - before.keys() == {FOLDER, f"{FOLDER}/gateway-host.pfx", f"{FOLDER}/acme-ca-root.pfx"}
    assert {name for name in before if before[name] != after[name]} <= {"unattended.conf", "etc"}

    values = sourced(gateway)
    assert values["HCP_DEFAULT_KEYSTORE"] == f"/{FOLDER}/gateway-host.pfx"
    store, trust = gateway.root / f"{FOLDER}/gateway-host.pfx", gateway.root / f"{FOLDER}/acme-ca-root.pfx"
    lines = f"{store}\t{values[NAMES[1]]}\n{trust}\t{values[NAMES[3]]}\n"
    report = run_java("StoreReport", stdin=lines)
    assert report.stdout == "gateway-host:RSA:3\t1\nacme-ca-root:cert\t1\n", report.stderr
    for secret in (values[NAMES[1]], values[NAMES[3]], "changeit"):
        assert len(secret) in {8, 24}
        assert secret not in done.stdout + done.stderr + json.dumps(plan)

    for record in gateway.deployment.machine.state_dir.rglob("*.json*"):
        assert not any(secret in record.read_text() for secret in (values[NAMES[1]], values[NAMES[3]])), record

    again = gateway.run("apply", "--answers", path, "--yes", "--json")
    assert json.loads(again.stdout)["outcome"] == "nothing_to_do", again.stdout
    assert everything(gateway) == after

    back = gateway.run("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert "proven" not in back.stdout
    assert everything(gateway) == before


@exhaustive
def test_every_other_byte_of_the_unattended_file_is_kept(gateway: Practice) -> None:
    file = gateway.root / "unattended.conf"
    old = '# kept \xe4\nHCP_DEFAULT_KEYSTORE="/old/x.pfx" # why\nexport HCP_X=1\n  HCP_DEFAULT_KEYSTORE_PASSWORD=abc\nZ="1"'
    file.write_text(old)
    assert gateway.run("apply", "--answers", answers(gateway), "--yes").returncode == 0
    values = sourced(gateway)
    told = file.read_text().splitlines()
    assert told[0] == "# kept \xe4"
    assert told[1] == f'HCP_DEFAULT_KEYSTORE="/{FOLDER}/gateway-host.pfx" # why'
    assert told[2] == "export HCP_X=1"
    assert told[3] == f'  HCP_DEFAULT_KEYSTORE_PASSWORD="{values[NAMES[1]]}"'
    assert told[4] == 'Z="1"'
    assert len(told) == 7
    assert gateway.run("rollback", "--yes").returncode == 0
    assert file.read_text() == old


@exhaustive
def test_a_failure_half_way_leaves_nothing(gateway: Practice) -> None:
    before = everything(gateway)
    plan = gateway.root / "kept.plan"
    path = answers(gateway, password='{ file = "secrets/gateway" }')
    assert gateway.run("plan", "--answers", path, "--out", str(plan)).returncode == 0
    # Java refuses the store, because the plan's password is not the one that is given now.
    (gateway.root / "other").write_text("another-1")
    secret = "gateway.0.keystore-password=file:"
    done = gateway.run("apply", "--plan", str(plan), "--yes", "--secret", f"{secret}{gateway.root / 'other'}")
    assert done.returncode == 2, done.stderr
    assert everything(gateway) == before
    done = gateway.run("apply", "--plan", str(plan), "--yes", "--secret", f"{secret}{gateway.root}/secrets/gateway")
    assert done.returncode == 0, done.stderr
    assert sourced(gateway)[NAMES[1]] == "changeit"
    assert gateway.run("rollback", "--yes").returncode == 0
    assert everything(gateway) == before


def test_a_plan_that_is_kept_contains_the_generated_password_and_says_so(shared: Practice) -> None:
    before = everything(shared)
    plan = shared.root / "kept.plan"
    done = shared.run("plan", "--answers", answers(shared), "--out", str(plan))
    assert done.returncode == 0, done.stderr
    assert "kept.plan contains the generated password" in done.stderr
    assert plan.stat().st_mode & 0o777 == 0o600
    done = shared.run("apply", "--plan", str(plan), "--yes")
    assert done.returncode == 0, done.stderr
    assert len(sourced(shared)[NAMES[1]]) == 24
    assert shared.run("rollback", "--yes").returncode == 0
    assert everything(shared) == before


def test_without_a_unit_the_stores_are_the_owners_alone(shared: Practice) -> None:
    before = everything(shared)
    options = [*shared.options, "--systemctl", "/nonexistent"]
    bare = Practice(shared.deployment)
    done = bare.run("apply", *options, "--answers", answers(shared), "--yes")
    assert done.returncode == 0, done.stderr
    assert "gateway.owner-alone" in done.stderr
    assert "gateway.no-proof" in done.stderr
    for name in ("gateway-host.pfx", "acme-ca-root.pfx"):
        assert (shared.root / FOLDER / name).stat().st_mode & 0o7777 == 0o600
    assert (shared.root / FOLDER).stat().st_mode & 0o7777 == 0o755
    assert shared.run("rollback", "--yes").returncode == 0
    assert everything(shared) == before


def test_a_machine_without_the_product(tmp_path: Path) -> None:
    """What most gateways are before their unattended installation: no unit, no Java, nothing below /opt/hcp."""
    root = tmp_path / "bare"
    (root / "etc").mkdir(parents=True)
    (root / "secrets").mkdir()
    (root / "secrets/gateway").write_text("changeit")
    (root / "gateway-host.pfx").write_bytes(pfx(company().entities["gateway-host"], "changeit"))
    (root / "unattended.conf").write_text('HCP_PRIMARY_ADDRESS="primary-host"\n')
    (root / "unattended.conf").chmod(0o600)
    machine = Machine(root=root, state_dir=root / "state", systemctl="/nonexistent")
    made = Practice(Bare(root, 2560, machine))  # type: ignore[arg-type]  # no sandbox built it
    path = answers(made, chain='["gateway-host.pfx"]')
    before = everything(made)
    done = made.run("apply", "--answers", path, "--yes")
    assert done.returncode == 0, done.stderr
    values = sourced(made)
    assert read((root / f"{FOLDER}/gateway-host.pfx").read_bytes(), password=Secret(values[NAMES[1]])).keys
    assert read((root / f"{FOLDER}/acme-ca-root.pfx").read_bytes(), password=Secret(values[NAMES[3]])).trusted_aliases
    assert "Nothing to do" in made.run("apply", "--answers", path, "--yes").stdout
    for command in ("status", "doctor", "history"):
        shown = made.run(command)
        assert "Traceback" not in shown.stderr + shown.stdout
        assert shown.returncode in {0, 1, 2, 3}, shown.stderr
    session = Session(machine)
    told = [line.text for line in session.lines(session.steps()[0])]
    assert told[0].endswith("no Print&Scan server is installed here; it may be a gateway.")
    assert made.run("rollback", "--yes").returncode == 0
    assert everything(made) == before


def test_a_new_certificate_keeps_password_and_places(plain: Practice) -> None:
    places = {"keystore": "/etc/own/k.p12", "truststore": "/etc/own/t.p12"}
    assert plain.run("apply", "--answers", answers(plain, **places), "--yes").returncode == 0
    old = sourced(plain)
    renewed = company().reissued("gateway-host", days=(-1, 200), key=new_key())
    (plain.root / "renewed.pfx").write_bytes(pfx(renewed, "changeit", name="gateway-host"))
    path = answers(plain, goal="re-key", chain='["renewed.pfx"]', password="{ keep = true }")
    before = everything(plain)
    assert kinds(plain.json("plan", "--answers", path)) == [("put_file", "keystore")]
    assert plain.run("apply", "--answers", path, "--yes").returncode == 0
    assert sourced(plain) == old
    changed = {name for name, seen in everything(plain).items() if seen != before.get(name)}
    assert changed == {"etc/own/k.p12"}
    assert plain.run("rollback", "--yes").returncode == 0
    assert everything(plain) == before


def test_a_new_root_is_trusted_beside_the_old_one(plain: Practice) -> None:
    assert plain.run("apply", "--answers", answers(plain), "--yes").returncode == 0
    (plain.root / "new-root.cer").write_bytes(successor().root.certificate.public_bytes(Encoding.DER))
    path = answers(plain, goal="re-key", primary='["new-root.cer"]', password="{ keep = true }")
    plan = plain.json("plan", "--answers", path)
    assert [step[1] for step in kinds(plan)] == ["truststore", "settings"]
    assert "in addition to 1 that it already contains" in plan["steps"][0]["summary"]
    assert plain.run("apply", "--answers", path, "--yes").returncode == 0
    values = sourced(plain)
    report = run_java("StoreReport", stdin=f"{plain.root}{values[NAMES[2]]}\t{values[NAMES[3]]}\n")
    assert report.stdout.rstrip("\n").endswith("\t2"), report.stdout + report.stderr
    again = plain.run("apply", "--answers", path, "--yes", "--json")
    assert json.loads(again.stdout)["outcome"] == "nothing_to_do"


@exhaustive
def test_a_public_root_goes_into_the_trust_store_when_the_root_changes_alone(gateway: Practice) -> None:
    """Under a public root no trust store is needed; one that is there would refuse a primary that gets such a root."""
    (gateway.root / "new-root.cer").write_bytes(successor().root.certificate.public_bytes(Encoding.DER))
    assert gateway.run("apply", "--answers", answers(gateway, primary='["new-root.cer"]'), "--yes").returncode == 0
    renewed = company().reissued("gateway-host", days=(-1, 200), key=new_key())
    (gateway.root / "renewed.pfx").write_bytes(pfx(renewed, "changeit", name="gateway-host"))
    other = successor().reissued("gateway-host", key=new_key())
    (gateway.root / "other.pfx").write_bytes(pfx(other, "changeit", name="gateway-host"))

    def steps(chain: str, public: Pki, phase: str = "auto", **more: str) -> list[str]:
        path = answers(gateway, goal="re-key", chain=f'["{chain}"]', password="{ keep = true }", **more)
        root = public.root.certificate.fingerprint(SHA256()).hex()
        text = Path(path).read_text().replace("schema = 1", f'schema = 1\nphase = "{phase}"')
        Path(path).write_text(f'{text}[account]\npublic-roots = ["{root}"]\n')
        return [step[1] for step in kinds(gateway.json("plan", "--answers", path))]

    # The primary has a private root still: its trust store is left alone.
    assert steps("renewed.pfx", company()) == ["keystore"]
    named = '["certificates/Acme-CA-Root.cer"]'
    assert steps("renewed.pfx", company(), primary=named) == ["truststore", "settings"]
    gateway.run("rollback", "--yes")
    assert gateway.run("apply", "--answers", answers(gateway), "--yes").returncode == 0
    assert steps("other.pfx", successor()) == ["truststore", "settings"]
    assert steps("other.pfx", successor(), "at-once") == ["keystore", "truststore", "settings"]


def test_a_cloud_primary_needs_no_trust_store(shared: Practice) -> None:
    plan = shared.json("plan", "--answers", answers(shared, import_root="no"))
    assert [step[1] for step in kinds(plan)] == ["folder-1", "keystore", "settings"]
    assert "TRUSTSTORE" not in plan["steps"][2]["diff"]
    file = shared.root / "unattended.conf"
    kept = file.read_bytes()
    file.write_bytes(kept + b'HCP_DEFAULT_TRUSTSTORE="/old.pfx"\n')
    try:
        plan = shared.json("plan", "--answers", answers(shared, import_root="no"))
    finally:
        file.write_bytes(kept)
    assert "gateway.truststore-stays" in codes(plan)


def test_the_primary_is_looked_at_from_here(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, configured=True) as made:
        # The machine plays both: in its cacerts the root stands as if Java had brought it.
        path = answers(made, host="localhost", import_root="yes")
        shown = made.run("plan", "--answers", path)
        assert shown.returncode == 0, shown.stderr
        assert "Its certificate is made for localhost." in shown.stdout
        assert "Its certificate is trusted by Acme-CA-Root." in shown.stdout
        assert "It accepts the certificate of this gateway." in shown.stdout
        (made.root / "stranger.cer").write_bytes(successor().root.certificate.public_bytes(Encoding.DER))
        shown = made.run("plan", "--answers", answers(made, host="127.0.0.1", primary='["stranger.cer"]'))
        assert "gateway.primary-not-trusted" in shown.stdout
        assert "gateway.primary-name" in shown.stdout
        shown = made.run("plan", "--answers", answers(made, host="localhost", primary=f'["{PRIMARY}"]', secret=SECRET))
        assert "gateway.primary-key-here" in shown.stdout, shown.stderr
        made.systemctl("stop")
        shown = made.run("plan", "--answers", path)
        assert shown.returncode == 0
        assert "gateway.primary-silent" in shown.stdout
        found = json.loads(made.run("plan", "--answers", path, "--json").stdout)["findings"]
        assert "gateway.primary-silent" in [each["code"] for each in found], "a warning that is accepted, not a line"


def test_a_primary_that_is_not_set_up_is_a_warning(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        shown = made.run("plan", "--answers", answers(made, host="127.0.0.1"))
        assert shown.returncode == 0
        assert "gateway.primary-not-set-up" in shown.stdout
        assert "gateway.not-accepted" in shown.stdout


def test_other_commands_take_the_same_answers(shared: Practice, tmp_path: Path) -> None:
    path = answers(shared, primary='["certificates/Acme-CA-Root.cer"]')
    assert "rehearse.cloud" in shared.run("rehearse", "--answers", path).stderr
    for words, out in (
        (("handoff",), tmp_path / "packs"),
        (("export", "ansible", "--plain-secrets"), tmp_path / "rollout"),
    ):
        done = shared.run(*words, "--answers", path, "--out", str(out))
        assert done.returncode == 0, done.stderr
    lines = (tmp_path / "packs/gateway-host/unattended-lines.conf").read_text()
    assert "HCP_DEFAULT_TRUSTSTORE=" in lines
    # The practice machine has a primary too, whose service does not run.
    assert "doctor.service-stopped" in shared.run("status").stdout
    assert shared.run("doctor").returncode == 1


@dataclass(frozen=True)
class Case:
    name: str
    code: str
    exit_code: int = 2
    change: tuple[str, str] = ("", "")
    unattended: bytes | None = None


EXERCISES = "certificates/exercises"
CASES = [
    Case("no unattended file named", "answer.missing", change=("unattended", "")),
    Case("file missing", "unattended.missing", change=("unattended", "nowhere.conf")),
    Case("a folder", "unattended.missing", change=("unattended", "etc")),
    Case("another kind of file", "unattended.other-file", unattended=b"hcp { a = 1 }\n"),
    Case("a quote left open", "envfile.open-quote", unattended=b'A="b\n'),
    Case("UTF-16", "envfile.utf-16", unattended='A="b"\n'.encode("utf-16")),
    Case("shell code", "envfile.shell-code", unattended=b'A="b"\nif true; then\nB=1\nfi\n'),
    Case("Windows line endings", "config.crlf-in-shell-file", 1, unattended=b'A="b"\r\nC="d"\r\n'),
    Case("two on a line", "unattended.unclear-setting", 1, unattended=b'HCP_DEFAULT_KEYSTORE="x"; B=1\n'),
    Case("unsafe path", "envfile.unsafe-value", change=("keystore", "/etc/$x/k.pfx")),
    Case("relative path", "gateway.store-path", change=("keystore", "k.pfx")),
    Case("a path that ends as a folder", "gateway.store-path", change=("keystore", "/etc/k/")),
    Case("one place for two", "gateway.store-path", change=("truststore", f"/{FOLDER}/gateway-host.pfx")),
    Case("a file as folder", "gateway.store-path", change=("keystore", "/unattended.conf/k.pfx")),
    Case("a folder as store", "gateway.store-path", change=("keystore", "/etc")),
    Case("a folder of the product", "gateway.store-path", change=("truststore", "/opt/hcp/none/t.pfx")),
    Case("nothing to keep", "rekey.nothing-to-keep", change=("password", "{ keep = true }")),
    Case("password not given", "secret.missing", change=("password", "{ prompt = true }")),
    Case("unsafe password", "password.", change=("password", '{ file = "unsafe" }')),
    Case("no root among the files", "gateway.no-anchor", change=("primary", f'["{EXERCISES}/leaf.der"]')),
    Case("wrong password", "reading.password-wrong", change=("chain", f'["{EXERCISES}/other-password.pfx"]')),
    Case("no private key", "key.missing", 1, change=("chain", f'["{EXERCISES}/no-key.pem"]')),
    Case("for servers alone", "usage.no-client-auth", 1, change=("chain", '["server-only.pfx"]')),
    Case("expired", "validity.leaf-expired", 1, change=("chain", '["expired.pfx"]')),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_refused(shared: Practice, case: Case) -> None:
    file = shared.root / "unattended.conf"
    kept = file.read_bytes()
    (shared.root / "unsafe").write_text("pa$$`id`word")
    if case.unattended is not None:
        file.write_bytes(case.unattended)
    changes = dict([case.change]) if case.change[0] else {}
    before = everything(shared)
    try:
        done = shared.run("apply", "--answers", answers(shared, **changes), "--yes")
        assert everything(shared) == before
    finally:
        file.write_bytes(kept)
    assert done.returncode == case.exit_code, done.stderr
    assert case.code in done.stderr
    assert "Traceback" not in done.stderr
    if case.exit_code == 2:
        assert done.stderr.startswith("error: ")
        assert "\nhint: " in done.stderr


def test_somebody_without_the_rights(shared: Practice) -> None:
    file = shared.root / "unattended.conf"
    before = everything(shared)
    file.chmod(0)
    try:
        done = shared.run("apply", "--answers", answers(shared), "--yes", powerless=True)
    finally:
        file.chmod(0o600)
    assert done.returncode == 2
    assert done.stderr.startswith("error: file.not-readable /unattended.conf "), done.stderr
    assert everything(shared) == before


@pytest.mark.parametrize(("mode", "told"), [(0o644, True), (0o600, False)])
def test_a_file_that_everybody_can_read(shared: Practice, mode: int, told: bool) -> None:
    file = shared.root / "unattended.conf"
    file.chmod(mode)
    try:
        plan = shared.json("plan", "--answers", answers(shared))
    finally:
        file.chmod(0o600)
    assert ("config.world-readable-secret" in codes(plan)) is told
