"""Contracts and ending them, for programs: a door like the others. The same declaration, quote, receipt and mails."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import clocks
from plainsail.contacts.services import addresses
from plainsail.kernel import rest
from plainsail.kernel.errors import Refusal
from plainsail.kernel.http import Request
from plainsail.kernel.rest import Amount, Cursor, Field, Input, Limit, Output, Page, Status, allows
from plainsail.subscriptions import models, queries
from plainsail.subscriptions.services import cancellation, declaring, quoting

router = rest.router("Contracts")
When = Literal["period_end", "now"]
Said = Literal["period_end", "now", "withdrawal"]
SAID = "`withdrawal`: the customer withdraws from the contract in the first days after buying. It ends now."
Reason = Literal["", "too_expensive", "missing_features", "switched", "unused", "service", "too_complex", "other"]
"""The reasons of `forms.REASONS`; a test holds them together."""


class NotArrivedYet(Refusal):
    """A notice can't have come in the future."""

    code = "not_arrived_yet"
    message = _("A notice can’t have arrived later than now.")
    status = 422


class NowOrLater(Refusal):
    """What ends now can't run until a day as well."""

    code = "now_or_later"
    message = _("It ends now or on a later day, not both.")
    status = 422


class Customer(Output):
    """Who pays."""

    id: UUID
    contact_id: UUID | None
    email: str
    name: str


class Item(Output):
    """What is paid for again and again."""

    id: UUID
    description: str
    role: Literal["base", "addon"]
    quantity: int
    price: Amount
    interval_unit: str
    interval_count: int
    charged_through: str = Field(description="First local day that isn’t invoiced yet.")

    @classmethod
    def of(cls, item: models.SubscriptionItem, *, currency: str) -> Item:
        return cls(
            id=item.id,
            description=item.description,
            role=item.role,  # type: ignore[arg-type]  # its choices
            quantity=item.quantity,
            price=Amount(minor=item.unit_minor * item.quantity, currency=currency),
            interval_unit=item.interval_unit,
            interval_count=item.interval_count,
            charged_through=item.charged_through.isoformat(),
        )


class Charge(Output):
    """What is still charged after a cancellation, because a later end was asked for."""

    on: date = Field(description="Local day.")
    what: str
    amount: Amount

    @classmethod
    def all_of(cls, made: quoting.Quote) -> list[Charge]:
        return [cls(on=one.day, what=one.what, amount=Amount.of(one.amount)) for one in made.charges_after]


EndAnswer = Literal["", "met", "early", "owed", "resting", "parts", "far", "unread"]
END_ANSWER = (
    "What became of a later end that was asked for: `met`, or why the contract ends at the earliest possible date: the day "
    "is before that (`early`), too `far` or `unread`, a payment is open (`owed`), it is paused (`resting`) or paid in `parts`."
)


class Cancellation(Output):
    """What ends a contract: the declaration, when it arrived, and what was promised."""

    id: UUID
    reference: str
    door: str
    kind: str
    received_at: datetime = Field(description="When the declaration arrived: it counts from then.")
    effective_at: datetime
    refund: Amount
    refund_by: datetime
    end_answer: EndAnswer = Field(description=END_ANSWER)
    charges: list[Charge] = Field(description="What is still charged until its end; nothing else is.")
    in_force: bool

    @classmethod
    def of(cls, made: models.Cancellation) -> Cancellation:
        promise = quoting.from_json(made.quote.result)
        return cls(
            id=made.id,
            reference=made.request.reference,
            door=made.request.door,
            kind=made.request.kind,
            received_at=made.request.received_at,
            effective_at=made.effective_at,
            refund=Amount.of(promise.refund),
            refund_by=promise.refund_by,
            end_answer=promise.wish,
            charges=Charge.all_of(promise),
            in_force=not made.is_undone,
        )


class Contract(Output):
    """A contract that renews."""

    id: UUID
    reference: str
    state: Literal["trialing", "active", "paused", "ended", "expired"]
    customer: Customer
    items: list[Item]
    currency: str
    timezone: str
    started_at: datetime
    trial_ends_at: datetime | None
    renews_at: datetime | None
    ends_at: datetime | None = Field(description="Its planned end, while one is planned.")
    ended_at: datetime | None
    end_reason: str
    cancellation: Cancellation | None = Field(description="The one in force, if any.")

    @classmethod
    def of(cls, found: models.Subscription) -> Contract:
        """Reads what `shown` loads beforehand."""
        replaced = {change.old_item_id for change in found.changes.all() if change.state == "done"}
        items = sorted(found.items.all(), key=lambda item: (item.role != "base", item.id))
        standing: list[models.Cancellation] = found.standing  # type: ignore[attr-defined]  # `shown` puts it there
        account = found.account
        return cls(
            id=found.id,
            reference=found.reference,
            state=found.state,  # type: ignore[arg-type]  # its choices
            customer=Customer(id=account.id, contact_id=account.contact_id, email=account.email, name=account.name),
            items=[Item.of(item, currency=found.currency) for item in items if item.id not in replaced],
            currency=found.currency,
            timezone=found.timezone,
            started_at=found.started_at,
            trial_ends_at=found.trial_ends_at,
            renews_at=found.renews_at,
            ends_at=None if found.is_ended else found.scheduled_end_at,
            ended_at=found.ended_at,
            end_reason=found.end_reason,
            cancellation=Cancellation.of(standing[0]) if standing else None,
        )


def shown(request: Request, rows: QuerySet[models.Subscription]) -> QuerySet[models.Subscription]:
    """Contracts with all that `Contract.of` reads: four queries a page."""
    related = request.workspace.cancellations.filter(undo=None).select_related("request", "quote", "undo")
    standing = Prefetch("cancellations", queryset=related.order_by("-matched_at"), to_attr="standing")
    return rows.select_related("account").prefetch_related("items", "changes", standing)


def find(request: Request, subscription_id: UUID) -> models.Subscription:
    """A contract of this business. Raises Http404."""
    rows = request.workspace.subscriptions.select_related("account", "workspace")
    found: models.Subscription = get_object_or_404(rows, id=subscription_id)
    return found


def again(request: Request, subscription_id: UUID) -> Contract:
    """A contract as it stands now."""
    return Contract.of(get_object_or_404(shown(request, request.workspace.subscriptions.all()), id=subscription_id))


@router.get("/contracts", response=Page[Contract], summary="List contracts")
@allows("subscriptions.view")
def list_contracts(
    request: Request,
    *,
    state: Literal["running", "ending", "ended"] | None = None,
    email: str | None = None,
    reference: str | None = None,
    cursor: Cursor = None,
    limit: Limit = rest.USUAL,
) -> Page[Contract]:
    """Newest first. `ending` are those that run and whose end is planned; `email` is the customer’s."""
    rows = queries.contracts(request.workspace, state=state or "").prefetch_related(None)
    if email is not None:
        rows = rows.filter(account__email=addresses.normalise(email))
    if reference is not None:
        rows = rows.filter(reference=reference.strip().upper()[:20])
    found = shown(request, rows)
    return rest.page(request, found, Contract.of, into=Page[Contract], by="-id", cursor=cursor, limit=limit)


@router.get("/contracts/{uuid:subscription_id}", response=Contract, summary="Read a contract")
@allows("subscriptions.view")
def read_contract(request: Request, subscription_id: UUID) -> Contract:
    """What it is, what it costs, when it renews or ends."""
    return again(request, subscription_id)


class RefundLine(Output):
    """What comes back of one thing paid."""

    description: str
    amount: Amount
    rule: str
    ground: str


class Quote(Output):
    """What cancelling would do. Nothing but `charges` is charged afterwards."""

    when: When
    effective_at: datetime
    refund: Amount
    refund_by: datetime
    refunds: list[RefundLine]
    end_answer: EndAnswer = Field(description=END_ANSWER)
    charges: list[Charge]
    charges_digest: str = Field(description="Confirms `charges` when you cancel with an `end_on`.")

    @classmethod
    def of(cls, made: quoting.Quote) -> Quote:
        lines = [
            RefundLine(
                description=line.description,
                amount=Amount(minor=line.amount_minor, currency=made.currency),
                rule=line.rule,
                ground=line.ground,
            )
            for line in made.refunds
        ]
        return cls(
            when=made.when,
            effective_at=made.effective_at,
            refund=Amount.of(made.refund),
            refund_by=made.refund_by,
            refunds=lines,
            end_answer=made.wish,
            charges=Charge.all_of(made),
            charges_digest=made.charges_digest,
        )


@router.get("/contracts/{uuid:subscription_id}/cancellation/quote", response=Quote, summary="Ask what cancelling does")
@allows("subscriptions.view")
def quote_cancellation(
    request: Request,
    subscription_id: UUID,
    when: Said = "period_end",
    end_on: date | None = None,
    received_at: rest.AwareDatetime | None = None,
) -> Quote:
    """When it ends, what comes back and what is still charged, to the cent; changes nothing. `end_on` is the last day, for
    an end later than the earliest possible. `received_at` for a notice that came earlier, `withdrawal` for one that
    withdraws from the contract."""
    _refuse_both(when, end_on)
    found, now = find(request, subscription_id), clocks.seller_now(request.now)
    counted = max(_arrived(received_at or now, now=now), min(found.started_at, now))
    kind, ends = ("withdrawal" if when == "withdrawal" else "ordinary"), declaring.when_of({"when": when})
    return Quote.of(cancellation.preview(found, when=ends, kind=kind, last_on=end_on, at=counted))


def _refuse_both(when: Said, end_on: date | None) -> None:
    if when != "period_end" and end_on is not None:
        raise NowOrLater(field="end_on")


def _end(when: Said, end_on: date | None) -> dict[str, object]:
    """How a declaration says when it is to end. Raises NowOrLater."""
    _refuse_both(when, end_on)
    return {"when": "later", "end_on": end_on} if end_on is not None else {"when": when}


def _arrived(moment: datetime, *, now: datetime) -> datetime:
    if moment > now:
        raise NotArrivedYet(field="received_at")
    return moment


@router.get("/contracts/{uuid:subscription_id}/cancellation", response=Cancellation, summary="Read the cancellation")
@allows("subscriptions.view")
def read_cancellation(request: Request, subscription_id: UUID) -> Cancellation:
    """The one in force; 404 where there is none."""
    found = find(request, subscription_id)
    standing = request.workspace.cancellations.filter(undo=None, subscription=found).order_by("-matched_at")
    return Cancellation.of(get_object_or_404(standing.select_related("request", "quote", "undo")[:1]))


class Cancelling(Input):
    """What the customer declares."""

    when: When = "period_end"
    end_on: date | None = Field(None, description="The last day, for an end later than the earliest possible.")
    shown_charges: str = Field(
        "",
        max_length=40,
        description="With `end_on`: the `charges_digest` of the quote that the customer was shown. Any other is refused "
        "(`quote_changed`).",
    )
    shown_refund_minor: int = Field(
        0,
        ge=0,
        le=10**12,
        description="With `now`: what the customer was shown. Less than that is refused (`quote_changed`).",
    )
    reason: Reason = ""
    feedback: str = Field("", max_length=5000)


@router.post(
    "/contracts/{uuid:subscription_id}/cancellation",
    response={200: Cancellation, 201: Cancellation},
    summary="Cancel a contract",
)
@allows("subscriptions.change")
def cancel_contract(request: Request, subscription_id: UUID, body: Cancelling) -> Status[Cancellation]:
    """The customer declares it through your program, now. It is stored with the moment of its arrival, takes effect and
    is confirmed to the customer by mail. 201: it is in force. 200: another was, and ends the contract as soon; yours is
    kept too."""
    found = find(request, subscription_id)
    data = {
        **_end(body.when, body.end_on),
        "shown_charges": body.shown_charges,
        "shown_refund": body.shown_refund_minor,
        "reason": body.reason,
        "feedback": body.feedback,
    }
    before = queries.in_force(found)
    made = declaring.cancel(found, data, door=models.CancellationRequest.Door.API, at=clocks.seller_now(request.now))
    return _told(made, before)


def _told(made: models.Cancellation, before: models.Cancellation | None) -> Status[Cancellation]:
    return Status(200 if before is not None and before.id == made.id else 201, Cancellation.of(made))


class Notice(Input):
    """A notice that reached you by letter, mail or phone."""

    received_at: rest.AwareDatetime = Field(
        description="When it arrived, with its time zone: everything counts from then."
    )
    when: Said = Field("period_end", description=SAID)
    end_on: date | None = Field(None, description="The last day that it asks for, where that is later.")
    note: str = Field("", max_length=2000, description="What was said.")


@router.post(
    "/contracts/{uuid:subscription_id}/notices",
    response={200: Cancellation, 201: Cancellation},
    summary="Record a notice",
)
@allows("subscriptions.change")
def record_notice(request: Request, subscription_id: UUID, body: Notice) -> Status[Cancellation]:
    """For staff: a notice counts from when it arrived, and what was charged since comes back. The customer gets a
    confirmation. 201 and 200 as for cancelling."""
    found, now = find(request, subscription_id), clocks.seller_now(request.now)
    arrived = _arrived(body.received_at, now=now)
    before = queries.in_force(found)
    said = declaring.from_staff({"note": body.note, **_end(body.when, body.end_on)}, by=f"{request.user} (API)")
    notice = declaring.declare(said, received_at=arrived)
    made = cancellation.put_in_force(notice, found, when=declaring.when_of({"when": body.when}), at=now)
    return _told(made, before)


@router.delete("/contracts/{uuid:subscription_id}/cancellation", response=Contract, summary="Take a cancellation back")
@allows("subscriptions.change")
def undo_cancellation(request: Request, subscription_id: UUID) -> Contract:
    """Before it takes effect: the contract renews as before, and the customer is told. Later it is `nothing_to_undo`."""
    found = find(request, subscription_id)
    standing = queries.in_force(found)
    if standing is not None:
        rest.require_match(request, Cancellation.of(standing))
    cancellation.undo(found, by="api", at=clocks.seller_now(request.now))
    return again(request, found.id)
