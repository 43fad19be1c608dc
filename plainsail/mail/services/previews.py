"""A mail as one reader would get it, without sending anything; and tests to a few addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from plainsail.blocks.services import merging
from plainsail.contacts.models import Contact, List
from plainsail.contacts.queries import values_of
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Delivery, Edition, Email, Sender
from plainsail.mail.services import branches, merge_fields, origins, own_text, senders, transactional, zones
from plainsail.mail.services.compiling import Compiled

EXAMPLE = {"first_name": "Maren", "last_name": "Thiessen", "name": "Maren Thiessen", "email": "maren@example.com"}
NOWHERE = {"unsubscribe_url": "#", "preferences_url": "#", "web_url": "#"}
DARK_QUERY = "(prefers-color-scheme: dark)"


@dataclass(frozen=True)
class Preview:
    """What one reader would see. `missing` are fields that leave a hole: nothing known, and nothing to say instead."""

    subject: str
    html: str
    text: str
    sender: Sender
    missing: Sequence[str] = ()

    def in_scheme(self, scheme: str) -> str:
        """The HTML as a mail program shows it that is set to `dark` or `light`, whatever this browser is set to."""
        return self.html.replace(DARK_QUERY, "all" if scheme == "dark" else "not all")


def show(
    email: Email | Edition,
    business: Workspace,
    *,
    at: datetime,
    topic: List | None = None,
    sender: Sender | None = None,
    reader: Contact | None = None,
) -> Preview:
    """The mail for a contact; else for the newest one of the list, or for an example one. Untracked; ways out lead nowhere."""
    sender = sender or senders.default()
    compiled = compiled_for(email, business, sender, topic)
    reader = reader or _newest(topic)
    facts = branches.facts_of(compiled.conditions, [reader.id], at=at)[reader.id] if reader else frozenset()
    said = _values(reader)
    return _filled(compiled, said, facts, sender)


def show_to_anybody(email: Email | Edition, business: Workspace, *, sender: Sender, topic: List | None) -> Preview:
    """The mail as somebody sees it of whom nothing is known: what may stand in public."""
    return _filled(compiled_for(email, business, sender, topic), {}, frozenset(), sender)


@dataclass(frozen=True)
class MadeText:
    """The plain text that a document makes, as it would be written by hand, without its foot; and what its parts depend on."""

    words: str
    foot: str
    conditions: Sequence[Mapping[str, Any]]

    @property
    def fingerprint(self) -> str:
        """Tells whether it is another one now."""
        return hashlib.sha256(f"{self.words}\n\n{self.foot}".encode()).hexdigest()


def show_all(email: Email | Edition, business: Workspace, *, sender: Sender, topic: List | None) -> Preview:
    """The mail with the sections for some readers and those for the others, as nobody gets it: to see what is in it."""
    compiled = compiled_for(email, business, sender, topic)
    html, text = branches.all_of(compiled.html_source), branches.all_of(compiled.text_source)
    return _filled(replace(compiled, html_source=html, text_source=text), {}, frozenset(), sender)


def made_text(email: Email, business: Workspace) -> MadeText:
    """What the document makes, with merge fields as they are written."""
    compiled = compiled_for(email, business, senders.default(), None, is_own_text=False)
    source = compiled.text_source
    return MadeText(own_text.made(source), own_text.foot_of(source), compiled.conditions)


def send_tests(
    email: Email,
    business: Workspace,
    *,
    to: Sequence[str],
    note: str,
    at: datetime,
    topic: List | None = None,
    sender: Sender | None = None,
    readers: Sequence[Contact] = (),
    local_at: datetime | None = None,
) -> list[Delivery]:
    """Send the mail as it is now to some addresses, marked as a test, a note above it; one for each of `readers`.

    `local_at` is a time on the readers' clocks: then the note says when it would leave for them. Raises Unmailable,
    InvalidDocument.
    """
    sent: list[Delivery] = []
    chosen: Sequence[Contact | None] = readers or [_newest(topic)]
    for reader in chosen:
        words = "\n".join(
            filter(None, [note, _as_whom(reader) if readers else "", _when(reader, local_at, business, at=at)])
        )
        shown = show(email, business, at=at, topic=topic, sender=sender, reader=reader)
        sent += _send_test(email, shown, to=to, note=words, at=at)
    return sent


def _as_whom(reader: Contact | None) -> str:
    return _("As %(name)s gets it.") % {"name": reader} if reader is not None else ""


def _when(reader: Contact | None, wall: datetime | None, business: Workspace, *, at: datetime) -> str:
    """When a mail at a local time would leave for a reader, on their clock and on the business's."""
    if reader is None or wall is None:
        return ""
    found = zones.leaving(reader, wall, home=business.timezone, at=at)
    facts = {
        "name": reader,
        "theirs": _moment(found.at, found.zone),
        "ours": _moment(found.at, business.timezone),
    }
    said = _("For %(name)s it would leave at %(theirs)s; on your clock that is %(ours)s.") % facts
    if found.is_late:
        said += " " + _("That time is over for them, so it would leave at once.")
    if not found.is_known:
        said += " " + _("Their time zone isn’t known, so yours counts.")
    return said


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{date_format(local, 'DATE_FORMAT')}, {date_format(local, 'TIME_FORMAT')} ({zone})"


def _send_test(email: Email, shown: Preview, *, to: Sequence[str], note: str, at: datetime) -> list[Delivery]:
    subject = _("Test: %(subject)s") % {"subject": shown.subject or _("no subject yet")}
    return [
        transactional.send(
            "broadcast_test",
            to=address,
            subject=subject,
            text=f"{note}\n\n* * *\n\n{shown.text}" if note else shown.text,
            html=_with_note(shown.html, note) if note else shown.html,
            key=f"{email.id}:{new_id()}",
            at=at,
        )
        for address in to
    ]


def compiled_for(
    email: Email | Edition, business: Workspace, sender: Sender, topic: List | None, *, is_own_text: bool = True
) -> Compiled:
    """A mail compiled without tracking, its holes still there."""
    origin = origins.origin(business, sender, source_id=UUID(int=0), topic=topic, is_tracked=False)
    compile_it = origins.compile_written if is_own_text else origins.compile_document
    return compile_it(email, origin, language=business.locale)


def _filled(compiled: Compiled, said: dict[str, str], facts: frozenset[int], sender: Sender) -> Preview:
    values = said | NOWHERE
    html, text = branches.seen(compiled.html_source, facts), branches.seen(compiled.text_source, facts)
    asked = merge_fields.without_fallback([merging_text(compiled.subject), html, text])
    return Preview(
        subject=compiled.subject.fill(values),
        html=merging.parse(html).fill(values, escape=merging.html_escape),
        text=merging.parse(text).fill(values),
        sender=sender,
        missing=[name for name in asked if not values.get(name)],
    )


def merging_text(template: merging.Template) -> str:
    """A parsed text as it was written."""
    holes = [f"{{{{{name}|{fallback}}}}}" if fallback else f"{{{{{name}}}}}" for name, fallback in template.holes]
    return "".join(part for pair in zip(template.words, [*holes, ""], strict=True) for part in pair)


def _newest(topic: List | None) -> Contact | None:
    found: Contact | None = Contact.objects.mailable(topic).order_by("-id").first() if topic is not None else None
    return found


def _values(reader: Contact | None) -> dict[str, str]:
    if reader is None:
        return dict(EXAMPLE)
    return merge_fields.values(reader, values_of([reader])[reader.id])


def _with_note(html: str, note: str) -> str:
    words = escape(note).replace("\n", "<br>")
    style = "margin:0;padding:12px 24px;background:#fff4d6;color:#3a2c00;font:15px/1.5 sans-serif"
    head, found, rest = html.partition("<body")
    tag, closed, body = rest.partition(">")
    return f'{head}{found}{tag}{closed}<p style="{style}">{words}</p>{body}' if found else html
