"""Lists and dicts of wires: each item is held to the item's type, and so is a list that another step made."""

from __future__ import annotations

from aetherist.core.check import check
from aetherist.core.recipe import Recipe

COMPONENTS = """
components:
  judge: {type: discriminator.multiscale, resolution: 16, scales: [1, 2], channel_base: 64}
  watch: {type: image.requires_grad}
  r1: {type: loss.r1}
  match: {type: loss.feature_matching}
  total: {type: loss.weighted_sum}
"""


def codes(graph: str) -> list[str]:
    report = check(Recipe.read("lists.yaml", text=f"{COMPONENTS}graphs:\n  trial:\n{graph}"))
    return [diagnostic.code for diagnostic in report.diagnostics if diagnostic.code != "AE302"]  # each trial uses some


def test_items_may_differ_in_the_sizes_that_have_no_name() -> None:
    graph = """
    inputs: {logits: "Logits[B 1]", small: "Image[B 3 16 16]", large: "Image[B 3 64 64]"}
    steps: {penalty: {call: r1, with: {logits: logits, images: [small, large]}}}
    outputs: {loss: penalty}
    """
    assert codes(graph) == []


def test_items_agree_in_the_sizes_that_have_one() -> None:
    graph = """
    inputs: {logits: "Logits[4 1]", small: "Image[4 3 16 16]", large: "Image[5 3 16 16]"}
    steps: {penalty: {call: r1, with: {logits: logits, images: [small, large]}}}
    outputs: {loss: penalty}
    """
    assert codes(graph) == ["AE204"]


def test_a_list_goes_where_a_list_of_the_same_is_taken() -> None:
    graph = """
    inputs: {image: "Image[B 3 16 16]", camera: Camera}
    steps:
      seen: {call: judge, with: {image: image, camera: camera}}
      matched: {call: match, with: {real: seen.features, fake: seen.features}}
      sum: {call: total, with: {terms: {matched: matched}}}
    outputs: {loss: sum.total, terms: sum.terms}
    """
    assert codes(graph) == []


def test_a_list_is_held_to_the_meaning_of_its_items() -> None:
    graph = """
    inputs: {image: "Image[B 3 16 16]", camera: Camera}
    steps:
      seen: {call: judge, with: {image: image, camera: camera}}
      sum: {call: total, with: {terms: {seen: seen.logits}}}
      matched: {call: match, with: {real: seen.features, fake: [image]}}
    outputs: {loss: sum.total, match: matched}
    """
    assert codes(graph) == ["AE203", "AE203"]
