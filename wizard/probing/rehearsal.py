"""Mutual TLS between two chains in memory, with the planned keys and stores, before anything is changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from OpenSSL import SSL, crypto

from wizard import codes
from wizard.certificates import names
from wizard.certificates.model import Certificate, Chain
from wizard.findings import Finding, Locator, has_errors
from wizard.host.machine import now_utc
from wizard.probing.handshake import queued
from wizard.probing.trust import VERSIONS, Objection, Version, equip, trust_errors


@dataclass(frozen=True, slots=True)
class RehearsalStep:
    """One thing that was tried.

    Attributes:
        name: what, in words.
        outcome: passed, failed or not_run.
        detail: protocol and cipher, or the reason.
    """

    name: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The predicted result of the connections.

    Attributes:
        steps: in the order in which they were tried.
        findings: why it would fail.
    """

    steps: tuple[RehearsalStep, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the connection would succeed."""
        return not has_errors(self.findings)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "ok": self.ok,
            "steps": [asdict(step) for step in self.steps],
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(slots=True)
class _Log:
    who: str
    now: datetime
    steps: list[RehearsalStep] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def step(self, name: str, *, failed: str = "", passed: str = "") -> None:
        self.steps.append(RehearsalStep(name, "failed" if failed else "passed", failed or passed))


class Alone(dict[Version, str]):
    """Why the server refuses a client without a certificate; the same for all clients of one server, so kept here."""


def rehearse(  # noqa: PLR0913 - two sides with their trust
    server: Chain,
    server_trust: Sequence[Certificate],
    client: Chain | None,
    client_trust: Sequence[Certificate],
    connect_name: str,
    *,
    client_name: str = "gateway",
    now: datetime | None = None,
    alone: Alone | None = None,
) -> Rehearsal:
    """Let *client* connect to *server* in memory, and check both directions as Java would.

    Args:
        server: the primary's chain as it will be in its key store.
        server_trust: what the primary will trust (cacerts, and the portal's trusted CA certificates).
        client: the chain of the gateway or client; None rehearses only that the server is believed.
        client_trust: what the client will trust.
        connect_name: the host name that the client connects to.
        client_name: what to call the client in messages.
        now: aware; None means the present.
        alone: what earlier calls for the same server have found.

    Raises:
        ValueError: *server* or *client* has no leaf.
    """
    if server.leaf is None or (client is not None and client.leaf is None):
        raise ValueError("a chain without a leaf cannot be tested")
    log = _Log(client_name, now or now_utc())
    _judge(log, server, client_trust, connect_name)
    if client is not None:
        _judge(log, client, server_trust, None)
        _offered(log, client, server_trust)
    for version in VERSIONS:
        _handshakes(log, version, server, client, server_trust, Alone() if alone is None else alone)
    return Rehearsal(tuple(log.steps), tuple(log.findings))


def _judge(log: _Log, chain: Chain, trust: Sequence[Certificate], connect_name: str | None) -> None:
    """Check one direction: the chain of the server when *connect_name* is given, of the client when it is None."""
    who, whom = (log.who, "primary") if connect_name is None else ("primary", log.who)
    found = trust_errors(
        chain.certificates, trust, as_server=connect_name is not None, connect_name=connect_name, now=log.now
    )
    named = [each for each in found if each.spec == codes.REHEARSAL_NAME]
    other = [each for each in found if each.spec != codes.REHEARSAL_NAME]
    log.step(f"the {whom} trusts the {who}", failed="; ".join(each.words for each in other))
    if connect_name is not None:
        log.step(f"the certificate is for {connect_name}", failed="; ".join(each.words for each in named))
    log.findings += [_objected(each, chain, who, whom) for each in found]


def _objected(objection: Objection, chain: Chain, who: str, whom: str) -> Finding:
    leaf = chain.leaf
    facts = {"who": who, "whom": whom, "words": objection.words, "java": objection.java}
    locator = Locator("certificate", path=leaf.origin if leaf else "", sha256=leaf.sha256 if leaf else "")
    return Finding(objection.spec, locator, facts)


def _offered(log: _Log, client: Chain, server_trust: Sequence[Certificate]) -> None:
    """Whether Java's key manager would pick the certificate by the names that the server lists."""
    listed = {names.subject(certificate) for certificate in server_trust}
    issuers = {names.issuer(certificate) for certificate in client.certificates}
    fits = not listed or not listed.isdisjoint(issuers)
    reason = "" if fits else "the primary lists no CA of its chain"
    log.step(f"the {log.who} has a certificate that the primary accepts", failed=reason)
    if not fits and client.leaf is not None:
        locator = Locator("certificate", path=client.leaf.origin, sha256=client.leaf.sha256)
        facts = {"who": log.who, "whom": "primary", "words": reason}
        cause = next((each.code for each in log.findings if each.subject == locator), None)
        log.findings.append(Finding(codes.REHEARSAL_NOT_OFFERED, locator, facts, cause))


def _handshakes(
    log: _Log, version: Version, server: Chain, client: Chain | None, trust: Sequence[Certificate], alone: Alone
) -> None:
    if server.key is None:
        name = f"TLS {version} handshake"
        log.steps.append(RehearsalStep(name, "not_run", "the primary's private key is not available"))
        return
    name = f"TLS {version} handshake with the certificate of the {log.who}"
    if client is not None and client.key is None:
        log.steps.append(RehearsalStep(name, "not_run", f"the private key of the {log.who} is not available"))
    elif client is not None:
        detail, failed = _shake(version, server, client, trust)
        log.step(name, failed=failed, passed=detail)
        if failed:
            facts = {"version": version, "words": failed}
            log.findings.append(Finding(codes.REHEARSAL_HANDSHAKE, Locator("chain"), facts))
    if version not in alone:
        _, alone[version] = _shake(version, server, None, trust)
    refused = alone[version]
    wrong = "" if refused == _NO_CERTIFICATE else refused or "the handshake succeeded"
    log.step(f"TLS {version} without a client certificate is refused", failed=wrong, passed=refused)


_NO_CERTIFICATE = "peer did not return a certificate"  # OpenSSL's reason on the side that demands one.


def _shake(version: Version, server: Chain, client: Chain | None, trust: Sequence[Certificate]) -> tuple[str, str]:
    """Protocol and cipher of a handshake, and why it failed ("" when it went through)."""
    try:
        ours = _side(version, client)
        theirs = _side(version, server)
        theirs.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        for authority in trust:
            theirs.add_client_ca(authority.x509)
    except (SSL.Error, crypto.Error, TypeError, ValueError) as error:
        return "", f"a key cannot be used: {_words(error)}"
    dialling, answering = SSL.Connection(ours, None), SSL.Connection(theirs, None)
    dialling.set_connect_state()
    answering.set_accept_state()
    try:
        _talk(dialling, answering)
    except SSL.Error as error:
        return "", _words(error)
    return f"{dialling.get_protocol_version_name()}, {dialling.get_cipher_name()}", ""


def _side(version: Version, chain: Chain | None) -> SSL.Context:
    made = SSL.Context(SSL.TLS_METHOD)
    made.set_min_proto_version(VERSIONS[version])
    made.set_max_proto_version(VERSIONS[version])
    # Java checks above; OpenSSL's own ideas of key sizes must not get in the way.
    made.set_cipher_list(b"DEFAULT:@SECLEVEL=0")
    if chain is not None and chain.leaf is not None and chain.key is not None:
        equip(made, chain.leaf, chain.key, tuple(chain.authorities))
    return made


def _talk(dialling: SSL.Connection, answering: SSL.Connection) -> None:
    """Carry bytes to and fro until both sides are done and the client has read what came last."""
    open_sides = {dialling, answering}
    for _round in range(20):
        for side, other in ((dialling, answering), (answering, dialling)):
            if side in open_sides:
                try:
                    side.do_handshake()
                    open_sides.discard(side)
                except SSL.WantReadError:
                    pass
            try:
                other.bio_write(side.bio_read(1 << 20))
            except SSL.WantReadError:
                continue
        if not open_sides:
            return
    raise SSL.Error([("", "", "the two sides wait for each other")])


def _words(error: Exception) -> str:
    return next(iter(queued(error)), str(error) or type(error).__name__)
