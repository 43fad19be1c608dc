"""Which tables hold personal data, and what erasing somebody does to them. A test fails on a table left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plainsail.kernel.registry import Registry


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """One table's answer. `ground` says why it is kept, where it is; `fields` are the columns that name a person."""

    fields: tuple[str, ...]
    erase: Literal["delete", "anonymise", "keep"]
    ground: str = ""


PERSONAL_DATA: Registry[PersonalData] = Registry("kernel.personal_data")
"""Model label in lower case, such as `contacts.contact`, to its classification."""
