"""The folder for Ansible: valid YAML, nothing that a template could act on, answers that really set a primary up."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.jvm import run_java
from tests.support.practice import Practice, practice
from wizard.configs import envfile

FILES = {
    "README.md": 0o644,
    "inventory.ini": 0o644,
    "site.yml": 0o644,
    "undo.yml": 0o644,
    **{
        f"roles/cloudstream_tls/{name}.yml": 0o644
        for name in (
            "defaults/main",
            "meta/main",
            *(
                f"tasks/{task}"
                for task in ("before", "change", "gateway", "main", "primary", "report", "save", "undo", "verify")
            ),
        )
    },
    "host_vars/gateway-host/machine.yml": 0o644,
    "files/gateway-host/gateway-host.pfx": 0o600,
    "files/gateway-host/acme-ca.pfx": 0o600,
    "files/gateway-host/verify.sh": 0o644,
    "host_vars/gateway-host/tls.yml": 0o600,
    "files/primary-host/answers.toml": 0o644,
    "files/primary-host/chain.pfx": 0o600,
    "files/primary-host/chain-password": 0o600,
    "files/primary-host/store-password": 0o600,
    "host_vars/primary-host/tls.yml": 0o644,
}
TRICKY = "se{{ 1+1 }}cret-{% raw %}"


class Loader(yaml.SafeLoader):
    """Knows the one tag of Ansible that is used."""


class Unsafe(str):
    """A string that Ansible does not read as a template."""

    __slots__ = ()


def unsafe(loader: Loader, node: yaml.ScalarNode) -> Unsafe:
    return Unsafe(loader.construct_scalar(node))


Loader.add_constructor("!unsafe", unsafe)


def loaded(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("export") / "p", java=None) as made:
        yield made


def export(server: Practice, answers: str, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return server.run(
        "export", "ansible", "--answers", answers, "--out", str(server.root / name), "--plain-secrets", *more
    )


@pytest.fixture(scope="module")
def folder(server: Practice) -> Path:
    done = export(server, "answers.toml", "rollout", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["schema"] == "cloudstream-wizard/export/1"
    assert told["primaries"] == ["primary-host"]
    assert told["gateways"] == ["gateway-host"]
    assert {file["path"]: 0o600 if file["secret"] else 0o644 for file in told["files"]} == FILES
    assert "changeit" not in done.stdout + done.stderr
    return server.root / "rollout"


def test_every_file_with_its_mode(folder: Path) -> None:
    found = {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert found == FILES
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_dir()} == {0o700}


def test_a_password_lies_only_where_the_readme_says_to_encrypt(folder: Path) -> None:
    readme = (folder / "README.md").read_text()
    for name, mode in FILES.items():
        assert (f"    {name}" in readme or f"encrypt {name}" in readme) is (mode == 0o600), name
        if mode == 0o644:
            assert b"changeit" not in (folder / name).read_bytes()


def test_keys_and_passwords_are_encrypted_or_it_is_refused(server: Practice, folder: Path) -> None:
    words = ("export", "ansible", "--answers", "answers.toml", "--out")
    refused = server.run(*words, str(server.root / "refused"))
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: export.no-vault-password ")
    assert "--plain-secrets" in refused.stderr
    assert not (server.root / "refused").exists()
    password = server.root / "vault.pw"
    password.write_text("Vault-pass 1\n")
    out = server.root / "vaulted"
    done = server.run(*words, str(out), "--secret", f"vault-password=file:{password}")
    assert done.returncode == 0, done.stderr
    readme = (out / "README.md").read_text()
    assert "ansible-vault encrypt" not in readme
    vault = Path(sys.executable).with_name("ansible-vault")
    for name, mode in FILES.items():
        data = (out / name).read_bytes()
        assert data.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n") is (mode == 0o600), name
    for name in ("files/primary-host/store-password", "files/primary-host/chain-password"):
        shown = subprocess.run(
            [str(vault), "view", "--vault-password-file", str(password), str(out / name)],
            capture_output=True, text=True, check=True, timeout=60, env={**os.environ, "PAGER": "cat", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        if name.endswith("store-password"):
            assert shown.stdout == (folder / name).read_text()
    command = [
        str(vault),
        "decrypt",
        "--vault-password-file",
        str(password),
        "--output",
        str(server.root / "plain.pfx"),
    ]
    subprocess.run(
        [*command, str(out / "files/gateway-host/gateway-host.pfx")],
        check=True,
        timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    report = run_java("StoreReport", stdin=f"{server.root}/plain.pfx\tchangeit\n")
    assert report.stdout.split("\t")[0] == "gateway-host:RSA:3", report.stderr


def test_the_playbook_has_the_four_plays_in_their_order(folder: Path) -> None:
    plays = loaded(folder / "site.yml")
    assert [play["hosts"] for play in plays] == ["gateways", "primaries", "gateways", "gateways:primaries"]
    assert plays[1]["serial"] == 1
    used = [play["tasks"][0]["ansible.builtin.include_role"]["tasks_from"] for play in plays]
    assert used == ["gateway", "primary", "verify", "report"]
    (change,) = loaded(folder / "roles/cloudstream_tls/tasks/primary.yml")
    assert "ansible.builtin.assert" in change["block"][0]
    commands = [
        task["ansible.builtin.command"]["argv"] for task in change["block"] if "ansible.builtin.command" in task
    ]
    assert [next(word for word in ("plan", "apply", "probe") if f"'{word}'" in argv) for argv in commands] == [
        "plan",
        "apply",
        "probe",
    ]
    assert "'--yes'" in commands[1]
    assert change["always"][0]["ansible.builtin.file"]["state"] == "absent"
    (verify,) = loaded(folder / "roles/cloudstream_tls/tasks/verify.yml")
    assert "ansible.builtin.script" in verify["block"][0]


def test_tasks_that_handle_secrets_log_nothing(folder: Path) -> None:
    def tasks(items: list[Any]) -> Iterator[Any]:
        for item in items:
            inside = [*item.get("block", ()), *item.get("rescue", ()), *item.get("always", ())]
            yield from tasks(inside) if inside else [item]

    every = [task for path in folder.glob("roles/*/tasks/*.yml") for task in tasks(loaded(path))]
    modules = {"ansible.builtin.copy", "ansible.builtin.slurp", "ansible.builtin.lineinfile"}
    silent = {task["name"] for task in every if task.get("no_log")}
    # These copy or read a version, a list of paths, or the report.
    harmless = {
        "Whether the installation was completed with these stores and settings", "Record the completed installation",
        "Version of the newest roll-out", "What they were", "The copies are complete", "Keep the report",
    }  # fmt: skip
    assert silent == {task["name"] for task in every if modules & task.keys()} - harmless
    assert len(silent) == 6


def test_every_variable_of_the_role_is_documented(folder: Path) -> None:
    defaults = (folder / "roles/cloudstream_tls/defaults/main.yml").read_text()
    names = set(loaded(folder / "roles/cloudstream_tls/defaults/main.yml"))
    machine = (folder / "host_vars/gateway-host/machine.yml").read_text()
    for short in (
        "unattended_file",
        "unattended_command",
        "installed_by_hand",
        "store_owner",
        "store_group",
        "keytool",
        "backup_dir",
    ):
        assert f"cloudstream_tls_{short}" in names
        assert f"# {short}: " in machine
    for name in names:
        above = defaults[: defaults.index(f"\n{name}:")].rsplit("\n", 1)[-1]
        assert above.startswith(("# ", "cloudstream_tls_")), name
    assert "ansible_become" in machine
    assert loaded(folder / "host_vars/gateway-host/machine.yml") == {"java": ""}


def test_the_variables_hold_each_setting_as_it_is(folder: Path) -> None:
    told = loaded(folder / "host_vars/gateway-host/tls.yml")
    assert {setting["name"] for setting in told["settings"]} == {
        "HCP_DEFAULT_KEYSTORE",
        "HCP_DEFAULT_KEYSTORE_PASSWORD",
        "HCP_DEFAULT_TRUSTSTORE",
        "HCP_DEFAULT_TRUSTSTORE_PASSWORD",
    }
    assert [(store["path"], store["mode"]) for store in told["stores"]] == [
        ("/full/path/to/gateway-host.pfx", "0600"),
        ("/full/path/to/acme-ca.pfx", "0644"),
    ]
    assert told["verify"] is True
    strings = [value for entry in (*told["settings"], *told["stores"]) for value in entry.values()]
    assert all(isinstance(value, Unsafe) for value in strings)
    passwords = {setting["name"]: setting["value"] for setting in told["settings"]}
    lines = [
        f"{folder}/files/gateway-host/gateway-host.pfx\t{passwords['HCP_DEFAULT_KEYSTORE_PASSWORD']}",
        f"{folder}/files/gateway-host/acme-ca.pfx\t{passwords['HCP_DEFAULT_TRUSTSTORE_PASSWORD']}",
    ]
    report = run_java("StoreReport", stdin="\n".join(lines) + "\n")
    assert report.stdout.splitlines() == ["gateway-host:RSA:3\t1", "acme-ca-root:cert\t1"]


def test_no_password_acts_as_a_template(server: Practice) -> None:
    (server.root / "secrets/tricky").write_text(TRICKY)
    text = (server.root / "answers.toml").read_text()
    head, gateway = text.split("[[gateway]]")
    gateway = gateway.replace('keystore-password = { file = "secrets/gateway" }', "")
    (server.root / "tricky.toml").write_text(
        f'{head}[[gateway]]\nkeystore-password = {{ file = "secrets/tricky" }}{gateway}'
    )
    assert export(server, "tricky.toml", "tricky").returncode == 0
    told = loaded(server.root / "tricky/host_vars/gateway-host/tls.yml")
    (value,) = [item["value"] for item in told["settings"] if item["name"] == "HCP_DEFAULT_KEYSTORE_PASSWORD"]
    assert value == TRICKY
    assert isinstance(value, Unsafe)


def test_the_answers_for_a_primary_set_it_up(server: Practice, folder: Path) -> None:
    before = server.tree()
    answers = str(folder / "files/primary-host/answers.toml")
    done = server.run("apply", "--answers", answers, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "applied"
    assert "primary-host" in server.served()
    again = server.run("apply", "--answers", answers, "--yes", "--json")
    assert json.loads(again.stdout)["outcome"] == "nothing_to_do"
    told = loaded(folder / "host_vars/primary-host/tls.yml")
    words = ("probe", told["endpoint"], "--servername", told["servername"], "--expect", told["leaf_sha256"])
    assert server.json(*words)["matches_expected"] is True
    assert server.run("rollback", "--yes").returncode == 0
    assert server.tree() == before


def test_each_node_of_a_cluster_proves_itself_alone(server: Practice) -> None:
    answers = server.answers(nodes='["node-a", "node-b", "127.0.0.1"]', keystore_password="{ generate = true }")
    assert export(server, answers, "cluster").returncode == 0
    out = server.root / "cluster"
    inventory = (out / "inventory.ini").read_text()
    assert inventory.index("node-a") < inventory.index("node-b") < inventory.index("primary-host")
    for name, node in (("node-a", "node-a"), ("node-b", "node-b"), ("primary-host", "127.0.0.1")):
        text = (out / f"files/{name}/answers.toml").read_text()
        assert f'nodes = ["{node}"]' in text
        assert 'host = "primary-host"' in text
        assert "{ generate = true }" in text
        assert not (out / f"files/{name}/store-password").exists()


def test_gateways_alone_for_a_primary_in_the_cloud(server: Practice) -> None:
    answers = server.answers(kind='"cloud"', chain="[]")
    assert export(server, answers, "cloud").returncode == 0
    assert not (server.root / "cloud/files/primary-host").exists()
    told = loaded(server.root / "cloud/host_vars/gateway-host/tls.yml")
    assert told["verify"] is False
    assert len(told["stores"]) == 1


def test_nothing_to_roll_out(server: Practice) -> None:
    path = Path(server.answers(kind='"cloud"', chain="[]"))
    text = path.read_text()
    path.write_text(text[: text.index("[[gateway]]")])
    done = export(server, str(path), "nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("error: export.nothing ")


def test_a_second_run_is_refused_and_a_dry_one_writes_nothing(server: Practice, folder: Path) -> None:
    done = export(server, "answers.toml", "rollout")
    assert done.returncode == 2
    assert done.stderr.startswith("error: handoff.folder-in-use ")
    assert export(server, "answers.toml", "dry", "--dry-run").returncode == 0
    assert not (server.root / "dry").exists()


def test_a_password_that_nobody_named(server: Practice) -> None:
    done = export(server, server.answers(keystore_password="{ prompt = true }"), "unnamed")
    assert done.returncode == 2
    assert done.stderr.startswith("error: secret.missing ")
    assert "primary.keystore-password" in done.stderr


def test_the_lines_and_the_variables_agree_on_what_a_setting_is(folder: Path) -> None:
    """The playbook writes NAME="value"; the file's own reader must read that back."""
    told = loaded(folder / "host_vars/gateway-host/tls.yml")
    text = "".join(f'{setting["name"]}="{setting["value"]}"\n' for setting in told["settings"])
    document = envfile.parse(text.encode())
    for setting in told["settings"]:
        value = document.get(setting["name"])
        assert value is not None
        assert value.decidable
        assert value.text == setting["value"]
