import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host import processes
from wizard.host.processes import environment, memory_file, path_of, run


def test_output_and_exit_code_come_back() -> None:
    done = run(["sh", "-c", "cat; echo err >&2; exit 3"], timeout_s=5, input=b"in\xff")
    assert (done.returncode, done.stdout, done.stderr, done.ok) == (3, "in\\xff", "err\n", False)
    assert done.argv[0] == "sh"


def test_a_file_in_memory_is_read_and_written_by_another_program_of_this_user() -> None:
    with memory_file(b"s3cret") as stream:
        assert run(["cat", path_of(stream)], timeout_s=5).stdout == "s3cret"
        assert run(["sh", "-c", 'echo new > "$1"', "sh", path_of(stream)], timeout_s=5).ok
        stream.seek(0)
        assert stream.read() == b"new\n"


def test_without_input_the_child_reads_nothing() -> None:
    assert run(["cat"], timeout_s=5).stdout == ""


def test_java_options_of_the_session_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1m")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/inside")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/outside")
    told = environment()
    assert "JAVA_TOOL_OPTIONS" not in told
    assert (told["LC_ALL"], told["LD_LIBRARY_PATH"]) == ("C.UTF-8", "/outside")


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for argv, code in (
        (["/no/such\x1b/program"], "program.missing"),
        ([str(tmp_path / "plain")], "program.not-runnable"),
    ):
        with pytest.raises(WizardError) as refused:
            run(argv, timeout_s=5)
        assert refused.value.code == code
        assert "\x1b" not in refused.value.message


def test_a_slow_program_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, wait = tmp_path / "pid", processes._wait

    def wait_for_the_child(child: subprocess.Popen[bytes], timeout_s: float) -> None:
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.02)
        wait(child, timeout_s)

    monkeypatch.setattr(processes, "_wait", wait_for_the_child)
    with pytest.raises(WizardError) as refused:
        run(["sh", "-c", f"sleep 60 & echo $! > {mark}; wait"], timeout_s=0.3)
    assert refused.value.code == "program.too-slow"
    pid = int(mark.read_text())
    for _ in range(3000):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or ") Z" in state.read_text():
            return
        time.sleep(0.02)
    pytest.fail("the child of the child still runs")


def test_a_daemon_left_behind_is_not_waited_for() -> None:
    done = run(["sh", "-c", "setsid sleep 20 & echo started"], timeout_s=10)
    assert (done.stdout, done.ok) == ("started\n", True)


def test_without_descriptors_of_processes_and_files_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.delattr(os, "memfd_create")
    assert run(["sh", "-c", "cat; exit 4"], timeout_s=5, input=b"x").returncode == 4
    with pytest.raises(WizardError) as refused:
        run(["sleep", "30"], timeout_s=0.1)
    assert refused.value.code == "program.too-slow"


def test_the_child_has_its_own_session() -> None:
    code = "import os; print(os.getsid(0) == os.getpid())"
    assert run([sys.executable, "-c", code], timeout_s=10).stdout == "True\n"
