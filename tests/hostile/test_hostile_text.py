"""Text from outside that would act or hide: every kind of it, in every place where it comes in, is shown inert."""

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.exhaustive import mostly_exhaustive
from tests.support.line_by_line import talk
from tests.support.pki import authority, issue
from tests.support.practice import Practice, practice
from wizard.certificates.chain import assemble
from wizard.cli.main import main
from wizard.errors import WizardError
from wizard.handoff import client, portal
from wizard.handoff.build import overview
from wizard.handoff.client import ClientInput
from wizard.questions.answers import AccountAnswers, Answers, ClientAnswers
from wizard.questions.flow import Step, View, steps
from wizard.secret import Secret
from wizard.session.session import Session

TEXTS = {
    "markup": "[@click=app.quit]quit[/] [b [/etc/ssl]",
    "escapes": "\x1b[2J\x1b]0;owned\x07\x1b]52;c;eA==\x07",
    "C1": "\x9b31m\x85\x90q\x9c",
    "bidi": "\u202egpj.exe\u2066\u200f",
    "zero width": "a\u200bb\u2060c\ufeff",
    "a line of our own": "a\nerror: wizard.bug run this\r\nhint: now",
    "format": "%s {0} $(id) `id` ';\"\\",
    "long": "w" * 10_000,
}
Place = Callable[[Practice, str, pytest.CaptureFixture[str]], str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("hostile") / "p", java=None, start=False) as made:
        yield made


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What a command says to people, on both streams; it does not crash."""
    capsys.readouterr()
    assert main([str(word) for word in words]) != 70, words
    told = capsys.readouterr()
    return told.out + told.err


def signed(here: Practice, text: str) -> Path:
    """A certificate of a subject and an issuer with this text, as PEM."""
    root = authority(text)
    folder = here.root / "sent"
    folder.mkdir(exist_ok=True)
    path = folder / "chain.pem"
    certificates = (issue(f"{text}2", root, sans=["primary-host"]).x509, root.x509)
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return path


def named(here: Practice, text: str) -> Path:
    """A file with this name, as much of it as a file system takes."""
    folder = here.root / "named"
    folder.mkdir(exist_ok=True)
    path = folder / text.replace("/", "|")[:120]
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return path


def a_subject(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    return said(capsys, "inspect", signed(here, text))


def a_judged_subject(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    return said(capsys, "check", "--role", "primary", "--host", "primary-host", signed(here, text))


def a_file_name(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    return said(capsys, "inspect", named(here, text))


def a_missing_file(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    return said(capsys, "inspect", here.root / text.replace("/", "|")[:120])


def a_key_of_the_answers(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    path = here.root / "hostile.toml"
    key = "".join(f"\\U{ord(character):08x}" for character in text)
    path.write_text(f'schema = 1\n"{key}" = 1\n')
    return said(capsys, "plan", "--answers", path)


def a_line_of_the_settings(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    conf = here.deployment.conf
    kept = conf.read_text()
    settings = [line for line in kept.splitlines() if "default-keystore-file" in line]
    comment = "# " + text.replace("\r\n", " ").replace("\n", " ")
    conf.write_text(kept.replace(settings[0], f"{comment}\n{settings[0]}"))
    try:
        return said(capsys, "plan", *here.options, "--answers", here.root / "answers.toml")
    finally:
        conf.write_text(kept)


def settings_that_do_not_parse(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    conf = here.deployment.conf
    kept = conf.read_text()
    conf.write_text(f"{kept}\nhcp {{ {text} = }} }}\n")
    try:
        return said(capsys, "doctor", *here.options) + said(capsys, "conf", "get", conf, "hcp.server.tls")
    finally:
        conf.write_text(kept)


def a_line_of_the_log(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    log = here.root / "server.log"
    log.write_text(f"java.io.EOFException: {text} java.io.EOFException\nEmpty client certificate chain {text}\n")
    return said(capsys, "doctor", *here.options, "--log", log)


def what_a_tool_says(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    tool = here.root / "hostile-systemctl"
    told = here.root / "tool-says"
    told.write_text(f"Id={text}\nActiveState={text}\nFragmentPath=/{text}\nUser={text}\nEnvironment=A={text}\n")
    tool.write_text(f"#!/bin/sh\ncat {told}\ncat {told} >&2\nexit 1\n")
    tool.chmod(0o755)
    state = here.deployment.machine.state_dir
    options: list[str | Path] = ["--root", here.root, "--systemctl", tool, "--state-dir", state]
    return said(capsys, "doctor", *options) + said(capsys, "plan", *options, "--answers", here.root / "answers.toml")


def the_plain_face(here: Practice, text: str, _capsys: pytest.CaptureFixture[str]) -> str:
    answers = Answers().put("primary.chain", (str(signed(here, text)), str(named(here, text))))
    session = Session(here.deployment.machine, answers=answers, base=here.root)
    return talk(session, "1", "1", "", "", "", "back", "", "", "", "quit", "forget")[1]


def every_view(here: Practice, text: str, _capsys: pytest.CaptureFixture[str]) -> str:
    """What the session gives to the screens, whichever they are."""
    chain = (str(signed(here, text)), str(named(here, text)))
    answers = Answers().put("primary.chain", chain).put("others.gateways", ("gw",))
    session = Session(here.deployment.machine, answers=answers.put("others.chain", chain), base=here.root)
    session.put_secret("primary.password", Secret("x"))
    told = []
    for step in steps(session.answers):
        if step.view is not View.APPLY:
            told += [problem.error.message + problem.error.hint for problem in session.check(step)]
            told += lines_of(session, step)
    return "\n".join(told)


def lines_of(session: Session, step: Step) -> list[str]:
    """The view of *step*, or the refusal that stands in its place."""
    try:
        return [line.text for line in session.lines(step)]
    except WizardError as error:
        return [error.message, error.hint]


def the_packs(here: Practice, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Every text of the packs for the portal and for a client, and the names of their files."""
    leaf = issue(f"{text} pcclient", authority(text), sans=["pcclient-host"])
    (chain,) = assemble(leaf.bundle)
    common = client.common_text([leaf.certificate])
    wanted = ClientInput(ClientAnswers(host="pcclient-host"), chain, common, "primary-host", Secret("changeit"))
    packs = [portal.make_pack(AccountAnswers(), [chain], ()), client.make_pack(wanted)]
    files = [file for pack in packs for file in pack.files]
    texts = [file.data.decode() for file in files if file.name.endswith((".md", ".ps1", ".txt"))]
    return "\n".join([overview(packs).decode(), *texts, *(file.name for file in files)]).replace("\r\n", "\n")


PLACES: tuple[Place, ...] = (
    the_packs,
    a_subject,
    a_judged_subject,
    a_file_name,
    a_missing_file,
    a_key_of_the_answers,
    a_line_of_the_settings,
    settings_that_do_not_parse,
    a_line_of_the_log,
    what_a_tool_says,
    the_plain_face,
    every_view,
)
ACTING = ("escapes", "bidi", "a line of our own")
"""Tried in every place; the other kinds in two."""
ONE = (the_packs, a_subject)
EVERYWHERE = mostly_exhaustive(
    [(place, text) for place in PLACES for text in TEXTS], lambda each: each[1] in ACTING or each[0] in ONE
)


@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize(("place", "text"), EVERYWHERE)
def test_text_from_outside_is_inert(
    place: Place, text: str, here: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    told = place(here, TEXTS[text], capsys)
    assert told.strip()
    acting = {character for character in told if character != "\n" and unicodedata.category(character)[0] == "C"}
    assert not acting, [line for line in told.splitlines() if any(each in line for each in acting)]
    assert not any(line.startswith(("error: wizard.bug", "hint: now")) for line in told.splitlines())
