"""An expected “no”: what was asked can't be done, and the person who asked is told why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Link = tuple[str | Promise, str]
"""Words, and the path of a page."""


class Refusal(Exception):
    """Base of every expected “no”. Defined beside the service that raises it; worded by one middleware.

    `code` is stable and for machines, `message` is for people, `status` is the HTTP status, `field` names the input at fault,
    `links` lead to where it is mended.
    """

    code: ClassVar[str] = "refused"
    message: str | Promise = _("That can’t be done.")
    status: ClassVar[int] = 409

    def __init__(
        self, message: str | Promise | None = None, *, field: str | None = None, links: Sequence[Link] = ()
    ) -> None:
        super().__init__(self.code)
        if message is not None:
            self.message = message
        self.field, self.links = field, links

    def __str__(self) -> str:
        return str(self.message)
