"""What a pasted text is called, and which texts are refused."""

import pytest

from wizard.errors import WizardError
from wizard.questions.answers import Answers, content, pasted_word, text_of, word_for
from wizard.questions.answers_file import dump, load
from wizard.secret import Secret


def block(label: str) -> str:
    return f"-----BEGIN {label}-----\nTUlJ\n-----END {label}-----\n"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["CERTIFICATE"], "1 certificate"),
        (["CERTIFICATE", "TRUSTED CERTIFICATE", "PRIVATE KEY"], "2 certificates, 1 key"),
        (["RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"], "3 keys"),
        (["PKCS7", "CERTIFICATE REQUEST"], "2 other blocks"),
    ],
)
def test_it_is_named_by_what_it_holds(labels: list[str], words: str) -> None:
    text = "Bag Attributes\n".join(block(label) for label in labels)
    assert content(text) == words
    assert content(text.replace("\n", "\r\n")) == words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "pasted.no-block"),
        ("/root/a.pem", "pasted.no-block"),
        ("-----BEGIN CERTIFICATE-----\nTUlJ\n", "pasted.incomplete"),
        (block("CERTIFICATE") + "-----BEGIN PRIVATE KEY-----\nTU", "pasted.incomplete"),
        (block("CERTIFICATE") * 5000, "pasted.too-large"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_content(text: str, code: str) -> None:
    with pytest.raises(WizardError) as refused:
        content(text)
    assert refused.value.code == code
    assert "TU" not in str(refused.value.in_one_line)


def test_two_texts_have_two_names() -> None:
    first = word_for(block("CERTIFICATE"), ())
    assert first == "pasted: 1 certificate"
    second = word_for(block("CERTIFICATE"), {first})
    assert word_for(block("CERTIFICATE"), {first, second}) == "pasted: 1 certificate (3)"


def test_a_file_of_answers_says_that_it_was_pasted_and_is_read_back() -> None:
    answers = Answers().put("primary.chain", ("/root/ca.pem", "pasted: 3 certificates, 1 key"))
    assert 'chain = ["/root/ca.pem", "pasted: 3 certificates, 1 key"]' in dump(answers)
    assert load(dump(answers)) == answers
    assert answers.get("others.chain") == ("/root",), "no other machine's files are proposed to be the pasted ones"
    with pytest.raises(WizardError, match="is not kept") as refused:
        text_of("pasted: 3 certificates, 1 key", {})
    assert refused.value.code == "pasted.not-kept"


def test_the_pasted_one_among_the_words_of_a_field() -> None:
    assert pasted_word("/a 'pasted: 1 key' /b") == "pasted: 1 key"
    assert pasted_word("/a 'open") == ""
    assert text_of("pasted: 1 key", {"pasted: 1 key": Secret("x")}) == b"x"
