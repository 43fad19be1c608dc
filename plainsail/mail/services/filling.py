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
from plainsail.kernel.tokens import Signer, TokenSet
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
FIRST = WIDTH - TokenSet.CODE
"""Characters of a token's middle that stand on its first line."""
SIMPLE = re.compile(r"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
"""Short text that quoted-printable leaves as it is, wherever it stands; a leading dot is looked at apart."""
SHORT = 25
"""Bytes that fit one line even if each of them takes three characters."""
MOST_KNOWN = 5_000
"""Values of fields that are remembered as they stand in a body."""
TIDY = re.compile(r"[!#-%(-;?-~]+(?: [!#-%(-;?-~]+)*")
"""Text that HTML, a line of plain text and quoted-printable all leave as it is."""
UNBROKEN = re.compile(r"[!-<>-~]+")
"""Such as an address of a page, however long."""
DOTS = re.compile(rb"(?m)^\.+")


class MessageSigner(Protocol):
    """Signs a message, such as with DKIM: gives the header lines that go on top. The body is as DKIM's relaxed form has it
    (RFC 6376 §3.4.4), which is known here without looking through the whole of it.
    """

    def lines(self, head: bytes, canonical: bytes, *, at: datetime) -> bytes: ...


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
    def _laid_out(self) -> tuple[list[bytes], list[tuple[str, str]], list[bytes], list[_Fork]]:
        """Fixed bytes at even places, and for the odd ones between them what is asked for and said instead; and the
        branches that take some of these places.
        """
        places = [b""]
        keys: list[tuple[str, str]] = []
        fallbacks: list[bytes] = []
        forks: list[_Fork] = []
        for piece in self.pieces:
            if isinstance(piece, bytes):
                places[-1] += piece
                continue
            if isinstance(piece, Hole):
                keys.append((piece.name, piece.kind))
                fallbacks.append(piece.fallback)
            else:
                forks.append((len(places), piece.condition, Part(piece.then), Part(piece.otherwise)))
                keys.append(("", "branch"))
                fallbacks.append(b"")
            places += [b"", b""]
        return places, keys, fallbacks, forks

    @cached_property
    def canonical(self) -> Part:
        """The part with single blanks. A hole starts a line and ends one, so what stands next to it changes nothing."""
        return Part(tuple(_single(self.pieces)))

    def fill(self, encoded: Encoded, facts: Collection[int] = ()) -> bytes:
        """The part for one person. Cost: a fraction of a microsecond for each hole."""
        return b"".join(self.filled(encoded, facts))

    def filled(self, encoded: Encoded, facts: Collection[int] = ()) -> list[bytes]:
        """The same in pieces, to be joined with others once."""
        fixed, keys, fallbacks, forks = self._laid_out
        filled = fixed.copy()
        filled[1::2] = map(encoded.get, keys, fallbacks)
        for place, condition, then, otherwise in forks:
            filled[place] = (then if condition in facts else otherwise).fill(encoded, facts)
        return filled


_Fork = tuple[int, int, Part, Part]


def _single(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield single_blanks(piece)
        elif isinstance(piece, Hole):
            yield Hole(piece.name, piece.kind, single_blanks(piece.fallback))
        else:
            yield Branch(piece.condition, tuple(_single(piece.then)), tuple(_single(piece.otherwise)))


def single_blanks(lines_: bytes) -> bytes:
    """Blanks as RFC 6376 §3.4.4 wants them: each run is one, and none is left at the end of a line."""
    plain = lines_.replace(b"\t", b" ")
    while b"  " in plain:
        plain = plain.replace(b"  ", b" ")
    return plain.replace(b" \r\n", b"\r\n")


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
    def _tokens(self) -> tuple[TokenSet, tuple[tuple[str, str], ...], dict[int, list[bytes]]]:
        """Tokens of every link, the places they fill, and their last pieces as they stand in a body, as those come up."""
        names = [f"{LINK}{number}" for number in range(len(self.links))]
        targets = [url.encode() for url in self.links]
        if self.is_tracked:
            names += [HIDDEN, PIXEL]
            targets.append(self.unseen.encode())
        return self.signer.set_of(targets), tuple((name, "link") for name in names), {}

    @cached_property
    def _needs(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """Each merge field with the keys that it is needed under."""
        keys: dict[str, dict[tuple[str, str], None]] = {}
        for key in (*self.text.holes, *self.html.holes):
            keys.setdefault(key[0], {})[key] = None
        return tuple((name, tuple(found)) for name, found in keys.items())

    @cached_property
    def _known(self) -> dict[tuple[str, str], Encoded]:
        """What fields say of many readers, such as first names and towns, as it stands in a body; emptied when it grows large."""
        return {}

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
        head = self.head(recipient, at=at)
        body = self._body(self.text, self.html, encoded, facts)
        if signer is not None:
            head = signer.lines(head, self._canonical(encoded, facts), at=at) + head
        # Joined once: copying it is a good part of what it costs.
        return b"".join([head, b"\r\n", *body])

    def _body(self, text: Part, html: Part, encoded: Encoded, facts: Collection[int]) -> list[bytes]:
        first, second, last = self._frames
        return [first, *text.filled(encoded, facts), second, *html.filled(encoded, facts), last]

    def _canonical(self, encoded: Encoded, facts: Collection[int]) -> bytes:
        """Looking for double blanks in all of a body takes longer than to put it together once more without them."""
        values = b"".join(encoded.values())
        if b"  " in values or b"\t" in values:
            encoded = {key: single_blanks(value) for key, value in encoded.items()}
        return b"".join(self._body(self.text.canonical, self.html.canonical, encoded, facts))

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
        encoded = self._linked(recipient)
        values, known = recipient.values, self._known
        for name, keys in self._needs:
            if name == "unsubscribe_url":
                value = recipient.unsubscribe_url
            elif name == "preferences_url":
                value = recipient.preferences_url
            elif name == WEB:
                value = f"{self.site}{web_path(self.workspace_id, recipient.delivery_id)}"
            else:
                value = values.get(name, "")
                if value and len(value) <= SHORT and name != "email":
                    encoded.update(known.get((name, value)) or self._remembered(name, value, keys))
                    continue
            if value:
                encoded.update(_said(value, keys))
        return encoded

    def _remembered(self, name: str, value: str, keys: Sequence[tuple[str, str]]) -> Encoded:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        made = self._known[name, value] = _said(value, keys)
        return made

    def _linked(self, recipient: Recipient) -> Encoded:
        """Tokens as quoted-printable lines that end in a soft break."""
        tokens, keys, known = self._tokens
        ids = recipient.delivery_id.bytes + recipient.contact_id.bytes
        last = ids[-1]
        if last not in known:
            known[last] = [wrapped(tail, used=TokenSet.MIDDLE - FIRST) for tail in tokens.tails(last)]
        middle = tokens.middle(ids)
        middle = middle[:FIRST] + SOFT + middle[FIRST:]
        return {
            key: code + middle + tail
            # The open token is the last one, and has no place where nothing is counted.
            for key, code, tail in zip(keys, tokens.codes(ids), known[last], strict=False)
        }


def _said(value: str, keys: Sequence[tuple[str, str]]) -> Encoded:
    """A value as it stands in a body, under each of the keys that ask for it."""
    if TIDY.fullmatch(value) and (tidy := tidied(value)):
        return dict.fromkeys(keys, tidy)
    encoded: Encoded = {}
    last, made = "", b""
    for key in keys:
        shown = ESCAPES[key[1]](value)
        if shown != last or not made:
            last, made = shown, quoted(shown)
        encoded[key] = made
    return encoded


def web_path(workspace_id: UUID, delivery_id: UUID) -> str:
    """Where one reader's message can be seen in a browser, for as long as its row stands in the ledger."""
    # It never expires, so the moment of signing says nothing; without one, a message made anew is the same.
    return f"/letter/{sign(WEB_PURPOSE, workspace_id.bytes + delivery_id.bytes, at=0)}/"


def wrapped(token: bytes, *, used: int = 0) -> bytes:
    """A token of letters, digits, `-` and `_` as quoted-printable lines that end in a soft break; `used` characters of
    the first line are taken already.
    """
    first = WIDTH - used
    return SOFT.join([token[:first], *(token[at : at + WIDTH] for at in range(first, len(token), WIDTH))]) + SOFT


def tidied(text: str) -> bytes:
    """The same as `quoted`, for text that is TIDY; empty if it takes more looking at."""
    if text[0] == ".":
        return b""
    if len(text) <= WIDTH:
        return text.encode() + SOFT
    if " " in text:
        return b""
    pieces = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return b"" if any(piece[0] == "." for piece in pieces) else "=\r\n".join(pieces).encode() + SOFT


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
