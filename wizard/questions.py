"""The questions in their order, for every face: full screen, plain lines and headless.

A step is what is asked in one go; a question fills one key of the answers (or one secret). Which steps there are
follows from the answers alone, so going back and changing one makes others come and go.
"""

from wizard.answers import Answers, Goal, OcspProbe, PrimaryKind
from wizard.asking import Ask, Choice, Question, Step, View
from wizard.gatewayquestions import GATEWAY_STEPS
from wizard.sources import SourceKind
from wizard.topology import CLOUD, WHERE

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


def _prepares_others(answers: Answers) -> bool:
    return answers.goal.installs and answers.primary.kind is not PrimaryKind.ELSEWHERE


def _leaves_something(answers: Answers) -> bool:
    return answers.goal.installs or answers.goal is Goal.LEFT


def _has_others(answers: Answers) -> bool:
    return _prepares_others(answers) and bool(answers.gateway or answers.client)


def _has_packs(answers: Answers) -> bool:
    return _has_others(answers) or (_on_premise(answers) and len(answers.primary.nodes) > 1)


def _hands_off_first(answers: Answers) -> bool:
    """A new root must be on the other machines before this one shows a certificate under it."""
    return _has_packs(answers) and _re_keys_here(answers)


def _hands_off_last(answers: Answers) -> bool:
    return _has_packs(answers) and not _re_keys_here(answers)


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

_PACKS_TITLE = "Packs for the other machines"
_PACKS = (
    Question(
        "packs",
        Ask.TEXT,
        "Where shall the packs be written?",
        "One folder for each machine, with a checklist; a new or empty folder.",
        "/root/cloudstream-packs",
        short="Folder for packs",
    ),
    Question(
        "account.ocsp-probe",
        Ask.CHOICE,
        "Shall the OCSP responders be asked from here?",
        "For the advice about the portal's OCSP settings; it uses the network.",
        choices=(
            Choice(OcspProbe.NO, "No", "only what the certificates say"),
            Choice(OcspProbe.YES, "Yes", "those that the certificates name"),
        ),
        short="Ask responders",
    ),
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
    Step(
        "others",
        "Gateways and clients",
        questions=(
            Question(
                "others.gateways",
                Ask.TEXT,
                "Which gateways shall get a certificate?",
                "Their host names; leave it empty to do them another time.",
                "gateway-host",
                optional=True,
                short="Gateways",
            ),
            Question(
                "others.clients",
                Ask.TEXT,
                "Which Windows clients with local storage?",
                "Clients without local storage need no certificate.",
                "pcclient-host",
                optional=True,
                short="Windows clients",
            ),
            Question(
                "others.chain",
                Ask.PATHS,
                "Where are their files?",
                "A folder will do: each certificate is found by its host name.",
                "/root/certificates",
                optional=True,
                short="Files for these",
            ),
            Question(
                "others.password",
                Ask.SECRET,
                "Which password opens them?",
                "Leave it empty when it is the same as the primary's, or none.",
                optional=True,
                flag="--secret gateway.0.password=file:PATH",
                short="Their password",
            ),
        ),
        applies=_prepares_others,
    ),
    Step("others-verdict", "Certificates of gateways and clients", View.VERDICT, role="others", applies=_has_others),
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
    Step("handoff-first", _PACKS_TITLE, questions=_PACKS, applies=_hands_off_first),
    Step("confirm", "Apply", View.CONFIRM, applies=_changes),
    Step("apply", "Applying", View.APPLY, applies=_changes),
    Step("examine-again", "Looking again", View.DIAGNOSIS, applies=_rescues),
    Step("handoff", _PACKS_TITLE, questions=_PACKS, applies=_hands_off_last),
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
