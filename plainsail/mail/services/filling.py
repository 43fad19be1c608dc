"""A mail to many as fixed bytes and holes, filled for one person after the other. Django-free: what a sending process runs.

Fixed text is quoted-printable already and ends in a soft line break, so every hole starts a line and can be encoded by
itself. No line starts with a dot, so nothing has to be doubled on the wire (RFC 5321 §4.5.2).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import b2a_qp
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from html import escape
from typing import Any, Protocol
from uuid import UUID

from plainsail.kernel.crypto import sign
from plainsail.kernel.tokens import Signer
from plainsail.mail.services import lines, return_paths

LINK = "ps.link_"
PIXEL = "ps.pixel"
HIDDEN = "ps.hidden"
"""A link that no reader sees: whoever follows it is a program that follows all."""
WEB = "web_url"
"""Where one reader can see the mail in a browser."""
WEB_PURPOSE = "mail.web"
SOFT = b"=\r\n"
WIDTH = 75
SIMPLE = re.compile(r"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
"""Short text that quoted-printable leaves as it is, wherever it stands; a leading dot is looked at apart."""
SHORT = 25
"""Bytes that fit one line even if each of them takes three characters."""
UNBROKEN = re.compile(r"[!-<>-~]+")
"""Such as an address of a page, however long."""
DOTS = re.compile(rb"(?m)^\.+")


class MessageSigner(Protocol):
    """Signs a message, such as with DKIM: gives it back with header lines on top."""

    def sign(self, message: bytes, *, at: datetime) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """One person's own part of a mail. `facts` are places of the conditions, among the mail's, that hold for them."""

    delivery_id: UUID
    contact_id: UUID
    name: str
    address: str
    values: Mapping[str, str]
    unsubscribe_url: str
    preferences_url: str
    one_click_url: str
    facts: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Hole:
    """A place that a value fills, as `kind` says; `fallback` is encoded already, as the fixed bytes are."""

    name: str
    kind: str
    fallback: bytes


@dataclass(frozen=True)
class Branch:
    """Pieces for those for whom a condition holds, and for all others. `condition` is its place among the mail's."""

    condition: int
    then: tuple[Piece, ...]
    otherwise: tuple[Piece, ...]


Piece = bytes | Hole | Branch
Encoded = dict[tuple[str, str], bytes]
"""Values as they stand in a body, by name and kind."""


@dataclass(frozen=True)
class Part:
    """A body part: fixed bytes, holes and branches in order."""

    pieces: tuple[Piece, ...]

    @cached_property
    def holes(self) -> tuple[tuple[str, str], ...]:
        """Name and kind of every value that it may need, links left out."""
        found = dict.fromkeys((hole.name, hole.kind) for hole in _holes(self.pieces))
        return tuple(one for one in found if one[1] != "link")

    @cached_property
    def _laid_out(self) -> tuple[list[bytes], tuple[tuple[int, tuple[str, str], bytes], ...], tuple[_Fork, ...]]:
        """Fixed bytes with empty places in between, and what goes into each place."""
        fixed: list[bytes] = []
        slots: list[tuple[int, tuple[str, str], bytes]] = []
        forks: list[_Fork] = []
        for piece in self.pieces:
            if isinstance(piece, bytes):
                if (
                    fixed
                    and not (slots and slots[-1][0] == len(fixed) - 1)
                    and not (forks and forks[-1][0] == len(fixed) - 1)
                ):
                    fixed[-1] += piece
                else:
                    fixed.append(piece)
                continue
            if isinstance(piece, Hole):
                slots.append((len(fixed), (piece.name, piece.kind), piece.fallback))
            else:
                forks.append((len(fixed), piece.condition, Part(piece.then), Part(piece.otherwise)))
            fixed.append(b"")
        return fixed, tuple(slots), tuple(forks)

    def fill(self, encoded: Encoded, facts: Collection[int] = ()) -> bytes:
        """The part for one person. Cost: a fraction of a microsecond for each hole."""
        return b"".join(self.filled(encoded, facts))

    def filled(self, encoded: Encoded, facts: Collection[int] = ()) -> list[bytes]:
        """The same in pieces, to be joined with others once."""
        fixed, slots, forks = self._laid_out
        filled = fixed.copy()
        for place, key, fallback in slots:
            filled[place] = encoded.get(key, fallback)
        for place, condition, then, otherwise in forks:
            filled[place] = (then if condition in facts else otherwise).fill(encoded, facts)
        return filled


_Fork = tuple[int, int, Part, Part]


def _holes(pieces: Sequence[Piece]) -> Iterator[Hole]:
    for piece in pieces:
        if isinstance(piece, Hole):
            yield piece
        elif isinstance(piece, Branch):
            yield from _holes(piece.then)
            yield from _holes(piece.otherwise)


def one_line(value: str) -> str:
    """Line breaks and runs of blanks become one space each, as merge fields in plain text have it."""
    return " ".join(value.split())


ESCAPES: dict[str, Callable[[str], str]] = {"html": escape, "line": one_line}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A mail ready to be filled. Plain values only, so that it can be passed to another process."""

    workspace_id: UUID
    list_id: UUID | None
    sender: str
    """Where it comes from; the envelope's sender, too."""
    site: str
    subject: tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
    """Fixed words, and the holes between them as (name, fallback)."""
    text: Part = field(repr=False)
    html: Part = field(repr=False)
    links: tuple[str, ...]
    unseen: str
    """Where the link leads that no reader sees."""
    is_tracked: bool
    fixed_headers: bytes
    boundary: bytes

    @cached_property
    def signer(self) -> Signer:
        return Signer(self.workspace_id)

    @cached_property
    def _targets(self) -> tuple[tuple[tuple[str, str], bytes], ...]:
        return tuple(((f"{LINK}{number}", "link"), url.encode()) for number, url in enumerate(self.links))

    @cached_property
    def _needs(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Each merge field with the keys that it is needed under."""
        keys: dict[str, dict[tuple[str, str], None]] = {}
        for key in (*self.text.holes, *self.html.holes):
            keys.setdefault(key[0], {})[key] = None
        return tuple((name, tuple(found)) for name, found in keys.items())

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of the merge fields that it asks for."""
        return frozenset(name for name, _keys in self._needs) | {name for name, _fallback in self.subject[1]}

    @property
    def has_web_link(self) -> bool:
        return WEB in self.fields

    @cached_property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    @cached_property
    def _frames(self) -> tuple[bytes, bytes, bytes]:
        kind = b'\r\nContent-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        start = b"\r\n--" + self.boundary
        return start[2:] + kind % b"plain", start + kind % b"html", start + b"--\r\n"

    def head(self, recipient: Recipient, *, at: datetime) -> bytes:
        """The header with its line ends, without the empty line below."""
        lines_ = (
            f"To: {lines.mailbox(recipient.name, recipient.address)}\r\n"
            f"Subject: {lines.encoded(self._subject(recipient.values))}\r\n"
            f"Date: {lines.date(at)}\r\n"
            f"Message-ID: <{recipient.delivery_id.hex}@{self._domain}>\r\n"
            f"List-Unsubscribe: <{recipient.one_click_url}>\r\n"
            f"{return_paths.HEADER}: {return_paths.marked(self.workspace_id, recipient.delivery_id, self.sender)}\r\n"
        )
        return lines_.encode() + self.fixed_headers

    def render(self, recipient: Recipient, *, at: datetime, signer: MessageSigner | None = None) -> bytes:
        """The whole message for one person, with CRLF line ends and no line that starts with a dot."""
        encoded, facts = self._encoded(recipient), recipient.facts
        first, second, last = self._frames
        # Joined once: copying it is a good part of what it costs.
        message = b"".join(
            [
                self.head(recipient, at=at),
                b"\r\n",
                first,
                *self.text.filled(encoded, facts),
                second,
                *self.html.filled(encoded, facts),
                last,
            ]
        )
        return signer.sign(message, at=at) if signer else message

    def _subject(self, values: Mapping[str, str]) -> str:
        words, holes = self.subject
        if not holes:
            return words[0]
        pieces = [words[0]]
        for (name, fallback), following in zip(holes, words[1:], strict=True):
            value = values.get(name, "")
            pieces.append(one_line(value) if value else fallback)
            pieces.append(following)
        return "".join(pieces)

    def _encoded(self, recipient: Recipient) -> Encoded:
        signer, encoded = self.signer, {}
        ids = recipient.delivery_id.bytes + recipient.contact_id.bytes
        for key, target in self._targets:
            encoded[key] = wrapped(signer.raw_click(ids, target))
        values = recipient.values
        for name, keys in self._needs:
            if name == "unsubscribe_url":
                value = recipient.unsubscribe_url
            elif name == "preferences_url":
                value = recipient.preferences_url
            elif name == WEB:
                value = f"{self.site}{web_path(self.workspace_id, recipient.delivery_id)}"
            else:
                value = values.get(name, "")
            if not value:
                continue
            last, made = "", b""
            for key in keys:
                shown = ESCAPES[key[1]](value)
                if shown != last or not made:
                    last, made = shown, quoted(shown)
                encoded[key] = made
        if self.is_tracked:
            encoded[PIXEL, "link"] = wrapped(signer.raw_open(ids))
            encoded[HIDDEN, "link"] = wrapped(signer.raw_click(ids, self.unseen.encode()))
        return encoded


def web_path(workspace_id: UUID, delivery_id: UUID) -> str:
    """Where one reader's message can be seen in a browser, for as long as its row stands in the ledger."""
    # It never expires, so the moment of signing says nothing; without one, a message made anew is the same.
    return f"/letter/{sign(WEB_PURPOSE, workspace_id.bytes + delivery_id.bytes, at=0)}/"


def wrapped(token: bytes) -> bytes:
    """A token of letters, digits, `-` and `_` as quoted-printable lines that end in a soft break."""
    length = len(token)
    if length <= WIDTH:
        return token + SOFT
    if length <= 2 * WIDTH:
        return b"%b=\r\n%b=\r\n" % (token[:WIDTH], token[WIDTH:])
    return SOFT.join([token[at : at + WIDTH] for at in range(0, length, WIDTH)]) + SOFT


def quoted(text: str) -> bytes:
    """Text as quoted-printable lines that end in a soft break, so that anything may follow (RFC 2045 §6.7).

    None of the lines starts with a dot: that is `=2E` on a line of its own.
    """
    if not text:
        return b""
    if SIMPLE.fullmatch(text) and text[0] != ".":
        return text.encode() + SOFT
    data = text.encode()
    if len(data) <= SHORT and text.isprintable() and text[0] != ".":
        return b2a_qp(data) + SOFT
    if UNBROKEN.fullmatch(text):
        pieces = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
        if not any(piece[0] == "." for piece in pieces):
            return "=\r\n".join(pieces).encode() + SOFT
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # With a letter more, which is taken off again: else a last line could fill its 76 characters, and have no room for the break.
    encoded = b2a_qp(data + b"x", istext=True)[:-1].replace(b"\n", b"\r\n")
    encoded = DOTS.sub(lambda dots: b"=2E=\r\n" * len(dots[0]), encoded)
    return encoded if encoded.endswith(SOFT) else encoded + SOFT


def form_to_json(form: Form) -> dict[str, Any]:
    """Plain values that `form_from_json` reads."""
    return {
        "workspace_id": form.workspace_id.hex,
        "list_id": form.list_id.hex if form.list_id else None,
        "sender": form.sender,
        "site": form.site,
        "subject": form.subject,
        "text": _dump(form.text.pieces),
        "html": _dump(form.html.pieces),
        "links": form.links,
        "unseen": form.unseen,
        "is_tracked": form.is_tracked,
        "fixed_headers": b64encode(form.fixed_headers).decode(),
        "boundary": form.boundary.decode(),
    }


def form_from_json(value: Mapping[str, Any]) -> Form:
    words, holes = value["subject"]
    return Form(
        workspace_id=UUID(value["workspace_id"]),
        list_id=UUID(value["list_id"]) if value["list_id"] else None,
        sender=value["sender"],
        site=value["site"],
        subject=(tuple(words), tuple((name, fallback) for name, fallback in holes)),
        text=Part(_load(value["text"])),
        html=Part(_load(value["html"])),
        links=tuple(value["links"]),
        unseen=value["unseen"],
        is_tracked=value["is_tracked"],
        fixed_headers=b64decode(value["fixed_headers"]),
        boundary=value["boundary"].encode(),
    )


def _dump(pieces: Sequence[Piece]) -> list[Any]:
    found: list[Any] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            found.append(b64encode(piece).decode())
        elif isinstance(piece, Hole):
            found.append({"hole": piece.name, "kind": piece.kind, "fallback": b64encode(piece.fallback).decode()})
        else:
            found.append({"if": piece.condition, "then": _dump(piece.then), "else": _dump(piece.otherwise)})
    return found


def _load(pieces: Sequence[Any]) -> tuple[Piece, ...]:
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(b64decode(piece))
        elif "hole" in piece:
            found.append(Hole(piece["hole"], piece["kind"], b64decode(piece["fallback"])))
        else:
            found.append(Branch(piece["if"], _load(piece["then"]), _load(piece["else"])))
    return tuple(found)
