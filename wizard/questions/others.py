"""Questions about the other machines: gateways and clients, and the packs for them and for the nodes of a cluster."""

from wizard.questions.answers import Answers, Goal, OcspProbe, Phase, PrimaryKind
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View


def _replaces_here(answers: Answers) -> bool:
    return answers.goal is Goal.RE_KEY and answers.primary.kind is PrimaryKind.ON_PREMISE


def _prepares_others(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is not PrimaryKind.ELSEWHERE


def _has_others(answers: Answers) -> bool:
    return _prepares_others(answers) and bool(answers.gateway or answers.client)


def _has_packs(answers: Answers) -> bool:
    return _has_others(answers) or (
        answers.goal.installs and answers.primary.kind is PrimaryKind.ON_PREMISE and len(answers.primary.nodes) > 1
    )


def _hands_off_first(answers: Answers) -> bool:
    """Without phases, a new root must be on the other machines before this one shows a certificate under it."""
    return _has_packs(answers) and _replaces_here(answers) and answers.phase.number == 0


def _hands_off_last(answers: Answers) -> bool:
    # When the primary alone gets its certificate, only its other nodes need a bundle.
    several = answers.phase is not Phase.PRIMARY or len(answers.primary.nodes) > 1
    return _has_packs(answers) and several and not _hands_off_first(answers)


def _uses_certificates(answers: Answers) -> bool:
    return _has_others(answers) and not answers.phase.trusts_alone


OTHERS = Step(
    StepId.OTHERS,
    "Gateways and clients",
    questions=(
        Question(
            "others.gateways",
            Ask.TEXT,
            "Gateways to prepare (host names)",
            "Leave empty to do this later.",
            "gateway-host",
            optional=True,
            short="Gateways",
        ),
        Question(
            "others.clients",
            Ask.TEXT,
            "Windows clients with local storage (host names)",
            "Clients without local storage need no certificate.",
            "pcclient-host",
            optional=True,
            short="Windows clients",
        ),
        Question(
            "others.chain",
            Ask.PATHS,
            "Files or folder with their certificates",
            "In a folder, each certificate is found by its host name.",
            "/root/certificates",
            optional=True,
            short="Files for these",
        ),
        Question(
            "others.password",
            Ask.SECRET,
            "Password for these files",
            "Leave empty if it is the primary's password, or if there is none.",
            optional=True,
            flag="--secret gateway.0.password=file:PATH",
            short="Their password",
        ),
    ),
    applies=_prepares_others,
)

OTHERS_VERDICT = Step(
    StepId.OTHERS_VERDICT,
    "Certificates of gateways and clients",
    View.VERDICT,
    role="others",
    applies=_uses_certificates,
)

_PACKS_TITLE = "Bundles for the other machines"
_PACKS = (
    Question(
        "packs",
        Ask.TEXT,
        "Folder for the bundles",
        "A new or empty folder. Each machine gets a folder in it, with a checklist.",
        "/root/cloudstream-packs",
        short="Folder for bundles",
    ),
    Question(
        "account.ocsp-probe",
        Ask.CHOICE,
        "Ask the OCSP responders from this machine?",
        "For the advice about the portal's OCSP settings. This uses the network.",
        choices=(
            Choice(OcspProbe.NO, "No", "only what the certificates say"),
            Choice(OcspProbe.YES, "Yes", "those that the certificates name"),
        ),
        short="Ask responders",
    ),
)

PACKS_FIRST = Step(StepId.HANDOFF_FIRST, _PACKS_TITLE, questions=_PACKS, applies=_hands_off_first)
PACKS_LAST = Step(StepId.HANDOFF, _PACKS_TITLE, questions=_PACKS, applies=_hands_off_last)
