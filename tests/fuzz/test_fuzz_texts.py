"""Some hundred mutated texts for each reader in every run, always the same; FUZZ_SECONDS and FUZZ_SEED change that."""

import os

import pytest

from tests.fuzz import fuzz_texts
from wizard.change.journal import Manifest

INPUTS = 300


@pytest.mark.parametrize("name", fuzz_texts.TARGETS)
def test_no_text_crashes_a_reader_or_holds_it_up(name: str) -> None:
    seed = int(os.environ.get("FUZZ_SEED", "4711"))
    count, _, found = fuzz_texts.run(name, seed, inputs=INPUTS, seconds=float(os.environ.get("FUZZ_SECONDS", "0")))
    print(f"{name}: {count} inputs, seed {seed}")
    assert found == []
    assert count >= INPUTS


def test_the_seeds_are_read_so_that_mutations_reach_deep() -> None:
    assert [Manifest.load(data).id for data in fuzz_texts.seeds_of_manifest()] == ["0001-20260101T000000Z"] * 3


def test_the_fuzzer_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_data: bytes) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(Manifest, "load", crash)
    assert "IndexError" in fuzz_texts.run("manifest", 1, inputs=1)[2][0]
