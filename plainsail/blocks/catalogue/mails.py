"""What only mail has."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.catalogue.common import MAIL
from plainsail.blocks.schema import Bool, LongText
from plainsail.blocks.sockets import BlockType

MAIL_FOOTER = BlockType(
    type="mail_footer",
    label=_("Footer"),
    text=_("Your name and address, and the links to unsubscribe."),
    icon="file-text",
    order=130,
    surfaces=MAIL,
    example=lambda: {"reason": gettext("You get this mail because you asked for it on our site.")},
    fields={
        "reason": LongText(label=_("Why they get this mail"), limit=300, rows=2),
        "web_link": Bool(label=_("Link to see the mail in a browser"), default=True),
    },
)

ALL = (MAIL_FOOTER,)
