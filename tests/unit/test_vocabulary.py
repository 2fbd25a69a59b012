import copy
import pickle

import pytest

from tests.support.made_up import made_up
from wizard import codes
from wizard.errors import BusyError, ExitCode, RecoveryNeededError, TextSyntaxError, WizardError
from wizard.findings import Finding, Locator, Severity, worst
from wizard.printable import printable
from wizard.secret import MASK, Redactor, Secret

SPEC = made_up("x.y", Severity.WARNING, "{file} holds {count} keys.", why="w", fix="Look at {file}.")


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("hunter2!")
    for text in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>12}",
        "{}".format(secret),  # noqa: UP032 - this form too
        str([secret]),
        str({"a": secret}),
    ):
        assert "hunter2" not in text
        assert MASK in text
    assert secret.reveal() == "hunter2!"


def test_a_secret_is_not_written_out_by_machinery() -> None:
    secret = Secret("hunter2!")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert copy.deepcopy(secret) is secret
    assert not hasattr(secret, "__dict__")


def test_secrets_compare_by_value_and_an_empty_one_is_false() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("ä\ud800") == Secret("ä\ud800")
    assert Secret("a") != "a"
    assert not Secret("")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Zürich, Łódź, 東京", "Zürich, Łódź, 東京"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\x7f\x80\x9b", r"\x7f\x80\x9b"),
        ("abc\u202egnp.exe", r"abc\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("\u3164\u2800\ufe0f", r"\u3164\u2800\ufe0f"),
        ("[b]markup[/b]", "[b]markup[/b]"),
    ],
)
def test_printable_leaves_no_character_that_acts_or_hides(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_printable_keeps_lines_when_asked_and_cuts_long_text() -> None:
    assert printable("a\n\tb", newline=True) == "a\n    b"
    assert printable("x" * 50, limit=10) == "xxxxxxx..."
    assert len(printable("\x1b" * 50, limit=10)) <= 10


def test_a_redactor_knows_a_secret_in_its_disguises() -> None:
    redactor = Redactor()
    redactor.learn(Secret('pa"ss\\w ord'))
    for form in ('pa"ss\\w ord', 'pa\\"ss\\\\w ord', "'pa\"ss\\w ord'", "pa%22ss%5Cw%20ord", "cGEic3NcdyBvcmQ="):
        assert redactor.scrub(f"x={form};") == f"x={MASK};"


def test_a_redactor_leaves_text_alone_that_a_short_secret_would_destroy() -> None:
    redactor = Redactor()
    redactor.learn(Secret("abc"))
    assert redactor.scrub("abcdef") == "abcdef"


def test_a_longer_secret_is_cut_before_one_that_it_contains() -> None:
    redactor = Redactor()
    redactor.learn(Secret("changeit"))
    redactor.learn(Secret("changeit-2026"))
    assert redactor.scrub("changeit-2026 changeit") == f"{MASK} {MASK}"


def test_a_finding_fills_its_words_with_printable_facts() -> None:
    finding = Finding(SPEC, Locator("file", path="/a", line=3), {"file": "a\x1b.pfx", "count": 2})
    assert finding.message == r"a\x1b.pfx holds 2 keys."
    assert finding.fix == r"Look at a\x1b.pfx."
    assert finding.as_json() == {
        "code": "x.y",
        "severity": "warning",
        "subject": {"kind": "file", "path": "/a", "line": 3},
        "message": r"a\x1b.pfx holds 2 keys.",
        "why": "w",
        "fix": r"Look at a\x1b.pfx.",
        "facts": {"file": "a\x1b.pfx", "count": 2},
        "caused_by": None,
    }


def test_the_worst_finding_decides() -> None:
    note = made_up("n", Severity.NOTE, "")
    assert worst([]) is None
    assert (
        worst([Finding(note, Locator("x")), Finding(SPEC, Locator("x"), {"file": "", "count": 0})]) is Severity.WARNING
    )


def test_refusals_carry_their_parts_and_their_exit_code() -> None:
    error = WizardError.recorded("a.b", "It is so.", "Do this.", "/etc/x")
    assert (error.code, error.message, error.hint, error.subject, str(error)) == (
        "a.b",
        "It is so.",
        "Do this.",
        "/etc/x",
        "It is so.",
    )
    assert error.exit_code is ExitCode.UNUSABLE
    assert BusyError.recorded("a", "m").exit_code is ExitCode.BUSY
    assert RecoveryNeededError.recorded("a", "m").exit_code is ExitCode.NEEDS_RECOVERY
    syntax = TextSyntaxError(codes.HOCON_SEPARATOR, line=2, column=5)
    assert isinstance(syntax, ValueError)
    assert (syntax.line, syntax.column) == (2, 5)
