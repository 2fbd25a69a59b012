"""Texts: the commands, the session and the practice deployment."""

from functools import partial

from wizard.texts.model import Case, Text

_PROBE = "interface of the probe command"

_of_csr = partial(Text, source="interface of the csr command")
_of_sandbox = partial(Text, source="wizard", why="The practice deployment needs a separate folder.")
_of_design = partial(Text, source="design of the wizard")
_of_wizard = partial(Text, source="interface of the wizard")
_of_settings = partial(Text, source="interface of the command line")
_of_hint = partial(_of_design, fix="{hint}")

TEXTS: dict[str, Text] = {
    "apply.findings": _of_hint(
        title="the findings forbid the change",
        message="Nothing was changed: {reason}",
        why="Gateways and clients would not accept a server with this certificate.",
    ),
    "apply.not-confirmed": _of_wizard(
        title="the change is not confirmed",
        message="Nothing was changed, because the change was not confirmed.",
        why="A server is changed only when the operator confirms.",
        fix="Start again when you are ready.",
        cases={
            "nobody": Case(
                "Confirmation is required. Without a terminal, use --yes.",
                fix="Read what will be done, then add --yes.",
            ),
        },
    ),
    "checklist.none": Text(
        title="there is no checklist on this machine",
        message="This machine has no list of what is left to do yet.",
        why="The last step of a set-up creates it. It can also be created from an answers file.",
        fix="Use --answers FILE, or run the wizard to its end.",
        source="interface of the checklist command",
    ),
    "cloud.ask-vendor": Text(
        title="ask the vendor about the cloud",
        message="Ask your vendor first: its pages contradict each other.",
        why="The vendor's PKI page says that only an on-premises primary supports your own CA "
        "certificates. The chapter on trusted certificates only leaves out the primary's step.",
        fix="Ask whether your cloud supports your own CA certificates. If you leave, your "
        "answers are kept. Continue only after a yes, or at your own risk.",
        source="vendor page PKI and encryption; manual, Setup preparation",
    ),
    "conf.not-set": Text(
        title="the setting is missing",
        message="{file} does not set {path}",
        why="There is no value to show.",
        fix="Check the path. It begins at the root of the file.",
        source="HOCON specification",
        cases={
            "elsewhere": Case(fix="The same key is at {places}."),
        },
    ),
    "conf.unreadable-file": Text(
        title="file cannot be read",
        message="{file}: {reason}",
        why="Without the file, no value can be read or changed.",
        fix="Check its path and its mode, or run the command as root.",
        source="POSIX open",
    ),
    "conf.value-file": Text(
        title="the value file has several lines",
        message="{file} contains more than one line",
        why="A password or path almost never contains a line break.",
        fix="Write only the value into the file. A line break at its end is ignored.",
        source="interface of the conf command",
        cases={
            "not-utf-8": Case("{file} contains bytes that are not UTF-8"),
        },
    ),
    "csr.answers-or-host": _of_csr(
        title="Neither answers nor a machine is given",
        message="Neither --answers nor --role with --host is given.",
        why="It must be clear which machines get a key and a request.",
        fix="Use --answers FILE for all its machines, or --role and --host for one.",
        cases={
            "both": Case(
                "--answers cannot be used with --role, --host or --san.",
                "Leave these out: the answers name the machines and their hosts.",
            ),
        },
    ),
    "csr.exists": _of_csr(
        title="The request already exists",
        message="{file} already exists.",
        why="With a new key the CA's answer to the first request would be useless.",
        fix="Add the answer with --complete, or choose another folder.",
    ),
    "csr.no-certificate-yet": _of_csr(
        title="The certificate of a machine is missing",
        message="No certificate for {role} {host} is among the files.",
        why="The machine cannot be set up without it. The others are complete.",
        fix="Ask the PKI team for it. Then run the command again.",
    ),
    "csr.no-key": _of_csr(
        title="The key of the request is missing",
        message="{file} does not exist.",
        why="The answer works only with that key.",
        fix="Use the folder that was given with --out when the request was made.",
        cases={
            "empty": Case("{file} contains no private key."),
            "kind": Case("The key of {file} is neither RSA nor elliptic curve.", "Remove it, and make a new one."),
            "request": Case(
                "{file} contains no certificate request.", "Remove it. The next run makes it again from its key."
            ),
        },
    ),
    "csr.no-machine": _of_csr(
        title="No machine needs a certificate",
        message="The answers name no machine that needs a certificate.",
        why="There is nothing to request.",
        fix="Add [primary], [[gateway]] or [[client]] with its host to the answers.",
        cases={
            "primary": Case(
                "The answers do not name the host of the primary.",
                'Add host = "..." to [primary]: the name that gateways connect to.',
            ),
        },
    ),
    "csr.passwords-differ": _of_csr(
        title="The two passwords differ",
        message="The password and its repetition are not the same.",
        why="With a typing error the key could never be opened again.",
        fix="Type both again.",
    ),
    "csr.unknown-certificate": _of_csr(
        title="A certificate belongs to no request",
        message="{name} in {file} was issued for none of these keys.",
        why="It was issued for another request, or its file is not one of this answer.",
        fix="Remove the file, or ask the PKI team which request it answers.",
    ),
    "findings.unknown-code": Text(
        title="Unknown code",
        message="'{code}' is not in the catalogue.",
        why="It may be misspelt, or come from another version.",
        fix="For the list, run findings without a code.",
        source="interface of the findings command",
        cases={
            "near": Case(fix="Did you mean {near}?"),
        },
    ),
    "guide.unknown-topic": Text(
        title="there is no such topic",
        message="'{name}' is not a topic of the guide.",
        why="The guide has one page for each topic.",
        fix="Topics:\n{topics}",
        source="interface of the guide command",
    ),
    "output.failed": Text(
        title="Standard output cannot be written",
        message="standard output cannot be written: {reason}",
        why="What was not written is lost. A change that was made is not undone.",
        fix="Redirect it to a file on a disk with free space, and run the command again.",
    ),
    "password.differs": _of_wizard(
        title="the two passwords differ",
        message="The two passwords are not the same.",
        why="With a typing error nobody could open the store.",
        fix="Type both again, or let the wizard generate one.",
        cases={
            "fields": Case("The two passwords differ.", fix="Both fields are empty again. Type the password twice."),
        },
    ),
    "probe.bad-endpoint": Text(
        title="Invalid endpoint",
        message="{endpoint} is not HOST:PORT.",
        why="Without host and port the probe cannot connect.",
        fix="Write primary-host:2560, 10.0.0.5:2560 or [2001:db8::5]:2560.",
        source=_PROBE,
    ),
    "probe.no-certificate-in-file": Text(
        title="No certificate to compare with",
        message="{path} contains no certificate that a server could present.",
        why="Without it the probe cannot recognise the right certificate.",
        fix="Use the PFX or the certificate that was installed, or its SHA-256 fingerprint.",
        source=_PROBE,
    ),
    "probe.no-client-key": Text(
        title="No client certificate with a key in the file",
        message="{path} contains no certificate with its private key.",
        why="A client must prove that it has the key.",
        fix="Use the PFX of a gateway or client, with its private key.",
        source="RFC 8446, section 4.4.3",
    ),
    "renewal.cloud": _of_design(
        title="nothing is renewed on this machine",
        message="The primary runs in the vendor's cloud, so no certificate is installed here.",
        why="LAST renews the certificate of the machine that the wizard runs on.",
        fix="Make new bundles for gateways and clients: cloudstream-wizard handoff",
    ),
    "renewal.no-files": Text(
        title="the renewed files are not there",
        message="{tool} names its renewed files, and one is not there: {file}",
        why="Without the renewed certificate and its key there is nothing to install.",
        fix="Check that {tool} has written its files and that this account can read them.",
        source="documentation of certbot, acme.sh, lego and step about hooks",
    ),
    "renewal.other-root": Text(
        title="the renewed certificate is under another root",
        message="The renewed certificate is under another root than before: {root}",
        why="Gateways and clients that do not trust that root yet would go offline.",
        fix="Start the wizard and choose Replace certificates, which shows the order of work. Nothing was changed.",
        source="domain facts, section 5",
    ),
    "rescue.by-hand": _of_hint(
        title="the wizard cannot make this repair",
        message="The wizard cannot fix this: {reason}",
        why="The cause is outside this machine, or the wizard lacks something.",
    ),
    "rescue.nothing-wrong": _of_design(
        title="nothing is wrong",
        message="The doctor found nothing to repair.",
        why="No cause was found that a repair could remove.",
        fix="You can leave the wizard.",
    ),
    "sandbox.cannot-write": _of_sandbox(
        title="The wizard cannot write to the folder",
        message="nothing can be written to {folder}: {reason}",
        fix="Choose a folder that this account can write to.",
        cases={
            "temporary": Case(
                "there is no folder for temporary files: {reason}",
                fix="Choose a folder: cloudstream-wizard sandbox DIR",
            ),
            "noexec": Case(
                "{folder} is on a file system that runs no programs (mount option noexec)",
                fix="Choose a folder elsewhere: cloudstream-wizard sandbox create DIR",
            ),
        },
    ),
    "sandbox.folder-in-use": _of_sandbox(
        title="The folder is not empty",
        message="{folder} is not empty",
        fix="Choose a new or empty folder.",
    ),
    "sandbox.no-keytool": _of_sandbox(
        title="This is not a Java home",
        message="{folder} is not a Java home: bin/keytool or lib/security/cacerts is missing",
        fix="Choose the folder that contains bin/ and lib/.",
    ),
    "sandbox.not-a-deployment": _of_sandbox(
        title="This is not a practice deployment",
        message="{folder} is not a practice deployment",
        fix="Create one: cloudstream-wizard sandbox create DIR",
    ),
    "sandbox.unknown-fault": Text(
        title="Unknown fault",
        message="there is no fault called '{name}'",
        why="Only known faults can be built in.",
        fix="To see all faults: cloudstream-wizard sandbox create --list-faults",
        source="wizard",
    ),
    "settings.unknown": _of_settings(
        title="an unknown default",
        message="{place}: '{name}' is not an option that can be set here",
        why="Only options that name folders and output can have defaults.",
        fix="Remove it, or correct its name.\nPossible: {names}",
    ),
    "settings.unreadable": _of_settings(
        title="the file with defaults cannot be read",
        message="{file}: {reason}",
        why="It contains the defaults of options, as TOML.",
        fix="Correct or remove this file.",
    ),
    "settings.unsafe": _of_settings(
        title="others could change the defaults",
        message="{file} is not a file that only root can write",
        why="It names folders that root writes to.",
        fix="Check its content, then run:\nchown root {file} && chmod 644 {file}",
    ),
    "settings.value": _of_settings(
        title="an invalid default",
        message="{place}: {name} must be {wanted}",
        why="The option takes no other value.",
        fix="Correct the value, or remove it.",
    ),
    "status.not-written": Text(
        title="the figures were not written",
        message="{file}: {reason}",
        why="Without the file, Prometheus keeps the old figures or has none.",
        fix="Name a file in a folder that exists and can be written.",
        source="interface of the status command",
    ),
    "usage.sandbox": _of_wizard(
        title="wrong use of sandbox",
        message="sandbox takes create DIR, serve DIR, or one folder",
        why="It is not clear what to do.",
        fix="For help: cloudstream-wizard sandbox --help",
    ),
    "usage.unknown-command": _of_wizard(
        title="there is no such command",
        message="'{word}' is not a command.",
        why="The word after the options names the command.",
        fix="The list of commands: cloudstream-wizard --help",
        cases={
            "close": Case("'{word}' is not a command. Did you mean '{close}'?"),
        },
    ),
}
