"""Which tables hold personal data, and what erasing somebody does to them. A test fails on a table left out.

Two questions, two answers. `erase` says what becomes of a row when a *person* in it is erased and the business goes on.
When the *business* itself is erased every row goes, whatever the first answer was; `kept` names the columns of which the
law wants a copy, and that copy lies apart from the product (`hosting.KeptRecord`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plainsail.kernel.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is copied out of a table before its business is erased.

    `category` is a class of the retention policy, which says for how long and why. `columns` are copied as they are,
    of `hashed` only a keyed hash: enough to recognise somebody who comes with the same address. `dated` is the column
    from which the time runs; the moment of the erasure where it is empty. Rows whose `only_if` is empty are not kept.
    """

    category: str
    columns: tuple[str, ...]
    hashed: tuple[str, ...] = ()
    dated: str = ""
    only_if: str = ""


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """One table's answer. `ground` says why it is kept, where it is; `fields` are the columns that name a person.

    A table that is not `portable` is left out of an export: keys to doors, and what the business can make again.
    """

    fields: tuple[str, ...]
    erase: Literal["delete", "anonymise", "keep"]
    ground: str = ""
    kept: Kept | None = None
    portable: bool = True


PERSONAL_DATA: Registry[PersonalData] = Registry("kernel.personal_data")
"""Model label in lower case, such as `contacts.contact`, to its classification."""
