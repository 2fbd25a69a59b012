"""Lines of a server's or a Windows client's log, held against a table of patterns: what each means, and for whom."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from wizard.doctor.rule import spec
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.printable import printable
from wizard.records import dataclass

_JSSE = "JDK: messages of JSSE and PKIX, versions 11 to 25"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern and the finding that it stands for."""

    pattern: re.Pattern[str]
    spec: FindingSpec


_MESSAGE = "Line {line} ({times} times in all): {text}"


def _log(
    code: str,
    pattern: str,
    title: str,
    means: str,
    fix: str,
    *,
    severity: Severity = Severity.ERROR,
    source: str = _JSSE,
) -> Pattern:
    made = spec(f"log-{code}", severity, title, _MESSAGE, why=means, fix=fix, source=source)
    return Pattern(re.compile(pattern), made)


PATTERNS: tuple[Pattern, ...] = (
    _log(
        "client-sent-nothing",
        r"Empty (client|server) certificate chain|peer did not return a certificate|bad_certificate.*no certificate",
        "a peer showed no certificate",
        "A peer connected without a client certificate. A check with openssl or this wizard does that too.",
        "If it was a gateway or client: give it its certificate. If it was a check: nothing.",
        severity=Severity.NOTE,
    ),
    _log(
        "no-path",
        r"PKIX path building failed|unable to find valid certification path|UnknownIssuer|unknown_ca|unknown CA"
        r"|unable to get (local )?issuer|CERT_E_UNTRUSTEDROOT|invalid peer certificate: UnknownIssuer",
        "a peer's chain does not lead to a trusted root",
        "The peer did not send its intermediate, or this side does not have its root.",
        "Put the whole chain into the peer's key store, the root into cacerts, and both CAs into the portal.",
    ),
    _log(
        "dates",
        r"validity check failed|CertificateExpired|CertificateNotYetValid|certificate (has )?expired|CERT_E_EXPIRED"
        r"|certificate is not yet valid|NotValidYet",
        "a certificate is outside its dates",
        "A certificate in the chain has expired or is not valid yet, or one of the two clocks is wrong.",
        "Look at the dates of the whole chain and at both clocks.",
    ),
    _log(
        "usage",
        r"Extended key usage does not permit use for TLS (client|server) authentication|InvalidPurpose"
        r"|unsuitable certificate purpose",
        "a certificate may not be used for this side of TLS",
        "The certificate lacks clientAuth (gateway, client) or serverAuth (primary). Public CAs drop clientAuth.",
        "Ask for a certificate with the right extended key usage; a private CA can issue both.",
    ),
    _log(
        "key-usage",
        r"KeyUsage does not allow digital signatures",
        "a certificate may not sign",
        "The certificate's key usage lacks digitalSignature.",
        "Ask for a certificate with digitalSignature.",
    ),
    _log(
        "name",
        r"No subject alternative (DNS )?name|NotValidForName|CERT_E_CN_NO_MATCH|does not match the (host ?)?name",
        "the certificate is for another name",
        "The name that was dialled is not among the certificate's subject alternative names.",
        "Dial a name that is in it, or ask for a certificate with the name that is dialled.",
    ),
    _log(
        "empty-truststore",
        r"the trustAnchors parameter must be non-empty",
        "a trust store is empty to Java",
        "A PFX with bare CA certificates (openssl -nokeys) holds nothing that Java trusts.",
        "Make the trust store with this wizard or with keytool.",
    ),
    _log(
        "password",
        r"keystore password was incorrect|Keystore was tampered with, or password was incorrect",
        "a store does not open with the configured password",
        "The password is wrong, was changed by quotes or a comment sign, or Java is too old for the encryption.",
        "cloudstream-wizard doctor tells these apart.",
    ),
    _log(
        "key-password",
        r"Get Key failed|Given final block not properly padded|UnrecoverableKeyException",
        "the private key has another password than the store",
        "The store opens, its key does not.",
        "cloudstream-wizard doctor --fix doctor.key-password",
    ),
    _log(
        "format",
        r"rejects tag type|Invalid keystore format|Unrecognized keystore format|lengthTag too big|DerInputStream",
        "a store is damaged or of another format",
        "A PEM or JKS file was given as PKCS12, or the file was cut off or sent as text.",
        "Copy it again in binary mode, or have it written anew.",
    ),
    _log(
        "cut",
        r"java\.io\.EOFException",
        "a file ends too early",
        "A key store was cut off while it was copied, or is empty.",
        "Copy it again in binary mode and compare its size.",
    ),
    _log(
        "missing-file",
        r"FileNotFoundException: \S+ \(No such file or directory\)",
        "a file is not there",
        "A path in the settings names no file.",
        "Correct the path in application.conf.",
    ),
    _log(
        "denied",
        r"\(Permission denied\)|AccessDeniedException",
        "the service may not read a file",
        "The service's account has no right to the file or to a folder on the way.",
        "cloudstream-wizard doctor names the element of the path.",
    ),
    _log(
        "config",
        r"com\.typesafe\.config\.ConfigException",
        "application.conf cannot be read",
        "The settings do not parse, so the server does not start.",
        "cloudstream-wizard doctor names the line.",
    ),
    _log(
        "port",
        r"BindException|Address already in use|EADDRINUSE",
        "the port is taken by another program",
        "The server could not listen.",
        "ss -ltnp shows who has the port.",
    ),
    _log(
        "algorithm",
        r"Algorithm constraints check failed|No available authentication scheme|insufficient security",
        "a key or signature is too weak for Java",
        "Java's own rules forbid the algorithm or the key size.",
        "Ask for RSA 2048 or P-256 with SHA-256.",
    ),
    _log(
        "tls-version",
        r"protocol_version|no protocols in common|Received fatal alert: protocol_version|UnsupportedTlsVersion"
        r"|peer is incompatible",
        "the two sides have no TLS version in common",
        "One side is too old, or TLS 1.2 was switched off.",
        "Allow TLS 1.2 and 1.3 on both sides.",
    ),
    _log(
        "revocation",
        r"Unable to determine revocation status|OCSP|CertPathValidatorException: Certificate has been revoked",
        "the revocation check fails",
        "The responder cannot be reached from the server, or a certificate was revoked.",
        "Try the responder from the primary; switch the check off in the portal until it answers.",
    ),
    _log(
        "store-search",
        r"(?i)(certificate|cert).{0,40}not found in (the )?(windows |system )?store|NoMatchingCertificate"
        r"|CRYPT_E_NOT_FOUND",
        "the Windows client finds no certificate",
        "No certificate in the store matches the subject or issuer text, or it lies in another store.",
        "Exactly one certificate in LocalMachine\\My must match the text that was given at installation.",
        source="vendor's client pages; rustls-cng",
    ),
    _log(
        "private-key",
        r"NTE_BAD_KEYSET|NTE_PERM|(?i:private key).{0,40}(denied|not (available|accessible|found))",
        "the Windows client cannot use its private key",
        "The certificate was imported without its key, or the service's account may not use it.",
        "Import the PFX again into the machine store, and give the service's account read on the key.",
        source="vendor's client pages; rustls-cng",
    ),
    _log(
        "refused",
        r"Connection refused|ConnectionRefused|os error 10061|ECONNREFUSED",
        "nothing answers at the other side",
        "The port is closed there, or a firewall is between.",
        "See whether the primary runs and port 2560 is open on the way.",
        source="connect(2)",
    ),
    _log(
        "unresolved",
        r"UnknownHostException|failed to lookup address|Name or service not known|os error 11001|getaddrinfo",
        "a host name is not known",
        "DNS does not know the name on that machine.",
        "Correct the name, or DNS.",
        source="getaddrinfo(3)",
    ),
    _log(
        "timeout",
        r"(?i)connect(ion)? timed out|os error 10060|ETIMEDOUT",
        "the other side does not answer in time",
        "Packets are dropped on the way, mostly by a firewall.",
        "Open port 2560 from gateway or client to the primary; no filtering proxy may be between.",
        source="connect(2); vendor's gateway guide",
    ),
    _log(
        "memory",
        r"OutOfMemoryError",
        "the server ran out of memory",
        "Java ends when its heap is used up; systemd then starts it again.",
        "Look at the heap size and at the load; certificates are not the cause.",
        source="JDK",
    ),
)

SPECS: tuple[FindingSpec, ...] = tuple(pattern.spec for pattern in PATTERNS)

_LONGEST = 160


def explain(lines: Iterable[str], *, name: str = "") -> list[Finding]:
    """What the lines of a log mean: each cause once, with its last line and how often it came; the worst first.

    Args:
        lines: of the log, in order.
        name: the file, for the findings.
    """
    last: dict[str, tuple[Pattern, int, str]] = {}
    times: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        for pattern in _matching(line):
            times[pattern.spec.code] += 1
            last[pattern.spec.code] = (pattern, number, line)
    found = []
    for code, (pattern, number, line) in last.items():
        told: dict[str, str | int] = {
            "line": number,
            "times": times[code],
            "text": printable(line.strip(), limit=_LONGEST),
        }
        found.append(Finding(pattern.spec, Locator("file", path=name, line=number), told))
    return sorted(found, key=lambda finding: (-finding.severity, -int(finding.facts["line"])))


def _matching(line: str) -> Iterator[Pattern]:
    cut = line[:4000]
    yield from (pattern for pattern in PATTERNS if pattern.pattern.search(cut))
