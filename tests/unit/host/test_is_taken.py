import os
import subprocess
import sys
from pathlib import Path

from tests.support.practice import POWERLESS, ROOT
from wizard.host.files import is_taken
from wizard.session.session import fresh_folder


def test_what_has_something_in_it_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/empty").mkdir(parents=True)
    taken = {name for name in ("file", "empty", "full", "none") if is_taken(tmp_path / name)}
    assert taken == {"file", "full"}
    assert [fresh_folder(tmp_path, name) for name in ("file", "empty", "full")] == ["file-2", "empty", "full-2"]


def test_a_folder_that_may_not_be_read_is_taken(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir(mode=0)
    code = f"from pathlib import Path; from wizard.session.session import fresh_folder as f; print(f(Path({str(tmp_path)!r}), 'packs'))"
    before = POWERLESS if os.geteuid() == 0 else []
    done = subprocess.run(
        [*before, sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "packs-2\n", done.stderr
