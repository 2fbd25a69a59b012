"""Password files as editors leave them: understood, or named as what they are."""

from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host.secret_sources import parse_source, resolve
from wizard.secret import Secret


def given(data: bytes, folder: Path) -> Secret | None:
    (folder / "pass word (1)").write_bytes(data)
    return resolve(parse_source("file:pass word (1)"), base=folder, name="password")


@pytest.mark.parametrize(
    "data",
    [
        b"Changeit-1",
        b"Changeit-1\n",
        b"Changeit-1\r\n",
        b"\xef\xbb\xbfChangeit-1\r\n",
        b"\xef\xbb\xbfChangeit-1",
        b"Changeit-1\n\n",
    ],
)
def test_marks_and_line_ends_are_no_part_of_the_password(data: bytes, tmp_path: Path) -> None:
    assert given(data, tmp_path) == Secret("Changeit-1")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("Changeit-1\r\n".encode("utf-16"), "UTF-16"),
        ("Changeit-1".encode("utf-16-le"), "UTF-16"),
        ("Changeit-1".encode("utf-16-be"), "UTF-16"),
        ("p\u00e4ss".encode("latin-1"), "not UTF-8"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"one\ntwo\n", "more than one line"),
        (b"one\rtwo", "more than one line"),
        (b"Changeit-1 \n", "space or tab"),
        (b"Changeit-1\t", "space or tab"),
        (b" Changeit-1", "space or tab"),
        ("Changeit-1\u00a0".encode(), "space or tab"),
        (b"x" * 5000, "not a password"),
    ],
)
def test_a_file_with_a_mistake_is_named_as_that(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(WizardError, match=words) as refused:
        given(data, tmp_path)
    assert refused.value.code == "secret.source-unusable"
    assert "Changeit" not in f"{refused.value.message}{refused.value.hint}"
