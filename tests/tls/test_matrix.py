"""What the probe says equals what the server logged: versions x client authentication x certificates x server names."""

from collections.abc import Iterator
from itertools import product

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.pki import DAY, NOW, SERVER, Entity, authority, issue
from tests.support.tls_servers import KINDS, Server, pki
from wizard.probing.probe import probe
from wizard.probing.trust import ClientIdentity, Version

AUTH = ("none", "optional", "required")


def clients() -> dict[str, Entity | None]:
    acme = pki()
    return {
        "no": None,
        "good": acme.gateway,
        "foreign": issue("gateway-host", authority("Foreign-CA")),
        "expired": issue("expired-host", acme.intermediate, end=NOW - DAY),
        "server-auth-only": issue("server-only", acme.intermediate, eku=(SERVER,)),
    }


CLIENTS = clients()
NAMES: dict[str, str | None] = {"right": "primary-host", "wrong": "other-host", "none": None}


@pytest.fixture(scope="module", params=[f"{kind}-{auth}" for kind in KINDS for auth in AUTH])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    kind, auth = request.param.split("-")
    server = KINDS[kind](tmp_path_factory.mktemp("server") / "files", pki(), auth)
    yield server, auth
    server.close()


def identity(entity: Entity | None) -> ClientIdentity | None:
    if entity is None:
        return None
    return ClientIdentity(entity.certificate, entity.private_key, entity.chain[1:-1])


def said(auth: str, certificate: str) -> tuple[str, list[str]]:
    """What becomes of the certificate, and what the server logs about each connection of the probe."""
    alone = {"none": "without", "optional": "without", "required": "missing"}[auth]
    if auth == "none" or certificate == "no":
        return "not_sent", [alone]
    if certificate == "good":
        return "accepted", ["with", alone]
    return "rejected", ["refused", alone]


CASES = [
    pytest.param(*case, id="-".join(case), marks=() if case[2] == "right" or case[1] == "no" else exhaustive)
    for case in product(("1.2", "1.3"), CLIENTS, NAMES)
]


@pytest.mark.parametrize(("version", "certificate", "name"), CASES)
def test_the_probe_says_what_the_server_logged(
    running: tuple[Server, str], version: Version, certificate: str, name: str
) -> None:
    server, auth = running
    servername = NAMES[name]
    expected = pki().primary.sha256
    result = probe(
        "127.0.0.1",
        server.port,
        servername=servername,
        expect=[expected],
        client=identity(CLIENTS[certificate]),
        tls=version,
        timeout_s=5,
    )
    verdict, log = said(auth, certificate)
    assert sorted(server.outcomes(len(log))) == sorted(log)
    assert (result.client_auth, result.client_certificate) == (auth, verdict)
    assert result.leaf is not None
    assert result.leaf.sha256 == server.serves(servername)
    assert result.matches_expected == (server.serves(servername) == expected)
    assert result.fallback == (not result.matches_expected)
    assert result.protocol == f"TLSv{version}"
    assert (result.error == "probe.client-rejected") == (verdict == "rejected")
    assert (result.error is None) == (verdict != "rejected")
    refused = verdict == "rejected" or (auth == "required" and verdict == "not_sent")
    assert result.phase == ("client-auth" if refused else "application")
    authorities = {"CN=Acme-CA-Intermediate,O=Acme", "CN=Acme-CA-Root,O=Acme"}
    assert set(result.acceptable_cas) == (authorities if auth != "none" else set())
