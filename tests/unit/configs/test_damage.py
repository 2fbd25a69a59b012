import pytest

from wizard.configs import damage, envfile, hocon, rules

GOOD = b'a {\n  b = "x"\n}\n'


@pytest.mark.parametrize(
    ("data", "codes", "line", "repaired"),
    [
        (GOOD, [], 0, None),
        (b"\xef\xbb\xbf" + GOOD, ["config.bom"], 1, GOOD),
        (GOOD.decode().encode("utf-16"), ["config.utf-16"], 1, GOOD),
        (b"\xfe\xff" + GOOD.decode().encode("utf-16-be"), ["config.utf-16"], 1, GOOD),
        (GOOD.decode().encode("utf-16-le"), ["config.utf-16"], 1, GOOD),
        (GOOD.replace(b"\n", b"\r\n"), ["config.crlf"], 1, None),
        (b"a = 1\nb = 2\r\nc = 3\n", ["config.mixed-line-ends"], 2, b"a = 1\nb = 2\nc = 3\n"),
        (b"a = 1\r\nb = 2\r\nc = 3\n", ["config.mixed-line-ends"], 3, b"a = 1\r\nb = 2\r\nc = 3\r\n"),
        (b'a = 1\nb = "p\xe4ss"\n', ["config.not-utf-8"], 2, 'a = 1\nb = "päss"\n'.encode()),
        (b'a = "\x81"\n', ["config.not-utf-8"], 1, None),
        ("x = 1\na = “y z” # c\n".encode(), ["config.smart-quotes"], 2, b'x = 1\na = "y z" # c\n'),
        ("a = „y“,\n".encode(), ["config.smart-quotes"], 1, b'a = "y",\n'),
        ("a = it\u2019s\n".encode(), [], 0, None),
        ('a = "“quoted”"\n# a = “x”\n'.encode(), [], 0, None),
        (b"a {\n  b = 1\n", ["config.missing-brace"], 1, b"a {\n  b = 1\n}\n"),
        (
            b"a {\r\n  b {\r\n    c = 1\r\n",
            ["config.crlf", "config.missing-brace"],
            2,
            b"a {\r\n  b {\r\n    c = 1\r\n  }\r\n}\r\n",
        ),
        (b'{\n"a": 1,\n"b": 2\n', ["config.missing-brace"], 1, b'{\n"a": 1,\n"b": 2\n}\n'),
        (b"a {\n  b = 1\nc = 2\n", ["config.missing-brace"], 1, None),
        (b"a = 1\n\0\0\0\0", ["config.nul", "config.syntax"], 2, b"a = 1\n"),
        (b'a = 1\nb = "x\0y"\n', ["config.nul", "config.syntax"], 2, None),
        (b'a {\n  b = "x', ["config.truncated"], 2, None),
        (b"a {\n  b =", ["config.truncated"], 2, None),
        (b"a {\n  b = x", ["config.truncated", "config.missing-brace"], 1, None),
        (b"a = p$x\n", ["config.syntax"], 1, None),
    ],
)
def test_each_damage_is_found_and_repaired_where_that_is_safe(
    data: bytes, codes: list[str], line: int, repaired: bytes | None
) -> None:
    found = damage.examine(data, name="/x")
    assert [finding.code for finding in found] == codes
    if found:
        assert found[-1].subject.line == line
        assert all(finding.message and finding.fix for finding in found)
    assert damage.repair(data) == repaired
    if repaired is not None:
        assert damage.repair(repaired) is None


def test_windows_line_ends_are_damage_only_for_a_shell() -> None:
    data = b'A="1"\r\nB="2"\r\n'
    assert [finding.code for finding in damage.examine(data, shell=True)] == ["config.crlf-in-shell-file"]
    assert damage.repair(data, shell=True) == data.replace(b"\r", b"")
    assert damage.examine(data.replace(b"\r", b""), shell=True) == []
    assert [finding.code for finding in damage.examine(b'A="1\n', shell=True)] == ["config.syntax"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"a = 1\na = 2\n", [2]),
        (b"a { b = 1 }\na.b = 2\n", [2]),
        (b"a = 1\na = ${?X}\n", []),
        (b"a { b = 1 }\na { c = 2 }\n", []),
    ],
)
def test_duplicates(text: bytes, lines: list[int]) -> None:
    assert [finding.subject.line for finding in rules.duplicates(hocon.parse(text))] == lines


def test_secrets_in_readable_files_and_known_passwords() -> None:
    document = hocon.parse(b'a = 1\nt.key-password = "changeit"\n')
    shell = envfile.parse(b'A=1\nHCP_DEFAULT_KEYSTORE_PASSWORD="Xk3nNq7Wb2Lm"\n')
    assert [finding.subject.line for finding in rules.exposed(document, 0o644)] == [2]
    assert [finding.subject.line for finding in rules.exposed(shell, 0o604)] == [2]
    assert "read /etc/x.conf, which contains" in rules.exposed(document, 0o644, name="/etc/x.conf")[0].message
    assert "read the file, which contains" in rules.exposed(document, 0o644)[0].message
    assert rules.exposed(document, 0o640) == []
    assert rules.exposed(hocon.parse(b"a = 1"), 0o644) == []
    assert [finding.code for finding in rules.known_passwords(document)] == ["config.known-password"]
    assert rules.known_passwords(shell) == []
    assert all("changeit" not in finding.message for finding in rules.known_passwords(document))
