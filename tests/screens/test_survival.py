"""Small, colourless and ASCII terminals; hostile text; leaving; crashes; help. By keys, on a session in memory."""

from pathlib import Path
from unicodedata import category

import pytest
from rich.segment import Segment
from textual.color import Color

from screens.completion import last_word
from screens.frame import KEYS
from screens.glyphs import ASCII, AsciiFilter, ascii_wanted
from screens.quitting import QuitScreen
from screens.text import fit, fold
from tests.screens.driving import focused, keys, opened, text, until
from tests.screens.fake_session import CHAIN, PASSWORD, STEPS, FakeSession, at, earlier_run
from wizard.questions.flow import View
from wizard.reports.lines import Line

STILL = [name for name, (step, _answers) in STEPS.items() if step.view is not View.APPLY]
"""The steps that do not change by themselves."""
SIZES = [(60, 20), (20, 5), (1, 1), (79, 24), (80, 23)]


@pytest.mark.parametrize("step", STILL)
async def test_a_small_terminal_is_told_and_survived(step: str) -> None:
    async with opened(at(step), start=step) as pilot:
        first, before = text(pilot), focused(pilot)
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await keys(pilot, "tab", "enter", "x")
            said = f"Terminal is {width}x{height}; 80x24 is needed"
            assert text(pilot).strip() == said[:width].strip()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert text(pilot) == first
        assert focused(pilot) == before


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_is_complete_and_no_wider_than_can_be_read(step: str) -> None:
    async with opened(at(step), start=step) as pilot:
        for width, height in ((80, 24), (132, 43), (200, 60)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            body = pilot.app.screen.query_one("#body").region
            assert body.width <= 100
            for widget in pilot.app.screen.query("#body > *"):
                assert body.contains_region(widget.region), widget.id
            rows = text(pilot).splitlines()
            assert rows[-1].rstrip().endswith(tuple(words for _keys, words in KEYS.values())), "the last key is whole"
            assert "Step" in rows[0]


async def test_ascii_mode_sends_nothing_else_on_the_whole_way() -> None:
    session = FakeSession(hostile=True)
    async with opened(session, ascii_only=True) as pilot:
        for key in ("f1", "escape", "enter", "enter", f"={CHAIN}", "=/M\u00fcller", "f1", "escape", "enter"):
            await keys(pilot, key)
            assert text(pilot).isascii()
        await keys(pilot, "tab", "tab", "enter", "ctrl+c")
        assert text(pilot).isascii()
        assert "+--" in text(pilot), "the dialog has a frame of signs that every terminal has"
        await keys(pilot, "escape")
    async with opened(session, ascii_only=True, start="review") as pilot:
        await keys(pilot, "end")
        assert text(pilot).isascii()
        await keys(pilot, "home", *["pagedown"] * 40)
        assert "default-keystore-file" in text(pilot)


async def test_ascii_mode_loses_nothing() -> None:
    session = FakeSession()
    session.hostile = True
    async with opened(session, ascii_only=True, start="elsewhere") as pilot:
        await keys(pilot, "end")
        assert "M\\xfcller \\u65e5\\u672c\\u8a9e" in text(pilot)


async def test_without_colour_every_state_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(FakeSession(), start="primary-files") as pilot:
        await keys(pilot, "=x", "enter", "=bad", "enter")
        styles = [segment.style for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
        assert all(style is None or (style.color is None or style.color.is_default) for style in styles)
        assert all(style is None or (style.bgcolor is None or style.bgcolor.is_default) for style in styles)
        reversed_text = [
            segment.text
            for strip in pilot.app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.style.reverse
        ]
        assert any("********" in each for each in reversed_text), "the focus is reverse"
        assert "> ********" in text(pilot), "and has a mark"
        assert "Error:" in text(pilot)


@pytest.mark.parametrize("step", STEPS)
async def test_hostile_text_is_shown_and_does_nothing(step: str) -> None:
    session = at(step, hostile=True)
    async with opened(session, start=step) as pilot:
        await keys(pilot, "f5", "tab")
        assert pilot.app.return_code is None
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip:
                assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in segment.text)
                assert segment.style is None or not segment.style.meta.get("@click")
        if step in {"primary-verdict", "others-verdict", "elsewhere", "review", "confirm"}:
            first = text(pilot)
            await keys(pilot, "shift+tab", "end")
            assert "CN=foo [/etc/ssl]" in first + text(pilot)
            assert "[@click=app.quit]quit[/]" in first + text(pilot)


@pytest.mark.parametrize("what", ["\x1b[2J", "a\u202eb", "zero\u200bwidth", "\x07", "w" * 5000])
async def test_what_a_terminal_cannot_show_is_not_taken_from_the_clipboard(what: str) -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"=/tmp/{what}")
        assert "Warning: what was pasted" in text(pilot)
        assert "/tmp/" not in text(pilot)
        await keys(pilot, "=/a")
        assert "> /a" in text(pilot)
        assert "Warning" not in text(pilot)


@pytest.mark.parametrize("step", STILL)
async def test_leaving_is_asked_once_on_every_step(step: str) -> None:
    async with opened(at(step), start=step) as pilot:
        before = focused(pilot)
        for pressed in (("ctrl+c", "ctrl+q"), ("ctrl+q", "ctrl+c")):
            await keys(pilot, *pressed)
            assert sum(isinstance(screen, QuitScreen) for screen in pilot.app.screen_stack) == 1
            assert focused(pilot) == "stay"
            await keys(pilot, "enter")
            assert focused(pilot) == before
        assert pilot.app.return_code is None


async def test_leaving_is_asked_on_a_help_page_too() -> None:
    async with opened(FakeSession()) as pilot:
        await keys(pilot, "f1", "ctrl+q")
        assert "Leave the wizard?" in text(pilot)
        await keys(pilot, "escape", "escape")
        assert "What do you want to do?" in text(pilot)


async def test_save_and_quit_keeps_what_was_typed() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"={CHAIN}", "f10")
        assert pilot.app.return_code == 130
    assert session.saves == ["primary-files"]
    assert session.answers.primary.chain == (CHAIN,)


async def test_quit_without_saving_forgets() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"={CHAIN}", "ctrl+c", "down", "down", "enter")
        assert pilot.app.return_code == 130
    assert session.forgotten
    assert session.saves == []


async def test_quitting_at_the_resume_page_leaves_the_saved_answers_alone() -> None:
    session = FakeSession()
    session.earlier = earlier_run("primary-files")
    async with opened(session) as pilot:
        await keys(pilot, "ctrl+c", "down", "enter")
        assert pilot.app.return_code == 130
    assert session.saves == []
    assert not session.forgotten


@pytest.mark.parametrize("step", STEPS)
async def test_every_step_has_a_help_page_with_an_example_for_each_field(step: str) -> None:
    session = at(step)
    page = (Path(__file__).parents[2] / "screens" / "help" / f"{step}.md").read_text()
    questions = STEPS[step][0].questions
    assert page.count("Example:") >= len(questions)
    assert "# What this step changes" in page
    assert max(len(row) for row in page.splitlines()) <= 78
    async with opened(session, start=step) as pilot:
        if step == "apply":
            await until(pilot, "> [ Next ]")  # where the focus goes when the change has ended
        before = focused(pilot)
        await keys(pilot, "f1")
        assert page.splitlines()[0].lstrip("# ") in text(pilot)
        await keys(pilot, "f1")
        assert focused(pilot) == before


async def test_help_shows_an_error_in_full() -> None:
    session = FakeSession()
    async with opened(session, start="others") as pilot:
        await keys(pilot, "tab", "tab", "='open", "tab", "tab", "enter")
        await keys(pilot, "f1")
        assert "Error: " in text(pilot).splitlines()[2]


@pytest.mark.parametrize("where", ["lines", "check", "interrupted", "start"])
async def test_a_crash_shows_no_value(where: str, tmp_path: Path) -> None:
    session = FakeSession(tmp_path)
    session.explode = where
    with pytest.raises(RuntimeError):  # noqa: PT012 - it is raised where the program ends
        async with opened(session, start="confirm" if where == "start" else "primary-verdict") as pilot:
            await keys(pilot, *(["right"] if where == "start" else []), "enter")
            await pilot.pause(0.5)
    report = next(tmp_path.glob("wizard-crash-*.txt")).read_text()  # noqa: ASYNC240 - a small local file
    assert "RuntimeError" in report
    assert "fake_session.py" in report
    assert "S3cret" not in report
    assert session.saves[-1:] == [""], "the next run does not begin at the step that failed"


async def test_a_password_is_nowhere_on_the_screen_or_in_a_repr() -> None:
    session = FakeSession()
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, f"={CHAIN}", "enter", f"={PASSWORD}")
        assert PASSWORD not in text(pilot)
        assert "> ********" in text(pilot)
        field = pilot.app.focused
        assert PASSWORD not in repr(field)
        assert PASSWORD not in pilot.app.export_screenshot()
        await keys(pilot, "ctrl+c")
        assert pilot.app.clipboard == ""


async def test_the_mask_has_one_length() -> None:
    async with opened(FakeSession(), start="primary-files") as pilot:
        await keys(pilot, "tab", "=a")
        one = text(pilot)
        await keys(pilot, "=bcdefghijklmnopq")
        assert text(pilot) == one
        await keys(pilot, "backspace", "left", "home")
        assert text(pilot) == one
        await keys(pilot, "delete")
        assert "****" not in text(pilot)


async def test_right_completes_a_path(tmp_path: Path) -> None:
    (tmp_path / "my certs").mkdir()
    (tmp_path / "my certs" / "primary-host.pfx").touch()
    (tmp_path / "my certs" / "primary-key.pem").touch()
    (tmp_path / "other").touch()
    session = FakeSession()
    session.base = tmp_path
    async with opened(session, start="primary-files") as pilot:
        await keys(pilot, "=my")
        assert "Right completes: my certs/" in text(pilot)
        await keys(pilot, "right")
        assert "> my\\ certs/" in text(pilot)
        await keys(pilot, "right")
        assert "> my\\ certs/primary-" in text(pilot)
        assert "primary-host.pfx  primary-key.pem" in text(pilot)
        await keys(pilot, "=h", "right", "= oth", "right", "tab", "tab", "enter")
    assert session.answers.primary.chain == ("my certs/primary-host.pfx", "other")


async def test_the_cursor_of_the_terminal_follows_the_focus() -> None:
    for step in STEPS:
        async with opened(at(step), start=step) as pilot:
            for _ in pilot.app.screen.focus_chain:
                await keys(pilot, "tab")
                assert pilot.app.focused is not None
                assert pilot.app.focused.region.contains_point(pilot.app.cursor_position), focused(pilot)


async def test_a_long_review_is_read_to_its_end_by_keys() -> None:
    async with opened(FakeSession(), start="review") as pilot:
        assert "> Lines 1-" in text(pilot)
        await keys(pilot, "pagedown", "end")
        assert "0 below" in text(pilot)
        await keys(pilot, "down")
        assert focused(pilot) == "next"


async def test_saving_that_fails_is_told_and_holds_nobody_up() -> None:
    session = FakeSession()
    session.refuse_save = True
    async with opened(session) as pilot:
        await keys(pilot, "enter", "enter")
        assert "Certificate of the primary" in text(pilot)
        assert "Warning: the answers are not saved. The folder is read-only." in text(pilot)


async def test_a_note_of_the_engine_at_the_start_is_shown() -> None:
    session = FakeSession()
    session.unfinished = [Line("cut off")]
    async with opened(session) as pilot:
        await keys(pilot, "f1")
        assert "An unfinished change" in text(pilot)


@pytest.mark.parametrize(
    ("mode", "encoding", "environ", "wanted"),
    [
        (None, "utf-8", {"LANG": "C.UTF-8", "TERM": "xterm"}, False),
        (None, "utf-8", {"LANG": "en_US.utf8", "TERM": "linux"}, False),
        (None, "utf-8", {"LC_ALL": "C", "LANG": "C.UTF-8", "TERM": "xterm"}, True),
        (None, "utf-8", {"TERM": "xterm"}, True),
        (None, "utf-8", {"LANG": "de_DE@euro", "TERM": "vt220"}, True),
        (None, "iso8859-1", {"LANG": "C.UTF-8"}, True),
        (True, "utf-8", {"LANG": "C.UTF-8"}, True),
        (False, "ascii", {}, False),
    ],
)
def test_when_ascii_is_drawn(mode: bool | None, encoding: str, environ: dict[str, str], wanted: bool) -> None:
    assert ascii_wanted(mode, encoding, environ) is wanted


def test_the_net_below_an_ascii_terminal_keeps_the_columns() -> None:
    segments = AsciiFilter().apply([Segment("a\u00fc\u65e5b"), Segment("plain")], Color(0, 0, 0))
    assert [segment.text for segment in segments] == ["a???b", "plain"]
    assert ASCII.text("\u00fc") == "\\xfc"


def test_folding_loses_no_word_and_keeps_the_width() -> None:
    for width in (8, 20, 77):
        for line in (
            "1. one two three four five six",
            "w" * 300,
            "   deep indented text that goes on",
            "",
            "\u65e5" * 90,
        ):
            rows = fold(line, width)
            assert "".join("".join(rows).split()) == "".join(line.split())
            assert all(len(row) <= width for row in rows)
    assert fit(["a", "b", "c"], 2, 10, "...") == ["a", "b..."]
    assert fit(["a"], 2, 10, "...") == ["a", ""]


def test_only_the_views_that_are_read_are_steps_without_questions() -> None:
    for step, _answers in STEPS.values():
        assert step.questions or step.view is not View.NONE


async def test_a_change_that_ends_in_a_small_terminal_waits_for_a_larger_one() -> None:
    session = FakeSession()
    async with opened(session, start="apply") as pilot:
        await pilot.resize_terminal(20, 5)
        await pilot.pause(1.2)
        await keys(pilot, "enter", "enter")
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.1)
        assert "Applied and proven." in text(pilot)
        assert focused(pilot) == "next"


@pytest.mark.parametrize(
    ("typed", "before", "word"),
    [
        ("/root/a", "", "/root/a"),
        ("/a /b", "/a ", "/b"),
        ("/my\\ certs/x", "", "/my certs/x"),
        ("'/my certs/x", "", "/my certs/x"),
        ("/a '/my certs'/x", "/a ", "/my certs/x"),
        ('"/a b"', "", "/a b"),
        ("/a ", "/a ", ""),
        ("back\\", "", "back"),
    ],
)
def test_the_last_word_of_several_paths(typed: str, before: str, word: str) -> None:
    assert last_word(typed) == (before, word)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_an_answer_from_a_hostile_file_is_shown_inert(ascii_only: bool, tmp_path: Path) -> None:
    hostile = ("/a/\x1b[2J\x1b]0;x\x07", "\u202ex", "\x9b31m", "z\u200b", "[@click=app.quit]q[/]")
    (tmp_path / "\x1b[2J\u202e").touch()
    (tmp_path / "\x1b[2K").touch()
    session = FakeSession()
    session.base = tmp_path
    session.answers = session.answers.put("primary.chain", hostile).put("packs", hostile[0])
    for step, end in (("primary-files", "z\\u200b"), ("handoff", "x\\x07")):
        session.answers = session.answers.put("others.gateways", ("gw",))
        async with opened(session, start=step, ascii_only=ascii_only) as pilot:
            assert end in text(pilot)
            for key in ("tab", "shift+tab", "end", "left", "home", "f1", "escape"):
                await keys(pilot, key)
                assert not [sign for sign in text(pilot) if sign != "\n" and category(sign)[0] == "C"], text(pilot)
            assert pilot.app.return_code is None
    assert session.answers.primary.chain == hostile, "shown otherwise, but not changed"
