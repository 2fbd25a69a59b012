"""How long a large and an ordinary file take to be edited; the Lightbend library loading the large one is the measure.

Run with `python -m tests.benchmarks.bench_configs`.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.jvm import run_java
from wizard.configs import hocon

RUNS = 3
TIMES_LIGHTBEND = 4.0
GROWTH = 1.6
ORDINARY_S = 0.020


def group(number: int) -> str:
    """About 450 characters of configuration as people write it: comments, nesting, lists, numbers, substitutions.

    Only the first ones have a substitution: thousands of them take the library minutes.
    """
    return f"""
# Group {number}: what the tenant may do
tenant-{number} {{
  enabled = true          // switched on by default
  "display.name" = "Tenant \\"{number}\\" \\u00e4"
  limits {{ users = {number % 977}, ratio = 0.{number % 10}, open = [1, 2, {{ from = "a", to = b c }}] }}
  path = {"${base}" if number < 20 else "/opt"}/tenants/{number}
  url = "https://host-{number}.example:7300/api?x=1#y"
  welcome = \"\"\"Hello "you"\"\"\"
  retry = 10 seconds, delay = {number}ms
  schedule.nightly = "03:{number % 60:02d}"
  owner : unquoted text with words
}}
"""


def document(size: int) -> bytes:
    """A file of that many bytes with the setting to change in the middle."""
    count = size // len(group(1000))
    groups = [group(number) for number in range(count)]
    groups.insert(count // 2, 'base = /opt\nhcp.tls.default-keystore-password = "changeit" # see manual\n')
    return "".join(groups).encode()


def seconds(data: bytes, clock: Callable[[], float] = time.perf_counter) -> float:
    """The median time to read, change and render."""
    times = []
    for number in range(RUNS):
        start = clock()
        hocon.parse(data).set("hcp.tls.default-keystore-password", f"new-{number}").render()
        times.append(clock() - start)
    return statistics.median(times)


def lightbend(data: bytes) -> float:
    """The median time that a JVM takes to start, load the file and end."""
    times = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "large.conf"
        file.write_bytes(data)
        run_java("HoconLoad", str(file))
        for _ in range(RUNS):
            start = time.perf_counter()
            result = run_java("HoconLoad", str(file))
            times.append(time.perf_counter() - start)
            assert result.returncode == 0, result.stderr
    return statistics.median(times)


def main() -> int:
    """Print one line for each figure; 1 when one was missed."""
    large, half = document(400_000), document(200_000)
    ordinary = document(18_000)
    lines = ordinary.count(b"\n")
    seconds(ordinary)
    whole, java = seconds(large), lightbend(large)
    # In processor time: other work on the machine would blur milliseconds and growth.
    usual = seconds(ordinary, time.process_time)
    grown, part = seconds(large, time.process_time), seconds(half, time.process_time)
    figures = [
        ("400 kB edited, times Lightbend loading it", whole / java, TIMES_LIGHTBEND, f"{whole:.2f} s / {java:.2f} s"),
        ("400 kB against twice 200 kB", grown / (2 * part), GROWTH, f"{grown:.2f} s / 2 x {part:.2f} s"),
        ("ordinary file edited, seconds", usual, ORDINARY_S, f"{lines} lines, {usual * 1000:.1f} ms"),
    ]
    for name, value, limit, detail in figures:
        print(f"{name}: {value:.3f} (limit {limit:g}) {'ok' if value <= limit else 'MISSED'}  [{detail}]")
    return int(any(value > limit for _, value, limit, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
