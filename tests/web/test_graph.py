"""The Graph page in a real browser: recipes as blocks and wires beside their text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def block(page: Any, name: str) -> Any:
    return page.locator(f'.svelte-flow__node[data-id="{name}"]')


def editor(page: Any) -> Any:
    return page.get_by_role("textbox", name="Recipe as YAML")


def about(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=f"About {name}")


def write(page: Any, text: str) -> None:
    """Put a text in the place of the recipe, as somebody who pastes it."""
    editor(page).focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


@pytest.fixture
def graph(open_page: OpenPage) -> Any:
    """The page with a model's recipe."""
    page = open_page("/graph?model=tiny")
    block(page, "view").wait_for()
    page.get_by_text("No faults").wait_for()
    return page


def test_a_recipe_is_drawn_as_steps_with_typed_ports_and_wires(graph: Any) -> None:
    assert graph.locator(".svelte-flow__node").count() == 7  # five steps, the inputs and the outputs
    assert "renderer.volume" in block(graph, "view").inner_text()
    assert "B\u00d73\u00d78\u00d732\u00d732" in block(graph, "planes").inner_text()
    assert graph.locator(".svelte-flow__edge").count() >= 12
    said = block(graph, "view").get_attribute("aria-label")
    assert "takes from planes, rays" in said
    assert "gives to final, outputs" in said


def test_ports_are_coloured_by_meaning_and_a_legend_says_how(graph: Any) -> None:
    graph.get_by_role("button", name="Colours").click()
    legend = graph.locator("#graph-legend")
    assert {"Cameras", "Planes", "Images"} <= set(legend.locator("li").all_inner_texts())
    colours = graph.locator(".svelte-flow__edge path.wire").evaluate_all(
        "paths => [...new Set(paths.map(path => getComputedStyle(path).stroke))]"
    )
    assert len(colours) >= 5


def test_another_graph_of_the_recipe_is_shown_and_the_address_restores_it(graph: Any, open_page: OpenPage) -> None:
    graph.get_by_role("button", name="field", exact=True).click()
    block(graph, "field").click()
    graph.wait_for_url(re.compile("model=tiny&graph=field&step=field"))
    again = open_page(graph.url)
    about(again, "field").wait_for()


def test_nested_graphs_fold_and_unfold(open_page: OpenPage) -> None:
    page = open_page("/graph?recipe=tiny-train&graph=critic_step")
    page.get_by_role("button", name="Unfold fake").click()
    block(page, "fake.softened").wait_for()
    page.get_by_role("button", name="Fold fake").click()
    block(page, "fake.softened").wait_for(state="detached")
    assert "seen" in block(page, "fake").inner_text()


def test_a_block_leads_to_its_line_and_a_line_to_its_block(open_page: OpenPage) -> None:
    page = open_page("/graph?recipe=eg3d-ffhq512")
    block(page, "rays").click()
    about(page, "rays").get_by_role("button", name="Go to its line").click()
    assert "rays: {call: rays" in page.locator(".cm-activeLine").inner_text()
    page.keyboard.press("ArrowDown")
    about(page, "view").wait_for()


def test_a_step_that_is_inherited_has_its_line_in_the_composed_recipe(graph: Any) -> None:
    block(graph, "rays").click()
    about(graph, "rays").get_by_role("button", name="Go to its line").click()
    graph.get_by_text("read only").wait_for()
    assert "rays:" in graph.locator(".cm-activeLine").inner_text()


def test_a_fault_is_shown_on_its_line_on_its_block_and_in_words(open_page: OpenPage) -> None:
    page = open_page("/graph?recipe=eg3d-ffhq512")
    block(page, "final").wait_for()
    whole = "extends: eg3d-ffhq512\ngraphs:\n  generate:\n    steps:\n      final: {with: {image: view.depth}}\n"
    write(page, whole)
    page.get_by_text("1 error", exact=True).wait_for()
    page.locator(".cm-lintRange-error").first.wait_for()
    page.locator(".cm-lint-marker-error").first.wait_for()
    assert block(page, "final").locator(".badge").is_visible()
    page.get_by_text("Shown as it last passed the check").wait_for()
    fault = page.get_by_role("region", name="Faults").get_by_role("button", name=re.compile("AE20"))
    editor(page).press("Control+Home")
    fault.click()
    assert "final:" in page.locator(".cm-activeLine").inner_text()
    about(page, "final").get_by_text("expects").wait_for()
    page.get_by_role("button", name="Revert").click()
    page.get_by_text("1 error", exact=True).wait_for(state="detached")


def test_text_that_is_no_recipe_is_said_to_be_none(graph: Any) -> None:
    write(graph, "graphs: [\n")
    graph.get_by_role("region", name="Faults").get_by_text("AE1").first.wait_for()
    assert block(graph, "view").is_visible()


def test_a_run_measures_every_step_and_shows_what_came_out(graph: Any) -> None:
    graph.get_by_role("button", name="Run and measure").click()
    graph.get_by_role("img", name="image", exact=True).wait_for(timeout=60_000)
    table = graph.get_by_role("region", name="About the graph").get_by_role("table")
    assert table.get_by_role("row").count() == 7  # a head, five steps and the sum
    assert re.search(r"\d (s|ms|\u00b5s)", block(graph, "view").inner_text())
    block(graph, "planes").click()
    planes = about(graph, "planes")
    planes.get_by_role("img", name=re.compile("output")).wait_for()
    planes.get_by_text("deviation").wait_for()


def test_a_run_ends_where_it_is_told_to(graph: Any) -> None:
    block(graph, "planes").click()
    about(graph, "planes").get_by_role("button", name="Run until here").click()
    about(graph, "planes").get_by_role("img", name=re.compile("output")).wait_for(timeout=60_000)
    assert block(graph, "planes").locator(".measure").is_visible()
    assert block(graph, "final").locator(".measure").count() == 0


def test_a_changed_recipe_runs_with_fresh_weights(graph: Any) -> None:
    graph.get_by_text("Runs with the weights of the model tiny").wait_for()
    write(graph, "extends: tiny\ncomponents:\n  renderer: {samples: 4}\n")
    graph.get_by_text("Runs with fresh weights").wait_for()
    graph.get_by_text("No faults").wait_for()
    graph.get_by_role("button", name="Run and measure").click()
    graph.get_by_role("img", name="image", exact=True).wait_for(timeout=60_000)


def test_the_keyboard_reaches_blocks_and_leaves_them(graph: Any) -> None:
    block(graph, "styles").focus()
    graph.keyboard.press("Enter")
    about(graph, "styles").wait_for()
    graph.keyboard.press("Escape")
    graph.get_by_role("region", name="About the graph").wait_for()


def test_on_a_phone_graph_text_and_details_are_tabs(open_page: OpenPage) -> None:
    page = open_page("/graph?model=tiny", width=390, height=844, has_touch=True)
    block(page, "styles").click()
    page.get_by_role("button", name="Details").click()
    about(page, "styles").wait_for()
    page.get_by_role("tab", name="Recipe").click()
    editor(page).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
