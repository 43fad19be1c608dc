"""`plainsail clock`: the time of a business, and in test mode its clock moved ahead, as the page and the API do it."""

from datetime import datetime

from plainsail.cli.api_keys import find_business
from plainsail.cli.errors import Refused


class CannotMove(Refused):
    """The clock can't be moved; the message says why."""


def clock(slug: str, *, to: datetime | None, at: datetime) -> str:
    """The seller's time, after moving it to a moment if one is given. Raises NoSuchBusiness, CannotMove."""
    from plainsail.accounts.services import audit
    from plainsail.commerce.services import clocks
    from plainsail.kernel.errors import Refusal
    from plainsail.kernel.tenancy import workspace

    business = find_business(slug)
    done = ""
    if to is not None:
        try:
            steps = clocks.advance(business.pk, to=to, at=at)
        except Refusal as refusal:
            raise CannotMove(str(refusal)) from refusal
        with workspace(business):
            audit.record("commerce.clock_moved", by=None, at=at, subject=to.isoformat())
        done = f" Things that fell due: {steps}."
    with workspace(business):
        return f"At {slug} it is {clocks.seller_now(at):%Y-%m-%d %H:%M} UTC.{done}"
