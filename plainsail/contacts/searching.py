"""Finding contacts by parts of their names and addresses."""

from __future__ import annotations

import re
import unicodedata

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from plainsail.kernel.domain_names import in_letters

MOST_WORDS = 8
"""Words of a search that are looked at."""
MOST_DOMAINS = 20
"""Domains in other scripts that a word may mean."""


def called(wanted: str) -> Q:
    """Whose name or address holds every one of these words, as a part of it or whole."""
    conditions, parameters = [], list[str]()
    for word in wanted.split()[:MOST_WORDS]:
        parts = [_escaped(word), *_in_ascii(word)]
        conditions.append(f"({' OR '.join(['said LIKE lower(%s)'] * len(parts))})")
        parameters += [f"%{part}%" for part in parts]
    # The view is there because row-level security lets no LIKE use an index: see the migration that makes it.
    query = f"SELECT id FROM contacts_searchable WHERE {' AND '.join(conditions)}"
    return Q(id__in=RawSQL(query, parameters))  # noqa: S611  # the words are parameters


def _escaped(word: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", word)


def _in_ascii(word: str) -> list[str]:
    """What else a word may mean: domains are stored in ASCII, and a part of a name there is no part of what it stands for.

    One look at the addresses in such domains, of which there are few; none for a word in ASCII.
    """
    if word.isascii():
        return []
    name, at, part = unicodedata.normalize("NFC", word.lower()).rpartition("@")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT substring(said FROM '@([^@]*)$') FROM contacts_searchable WHERE said LIKE %s", ["%xn--%"]
        )
        domains = sorted(domain for (domain,) in cursor.fetchall() if domain)
    meant = [one for one in domains if _holds(in_letters(one), part, is_beginning=bool(at))]
    return [_escaped(f"{name}@{one}") for one in meant[:MOST_DOMAINS]]


def _holds(domain: str, part: str, *, is_beginning: bool) -> bool:
    return domain.startswith(part) if is_beginning else part in domain
