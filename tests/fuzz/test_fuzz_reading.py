"""Some hundred mutated files in every run, always the same; FUZZ_SECONDS and FUZZ_SEED make it more and others."""

import os

import pytest

from tests.fuzz import fuzz_reading

INPUTS = 1_000


def test_reading_survives_mutations() -> None:
    seed = int(os.environ.get("FUZZ_SEED", "4711"))
    count, finds = fuzz_reading.run(seed, inputs=INPUTS, seconds=float(os.environ.get("FUZZ_SECONDS", "0")))
    assert not finds, f"seed {seed}: {finds}"
    assert count >= INPUTS


def test_the_fuzzer_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reader that crashes it finds something at once."""

    def crash(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(fuzz_reading, "read", crash)
    assert fuzz_reading.one(b"x", None).startswith("IndexError")
