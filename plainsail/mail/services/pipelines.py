"""Many messages over few kept connections, the next commands on the wire before the last answer is back (RFC 2920).

Blocking sockets, one thread, connections in turn. With DATA one message a connection waits for its answer, while the
envelope of the next is on the wire already; with BDAT (RFC 3030) up to `depth` whole messages do. Django-free.
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from plainsail.mail.services.replies import Cause, classify
from plainsail.mail.services.smtp import Answer, Conversation, Fate, Server, Unreachable, said, stuffed, words

CONNECTIONS = 4
DEPTH = 4
PATIENCE = 3
"""Connections that may break one after the other until the rest is left for later."""
LAST_ANSWER = 120.0
"""Seconds for the answer to a whole message; RFC 5321 §4.5.3.2.6 wants more, a lease allows no more."""
ENOUGH_REFUSALS = 3
"""Refusals of the sender itself, one after the other, until nothing more is handed over."""
MOST_BUFFERED = 1_000_000
ENVELOPE = ("MAIL", "RCPT", "DATA")


def is_yes(code: int) -> bool:
    """By the first digit, as RFC 5321 §4.2.1 wants it: a server that says 200 or 252 has said yes all the same, and a message
    that it took must not go out again.
    """
    return 200 <= code < 300


def is_go_on(code: int) -> bool:
    """The answer to DATA after which content may follow."""
    return 300 <= code < 400


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message to hand over: bare addresses, content with CRLF line ends and no line that starts with a dot."""

    delivery_id: UUID
    sender: str
    to: str
    content: bytes


class Record(Protocol):
    """Where intentions and answers are written down at once; a `Journal`'s part that matters here."""

    def intend(self, delivery_id: UUID) -> None: ...

    def answer(self, parcel: Parcel, answer: Answer) -> None: ...

    def flush(self) -> None:
        """Called before every wait and every word to a server: what was answered must be on record by then."""


class Handing(Protocol):
    """What takes messages: kept connections to a mail server (`Pool`) or to a mail service (`carrying`)."""

    is_refused: bool
    """It refuses the sender itself."""

    @property
    def is_in_trouble(self) -> bool:
        """It takes nothing more for now."""

    def hand_over(self, parcels: Iterable[Parcel], record: Record, *, may_begin: Callable[[], bool] = ...) -> None:
        """See `Pool`."""


@dataclass
class _Line:
    """One connection and what is under way on it."""

    sock: socket.socket
    features: dict[str, str]
    buffer: bytes = b""
    waiting: deque[Parcel] = field(default_factory=deque)
    """Messages whose content left, the oldest first."""
    announced: Parcel | None = None
    """DATA only: the message whose envelope left."""
    needs_reset: bool = False


class Broken(Exception):
    """The connection is gone, or says what no mail server says."""


class Pool:
    """Kept connections to one server. `hand_over` as often as needed, `close` at the end."""

    def __init__(
        self,
        server: Server,
        *,
        connections: int = CONNECTIONS,
        depth: int = DEPTH,
        uses_chunks: bool = False,
        patience: int = PATIENCE,
        open_one: Callable[[Server], Conversation] = Conversation.open,
    ) -> None:
        self.server = server
        self.most = connections
        self.depth = depth
        self.uses_chunks = uses_chunks
        self.patience = patience
        self.can_chunk = False
        self.has_opened = False
        self.is_refused = False
        self.troubles = 0
        self._open_one = open_one
        self._lines: list[_Line] = []
        self._has_accepted = False
        self._refused_in_a_row = 0
        self._flush: Callable[[], None] = lambda: None

    @property
    def is_in_trouble(self) -> bool:
        """Connections broke one after the other, and nothing was accepted in between."""
        return self.troubles >= self.patience

    def hand_over(
        self, parcels: Iterable[Parcel], record: Record, *, may_begin: Callable[[], bool] = lambda: True
    ) -> None:
        """Hand messages over and tell the record each one's fate. What it isn't told of has not been begun.

        Ends early when `may_begin` says no, when the server refuses the sender itself again and again, or when no
        connection holds. Raises Unreachable if there is none at all to begin with.
        """
        source = _Source(parcels, may_begin)
        self.troubles, self._flush = 0, record.flush
        try:
            self._take_turns(source, record)
        finally:
            record.flush()

    def _take_turns(self, source: _Source, record: Record) -> None:
        while True:
            if self.is_refused:
                source.is_over = True
            self._grow(source)
            busy = [line for line in self._lines if line.waiting or line.announced or source.has_more()]
            if not busy:
                return
            for line in busy:
                self._step(line, source, record)

    def close(self) -> None:
        """Say goodbye, if anybody still listens."""
        for line in self._lines:
            with suppress(OSError):
                line.sock.settimeout(2)
                line.sock.sendall(b"QUIT\r\n")
            with suppress(OSError):
                line.sock.close()
        self._lines = []

    def _grow(self, source: _Source) -> None:
        """As many connections as may be: one until a first message has been accepted, for a server that refuses us is not
        asked four times; none any more where they break one after the other.
        """
        while source.has_more():
            if self.is_in_trouble:
                source.is_over = True
            if len(self._lines) >= (self.most if self._has_accepted else 1) or source.is_over:
                return
            try:
                self._lines.append(self._open())
            except Unreachable:
                if not self._lines:
                    raise
                self.most = len(self._lines)  # it takes no more of them: go on with those there are

    def _open(self) -> _Line:
        sock, features = self._open_one(self.server).release()
        self.has_opened = True
        self.can_chunk = "chunking" in features and "pipelining" in features
        sock.settimeout(LAST_ANSWER)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Line(sock, features)

    def _step(self, line: _Line, source: _Source, record: Record) -> None:
        try:
            if self.uses_chunks and "chunking" in line.features and "pipelining" in line.features:
                self._step_in_chunks(line, source, record)
            else:
                self._step_with_data(line, source, record)
        except (Broken, OSError) as error:
            self._give_up(line, source, record, error)

    def _step_with_data(self, line: _Line, source: _Source, record: Record) -> None:
        if line.waiting:
            code, text = self._reply(line)
            self._tell(record, line.waiting.popleft(), code, text)
        content = b""
        begun = None
        if (parcel := line.announced) is not None:
            line.announced = None
            if self._read_envelope(line, record, parcel):
                begun, content = parcel, parcel.content
        following = None
        # Nothing is announced ahead before the server has taken a first message.
        if begun is None or (self._has_accepted and "pipelining" in line.features):
            following = self._next_fitting(line, source, record)
        if begun is not None:
            record.intend(begun.delivery_id)
            line.waiting.append(begun)
        line.announced = following
        pieces = [content, b".\r\n"] if begun is not None else []
        if following is not None and "pipelining" in line.features:
            pieces.append(self._envelope(line, following) + b"DATA\r\n")
        self._send(line, pieces, end_of_content=len(content) + 3 if begun is not None else 0)
        if following is not None and "pipelining" not in line.features:
            self._slow_envelope(line, following, record)

    def _read_envelope(self, line: _Line, record: Record, parcel: Parcel) -> bool:
        """Whether content may follow; else the record is told why not."""
        if "pipelining" not in line.features:
            return True  # it was answered command by command
        if line.needs_reset:
            line.needs_reset = False
            self._reply(line)
        sender, recipient, data = self._reply(line), self._reply(line), self._reply(line)
        if is_yes(sender[0]) and is_yes(recipient[0]) and is_go_on(data[0]):
            return True
        line.needs_reset = True
        if is_go_on(data[0]):
            # It wants content for nobody (RFC 2920 §3.1): it gets none.
            self._send(line, [b".\r\n"])
            self._reply(line)
        self._tell_envelope(record, parcel, [sender, recipient, data])
        return False

    def _slow_envelope(self, line: _Line, parcel: Parcel, record: Record) -> None:
        """For servers without pipelining: one command, one answer. Content follows at the next turn."""
        if line.waiting:  # the answer to the message before comes first
            code, text = self._reply(line)
            self._tell(record, line.waiting.popleft(), code, text)
        commands = self._envelope(line, parcel).split(b"\r\n")[:-1]
        line.needs_reset = False
        answers: list[tuple[int, bytes]] = []
        for command in [*commands, b"DATA"]:
            self._send(line, [command + b"\r\n"])
            answers.append(self._reply(line))
            is_right = is_go_on if command == b"DATA" else is_yes
            if command != b"RSET" and not is_right(answers[-1][0]):
                line.needs_reset, line.announced = True, None
                self._tell_no(record, parcel, *answers[-1], is_sender=command.startswith(b"MAIL"))
                return

    def _step_in_chunks(self, line: _Line, source: _Source, record: Record) -> None:
        depth = self.depth if self._has_accepted else 1
        parcel = self._next_fitting(line, source, record) if len(line.waiting) < depth else None
        if parcel is not None:
            line.needs_reset = True  # always: what is on the wire already can't know how the message before ended
            record.intend(parcel.delivery_id)
            line.waiting.append(parcel)
            head = self._envelope(line, parcel) + b"BDAT %d LAST\r\n" % len(parcel.content)
            self._send(line, [head, parcel.content], end_of_content=len(head) + len(parcel.content))
        if line.waiting and (len(line.waiting) >= depth or parcel is None):
            oldest = line.waiting[0]
            self._reply(line)
            sender, recipient, content = self._reply(line), self._reply(line), self._reply(line)
            line.waiting.popleft()
            if is_yes(sender[0]) and is_yes(recipient[0]):
                self._tell(record, oldest, *content)
            else:
                self._tell_envelope(record, oldest, [sender, recipient, content])

    def _next_fitting(self, line: _Line, source: _Source, record: Record) -> Parcel | None:
        """The next message that this server can take at all."""
        while not self.is_refused and (parcel := source.next()) is not None:
            if not parcel.to.isascii() and "smtputf8" not in line.features:
                reply = "The mail server takes no address with letters beyond ASCII before the @ (SMTPUTF8)."
            elif (most := line.features.get("size", "")).isdigit() and 0 < int(most) < len(parcel.content):
                reply = f"The mail server takes at most {most} bytes."
            else:
                return parcel
            record.answer(parcel, Answer(fate=Fate.REFUSED, reply=reply, cause=Cause.MESSAGE_FAULT))
        return None

    def _envelope(self, line: _Line, parcel: Parcel) -> bytes:
        options = ""
        if "size" in line.features:
            options = f" SIZE={len(parcel.content)}"
        if "8bitmime" in line.features and not parcel.content.isascii():
            options += " BODY=8BITMIME"
        if not parcel.to.isascii():
            options += " SMTPUTF8"
        reset = "RSET\r\n" if line.needs_reset else ""
        return f"{reset}MAIL FROM:<{parcel.sender}>{options}\r\nRCPT TO:<{parcel.to}>\r\n".encode()

    def _tell(self, record: Record, parcel: Parcel, code: int, text: bytes) -> None:
        """What was said to a whole message."""
        reply = said(code, text)
        if is_yes(code):
            self._has_accepted, self._refused_in_a_row, self.troubles = True, 0, 0
            record.answer(parcel, Answer(fate=Fate.ACCEPTED, reply=reply))
        elif 400 <= code < 600:
            self._tell_no(record, parcel, code, text)
        else:
            record.answer(parcel, Answer(fate=Fate.UNKNOWN, reply=reply))
            raise Broken(reply)

    def _tell_envelope(self, record: Record, parcel: Parcel, answers: list[tuple[int, bytes]]) -> None:
        """Answers to MAIL, RCPT and DATA: the first that was no yes says why."""
        for place, (code, text) in enumerate(answers):
            if not (is_go_on(code) if place == len(ENVELOPE) - 1 else is_yes(code)):
                self._tell_no(record, parcel, code, text, is_sender=place == 0)
                return

    def _tell_no(self, record: Record, parcel: Parcel, code: int, text: bytes, *, is_sender: bool = False) -> None:
        reply = said(code, text)
        if 500 <= code < 600:
            self._refuse(record, parcel, reply, Cause.SENDER_REPUTATION if is_sender else classify(code, reply))
        else:
            record.answer(parcel, Answer(fate=Fate.PUT_OFF, reply=reply))
        if code == 421 or not 400 <= code < 600:
            raise Broken(reply)  # it hangs up, or is out of step: what it says next may be about anything

    def _refuse(self, record: Record, parcel: Parcel, reply: str, cause: Cause) -> None:
        self._refused_in_a_row = self._refused_in_a_row + 1 if cause == Cause.SENDER_REPUTATION else 0
        self.is_refused = self._refused_in_a_row >= ENOUGH_REFUSALS
        record.answer(parcel, Answer(fate=Fate.REFUSED, reply=reply, cause=cause))

    def _send(self, line: _Line, pieces: list[bytes], *, end_of_content: int = 0) -> None:
        """All of it. If it breaks before the end of the content was out, the server can't have taken the message."""
        if not pieces:
            return
        self._flush()
        sent, total = 0, sum([len(piece) for piece in pieces])
        try:
            if not isinstance(line.sock, ssl.SSLSocket):
                sent = line.sock.sendmsg(pieces)
            if sent < total:
                rest = memoryview(b"".join(pieces))
                while sent < total:
                    sent += line.sock.send(rest[sent : sent + 65536])
        except OSError as error:
            if end_of_content and sent < end_of_content:
                raise Unsent(words(error)) from error
            raise

    def _reply(self, line: _Line) -> tuple[int, bytes]:
        """The next whole answer, its lines joined (RFC 5321 §4.2.1)."""
        texts: list[bytes] = []
        while True:
            end = line.buffer.find(b"\n")
            if end < 0:
                self._flush()
                received = line.sock.recv(65536)
                if not received:
                    raise Broken("the server closed the connection")
                line.buffer += received
                if len(line.buffer) > MOST_BUFFERED:
                    raise Broken("the server talks without end")
                continue
            answer, line.buffer = line.buffer[:end].rstrip(b"\r"), line.buffer[end + 1 :]
            if not answer[:3].isdigit():
                raise Broken(f"the server said {answer[:80]!r}")
            texts.append(answer[4:])
            if answer[3:4] != b"-":
                return int(answer[:3]), b" ".join(texts)

    def _give_up(self, line: _Line, source: _Source, record: Record, error: Exception) -> None:
        """The connection is over: what was announced goes elsewhere, what was sent and not answered is unknown."""
        with suppress(OSError):
            line.sock.close()
        self._lines.remove(line)
        self.troubles += 1
        if line.announced is not None:
            source.put_back(line.announced)
        if isinstance(error, Unsent) and line.waiting:
            record.answer(line.waiting.pop(), Answer(fate=Fate.PUT_OFF, reply=words(error)))
        while line.waiting:
            record.answer(line.waiting.popleft(), Answer(fate=Fate.UNKNOWN, reply=words(error)))


class Unsent(OSError):
    """It broke before all of a message's content had left."""


def hand_over_one(server: Server, content: bytes, *, sender: str, to: str) -> Answer:
    """One message over a connection of its own. Raises Unreachable where nothing of it was handed over."""
    answers: list[Answer] = []

    class Only:
        def intend(self, delivery_id: UUID) -> None: ...

        def answer(self, parcel: Parcel, answer: Answer) -> None:
            answers.append(answer)

        def flush(self) -> None: ...

    pool = Pool(server, connections=1, patience=1)
    try:
        pool.hand_over([Parcel(UUID(int=0), sender, to, stuffed(content))], Only())
    finally:
        pool.close()
    if not answers:
        raise Unreachable("the connection broke before anything was handed over")
    return answers[0]


class _Source:
    """The messages still to begin; those that a broken connection gave back come first."""

    def __init__(self, parcels: Iterable[Parcel], may_begin: Callable[[], bool]) -> None:
        self._parcels: Iterator[Parcel] = iter(parcels)
        self._ready: deque[Parcel] = deque()
        self._may_begin = may_begin
        self.is_over = False

    def has_more(self) -> bool:
        if self.is_over or not self._may_begin():
            return False
        if not self._ready:
            following = next(self._parcels, None)
            if following is not None:
                self._ready.append(following)
        return bool(self._ready)

    def next(self) -> Parcel | None:
        return self._ready.popleft() if self.has_more() else None

    def put_back(self, parcel: Parcel) -> None:
        self._ready.appendleft(parcel)
