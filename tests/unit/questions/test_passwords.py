import pytest

from wizard.questions import passwords
from wizard.questions.passwords import Consumer
from wizard.secret import Secret

ALL = set(Consumer)
FILES = {Consumer.SHELL, Consumer.PLAIN}


@pytest.mark.parametrize(
    ("text", "unfit"),
    [
        ("Abcdef12", set()),
        ("changeit", set()),
        ("a.b-c_d", set()),
        ("abc", {Consumer.JDK_PKCS12, Consumer.OPENSSL}),
        ("abcde", {Consumer.JDK_PKCS12}),
        ("", ALL),
        ("pässwort", ALL - {Consumer.HOCON}),
        ("pass word", set()),
        (" password", {Consumer.PLAIN, Consumer.WINDOWS}),
        ("pass$word", {Consumer.SHELL}),
        ("pass`word", {Consumer.SHELL}),
        ('pass"word', FILES),
        ("pass'word", FILES),
        ("pass\\word", FILES),
        ("pass#word", {Consumer.PLAIN}),
        ("pass!word{}", set()),
        ("pass\nword", ALL - {Consumer.HOCON}),
        ("pass\0word", ALL),
        ("x" * 50, set()),
        ("x" * 51, {Consumer.OPENSSL}),
        ("x" * 129, {Consumer.OPENSSL, Consumer.WINDOWS}),
    ],
)
def test_each_consumer_has_its_verdict(text: str, unfit: set[Consumer]) -> None:
    reasons = passwords.unfit(Secret(text))
    assert set(reasons) == unfit
    assert all(len(text) < 3 or text not in reason for reason in reasons.values())


@pytest.mark.parametrize(
    ("text", "bad"), [("changeit", True), ("ChangeIt", True), ("password", True), ("Xk3nNq7W", False)]
)
def test_known_ones_are_a_warning(text: str, bad: bool) -> None:
    assert passwords.known(Secret(text)) is bad
    assert [finding.code for finding in passwords.examine(Secret(text), "the key store")] == ["password.known"] * bad


def test_findings_name_the_consumer_and_never_the_password() -> None:
    found = passwords.examine(Secret("pa$$word"), "the gateway")
    assert [finding.facts["consumer"] for finding in found] == ["a shell"]
    assert "pa$$word" not in found[0].message
    assert passwords.examine(Secret("pa$$word"), "the server", (Consumer.HOCON,)) == []


def test_a_generated_one_fits_everybody() -> None:
    made = {passwords.generate().reveal() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        assert len(text) == passwords.LENGTH
        assert passwords.examine(Secret(text), "x") == []
