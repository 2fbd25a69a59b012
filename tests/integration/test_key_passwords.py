"""A private key with another password than its store: in commands, in the answers, and typed into the one field."""

from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import run_java
from tests.support.pki import acme
from wizard.cli import main as cli
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.questions.answers import Answers, PasswordSource, PrimaryAnswers, SourceKind
from wizard.secret import Secret
from wizard.session.session import Session

PKI = acme()
OUTER, INNER = "outer-1", "inner-1"
KINDS = ["PKCS12", "JKS", "JCEKS"]
OFTEN = mostly_exhaustive(KINDS, {"PKCS12", "JKS"}.__contains__)


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the kind that is asked for, made by Java, and its two passwords as files."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "one.pfx").write_bytes(PKI.primary.pfx("changeit"))
    words = [each.encode().hex() for each in ("changeit", OUTER, INNER)]
    done = run_java(
        "TwoPasswords", str(folder / "one.pfx"), words[0], str(folder / "two.store"), request.param, *words[1:]
    )
    assert done.returncode == 0, done.stderr
    (folder / "outer").write_text(f"{OUTER}\n")
    (folder / "inner").write_text(f"{INNER}\n")
    return folder / "two.store"


def session(store: Path, answers: Answers) -> Session:
    machine = Machine(root=store.parent, state_dir=store.parent / "state", systemctl="/nonexistent")
    return Session(machine, answers=answers, base=store.parent)


@pytest.mark.parametrize("store", KINDS, indirect=True)
def test_check_takes_both_passwords(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--role", "primary", "--host", "primary-host", str(store)]
    outer, inner = (
        ["--secret", f"{name}=file:{store.parent / file}"]
        for name, file in (("password", "outer"), ("key-password", "inner"))
    )
    assert cli.main([*words, *outer]) == 2
    assert "key-password" in capsys.readouterr().err
    assert cli.main([*words, *outer, *inner]) == 0


@pytest.mark.parametrize("store", OFTEN, indirect=True)
def test_the_answers_name_both_passwords(store: Path) -> None:
    sources = (PasswordSource(SourceKind.FILE, "outer"), PasswordSource(SourceKind.FILE, "inner"))
    both = PrimaryAnswers(chain=(store.name,), password=sources[0], key_password=sources[1])
    assert session(store, Answers(primary=both)).inputs.judged("primary").chain.key is not None
    with pytest.raises(WizardError) as refused:
        session(store, Answers(primary=PrimaryAnswers(chain=(store.name,), password=sources[0]))).inputs.judged(
            "primary"
        )
    assert refused.value.code.endswith("key-password-differs")


@pytest.mark.parametrize("store", OFTEN, indirect=True)
@pytest.mark.parametrize("typed", [(OUTER, INNER), (INNER, OUTER)])
def test_both_passwords_are_typed_into_one_field(store: Path, typed: tuple[str, str]) -> None:
    made = session(store, Answers(primary=PrimaryAnswers(chain=(store.name,))))
    made.put_secret("primary.password", Secret(typed[0]))
    with pytest.raises(WizardError):
        made.inputs.judged("primary")
    made.put_secret("primary.password", Secret(typed[1]))
    assert made.inputs.judged("primary").chain.key is not None
