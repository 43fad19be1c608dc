"""E-mail addresses as they are stored and recognised."""

from __future__ import annotations

import email_validator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.errors import Refusal

LONGEST_NAME = 64
"""What stands before the @ (RFC 5321 §4.5.3.1.1)."""


class BadAddress(Refusal):
    """Not an e-mail address."""

    code = "bad_address"
    message = _("This is not an e-mail address. It looks like name@example.com.")
    status = 422


def normalise(address: str) -> str:
    """The form in which an address is stored and compared: trimmed, lower case, the domain in ASCII (IDNA 2008).

    Lower case throughout: RFC 5321 §2.4 lets the local part be case-sensitive, but no mail service in use is.
    Raises BadAddress.
    """
    normal = address.strip().lower()
    if not normal.isascii():
        normal = _in_ascii(normal)
    if '"' in normal.rpartition("@")[0] or normal.endswith("]"):
        # RFC 5321 §4.1.2 and §4.1.3 know quoted names, and numbers in the place of a domain; no mail goes there.
        raise BadAddress(field="email")
    try:
        validate_email(normal)
    except ValidationError:
        raise BadAddress(field="email") from None
    if len(normal) > 254 or len(normal.rpartition("@")[0]) > LONGEST_NAME:
        raise BadAddress(field="email")
    return normal


def _in_ascii(address: str) -> str:
    """An address with a domain in any script. Its name stays as it is, so one beyond ASCII is refused."""
    if not address.rpartition("@")[0].isascii():
        # RFC 6531: needs every mail server on the way to take part, and many don't.
        raise BadAddress(_("Mail can’t be sent to addresses with such letters before the @."), field="email")
    try:
        found = email_validator.validate_email(address, check_deliverability=False, globally_deliverable=False)
    except email_validator.EmailNotValidError:
        raise BadAddress(field="email") from None
    return (found.ascii_email or "").lower()


def hashed(address: str) -> str:
    """Keyed hash of a normalised address."""
    return keyed_hash("contacts.address", address)
