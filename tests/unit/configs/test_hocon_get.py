import pytest

from wizard.configs import hocon
from wizard.errors import TextSyntaxError, WizardError


@pytest.mark.parametrize(
    ("text", "path", "value", "place", "kind"),
    [
        ('a = "x"\n', "a", "x", (1, 5), "string"),
        ("\ufeffa = x\n", "a", "x", (1, 5), "string"),
        ("a {\r\n  b : 5 # c\r\n}\r\n", "a.b", "5", (2, 7), "number"),
        ("a = 1\na = true", "a", "true", (2, 5), "boolean"),
        ("a = null", "a", "null", (1, 5), "null"),
        ('a =\n\n  """x\ny"""', "a", "x\ny", (3, 3), "string"),
        ('"a.b" = 1', '"a.b"', "1", (1, 9), "number"),
        ("a = x ${b} y\nb = 2", "a", "x 2 y", (1, 5), "string"),
        ("a = [1, 2]", "a", "[1, 2]", (1, 5), "list"),
        ("a { b = 1 }", "a", "{ b = 1 }", (1, 3), "object"),
    ],
)
def test_a_value_has_its_text_and_place(text: str, path: str, value: str, place: tuple[int, int], kind: str) -> None:
    found = hocon.parse(text.encode()).get(path)
    assert found is not None
    assert (found.text, (found.line, found.column), found.kind) == (value, place, kind)
    assert found.decidable


def test_it_tells_what_it_shadows() -> None:
    found = hocon.parse(b"a = 1\na = 2\n# a = 9\na = 3\n").get("a")
    assert found is not None
    assert [(one.text, one.line) for one in found.shadowed] == [("2", 2), ("1", 1)]


@pytest.mark.parametrize("path", ["b", "a.c", "a.b.c", "x"])
def test_an_absent_path_is_none(path: str) -> None:
    assert hocon.parse(b"a.b = 1\nx.y = 2\nx = ${?nothing.here}\na.x = 5").get("a.b") is not None
    assert hocon.parse(b"a.b = 1\n").get(path) is None


@pytest.mark.parametrize(
    ("text", "environment", "value", "reason"),
    [
        ("a = 1\na = ${?X}", None, "1", "line 2"),
        ("a = 1\na = ${?X}", {}, "1", ""),
        ("a = 1\na = ${?X}", {"X": "7"}, "7", ""),
        ("a = ${?X}\na = 1", None, "1", ""),
        ("a = ${X}", {}, "${X}", "not set in"),
        ('a = 1\ninclude "x"', None, "1", "not read"),
        ('include "x"\na = 1', None, "1", ""),
        ('a = 1\nb { include "x" }', None, "1", ""),
        ('a = 1\ninclude classpath("x")', {}, "1", "line 2"),
        ('a = 1\ninclude url("http://x/")', {}, "1", "line 2"),
        ("a = ${b}\nb = ${a}", {}, "${b}", "refers to itself"),
    ],
)
def test_it_says_when_it_cannot_decide(text: str, environment: dict[str, str] | None, value: str, reason: str) -> None:
    found = hocon.parse(text.encode(), environment=environment).get("a")
    assert found is not None
    assert found.text == value
    assert found.decidable is (not reason)
    assert reason in found.reason


def test_included_files_are_followed_with_their_names() -> None:
    files = {"part.conf": b"a = 2\n", "sub/x.conf": b'include "y"\n', "sub/y.conf": b"b = 3\n"}
    document = hocon.parse(
        b'a = 1\ninclude "part"\ninclude "sub/x.conf"\ninclude "gone"\n', includes=lambda _, name: files.get(name)
    )
    found, deeper = document.get("a"), document.get("b")
    assert found is not None
    assert deeper is not None
    assert (found.text, found.source, found.line, found.decidable) == ("2", "part.conf", 1, True)
    assert found.shadowed[0].line == 1
    assert (deeper.text, deeper.source) == ("3", "sub/y.conf")
    assert [(note.name, note.status) for note in document.includes] == [
        ("part", "followed"),
        ("sub/x.conf", "followed"),
        ("y", "followed"),
        ("gone", "missing"),
    ]


def test_includes_in_a_circle_end() -> None:
    document = hocon.parse(b'include "x.conf"\n', includes=lambda _, __: b'include "x.conf"\n')
    assert any("in a circle" in note.reason for note in document.includes)


def unreadable(_: str, __: str) -> bytes | None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("loader", "word"),
    [(unreadable, "permission denied"), (lambda _, __: b"a = $", "cannot be read"), (lambda _, __: b"[1]", "list")],
)
def test_an_include_that_cannot_be_read_makes_doubt(loader: hocon.Loader, word: str) -> None:
    found = hocon.parse(b'a = 1\ninclude "x.conf"\n', includes=loader).get("a")
    assert found is not None
    assert not found.decidable
    assert word in found.reason


def test_required_includes_of_newer_libraries_are_known() -> None:
    for text in ('include required("x")', 'include required(file("x"))', 'include required( file( "x" ) )'):
        document = hocon.parse(f"{text}\na = 1".encode(), includes=lambda _, __: None)
        assert document.includes[0].status == "not followed"


def test_find_gives_each_path_once_in_order_and_those_in_lists_as_undecidable() -> None:
    text = b"b { k = 1 }\nk = 2\nb.k = 3\nc = [{ k = 4 }, [{ d.k = 5 }]]\nd { k { x = 1 } }\n"
    found = hocon.parse(text).find("k")
    assert [(one.path, one.text) for one in found if one.decidable and one.kind != "object"] == [
        ("k", "2"),
        ("b.k", "3"),
    ]
    assert [one.path for one in found if not one.decidable] == ["c[0].k", "c[1][0].d.k"]
    assert "inside a list" in next(one.reason for one in found if not one.decidable)
    assert hocon.parse(text).find("nothing") == []


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a[0]", 'a."b', "a = b", "${a}"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(WizardError) as caught:
        hocon.parse(b"a = 1").get(path)
    assert caught.value.code == "hocon.path"


@pytest.mark.parametrize("keys", [("a", "b"), ("a.b", "c d"), ("", "ä"), ('"', "\\"), ("x\ny",), ("2", "-")])
def test_paths_are_written_so_that_they_read_back(keys: tuple[str, ...]) -> None:
    assert hocon.parse_path(hocon.render_path(keys)) == keys


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (b'a = 1\nb = "x\n', "hocon.open-string", 2, 5),
        (b'a = 1\nb = """x\n\n', "hocon.open-string", 2, 5),
        (b"a = 1\n  b = p$x\n", "hocon.reserved", 2, 8),
        (b'a = "\\x"', "hocon.escape", 1, 6),
        (b'a = "x\ty"', "hocon.control", 1, 7),
        (b"x = 1\na {\n b = 1\n", "hocon.missing-brace", 2, 3),
        (b"a = [\n1", "hocon.missing-brace", 1, 5),
        (b"a = 1 }\n", "hocon.extra-brace", 1, 7),
        (b"a = \n", "hocon.missing-value", 1, 1),
        (b'a = "1" b = 2', "hocon.separator", 1, 11),
        (b"a = 1, , b", "hocon.key", 1, 8),
        (b"a\nb = 1", "hocon.key", 1, 1),
        (b"a..b = 1", "hocon.path", 1, 1),
        (b"include x", "hocon.include", 1, 1),
        (b"a { b = 1 } c = 1", "hocon.separator", 1, 13),
        (b"[1]", "hocon.list-root", 1, 1),
        (b'a = { b = 1 } "x"', "hocon.mixed", 1, 15),
        (b"a = [{ b += 1 }]", "hocon.append-in-list", 1, 8),
        ("a = 1".encode("utf-16"), "hocon.utf-16", 1, 1),
        (b"a{" * 300, "hocon.too-deep", 1, 600 - 85),
    ],
)
def test_a_refusal_has_its_code_and_place(text: bytes, code: str, line: int, column: int) -> None:
    with pytest.raises(TextSyntaxError) as caught:
        hocon.parse(text)
    assert (caught.value.code, caught.value.line) == (code, line), caught.value.message
    if code not in {"hocon.too-deep", "hocon.key"}:
        assert caught.value.column == column
    assert caught.value.hint
