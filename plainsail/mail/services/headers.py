"""Header lines and addresses that nothing can be smuggled into, whoever wrote the values."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.domain_names import in_ascii
from plainsail.kernel.errors import Refusal
from plainsail.mail.services.lines import PLAIN, date, encoded, envelope, mailbox, one_line

__all__ = ["Unmailable", "address", "date", "encoded", "mailbox", "one_line", "recipient"]

_is_address = EmailValidator(allowlist=["localhost"])


class Unmailable(Refusal):
    """No mail can be addressed like that."""

    code = "unmailable"
    message = _("That is not an address that mail can be sent to.")
    status = 422


def recipient(value: str) -> str:
    """A bare address to write to: as `address`, but letters of any script may stand before the @. It then needs a server
    that takes them (RFC 6531), and goes to no other. Raises Unmailable.
    """
    bare = value.strip()
    if bare.isascii():
        return address(bare)
    if (found := envelope(bare)) is None:
        raise Unmailable
    return found


def address(value: str) -> str:
    """A bare address in ASCII, fit for an envelope and a header. Raises Unmailable."""
    bare = value.strip()
    try:
        _is_address(bare)
        local, _at, domain = bare.rpartition("@")
        ascii_domain = in_ascii(domain)
    except (ValidationError, ValueError):
        raise Unmailable from None
    if not local.isascii() or not PLAIN.fullmatch(local) or any(character in local for character in ' <>,;"'):
        raise Unmailable
    return f"{local}@{ascii_domain}"
