import pytest

from wizard.configs import envfile
from wizard.errors import TextSyntaxError, WizardError


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ('A="x"\n', "x", ""),
        ("A=x\n", "x", ""),
        ("A='x y'\n", "x y", ""),
        ('export A="x" # c\n', "x", ""),
        ('  A="x"   \n', "x", ""),
        ('\ufeffA="x"\n', "x", ""),
        ("A=\n", "", ""),
        ('A=""', "", ""),
        ('A="x#y"\n', "x#y", ""),
        ("A=x#y\n", "x#y", ""),
        ('A="1"\nA="2"\n', "2", ""),
        ('#A="x"\nA="y"\n', "y", ""),
        ('A="x"\r\n', "x", "carriage return"),
        ('A="$x"\n', "$x", "expands"),
        ("A=`id`\n", "`id`", "expands"),
        ("A='$x'\n", "$x", ""),
        ('A="a\\$b"\n', "a$b", "backslash"),
        ("A=a\\ b\n", "a b", "backslash"),
        ("A=\"a\"'b'\n", "ab", "several parts"),
        ('A="x\ny"\n', "x\ny", "several lines"),
        ('A="x"; B=2\n', "x", "more shell code"),
    ],
)
def test_get_reads_as_a_shell_and_says_when_a_plain_parser_would_not(text: str, value: str, reason: str) -> None:
    found = envfile.parse(text.encode()).get("A")
    assert found is not None
    assert found.text == value
    assert found.decidable is (not reason)
    assert reason in found.reason


@pytest.mark.parametrize("text", ["", "# A=1\n", "A =1\n", "A= x\n", "A=1 command\n", "BA=1\n", "A-B=1\n"])
def test_what_is_no_assignment_is_not_one(text: str) -> None:
    found = envfile.parse(text.encode()).get("A")
    assert found is None or (found.text == "" and text == "A= x\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('A="x"\n', 'A="new"\n'),
        ("export A='x' # c\nB=1\n", 'export A="new" # c\nB=1\n'),
        ("A=\nB=2\n", 'A="new"\nB=2\n'),
        ('A="1"\nA="2"\n', 'A="1"\nA="new"\n'),
        ('A="x"\r\nB="y"\r\n', 'A="new"\r\nB="y"\r\n'),
        ("B=1", 'B=1\nA="new"'),
        ("B=1\r\n", 'B=1\r\nA="new"\r\n'),
        ("", 'A="new"\n'),
        ("# A=1\n", '# A=1\nA="new"\n'),
        ('A="x\ny" # z\nB=1\n', 'A="new" # z\nB=1\n'),
        ("A=a\\ b\n", 'A="new"\n'),
    ],
)
def test_only_the_value_changes(before: str, after: str) -> None:
    assert envfile.parse(before.encode()).set("A", "new").render() == after.encode()


@pytest.mark.parametrize(
    ("value", "word"),
    [("a$b", "$"), ("a`b", "backtick"), ('a"b', "double"), ("a'b", "single"), ("a\\b", "backslash"),
     ("a\nb", "line break"), ("a\rb", "line break"), ("a\0b", "control"), ("\ud800", "control")],
)  # fmt: skip
def test_values_that_a_shell_and_a_parser_read_differently_are_refused(value: str, word: str) -> None:
    with pytest.raises(WizardError) as caught:
        envfile.parse(b"").set("A", value)
    assert caught.value.code == "envfile.unsafe-value"
    assert word in caught.value.message
    assert value not in caught.value.message


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "Ä", "A="])
def test_a_name_must_be_one_for_a_shell(name: str) -> None:
    with pytest.raises(WizardError) as caught:
        envfile.parse(b"").set(name, "x")
    assert caught.value.code == "envfile.name"


@pytest.mark.parametrize("text", ['A="x\n', "A='x\n", 'B=1\nA="x'])
def test_an_open_quote_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(TextSyntaxError) as caught:
        envfile.parse(text.encode())
    assert caught.value.code == "envfile.open-quote"
    assert caught.value.line == text.count("\n", 0, text.index("A")) + 1


@pytest.mark.parametrize(
    "text",
    ["exit 0\n", "  return\n", "exec true\n", "readonly C=1\n", "declare -r C=1\n", "true \\\n", "true \\",
     "cat <<E\nC=1\nE\n", "cat <<- 'E' >/dev/null\nE\n"],
)  # fmt: skip
def test_code_that_keeps_a_new_line_from_its_effect(text: str) -> None:
    with pytest.raises(WizardError) as caught:
        envfile.parse(b"A=1\n" + text.encode()).set("C", "new")
    assert caught.value.code == "envfile.shell-code"
    assert "line 2" in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["exit=1\n", "B='a << b'\n", "# cat <<E\n", "# a \\\n", "true <<< x\n", "declare -x B=1\n", "true \\\n -x\n"],
)
def test_what_only_looks_like_such_code(text: str) -> None:
    assert envfile.parse(text.encode()).set("C", "new").text == f'{text}C="new"\n'


def test_shell_code_stops_an_addition_but_not_an_edit() -> None:
    text = b'if [ -z "$A" ]; then\n  B=1\nfi\nA="x"\n'
    with pytest.raises(WizardError) as caught:
        envfile.parse(text).set("C", "new")
    assert caught.value.code == "envfile.shell-code"
    assert envfile.parse(text).set("A", "new").render() == text.replace(b'"x"', b'"new"')


def test_unset_and_names() -> None:
    document = envfile.parse(b'A="1"\nexport B=2 # b\nA=3\n')
    assert document.names == ("A", "B")
    assert document.unset("A").render() == b"export B=2 # b\n"
    assert document.unset("C") is document
    shadowed = document.get("A")
    assert shadowed is not None
    assert [one.line for one in shadowed.shadowed] == [1]


def test_a_snippet_when_there_is_no_file() -> None:
    assert envfile.snippet({"A": "/x", "B": "y"}) == 'A="/x"\nB="y"\n'
    assert envfile.missing(envfile.parse(b"A=1"), ["A", "B"]) == ("B",)


def test_utf_16_is_refused() -> None:
    with pytest.raises(TextSyntaxError) as caught:
        envfile.parse('A="x"\n'.encode("utf-16"))
    assert caught.value.code == "envfile.utf-16"
