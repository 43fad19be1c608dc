"""What a published form accepts, as its specification in the snapshot says. Pure: values in, values out.

Only posts that are right in every respect are taken here; whatever else is web's to judge and to word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

MAX_FIELDS = 200
LONGEST_EMAIL = 254
DEFAULT_LENGTH = 500
DEFAULT_LENGTH_OF_TEXTAREA = 5000

_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\\\]]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[\w](?:[\w-]{0,61}[\w])\Z")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?\Z")
_PHONE = re.compile(r"\+?[0-9 ()/.-]{3,40}\Z")

Value = str | bool | list[str]
Posted = dict[str, list[str]]


class Unreadable(Exception):
    """The body is no form: wrong encoding, or too many fields."""


class Accepted(NamedTuple):
    """A post that meets its specification."""

    version: int
    values: dict[str, Value]
    thank_you: str


def read(body: bytes) -> Posted:
    """The fields of a urlencoded body. Raises Unreadable."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except ValueError:  # UnicodeDecodeError is one, too many fields another
        raise Unreadable from None
    posted: Posted = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Unreadable
        posted.setdefault(name, []).append(value)
    return posted


def accept(posted: Posted, specification: Any) -> Accepted | None:
    """The values to store, or None where anything at all is not as it should be: a matter for web."""
    try:
        version, thank_you = int(specification["version"]), str(specification["thank_you"])
        fields = {str(field["name"]): field for field in specification["fields"]}
        honeypot = str(specification.get("honeypot", ""))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if honeypot and any(posted.get(honeypot, [])):
        return None
    unknown = {name for name in posted if not name.startswith("_")} - fields.keys() - {honeypot}
    if unknown:
        return None
    values: dict[str, Value] = {}
    for name, field in fields.items():
        try:
            value = KINDS[field["kind"]](posted.get(name, []), field)
        except (KeyError, TypeError, ValueError):
            return None
        if field.get("required") and not value:
            return None
        values[name] = value
    return Accepted(version, values, thank_you)


def _single(given: list[str]) -> str:
    if len(given) > 1:
        raise ValueError
    return given[0].strip() if given else ""


def _text(given: list[str], field: dict[str, Any], length: int = DEFAULT_LENGTH) -> str:
    value = _single(given)
    if len(value) > int(field.get("max_length", length)) or "\n" in value or "\r" in value:
        raise ValueError
    return value


def _textarea(given: list[str], field: dict[str, Any]) -> str:
    value = _single(given).replace("\r\n", "\n").replace("\r", "\n")
    if len(value) > int(field.get("max_length", DEFAULT_LENGTH_OF_TEXTAREA)):
        raise ValueError
    return value


def _email(given: list[str], field: dict[str, Any]) -> str:
    value = _text(given, field, LONGEST_EMAIL)
    if value and (len(value) > LONGEST_EMAIL or not is_email(value)):
        raise ValueError
    return value


def _phone(given: list[str], field: dict[str, Any]) -> str:
    value = _text(given, field, 40)
    if value and not _PHONE.match(value):
        raise ValueError
    return value


def _number(given: list[str], field: dict[str, Any]) -> str:
    value = _text(given, field, 30)
    if value and not _NUMBER.match(value):
        raise ValueError
    return value


def _date(given: list[str], field: dict[str, Any]) -> str:
    value = _text(given, field, 10)
    if value:
        date.fromisoformat(value)
    return value


def _checkbox(given: list[str], field: dict[str, Any]) -> bool:
    return bool(_single(given))


def _choice(given: list[str], field: dict[str, Any]) -> str:
    value = _single(given)
    if value and value not in field["choices"]:
        raise ValueError
    return value


def _choices(given: list[str], field: dict[str, Any]) -> list[str]:
    chosen = list(dict.fromkeys(filter(None, (value.strip() for value in given))))
    if any(value not in field["choices"] for value in chosen):
        raise ValueError
    return chosen


KINDS: dict[str, Callable[[list[str], dict[str, Any]], Value]] = {
    "text": _text,
    "hidden": _text,
    "textarea": _textarea,
    "email": _email,
    "phone": _phone,
    "number": _number,
    "date": _date,
    "checkbox": _checkbox,
    "choice": _choice,
    "choices": _choices,
}


def is_email(value: str) -> bool:
    """Whether a value has the shape of an address; whether it exists is for the confirmation mail to find out."""
    local = value.partition("@")[0]
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    return _EMAIL.match(value) is not None and value.isprintable()
