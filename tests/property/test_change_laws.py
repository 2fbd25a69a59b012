"""Laws of the change room that hold for any input."""

import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_host import KEYSTORE, Scene
from wizard.change import plan_file
from wizard.change.durable import put_file, temporary_name
from wizard.change.engine import apply
from wizard.change.events import APPLIED, Event, EventLog
from wizard.change.journal import Journal, Record, read_journal
from wizard.change.plan import EditFile, Expectation, ImportTrust, Plan, Probe, PutFile, Restart
from wizard.change.rollback import rollback
from wizard.change.store import history
from wizard.host.directory import Directory
from wizard.secret import Redactor, Secret

TEXT = st.text(max_size=30)
PATHS = st.lists(st.from_regex(r"[a-zäß ._-]{1,8}", fullmatch=True), min_size=1, max_size=4).map(
    lambda parts: PurePosixPath("/", *parts)
)
MODES = st.integers(0, 0o7777)
OWNERS = st.none() | st.integers(0, 2**31)
EXPECT = st.builds(Expectation, st.booleans(), TEXT, st.none() | MODES, OWNERS, OWNERS, TEXT, TEXT)
STEPS = st.one_of(
    st.builds(
        PutFile,
        st.just("x"),
        PATHS,
        st.binary(max_size=50),
        MODES,
        EXPECT,
        TEXT,
        TEXT,
        OWNERS,
        OWNERS,
        st.none() | TEXT,
        st.none() | TEXT,
        TEXT,
    ),
    st.builds(EditFile, st.just("x"), PATHS, st.binary(max_size=50), TEXT, EXPECT, TEXT, TEXT),
    st.builds(
        ImportTrust, st.just("x"), PATHS, st.binary(max_size=50), TEXT, TEXT, TEXT, EXPECT, TEXT, st.binary(max_size=50)
    ),
    st.builds(Restart, st.just("x"), TEXT, st.floats(0, 1e6), st.booleans()),
    st.builds(Probe, st.just("x"), st.lists(st.tuples(TEXT, st.integers(0, 65535)), max_size=3).map(tuple), TEXT, TEXT),
)


@given(STEPS, TEXT, TEXT, st.none() | st.tuples(TEXT, TEXT))
def test_a_plan_survives_being_kept(step: PutFile, title: str, machine: str, java: tuple[str, str] | None) -> None:
    plan = Plan(title, (step,), machine, java=java)
    again = plan_file.load(plan_file.dump(plan))
    assert again == plan
    assert again.digest == plan.digest


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(0, 0o777), st.integers(0, 0o777))
def test_put_file_gives_what_it_was_asked_for(old: bytes, new: bytes, before: int, mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(old)
        path.chmod(before)
        image = put_file(Directory(path.parent), path.name, new, mode=mode)
        assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (new, mode)
        assert (image.size, image.mode) == (len(new), mode)
        assert list(Path(folder).iterdir()) == [path]


@given(
    st.text(min_size=1).filter(lambda name: "/" not in name and "\0" not in name),
    st.text("0123456789abcdef", max_size=12),
)
def test_temporary_names_fit_and_never_are_the_name_itself(name: str, token: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return
    if size <= 255:
        temporary = temporary_name(name, token)
        assert len(temporary.encode(errors="surrogateescape")) <= 255
        assert temporary != name


@given(st.lists(st.builds(Record, TEXT, TEXT, TEXT), max_size=5), st.integers(0, 10**6))
def test_any_cut_of_a_journal_gives_a_beginning_of_it(records: list[Record], cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(Directory(path.parent), path.name)
        for record in records:
            journal.append(record.event, record.step, record.fact)
        journal.close()
        assert read_journal(Directory(path.parent), path.name) == tuple(records)
        data = path.read_bytes()
        path.write_bytes(data[: cut % (len(data) + 1)])
        left = read_journal(Directory(path.parent), path.name)
        assert left == tuple(records[: len(left)])


@given(st.from_regex(r"[A-Za-z0-9$&/ ]{6,20}", fullmatch=True), st.sampled_from(["", "\n", "\x1b[2J", "\u202e", "\0"]))
def test_events_are_one_printable_line_without_secrets(secret: str, evil: str) -> None:
    redactor = Redactor()
    redactor.learn(Secret(secret))
    told: list[Event] = []
    EventLog(redactor=redactor, listener=told.append).say("step", "progress", f"<{evil}{secret}{evil}>")
    (event,) = told
    assert Event.from_line(event.as_line()) == event
    assert event.text.isprintable()
    assert secret not in event.text
    assert "********" in event.text


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["apply", "broken", "back", "again"]), min_size=1, max_size=6))
def test_any_row_of_changes_and_rollbacks_leads_where_the_history_says(moves: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder)).build()
        stack = [scene.tree()]
        for number, move in enumerate(moves):
            if move == "apply":
                assert apply(scene.plan(keystore=str(number).encode()), scene.context()).outcome == APPLIED
                stack.append(scene.tree())
            elif move == "broken":
                assert apply(scene.plan(keystore=b"BROKEN"), scene.context()).outcome == "rolled_back"
            elif move == "back" and len(stack) > 1:
                assert rollback(None, scene.context()).outcome == APPLIED
                stack.pop()
            elif move == "again":
                plan = scene.plan(keystore=scene.machine.real(KEYSTORE).read_bytes())
                if len(stack) > 1:
                    assert apply(plan, scene.context()).outcome == "nothing_to_do"
            assert scene.tree() == stack[-1]
        assert sum(entry.in_effect and not entry.rolls_back for entry in history(scene.machine)) == len(stack) - 1
