"""What can become of work that is not done; each says so in words that a client may read."""

from __future__ import annotations

from typing import Any, ClassVar


class EngineError(Exception):
    """Base of these errors. ``code`` names the kind of problem; ``status`` is what it is over HTTP."""

    code: str = "internal"
    status: ClassVar[int] = 500
    text: str = ""

    def __init__(self, text: str, *more: Any) -> None:
        super().__init__(text, *more)  # all of it, for an exception is pickled by its arguments
        self.text = text

    def __str__(self) -> str:
        return self.text


class Busy(EngineError):
    """There is no room: too much is waiting, or too much of this client. ``retry_after`` is in seconds."""

    code = "busy"
    status = 429

    def __init__(self, text: str, retry_after: float) -> None:
        super().__init__(text, retry_after)
        self.text, self.retry_after = text, retry_after


class Expired(EngineError):
    """It was not done by its deadline."""

    code = "deadline"
    status = 504


class Refused(EngineError, ValueError):
    """What was asked for cannot be: the text says what, and how to mend it.

    Attributes:
        code: ``invalid_request``, ``unprocessable_recipe`` or ``too_costly``.
        diagnostics: Of a recipe at fault, each as a dict.
    """

    code = "invalid_request"
    status = 422

    def __init__(
        self, text: str, code: str = "invalid_request", diagnostics: tuple[dict[str, Any], ...] | list[Any] = ()
    ) -> None:
        super().__init__(text, code, diagnostics)
        self.text, self.code, self.diagnostics = text, code, list(diagnostics)


class UnknownModel(EngineError):
    """The server has no model of this name."""

    code = "unknown_model"
    status = 404


class ModelUnavailable(EngineError):
    """The server has the model, and it is still being loaded, or its folder is damaged."""

    code = "model_unavailable"
    status = 503

    def __init__(self, text: str, retry_after: float = 5.0) -> None:
        super().__init__(text, retry_after)
        self.text, self.retry_after = text, retry_after


class WorkerLost(EngineError):
    """The process that worked on it died, twice: it was killed, or it ran out of memory."""

    code = "worker_lost"
    status = 503


class OutOfMemory(EngineError):
    """It takes more memory than there is."""

    code = "out_of_memory"
    status = 503


class Stopped(EngineError):
    """The engine stopped before it was done."""

    code = "shutting_down"
    status = 503
    retry_after = 5.0


class Failed(EngineError):
    """It failed for a reason that is ours to mend; the log has it."""
