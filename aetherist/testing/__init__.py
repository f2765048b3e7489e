"""A kit for testing components, ours and yours: strategies drawn from port types, and one call that checks a contract.

>>> from aetherist.testing import check_component, inputs_for
>>> check_component("rays.pinhole", {"resolution": 4})
"""

from aetherist.testing.conformance import check_component
from aetherist.testing.strategies import Sizes, draw_inputs, inputs_for, tensors_for

__all__ = ["Sizes", "check_component", "draw_inputs", "inputs_for", "tensors_for"]
