"""install.ps1 of a client's pack, read by a grammar of PowerShell, and kept to what Windows PowerShell 5.1 reads."""

import hashlib
import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.jvm import run_java
from tests.support.pki import Entity, acme, authority, issue
from tests.unit.handoff.test_bundles import HOSTILE, PASSWORD, chain, data
from wizard.handoff import client
from wizard.handoff.client import ClientInput
from wizard.questions.answers import ClientAnswers

PKI = acme()
ONE_NAME = issue("pcclient-host", authority("Acme-CA-Root", authority("Acme CA Root")))
LEAVES = {
    "the manual's": PKI.client,
    "under a root alone": issue("pcclient-host", PKI.root),
    "hostile names": issue(HOSTILE + "2", authority(HOSTILE), sans=["pcclient-host"]),
    "two CAs of one name": ONE_NAME,
    "names of devices": issue("pcclient-host", authority("con", authority("NUL"))),
    "no letter of ours": issue("pcclient-host", authority("\u6839\u8a8d\u8a3c\u5c40")),
}


def script(leaf: Entity) -> bytes:
    answers = ClientAnswers(host="pcclient-host")
    pack = client.make_pack(
        ClientInput(answers, chain(leaf), client.common_text([leaf.certificate]), "primary-host", PASSWORD)
    )
    files = {file.name: file for file in pack.files}
    assert len(files) == len(pack.files), "two files of one name"
    named = re.findall(r"@\{ File = '(.*?)'", data(pack, "install.ps1"))
    assert set(named) == {name for name in files if name.endswith(".cer")}
    assert len(named) == len(leaf.chain) - 1
    return files["install.ps1"].data


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children:
        yield from walk(child)


def parsed(source: bytes) -> Any:
    grammar, engine = importlib.import_module("tree_sitter_powershell"), importlib.import_module("tree_sitter")
    return engine.Parser(engine.Language(grammar.language())).parse(source).root_node


@pytest.mark.parametrize("case", LEAVES)
def test_the_grammar_reads_it_whatever_the_names_are(case: str) -> None:
    tree = parsed(script(LEAVES[case]))
    assert not tree.has_error, [(node.start_point, node.text) for node in walk(tree) if node.is_error]
    commands = {node.text.decode() for node in walk(tree) if node.type == "command_name"}
    assert {"Import-PfxCertificate", "Import-Certificate", "Read-Host", "ConvertTo-SecureString"} <= commands
    own = {"Get-KeyFact", "Get-PfxPassword", "Stop-Install", "Test-InPlace", "Test-ReadableByMany", "Write-Log"}
    assert own == {node.text.decode() for node in walk(tree) if node.type == "function_name"}
    assert commands - own <= {
        "Add-Content", "Convert-Path", "ConvertTo-SecureString", "ForEach-Object", "Get-Acl", "Get-ChildItem", "Get-Date",
        "Get-Item", "Get-ItemProperty", "Import-Certificate", "Import-PfxCertificate", "Join-Path", "New-Item",
        "New-Object", "Out-Null", "Read-Host", "Remove-Item", "Select-Object", "Set-ItemProperty", "Split-Path",
        "Test-Path", "Where-Object", "Write-Host",
    }  # fmt: skip


def test_the_grammar_would_tell() -> None:
    assert parsed(script(PKI.client).replace(b"'Root'", b"'Root")).has_error


@pytest.mark.parametrize("case", LEAVES)
def test_windows_powershell_5_reads_the_bytes_as_they_are_meant(case: str) -> None:
    source = script(LEAVES[case])
    assert source.isascii()
    assert source.count(b"\r\n") == source.count(b"\n") == source.count(b"\r")
    assert source.endswith(b"\r\n")
    assert not re.search(rb"@[A-Z]+@", source)
    # Operators that came with PowerShell 7.
    assert not re.search(rb"\?\?|&&|\|\||\?\.", source)


def test_every_exit_code_is_documented_at_the_top() -> None:
    text = script(PKI.client).decode()
    top, _, body = text.partition("#>")
    documented = {
        int(code) for code in re.findall(r"(?m)^ +(\d+)  \w", top.partition("EXIT CODES")[2].partition(".PARAM")[0])
    }
    used = {int(code) for code in re.findall(r"\bexit (\d+)|Stop-Install (\d+)", body) for code in code if code}
    assert documented == used == {0, 1, 2, 3, 4, 5, 6, 7, 8, 10}


def test_the_order_is_safe_and_nothing_needs_a_person() -> None:
    body = script(PKI.client).decode().partition("#>")[2]
    order = [
        "SysNative",
        "$missing = @(",
        "if ($Check) {\r\n        if ($missing.Count",
        "Import-Certificate -FilePath",
        "if (-not (Test-InPlace)) {\r\n        $password = Get-PfxPassword",
        "Import-PfxCertificate -FilePath",
        "$fact.Exportable",
        "$chain.Build($mine)",
        'Remove-Item "Cert:\\LocalMachine\\My\\$old" -DeleteKey',
        "$found = @(Get-ChildItem",
        "exit 0\r\n} catch {",
    ]
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    assert "[Environment]::UserInteractive" in body
    # A variable before a colon is read as the name of a drive.
    assert set(re.findall(r"\$(\w+):", body)) == {"env"}


def test_nothing_is_exportable_and_each_store_is_right() -> None:
    text = script(PKI.client).decode()
    assert not re.search(r"(?i)import-pfxcertificate[^|]*-exportable", text)
    assert "-AsSecureString" in text
    assert PASSWORD.reveal() not in text
    thumbprints = [hashlib.sha1(each.certificate.der).hexdigest().upper() for each in (PKI.root, PKI.intermediate)]
    assert f"@{{ File = 'Acme-CA-Root.cer'; Store = 'Root'; Thumbprint = '{thumbprints[0]}' }}" in text
    assert f"@{{ File = 'Acme-CA-Intermediate.cer'; Store = 'CA'; Thumbprint = '{thumbprints[1]}' }}" in text
    assert r"-CertStoreLocation Cert:\LocalMachine\My" in text
    assert "CurrentUser" not in text


@pytest.mark.parametrize(("windows", "words"), [("", "AES-256-CBC"), ("Server 2016", "TripleDES")])
def test_openssl_and_java_read_the_pfx_and_it_names_the_provider(tmp_path: Path, windows: str, words: str) -> None:
    answers = ClientAnswers(host="pcclient-host", windows=windows)
    pack = client.make_pack(ClientInput(answers, chain(PKI.client), "", "primary-host", PASSWORD))
    (store,) = [file.data for file in pack.files if file.name.endswith(".pfx")]
    (tmp_path / "store.pfx").write_bytes(store)
    command = [
        "openssl",
        "pkcs12",
        "-in",
        "store.pfx",
        "-info",
        "-passin",
        f"pass:{PASSWORD.reveal()}",
        "-nocerts",
        "-nodes",
    ]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=20)
    assert "Microsoft CSP Name: Microsoft Software Key Storage Provider" in shown.stdout
    assert words in shown.stderr
    report = run_java("StoreReport", stdin=f"{tmp_path}/store.pfx\t{PASSWORD.reveal()}\n")
    assert report.stdout.split("\t")[0] == "pcclient-host:RSA:3", report.stderr


def test_pwsh_parses_it_where_it_is_installed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No machine of ours has to have PowerShell itself: the grammar above reads the script on every one."""
    path = tmp_path / "install.ps1"
    path.write_bytes(script(PKI.client))
    pwsh = shutil.which("pwsh")
    if pwsh is None:
        with capsys.disabled():
            print("\npwsh is not installed: install.ps1 is read by tree-sitter-powershell alone")
        assert not parsed(path.read_bytes()).has_error
        return
    parse = (
        "$e = $null; [void][Management.Automation.Language.Parser]::ParseFile($args[0], [ref]$null, [ref]$e); $e.Count"
    )
    command = [pwsh, "-NoProfile", "-Command", parse, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "0"
