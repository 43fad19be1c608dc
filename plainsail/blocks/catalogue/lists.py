"""What others fill: the newest posts, and HTML written by hand."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import PAGE, ground, heading, layouts, lead
from plainsail.blocks.schema import Html, Number, Text
from plainsail.blocks.sockets import BlockType

POSTS = BlockType(
    type="posts",
    label=_("Blog posts"),
    text=_("Your newest posts, all or those with one tag."),
    icon="list",
    order=96,
    surfaces=PAGE,
    heading="heading",
    feed="posts",
    example=lambda: {"heading": gettext("From the journal")},
    fields={
        "heading": heading(),
        "text": lead(),
        "tag": Text(label=_("Only with this tag"), limit=60),
        "most": Number(label=_("How many at most"), least=1, most=24, default=3),
        "layout": layouts(("cards", _("Cards")), ("list", _("List")), ("lead", _("First one large"))),
        "ground": ground(),
    },
)

HTML = BlockType(
    type="html",
    label=_("Own HTML"),
    text=_("HTML that you wrote yourself, without scripts."),
    icon="code",
    order=98,
    surfaces=PAGE,
    example=lambda: {
        "html": gettext("<h2>Anything you like</h2><p>Tables, lists, pictures: all but scripts and styles.</p>")
    },
    fields={
        "html": Html(
            label=_("HTML"),
            help=_(
                "Scripts, styles, frames and forms are taken out. To show another site, use Embed in a free section."
            ),
        ),
        "layout": layouts(("narrow", _("Narrow, for reading")), ("wide", _("Wide"))),
        "ground": ground(),
    },
)

ALL = (POSTS, HTML)
