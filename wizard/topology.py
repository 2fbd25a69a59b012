"""Questions about where the primary is: its nodes and port, or the vendor's cloud."""

from wizard.answers import ENDPOINTS, Answers, CloudSupport, PrimaryKind
from wizard.asking import Ask, Choice, Question, Step


def _in_cloud(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.CLOUD


WHERE = Question(
    ENDPOINTS,
    Ask.TEXT,
    "Where does this server answer? In a cluster, name its other nodes too.",
    "Each other node needs its own run.",
    "localhost:2560 primary-2:2560",
    short="Answers at",
)

CLOUD = Step(
    "cloud",
    "Primary in the vendor's cloud",
    questions=(
        Question(
            "primary.cloud-support",
            Ask.CHOICE,
            "Does your vendor's cloud take trusted CA certificates?",
            "Warning: the vendor's PKI page says only an on-premise primary does.",
            choices=(
                Choice(CloudSupport.UNCLEAR, "Not known", "stop here and ask your vendor"),
                Choice(CloudSupport.ACCEPTED, "Go on", "the vendor said yes, or at your own risk"),
            ),
            short="The vendor's cloud",
        ),
        Question(
            "primary.host",
            Ask.TEXT,
            "Which address do gateways and clients dial?",
            "It goes into the packs and their checks.",
            "primary.example.com",
            short="Host name",
        ),
        Question(
            "primary.cloud-authorities",
            Ask.PATHS,
            "Which files hold the CA certificates of that address?",
            "Empty: gateways trust the public CAs that Java brings.",
            "/root/vendor-root.cer",
            optional=True,
            short="CA files of it",
        ),
    ),
    applies=_in_cloud,
)
