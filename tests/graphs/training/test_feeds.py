"""What goes into the inputs: the same numbers for any number of processes and parts, and after any stop."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from aetherist.core.check import check
from aetherist.graphs.training.feeds import Feeder, Moment
from aetherist.graphs.training.spec import Feed

FEED: TypeAdapter[Any] = TypeAdapter(Feed)
RECIPE = {
    "components": {"mapping": {"type": "mapping.stylegan2", "latent_dim": 5, "camera_dim": 0}},
    "graphs": {
        "all": {
            "inputs": {
                "latent": "Latent[B 5]",
                "points": "Points",
                "seeds": "Seeds",
                "image": "Image",
                "unit": "ImageUnit",
                "camera": "Camera",
                "blur": {"type": "float", "default": 1.0},
            },
            "outputs": {name: name for name in ("latent", "points", "seeds", "image", "unit", "camera")},
        }
    },
}
GRAPH = check(RECIPE).graphs["all"]


def fed(feeds: dict[str, Any], data: Any = None, step: int = 0, rows: slice = slice(0, 4), **options: Any) -> Any:
    parsed = {name: FEED.validate_python(feed) for name, feed in feeds.items()}
    made = {"seed": 1, "device": torch.device("cpu"), "sizes": {"rays.resolution": 3}} | options
    feeder = Feeder(made.pop("phase", "phase"), GRAPH, parsed, **made)
    return feeder(Moment(step, 100 * step, 4, rows, {"strength": 0.25}), data or {})


def test_draws_have_the_shape_of_the_input_and_a_row_for_each_image() -> None:
    feeds = {"latent": {"draw": "normal"}, "seeds": {"draw": "seeds"}}
    feeds["points"] = {"draw": "uniform", "low": -0.5, "high": 0.5, "sizes": {"N": 200}}
    drawn = fed(feeds)
    assert drawn["latent"].shape == (4, 5)
    assert drawn["seeds"].shape == (4,)
    assert drawn["seeds"].dtype == torch.int64
    assert drawn["points"].shape == (4, 200, 3)
    assert -0.5 <= drawn["points"].min() < -0.45 < 0.45 < drawn["points"].max() <= 0.5


def test_a_draw_does_not_depend_on_who_draws_it_in_how_many_parts() -> None:
    feeds = {"latent": {"draw": "normal"}}
    whole = fed(feeds)["latent"]
    parts = [fed(feeds, rows=slice(start, start + 2))["latent"] for start in (0, 2)]
    assert torch.equal(whole, torch.cat(parts))


@pytest.mark.parametrize("changed", [{"step": 1}, {"phase": "another"}, {"seed": 2}])
def test_steps_phases_and_seeds_draw_different_numbers(changed: dict[str, Any]) -> None:
    feeds = {"latent": {"draw": "normal"}}
    assert not torch.equal(fed(feeds)["latent"], fed(feeds, **changed)["latent"])


def test_a_draw_may_hang_on_a_field_alone() -> None:
    """The same identity has the same latent at every step, in every phase, in whatever row it comes."""
    feeds = {"latent": {"draw": "normal", "by": "identity"}}
    first = fed(feeds, {"identity": torch.tensor([7, 1, 7, 2])})["latent"]
    later = fed(feeds, {"identity": torch.tensor([2, 7, 3, 3])}, step=5, phase="another")["latent"]
    assert torch.equal(first[0], first[2])
    assert torch.equal(first[0], later[1])
    assert torch.equal(first[3], later[0])
    assert not torch.equal(first[0], first[1])


def test_bytes_become_the_range_that_the_input_means() -> None:
    data = {"picture": torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2).expand(4, 3, 2, 2)}
    made = fed({"image": {"field": "picture"}, "unit": {"field": "picture"}}, data)
    assert (made["image"].min(), made["image"].max()) == (-1, 1)
    assert (made["unit"].min(), made["unit"].max()) == (0, 1)


@pytest.mark.parametrize("size", [3, "rays.resolution"])
def test_pictures_are_resized_to_a_number_or_to_what_a_component_has(size: int | str) -> None:
    data = {"picture": torch.rand(4, 3, 8, 8)}
    assert fed({"image": {"field": "picture", "size": size}}, data)["image"].shape == (4, 3, 3, 3)


def test_a_camera_is_swapped_for_that_of_another_image_with_a_probability() -> None:
    data = {"camera": torch.zeros(4, 25), "other:camera": torch.ones(4, 25)}
    feed = {"field": "camera", "swap": {"from": 1, "to": 0.5, "over": 100_000}}
    first = fed({"camera": feed}, data)["camera"]
    later = [fed({"camera": feed}, data, step=1000 + step)["camera"][:, 0].mean().item() for step in range(50)]
    assert first.min() == 1
    assert 0.35 < sum(later) / 50 < 0.65
    assert fed({"camera": {"field": "camera"}}, data)["camera"].max() == 0


def test_plain_numbers_follow_schedules_and_controls() -> None:
    schedule = {"value": {"from": 10, "to": 0, "over": 200}}
    assert [fed({"blur": schedule}, step=step)["blur"] for step in (0, 1, 2)] == [10, 5, 0]
    assert fed({"blur": {"control": "strength"}})["blur"] == 0.25
