"""What is looked at before a broadcast leaves: what must be right, and what is worth a second look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import unescape
from typing import Literal
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from plainsail.blocks.services.documents import InvalidDocument
from plainsail.contacts.queries import condition_of
from plainsail.kernel import environment
from plainsail.kernel.addresses import workspace_url
from plainsail.kernel.errors import Link, Refusal
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast, Email, Inspection, Sender
from plainsail.mail.services import (
    audience,
    domains,
    gate,
    inspecting,
    merge_fields,
    origins,
    own_text,
    previews,
    senders,
    variants,
)
from plainsail.mail.services.compiling import PIXEL, Compiled
from plainsail.mail.services.links import Verdict

Tone = Literal["good", "warn", "bad"]
HREF = re.compile(r'href="([^"]*)"')
IMG = re.compile(r"<img\b[^>]*>")
HEAVY = 1024 * 1024
"""Bytes of pictures after which a phone on the move shows them late."""
SPAM_AT, SPAM_CLEAN = Decimal(5), Decimal(1)
LINK_FAULTS: dict[Verdict, Promise] = {
    Verdict.GONE: _("A link leads to a page that isn’t there"),
    Verdict.BROKEN: _("A link leads to a page that is out of order"),
    Verdict.SILENT: _("A link gets no answer"),
    Verdict.PRIVATE: _("A link leads into a private network"),
}
CLIPPED_AT = 100_000
"""Gmail cuts the HTML of a message at 102 KB; what is filled in still comes on top."""


@dataclass(frozen=True)
class Check:
    """One thing looked at. `bad` stands in the way of sending."""

    tone: Tone
    title: str | Promise
    text: str | Promise = ""
    ways: tuple[Link, ...] = ()
    """Where it is mended."""

    @property
    def is_blocking(self) -> bool:
        return self.tone == "bad"


def review(broadcast: Broadcast, *, at: datetime) -> list[Check]:
    """Look at everything. Costs one count of the audience and one rendering."""
    business = origins.business()
    found = [
        *_words(broadcast.email),
        *_variants(broadcast),
        *_sender(broadcast, business),
        *_audience(broadcast, at=at),
        _address(business),
    ]
    if broadcast.list is None or broadcast.sender is None:
        return found
    try:
        origin = origins.origin(business, broadcast.sender, source_id=broadcast.id, topic=broadcast.list)
        compiled = origins.compile_written(broadcast.email, origin, language=business.locale)
    except InvalidDocument as error:
        return [*found, Check("bad", _("A section can’t be read"), str(error))]
    return [
        *found,
        *_holes(broadcast, compiled, at=at),
        *_mail(broadcast.email, compiled, business, at=at),
        *_inspected(broadcast),
    ]


def of_mail(email: Email, *, at: datetime) -> list[Check]:
    """The same of a mail alone, whoever gets it: what an automation sends. Costs one rendering."""
    business = origins.business()
    words = list(_words(email))
    try:
        origin = origins.origin(business, senders.default(), source_id=email.id, topic=None)
        compiled = origins.compile_written(email, origin, language=business.locale)
    except InvalidDocument as error:
        return [*words, Check("bad", _("A section can’t be read"), str(error))]
    return [*words, *_mail(email, compiled, business, at=at)]


def _mail(email: Email, compiled: Compiled, business: Workspace, *, at: datetime) -> Iterator[Check]:
    yield from _fields(email, compiled)
    yield from _links(compiled)
    yield from _size(compiled)
    yield from _conditions(compiled, at=at)
    yield from _pictures(compiled)
    yield from _text_part(email, business)


def is_ready(found: list[Check]) -> bool:
    return not any(check.is_blocking for check in found)


def _words(email: Email) -> Iterator[Check]:
    if not email.subject:
        yield Check("bad", _("The subject is missing"), _("Give the mail a subject before it leaves."))
    elif email.subject.isupper() and len(email.subject) > 8:
        yield Check("warn", _("The subject is all capitals"), _("Spam filters and readers dislike that."))
    else:
        yield Check("good", _("Subject"), email.subject)
    if not email.preheader:
        yield Check("warn", _("No preview text"), _("Inboxes show the first words of the mail instead."))


def _variants(broadcast: Broadcast) -> Iterator[Check]:
    if not broadcast.is_test:
        return
    found = variants.listed(broadcast)
    if len(found) < 2:
        yield Check("bad", _("A test needs two variants"), _("Add one, or switch the test off."))
    for each in found:
        if not each.email.subject:
            yield Check(
                "bad", _("A variant has no subject"), _("Give variant %(letter)s a subject.") % {"letter": each.letter}
            )
    said = {(each.email.subject, each.sender_id, each.hours_later, str(each.email.document)) for each in found}
    if len(said) < len(found):
        yield Check("warn", _("Two variants are the same"), _("They would tell nothing. Change one of them."))


def _sender(broadcast: Broadcast, business: Workspace) -> Iterator[Check]:
    sender = broadcast.sender
    if sender is None:
        yield Check("bad", _("No sender"), _("Choose who writes."))
    elif sender.is_paused:
        way = (_("See the sender"), workspace_url(business, "mail:sender", sender.id))
        yield Check("bad", _("The sender is paused"), _("Mail servers refused it."), (way,))
    elif domains.is_free_mail(sender.domain) and not gate.is_needed():
        text = _("Mailbox providers reject mass mail from addresses of other providers. Use your own domain.")
        yield Check("warn", _("The sender uses a free mailbox"), text)
    else:
        yield Check("good", _("Sender"), str(sender))
        yield from _domain(broadcast, sender, business)


def _domain(broadcast: Broadcast, sender: Sender, business: Workspace) -> Iterator[Check]:
    if not gate.is_needed():
        if environment.current().uses_mail_catcher:
            text = _("All mail stays in the local mailbox, so the sender’s domain need not be set up yet.")
            yield Check("good", _("Nothing leaves this machine"), text)
        return
    faults = gate.faults_of(broadcast)
    if not faults:
        yield Check("good", _("Sending domain"), sender.domain)
    elif override := gate.override_of(broadcast):
        facts = {"person": override.person, "words": override.words}
        said = str(_("%(person)s took it upon themselves: “%(words)s”")) % facts
        yield Check("warn", _("The sending domain is not ready"), said)
    else:
        way = gate.way_to_domain(business, sender)
        for fault in faults:
            yield Check("bad", _("The sending domain is not ready"), gate.worded(fault), (way,))


def _audience(broadcast: Broadcast, *, at: datetime) -> Iterator[Check]:
    if broadcast.list is None:
        yield Check("bad", _("Nobody is chosen"), _("Choose the list that gets it."))
        return
    if broadcast.list.archived_at is not None:
        text = _("“%(list)s” is put away. Choose another list, or bring it back.") % {"list": broadcast.list.name}
        yield Check("bad", _("The list is put away"), text)
        return
    people = (
        audience.of(broadcast, at=at).count()
        if broadcast.resend_of_id
        else audience.count(broadcast.list, broadcast.segment, at=at)
    )
    if not people:
        yield Check("bad", _("Nobody would get it"), _("The list has no confirmed members who can be written to."))
    else:
        text = ngettext("%(people)s person gets it.", "%(people)s people get it.", people) % {"people": f"{people:,}"}
        yield Check("good", _("Audience"), text)


def _address(business: Workspace) -> Check:
    if not business.postal_address.strip():
        text = _("Marketing mail must show a postal address.")
        return Check("bad", _("Your postal address is missing"), text, (gate.way_to_address(business),))
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
    size = len(compiled.html_source.encode())
    if size > CLIPPED_AT:
        yield Check("warn", _("The mail is long"), _("Gmail cuts off what is over 102 KB, with the unsubscribe link."))
    else:
        text = _("%(size)d KB of the 102 KB after which Gmail cuts a mail off.") % {"size": -(-size // 1024)}
        yield Check("good", _("Size of the mail"), text)


def _holes(broadcast: Broadcast, compiled: Compiled, *, at: datetime) -> Iterator[Check]:
    """Merge fields without words to say instead, and how many people would see a hole. One statement for all of them."""
    names = merge_fields.without_fallback(_texts(broadcast.email, compiled))
    if not names or broadcast.list is None:
        return
    people = audience.people(broadcast.list, broadcast.segment, at=at)
    for name, missing in merge_fields.count_missing(people, names).items():
        if missing:
            words = ngettext(
                "%(people)s person would see a hole where “%(field)s” stands. Say something instead: {{%(field)s|there}}",
                "%(people)s people would see a hole where “%(field)s” stands. Say something instead: {{%(field)s|there}}",
                missing,
            )
            yield Check("warn", _("A field may be empty"), words % {"people": f"{missing:,}", "field": name})


def _fields(email: Email, compiled: Compiled) -> Iterator[Check]:
    known = merge_fields.names()
    unknown = (merge_fields.unknown(merge_fields.without_marks(text), known) for text in _texts(email, compiled))
    if name := next(filter(None, unknown), None):
        yield Check("bad", _("A field doesn’t exist"), merge_fields.unknown_message(name))


def _texts(email: Email, compiled: Compiled) -> list[str]:
    return [email.subject, email.preheader, compiled.html_source, compiled.text_source]


def _conditions(compiled: Compiled, *, at: datetime) -> Iterator[Check]:
    for tree in compiled.conditions:
        try:
            condition_of(tree, at=at)
        except Refusal as refusal:
            yield Check("bad", _("Nobody can see a section"), str(refusal))


def _pictures(compiled: Compiled) -> Iterator[Check]:
    pictures = IMG.findall(compiled.html_source)
    shown = [tag for tag in pictures if PIXEL not in tag]
    wordless = sum(1 for tag in shown if 'alt=""' in tag or "alt=" not in tag)
    if wordless:
        words = ngettext(
            "%(count)s picture has no words for people who can’t see it. Right for decoration only.",
            "%(count)s pictures have no words for people who can’t see them. Right for decoration only.",
            wordless,
        )
        yield Check("warn", _("Pictures without words"), words % {"count": wordless})


def _text_part(email: Email, business: Workspace) -> Iterator[Check]:
    made = previews.made_text(email, business) if email.text else None
    if made is not None and own_text.gone(email.text, made.conditions):
        text = _("A part of it asks for a condition that no section has any more, so nobody gets that part.")
        yield Check("bad", _("A part of the plain text is for nobody"), text)
    elif made is not None and email.text_seen != made.fingerprint:
        text = _(
            "It has words of its own, and the mail was changed since. Open it once and see whether they still fit."
        )
        yield Check("warn", _("The plain text is behind"), text)


def _inspected(broadcast: Broadcast) -> Iterator[Check]:
    """What the job found that looks outside; nothing where it hasn't looked yet."""
    found = inspecting.inspection_of(broadcast.email)
    if found is None or not found.is_done:
        return
    faults = [each for each in found.links if Verdict(each["verdict"]).is_fault]
    for each in faults:
        yield Check("warn", LINK_FAULTS[Verdict(each["verdict"])], each["url"])
    if found.links and not faults:
        yield Check("good", _("The links answer"))
    if found.image_bytes is not None and found.image_bytes > HEAVY:
        text = _("%(size)d KB together. On a phone they take long, and filters dislike it.")
        yield Check("warn", _("The pictures are heavy"), text % {"size": found.image_bytes // 1024})
    if found.spam_score is not None:
        yield _spam(found)


def _spam(found: Inspection) -> Check:
    score = found.spam_score or Decimal(0)
    said = "; ".join(str(rule["text"]) for rule in found.spam_rules if not str(rule["points"]).startswith("-"))
    if score >= SPAM_AT:
        return Check("bad", _("It looks like spam"), _("%(score)s points: %(rules)s") % {"score": score, "rules": said})
    if score > SPAM_CLEAN:
        return Check(
            "warn", _("Parts of it look like spam"), _("%(score)s points: %(rules)s") % {"score": score, "rules": said}
        )
    return Check("good", _("It doesn’t look like spam"), _("%(score)s points; 5 are too many.") % {"score": score})
