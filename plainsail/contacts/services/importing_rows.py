"""From the cells of a row to what is known of a person; what can't be is left out and told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from email.utils import parseaddr
from functools import cache, lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from django.db.models import CharField
from django.utils.translation import gettext as _

from plainsail.contacts.models import MILLION, Contact, CustomField
from plainsail.contacts.services import importing_days as days
from plainsail.contacts.services import importing_guessing as guessing
from plainsail.contacts.services import phones, tags, values
from plainsail.contacts.services.address_hints import hint_of
from plainsail.contacts.services.addresses import BadAddress, hashed, normalise
from plainsail.contacts.services.contacts import PROFILE
from plainsail.contacts.services.importing_reading import Fault, Record
from plainsail.contacts.services.values import Stored
from plainsail.kernel.countries import countries
from plainsail.kernel.errors import Refusal

PLAIN_ADDRESS = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
"""Addresses that `normalise` would leave as they are: nearly all, at a tenth of its cost."""
UNREADABLE = re.compile("[\0\ufffd\ud800-\udfff]")
SEPARATORS = re.compile(r"[;,|]")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
MOST_WORDS = 100
FORMULAS = tuple("=+-@＝＋－＠")
STANDINGS = {
    **dict.fromkeys(
        ("", "subscribed", "active", "confirmed", "enabled", "opted in", "opt in", "accepted", "1", "yes"), ""
    ),
    **dict.fromkeys(
        ("unsubscribed", "unsubscribe", "opted out", "opt out", "cancelled", "canceled", "2"), "unsubscribed"
    ),
    **dict.fromkeys(("bounced", "bounce", "hard bounce", "cleaned", "invalid", "3"), "bounced"),
    **dict.fromkeys(("complained", "complaint", "spam", "marked as spam"), "complained"),
    **dict.fromkeys(("blocklisted", "blacklisted", "do not contact", "disabled"), "never"),
    **dict.fromkeys(("pending", "unconfirmed", "not confirmed", "0"), "pending"),
}
"""How things stood in the old program. Whoever was not simply subscribed is put on no list."""
SAYS_NOTHING = frozenset(
    ("0", "no", "n", "false", "nein", "non", "never", "none", "null", "-", "n/a", "0000-00-00", "0000-00-00 00:00:00")
)
"""What stands in the column of those who unsubscribed, of somebody who did not."""
YES_NO = {
    "ja": "yes",
    "oui": "yes",
    "si": "yes",
    "sí": "yes",
    "x": "yes",
    "y": "yes",
    "nein": "no",
    "non": "no",
    "n": "no",
}


@dataclass(slots=True)
class Person:
    """What one row says. Texts that are empty say nothing and are not here."""

    row: int
    email: str = ""
    address_hash: str = ""
    profile: dict[str, Any] = field(default_factory=dict)
    values: dict[str, list[Stored]] = field(default_factory=dict)
    """By the field's id, as text: a UUID is hashed and written out in Python, row after row."""
    tags: dict[str, str] = field(default_factory=dict)
    """Names by slug."""
    lists: set[UUID] = field(default_factory=set)
    standing: str = ""


class _Wrong(Exception):
    """A cell can't be what its column is."""


Taker = Callable[[Person, str], None]


class Rows:
    """Turns rows into people, by what each column is."""

    def __init__(
        self,
        columns: Sequence[str],
        targets: Sequence[str],
        fields: Iterable[CustomField],
        lists: Mapping[str, UUID | None],
        orders: Mapping[int, days.Order] | None = None,
    ) -> None:
        """`lists` by name, nothing for those put away. `orders` says for columns of days what comes first in them
        (`day_orders`)."""
        self.columns = list(columns)
        self._fields = {one.key: one for one in fields}
        self._lists = {name.casefold(): key for name, key in lists.items()}
        taken = [(place, target) for place, target in enumerate(targets) if target]
        # The country comes first, since a phone is read by it; the address before all, for without it there is nobody.
        taken.sort(key=lambda one: (one[1] != guessing.EMAIL, one[1] != "country"))
        order = (orders or {}).get
        self._takers = [
            (place, self._taker(target, order(place, "")), target == guessing.EMAIL) for place, target in taken
        ]

    def take(self, record: Record, faults: list[Fault]) -> Person | None:
        """The person of a row, or None where there is none; adds what is wrong to `faults`."""
        row, cells = record
        if len(cells) > len(self.columns) and any(cells[len(self.columns) :]):
            numbers = {"cells": len(cells), "columns": len(self.columns)}
            reason = _("There are %(cells)d cells and %(columns)d columns.") % numbers
            faults.append(Fault(row, str(len(self.columns) + 1), _short(cells[len(self.columns)]), reason))
            return None
        person = Person(row)
        # Nearly every row is fine as a whole; only where one isn't, its cells are looked at one by one.
        is_odd = UNREADABLE.search("".join(cells)) is not None
        for place, taker, is_needed in self._takers:
            cell = cells[place].strip() if place < len(cells) else ""
            if not cell and not is_needed:
                continue
            if cell[:1] == "'" and cell[1:2] in FORMULAS:
                # What stands before a sign so that no spreadsheet runs it; our own exports have it too.
                cell = cell[1:]
            try:
                if is_odd and UNREADABLE.search(cell):
                    raise _Wrong(_("Holds a sign that can’t be read. Is the encoding right?"))
                taker(person, cell)
            except _Wrong as wrong:
                faults.append(Fault(row, self.columns[place], _short(cell), str(wrong)))
                if is_needed:
                    return None
            else:
                if is_needed and (odd := hint_of(person.email)):
                    faults.append(Fault(row, self.columns[place], _short(cell), str(odd)))
        return person

    def _taker(self, target: str, order: days.Order) -> Taker:
        if target.startswith(guessing.FIELD):
            return _custom(self._fields[target.removeprefix(guessing.FIELD)], order)
        own: dict[str, Taker] = {
            guessing.EMAIL: _email,
            guessing.NAME: _name,
            guessing.TAGS: _tags,
            guessing.LISTS: self._list,
            guessing.STANDING: _standing,
            guessing.LEFT: _standing_if_said("unsubscribed"),
            guessing.BOUNCED: _standing_if_said("bounced"),
            "phone": _phone,
            "country": _country,
            "timezone": _timezone,
            "locale": _locale,
            "score": _score,
        }
        return own.get(target) or _text(target)

    def _list(self, person: Person, cell: str) -> None:
        names = _words(cell)
        if unknown := [name for name in names if name.casefold() not in self._lists]:
            raise _Wrong(_("There is no list “%(name)s”.") % {"name": unknown[0][:60]})
        found = [self._lists[name.casefold()] for name in names]
        if None in found:
            raise _Wrong(_("The list “%(name)s” is put away.") % {"name": names[found.index(None)][:60]})
        person.lists.update(one for one in found if one)


def day_orders(
    records: Iterable[Record | Fault], targets: Sequence[str], fields: Iterable[CustomField]
) -> dict[int, days.Order]:
    """What comes first in each column of days, by the first rows of the file."""
    keys = {f"{guessing.FIELD}{one.key}" for one in fields if one.kind == CustomField.Kind.DATE}
    places = [place for place, target in enumerate(targets) if target in keys]
    rows = [record[1] for record in records if not isinstance(record, Fault)] if places else []
    return {place: days.order_of(row[place] for row in rows if place < len(row)) for place in places}


def merge(into: Person, later: Person, *, overwrites: bool) -> None:
    """Two rows of one address are one person: the later adds what the earlier leaves open, or has the last word."""
    for name, value in later.profile.items():
        if overwrites or name not in into.profile:
            into.profile[name] = value
    for key, rows in later.values.items():
        if overwrites or key not in into.values:
            into.values[key] = rows
    into.tags |= later.tags
    into.lists |= later.lists
    into.standing = into.standing or later.standing


def _short(value: str) -> str:
    return UNREADABLE.sub("?", value)[:200]


def _email(person: Person, cell: str) -> None:
    if "<" in cell:
        name, cell = parseaddr(cell)
        if name:
            _name(person, name)
    address = cell.lower()
    if len(address) > 254 or not PLAIN_ADDRESS.fullmatch(address):
        if not cell:
            raise _Wrong(_("There is no e-mail address."))
        try:
            address = normalise(cell)
        except BadAddress as bad:
            raise _Wrong(str(bad)) from None
    person.email, person.address_hash = address, hashed(address)


def _name(person: Person, cell: str) -> None:
    if "," in cell:
        last, _comma, first = cell.partition(",")
    else:
        first, _space, last = cell.rpartition(" ") if " " in cell else (cell, "", "")
    for name, value in (("first_name", first.strip()), ("last_name", last.strip())):
        if value and name not in person.profile:
            person.profile[name] = value[: LONGEST[name]]


LONGEST: dict[str, int] = {
    name: found.max_length or 0
    for name in PROFILE
    if isinstance(found := Contact._meta.get_field(name), CharField) and found.max_length
}


def _text(name: str) -> Taker:
    longest = LONGEST.get(name, 20_000)

    def take(person: Person, cell: str) -> None:
        if len(cell) > longest:
            raise _Wrong(_("Longer than %(number)d characters.") % {"number": longest})
        if name == "notes" and name in person.profile:
            cell = f"{person.profile[name]}\n{cell}"[:longest]
        person.profile[name] = cell

    return take


def _phone(person: Person, cell: str) -> None:
    try:
        person.profile["phone"] = phones.e164(cell, country=person.profile.get("country", ""))
    except Refusal as bad:
        raise _Wrong(str(bad)) from None


def _country(person: Person, cell: str) -> None:
    code = _country_codes().get(cell.casefold())
    if code is None:
        raise _Wrong(_("No country is called that."))
    person.profile["country"] = code


@cache
def _country_codes() -> dict[str, str]:
    """Codes by themselves and by the countries' names in some languages."""
    found = {"uk": "GB", "usa": "US", "united states of america": "US", "deutschland": "DE"}
    for language in ("pl", "nl", "pt", "it", "es", "fr", "de", "en"):
        found |= {name.casefold(): code for code, name in countries(language)}
    return found | {code.casefold(): code for code, _label in countries("en")}


def _timezone(person: Person, cell: str) -> None:
    zone = _zones().get(cell.casefold())
    if zone is None:
        raise _Wrong(_("No time zone is called that. It looks like Europe/Berlin."))
    person.profile["timezone"] = zone


@cache
def _zones() -> dict[str, str]:
    return {zone.casefold(): zone for zone in available_timezones()}


def _locale(person: Person, cell: str) -> None:
    code = _languages().get(cell.casefold(), cell.replace("_", "-"))
    if len(code) > LONGEST["locale"] or not LOCALE.fullmatch(code):
        raise _Wrong(_("No language is called that. It looks like de or fr-CH."))
    person.profile["locale"] = code


@cache
def _languages() -> dict[str, str]:
    """Codes by the languages' names, in English and in themselves."""
    known = [(code, one) for code, one in LANG_INFO.items() if "name" in one and "-" not in code]
    return {str(one[name]).casefold(): code for code, one in known for name in ("name_local", "name")}


def _score(person: Person, cell: str) -> None:
    try:
        score = int(float(cell.replace(",", ".")))
    except (ValueError, OverflowError):
        raise _Wrong(_("Not a whole number.")) from None
    if abs(score) > 1_000_000_000:
        raise _Wrong(_("Not a whole number."))
    person.profile["score"] = score


def _tags(person: Person, cell: str) -> None:
    person.tags.update(_tags_in(cell))


@lru_cache(maxsize=10_000)
def _tags_in(cell: str) -> tuple[tuple[str, str], ...]:
    """Slugs and names; the same few words stand in row after row."""
    return tuple((tags.slug_of(name), name[:60]) for name in _words(cell))


def _words(cell: str) -> list[str]:
    found = (one.strip().strip('"').strip() for one in SEPARATORS.split(cell))
    return [one for one in found if one][:MOST_WORDS]


def _standing(person: Person, cell: str) -> None:
    standing = STANDINGS.get(" ".join(re.split(r"[\s_-]+", cell.casefold())))
    person.standing = person.standing or ("unknown" if standing is None else standing)
    if standing is None:
        raise _Wrong(_("Not a status that is known here: they are put on no list."))


def _standing_if_said(standing: str) -> Taker:
    """For a column that says when somebody left, and nothing of all others."""

    def take(person: Person, cell: str) -> None:
        if cell.casefold() not in SAYS_NOTHING:
            person.standing = person.standing or standing

    return take


def _custom(custom: CustomField, order: days.Order) -> Taker:
    quick, key = _QUICK.get(custom.kind, _never_quick), str(custom.id)

    def take(person: Person, cell: str) -> None:
        if row := quick(cell):
            person.values[key] = [row]
            return
        try:
            rows = values.parse(custom, _given(custom, cell, order))
        except (Refusal, days.Unclear) as bad:
            raise _Wrong(str(bad)) from None
        if rows:
            person.values[key] = rows

    return take


def _given(custom: CustomField, cell: str, order: days.Order) -> Any:
    """A cell as what `values.parse` takes for a field of this kind."""
    kinds = CustomField.Kind
    if custom.kind == kinds.CHOICES:
        return _words(cell)
    if custom.kind == kinds.YES_NO:
        return YES_NO.get(cell.casefold(), cell)
    if custom.kind == kinds.NUMBER:
        return _number(cell)
    return days.read(cell, order=order) if custom.kind == kinds.DATE else cell


def _never_quick(cell: str) -> Stored | None:
    return None


def _quick_text(cell: str) -> Stored | None:
    return Stored(cell) if len(cell) <= values.LONGEST_TEXT else None


def _quick_number(cell: str) -> Stored | None:
    return Stored(number=int(cell) * MILLION) if len(cell) < 13 and cell.isascii() and cell.isdigit() else None


def _quick_day(cell: str) -> Stored | None:
    if not ISO_DAY.fullmatch(cell):
        return None
    try:
        return Stored(date=date.fromisoformat(cell))
    except ValueError:
        return None


_QUICK: dict[str, Callable[[str], Stored | None]] = {
    CustomField.Kind.TEXT: _quick_text,
    CustomField.Kind.NUMBER: _quick_number,
    CustomField.Kind.DATE: _quick_day,
}
"""What `values.parse` would say of the plain cells that nearly all are, at a tenth of its cost; None for all others."""


def _number(cell: str) -> str:
    """`1.234,5` and `1,234.5` are both read; a lone comma is a decimal one, as in most of Europe."""
    flat = cell.replace(" ", "").replace("\u00a0", "")
    if "," in flat and "." in flat:
        thousands = "," if flat.rindex(".") > flat.rindex(",") else "."
        flat = flat.replace(thousands, "")
    return flat.replace(",", ".")
