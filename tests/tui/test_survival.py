"""Small, colourless and ASCII terminals; hostile text; leaving; crashes; help; passwords. On the real session."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from unicodedata import category

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.widget import Widget
from textual.widgets import Input, OptionList, Tabs
from textual.widgets._tabs import Underline

import screens
from screens.dialogs import Quit
from screens.frame import Frame, Page
from screens.lists import Rows
from screens.painting import SETTLED_S
from screens.paths import complete, complete_from, last_word
from screens.theme import AsciiFilter, ascii_wanted, look, theme_for
from screens.widgets import SecretField
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice
from tests.support.scenarios import FILES_PASSWORD, STEPS
from tests.tui.driving import app_of, focused, keys, opened, paste, settle, shown, step, text, until
from tests.tui.every_step import STILL, Deployments, deployments, with_hostile
from tests.tui.operator import session_on
from wizard.cli.line_mode.answers import offer
from wizard.errors import WizardError
from wizard.questions import flow
from wizard.questions.answers import Phase
from wizard.secret import Secret
from wizard.session.help_pages import page_text, question_place, search

OFTEN = mostly_exhaustive(STILL, {"primary-files"}.__contains__)
SIZES = [(60, 15), (40, 10), (20, 5), (1, 1), (80, 23), (120, 36)]


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployments]:
    with deployments(tmp_path_factory.mktemp("steps")) as made:
        yield made


@pytest.mark.parametrize("name", OFTEN)
async def test_a_page_is_used_by_keys_helped_left_and_resized(name: str, everywhere: Deployments) -> None:
    async with opened(everywhere.at(name), start=name) as pilot:
        app = app_of(pilot)
        assert step(pilot) == name
        page = app.frame.page
        assert page is not None
        fits(page, 80)
        first = focused(pilot)
        # Tab goes round, and the terminal's cursor goes with the focus.
        # The list of names that could follow comes and goes with the field for files.
        for _ in range(len(pilot.app.screen.focus_chain) + 3):
            await keys(pilot, "tab")
            assert pilot.app.focused is not None
            assert pilot.app.focused.region.contains_point(pilot.app.cursor_position), focused(pilot)
            if focused(pilot) == first:
                break
        assert focused(pilot) == first
        # F1 opens the page of the step, and closes it.
        title = (Path(screens.__file__).parent / "help" / f"{name}.md").read_text().splitlines()[0]
        await keys(pilot, "f1")
        assert title.lstrip("# ") in text(pilot)
        await keys(pilot, "f1")
        assert focused(pilot) == first
        # Leaving is asked once.
        for pressed in (("ctrl+c", "ctrl+q"), ("f10", "ctrl+c")):
            await keys(pilot, *pressed)
            assert sum(isinstance(screen, Quit) for screen in pilot.app.screen_stack) == 1
            assert focused(pilot) == "stay"
            assert "start cloudstream-wizard again" in text(pilot)
            await keys(pilot, "enter")
            assert focused(pilot) == first
        # No size ends the program or leaves it held.
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await keys(pilot, "tab", "pagedown", "pageup")
            assert not app.frame.held
        fits(page, 120)
        assert step(pilot) == name
        assert pilot.app.return_code is None
        rows = text(pilot).splitlines()
        assert "F10 Quit" in rows[-1]
        assert "TLS wizard" in rows[0]


@pytest.mark.parametrize("name", ["goal", "primary-verdict", "others-verdict", "portal", "undo", "elsewhere"])
async def test_the_page_keys_scroll_the_page_below_a_list_that_is_all_there(name: str, everywhere: Deployments) -> None:
    async with opened(everywhere.at(name), start=name, size=(60, 15)) as pilot:
        page = app_of(pilot).frame.page
        assert page is not None
        page.query("Lines, Rows, Ticks").first().focus()
        await settle(pilot)
        marked = app_of(pilot).session.answers, place_in(pilot.app.focused)
        seen = [page.scroll_y]
        for pressed in ("pagedown", "pageup"):
            await keys(pilot, pressed)
            seen.append(page.scroll_y)
        assert len(set(seen)) > 1
        assert (app_of(pilot).session.answers, place_in(pilot.app.focused)) == marked
        for _ in app_of(pilot).screen.focus_chain:
            fits(page, 60)
            await keys(pilot, "tab")


def place_in(listed: Widget | None) -> int | None:
    """The marked line."""
    return (
        listed.cursor_row
        if isinstance(listed, Rows)
        else listed.highlighted
        if isinstance(listed, OptionList)
        else None
    )


def fits(page: Page, columns: int) -> None:
    """Nothing of the page is wider than the terminal."""
    assert page.max_scroll_x == 0
    for widget in page.query("*"):
        assert widget.region.right <= columns, widget
    # What is explained is not cut off: the page scrolls to the rest.
    for about in page.query("#about"):
        assert about.get_content_height(about.container_size, about.app.size, about.size.width) <= about.size.height


@exhaustive
@pytest.mark.parametrize("name", STILL)
async def test_in_ascii_and_without_colour_every_page_says_the_same(
    name: str, everywhere: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(everywhere.at(name), start=name, ascii_only=True, theme="") as pilot:
        assert text(pilot).isascii()
        styles = [segment.style for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
        assert all(style is None or style.color is None or style.color.is_default for style in styles)
        assert all(style is None or style.bgcolor is None or style.bgcolor.is_default for style in styles)
        assert any(style is not None and style.reverse for style in styles), "the focus is seen"
        await keys(pilot, "f1")
        assert text(pilot).isascii()


@pytest.mark.parametrize("name", STEPS)
def test_every_step_has_a_help_page(name: str) -> None:
    page = (Path(screens.__file__).parent / "help" / f"{name}.md").read_text()
    assert page.count("Example:") >= len(STEPS[name].questions)
    assert max(len(row) for row in page.splitlines()) <= 78


async def test_versions_of_java_and_windows_are_given_with_the_machines(everywhere: Deployments) -> None:
    session = everywhere.at("others")
    before = [one.host for one in session.answers.gateway]
    async with opened(session, start="others") as pilot:
        await keys(pilot, "a", "=gw-2", "enter", "tab", "=new", "enter")
        assert "A Java version begins with a number" in text(pilot)
        await keys(pilot, "ctrl+u", "=8u292", "enter")
        await keys(pilot, "a", "=pc-2", "enter", "down", "tab", "=Server 2016", "enter")
        assert "Java 8u292" in text(pilot)
        assert "Windows Server 2016" in text(pilot)
        await keys(pilot, "ctrl+c", "escape")
    assert [(one.host, one.java) for one in session.answers.gateway] == [(host, "") for host in before] + [
        ("gw-2", "8u292")
    ]
    assert session.answers.client[-1].windows == "Server 2016"


@pytest.mark.parametrize(
    ("name", "question", "heading"),
    [
        ("primary-files", (0, 3), "Address and port"),
        ("primary-files", (2, 3), "Password for these files"),
        ("cloud", (2, 3), "CA certificates of that address"),
        ("primary-verdict", (0, 1), "Host name"),
        ("primary-verdict", (1, 2), "Whether the root is your own"),
        ("others", (3, 4), "Password for these files"),
        ("gateway-stores", (2, 4), "Password"),
        ("gateway-stores", (2, 3), "Phase of a root CA change"),
        ("confirm", (0, 1), "Keys"),
    ],
)
def test_help_begins_with_the_question_that_has_the_focus(name: str, question: tuple[int, int], heading: str) -> None:
    title, first, *others = page_text(name, question).split("\n\n## ")
    assert first.startswith(f"{heading}\n")
    assert sorted([title, first, *others]) == sorted(page_text(name).split("\n\n## "))


def test_the_phase_of_a_root_change_has_its_section_whether_or_not_it_is_asked() -> None:
    stores, phase = STEPS["gateway-stores"].questions, flow.question(None, Phase.PRIMARY, waits=False)
    for asked in (stores, (*stores, phase)):
        assert question_place("gateway-stores", asked, stores[2]) == (2, 4)
    assert question_place("gateway-stores", (*stores, phase), phase) == (2, 3)
    assert question_place("place", STEPS["place"].questions, None) == (0, 1)


def test_the_search_finds_sections_of_all_pages() -> None:
    found = search("OCSP responder")
    assert found
    assert all("ocsp" in part.words and "responder" in part.words for part in found)
    assert search("key store password")[0].heading in {"Password of the new key store", "Password"}
    assert {part.page for part in search("undo")} >= {"undo", "goal"}
    assert {part.page for part in search("interrupted")} >= {"recover"}
    assert search(" ") == search("no such words in any page") == []


async def test_help_is_searched_by_keys(made: Practice) -> None:
    async with opened(session_on(made), start="place") as pilot:
        await keys(pilot, "f1")
        assert "Where the primary server runs" in text(pilot)
        await keys(pilot, "f2", "=policy last")
        shown = text(pilot)
        assert "What is left to do" in shown
        assert "runs on this machine" not in shown
        await keys(pilot, "enter", "enter")
        shown = " ".join(text(pilot).split())
        assert "The policy comes last" in shown
        await keys(pilot, "f2", "=zzz", "enter", "escape")
        assert step(pilot) == "place"
        assert pilot.app.return_code is None


@pytest.mark.parametrize("ascii_only", mostly_exhaustive([False, True], bool))
async def test_an_answer_from_a_hostile_file_is_shown_inert(
    ascii_only: bool, everywhere: Deployments, tmp_path: Path
) -> None:
    (tmp_path / "\x1b[2J\u202e").touch()
    session = everywhere.at("primary-files")
    session.base = tmp_path
    session.answers = with_hostile(session.answers)
    hostile = session.answers.primary.chain
    for name in ("primary-files", "handoff"):
        async with opened(session, start=name, ascii_only=ascii_only, size=(120, 36)) as pilot:
            for key in ("tab", "shift+tab", "tab", "end", "left", "home", "f1", "escape", "shift+tab", "tab"):
                await keys(pilot, key)
                assert not [sign for sign in text(pilot) if sign != "\n" and category(sign)[0] == "C"], text(pilot)
            await keys(pilot, "escape")
            assert pilot.app.return_code is None, repr(pilot.app._exception)
    assert session.answers.primary.chain == hostile, "shown otherwise, but not changed"


async def test_the_first_tab_is_underlined_although_it_was_measured_before_it_had_a_width(
    everywhere: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, too_early = Tabs._highlight_active, iter(range(2))  # when it becomes active, and when its size is known

    def drawn(tabs: Tabs, animate: bool = True) -> None:
        if next(too_early, None) is None:
            draw(tabs, animate)

    monkeypatch.setattr(Tabs, "_highlight_active", drawn)
    async with opened(everywhere.at("review"), start="review") as pilot:
        await until(pilot, "Your answers")
        line = pilot.app.screen.query_one(Underline)
        assert line.highlight_end - line.highlight_start == len("Your answers")


async def test_hostile_words_of_the_engine_are_only_words(everywhere: Deployments) -> None:
    session = everywhere.at("primary-verdict")
    words = "CN=foo [/etc/ssl] CN=[@click=app.quit]quit[/] CN=[b CN=\\ \x1b[2J\u202e"
    refused = WizardError.recorded("x.y", words, words)
    session.asked = lambda _step: (_ for _ in ()).throw(refused)  # type: ignore[method-assign, assignment]
    async with opened(session, start="primary-verdict") as pilot:
        assert "CN=foo [/etc/ssl] CN=[@click=app.quit]quit[/] CN=[b" in " ".join(text(pilot).split())
        assert "\x1b" not in text(pilot)
        for strip in pilot.app.screen._compositor.render_strips():
            assert not any(segment.style and segment.style.meta.get("@click") for segment in strip)


@pytest.mark.parametrize(
    "what", mostly_exhaustive(["\x1b[2J", "a\u202eb", "zero\u200bwidth", "\x07"], {"\x1b[2J"}.__contains__)
)
async def test_what_a_terminal_cannot_show_is_not_pasted(what: str, made: Practice) -> None:
    async with opened(session_on(made), start="primary-files") as pilot:
        await keys(pilot, "tab", "ctrl+u")
        await paste(pilot, f"/tmp/{what}")
        assert "The pasted text has characters that cannot be shown" in text(pilot)
        assert isinstance(pilot.app.focused, Input)
        assert pilot.app.focused.value == ""


async def test_a_password_is_hidden_until_f4_and_never_copied(made: Practice) -> None:
    async with opened(session_on(made), start="primary-files") as pilot:
        await keys(pilot, "tab", "tab", f"={FILES_PASSWORD}")
        field = pilot.app.focused
        assert isinstance(field, SecretField)
        assert FILES_PASSWORD not in text(pilot)
        assert "\u2022" * len(FILES_PASSWORD) in text(pilot), "its length is seen"
        assert FILES_PASSWORD not in repr(field)
        assert FILES_PASSWORD not in pilot.app.export_screenshot()
        await keys(pilot, "f4")
        assert FILES_PASSWORD in text(pilot)
        for key in ("ctrl+shift+a", "ctrl+c", "escape", "ctrl+x", "f4"):
            await keys(pilot, key)
        assert pilot.app.clipboard == ""
        assert field.value == FILES_PASSWORD


async def test_a_page_that_was_left_is_freed_with_its_password(made: Practice) -> None:
    async with opened(session_on(made), start="primary-files") as pilot:
        await keys(pilot, "tab", "tab", f"={FILES_PASSWORD}")
        left = [weakref.ref(each) for each in pilot.app.screen.query(Page).first().walk_children(with_self=True)]
        await keys(pilot, "escape")
        gc.collect()
        assert len(left) > 5
        assert [each() for each in left if each() is not None] == []


@pytest.mark.parametrize("name", mostly_exhaustive(["primary-files", "review"], {"primary-files"}.__contains__))
async def test_quitting_saves_only_when_asked_to(name: str, made: Practice) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret("changeit"))
    session.answers = session.answers.put("primary.host", "primary-host")
    async with opened(session, start=name) as pilot:
        await keys(pilot, "f10", "right", "enter")
        assert pilot.app.return_code == 130
    run = session.saved()
    assert run is not None
    assert run.step_id == name
    async with opened(session, start=name) as pilot:
        await keys(pilot, "f10", "right", "right", "enter")
        assert pilot.app.return_code == 130
    assert session.saved() is None


async def test_saving_that_fails_is_said_and_holds_nobody_up(made: Practice) -> None:
    session = session_on(made)

    def refuse(step_id: str = "") -> None:
        raise WizardError.recorded("file.not-writable", f"The folder is read-only. {step_id}", "")

    session.save = refuse  # type: ignore[method-assign]
    async with opened(session) as pilot:
        await keys(pilot, "home", "enter")
        assert step(pilot) == "place"
        assert "The answers are not saved. The folder is read-only." in text(pilot)


@pytest.mark.parametrize("where", ["lines", pytest.param("check", marks=exhaustive), "interrupted", "start"])
async def test_a_crash_shows_no_value(where: str, made: Practice) -> None:
    session = session_on(made)
    session.put_secret("primary.password", Secret("changeit"))
    session.answers = session.answers.put("primary.host", "primary-host")
    state = made.deployment.machine.state_dir
    state.mkdir(parents=True, exist_ok=True)

    def explode(*_args: object) -> None:
        password = "S3cret-value"  # noqa: F841 - it must not be told
        raise RuntimeError("S3cret-value")

    name = {"lines": "asked", "check": "check", "interrupted": "interrupted", "start": "start"}[where]
    setattr(session, name, explode)
    with pytest.raises(RuntimeError):  # noqa: PT012 - it is raised where the program ends
        async with opened(session, start="confirm" if where == "start" else "primary-verdict") as pilot:
            await keys(pilot, *(["right"] if where == "start" else []), "enter")
            while app_of(pilot)._exception is None:
                await pilot.pause(0.05)
    report = next(state.glob("wizard-crash-*.txt")).read_text()
    assert "RuntimeError" in report
    assert "S3cret" not in report


@exhaustive
async def test_at_40x10_a_set_up_is_finished_by_keys(running: Practice) -> None:
    session = session_on(running)
    async with opened(session, size=(40, 10)) as pilot:
        await keys(pilot, "home", "enter", "enter", "enter", "enter", "=changeit", "enter")
        assert step(pilot) == "primary-verdict"
        if focused(pilot) == "field-primary-host":
            await keys(pilot, "=primary-host")
        await keys(pilot, "enter", "enter", "enter", "enter")
        assert step(pilot) == "portal"
        await keys(pilot, "enter", "enter", "enter")
        assert step(pilot) == "review"
        await keys(pilot, "enter", "right", "enter")
        assert step(pilot) == "confirm"
        await keys(pilot, "right", "enter")
        await until(pilot, "Success")
        await keys(pilot, "enter")
        assert step(pilot) == "handoff"
        await keys(pilot, "enter")
        assert step(pilot) == "elsewhere"
        await keys(pilot, "enter")
        assert pilot.app.return_code == 0
    assert "primary-host" in running.served()


async def test_a_dry_run_says_so_in_the_head(made: Practice) -> None:
    session = session_on(made)
    session.dry_run = True
    async with opened(session) as pilot:
        assert "DRY RUN" in text(pilot).splitlines()[0]


@exhaustive
async def test_the_screen_is_drawn_again_on_request(made: Practice) -> None:
    async with opened(session_on(made)) as pilot:
        before = text(pilot)
        for key in ("f3", "ctrl+l"):
            await keys(pilot, key)
            assert text(pilot) == before


async def test_notes_of_the_start_stand_below_the_page(made: Practice) -> None:
    session = session_on(made)
    session.notes = ("A practice server.",)
    async with opened(session) as pilot:
        assert "A practice server." in text(pilot)


async def test_esc_stops_waiting_for_the_engine(made: Practice) -> None:
    import threading  # noqa: PLC0415 - only here

    session = session_on(made)
    session.put_secret("primary.password", Secret("changeit"))
    go_on, check = threading.Event(), session.check

    def slow(at: object) -> object:
        go_on.wait(20)
        return check(at)  # type: ignore[arg-type]

    session.check = slow  # type: ignore[method-assign, assignment]
    async with opened(session, start="primary-files") as pilot:
        await pilot.press("tab", "tab", "enter")
        await shown(pilot, "Checking ...")
        await shown(pilot, " s, Esc stops waiting")
        await pilot.press("x", "down")
        assert app_of(pilot).locked, "what is typed meanwhile is dropped"
        await pilot.press("escape")
        await shown(pilot, "Stopped waiting.")
        go_on.set()
        await settle(pilot)
        assert step(pilot) == "primary-files"
        assert "Stopped waiting." in text(pilot)


async def test_a_title_stays_when_the_timer_of_work_that_is_done_comes_late(made: Practice) -> None:
    async with opened(session_on(made), start="primary-files") as pilot:
        frame = app_of(pilot).frame
        for fired in range(2):  # before the words are shown, and while the seconds are counted
            frame.busy("Checking ...")
            if fired:
                await shown(pilot, " s, Esc stops waiting")
            timer = frame._busy
            assert timer is not None
            timer._callback()  # type: ignore[misc]  # the timer fires: its call waits until the screen has time
            frame.idle()
            await settle(pilot)
            assert frame._busy is None
            assert "Checking ..." not in text(pilot)


async def test_no_half_of_a_page_is_painted_after_a_dialog(made: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    held, laid_out = [], Frame._laid_out

    async def slowly(frame: Frame) -> None:
        await laid_out(frame)
        await asyncio.sleep(2 * SETTLED_S)
        held.append(frame.held)

    async with opened(session_on(made), start="goal") as pilot:
        app = app_of(pilot)
        app.push(Quit(running=False, over=False, answered=False), lambda _how: app.open_step("place"))
        await settle(pilot)
        monkeypatch.setattr(Frame, "_laid_out", slowly)
        await keys(pilot, "escape")
        assert step(pilot) == "place"
    assert held == [True, True]


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


@pytest.mark.parametrize(
    ("wanted", "environ", "theme"),
    [
        ("", {"TERM": "xterm-256color"}, "wizard-dark"),
        ("light", {"TERM": "xterm-256color"}, "wizard-light"),
        ("", {"TERM": "linux"}, "wizard-16"),
        ("", {"TERM": "xterm", "COLORTERM": "truecolor"}, "wizard-dark"),
        ("16", {"TERM": "xterm-256color"}, "wizard-16"),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": ""}, "wizard-mono"),
    ],
)
def test_which_theme_is_used(wanted: str, environ: dict[str, str], theme: str) -> None:
    assert theme_for(wanted, environ) == theme


def test_the_net_below_an_ascii_terminal_keeps_the_columns() -> None:
    segments = AsciiFilter().apply([Segment("a\u00fc\u65e5b"), Segment("─━│╭"), Segment("plain")], Color(0, 0, 0))
    assert [segment.text for segment in segments] == ["a???b", "-=|+", "plain"]
    before = look.ascii
    look.ascii = True
    try:
        assert look.text("M\u00fcller \u2713") == "M\\xfcller \u2713"
    finally:
        look.ascii = before


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


@pytest.mark.parametrize(
    ("typed", "names", "common"),
    [("", ("a-1", "a-2", "b"), ""), ("a", ("a-1", "a-2"), "a-"), ("b", ("b",), "b"), ("c", (), "")],
)
def test_the_names_that_a_text_could_become(typed: str, names: tuple[str, ...], common: str) -> None:
    found = complete_from(typed, ("a-1", "a-2", "b"))
    assert (found.names, found.texts, found.common) == (names, names, common)


def test_a_link_in_a_circle_does_not_end_the_list_of_names(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "folder").mkdir()
    (tmp_path / "host.pfx").touch()
    assert complete("", tmp_path).names == ("circle", "folder/", "host.pfx")
    assert offer(tmp_path, "", certificates=True) == (["host.pfx", "folder/"], 0)


def test_every_step_is_reached_by_a_way() -> None:
    assert {step.id for step in flow._STEPS} == set(STEPS)
