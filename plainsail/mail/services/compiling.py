"""A mail to many, worked out once into fixed bytes and holes; filling it for one person is a join of bytes.

Fixed text is quoted-printable already and ends in a soft line break, so every hole starts a line and can be encoded by
itself. The email package would take two hundred times as long for each recipient; a property test compares the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from plainsail.blocks.services import documents, merging, rendering
from plainsail.kernel.tokens import is_target
from plainsail.mail.services import branches, headers, own_text
from plainsail.mail.services.filling import (
    HIDDEN,
    LINK,
    PIXEL,
    WEB,
    WEB_PURPOSE,
    Branch,
    Form,
    Hole,
    Part,
    Piece,
    Recipient,
    quoted,
    web_path,
)
from plainsail.tracking.services import agents

__all__ = [
    "PIXEL",
    "WEB_PURPOSE",
    "Compiled",
    "Origin",
    "Recipient",
    "Words",
    "compile_mail",
    "part",
    "quoted",
    "web_path",
]


MOST_TRACKED = 2000
"""Bytes that a click's token has room for."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is sent: the block document and its head."""

    subject: str
    preheader: str
    document: documents.Document
    language: str = "en"
    text: str = ""
    """The plain-text part in words of its own; where nothing stands it is made from the document."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose mail it is, and the addresses that stand in it. All addresses have passed `headers.address`."""

    workspace_id: UUID
    source_id: UUID
    business: rendering.Business
    site: str
    """Origin of the business's site, such as `https://juniper.example.com`."""
    name: str
    address: str
    reply_to: str = ""
    list_id: UUID | None = None
    list_name: str = ""
    is_tracked: bool = True


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A mail worked out: the form that is filled for each person, and the sources it was made from."""

    origin: Origin
    form: Form
    text_source: str = field(repr=False)
    html_source: str = field(repr=False)
    conditions: tuple[Mapping[str, Any], ...] = ()
    """What sections depend on, in the form that segments have; a recipient's facts are places in it."""

    @property
    def subject(self) -> merging.Template:
        return merging.Template(*self.form.subject)

    @property
    def links(self) -> tuple[str, ...]:
        return self.form.links

    def render(self, recipient: Recipient, *, at: datetime) -> bytes:
        """The whole message for one person, with CRLF line ends."""
        return self.form.render(recipient, at=at)

    def values(self, recipient: Recipient) -> dict[str, str]:
        """Everything that fills this mail's holes for one person, its signed links included."""
        site, signer = self.form.site, self.form.signer
        values = {
            **recipient.values,
            "unsubscribe_url": recipient.unsubscribe_url,
            "preferences_url": recipient.preferences_url,
        }
        if self.form.has_web_link:
            values[WEB] = f"{site}{web_path(self.form.workspace_id, recipient.delivery_id)}"
        for number, url in enumerate(self.links):
            token = signer.click(recipient.delivery_id, recipient.contact_id, url)
            values[f"{LINK}{number}"] = f"{site}/c/{token}"
        if self.form.is_tracked:
            values[PIXEL] = f"{site}/o/{signer.open(recipient.delivery_id, recipient.contact_id)}"
            unseen = signer.click(recipient.delivery_id, recipient.contact_id, self.form.unseen)
            values[HIDDEN] = f"{site}/c/{unseen}"
        return values


def compile_mail(words: Words, origin: Origin) -> Compiled:
    """Work a mail out once. Inside a workspace: sections may show its rows. Milliseconds, whatever the audience."""
    links: list[str] = []

    def track(url: str) -> str:
        if not origin.is_tracked or not is_target(url) or len(url.encode()) > MOST_TRACKED:
            return url  # such as an address with a merge field in it
        links.append(url)
        return f"{{{{{LINK}{len(links) - 1}}}}}"

    body = rendering.render_mail(
        words.document,
        business=origin.business,
        base_url=origin.site,
        link=track,
        preview_text=words.preheader,
        title=words.subject,
        language=words.language,
    )
    text = body.text_template
    if words.text:
        text = own_text.compiled(
            words.text, body.conditions, source=body.text_template, business=origin.business, track=track
        )
    html = _with_pixel(body.html_template) if origin.is_tracked else body.html_template
    boundary = b"=_ps_" + hashlib.blake2b(html.encode(), digest_size=12).hexdigest().encode()
    subject = merging.parse(words.subject)
    form = Form(
        workspace_id=origin.workspace_id,
        list_id=origin.list_id,
        sender=origin.address,
        site=origin.site,
        subject=(subject.words, subject.holes),
        text=part(text, kind="line", site=origin.site),
        html=part(html, kind="html", site=origin.site),
        links=tuple(links),
        unseen=f"{origin.site}/?{agents.HIDDEN}",
        is_tracked=origin.is_tracked,
        fixed_headers=_fixed_headers(origin, boundary),
        boundary=boundary,
    )
    return Compiled(origin=origin, form=form, text_source=text, html_source=html, conditions=body.conditions)


def part(source: str, *, kind: str, site: str = "") -> Part:
    """Split a body at its merge fields and conditions, and encode what is fixed. `kind` is `html` or `line`."""
    template = merging.parse(source)
    pieces: list[Piece] = []
    opened: tuple[int, bool] | None = None
    inside: list[Piece] = []
    for index, fixed in enumerate(template.words):
        current = pieces if opened is None else inside
        if fixed:
            current.append(quoted(fixed))
        if index == len(template.holes):
            break
        name, fallback = template.holes[index]
        if opened is None and (mark := branches.MARK.fullmatch(name)):
            opened, inside = (int(mark[2]), mark[1] == "if"), []
        elif opened is not None and name == branches.END:
            shown: tuple[Piece, ...] = tuple(inside)
            place, is_met = opened
            pieces.append(Branch(place, shown if is_met else (), () if is_met else shown))
            opened = None
        elif name in {PIXEL, HIDDEN} or name.startswith(LINK):
            current += [quoted(f"{site}/{'o' if name == PIXEL else 'c'}/"), Hole(name, "link", b"")]
        else:
            current.append(Hole(name, kind, quoted(fallback)))
    # A mark that somebody typed and never closed hides nothing.
    return Part(tuple(pieces if opened is None else [*pieces, *inside]))


def _with_pixel(html: str) -> str:
    pixel = f'<img src="{{{{{PIXEL}}}}}" alt="" width="1" height="1" border="0">'
    # No reader sees this link, so whoever follows it is a program that follows all.
    unseen = f'<a href="{{{{{HIDDEN}}}}}" style="display:none" tabindex="-1" aria-hidden="true"></a>'
    return html.replace("</body>", f"{unseen}{pixel}</body>", 1)


def _fixed_headers(origin: Origin, boundary: bytes) -> bytes:
    lines = [
        f"From: {headers.mailbox(origin.name, origin.address)}",
        "MIME-Version: 1.0",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        f"List-Id: {_list_id(origin)}",
        # RFC-less, Gmail's: campaign, customer, stream, sender; three fields at most before the sender.
        f"Feedback-ID: {origin.source_id.hex}:{origin.workspace_id.hex}:marketing:plainsail",
        f"X-Plainsail-Workspace: {origin.workspace_id}",
        f'Content-Type: multipart/alternative; boundary="{boundary.decode()}"',
    ]
    if origin.reply_to:
        lines.insert(1, f"Reply-To: {origin.reply_to}")
    return ("\r\n".join(lines) + "\r\n").encode()


def _list_id(origin: Origin) -> str:
    """Stable for each topic (RFC 2919)."""
    domain = origin.address.rpartition("@")[2]
    label = origin.list_id.hex if origin.list_id else f"all.{origin.workspace_id.hex}"
    return headers.mailbox(origin.list_name or origin.business.name, f"{label}.{domain}")
