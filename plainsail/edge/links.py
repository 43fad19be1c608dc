"""Tracked links and open pixels of mail: `/c/<token>` and `/o/<token>`, on any host.

A link must lead on whatever happens to us: when the database is away, the redirect goes out after a short wait and the
row is written once it is back. Otherwise both are answered after the row's commit.
"""

from __future__ import annotations

from contextlib import suppress

from plainsail.edge import landing, notices
from plainsail.edge.addresses import encoded
from plainsail.edge.intake import Intake, IntakeDown, Unstorable
from plainsail.edge.request import Request
from plainsail.edge.rsgi import Headers
from plainsail.edge.visitors import NOBODY, Visitor, cookie, known_from_now_on, visitor_of
from plainsail.kernel import tokens

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
NEVER_KEEP = ("cache-control", "private, no-store")
PATIENCE = 5.0
"""Seconds a reader waits for a database that restarts before being led on without it."""


async def click(request: Request, *, intake: Intake) -> None:
    """Lead to the address inside the token and record the click; a token that is not ours gets a page saying so.

    HEAD is recorded as what it is: mail scanners use it.
    """
    try:
        workspace_id, delivery_id, contact_id, url = tokens.read_click_hex(request.path[3:])
    except tokens.BadToken:
        notices.broken_link(request)
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
    await _record(request, about, visitor=visitor, intake=intake)
    headers: Headers = [("location", encoded(url)), NEVER_KEEP]
    headers.append(("referrer-policy", "no-referrer"))
    if seen_as.is_passing:
        headers.append(cookie(visitor, request.scheme))
    request.answer(302, headers)


async def opened(request: Request, *, intake: Intake) -> None:
    """Answer with an invisible picture and record that the mail was shown to somebody, or something."""
    try:
        workspace_id, delivery_id, contact_id = tokens.read_open_hex(request.path[3:])
    except tokens.BadToken:
        notices.broken_link(request)
        return
    about = landing.subject(
        workspace_id=workspace_id, kind="open", host=request.host, contact_id=contact_id, delivery_id=delivery_id
    )
    await _record(request, about, visitor=NOBODY, intake=intake)
    request.answer(200, [("content-type", "image/gif"), NEVER_KEEP, ("x-content-type-options", "nosniff")], PIXEL)


async def _record(request: Request, about: str, *, visitor: Visitor, intake: Intake) -> None:
    line = landing.line(request, about, visitor=visitor, payload=landing.payload_of_hit(request))
    with suppress(IntakeDown, Unstorable):
        await intake.commit(line, patience=PATIENCE, keep=True)
