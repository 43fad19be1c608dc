"""What others plug into blocks: block types, and the kinds of row that a block may point to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from plainsail.blocks.schema import Colour, Field, LongText, Reference, Text, Words, is_safe_link
from plainsail.kernel.registry import Registry

__all__ = [
    "BLOCKS",
    "REFERENCES",
    "BlockType",
    "Colour",
    "Field",
    "FormCard",
    "FormInput",
    "FormOption",
    "LongText",
    "OfferCard",
    "Option",
    "Props",
    "Reference",
    "ReferenceKind",
    "Surface",
    "Text",
    "Words",
    "is_safe_link",
]
# What a kind of section is made of is part of what is offered to whoever brings one.

Surface = Literal["page", "mail"]
Props = dict[str, Any]


Seed = tuple[str, Props] | tuple[str, Props, Mapping[str, Sequence["Seed"]]]
"""A block to be made: its type, its settings, and what stands in its slots."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A place inside a block that holds others: those whose `place` it names, at most `most`."""

    label: Words
    holds: str
    most: int = 24


@dataclass(frozen=True, kw_only=True)
class BlockType:
    """One kind of section. Its templates are `blocks/page/<type>.html`, `blocks/mail/<type>.mjml` and `.txt`,
    and `blocks/thumbs/<type>.svg`, the small drawing in the list of sections to add. Its style on pages, if it has any
    of its own, is the static file `blocks/page/<type>.css`: a page carries the style of the sections that stand on it.

    `version` rises when the shape of the settings changes; `upgrades[n]` turns settings of version n into n + 1.
    `heading` names the setting that is the section's headline, for the page's outline and the list of sections.
    `example` is what a new section says before anybody has written in it; a missing setting gets its own default.
    `slots` hold further blocks, and `inside` is what stands in them at first. `place` says where it may stand itself: among
    the sections of a document, or in the slots that hold what `place` names. `landmark` is the part of the page it is.
    `feed` names the list of what is new (`FEEDS`) that its template gets as `feed`. `columns` names the setting that says how
    many of its slots stand side by side, and how wide: `1-2` for two, the second twice as wide.
    """

    type: str
    label: Words
    text: Words
    icon: str
    order: int
    fields: Mapping[str, Field]
    surfaces: frozenset[Surface]
    heading: str = ""
    version: int = 1
    upgrades: Mapping[int, Callable[[Props], Props]] = field(default_factory=dict)
    example: Callable[[], Props] = dict
    slots: Mapping[str, Slot] = field(default_factory=dict)
    inside: Callable[[], Mapping[str, Sequence[Seed]]] = dict
    place: str = "section"
    landmark: Literal["header", "main", "footer"] = "main"
    feed: str = ""
    columns: str = ""

    def shown_slots(self, props: Props) -> list[list[str]]:
        """Its slots by the place where one sees them: one each, except that where there are fewer columns than slots the last
        one shows what stands in those left out.
        """
        names = list(self.slots)
        many = str(props.get(self.columns, "")).count("-") + 1 if self.columns else len(names)
        return [[name] for name in names[: many - 1]] + ([names[many - 1 :]] if names else [])

    @property
    def picture_template(self) -> str:
        """The small drawing that stands for it where sections are chosen."""
        return f"blocks/thumbs/{self.type}.svg"


@dataclass(frozen=True)
class Option:
    """One row that a block may point to, as the panel's list shows it."""

    id: UUID
    label: str


@dataclass(frozen=True, kw_only=True)
class OfferCard:
    """What a price card shows of an offer. `url` is its checkout's path, `price` is formatted, `per` says “per month”.

    `amount` is the same price in digits (`175.00`) and `currency` its code, for those who don't look at pages.
    """

    url: str
    name: str
    price: str
    per: str = ""
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True)
class FormOption:
    """One thing to choose in an input of a visitors' form."""

    id: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class FormInput:
    """One input of a visitors' form. `kind` is text, email, tel, number, date, textarea, checkbox, choice or choices (of
    `options`); `autocomplete` is HTML's token.

    `has_focus` on at most one: where a page that was sent back begins, because its form may stand far down.
    """

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    autocomplete: str = "off"
    limit: int = 200
    value: str = ""
    error: str = ""
    has_focus: bool = False
    help: str = ""
    options: Sequence[FormOption] = ()

    @property
    def takes_several(self) -> bool:
        """Whether it is a group of inputs under one name, with a legend."""
        return self.kind in ("choice", "choices") and (self.kind == "choices" or len(self.options) <= MOST_RADIOS)


MOST_RADIOS = 5
"""So many choices stand below one another; more of them are a list that folds."""


@dataclass(frozen=True, kw_only=True)
class FormCard:
    """What a form section shows of a form: where it posts, its inputs, its consent wording, what travels hidden.

    Of a form with several steps it is one of them: `button` and `progress` say so, `back` leads to the one before.
    """

    action: str
    inputs: Sequence[FormInput]
    consent: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    button: str = ""
    progress: str = ""
    back: str = ""


@dataclass(frozen=True, kw_only=True)
class ReferenceKind:
    """A kind of row that blocks may point to. Both functions work inside the open workspace.

    `options()` are those to choose from, `cards(ids)` what templates need of each that exists (others are left out).
    """

    label: Words
    options: Callable[[], list[Option]]
    cards: Callable[[Collection[UUID]], Mapping[UUID, Any]]


@dataclass(frozen=True, kw_only=True)
class PostCard:
    """What a list of posts shows of one. `url` is its path, `day` when it appeared, `tags` its words as they are shown.

    `picture` is a path of this site or an https address, with its size; empty for none.
    """

    url: str
    title: str
    text: str = ""
    day: date | None = None
    tags: Sequence[str] = ()
    picture: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""


Feed = Callable[[Props], Sequence[PostCard]]
"""Gives what a section lists, newest first, inside the open workspace. Gets the section's settings (for posts: `most`, the
largest number wanted, and `tag`, a word or empty). At most one query.
"""

BLOCKS: Registry[BlockType] = Registry("blocks.blocks")
"""Type name to block type."""

REFERENCES: Registry[ReferenceKind] = Registry("blocks.references")
"""Kind, such as `form` or `offer`, to how its rows are found."""

FEEDS: Registry[Feed] = Registry("blocks.feeds")
"""Name, such as `posts`, to how a section that lists them finds them. A section whose feed nobody fills shows nothing."""
