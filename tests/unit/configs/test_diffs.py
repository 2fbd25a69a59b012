import pytest

from tests.support.effort import soon
from wizard.configs.diffs import masked, unified

S = "hunter2-sentinel"


@pytest.mark.parametrize(
    "text",
    [
        f'default-keystore-password = "{S}"',
        f"default-keystore-password={S}",
        f'HCP_DEFAULT_TRUSTSTORE_PASSWORD="{S}" # c',
        f"export X_PASSWORD='{S}'",
        f'"db.password" : "{S}",',
        f"# old password = {S}",
        f'#default-keystore-password = "{S}"',
        f"password =\n  {S}\n",
        f'password = """a\n{S}\n"""',
        f"password = a {S} b",
        f"password = a#{S}",
        f"password = pa${S}",
        f'password = "broken {S}\nb = 1',
        f'password = """open\n{S}\nb = 1',
        f'password {{ value = "{S}" }}',
        f"passwords = [a,\n {S}]",
        f"password += {S}",
        f"db.password.value = {S}",
        f"api-key : {S}",
        f"apiKey={S}",
        f"PASSPHRASE={S}",
        f"storepass={S}",
        f"db_pwd={S}",
        f"url = postgres://user:{S}@host/db",
        f'a {{ password="{S}" }}',
        f"password: ${{x}}{S}",
        f'password = "a"{S}',
        f'password = "a" "{S}"',
    ],
)
def test_no_secret_is_shown(text: str) -> None:
    assert S not in masked(text)
    assert masked(text).count("\n") == text.count("\n")
    diff = unified("x", b"a = 1\n", f"{text}\nb = 2\n".encode())
    assert S not in diff
    assert S not in unified("x", f"z = 1\n{text}\n".encode(), text.encode())


@pytest.mark.parametrize(
    "text",
    [f'file = "{S}"', f"HCP_DEFAULT_KEYSTORE={S}", f"alias = {S}", f"compass = {S}", f"PASSWORD=\nHCP_X={S}",
     f'password = "x", b = {S}', f"password = x # {S}", f"password {{ a = 1 }}\nb = {S}"],
)  # fmt: skip
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert S in masked(text)


def test_a_diff_has_context_and_both_sides() -> None:
    old = b"".join(b"line-%d = 1\n" % n for n in range(1, 21))
    new = old.replace(b"line-10 = 1", b"line-10 = 2")
    diff = unified("/etc/x.conf", old, new)
    assert diff.splitlines()[:3] == ["--- /etc/x.conf", "+++ /etc/x.conf", "@@ -7,7 +7,7 @@"]
    assert "-line-10 = 1\n+line-10 = 2\n" in diff
    assert "line-6" not in diff
    assert unified("x", old, old) == ""


def test_a_secret_that_changes_is_seen_to_change() -> None:
    diff = unified("x", b'a-password = "one"\n', b'a-password = "two"\n')
    assert "-a-password = ********\n+a-password = ********\n" in diff


def test_invisible_changes_are_told() -> None:
    assert "\\ufeff" in unified("x", b"\xef\xbb\xbfa = 1\n", b"a = 1\n")
    assert "\\x0d" in unified("x", b"a = 1\r\n", b"a = 1\n")
    assert "\\x0d" not in unified("x", b"a = 1\r\nb = 1\r\n", b"a = 2\r\nb = 1\r\n")
    assert "# encoding: UTF-16 becomes UTF-8" in unified("x", "a = 1\n".encode("utf-16"), b"a = 1\n")
    assert "end of the file" in unified("x", b"a = 1", b"a = 1\n")
    assert "\x1b" not in unified("x\x1b", b"a = 1\n", b"a = \x1b[2J\n")


def test_long_and_odd_texts_take_no_long_time() -> None:
    texts = ("a." * 200_000, "x" * 500_000, '"' * 50_000, "- " * 100_000, "password " * 20_000, "p=[" * 3000)
    assert soon(lambda: [masked(text) for text in texts], 10)
