"""Files that are whole or not there, under the name that components know."""

from aetherist.base.files import draft_of, refusal, whole, write_whole

__all__ = ["draft_of", "refusal", "whole", "write_whole"]
