"""What holds for every text: nothing is lost, what is set is read back, and only the reported span differs."""

from hypothesis import given
from hypothesis import strategies as st

from wizard.configs import hocon
from wizard.configs.hocon.syntax import TOKEN
from wizard.errors import TextSyntaxError, WizardError

KEYS = st.sampled_from(["a", "b", "c-d", '"x y"', '"p.q"', "a.b", "b.c-d", '"" ', "ä", "7"])
BLANKS = st.sampled_from(["", " ", "  ", "\t"])
ENDS = st.sampled_from(["\n", "\r\n", ",\n", " # c\n", " // c\r\n", ", "])
WORDS = st.sampled_from(
    [
        "1",
        "x",
        "two words",
        '"q"',
        '"e\\"s\\u00e4"',
        '"""raw "t" \\n"""',
        "true",
        "null",
        "/a/b.c",
        "10s",
        '"ä"',
        "x # y",
    ]
)


@st.composite
def values(draw: st.DrawFn, depth: int = 0) -> str:
    kind = draw(st.integers(0, 9))
    if kind < 6 or depth > 2:
        return draw(WORDS).partition(" #")[0]
    if kind == 6:
        return draw(st.sampled_from(["${a}", "${?b}", "${?NOT}", 'x${?a} "y"']))
    if kind == 7:
        return "[" + ", ".join(draw(st.lists(values(depth + 1), max_size=3))) + "]"
    return "{" + draw(BLANKS) + draw(objects(depth + 1)) + draw(BLANKS) + "}"


@st.composite
def objects(draw: st.DrawFn, depth: int = 0) -> str:
    text = ""
    for _ in range(draw(st.integers(0, 4))):
        sign = draw(st.sampled_from(["=", ":", "=", "=", "+="]))
        text += draw(BLANKS) + draw(KEYS) + draw(BLANKS) + sign + draw(BLANKS) + draw(values(depth)) + draw(ENDS)
    return text


DOCUMENTS = objects().map(lambda text: text.encode())


def parsed(data: bytes) -> hocon.Document | None:
    try:
        return hocon.parse(data, environment={})
    except TextSyntaxError:
        return None


@given(st.one_of(DOCUMENTS, st.binary(max_size=60), st.text('ab.={}[]"$\\\n #/,+:?é \r', max_size=40).map(str.encode)))
def test_parse_then_render_is_the_identity(data: bytes) -> None:
    document = parsed(data)
    if document is not None:
        assert document.render() == data
        assert "".join(match[0] for match in TOKEN.finditer(document.text)) == document.text


@given(DOCUMENTS, KEYS, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_set_then_get(data: bytes, path: str, text: str) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        edited = document.set(path, text)
    except WizardError as error:
        if error.code not in {"hocon.not-a-text", "hocon.others-follow", "hocon.shadowed", "hocon.place-unknown"}:
            raise
        return
    value = edited.get(path)
    assert value is not None
    assert (value.text, value.decidable) == (text, True)
    again = hocon.parse(edited.render(), environment={})
    assert again.resolved() == edited.resolved()
    keys = hocon.parse_path(path)
    before = {key: value for key, value in document.resolved().items() if key != keys}
    assert {key: value for key, value in again.resolved().items() if key != keys} == before


@given(DOCUMENTS, KEYS)
def test_set_twice_is_set_once_and_setting_the_same_changes_nothing(data: bytes, path: str) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        once = document.set(path, "first").set(path, "last")
    except WizardError:
        return
    assert once.set(path, "last").render() == once.render()
    assert document.set(path, "last").render() == once.render()


@given(DOCUMENTS, KEYS)
def test_only_the_reported_span_differs(data: bytes, path: str) -> None:
    document = parsed(data)
    value = document.get(path) if document is not None else None
    if document is None or value is None:
        return
    try:
        edited = document.set(path, "new")
    except WizardError:
        return
    place = edited.get(path)
    assert place is not None
    lines, after = document.text.split("\n"), edited.text.split("\n")
    assert after[: place.line - 1] == lines[: place.line - 1]
    assert after[place.line - 1][: place.column - 1] == lines[place.line - 1][: place.column - 1]
    rest = after[place.line - 1][place.column - 1 :]
    assert rest.startswith('"new"')
    assert "\n".join(lines).endswith("\n".join([rest.removeprefix('"new"'), *after[place.line :]]))


@given(DOCUMENTS, KEYS)
def test_unset_leaves_every_other_value(data: bytes, path: str) -> None:
    document = parsed(data)
    if document is None:
        return
    try:
        edited = document.unset(path)
    except WizardError:
        return
    keys = hocon.parse_path(path)
    assert edited.get(path) is None
    kept = {key: value for key, value in document.resolved().items() if key[: len(keys)] != keys}
    assert {key: value for key, value in edited.resolved().items() if key[: len(keys)] != keys} == kept


@given(
    st.lists(
        st.text(min_size=0, max_size=8).filter(lambda key: not any("\ud800" <= c <= "\udfff" for c in key)),
        min_size=1,
        max_size=4,
    )
)
def test_a_path_that_is_written_reads_back(keys: list[str]) -> None:
    assert hocon.parse_path(hocon.render_path(keys)) == tuple(keys)
