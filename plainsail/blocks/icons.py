"""The small line drawings that sections may show, by name. They are those of the interface, drawn into the page."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

SPRITE = "vendor/lucide/sprite.svg"
SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"[^>]*>(.*?)</symbol>', re.DOTALL)

# Documents hold these names: one that is here stays here.
CHOICES: tuple[tuple[str, str | Promise], ...] = (
    ("", _("None")),
    ("check", _("Tick")),
    ("star", _("Star")),
    ("sparkles", _("Sparkles")),
    ("zap", _("Lightning")),
    ("shield-check", _("Shield")),
    ("lock", _("Lock")),
    ("clock", _("Clock")),
    ("calendar", _("Calendar")),
    ("users", _("People")),
    ("user-check", _("Person with tick")),
    ("message-square", _("Speech bubble")),
    ("mail", _("Letter")),
    ("phone", _("Telephone")),
    ("life-buoy", _("Lifebuoy")),
    ("map-pin", _("Place on a map")),
    ("globe", _("Globe")),
    ("house", _("House")),
    ("book-open", _("Open book")),
    ("video", _("Camera")),
    ("play", _("Play")),
    ("image", _("Picture frame")),
    ("download", _("Download")),
    ("gift", _("Gift")),
    ("package", _("Parcel")),
    ("shopping-cart", _("Shopping cart")),
    ("credit-card", _("Card")),
    ("ticket", _("Ticket")),
    ("tag", _("Price tag")),
    ("scale", _("Scales")),
    ("chart-line", _("Rising line")),
    ("layers", _("Layers")),
    ("flag", _("Flag")),
    ("sun", _("Sun")),
    ("moon", _("Moon")),
    ("pencil", _("Pencil")),
    ("smartphone", _("Phone")),
    ("quote", _("Quotation marks")),
)


def drawing(name: str) -> SafeString:
    """The drawing as SVG that takes the colour of the words around it; nothing for no name."""
    shapes = _shapes().get(name, "") if name else ""
    return SafeString(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{shapes}</svg>' if shapes else "")


@cache
def _shapes() -> dict[str, str]:
    found = finders.find(SPRITE)
    assert isinstance(found, str), "the sprite is pinned in vendor.json"
    return dict(SYMBOL.findall(Path(found).read_text(encoding="utf-8")))
