"""What areas above plug into pages, and what pages show of their own rows in sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plainsail.kernel.registry import Registry
from plainsail.pages.models import Form, Page

AFTER_FORM: Registry[Callable[[Form, Page | None], str | None]] = Registry("pages.after_form")
"""Who leads a visitor on who sent a form, from a page where that is known: a path of the site, or None where it is not theirs.
The first answer counts."""


@dataclass(frozen=True, kw_only=True)
class CountdownCard:
    """What a countdown's section shows. `moment` is ISO 8601 where it is the same for everybody; `then` is hide, words or go.

    `units` are the words for days, hours, minutes and seconds.
    """

    id: str
    sentence: str
    moment: str
    then: str
    words: str
    url: str
    units: Sequence[str]
