"""Throws mutated files at the configuration editors until the time is up: `python -m tests.fuzz.fuzz_configs [SECONDS]`.

Anything but a refusal with a code, a lost byte, or an edit that is not read back is a bug; the input is printed.
"""

import random
import sys
import time
from contextlib import suppress

from tests.oracle.hocon_cases import CASES
from wizard.configs import damage, diffs, envfile, hocon
from wizard.errors import TextSyntaxError, WizardError

PIECES = [b'"', b'"""', b"{", b"}", b"[", b"]", b"=", b":", b"+=", b",", b"\n", b"\r\n", b"#", b"//", b"${?a}", b"${a}", b"$",
          b"\\", b"\\u00e4", b" ", b"\t", b"\xef\xbb\xbf", b"\xff", b"\0", b"a", b"a.b", b"include", b'include "x"', b"null", b"1"]  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """*data* with a few cuts, copies and strange insertions."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        to = min(to, at + 40)
        kind = chance.randint(0, 3)
        middle = b"" if kind == 0 else data[at:to] * 2 if kind == 1 else chance.choice(PIECES)
        data = data[:at] + middle + data[to if kind < 3 else at :]
    return data


def attempt(data: bytes, chance: random.Random) -> None:
    """One input through everything.

    Raises:
        AssertionError: a law is broken.
    """
    damage.examine(data)
    damage.repair(data)
    diffs.unified("x", data, data[::-1])
    with suppress(TextSyntaxError):
        assert envfile.parse(data).render() == data
    try:
        document = hocon.parse(data, environment={})
    except TextSyntaxError:
        return
    assert document.render() == data
    found = document.resolved()
    paths = [keys for keys in found if keys] or [("a",)]
    keys = chance.choice(paths)
    try:
        edited = document.set(hocon.render_path(keys), "new")
    except WizardError as error:
        if error.code == "hocon.edit-not-proven":
            raise
        return
    value = edited.get(hocon.render_path(keys))
    assert value is not None
    assert value.text == "new"
    assert {**edited.resolved(), keys: 0} == {**found, keys: 0}


def main() -> int:
    """Run for as many seconds as the first argument says (30) with the seed of the second."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    chance = random.Random(seed)
    corpus = [text.encode() if isinstance(text, str) else text for text in CASES.values() if len(text) < 4000]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = mutated(chance.choice(corpus), chance)
        try:
            attempt(data, chance)
        except Exception:
            print(f"seed {seed}, input {count}: {data!r}")
            raise
        count += 1
    print(f"configs: {count} inputs in {seconds:.0f} s, seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
