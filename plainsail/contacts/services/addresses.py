"""E-mail addresses as they are stored and recognised."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.crypto import keyed_hash
from plainsail.kernel.errors import Refusal


class BadAddress(Refusal):
    """Not an e-mail address."""

    code = "bad_address"
    message = _("This is not an e-mail address. It looks like name@example.com.")
    status = 422


def normalise(address: str) -> str:
    """The form in which an address is stored and compared: trimmed, lower case, the domain in ASCII (IDNA).

    Lower case throughout: RFC 5321 §2.4 lets the local part be case-sensitive, but no mail service in use is.
    Raises BadAddress.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    if '"' in local:
        # RFC 5321 §4.1.2 knows quoted names and warns of them; no mail goes there.
        raise BadAddress(field="email")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise BadAddress(field="email") from None
    normal = f"{local}{at}{ascii_domain}"
    try:
        validate_email(normal)
    except ValidationError:
        raise BadAddress(field="email") from None
    if len(normal) > 254:
        raise BadAddress(field="email")
    return normal


def hashed(address: str) -> str:
    """Keyed hash of a normalised address."""
    return keyed_hash("contacts.address", address)
