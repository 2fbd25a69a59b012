"""Lines of a server's or a Windows client's log, compared with a table of patterns: what each line means."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wizard import codes
from wizard.findings import Code, Finding, Locator
from wizard.printable import printable


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern and the finding that a match reports."""

    pattern: re.Pattern[str]
    spec: Code


def _log(spec: Code, pattern: str) -> Pattern:
    return Pattern(re.compile(pattern), spec)


PATTERNS: tuple[Pattern, ...] = (
    _log(
        codes.DOCTOR_LOG_CLIENT_SENT_NOTHING,
        r"Empty (client|server) certificate chain|peer did not return a certificate|bad_certificate.*no certificate"
        r"|certificate[ _]required|CertificateRequired|fatal alert code is (41|116)\b",
    ),
    _log(
        codes.DOCTOR_LOG_NO_PATH,
        r"PKIX path building failed|unable to find valid certification path|UnknownIssuer|unknown_ca|(?i:unknown ?CA\b)"
        r"|unable to get (local )?issuer|unable to verify the first certificate|self.signed certificate"
        r"|certificate not trusted|does not chain with any of the trust anchors|subject issuer mismatch"
        r"|(key identifier|issuer serial number) mismatch|Untrusted certificate|anchored by a distrusted"
        r"|CERT_E_UNTRUSTEDROOT|CERT_E_CHAINING|SEC_E_UNTRUSTED_ROOT|0x80090325|0x800B0109|0x800B010A"
        r"|issued by an authority that is not trusted|could not be built to a trusted root authority"
        r"|root certificate which is not trusted|fatal alert code is 48\b",
    ),
    _log(
        codes.DOCTOR_LOG_DATES,
        r"validity check failed|(?i:Certificate_?Expired)|CertificateNotYetValid|certificate (has )?expired"
        r"|certificate is not yet valid|NotValidYet|CERT_E_EXPIRED|SEC_E_CERT_EXPIRED|0x80090328|0x800B0101"
        r"|not within its validity period|fatal alert code is 45\b",
    ),
    _log(
        codes.DOCTOR_LOG_USAGE,
        r"Extended key usage does not permit use for TLS (client|server) authentication|InvalidPurpose"
        r"|unsuitable certificate purpose|Netscape cert type does not permit|(?<!\()(?i:unsupported.?certificate)"
        r"|CERT_E_WRONG_USAGE|0x800B0110|not valid for the requested usage|fatal alert code is 43\b",
    ),
    _log(
        codes.DOCTOR_LOG_KEY_USAGE,
        r"KeyUsage does not allow (digital signatures|key agreement|key encipherment)"
        r"|key usage does not include digital signature|incorrect KeyUsage extension bits",
    ),
    _log(
        codes.DOCTOR_LOG_NAME,
        r"No subject alternative (DNS )?name|No name matching|NotValidForName|does not match the (host ?)?name"
        r"|Illegal given domain name|Certificate domain name has illegal|(hostname|IP address) mismatch"
        r"|unrecognized[ _]name|UnrecognisedName|CERT_E_CN_NO_MATCH|SEC_E_WRONG_PRINCIPAL|0x80090322|0x800B010F"
        r"|target principal name is incorrect|fatal alert code is 112\b",
    ),
    _log(codes.DOCTOR_LOG_EMPTY_TRUSTSTORE, r"the trustAnchors parameter must be non-empty"),
    _log(
        codes.DOCTOR_LOG_PASSWORD,
        r"keystore password was incorrect|Keystore was tampered with, or password was incorrect"
        r"|Password verification failed|failed to decrypt safe contents entry|Password is not ASCII"
        r"|mac verify (failure|error)|invalid password\?",
    ),
    _log(
        codes.DOCTOR_LOG_KEY_PASSWORD,
        r"Get Key failed|Given final block not properly padded|UnrecoverableKeyException|Cannot recover key"
        r"|bad decrypt",
    ),
    _log(
        codes.DOCTOR_LOG_FORMAT,
        r"rejects tag type|Invalid keystore format|Unrecognized keystore format|lengthTag too big|DerInputStream"
        r"|keystore not in version 3 format|no start line|header too long|not enough data",
    ),
    _log(codes.DOCTOR_LOG_CUT, r"java\.io\.EOFException"),
    _log(codes.DOCTOR_LOG_MISSING_FILE, r"FileNotFoundException: \S+ \(No such file or directory\)"),
    _log(codes.DOCTOR_LOG_DENIED, r"\(Permission denied\)|AccessDeniedException"),
    _log(codes.DOCTOR_LOG_CONFIG, r"com\.typesafe\.config\.ConfigException"),
    _log(codes.DOCTOR_LOG_PORT, r"BindException|Address already in use|EADDRINUSE"),
    _log(
        codes.DOCTOR_LOG_ALGORITHM,
        r"Algorithm constraints check failed|do not conform to algorithm constraints|insufficient[ _]security"
        r"|key too (weak|small)|md too weak|digest algorithm too weak|fatal alert code is 71\b",
    ),
    _log(
        codes.DOCTOR_LOG_TLS_VERSION,
        r"protocol[ _]version|no protocols in common|UnsupportedTlsVersion|peer is incompatible|ProtocolVersion\b"
        r"|No appropriate protocol|unsupported protocol|version too low|do not possess a common algorithm"
        r"|SEC_E_ALGORITHM_MISMATCH|0x80090331|fatal alert code is 70\b",
    ),
    _log(
        codes.DOCTOR_LOG_REVOCATION,
        r"Unable to determine revocation status|OCSP|Certificate has been revoked|Could not determine revocation status"
        r"|revocation status is unknown|certificate[ _]revoked|CertificateRevoked|unable to get certificate CRL"
        r"|CRL has expired|CRYPT_E_(REVOKED|NO_REVOCATION_CHECK|REVOCATION_OFFLINE)|0x8009201[023]"
        r"|unable to check revocation|revocation server was offline|fatal alert code is 44\b",
    ),
    _log(
        codes.DOCTOR_LOG_STORE_SEARCH,
        r"(?i)(certificate|cert).{0,40}not found in (the )?(windows |system )?store|NoMatchingCertificate"
        r"|CRYPT_E_NOT_FOUND|SEC_E_NO_CREDENTIALS|0x8009030E|0x80092004|No credentials are available"
        r"|no suitable default server credential",
    ),
    _log(
        codes.DOCTOR_LOG_PRIVATE_KEY,
        r"NTE_BAD_KEYSET|NTE_PERM|(?i:private key).{0,40}(denied|not (available|accessible|found))"
        r"|Keyset does not exist|0x80090016|error code returned from the cryptographic module"
        r"|TLS client credential\. The internal error state is 100(11|13)",
    ),
    _log(codes.DOCTOR_LOG_REFUSED, r"Connection refused|ConnectionRefused|os error 10061|ECONNREFUSED"),
    _log(
        codes.DOCTOR_LOG_UNRESOLVED,
        r"UnknownHostException|failed to lookup address|Name or service not known|os error 11001|getaddrinfo",
    ),
    _log(codes.DOCTOR_LOG_TIMEOUT, r"(?i)connect(ion)? timed out|os error 10060|ETIMEDOUT"),
    _log(
        codes.DOCTOR_LOG_CHAIN_RULE,
        r"basic constraints check failed|CA key usage check failed|pathLenConstraint|is not a CA certificate"
        r"|does not have keyCertSign|name constraints check failed|unrecognized critical extension"
        r"|unsupported critical extensions|policy tree (is null|required)|exceeds the maximum allowed length"
        r"|path length constraint exceeded|certificate chain too long|key usage does not include certificate signing"
        r"|unhandled critical extension|invalid (non-)?CA certificate|inconsistent certificate (policy )?extension"
        r"|(permitted|excluded) subtree violation|name constraint|invalid name syntax|no explicit policy"
        r"|unsupported extension feature"
        r"|CaUsedAsEndEntity|NameConstraintViolation|PathLenConstraintViolated|UnsupportedCriticalExtension",
    ),
    _log(
        codes.DOCTOR_LOG_UNREADABLE_CERTIFICATE,
        r"Could not parse certificate|Failed to parse (server|client) certificates|Certificate is incomplete"
        r"|Only named ECParameters|Unknown named curve|Duplicate extensions not allowed|Unable to parse DER value"
        r"|MUST be marked critical|Only uncompressed point|explicit ECC parameters|unable to decode issuer public key"
        r"|BadEncoding|BadDer\b|SEC_E_CERT_UNKNOWN|0x80090327|occurred while processing the certificate",
    ),
    _log(
        codes.DOCTOR_LOG_SIGNATURE,
        r"Invalid CertificateVerify signature|Signature does not match|certificate signature failure|bad signature"
        r"|decrypt[ _]error|DecryptError|BadSignature|private key does not match|key values mismatch"
        r"|fatal alert code is 51\b",
    ),
    _log(
        codes.DOCTOR_LOG_NOTHING_TO_SHOW,
        r"No available authentication scheme|No X\.509 certificate for (server|client) authentication"
        r"|no cipher suites in common|No appropriate cipher suite|no shared cipher|no suitable signature algorithm"
        r"|No supported CertificateVerify signature algorithm|NoCertificatesPresented|no certificate assigned",
    ),
    _log(
        codes.DOCTOR_LOG_PEER_REFUSES_CERTIFICATE,
        r"fatal alert: (bad_certificate|certificate_unknown|access_denied)"
        r"|fatal alert: (BadCertificate|CertificateUnknown|AccessDenied)"
        r"|alert (bad certificate|certificate unknown|access denied)|alert received: (bad|unknown) certificate"
        r"|fatal alert code is (42|46|49)\b",
    ),
    _log(
        codes.DOCTOR_LOG_PEER_REFUSES_HANDSHAKE,
        r"fatal alert: (handshake_failure|internal_error|illegal_parameter|unexpected_message|decode_error"
        r"|HandshakeFailure|InternalError|IllegalParameter)|alert (handshake failure|internal error|illegal parameter)"
        r"|SEC_E_ILLEGAL_MESSAGE|0x80090326|fatal alert code is (10|40|47|50|80)\b",
    ),
    _log(
        codes.DOCTOR_LOG_PEER_HANGS_UP,
        r"Remote host (terminated|closed connection during) (the )?handshake|SSL peer shut down incorrectly"
        r"|(?i:connection reset)|unexpected eof while reading|ECONNRESET|os error 10054|tls handshake eof",
    ),
    _log(
        codes.DOCTOR_LOG_NOT_TLS,
        r"Unsupported or unrecognized SSL message|wrong version number|http request|SSLv2Hello is not enabled"
        r"|InvalidContentType|received corrupt message|packet length too long|SEC_E_INVALID_TOKEN|0x80090308",
    ),
    _log(
        codes.DOCTOR_LOG_OLD_JAVA,
        r"Integrity check failed|AlgorithmParameters not available|PBEWithHmacSHA256AndAES_256.{0,40}not available"
        r"|HmacPBESHA256 not available|PBE parameter parsing error|PBES2 parameter parsing|ObjectIdentifier.{0,20}PBES2"
        r"|iteration count too large|data isn't an object ID",
    ),
    _log(
        codes.DOCTOR_LOG_OLD_CIPHER,
        r"RC2-40-CBC|inner_evp_generic_fetch|digital envelope routines.{0,40}unsupported|unknown pbe algorithm",
    ),
    _log(codes.DOCTOR_LOG_WINDOWS_PASSWORD, r"(?i)the specified network password is not correct|0x80070056"),
    _log(codes.DOCTOR_LOG_MEMORY, r"OutOfMemoryError"),
)


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
