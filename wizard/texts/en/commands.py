"""Texts: the commands, the session and the practice deployment."""

from wizard.texts.model import Case, Text

_CSR = "interface of the csr command"
_DESIGN = "design of the wizard"
_OWN_FOLDER = "Practising needs a folder of its own."
_PROBE = "interface of the probe command"
_WIZARD = "interface of the wizard"

TEXTS: dict[str, Text] = {
    "apply.findings": Text(
        title="the findings forbid the change",
        message="Nothing was changed: {reason}",
        why="A server with this certificate would not be accepted by its gateways and clients.",
        fix="{hint}",
        source=_DESIGN,
    ),
    "apply.not-confirmed": Text(
        title="the change is not confirmed",
        message="It was not confirmed; nothing was changed.",
        why="A server is changed only when the operator confirms.",
        fix="Start again when you are ready.",
        source=_WIZARD,
        cases={
            "nobody": Case(
                "Nobody can be asked, and --yes was not given.", fix="Read what will be done, then give --yes."
            ),
        },
    ),
    "checklist.none": Text(
        title="no list is kept here",
        message="There is no list of what is left to do on this machine yet.",
        why="It is made as the last step of a set-up, or from an answers file.",
        fix="Give --answers FILE, or run the wizard to its end.",
        source="interface of the checklist command",
    ),
    "cloud.ask-vendor": Text(
        title="ask the vendor about the cloud",
        message="Ask your vendor first; its pages contradict each other.",
        why="One page says that trusted CA certificates work only with an on-premise primary; the chapter itself "
        "says that the primary's step is merely skipped.",
        fix="Ask whether your cloud takes trusted CA certificates; leaving keeps the\n"
        "answers. Go on only with a yes, or at your own risk.",
        source="vendor page PKI and encryption; manual, Setup preparation",
    ),
    "conf.not-set": Text(
        title="the setting is absent",
        message="{file} does not set {path}",
        why="There is no value to show.",
        fix="Check the path; it begins at the root of the file.",
        source="HOCON specification",
        cases={
            "elsewhere": Case(fix="The same key is at {places}."),
        },
    ),
    "conf.unreadable-file": Text(
        title="file cannot be read",
        message="{file}: {reason}",
        why="Without it there is nothing to look up or to change.",
        fix="Check its path and its mode, or run the command as root.",
        source="POSIX open",
    ),
    "conf.value-file": Text(
        title="the value file is no single line",
        message="{file} holds more than one line",
        why="A line break inside a password or path is hardly ever meant.",
        fix="Write the value alone into the file; a line break at its end is left out.",
        source="interface of the conf command",
        cases={
            "not-utf-8": Case("{file} holds bytes that are no UTF-8"),
        },
    ),
    "csr.exists": Text(
        title="There is a request already",
        message="{file} is there already.",
        why="A new key would make the CA's answer to the first request useless.",
        fix="Join the answer with --complete, or name another folder.",
        source=_CSR,
    ),
    "csr.no-key": Text(
        title="The key of the request is not there",
        message="{file} is not there.",
        why="The answer works only together with that key.",
        fix="Name the folder that was given with --out when the request was made.",
        source=_CSR,
        cases={
            "empty": Case("{file} holds no private key."),
        },
    ),
    "csr.passwords-differ": Text(
        title="The two passwords differ",
        message="The password and its repetition are not the same.",
        why="A typing error would lock the key for ever.",
        fix="Type both again.",
        source=_CSR,
    ),
    "findings.unknown-code": Text(
        title="There is no such code",
        message="'{code}' is not in the catalogue.",
        why="It may be misspelt, or come from another version.",
        fix="Run findings without a code for the list.",
        source="interface of the findings command",
        cases={
            "near": Case(fix="Did you mean {near}?"),
        },
    ),
    "output.failed": Text(
        title="Standard output cannot be written",
        message="standard output cannot be written: {reason}",
        why="What was not written is lost; a change that was made stays made.",
        fix="Redirect it to a file with space, and run the command again.",
    ),
    "password.differs": Text(
        title="the two passwords differ",
        message="The two passwords are not the same.",
        why="A password with a typing error would lock everybody out of the store.",
        fix="Type both again, or let one be generated.",
        source=_WIZARD,
        cases={
            "fields": Case("The two passwords differ.", fix="Both fields were emptied; type the password again."),
        },
    ),
    "plan.needs-named-password": Text(
        title="a plan that is kept needs a password with a source",
        message="The plan generates the key store's password, so nobody could prove the store later.",
        why="Whoever applies the plan later proves the key store with that password.",
        fix='Set keystore-password = {{ file = "PATH" }} in the answers file.',
        source=_DESIGN,
    ),
    "probe.bad-endpoint": Text(
        title="Endpoint not understood",
        message="{endpoint} is not HOST:PORT.",
        why="Without host and port there is nothing to connect to.",
        fix="Write primary-host:2560, 10.0.0.5:2560 or [2001:db8::5]:2560.",
        source=_PROBE,
    ),
    "probe.no-certificate-in-file": Text(
        title="No certificate to compare with",
        message="{path} holds no certificate that a server could present.",
        why="Without it the probe cannot tell the right certificate from another.",
        fix="Give the PFX or the certificate that was installed, or its SHA-256 fingerprint.",
        source=_PROBE,
    ),
    "probe.no-client-key": Text(
        title="No client identity in the file",
        message="{path} holds no certificate with its private key.",
        why="A client must prove that it holds the key.",
        fix="Give the PFX of a gateway or client, with its private key.",
        source="RFC 8446, section 4.4.3",
    ),
    "renewal.cloud": Text(
        title="nothing is renewed on this machine",
        message="The primary runs in the vendor's cloud, so no certificate is installed here.",
        why="LAST renews the certificate of the machine that the wizard runs on.",
        fix="Make new bundles for gateways and clients: cloudstream-wizard handoff",
        source=_DESIGN,
    ),
    "renewal.no-files": Text(
        title="the renewed files are not there",
        message="{tool} names its renewed files, and one is not there: {file}",
        why="Without the renewed certificate and its key there is nothing to install.",
        fix="See that {tool} has written its files and that this account can read them.",
        source="documentation of certbot, acme.sh, lego and step about hooks",
    ),
    "renewal.other-root": Text(
        title="the renewed certificate is under another root",
        message="The renewed certificate is under another root than before: {root}",
        why="Gateways and clients that do not trust that root yet would go offline.",
        fix="Start the wizard and choose Replace certificates, which shows the order of\nwork. Nothing was changed.",
        source="domain facts, section 5",
    ),
    "rescue.by-hand": Text(
        title="the repair needs a person",
        message="This needs a person: {reason}",
        why="It lies outside this machine, or needs something that only a person has.",
        fix="{hint}",
        source=_DESIGN,
    ),
    "rescue.nothing-wrong": Text(
        title="nothing is wrong",
        message="The doctor finds nothing to repair.",
        why="There is no cause that a repair could remove.",
        fix="You can leave the wizard.",
        source=_DESIGN,
    ),
    "sandbox.cannot-write": Text(
        title="The folder cannot be written",
        message="{folder} cannot be filled: {reason}",
        why=_OWN_FOLDER,
        fix="Name a folder that this account may write.",
        source="wizard",
        cases={
            "temporary": Case(
                "no folder for temporary files can be used: {reason}",
                fix="Name a folder: cloudstream-wizard sandbox DIR",
            ),
            "noexec": Case(
                "{folder} is on a file system that runs no programs (mount option noexec)",
                fix="Name a folder elsewhere: cloudstream-wizard sandbox create DIR",
            ),
        },
    ),
    "sandbox.folder-in-use": Text(
        title="The folder is not empty",
        message="{folder} is not empty",
        why=_OWN_FOLDER,
        fix="Name a new or empty folder.",
        source="wizard",
    ),
    "sandbox.no-keytool": Text(
        title="No Java home",
        message="{folder} is no Java home: bin/keytool or lib/security/cacerts is missing",
        why=_OWN_FOLDER,
        fix="Name the folder that holds bin/ and lib/.",
        source="wizard",
    ),
    "sandbox.not-a-deployment": Text(
        title="No practice deployment",
        message="{folder} holds no practice deployment",
        why=_OWN_FOLDER,
        fix="Make one with: cloudstream-wizard sandbox create DIR",
        source="wizard",
    ),
    "sandbox.unknown-fault": Text(
        title="No such fault",
        message="there is no fault called '{name}'",
        why=_OWN_FOLDER,
        fix="See: cloudstream-wizard sandbox create --list-faults",
        source="wizard",
    ),
    "usage.sandbox": Text(
        title="sandbox was called in another way",
        message="sandbox takes create DIR, serve DIR, or one folder",
        why="It is not clear what shall be done.",
        fix="See: cloudstream-wizard sandbox --help",
        source=_WIZARD,
    ),
}
