"""Who asks, and what may be asked."""

from aetherist.serve.security.callers import SCOPES, Caller, anonymous, require

__all__ = ["SCOPES", "Caller", "anonymous", "require"]
