"""What pages show of their own rows in sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
