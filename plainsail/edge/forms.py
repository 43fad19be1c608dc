"""Form posts of published pages: `POST /f/<form id>` on a site's host.

The row of a post that is taken is committed before the visitor is thanked. A post that is not taken, for whatever
reason, goes to web as it is.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from plainsail.edge import form_rules, landing, notices, splits
from plainsail.edge.addresses import encoded
from plainsail.edge.body import Body
from plainsail.edge.form_rules import Posted
from plainsail.edge.hosts import Host
from plainsail.edge.intake import Intake, IntakeDown, Unstorable
from plainsail.edge.request import Request, host_name
from plainsail.edge.rsgi import Headers
from plainsail.edge.snapshots import FormPage, Snapshots
from plainsail.edge.splits import BESIDE
from plainsail.edge.visitors import Visitor, cookie, visitor_of
from plainsail.kernel import tokens

LARGEST_POST = 64 * 1024
PATIENCE = 10.0
URLENCODED = "application/x-www-form-urlencoded"


def is_urlencoded(request: Request) -> bool:
    content_type: str = request.headers.get("content-type") or ""
    return content_type.partition(";")[0].strip().lower() == URLENCODED


async def answer(request: Request, host: Host, body: Body, *, snapshots: Snapshots, intake: Intake) -> bool:
    """Take the post and thank, or return False to have web judge it. Raises DatabaseDown.

    The answer is 303 after the row's commit, 400 for a body that is no form, 503 when it could not be stored.
    """
    try:
        posted = form_rules.read(body.whole())
    except form_rules.Unreadable:
        notices.unreadable(request)
        return True
    page = await snapshots.forms(host, _path_of_page(request, posted))
    form_id = request.path.removeprefix("/f/")
    if page is None or form_id not in page.forms:
        return False
    accepted = form_rules.accept(posted, page.forms[form_id])
    thanks = _thanks(accepted.thank_you) if accepted else ""
    if accepted is None or not thanks:
        return False
    seen_as = visitor_of(request)
    visitor = await _known(request, host, page, snapshots) if seen_as.is_passing else seen_as
    line = _line(request, host, page, form_id, accepted, visitor=visitor, seen_as=seen_as)
    try:
        await intake.commit(line, patience=PATIENCE)
    except IntakeDown:
        notices.not_stored(request)
        return True
    except Unstorable:
        return False
    headers: Headers = [("location", thanks), ("cache-control", "private, no-store")]
    if seen_as.is_passing:
        headers.append(cookie(visitor, request.scheme))
    request.answer(303, headers)
    return True


async def _known(request: Request, host: Host, page: FormPage, snapshots: Snapshots) -> Visitor:
    """Who sends a form makes themselves known; of a tested page they go on seeing the variant that it stood on."""
    shown = page if page.split else await snapshots.forms(host, page.path)
    return splits.known(shown.split if shown else None, request)


def _line(
    request: Request,
    host: Host,
    page: FormPage,
    form_id: str,
    accepted: form_rules.Accepted,
    *,
    visitor: Visitor,
    seen_as: Visitor,
) -> str:
    assert host.workspace_id is not None
    about = landing.subject(
        workspace_id=host.workspace_id.hex, kind="form", host=host.name, page_id=page.page_id.hex, path=page.path
    )
    more = {"seen_as": seen_as.id} if seen_as.is_passing else {}
    payload = landing.payload(request, form_id=form_id, version=accepted.version, values=accepted.values, **more)
    return landing.line(request, about, visitor=visitor, payload=payload, full_address=True)


def _path_of_page(request: Request, posted: Posted) -> str:
    """Where the form stood: its hidden field says so, else the page the browser came from."""
    if (variant := posted.get("_variant")) and variant[0].startswith(BESIDE):
        return variant[0]
    if named := posted.get("_page"):
        return named[0]
    try:
        referrer = urlsplit(request.headers.get("referer") or "")
    except ValueError:
        return ""
    return referrer.path or "/" if host_name(referrer.netloc) == request.host else ""


def _thanks(target: str) -> str:
    """The Location to thank at: a path of this host or an https address; empty for anything else."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return encoded(target) if is_path or (target.startswith("https://") and tokens.is_target(target)) else ""
