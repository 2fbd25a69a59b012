"""A thousand gateways: plan, rehearsal, hand-off and roll-out as commands, each machine with a certificate of its own.

In a set-up, and in each phase of a change of the root: `python bench_gateways.py [PHASE ...]`, all without a name.

Figures: 40 ms of processor time and 100 kB of memory for each gateway, and the same for each of 1,000 as for each of 200.
What a command costs before the first gateway is taken off: the difference between the two sizes is what counts.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.support.practice import ROOT, Practice, company, practice
from wizard.questions.answers import PHASES, Phase
from wizard.sandbox.pki import CLIENT, Pki, make, pfx

FEW, MANY = 200, 1000
MS, KB, GROWTH = 40.0, 100.0, 1.3
COMMANDS = {
    "plan": ("plan",),
    "rehearse": ("rehearse",),
    "handoff": ("handoff", "--out", "{out}"),
    "export ansible": ("export", "ansible", "--out", "{out}", "--secret", "vault-password=file:secrets/gateway"),
}
SET_UP = "set-up"
GATEWAY = """\
[[gateway]]
host = "{host}"
chain = ["{folder}/{host}.pfx"]
password = {{ file = "secrets/gateway" }}
unattended-file = "unattended.conf"
"""


def fleet(made: Practice, count: int, phase: str) -> str:
    """The answers for so many gateways in *phase*; the files are made where they are missing."""
    folder, pki = ("gateways", company()) if phase == SET_UP else ("successors", successor())
    (made.root / folder).mkdir(exist_ok=True)
    hosts = [f"gateway-{number}" for number in range(count)]
    for host in hosts:
        file = made.root / folder / f"{host}.pfx"
        if not file.exists():
            file.write_bytes(pfx(pki.reissued(host, dns=[host], eku=[CLIENT], key=KEY), "changeit"))
    text = (made.root / "answers.toml").read_text()
    head, tail = text[: text.index("[[gateway]]")], text[text.index("[account]") :]
    if phase != SET_UP:
        head = head.replace("schema = 1", f'schema = 1\nphase = "{phase}"').replace(
            'goal = "set-up"', 'goal = "re-key"'
        )
        head = head.replace("certificates/primary-host.pfx", "successors/primary-host.pfx")
        entity = pki.entities["primary-host"]
        (made.root / folder / "primary-host.pfx").write_bytes(pfx(entity, "changeit", name="primary-host"))
    path = made.root / f"{phase}-{count}.toml"
    path.write_text(head + "\n".join(GATEWAY.format(host=host, folder=folder) for host in hosts) + "\n" + tail)
    return str(path)


@cache
def successor() -> Pki:
    """The PKI under the new root."""
    return make()


KEY = company().entities["gateway-host"].key


def cost(made: Practice, words: tuple[str, ...], answers: str) -> tuple[float, float]:
    """Seconds of processor time, with those of children, and the most memory in kB."""
    with tempfile.TemporaryDirectory() as out:
        given = [word.format(out=f"{out}/new") for word in words]
        command = [sys.executable, "-m", "wizard", given[0], *made.options, *given[1:], "--answers", answers]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=made.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stderr is not None
        said = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, said
        count = answers.rpartition("-")[2].removesuffix(".toml")
        assert f" of {count}" in said or "set-up-" not in answers, "no progress was shown"
        return used.ru_utime + used.ru_stime, used.ru_maxrss


def line(name: str, value: float, limit: float, unit: str) -> bool:
    """Print one figure; whether it is within its limit."""
    ok = value <= limit
    print(f"{name}: {value:.2f}{unit} (limit {limit:g}{unit}) {'ok' if ok else 'MISSED'}")
    return ok


def measure(made: Practice, phase: str) -> bool:
    """Print the figures of *phase*; whether all are within their limits."""
    ok = True
    few, many = fleet(made, FEW, phase), fleet(made, MANY, phase)
    for command, words in COMMANDS.items():
        if command == "rehearse" and phase != SET_UP:
            continue
        name = f"{phase}, {command}"
        start, _ = cost(made, words, few)  # the first run compiles modules
        (small, low), (large, high) = cost(made, words, few), cost(made, words, many)
        each = (large - small) / (MANY - FEW)
        print(f"{name}: {MANY} gateways in {large:.1f} s of processor time, {high / 1024:.0f} MB at most")
        ok &= line(f"{name}: each gateway", each * 1000, MS, " ms")
        ok &= line(f"{name}: each gateway", (high - low) / (MANY - FEW), KB, " kB")
        ok &= line(f"{name}: one of {MANY} against one of {FEW}", large / MANY / (min(small, start) / FEW), GROWTH, "")
    return ok


def main(chosen: Sequence[str]) -> int:
    """Print the figures; 1 when one is missed."""
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for number, phase in enumerate(chosen or (SET_UP, *PHASES)):
            changes = phase != SET_UP
            with practice(Path(folder) / str(number), java="17", start=changes, configured=changes) as made:
                if changes:
                    bring_to(made, Phase(phase))
                ok &= measure(made, phase)
    return 0 if ok else 1


def bring_to(made: Practice, phase: Phase) -> None:
    """Make the phases before *phase* on the practice machine."""
    for before in PHASES[: phase.number - 1]:
        done = made.process("apply", "--answers", fleet(made, 0, before), "--yes")
        assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
