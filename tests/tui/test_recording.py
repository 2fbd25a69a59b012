"""The recording shows what the program shows."""

from xml.etree import ElementTree as ET

from tests.tui.recording import PICTURES, TARGET, recording


def test_the_recording_is_made_of_the_present_pictures() -> None:
    assert TARGET.read_text(encoding="utf-8") == recording(), "run: python -m tests.tui.recording"
    root = ET.fromstring(TARGET.read_text(encoding="utf-8"))
    assert len(root.findall("{http://www.w3.org/2000/svg}g")) == len(PICTURES)
