"""The questions in their order, for every face: full screen, plain lines and headless.

A step is what is asked in one go; a question fills one key of the answers (or one secret). Which steps there are
follows from the answers alone, so going back and changing one makes others come and go.
"""

from wizard.questions.answers import ENDPOINTS, Answers, CloudSupport, Goal, PrimaryKind, SourceKind
from wizard.questions.gateway import GATEWAY_STEPS
from wizard.questions.model import Ask, Choice, Question, Step, View
from wizard.questions.others import OTHERS, OTHERS_VERDICT, PACKS_FIRST, PACKS_LAST


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

__all__ = ["DEFAULT_WAIT_S", "Ask", "Choice", "Question", "Step", "View", "after", "before", "steps"]

DEFAULT_WAIT_S = 300.0
"""How long the server may take to answer after the restart, in seconds: the vendor documents no bound."""


def _installs(answers: Answers) -> bool:
    return answers.goal.installs


def _on_premise(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.ON_PREMISE


def _rescues(answers: Answers) -> bool:
    return answers.goal is Goal.RESCUE


def _undoes(answers: Answers) -> bool:
    return answers.goal is Goal.UNDO


def _changes(answers: Answers) -> bool:
    if answers.goal.installs:
        return answers.primary.kind is not PrimaryKind.CLOUD
    return answers.goal is not Goal.LEFT


def _sets_up_here(answers: Answers) -> bool:
    return _on_premise(answers) and answers.goal is Goal.SET_UP


def _re_keys_here(answers: Answers) -> bool:
    return _on_premise(answers) and answers.goal is Goal.RE_KEY


def _types_store_password(answers: Answers) -> bool:
    kind = answers.primary.keystore_password.kind
    return _on_premise(answers) and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


def _leaves_something(answers: Answers) -> bool:
    return answers.goal.installs or answers.goal is Goal.LEFT


def _store_password(*choices: Choice) -> Question:
    return Question(
        "primary.keystore-password",
        Ask.CHOICE,
        "Which password shall the new key store have?",
        "It is written into application.conf, where the server reads it.",
        choices=choices,
        short="Key store password",
    )


_GENERATE = Choice("generate", "Generate one", "strong, and safe for every reader")
_TYPE = Choice("prompt", "Type one", "asked twice")
_IMPORT_ROOT = Question(
    "primary.import-root",
    Ask.CHOICE,
    "Shall the root be trusted by the server's Java?",
    "A private root must stand in cacerts; a public one does already.",
    choices=(
        Choice("auto", "If it is not there yet", "looked up by fingerprint"),
        Choice("no", "Leave cacerts alone"),
    ),
    short="Root in cacerts",
)

_STEPS: tuple[Step, ...] = (
    Step(
        "goal",
        "What to do",
        View.FACTS,
        (
            Question(
                "goal",
                Ask.CHOICE,
                "What do you want to do?",
                "The wizard shows every change before it makes one.",
                choices=(
                    Choice(Goal.SET_UP, "Set up trusted certificates", "first installation"),
                    Choice(Goal.RE_KEY, "Replace certificates", "new ones in place of installed ones"),
                    Choice(Goal.RESCUE, "Something is wrong", "find the cause and repair it"),
                    Choice(Goal.UNDO, "Undo a change", "bring an earlier state back"),
                    Choice(Goal.LEFT, "See what is left to do", "portal, gateways, clients: a list to tick"),
                ),
                short="Goal",
            ),
        ),
    ),
    Step(
        "place",
        "Where the primary runs",
        questions=(
            Question(
                "primary.kind",
                Ask.CHOICE,
                "Where does the primary server run?",
                "Its place decides what is done on this machine.",
                choices=(
                    Choice(PrimaryKind.ON_PREMISE, "On this machine", "on-premise"),
                    Choice(
                        PrimaryKind.CLOUD, "In the vendor's cloud", "its own steps are skipped; ask your vendor first"
                    ),
                    Choice(PrimaryKind.ELSEWHERE, "On another machine", "this one is a gateway"),
                ),
                short="Primary server",
            ),
        ),
        applies=_installs,
    ),
    CLOUD,
    Step(
        "primary-files",
        "Certificate of the primary",
        questions=(
            WHERE,
            Question(
                "primary.chain",
                Ask.PATHS,
                "Which files hold the certificate, its key and its CA certificates?",
                "Files or a folder; PFX, PEM, DER, P7B and JKS are told by content.",
                "/root/primary-host.pfx",
                short="Certificate files",
            ),
            Question(
                "primary.password",
                Ask.SECRET,
                "Which password opens them?",
                "Leave it empty when nothing is protected.",
                optional=True,
                flag="--secret primary.password=file:PATH",
                short="Their password",
            ),
        ),
        applies=_on_premise,
    ),
    Step(
        "primary-verdict",
        "What was found in the files",
        View.VERDICT,
        (
            Question(
                "primary.host",
                Ask.TEXT,
                "Which host name do gateways and clients dial?",
                "It must stand in the certificate; they check it.",
                "primary-host",
                short="Host name",
            ),
        ),
        role="primary",
        applies=_on_premise,
    ),
    Step(
        "primary-store",
        "Key store of the primary",
        questions=(
            _store_password(_GENERATE, _TYPE),
            _IMPORT_ROOT,
        ),
        applies=_sets_up_here,
    ),
    Step(
        "primary-store-again",
        "Key store of the primary",
        questions=(
            _store_password(
                _GENERATE, Choice("keep", "Keep the installed one", "application.conf stays as it is"), _TYPE
            ),
            _IMPORT_ROOT,
        ),
        applies=_re_keys_here,
    ),
    Step(
        "primary-store-password",
        "Password of the key store",
        questions=(
            Question(
                "primary.keystore-password",
                Ask.NEW_SECRET,
                "New password for the key store",
                "At least 6 printable ASCII characters; Java accepts nothing else.",
                flag="--secret primary.keystore-password=file:PATH",
                short="New password",
            ),
        ),
        applies=_types_store_password,
    ),
    *GATEWAY_STEPS,
    OTHERS,
    OTHERS_VERDICT,
    Step(
        "examine",
        "What is wrong",
        View.DIAGNOSIS,
        (
            Question(
                "primary.keystore-password",
                Ask.SECRET,
                "Which password opens the key store?",
                "Only when the repair asks for it; otherwise leave it empty.",
                optional=True,
                flag="--secret primary.keystore-password=file:PATH",
                short="Password for the repair",
            ),
        ),
        applies=_rescues,
    ),
    Step(
        "undo",
        "Undo a change",
        View.HISTORY,
        (
            Question(
                "change",
                Ask.TEXT,
                "Which change shall be undone?",
                "Its files come back as they were; the undo can be undone too.",
                "0001-20261124T101530Z",
                short="Change to undo",
            ),
        ),
        applies=_undoes,
    ),
    Step("review", "Review", View.REVIEW, applies=_changes),
    PACKS_FIRST,
    Step("confirm", "Apply", View.CONFIRM, applies=_changes),
    Step("apply", "Applying", View.APPLY, applies=_changes),
    Step("examine-again", "Looking again", View.DIAGNOSIS, applies=_rescues),
    PACKS_LAST,
    Step("elsewhere", "What is left to do", View.ELSEWHERE, applies=_leaves_something),
)


def steps(answers: Answers) -> tuple[Step, ...]:
    """The steps that *answers* lead to, in order."""
    return tuple(step for step in _STEPS if step.applies(answers))


def after(current: str, answers: Answers) -> Step | None:
    """The step that follows *current*, None after the last."""
    ids = [step.id for step in steps(answers)]
    place = ids.index(current) + 1
    return steps(answers)[place] if place < len(ids) else None


def before(current: str, answers: Answers) -> Step | None:
    """The step before *current*, None at the first."""
    ids = [step.id for step in steps(answers)]
    place = ids.index(current)
    return steps(answers)[place - 1] if place else None
