"""What the team hears by mail about contracts, where it wants to."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from plainsail.accounts.models import Membership, Role
from plainsail.accounts.services import hosts
from plainsail.commerce.services import clocks
from plainsail.kernel.periods import local_date
from plainsail.mail.services import letters, notices, transactional
from plainsail.subscriptions.models import CancellationRequest

UNMATCHED = "subscriptions.team_unmatched"


def tell_unmatched(request: CancellationRequest, *, at: datetime) -> None:
    """Tell the owners that somebody has to say whose declaration one is: once a day, however many there are."""
    business = request.workspace
    if not notices.is_on(UNMATCHED):
        return
    with override(business.locale):
        subject, words = _words()
        said = notices.said(UNMATCHED, subject=subject, paragraphs=[words], values={})
        page = hosts.app_url(f"/w/{business.slug}/sales/cancellations/")
        letter = letters.letter(
            said.subject,
            said.paragraphs,
            rows=[(_("Reference"), request.reference)],
            button=(_("Look at them"), page),
        )
    day = local_date(at, business.timezone)
    for owner in Membership.objects.filter(workspace=business, role=Role.OWNER).select_related("user"):
        transactional.send(
            UNMATCHED,
            to=owner.user.email,
            subject=said.subject,
            text=letter.text,
            html=letter.html,
            key=f"{day.isoformat()}:{owner.user_id}",
            at=clocks.wall(at),
        )


def original() -> tuple[str, str]:
    """Subject and words, in the active language."""
    return _words()


def _words() -> tuple[str, str]:
    return _("A cancellation fits no contract yet"), _(
        "Somebody cancelled or withdrew without signing in, and it isn’t clear which contract is meant. It counts from the "
        "moment it arrived: please say soon whose it is."
    )
