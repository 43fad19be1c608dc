"""What is looked at before a broadcast leaves: what must be right, and what is worth a second look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from plainsail.blocks.services.documents import InvalidDocument
from plainsail.kernel import environment
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Sender
from plainsail.mail.services import audience, domains, gate, origins
from plainsail.mail.services.compiling import Compiled

Tone = Literal["good", "warn", "bad"]
HREF = re.compile(r'href="([^"]*)"')
CLIPPED_AT = 100_000
"""Gmail cuts the HTML of a message at 102 KB; what is filled in still comes on top."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. `bad` stands in the way of sending."""

    tone: Tone
    title: str | Promise
    text: str | Promise = ""

    @property
    def is_blocking(self) -> bool:
        return self.tone == "bad"


def review(broadcast: Broadcast, *, at: datetime) -> list[Check]:
    """Look at everything. Costs one count of the audience and one rendering."""
    business = origins.business()
    found = [*_words(broadcast), *_sender(broadcast), *_audience(broadcast, at=at), _address(business)]
    if broadcast.list is None or broadcast.sender is None:
        return found
    try:
        origin = origins.origin(business, broadcast.sender, source_id=broadcast.id, topic=broadcast.list)
        compiled = origins.compile_written(broadcast.email, origin, language=business.locale)
    except InvalidDocument as error:
        return [*found, Check("bad", _("A section can’t be read"), str(error))]
    return [*found, *_links(compiled), *_size(compiled)]


def is_ready(found: list[Check]) -> bool:
    return not any(check.is_blocking for check in found)


def _words(broadcast: Broadcast) -> Iterator[Check]:
    if not broadcast.email.subject:
        yield Check("bad", _("The subject is missing"), _("Give the mail a subject before it leaves."))
    elif broadcast.email.subject.isupper() and len(broadcast.email.subject) > 8:
        yield Check("warn", _("The subject is all capitals"), _("Spam filters and readers dislike that."))
    else:
        yield Check("good", _("Subject"), broadcast.email.subject)
    if not broadcast.email.preheader:
        yield Check("warn", _("No preview text"), _("Inboxes show the first words of the mail instead."))


def _sender(broadcast: Broadcast) -> Iterator[Check]:
    sender = broadcast.sender
    if sender is None:
        yield Check("bad", _("No sender"), _("Choose who writes."))
    elif sender.is_paused:
        yield Check("bad", _("The sender is paused"), _("Mail servers refused it. See Settings → Senders."))
    elif domains.is_free_mail(sender.domain) and not gate.is_needed():
        text = _("Mailbox providers reject mass mail from addresses of other providers. Use your own domain.")
        yield Check("warn", _("The sender uses a free mailbox"), text)
    else:
        yield Check("good", _("Sender"), str(sender))
        yield from _domain(broadcast, sender)


def _domain(broadcast: Broadcast, sender: Sender) -> Iterator[Check]:
    if not gate.is_needed():
        if environment.current().uses_mail_catcher:
            text = _("All mail stays in the local mailbox, so the sender’s domain need not be set up yet.")
            yield Check("good", _("Nothing leaves this machine"), text)
        return
    faults = gate.faults(sender)
    if not faults:
        yield Check("good", _("Sending domain"), sender.domain)
    elif override := gate.override_of(broadcast):
        facts = {"person": override.person, "words": override.words}
        said = str(_("%(person)s took it upon themselves: “%(words)s”")) % facts
        yield Check("warn", _("The sending domain is not ready"), said)
    else:
        for fault in faults:
            yield Check("bad", _("The sending domain is not ready"), gate.worded(fault))


def _audience(broadcast: Broadcast, *, at: datetime) -> Iterator[Check]:
    if broadcast.list is None:
        yield Check("bad", _("Nobody is chosen"), _("Choose the list that gets it."))
        return
    people = audience.count(broadcast.list, broadcast.segment, at=at)
    if not people:
        yield Check("bad", _("Nobody would get it"), _("The list has no confirmed members who can be written to."))
    else:
        text = ngettext("%(people)s person gets it.", "%(people)s people get it.", people) % {"people": f"{people:,}"}
        yield Check("good", _("Audience"), text)


def _address(business: Workspace) -> Check:
    if not business.postal_address.strip():
        text = _("Marketing mail must show a postal address. Add yours in Settings.")
        return Check("bad", _("Your postal address is missing"), text)
    return Check("good", _("Unsubscribe link and postal address"), _("They stand at the foot of every message."))


def _links(compiled: Compiled) -> Iterator[Check]:
    written = {unescape(target) for target in HREF.findall(compiled.html_source)}
    empty = [target for target in written if target in {"", "#"}]
    inside = [target for target in compiled.links if urlsplit(target).fragment and urlsplit(target).path in {"", "/"}]
    if empty or inside:
        text = _("A button or link points to a section of a page, which a mail doesn’t have. Give it a full address.")
        yield Check("warn", _("A link leads nowhere"), text)
    elif not compiled.links:
        yield Check("warn", _("No link"), _("There is nothing to click but the way out."))
    else:
        count = len(compiled.links)
        words = ngettext("%(count)s link, with clicks counted.", "%(count)s links, with clicks counted.", count)
        yield Check("good", _("Links"), words % {"count": count})


def _size(compiled: Compiled) -> Iterator[Check]:
    if len(compiled.html_source.encode()) > CLIPPED_AT:
        yield Check("warn", _("The mail is long"), _("Gmail cuts off what is over 102 KB, with the unsubscribe link."))
