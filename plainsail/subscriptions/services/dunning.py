"""A declined renewal: tried again on the days of the contract's policy, then the contract ends or rests.

Only its own tries are counted. It stops at once on payment, on cancelling, on a dispute, and where the bank says never to try again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Invoice, InvoiceLine
from plainsail.commerce.services import clocks, crediting, invoicing, ledger, transfer_orders
from plainsail.kernel import due
from plainsail.kernel.events import publish, publish_many
from plainsail.kernel.sets import update_each
from plainsail.payments.models import Charge
from plainsail.payments.services.charging import NEVER_ARRIVED
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import RenewalFailed, SubscriptionRenewed
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import (
    completing,
    contracts,
    ending,
    letters,
    policies,
    refunds,
    retries,
    suspending,
)

CANCELLED, NOT_PAID = gettext_lazy("Cancelled"), gettext_lazy("Not paid")
NEVER_AGAIN = frozenset({"hard", "consent_withdrawn", "fraud"})
UNSETTLED = timedelta(days=1)
"""A try whose outcome was never heard is looked at again after this long."""
ANEW = 3
"""How often a charge for an invoice is begun anew because the one before never reached its gateway."""


@transaction.atomic
def open_cases(renewed: Sequence[tuple[Subscription, UUID]], *, at: datetime) -> None:
    """Watch renewal invoices from their first charge on, so that a crash in between is taken up."""
    if not renewed:
        return
    cases = [
        DunningCase(subscription=subscription, invoice_id=invoice_id, opened_at=at, next_try_at=at + UNSETTLED)
        for subscription, invoice_id in renewed
    ]
    DunningCase.objects.bulk_create(cases, ignore_conflicts=True)
    due.schedule(ending.CONTRACTS, clocks.wall(at + UNSETTLED))


@transaction.atomic
def settle(invoice_id: UUID, *, at: datetime) -> None:
    """The invoice is paid: the case is closed and the renewal told."""
    # Locked before it is looked at: whoever holds it may be doing the same.
    case = DunningCase.objects.select_for_update().filter(invoice_id=invoice_id).first()
    if case is None:
        _return_unserved_of_order(invoice_id, at=at)
    elif case.closed_at is not None:
        _return_what_came_too_late(case, at=at)
    else:
        _settle([case], at=at)


@transaction.atomic
def settle_all(invoice_ids: Sequence[UUID], *, at: datetime) -> None:
    """The same of many that were just paid, some statements for all. What somebody else holds is left to its event."""
    waiting = DunningCase.objects.select_for_update(of=("self",), skip_locked=True).filter(closed_at=None)
    found = waiting.filter(invoice_id__in=invoice_ids).select_related("subscription__account").order_by("id")
    _settle(list(found), at=at)


def _settle(cases: Sequence[DunningCase], *, at: datetime) -> None:
    invoices = Invoice.objects.in_bulk([case.invoice_id for case in cases])
    for case in cases:
        case.closed_at, case.next_try_at, case.late_for = at, None, None
    update_each(cases, fields=["closed_at", "next_try_at", "late_for"])
    publish_many(
        SubscriptionRenewed(
            subscription_id=case.subscription_id,
            invoice_id=case.invoice_id,
            amount_minor=invoices[case.invoice_id].gross_minor,
            currency=invoices[case.invoice_id].currency,
            contact_id=case.subscription.account.contact_id,
            at=at,
        )
        for case in cases
    )
    for case in cases:
        if case.subscription.renews_at is None:  # nothing is left to renew: this may have been the last payment
            completing.complete(case.subscription, at=at)


@transaction.atomic
def decline(invoice_id: UUID, *, charge_id: UUID, decline_class: str, at: datetime) -> None:
    """A charge was declined: set the next try, or give up and end the contract. Counts each charge once."""
    case = DunningCase.objects.select_for_update().filter(invoice_id=invoice_id, closed_at=None).first()
    if case is None or str(charge_id) in case.counted:
        return
    case.counted = [*case.counted, str(charge_id)]
    if _was_never_asked_for(case, charge_id):
        case.next_try_at = at
        case.save(update_fields=["next_try_at", "counted"])
        due.schedule(ending.CONTRACTS, clocks.wall(at))
        return
    _fail(case, decline_class=decline_class, at=at)


def _was_never_asked_for(case: DunningCase, charge_id: UUID) -> bool:
    """Whether a charge never reached its gateway (we were interrupted, say): nobody refused it, so it is tried again at once.

    So often, and no oftener: a gateway that never takes charges in isn't asked for ever.
    """
    lost = Charge.objects.filter(id__in=case.counted, decline_code=NEVER_ARRIVED)
    ids = [str(found) for found in lost.values_list("id", flat=True)]
    return str(charge_id) in ids and len(ids) <= ANEW


@transaction.atomic
def miss(invoice_id: UUID, *, at: datetime) -> None:
    """There was nothing to charge: no method, or one that can't be used any more. Counts as a try."""
    case = DunningCase.objects.select_for_update().filter(invoice_id=invoice_id, closed_at=None).first()
    if case is not None:
        _fail(case, decline_class="update_card", at=at)


@transaction.atomic
def remind(invoice_id: UUID, *, since: datetime, at: datetime) -> None:
    """A bank transfer is overdue since a moment: remind of it, or give up. Counts as a try."""
    case = DunningCase.objects.select_for_update().filter(invoice_id=invoice_id, closed_at=None).first()
    if case is not None:
        _fail(case, decline_class="needs_action", since=since, at=at)


def _fail(case: DunningCase, *, decline_class: str, at: datetime, since: datetime | None = None) -> None:
    """One more try came to nothing; `since` is when a bank transfer was due, empty where a charge was declined."""
    subscription = case.subscription
    policy = policy_of(case)
    first_at = since or case.opened_at
    again_at = retries.next_try(policy, first_tried_at=first_at, tries=case.tries, zone=subscription.timezone)
    if again_at is not None and again_at <= at:
        # This try came late itself, because the server was away: the customer has as many days after it as ever.
        again_at = at + retries.gap(policy, tries=case.tries)
    publish(
        RenewalFailed(
            subscription_id=subscription.id,
            invoice_id=case.invoice_id,
            decline_class=decline_class,
            contact_id=subscription.account.contact_id,
            at=at,
        )
    )
    case.tries += 1
    case.save(update_fields=["tries", "counted"])
    if again_at is None or decline_class in NEVER_AGAIN:
        _exhaust(subscription, policy, decline_class=decline_class, at=at)
        return
    case.next_try_at = again_at
    case.save(update_fields=["next_try_at"])
    due.schedule(ending.CONTRACTS, clocks.wall(again_at))
    if not retries.is_told(policy, tries=case.tries):
        return
    if since is None:
        letters.payment_failed(case, at=at)
    else:
        transfer_orders.send(Invoice.objects.get(id=case.invoice_id), reminder=case.tries, at=at)


def _exhaust(subscription: Subscription, policy: Mapping[str, Any], *, decline_class: str, at: datetime) -> None:
    """No further try: the contract ends or rests, as its policy says. Who told the bank to stop has ended it."""
    is_to_rest = policy.get("then") == "pause" and decline_class != "consent_withdrawn"
    if not is_to_rest or not suspending.may_rest(subscription):
        give_up(subscription, at=at)
        return
    stop(subscription, at=at, reason=NOT_PAID)
    suspending.suspend(subscription, at=at)


def policy_of(case: DunningCase) -> Mapping[str, Any]:
    """The gentler of the contract's own policy and the business's at the first try; a later one changes no plan under way."""
    newest = policies.standing(queries.newest_policies(by=case.opened_at))["dunning"]
    return retries.gentler(case.subscription.terms["dunning"], newest)


@transaction.atomic
def give_up(subscription: Subscription, *, at: datetime) -> None:
    """The contract ends unpaid. What else of it is paid for and can't be used any more comes back."""
    for case in DunningCase.objects.select_for_update().filter(subscription=subscription, closed_at=None):
        close(case, at=at)
        invoicing.write_off(Invoice.objects.get(id=case.invoice_id), at=at)
    refunds.give_back_unserved(subscription, since=at, at=at)
    ending.end(subscription, reason=Subscription.EndReason.PAYMENT_FAILED, at=at)


def _return_what_came_too_late(case: DunningCase, *, at: datetime) -> None:
    """A charge whose outcome was unknown turned out to have succeeded after its contract had ended for want of it."""
    subscription, invoice = case.subscription, Invoice.objects.get(id=case.invoice_id)
    is_late = invoice.state == Invoice.State.PAID and invoicing.was_written_off(invoice)
    if subscription.ended_at is not None and is_late and not invoice.payable_minor:
        refunds.give_back_unserved(subscription, since=subscription.ended_at, at=at, invoice_id=invoice.id)
        refunds.give_back_unopened(subscription, invoice, at=at)


def _return_unserved_of_order(invoice_id: UUID, *, at: datetime) -> None:
    """What was given ahead of its payment was cancelled before that came: the days after its end come back. Once."""
    subscription, invoice = queries.of_invoice(invoice_id), Invoice.objects.get(id=invoice_id)
    if subscription is None or subscription.ended_at is None or subscription.is_paid_off:
        return
    if invoice.paid_at is None or invoice.paid_at < subscription.ended_at:
        return
    # An entry without postings marks it as done.
    if ledger.post("paid_after_end", invoice_id, postings=[], at=at) is not None:
        refunds.give_back_unserved(subscription, since=subscription.ended_at, at=at, invoice_id=invoice_id)


def stop(subscription: Subscription, *, at: datetime, reason: Promise = CANCELLED) -> None:
    """Cancelling ends every further try, and takes back what was invoiced and is neither paid nor served."""
    for case in DunningCase.objects.select_for_update().filter(subscription=subscription, closed_at=None):
        close(case, at=at)
        invoice = invoicing.stop_waiting(Invoice.objects.get(id=case.invoice_id), at=at)
        if invoice.state == Invoice.State.OPEN:
            with translation.override(letters.language_of(subscription)):
                crediting.void(invoice, reason=str(reason), at=at)
            _bill_anew(subscription, invoice)


def _bill_anew(subscription: Subscription, invoice: Invoice) -> None:
    """The periods of a voided invoice aren't charged for: should the cancellation be taken back, they come again.

    But for those before a paid one: to count from there again would charge twice for what was paid since.
    """
    for line in InvoiceLine.objects.filter(invoice=invoice, is_voided=True):
        items = subscription.items.filter(id=line.item_id)
        if line.period_start is None:  # paid once, and for no days
            items.update(charged_through=F("starts_on"))
            continue
        since = InvoiceLine.objects.filter(item_id=line.item_id, period_start__gt=line.period_start, is_voided=False)
        if not since.filter(invoice__state=Invoice.State.PAID).exists():
            items.filter(charged_through__gt=line.period_start).update(charged_through=line.period_start)
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.save(update_fields=["renews_at"])


def close(case: DunningCase, *, at: datetime) -> None:
    """No further try."""
    case.closed_at = at
    case.next_try_at = case.late_for = None
    case.save(update_fields=["closed_at", "next_try_at", "late_for"])
