"""The kinds of field a block is made of: each checks a value, gives its default, and says how a template sees it.

A value that passes `clean` is safe to store (no control characters, no lone surrogates, bounded size) and cleaning it
again changes nothing: `documents.load(documents.save(d)) == d` rests on that.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from plainsail.blocks import custom, icons, pictures, players
from plainsail.kernel.html import clean as clean_html

if TYPE_CHECKING:
    from plainsail.blocks.services.presenting import Presenter

Words = str | Promise
Path = tuple[str | int, ...]
Errors = MutableMapping[Path, str]

# C0 and C1 controls but tab and line feed; surrogates, which no database stores; the separators that end a script line.
UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff]")
MERGE_HOLE = re.compile(r"\{\{\s*[a-z][a-z0-9_.]{0,79}\s*\}\}")
LINK_SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """One setting of a block. `label` and `help` are what its panel says."""

    kind: ClassVar[str]
    label: Words
    help: Words = ""

    @property
    @abstractmethod
    def empty(self) -> Any:
        """The value of a field that was never set."""

    @abstractmethod
    def clean(self, value: object, path: Path, errors: Errors) -> Any:
        """The value as it is stored; what is wrong goes to `errors` under its path, and the empty value comes back."""

    def present(self, value: Any, presenter: Presenter) -> Any:
        """The value as a template sees it."""
        return value

    def references(self, value: Any) -> Iterator[tuple[str, UUID]]:
        """The other rows that this value points to, as (kind, id)."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """One line of plain words, up to `limit` characters."""

    kind = "text"
    limit: int = 200
    default: Words = ""

    @property
    def empty(self) -> str:
        return str(self.default)

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        if not isinstance(value, str):
            return self._refuse(_("This must be text."), path, errors)
        words = self._tidy(value)
        if len(words) > self.limit:
            return self._refuse(_("At most %(limit)s characters.") % {"limit": self.limit}, path, errors)
        return words

    def _tidy(self, value: str) -> str:
        return " ".join(UNSTORABLE.sub("", value).split())

    def _refuse(self, message: str, path: Path, errors: Errors) -> str:
        errors[path] = message
        return self.empty


@dataclass(frozen=True, kw_only=True)
class LongText(Text):
    """Plain words over several lines."""

    kind = "long_text"
    limit: int = 2000
    rows: int = 4

    def _tidy(self, value: str) -> str:
        return UNSTORABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()

    def present(self, value: str, presenter: Presenter) -> Any:
        return Lines(value)


class Lines(str):
    """Several lines of words; `lines` are those that say something, for lists made of lines."""

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.split("\n") if line.strip()]


@dataclass(frozen=True, kw_only=True)
class RichText(Text):
    """Words with emphasis, links and lists, as HTML of a few allowed tags."""

    kind = "rich_text"
    limit: int = 20_000

    def _tidy(self, value: str) -> str:
        if len(value) > 4 * self.limit:
            return value  # too long in any case: spare the cleaner
        return clean_html(UNSTORABLE.sub("", value)).strip()

    def present(self, value: str, presenter: Presenter) -> Any:
        # Cleaned when it was stored, and again here: what is shown never rests on what a row once held.
        return mark_safe(presenter.rich(clean_html(value)))  # noqa: S308  # the line above is the cleaner


@dataclass(frozen=True, kw_only=True)
class Link(Text):
    """Where something leads: a web address, mailto:, tel:, a path of this site, or #a-section."""

    kind = "link"
    limit: int = 2000

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        target = super().clean(value, path, errors)
        if target and not is_safe_link(target):
            return self._refuse(
                _("Use a web address (https://…), an e-mail (mailto:…), a path (/…) or a section (#…)."), path, errors
            )
        return target

    def _tidy(self, value: str) -> str:
        return UNSTORABLE.sub("", value).strip()

    def present(self, value: str, presenter: Presenter) -> str:
        return presenter.link(value)


def is_safe_link(target: str) -> bool:
    """Is this a target that can't run anything or leave the site unseen: http(s), mailto, tel, #…, /path, or a merge hole."""
    if MERGE_HOLE.fullmatch(target):
        return True
    if re.search(r"[\s\\<>\"]", target) or target.startswith("//"):
        return False
    if target.startswith(("#", "/", "?")):
        return True
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    if parts.scheme in ("http", "https"):
        return bool(parts.netloc)
    return parts.scheme in LINK_SCHEMES and bool(parts.path)


@dataclass(frozen=True, kw_only=True)
class Player(Link):
    """A film: one of YouTube or Vimeo by its address, or a file. Templates see a `players.Player`."""

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        target = super().clean(value, path, errors)
        if target and players.of(target) is None:
            return self._refuse(
                _("Use the address of a film on YouTube or Vimeo, or of a file ending in .mp4, .webm or .m4v."),
                path,
                errors,
            )
        return target

    def present(self, value: str, presenter: Presenter) -> Any:
        return players.of(value) if value else None


@dataclass(frozen=True, kw_only=True)
class Embed(Link):
    """A page of somebody else that is shown in a frame once a visitor asks for it. Templates see a `players.Player`."""

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        target = super().clean(value, path, errors)
        if target and players.foreign(target) is None:
            return self._refuse(_("Use a web address that begins with https://."), path, errors)
        return target

    def present(self, value: str, presenter: Presenter) -> Any:
        return players.foreign(value) if value else None


@dataclass(frozen=True, kw_only=True)
class Html(LongText):
    """HTML that somebody wrote by hand, reduced to tags that only say something: no script, no style, no frame."""

    limit: int = 20_000
    rows: int = 10

    def _tidy(self, value: str) -> str:
        if len(value) > 4 * self.limit:
            return value  # too long in any case: spare the cleaner
        return custom.clean(UNSTORABLE.sub("", value)).strip()

    def present(self, value: str, presenter: Presenter) -> Any:
        return mark_safe(presenter.rich(custom.clean(value)))  # noqa: S308  # cleaned again, as rich text is


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of a few named values; the first is the default."""

    kind = "choice"
    choices: tuple[tuple[str, Words], ...]
    default: str = ""

    @property
    def empty(self) -> str:
        return self.default or self.choices[0][0]

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        if isinstance(value, str) and any(value == key for key, _label in self.choices):
            return value
        errors[path] = _("Choose one of the values offered.")
        return self.empty


@dataclass(frozen=True, kw_only=True)
class Colour(Choice):
    """A colour of the theme, by its role: never a value of its own, so that nothing clashes."""

    kind = "colour"


@dataclass(frozen=True, kw_only=True)
class Icon(Choice):
    """A small drawing of one line, by its name; templates see the drawing itself."""

    choices: tuple[tuple[str, Words], ...] = icons.CHOICES

    def present(self, value: str, presenter: Presenter) -> Any:
        return icons.drawing(value)


@dataclass(frozen=True, kw_only=True)
class OwnColour(Field):
    """A colour of one's own as `#rrggbb`, or empty for the theme's."""

    kind = "own_colour"

    @property
    def empty(self) -> str:
        return ""

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        if isinstance(value, str) and re.fullmatch(r"(#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))?", value.strip()):
            digits = value.strip().removeprefix("#").lower()
            digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
            return f"#{digits}" if digits else ""
        errors[path] = _("Write a colour as # and six digits, such as #20705b.")
        return self.empty


@dataclass(frozen=True, kw_only=True)
class Number(Field):
    """A whole number between two bounds."""

    kind = "number"
    least: int = 0
    most: int = 1000
    default: int = 0

    @property
    def empty(self) -> int:
        return self.default

    def clean(self, value: object, path: Path, errors: Errors) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not self.least <= number <= self.most:
            errors[path] = _("A whole number from %(least)s to %(most)s.") % {"least": self.least, "most": self.most}
            return self.empty
        return number


@dataclass(frozen=True, kw_only=True)
class Bool(Field):
    """Yes or no."""

    kind = "bool"
    default: bool = False

    @property
    def empty(self) -> bool:
        return self.default

    def clean(self, value: object, path: Path, errors: Errors) -> bool:
        if isinstance(value, bool):
            return value
        errors[path] = _("Choose yes or no.")
        return self.empty


@dataclass(frozen=True, kw_only=True)
class Image(Field):
    """A picture: one of the business's own by id, a built-in drawing by name, or a web address with its size, and the
    words for who can't see it.

    Sizes are explicit so that nothing on a page jumps while it loads. `decorative` says that it needs no words.
    """

    kind = "image"
    default: str = ""

    @property
    def empty(self) -> dict[str, Any]:
        return {"picture": self.default, "url": "", "width": 0, "height": 0, "alt": ""}

    def clean(self, value: object, path: Path, errors: Errors) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            errors[path] = _("Choose a picture.")
            return self.empty
        found: Errors = {}
        cleaned = {
            "picture": self._clean_picture(value.get("picture", ""), (*path, "picture"), found),
            "url": self._clean_url(value.get("url", ""), (*path, "url"), found),
            "width": Number(label="", most=8000).clean(value.get("width", 0), (*path, "width"), found),
            "height": Number(label="", most=8000).clean(value.get("height", 0), (*path, "height"), found),
            "alt": Text(label="", limit=300).clean(value.get("alt", ""), (*path, "alt"), found),
        }
        # Only where there is one, so that documents from before there were any stay as they are.
        if file := Reference(label="", to="picture").clean(value.get("file", ""), (*path, "file"), found):
            cleaned["file"] = file
        if value.get("decorative") is True:
            cleaned["decorative"] = True
        errors.update(found)
        return cleaned

    def _clean_picture(self, name: object, path: Path, errors: Errors) -> str:
        if name == "" or (isinstance(name, str) and name in pictures.PICTURES):
            return str(name)
        errors[path] = _("Choose one of the pictures offered.")
        return ""

    def _clean_url(self, value: object, path: Path, errors: Errors) -> str:
        url = Link(label="").clean(value, path, errors)
        if url and not url.startswith(("https://", "http://", "/")):
            errors[path] = _("Use the address of a picture, beginning with https://.")
            return ""
        return url

    def present(self, value: dict[str, Any], presenter: Presenter) -> Any:
        return presenter.image(value)

    def references(self, value: dict[str, Any]) -> Iterator[tuple[str, UUID]]:
        if value.get("file"):
            yield "picture", UUID(value["file"])


@dataclass(frozen=True, kw_only=True)
class Reference(Field):
    """Another row of this business, such as a form or an offer, by id; which kinds there are is `sockets.REFERENCES`."""

    kind = "reference"
    to: str

    @property
    def empty(self) -> str:
        return ""

    def clean(self, value: object, path: Path, errors: Errors) -> str:
        if value == "":
            return ""
        try:
            return str(UUID(value)) if isinstance(value, str) else self._refuse(path, errors)
        except ValueError:
            return self._refuse(path, errors)

    def _refuse(self, path: Path, errors: Errors) -> str:
        errors[path] = _("Choose one from the list.")
        return ""

    def present(self, value: str, presenter: Presenter) -> Any:
        return presenter.card(self.to, UUID(value)) if value else None

    def references(self, value: str) -> Iterator[tuple[str, UUID]]:
        if value:
            yield self.to, UUID(value)


@dataclass(frozen=True, kw_only=True)
class Items(Field):
    """A list of like things, each with the same fields: features, quotes, questions."""

    kind = "items"
    fields: Mapping[str, Field] = field(default_factory=dict)
    noun: Words
    most: int = 24

    @property
    def empty(self) -> list[dict[str, Any]]:
        return []

    @property
    def blank(self) -> dict[str, Any]:
        """A new item, with nothing filled in."""
        return {name: each.empty for name, each in self.fields.items()}

    def clean(self, value: object, path: Path, errors: Errors) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            errors[path] = _("This must be a list.")
            return []
        if len(value) > self.most:
            errors[path] = _("At most %(most)s entries.") % {"most": self.most}
            return []
        return [clean_props(self.fields, item, (*path, index), errors) for index, item in enumerate(value)]

    def present(self, value: list[dict[str, Any]], presenter: Presenter) -> list[dict[str, Any]]:
        return [present_props(self.fields, item, presenter) for item in value]

    def references(self, value: list[dict[str, Any]]) -> Iterator[tuple[str, UUID]]:
        for item in value:
            for name, each in self.fields.items():
                yield from each.references(item[name])


def clean_props(fields: Mapping[str, Field], value: object, path: Path, errors: Errors) -> dict[str, Any]:
    """A block's or an item's settings, each checked; what is missing gets its default, what is unknown is an error."""
    if not isinstance(value, Mapping):
        errors[path] = _("This must be a set of named settings.")
        return {name: each.empty for name, each in fields.items()}
    for name in value:
        if name not in fields:
            errors[(*path, str(name)[:60])] = _("There is no such setting here.")
    return {
        name: each.clean(value[name], (*path, name), errors) if name in value else each.empty
        for name, each in fields.items()
    }


def present_props(fields: Mapping[str, Field], props: Mapping[str, Any], presenter: Presenter) -> dict[str, Any]:
    """A block's or an item's settings as templates see them."""
    return {name: each.present(props[name], presenter) for name, each in fields.items()}
