"""The titles of the steps and the texts of the questions.

A question's id is its key, and one word more where the same key is asked in several ways.
"""

from collections.abc import Mapping
from functools import partial

from wizard.texts.model import ChoiceText, QuestionText

TITLES: Mapping[str, str] = {
    "goal": "What to do",
    "place": "Where the primary server runs",
    "cloud": "Primary in the vendor's cloud",
    "primary-files": "Certificate of the primary server",
    "primary-verdict": "What was found in the files",
    "primary-store": "Key store of the primary server",
    "primary-store-again": "Key store of the primary server",
    "primary-store-password": "Password of the key store",
    "gateway-files": "Certificate of this gateway",
    "gateway-verdict": "What was found in the files",
    "gateway-primary": "Primary server of this gateway",
    "gateway-trust": "Trust in the primary server",
    "gateway-unattended": "Unattended file of this gateway",
    "gateway-stores": "Stores of this gateway",
    "gateway-store-password": "Password of the key store",
    "others": "Gateways and clients",
    "others-verdict": "Certificates of gateways and clients",
    "portal": "OCSP settings of the portal",
    "handoff-first": "Bundles for the other machines",
    "examine": "What is wrong",
    "undo": "Undo a change",
    "maintain": "Stores of this primary server",
    "maintain-password": "Password of the key store",
    "maintain-alias": "Alias of the certificate",
    "review": "Review",
    "confirm": "Apply",
    "apply": "Applying",
    "examine-again": "Check after the repair",
    "handoff": "Bundles for the other machines",
    "elsewhere": "What is left to do",
}
"""By the id of the step."""

_PLACES = {
    "on-premise": ChoiceText("On this machine", "on premises"),
    "cloud": ChoiceText("In the vendor's cloud", "ask your vendor first"),
    "elsewhere": ChoiceText("On another machine", "this one is a gateway"),
}
_PHASES = {
    "trust-root": ChoiceText("Trust the new root", "everywhere, in addition to the old one"),
    "others": ChoiceText("New certificates", "on gateways and clients"),
    "primary": ChoiceText("New primary certificate", "one restart of the primary"),
    "retire-root": ChoiceText("Remove the old root", "when nobody uses it any more"),
    "at-once": ChoiceText("All phases at once", "gateways and clients go offline"),
}

_phase = partial(QuestionText, label="Which phase of the root CA change comes next?", short="Phase", choices=_PHASES)
_kind = partial(QuestionText, label="Where does the primary server run?", short="Primary server", choices=_PLACES)
_new_password = partial(QuestionText, label="New password for the key store", short="New password")
_repair = partial(QuestionText, label="Password of the key store", short="Password for the repair")
_FILE_PASSWORD = QuestionText(
    label="Password for these files",
    help="Leave empty if the files have no password.",
    short="File password",
)

QUESTIONS: Mapping[str, QuestionText] = {
    "goal": QuestionText(
        label="What do you want to do?",
        help="The wizard shows every change before it makes it.",
        short="Goal",
        choices={
            "set-up": ChoiceText("Set up trusted certificates", "first installation"),
            "re-key": ChoiceText("Replace certificates", "new ones for installed ones"),
            "rescue": ChoiceText("Something is wrong", "find the cause and repair it"),
            "undo": ChoiceText("Undo a change", "restore an earlier state"),
            "left-to-do": ChoiceText("See what is left to do", "portal, gateways and clients"),
            "maintain-stores": ChoiceText("Maintain the stores", "password, alias, built-in, expired CA"),
        },
    ),
    "primary.kind": _kind(
        help="This decides what is done on this machine.",
    ),
    "primary.kind.prefilled": _kind(
        help="The answers of the run of {day} are filled in; change what is different.",
    ),
    "primary.cloud-support": QuestionText(
        label="Has your vendor confirmed support for your own CA certificates?",
        help="The vendor's PKI page says that only an on-premises primary supports them.",
        short="The vendor's cloud",
        choices={
            "unclear": ChoiceText("Not yet", "stop here and ask your vendor"),
            "accepted": ChoiceText("Yes", "or continue at your own risk"),
        },
    ),
    "primary.host.cloud": QuestionText(
        label="Address that gateways and clients connect to",
        help="It is written into the bundles and their checks.",
        example="primary.example.com",
        short="Host name",
    ),
    "primary.cloud-authorities": QuestionText(
        label="Files with the CA certificates of that address",
        help="Leave empty if the public CAs of their Java are enough.",
        example="/root/vendor-root.cer",
        short="CA files of cloud",
    ),
    "primary.endpoints": QuestionText(
        label="Address and port of this server (add other cluster nodes, if any)",
        help="The change is checked there. Run the wizard on every node of a cluster.",
        example="localhost:2560 primary-2:2560",
        short="Address",
    ),
    "primary.chain": QuestionText(
        label="Files with the certificate, its key and its CA certificates",
        help="Files or a folder. The type is detected: PFX, PEM, DER, P7B or JKS.",
        example="/root/primary-host.pfx",
        short="Certificate files",
    ),
    "primary.password": _FILE_PASSWORD,
    "primary.host": QuestionText(
        label="Host name that gateways and clients connect to",
        help="It must be listed in the certificate.",
        example="primary-host",
        short="Host name",
    ),
    "primary.keystore-password": QuestionText(
        label="Password of the new key store",
        help="It is written to application.conf, where the server reads it.",
        short="Key store password",
        choices={
            "generate": ChoiceText("Generate one", "strong; works in every file that needs it"),
            "keep": ChoiceText("Keep the installed password", "application.conf keeps its value"),
            "prompt": ChoiceText("Type one", "you type it twice"),
        },
    ),
    "primary.keystore-password.new": _new_password(
        help="At least 6 printable ASCII characters; Java accepts nothing else.",
    ),
    "primary.keystore-password.repair": _repair(
        help="Only if the repair needs it; otherwise leave it empty.",
    ),
    "primary.keystore-password.repair-store": _repair(
        help="The one in application.conf does not open it; whoever made the file knows it.",
    ),
    "primary.keystore-password.repair-key": QuestionText(
        label="Password of the private key",
        help="The key has its own password; whoever made the file knows it.",
        short="Password for the repair",
    ),
    "primary.import-root": QuestionText(
        label="Add your root CA to the server's Java trust store?",
        help="Needed for a private CA; public CAs are already there.",
        short="Root in cacerts",
        choices={
            "auto": ChoiceText("Yes, if missing", "compared by fingerprint"),
            "no": ChoiceText("No, leave cacerts as it is"),
        },
    ),
    "roots": QuestionText(
        label="Is {root:.40} the root of your own PKI?",
        help="It is in cacerts, but not in the list of public roots.",
        short="Root {root:.20}",
        choices={
            "private": ChoiceText("Yes, our own", "add it to the portal and trust stores"),
            "public": ChoiceText("No, of a public CA", "every Java already has it"),
        },
    ),
    "gateway.0.chain": QuestionText(
        label="Files with the certificate, its key and its CA certificates",
        help="Files or a folder. The type is detected: PFX, PEM, DER, P7B or JKS.",
        example="/root/gateway-host.pfx",
        short="Certificate files",
    ),
    "gateway.0.password": _FILE_PASSWORD,
    "gateway.0.host": QuestionText(
        label="Host name of this gateway",
        help="It must be listed in the certificate.",
        example="gateway-host",
        short="This gateway",
    ),
    "primary.host.gateway": QuestionText(
        label="Host name of the primary server, as this gateway uses it",
        help="It must be listed in the primary's certificate.",
        example="primary-host",
        short="Primary's name",
    ),
    "primary.port": QuestionText(
        label="Port of the primary server",
        help="The port of the internal TLS connection.",
        example="2560",
        short="Primary's port",
    ),
    "primary.import-root.gateway": QuestionText(
        label="Create a trust store for this gateway?",
        help="It contains the root CA of the primary server, unless that is a public one.",
        short="Trust store",
        choices={
            "auto": ChoiceText("Yes", "unless its root is a public one"),
            "no": ChoiceText("No", "the root is public, as in a cloud"),
        },
    ),
    "primary.chain.gateway": QuestionText(
        label="Root CA of the primary server, if it is a different one",
        help="Leave empty to use the root of this gateway's own chain.",
        example="/root/Acme-CA-Root.cer",
        short="Primary's root",
        empty="that of this gateway's own chain",
    ),
    "gateway.0.unattended-file": QuestionText(
        label="File that the unattended installation reads",
        help="Four settings are changed in it, nothing else.",
        example="/root/unattended.conf",
        short="Unattended file",
    ),
    "gateway.0.keystore-path": QuestionText(
        label="Where to store the key store file",
        help="A full path. Leave empty for /etc/cloudstream-tls, named after the host.",
        example="/etc/cloudstream-tls/gateway-host.pfx",
        short="Key store",
        empty="in /etc/cloudstream-tls",
    ),
    "gateway.0.truststore-path": QuestionText(
        label="Where to store the trust store file",
        help="A full path. Leave empty for /etc/cloudstream-tls, named after the root.",
        example="/etc/cloudstream-tls/acme-ca-root.pfx",
        short="Trust store path",
        empty="in /etc/cloudstream-tls",
    ),
    "gateway.0.unattended-repair": QuestionText(
        label="Repair the damage in the unattended file?",
        help="{damage}",
        short="Repair this file",
        choices={
            "yes": ChoiceText("Yes", "the review shows each line"),
            "no": ChoiceText("No", "leave it as it is"),
        },
    ),
    "gateway.0.unattended-restrict": QuestionText(
        label="Stop other accounts from reading the unattended file?",
        help="Every account can read it, and it will contain passwords. New mode: {mode}.",
        short="Restrict this file",
        choices={
            "yes": ChoiceText("Yes", "only owner and group can read it"),
            "no": ChoiceText("No", "leave it as it is"),
        },
    ),
    "gateway.0.keystore-password": QuestionText(
        label="Password of the key store",
        help="It is written to the unattended file.",
        short="Key store password",
        choices={
            "generate": ChoiceText("Generate one", "strong; works in every file that needs it"),
            "keep": ChoiceText("Keep the installed password", "if the file names a store already"),
            "prompt": ChoiceText("Type one", "you type it twice"),
        },
    ),
    "gateway.0.keystore-password.new": _new_password(
        help="At least 6 letters, digits, dots, hyphens and underscores.",
    ),
    "others.gateways": QuestionText(
        label="Gateways to prepare (host names)",
        help="Leave empty to do this later.",
        example="gateway-host",
        short="Gateways",
    ),
    "others.clients": QuestionText(
        label="Windows clients with local storage (host names)",
        help="Clients without local storage need no certificate.",
        example="pcclient-host",
        short="Windows clients",
    ),
    "others.chain": QuestionText(
        label="Files or folder with their certificates",
        help="In a folder, each certificate is found by its host name.",
        example="/root/certificates",
        short="Files for bundles",
    ),
    "others.password": QuestionText(
        label="Password for these files",
        help="Leave empty if it is the primary's password, or if there is none.",
        short="Their password",
    ),
    "packs": QuestionText(
        label="Folder for the bundles",
        help="A new or empty folder. Each machine gets a folder in it, with a checklist.",
        example="/root/cloudstream-packs",
        short="Folder for bundles",
    ),
    "maintenance": QuestionText(
        label="What do you want to change?",
        help="The certificate stays the same, unless you choose the built-in one.",
        short="Stores",
        choices={
            "password": ChoiceText("Password of the key store", "new one, set in application.conf too"),
            "alias": ChoiceText("Alias of the certificate", "the name of its entry in the key store"),
            "built-in": ChoiceText("Built-in certificate again", "switch the portal's policy first"),
            "remove-ca": ChoiceText("Remove expired CAs", "those that the wizard added to cacerts"),
        },
    ),
    "primary.alias": QuestionText(
        label="Alias of the entry in the key store",
        help="Letters, digits, dots, hyphens and underscores; Java ignores their case.",
        example="primary-host",
        short="Alias",
    ),
    "account.ocsp-check": QuestionText(
        label="Check certificates by OCSP? (revocation check in the portal)",
        help="With On, the portal refuses certificates that were revoked.",
        short="OCSP check",
        choices={
            "unchanged": ChoiceText("Leave it as it is", "if nobody asked for a change"),
            "off": ChoiceText("Off", "no revocation check"),
            "on": ChoiceText("On", "each certificate is checked"),
        },
    ),
    "account.ocsp-url": QuestionText(
        label="Address of your own OCSP responder",
        help="Only used with On. Leave empty to use the responder in each certificate.",
        example="http://ocsp.acme.example",
        short="OCSP address",
        empty="as the certificates say",
    ),
    "account.ocsp-probe": QuestionText(
        label="Ask the OCSP responders from this machine?",
        help="The advice above then shows their answers. This uses the network.",
        short="Ask responders",
        choices={
            "no": ChoiceText("No", "only what the certificates say"),
            "yes": ChoiceText("Yes", "those that the certificates name"),
        },
    ),
    "phase": _phase(
        help="The root changes. Each phase is a change of its own and can be undone.",
    ),
    "phase.unknown": _phase(
        help="Not known from here: are all gateways and clients ready for the next phase?",
    ),
    "phase.open-steps": _phase(
        help="Other machines still have open steps. If you skip them, they go offline.",
    ),
    "change": QuestionText(
        label="Select the change to undo",
        help="Its files are restored; the undo can be undone, too.",
        example="0001-20261124T101530Z",
        short="Change to undo",
    ),
}
"""By the id of the question; `{root}` is the name of a root."""
