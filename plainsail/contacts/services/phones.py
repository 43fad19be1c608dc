"""Phone numbers as they are stored (E.164, such as +493514567890) and shown."""

from __future__ import annotations

import phonenumbers
from django.utils.translation import gettext_lazy as _

from plainsail.kernel.errors import Refusal


class BadPhone(Refusal):
    """Not a phone number, or nobody can say of which country."""

    code = "bad_phone"
    message = _("This is not a phone number. Begin with the country, such as +49 351 4567890.")
    status = 422


def e164(given: str, *, country: str = "") -> str:
    """The number in E.164. One without a country code is taken to be of `country` (ISO 3166-1). Raises BadPhone."""
    try:
        number = phonenumbers.parse(given, country.upper() or None)
    except phonenumbers.NumberParseException:
        raise BadPhone(field="phone") from None
    # Possible, not valid: the lists of who owns which numbers are always behind the world.
    if not phonenumbers.is_possible_number(number):
        raise BadPhone(field="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def or_nothing(given: str, *, country: str = "") -> str:
    """The number in E.164, or nothing where it is none."""
    try:
        return e164(given, country=country)
    except BadPhone:
        return ""


def shown(stored: str) -> str:
    """The number as people write it; as it is stored where it can't be read."""
    try:
        number = phonenumbers.parse(stored)
    except phonenumbers.NumberParseException:
        return stored
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
