"""Throws mutated texts at what reads them: HOCON, unattended file, answers file, manifest, journal, events.

`python -m tests.fuzz.fuzz_texts [SECONDS] [SEED]` spends so many seconds on each of them. Anything but a refusal that the
reader declares, or more than a second of processor time for one input, is a bug.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path, PurePosixPath

from tests.fuzz.fuzz_configs import PIECES, attempt
from tests.oracle.hocon_cases import CASES
from tests.support.effort import soon
from wizard.change.durable import ABSENT_FILE, FileImage
from wizard.change.events import Event
from wizard.change.journal import (
    ARMED,
    CLOSED,
    DONE,
    INTENT,
    Action,
    Manifest,
    Node,
    Record,
    TrustEntry,
    read_journal,
    replay,
)
from wizard.change.plan import CertificateNote
from wizard.configs import damage, envfile
from wizard.errors import RecoveryNeededError, TextSyntaxError, WizardError
from wizard.host.directory import Directory, Identity
from wizard.questions.answers import Answers, GatewayAnswers, PrimaryAnswers
from wizard.questions.answers_file import dump, load

SECOND = 1.0
JSON_PIECES = [b"{", b"}", b"[", b"]", b'"', b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 5000, b"[" * 5000, b'{"a":' * 3000,
               b"\\u0000", b"\\ud800", b"\xff", b"\0", b"\n", b",", b":", b"..", b"/", b'"schema": 2,', b"0.5", b"{}"]  # fmt: skip
TOML_PIECES = [b"[", b"]", b"[[", b"]]", b"=", b'"', b"'''", b"\n", b"#", b"9" * 5000, b"{", b"}", b"a." * 50, b"1979-05-27", b"nan",
               b"\xff", b"\0", b"true", b"-", b"[" * 2000, b"schema = 1\n", b"[primary]\n", b"[[gateway]]\n", b"\r"]  # fmt: skip


def mutated(data: bytes, chance: random.Random, pieces: list[bytes]) -> bytes:
    """*data* with one to five cuts, copies, changed bytes and insertions."""
    for _ in range(chance.randint(1, 5)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        to = min(to, at + 60)
        kind = chance.randint(0, 4)
        middle = [
            b"",
            data[at:to] * 2,
            chance.choice(pieces),
            bytes([chance.randrange(256)]),
            chance.choice(pieces) * 30,
        ][kind]
        data = data[:at] + middle + data[to if kind in {0, 1, 3} else at :]
    return data


def hocon_text(data: bytes, chance: random.Random) -> None:
    """The editor of settings, with all that it promises."""
    attempt(data, chance)


def unattended_text(data: bytes, chance: random.Random) -> None:
    """The editor of the unattended file."""
    damage.examine(data, shell=True)
    with suppress(TextSyntaxError):
        document = envfile.parse(data)
        assert document.render() == data
        with suppress(WizardError):
            assert envfile.parse(document.set("A", "new").render()).render()


def answers_text(data: bytes, chance: random.Random) -> None:
    """The answers file; what was read is written and read again."""
    try:
        answers = load(data.decode(errors="replace"))
    except WizardError:
        return
    assert load(dump(answers)) == answers


def manifest_text(data: bytes, chance: random.Random) -> None:
    """The record of a change; what was read is written and read again."""
    try:
        manifest = Manifest.load(data)
    except ValueError:
        return
    assert Manifest.load(manifest.dump()) == manifest


@cache
def folder() -> Directory:
    return Directory(Path(tempfile.mkdtemp(prefix="fuzz-journal-")))


def journal_text(data: bytes, chance: random.Random) -> None:
    """The journal and the events of a change."""
    (folder().path / "journal").write_bytes(data)
    with suppress(RecoveryNeededError):
        replay(read_journal(folder(), "journal"))
    for line in data.decode(errors="replace").splitlines():
        with suppress(ValueError):
            Event.from_line(line)


def seeds_of_manifest() -> list[bytes]:
    image = FileImage("file", "ab" * 32, 500, 0o640, 0, 987, (("user.label", b"kept"),))
    trust = TrustEntry("root-0", "cd" * 32, "cacerts-password")
    here = PurePosixPath("/opt/hcp/conf/x.pfx")
    actions = [
        Action("keystore", here, here, "Replace it", image, image, "keystore", "keystore"),
        Action("import-0", here, here, "Import", ABSENT_FILE, image, "import-0", trust=trust),
    ]
    note = CertificateNote("after", "/x", "CN=a", "CN=b", "1", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "ef")
    node = Node("localhost", 2560, "primary-host", "ab" * 32)
    manifest = Manifest(
        "0001-20260101T000000Z", "Set up", "aa" * 32, "2026-01-01T00:00:00Z", "jane", "abc", tuple(actions),
        ("restart", "hcp-server", 300.0), ("probe", 300.0), (node,), (node,), was_running=True, certificates=(note,),
    )  # fmt: skip
    data = manifest.dump()
    old = b"".join(line for line in data.splitlines(keepends=True) if b'"login"' not in line)
    withfolder = Manifest(**{**{name: getattr(manifest, name) for name in manifest.__slots__}, "actions": (
        Action("folder", here, here, "Make", ABSENT_FILE, FileImage("folder", mode=0o755), folder=Identity("b", 1, 2, 0, 0, 0o755)),
    )})  # fmt: skip
    return [data, old, withfolder.dump()]


def seeds_of_journal() -> list[bytes]:
    records = [Record(ARMED), Record(INTENT, "a"), Record(DONE, "a", "[1, 2]"), Record(CLOSED, fact="applied")]
    event = Event("change", "done", "Everything", "2026-01-01T00:00:00Z", "applied", "x.y", "hint")
    return [b"".join(record.as_line() for record in records), event.as_line().encode() + b"\n"]


def seeds_of_answers() -> list[bytes]:
    primary = PrimaryAnswers(host="primary-host", chain=("a.pfx", "b"), nodes=("one", "two"))
    full = Answers(primary=primary, gateway=(GatewayAnswers(host="gateway-host", chain=("g.pfx",)),))
    return [dump(Answers()).encode(), dump(full).encode(), b"schema = 1\n"]


ENV = [b'A=1\nB=\'x y\'\nC="q\\"uo"\nexport D=$A\n# note\nE=a\\\nb\n', b"KEYSTORE_PATH=/x\r\nPW='p'\r\n", b""]
TARGETS: dict[str, tuple[Callable[[bytes, random.Random], None], Callable[[], list[bytes]], list[bytes]]] = {
    "hocon": (
        hocon_text,
        lambda: [each.encode() if isinstance(each, str) else each for each in CASES.values() if len(each) < 4000],
        PIECES,
    ),
    "unattended": (unattended_text, lambda: ENV, [*PIECES, b"'", b"`", b"$(x)", b"\\\n" * 50]),
    "answers": (answers_text, seeds_of_answers, TOML_PIECES),
    "manifest": (manifest_text, seeds_of_manifest, JSON_PIECES),
    "journal": (journal_text, seeds_of_journal, JSON_PIECES),
}


def _again(work: Callable[[bytes, random.Random], None], data: bytes, chance: random.Random) -> None:
    with suppress(Exception):
        work(data, chance)


def run(name: str, seed: int, *, inputs: int = 0, seconds: float = 0.0) -> tuple[int, float, list[str]]:
    """Fuzz the reader *name*, for so many inputs or seconds.

    Returns:
        The number of inputs, the longest processor time for one of them, and what was found.
    """
    work, seeds, pieces = TARGETS[name]
    chance, pool, found = random.Random(seed), seeds(), []
    count, longest, end = 0, 0.0, time.monotonic() + seconds
    while count < inputs or time.monotonic() < end:
        data = chance.choice(pool) if count < len(pool) else mutated(chance.choice(pool), chance, pieces)
        began = time.thread_time()
        try:
            work(data, chance)
        except Exception as error:  # noqa: BLE001 - any exception that the reader does not declare is what we look for
            found.append(f"{name}, seed {seed}, input {count}: {type(error).__name__}: {error}: {data[:2000]!r}")
        took = time.thread_time() - began
        longest = max(longest, took)
        if took > SECOND and not soon(partial(_again, work, data, chance)):
            found.append(f"{name}, seed {seed}, input {count}: {took:.2f} s: {data[:2000]!r}")
        count += 1
    return count, longest, found


def main() -> int:
    """Run as a script; 1 when something was found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    bad = 0
    for name in TARGETS:
        count, longest, found = run(name, seed, seconds=seconds)
        print(f"{name}: {count} inputs, seed {seed}, longest {longest:.3f} s, {len(found)} found", flush=True)
        for each in found[:5]:
            print(f"  {each}")
        bad += len(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
