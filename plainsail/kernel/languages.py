"""Which of the languages that we have somebody is spoken to in."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_supported_language_variant


def known(code: str) -> str:
    """The code of a language that we have for this one, such as `de` for `de-AT`; empty where we have none."""
    try:
        return get_supported_language_variant(code) if code else ""
    except LookupError:
        return ""


def first_known(*codes: str) -> str:
    """The first of these languages that we have, the dearest wish first; the source's own where we have none of them.

    What is stored of a contact may come from an import: a language that nobody here speaks must not stop a letter.
    """
    return next((found for code in codes if (found := known(code))), settings.LANGUAGE_CODE)
