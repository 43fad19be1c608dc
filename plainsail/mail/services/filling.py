"""A mail to many as fixed bytes and holes, filled for one person after the other. Django-free: what a sending process runs.

Fixed text is quoted-printable already and ends in a soft line break, so every hole starts a line and can be encoded by
itself. No line starts with a dot, so nothing has to be doubled on the wire (RFC 5321 §4.5.2).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import b2a_qp
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from html import escape
from typing import Any, Protocol, TypeVar
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
NEVER_SHARED = frozenset({"email", "unsubscribe_url", "preferences_url", WEB})
SOFT = b"=\r\n"
WIDTH = 75
FIRST = WIDTH - TokenSet.CODE
"""Characters of a token's middle that stand on its first line."""
SIMPLE = re.compile(r"[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
"""Short text that quoted-printable leaves as it is, wherever it stands; a leading dot is looked at apart."""
SHORT = 25
"""Letters of a value that may come again, as those of names and towns do."""
MOST_KNOWN = 5_000
"""Values of one field that are remembered as they stand in a body."""
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


# Not frozen: that would make it three times as slow to make one, and there is one for each message.
@dataclass(kw_only=True, slots=True)
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
Slot = tuple[str, str, bytes]
"""Name, kind and fallback of a hole: those that share all three are filled by the same bytes, made once."""
K = TypeVar("K")
V = TypeVar("V")
NOTHING: Slot = ("", "", b"")


@dataclass(frozen=True)
class Part:
    """A body part: fixed bytes, holes and branches in order."""

    pieces: tuple[Piece, ...]

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Every value that it may need, each once."""
        return tuple(dict.fromkeys((hole.name, hole.kind, hole.fallback) for hole in _holes(self.pieces)))


@dataclass(frozen=True)
class Layout:
    """Pieces laid out to be filled again and again: fixed bytes at even places; at the odd ones between them what the slot of
    a number says, or one of a fork's two sides.
    """

    fixed: tuple[bytes, ...]
    numbers: tuple[int, ...]
    forks: tuple[tuple[int, int, Layout, Layout], ...]
    """Place, condition, and what stands there where it holds, or doesn't."""

    def filled(self, slots: Sequence[bytes], facts: Collection[int] = ()) -> list[bytes]:
        """Bytes for one person, to be joined with others once. Cost: some hundredths of a microsecond for each hole."""
        filled = list(self.fixed)
        filled[1::2] = map(slots.__getitem__, self.numbers)
        for place, condition, then, otherwise in self.forks:
            filled[place] = b"".join((then if condition in facts else otherwise).filled(slots, facts))
        return filled

    @cached_property
    def canonical(self) -> Layout:
        """The same with single blanks. A hole starts a line and ends one, so what stands next to it changes nothing."""
        forks = [
            (place, condition, then.canonical, otherwise.canonical) for place, condition, then, otherwise in self.forks
        ]
        return Layout(tuple(map(single_blanks, self.fixed)), self.numbers, tuple(forks))


def laid_out(pieces: Iterable[Piece], numbers: Mapping[Slot, int]) -> Layout:
    """`numbers` has NOTHING, and that fills whatever it doesn't have: somebody may have typed a name of ours."""
    fixed, taken, forks, nothing = [b""], [], [], numbers[NOTHING]
    for piece in pieces:
        if isinstance(piece, bytes):
            fixed[-1] += piece
            continue
        if isinstance(piece, Hole):
            taken.append(numbers.get((piece.name, piece.kind, piece.fallback), nothing))
        else:
            then, otherwise = laid_out(piece.then, numbers), laid_out(piece.otherwise, numbers)
            forks.append((len(fixed), piece.condition, then, otherwise))
            taken.append(nothing)
        fixed += [b"", b""]
    return Layout(tuple(fixed), tuple(taken), tuple(forks))


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
    def _tokens(self) -> tuple[TokenSet, int, dict[int, list[bytes]]]:
        """Tokens of every link, how many of them stand in a body, and their last pieces as they stand there, as those come up."""
        targets = [url.encode() for url in self.links]
        if self.is_tracked:
            targets.append(self.unseen.encode())
        # The open token is the last one, and has no place where nothing is counted.
        return self.signer.set_of(targets), len(targets) + self.is_tracked, {}

    @cached_property
    def _needs(self) -> dict[str, tuple[Slot, ...]]:
        """Each merge field with the slots that it fills."""
        slots: dict[str, dict[Slot, None]] = {}
        for slot in (*self.text.slots, *self.html.slots):
            if slot[1] != "link":
                slots.setdefault(slot[0], {})[slot] = None
        return {name: tuple(found) for name, found in slots.items()}

    @cached_property
    def _shared(self) -> tuple[tuple[str, tuple[Slot, ...], dict[str, tuple[bytes, ...]]], ...]:
        """Merge fields that say the same of many, such as first names and towns, and what was made of them for other readers."""
        return tuple((name, slots, {}) for name, slots in self._needs.items() if name not in NEVER_SHARED)

    @cached_property
    def _own(self) -> tuple[tuple[str, tuple[Slot, ...]], ...]:
        """Those that say something else of everybody."""
        return tuple((name, slots) for name, slots in self._needs.items() if name in NEVER_SHARED)

    @cached_property
    def _layout(self) -> Layout:
        """The whole body. Slots are numbered in the order in which `_slots` makes them."""
        names = [f"{LINK}{number}" for number in range(len(self.links))]
        if self.is_tracked:
            names += [HIDDEN, PIXEL]
        slots = [(name, "link", b"") for name in names]
        slots += [slot for _name, found, _known in self._shared for slot in found]
        slots += [slot for _name, found in self._own for slot in found]
        kind = b'\r\nContent-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        start = b"\r\n--" + self.boundary
        text, html = (*self.text.pieces, start + kind % b"html"), (*self.html.pieces, start + b"--\r\n")
        numbers = {slot: number for number, slot in enumerate([*slots, NOTHING])}
        return laid_out([start[2:] + kind % b"plain", *text, *html], numbers)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of the merge fields that it asks for."""
        return frozenset(self._needs) | {name for name, _fallback in self.subject[1]}

    @property
    def has_web_link(self) -> bool:
        return WEB in self.fields

    @cached_property
    def _subjects(self) -> dict[tuple[str, ...], str]:
        return {}

    @cached_property
    def _domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def head(self, recipient: Recipient, *, at: datetime) -> bytes:
        """The header with its line ends, without the empty line below."""
        lines_ = (
            f"To: {lines.mailbox(recipient.name, recipient.address)}\r\n"
            f"Subject: {self._subject(recipient.values)}\r\n"
            f"Date: {lines.date(at)}\r\n"
            f"Message-ID: <{recipient.delivery_id.hex}@{self._domain}>\r\n"
            f"List-Unsubscribe: <{recipient.one_click_url}>\r\n"
            f"{return_paths.HEADER}: {return_paths.marked(self.workspace_id, recipient.delivery_id, self.sender)}\r\n"
        )
        return lines_.encode() + self.fixed_headers

    def render(self, recipient: Recipient, *, at: datetime, signer: MessageSigner | None = None) -> bytes:
        """The whole message for one person, with CRLF line ends and no line that starts with a dot."""
        slots, facts = self._slots(recipient), recipient.facts
        head = self.head(recipient, at=at)
        body = self._layout.filled(slots, facts)
        if signer is not None:
            head = signer.lines(head, self._canonical(slots, facts), at=at) + head
        # Joined once: copying it is a good part of what it costs.
        return b"".join([head, b"\r\n", *body])

    def _canonical(self, slots: Sequence[bytes], facts: Collection[int]) -> bytes:
        """Looking for double blanks in all of a body takes longer than to put it together once more without them."""
        values = b"".join(slots)
        if b"  " in values or b"\t" in values:
            slots = [single_blanks(value) for value in slots]
        return b"".join(self._layout.canonical.filled(slots, facts))

    def _subject(self, values: Mapping[str, str]) -> str:
        """As its header line has it. Often it is the same for many, or says nothing but a first name."""
        said = tuple([values.get(name, "") for name, _fallback in self.subject[1]])
        if (made := self._subjects.get(said)) is None:
            made = lines.encoded(self._subject_of(said))
            _remember(self._subjects, said, made)
        return made

    def _subject_of(self, said: Sequence[str]) -> str:
        words, holes = self.subject
        pieces = [words[0]]
        for value, (_name, fallback), following in zip(said, holes, words[1:], strict=True):
            pieces.append(one_line(value) if value else fallback)
            pieces.append(following)
        return "".join(pieces)

    def _slots(self, recipient: Recipient) -> list[bytes]:
        """What fills the slots for one person, by their numbers."""
        slots, values = self._linked(recipient), recipient.values
        for name, wanted, known in self._shared:
            value = values.get(name, "")
            if (made := known.get(value)) is None:
                made = _said(value, wanted)
                if len(value) <= SHORT:
                    _remember(known, value, made)
            slots += made
        for name, wanted in self._own:
            slots += _said(self._own_to(name, recipient), wanted)
        slots.append(b"")
        return slots

    def _own_to(self, name: str, recipient: Recipient) -> str:
        if name == "unsubscribe_url":
            return recipient.unsubscribe_url
        if name == "preferences_url":
            return recipient.preferences_url
        if name == WEB:
            return f"{self.site}{web_path(self.workspace_id, recipient.delivery_id)}"
        return recipient.values.get(name, "")

    def _linked(self, recipient: Recipient) -> list[bytes]:
        """Tokens as quoted-printable lines that end in a soft break."""
        tokens, many, known = self._tokens
        if not many:
            return []
        ids = recipient.delivery_id.bytes + recipient.contact_id.bytes
        last = ids[-1]
        if last not in known:
            known[last] = [wrapped(tail, used=TokenSet.MIDDLE - FIRST) for tail in tokens.tails(last)][:many]
        middle = tokens.middle(ids)
        middle = middle[:FIRST] + SOFT + middle[FIRST:]
        return [code + middle + tail for code, tail in zip(tokens.codes(ids), known[last], strict=False)]


def _remember(known: dict[K, V], value: K, made: V) -> None:
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[value] = made


def _said(value: str, slots: Sequence[Slot]) -> tuple[bytes, ...]:
    """A value as it stands in a body, in each of the slots that ask for it."""
    if not value:
        return tuple(fallback for _name, _kind, fallback in slots)
    if TIDY.fullmatch(value) and (tidy := tidied(value)):
        return (tidy,) * len(slots)
    made: dict[str, bytes] = {}
    shown = {kind: ESCAPES[kind](value) for kind in {kind for _name, kind, _fallback in slots}}
    for words in shown.values():
        if words not in made:
            made[words] = quoted(words)
    return tuple(made[shown[kind]] for _name, kind, _fallback in slots)


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
    made = "=\r\n".join([text[at : at + WIDTH] for at in range(0, len(text), WIDTH)])
    return b"" if "\n." in made else made.encode() + SOFT


def quoted(text: str) -> bytes:
    """Text as quoted-printable lines that end in a soft break, so that anything may follow (RFC 2045 §6.7).

    None of the lines starts with a dot: that is `=2E` on a line of its own.
    """
    if not text:
        return b""
    if SIMPLE.fullmatch(text) and text[0] != ".":
        return text.encode() + SOFT
    data = text.encode()
    if len(data) <= WIDTH and text.isprintable() and text[0] != ".":
        made = b2a_qp(data)
        if len(made) <= WIDTH:
            return made + SOFT
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
