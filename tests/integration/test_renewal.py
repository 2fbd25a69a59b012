"""Next year: the answers of a completed run are kept, replacing begins with them, and ACME clients renew by them."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.line_by_line import talk
from tests.support.practice import ROOT, Practice, company, practice
from tests.tui.operator import at_the_wizard
from wizard.questions.answers import Goal, PasswordSource, SourceKind
from wizard.questions.answers_file import load
from wizard.sandbox.build import upload
from wizard.sandbox.pki import Entity, make, new_key, pem, plain_key
from wizard.session import kept_answers
from wizard.session.kept_answers import hook_files
from wizard.session.session import Session

SECRETS = ("changeit",)
Layout = Callable[[Path, Entity], dict[str, str]]


def renewed(host: str = "primary-host") -> Entity:
    return company().reissued(host, days=(-1, 90), key=new_key())


def put(folder: Path, **files: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)


def certbot(folder: Path, new: Entity) -> dict[str, str]:
    """`live` has links into `archive`; no file has the root."""
    number = len(list(folder.glob("archive/*/cert*.pem"))) + 1
    archive, live = folder / "archive/primary-host", folder / "live/primary-host"
    chain = pem(new.issuers[0])
    parts = {
        "cert": pem(new.certificate),
        "chain": chain,
        "fullchain": pem(new.certificate) + chain,
        "privkey": plain_key(new.key),
    }
    put(archive, **{f"{name}{number}__pem": data for name, data in parts.items()})
    put(live, README=b"This directory contains your keys and certificates.\n")
    for name in parts:
        (live / f"{name}.pem").unlink(missing_ok=True)
        (live / f"{name}.pem").symlink_to(f"../../archive/primary-host/{name}{number}.pem")
    return {"RENEWED_LINEAGE": str(live), "RENEWED_DOMAINS": "primary-host localhost"}


def acme_sh(folder: Path, new: Entity) -> dict[str, str]:
    home = folder / "primary-host_ecc"
    put(
        home,
        **{
            "primary-host.cer": pem(new.certificate),
            "primary-host.key": plain_key(new.key),
            "ca.cer": pem(new.issuers[0]),
            "fullchain.cer": pem(new.certificate) + b"\n" + pem(new.issuers[0]),
            "primary-host.conf": b"Le_Domain='primary-host'\n",
            "primary-host.csr": request(new),
        },
    )
    return {
        "Le_Domain": "primary-host",
        "CERT_PATH": f"{home}/primary-host.cer",
        "CERT_KEY_PATH": f"{home}/primary-host.key",
        "CA_CERT_PATH": f"{home}/ca.cer",
        "CERT_FULLCHAIN_PATH": f"{home}/fullchain.cer",
    }


def request(new: Entity) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(new.certificate.subject)
    return builder.sign(new.key, SHA256()).public_bytes(Encoding.PEM)


def _lego(folder: Path, new: Entity, *, bundle: bool) -> Path:
    issuer = pem(new.issuers[0])
    put(
        folder,
        **{
            "primary-host.crt": pem(new.certificate) + (issuer if bundle else b""),
            "primary-host.key": plain_key(new.key),
            "primary-host.issuer.crt": issuer,
            "primary-host.json": b'{"domain": "primary-host"}\n',
        },
    )
    return folder / "primary-host.crt"


def lego_4(folder: Path, new: Entity) -> dict[str, str]:
    file = _lego(folder / ".lego/certificates", new, bundle=False)
    key, pfx_file = str(file.with_suffix(".key")), str(file.with_suffix(".pfx"))
    # It names files that it did not make, too.
    return {"LEGO_CERT_DOMAIN": "primary-host", "LEGO_CERT_PATH": str(file), "LEGO_CERT_KEY_PATH": key,
            "LEGO_CERT_PFX_PATH": pfx_file}  # fmt: skip


def lego_5(folder: Path, new: Entity) -> dict[str, str]:
    file = _lego(folder / "certificates", new, bundle=True)
    return {
        "LEGO_HOOK_CERT_NAME": "primary-host",
        "LEGO_HOOK_CERT_PATH": str(file),
        "LEGO_HOOK_CERT_KEY_PATH": str(file.with_suffix(".key")),
        "LEGO_HOOK_ISSUER_CERT_PATH": str(file.with_suffix(".issuer.crt")),
    }


def step(folder: Path, new: Entity) -> dict[str, str]:
    """As `cert-renewer@.service` names them; the certificate comes with its intermediate."""
    put(folder / "certs", **{
        "primary-host.crt": pem(new.certificate, new.issuers[0]),
        "primary-host.key": plain_key(new.key),
    })  # fmt: skip
    return {
        "STEPPATH": "/etc/step-ca",
        "CERT_LOCATION": f"{folder}/certs/primary-host.crt",
        "KEY_LOCATION": f"{folder}/certs/primary-host.key",
    }


LAYOUTS: tuple[Layout, ...] = (certbot, acme_sh, lego_4, lego_5, step)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Set up from its PFX files, which are then deleted, as the checklists demand."""
    with practice(tmp_path_factory.mktemp("renewal") / "p") as made:
        upload(made.deployment, company())
        done = made.run("apply", "--answers", "answers.toml", "--yes")
        assert done.returncode == 0, done.stderr
        assert f"no password in them: {made.deployment.machine.state_dir}/last-answers.toml" in done.stdout
        for file in (made.root / "certificates").glob("*.pfx"):
            file.unlink()
        yield made


def fingerprint(made: Practice) -> str:
    """The SHA-256 of what openssl is shown."""
    asked = ["openssl", "s_client", "-connect", made.deployment.endpoint, "-servername", "primary-host"]
    shown = subprocess.run(asked, capture_output=True, input=b"", timeout=20, check=False)
    return x509.load_pem_x509_certificate(shown.stdout).fingerprint(SHA256()).hex()


def ours(new: Entity) -> str:
    return new.certificate.fingerprint(SHA256()).hex()


def test_what_is_kept_is_an_answers_file_with_full_paths_and_no_secret(server: Practice) -> None:
    folder = server.deployment.machine.state_dir
    for name in (kept_answers.NAME, kept_answers.AUTHORITIES):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    text = (folder / kept_answers.NAME).read_text()
    kept = load(text)
    assert not any(secret in text for secret in SECRETS)
    assert [kept.primary.host, kept.gateway[0].host, kept.client[0].host] == [
        "primary-host",
        "gateway-host",
        "pcclient-host",
    ]
    paths = [*kept.primary.chain, kept.gateway[0].unattended_file, kept.primary.password.name, kept.packs]
    assert all(Path(path).is_absolute() for path in paths), paths
    assert b"PRIVATE" not in (folder / kept_answers.AUTHORITIES).read_bytes()


@pytest.mark.parametrize("layout", mostly_exhaustive(LAYOUTS, {certbot}.__contains__))
def test_a_hook_finds_what_its_caller_has_renewed(server: Practice, tmp_path: Path, layout: Layout) -> None:
    before, new = server.tree(), renewed()
    given = layout(tmp_path, new)
    done = server.run("apply", "--answers", "LAST", "--yes", "--json", env=given)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["outcome"] == "applied"
    assert told["answers"] == str(kept_answers.path(server.deployment.machine))
    assert fingerprint(server) == ours(new)
    assert {name for name, seen in server.tree().items() if seen != before[name]} == {"opt/hcp/conf/primary-host.pfx"}
    kept = kept_answers.load(server.deployment.machine)
    assert [kept.gateway[0].host, kept.client[0].host] == ["gateway-host", "pcclient-host"]

    again = server.run("apply", "--answers", "LAST", "--yes", "--json", env=given)
    assert (again.returncode, json.loads(again.stdout)["outcome"]) == (0, "nothing_to_do"), again.stderr
    # Where the client writes to the same places and calls without variables, those are taken.
    newer = renewed()
    layout(tmp_path, newer)
    assert server.run("apply", "--answers", "LAST", "--yes").returncode == 0
    assert fingerprint(server) == ours(newer)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_folder_of_a_client_can_be_named_as_it_is(server: Practice, tmp_path: Path, layout: Layout) -> None:
    given = layout(tmp_path, renewed())
    folder = Path(next(path for path in hook_files(given) if path.startswith("/"))).parent
    shown = json.loads(server.run("inspect", str(folder), "--json").stdout)
    (chain,) = (each for each in shown["chains"] if each["leaf"])
    assert chain["key_matches"], shown
    assert len(chain["intermediates"]) == 1


def test_a_hook_for_another_host_has_nothing_to_do(server: Practice, tmp_path: Path) -> None:
    before = fingerprint(server)
    other = company().reissued("www", dns=["www.example.test"], key=new_key())
    done = server.run("apply", "--answers", "LAST", "--yes", env=step(tmp_path, other))
    assert (done.returncode, done.stdout) == (0, "Nothing to do: the renewed certificate is for www.\n")
    done = server.run("apply", "--answers", "LAST", "--yes", "--json", env=step(tmp_path, other))
    assert json.loads(done.stdout)["outcome"] == "nothing_to_do"
    assert fingerprint(server) == before


@cache
def stranger() -> Entity:
    return make().entities["primary-host"]


@pytest.mark.parametrize(
    ("prepare", "code", "exit_code"),
    [
        (lambda folder: step(folder, stranger()), "renewal.other-root", 1),
        (lambda folder: {**step(folder, renewed()), "KEY_LOCATION": f"{folder}/none"}, "renewal.no-files", 2),
        pytest.param(lambda folder: {"RENEWED_LINEAGE": str(folder)}, "renewal.no-files", 2, marks=exhaustive),
        (lambda folder: step(folder, company().reissued("primary-host", days=(-90, -1))), "apply", 1),
    ],
)
def test_what_needs_a_person_changes_nothing(
    server: Practice, tmp_path: Path, prepare: Callable[[Path], dict[str, str]], code: str, exit_code: int
) -> None:
    before = server.tree(), fingerprint(server)
    given = prepare(tmp_path)
    if code == "renewal.other-root":
        # With the whole chain, as an ACME client of a private CA may have it.
        whole = pem(stranger().certificate, *stranger().issuers)
        Path(given["CERT_LOCATION"]).write_bytes(whole)
    for command in (("apply", "--yes"), ("plan",)):
        done = server.run(command[0], "--answers", "LAST", *command[1:], env=given)
        assert done.returncode == exit_code, done.stderr + done.stdout
        assert code == "apply" or done.stderr.startswith(f"error: {code} ")
    assert (server.tree(), fingerprint(server)) == before


def test_a_renewal_that_fails_is_restored(server: Practice, tmp_path: Path) -> None:
    """The service does not start again: the hook reports it by its exit code, and the old certificate is back."""
    before, shown = server.tree(), fingerprint(server)
    counter = server.root / "restarts"
    script = server.root / "systemctl-once"
    real = shlex.quote(str(server.deployment.systemctl))
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = restart ] && [ ! -e {counter} ]; then touch {counter}; {real} stop hcp-server; exit 1; '
        f'fi\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    given = step(tmp_path, renewed())
    done = server.run("apply", "--answers", "LAST", "--yes", "--systemctl", str(script), env=given)
    assert counter.exists()
    assert done.returncode == 3, done.stdout + done.stderr
    assert (server.tree(), fingerprint(server)) == (before, shown)


@exhaustive
def test_the_script_of_the_readme(server: Practice, tmp_path: Path) -> None:
    block = re.search(r"```sh\n(#!/bin/sh\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "cloudstream-wizard"
    options = shlex.join(server.options)
    program.write_text(f'#!/bin/sh\ncommand=$1\nshift\nexec {sys.executable} -m wizard "$command" {options} "$@"\n')
    (folder / "hook").write_text(block[1])
    for file in folder.iterdir():
        file.chmod(0o755)
    new = renewed()
    environment = {**os.environ, **certbot(tmp_path, new), "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{folder}:{environment['PATH']}"
    done = subprocess.run(
        [folder / "hook"], capture_output=True, text=True, env=environment, check=False, timeout=120, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert fingerprint(server) == ours(new)


def test_without_a_completed_run_there_is_nothing_to_begin_with(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False) as made:
        for command in ("plan", "rehearse", "checklist"):
            done = made.run(command, "--answers", "LAST")
            assert done.returncode == 2
            assert done.stderr.startswith("error: answers.none-kept ")
        text = (made.root / "answers.toml").read_text().replace('kind = "on-premise"', 'kind = "cloud"')
        state = made.deployment.machine.state_dir
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        (state / kept_answers.NAME).write_text(text)
        done = made.run("apply", "--answers", "LAST", "--yes")
        assert done.stderr.startswith("error: renewal.cloud "), done.stderr
        (made.root / "LAST").write_text("schema = 1\n")
        assert "answers.none-kept" not in made.run("plan", "--answers", "./LAST").stderr


def test_the_other_commands_take_all_machines_of_the_last_run(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None) as made:
        assert made.run("apply", "--answers", "answers.toml", "--yes").returncode == 0
        told = made.json("handoff", "--answers", "LAST", "--out", str(tmp_path / "packs"))
        assert [pack["folder"] for pack in told["packs"]] == ["portal", "gateway-host", "pcclient-host"]


def test_replacing_begins_with_the_last_run_line_by_line(server: Practice) -> None:
    session = Session(server.deployment.machine, base=server.root)
    _, said = talk(session, "2", "", "", "quit", "forget")
    assert re.search(r"The answers of the run of 20\d\d-\d\d-\d\d are filled in; change what is different\.", said)
    kept = kept_answers.load(server.deployment.machine)
    assert f"Answer [127.0.0.1:{server.deployment.port}]: " in said
    assert f"Answer [{' '.join(kept.primary.chain)}]: " in said
    assert session.answers.gateway == kept.gateway


@exhaustive
async def test_replacing_begins_with_the_last_run_on_the_screen(server: Practice) -> None:
    async with at_the_wizard(Session(server.deployment.machine, base=server.root)) as operator:
        await operator.choose(Goal.RE_KEY)
        await operator.at("place")
        await operator.sees("The answers of the run of")
        await operator.press("enter")
        await operator.at("primary-files")
        await operator.sees(f"127.0.0.1:{server.deployment.port}")


def test_what_was_answered_is_not_replaced(server: Practice) -> None:
    session = Session(server.deployment.machine, base=server.root)
    goal, *_ = session.steps()[0].questions
    session.put(goal, "set-up")
    session.answers = session.answers.put("primary.host", "another-host")
    session.put(goal, "re-key")
    assert (session.answers.primary.host, session.prefilled) == ("another-host", None)
    session = Session(server.deployment.machine, base=server.root)
    session.put(goal, "set-up")
    session.put(goal, "re-key")
    assert (session.answers.primary.host, session.prefilled is None) == ("primary-host", False)


def test_pasted_texts_and_open_descriptors_are_not_kept(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False, configured=True) as made:
        text = (made.root / "answers.toml").read_text()
        answers = load(text).put("gateway.0.chain", ("pasted: 1 certificate", "certificates/gateway-host.pfx"))
        answers = answers.put("gateway.0.password", PasswordSource(SourceKind.FD, "7"))
        session = Session(made.deployment.machine, answers=answers, base=made.root)
        session.keep_answers()
        kept = kept_answers.load(made.deployment.machine)
        assert kept.gateway[0].chain == (str(made.root / "certificates/gateway-host.pfx"),)
        assert kept.gateway[0].password.kind is SourceKind.PROMPT
