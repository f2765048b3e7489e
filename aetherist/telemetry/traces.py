"""Traces by OpenTelemetry (extra ``telemetry``): nothing is recorded or sent unless ``configure_traces`` was called."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

PATIENCE = 2
"""Seconds that a collector has to take spans; it must not hold up a server that stops."""


class _State:
    """What is configured; OpenTelemetry is imported only once something is."""

    provider: Any = None
    tracer: Any = None


def configure_traces(url: str | None = None, *, exporter: Any = None, service: str = "aetherist") -> None:
    """Send spans to a collector from here on.

    Args:
        url: Where a collector takes OTLP over HTTP: ``http://localhost:4318/v1/traces``.
        exporter: Another exporter of OpenTelemetry instead; it is given each span as it ends.
        service: The name under which spans are found.

    Raises:
        ValueError: If the packages are not installed; says how to install them.
    """
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    stop_traces()
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ModuleNotFoundError as error:
            raise _missing(error) from None
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=PATIENCE)))
    _State.provider = provider
    _State.tracer = provider.get_tracer("aetherist")


def stop_traces() -> None:
    """Send what is left and record no more."""
    provider, _State.provider, _State.tracer = _State.provider, None, None
    if provider is not None:
        provider.shutdown()


@contextlib.contextmanager
def span(name: str, **attributes: Any) -> Iterator[Any]:
    """Record the block as a span, with the spans inside it below it; gives the span, or ``None`` without traces."""
    if _State.tracer is None:
        yield None
        return
    with _State.tracer.start_as_current_span(name, attributes=_plain(attributes)) as current:
        yield current


def add_span(name: str, start: int, end: int, **attributes: Any) -> None:
    """Record what was measured elsewhere as a span below the current one; times are nanoseconds since the epoch."""
    if _State.tracer is not None:
        _State.tracer.start_span(name, start_time=start, attributes=_plain(attributes)).end(end)


def trace_context() -> dict[str, str]:
    """Return the current span as another process takes it with ``continued``: W3C trace context."""
    if _State.tracer is None:
        return {}
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier


@contextlib.contextmanager
def continued(carrier: Mapping[str, str]) -> Iterator[None]:
    """Let spans of the block stand below one of another process or request: its ``traceparent``."""
    if _State.tracer is None or not carrier:
        yield
        return
    from opentelemetry import context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    token = context.attach(TraceContextTextMapPropagator().extract(dict(carrier)))
    try:
        yield
    finally:
        context.detach(token)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in attributes.items() if value is not None}
    return {key: value if isinstance(value, bool | int | float | str) else str(value) for key, value in kept.items()}


def _missing(error: ModuleNotFoundError) -> ValueError:
    return ValueError(f"traces need the package {error.name}; run pip install 'aetherist[telemetry]'")
