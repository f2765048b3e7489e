"""The studio in a real browser: each test is a story of somebody who uses it."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def stage(page: Any) -> Any:
    """The avatar, once it is drawn and at rest."""
    found = page.get_by_role("application")
    page.locator("[role=application][aria-busy=false]").wait_for()
    return found


def query(page: Any, *parts: str) -> None:
    """Wait until the address says all of this."""
    for part in parts:
        page.wait_for_url(lambda url, part=part: part in url)


def slider(page: Any, name: str) -> Any:
    return page.get_by_role("slider", name=name, exact=True)


def value(page: Any, name: str) -> float:
    return float(slider(page, name).input_value())


def set_number(page: Any, name: str, number: str) -> None:
    field = page.get_by_label(f"{name}, number")
    field.fill(number)
    field.press("Enter")


def headers(page: Any) -> list[dict[str, Any]]:
    """Collect what the server says of each frame that it streams from now on."""
    found: list[dict[str, Any]] = []

    def received(payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            length = struct.unpack(">I", payload[:4])[0]
            found.append(json.loads(payload[4 : 4 + length]))

    page.on("websocket", lambda socket: socket.on("framereceived", received))
    page.reload()
    return found


def test_dragging_turns_the_avatar_through_quick_frames_and_rest_shows_it_whole(page: Any) -> None:
    frames = headers(page)
    view = stage(page)
    assert "from the front" in view.get_attribute("aria-label")
    box = view.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(x - 12 * step, y + 4 * step)
    page.mouse.up()
    assert "to the right" in stage(page).get_attribute("aria-label")
    query(page, "yaw=", "pitch=")
    assert any(frame["moving"] and frame["output"] == "raw" for frame in frames)
    assert (frames[-1]["output"], frames[-1]["moving"]) == ("image", False)
    ids = [frame["id"] for frame in frames]
    assert ids == sorted(set(ids)), "each once, and none after a newer one"


def test_wheel_and_keys_come_nearer_turn_and_go_back_to_the_front(page: Any) -> None:
    view = stage(page)
    view.hover()
    page.mouse.wheel(0, -400)
    query(page, "zoom=1.")
    view.focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowUp", "+"):
        view.press(key)
    query(page, "yaw=20", "pitch=-5")
    view.press("Home")
    page.wait_for_url(lambda url: "yaw" not in url and "zoom" not in url)
    page.get_by_label("Yaw").fill("30")
    page.get_by_label("Yaw").press("Enter")
    query(page, "yaw=30")


def test_every_direction_has_a_slider_with_a_number_a_reset_and_a_lock(page: Any) -> None:
    stage(page)
    for name in ("Age", "Smile", "European", "Asian"):
        assert slider(page, name).get_attribute("min") == "-1"
    mixture = page.get_by_role("group", name="Ethnicity")
    assert mixture.get_by_role("slider").count() == 2
    set_number(page, "Age", "0.5")
    set_number(page, "Asian", "0.7")
    slider(page, "Smile").focus()
    page.keyboard.press("ArrowRight")
    query(page, "e.age=0.5", "e.ethnicity.asian=0.7", "e.smile=0.01")
    page.get_by_role("button", name="Reset Smile").click()
    assert value(page, "Smile") == 0
    page.get_by_role("button", name="Lock Age").click()
    page.get_by_role("button", name="Random").click()
    assert (value(page, "Age"), value(page, "Asian")) == (0.5, 0)
    query(page, "lock=age")
    page.get_by_role("button", name="Shuffle").click()
    assert value(page, "Age") == 0.5
    assert any(value(page, name) for name in ("Smile", "European", "Asian"))
    page.get_by_role("button", name="Reset all that is not locked").click()
    assert (value(page, "Age"), value(page, "Smile")) == (0.5, 0)
    set_number(page, "Age", "7")
    assert value(page, "Age") == 1, "no further than was measured"


def test_seed_truncation_undo_redo_and_history(page: Any) -> None:
    stage(page)
    page.get_by_label("Seed", exact=True).fill("42")
    page.get_by_label("Seed", exact=True).press("Enter")
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text() == "Seed 42"
    stage(page)
    set_number(page, "Truncation", "0.6")
    query(page, "seed=42", "psi=0.6")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(lambda url: "psi" not in url)
    page.keyboard.press("z")
    assert heading.inner_text() == "Seed 5"
    assert page.get_by_role("button", name="Undo").is_disabled()
    page.keyboard.press("Shift+Z")
    page.keyboard.press("Control+y")
    assert value(page, "Truncation") == 0.6
    page.get_by_role("tab", name="History").click()
    steps = page.get_by_role("tabpanel").get_by_role("button")
    assert [text.split("\n")[0] for text in steps.all_inner_texts()] == ["Truncation 0.60", "Seed 42", "Seed 5"]
    steps.last.click()
    assert heading.inner_text() == "Seed 5"
    page.keyboard.press("r")
    assert re.fullmatch(r"Seed \d+", heading.inner_text())
    assert steps.count() == 2, "a change after going back takes the place of what came after"


def test_a_seed_is_picked_from_the_gallery(page: Any) -> None:
    stage(page)
    page.locator(".tile img").nth(5).wait_for()
    page.get_by_role("button", name="Seed 3", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Seed 3"
    assert page.get_by_role("button", name="Seed 3", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Seeds after").click()
    page.get_by_role("button", name="Seed 31", exact=True).click()
    query(page, "seed=31")


def test_two_avatars_are_mixed(page: Any) -> None:
    stage(page)
    page.get_by_role("button", name="Seed 3", exact=True).hover()
    page.get_by_role("button", name="Mix with Seed 3", exact=True).click()
    heading = page.get_by_role("heading", level=1)
    assert heading.inner_text() == "Seed 5 + Seed 3"
    set_number(page, "Amount of the second", "0.25")
    page.get_by_role("radio", name="Shape").check()
    assert page.get_by_role("radio", name="Arc").is_disabled()
    stage(page)
    query(page, "mix=", "0.25", "shape")
    page.get_by_role("button", name="Swap the two").click()
    assert (heading.inner_text(), value(page, "Amount of the second")) == ("Seed 3 + Seed 5", 0.75)
    page.get_by_role("button", name="Keep Seed 5 alone").click()
    assert heading.inner_text() == "Seed 5"
    page.get_by_label("with seed", exact=True).fill("8")
    page.get_by_label("with seed", exact=True).press("Enter")
    assert heading.inner_text() == "Seed 5 + Seed 8"
    stage(page)


def test_before_and_after_are_compared(page: Any) -> None:
    stage(page)
    set_number(page, "Age", "0.8")
    page.get_by_role("button", name="Compare before and after").click()
    line = page.get_by_role("slider", name="How much of the picture shows before")
    line.focus()
    line.press("PageUp")
    assert line.get_attribute("aria-valuenow") == "60"
    assert page.locator("canvas").count() == 2
    assert page.get_by_text("Without edits").is_visible()
    page.get_by_role("button", name="Let what is shown now be before").click()
    assert page.get_by_text("Both are the same").is_visible()
    page.get_by_role("button", name="Random").click()
    assert not page.get_by_text("Both are the same").is_visible()
    page.keyboard.press("c")
    assert page.locator("canvas").count() == 1


def test_an_avatar_is_saved_found_again_renamed_and_deleted(page: Any, tmp_path: Path) -> None:
    stage(page)
    set_number(page, "Smile", "0.4")
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Save this avatar")
    dialog.get_by_label("Name").fill("Ada")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("Ada is saved").wait_for()
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Ada", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Ada"
    query(page, "avatar=av_")
    page.reload()
    stage(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Ada"
    page.get_by_role("tab", name="Saved").click()
    page.get_by_role("button", name="More of Ada").click()
    page.get_by_label("Name", exact=True).fill("Ada L.")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="More of Ada L.").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    download.value.save_as(tmp_path / "ada.avatar")
    page.get_by_role("button", name="Delete\u2026").click()
    page.get_by_role("button", name="Delete for good").click()
    page.get_by_text("Nothing saved yet").wait_for()
    page.locator("input[type=file]").set_input_files(tmp_path / "ada.avatar")
    page.get_by_role("button", name="More of ada").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "ada"
    stage(page)


def test_pictures_films_and_meshes_are_exported(page: Any, tmp_path: Path) -> None:
    stage(page)
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog", name="Export Seed 5")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == "seed-5.png"
    assert download.value.path().read_bytes()[:4] == b"\x89PNG"
    dialog.get_by_role("radio", name="Film").check()
    dialog.get_by_label("Seconds").fill("0.5")
    dialog.get_by_label("Frames a second").select_option("12")
    dialog.get_by_role("button", name="Make the film").click()
    dialog.get_by_role("radio", name="Mesh").check()
    dialog.get_by_label("Detail").select_option("96")
    dialog.get_by_role("button", name="Make the mesh").click()
    for name, start in (("seed-5.mp4", b"ftyp"), ("seed-5.glb", b"glTF")):
        with page.expect_download(timeout=30_000) as download:
            dialog.get_by_role("button", name=f"Download {name}").click()
        assert download.value.suggested_filename == name
        assert start in download.value.path().read_bytes()[:12]
    page.reload()
    stage(page)
    page.keyboard.press("e")
    dialog.get_by_role("button", name="Download seed-5.mp4").wait_for()


def test_a_link_brings_back_what_was_seen(page: Any, open_page: OpenPage) -> None:
    link = "/?seed=9&psi=0.7&e.age=0.5&e.ethnicity.asian=-0.3&yaw=25&pitch=-8&zoom=1.5&lock=age"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(link)
    assert "from 25 degrees to the right, 8 degrees below, 1.5 times as near" in stage(page).get_attribute("aria-label")
    page.get_by_role("button", name="Copy a link to what you see").click()
    page.get_by_text("The link is copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    again = open_page(copied)
    stage(again)
    assert again.get_by_role("heading", level=1).inner_text() == "Seed 9"
    assert [value(again, name) for name in ("Truncation", "Age", "Asian")] == [0.7, 0.5, -0.3]
    assert again.get_by_role("button", name="Unlock Age").is_visible()
    assert again.get_by_label("Zoom").input_value() == "1.50"


def test_links_that_make_no_sense_show_somebody_all_the_same(open_page: OpenPage) -> None:
    page = open_page("/?mix=%7Bnonsense&e.nose=3&yaw=abc&show=nothing")
    stage(page)
    page.goto("/?seed=3&e.nose=3")
    page.get_by_text("edits that this model knows no directions for").wait_for()
    stage(page)
    page.wait_for_url(lambda url: "nose" not in url)


def test_the_mesh_is_shown_and_turned_in_the_browser(page: Any) -> None:
    stage(page)
    assert not page.evaluate("performance.getEntriesByType('resource').some((one) => one.name.includes('/mesh-'))")
    page.get_by_role("radio", name="Mesh").check()
    page.locator(".mesh[data-faces]").wait_for(timeout=30_000)
    assert int(page.locator(".mesh").get_attribute("data-faces")) > 100
    page.get_by_role("radio", name="Clay").check()
    view = page.get_by_role("application", name="Mesh of Seed 5")
    view.focus()
    before = view.screenshot()
    for _ in range(4):
        view.press("ArrowLeft")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    assert view.screenshot() != before
    query(page, "show=mesh")


def test_a_model_without_directions_says_how_they_come_about(open_page: OpenPage) -> None:
    page = open_page("/?model=tiny&seed=1")
    stage(page)
    assert page.get_by_text("No directions yet").is_visible()
    assert page.get_by_text("aetherist styles learn tiny").is_visible()
    page.get_by_label("Model").select_option("pocket")
    slider(page, "Age").wait_for()
    page.wait_for_url(lambda url: "model=" not in url)


def test_everything_is_reached_by_keys_and_has_a_name(page: Any) -> None:
    stage(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    seen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"))
    assert {"Aetherist, to the studio", "Seeds"} <= set(seen)
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, a, input, select, [role=slider], [role=application]')]
        .filter((one) => one.checkVisibility() && !one.ariaLabel && !one.textContent.trim() && !one.labels?.length)
        .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_it_fits_every_width_in_both_themes(open_page: OpenPage, width: int) -> None:
    page = open_page("/?seed=2&e.age=0.5", width=width, color_scheme="dark", reduced_motion="reduce")
    stage(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_role("button", name="Theme: as the system").click()
    for _ in range(20):  # until the theme's colours are in
        if (light := page.evaluate("getComputedStyle(document.documentElement).backgroundColor")) != dark:
            break
        page.wait_for_timeout(50)
    assert light != dark
    if width < 720:
        page.get_by_role("tab", name="Saved").click()
        page.get_by_role("tab", name="Edit").click()
    assert slider(page, "Age").is_visible()
    outside = page.evaluate(
        """[...document.querySelectorAll('main button, main input')].filter((one) => one.checkVisibility())
        .filter((one) => { const box = one.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth; })
        .map((one) => one.outerHTML)"""
    )
    assert outside == []


def test_a_server_that_goes_away_is_said_and_comes_back(page: Any, console: list[str]) -> None:
    stage(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Seeds after").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("The server does not answer").wait_for()
    page.context.set_offline(False)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    page.get_by_text("is saved").wait_for()
    console.clear()


def test_a_server_that_wants_a_key_is_unlocked_for_this_tab(
    open_page: OpenPage, locked: tuple[str, str], console: list[str]
) -> None:
    url, secret = locked
    page = open_page("/?seed=3", base=url)
    prompt = page.get_by_role("dialog", name="This server wants a key")
    prompt.get_by_label("API key").fill("ak_wrong")
    prompt.get_by_role("button", name="Unlock").click()
    page.get_by_text("does not know this key").wait_for()
    console.clear()
    prompt.get_by_label("API key").fill(secret)
    prompt.get_by_label("API key").press("Enter")
    stage(page)
    page.locator(".tile img").first.wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "Seed 3"
    page.reload()
    stage(page)
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export Seed 3")
    dialog.get_by_role("radio", name="Mesh").check()
    dialog.get_by_label("Detail").select_option("96")
    dialog.get_by_role("button", name="Make the mesh").click()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download seed-3.glb").click()
    assert download.value.path().read_bytes()[:4] == b"glTF", "through a signed name"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Forget the key").click()
    prompt.wait_for()
