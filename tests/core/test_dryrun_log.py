"""A dry check speaks through diagnostics alone."""

import pytest

from aetherist.core.check import check

RECIPE = {
    "components": {"decoder": {"type": "decoder.softplus", "channels": 8}},
    "graphs": {
        "decode": {
            "inputs": {"features": "PointFeatures"},
            "steps": {"field": {"call": "decoder", "with": {"features": "features"}}},
            "outputs": {"density": "field.density"},
        }
    },
}


def test_a_step_that_fails_prints_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from aetherist.components.rendering.decoders import SoftplusDecoder

    monkeypatch.setattr(SoftplusDecoder, "forward", lambda self, features: self.net(features[..., 1:]))
    report = check(RECIPE, "dry")
    assert [d.code for d in report.diagnostics] == ["AE402"]
    out, err = capfd.readouterr()
    assert out + err == ""
