"""A graph as drawings, data and code."""

from __future__ import annotations

import json

import pytest

from aetherist.core.check import check
from aetherist.core.graph import Graph
from aetherist.graphs.draw import to_code, to_data, to_dot, to_mermaid

NESTED = {
    "name": "nested",
    "components": {"unit": {"type": "image.to_unit"}, "signed": {"type": "image.to_signed"}},
    "graphs": {
        "there": {
            "inputs": {"picture": "Image[B 3 8 8]"},
            "steps": {"unit": {"call": "unit", "with": {"image": "picture"}}},
            "outputs": {"seen": "unit"},
        },
        "round": {
            "inputs": {"picture": "Image[B 3 8 8]"},
            "steps": {
                "go": {"call": "there", "with": {"picture": "picture"}},
                "back": {"call": "signed", "with": {"image": "go.seen"}},
            },
            "outputs": {"picture": "back"},
        },
    },
}

MERMAID = """\
flowchart LR
    in__picture(["<b>picture</b><br/>Image[B 3 8 8]"])
    subgraph graph__go["go"]
        step__go__unit["<b>unit</b><br/>image.to_unit"]
    end
    step__back["<b>back</b><br/>image.to_signed"]
    out__picture(["<b>picture</b><br/>Image[B 3 8 8]"])
    in__picture -- "picture to image" --> step__go__unit
    step__go__unit -- "image" --> step__back
    step__back -- "picture" --> out__picture
"""

DOT = """\
digraph "round" {
    rankdir=LR;
    node [shape=box, style=rounded, fontname="Helvetica"];
    edge [fontname="Helvetica", fontsize=10];
    "in.picture" [shape=oval, label="picture\\nImage[B 3 8 8]"];
    subgraph "cluster_go" {
        label="go";
        "step.go.unit" [label="unit\\nimage.to_unit"];
    }
    "step.back" [label="back\\nimage.to_signed"];
    "out.picture" [shape=oval, label="picture\\nImage[B 3 8 8]"];
    "in.picture" -> "step.go.unit" [label="picture to image"];
    "step.go.unit" -> "step.back" [label="image"];
    "step.back" -> "out.picture" [label="picture"];
}
"""


@pytest.fixture(scope="module")
def nested() -> Graph:
    report = check(NESTED)
    report.raise_for_errors()
    return report.graphs["round"]


def test_mermaid_draws_a_nested_graph_as_a_box(nested):
    assert to_mermaid(nested) == MERMAID


def test_graphviz_draws_it_as_a_cluster(nested):
    assert to_dot(nested) == DOT


def test_code_is_what_the_plan_runs_and_nothing_is_built(nested):
    assert to_code(nested).splitlines()[0] == "def forward(self, picture):"
    assert "back = self.signed(image = go_unit)" in to_code(nested)


def test_data_has_every_port_and_wire(nested):
    data = to_data(nested)
    assert json.loads(json.dumps(data)) == data
    assert data["inputs"][0]["type"] == {
        "text": 'Image["B 3 8 8"]',
        "kind": "tensor",
        "nullable": False,
        "dtype": "float",
        "shape": ["B", "3", "8", "8"],
        "meaning": "image.signed",
    }
    go, back = data["steps"]
    assert (go["name"], go["component"], go["type"], go["operation"]) == ("go.unit", "unit", "image.to_unit", "forward")
    assert go["inputs"][0]["from"] == {"input": "picture"}
    assert back["inputs"][0]["from"] == {"step": "go.unit", "output": None}
    assert data["outputs"][0]["from"] == {"step": "back", "output": None}


def test_every_graph_of_a_recipe_can_be_drawn():
    for graph in check("tiny").graphs.values():
        assert to_mermaid(graph).count("-->") == to_dot(graph).count("->")
        data = to_data(graph)
        assert json.loads(json.dumps(data)) == data
        compile(to_code(graph), graph.name, "exec")


def test_an_operation_and_a_default_are_said():
    query = check("tiny").graphs["query"]
    assert "renderer.volume: query" in to_mermaid(query)
    psi = next(given for given in to_data(query)["inputs"] if given["name"] == "psi")
    assert (psi["required"], psi["default"], psi["type"]["text"]) == (False, 1.0, "float")
