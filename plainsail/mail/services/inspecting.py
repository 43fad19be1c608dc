"""Looking outside before a mail leaves: do its links answer, how heavy are its pictures, is it spam. A job, once a revision."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from django.contrib.staticfiles import finders
from django.templatetags.static import static

from plainsail.contacts.models import List
from plainsail.kernel import clock, outside
from plainsail.kernel.ids import new_id
from plainsail.kernel.jobs import job
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import outside_transaction, workspace
from plainsail.mail.models import Email, Inspection, Sender
from plainsail.mail.services import links, origins, previews, senders, spam
from plainsail.mail.services.compiling import Recipient

HREF = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
SRC = re.compile(r'<img\b[^>]*?\bsrc="([^"]*)"')


def inspection_of(email: Email) -> Inspection | None:
    """What was found in a mail as it is now; None where nobody has looked yet."""
    found: Inspection | None = email.inspections.filter(revision=email.revision).first()
    return found


def ask(email: Email) -> Inspection:
    """Have a mail looked at as it is now, once for each revision."""
    made: Inspection
    made, is_new = Inspection.objects.get_or_create(email=email, revision=email.revision)
    if is_new:
        inspect.later(inspection_id=made.id)
    return made


@job("mail.inspect")
@outside_transaction
def inspect(*, workspace_id: UUID, inspection_id: UUID) -> None:
    """Read the mail and commit; look around; write down what was found. A mail that was changed meanwhile is left."""
    at = clock.now()
    with workspace(workspace_id):
        found = (
            Inspection.objects.select_related("email").filter(id=inspection_id, state=Inspection.State.WAITING).first()
        )
        if found is None or found.email.revision != found.revision:
            return
        business = origins.business()
        broadcast = found.email.broadcasts.select_related("sender", "list").first()
        sender = (broadcast.sender if broadcast else None) or senders.default()
        topic = broadcast.list if broadcast else None
        html = previews.show(found.email, business, at=at, topic=topic, sender=sender).html
        message = sample(found.email, business, sender, topic, at=at)
        site = origins.site_of(business)
    looked = links.look_at(targets(html, site))
    weight = image_weight(html, site)
    judged = spam.judge(message)
    with workspace(workspace_id):
        Inspection.objects.filter(id=inspection_id).update(
            state=Inspection.State.DONE,
            links=[{"url": each.url, "verdict": each.verdict.value, "status": each.status} for each in looked],
            image_bytes=weight,
            spam_score=judged.score if judged else None,
            spam_rules=[{"points": p, "rule": r, "text": t} for p, r, t in judged.rules] if judged else [],
            looked_at=clock.now(),
        )


def sample(email: Email, business: Workspace, sender: Sender, topic: List | None, *, at: datetime) -> bytes:
    """A whole message as an example reader would get it: what a spam filter judges. Raises InvalidDocument, Unmailable."""
    origin = origins.origin(business, sender, source_id=UUID(int=0), topic=topic)
    compiled = origins.compile_written(email, origin, language=business.locale)
    way_out = f"{origin.site}/unsubscribe/example/"
    reader = Recipient(
        delivery_id=new_id(),
        contact_id=new_id(),
        name=previews.EXAMPLE["name"],
        address=previews.EXAMPLE["email"],
        values=previews.EXAMPLE,
        unsubscribe_url=way_out,
        preferences_url=f"{origin.site}/preferences/example/",
        one_click_url=way_out,
    )
    return compiled.render(reader, at=at)


def targets(html: str, site: str) -> list[str]:
    """The http(s) addresses that a mail links to, each once, in order; those of the mail's own pages left out."""
    found = dict.fromkeys(unescape(target) for target in HREF.findall(html))
    return [url for url in found if urlsplit(url).scheme in outside.PORTS and not _is_ours(url, site)]


def image_weight(html: str, site: str) -> int | None:
    """Bytes of all pictures of a mail together; None where one of them doesn't say. Talks to the network."""
    pictures = list(dict.fromkeys(unescape(source) for source in SRC.findall(html)))
    drawn = [size for url in pictures if (size := _drawn_size(url, site)) is not None]
    elsewhere = [url for url in pictures if _drawn_size(url, site) is None and urlsplit(url).scheme in outside.PORTS]
    sizes = [each.size for each in links.look_at(elsewhere)]
    known = [size for size in sizes if size is not None]
    return sum(drawn) + sum(known) if len(known) == len(sizes) else None


def _drawn_size(url: str, site: str) -> int | None:
    """Bytes of one of our own drawings, which stand among the static files here."""
    base = urljoin(site, static(""))
    found = finders.find(url.removeprefix(base)) if url.startswith(base) else None
    return Path(found).stat().st_size if isinstance(found, str) else None


def _is_ours(url: str, site: str) -> bool:
    """The ways out and the web version: made anew for each reader."""
    path = url.removeprefix(site)
    return url.startswith(site) and path.startswith(("/unsubscribe/", "/preferences/", "/letter/"))
