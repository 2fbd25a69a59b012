"""A few seconds of fuzzing in every run; FUZZ_SECONDS makes it longer."""

import datetime as dt
import os

import pytest

from tests.fuzz import fuzz_reading


def test_reading_survives_mutations() -> None:
    seed = int(os.environ.get("FUZZ_SEED") or dt.datetime.now(dt.UTC).date().toordinal())
    count, finds = fuzz_reading.run(float(os.environ.get("FUZZ_SECONDS", "3")), seed)
    assert not finds, f"seed {seed}: {finds}"
    assert count > 100


def test_the_fuzzer_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reader that crashes it finds something at once."""

    def crash(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(fuzz_reading, "read", crash)
    assert fuzz_reading.one(b"x", None).startswith("IndexError")
