"""Many messages over few connections: each one's fate is known, whatever the server says and whenever it goes away."""

from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from plainsail.kernel.ids import new_id
from plainsail.mail.services.pipelines import Parcel, Pool
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.smtp import Fate, Server, Unreachable

PIPELINING = ("PIPELINING",)
CHUNKING = ("PIPELINING", "CHUNKING")


class Scripted:
    """A server that answers as told: by recipient, at MAIL, RCPT, DATA or after the content (`end`), else yes."""

    def __init__(self, features=PIPELINING, answers=None, hangs_up=(), *, wants_any_content=False):
        self.wants_any_content = wants_any_content
        self.features, self.answers, self.hangs_up = features, answers or {}, set(hangs_up)
        self.taken: list[tuple[str, bytes]] = []
        self.commands: list[str] = []
        self.connections = 0

    def serve(self, connection):  # noqa: C901 - a whole server, read from top to bottom
        self.connections += 1
        sent, buffer, to = connection.sendall, b"", ""
        sent(b"220 scripted\r\n")

        def read_line():
            nonlocal buffer
            while b"\r\n" not in buffer:
                buffer += connection.recv(65536) or (_ for _ in ()).throw(OSError())
            line, _end, buffer = buffer.partition(b"\r\n")
            return line

        def read(length):
            nonlocal buffer
            while len(buffer) < length:
                buffer += connection.recv(65536) or (_ for _ in ()).throw(OSError())
            content, buffer = buffer[:length], buffer[length:]
            return content

        while True:
            line = read_line()
            self.commands.append(line.decode())
            verb = line[:4].upper()
            if verb == b"EHLO":
                lines = ["scripted", *self.features]
                sent(
                    "".join(f"250{'-' if n < len(lines) - 1 else ' '}{one}\r\n" for n, one in enumerate(lines)).encode()
                )
                continue
            if verb == b"RCPT":
                to = line.decode().partition("<")[2].partition(">")[0]
            if verb in (b"DATA", b"BDAT"):
                if verb == b"DATA" and (to, "RCPT") in self.answers and not self.wants_any_content:
                    sent(b"503 5.5.1 no recipients\r\n")
                    continue
                if verb == b"DATA" and "DATA" in self.answers:
                    sent(self.answers["DATA"].encode() + b"\r\n")
                    continue
                if verb == b"DATA":
                    sent(b"354 go on\r\n")
                    content = b""
                    while (one := read_line()) != b".":
                        content += one + b"\r\n"
                else:
                    content = read(int(line.split()[1]))
                if to in self.hangs_up:
                    self.hangs_up.discard(to)
                    connection.close()
                    return
                told = self.answers.get((to, "end")) or (self.answers.get((to, "RCPT")) and "503 5.5.1 no recipients")
                if not told:
                    self.taken.append((to, content))
                sent((told or "250 2.0.0 taken").encode() + b"\r\n")
                if told and told.startswith("421"):
                    connection.close()
                    return
                continue
            told = self.answers.get((to, verb.decode())) if verb == b"RCPT" else self.answers.get(verb.decode())
            sent((told or "250 ok").encode() + b"\r\n")
            if verb == b"QUIT":
                return


@contextmanager
def running(script):
    listening = socket.create_server(("127.0.0.1", 0))
    threads = deque()

    def accept():
        with suppress(OSError):
            while True:
                connection, _address = listening.accept()
                thread = threading.Thread(target=talk, args=[connection], daemon=True)
                thread.start()
                threads.append(thread)

    def talk(connection):
        with suppress(OSError), connection:
            script.serve(connection)

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield Server(host="127.0.0.1", port=listening.getsockname()[1], security="smtp")
    with suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    accepting.join(5)
    for thread in threads:
        thread.join(5)


class Record:
    def __init__(self):
        self.intended, self.fates, self.answers = [], {}, {}

    def intend(self, delivery_id):
        self.intended.append(delivery_id)

    def answer(self, parcel, answer):
        assert parcel.to not in self.fates, "a message has one fate"
        self.fates[parcel.to], self.answers[parcel.to] = answer.fate, answer

    def flush(self): ...


def parcels(number, *, size=200):
    return [
        Parcel(
            new_id(), "a@example.com", f"r{each}@example.com", b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n" * (size // 2)
        )
        for each in range(number)
    ]


def hand_over(script, letters, **options):
    record = Record()
    uses_chunks = "CHUNKING" in script.features
    with running(script) as server:
        pool = Pool(server, uses_chunks=uses_chunks, **options)
        try:
            pool.hand_over(letters, record)
        finally:
            pool.close()
    return record


@pytest.mark.parametrize("features", [(), PIPELINING, CHUNKING])
def test_everything_arrives_once_and_whole(features):
    script, letters = Scripted(features), parcels(60)
    written = sorted((one.to, one.content) for one in letters)
    record = hand_over(script, letters)
    assert sorted(script.taken) == written
    assert set(record.fates.values()) == {Fate.ACCEPTED}
    assert len(record.intended) == 60


@pytest.mark.parametrize("features", [(), PIPELINING, CHUNKING])
def test_a_refused_recipient_costs_the_others_nothing(features):
    answers = {("r7@example.com", "RCPT"): "550 5.1.1 unknown user", ("r9@example.com", "RCPT"): "450 4.2.1 busy"}
    script = Scripted(features, answers)
    record = hand_over(script, parcels(20))
    assert len(script.taken) == 18
    assert record.answers["r7@example.com"].cause == Cause.HARD
    assert record.fates["r9@example.com"] == Fate.PUT_OFF
    assert sum(fate == Fate.ACCEPTED for fate in record.fates.values()) == 18


@pytest.mark.parametrize("features", [(), PIPELINING, CHUNKING])
def test_a_yes_in_an_unusual_number_is_a_yes_and_nothing_goes_out_again(features):
    """RFC 5321 §4.2.1: the first digit says it. Taken for a no, such a message was sent again for three days."""
    script = Scripted(
        features, {("r1@example.com", "end"): "200 fine", ("r2@example.com", "end"): "251 will forward it"}
    )
    record = hand_over(script, parcels(6))
    assert set(record.fates.values()) == {Fate.ACCEPTED}


@pytest.mark.parametrize("features", [(), PIPELINING])
def test_an_answer_to_a_whole_message_that_is_neither_yes_nor_no_leaves_it_uncertain(features):
    script = Scripted(features, {("r1@example.com", "end"): "354 go on"})
    record = hand_over(script, parcels(6))
    assert record.fates.pop("r1@example.com") == Fate.UNKNOWN
    assert list(record.fates.values()) == [Fate.ACCEPTED] * 5


@pytest.mark.parametrize("features", [(), PIPELINING])
def test_a_server_that_says_yes_but_waits_for_no_content_gets_none_and_is_left_alone(features):
    script = Scripted(features, {"DATA": "250 ok"})
    record = hand_over(script, parcels(6))
    assert (set(record.fates.values()), len(record.fates), record.intended) == ({Fate.PUT_OFF}, 3, [])
    assert not [each for each in script.commands if each.startswith(("Subject", "y"))]


def test_a_server_that_wants_content_for_a_refused_recipient_gets_none():
    answers = {("r3@example.com", "RCPT"): "550 5.1.1 unknown user"}
    script = Scripted(PIPELINING, answers, wants_any_content=True)
    record = hand_over(script, parcels(8))
    assert record.answers["r3@example.com"].cause == Cause.HARD
    assert len(script.taken) == 7


@pytest.mark.parametrize("features", [PIPELINING, CHUNKING])
def test_a_connection_that_dies_leaves_at_most_what_was_on_the_wire_unknown(features):
    script = Scripted(features, hangs_up={"r20@example.com"})
    record = hand_over(script, parcels(60), connections=3, depth=4)
    unknown = [to for to, fate in record.fates.items() if fate == Fate.UNKNOWN]
    assert "r20@example.com" in unknown
    assert len(unknown) <= (1 if features == PIPELINING else 4)
    arrived = {to for to, _content in script.taken}
    assert {to for to, fate in record.fates.items() if fate == Fate.ACCEPTED} <= arrived
    assert len(record.fates) == 60
    assert not {to for to, fate in record.fates.items() if fate == Fate.PUT_OFF} & arrived


class Breaking:
    """A connection that takes so many bytes and then breaks."""

    def __init__(self, takes):
        self.left = takes

    def settimeout(self, _seconds): ...

    def setsockopt(self, *_option): ...

    def close(self): ...

    def send(self, data):
        if not self.left:
            raise BrokenPipeError
        taken = min(self.left, len(data))
        self.left -= taken
        return taken

    def sendmsg(self, pieces):
        return self.send(b"".join(pieces))


def test_of_several_messages_in_one_write_only_those_that_left_whole_are_unknown_when_it_breaks():
    letters, record = parcels(4), Record()
    # With their commands they are some 350 bytes each: the second breaks off half-way.
    line = SimpleNamespace(release=lambda: (Breaking(550), {"chunking": "", "pipelining": ""}))
    server = Server(host="127.0.0.1", port=25, security="smtp")
    pool = Pool(server, connections=1, depth=4, uses_chunks=True, open_one=lambda _server: line)
    pool._has_accepted = True
    pool.hand_over(letters, record)
    assert [record.fates[f"r{number}@example.com"] for number in range(4)] == [Fate.UNKNOWN, *[Fate.PUT_OFF] * 3]
    assert len(record.intended) == 4


def test_what_can_not_be_written_down_does_not_leave():
    class Full(Record):
        def flush(self):
            if self.intended and not self.fates:
                raise OSError("no space left on device")

    record, sock = Full(), Breaking(100_000)
    line = SimpleNamespace(release=lambda: (sock, {"chunking": "", "pipelining": ""}))
    server = Server(host="127.0.0.1", port=25, security="smtp")
    pool = Pool(server, connections=1, uses_chunks=True, open_one=lambda _server: line)
    pool._has_accepted = True
    pool.hand_over(parcels(3), record)
    assert (sock.left, set(record.fates.values())) == (100_000, {Fate.PUT_OFF})


def test_goodbye_puts_that_message_off_and_the_rest_goes_over_another_connection():
    script = Scripted(PIPELINING, {("r5@example.com", "end"): "421 4.7.0 slow down"})
    record = hand_over(script, parcels(12), connections=1)
    assert record.fates["r5@example.com"] == Fate.PUT_OFF
    assert (len(script.taken), script.connections) == (11, 2)


def test_a_sender_that_is_refused_again_and_again_is_not_tried_on_and_on():
    script = Scripted(PIPELINING, {"MAIL": "550 5.7.1 blocked"})
    record = hand_over(script, parcels(50))
    assert len(record.fates) == 3
    assert {answer.cause for answer in record.answers.values()} == {Cause.SENDER_REPUTATION}
    assert script.connections == 1


def test_what_a_server_can_not_take_is_refused_before_it_is_sent():
    script, letters = Scripted((*PIPELINING, "SIZE 500")), parcels(4)
    letters[1] = Parcel(new_id(), "a@example.com", "big@example.com", b"x" * 600 + b"\r\n")
    letters[2] = Parcel(new_id(), "a@example.com", "grüße@example.com", b"Subject: x\r\n\r\n")
    record = hand_over(script, letters)
    assert record.fates["big@example.com"] == record.fates["grüße@example.com"] == Fate.REFUSED
    assert len(script.taken) == 2
    assert f"MAIL FROM:<a@example.com> SIZE={len(letters[0].content)}" in script.commands


def test_addresses_outside_ascii_go_to_servers_that_know_them():
    script = Scripted((*PIPELINING, "SMTPUTF8", "8BITMIME"))
    letters = [Parcel(new_id(), "a@example.com", "grüße@example.com", "Subject: ü\r\n\r\n".encode())]
    record = hand_over(script, letters)
    assert record.fates == {"grüße@example.com": Fate.ACCEPTED}
    assert "MAIL FROM:<a@example.com> BODY=8BITMIME SMTPUTF8" in script.commands


def test_what_may_not_begin_is_left_alone():
    script, record, letters = Scripted(), Record(), parcels(30)
    left = iter([True] * 20)
    with running(script) as server:
        pool = Pool(server)
        pool.hand_over(letters, record, may_begin=lambda: next(left, False))
        pool.close()
    assert 0 < len(record.fates) < 30
    assert len(script.taken) == len(record.fates)


def test_no_server_at_all_is_out_of_reach():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(Unreachable):
        Pool(Server(host="127.0.0.1", port=port, security="smtp")).hand_over(parcels(2), Record())


def test_a_pool_is_used_again_after_the_server_closed_what_idled():
    script, record = Scripted(), Record()
    with running(script) as server:
        pool = Pool(server, connections=1)
        pool.hand_over(parcels(3), record)
        for line in pool._lines:
            line.sock.shutdown(socket.SHUT_RDWR)
        later = Record()
        pool.hand_over(parcels(3), later)
        pool.close()
    assert set(later.fates.values()) == {Fate.ACCEPTED}
    assert len(script.taken) == 6
