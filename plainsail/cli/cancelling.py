"""`plainsail cancel`: a notice that reached whoever runs the installation. The same declaration, quote and receipt as any door's."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from plainsail.cli.errors import Refused

if TYPE_CHECKING:
    from plainsail.subscriptions.services.quoting import Quote, When


class NoSuchContract(Refused):
    """No business has this web address, or no contract of it this number."""


class CannotCancel(Refused):
    """The contract can't be cancelled; the message says why."""


def preview(
    slug: str, number: str, *, when: "When", arrived: datetime | None, at: datetime, until: date | None = None
) -> str:
    """What cancelling would do, in lines; changes nothing. `until` is the last day, where a later end is asked for.

    Raises NoSuchContract, CannotCancel.
    """
    from plainsail.commerce.services import clocks
    from plainsail.kernel.errors import Refusal
    from plainsail.kernel.tenancy import workspace
    from plainsail.subscriptions.services import cancellation

    business = _business(slug)
    with workspace(business):
        now = clocks.seller_now(at)
        try:
            contract = _contract(business, number)
            counted = max(min(arrived or now, now), contract.started_at)
            return _told(cancellation.preview(contract, when=when, last_on=until, at=counted))
        except Refusal as refusal:
            raise CannotCancel(str(refusal)) from refusal


def cancel(
    slug: str,
    number: str,
    *,
    when: "When",
    arrived: datetime | None,
    note: str,
    at: datetime,
    until: date | None = None,
) -> str:
    """Record a notice, which counts from its arrival, and put it in force. Raises NoSuchContract, CannotCancel."""
    from plainsail.commerce.services import clocks
    from plainsail.kernel.errors import Refusal
    from plainsail.kernel.tenancy import workspace
    from plainsail.subscriptions.services import cancellation, declaring, quoting

    business = _business(slug)
    with workspace(business):
        now = clocks.seller_now(at)
        contract = _contract(business, number)
        end = {"when": "later", "end_on": until} if until is not None else {"when": when}
        said = declaring.from_staff({"note": note, **end}, by="plainsail cancel")
        notice = declaring.declare(said, received_at=min(arrived or now, now))
        try:
            made = cancellation.put_in_force(notice, contract, when=when, at=now)
        except Refusal as refusal:
            raise CannotCancel(str(refusal)) from refusal
        return f"{_told(quoting.from_json(made.quote.result))}\nConfirmed as {made.request.reference}."


def _business(slug: str) -> Any:
    from plainsail.kernel.models import Workspace

    found = Workspace.objects.filter(slug=slug).exclude(state=Workspace.State.CLOSED).first()
    if found is None:
        raise NoSuchContract(f"No business has the web address {slug!r}.")
    return found


def _contract(business: Any, number: str) -> Any:
    found = business.subscriptions.select_related("account", "workspace").filter(reference__iexact=number).first()
    if found is None:
        raise NoSuchContract(f"{business.slug} has no contract {number!r}.")
    return found


def _told(quote: "Quote") -> str:
    ends = f"{quote.reference} ends on {quote.effective_local:%Y-%m-%d %H:%M} ({quote.timezone})."
    money = f"{quote.refund.format('en')} comes back by {quote.refund_by:%Y-%m-%d}." if quote.refund_minor else ""
    charges = [f"{one.amount.format('en')} is charged on {one.on}: {one.what}." for one in quote.charges_after]
    last = "Nothing else is charged." if charges else "Nothing more is charged."
    return "\n".join([ends, *_answered(quote), money or "Nothing comes back.", *charges, last])


def _answered(quote: "Quote") -> list[str]:
    """Why it doesn't end on the day that was asked for, where it doesn't."""
    from plainsail.subscriptions.services import letters

    if quote.wish in {"", "met"}:
        return []
    return ["Asked for: " + letters.wish_words(quote).replace("\n", ". ")]
