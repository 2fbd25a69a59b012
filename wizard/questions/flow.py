"""The questions in their order, for every user interface: full screen, line mode and headless.

A step is what is asked in one go; a question fills one key of the answers (or one secret). Which steps there are
follows from the answers alone, so going back and changing one makes others come and go.
"""

from wizard.questions.answers import ENDPOINTS, Answers, CloudSupport, Goal, Phase, PrimaryKind, SourceKind
from wizard.questions.gateway import GATEWAY_STEPS
from wizard.questions.model import Ask, Choice, Question, Step, StepId, View
from wizard.questions.others import OTHERS, OTHERS_VERDICT, PACKS_FIRST, PACKS_LAST


def _in_cloud(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is PrimaryKind.CLOUD


WHERE = Question(
    ENDPOINTS,
    Ask.TEXT,
    "Address and port of this server (add other cluster nodes, if any)",
    "The change is checked there. Run the wizard on every node of a cluster.",
    "localhost:2560 primary-2:2560",
    short="Answers at",
)

CLOUD = Step(
    StepId.CLOUD,
    "Primary in the vendor's cloud",
    questions=(
        Question(
            "primary.cloud-support",
            Ask.CHOICE,
            "Has your vendor confirmed support for your own CA certificates?",
            "The vendor's PKI page says that only an on-premises primary supports them.",
            choices=(
                Choice(CloudSupport.UNCLEAR, "Not yet", "stop here and ask your vendor"),
                Choice(CloudSupport.ACCEPTED, "Yes", "or continue at your own risk"),
            ),
            short="The vendor's cloud",
        ),
        Question(
            "primary.host",
            Ask.TEXT,
            "Address that gateways and clients connect to",
            "It is written into the bundles and their checks.",
            "primary.example.com",
            short="Host name",
        ),
        Question(
            "primary.cloud-authorities",
            Ask.PATHS,
            "Files with the CA certificates of that address",
            "Leave empty if the public CAs of their Java are enough.",
            "/root/vendor-root.cer",
            optional=True,
            short="CA files of it",
        ),
    ),
    applies=_in_cloud,
)

__all__ = [
    "DEFAULT_WAIT_S",
    "Ask",
    "Choice",
    "Question",
    "Step",
    "StepId",
    "View",
    "after",
    "before",
    "every_step",
    "steps",
]

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
    return _on_premise(answers) and answers.goal is Goal.RE_KEY and _new_store(answers)


def _new_store(answers: Answers) -> bool:
    """Whether this primary gets a new key store: not in every phase of a change of the root."""
    return answers.phase in {Phase.AUTO, Phase.PRIMARY, Phase.AT_ONCE}


def _types_store_password(answers: Answers) -> bool:
    kind = answers.primary.keystore_password.kind
    return _on_premise(answers) and _new_store(answers) and kind not in {SourceKind.GENERATE, SourceKind.KEEP}


def _leaves_something(answers: Answers) -> bool:
    return answers.goal.installs or answers.goal is Goal.LEFT


def _store_password(*choices: Choice) -> Question:
    return Question(
        "primary.keystore-password",
        Ask.CHOICE,
        "Password of the new key store",
        "It is written to application.conf, where the server reads it.",
        choices=choices,
        short="Key store password",
    )


_GENERATE = Choice("generate", "Generate one", "strong; works in every file that needs it")
_TYPE = Choice("prompt", "Type one", "you type it twice")
_IMPORT_ROOT = Question(
    "primary.import-root",
    Ask.CHOICE,
    "Add your root CA to the server's Java trust store?",
    "Needed for a private CA; public CAs are already there.",
    choices=(
        Choice("auto", "Yes, if missing", "compared by fingerprint"),
        Choice("no", "No, leave cacerts as it is"),
    ),
    short="Root in cacerts",
)

_STEPS: tuple[Step, ...] = (
    Step(
        StepId.GOAL,
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
                    Choice(Goal.RE_KEY, "Replace certificates", "new ones for installed ones"),
                    Choice(Goal.RESCUE, "Something is wrong", "find the cause and repair it"),
                    Choice(Goal.UNDO, "Undo a change", "restore an earlier state"),
                    Choice(Goal.LEFT, "See what is left to do", "portal, gateways and clients"),
                ),
                short="Goal",
            ),
        ),
    ),
    Step(
        StepId.PLACE,
        "Where the primary server runs",
        questions=(
            Question(
                "primary.kind",
                Ask.CHOICE,
                "Where does the primary server run?",
                "This decides what is done on this machine.",
                choices=(
                    Choice(PrimaryKind.ON_PREMISE, "On this machine", "on premises"),
                    Choice(PrimaryKind.CLOUD, "In the vendor's cloud", "ask your vendor first"),
                    Choice(PrimaryKind.ELSEWHERE, "On another machine", "this one is a gateway"),
                ),
                short="Primary server",
            ),
        ),
        applies=_installs,
    ),
    CLOUD,
    Step(
        StepId.PRIMARY_FILES,
        "Certificate of the primary server",
        questions=(
            WHERE,
            Question(
                "primary.chain",
                Ask.PATHS,
                "Files with the certificate, its key and its CA certificates",
                "Files or a folder. The type is detected: PFX, PEM, DER, P7B or JKS.",
                "/root/primary-host.pfx",
                short="Certificate files",
            ),
            Question(
                "primary.password",
                Ask.SECRET,
                "Password for these files",
                "Leave empty if the files have no password.",
                optional=True,
                flag="--secret primary.password=file:PATH",
                short="Their password",
            ),
        ),
        applies=_on_premise,
    ),
    Step(
        StepId.PRIMARY_VERDICT,
        "What was found in the files",
        View.VERDICT,
        (
            Question(
                "primary.host",
                Ask.TEXT,
                "Host name that gateways and clients connect to",
                "It must be listed in the certificate.",
                "primary-host",
                short="Host name",
            ),
        ),
        role="primary",
        applies=_on_premise,
    ),
    Step(
        StepId.PRIMARY_STORE,
        "Key store of the primary server",
        questions=(
            _store_password(_GENERATE, _TYPE),
            _IMPORT_ROOT,
        ),
        applies=_sets_up_here,
    ),
    Step(
        StepId.PRIMARY_STORE_AGAIN,
        "Key store of the primary server",
        questions=(
            _store_password(
                _GENERATE, Choice("keep", "Keep the installed password", "application.conf keeps its value"), _TYPE
            ),
            _IMPORT_ROOT,
        ),
        applies=_re_keys_here,
    ),
    Step(
        StepId.PRIMARY_STORE_PASSWORD,
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
        StepId.EXAMINE,
        "What is wrong",
        View.DIAGNOSIS,
        (
            Question(
                "primary.keystore-password",
                Ask.SECRET,
                "Password of the key store",
                "Only if the repair needs it; otherwise leave it empty.",
                optional=True,
                flag="--secret primary.keystore-password=file:PATH",
                short="Password for the repair",
            ),
        ),
        applies=_rescues,
    ),
    Step(
        StepId.UNDO,
        "Undo a change",
        View.HISTORY,
        (
            Question(
                "change",
                Ask.TEXT,
                "Select the change to undo",
                "Its files are restored; the undo can be undone, too.",
                "0001-20261124T101530Z",
                short="Change to undo",
            ),
        ),
        applies=_undoes,
    ),
    Step(StepId.REVIEW, "Review", View.REVIEW, applies=_changes),
    PACKS_FIRST,
    Step(StepId.CONFIRM, "Apply", View.CONFIRM, applies=_changes),
    Step(StepId.APPLY, "Applying", View.APPLY, applies=_changes),
    Step(StepId.EXAMINE_AGAIN, "Check after the repair", View.DIAGNOSIS, applies=_rescues),
    PACKS_LAST,
    Step(StepId.ELSEWHERE, "What is left to do", View.ELSEWHERE, applies=_leaves_something),
)


def steps(answers: Answers) -> tuple[Step, ...]:
    """The steps that *answers* lead to, in order."""
    return tuple(step for step in _STEPS if step.applies(answers))


def every_step() -> tuple[Step, ...]:
    """All steps there are, whatever the answers."""
    return _STEPS


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
