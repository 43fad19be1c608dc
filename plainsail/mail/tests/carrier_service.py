"""A mail service that stands in for all of them: an HTTP server on loopback that answers in each one's own shape."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from quopri import decodestring
from urllib.parse import unquote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plainsail.mail.services import carrier_kinds

SIGNING = ec.generate_private_key(ec.SECP256R1())
"""SendGrid's, whose public half its customers get."""
VERIFYING = SIGNING.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

FINE = {
    "brevo": (201, {"messageId": "<1@smtp-relay.example>"}),
    "mailgun": (200, {"id": "<1@mg.example>", "message": "Queued. Thank you."}),
    "mailjet": (200, None),
    "postmark": (200, None),
    "resend": (200, {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}),
    "sendgrid": (202, ""),
    "ses": (200, {"MessageId": "010001"}),
    "sparkpost": (200, {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "11"}}),
}
KEYS = {
    "brevo": {"api_key": "key"},
    "mailgun": {"api_key": "key", "sender_domain": "mg.juniper.example", "webhook_signing_key": "signing-key"},
    "mailjet": {"api_key": "key", "secret_key": "secret"},
    "postmark": {"server_token": "key"},
    "resend": {"api_key": "key", "signing_secret": "whsec_c2VjcmV0LXNpZ25pbmcta2V5"},
    "sendgrid": {"api_key": "key", "tracking_webhook_verification_key": b64encode(VERIFYING).decode()},
    "ses": {"access_key_id": "AKID", "secret_access_key": "secret", "configuration_set_name": "plainsail"},
    "sparkpost": {"api_key": "key"},
}


@dataclass
class Service:
    """What it was asked, and what it says: `answers` in turn, then `answer` again and again."""

    kind: str
    url: str = ""
    requests: list[dict] = field(default_factory=list)
    answers: list = field(default_factory=list)
    answer: object = None
    seconds: float = 0.0

    def says(self, request: dict):
        said = self.answers.pop(0) if self.answers else self.answer
        if said is not None:
            return said(request) if callable(said) else said
        status, body = FINE[self.kind]
        if self.kind == "postmark":
            body = {"ErrorCode": 0, "Message": "OK", "MessageID": f"m-{len(self.requests)}", "To": request["To"]}
        if self.kind == "mailjet":
            to = request["Messages"][0]["To"][0]["Email"]
            body = {"Messages": [{"Status": "success", "To": [{"Email": to, "MessageID": 7, "MessageUUID": "u"}]}]}
        return status, body


@contextmanager
def serving(service: Service):
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                request = json.loads(raw)
            except ValueError:
                request = {"form": unquote_plus(raw.decode())}
            if "Raw" in request.get("Content", ()):
                request["Content"] = decodestring(b64decode(request["Content"]["Raw"]["Data"])).decode(errors="replace")
            service.requests.append({"path": self.path, "body": request, "head": dict(self.headers)})
            said = service.says(request)
            if said == "hang":
                time.sleep(service.seconds)
            if said in ("hang", "hang up"):
                self.close_connection = True
                self.connection.close()
                return
            status, body = said
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Message-ID", "sg-1")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments):
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def service_of(monkeypatch):
    """Makes a kind of service answer on loopback: `service_of("postmark")`."""
    opened = []

    def make(kind: str) -> Service:
        made = serving(Service(kind))
        service = made.__enter__()
        opened.append(made)
        known = carrier_kinds.KINDS[kind]
        regions = dict.fromkeys(known.regions, service.url)
        monkeypatch.setitem(carrier_kinds.KINDS, kind, replace(known, regions=regions))
        return service

    yield make
    for made in opened:
        made.__exit__(None, None, None)
