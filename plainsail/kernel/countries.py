"""Names of countries, in the reader's language."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, normalize

from babel import Locale

# CLDR's ZZ, QO and the like are no countries; nor are the codes of regions, which are numbers.
NONE = frozenset({"ZZ", "QO", "EU", "EZ", "UN"})


@lru_cache(maxsize=20)
def countries(language: str) -> tuple[tuple[str, str], ...]:
    """Two-letter codes and names of countries in a language, by name."""
    names = Locale.parse(language.replace("-", "_")).territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code not in NONE]
    return tuple(sorted(found, key=lambda pair: _unaccented(pair[1])))


def _unaccented(name: str) -> str:
    """Österreich is looked for at O, Égypte at E."""
    return "".join(letter for letter in normalize("NFKD", name) if not combining(letter)).casefold()


def country_name(code: str, language: str) -> str:
    """The name of a country; the code itself where it is none."""
    return dict(countries(language)).get(code, code)
