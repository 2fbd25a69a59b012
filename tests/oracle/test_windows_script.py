"""install.ps1 of a client's pack, read by a grammar of PowerShell, and kept to what Windows PowerShell 5.1 reads."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

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
    pack = client.make_pack(ClientInput(answers, chain(leaf), (leaf.certificate,), "primary-host", PASSWORD))
    files = {file.name: file for file in pack.files}
    assert len(files) == len(pack.files), "two files of one name"
    named = re.findall(r"Add-Authority '(.*?)'", data(pack, "install.ps1"))
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
    assert {"Import-PfxCertificate", "Import-Certificate", "Read-Host", "certutil", "Write-Host"} <= commands
    assert commands <= {
        "Add-Authority", "Format-Table", "Get-ChildItem", "Get-Item", "Import-Certificate", "Import-PfxCertificate",
        "Join-Path", "Out-Host", "Out-Null", "Read-Host", "Remove-Item", "Split-Path", "Test-Path", "Where-Object",
        "Write-Host", "Write-Warning", "certutil",
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


def test_nothing_is_exportable_and_each_store_is_right() -> None:
    text = script(PKI.client).decode()
    assert "xportable" not in text
    assert "-AsSecureString" in text
    assert PASSWORD.reveal() not in text
    assert "Add-Authority 'Acme-CA-Root.cer' 'Root'" in text
    assert "Add-Authority 'Acme-CA-Intermediate.cer' 'CA'" in text
    assert r"-CertStoreLocation Cert:\LocalMachine\My" in text
    assert "CurrentUser" not in text
