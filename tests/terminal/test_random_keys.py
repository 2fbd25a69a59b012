"""Random keys at random sizes in a real terminal: no crash, and no secret in any byte. `KEY_SEQUENCES` says how many."""

import os
import random
import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.canary import nothing_told, told
from tests.support.exhaustive import mostly_exhaustive
from tests.support.practice import Practice, company, practice
from tests.support.pty_terminal import KEYS, Terminal
from tests.support.scenarios import WAYS, furnish

SEQUENCES = int(os.environ.get("KEY_SEQUENCES", "2"))
SEED = int(os.environ.get("KEY_SEED", "4711"))
PRESSED_IN_EACH = 25
LEFT = b"\x1b[?1049l"
SMALLEST, LARGEST = (40, 10), (160, 50)
STEPS = [(goal, step.id) for goal in ("set-up", "cloud") for step in WAYS[goal].steps]
ENDED = {0, 130}
"""Exit codes of a run that went to its end, or was left."""
# What leaves ends a sequence early, so it is pressed less often than the rest.
CHOICES = [*KEYS, *KEYS, *(key for key in KEYS if key not in {"f10", "ctrl+c", "ctrl+q"}), "paste", "type", "resize"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """One deployment for all: a dry run changes nothing."""
    with practice(tmp_path_factory.mktemp("random") / "p") as made:
        furnish(made)
        yield made


def key_in_pem() -> tuple[str, list[str]]:
    """A private key as it is pasted, and the lines of it that no certificate holds too."""
    text = (
        company()
        .entities["pcclient-host"]
        .key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )
    lines = text.splitlines()[1:-1]
    return text, lines[len(lines) // 2 :]


@pytest.mark.parametrize("number", mostly_exhaustive(range(SEQUENCES), {0}.__contains__))
def test_random_keys_never_crash_and_never_tell_a_secret(number: int, here: Practice) -> None:
    chance = random.Random(SEED * 1_000_003 + number)
    goal, step = chance.choice(STEPS)
    size = size_by(chance)
    pem, lines = key_in_pem()
    done = [f"{goal} {step} at {size}"]
    program = [sys.executable, "-m", "tests.support.start_command", str(here.root), goal, step, "dry"]
    with Terminal(program, size=size) as terminal:
        terminal.until("wizard", 60)
        for _ in range(PRESSED_IN_EACH):
            key = chance.choice(CHOICES)
            done.append(key)
            match key:
                case "paste":
                    terminal.child.send(f"\x1b[200~{pem}\x1b[201~")
                case "type":
                    terminal.child.send("".join(chance.choice("ab/. '\"x1") for _ in range(6)))
                case "resize":
                    columns, rows = size_by(chance)
                    terminal.child.setwinsize(rows, columns)
                    terminal.screen.resize(rows, columns)
                    done[-1] = f"resize {columns}x{rows}"
                case _:
                    terminal.child.send(KEYS[key])
            terminal.read(chance.choice((0.01, 0.05, 0.2)))
            if not terminal.child.isalive():
                assert terminal.child.exitstatus in ENDED, (done, reports(here), terminal.text)
                break
        nothing_told(None, terminal.sent)
        # Behind the end of the screen the terminal itself echoes what still comes.
        drawn = terminal.sent.partition(LEFT)[0]
        assert not [line for line in lines if told(line, drawn)], done
    assert reports(here) == [], done


def size_by(chance: random.Random) -> tuple[int, int]:
    """Columns and rows."""
    return chance.randint(SMALLEST[0], LARGEST[0]), chance.randint(SMALLEST[1], LARGEST[1])


def reports(here: Practice) -> list[str]:
    """What crashes have left."""
    return [each.read_text() for each in here.deployment.machine.state_dir.glob("wizard-crash-*.txt")]
