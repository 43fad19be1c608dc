"""Tracked links and open pixels of mail: `/c/<token>` and `/o/<token>`, on any host.

A link must lead on whatever happens to us: when the database is away, the redirect goes out after a short wait and the
row is written once it is back. Otherwise both are answered after the row's commit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from plainsail.edge import landing, notices
from plainsail.edge.addresses import encoded
from plainsail.edge.intake import Intake, IntakeDown
from plainsail.edge.request import Request
from plainsail.edge.rsgi import Headers
from plainsail.edge.visitors import NOBODY, Visitor, cookie, known_from_now_on, visitor_of
from plainsail.kernel import tokens

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
NEVER_KEEP = ("cache-control", "private, no-store")
PICTURE: Headers = [("content-type", "image/gif"), NEVER_KEEP, ("x-content-type-options", "nosniff")]
PATIENCE = 5.0
"""Seconds a reader waits for a database that restarts before being led on without it."""


Answered = Callable[[Request], None]
"""Told of each request that has been answered."""


def click(request: Request, *, intake: Intake, answered: Answered) -> None:
    """Lead to the address inside the token and record the click; a token that is not ours gets a page saying so.

    HEAD is recorded as what it is: mail scanners use it.
    """
    try:
        workspace_id, delivery_id, contact_id, url = tokens.read_click_hex(request.path[3:])
    except tokens.BadToken:
        _refuse(request, answered)
        return
    seen_as = visitor_of(request)
    visitor = known_from_now_on() if seen_as.is_passing else seen_as
    about = landing.subject(
        workspace_id=workspace_id,
        kind="click",
        host=request.host,
        contact_id=contact_id,
        delivery_id=delivery_id,
        url=url,
    )
    headers: Headers = [("location", encoded(url)), NEVER_KEEP]
    headers.append(("referrer-policy", "no-referrer"))
    if seen_as.is_passing:
        headers.append(cookie(visitor, request.scheme))
    _record(
        request, about, visitor=visitor, intake=intake, then=lambda: request.answer(302, headers), answered=answered
    )


def opened(request: Request, *, intake: Intake, answered: Answered) -> None:
    """Answer with an invisible picture and record that the mail was shown to somebody, or something."""
    try:
        workspace_id, delivery_id, contact_id = tokens.read_open_hex(request.path[3:])
    except tokens.BadToken:
        _refuse(request, answered)
        return
    about = landing.subject(
        workspace_id=workspace_id, kind="open", host=request.host, contact_id=contact_id, delivery_id=delivery_id
    )
    then = partial(request.answer, 200, PICTURE, PIXEL)
    _record(request, about, visitor=NOBODY, intake=intake, then=then, answered=answered)


def _record(
    request: Request,
    about: str,
    *,
    visitor: Visitor,
    intake: Intake,
    then: Callable[[], None],
    answered: Answered,
) -> None:
    line = landing.line(request, about, visitor=visitor, payload=landing.payload_of_hit(request))

    def lead_on(_error: Exception | None = None) -> None:
        then()
        answered(request)

    try:
        intake.take(line, tell=lead_on, patience=PATIENCE, keep=True)
    except IntakeDown:
        lead_on()


def _refuse(request: Request, answered: Answered) -> None:
    notices.broken_link(request)
    answered(request)
