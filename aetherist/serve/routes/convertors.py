"""What parts of an address look like: ``/v1/avatars/mix`` is no avatar, and what can be no id is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from starlette.convertors import StringConvertor, register_url_convertor


class AvatarConvertor(StringConvertor):
    """The id of an avatar, or what somebody took for one."""

    regex = "(?!(?:mix|file)(?:/|$))[^/]+"


register_url_convertor("avatar", AvatarConvertor())

AVATAR = "{id:avatar}"


def or_nothing(unknown: Callable[[str], Exception]) -> WrapValidator:
    """Return what answers an ill-formed id in an address as one that is well formed and unknown.

    Whoever follows an old link, or one that was cut off, wants to know that nothing is there, and not how ids are made.
    The form stays in the description of the API, and nothing that has another reaches the database.
    """

    def held(value: Any, valid: ValidatorFunctionWrapHandler) -> Any:
        try:
            return valid(value)
        except ValidationError:
            raise unknown(str(value)) from None

    return WrapValidator(held)
