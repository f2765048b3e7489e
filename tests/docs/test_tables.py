"""The tables of types, components, training and settings are complete and exact: they are made from the code."""

from __future__ import annotations

import pytest

from tests.docs.pages import page, pages
from tests.docs.tables import TABLES, component_names, types, with_tables


@pytest.mark.parametrize("name", ["types.md", "components.md", "training.md", "configuration.md"])
def test_the_tables_say_what_the_code_says(name: str) -> None:
    text = page(name).text
    assert with_tables(text) == text, "run python -m tests.docs to write the tables afresh"


def test_every_table_stands_in_a_page() -> None:
    texts = "".join(each.text for each in pages())
    assert all(f"<!-- table: {name} -->" in texts for name in TABLES)


def test_every_component_and_every_named_type_is_on_its_page() -> None:
    headings = {section.heading for section in page("components.md").sections}
    assert set(component_names()) <= headings
    text = page("types.md").text
    assert all(f"| `{port.name}` |" in text for port in types())
