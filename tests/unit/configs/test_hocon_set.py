import json

import pytest

from wizard.configs import hocon
from wizard.errors import WizardError

PATH = "hcp.tls.key"


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ('a = "x"', "a", 'a = "new"'),
        ("a: x # c\r\nb = 1\r\n", "a", 'a: "new" # c\r\nb = 1\r\n'),
        ("\ufeffa=x\n", "a", '\ufeffa="new"\n'),
        ("a = 1\na = 2\n", "a", 'a = 1\na = "new"\n'),
        ("a { b = 1, c = x }", "a.c", 'a { b = 1, c = "new" }'),
        ('{"a":{"b":"x"}}', "a.b", '{"a":{"b":"new"}}'),
        ('a = """x\ny""" // z\n', "a", 'a = "new" // z\n'),
        ("a = one two # c", "a", 'a = "new" # c'),
        ("a = ${?X}\n", "a", 'a = "new"\n'),
        ('a = ${b}"/x"\nb = 1\n', "a", 'a = "new"\nb = 1\n'),
        ("a = null", "a", 'a = "new"'),
        ("a = \\\n".replace("\\", "") + "  x\n", "a", 'a = \n  "new"\n'),
        # revived in place
        ('#a = "x" # old\nb = 1\n', "a", 'a = "new" # old\nb = 1\n'),
        ("# a=x\n", "a", 'a="new"\n'),
        ("t {\n  // a : x\n  b = 1\n}\n", "t.a", 't {\n  a : "new"\n  b = 1\n}\n'),
        ("t {\n#  a = x\n  b = 1\n}\n", "t.a", 't {\n  a = "new"\n  b = 1\n}\n'),
        ("# a: the path of the store\nb = 1\n", "a", '# a: the path of the store\nb = 1\na = "new"\n'),
        ("# t {\n#   a = x\n# }\nb = 1\n", "a", '# t {\n#   a = x\n# }\nb = 1\na = "new"\n'),
        # added to its object
        ("", "a", 'a = "new"\n'),
        ("b = 1", "a", 'b = 1\na = "new"'),
        ("b : 1\r\n", "a", 'b : 1\r\na : "new"\r\n'),
        ("t {\n  b = 1 # c\n}\n", "t.a", 't {\n  b = 1 # c\n  a = "new"\n}\n'),
        ("t { b = 1 }\n", "t.a", 't { b = 1, a = "new" }\n'),
        ("t {}\n", "t.a", 't { a = "new" }\n'),
        ("t {\n}\n", "t.a", 't {\n  a = "new"\n}\n'),
        ("  t {\n    # c\n  }\n", "t.a", '  t {\n    # c\n    a = "new"\n  }\n'),
        ("t.b=1\nc=2\n", "t.a", 't.b=1\nt.a="new"\nc=2\n'),
        ('{\n  "b" : 1,\n  "c" : 2\n}\n', "a", '{\n  "b" : 1,\n  "c" : 2,\n  a : "new"\n}\n'),
        ("{\n  b = 1,\n}\n", "a", '{\n  b = 1,\n  a = "new",\n}\n'),
        ("t { b = 1 }\nt { c = 1 }\n", "t.a", 't { b = 1 }\nt { c = 1, a = "new" }\n'),
        ("t {\n  u { v = 1 }\n}\n", "t.a", 't {\n  u { v = 1 }\n  a = "new"\n}\n'),
        ("a = 1\n", '"x y"', 'a = 1\n"x y" = "new"\n'),
    ],
)
def test_only_the_value_changes(before: str, path: str, after: str) -> None:
    edited = hocon.parse(before.encode()).set(path, "new")
    assert edited.render().decode() == after
    value = edited.get(path)
    assert value is not None
    assert value.text == "new"


@pytest.mark.parametrize("text", ["", "x", 'a"b', "a\\b", "${x}", "#//", "ä€😀", "\t\n\r\0", "a'b`c$d", " x ", "\x7f"])
def test_any_text_is_written_safely(text: str) -> None:
    edited = hocon.parse(b"a = 1\n").set("a", text)
    assert edited.render().isascii()
    assert json.loads(edited.render()[4:]) == text
    value = hocon.parse(edited.render()).get("a")
    assert value is not None
    assert value.text == text


@pytest.mark.parametrize(
    ("text", "path", "code", "words"),
    [
        ('a = 1\ninclude "x"\n', "a", "hocon.shadowed", "line 2"),
        ("a = 1\na = ${?X}\n", "a", "hocon.shadowed", "line 2"),
        ("a = 1\nb = ${a}\n", "a", "hocon.others-follow", "b (line 2)"),
        ("a { x = 1 }\nb = ${a}\n", "a.x", "hocon.others-follow", "b (line 2)"),
        ("a { x = 1 }", "a", "hocon.not-a-text", "object"),
        ("a = [1]", "a", "hocon.not-a-text", "list"),
        ("a += 1", "a", "hocon.not-a-text", "list"),
        ("t { x = 1 }\n", "u.a", "hocon.place-unknown", "missing"),
        ("t = 5\n", "t.a", "hocon.place-unknown", "missing"),
        ("#a = 1\n# a = 2\n", "a", "hocon.several-commented", "1, 2"),
        ("a = 1", "b..c", "hocon.path", "b..c"),
    ],
)
def test_an_edit_that_would_not_hold_is_refused(text: str, path: str, code: str, words: str) -> None:
    with pytest.raises(WizardError) as caught:
        hocon.parse(text.encode()).set(path, "new")
    assert caught.value.code == code, caught.value.message
    assert words in caught.value.message
    assert caught.value.hint


def test_a_known_environment_decides() -> None:
    text = b"a = 1\na = ${?X}\n"
    assert hocon.parse(text, environment={}).set("a", "new").render() == b'a = "new"\na = ${?X}\n'
    with pytest.raises(WizardError) as caught:
        hocon.parse(text, environment={"X": "7"}).set("a", "new")
    assert caught.value.code == "hocon.shadowed"
    assert "line 2" in caught.value.message


def test_a_value_of_an_included_file_is_not_hidden_silently() -> None:
    document = hocon.parse(b'include "p.conf"\n', includes=lambda _, name: b"\na = 1\n" if name == "p.conf" else None)
    with pytest.raises(WizardError) as caught:
        document.set("a", "new")
    assert "line 2 of p.conf" in caught.value.message


def test_followers_may_be_allowed() -> None:
    edited = hocon.parse(b"a = 1\nb = ${a}\n").set("a", "new", followers=True)
    value = edited.get("b")
    assert value is not None
    assert value.text == "new"


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(WizardError) as caught:
        hocon.parse(b"a = 1").set("a", "\ud800")
    assert caught.value.code == "hocon.value-not-text"


def test_the_value_that_is_there_changes_nothing() -> None:
    document = hocon.parse(b"a = changeit # unquoted")
    assert document.set("a", "changeit") is document


def test_commented_settings_are_told_with_their_place() -> None:
    text = b"t {\n  # k = old\n}\n// k = x\n#t2 {\n#  k = y\n#}\nx = 1 # k = z\n"
    found = hocon.parse(text).commented("k")
    assert [(one.path, one.text, one.line, one.whole) for one in found] == [
        ("t.k", "old", 2, True),
        ("k", "x", 4, True),
        ("k", "y", 6, False),
    ]


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a = 1\nb = 2\n", "a", "b = 2\n"),
        ("a = 1\nb = 2\na = 3\n", "a", "b = 2\n"),
        ("t { a = 1, b = 2 }", "t.a", "t { b = 2 }"),
        ("t { b = 2, a = 1 }", "t.a", "t { b = 2 }"),
        ("  a = 1 # keep\nb = 2", "a", "   # keep\nb = 2"),
        ("t {\r\n  a = 1,\r\n  b = 2\r\n}", "t.a", "t {\r\n  b = 2\r\n}"),
        ("t.a = 1\nt.b = 2\n", "t", ""),
        ("b = 2\n", "a", "b = 2\n"),
        ("t { a { x = 1 } }", "t.a", "t {  }"),
    ],
)
def test_unset_removes_every_place(before: str, path: str, after: str) -> None:
    edited = hocon.parse(before.encode()).unset(path)
    assert edited.render().decode() == after
    assert edited.get(path) is None


def test_unset_refuses_when_an_include_would_set_it() -> None:
    with pytest.raises(WizardError) as caught:
        hocon.parse(b'a = 1\ninclude "x"\n').unset("a")
    assert caught.value.code == "hocon.shadowed"


def test_unset_brings_no_hidden_value_back() -> None:
    """`a.b` hides the earlier `a = 1`; without it Lightbend's library reads that again."""
    document = hocon.parse(b"a = 1\na.b = 1\n")
    with pytest.raises(WizardError, match="an earlier value would be in use again"):
        document.unset("a.b")
    assert hocon.parse(b"a = null\na.b = 1\n").unset("a.b").get("a.b") is None
    assert hocon.parse(b"a.c = 1\na.b = 1\n").unset("a.b").render() == b"a.c = 1\n"
