"""The facts of a server on which all is well, and short ways to change one thing about them."""

from dataclasses import replace
from typing import Any

from wizard.doctor.facts import (
    CertificateFacts,
    ChangedFile,
    ChangeFacts,
    ClockFacts,
    ConfFacts,
    DoctorFacts,
    FileFacts,
    JavaFacts,
    Listener,
    ListenFacts,
    ProbeFacts,
    SettingFacts,
    StoreFacts,
    TrustFacts,
    UnitFacts,
)

NOW = "2026-11-24T12:00:00+00:00"
STARTED = 1795520000.0
"""Seconds since 1970 of the service's start: 2026-11-24 11:33 UTC."""

CONF, STORE, CACERTS = (
    "/opt/hcp/conf/application.conf",
    "/opt/hcp/conf/primary-host.pfx",
    "/opt/hcp/jre/lib/security/cacerts",
)


def _certificate(name: str, issuer: str, digit: str, *, ca: bool) -> CertificateFacts:
    return CertificateFacts(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        sha256=digit * 64,
        not_before="2026-01-01T00:00:00Z",
        not_after="2027-12-31T00:00:00Z",
        name=name,
        san=() if ca else (name,),
        eku=None if ca else ("serverAuth", "clientAuth"),
        is_ca=ca,
        self_issued=name == issuer,
        key="RSA-2048",
        signature="sha256",
    )


LEAF = _certificate("primary-host", "Acme-CA-Intermediate", "1", ca=False)
MIDDLE = _certificate("Acme-CA-Intermediate", "Acme-CA-Root", "2", ca=True)
ROOT = _certificate("Acme-CA-Root", "Acme-CA-Root", "3", ca=True)
FALLBACK = _certificate("localhost", "localhost", "4", ca=False)
OTHER = _certificate("other-host", "Acme-CA-Intermediate", "5", ca=False)


def file(path: str, **members: Any) -> FileFacts:
    told: dict[str, Any] = {
        "kind": "file",
        "sha256": "a" * 64,
        "size": 4000,
        "mode": 0o640,
        "gid": 991,
        "mtime": STARTED - 3600,
        "service_reads": True,
    }
    return FileFacts(path, **{**told, **members})


PROBE = ProbeFacts(
    "localhost",
    2560,
    "primary-host",
    reachable=True,
    phase="client-auth",
    protocol="TLSv1.3",
    chain=(LEAF, MIDDLE),
    name_matches=True,
    client_auth="required",
    acceptable_cas=("CN=Acme-CA-Root", "CN=Acme-CA-Intermediate"),
)

HEALTHY = DoctorFacts(
    clock=ClockFacts(NOW, True, STARTED - 3600, CONF, "2026-11-01T00:00:00+00:00"),
    port=2560,
    servername="primary-host",
    name_from="plan",
    conf=ConfFacts(
        file(CONF),
        store_file=SettingFacts("hcp.tls.default-keystore-file", STORE, line=20),
        password=SettingFacts("hcp.tls.default-keystore-password", line=21),
    ),
    store=StoreFacts(
        file(STORE),
        "pkcs12",
        modern=True,
        integrity="HmacSHA256",
        encryption=("PBES2 AES-256 HmacSHA256",),
        iterations=20000,
        keys=1,
        key_matches=True,
        chain=(LEAF, MIDDLE, ROOT),
        complete=True,
    ),
    java=JavaFacts("/opt/hcp/jre", "whole", "17.0.9", "Eclipse", reads_modern=True, proof=True, proof_text="signed"),
    cacerts=TrustFacts(
        file(CACERTS, mode=0o644), "jks", entries=140, has_root=True, ours=(("cloudstream-acme", ROOT),)
    ),
    unit=UnitFacts("hcp-server", "loaded", "active", "running", "success", "hcp", pid=4711, started=STARTED),
    journal=("Started hcp-server.service.",),
    listening=ListenFacts(2560, (Listener("0.0.0.0", 4711, "java", is_service=True),)),
    probes=(PROBE,),
    without_name=replace(PROBE, servername=None),
    versions=("1.2", "1.3"),
    change=ChangeFacts(
        "0001-20261124T100000Z",
        "Trusted certificate for primary-host",
        "2026-11-24T10:00:00Z",
        (
            ChangedFile(CONF, "a" * 64, "a" * 64, 0o640, 0o640),
            ChangedFile(CACERTS, "a" * 64, "a" * 64, 0o644, 0o644, "cloudstream-acme", "3" * 64, trust_present=True),
        ),
        LEAF.sha256,
        "primary-host",
    ),
    wizard="0.1.0",
)


def but(**paths: Any) -> DoctorFacts:
    """`HEALTHY` with members changed; two underscores step into a part: `but(unit__active="failed")`."""
    facts: Any = HEALTHY
    for name, value in paths.items():
        facts = _changed(facts, name.split("__"), value)
    assert isinstance(facts, DoctorFacts)
    return facts


def _changed(part: Any, names: list[str], value: Any) -> Any:
    first, *rest = names
    return replace(part, **{first: _changed(getattr(part, first), rest, value) if rest else value})
