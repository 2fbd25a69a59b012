import json
import os
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.jvm import jre as java_home
from tests.support.practice import anchors_in
from wizard.certificates.model import Certificate
from wizard.certificates.reading import read
from wizard.cli.main import main
from wizard.configs import hocon
from wizard.errors import WizardError
from wizard.host import jre
from wizard.sandbox.build import create
from wizard.sandbox.deployment import load
from wizard.sandbox.pki import Pki
from wizard.sandbox.server import stores
from wizard.secret import Secret


def test_a_fresh_deployment_is_as_the_product_ships(tmp_path: Path, company: Pki) -> None:
    deployment = create(tmp_path / "d", find_jre=False, pki=company)
    assert load(deployment.root) == deployment
    wanted = stores.settings_of(deployment, {})
    assert (wanted.keystore_file, wanted.port, wanted.client_authentication) == ("", deployment.port, "need")
    document = hocon.parse(deployment.conf.read_bytes())
    assert [value.path for value in document.find("default-keystore-file")] == ["hcp.server.tls.default-keystore-file"]
    told = deployment.as_json()
    paths = [told["systemctl"], told["passwords"]["file"], told["pki"]["root"], told["pki"]["p7b"], told["answers"]]
    paths += [path for name in ("primary-host", "gateway-host", "pcclient-host") for path in told["pki"][name].values()]
    assert all(Path(path).exists() for path in paths)
    assert (told["hcp_home"], told["endpoint"]) == ("/opt/hcp", f"127.0.0.1:{deployment.port}")
    assert deployment.conf.stat().st_mode & 0o777 == 0o640


def test_every_file_of_the_pki_team_opens_with_its_password(tmp_path: Path, company: Pki) -> None:
    deployment = create(tmp_path / "d", find_jre=False, pki=company)
    words = tomllib.loads((deployment.root / "passwords.toml").read_text())
    broken = {"exercises/cut-off.pfx", "exercises/empty.pfx", "exercises/really-pem.pfx", "cacerts"}
    for name in sorted(set(words) - broken):
        bundle = read((deployment.certificates / name).read_bytes(), password=Secret(words[name]))
        assert (bool(bundle.certificates), len(bundle.keys)) == (True, 1), name


def test_a_configured_deployment_has_everything_in_place(tmp_path: Path, company: Pki) -> None:
    deployment = create(tmp_path / "d", jre=java_home("17"), configured=True, pki=company)
    root = company.root.certificate
    anchors = anchors_in(deployment.cacerts)
    assert anchors[_sha256(root)] == "acme-ca-root"
    assert len(anchors) > 100
    assert stores.settings_of(deployment, {}).keystore_file == "/opt/hcp/conf/primary-host.pfx"
    assert len(list(deployment.portal.iterdir())) == 2
    found = jre.find(deployment.machine)
    assert found is not None
    assert found.version.startswith("17")


def test_the_linked_java_is_never_written_to(tmp_path: Path, company: Pki) -> None:
    home = java_home("17")
    before = (home / "lib/security/cacerts").read_bytes(), sorted(path.name for path in (home / "bin").iterdir())
    deployment = create(tmp_path / "d", jre=home, faults=["no-keytool", "cacerts-empty"], pki=company)
    assert not (deployment.root / "opt/hcp/jre/bin/keytool").exists()
    assert ((home / "lib/security/cacerts").read_bytes(), sorted(p.name for p in (home / "bin").iterdir())) == before


@pytest.mark.parametrize(
    ("faults", "occupied", "code"),
    [((), True, "sandbox.folder-in-use"), (("nonsense",), False, "sandbox.unknown-fault")],
)
def test_refusals(tmp_path: Path, faults: tuple[str, ...], occupied: bool, code: str) -> None:
    if occupied:
        (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(WizardError) as refused:
        create(tmp_path, faults=faults, find_jre=False)
    assert refused.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == (["mine.txt"] if occupied else [])


def test_a_folder_without_java_is_refused_as_java(tmp_path: Path, company: Pki) -> None:
    with pytest.raises(WizardError) as refused:
        create(tmp_path / "d", jre=tmp_path, pki=company)
    assert refused.value.code == "sandbox.no-keytool"
    with pytest.raises(WizardError) as none:
        load(tmp_path)
    assert none.value.code == "sandbox.not-a-deployment"


def test_the_command_prints_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "create", str(tmp_path / "d"), "--json", "--jre", str(java_home("17"))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"schema", "root", "hcp_home", "endpoint", "systemctl", "pki", "passwords", "faults"} <= set(told)
    assert os.access(told["systemctl"], os.X_OK)
    assert main(["sandbox", "create", "--list-faults"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) >= 30
    assert main(["sandbox", "create"]) == 2
    assert main(["sandbox", "serve", str(tmp_path)]) == 2


def _sha256(certificate: x509.Certificate) -> str:
    return Certificate(certificate).sha256
