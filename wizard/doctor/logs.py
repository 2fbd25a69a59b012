"""Lines of a server's or a Windows client's log, held against a table of patterns: what each means, and for whom."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wizard.doctor.rule import spec
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.printable import printable

_JSSE = "JDK: messages of JSSE and PKIX, versions 11 to 25"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern and the finding that a match reports."""

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
        r"Empty (client|server) certificate chain|peer did not return a certificate|bad_certificate.*no certificate"
        r"|certificate[ _]required|CertificateRequired|fatal alert code is (41|116)\b",
        "a peer showed no certificate",
        "A peer connected without a client certificate. A check with openssl or this wizard does that too.",
        "If it was a gateway or client: give it its certificate. If it was a check: nothing.",
        severity=Severity.NOTE,
    ),
    _log(
        "no-path",
        r"PKIX path building failed|unable to find valid certification path|UnknownIssuer|unknown_ca|(?i:unknown ?CA\b)"
        r"|unable to get (local )?issuer|unable to verify the first certificate|self.signed certificate"
        r"|certificate not trusted|does not chain with any of the trust anchors|subject issuer mismatch"
        r"|(key identifier|issuer serial number) mismatch|Untrusted certificate|anchored by a distrusted"
        r"|CERT_E_UNTRUSTEDROOT|CERT_E_CHAINING|SEC_E_UNTRUSTED_ROOT|0x80090325|0x800B0109|0x800B010A"
        r"|issued by an authority that is not trusted|could not be built to a trusted root authority"
        r"|root certificate which is not trusted|fatal alert code is 48\b",
        "a peer's chain does not lead to a trusted root",
        "The peer did not send its intermediate, or this side does not have its root.",
        "Put the whole chain into the peer's key store, the root into cacerts, and both CAs into the portal.",
    ),
    _log(
        "dates",
        r"validity check failed|(?i:Certificate_?Expired)|CertificateNotYetValid|certificate (has )?expired"
        r"|certificate is not yet valid|NotValidYet|CERT_E_EXPIRED|SEC_E_CERT_EXPIRED|0x80090328|0x800B0101"
        r"|not within its validity period|fatal alert code is 45\b",
        "a certificate is outside its dates",
        "A certificate in the chain has expired or is not valid yet, or one of the two clocks is wrong.",
        "Look at the dates of the whole chain and at both clocks.",
    ),
    _log(
        "usage",
        r"Extended key usage does not permit use for TLS (client|server) authentication|InvalidPurpose"
        r"|unsuitable certificate purpose|Netscape cert type does not permit|(?<!\()(?i:unsupported.?certificate)"
        r"|CERT_E_WRONG_USAGE|0x800B0110|not valid for the requested usage|fatal alert code is 43\b",
        "a certificate may not be used for this side of TLS",
        "The certificate lacks clientAuth (gateway, client) or serverAuth (primary). Public CAs drop clientAuth.",
        "Ask for a certificate with the right extended key usage; a private CA can issue both.",
    ),
    _log(
        "key-usage",
        r"KeyUsage does not allow (digital signatures|key agreement|key encipherment)"
        r"|key usage does not include digital signature|incorrect KeyUsage extension bits",
        "a certificate may not sign",
        "The certificate's key usage lacks digitalSignature.",
        "Ask for a certificate with digitalSignature.",
    ),
    _log(
        "name",
        r"No subject alternative (DNS )?name|No name matching|NotValidForName|does not match the (host ?)?name"
        r"|Illegal given domain name|Certificate domain name has illegal|(hostname|IP address) mismatch"
        r"|unrecognized[ _]name|UnrecognisedName|CERT_E_CN_NO_MATCH|SEC_E_WRONG_PRINCIPAL|0x80090322|0x800B010F"
        r"|target principal name is incorrect|fatal alert code is 112\b",
        "the certificate is for another name",
        "The host name of the connection is not among the certificate's subject alternative names.",
        "Connect to a name that is in it, or ask for a certificate with the name that clients connect to.",
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
        r"keystore password was incorrect|Keystore was tampered with, or password was incorrect"
        r"|Password verification failed|failed to decrypt safe contents entry|Password is not ASCII"
        r"|mac verify (failure|error)|invalid password\?",
        "a store does not open with the configured password",
        "The password is wrong, was changed by quotes or a comment sign, or Java is too old for the encryption.",
        "cloudstream-wizard doctor tells these apart.",
    ),
    _log(
        "key-password",
        r"Get Key failed|Given final block not properly padded|UnrecoverableKeyException|Cannot recover key"
        r"|bad decrypt",
        "the private key has another password than the store",
        "The store opens, its key does not.",
        "cloudstream-wizard doctor --fix doctor.key-password",
    ),
    _log(
        "format",
        r"rejects tag type|Invalid keystore format|Unrecognized keystore format|lengthTag too big|DerInputStream"
        r"|keystore not in version 3 format|no start line|header too long|not enough data",
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
        r"Algorithm constraints check failed|do not conform to algorithm constraints|insufficient[ _]security"
        r"|key too (weak|small)|md too weak|digest algorithm too weak|fatal alert code is 71\b",
        "a key or signature is too weak for Java",
        "Java's own rules forbid the algorithm or the key size.",
        "Ask for RSA 2048 or P-256 with SHA-256.",
    ),
    _log(
        "tls-version",
        r"protocol[ _]version|no protocols in common|UnsupportedTlsVersion|peer is incompatible|ProtocolVersion\b"
        r"|No appropriate protocol|unsupported protocol|version too low|do not possess a common algorithm"
        r"|SEC_E_ALGORITHM_MISMATCH|0x80090331|fatal alert code is 70\b",
        "the two sides have no TLS version in common",
        "One side is too old, or TLS 1.2 was switched off.",
        "Allow TLS 1.2 and 1.3 on both sides.",
    ),
    _log(
        "revocation",
        r"Unable to determine revocation status|OCSP|Certificate has been revoked|Could not determine revocation status"
        r"|revocation status is unknown|certificate[ _]revoked|CertificateRevoked|unable to get certificate CRL"
        r"|CRL has expired|CRYPT_E_(REVOKED|NO_REVOCATION_CHECK|REVOCATION_OFFLINE)|0x8009201[023]"
        r"|unable to check revocation|revocation server was offline|fatal alert code is 44\b",
        "the revocation check fails",
        "The responder cannot be reached from the server, or a certificate was revoked.",
        "Try the responder from the primary; switch the check off in the portal until it answers.",
    ),
    _log(
        "store-search",
        r"(?i)(certificate|cert).{0,40}not found in (the )?(windows |system )?store|NoMatchingCertificate"
        r"|CRYPT_E_NOT_FOUND|SEC_E_NO_CREDENTIALS|0x8009030E|0x80092004|No credentials are available"
        r"|no suitable default server credential",
        "the Windows client finds no certificate",
        "No certificate in the store matches the subject or issuer text, or it lies in another store.",
        "Exactly one certificate in LocalMachine\\My must match the text that was given at installation.",
        source="vendor's client pages; rustls-cng",
    ),
    _log(
        "private-key",
        r"NTE_BAD_KEYSET|NTE_PERM|(?i:private key).{0,40}(denied|not (available|accessible|found))"
        r"|Keyset does not exist|0x80090016|error code returned from the cryptographic module"
        r"|TLS client credential\. The internal error state is 100(11|13)",
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
        "chain-rule",
        r"basic constraints check failed|CA key usage check failed|pathLenConstraint|is not a CA certificate"
        r"|does not have keyCertSign|name constraints check failed|unrecognized critical extension"
        r"|unsupported critical extensions|policy tree (is null|required)|exceeds the maximum allowed length"
        r"|path length constraint exceeded|certificate chain too long|key usage does not include certificate signing"
        r"|unhandled critical extension|invalid (non-)?CA certificate|inconsistent certificate (policy )?extension"
        r"|(permitted|excluded) subtree violation|name constraint|invalid name syntax|no explicit policy"
        r"|unsupported extension feature"
        r"|CaUsedAsEndEntity|NameConstraintViolation|PathLenConstraintViolated|UnsupportedCriticalExtension",
        "the chain breaks a rule for certificates",
        "A certificate in the chain is no proper CA, or is marked or limited in a way that the peer does not accept.",
        "cloudstream-wizard check names the certificate and the rule.",
        source=f"{_JSSE}; OpenSSL: X509_verify_cert_error_string; rustls-webpki",
    ),
    _log(
        "unreadable-certificate",
        r"Could not parse certificate|Failed to parse (server|client) certificates|Certificate is incomplete"
        r"|Only named ECParameters|Unknown named curve|Duplicate extensions not allowed|Unable to parse DER value"
        r"|MUST be marked critical|Only uncompressed point|explicit ECC parameters|unable to decode issuer public key"
        r"|BadEncoding|BadDer\b|SEC_E_CERT_UNKNOWN|0x80090327|occurred while processing the certificate",
        "a certificate cannot be parsed",
        "A certificate in the chain or in a store is written in a way that this program does not read.",
        "cloudstream-wizard check says which, and what to ask the PKI team for.",
        source=f"{_JSSE}; OpenSSL; Schannel",
    ),
    _log(
        "signature",
        r"Invalid CertificateVerify signature|Signature does not match|certificate signature failure|bad signature"
        r"|decrypt[ _]error|DecryptError|BadSignature|private key does not match|key values mismatch"
        r"|fatal alert code is 51\b",
        "a signature does not verify",
        "A private key does not belong to the certificate that is shown with it, or a certificate was changed.",
        "Compare key and certificate: cloudstream-wizard check on the store that the peer uses.",
        source=f"{_JSSE}; OpenSSL; rustls",
    ),
    _log(
        "nothing-to-show",
        r"No available authentication scheme|No X\.509 certificate for (server|client) authentication"
        r"|no cipher suites in common|No appropriate cipher suite|no shared cipher|no suitable signature algorithm"
        r"|No supported CertificateVerify signature algorithm|NoCertificatesPresented|no certificate assigned",
        "one side has no certificate that it can use",
        "The key store did not open, holds no private key, or a key of a kind that the other side does not take.",
        "cloudstream-wizard doctor tells these apart.",
        source=f"{_JSSE}; OpenSSL; rustls",
    ),
    _log(
        "peer-refuses-certificate",
        r"fatal alert: (bad_certificate|certificate_unknown|access_denied)"
        r"|fatal alert: (BadCertificate|CertificateUnknown|AccessDenied)"
        r"|alert (bad certificate|certificate unknown|access denied)|alert received: (bad|unknown) certificate"
        r"|fatal alert code is (42|46|49)\b",
        "the other side refuses this side's certificate",
        "Only the log of the side that refuses names the reason.",
        "Look for the same moment in the other log; mostly a root is missing there, or the usage does not fit.",
        source="RFC 8446, 6.2; JSSE; OpenSSL; rustls; Schannel event 36887",
    ),
    _log(
        "peer-refuses-handshake",
        r"fatal alert: (handshake_failure|internal_error|illegal_parameter|unexpected_message|decode_error"
        r"|HandshakeFailure|InternalError|IllegalParameter)|alert (handshake failure|internal error|illegal parameter)"
        r"|SEC_E_ILLEGAL_MESSAGE|0x80090326|fatal alert code is (10|40|47|50|80)\b",
        "the other side ends the handshake",
        "The two sides have nothing in common, or a client certificate was demanded and not given (TLS 1.2).",
        "cloudstream-wizard probe, with --client and the certificate that is used, shows where it ends.",
        source="RFC 8446, 6.2; JSSE; OpenSSL; rustls; Schannel event 36887",
    ),
    _log(
        "peer-hangs-up",
        r"Remote host (terminated|closed connection during) (the )?handshake|SSL peer shut down incorrectly"
        r"|(?i:connection reset)|unexpected eof while reading|ECONNRESET|os error 10054|tls handshake eof",
        "the other side closes the connection",
        "It gave no reason: it ran into a fault of its own, or something between the two cut the connection.",
        "Look into the log of the other side at the same moment, and for a proxy or firewall between.",
        severity=Severity.WARNING,
        source=f"{_JSSE}; OpenSSL; rustls",
    ),
    _log(
        "not-tls",
        r"Unsupported or unrecognized SSL message|wrong version number|http request|SSLv2Hello is not enabled"
        r"|InvalidContentType|received corrupt message|packet length too long|SEC_E_INVALID_TOKEN|0x80090308",
        "the other side does not speak TLS",
        "The port belongs to another program, or a proxy answers in its place.",
        "Compare the port with the one that the product uses, and look for a proxy between.",
        source=f"{_JSSE}; OpenSSL; rustls; Schannel",
    ),
    _log(
        "old-java",
        r"Integrity check failed|AlgorithmParameters not available|PBEWithHmacSHA256AndAES_256.{0,40}not available"
        r"|HmacPBESHA256 not available|PBE parameter parsing error|PBES2 parameter parsing|ObjectIdentifier.{0,20}PBES2"
        r"|iteration count too large|data isn't an object ID",
        "Java is too old for the encryption of a store",
        "Java before 8u301 and 11.0.12 does not read stores with AES and SHA-256, and may call the password wrong.",
        "Have the store written for old readers: the wizard does so when it knows the Java.",
        source="JDK-8076190, JDK-8153005; measured with JDK 11.0.5",
    ),
    _log(
        "old-cipher",
        r"RC2-40-CBC|inner_evp_generic_fetch|digital envelope routines.{0,40}unsupported|unknown pbe algorithm",
        "a store has an encryption that OpenSSL 3 no longer reads",
        "The PFX was exported with RC2, as old Windows and old Java do it.",
        "Have the wizard write it anew, or use openssl with -legacy.",
        source="OpenSSL 3 migration guide",
    ),
    _log(
        "windows-password",
        r"(?i)the specified network password is not correct|0x80070056",
        "Windows does not open a PFX",
        "The password is wrong, or Windows is older than Windows 10 1709 or Server 2019 and does not read AES-256.",
        "Have the wizard write the store for an older Windows, or type the password again.",
        source="Windows: PFXImportCertStore, ERROR_INVALID_PASSWORD; measured by users",
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


def explain(lines: Iterable[str], *, name: str = "", first: int = 1) -> list[Finding]:
    """What the lines of a log mean: each cause once, with its last line and how often it came; the worst first.

    Args:
        lines: of the log, in order.
        name: the file, for the findings.
        first: the number of the first line.
    """
    last: dict[str, tuple[Pattern, int, str]] = {}
    times: Counter[str] = Counter()
    for number, line in enumerate(lines, start=first):
        for pattern in _matching(line):
            times[pattern.spec.code] += 1
            last[pattern.spec.code] = (pattern, number, line)
    found = []
    for code, (pattern, number, line) in last.items():
        values: dict[str, str | int] = {
            "line": number,
            "times": times[code],
            "text": printable(line.strip(), limit=_LONGEST),
        }
        found.append(Finding(pattern.spec, Locator("file", path=name, line=number), values))
    return sorted(found, key=lambda finding: (-finding.severity, -int(finding.facts["line"])))


def _matching(line: str) -> Iterator[Pattern]:
    cut = line[:4000]
    yield from (pattern for pattern in PATTERNS if pattern.pattern.search(cut))
