"""What parts of an address look like, so that ``/v1/avatars/mix`` is never taken for an avatar."""

from __future__ import annotations

from starlette.convertors import StringConvertor, register_url_convertor


class AvatarConvertor(StringConvertor):
    """The id of an avatar."""

    regex = "av_[^/]*"


register_url_convertor("avatar", AvatarConvertor())

AVATAR = "{id:avatar}"
