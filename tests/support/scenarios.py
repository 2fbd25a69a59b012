"""What operators come for, as a table: each goal, what is answered on the way, and the passwords that are typed."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.practice import Practice, company
from wizard.questions.answers import Answers, PrimaryKind
from wizard.questions.field_text import parsed
from wizard.questions.flow import Ask, Step, steps
from wizard.sandbox.pki import new_key, pfx
from wizard.secret import Secret
from wizard.session.saved_run import save
from wizard.session.session import Session

FILES_PASSWORD = "Kanarie-zingt-4711"
STORE_PASSWORD = "Kanarie-slaapt-0815"
SECRETS = {"primary.password": FILES_PASSWORD, "primary.keystore-password": STORE_PASSWORD}
TYPED = (Ask.SECRET, Ask.NEW_SECRET)


@dataclass(frozen=True)
class Way:
    """One goal.

    Attributes:
        answers: question to what stands in its field, where that is not what the wizard proposes.
        secrets: question to the password that is typed; any other field for a password stays empty.
        faults: what is wrong with the deployment.
        configured: whether a set-up was made before; None leaves that to the faults.
    """

    answers: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    configured: bool | None = None

    def decided(self, start: Answers) -> Answers:
        """*start* with all answers of this way, put as the wizard puts them."""
        done: set[str] = set()
        while step := next((step for step in steps(start) if step.id not in done), None):
            done.add(step.id)
            for question in step.questions:
                if question.ask not in TYPED and question.key in self.answers:
                    value = parsed(question, start.get(question.key), self.answers[question.key])
                    start = start.put(question.key, value)
        return start

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of this way, in order."""
        return steps(self.decided(Answers()))


_FIRST = {
    "set-up": Way(
        {
            "goal": "set-up",
            "primary.host": "primary-host",
            "primary.keystore-password": "prompt",
            "others.gateways": "gateway-host",
            "others.clients": "pcclient-host",
        },
        SECRETS,
    ),
    "re-key": Way(
        {
            "goal": "re-key",
            "primary.chain": "renewed.pfx",
            "primary.host": "primary-host",
            "primary.keystore-password": "prompt",
        },
        SECRETS,
        configured=True,
    ),
    "cloud": Way(
        {
            "goal": "set-up",
            "primary.kind": "cloud",
            "primary.cloud-support": "accepted",
            "primary.host": "primary.example.com",
            "others.gateways": "gateway-host",
            "others.chain": "certificates",
        },
        {"others.password": FILES_PASSWORD},
    ),
    "rescue": Way({"goal": "rescue"}, faults=("wrong-path",), configured=True),
    "undo": Way({"goal": "undo"}),
}

NEW_PASSWORD = Way(
    {"goal": "maintain-stores", "maintenance": "password", "primary.keystore-password": "prompt"},
    {"primary.keystore-password": STORE_PASSWORD},
    configured=True,
)
WAYS = {**_FIRST, "new-password": NEW_PASSWORD}

GATEWAY = Way(
    {
        "goal": "set-up",
        "primary.kind": PrimaryKind.ELSEWHERE,
        "primary.host": "primary-host",
        "gateway.0.chain": "certificates/gateway-host.pfx",
        "gateway.0.host": "gateway-host",
        "gateway.0.unattended-file": "unattended.conf",
        "gateway.0.keystore-password": "prompt",
    },
    {"gateway.0.password": FILES_PASSWORD, "gateway.0.keystore-password": "Kanarie-zwijgt-42"},
)
RE_KEY_ALL = Way({**WAYS["re-key"].answers, "others.gateways": "gateway-host"}, SECRETS, configured=True)
ALIAS = Way({"goal": "maintain-stores", "maintenance": "alias", "primary.alias": "chosen"}, configured=True)
EVERY = {**_FIRST, "gateway": GATEWAY, "re-key-all": RE_KEY_ALL, "new-password": NEW_PASSWORD, "alias": ALIAS}
GOALS = {step.id: goal for goal in reversed(EVERY) for step in EVERY[goal].steps}
"""Every step, and a way that leads to it."""
STEPS: dict[str, Step] = {step.id: step for goal in reversed(EVERY) for step in EVERY[goal].steps}


def furnish(here: Practice) -> None:
    """What the PKI team sent: one folder, and a renewed certificate, with a password that stands nowhere else."""
    folder = here.root / "certificates"
    shutil.rmtree(folder)
    folder.mkdir()
    for name, entity in company().entities.items():
        (folder / f"{name}.pfx").write_bytes(pfx(entity, FILES_PASSWORD, name=name))
    root = company().root.certificate.public_bytes(Encoding.DER)
    (folder / "Acme-CA-Root.cer").write_bytes(root)
    renewed = company().reissued("primary-host", days=(-1, 200), key=new_key())
    (here.root / "renewed.pfx").write_bytes(pfx(renewed, FILES_PASSWORD, name="primary-host"))


def answered(here: Practice, way: Way) -> Answers:
    """All answers of *way* on this deployment."""
    start = Answers().put("primary.port", here.deployment.port).put("primary.nodes", ("127.0.0.1",))
    return way.decided(start.put("primary.chain", ("certificates/primary-host.pfx",)))


def known(here: Practice) -> None:
    """Let an earlier run have told where the server is probed, as on a real machine."""
    save(here.deployment.machine, answered(here, Way({})), "goal", here.root)


def prepared(here: Practice, way: Way) -> Session:
    """The session of one who has answered everything and typed every password."""
    session = Session(here.deployment.machine, answers=answered(here, way), base=here.root)
    session.answered = True
    for name, password in way.secrets.items():
        session.put_secret(name, Secret(password))
    return session
