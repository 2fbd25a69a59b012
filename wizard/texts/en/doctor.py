"""Texts: the diagnosis of an installed machine, its repairs, and logs."""

from functools import partial

from wizard.texts.model import Case, Text

_DOWN = "The server presents nothing, so no gateway and no client can connect."
_FALLBACK = "The server still starts, but with its built-in certificate, which no gateway accepts."
_LOG_LINE = "Line {line} ({times} times in all): {text}"
_NO_START = "The server does not start with settings that it cannot read."
_NO_TRUST = "Java then trusts nobody: no gateway and no client can connect."
_RESTORE_CACERTS = "Restore it from a backup or from the product's installer, then let the wizard import the root."
_SYSTEMD = "systemctl(1), systemd.service(5)"
_UNREADABLE = "The service cannot read {path}: {reason} (at {at})."

_java_log = partial(Text, message=_LOG_LINE, source="JDK: messages of JSSE and PKIX, versions 11 to 25")
_log = partial(Text, message=_LOG_LINE)
_down = partial(Text, source=_SYSTEMD, why=_DOWN)
_of_hocon = partial(Text, source="HOCON specification; behaviour of the Lightbend config library 1.3.1")
_of_wizard = partial(Text, source="design of the wizard")
_of_root_ca = partial(Text, source="manual, Primary server setup: private root CA")
_peer_log = partial(_log, source="JDK: messages of JSSE and PKIX, versions 11 to 25; OpenSSL; rustls")
_of_manual = partial(Text, source="manual, Primary server setup")
_falls_back = partial(_of_manual, why=_FALLBACK)
_unreadable = partial(Text, message=_UNREADABLE, source="path_resolution(7), acl(5)")
_not_used = partial(
    Text,
    message="{what} {place}: the server reads that, and not {path}.",
    source="Lightbend config, ConfigFactory.load()",
)

TEXTS: dict[str, Text] = {
    "doctor.account-missing": Text(
        title="the service's account does not exist",
        message="The unit {unit} runs as {user}, but this account does not exist.",
        why=_DOWN,
        fix="Create the account as the product's installer does, or correct User= in the unit.",
        source="systemd.exec(5)",
    ),
    "doctor.alert-normal": Text(
        title="an alert without a client certificate is normal",
        message="{endpoint} ends the connection with {alert} because no client certificate was sent.",
        why="This is how mutual TLS refuses. The check in the manual prints it on a correct server too.",
        fix="Nothing needs to be done. To test with a certificate: cloudstream-wizard probe {endpoint} --client "
        "GATEWAY.pfx",
        source="RFC 8446, section 4.4.2.4; manual, check with openssl s_client",
    ),
    "doctor.built-in-installed": Text(
        title="the key store contains a certificate like the built-in one",
        message="{endpoint} presents {subject}, and that is what the configured key store contains.",
        why="It is a certificate for localhost. Gateways and clients refuse it like the built-in one.",
        fix="Set up the server with a certificate for its own name: cloudstream-wizard.",
        source="manual, check of the set-up: localhost",
    ),
    "doctor.by-hand": _of_wizard(
        title="this must be repaired manually",
        message="{code}: {summary}",
        why="It needs something that the wizard cannot do: a new certificate, another program moved, a decision.",
        fix="{steps}",
        cases={
            "text": Case(
                "{conf} cannot be repaired safely.",
                fix="Correct it with an editor (not Notepad), or restore a backup; then run the doctor again.",
            ),
            "syntax": Case("{conf} cannot be parsed.", fix="Repair that first."),
            "no-store": Case(
                "No key store was found that opens with a known password.",
                fix="Run cloudstream-wizard and choose to replace certificates. Enter the PFX of this host.",
            ),
            "no-setting": Case(
                "{conf} has no setting {setting}, and nothing shows where it belongs.",
                fix="Run cloudstream-wizard and set up the server.",
            ),
            "name": Case(
                "The file name {file} contains characters that cannot be shown.",
                fix="Give the file a plain name, and enter that name in application.conf.",
            ),
            "no-root": Case(
                "The root certificate is not in the key store, so there is nothing to import.",
                fix="Run cloudstream-wizard with the root certificate of your PKI team.",
            ),
            "no-account": Case(
                "The service's account is not known, so the right mode of {path} is not known either.",
                fix="Find out which account the server runs as, then: chgrp GROUP FILE; chmod 0640 FILE",
            ),
            "no-copy": Case(
                "The key store that was set up is gone, and the record has no copy that opens.",
                fix="Run cloudstream-wizard and set the server up again with the PFX of this host.",
            ),
            "not-set-up": Case("No key store is configured.", fix="Run the set-up."),
            "no-key": Case(
                "{store} has no private key that belongs to a certificate in it.",
                fix="Get the PFX of this host from the PKI team. Then run cloudstream-wizard and "
                "choose to replace certificates.",
            ),
        },
    ),
    "doctor.ca-not-accepted": Text(
        title="the server does not list a CA of your chain",
        message="When {endpoint} asks for a client certificate, it lists {count} CAs, but not {missing}.",
        why="Gateways and clients under this CA choose their certificate by that list, and may send none.",
        fix="Upload it in the portal: Security > Security options > Certificates > Trusted CA certificates.",
        source="RFC 8446, section 4.2.4; vendor's PKI page: root and every intermediate",
    ),
    "doctor.cacerts-damaged": Text(
        title="cacerts is damaged",
        message="{path} ({size} bytes) is damaged: {reason}",
        why=_NO_TRUST,
        fix=_RESTORE_CACERTS,
        source="JDK: Invalid keystore format; EOFException",
    ),
    "doctor.cacerts-empty": Text(
        title="cacerts contains no certificate",
        message="{path} opens, but contains no trust anchor.",
        why="Java refuses to check any peer: the trustAnchors parameter must be non-empty.",
        fix=_RESTORE_CACERTS,
        source="JDK: InvalidAlgorithmParameterException",
    ),
    "doctor.cacerts-missing": _of_root_ca(
        title="cacerts is missing",
        message="{path} does not exist.",
        why=_NO_TRUST,
        fix=_RESTORE_CACERTS,
    ),
    "doctor.cacerts-not-used": Text(
        title="the server's Java uses another trust store than cacerts",
        message="The service starts Java with -Djavax.net.ssl.trustStore={other}.",
        why="That file decides whom the server trusts. What is in cacerts has no effect.",
        fix="Look for the root in that file, or remove the option from the unit or the start script.",
        source="JDK: Java Secure Socket Extension, customising the default trust store",
    ),
    "doctor.cacerts-password": Text(
        title="the password of cacerts was changed",
        message="{path} does not open with the known password.",
        why="Somebody changed it from the default. Nothing can be imported, and some servers cannot read it.",
        fix="Enter the password: --secret primary.cacerts-password=file:PATH. The wizard does not change it.",
        source="JDK: Keystore was tampered with, or password was incorrect",
    ),
    "doctor.cacerts-replaced": Text(
        title="cacerts was replaced since the set-up",
        message="{path} no longer contains the root that change {change} imported ({alias}).",
        why="An update of the product's Java brings a new cacerts. The server then no longer trusts the gateways.",
        fix="Let the wizard import the root again.",
        source="domain: cacerts lies inside the product's tree",
    ),
    "doctor.cacerts-unreadable": _unreadable(
        title="the service cannot read cacerts",
        why=_NO_TRUST,
        fix="Let the service's account read it. The usual mode is 0644.",
    ),
    "doctor.change-interrupted": _of_wizard(
        title="an earlier change was interrupted",
        message="Change {change} began and did not end.",
        why="Some files may be old and others new. No other change can start until this one is undone, finished or "
        "kept.",
        fix="Undo or finish it: cloudstream-wizard recover",
    ),
    "doctor.changed-since": _of_wizard(
        title="a file was changed after the set-up",
        message="{path} is not as change {change} of {at} left it: {what}.",
        why="Somebody, or an update of the product, has changed it since then.",
        fix="Compare it with the backup, or run the set-up again. An empty plan means that everything is in order.",
    ),
    "doctor.client-auth-off": Text(
        title="the server does not ask for a client certificate",
        message="{endpoint} completes the handshake without asking for a certificate.",
        why="The connection should be mutual TLS. As it is, anybody can connect.",
        fix="Set client authentication to need in application.conf, then restart.",
        source="vendor's PKI page: mutual TLS",
    ),
    "doctor.clock-not-synchronised": Text(
        title="the clock is not synchronised",
        message="The clock of this machine is not synchronised with a time server.",
        why="When it drifts, certificates look expired or not yet valid.",
        fix="Switch synchronisation on: timedatectl set-ntp true",
        source="timedatectl(1)",
    ),
    "doctor.clock-wrong": Text(
        title="the clock of this machine is wrong",
        message="The clock shows {now}, but {evidence}.",
        why="Java checks the dates of every certificate with this clock (validity check failed).",
        fix="Set the clock: timedatectl set-ntp true, or chronyc makestep.",
        source="RFC 5280, section 6.1.3",
    ),
    "doctor.conf-damaged": Text(
        title="an editor has damaged application.conf",
        message="{path}, line {line}: {reason}",
        why="The text can still be parsed, but it no longer means what was intended.",
        fix="Let the wizard repair it, and do not use Notepad for this file.",
        source="manual, Primary server setup: warning about Notepad",
    ),
    "doctor.conf-missing": _of_manual(
        title="application.conf is missing",
        message="{path} does not exist.",
        why=_NO_START,
        fix="Restore it from a backup, or from the product's installer. If it is elsewhere, use --hcp-home.",
    ),
    "doctor.conf-not-used": _not_used(
        title="the server reads another file than application.conf",
        why="Nothing in application.conf has any effect, and neither does any change to it.",
        fix="Remove {option} there and restart the service, or edit the settings in that other place.",
    ),
    "doctor.conf-not-utf8": _of_hocon(
        title="a character in a setting is lost",
        message="{path}, line {line}: the value of {name} contains a byte that is not UTF-8. The server "
        "reads another character.",
        why="The file was saved as Latin-1 or Windows-1252. " + _FALLBACK,
        fix="Write the value again as UTF-8. For a password, choose ASCII characters.",
    ),
    "doctor.conf-odd": _of_hocon(
        title="application.conf was probably edited on another system",
        message="{path}, line {line}: {reason}",
        why="The server can still read the file.",
        fix="Nothing needs to be done as long as the two key store settings are right.",
    ),
    "doctor.conf-syntax": _of_hocon(
        title="application.conf cannot be parsed",
        message="{path} cannot be parsed: {reason}.",
        why=_NO_START,
        fix="Correct that line. Put a value with special characters in double quotes.",
    ),
    "doctor.conf-unreadable": _unreadable(
        title="the service cannot read application.conf",
        why=_NO_START,
        fix="Let the service's account read it.",
    ),
    "doctor.conf-utf16": _of_hocon(
        title="application.conf is UTF-16",
        message="{path} was saved as UTF-16 (Notepad calls it Unicode), which the server cannot read.",
        why=_NO_START,
        fix="Let the wizard write it as UTF-8. It keeps every character.",
    ),
    "doctor.conf-world-readable": Text(
        title="every account can read the key store's password",
        message="{path} has mode {mode} and contains the key store's password.",
        why="Every account on this server can read the password of the private key.",
        fix="Remove the read permission of others: mode 0640, group of the service.",
        source="CWE-732",
    ),
    "doctor.crash-loop": _down(
        title="the service crashes and restarts repeatedly",
        message="{unit} was restarted {restarts} times; its last lines: {lines}",
        fix="The last lines of its journal show the cause: journalctl -u {unit}",
    ),
    "doctor.facts-only": Text(
        title="saved facts can only be checked",
        message="Saved facts can be checked. They cannot be repaired or put into a bundle.",
        why="A repair needs the machine itself, and a bundle already contains the facts.",
        fix="Run the doctor on the server itself.",
        source="interface of the doctor command",
    ),
    "doctor.facts-unusable": Text(
        title="the facts cannot be read",
        message="The file does not contain the facts of a diagnosis ({reason}).",
        why="Only facts that `doctor --json` or a support bundle wrote can be checked again.",
        fix="Create them again on the server: cloudstream-wizard doctor --json",
        source="interface of the wizard",
        cases={
            "not-json": Case("{file} is not JSON."),
        },
    ),
    "doctor.fallback-served": Text(
        title="the server presents its built-in certificate",
        message="{endpoint} presents the built-in certificate ({subject}), although a key store is set up.",
        why="The server could not use the key store and reports this only in its log. Gateways refuse the certificate.",
        fix="Check the settings, the permissions of the file and the password; then restart the service.",
        source="manual, check of the set-up: localhost",
    ),
    "doctor.for-another-host": Text(
        title="the certificate seems to be for another host",
        message="The certificate in {path} is for {names}. This machine is {own}.",
        why="Gateways and clients refuse a certificate that does not list the name they connect to.",
        fix="If they connect to {names}, give that name: cloudstream-wizard doctor --servername NAME.\n"
        "Otherwise replace the certificate.",
        source="RFC 2818, section 3.1",
    ),
    "doctor.include-broken": _of_hocon(
        title="an included file cannot be read",
        message="{path}, line {line}, includes a file that the server cannot read: {reason}.",
        why=_NO_START,
        fix="Correct that file, or remove the include.",
    ),
    "doctor.java-refuses-store": Text(
        title="the product's Java refuses the key store",
        message="The product's own keytool cannot use {path}: {reason}.",
        why=_FALLBACK,
        fix="Let the wizard write the key store again. It tests the result with this Java first.",
        source="keytool of the product's JRE",
    ),
    "doctor.jre-bare": _of_wizard(
        title="there is no Java for a test",
        message="{path} contains a trust store, but no Java.",
        why="Only the wizard itself can check the key store.",
        fix="Nothing needs to be done if this is an image or a practice folder.",
    ),
    "doctor.jre-missing": _of_root_ca(
        title="the product's Java is missing",
        message="There is no Java at {path}.",
        why="Without it the key store cannot be tested as the server reads it, and no root can be imported.",
        fix="Check the installation of the product. If its home is elsewhere, use --hcp-home.",
    ),
    "doctor.key-password": Text(
        title="the private key has a different password than the store",
        message="The configured password opens {path}, but not the private key in it.",
        why="The server has one password and uses it for both. " + _FALLBACK,
        fix="Let the wizard write the key store again with one password for both. It needs the key's own password.",
        source="JDK: Get Key failed: Given final block not properly padded",
    ),
    "doctor.keytool-missing": _of_root_ca(
        title="the product's Java has no keytool",
        message="{path} exists, but has no program bin/keytool.",
        why="The product's own keytool changes the trust store and tests the key store.",
        fix="Repair the product's JRE.",
    ),
    "doctor.log-algorithm": _java_log(
        title="a key or signature is too weak for Java",
        why="Java's security settings forbid the algorithm or the key size.",
        fix="Ask for RSA 2048 or P-256 with SHA-256.",
    ),
    "doctor.log-chain-rule": _log(
        title="a certificate in the chain breaks a rule",
        why="A certificate in the chain is not a valid CA, or has a limit or a mark that the peer does not accept.",
        fix="Find the certificate and the rule: cloudstream-wizard check",
        source="JDK: messages of JSSE and PKIX, versions 11 to 25; OpenSSL: X509_verify_cert_error_string; "
        "rustls-webpki",
    ),
    "doctor.log-client-sent-nothing": _java_log(
        title="a peer sent no certificate",
        why="A peer connected without a client certificate. A check with openssl or this wizard does that too.",
        fix="If it was a gateway or client, give it its certificate. If it was a check, do nothing.",
    ),
    "doctor.log-config": _java_log(
        title="application.conf cannot be read",
        why="The settings cannot be parsed, so the server does not start.",
        fix="Find the line: cloudstream-wizard doctor",
    ),
    "doctor.log-cut": _java_log(
        title="a file ends too early",
        why="A key store was cut off when it was copied, or is empty.",
        fix="Copy it again in binary mode and compare its size.",
    ),
    "doctor.log-dates": _java_log(
        title="a certificate is not valid now",
        why="A certificate in the chain has expired or is not valid yet, or one of the two clocks is wrong.",
        fix="Check the dates of the whole chain and both clocks.",
    ),
    "doctor.log-denied": _java_log(
        title="the service cannot read a file",
        why="The service's account has no permission to read the file or to enter one of its parent folders.",
        fix="Find out which: cloudstream-wizard doctor",
    ),
    "doctor.log-empty-truststore": _java_log(
        title="Java sees no entry in a trust store",
        why="A PFX with only CA certificates (openssl -nokeys) contains nothing that Java trusts.",
        fix="Create the trust store with this wizard or with keytool.",
    ),
    "doctor.log-format": _java_log(
        title="a store is damaged or has another format",
        why="A PEM or JKS file was used as PKCS12, or the file was cut off or sent as text.",
        fix="Copy it again in binary mode, or let the wizard write it again.",
    ),
    "doctor.log-key-password": _java_log(
        title="the private key has a different password than the store",
        why="The password opens the store, but not its key.",
        fix="Repair it: cloudstream-wizard doctor --fix doctor.key-password",
    ),
    "doctor.log-key-usage": _java_log(
        title="a certificate may not sign",
        why="The certificate's key usage lacks digitalSignature.",
        fix="Ask for a certificate with digitalSignature.",
    ),
    "doctor.log-memory": _log(
        title="the server ran out of memory",
        why="Java ends when its heap is used up; systemd then starts it again.",
        fix="Check the heap size and the load. Certificates are not the cause.",
        source="JDK",
    ),
    "doctor.log-missing-file": _java_log(
        title="a file is missing",
        why="A path in the settings leads to no file.",
        fix="Correct the path in application.conf.",
    ),
    "doctor.log-name": _java_log(
        title="the certificate is for another name",
        why="The host name of the connection is not among the certificate's subject alternative names.",
        fix="Connect to a name in the certificate, or ask for a certificate with the name that clients connect to.",
    ),
    "doctor.log-no-path": _java_log(
        title="a peer's chain does not lead to a trusted root",
        why="The peer did not send its intermediate, or this side does not have its root.",
        fix="Put the whole chain into the peer's key store, the root into cacerts, and both CAs into the portal.",
    ),
    "doctor.log-not-tls": _log(
        title="the other side does not use TLS",
        why="The port belongs to another program, or a proxy answers in its place.",
        fix="Compare the port with the one that the product uses, and look for a proxy in between.",
        source="JDK: messages of JSSE and PKIX, versions 11 to 25; OpenSSL; rustls; Schannel",
    ),
    "doctor.log-nothing-to-show": _peer_log(
        title="one side has no certificate that it can use",
        why="The key store did not open, has no private key, or has a type of key that the other side refuses.",
        fix="Find out which: cloudstream-wizard doctor",
    ),
    "doctor.log-old-cipher": _log(
        title="a store has an encryption that OpenSSL 3 no longer reads",
        why="The PFX was exported with RC2, as old Windows and old Java do.",
        fix="Let the wizard write it again, or use openssl with -legacy.",
        source="OpenSSL 3 migration guide",
    ),
    "doctor.log-old-java": _log(
        title="Java is too old for the encryption of a store",
        why="Java before 8u301 and 11.0.12 cannot read stores with AES and SHA-256, and may report a wrong password.",
        fix="Let the wizard write the store for this Java: enter its version in the answers.",
        source="JDK-8076190, JDK-8153005; measured with JDK 11.0.5",
    ),
    "doctor.log-password": _java_log(
        title="a store does not open with the configured password",
        why="The password is wrong, quotes or a comment sign changed it, or Java is too old for the encryption.",
        fix="Find out which: cloudstream-wizard doctor",
    ),
    "doctor.log-peer-hangs-up": _peer_log(
        title="the other side closes the connection",
        why="It gave no reason. It had an error of its own, or something in between cut the connection.",
        fix="Read the log of the other side at the same moment, and look for a proxy or firewall in between.",
    ),
    "doctor.log-peer-refuses-certificate": _log(
        title="the other side refuses this side's certificate",
        why="Only the log of the side that refuses shows the reason.",
        fix="Find the same moment in the other log. Most often a root is missing there, or the usage is wrong.",
        source="RFC 8446, 6.2; JSSE; OpenSSL; rustls; Schannel event 36887",
    ),
    "doctor.log-peer-refuses-handshake": _log(
        title="the other side ends the handshake",
        why="The two sides have nothing in common, or a required client certificate was not sent (TLS 1.2).",
        fix="To see where it ends, run cloudstream-wizard probe with --client and the same certificate.",
        source="RFC 8446, 6.2; JSSE; OpenSSL; rustls; Schannel event 36887",
    ),
    "doctor.log-port": _java_log(
        title="another program uses the port",
        why="The server could not listen.",
        fix="Find that program: ss -ltnp",
    ),
    "doctor.log-private-key": _log(
        title="the Windows client cannot use its private key",
        why="The certificate was imported without its key, or the service's account may not use it.",
        fix="Import the PFX again into the machine store, and let the service's account read the key.",
        source="vendor's client pages; rustls-cng",
    ),
    "doctor.log-refused": _log(
        title="nothing answers on the other side",
        why="The port is closed there, or a firewall blocks it.",
        fix="Check that the primary runs, and that nothing blocks port 2560 in between.",
        source="connect(2)",
    ),
    "doctor.log-revocation": _java_log(
        title="the revocation check fails",
        why="The responder cannot be reached from the server, or a certificate was revoked.",
        fix="Test the responder from the primary. Switch the check off in the portal until it answers.",
    ),
    "doctor.log-signature": _peer_log(
        title="a signature does not verify",
        why="A private key does not belong to its certificate, or a certificate was changed.",
        fix="Compare key and certificate: cloudstream-wizard check on the store that the peer uses.",
    ),
    "doctor.log-store-search": _log(
        title="the Windows client finds no certificate",
        why="No certificate in the store matches the subject or issuer text, or it is in another store.",
        fix="Exactly one certificate in LocalMachine\\My must match the text from the installation.",
        source="vendor's client pages; rustls-cng",
    ),
    "doctor.log-timeout": _log(
        title="the other side does not answer in time",
        why="Packets are dropped on the way, usually by a firewall.",
        fix="Open port 2560 from gateway or client to the primary. No filtering proxy may be in between.",
        source="connect(2); vendor's gateway guide",
    ),
    "doctor.log-tls-version": _java_log(
        title="the two sides have no TLS version in common",
        why="One side is too old, or TLS 1.2 was switched off.",
        fix="Allow TLS 1.2 and 1.3 on both sides.",
    ),
    "doctor.log-unreadable-certificate": _log(
        title="a certificate cannot be parsed",
        why="A certificate in the chain or in a store has a form that this program cannot read.",
        fix="Find out which, and what to ask the PKI team for: cloudstream-wizard check",
        source="JDK: messages of JSSE and PKIX, versions 11 to 25; OpenSSL; Schannel",
    ),
    "doctor.log-unresolved": _log(
        title="a host name is unknown",
        why="DNS does not know the name on that machine.",
        fix="Correct the name, or DNS.",
        source="getaddrinfo(3)",
    ),
    "doctor.log-usage": _java_log(
        title="a certificate is not valid for this side of TLS",
        why="The certificate lacks clientAuth (gateway, client) or serverAuth (primary). Public CAs no "
        "longer issue clientAuth.",
        fix="Ask for a certificate with the right extended key usage; a private CA can issue both.",
    ),
    "doctor.log-windows-password": _log(
        title="Windows does not open a PFX",
        why="The password is wrong, or Windows is older than Windows 10 1709 or Server 2019 and cannot read AES-256.",
        fix="Let the wizard write the store for an older Windows, or type the password again.",
        source="Windows: PFXImportCertStore, ERROR_INVALID_PASSWORD; measured by users",
    ),
    "doctor.name-needed": Text(
        title="without a server name another certificate is presented",
        message="With the server name {name}, {endpoint} presents the right certificate. Without a name "
        "it presents {subject}.",
        why="The server chooses by server name (SNI). A peer that connects to an address sends none.",
        fix="Let gateways connect to the name. In checks, use -servername.",
        source="RFC 6066, section 3",
    ),
    "doctor.not-found": Text(
        title="this was not found on the machine",
        message="{code} is not among the root causes ({known}).",
        why="The doctor repairs only what it found broken.",
        fix="Run the doctor without --fix.",
        source="interface of the doctor command",
    ),
    "doctor.not-restarted": Text(
        title="the service was not restarted since the change",
        message="{unit} started at {started}, but {path} was changed at {changed}. The server still uses the old one.",
        why="The server reads settings and key store only when it starts.",
        fix="Restart the service.",
        source="manual, Primary server setup: restart the service",
    ),
    "doctor.not-set-up": _of_manual(
        title="trusted certificates are not set up",
        message="{path} sets no key store, so the server uses its built-in certificate.",
        why="This is the state after the installation. Trusted certificates are not set up yet.",
        fix="Set them up: cloudstream-wizard",
    ),
    "doctor.not-tls": Text(
        title="the program on the port does not use TLS",
        message="{endpoint} answers, but not with TLS: {detail}.",
        why="It is not the primary, or something in between answers.",
        fix="Find out which program listens there: ss -ltnp",
        source="RFC 8446, section 4.1.2",
    ),
    "doctor.nothing-listens": Text(
        title="nothing answers on the port",
        message="{endpoint} does not answer: {detail}.",
        why="No gateway and no client can connect.",
        fix="Check that the service runs, and which port application.conf sets. For another port, use --port.",
        source="connect(2)",
    ),
    "doctor.other-certificate-served": Text(
        title="the server does not present the installed certificate",
        message="{endpoint} presents {subject} (SHA-256 {sha256}...), but the key store contains {installed} "
        "({installed_sha256}...).",
        why="Gateways get a different certificate than the installed one.",
        fix="Restart the service. If that does not help, another server or a load balancer answers at this address.",
        source="manual, check of the set-up",
    ),
    "doctor.password-not-ascii": Text(
        title="Java does not accept this password",
        message="The password of the key store has a character outside ASCII, and Java refuses that for a PKCS12 file.",
        why="Java then reports a wrong password, although it is right. " + _FALLBACK,
        fix="Let the wizard write the key store again with an ASCII password.",
        source="measured with Java 17: Password is not ASCII",
    ),
    "doctor.password-wrong": Text(
        title="the configured password does not open the key store",
        message="The password in application.conf does not open {path}.{evidence}",
        why=_FALLBACK,
        fix="Set the right password in application.conf.",
        source="manual, Primary server setup; JDK: keystore password was incorrect",
    ),
    "doctor.port-taken": Text(
        title="another program uses the port",
        message="Port {port} belongs to {program}, not to the service.",
        why="The server cannot listen, so gateways reach another program or nothing.",
        fix="Find it with ss -ltnp, and stop or move it. Then restart the service.",
        source="bind(2), EADDRINUSE",
    ),
    "doctor.product-missing": _of_manual(
        title="the product is not on this machine",
        message="Neither {path}, nor the product's Java, nor its service was found here.",
        why="This is not a primary server, or its home is elsewhere.",
        fix="Run this on the primary server. For another home use --hcp-home, for an image --root.",
    ),
    "doctor.record-damaged": _of_wizard(
        title="the record of a change is damaged",
        message="{what}",
        why="The wizard cannot undo this change. It can undo the others.",
        fix="Keep its folder as long as you might undo the change. To see it: cloudstream-wizard history",
    ),
    "doctor.record-ignored": _of_wizard(
        title="an unknown entry is among the records of changes",
        message="{path} is not the folder of a change. It is ignored and not followed.",
        why="The wizard writes only folders there. Something else created it.",
        fix="Check what it is (ls -l), then move it elsewhere.",
    ),
    "doctor.root-not-known": _of_root_ca(
        title="the root is in neither store",
        message="The key store ends at {issuer}, and cacerts has no certificate with that name.",
        why="The server does not trust gateways and clients whose certificates end in this root.",
        fix="Run the set-up with the root certificate of your PKI team.",
    ),
    "doctor.root-not-trusted": _of_root_ca(
        title="the root is not in cacerts",
        message="{root} (SHA-256 {sha256}...) is not in {path}.{namesake}",
        why="The server does not trust gateways and clients whose certificates end in this root.",
        fix="Let the wizard import it.",
    ),
    "doctor.served-for-another-name": Text(
        title="the presented certificate is for another name",
        message="{endpoint} presents a certificate for {names}, but gateways connect to {name}.",
        why="Peers that check the name refuse it (No subject alternative DNS name matching).",
        fix="Ask for a certificate with this name, or let gateways connect to the name in the certificate.",
        source="RFC 6125",
    ),
    "doctor.served-incomplete": Text(
        title="the server sends an incomplete chain",
        message="{endpoint} sends {sent} of the {needed} certificates that a peer needs; {missing} is missing.",
        why="A peer that has only the root cannot build the chain (PKIX path building failed).",
        fix="Put the intermediate into the key store: run the set-up with the whole chain.",
        source="RFC 5246, section 7.4.2; domain: JSSE",
    ),
    "doctor.service-failed": _down(
        title="the service did not start",
        message="{unit} has failed ({result}); its last lines: {lines}",
        fix="The last lines of its journal show the cause: journalctl -u {unit}",
    ),
    "doctor.service-starting": Text(
        title="the service is still starting",
        message="{unit} started {seconds} s ago and does not listen on port {port} yet.",
        why="A start can take minutes. Until then no gateway and no client can connect.",
        fix="Wait, then check again.",
        source=_SYSTEMD,
    ),
    "doctor.service-stopped": _down(
        title="the service is not running",
        message="{unit} is {active} ({sub}).",
        fix="Start it: systemctl start {unit}",
    ),
    "doctor.setting-commented": _falls_back(
        title="a key store setting is only a comment",
        message="{path}, line {line}: the setting {name} is commented out.",
        fix="Remove the comment sign.",
    ),
    "doctor.setting-elsewhere": _of_hocon(
        title="a key store setting is in several objects",
        message="{path} sets {name} as {here} (line {line}) and as {other} (line {other_line}), with different values.",
        why="The server reads only one of them, and nothing in the file shows which. " + _FALLBACK,
        fix="Use the same value in both places, or remove the one that your version does not read.",
    ),
    "doctor.setting-masked": _of_hocon(
        title="another setting overrides the right one",
        message="{path}, line {line}: {name} is right, but {winner} sets another value, which is the one in use.",
        why=_FALLBACK,
        fix="Change or remove the other setting.",
    ),
    "doctor.setting-missing": _falls_back(
        title="a key store setting is missing",
        message="{path} has no setting {name}.",
        fix="Run the set-up. It shows where the line belongs.",
    ),
    "doctor.setting-overruled": _not_used(
        title="a setting in application.conf has no effect",
        why="Options and variables of Java's start override the file, so changes to the file have no effect.",
        fix="Remove {option} there and restart the service, or set the right value there.",
    ),
    "doctor.setting-twice": _of_hocon(
        title="a setting occurs twice",
        message="{path} sets {name} twice with different values: line {line} has no effect, {winner} is in use.",
        why="An edit of the wrong line will seem to work, but change nothing.",
        fix="Remove the line that has no effect.",
    ),
    "doctor.setting-undecidable": _of_hocon(
        title="the value in use is not certain",
        message="{path}: it is not certain which value of {name} the server uses: {reason}.",
        why="What is reported about the key store is true only if the server uses the visible value.",
        fix="Check that place. An environment variable or an included file may override the setting.",
    ),
    "doctor.settings-lost": Text(
        title="the key store settings are lost",
        message="{path} no longer {what}, as change {change} of {at} had set it.",
        why="An update of the product, or somebody, has replaced the file. " + _FALLBACK,
        fix="Let the wizard write these settings again.",
        source="design of the wizard: the record of changes is the state to expect",
    ),
    "doctor.start-undetermined": Text(
        title="Java's start options are not known",
        message="The options that {unit} gives to Java cannot be determined: {seen}.",
        why="An option such as -Dconfig.file makes the server read other settings than application.conf.",
        fix="Start the service and check again, because a running Java shows its options. Or read the script.",
        source="systemd.exec(5); Lightbend config, ConfigFactory.load()",
    ),
    "doctor.store-damaged": Text(
        title="the key store is damaged",
        message="{path} ({size} bytes) begins like a key store, but is damaged: {reason}",
        why="It was cut off, or sent as text instead of binary. " + _FALLBACK,
        fix="Copy it again in binary mode and compare size and checksum, or run the set-up with the original.",
        source="JDK: EOFException, DerInputStream",
    ),
    "doctor.store-empty": Text(
        title="the key store is an empty file",
        message="{path} is empty.",
        why="A copy failed, most often on a full disk. " + _FALLBACK,
        fix="Install the key store again from the files of the PKI team.",
        source="JDK: the keystore file exists, but is empty",
    ),
    "doctor.store-is-folder": _falls_back(
        title="the path of the key store is a folder",
        message="application.conf sets {path}, which is a folder and not a file.{similar}",
        fix="Set the path of the file in it.",
    ),
    "doctor.store-key-mismatch": Text(
        title="the private key belongs to another certificate",
        message="The private key in {path} does not belong to its certificate.",
        why="Key and certificate come from different requests. " + _FALLBACK,
        fix="Find the key of this certificate, or ask for a certificate for this key. Then run the set-up.",
        source="RFC 5280, section 4.1.2.7",
    ),
    "doctor.store-lost": Text(
        title="the key store that was set up is lost",
        message="{path} is gone, empty or damaged. Change {change} of {at} had set it up.",
        why="An update of the product, or somebody, has removed it. " + _FALLBACK,
        fix="Let the wizard write the key store again.",
        source="design of the wizard: the record of changes is the state to expect",
    ),
    "doctor.store-missing": _falls_back(
        title="the key store is missing",
        message="application.conf sets {path}, but this file does not exist.{similar}",
        fix="Correct the path, or put the key store there.",
    ),
    "doctor.store-named-otherwise": Text(
        title="the key store is named after another host",
        message="{path} is named after {stem}, but the certificate in it is for {names}.",
        why="If gateways connect to the name in the file name, they refuse the certificate.",
        fix="Check with the name that gateways connect to: cloudstream-wizard doctor --servername NAME",
        source="manual, Primary server setup: the file is named after the host",
    ),
    "doctor.store-no-key": Text(
        title="the key store has no private key",
        message="{path} contains certificates, but no private key.",
        why="Without its private key a certificate cannot be used in a TLS handshake. " + _FALLBACK,
        fix="Ask for the PFX that was exported together with the private key, then run the set-up with it.",
        source="RFC 7292; manual, Setup preparation",
    ),
    "doctor.store-not-pkcs12": Text(
        title="the key store has another format",
        message="{path} is {format}, but the server expects PKCS12 (.pfx).",
        why="Java does not go by the ending of the file name. " + _FALLBACK,
        fix="Choose to replace certificates, and enter this file. The wizard writes it as PKCS12.",
        source="JDK: toDerInputStream rejects tag type; Invalid keystore format",
    ),
    "doctor.store-too-new": Text(
        title="the product's Java is too old for the key store",
        message="{path} is encrypted with {encryption}, which Java {version} cannot read.",
        why="Java older than 8u301 or 11.0.12 reports a wrong password, although it is right. " + _FALLBACK,
        fix="Let the wizard write the key store again with an encryption that every Java reads.",
        source="JDK-8076190; Oracle: versions with the pkcs12 security properties",
    ),
    "doctor.store-two-keys": Text(
        title="the key store contains several private keys",
        message="{path} contains {keys} private keys. The server may choose the wrong one.",
        why="Java takes the first key entry that matches, and an old or test certificate may come first.",
        fix="Let the wizard write the key store again with only the right key.",
        source="JDK SunX509 key manager; measured with Java 17",
    ),
    "doctor.store-unreadable": Text(
        title="the service cannot read the key store",
        message=_UNREADABLE,
        why=_FALLBACK,
        fix="Let the service's account read the file and enter its folders.",
        source="manual, Primary server setup; path_resolution(7)",
    ),
    "doctor.store-world-readable": Text(
        title="every account can read the key store",
        message="{path} has mode {mode}.",
        why="Only the password protects the private key from other accounts on this server.",
        fix="Mode 0640 with the service's group is enough.",
        source="manual, Primary server setup: 0644 is its example; CWE-732",
    ),
    "doctor.tls-old": Text(
        title="the server accepts only old TLS",
        message="{endpoint} accepted only {protocol}, after older protocols or weak parameters were offered.",
        why="Java 11.0.13, 17 and newer have these switched off. Such peers cannot connect.",
        fix="Allow TLSv1.2 and TLSv1.3 in application.conf (protocols), then restart.",
        source="JDK: jdk.tls.disabledAlgorithms; RFC 8996",
    ),
    "doctor.tls12-off": Text(
        title="the server does not accept TLS 1.2",
        message="{endpoint} accepts {versions}, but not TLS 1.2.",
        why="The vendor's guide requires TLS 1.2 for gateways. Older ones cannot connect.",
        fix="Allow TLSv1.2 in application.conf (protocols), then restart.",
        source="vendor's gateway guide",
    ),
    "doctor.typographic-quotes": _of_hocon(
        title="typographic quotes in a setting",
        message="{path}, line {line}: the value of {name} has typographic quotes. The server takes them "
        "as part of the value.",
        why="An editor put them there. " + _FALLBACK,
        fix='Replace them with plain double quotes (").',
    ),
    "doctor.unit-broken": _down(
        title="systemd cannot read the service unit",
        message="The unit {unit} exists, but systemd reports: {load}.",
        fix="Find the cause: systemd-analyze verify, journalctl -u.",
    ),
    "doctor.unit-changed": Text(
        title="the unit file changed after systemd read it",
        message="The file of {unit} changed, and systemd has not read it since then.",
        why="The next start still uses the old unit.",
        fix="Let systemd read it: systemctl daemon-reload",
        source=_SYSTEMD,
    ),
    "doctor.unit-masked": _down(
        title="the service unit is masked",
        message="The unit {unit} is masked, so systemd will not start it.",
        fix="Find out who masked it and why, then: systemctl unmask {unit}",
    ),
    "doctor.unit-missing": _down(
        title="the service unit does not exist",
        message="systemd does not know the unit {unit}.",
        fix="Check that the product is installed: systemctl list-unit-files",
    ),
    "doctor.value-cut": _of_hocon(
        title="a comment sign cuts off a setting",
        message="{path}, line {line}: the value of {name} has no quotes and ends where # or // begins a comment.",
        why="The server sees only the part before the comment sign. " + _FALLBACK,
        fix="Put the whole value in double quotes.",
    ),
    "plan.folder-of-service": Text(
        title="a parent folder belongs to the service's account",
        message="{folder} belongs to the account of the service, {who}, which can rename what is in it.",
        why="The wizard keeps the reviewed folders open, and stops if one is replaced in the meantime.",
        fix="Nothing needs to be done.",
        source="own rule; CWE-367",
    ),
    "plan.folder-open": Text(
        title="other accounts can write to a parent folder",
        message="{who} can write to {folder}, and so replace the files in it.",
        why="The key store could be replaced. No change is made until this is corrected.",
        fix="{repair}",
        source="own rule; CWE-732",
    ),
    "plan.overruled": Text(
        title="a change to application.conf would have no effect",
        message="{what} {place}: the server reads that, and not what this change would write into {path}.",
        why="After the restart the server would use its old settings, so the change would be undone.",
        fix="Remove {option} there and restart the service. Then make the plan again.",
        source="Lightbend config, ConfigFactory.load(); java(1)",
    ),
    "restart.no-room": Text(
        title="there is not enough disk space for the change",
        message="{reason}",
        why="A change that runs out of disk space must be undone, and that needs space as well.",
        fix="Free some space there, or delete files if it has no free inode. Then make the plan again.",
        source="statvfs(3)",
    ),
    "restart.unit-changed": Text(
        title="systemd has not read the changed unit file",
        message="The file of {unit} changed, and systemd still uses the old one.",
        why="A restart would use the old unit, so its result cannot be predicted.",
        fix="Let systemd read it: systemctl daemon-reload",
        source="systemctl(1), NeedDaemonReload",
    ),
}
