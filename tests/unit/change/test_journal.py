"""What a journal says after any accident."""

from pathlib import Path

import pytest

from tests.support.fake_host import Interrupting, failing
from wizard.change.journal import (
    ARMED,
    CLOSED,
    DONE,
    INTENT,
    RESTART,
    UNDO,
    UNDONE,
    VERIFIED,
    Journal,
    Record,
    RecoveryPlan,
    read_journal,
    replay,
)
from wizard.errors import RecoveryNeededError
from wizard.host.directory import Directory

A, B = Record(INTENT, "a"), Record(INTENT, "b")


@pytest.mark.parametrize(
    ("records", "plan"),
    [
        ((), RecoveryPlan("unarmed")),
        ((Record(CLOSED, fact="refused"),), RecoveryPlan("closed", outcome="refused")),
        ((Record(ARMED),), RecoveryPlan("applying")),
        ((Record(ARMED), A, Record(DONE, "a"), B), RecoveryPlan("applying", ("a", "b"))),
        ((Record(ARMED), A, Record(RESTART)), RecoveryPlan("applying", ("a",), restarted=True)),
        ((Record(ARMED), A, Record(RESTART), Record(VERIFIED)), RecoveryPlan("verified", ("a",), restarted=True)),
        ((Record(ARMED), A, Record(UNDO, fact="x.y")), RecoveryPlan("undoing", ("a",), reason="x.y")),
        ((Record(ARMED), A, Record(VERIFIED), Record(UNDO, fact="x")), RecoveryPlan("undoing", ("a",), reason="x")),
        (
            (Record(ARMED), A, Record(UNDO, fact="x"), Record(UNDONE, "a"), Record(CLOSED, fact="rolled_back")),
            RecoveryPlan("closed", ("a",), outcome="rolled_back", reason="x"),
        ),
    ],
)
def test_replay(records: tuple[Record, ...], plan: RecoveryPlan) -> None:
    assert replay(records) == plan


def written(path: Path) -> Journal:
    journal = Journal(Directory(path.parent), path.name)
    for event, step in ((ARMED, ""), (INTENT, "a"), (DONE, "a")):
        journal.append(event, step)
    return journal


def test_torn_end_is_no_record_and_is_cut_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path).close()
    whole = path.read_bytes()
    for left in range(len(whole)):
        path.write_bytes(whole[:left])
        count = whole[:left].count(b"\n")
        assert len(read_journal(Directory(path.parent), path.name)) == count
        journal = Journal(Directory(path.parent), path.name)
        journal.append(CLOSED, fact="applied")
        journal.close()
        records = read_journal(Directory(path.parent), path.name)
        assert (len(records), records[-1].event) == (count + 1, CLOSED)


def test_garbage_in_the_last_line_is_torn_too(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path).close()
    path.write_bytes(path.read_bytes() + b"\0\0\0\0\n")
    assert len(read_journal(Directory(path.parent), path.name)) == 3


def test_damage_before_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written(path).close()
    path.write_bytes(path.read_bytes().replace(b'\\"armed', b'\\"harmd', 1))
    with pytest.raises(RecoveryNeededError) as refused:
        read_journal(Directory(path.parent), path.name)
    assert refused.value.code == "change.journal-damaged"
    assert "line 1" in refused.value.message


def test_a_closed_change_stays_closed_whatever_the_middle_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = written(path)
    journal.append(CLOSED, fact="applied")
    journal.close()
    path.write_bytes(path.read_bytes().replace(b"intent", b"1ntent", 1))
    assert replay(read_journal(Directory(path.parent), path.name)).outcome == "applied"


def test_a_record_that_could_not_be_written_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    calls = Interrupting()
    journal = Journal(Directory(path.parent), path.name, calls)
    journal.append(ARMED)
    calls.act = failing(calls.count + 2, 5).act
    with pytest.raises(OSError, match="Input/output"):
        journal.append(INTENT, "a")
    calls.act = None
    assert [record.event for record in journal.records] == [ARMED]
    journal.append(UNDO, fact="x")
    journal.close()
    assert [record.event for record in read_journal(Directory(path.parent), path.name)] == [ARMED, UNDO]
