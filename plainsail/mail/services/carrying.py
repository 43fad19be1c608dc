"""Messages handed over to a mail service by its API, several at a time over kept connections.

Stands where `pipelines.Pool` does: the same messages come in, the same record is told their fates. The message is written
once, as for a mail server, and taken apart again here, so that a service gets what a server would have got. Each message
is a request of its own: every one differs, and a service's own templates would have to be trusted to fill them alike.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage as Parsed
from email.policy import default
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from django.core.mail import EmailMultiAlternatives

from plainsail.kernel.lazily import Lazily
from plainsail.mail.models import Carrier
from plainsail.mail.services import carrier_kinds, carrier_ses, carriers, return_paths
from plainsail.mail.services.pipelines import Parcel, Record
from plainsail.mail.services.replies import Cause
from plainsail.mail.services.smtp import Answer, Fate, said

if TYPE_CHECKING:
    import requests
    from anymail import exceptions
else:
    exceptions, requests = Lazily("anymail.exceptions"), Lazily("requests")

logger = logging.getLogger("plainsail.mail")

PATIENCE = 3
"""Messages put off one after the other until the rest is left for later."""
ENOUGH_REFUSALS = 3
"""Refusals before anything was accepted until nothing more is handed over: then it is not the messages."""
TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and to answer."""
OWN = frozenset(
    {"from", "to", "reply-to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding"}
)
"""Headers that a service writes itself, from what it is told."""
NO_SUCH_LETTERS = "Mail services take no address with letters beyond ASCII before the @ (SMTPUTF8)."
"""None of them says that it hands such an address on as it is (RFC 6531), and altered it would be somebody else's."""
BUSY = frozenset({408, 425, 429, 503})
"""It surely took nothing, and may later."""
NOT_US = frozenset({401, 402, 403, 404})
"""It doesn't know the key, or lets it send nothing: no message's fault."""


class CarrierPool:
    """Kept connections to one service. `hand_over` as often as needed, `close` at the end."""

    def __init__(self, carrier: Carrier, *, connections: int, patience: int = PATIENCE) -> None:
        """Raises BadToken where its keys can't be opened."""
        self.workspace_id = carrier.workspace_id
        self.kind = carrier.kind
        self.most = connections
        self.patience = patience
        self.is_refused = False
        self.troubles = 0
        self.trouble = ""
        """What it said last when it took nothing."""
        self._options = options_of(carrier.kind, carriers.settings_of(carrier))
        self._executor = ThreadPoolExecutor(connections)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _number in range(connections):
            self._free.put(_opened(carrier.kind, self._options))
        self._has_accepted = False
        self._refusals = 0

    @property
    def is_in_trouble(self) -> bool:
        return self.troubles >= self.patience

    def hand_over(
        self, parcels: Iterable[Parcel], record: Record, *, may_begin: Callable[[], bool] = lambda: True
    ) -> None:
        """Hand messages over and tell the record each one's fate. What it isn't told of has not been begun."""
        self.troubles = 0
        source, is_over = iter(parcels), False
        waiting: dict[Future[Answer], Parcel] = {}
        while True:
            # One until a first has been accepted: a service that knows our key no more is not asked eight times.
            while not is_over and len(waiting) < (self.most if self._has_accepted else 1):
                parcel = next(source, None) if self._may_go_on() and may_begin() else None
                if parcel is None:
                    is_over = True
                    break
                if not parcel.to.isascii():
                    record.answer(parcel, Answer(fate=Fate.REFUSED, reply=NO_SUCH_LETTERS, cause=Cause.MESSAGE_FAULT))
                    continue
                record.intend(parcel.delivery_id)
                record.flush()
                waiting[self._executor.submit(self._carry, parcel)] = parcel
            if not waiting:
                return
            for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                self._tell(record, waiting.pop(done), done.result())
            record.flush()

    def close(self) -> None:
        self._executor.shutdown()
        with suppress(Empty):
            while True:
                self._free.get_nowait().close()

    def _may_go_on(self) -> bool:
        return not self.is_refused and not self.is_in_trouble

    def _tell(self, record: Record, parcel: Parcel, answer: Answer) -> None:
        if answer.fate == Fate.ACCEPTED:
            self._has_accepted, self._refusals, self.troubles, self.trouble = True, 0, 0, ""
        elif answer.fate == Fate.REFUSED:
            self._refusals += 1
            self.is_refused = not self._has_accepted and self._refusals >= ENOUGH_REFUSALS
            if not self._has_accepted:
                self.trouble = answer.reply
        else:
            self.troubles = self.patience if answer.cause == Cause.SENDER_REPUTATION else self.troubles + 1
            self.trouble = answer.reply
        if answer.fate != Fate.REFUSED and answer.cause is not None:
            answer = Answer(fate=answer.fate, reply=answer.reply)
        record.answer(parcel, answer)

    def _carry(self, parcel: Parcel) -> Answer:
        message = message_of(parcel, mark=return_paths.token(self.workspace_id, parcel.delivery_id))
        backend = self._free.get()  # there are as many as threads, so one is free
        try:
            backend.send_messages([message])
        except exceptions.AnymailRecipientsRefused as refused:
            return refusal(self.kind, refused)
        except (exceptions.AnymailInvalidAddress, exceptions.AnymailUnsupportedFeature) as error:
            return Answer(fate=Fate.REFUSED, reply=_line(f"{self.kind}: {error}"), cause=Cause.MESSAGE_FAULT)
        except exceptions.AnymailAPIError as error:
            return answer_to(self.kind, error, has_accepted=self._has_accepted)
        finally:
            self._free.put(backend)
        return _taken(self.kind, message)


def _opened(kind: str, options: Mapping[str, Any]) -> Any:
    """A connection that sends one message at a time."""
    with warnings.catch_warnings():
        # anymail says of SendGrid that it is tested no more; our contract tests do that.
        warnings.simplefilter("ignore", exceptions.AnymailNotSupportedWarning)
        backend = carrier_kinds.backend_of(kind)(**options)
    backend.open()
    return backend


def options_of(kind: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """What anymail's backend of a service is made with."""
    known = carrier_kinds.KINDS[kind]
    given = {name: settings[name] for each in known.settings if settings.get(name := each.name)}
    region = settings.get(carriers.REGION, "")
    region = region if region in known.regions else next(iter(known.regions))
    for name in known.hook_settings:
        given.pop(name, None)
    return {**known.options(given, region, known.regions[region], TIMEOUT), "ignore_unsupported_features": True}


def message_of(parcel: Parcel, *, mark: str) -> EmailMultiAlternatives:
    """The message as Django has it, with the mark that the service's reports will carry."""
    # As DATA carries it, leading dots are doubled.
    content = parcel.content.replace(b"\r\n..", b"\r\n.")
    parsed = message_from_bytes(content, policy=default)
    assert isinstance(parsed, Parsed), "that policy makes no other"
    made = EmailMultiAlternatives(
        subject=str(parsed["Subject"] or ""),
        body=_text(parsed, "plain"),
        from_email=str(parsed["From"]),
        to=[str(parsed["To"] or parcel.to)],
        reply_to=[str(parsed["Reply-To"])] if parsed["Reply-To"] else [],
        headers={name: str(value) for name, value in parsed.items() if name.lower() not in OWN},
    )
    if html := _text(parsed, "html"):
        made.attach_alternative(html, "text/html")
    for part in parsed.iter_attachments():
        made.attach(part.get_filename("attachment"), part.get_content(), part.get_content_type())
    for name, value in {"metadata": {carrier_kinds.ROW: mark}, "track_opens": False, "track_clicks": False}.items():
        setattr(made, name, value)  # anymail reads its own options off the message
    return made


def answer_to(kind: str, error: Any, *, has_accepted: bool) -> Answer:
    """What a failed request means for its message. With fate PUT_OFF a cause says that no other message fares better.

    Only where it is sure that nothing was taken may the message go out again: an answer that never came, one that can't be
    read, or a server's failure in the middle of it leaves the message uncertain.
    """
    words = _line(f"{kind}: {error}")
    status = _status_of(error)
    if status is None:
        return Answer(fate=Fate.PUT_OFF if _never_left(error) else Fate.UNKNOWN, reply=words)
    if status in NOT_US:
        return Answer(fate=Fate.PUT_OFF, reply=words, cause=Cause.SENDER_REPUTATION)
    if status in BUSY:
        return Answer(fate=Fate.PUT_OFF, reply=words)
    if 400 <= status < 500:
        cause = Cause.MESSAGE_FAULT if has_accepted else Cause.SENDER_REPUTATION
        return Answer(fate=Fate.REFUSED, reply=words, cause=cause)
    return Answer(fate=Fate.UNKNOWN, reply=words)


def _status_of(error: Any) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return carrier_ses.status_of(response)
    status: int | None = getattr(error, "status_code", None)
    return status


def _never_left(error: Any) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError):
        return True
    cause = error.__cause__
    return carrier_ses.never_left(cause) or (
        isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in repr(cause)
    )


def refusal(kind: str, refused: Any) -> Answer:
    """It wants to write to this address no more, or calls it none."""
    status = getattr(refused.email_message, "anymail_status", None)
    states = getattr(status, "status", None) or set()
    cause = Cause.HARD if states == {"invalid"} else Cause.MESSAGE_FAULT
    return Answer(fate=Fate.REFUSED, reply=_line(f"{kind}: {refused}"), cause=cause)


def _taken(kind: str, message: EmailMultiAlternatives) -> Answer:
    status = message.anymail_status  # type: ignore[attr-defined]  # anymail writes it there
    states = status.status or set()
    reply = _line(f"{kind}: {' '.join(sorted(map(str, states)))} {status.message_id or ''}")
    if states and states <= {"sent", "queued"}:
        return Answer(fate=Fate.ACCEPTED, reply=reply)
    if states & {"invalid", "rejected", "failed"}:
        return Answer(fate=Fate.REFUSED, reply=reply, cause=Cause.MESSAGE_FAULT)
    return Answer(fate=Fate.UNKNOWN, reply=reply)


def _text(parsed: Parsed, sort: str) -> str:
    part = parsed.get_body((sort,))
    return str(part.get_content()) if part is not None else ""


def _line(text: str) -> str:
    return " ".join(said(0, text.encode()).removeprefix("0 ").split())
