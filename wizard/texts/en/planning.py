"""Texts: answers and plans."""

from functools import partial

from wizard.texts.model import Case, Text

_IMPORT = "sudo {tool} -importcert \\\n  -alias {alias} \\\n  -file {file} \\\n  -keystore {path}"
"""How a root is imported by hand; keytool asks for the password of the store and whether to trust it."""

_of_wizard = partial(Text, source="design of the wizard")
_of_primary = partial(Text, source="manual, Primary server setup")
_of_unattended = partial(Text, source="manual, Setting up gateway in unattended mode")
_of_interface = partial(Text, source="interface of the wizard")
_of_phases = partial(Text, source="domain facts, section 5")

TEXTS: dict[str, Text] = {
    "answer.missing": _of_interface(
        title="an answer is required",
        message="A question has no answer, but needs one.",
        why="The plan depends on it.",
        fix="Type an answer, or put it into the answers file.",
        cases={
            "unattended-file": Case(
                "The unattended file of this gateway is not given.",
                fix="Enter it in the answers: unattended-file, below [[gateway]].",
            ),
            "required": Case("An answer is required.", fix="For example: {example}"),
            "files": Case("Where are the files of {host}?", fix="Enter a folder or a file."),
            "password": Case(
                "The new password is empty.", fix="Type it twice, or go back and let the wizard generate one."
            ),
        },
    ),
    "answer.unusable": _of_interface(
        title="an answer cannot be used",
        message="This is not a valid answer to the question.",
        why="The wizard would have to guess.",
        fix="Type it in the form of the example.",
        cases={
            "port": Case("A port is a number from 1 to 65535.", fix="For example: {example}"),
            "endpoints": Case(
                "The form is host:port, with the same port for every node.", fix="For example: {example}"
            ),
            "host": Case("A host name has letters, digits, dots and hyphens.", fix="For example: {example}"),
            "quote": Case(
                "A quote is not closed. Put a path with a single quote in double quotes.",
                fix="For example: {example}",
            ),
            "url": Case("The address begins with http:// or https://.", fix="For example: {example}"),
        },
    ),
    "answers.beyond-bound": Text(
        title="the answers file exceeds a limit",
        message="The answers file is larger or more deeply nested than expected, or has longer keys or numbers.",
        why="Reading it would take too long or fill the memory.",
        fix="An answers file has a few kilobytes. Check that this is one.",
        source="bounds of the wizard",
        cases={
            "size": Case("{file} has more than {limit} characters."),
            "dots": Case("{file} has a key with more than {limit} dots, which begins {key}."),
            "nesting": Case("{file} has values nested too deeply to be read."),
            "digits": Case("{file} has a number with more than {limit} digits."),
        },
    ),
    "answers.none-kept": _of_wizard(
        title="no answers are kept",
        message="No answers are kept on this machine; they would be in {path}.",
        why="LAST means the answers of the last run that was completed here.",
        fix="Set up or replace certificates once with the wizard or an answers file, with the same --state-dir.",
    ),
    "answers.not-toml": Text(
        title="the answers file is not TOML",
        message="{file} is not TOML: {reason}.",
        why="Nothing can be read from it.",
        fix="Correct the line. Strings need double quotes.",
        source="TOML 1.0",
        cases={
            "not-text": Case("{file} is not UTF-8 text.", fix="Save it as UTF-8."),
        },
    ),
    "answers.secret-inside": _of_wizard(
        title="the answers file contains a password",
        message="{file} contains a password at {where}.",
        why="Whoever can read the file, or a copy of it, has the password.",
        fix='Write where the password comes from: {{ file = "PATH" }}, {{ env = "NAME" }} or {{ prompt = true }}.',
    ),
    "answers.unknown-key": _of_interface(
        title="unknown key in the answers file",
        message="{file} has the unknown key {key}.",
        why="With a mistyped key the default would be used, without a warning.",
        fix="Known here: {known}.",
    ),
    "answers.unusable-value": _of_interface(
        title="unusable value in the answers file",
        message="{file} has an unusable value at {where}.",
        why="The wizard would have to guess.",
        fix="It must be {wanted}.",
        cases={
            "schema": Case("{file} has schema = {schema}, but this wizard reads 1.", fix="Write schema = 1 first."),
        },
    ),
    "cacerts.needs-keytool": _of_wizard(
        title="cacerts cannot be changed without keytool",
        message="{root} must be added to {path}, but there is no keytool at {tool}.",
        why="The wizard changes this store only with the product's own tool.",
        fix="Repair the JRE, or choose to leave cacerts as it is.",
    ),
    "cacerts.not-checked": _of_primary(
        title="cacerts could not be checked",
        message="It is not known whether {root} is in {path}: {reason}",
        why="Without the root there the server does not trust its own gateways.",
        fix="Enter its password (cacerts-password; changeit unless somebody changed it), or "
        "import the root manually (see portal/{file} of the bundles):\n" + _IMPORT,
    ),
    "cacerts.not-used": Text(
        title="the server's Java uses another trust store than cacerts",
        message="The service starts Java with -Djavax.net.ssl.trustStore={other}, so it does not use {path}.",
        why="That other file decides whom the server trusts, and this change does not touch it.",
        fix="Add the root to {other} manually, or remove the option from the unit.",
        source="JDK: Java Secure Socket Extension, customising the default trust store",
    ),
    "cacerts.root-by-hand": _of_primary(
        title="the root must be imported manually",
        message="{root} is not in {path}, and there is no keytool at {tool} to add it.",
        why="The server will not trust gateways and clients with certificates of this root.",
        fix="Import it with the keytool of the server's Java, then restart the server "
        "(the file is portal/{file} of the bundles):\n" + _IMPORT,
    ),
    "cacerts.root-left-out": _of_primary(
        title="the root is not added to cacerts",
        message="{root} is not in {path}, and the answers say not to add it.",
        why="The server will not trust gateways and clients with certificates of this root.",
        fix="Answer auto, or have it imported manually:\n" + _IMPORT,
    ),
    "chain.no-authority": _of_unattended(
        title="no CA certificate among the files",
        message="None of the {files} files contains a CA certificate.",
        why="A trust store needs CA certificates. Nothing else can be trusted.",
        fix="Ask for the root certificate as .cer, .crt or .pem.",
    ),
    "chain.no-certificate": Text(
        title="no certificate for a host among the files",
        message="None of the {files} files contains a certificate ({others} of them are not certificate files).",
        why="CA certificates alone cannot identify a host.",
        fix="Ask the PKI team for the PFX of this host, or add its certificate.",
        source="manual, Setup preparation",
        cases={
            "authorities": Case("The files contain {count} CA certificates and no certificate for a host."),
            "keys": Case("The files contain {count} private keys and no certificate."),
            "no-file": Case(
                "There is no file to read the certificate from: none is named, or the folder is empty.",
                fix="Name the files or the folder from the PKI team (chain in the answers file).",
            ),
        },
    ),
    "change.anchor-stays": Text(
        title="The trust anchor is still in the store",
        message="keytool reported that it removed {alias}, but the copy of the trust store still has it.",
        why="The service would still trust what the rollback should remove.",
        fix="Nothing was changed. Check the program bin/keytool in {home}.",
        source="own rule: an undo is read back",
    ),
    "change.import-missing": Text(
        title="The imported certificate is not in the store",
        message="keytool reported that it imported {alias}, but the copy of {store} does not have it.",
        why="After the restart the service would not trust the certificates of this CA.",
        fix="Nothing was changed. Check the type and the password of the store.",
        source="own rule: what cannot be read back was not written",
    ),
    "cloud.uncertain": Text(
        title="a cloud primary may not support your own CA certificates",
        message="The vendor's PKI page says that only an on-premises primary supports your own CA certificates.",
        why="If that is right, every gateway and client goes offline when the policy is switched.",
        fix="Ask your vendor before you switch the policy. Nothing is lost until then.",
        source="vendor page PKI and encryption",
    ),
    "conf.missing": _of_primary(
        title="application.conf is missing",
        message="{conf} does not exist.",
        why="The wizard changes two key store settings in this file.",
        fix="Check that this is the primary server. If its home is elsewhere, use --hcp-home.",
    ),
    "conf.setting-ambiguous": _of_primary(
        title="a key store setting is in several objects",
        message="{conf} has {setting} in several objects: {places}.",
        why="The server reads only one of them, and nothing shows which.",
        fix="Remove the one that your version does not read, then continue.",
    ),
    "conf.setting-missing": _of_primary(
        title="a key store setting is not in application.conf",
        message="{conf} has no setting {setting}.",
        why="The wizard cannot guess where the server looks for it: the file has nested objects.",
        fix='Add a line  {setting} = ""  where your version documents it, then continue. The wizard fills it in.',
    ),
    "gateway.no-anchor": _of_unattended(
        title="no root for the primary",
        message="There is no root certificate in {files}.",
        why="Without the primary's root in its trust store the gateway does not trust the primary.",
        fix="Enter the file with the primary's root, or answer that no trust store is needed.",
    ),
    "gateway.no-proof": _of_wizard(
        title="the product's Java is not here yet",
        message="There is no keytool at {path}, so Java has not tested the new key store.",
        why="Every Java can read the encryption of the store, but the product's Java has not tested it.",
        fix="After the installation, check in the portal that the gateway is online.",
    ),
    "gateway.not-accepted": Text(
        title="the primary does not accept this gateway's certificate",
        message="{endpoint} ends the connection when it receives this gateway's certificate: {reason}.",
        why="The gateway stays offline until the primary trusts its CA.",
        fix="Import the root on the primary, and upload the CA certificates in the portal.",
        source="manual, Account setup",
    ),
    "gateway.owner-alone": Text(
        title="only the owner can read the stores",
        message="Only its owner can read {path}, because {reason}.",
        why="A service with an account of its own could not open the stores.",
        fix="After the installation, give the stores to that account (chown ACCOUNT).",
        source="domain facts, section 3",
    ),
    "gateway.primary-key-here": _of_wizard(
        title="a private key is among the files of the primary",
        message="{path} contains a private key, but only CA certificates are needed from the primary.",
        why="Whoever can read the file on this gateway can pose as the primary.",
        fix="Delete the file here, and choose one with only the CA certificates.",
    ),
    "gateway.primary-name": Text(
        title="the primary's certificate has another name",
        message="{endpoint} presents the certificate of {subject}, which is not issued for {host}.",
        why="A gateway that checks the name ends the connection.",
        fix="Connect to a name in the primary's certificate, or get a certificate with this name.",
        source="RFC 9525",
    ),
    "gateway.primary-not-set-up": _of_primary(
        title="the primary presents its built-in certificate",
        message="{endpoint} presents its built-in certificate, not one from your CA.",
        why="With its new stores the gateway does not trust this certificate.",
        fix="Set up the primary first, or at the same time.",
    ),
    "gateway.primary-not-trusted": Text(
        title="the gateway would not trust the primary",
        message="The certificate that {endpoint} presents is not trusted by {anchors}: {reason}.",
        why="The gateway ends the connection when it receives this certificate.",
        fix="Enter the root of the primary's certificate, or set up the primary with a certificate of this root.",
        source="RFC 5280, section 6",
    ),
    "gateway.primary-silent": Text(
        title="the primary does not answer",
        message="{endpoint} presents no certificate to this gateway: {reason}.",
        why="The gateway cannot connect either, until the primary runs and nothing blocks the connection.",
        fix="Check the name, the port and the firewall. Nothing else here depends on it.",
        source="https://docs.ysoft.cloud/docs/gateway-guide",
    ),
    "gateway.store-path": _of_unattended(
        title="this path cannot be used for a store",
        message="{path} cannot be used for a store.",
        why="The unattended file needs full paths, and a separate file for each store.",
        fix="Enter a full path such as /etc/cloudstream-tls/gateway-host.pfx, or leave it empty.",
        cases={
            "no-full-path": Case("{path} cannot be used for a store: it is not the full path of a file."),
            "taken": Case("{path} cannot be used for a store: another file of this change uses it."),
            "product-folder": Case(
                "{path} cannot be used for a store: {folder} does not exist, and only the product creates folders "
                "there."
            ),
            "no-folder": Case("{path} cannot be used for a store: {folder} is a {kind}, not a folder."),
            "folder": Case("{path} cannot be used for a store: it is a folder."),
        },
    ),
    "gateway.truststore-stays": _of_unattended(
        title="the file names a trust store that is not needed",
        message="{setting} on line {line} stays, although the primary needs no trust store.",
        why="The gateway may then trust only that store, and not a public root.",
        fix="Remove both trust store lines, unless something else needs them.",
    ),
    "jre.cannot-run": _of_wizard(
        title="the server's Java does not run here",
        message="Java has not tested the new key store: {reason}.",
        why="If this Java cannot open the store, you will see it only after the restart.",
        fix="Make the plan on the server itself, or repair the product's JRE.",
    ),
    "jre.no-proof": _of_wizard(
        title="not tested with the server's Java",
        message="There is no keytool at {path}, so Java has not tested the new key store.",
        why="If this Java cannot open the store, you will see it only after the restart.",
        fix="If the product's home is elsewhere, use --hcp-home.",
    ),
    "node.elsewhere": Text(
        title="another node of the cluster is not set up yet",
        message="{node} is another machine and does not present this certificate yet.",
        why="Every node has its own key store, application.conf and cacerts. This run changes only this machine.",
        fix="Run the wizard there with its bundle, one node after the other.",
        source="vendor page Configure a primary server cluster",
    ),
    "node.silent": _of_wizard(
        title="a node does not answer",
        message="{node} presents no certificate now.",
        why="The change is undone unless every node presents the new certificate after the restart.",
        fix="Correct its address, start the service there, or remove it from the answers.",
    ),
    "password.known": Text(
        title="well-known password",
        message="The password of {name} is well known and among the first that attackers try.",
        why="Whoever can read the file has the private key as well.",
        fix="Choose another one, or let the wizard generate one.",
        source="vendor manual (its example uses changeit); lists of common passwords",
    ),
    "password.unfit": Text(
        title="unsuitable password",
        message="The password of {name} is not suitable for {consumer}: {reason}.",
        why="That program would read another password, or refuse the file.",
        fix="Choose 6 to 50 letters and digits, or let the wizard generate one.",
        source="JDK 17 keytool, bash manual, HOCON specification, openssl passphrase prompt; each tried",
    ),
    "pasted.incomplete": Text(
        title="a pasted block is incomplete",
        message="A block of the pasted text has no -----END line.",
        why="A part of it was lost when it was copied.",
        fix="Paste it again from -----BEGIN to -----END.",
        source="RFC 7468",
    ),
    "pasted.no-block": Text(
        title="the pasted text is not PEM",
        message="The pasted text has no -----BEGIN line.",
        why="Only certificates and keys in PEM can be pasted.",
        fix="Paste each certificate and key from its -----BEGIN line to its -----END line.",
        source="RFC 7468",
    ),
    "pasted.not-kept": _of_wizard(
        title="a pasted text is not kept",
        message="The text that was pasted earlier is not kept.",
        why="It may contain a private key, so it is kept only in memory.",
        fix="Paste it again, or use the file instead.",
    ),
    "pasted.too-large": Text(
        title="the pasted text is too large",
        message="The pasted text has more than {limit} kB.",
        why="It is probably not a certificate.",
        fix="Use its file instead.",
        source="bounds of the wizard",
    ),
    "phase.no-root-change": _of_wizard(
        title="a phase without a change of the root",
        message="The answers ask for the phase {phase}, but the new chain does not change the root.",
        why="With the same root there is only one phase.",
        fix="Remove phase from the answers, or name the chain under the new root.",
    ),
    "phase.not-valid-yet": Text(
        title="the new chain is not valid yet",
        message="{name} is valid from {date}.",
        why="Until then every peer refuses it. Its root can be trusted before.",
        fix="Apply phase 1 now, and the others from {date} on.",
        source="RFC 5280, section 4.1.2.5",
    ),
    "phase.old-root-goes": _of_wizard(
        title="the old root is removed",
        message="{root} is removed from {path}.",
        why="Other connections of this server that need this root (directory, mail, database) fail afterwards.",
        fix="Check that nothing else on this server uses certificates under {root}.",
    ),
    "phase.old-root-in-use": _of_wizard(
        title="the old root is still in use",
        message="{where} does not present the new certificate, so {root} cannot be removed.",
        why="Gateways and clients that do not trust {root} any more would refuse the primary.",
        fix="Complete phase 3 on every node of the primary first.",
    ),
    "phase.planned": _of_phases(
        title="phase of a change of the root",
        message="The root changes from {old} to {new}. This is phase {phase}.",
        why="A root must be trusted everywhere before the first certificate under it is used.",
        fix="Apply one phase after the other; each can be undone.",
    ),
    "phase.skipped": _of_phases(
        title="a phase is skipped",
        message="It is not known that these are done: {open}.",
        why="Every gateway and client that is not ready goes offline.",
        fix="Complete and tick these steps first: cloudstream-wizard checklist",
    ),
    "phase.unclear": _of_wizard(
        title="the phase cannot be determined",
        message="This machine cannot show whether all gateways and clients are ready for {new}.",
        why="Going on too early takes gateways and clients offline.",
        fix='Name the next phase in the answers, for example: phase = "trust-root"\n'
        'or phase = "others", when all gateways and clients trust the new root.',
        cases={
            "gateway": Case(
                "The primary does not show whether it accepts certificates under {new}.",
                fix='When the portal has {new}, name the phase in the answers:\nphase = "others"',
            ),
        },
    ),
    "phase.waits": _of_wizard(
        title="the next phase cannot start yet",
        message="Phase {phase} is complete on this machine. Before the next one: {open}.",
        why="Going on too early takes gateways and clients offline.",
        fix="When a step is done, tick it: cloudstream-wizard checklist --tick NUMBER",
    ),
    "rehearse.cloud": _of_wizard(
        title="the primary's chain is not available",
        message="The primary runs in the vendor's cloud, and its certificate is not among the files.",
        why="A test in memory needs the certificates of both sides. Only one side is available.",
        fix="Test the connection: cloudstream-wizard probe HOST:PORT",
        cases={
            "elsewhere": Case(
                "The primary runs on another machine, and its key is not on this machine.",
                fix="Test the connection with `plan`, or: cloudstream-wizard probe HOST:PORT",
            ),
        },
    ),
    "rekey.nothing-to-keep": _of_wizard(
        title="there is no password to keep",
        message="No installed key store can be opened, so there is no password to keep.",
        why="The new key store would get a wrong password.",
        fix="Go back and let the wizard generate one, or type one.",
    ),
    "rollover.root-changes": _of_phases(
        title="the root changes",
        message="The root changes from {old} to {new}.",
        why="At the restart, every gateway and client that does not trust the new root goes offline. So does every "
        "one whose own certificate the portal does not trust.",
        fix="First add {new} to the portal, every trust store and every client. The order of work gives the dates.",
    ),
    "maintain.ca-in-use": Text(
        title="An expired CA certificate is in use",
        message="{name} (alias {alias}) expired on {ended}, but the installed certificate needs it.",
        why="Without it nobody would accept the installed certificate any more.",
        fix="Replace the certificates first. Then remove it.",
        source="RFC 5280, 6.1",
    ),
    "maintain.ca-removed": Text(
        title="An expired CA certificate is removed",
        message="{name} (alias {alias}) expired on {ended} and is removed from cacerts.",
        why="Gateways and clients with a certificate of this CA are not accepted any more.",
        fix="Nothing needs to be done. An undo adds it to cacerts again.",
        source="RFC 5280, 6.1",
    ),
    "maintain.no-store": Text(
        title="There is no key store to change",
        message="{conf} names no key store.",
        why="Password and alias belong to a key store; the built-in certificate has none.",
        fix="Set up trusted certificates first.",
        cases={
            "closed": Case(
                "The key store {store} does not open as it is configured.",
                "Find the cause first: cloudstream-wizard doctor",
            ),
            "keys": Case(
                "The key store {store} does not contain exactly one private key with its certificate.",
                "Repair it first: cloudstream-wizard doctor",
            ),
        },
    ),
    "maintain.policy-first": Text(
        title="The portal's policy must be switched first",
        message="The server will present its built-in certificate again.",
        why="With the policy Use trusted CA certificates, gateways and clients then go offline.",
        fix="In the portal, choose the built-in policy first. Then every gateway and client needs an "
        "individual authorisation again.",
    ),
    "store.alias-unfit": Text(
        title="This alias cannot be used",
        message="'{alias}' cannot be the alias of an entry.",
        why="Java ignores the case of aliases, and some tools cannot read other characters.",
        fix="Use at most 64 letters, digits, dots, hyphens and underscores. Begin with a letter or digit.",
        source="JDK: java.security.KeyStore",
    ),
    "store.path-unfit": Text(
        title="this path cannot be used for the key store",
        message="{path} cannot be used for the key store: it is not the full path of a file.",
        why="The server reads the key store from this path, and the wizard writes it there.",
        fix="Enter a full path such as /opt/hcp/conf/primary-host.pfx, or leave it empty.",
        source="interface of the wizard",
        cases={
            "taken": Case("{path} cannot be used for the key store: the server has another file there."),
        },
    ),
    "store.java-refuses": Text(
        title="the server's Java refuses the new key store",
        message="{reason} [{keytool}].",
        why="The server would start with its built-in certificate, and every gateway would go offline.",
        fix="Ask the PKI team for a certificate and key that this Java can read, or update the product.",
        source="keytool of the product's JRE, asked on a copy",
    ),
    "store.out-of-reach": _of_primary(
        title="the service cannot reach the key store",
        message="The service cannot reach {path}: at {blocked}, {reason}.",
        why="The server would start with its built-in certificate, and every gateway would go offline.",
        fix="Let the service's account enter that folder, or choose another keystore-path.",
    ),
    "store.world-readable": _of_primary(
        title="every account can read the key store",
        message="The service's account is not known, so {path} gets mode 0644.",
        why="Every account on this server can copy the store. Then only its password protects the key.",
        fix="Set User= in the unit, or restrict owner and mode when you know the account.",
    ),
    "unattended.missing": _of_unattended(
        title="the unattended file is missing",
        message="{path} does not exist.",
        why="The wizard changes four settings in it. It cannot create the file, which has more settings than these.",
        fix="Enter the right path, or write the file first as your version documents it.",
        cases={
            "no-file": Case("{path} is a {kind}, not a file."),
        },
    ),
    "unattended.other-file": _of_unattended(
        title="this is not an unattended file",
        message='{path} has no line of the form NAME="value".',
        why="The installation would not read the settings from such a file.",
        fix='Enter the file with lines such as HCP_PRIMARY_ADDRESS="primary-host".',
    ),
    "unattended.unclear-setting": Text(
        title="a shell and a plain parser read a setting differently",
        message="{setting} can be read in two ways: {reason}.",
        why="It is not documented which of the two the installation uses.",
        fix="Put the setting on a line of its own, with Unix line endings.",
        source="bash manual; domain facts, section 3",
    ),
}
