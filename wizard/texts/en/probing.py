"""Texts: TLS as a client sees it, revocation, the rehearsal."""

from functools import partial

from wizard.texts.model import Text

_refused = partial(Text, message="The {whom} would refuse the {who}: {words}.")
_of_chain = partial(Text, source="RFC 8446, section 4.4.2")
_no_tls = partial(Text, why="Gateways and clients cannot connect over TLS.")
_by_date = partial(Text, source="RFC 5280, section 4.1.2.5", why="Every client that checks dates refuses it.")

TEXTS: dict[str, Text] = {
    "aia.not-fetched": Text(
        title="A missing issuer could not be downloaded",
        message="The issuer of {name} could not be downloaded from {url}: {reason}.",
        why="The chain stays incomplete.",
        fix="Ask the PKI team for the certificate of {missing}.",
        source="RFC 5280, 4.2.2.1",
    ),
    "probe.alert": _no_tls(
        title="The server refuses the connection",
        message="{endpoint} ends the handshake with the alert {alert}: {detail}.",
        fix="Check the reason for the alert, then the server's log at that time.",
        source="RFC 8446, section 6",
    ),
    "probe.bad-servername": Text(
        title="Not a server name",
        message="{name} cannot be sent as a server name.",
        why="The server chooses its certificate by this name.",
        fix="Use a DNS name such as primary-host or primary.example.com.",
        source="RFC 6066, section 3",
    ),
    "probe.certificate-unreadable": Text(
        title="Certificate cannot be parsed",
        message="{endpoint} presents a certificate that cannot be parsed.",
        why="Strict clients refuse it.",
        fix="Ask for a new certificate.",
        source="RFC 5280",
    ),
    "probe.chain-disordered": Text(
        title="Chain out of order",
        message="{endpoint} sends its certificates out of order.",
        why="TLS 1.2 requires the order leaf to root, and strict clients refuse any other.",
        fix="Write the key store again with the chain in order.",
        source="RFC 5246, section 7.4.2",
    ),
    "probe.chain-extra": _of_chain(
        title="One certificate too many",
        message="{endpoint} also sends {subject}, which is not part of its chain.",
        why="It slows down every handshake and confuses strict clients.",
        fix="Write the key store again without it.",
    ),
    "probe.chain-incomplete": Text(
        title="Intermediate not sent",
        message="{endpoint} does not send the certificate of {missing}, the issuer of {subject}.",
        why="With only the root, Java cannot build the chain and refuses the server (PKIX path building failed).",
        fix="Put the whole chain into the key store.",
        source="RFC 8446, section 4.4.2; measured with Java",
    ),
    "probe.client-auth-none": Text(
        title="No client certificate requested",
        message="{endpoint} does not ask for a client certificate.",
        why="The primary uses mutual TLS. So this is another service or port, or a device in between terminates TLS.",
        fix="Check the port, and whether a load balancer terminates TLS in front of the primary.",
        source="manual, Certificates overview",
    ),
    "probe.client-authority-unlisted": Text(
        title="The client's CA is not listed",
        message="{endpoint} lists the CAs that it accepts, and {issuer} is not among them.",
        why="Many clients then send no certificate at all.",
        fix="Upload the root and the intermediates of the client's chain to the portal.",
        source="RFC 8446, section 4.2.4",
    ),
    "probe.client-rejected": Text(
        title="Client certificate rejected",
        message="{endpoint} rejects the client certificate: {detail}.",
        why="A gateway or client with this certificate stays offline.",
        fix="Upload the root and the intermediates of the client's chain to the portal. Check the dates of the "
        "certificate, "
        "and that its extended key usage contains clientAuth. Then read the server's log.",
        source="RFC 8446, section 4.4.2.4; measured with Java",
    ),
    "probe.client-unusable": _of_chain(
        title="Client certificate cannot be presented",
        message="The client certificate and its key cannot be used for TLS: {reason}.",
        why="A probe with this client would show nothing about the server.",
        fix="Export the certificate with its own private key, RSA or elliptic curve.",
    ),
    "probe.closed": Text(
        title="Connection closed without an alert",
        message="{endpoint} accepts the connection and closes it in the phase {phase} without an alert.",
        why="Possible causes: a firewall, a load balancer without a working node, or a server that is still starting.",
        fix="Read the server's log, probe each node by its IP address, and try again after a minute.",
        source="RFC 8446, section 6",
    ),
    "probe.connect-timeout": Text(
        title="No answer",
        message="{endpoint} does not answer: {detail} (address {address}).",
        why="Gateways and clients on the same network path cannot connect either and stay offline.",
        fix="Check the firewall rules between this machine and {endpoint}. The connection must be direct.",
        source="vendor's gateway guide: direct outbound TCP",
    ),
    "probe.expired": _by_date(
        title="Certificate expired",
        message="{subject}, presented by {endpoint}, expired on {date}.",
        fix="Install a renewed certificate. If you did not expect this date, check the clocks of both machines.",
    ),
    "probe.fallback-certificate": Text(
        title="Built-in certificate presented",
        message="{endpoint} presents the built-in certificate {subject} and not the installed one.",
        why="The server could not use its key store. Gateways with the trusted policy refuse this certificate.",
        fix="Check default-keystore-file and default-keystore-password. Check that the service can read "
        "the file and that the password opens it. Then restart the service.",
        source="manual, Primary server setup",
    ),
    "probe.handshake": _no_tls(
        title="The handshake fails",
        message="The handshake with {endpoint} fails in the phase {phase}: {detail}.",
        fix="Compare with another client on another machine. If it fails there too, read the server's log.",
        source="OpenSSL reason codes",
    ),
    "probe.http": _no_tls(
        title="HTTP without TLS",
        message="{endpoint} answers with HTTP without TLS: {detail}.",
        fix="Check the port number, and whether a load balancer in between uses TLS.",
        source="RFC 9110",
    ),
    "probe.inspected": Text(
        title="TLS is inspected in between",
        message="The certificate at {endpoint} comes from {issuer}, not from {expected_issuer}: a device in between "
        "replaces it.",
        why="Mutual TLS does not work through a device that decrypts the connection.",
        fix="Ask the network team to exempt {endpoint} from TLS inspection, and probe from the server itself.",
        source="vendor's gateway guide",
    ),
    "probe.leaf-only": _of_chain(
        title="Only the leaf is sent",
        message="{endpoint} sends only one certificate. That is right only if {missing} is a root.",
        why="If there is an intermediate, Java refuses the server.",
        fix="Compare with the chain from the PKI team, and put every intermediate into the key store.",
    ),
    "probe.name-mismatch": Text(
        title="Name not in the certificate",
        message="The certificate at {endpoint} is for {names}, not for {name}.",
        why="Clients that check host names refuse it.",
        fix="If gateways connect to another name, probe with that name as --servername. Otherwise ask for "
        "a certificate with {name} as subject alternative name.",
        source="RFC 6125",
    ),
    "probe.name-unknown": Text(
        title="Server name unknown to the server",
        message="{endpoint} warns that it does not know the server name {name}.",
        why="A server that chooses its certificate by name then presents its default one.",
        fix="Probe with the name in the certificate and with the name that gateways connect to, and compare.",
        source="RFC 6066, section 3",
    ),
    "probe.no-route": Text(
        title="No route",
        message="{endpoint} cannot be reached: {detail} (address {address}).",
        why="Gateways and clients on the same network path cannot connect either and stay offline.",
        fix="Check the route and the address of {host}.",
        source="RFC 9293",
    ),
    "probe.not-tls": _no_tls(
        title="Not a TLS server",
        message="The program on {endpoint} does not use TLS: {detail}.",
        fix="Check the port number. The primary's internal TLS port is 2560 unless it was changed.",
        source="RFC 8446, section 5",
    ),
    "probe.not-yet-valid": _by_date(
        title="Certificate not valid yet",
        message="{subject}, presented by {endpoint}, is valid only from {date}.",
        fix="Check the clocks of both machines, or wait.",
    ),
    "probe.old-protocol-only": Text(
        title="Only old TLS versions",
        message="{endpoint} accepts only {protocol}, which is switched off in current Java and Windows.",
        why="Current gateways and clients refuse to connect.",
        fix="Update the server, or the device in between that terminates TLS.",
        source="RFC 8996; JDK jdk.tls.disabledAlgorithms",
    ),
    "probe.proxy": Text(
        title="A proxy answers",
        message="A proxy answers in place of {endpoint}: {detail}.",
        why="Gateways need a direct connection; a filtering proxy breaks mutual TLS.",
        fix="Ask the network team for a direct connection to {endpoint}.",
        source="vendor's gateway guide",
    ),
    "probe.refused": Text(
        title="Connection refused",
        message="{endpoint} refuses the connection: {detail} (address {address}).",
        why="The server is not running, or listens elsewhere.",
        fix="Check that the service runs and listens on this port (ss -ltnp). After a restart, wait a little.",
        source="RFC 9293",
    ),
    "probe.root-sent": _of_chain(
        title="Root sent as well",
        message="{endpoint} also sends its root {subject}.",
        why="Clients do not need it: they use their own copy. It does no harm.",
        fix="Nothing needs to be done.",
    ),
    "probe.silent": Text(
        title="No data after connecting",
        message="{endpoint} accepts the connection, then sends nothing in the phase {phase}: {detail}.",
        why="It is not a TLS server, or something in between holds back the data.",
        fix="Check the server's log and its load, and probe from the server itself.",
        source="RFC 8446",
    ),
    "probe.staple-bad": Text(
        title="OCSP staple is not valid",
        message="The OCSP response that {endpoint} sends is not valid for its certificate: {detail}.",
        why="Clients that check the staple refuse the server.",
        fix="{clock}Renew the certificate if it was revoked; otherwise ask the PKI team about the responder.",
        source="RFC 6960",
    ),
    "probe.unexpected-certificate": Text(
        title="Another certificate presented",
        message="{endpoint} presents {subject} (SHA-256 {sha256}), which is not the expected certificate.",
        why="Clients do not get the installed certificate.",
        fix="Check that the service was restarted. Check that this node and this server name use the new key store.",
        source="measured",
    ),
    "probe.unresolved": Text(
        title="Unknown host name",
        message="The name {host} has no address on this machine: {detail}.",
        why="Gateways and clients connect to this name.",
        fix="Check the spelling and the DNS entry, or probe by IP address and give the name with --servername.",
        source="RFC 1034",
    ),
    "probe.untrusted": Text(
        title="Chain not trusted",
        message="With {trust}, the chain of {endpoint} is not trusted: {reason}.",
        why="A peer that trusts only these roots refuses the server.",
        fix="Send the missing intermediate, or add the root to that trust store.",
        source="RFC 5280, section 6",
    ),
    "probe.weak-parameters-only": Text(
        title="Only weak parameters accepted",
        message="{endpoint} accepts only weak parameters: {detail}.",
        why="Current gateways and clients may refuse to connect.",
        fix="Use SHA-256 and a key of at least 2048 bits. Update the server or device that terminates TLS there.",
        source="OpenSSL security levels",
    ),
    "probe.wrong-key": Text(
        title="Key does not match the certificate",
        message="{endpoint} presents a certificate without having its key: {detail}.",
        why="No client can finish a handshake.",
        fix="Write the key store again from a certificate and its own private key.",
        source="RFC 8446, section 4.4.3",
    ),
    "rehearsal.algorithm": _refused(
        title="Algorithm switched off in Java",
        why="Java's security settings refuse such keys and signatures.",
        fix="Ask for a new certificate with RSA 2048 or P-256 and SHA-256.",
        source="JDK jdk.certpath.disabledAlgorithms",
    ),
    "rehearsal.dates": _refused(
        title="Not valid today",
        why="Java checks the dates of every certificate below the root.",
        fix="Renew the certificate, or check the clock.",
        source="RFC 5280; measured (validity check failed)",
    ),
    "rehearsal.empty-trust": _refused(
        title="Nothing is trusted",
        why="A peer without a trust anchor refuses everybody (the trustAnchors parameter must be non-empty).",
        fix="Put the root of the {who}'s chain into the trust store of the {whom}.",
        source="JDK PKIXParameters; measured",
    ),
    "rehearsal.handshake": Text(
        title="Handshake in memory fails",
        message="The handshake in memory with TLS {version} fails: {words}.",
        why="The same would happen on the network.",
        fix="Use RSA keys of at least 2048 bits or P-256, and certificates that match their keys.",
        source="OpenSSL",
    ),
    "rehearsal.length": _refused(
        title="The chain has too many certificates",
        why="Java ends the handshake when a peer sends more certificates than its limit (server: 10, client: 8).",
        fix="Ask the PKI team for a certificate from a CA closer to the root.",
        source="JDK jdk.tls.client.maxInboundCertificateChainLength; measured with JDK 17 and 25",
    ),
    "rehearsal.name": _refused(
        title="Host name not in the certificate",
        why="Peers that check host names refuse the server.",
        fix="Ask for a certificate with this host name as subject alternative name, or connect to a name in it.",
        source="RFC 6125; JDK HostnameChecker",
    ),
    "rehearsal.not-offered": Text(
        title="Client would send no certificate",
        message="The {who} would send no certificate: the {whom} accepts none of the CAs in its chain.",
        why="Java sends only a certificate of a CA that the server lists. Without one, the server ends the handshake.",
        fix="Add the root and the intermediates of the client's chain to the server's trust (portal, Trusted CA "
        "certificates).",
        source="RFC 5246, section 7.4.4; JDK SunX509 key manager",
    ),
    "rehearsal.unreadable": _refused(
        title="Java cannot use the certificate or its key",
        why="Java cannot open a store with it, or cannot sign with its key.",
        fix="Ask for a new certificate with a plain RSA key or a key on the named curve P-256.",
        source="OpenJDK 11 to 25; measured (CertificateParsingException, no available authentication scheme)",
    ),
    "rehearsal.untrusted": _refused(
        title="Chain would not be trusted",
        why="Java cannot build a chain from the certificate to a trusted root, and ends the handshake.",
        fix="Send the whole chain with every intermediate, and put its root into the trust store of the {whom}.",
        source="JDK PKIX; measured (PKIX path building failed)",
    ),
    "rehearsal.usage": _refused(
        title="Certificate not issued for this role",
        why="Java refuses a certificate whose usage does not match its role in the handshake.",
        fix="Ask for a certificate with serverAuth, clientAuth and the key usage digitalSignature.",
        source="JDK EndEntityChecker; measured",
    ),
    "revocation.no-responder": Text(
        title="The certificate names no responder",
        message="{subject} names no OCSP responder.",
        why="With OCSP switched on, it is checked only if the portal has an OCSP address of its own.",
        fix="Ask the PKI team for the responder's address, or leave OCSP off.",
        source="RFC 5280, section 4.2.2.1",
    ),
    "revocation.revoked": Text(
        title="Certificate revoked",
        message="{subject} is revoked: {detail} (asked at {place}).",
        why="Every peer that checks revocation refuses it.",
        fix="Ask the PKI team for a new certificate.",
        source="RFC 6960, RFC 5280",
    ),
    "revocation.unknown": Text(
        title="Certificate unknown to the responder",
        message="The responder {place} does not know {subject}.",
        why="With OCSP switched on, such a certificate may be refused.",
        fix="Ask the PKI team whether this responder serves this CA.",
        source="RFC 6960, section 2.2",
    ),
    "revocation.unreachable": Text(
        title="No revocation answer",
        message="{place} gives no answer about {subject}: {detail}.",
        why="With OCSP switched on, connections may become slow or fail.",
        fix="Check the firewall rules from the primary to the responder. The OCSP settings can stay as they are.",
        source="RFC 6960",
    ),
    "revocation.unusable": Text(
        title="Revocation answer not valid",
        message="The answer from {place} about {subject} is not valid: {detail}.",
        why="With OCSP switched on, such a certificate may be refused.",
        fix="{clock}Ask the PKI team about the responder.",
        source="RFC 6960, section 3.2",
    ),
}
