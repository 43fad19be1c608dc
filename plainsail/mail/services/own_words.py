"""What a business's own fields say about people, as a sending process writes it. Django-free; `planning` prepares it.

The same words as `merge_fields.written`, in the language that a mail is sent in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

MILLION = 1_000_000
DAY, YEAR = "{d}", "{y}"
"""Stand in the patterns of months for the day and the year."""


@dataclass(frozen=True)
class OwnField:
    """One field that a mail asks for; `labels` are those of its choices, by their ids."""

    name: str
    kind: str
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """The fields, and the words of a language: yes, no, and a date of each month as a pattern."""

    fields: Mapping[str, OwnField]
    """By the field's id in hex, in the order in which several choices are named."""
    yes: str
    no: str
    months: tuple[str, ...] = field(repr=False)

    def of(self, rows: Iterable[tuple[UUID, UUID, str, str, int | None, date | None]]) -> dict[UUID, dict[str, str]]:
        """Words by contact and name of the field. A row: contact, field, text, long text, number, date."""
        said: dict[UUID, dict[str, str]] = {}
        for contact_id, field_id, text, long_text, number, day in rows:
            asked = self.fields[field_id.hex]
            words = self._written(asked, text, long_text, number, day)
            known = said.setdefault(contact_id, {})
            before = known.get(asked.name)
            known[asked.name] = f"{before}, {words}" if before else words
        return said

    def _written(self, asked: OwnField, text: str, long_text: str, number: int | None, day: date | None) -> str:
        if asked.kind == "number" and number is not None:
            return format((Decimal(number) / MILLION).normalize(), "f")
        if asked.kind == "date" and day is not None:
            return self.months[day.month - 1].replace(DAY, str(day.day)).replace(YEAR, str(day.year))
        if asked.kind == "yes_no":
            return self.yes if number else self.no
        return long_text if asked.kind == "long_text" else asked.labels.get(text, text)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> OwnWords:
        fields = {key: OwnField(**one) for key, one in value["fields"].items()}
        return cls(fields=fields, yes=value["yes"], no=value["no"], months=tuple(value["months"]))
