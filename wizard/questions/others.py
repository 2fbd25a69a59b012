"""Questions about the other machines: gateways and clients, and the packs for them and for the nodes of a cluster."""

from wizard.questions.answers import OCSP_CHECK, OCSP_URL, Answers, Goal, OcspProbe, PrimaryKind
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
    """A new root must be on the other machines before this one shows a certificate under it."""
    return _has_packs(answers) and _replaces_here(answers)


def _hands_off_last(answers: Answers) -> bool:
    return _has_packs(answers) and not _replaces_here(answers)


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
    StepId.OTHERS_VERDICT, "Certificates of gateways and clients", View.VERDICT, role="others", applies=_has_others
)

PORTAL = Step(
    StepId.PORTAL,
    "OCSP settings of the portal",
    questions=(
        Question(
            OCSP_CHECK,
            Ask.CHOICE,
            "Check certificates by OCSP? (revocation check in the portal)",
            "The portal then refuses certificates that were revoked.",
            choices=(
                Choice("unchanged", "Leave it as it is", "if nobody asked for a change"),
                Choice("off", "Off", "no revocation check"),
                Choice("on", "On", "each certificate is checked"),
            ),
            short="OCSP check",
        ),
        Question(
            OCSP_URL,
            Ask.TEXT,
            "Address of your own OCSP responder",
            "Counts with On. Leave empty to use what each certificate names.",
            "http://ocsp.acme.example",
            optional=True,
            otherwise="as the certificates say",
            short="OCSP address",
        ),
        Question(
            "account.ocsp-probe",
            Ask.CHOICE,
            "Ask the OCSP responders from this machine?",
            "The advice above then says what they answered. This uses the network.",
            choices=(
                Choice(OcspProbe.NO, "No", "only what the certificates say"),
                Choice(OcspProbe.YES, "Yes", "those that the certificates name"),
            ),
            short="Ask responders",
        ),
    ),
    applies=_prepares_others,
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
)

PACKS_FIRST = Step(StepId.HANDOFF_FIRST, _PACKS_TITLE, questions=_PACKS, applies=_hands_off_first)
PACKS_LAST = Step(StepId.HANDOFF, _PACKS_TITLE, questions=_PACKS, applies=_hands_off_last)
