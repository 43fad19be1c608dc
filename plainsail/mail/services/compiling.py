"""A mail to many, worked out once into fixed bytes and holes; filling it for one person is a join of bytes.

Fixed text is quoted-printable already and ends in a soft line break, so every hole starts a line and can be encoded by
itself. The email package would take two hundred times as long for each recipient; a property test compares the two.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_qp
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from plainsail.blocks.services import documents, merging, rendering
from plainsail.kernel.crypto import sign
from plainsail.kernel.tokens import Signer, is_target
from plainsail.mail.services import branches, headers
from plainsail.mail.services.messages import message_id

LINK = "ps.link_"
PIXEL = "ps.pixel"
MOST_TRACKED = 2000
"""Bytes that a click's token has room for."""

SOFT = b"=\r\n"
WEB = "web_url"
WEB_PURPOSE = "mail.web"
URL = re.compile(r"https?://[^\s<>\"{}|\\^`]+[^\s<>\"{}|\\^`.,;:!?)\]']")
FOOT = "\n--\n"
"""What the foot of a text part begins with."""


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
class Recipient:
    """One person's own part of a mail."""

    delivery_id: UUID
    contact_id: UUID
    name: str
    address: str
    values: Mapping[str, str]
    unsubscribe_url: str
    preferences_url: str
    one_click_url: str
    facts: frozenset[int] = frozenset()
    """Places of the conditions, among the mail's, that hold for them."""


@dataclass(frozen=True)
class Hole:
    """A place that a value fills; `fallback` is encoded already, as the fixed bytes are."""

    name: str
    fallback: bytes
    escape: Callable[[str], str] | None


@dataclass(frozen=True)
class Branch:
    """Pieces that are there only where a condition holds, or where it doesn't."""

    condition: int
    is_met: bool
    pieces: tuple[bytes | Hole, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A body part: fixed bytes, hole, fixed bytes, …; a branch holds what not everybody sees."""

    pieces: tuple[bytes | Hole | Branch, ...]

    def fill(self, values: Mapping[str, str], facts: Collection[int] = ()) -> bytes:
        """Cost: about a microsecond for each hole."""
        filled: list[bytes] = []
        for piece in self._chosen(facts):
            if isinstance(piece, bytes):
                filled.append(piece)
            elif value := values.get(piece.name, ""):
                filled.append(quoted(piece.escape(value) if piece.escape else value))
            else:
                filled.append(piece.fallback)
        return b"".join(filled)

    def _chosen(self, facts: Collection[int]) -> Iterator[bytes | Hole]:
        for piece in self.pieces:
            if not isinstance(piece, Branch):
                yield piece
            elif (piece.condition in facts) == piece.is_met:
                yield from piece.pieces


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A mail ready to be filled for one person after the other."""

    origin: Origin
    subject: merging.Template
    text: Part = field(repr=False)
    html: Part = field(repr=False)
    links: tuple[str, ...]
    signer: Signer
    fixed_headers: bytes
    boundary: bytes
    text_source: str = field(repr=False)
    html_source: str = field(repr=False)
    conditions: tuple[Mapping[str, Any], ...] = ()
    """What sections depend on, in the form that segments have; a recipient's facts are places in it."""
    has_web_link: bool = False

    def render(self, recipient: Recipient, *, at: datetime) -> bytes:
        """The whole message for one person, with CRLF line ends."""
        values = self.values(recipient)
        subject = self.subject.fill(recipient.values)
        lines = [
            f"To: {headers.mailbox(recipient.name, recipient.address)}",
            f"Subject: {headers.encoded(subject)}",
            f"Date: {headers.date(at)}",
            f"Message-ID: {message_id(recipient.delivery_id, self.origin.address.rpartition('@')[2])}",
            f"List-Unsubscribe: <{recipient.one_click_url}>",
        ]
        return b"".join(
            (
                "\r\n".join(lines).encode(),
                b"\r\n",
                self.fixed_headers,
                b"\r\n--",
                self.boundary,
                b'\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
                self.text.fill(values, recipient.facts),
                b"\r\n--",
                self.boundary,
                b'\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n',
                self.html.fill(values, recipient.facts),
                b"\r\n--",
                self.boundary,
                b"--\r\n",
            )
        )

    def values(self, recipient: Recipient) -> dict[str, str]:
        """Everything that fills this mail's holes for one person, its signed links included."""
        origin, signer = self.origin, self.signer
        values = {
            **recipient.values,
            "unsubscribe_url": recipient.unsubscribe_url,
            "preferences_url": recipient.preferences_url,
        }
        if self.has_web_link:
            values[WEB] = f"{origin.site}{web_path(origin.workspace_id, recipient.delivery_id)}"
        for number, url in enumerate(self.links):
            token = signer.click(recipient.delivery_id, recipient.contact_id, url)
            values[f"{LINK}{number}"] = f"{origin.site}/c/{token}"
        if origin.is_tracked:
            values[PIXEL] = f"{origin.site}/o/{signer.open(recipient.delivery_id, recipient.contact_id)}"
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
    made = body.text_template
    text = _own_text(words.text, made, track) if words.text else made
    html = _with_pixel(body.html_template) if origin.is_tracked else body.html_template
    boundary = b"=_ps_" + hashlib.blake2b(html.encode(), digest_size=12).hexdigest().encode()
    return Compiled(
        origin=origin,
        subject=merging.parse(words.subject),
        text=part(text, escape=merging.one_line),
        html=part(html, escape=merging.html_escape),
        links=tuple(links),
        signer=Signer(origin.workspace_id),
        fixed_headers=_fixed_headers(origin, boundary),
        boundary=boundary,
        text_source=text,
        html_source=html,
        conditions=body.conditions,
        has_web_link=WEB in merging.parse(html).fields | merging.parse(text).fields,
    )


def _own_text(own: str, made: str, track: Callable[[str], str]) -> str:
    """Words of one's own with their links tracked, and the foot that every mail owes below."""
    text = URL.sub(lambda match: track(match[0]), own.rstrip())
    if "unsubscribe_url" in merging.parse(own).fields:
        return text + "\n"
    return f"{text}\n\n{made[made.rindex(FOOT) + 1 :] if FOOT in made else made}"


def web_path(workspace_id: UUID, delivery_id: UUID) -> str:
    """Where one reader's message can be seen in a browser, for as long as its row stands in the ledger."""
    # It never expires, so the moment of signing says nothing; without one, a message made anew is the same.
    return f"/letter/{sign(WEB_PURPOSE, workspace_id.bytes + delivery_id.bytes, at=0)}/"


def part(source: str, *, escape: Callable[[str], str] | None) -> Part:
    """Split a body at its merge fields and encode what is fixed."""
    template = merging.parse(source)
    pieces: list[bytes | Hole | Branch] = []
    opened: tuple[int, bool] | None = None
    inside: list[bytes | Hole] = []
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
            pieces.append(Branch(*opened, tuple(inside)))
            opened = None
        else:
            current.append(Hole(name, quoted(fallback), escape))
    # A mark that somebody typed and never closed hides nothing.
    return Part(pieces=tuple(pieces if opened is None else [*pieces, *inside]))


def quoted(text: str) -> bytes:
    """Text as quoted-printable lines that end in a soft break, so that anything may follow (RFC 2045 §6.7)."""
    if not text:
        return b""
    data = re.sub(r"\r\n?", "\n", text).encode()
    # With a letter more, which is taken off again: else a last line could fill its 76 characters, and have no room for the break.
    encoded = b2a_qp(data + b"x", istext=True)[:-1].replace(b"\n", b"\r\n")
    return encoded if encoded.endswith(SOFT) else encoded + SOFT


def _with_pixel(html: str) -> str:
    pixel = f'<img src="{{{{{PIXEL}}}}}" alt="" width="1" height="1" border="0">'
    return html.replace("</body>", f"{pixel}</body>", 1)


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
