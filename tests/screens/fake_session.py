"""A session in memory: the methods of the real one, nothing looked at and nothing changed."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from tests.support.made_up import made_up
from wizard.change.events import Event
from wizard.change.outcome import APPLIED, ROLLED_BACK, STUCK, Outcome
from wizard.change.plan import ABSENT, Plan, Probe, PutFile, Restart
from wizard.errors import BusyError, WizardError
from wizard.findings import Finding, Locator, Severity
from wizard.host.machine import Machine
from wizard.questions.answers import PROMPT, Answers, ClientAnswers, GatewayAnswers, Goal, PrimaryAnswers, PrimaryKind
from wizard.questions.field_text import parsed, shown
from wizard.questions.flow import Ask, Question, Step, View, steps
from wizard.reports.calendar import Ending
from wizard.reports.checklist import CA, POLICY, Checklist, Item, checklist_lines
from wizard.reports.lines import Line, Tone
from wizard.reports.review import Review, decided_lines
from wizard.secret import Secret
from wizard.session.saved_run import SavedRun
from wizard.session.session import Problem

PASSWORD = "Acme-2026"
CHAIN = "/root/primary-host.pfx"
UNATTENDED = "/root/unattended.conf"
HOSTILE = (
    "CN=foo [/etc/ssl]",
    "CN=[@click=app.quit]quit[/]",
    "CN=[b",
    "CN=\\",
    "esc \\x1b[2J and osc \\x1b]0;x\\x07",
    "w" * 10_000,
    "M\u00fcller \u65e5\u672c\u8a9e \u041f\u0440\u0438\u0432\u0435\u0442",
)
PLAN = Plan(
    "Set up the primary",
    (
        PutFile(
            "keystore", PurePosixPath("/opt/hcp/conf/primary-host.pfx"), b"x", 0o640, ABSENT, "Write the key store"
        ),
        Restart("restart", "hcp-server.service"),
        Probe("probe", (("localhost", 2560),), "primary-host", "ab" * 32),
    ),
)
EVENTS = (
    Event("prepare", "started", "making the new files", "2026-01-02T03:04:05Z"),
    Event("prepare", "done", "the new files are proven", "2026-01-02T03:04:06Z"),
    Event("keystore", "started", "writing primary-host.pfx", "2026-01-02T03:04:06Z"),
    Event("keystore", "done", "primary-host.pfx written", "2026-01-02T03:04:06Z"),
    Event("restart", "started", "restarting hcp-server.service", "2026-01-02T03:04:07Z"),
)
EXPIRED = Finding(
    made_up("leaf.expired", Severity.BLOCKER, "The certificate has expired.", fix="Renew it."),
    Locator("certificate"),
)
LIST = Checklist(
    (
        Item(f"{CA}{'4f962a01' * 8}", "Upload Acme-CA-Root", f"SHA-256 {'4f962a01' * 8}"),
        Item(f"{CA}{'5a0c77be' * 8}", "Upload Acme-CA-Intermediate", f"SHA-256 {'5a0c77be' * 8}"),
        Item("portal/ocsp/unchanged", "Leave the two OCSP settings as they are, unless the PKI administrator says so."),
        Item("gateway/gateway-host/a/b", "Gateway gateway-host: bring its pack there", "gateway-host/CHECKLIST.md"),
        Item("machines/all/b", "See that every gateway and client of the account has its certificate"),
        Item(POLICY, "Set the certificate policy to Use trusted CA certificates", "Security > Security options"),
    ),
    packs="/root/cloudstream-packs",
)
WAYS = (
    Answers(
        primary=PrimaryAnswers(keystore_password=PROMPT),
        gateway=(GatewayAnswers(host="gateway-host"),),
        client=(ClientAnswers(host="pcclient-host"),),
    ),
    Answers(goal=Goal.RE_KEY, gateway=(GatewayAnswers(host="gateway-host"),)),
    Answers(goal=Goal.RESCUE),
    Answers(goal=Goal.UNDO),
    Answers(primary=PrimaryAnswers(PrimaryKind.ELSEWHERE), gateway=(GatewayAnswers(keystore_password=PROMPT),)),
    Answers(primary=PrimaryAnswers(kind=PrimaryKind.CLOUD)),
)
"""Answers that lead to every step there is."""
STEPS = {step.id: (step, answers) for answers in reversed(WAYS) for step in steps(answers)}
"""Every step, with answers that lead to it."""
FACTS = (
    Line("Print&Scan server 1.29 below /opt/hcp", Tone.GOOD),
    Line("Java 17.0.9 in /opt/hcp/jre"),
    Line("application.conf: no key store of its own yet", Tone.WARN),
    Line("Service hcp-server.service: running"),
)


REVIEWED = [
    Line("1. Key store: 3 certificates and the key, mode 0640; Java 17.0.9 reads AES-256 key stores", Tone.HEADING),
    Line("   /opt/hcp/conf/primary-host.pfx (created, mode 0640, owner root:hcp)"),
    Line("2. Set default-keystore-file (line 29), default-keystore-password (line 30)", Tone.HEADING),
    Line("   /opt/hcp/conf/application.conf (edited; owner and mode 0640 kept)"),
    Line("   @@ -26,8 +26,8 @@", Tone.FAINT),
    Line("          # Key store of this server, PKCS12. Empty: the built-in certificate."),
    Line('   -      default-keystore-file = ""', Tone.REMOVED),
    Line("   -      default-keystore-password = ********", Tone.REMOVED),
    Line('   +      default-keystore-file = "/opt/hcp/conf/primary-host.pfx"', Tone.ADDED),
    Line("   +      default-keystore-password = ********", Tone.ADDED),
    Line("        }"),
    Line("3. Trust Acme-CA-Root in cacerts, alias cloudstream-acme-ca-root-4f962a01", Tone.HEADING),
    Line("   /opt/hcp/jre/lib/security/cacerts (changed by keytool on a copy)"),
    Line(f"   SHA-256 {'4f962a01' * 8}", Tone.FAINT),
    Line("4. Restart hcp-server and wait up to 300 s", Tone.HEADING),
    Line("   Printing pauses until the server answers again.", Tone.WARN),
    Line("5. Check that localhost:2560 serves leaf abababababababab... for the name primary-host", Tone.HEADING),
    Line("Every file is backed up first. When the probe fails, all of it is undone."),
    Line(""),
    Line("Rehearsal: gateway-host and the primary accept each other.", Tone.GOOD),
    Line("Rehearsal: pcclient-host and the primary accept each other.", Tone.GOOD),
]
"""What a real review of the manual's example looks like."""


class FakeSession:
    """The engine as the screens see it. `wrong_password` and the like are behaviour that a test chooses."""

    def __init__(self, state_dir: Path = Path("/nonexistent"), *, dry_run: bool = False, hostile: bool = False) -> None:
        self.base = Path()
        self.machine = Machine(state_dir=state_dir)
        self.answers = Answers()
        self.dry_run = dry_run
        self.hostile = hostile
        self.blocked = False
        self.end = APPLIED
        self.unfinished: list[Line] = []
        self.earlier: SavedRun | None = None
        self.runs = False
        self.taken_up = False
        self.unknown_answers = False
        self.again: list[str] = []
        self.explode = ""
        self.refuse_start = False
        self.refuse_lines = False
        self.refuse_save = False
        self.saves: list[str] = []
        self.forgotten = False
        self.started = 0
        self.recovered: list[str] = []
        self.secrets: dict[str, Secret] = {}
        self.pasted: dict[str, Secret] = {}
        self.go_on = threading.Event()
        self.go_on.set()
        self.ended = False
        self.arisen: dict[str, tuple[Question, ...]] = {}
        self.warnings: dict[str, tuple[Finding, ...]] = {}
        self.overruled: list[Finding] = []
        self.ticked: set[str] = set()
        self.rounds = 0
        self.looks = 0

    def steps(self) -> tuple[Step, ...]:
        return steps(self.answers)

    def value(self, question: Question) -> str:
        if question.ask in {Ask.SECRET, Ask.NEW_SECRET}:
            return ""
        if question.key == "primary.host" and not self.answers.primary.host:
            return "primary-host"
        if question.key == "change" and not self.answers.change:
            return "0001-20260102T030405Z"
        return shown(self.answers.get(question.key))

    def put(self, question: Question, text: str) -> None:
        self._bang("put")
        value = parsed(question, self.answers.get(question.key), text)
        self.answers = self.answers.put(question.key, value)

    def put_secret(self, key: str, secret: Secret) -> None:
        self.secrets[key] = secret

    def has_secret(self, key: str) -> bool:
        return bool(self.secrets.get(key))

    def check(self, step: Step) -> list[Problem]:
        self._bang("check")
        self.go_on.wait(30)
        role = {"primary-files": "primary", "gateway-files": "gateway.0"}.get(step.id)
        if role is not None and self.secrets.get(f"{role}.password") != Secret(PASSWORD):
            file = Path(self.answers.get(f"{role}.chain")[0]).name
            message = f"The password does not open {file}. The file is readable and is PKCS#12."
            return [
                Problem(f"{role}.password", WizardError.recorded("p12.password", message, "Type the password again."))
            ]
        if step.id == "gateway-unattended" and self.answers.gateway[0].unattended_file != UNATTENDED:
            message = f"{self.answers.gateway[0].unattended_file} does not exist."
            hint = "Name the file, or write it first as your version documents it."
            return [Problem("gateway.0.unattended-file", WizardError.recorded("unattended.missing", message, hint))]
        if step.id == "primary-verdict" and self.answers.primary.host != "primary-host":
            message = f"The certificate is not made for {self.answers.primary.host}; it names primary-host alone."
            return [
                Problem(
                    "primary.host", WizardError.recorded("leaf.host", message, "Ask for a certificate with that name.")
                )
            ]
        if (
            step.id == "primary-store-password"
            and len(self.secrets.get("primary.keystore-password", Secret("")).reveal()) < 6
        ):
            message = "The password has fewer than 6 characters, and Java refuses such a key store."
            return [
                Problem(
                    "primary.keystore-password", WizardError.recorded("password.short", message, "Type a longer one.")
                )
            ]
        return []

    def pending_warnings(self, step: Step) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.warnings.get(step.id, ()) if finding not in self.overruled)

    def accept_warnings(self, pending_warnings: Iterable[Finding]) -> None:
        self.overruled += pending_warnings

    def invalidate(self) -> None:
        self.looks += 1

    def asked(self, step: Step) -> tuple[Question, ...]:
        return (*step.questions, *self.arisen.get(step.id, ()))

    def another_round(self, step: Step) -> str:
        return "examine" if step.id == "examine-again" and self.rounds else ""

    def begin_round(self, step: Step) -> None:
        assert step.id == "examine-again"
        self.rounds -= 1

    def tick(self, item: str) -> list[Line]:
        if item == POLICY and len(self.ticked) < len(LIST.items) - 1:
            raise WizardError.recorded(
                "checklist.policy-last", "The policy comes last: 4 other steps are not ticked.", "Wait."
            )
        self.ticked ^= {item}
        return checklist_lines(replace(LIST, done=frozenset(self.ticked)))

    def lines(self, step: Step) -> list[Line]:
        self._bang("lines")
        self.go_on.wait(30)
        if self.refuse_lines:
            raise WizardError.recorded("file.unreadable", "The file cannot be read.", "Name another.")
        if self.hostile:
            return [Line(text) for text in HOSTILE]
        match step.view:
            case View.FACTS:
                return list(FACTS)
            case View.VERDICT:
                return [
                    Line("primary-host: complete, with private key (1 file read)", Tone.HEADING),
                    Line("Acme-CA-Root  [root; RSA-2048; until 2036-01-02, 3651 days]"),
                    Line("`- Acme-CA-Intermediate  [intermediate; RSA-2048; until 2036-01-02, 3651 days]"),
                    Line("   `- primary-host  [certificate; RSA-2048; until 2027-02-03, 397 days; for"),
                    Line("      primary-host, primary-host.example.test; serverAuth, clientAuth]"),
                    Line(""),
                    Line("Good: this chain is fit for its role.", Tone.GOOD),
                ]
            case View.CONFIRM:
                return [Line("The server is restarted: about a minute without printing."), Line("It can be undone.")]
            case View.DIAGNOSIS:
                return [
                    Line("Error: the password in application.conf does not open the key store.", Tone.BAD),
                    Line("  Repair: write the right password into application.conf."),
                ]
            case View.HISTORY:
                return [Line("0001-20260102T030405Z  applied  Set up the primary")]
            case View.ELSEWHERE:
                return checklist_lines(replace(LIST, done=frozenset(self.ticked)))
            case _:
                return []

    def endings(self) -> tuple[Ending, ...]:
        """No certificate is read."""
        return ()

    def review(self) -> Review:
        lines = [Line(text) for text in HOSTILE] if self.hostile else []
        lines += REVIEWED
        decided = decided_lines(self.steps(), self.answers, self.value, self.has_secret)
        findings = (EXPIRED,) if self.blocked else self.warnings.get("review", ())
        return Review(PLAN, tuple(lines), findings, blocked=self.blocked, decided=tuple(decided))

    def start(self) -> None:
        self._bang("start")
        if self.refuse_start:
            raise BusyError.recorded(
                "apply.busy", "Another run holds the lock: alice on pts/3.", "Wait until it has ended."
            )
        self.started += 1

    def events(self) -> Iterator[Event]:
        yield from EVENTS
        self.go_on.wait(30)
        if self.end == APPLIED:
            yield Event("restart", "done", "hcp-server.service is active", "2026-01-02T03:04:09Z")
            yield Event("probe", "done", "localhost:2560 serves the new leaf", "2026-01-02T03:04:10Z")
        else:
            yield Event("restart", "failed", "hcp-server.service did not come back", "2026-01-02T03:04:09Z")
            yield Event("keystore", "undone", "primary-host.pfx removed", "2026-01-02T03:04:10Z")
        yield Event("change", "done", "over", "2026-01-02T03:04:11Z", self.end)

    def outcome(self) -> Outcome:
        self.ended = True
        return Outcome(self.end)

    def outcome_lines(self) -> list[Line]:
        texts = {APPLIED: "Applied and proven.", ROLLED_BACK: "Everything was restored.", STUCK: "Recovery is needed."}
        return [Line(texts[self.end], Tone.HEADING)]

    def summary(self) -> list[str]:
        return ["summary: applied" if self.ended else "summary: nothing was changed"]

    def watching(self) -> bool:
        return self.runs

    def interrupted(self) -> list[Line]:
        self._bang("interrupted")
        return self.unfinished

    def recover(self, mode: str) -> list[Line]:
        self.recovered.append(mode)
        self.unfinished = []
        return [Line("Everything was restored.")]

    def save(self, step_id: str = "") -> None:
        if self.refuse_save:
            raise WizardError.recorded("state.unwritable", "The folder is read-only.", "")
        self.saves.append(step_id)

    def saved(self) -> SavedRun | None:
        return self.earlier

    def resume(self) -> str:
        assert self.earlier is not None
        self.answers = self.earlier.answers
        if self.earlier.change:
            self.taken_up = True
            return self.after_change()
        return self.earlier.step_id

    def forget(self) -> None:
        self.forgotten = True

    def let_go(self) -> None:
        self.unknown_answers = self.runs = False

    def put_aside(self) -> None:
        self.saves.append("review")

    def after_change(self) -> str:
        return self.again.pop(0) if self.again else "handoff" if self.answers.gateway else "elsewhere"

    def ended_lines(self, run: SavedRun) -> list[Line]:
        return [Line(f"{run.who} started change {run.change}. It has ended:"), *self.outcome_lines()]

    def _bang(self, where: str) -> None:
        secret = "S3cret-in-a-local"
        if self.explode == where:
            raise RuntimeError(f"on purpose: {secret}")


def earlier_run(step_id: str) -> SavedRun:
    answers = Answers()
    answers = replace(answers, primary=replace(answers.primary, chain=(CHAIN,), host="primary-host"))
    return SavedRun("alice", datetime(2026, 1, 2, 3, 4, tzinfo=UTC), step_id, answers, Path("/root"))


def at(step_id: str, *, hostile: bool = False, dry_run: bool = False) -> FakeSession:
    """A session whose answers lead to the step *step_id*."""
    session = FakeSession(hostile=hostile, dry_run=dry_run)
    session.answers = STEPS[step_id][1]
    return session
