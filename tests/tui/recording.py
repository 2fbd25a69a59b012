"""The recording of the README, made of pictures of the real program: `python -m tests.tui.recording`."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "snapshots"
TARGET = FOLDER / "recording.svg"
PICTURES = ("goal", "place", "primary-files", "primary-verdict", "others", "review", "confirm", "success", "handoff")
SECONDS = 2.5
"""How long each picture is shown."""


def recording() -> str:
    """An SVG that shows one picture after another, by CSS alone; without animation it shows the first."""
    whole, share = SECONDS * len(PICTURES), 100 / len(PICTURES)
    frames, size = [], ""
    for number, name in enumerate(PICTURES):
        picture = (FOLDER / f"{name}-80x24.svg").read_text(encoding="utf-8")
        size = (re.search(r'viewBox="[^"]*"', picture) or [size])[0]
        first = ' style="opacity:1"' if number == 0 else ""
        frames.append(f'<g class="frame" id="frame-{number}"{first}>{picture}</g>')
    delays = "\n".join(f"#frame-{number} {{ animation-delay: {number * SECONDS}s }}" for number in range(len(PICTURES)))
    style = (
        f"@keyframes turn {{ 0%, {share:.3f}% {{ opacity: 1 }} {share + 0.001:.3f}%, 100% {{ opacity: 0 }} }}\n"
        f".frame {{ opacity: 0; animation: turn {whole}s step-end infinite }}\n{delays}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>\n{style}\n</style>\n'
        + "\n".join(frames)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    TARGET.write_text(recording(), encoding="utf-8")
