"""The questions of a run on a gateway: its own files, the primary that it dials, its unattended file, its stores."""

from wizard.questions.answers import Answers, ImportRoot, PrimaryKind, SourceKind
from wizard.questions.model import Ask, Choice, Question, Step, View


def _here(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ELSEWHERE


def _types_password(answers: Answers) -> bool:
    kind = answers.get("gateway.0.keystore-password").kind
    return _here(answers) and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


GATEWAY_STEPS: tuple[Step, ...] = (
    Step(
        "gateway-files",
        "Certificate of this gateway",
        questions=(
            Question(
                "gateway.0.chain",
                Ask.PATHS,
                "Which files hold the certificate, its key and its CA certificates?",
                "Files or a folder; PFX, PEM, DER, P7B and JKS are told by content.",
                "/root/gateway-host.pfx",
                short="Certificate files",
            ),
            Question(
                "gateway.0.password",
                Ask.SECRET,
                "Which password opens them?",
                "Leave it empty when nothing is protected.",
                optional=True,
                flag="--secret gateway.0.password=file:PATH",
                short="Their password",
            ),
        ),
        applies=_here,
    ),
    Step(
        "gateway-verdict",
        "What was found in the files",
        View.VERDICT,
        (
            Question(
                "gateway.0.host",
                Ask.TEXT,
                "Which host name does this gateway have?",
                "It must stand in the certificate.",
                "gateway-host",
                short="This gateway",
            ),
        ),
        role="gateway.0",
        applies=_here,
    ),
    Step(
        "gateway-primary",
        "The primary of this gateway",
        questions=(
            Question(
                "primary.host",
                Ask.TEXT,
                "By which name does this gateway dial the primary?",
                "The name must stand in the primary's certificate.",
                "primary-host",
                short="Primary's name",
            ),
            Question(
                "primary.port",
                Ask.TEXT,
                "On which port?",
                "The port of the internal TLS link.",
                "2560",
                short="Primary's port",
            ),
        ),
        applies=_here,
    ),
    Step(
        "gateway-trust",
        "Trust in the primary",
        questions=(
            Question(
                "primary.import-root",
                Ask.CHOICE,
                "Shall this gateway get a trust store?",
                "It holds the root of the primary, unless Java brings that root.",
                choices=(
                    Choice(ImportRoot.AUTO, "Yes", "unless its root is a public one"),
                    Choice(ImportRoot.NO, "No", "the root is public, as in a cloud"),
                ),
                short="Trust store",
            ),
            Question(
                "primary.chain",
                Ask.PATHS,
                "Where is the primary's root, if it is another one?",
                "Certificates alone. Empty: the root of this gateway's own chain.",
                "/root/Acme-CA-Root.cer",
                optional=True,
                otherwise="that of this gateway's own chain",
                short="Primary's root",
            ),
        ),
        applies=_here,
    ),
    Step(
        "gateway-unattended",
        "Unattended file of this gateway",
        questions=(
            Question(
                "gateway.0.unattended-file",
                Ask.PATHS,
                "Which file does the unattended installation read?",
                "Four settings are changed in it; every other byte stays.",
                "/root/unattended.conf",
                short="Unattended file",
            ),
        ),
        applies=_here,
    ),
    Step(
        "gateway-stores",
        "Stores of this gateway",
        questions=(
            Question(
                "gateway.0.keystore-path",
                Ask.TEXT,
                "Where shall the key store lie?",
                "A full path. Empty: in /etc/cloudstream-tls, named after the host.",
                "/etc/cloudstream-tls/gateway-host.pfx",
                optional=True,
                otherwise="in /etc/cloudstream-tls",
                short="Key store",
            ),
            Question(
                "gateway.0.truststore-path",
                Ask.TEXT,
                "Where shall the trust store lie?",
                "A full path. Empty: in /etc/cloudstream-tls, named after the root.",
                "/etc/cloudstream-tls/acme-ca-root.pfx",
                optional=True,
                otherwise="in /etc/cloudstream-tls",
                short="Trust store's place",
            ),
            Question(
                "gateway.0.keystore-password",
                Ask.CHOICE,
                "Which password shall the key store have?",
                "It is written into the unattended file.",
                choices=(
                    Choice(SourceKind.GENERATE, "Generate one", "strong, and safe for every reader"),
                    Choice(SourceKind.KEEP, "Keep the installed one", "when the file names a store already"),
                    Choice(SourceKind.PROMPT, "Type one", "asked twice"),
                ),
                short="Key store password",
            ),
        ),
        applies=_here,
    ),
    Step(
        "gateway-store-password",
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
