"""Planes and decoder must have as many channels, and a recipe in which they have not is refused before it is built."""

from aetherist.core.check import check


def test_planes_of_other_channels_than_the_decoder_takes_are_a_static_fault() -> None:
    found = check("tiny", overrides=["components.planes.channels=16"]).diagnostics
    assert {d.code for d in found} == {"AE204"}
    assert "axis 2: 8 is not 16" in found[0].notes


def test_planes_of_the_channels_that_the_decoder_takes_are_sound() -> None:
    decoder = "components.renderer.decoder={type: decoder.mlp, channels: 16, features: 8, hidden: 8}"
    assert check("tiny", overrides=["components.planes.channels=16", decoder]).ok
