"""What a running gateway says of itself: logs, metrics and traces. Nothing is sent anywhere unless a URL is given."""

from aetherist.telemetry.logs import bound, configure_logs, get_logger, set_level
from aetherist.telemetry.metrics import Metrics
from aetherist.telemetry.stages import Stages
from aetherist.telemetry.traces import add_span, configure_traces, continued, span, stop_traces, trace_context

__all__ = [
    "Metrics",
    "Stages",
    "add_span",
    "bound",
    "configure_logs",
    "configure_traces",
    "continued",
    "get_logger",
    "set_level",
    "span",
    "stop_traces",
    "trace_context",
]
