"""People in vCard files (RFC 6350, and 2.1 and 3.0 as phones write them), as rows of a table."""

from __future__ import annotations

import quopri
from collections.abc import Iterator
from typing import TextIO

COLUMNS = (
    *("E-mail", "First name", "Last name", "Phone", "Company", "Street", "City", "Postal code", "Country", "Notes"),
    *("Birthday", "Categories"),
)
"""The head of the table; `importing_guessing` knows them all."""
_PLACE = {"EMAIL": 0, "TEL": 3, "NOTE": 9, "BDAY": 10, "CATEGORIES": 11}


def rows(file: TextIO, *, longest: int) -> Iterator[list[str]]:
    """The head, then a row for each card. A card with several addresses is the first of them."""
    yield list(COLUMNS)
    card: list[str] | None = None
    for line in _unfolded(file, longest):
        name, _colon, value = line.partition(":")
        key, *options = name.split(";")
        key = key.rpartition(".")[2].strip().upper()
        if key == "BEGIN":
            card = [""] * len(COLUMNS)
        elif key == "END" and card is not None:
            yield card
            card = None
        elif card is not None:
            _take(card, key, _plain(value, options))


def _unfolded(file: TextIO, longest: int) -> Iterator[str]:
    """Lines with their continuations (RFC 6350 §3.2; 2.1 ends a line that goes on with an equals sign)."""
    kept = ""
    while line := file.readline(longest):
        line = line.rstrip("\r\n")
        if line[:1] in {" ", "\t"}:
            kept = (kept + line[1:])[:longest]
            continue
        if kept.endswith("=") and "QUOTED-PRINTABLE" in kept.upper():
            kept = (kept[:-1] + line)[:longest]
            continue
        if kept:
            yield kept
        kept = line
    if kept:
        yield kept


def _plain(value: str, options: list[str]) -> str:
    if any("QUOTED-PRINTABLE" in option.upper() for option in options):
        value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")
    return value


def _take(card: list[str], key: str, value: str) -> None:
    if key == "N":
        parts = _parts(value, 2)
        card[2], card[1] = parts[0], parts[1]
    elif key == "FN" and not (card[1] or card[2]):
        card[1], _space, card[2] = _words(value).partition(" ")
    elif key == "ORG" and not card[4]:
        card[4] = _parts(value, 1)[0]
    elif key == "ADR" and not card[5]:
        _box, _more, card[5], card[6], _region, card[7], card[8] = _parts(value, 7)
    elif (place := _PLACE.get(key)) is not None and not card[place]:
        card[place] = _words(value).removeprefix("tel:").removeprefix("mailto:")


def _parts(value: str, number: int) -> list[str]:
    """Parts between semicolons that are not escaped."""
    found = [_words(part.replace("\0", ";")) for part in value.replace("\\;", "\0").split(";")]
    return [*found, *[""] * number][:number]


def _words(value: str) -> str:
    unescaped = value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
    return unescaped.replace("\\\\", "\\").strip()
