import mailbox
import signal
import smtplib
import socket
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from plainsail.cli.tests.running import COMMAND, eventually, free_port


@pytest.fixture
def port(surroundings):
    """The port of a running catcher; it is stopped by a signal, as its supervisor would."""
    number = free_port()
    process = subprocess.Popen(
        [*COMMAND, "mailcatcher", "--port", str(number)], env=surroundings, stderr=subprocess.PIPE
    )

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", number)) == 0

    eventually(answers)
    yield number
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def caught(data_dir):
    return list(mailbox.Maildir(data_dir / "mailbox", create=False))


def test_a_mail_is_kept_byte_by_byte_with_its_envelope(port, data_dir):
    content = "From: Ada <ada@example.com>\r\nSubject:  two  spaces \r\n\r\nGrüße\r\n.\r\nFrom here on\r\n".encode()
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("bounce+1@example.com", ["ben@example.com", "cleo@example.com"], content)
    (path,) = (data_dir / "mailbox" / "new").iterdir()
    envelope = (
        "X-Envelope-From: bounce+1@example.com",
        "X-Envelope-To: ben@example.com",
        "X-Envelope-To: cleo@example.com",
    )
    assert path.read_bytes() == "".join(f"{line}\r\n" for line in envelope).encode() + content


def test_bounces_and_addresses_with_umlauts_are_kept(port, data_dir):
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        client.mail("", ["SMTPUTF8"])
        client.rcpt("jürgen@müller.example")
        client.data(b"Subject: returned\r\n\r\n")
    (message,) = caught(data_dir)
    assert message.as_bytes().startswith("X-Envelope-From: <>\nX-Envelope-To: jürgen@müller.example\n".encode())


def test_many_mails_on_one_connection_are_all_kept(port, data_dir):
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in range(50):
            message = EmailMessage()
            message["Subject"] = f"number {number}"
            client.send_message(message, "a@example.com", "b@example.com")
    assert {message["Subject"] for message in caught(data_dir)} == {f"number {number}" for number in range(50)}


def test_a_mail_that_is_too_large_is_refused_and_the_next_one_taken(port, data_dir):
    with smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            client.sendmail("a@example.com", ["b@example.com"], b"x: y\r\n\r\n" + b"z" * 998 * 42_500)
        assert refused.value.smtp_code in {500, 552}
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@example.com", ["b@example.com"], b"Subject: small\r\n\r\n")
    assert [message["Subject"] for message in caught(data_dir)] == ["small"]


def test_it_listens_on_loopback_only(port):
    listening = [
        line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
    ]
    assert [address for address in listening if int(address.split(":")[1], 16) == port] == [f"0100007F:{port:04X}"]


def test_garbage_does_not_end_it(port, data_dir):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"\x00\xff\r\n" * 100 + b"DATA\r\n.\r\n" + b"A" * 100_000)
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("a@example.com", ["b@example.com"], b"Subject: still here\r\n\r\n")
    assert [message["Subject"] for message in caught(data_dir)] == ["still here"]
