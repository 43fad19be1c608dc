"""Every section in every layout, filled: for tests and measurements that look at all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from plainsail.blocks.schema import Choice
from plainsail.blocks.sockets import BLOCKS, BlockType, FormCard, FormInput, OfferCard, PostCard, Seed
from plainsail.kernel.ids import new_id

FORM, OFFER = new_id(), new_id()
FORM_CARD = FormCard(
    action="/f/1",
    consent="We write to you.",
    inputs=[
        FormInput(name="first_name", label="First name"),
        FormInput(name="email", label="E-mail", kind="email", required=True, error="Is there an @ in it?"),
    ],
)
OFFER_CARD = OfferCard(url="/checkout/weekend/", name="Weekend", price="€175", per="once")
POSTS = [
    PostCard(url=f"/blog/{number}", title=title, text="What it is about.", day=date(2026, 5, number), tags=["Craft"])
    for number, title in enumerate(["On patience", "A kiln is not an oven", "A quiet week"], 1)
]
FILM = {"video": "https://youtu.be/dQw4w9WgXcQ", "title": "Two minutes in the workshop", "caption": "Filmed in spring."}
WORDS = (
    "<h2>A heading</h2><p>Words with a <a href='/x'>link</a>.</p><ul><li>One</li></ul>"
    "<blockquote>Said by <strong>somebody</strong></blockquote>"
)
MORE: dict[str, dict[str, Any]] = {
    "hero": {"note": "Small print", "second": "Look around", "second_link": "/about"},
    "banner": {"link": "/news"},
    "form": {"form": str(FORM)},
    "button": {"heading": "Ready?", "text": "One thing to do next", "second": "Ask first", "second_link": "/ask"},
    "text": {"text": WORDS},
    "image": {"caption": "A line below", "link": "/hills"},
    "video": FILM,
    "product": {"offer": str(OFFER), "price": "", "note": "With postage"},
    "checkout": {"offer": str(OFFER)},
    "contact": {"phone": "+49 40 123 456", "button": "Write to us", "link": "#form"},
    "html": {
        "html": "<table><tr><th scope='row'>One</th><td>1</td></tr></table><details><summary>More</summary>x</details>"
    },
    "footer": {"items": [{"label": "Imprint", "link": "/imprint"}, {"label": "Privacy", "link": "/privacy"}]},
}
ELEMENTS: list[Seed] = [
    ("element_heading", {"heading": "A thought", "size": "small"}),
    ("element_text", {"text": WORDS}),
    ("element_image", {"image": {"picture": "cup", "alt": "A cup"}, "shape": "round", "caption": "Below"}),
    ("element_button", {"button": "Look", "link": "/x", "look": "quiet"}),
    ("element_video", FILM),
    ("element_list", {"lines": "One\nTwo", "look": "ticks"}),
    ("element_quote", {"quote": "So it is.", "name": "Maren"}),
    ("element_divider", {}),
    ("element_spacer", {"size": "large"}),
    ("element_embed", {"url": "https://calendar.example.com/a", "title": "Calendar"}),
]


def layouts(kind: BlockType) -> Iterator[dict[str, Any]]:
    """The settings of a section, filled, once for each of its layouts."""
    layout = kind.fields.get("layout")
    for value, _label in layout.choices if isinstance(layout, Choice) else [("", "")]:
        props = {**kind.example(), **MORE.get(kind.type, {})}
        yield props | ({"layout": value} if value else {})


def every_section(*, grounds: tuple[str, ...] = ("paper", "tint", "deep")) -> list[Seed]:
    """Each section in each layout, the grounds in turn; a free section with every element; one footer at the end."""
    seeds: list[Seed] = []
    for kind in BLOCKS:
        if kind.place != "section" or "page" not in kind.surfaces or kind.landmark != "main":
            continue
        for props in layouts(kind):
            ground = {"ground": grounds[len(seeds) % len(grounds)]} if "ground" in kind.fields else {}
            seeds.append((kind.type, {**props, **ground}, kind.inside()))
    for columns in ("1-1", "1-1-1-1"):
        halves = {"one": ELEMENTS[::2], "two": ELEMENTS[1::2]}
        seeds.append(("free", {"ground": "tint"}, {"rows": [("row", {"columns": columns, "card": True}, halves)]}))
    return seeds


def framed(seeds: list[Seed], *, navigation: str = "row", footer: str = "row") -> list[Seed]:
    """The sections between a navigation and a footer."""
    bar, foot = BLOCKS["navigation"], BLOCKS["footer"]
    above: Seed = ("navigation", {**bar.example(), "layout": navigation})
    below: Seed = ("footer", {**foot.example(), **MORE["footer"], "layout": footer})
    return [above, *seeds, below]
