"""Pictures of the screens: an SVG and the same as text, in the folder `snapshots/` at the top."""

from pathlib import Path
from typing import TYPE_CHECKING

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from textual.pilot import Pilot

from tests.tui.driving import text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

ROOT = Path(__file__).parents[2] / "snapshots"


class _Picture(SingleFileSnapshotExtension):
    """One file for each picture, named by the picture alone."""

    _write_mode = WriteMode.TEXT

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:  # noqa: ARG003 - one folder for all
        return str(ROOT)

    @classmethod
    def get_snapshot_name(cls, *, test_location: PyTestLocation, index: int | str = 0) -> str:  # noqa: ARG003 - the name is the picture's
        return str(index)


class Svg(_Picture):
    """The picture as it is shown in the README."""

    file_extension = "svg"


class Text(_Picture):
    """The same as text, for reading a change."""

    file_extension = "txt"


def same_as_before(pilot: Pilot[int], snapshot: "SnapshotAssertion", name: str) -> None:
    """Compare the screen with the picture *name*, as text first: its difference can be read."""
    assert f"{text(pilot)}\n" == snapshot(name=name, extension_class=Text)
    svg = pilot.app.export_screenshot(title="cloudstream-wizard")
    assert svg == snapshot(name=name, extension_class=Svg)
