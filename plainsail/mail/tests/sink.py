"""A mail server for tests that kill things: takes everything, and writes each recipient down before it says so.

`python -m plainsail.mail.tests.sink LOG`: prints its port, appends a line `address message-id` to LOG for each message.
PIPELINING and CHUNKING; one thread.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

HELLO = b"250-sink.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 52428800\r\n"
MESSAGE_ID = re.compile(rb"(?im)^message-id: <([^>]*)>")


@dataclass
class Peer:
    sock: socket.socket
    buffer: bytes = b""
    to: bytes = b""
    mode: str = "commands"
    left: int = 0
    is_over: bool = False


class Sink:
    """The server; `serve` never returns."""

    def __init__(self, log: Path) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        while True:
            for key, _events in self.selector.select():
                if key.data is None:
                    sock, _address = self.listener.accept()
                    sock.sendall(b"220 sink.test ESMTP\r\n")
                    self.selector.register(sock, selectors.EVENT_READ, Peer(sock))
                elif not self._hear(key.data):
                    self.selector.unregister(key.data.sock)
                    key.data.sock.close()

    def _hear(self, peer: Peer) -> bool:
        try:
            received = peer.sock.recv(262144)
            if not received:
                return False
            peer.buffer += received
            answers = b"".join(self._answers(peer))
            if answers:
                peer.sock.sendall(answers)
        except OSError:
            return False
        return not peer.is_over

    def _answers(self, peer: Peer) -> list[bytes]:
        found: list[bytes] = []
        while True:
            if peer.mode == "content":
                end = peer.buffer.find(b"\r\n.\r\n")
                if end < 0:
                    return found
                found.append(self._taken(peer, peer.buffer[:end]))
                peer.buffer = peer.buffer[end + 5 :]
            elif peer.mode == "chunk":
                if len(peer.buffer) < peer.left:
                    return found
                found.append(self._taken(peer, peer.buffer[: peer.left]))
                peer.buffer = peer.buffer[peer.left :]
            else:
                line, ended, rest = peer.buffer.partition(b"\r\n")
                if not ended:
                    return found
                peer.buffer = rest
                if answer := self._command(peer, line):
                    found.append(answer)

    def _taken(self, peer: Peer, content: bytes) -> bytes:
        peer.mode = "commands"
        named = MESSAGE_ID.search(content)
        os.write(self.log, peer.to + b" " + (named[1] if named else b"-") + b"\n")
        return b"250 2.0.0 taken\r\n"

    def _command(self, peer: Peer, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            peer.to = line.partition(b"<")[2].partition(b">")[0]
        elif verb == b"DATA":
            peer.mode = "content"
            return b"354 go on\r\n"
        elif verb == b"BDAT":
            peer.mode, peer.left = "chunk", int(line.split()[1])
            return b""
        elif verb == b"EHLO":
            return HELLO
        elif verb == b"QUIT":
            peer.is_over = True
        return b"250 2.0.0 ok\r\n"


if __name__ == "__main__":
    sink = Sink(Path(sys.argv[1]))
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()
