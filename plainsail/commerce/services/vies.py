"""VIES, the Commission's service that knows which VAT ids are valid. Talks to the network: outside any transaction.

Its REST interface (ec.europa.eu/taxation_customs/vies, “Technical information”): POST /check-vat-number with the id asked
about and the one who asks, who then gets a consultation number as proof. Anything but a clear answer is none.
"""

from __future__ import annotations

import http.client
import json
import logging
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from plainsail.commerce.services.vat import Check, VatId

ADDRESS = "https://ec.europa.eu/taxation_customs/vies/rest-api"
TIMEOUT = 6
"""Seconds; somebody waits at a checkout."""
LARGEST: Final = 64 * 1024

logger = logging.getLogger("plainsail.commerce")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What VIES said. `pending` with the reason in `fault` where it gave no answer; texts are cut to what is kept."""

    check: Check
    consultation: str = ""
    name: str = ""
    address: str = ""
    fault: str = ""


def ask(asked: VatId, *, by: VatId | None) -> Answer:
    """Ask about an id; `by` is the seller's own, without which there is no consultation number. Never raises for the network."""
    wanted = {"countryCode": asked.prefix, "vatNumber": asked.number}
    if by is not None:
        wanted |= {"requesterMemberStateCode": by.prefix, "requesterNumber": by.number}
    try:
        status, body = post("/check-vat-number", wanted)
    except (OSError, http.client.HTTPException) as error:
        logger.warning("VIES not reached", extra={"fault": type(error).__name__})
        return Answer(check="pending", fault=type(error).__name__[:60])
    return read(status, body)


def post(path: str, wanted: dict[str, str]) -> tuple[int, bytes]:
    """Send JSON to VIES; returns status and body. Raises OSError, HTTPException."""
    where = urlsplit(ADDRESS)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.netloc, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "Plainsail"}
        connection.request("POST", where.path + path, json.dumps(wanted), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(LARGEST)
    finally:
        connection.close()


def read(status: int, body: bytes) -> Answer:
    """What an answer means. An error of the service or of a country's register is no word about the id."""
    try:
        told = json.loads(body)
    except ValueError:
        return Answer(check="pending", fault=f"HTTP {status}")
    if not isinstance(told, dict) or told.get("actionSucceed") is False or not isinstance(told.get("valid"), bool):
        return Answer(check="pending", fault=_fault(told) or f"HTTP {status}")
    return Answer(
        check="valid" if told["valid"] else "invalid",
        consultation=_text(told.get("requestIdentifier"), 60),
        name=_text(told.get("name"), 200),
        address=_text(told.get("address"), 400),
    )


def _fault(told: Any) -> str:
    wrappers = told.get("errorWrappers") if isinstance(told, dict) else None
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    return _text(first.get("error"), 60) if isinstance(first, dict) else ""


def _text(value: Any, longest: int) -> str:
    """A text on one line; three dashes stand for what a country doesn't tell."""
    plain = " ".join(value.replace("\x00", "").split()) if isinstance(value, str) else ""
    return "" if plain == "---" else plain[:longest]
