from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.questions import flow
from wizard.questions.answers import (
    GENERATE,
    KEEP,
    PROMPT,
    Answers,
    ClientAnswers,
    CloudSupport,
    GatewayAnswers,
    Goal,
    ImportRoot,
    Maintenance,
    OcspProbe,
    PasswordSource,
    Phase,
    PrimaryKind,
    SourceKind,
)
from wizard.questions.answers_file import dump, load
from wizard.questions.field_text import parsed, shown
from wizard.questions.flow import Ask, Question, StepId, after, before, steps

FULL = """
schema = 1
goal = "re-key"
[primary]
kind = "on-premise"
host = "primary-host"
port = 2561
nodes = ["localhost", "10.0.0.2"]
chain = ["primary-host.pfx"]
password = { file = "secrets/primary" }
keystore-password = { generate = true }
import-root = "no"
cacerts-password = { value-is-default = true }
[[gateway]]
host = "gateway-host"
chain = ["gateway-host.pfx"]
password = { env = "GATEWAY_PFX_PASSWORD" }
keystore-path = "/full/path/to/gateway-host.pfx"
truststore-path = "/full/path/to/acme-ca.pfx"
unattended-file = "unattended.conf"
[[client]]
host = "pcclient-host"
chain = ["pcclient-host.pfx"]
local-storage = false
certificate-subject = "auto"
[account]
ocsp = "off"
"""


def test_the_documented_file_is_understood() -> None:
    answers = load(FULL)
    assert answers.goal is Goal.RE_KEY
    assert answers.primary.nodes == ("localhost", "10.0.0.2")
    assert answers.primary.password == PasswordSource(SourceKind.FILE, "secrets/primary")
    assert answers.primary.keystore_password == GENERATE
    assert answers.primary.import_root is ImportRoot.NO
    assert answers.gateway[0].password == PasswordSource(SourceKind.ENV, "GATEWAY_PFX_PASSWORD")
    assert answers.client[0].local_storage is False
    assert answers.account.ocsp == "off"


def test_a_node_that_is_named_twice_is_one_node() -> None:
    assert load('schema = 1\n[primary]\nnodes = ["b", "a", "b"]').primary.nodes == ("b", "a")


def test_what_is_written_is_read_back_equal() -> None:
    answers = load(FULL)
    assert load(dump(answers)) == answers
    odd = answers.put("primary.keystore-path", 'q"uo\\te\x7f\x01\n€').put(
        "primary.password", PasswordSource(SourceKind.FD, "7")
    )
    assert load(dump(odd)) == odd


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("schema = 1\n[primary\n", "answers.not-toml", "line 2"),
        ("goal = 'set-up'", "answers.unusable-value", "schema"),
        ("schema = 1\nhost = 'x'", "answers.unknown-key", "host"),
        ("schema = 1\n[primary]\nprot = 1", "answers.unknown-key", "primary.prot"),
        ("schema = 1\n[[gateway]]\nhots = 'x'", "answers.unknown-key", "gateway.0.hots"),
        ("schema = 1\ngoal = 'setup'", "answers.unusable-value", "goal"),
        ("schema = 1\n[primary]\nport = '2560'", "answers.unusable-value", "primary.port"),
        ("schema = 1\n[primary]\nport = true", "answers.unusable-value", "primary.port"),
        *(
            (f"schema = 1\n[primary]\nport = {port}", "answers.unusable-value", "port")
            for port in (-1, 0, 65536, 10**30)
        ),
        *(
            (f"schema = 1\n[account]\nocsp = '{word}'", "answers.unusable-value", "ocsp")
            for word in ("no", "ftp://x", "")
        ),
        ('schema = 1\n[account]\nocsp = "http://x\\u001b/"', "answers.unusable-value", "account.ocsp"),
        ('schema = 1\npacks = "a\\u0000"', "answers.unusable-value", "packs"),
        ('schema = 1\n[primary]\nchain = ["a\\u0000"]', "answers.unusable-value", "primary.chain"),
        ('schema = 1\n[primary]\npassword = { file = "a\\u0000" }', "answers.unusable-value", "primary.password"),
        *(
            (f"schema = 1\n[primary]\npassword = {{ fd = {n} }}", "answers.unusable-value", "password")
            for n in (-1, 2**31)
        ),
        ("schema = true", "answers.unusable-value", "schema"),
        ("schema = 1\n[primary]\nchain = 'a.pfx'", "answers.unusable-value", "primary.chain"),
        ("schema = 1\n[primary]\nhost = 'a b'", "answers.unusable-value", "primary.host"),
        ("schema = 1\n[primary]\nnodes = []", "answers.unusable-value", "primary.nodes"),
        ("schema = 1\n[primary]\nnodes = ['-x']", "answers.unusable-value", "primary.nodes"),
        ('schema = 1\n[[client]]\nhost = "a\';rm"', "answers.unusable-value", "client.0.host"),
        ("schema = 1\nprimary = 1", "answers.unusable-value", "primary"),
        ("schema = 1\n[gateway]\nhost = 'x'", "answers.unusable-value", "gateway"),
        ("schema = 1\n[primary]\npassword = 'hunter2'", "answers.secret-inside", "primary.password"),
        ("schema = 1\n[primary]\npassword = { file = 1 }", "answers.unusable-value", "primary.password"),
        ("schema = 1\n[primary]\npassword = { generate = false }", "answers.unusable-value", "primary.password"),
    ],
)
def test_an_unusable_file_is_refused_with_its_place(text: str, code: str, words: str) -> None:
    with pytest.raises(WizardError) as caught:
        load(text, name="a.toml")
    assert caught.value.code == code
    assert words in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_a_value_is_put_and_got_by_the_key_of_the_file() -> None:
    answers = Answers().put("primary.keystore-password", PROMPT).put("gateway.0.host", "g1").put("gateway.1.host", "g2")
    assert answers.get("primary.keystore-password") == PROMPT
    assert answers.gateway == (GatewayAnswers(host="g1"), GatewayAnswers(host="g2"))
    assert answers.put("client.0.local-storage", False).client == (ClientAnswers(local_storage=False),)
    assert answers.put("goal", Goal.RE_KEY).get("goal") is Goal.RE_KEY


def test_an_entry_that_is_not_there_yet_reads_as_a_fresh_one() -> None:
    assert Answers().get("gateway.0.keystore-password") == GENERATE
    assert Answers().table("gateway.0") == GatewayAnswers()
    with pytest.raises(IndexError):
        Answers().get("gateway.1.host")


@pytest.mark.parametrize(
    ("text", "path"), [("/a/u.conf", "/a/u.conf"), ("'/a b/u.conf'", "/a b/u.conf"), ("/a b/u.conf", "/a b/u.conf")]
)
def test_one_path_needs_no_quotes(text: str, path: str) -> None:
    question = _question("gateway.0.unattended-file", Ask.PATHS)
    assert parsed(question, "", text) == path
    assert parsed(question, "", shown(path)) == path


def test_hosts_of_all_gateways_are_one_answer_that_keeps_what_is_known() -> None:
    answers = Answers().put("primary.chain", ("certs",)).put("others.gateways", ("g1", "g2"))
    assert [one.chain for one in answers.gateway] == [("certs",), ("certs",)]
    answers = answers.put("gateway.1.unattended-file", "u.conf").put("others.chain", ("other",))
    answers = answers.put("others.gateways", ("g2", "g3", "g2"))
    assert answers.get("others.gateways") == ("g2", "g3")
    assert answers.gateway[0] == GatewayAnswers(host="g2", chain=("other",), unattended_file="u.conf")
    assert answers.gateway[1].chain == ("other",)
    assert answers.put("others.clients", ("c1",)).client == (ClientAnswers(host="c1", chain=("other",)),)


def test_files_of_other_machines_are_looked_for_beside_the_primarys() -> None:
    answers = Answers().put("primary.chain", ("certs/primary-host.pfx", "certs/root.cer", "more"))
    assert answers.get("others.chain") == ("certs", "more")
    assert answers.put("others.gateways", ("g1",)).gateway[0].chain == ("certs", "more")


def _question(key: str, ask: Ask = Ask.TEXT, *, optional: bool = False) -> Question:
    return Question(key, ask, "What?", "Because.", "this", optional=optional)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("primary.host", " primary-host ", "primary-host"),
        ("primary.port", "2561", 2561),
        ("primary.chain", "'a b.pfx' c.pem", ("a b.pfx", "c.pem")),
        ("primary.kind", "cloud", PrimaryKind.CLOUD),
        ("primary.cloud-support", "accepted", CloudSupport.ACCEPTED),
        ("account.ocsp-probe", "yes", OcspProbe.YES),
        ("account.ocsp-check", "on", "on"),
        ("maintenance", "built-in", Maintenance.BUILT_IN),
        ("primary.keystore-password", "prompt", PROMPT),
        ("primary.keystore-password", "generate", GENERATE),
        ("primary.keystore-password", "keep", KEEP),
    ],
)
def test_typed_text_becomes_the_value_and_back(key: str, text: str, value: object) -> None:
    question = _question(key)
    assert parsed(question, Answers().get(key), text) == value
    assert shown(value) == text.strip()


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("primary.host", "  ", "answer.missing"),
        ("primary.port", "70000", "answer.unusable"),
        ("account.ocsp-url", "ocsp.acme.example", "answer.unusable"),
        ("account.ocsp-url", "http://a b", "answer.unusable"),
        ("primary.port", "٣", "answer.unusable"),
        ("others.gateways", "g1 g2;reboot", "answer.unusable"),
        ("primary.host", "$(reboot)", "answer.unusable"),
        ("primary.host", "a/../b", "answer.unusable"),
        ("primary.chain", "'open", "answer.unusable"),
    ],
)
def test_typed_text_that_fits_nothing_is_refused(key: str, text: str, code: str) -> None:
    with pytest.raises(WizardError) as caught:
        parsed(_question(key), Answers().get(key), text)
    assert caught.value.code == code


NODES = [
    ("localhost", ("localhost",), 2560, "localhost:2560"),
    ("localhost:2561", ("localhost",), 2561, "localhost:2561"),
    ("a:2561  b", ("a", "b"), 2561, "a:2561 b:2561"),
    ("a b:7 a", ("a", "b"), 7, "a:7 b:7"),
    ("[::1]:2561 10.0.0.2:2561", ("::1", "10.0.0.2"), 2561, "[::1]:2561 10.0.0.2:2561"),
    ("::1", ("::1",), 2560, "[::1]:2560"),
    ("fe80::1 b", ("fe80::1", "b"), 2560, "[fe80::1]:2560 b:2560"),
]


@pytest.mark.parametrize(("text", "nodes", "port", "again"), NODES)
def test_nodes_and_port_are_one_answer(text: str, nodes: tuple[str, ...], port: int, again: str) -> None:
    question = _question("primary.endpoints")
    assert Answers().get("primary.endpoints") == "localhost:2560"
    answers = Answers().put("primary.endpoints", parsed(question, "localhost:2560", text))
    assert (answers.primary.nodes, answers.primary.port) == (nodes, port)
    assert answers.get("primary.endpoints") == again
    assert load(dump(answers)) == answers


@pytest.mark.parametrize(
    "text", ["a:1 b:2", "a:0", "a:65536", "a:123456", "a:x", ":2560", "[::1", "[]:1", "a,b", "a;id", "a:1:2", "[a/b]:1"]
)
def test_nodes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(WizardError) as caught:
        parsed(_question("primary.endpoints"), "localhost:2560", text)
    assert caught.value.code == "answer.unusable"


def test_a_named_source_is_not_lost_by_looking_at_its_step() -> None:
    named = PasswordSource(SourceKind.FILE, "pw")
    question = _question("primary.keystore-password", Ask.CHOICE)
    assert parsed(question, named, shown(named)) == named


def test_steps_come_and_go_with_the_answers() -> None:
    cloud = Answers().put("primary.kind", PrimaryKind.CLOUD)
    assert [step.id for step in steps(cloud)] == ["goal", "place", "cloud", "others", "portal", "elsewhere"]
    with_gateway = cloud.put("others.gateways", ("g1", "g2"))
    assert [step.id for step in steps(with_gateway)] == [
        "goal",
        "place",
        "cloud",
        "others",
        "others-verdict",
        "portal",
        "handoff",
        "elsewhere",
    ]
    here = [step.id for step in steps(with_gateway.put("primary.kind", PrimaryKind.ELSEWHERE))]
    assert here[:2] == ["goal", "place"]
    assert here[-4:] == ["review", "confirm", "apply", "elsewhere"]
    assert all(name.startswith("gateway-") for name in here[2:-4])
    assert "gateway-store-password" not in here
    local = [step.id for step in steps(Answers())]
    assert "primary-store-password" not in local
    typed = Answers().put("primary.keystore-password", PROMPT)
    assert "primary-store-password" in [step.id for step in steps(typed)]
    assert "cloud" not in local
    assert local[-2:] == ["handoff", "elsewhere"], "the portal needs the files of the CA certificates in any case"
    cluster = Answers().put("primary.nodes", ("localhost", "primary-2"))
    assert [step.id for step in steps(cluster)] == local
    assert "handoff" not in [step.id for step in steps(cluster.put("primary.kind", PrimaryKind.CLOUD))]
    assert local.index("review") < local.index("confirm") < local.index("apply") < local.index("elsewhere")


@pytest.mark.parametrize(
    ("goal", "ids"),
    [
        (Goal.RESCUE, ["goal", "examine", "review", "confirm", "apply", "examine-again"]),
        (Goal.UNDO, ["goal", "undo", "review", "confirm", "apply"]),
        (Goal.MAINTAIN, ["goal", "maintain", "maintain-password", "review", "confirm", "apply"]),
    ],
)
def test_a_goal_that_installs_nothing_asks_for_no_certificate(goal: Goal, ids: list[str]) -> None:
    assert [step.id for step in steps(Answers().put("goal", goal).put("others.gateways", ("g",)))] == ids


@pytest.mark.parametrize(
    ("task", "ids"),
    [
        (Maintenance.ALIAS, ["maintain-alias"]),
        (Maintenance.BUILT_IN, []),
        (Maintenance.REMOVE_CA, []),
    ],
)
def test_a_maintenance_asks_for_what_it_needs(task: Maintenance, ids: list[str]) -> None:
    answers = Answers().put("goal", Goal.MAINTAIN).put("maintenance", task)
    assert [step.id for step in steps(answers)] == ["goal", "maintain", *ids, "review", "confirm", "apply"]
    assert load(dump(answers)) == answers
    typed = Answers().put("goal", Goal.MAINTAIN).put("primary.keystore-password", PROMPT)
    assert "primary-store-password" in [step.id for step in steps(typed)]


def test_the_two_ocsp_settings_are_one_answer_in_the_file() -> None:
    url = "http://ocsp.acme.example"
    answers = Answers()
    assert (answers.get("account.ocsp-check"), answers.get("account.ocsp-url")) == ("unchanged", "")
    assert answers.put("account.ocsp-url", url) == answers, "an address counts only with the check on"
    on = answers.put("account.ocsp-check", "on").put("account.ocsp-url", url)
    assert (on.account.ocsp, on.get("account.ocsp-check"), on.get("account.ocsp-url")) == (url, "on", url)
    assert on.put("account.ocsp-check", "on") == on
    assert on.put("account.ocsp-url", "").account.ocsp == "on"
    assert on.put("account.ocsp-check", "off").put("account.ocsp-url", url).account.ocsp == "off"


def test_replacing_offers_to_keep_what_is_installed() -> None:
    again = Answers().put("goal", Goal.RE_KEY)
    step = next(step for step in steps(again) if step.id == "primary-store-again")
    assert "keep" in [choice.value for choice in step.questions[0].choices]
    assert "primary-store-password" not in [step.id for step in steps(again.put("primary.keystore-password", KEEP))]
    assert "primary-store-again" not in [step.id for step in steps(Answers())]


def test_packs_come_before_the_change_when_certificates_are_replaced() -> None:
    answers = Answers().put("others.gateways", ("g",))
    for goal, wanted in ((Goal.SET_UP, "handoff"), (Goal.RE_KEY, "handoff-first")):
        ids = [step.id for step in steps(answers.put("goal", goal))]
        assert {"handoff", "handoff-first"} & set(ids) == {wanted}
        assert (ids.index("review") < ids.index(wanted) < ids.index("confirm")) is (goal is Goal.RE_KEY)
        assert (ids.index(wanted) > ids.index("apply")) is (goal is Goal.SET_UP)


PHASE_STEPS = {
    Phase.TRUST_ROOT: ["others", "review", "confirm", "apply", "handoff"],
    Phase.OTHERS: ["others", "others-verdict", "portal", "review", "confirm", "apply", "handoff"],
    Phase.PRIMARY: ["primary-store-again", "others", "others-verdict", "review", "confirm", "apply"],
    Phase.RETIRE_ROOT: ["others", "review", "confirm", "apply", "handoff"],
    Phase.AT_ONCE: [
        "primary-store-again",
        "others",
        "others-verdict",
        "portal",
        "review",
        "handoff-first",
        "confirm",
        "apply",
    ],
}


@pytest.mark.parametrize("phase", PHASE_STEPS)
def test_a_phase_asks_for_nothing_that_it_does_not_change(phase: Phase) -> None:
    answers = (
        Answers(goal=Goal.RE_KEY, phase=phase).put("others.gateways", ("g",)).put("primary.keystore-password", KEEP)
    )
    ids = [step.id for step in steps(answers)]
    assert ids[ids.index("primary-verdict") + 1 : -1] == PHASE_STEPS[phase]
    assert load(dump(answers)).phase is phase
    assert parsed(flow.question(Phase.TRUST_ROOT, Phase.PRIMARY, waits=False), Phase.AUTO, phase) is phase


OFFERED = [
    (Phase.TRUST_ROOT, Phase.PRIMARY, ["trust-root", "others", "at-once"]),
    (None, Phase.PRIMARY, ["trust-root", "others", "at-once"]),
    (Phase.OTHERS, Phase.PRIMARY, ["others", "primary", "at-once"]),
    (Phase.PRIMARY, Phase.PRIMARY, ["primary", "at-once"]),
    (None, Phase.RETIRE_ROOT, ["primary", "retire-root"]),
    (Phase.RETIRE_ROOT, Phase.RETIRE_ROOT, ["retire-root"]),
    (Phase.OTHERS, Phase.OTHERS, ["others", "at-once"]),
]


@pytest.mark.parametrize(("known", "last", "wanted"), OFFERED)
def test_the_next_phase_the_one_behind_it_or_all_at_once(known: Phase | None, last: Phase, wanted: list[str]) -> None:
    asked = flow.question(known, last, waits=known is None)
    assert [choice.value for choice in asked.choices] == wanted
    assert max(len(text) for text in (asked.heading, asked.why)) <= 76


def test_back_undoes_next_at_every_step() -> None:
    answers = Answers()
    for step in steps(answers)[:-1]:
        following = after(step.id, answers)
        assert following is not None
        assert before(following.id, answers) == step
    assert before(steps(answers)[0].id, answers) is None
    assert after(steps(answers)[-1].id, answers) is None


def test_every_question_explains_itself_and_fits_the_screen() -> None:
    every = [
        step
        for kind in PrimaryKind
        for step in steps(Answers().put("primary.kind", kind).put("primary.keystore-password", PROMPT))
    ]
    for question in (question for step in every for question in step.questions):
        assert question.heading
        assert question.why
        assert question.choices or question.example or question.ask in {Ask.SECRET, Ask.NEW_SECRET}
        assert max(len(question.heading), len(question.why)) <= 76, question.key
        assert all(len(choice.detail) <= 42 for choice in question.choices), question.key
    assert all(len(step.questions) <= 4 for step in every)


def test_an_answers_file_names_no_machine(tmp_path: Path) -> None:
    assert str(tmp_path) not in dump(Answers())


def test_each_step_has_its_permanent_name() -> None:
    assert {step.id for step in flow._STEPS} == set(StepId)
