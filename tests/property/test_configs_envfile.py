from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from wizard.configs import damage, diffs, envfile
from wizard.errors import TextSyntaxError, WizardError

LINES = st.sampled_from(
    [
        'A="1"',
        "export A='2' # c",
        "B=3",
        "# A=4",
        "",
        '  C="x y"',
        "A=\"a\"'b'",
        'D="$x"',
        "E=a\\ b",
        "run me",
        'A="5"\r',
        "if true; then",
        'F="1\n2"',
    ]
)
FILES = st.lists(LINES, max_size=6).flatmap(lambda rows: st.sampled_from(["\n".join(rows), "\n".join([*rows, ""])]))
SAFE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters="$`\"'\\"), max_size=20
)


@given(st.one_of(FILES.map(str.encode), st.binary(max_size=60)))
def test_parse_then_render_is_the_identity(data: bytes) -> None:
    with suppress(TextSyntaxError):
        assert envfile.parse(data).render() == data


@given(FILES, st.sampled_from(["A", "B", "D", "NEW"]), SAFE)
def test_set_then_get_and_no_other_line_changes(text: str, name: str, value: str) -> None:
    document = envfile.parse(text.encode())
    try:
        edited = document.set(name, value)
    except WizardError as error:
        if error.code != "envfile.shell-code":
            raise
        return
    found = edited.get(name)
    assert found is not None
    assert found.text == value
    assert edited.set(name, value).render() == edited.render()
    for other in set(document.names) - {name}:
        before, after = document.get(other), edited.get(other)
        assert before is not None
        assert after is not None
        assert before.text == after.text


@given(st.binary(max_size=80), st.booleans())
def test_examination_and_repair_never_fail_and_end(data: bytes, shell: bool) -> None:
    damage.examine(data, shell=shell)
    repaired = damage.repair(data, shell=shell)
    if repaired is not None:
        assert damage.repair(repaired, shell=shell) in {None, repaired}
        assert not {finding.code for finding in damage.examine(repaired, shell=shell)} & {
            "config.bom", "config.utf-16", "config.nul", "config.not-utf-8", "config.syntax", "config.missing-brace",
        }  # fmt: skip


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from(["x-password = ", 'PASSWORD="', "secret: '"]))
def test_no_secret_shows_in_a_diff(before: bytes, after: bytes, key: str) -> None:
    secret = "s3ntinel-Value"
    old = before.replace(b"\0", b"") + b"\n" + key.encode() + secret.encode() + b"\n" + after
    if old[:2] not in {b"\xff\xfe", b"\xfe\xff"} and b"\0" not in old:
        assert secret not in diffs.unified("x", old, b"a = 1\n")
