"""PEM pasted in place of a file, on the screen and line by line: used as a file is, and its key told to nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from textual.pilot import Pilot

from screens.pasting import PemArea
from tests.support.exhaustive import exhaustive
from tests.support.line_by_line import talk
from tests.support.practice import Practice
from tests.tui.driving import burst, focused, keys, opened, paste, step, text, until
from tests.tui.operator import session_on


def pem_of(file: Path) -> tuple[str, list[str]]:
    """The certificates and the key of a PFX as PEM, and the lines of the key, which nobody may see."""
    key, leaf, others = pkcs12.load_key_and_certificates(file.read_bytes(), b"changeit")
    assert key is not None
    assert leaf is not None
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    chain = "".join(each.public_bytes(Encoding.PEM).decode() for each in (leaf, *others))
    # The modulus stands in the certificate as well.
    public = chain.replace("\n", "")
    return chain + secret, [line for line in secret.splitlines()[1:-1] if line[:32] not in public]


def not_told(told: str, lines: list[str]) -> None:
    """No part of the key stands in what was shown or written."""
    together = told.replace("\n", "").replace(" ", "")
    assert not [line for line in lines if line[:32] in together]


@pytest.fixture
def pem(made: Practice) -> Iterator[tuple[str, list[str]]]:
    return pem_of(made.root / "certificates" / "primary-host.pfx")  # type: ignore[return-value]


async def seen(pilot: Pilot[int], lines: list[str]) -> str:
    """The screen, which tells nothing of the key."""
    not_told(text(pilot), lines)
    not_told(pilot.app.export_screenshot(), lines)
    return text(pilot)


async def test_certificates_and_key_are_pasted_together_and_asked_for_again(
    made: Practice, pem: tuple[str, list[str]]
) -> None:
    whole, key = pem
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab", "f8")
        await paste(pilot, whole)
        shown = await seen(pilot, key)
        assert "3 certificates, 1 key" in shown
        assert "\u2022" * 64 in shown
        await keys(pilot, *["pageup"] * 12)
        assert whole.splitlines()[1] in await seen(pilot, key), "a certificate is shown"
        for what in ("ctrl+a", "ctrl+c", "ctrl+x"):
            await keys(pilot, what)
        if "Leave the wizard?" in text(pilot):
            await keys(pilot, "escape")
        assert pilot.app.clipboard == ""
        await keys(pilot, "tab", "enter")
        shown = await seen(pilot, key)
        assert "'pasted: 3 certificates, 1 key'" in shown
        assert "kept only in memory" in shown
        await keys(pilot, "enter", "enter")
        assert step(pilot) == "primary-verdict"
        assert "Certificate can be used" in await seen(pilot, key)
        await keys(pilot, "f10", "right", "enter")
    run = session.saved()
    assert run is not None
    assert run.answers.primary.chain == ("pasted: 3 certificates, 1 key",)
    for file in made.deployment.machine.state_dir.rglob("*"):
        if file.is_file():
            not_told(file.read_text(), key)
    later = session_on(made)
    async with opened(later) as pilot:
        await keys(pilot, "enter")
        assert step(pilot) == "primary-files", "the first step that cannot be left"
        assert "not kept; press F8 to paste" in " ".join(text(pilot).split())
        assert focused(pilot) == "field-primary-chain"
        await keys(pilot, "enter", "enter")
        assert "The text that was pasted earlier is not kept." in text(pilot)


async def test_pem_pasted_into_the_field_itself_is_no_path(made: Practice, pem: tuple[str, list[str]]) -> None:
    whole, key = pem
    at = whole.index("-----BEGIN PRIVATE KEY")
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab")
        await paste(pilot, whole[:at])
        assert "'pasted: 3 certificates'" in text(pilot)
        await paste(pilot, whole[at:])
        assert "'pasted: 3 certificates, 1 key'" in await seen(pilot, key), "the second is added to the first"
        await keys(pilot, "end", "ctrl+u")
        await paste(pilot, "-----BEGIN CERTIFICATE-----\nTUlJ\n")
        assert "has no -----END line" in " ".join(text(pilot).split())
        assert focused(pilot) == "field-primary-chain"
    assert list(session.pasted) == ["pasted: 3 certificates, 1 key"]


async def test_half_a_block_is_refused_in_the_dialog(made: Practice, pem: tuple[str, list[str]]) -> None:
    whole, key = pem
    async with opened(session_on(made), start="primary-files") as pilot:
        before = text(pilot)
        await keys(pilot, "tab", "f8")
        for part in (whole[:-40], "\x1b[2J-----BEGIN CERTIFICATE-----"):
            await paste(pilot, part)
            await keys(pilot, "tab", "enter")
            assert "Error: A block of the pasted text has no -----END line." in await seen(pilot, key)
            area = pilot.app.focused
            assert isinstance(area, PemArea), "the text is there to be completed"
            assert "\x1b" not in area.text
        await keys(pilot, "escape")
        assert "primary-host.pfx" in text(pilot)
        assert text(pilot).splitlines()[3] == before.splitlines()[3]


async def test_a_paste_that_comes_as_keys_is_one_paste_and_no_password(
    made: Practice, pem: tuple[str, list[str]]
) -> None:
    whole, key = pem
    session = session_on(made)
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "tab", "tab")
        await paste(pilot, whole)
        assert "Paste it into the field for the files" in " ".join(text(pilot).split())
        assert pilot.app.focused.value == ""  # type: ignore[union-attr]
        await keys(pilot, "shift+tab", "f8")
        at = whole.index("-----BEGIN PRIVATE KEY")
        await paste(pilot, whole[:at].rstrip())
        await burst(pilot, *("enter" if sign == "\n" else sign for sign in whole[at:]), "tab", "enter")
        assert "'pasted: 3 certificates, 1 key'" in await seen(pilot, key)
    assert session.pasted["pasted: 3 certificates, 1 key"].reveal().split() == whole.split()


@pytest.mark.parametrize("word", ["paste", ""])
def test_line_by_line(word: str, made: Practice, pem: tuple[str, list[str]]) -> None:
    whole, key = pem
    session = session_on(made)
    said = talk(session, "1", "", "", *([word] if word else []), whole, "", "quit", "save")[1]
    assert "An empty line ends it." in said
    assert "Accepted: 3 certificates, 1 key. It is kept only in memory." in said
    assert "Acme-CA-Root" in said, "the verdict"
    not_told(said, key)
    run = session.saved()
    assert run is not None
    assert run.answers.primary.chain == ("pasted: 3 certificates, 1 key",)
    again = talk(session_on(made), "go", "", "quit", "forget")[1]
    assert "Files with the certificate, its key and its CA certificates" in again
    not_told(again, key)


@exhaustive
async def test_a_pasted_text_and_a_file_together(made: Practice, pem: tuple[str, list[str]]) -> None:
    whole, _key = pem
    leaf_and_key = whole[: whole.index("-----END CERTIFICATE-----") + 26] + whole[whole.index("-----BEGIN PRIVATE") :]
    authorities = made.root / "certificates" / "authorities.pem"
    authorities.write_text(whole[: whole.index("-----BEGIN PRIVATE")])
    async with opened(session_on(made), start="primary-files") as pilot:
        await keys(pilot, "tab", "ctrl+u", "=certificates/authorities.pem")
        await paste(pilot, leaf_and_key)
        assert "certificates/authorities.pem 'pasted: 1 certificate, 1 key'" in text(pilot)
        await keys(pilot, "enter", "enter")
        await until(pilot, "Certificate can be used")
