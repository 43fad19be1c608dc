"""E-mail addresses as they are stored and recognised."""

from __future__ import annotations

import unicodedata

import email_validator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.errors import Refusal

LONGEST_NAME = 64
"""What stands before the @, in octets (RFC 5321 §4.5.3.1.1)."""


class BadAddress(Refusal):
    """Not an e-mail address."""

    code = "bad_address"
    message = _("This is not an e-mail address. It looks like name@example.com.")
    status = 422


def normalise(address: str) -> str:
    """The form in which an address is stored and compared: trimmed, lower case, composed (NFC), the domain in ASCII (IDNA 2008).

    Lower case throughout: RFC 5321 §2.4 lets the local part be case-sensitive, but no mail service in use is. Letters of any
    script may stand in it (RFC 6531); whether a mail server takes them is found out when it is written to. Raises BadAddress.
    """
    normal = unicodedata.normalize("NFC", address.strip().lower())
    if not normal.isascii():
        normal = _of_any_script(normal)
    name, _at, domain = normal.rpartition("@")
    if '"' in name or normal.endswith("]"):
        # RFC 5321 §4.1.2 and §4.1.3 know quoted names, and numbers in the place of a domain; no mail goes there.
        raise BadAddress(field="email")
    try:
        validate_email(normal if name.isascii() else f"x@{domain}")
    except ValidationError:
        raise BadAddress(field="email") from None
    if len(normal.encode()) > 254 or len(name.encode()) > LONGEST_NAME:
        raise BadAddress(field="email")
    return normal


def _of_any_script(address: str) -> str:
    try:
        found = email_validator.validate_email(address, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError:
        raise BadAddress(field="email") from None
    return f"{found.local_part}@{found.ascii_domain.lower()}"


def hashed(address: str) -> str:
    """Keyed hash of a normalised address."""
    return keyed_hash("contacts.address", address)
