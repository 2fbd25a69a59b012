"""Lines of a server's or a Windows client's log, compared with a table of patterns: what each line means."""

import re
from collections import Counter
from collections.abc import Iterable

from wizard import codes
from wizard.findings import Code, Finding, Locator
from wizard.printable import printable

_LOOKS = {
    codes.DOCTOR_LOG_CLIENT_SENT_NOTHING: r"Empty (client|server) certificate chain|peer did not return a certificate"
    r"|bad_certificate.*no certificate|certificate[ _]required|CertificateRequired|fatal alert code is (41|116)\b",
    codes.DOCTOR_LOG_NO_PATH: r"PKIX path building failed|unable to find valid certification path|UnknownIssuer"
    r"|unknown_ca|(?i:unknown ?CA\b)|unable to get (local )?issuer|unable to verify the first certificate"
    r"|self.signed certificate|certificate not trusted|does not chain with any of the trust anchors"
    r"|subject issuer mismatch|(key identifier|issuer serial number) mismatch|Untrusted certificate"
    r"|anchored by a distrusted|CERT_E_UNTRUSTEDROOT|CERT_E_CHAINING|SEC_E_UNTRUSTED_ROOT|0x80090325|0x800B0109"
    r"|0x800B010A|issued by an authority that is not trusted|could not be built to a trusted root authority"
    r"|root certificate which is not trusted|fatal alert code is 48\b",
    codes.DOCTOR_LOG_DATES: r"validity check failed|(?i:Certificate_?Expired)|CertificateNotYetValid"
    r"|certificate (has )?expired|certificate is not yet valid|NotValidYet|CERT_E_EXPIRED|SEC_E_CERT_EXPIRED"
    r"|0x80090328|0x800B0101|not within its validity period|fatal alert code is 45\b",
    codes.DOCTOR_LOG_USAGE: r"Extended key usage does not permit use for TLS (client|server) authentication"
    r"|InvalidPurpose|unsuitable certificate purpose|Netscape cert type does not permit"
    r"|(?<!\()(?i:unsupported.?certificate)|CERT_E_WRONG_USAGE|0x800B0110|not valid for the requested usage"
    r"|fatal alert code is 43\b",
    codes.DOCTOR_LOG_KEY_USAGE: r"KeyUsage does not allow (digital signatures|key agreement|key encipherment)"
    r"|key usage does not include digital signature|incorrect KeyUsage extension bits",
    codes.DOCTOR_LOG_NAME: r"No subject alternative (DNS )?name|No name matching|NotValidForName"
    r"|does not match the (host ?)?name|Illegal given domain name|Certificate domain name has illegal"
    r"|(hostname|IP address) mismatch|unrecognized[ _]name|UnrecognisedName|CERT_E_CN_NO_MATCH|SEC_E_WRONG_PRINCIPAL"
    r"|0x80090322|0x800B010F|target principal name is incorrect|fatal alert code is 112\b",
    codes.DOCTOR_LOG_EMPTY_TRUSTSTORE: r"the trustAnchors parameter must be non-empty",
    codes.DOCTOR_LOG_PASSWORD: r"keystore password was incorrect|Keystore was tampered with, or password was incorrect"
    r"|Password verification failed|failed to decrypt safe contents entry|Password is not ASCII"
    r"|mac verify (failure|error)|invalid password\?",
    codes.DOCTOR_LOG_KEY_PASSWORD: r"Get Key failed|Given final block not properly padded|UnrecoverableKeyException"
    r"|Cannot recover key|bad decrypt",
    codes.DOCTOR_LOG_FORMAT: r"rejects tag type|Invalid keystore format|Unrecognized keystore format|lengthTag too big"
    r"|DerInputStream|keystore not in version 3 format|no start line|header too long|not enough data",
    codes.DOCTOR_LOG_CUT: r"java\.io\.EOFException",
    codes.DOCTOR_LOG_MISSING_FILE: r"FileNotFoundException: \S+ \(No such file or directory\)",
    codes.DOCTOR_LOG_DENIED: r"\(Permission denied\)|AccessDeniedException",
    codes.DOCTOR_LOG_CONFIG: r"com\.typesafe\.config\.ConfigException",
    codes.DOCTOR_LOG_PORT: r"BindException|Address already in use|EADDRINUSE",
    codes.DOCTOR_LOG_ALGORITHM: r"Algorithm constraints check failed|do not conform to algorithm constraints"
    r"|insufficient[ _]security|key too (weak|small)|md too weak|digest algorithm too weak|fatal alert code is 71\b",
    codes.DOCTOR_LOG_TLS_VERSION: r"protocol[ _]version|no protocols in common|UnsupportedTlsVersion"
    r"|peer is incompatible|ProtocolVersion\b|No appropriate protocol|unsupported protocol|version too low"
    r"|do not possess a common algorithm|SEC_E_ALGORITHM_MISMATCH|0x80090331|fatal alert code is 70\b",
    codes.DOCTOR_LOG_REVOCATION: r"Unable to determine revocation status|OCSP|Certificate has been revoked"
    r"|Could not determine revocation status|revocation status is unknown|certificate[ _]revoked|CertificateRevoked"
    r"|unable to get certificate CRL|CRL has expired|CRYPT_E_(REVOKED|NO_REVOCATION_CHECK|REVOCATION_OFFLINE)"
    r"|0x8009201[023]|unable to check revocation|revocation server was offline|fatal alert code is 44\b",
    codes.DOCTOR_LOG_STORE_SEARCH: r"(?i)(certificate|cert).{0,40}not found in (the )?(windows |system )?store"
    r"|NoMatchingCertificate|CRYPT_E_NOT_FOUND|SEC_E_NO_CREDENTIALS|0x8009030E|0x80092004|No credentials are available"
    r"|no suitable default server credential",
    codes.DOCTOR_LOG_PRIVATE_KEY: r"NTE_BAD_KEYSET|NTE_PERM"
    r"|(?i:private key).{0,40}(denied|not (available|accessible|found))|Keyset does not exist|0x80090016"
    r"|error code returned from the cryptographic module"
    r"|TLS client credential\. The internal error state is 100(11|13)",
    codes.DOCTOR_LOG_REFUSED: r"Connection refused|ConnectionRefused|os error 10061|ECONNREFUSED",
    codes.DOCTOR_LOG_UNRESOLVED: r"UnknownHostException|failed to lookup address|Name or service not known"
    r"|os error 11001|getaddrinfo",
    codes.DOCTOR_LOG_TIMEOUT: r"(?i)connect(ion)? timed out|os error 10060|ETIMEDOUT",
    codes.DOCTOR_LOG_CHAIN_RULE: r"basic constraints check failed|CA key usage check failed|pathLenConstraint"
    r"|is not a CA certificate|does not have keyCertSign|name constraints check failed|unrecognized critical extension"
    r"|unsupported critical extensions|policy tree (is null|required)|exceeds the maximum allowed length"
    r"|path length constraint exceeded|certificate chain too long|key usage does not include certificate signing"
    r"|unhandled critical extension|invalid (non-)?CA certificate|inconsistent certificate (policy )?extension"
    r"|(permitted|excluded) subtree violation|name constraint|invalid name syntax|no explicit policy"
    r"|unsupported extension feature|CaUsedAsEndEntity|NameConstraintViolation|PathLenConstraintViolated"
    r"|UnsupportedCriticalExtension",
    codes.DOCTOR_LOG_UNREADABLE_CERTIFICATE: r"Could not parse certificate"
    r"|Failed to parse (server|client) certificates|Certificate is incomplete|Only named ECParameters"
    r"|Unknown named curve|Duplicate extensions not allowed|Unable to parse DER value|MUST be marked critical"
    r"|Only uncompressed point|explicit ECC parameters|unable to decode issuer public key|BadEncoding|BadDer\b"
    r"|SEC_E_CERT_UNKNOWN|0x80090327|occurred while processing the certificate",
    codes.DOCTOR_LOG_SIGNATURE: r"Invalid CertificateVerify signature|Signature does not match"
    r"|certificate signature failure|bad signature|decrypt[ _]error|DecryptError|BadSignature"
    r"|private key does not match|key values mismatch|fatal alert code is 51\b",
    codes.DOCTOR_LOG_NOTHING_TO_SHOW: r"No available authentication scheme"
    r"|No X\.509 certificate for (server|client) authentication|no cipher suites in common|No appropriate cipher suite"
    r"|no shared cipher|no suitable signature algorithm|No supported CertificateVerify signature algorithm"
    r"|NoCertificatesPresented|no certificate assigned",
    codes.DOCTOR_LOG_PEER_REFUSES_CERTIFICATE: r"fatal alert: (bad_certificate|certificate_unknown|access_denied)"
    r"|fatal alert: (BadCertificate|CertificateUnknown|AccessDenied)"
    r"|alert (bad certificate|certificate unknown|access denied)|alert received: (bad|unknown) certificate"
    r"|fatal alert code is (42|46|49)\b",
    codes.DOCTOR_LOG_PEER_REFUSES_HANDSHAKE: r"fatal alert: (handshake_failure|internal_error|illegal_parameter"
    r"|unexpected_message|decode_error|HandshakeFailure|InternalError|IllegalParameter)"
    r"|alert (handshake failure|internal error|illegal parameter)|SEC_E_ILLEGAL_MESSAGE|0x80090326"
    r"|fatal alert code is (10|40|47|50|80)\b",
    codes.DOCTOR_LOG_PEER_HANGS_UP: r"Remote host (terminated|closed connection during) (the )?handshake"
    r"|SSL peer shut down incorrectly|(?i:connection reset)|unexpected eof while reading|ECONNRESET|os error 10054"
    r"|tls handshake eof",
    codes.DOCTOR_LOG_NOT_TLS: r"Unsupported or unrecognized SSL message|wrong version number|http request"
    r"|SSLv2Hello is not enabled|InvalidContentType|received corrupt message|packet length too long"
    r"|SEC_E_INVALID_TOKEN|0x80090308",
    codes.DOCTOR_LOG_OLD_JAVA: r"Integrity check failed|AlgorithmParameters not available"
    r"|PBEWithHmacSHA256AndAES_256.{0,40}not available|HmacPBESHA256 not available|PBE parameter parsing error"
    r"|PBES2 parameter parsing|ObjectIdentifier.{0,20}PBES2|iteration count too large|data isn't an object ID",
    codes.DOCTOR_LOG_OLD_CIPHER: r"RC2-40-CBC|inner_evp_generic_fetch|digital envelope routines.{0,40}unsupported"
    r"|unknown pbe algorithm",
    codes.DOCTOR_LOG_WINDOWS_PASSWORD: r"(?i)the specified network password is not correct|0x80070056",
    codes.DOCTOR_LOG_MEMORY: r"OutOfMemoryError",
}
"""What each cause looks like, in the words of Java, OpenSSL, rustls and Windows."""

PATTERNS = {spec: re.compile(look) for spec, look in _LOOKS.items()}


_LONGEST = 160


def explain(lines: Iterable[str], *, name: str = "", first: int = 1) -> list[Finding]:
    """What the lines of a log mean: each cause once, with its last line and how often it came; the worst first.

    Args:
        lines: of the log, in order.
        name: the file, for the findings.
        first: the number of the first line.
    """
    last: dict[Code, tuple[int, str]] = {}
    times: Counter[Code] = Counter()
    for number, line in enumerate(lines, start=first):
        for spec, pattern in PATTERNS.items():
            if pattern.search(line, 0, 4000):
                times[spec] += 1
                last[spec] = (number, line)
    found = []
    for spec, (number, line) in last.items():
        text = printable(line.strip(), limit=_LONGEST)
        values: dict[str, str | int] = {"line": number, "times": times[spec], "text": text}
        found.append(Finding(spec, Locator("file", path=name, line=number), values))
    return sorted(found, key=lambda finding: (-finding.severity, -int(finding.facts["line"])))
