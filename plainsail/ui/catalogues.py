"""Collect every visible word into the catalogues of `plainsail/locale`, and compile them.

`python -m plainsail.ui.catalogues update` reads all templates and modules, adds what is new to each language's `django.po`,
takes away what nobody says any more, keeps the translations, and writes `django.mo` beside it. `… check` changes nothing
and fails where that would change something. Pure Python: neither Django's set-up nor GNU gettext is needed. The edge reads
the same files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parents[1]
LOCALE = PACKAGE / "locale"
DOMAIN = "django"
LANGUAGES = ("de", "fr")
"""All that have a catalogue; English is the language of the source."""

HEAD = "# Only the lines `msgstr` are written by people; `make messages` does the rest. See CONTRIBUTING.md."

# Each name that stands for a gettext function somewhere, with the places of its messages; a context is marked by "c".
KEYWORDS = {
    "_": None,
    "_text": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NOT_SHOWN = {"tests", "testing", "migrations", "gallery"}
"""Folders whose words only developers see."""


class Words(Catalog):
    """A catalogue whose head says only what programs need: no dates and no versions, which would change by themselves."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def sources() -> list[Path]:
    """Every template and module whose words somebody may see, in order."""
    kinds = ("*.py", *(f"templates/**/*.{suffix}" for suffix in ("html", "mjml", "txt")))
    files = {path for kind in kinds for path in PACKAGE.rglob(kind)}
    return sorted(path for path in files if not NOT_SHOWN & set(path.relative_to(PACKAGE).parts))


def messages(paths: Iterable[Path]) -> Iterator[tuple[Path, str | tuple[str, ...], str | None, list[str]]]:
    """Each marked message of these files: where, its words (or singular and plural), its context, notes to translators."""
    for path in paths:
        text = path.read_text()
        if path.suffix != ".py":
            # To Python's tokenizer the blanked out lines between the calls must look like code: none is indented.
            text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, words, notes, context in extract("python", BytesIO(text.encode()), KEYWORDS, ["Translators:"]):
            yield path, words, context, notes


def collected() -> Words:
    """What there is to translate."""
    catalogue = Words(domain=DOMAIN, fuzzy=False)
    for path, words, context, notes in messages(sources()):
        place = path.relative_to(PACKAGE.parent).as_posix()
        catalogue.add(words, locations=[(place, 0)], auto_comments=notes, context=context)
    return catalogue


def brought_up_to_date(language: str, words: Words) -> Words:
    """The language's catalogue with exactly these words; translations that it has are kept."""
    catalogue = Words(locale=language, domain=DOMAIN, header_comment=HEAD, fuzzy=False)
    known = stored(language)
    for message in words:
        if message.id:
            had = known.get(message.id, message.context)
            is_same = had is not None and had.pluralizable == message.pluralizable
            catalogue.add(
                message.id,
                had.string if had and is_same else "",
                locations=sorted(set(message.locations)),
                auto_comments=message.auto_comments,
                user_comments=had.user_comments if had else (),
                context=message.context,
            )
    return catalogue


def stored(language: str) -> Catalog:
    """The language's catalogue as it lies in the tree; an empty one where there is none yet."""
    path = po_path(language)
    if not path.exists():
        return Words(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def as_text(catalogue: Catalog) -> bytes:
    """The catalogue as a `.po` file. Lines are not wrapped and carry no numbers, so that a diff shows what was changed."""
    out = BytesIO()
    write_po(out, catalogue, width=0, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as a `.mo` file; what isn't translated is left out, and shown in English."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def po_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def mo_path(language: str) -> Path:
    return po_path(language).with_suffix(".mo")


def files() -> Iterator[tuple[Path, bytes]]:
    """Every file of the catalogues with what should stand in it."""
    words = collected()
    for language in LANGUAGES:
        catalogue = brought_up_to_date(language, words)
        yield po_path(language), as_text(catalogue)
        yield mo_path(language), compiled(catalogue)


def out_of_step() -> list[str]:
    """The files of the catalogues that an update would change."""
    return [
        path.relative_to(PACKAGE.parent).as_posix()
        for path, content in files()
        if not path.exists() or path.read_bytes() != content
    ]


def update() -> None:
    """Write the catalogues anew."""
    for path, content in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main(arguments: list[str]) -> int:
    if arguments == ["update"]:
        update()
    elif arguments != ["check"]:
        sys.stderr.write("Say what to do: check or update.\n")
        return 2
    stale = out_of_step()
    for name in stale:
        sys.stderr.write(f"{name} is not what the source says: run `make messages`.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
