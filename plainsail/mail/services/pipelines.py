"""Many messages over few kept connections, the next commands on the wire before the last answer is back (RFC 2920).

Blocking sockets, one thread, connections in turn. With DATA one message a connection waits for its answer, while the
envelope of the next is on the wire already; with BDAT (RFC 3030) up to `depth` whole messages do, and all that there is room
for leave in one write. Django-free.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
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
TAKEN = re.compile(rb"2\d\d [^\n]*\n2\d\d [^\n]*\n2\d\d [^\n]*\n(2\d\d) ([^\r\n]*)\r*\n")
"""Four answers of a line each, every one a yes: to RSET, MAIL, RCPT and to the message itself."""


def is_yes(code: int) -> bool:
    """By the first digit, as RFC 5321 §4.2.1 wants it: a server that says 200 or 252 has said yes all the same, and a message
    that it took must not go out again.
    """
    return 200 <= code < 300


def is_go_on(code: int) -> bool:
    """The answer to DATA after which content may follow."""
    return 300 <= code < 400


@dataclass(slots=True)
class Parcel:
    """A message to hand over: bare addresses, content with CRLF line ends and no line that starts with a dot.

    Whoever hands many over takes the content out once it has left.
    """

    delivery_id: UUID
    sender: str
    to: str
    content: bytes
    about: Any = None
    """What its record wants to know it by."""


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
        if self.is_in_trouble:
            source.is_over = True
        while len(self._lines) < (self.most if self._has_accepted else 1) and source.may_go_on():
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
        self._send(line, pieces, [len(content) + 3] if begun is not None else [])
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
        if line.waiting and (len(line.waiting) >= depth or not source.has_more()):
            self._hear_of_chunks(line, record)
        fresh: list[Parcel] = []
        while len(line.waiting) + len(fresh) < depth and (parcel := self._next_fitting(line, source, record)):
            fresh.append(parcel)
        if fresh:
            self._send_chunks(line, fresh, record)

    def _send_chunks(self, line: _Line, fresh: list[Parcel], record: Record) -> None:
        """One write: what the system does for one costs as much as the message itself."""
        line.needs_reset = True  # always: what is on the wire already can't know how the message before ended
        pieces: list[bytes] = []
        ends: list[int] = []
        total = 0
        for parcel in fresh:
            content = parcel.content
            head = self._envelope(line, parcel) + b"BDAT %d LAST\r\n" % len(content)
            pieces += (head, content)
            total += len(head) + len(content)
            ends.append(total)
            record.intend(parcel.delivery_id)
        line.waiting += fresh
        self._send(line, pieces, ends)
        for parcel in fresh:
            parcel.content = (
                b""  # nobody reads it again, and the next ones fit where it stood, in the processor's own memory
            )

    def _hear_of_chunks(self, line: _Line, record: Record) -> None:
        """Waits for what is said to the oldest message under way, and takes what came along about those behind it."""
        if not line.buffer:
            self._receive(line)
        has_heard = False
        while line.waiting:
            if taken := TAKEN.match(line.buffer):
                line.buffer = line.buffer[taken.end() :]
                self._tell(record, line.waiting.popleft(), int(taken[1]), taken[2])
            elif has_heard:
                return
            else:
                self._hear_in_full(line, record)
            has_heard = True

    def _hear_in_full(self, line: _Line, record: Record) -> None:
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

    def _send(self, line: _Line, pieces: list[bytes], ends: Sequence[int] = ()) -> None:
        """All of it. `ends` is where each message's content ends: if it breaks before one was out, the server can't have
        taken that message.
        """
        if not pieces:
            return
        sent, total = 0, sum([len(piece) for piece in pieces])
        try:
            self._flush()
            if not isinstance(line.sock, ssl.SSLSocket):
                sent = line.sock.sendmsg(pieces)
            if sent < total:
                rest = memoryview(b"".join(pieces))
                while sent < total:
                    sent += line.sock.send(rest[sent : sent + 65536])
        except OSError as error:
            if unsent := sum(sent < end for end in ends):
                raise Unsent(unsent, words(error)) from error
            raise

    def _receive(self, line: _Line) -> None:
        """Waits for more to read."""
        self._flush()
        received = line.sock.recv(65536)
        if not received:
            raise Broken("the server closed the connection")
        line.buffer += received
        if len(line.buffer) > MOST_BUFFERED:
            raise Broken("the server talks without end")

    def _reply(self, line: _Line) -> tuple[int, bytes]:
        """The next whole answer, its lines joined (RFC 5321 §4.2.1)."""
        texts: list[bytes] = []
        while True:
            end = line.buffer.find(b"\n")
            if end < 0:
                self._receive(line)
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
        if isinstance(error, Unsent):
            for _message in range(error.messages):
                record.answer(line.waiting.pop(), Answer(fate=Fate.PUT_OFF, reply=words(error)))
        while line.waiting:
            record.answer(line.waiting.popleft(), Answer(fate=Fate.UNKNOWN, reply=words(error)))


class Unsent(OSError):
    """It broke before all of the content of the last `messages` had left."""

    def __init__(self, messages: int, reason: str) -> None:
        super().__init__(reason)
        self.messages = messages


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
        """Whether there is one, that may begin or not."""
        if not self.is_over and not self._ready and (following := next(self._parcels, None)) is not None:
            self._ready.append(following)
        return not self.is_over and bool(self._ready)

    def may_go_on(self) -> bool:
        """Whether there is one that may begin. It is over as soon as one may not."""
        if self.has_more() and not self._may_begin():
            self.is_over = True
        return self.has_more()

    def next(self) -> Parcel | None:
        if not self.has_more():
            return None
        if not self._may_begin():
            self.is_over = True
            return None
        return self._ready.popleft()

    def put_back(self, parcel: Parcel) -> None:
        self._ready.appendleft(parcel)
