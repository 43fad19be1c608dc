"""What areas above plug into mail: the notices that they send, whose words a business may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

from plainsail.kernel.registry import Registry

Words = str | Promise


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A letter that is owed, such as a receipt.

    `original()` gives its subject and its opening words in the language that is active, paragraphs apart by an empty line,
    with the fields it may use in double braces. `fields` says what they are called, `examples` what a preview shows.
    Facts, rows and buttons follow the opening words and can't be changed: often the law asks for them.
    """

    label: Words
    text: Words
    """When it is sent."""
    to: Literal["customers", "team"]
    original: Callable[[], tuple[str, str]]
    fields: Mapping[str, Words]
    examples: Mapping[str, str]
    may_be_silent: bool = False
    """Whether a business may do without it; never where law or sale require it."""
    starts_on: bool = True
    order: int = 0


NOTICES: Registry[Notice] = Registry("mail.notices")
"""Kind, as the ledger of messages has it, to the notice."""
