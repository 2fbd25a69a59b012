"""Files that are made to hold up the wizard or to fill its memory: read within bounds, or refused by name."""

import contextlib
import json
import multiprocessing
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from wizard.change.journal import Manifest, Record, read_journal
from wizard.configs import damage, envfile, hocon
from wizard.errors import RecoveryNeededError, WizardError
from wizard.host.directory import Directory
from wizard.questions.answers_file import load

PROCESSOR_S = 2.0
MEMORY_KIB = 200 * 1024


def chain_of(first: str, body: str, count: int = 25) -> str:
    """`a0 = FIRST`, then lines that each refer to the one before."""
    return f"a0 = {first}\n" + "".join(f"a{n} = " + body.replace("P", f"a{n - 1}") + "\n" for n in range(1, count))


HOCON: dict[str, tuple[Callable[[], str], str]] = {
    "texts that double": (lambda: chain_of("x", "${P}${P}", 60), "hocon.expansion"),
    "lists that double": (lambda: chain_of("[x]", "${P} ${P}"), "hocon.expansion"),
    "lists in lists": (lambda: chain_of("[x]", "[${P}, ${P}]"), "hocon.expansion"),
    "objects in lists": (lambda: chain_of("[x]", "[{l = ${P}}, {r = ${P}}]"), "hocon.expansion"),
    "two circles": (
        lambda: "".join(f"a{n} = ${{a{(n + 1) % 25}}} ${{a{(n + 2) % 25}}}\n" for n in range(25)),
        "hocon.expansion",
    ),
    "long key": (lambda: ".".join(["a"] * 100_000) + " = 1\n", "hocon.long-path"),
    "long substitution": (lambda: "x = ${" + ".".join(["a"] * 100_000) + "}\n", "hocon.long-path"),
    "long path in parts": (lambda: "a.a.a{" * 200 + "}" * 200, "hocon.long-path"),
    "keys": (lambda: "".join(f"k{n}=1\n" for n in range(200_000)), "hocon.too-many-keys"),
    "keys in objects": (lambda: "".join(f"k{n}{{v=1}}\n" for n in range(150_000)), "hocon.too-many-keys"),
    "list items": (lambda: "a = [" + "1," * 100_000 + "]\n", "hocon.too-many-keys"),
    "+=": (lambda: "a += 1\n" * 30_000, "hocon.too-many-appends"),
    "bytes": (lambda: "# x\n" * 1_000_000, "hocon.too-large"),
}
SELDOM = ("lists that double", "objects in lists", "two circles", "keys in objects")
"""Others that meet the same bound are always tried."""
READ: dict[str, Callable[[], str]] = {
    "texts of 25 lines": lambda: chain_of("x", "${?P}${?P}", 18),
    "the most +=": lambda: "a += 1\n" * 1000,
    "one base": lambda: "k = 1\n" + "".join(f"k{n} = ${{k}}\n" for n in range(9000)),
    "keys with dots": lambda: "".join(f"a.b.c.k{n} = {n}\n" for n in range(4900)),
    "comments": lambda: "# a {\n" * 100_000 + "# password = x\n" * 80_000,
}


def measured(work: Callable[[], object]) -> None:
    """Run *work* in a process of its own, and require that it keeps the bounds of time and memory."""

    def child() -> None:
        sys.settrace(None)  # coverage counts lines, which takes longer than the work
        begun = time.process_time()
        work()
        spent = time.process_time() - begun
        assert spent < PROCESSOR_S, spent
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < max(MEMORY_KIB, before + 100 * 1024)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
    assert process.exitcode == 0


@pytest.mark.parametrize("name", mostly_exhaustive(HOCON, {*HOCON}.difference(SELDOM).__contains__))
def test_a_configuration_beyond_a_bound_is_refused_by_name(name: str) -> None:
    make, code = HOCON[name]
    data = make().encode()

    def read() -> None:
        with pytest.raises(WizardError) as refused:
            hocon.parse(data, environment={}).doubts()
        assert refused.value.code == code
        assert any(sign.isdigit() for sign in refused.value.message.partition(": ")[2]), "the bound is not named"

    measured(read)


@pytest.mark.parametrize("name", READ)
def test_a_configuration_just_within_the_bounds_is_read_in_time(name: str) -> None:
    data = READ[name]().encode()

    def read() -> None:
        document = hocon.parse(data, environment={})
        document.find("password")
        document.commented("password")
        document.doubts()
        document.set("z", "1")

    measured(read)


def test_objects_that_double_are_refused_only_when_all_is_asked_for() -> None:
    text = "a0 {x=1}\n" + "".join(f"a{n} {{ l = ${{a{n - 1}}}, r = ${{a{n - 1}}} }}\n" for n in range(1, 25)) + "z = 1"
    document = hocon.parse(text.encode(), environment={})
    value = document.get("z")
    assert value is not None
    assert value.text == "1"
    with pytest.raises(WizardError, match="20000 steps"):
        document.resolved()


def test_objects_that_refer_to_each_other_in_a_circle_end() -> None:
    """Found by the fuzzer: a hundred bytes kept the resolver busy for minutes."""
    lines = [
        "defaults { a = ${item1.b}, b = 2 }",
        "item1.b = 7",
        "item1 =  7",
        "item1 = ${item1.b}, bem1 =  7",
        "item1 = ${defaults}",
    ]

    def resolve() -> None:
        with contextlib.suppress(WizardError):
            hocon.parse("\n".join(lines).encode(), environment={}).resolved()

    measured(resolve)


@pytest.mark.parametrize("times", [1, 61, 1000])
def test_each_append_counts_once(times: int) -> None:
    document = hocon.parse(b"a += ${x}\n" * times, environment={})
    assert [doubt.partition(":")[0] for doubt in document.doubts()][:2] == ["line 1", "line 2"][:times]


@pytest.mark.parametrize(
    "text", ['A="' + "x" * 55_000_000 + '"\n', "A=x" + "\\\nx" * 3_300_000 + "\n"], ids=["55 MB", "continued lines"]
)
def test_an_unattended_file_beyond_the_bound_is_refused_by_name(text: str) -> None:
    data = text.encode()
    with pytest.raises(WizardError) as refused:
        envfile.parse(data)
    assert refused.value.code == "envfile.too-large"
    assert str(envfile.LARGEST) in refused.value.message
    assert [finding.code for finding in damage.examine(data, shell=True)] == ["config.syntax"]


def test_the_largest_unattended_file_is_read_in_time() -> None:
    data = ("A=x" + "\\\nx" * (envfile.LARGEST // 3 - 2) + "\n").encode()
    measured(lambda: damage.examine(data, shell=True))


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("x = " + "[" * 50_000, "nested too deeply"),
        ("x = " + "9" * 250_000, "4300 digits"),
        (".".join(["a"] * 100_000) + " = 1", "16 dots"),
        ("#" * 600_000, "524288 characters"),
    ],
    ids=["nesting", "long integer", "dotted key", "size"],
)
def test_an_answers_file_beyond_a_bound_is_refused_by_name(text: str, bound: str) -> None:
    def read() -> None:
        with pytest.raises(WizardError) as refused:
            load("schema = 1\n" + text)
        assert refused.value.code == "answers.beyond-bound"
        assert bound in refused.value.message

    measured(read)


def test_dots_in_a_text_are_no_dotted_key() -> None:
    host = ".".join(["a"] * 30)
    assert load(f'schema = 1\n[primary]\nhost = "{host}"').primary.host == host


def test_a_record_that_is_nested_too_deeply_is_damaged() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        Manifest.load(b"[" * 100_000)
    with pytest.raises(ValueError, match="more than 4194304 bytes"):
        Manifest.load(b" " * 5_000_000)
    with pytest.raises(ValueError, match="record"):
        Record.from_line(b"[" * 100_000)


def test_a_journal_beyond_the_bound_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(Record("done", "x").as_line() * 100_000)
    with pytest.raises(RecoveryNeededError, match="4194304 bytes"):
        read_journal(Directory(tmp_path), "journal.jsonl")


def test_the_end_of_a_long_log_is_explained_with_its_own_line_numbers(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("x\n" * 1_000_000 + "java.io.IOException: keystore password was incorrect\n")
    words = [sys.executable, "-m", "wizard", "--json", "doctor", "--log", str(log)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert [each["subject"]["line"] for each in json.loads(done.stdout)["findings"]] == [1_000_001]
    assert "last 524288 bytes" in done.stderr
