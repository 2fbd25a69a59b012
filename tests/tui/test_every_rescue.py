"""Every practice fault, and pairs of them, by keys: the page repairs them, or says what a person has to do.

RESCUE_PAIRS is how many pairs are tried.
"""

import itertools
import os
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.doctor_runs import examined
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import company, practice
from tests.tui.rescuer import Walk, rescue
from wizard.errors import WizardError
from wizard.sandbox import faults
from wizard.sandbox.build import create

SERVED = "subject=O = Acme, CN = primary-host"
NEEDS_JAVA = {"no-keytool", "nothing-uploaded", "root-missing", "other-root", "old-java", "intermediate-not-uploaded"}
FAULTS = [fault.name for fault in faults.FAULTS]
GOOD = {
    "wrong-password",
    "blank-in-password",
    "wrong-path",
    "path-is-folder",
    "duplicate-key",
    "duplicate-password",
    "masked-by-include",
    "masked-by-environment",
    "commented-out",
    "wrong-block",
    "conf-utf-16",
    "smart-quotes",
    "conf-latin-1",
    "backslash-password",
    "at-sign-unquoted",
    "hash-unquoted",
    "conf-unreadable",
    "conf-world-readable",
    "key-password",
    "two-keys",
    "store-world-readable",
    "old-java",
    "umlaut-password",
    "unreadable",
    "root-missing",
    "other-root",
    "cacerts-unreadable",
    "not-restarted",
    "slow-start",
}
"""Faults that the wizard repairs; all others are left to a person, with what to do."""
NEXT = {"replace", "request", "open", "undo", "commands", "again"}


async def walked(faults: Sequence[str], folder: Path) -> Walk:
    java = "17" if NEEDS_JAVA & set(faults) else None
    with practice(folder / "x", java=java, start=False, faults=faults, configured=True) as made:
        walk = await rescue(made)
        if walk.good:
            assert made.served() == SERVED, (faults, walk)
            assert examined(made).root_causes == (), (faults, walk)
        else:
            assert walk.left, (faults, walk)
            assert set(walk.offered) & NEXT, (faults, walk)
            assert "What to do" in walk.screen or "by you" in walk.screen or walk.failed, (faults, walk)
    return walk


@pytest.mark.parametrize("fault", mostly_exhaustive(FAULTS, {"at-sign-unquoted"}.__contains__))
async def test_one_fault(fault: str, tmp_path: Path) -> None:
    walk = await walked([fault], tmp_path)
    assert walk.good == (fault in GOOD), walk


COUNT = int(os.environ.get("RESCUE_PAIRS", "3"))
PAIRS = list(itertools.permutations(FAULTS, 2))
random.Random(17).shuffle(PAIRS)
"""All of them in an order that is always the same."""


@pytest.mark.parametrize("number", range(COUNT))
@exhaustive
async def test_two_faults(number: int, tmp_path: Path) -> None:
    for pair in PAIRS[number::COUNT]:
        with suppress(AssertionError, ValueError, WizardError):  # one fault may take away what the other one changes
            create(tmp_path / "+".join(pair), find_jre=False, faults=pair, configured=True, pki=company())
            break
    walk = await walked(pair, tmp_path)
    assert walk.changes <= 2, (pair, walk)
