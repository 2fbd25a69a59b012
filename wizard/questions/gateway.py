"""The questions of a run on a gateway: its own files, its primary, its unattended file, its stores."""

from wizard.questions.answers import Answers, ImportRoot, PrimaryKind, SourceKind
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View


def _here(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ELSEWHERE


def _types_password(answers: Answers) -> bool:
    kind = answers.get("gateway.0.keystore-password").kind
    return _here(answers) and not answers.phase.trusts_alone and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


GATEWAY_STEPS: tuple[Step, ...] = (
    Step(
        StepId.GATEWAY_FILES,
        "Certificate of this gateway",
        questions=(
            Question(
                "gateway.0.chain",
                Ask.PATHS,
                "Files with the certificate, its key and its CA certificates",
                "Files or a folder. The type is detected: PFX, PEM, DER, P7B or JKS.",
                "/root/gateway-host.pfx",
                short="Certificate files",
            ),
            Question(
                "gateway.0.password",
                Ask.SECRET,
                "Password for these files",
                "Leave empty if the files have no password.",
                optional=True,
                flag="--secret gateway.0.password=file:PATH",
                short="Their password",
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_VERDICT,
        "What was found in the files",
        View.VERDICT,
        (
            Question(
                "gateway.0.host",
                Ask.TEXT,
                "Host name of this gateway",
                "It must be listed in the certificate.",
                "gateway-host",
                short="This gateway",
            ),
        ),
        role="gateway.0",
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_PRIMARY,
        "Primary server of this gateway",
        questions=(
            Question(
                "primary.host",
                Ask.TEXT,
                "Host name of the primary server, as this gateway uses it",
                "It must be listed in the primary's certificate.",
                "primary-host",
                short="Primary's name",
            ),
            Question(
                "primary.port",
                Ask.TEXT,
                "Port of the primary server",
                "The port of the internal TLS connection.",
                "2560",
                short="Primary's port",
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_TRUST,
        "Trust in the primary server",
        questions=(
            Question(
                "primary.import-root",
                Ask.CHOICE,
                "Create a trust store for this gateway?",
                "It holds the root CA of the primary server, unless that is a public one.",
                choices=(
                    Choice(ImportRoot.AUTO, "Yes", "unless its root is a public one"),
                    Choice(ImportRoot.NO, "No", "the root is public, as in a cloud"),
                ),
                short="Trust store",
            ),
            Question(
                "primary.chain",
                Ask.PATHS,
                "Root CA of the primary server, if it is another one",
                "Leave empty to use the root of this gateway's own chain.",
                "/root/Acme-CA-Root.cer",
                optional=True,
                otherwise="that of this gateway's own chain",
                short="Primary's root",
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_UNATTENDED,
        "Unattended file of this gateway",
        questions=(
            Question(
                "gateway.0.unattended-file",
                Ask.PATHS,
                "File that the unattended installation reads",
                "Four settings are changed in it, nothing else.",
                "/root/unattended.conf",
                short="Unattended file",
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_STORES,
        "Stores of this gateway",
        questions=(
            Question(
                "gateway.0.keystore-path",
                Ask.TEXT,
                "Where to store the key store file",
                "A full path. Leave empty for /etc/cloudstream-tls, named after the host.",
                "/etc/cloudstream-tls/gateway-host.pfx",
                optional=True,
                otherwise="in /etc/cloudstream-tls",
                short="Key store",
            ),
            Question(
                "gateway.0.truststore-path",
                Ask.TEXT,
                "Where to store the trust store file",
                "A full path. Leave empty for /etc/cloudstream-tls, named after the root.",
                "/etc/cloudstream-tls/acme-ca-root.pfx",
                optional=True,
                otherwise="in /etc/cloudstream-tls",
                short="Trust store's place",
            ),
            Question(
                "gateway.0.keystore-password",
                Ask.CHOICE,
                "Password of the key store",
                "It is written to the unattended file.",
                choices=(
                    Choice(SourceKind.GENERATE, "Generate one", "strong; works in every file that needs it"),
                    Choice(SourceKind.KEEP, "Keep the installed password", "if the file names a store already"),
                    Choice(SourceKind.PROMPT, "Type one", "you type it twice"),
                ),
                short="Key store password",
            ),
        ),
        applies=_here,
    ),
    Step(
        StepId.GATEWAY_STORE_PASSWORD,
        "Password of the key store",
        questions=(
            Question(
                "gateway.0.keystore-password",
                Ask.NEW_SECRET,
                "New password for the key store",
                "At least 6 letters, digits, dots, hyphens and underscores.",
                flag="--secret gateway.0.keystore-password=file:PATH",
                short="New password",
            ),
        ),
        applies=_types_password,
    ),
)
