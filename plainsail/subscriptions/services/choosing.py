"""What a page on which a plan is changed shows, whoever's it is, and what pressing its button does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks, sellers, shapes, transfer_orders
from plainsail.commerce.services.checkout import Trace
from plainsail.kernel.errors import Refusal
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import PaymentMethod
from plainsail.payments.services import accounts, methods
from plainsail.payments.services.charging import MethodUnusable
from plainsail.payments.services.methods import CardRefused
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import PlanChange, Subscription, SubscriptionItem
from plainsail.subscriptions.services import change_consents, changing, links, planning
from plainsail.subscriptions.services.changing import NotOffered, Wanted
from plainsail.subscriptions.services.pausing import AmountChanged
from plainsail.subscriptions.services.presses import Progress
from plainsail.subscriptions.services.switching import Quote


class CardElsewhere(Refusal):
    """A card was typed, but the gateway takes it on its own page only: it goes nowhere."""

    code = "card_elsewhere"
    message = gettext_lazy("Cards aren’t taken on this page. Change the card of the contract first.")


@dataclass(frozen=True)
class Choice:
    """A plan on offer, and what changing to it would do now."""

    key: UUID
    quote: Quote
    consent: str
    """The exact words that are agreed to."""

    @property
    def every(self) -> str:
        return shapes.every(self.quote.interval_unit, self.quote.interval_count)


@dataclass(frozen=True)
class Choices:
    """The page’s facts. `refusal` says why there is nothing to choose from."""

    subscription: Subscription
    plan: SubscriptionItem | None
    choices: tuple[Choice, ...] = ()
    refusal: str = ""
    planned: PlanChange | None = None
    underway: PlanChange | None = None
    card: PaymentMethod | None = None
    transfer_url: str = ""
    """Where it says how to pay for a change that waits for a bank transfer."""
    types_card: bool = True
    """Whether another card may be typed here; otherwise it is entered on the gateway's page first (`card_url`)."""
    card_url: str = ""
    plan_words: str = ""
    """The plan as it is, with its price."""

    @property
    def planned_words(self) -> str:
        """The plan to come, with its price."""
        return planning.words(self.planned) if self.planned else ""

    def find(self, key: str) -> Choice | None:
        return next((choice for choice in self.choices if str(choice.key) == key), None)


def other_prices(subscription: Subscription) -> list[Wanted]:
    """What a customer may change to by themselves: other prices of the same product that an offer sells."""
    if subscription.is_ended:
        return []
    plan = changing.plan_of(subscription)
    found = queries.other_offers(subscription, plan) if plan.is_endless else []
    return [Wanted(offer.price, offer.name) for offer in found]


def choices(subscription: Subscription, offered: Sequence[Wanted], *, at: datetime) -> Choices:
    """What a contract can be changed to among what is offered. Changes nothing. A handful of queries for each offer."""
    waiting = planning.planned(subscription), planning.underway(subscription)
    transfer_url = _transfer_url(waiting[1])
    try:
        changing.refuse_unchangeable(subscription, at=at)
    except Refusal as refusal:
        return Choices(
            subscription,
            None,
            refusal=str(refusal),
            planned=waiting[0],
            underway=waiting[1],
            transfer_url=transfer_url,
        )
    plan = changing.plan_of(subscription)
    others = [wanted for wanted in offered if wanted.price.id != plan.price_id]
    gateway = sellers.of_workspace(at=at).gateway_account
    return Choices(
        subscription,
        plan,
        tuple(_choice(subscription, wanted, at=at) for wanted in others),
        planned=waiting[0],
        underway=waiting[1],
        plan_words=planning.words_of(plan, gross=changing.gross_of(plan, at=at)),
        card=PaymentMethod.objects.filter(id=subscription.payment_method_id).first(),
        types_card=accounts.takes_card_fields(gateway),
        card_url=links.absolute(subscription.workspace, links.pay_path(subscription)),
        transfer_url=transfer_url,
    )


def _transfer_url(waiting: PlanChange | None) -> str:
    if waiting is None or not waiting.is_by_transfer:
        return ""
    return transfer_orders.url(Invoice.objects.get(id=waiting.invoice_id))


def _choice(subscription: Subscription, wanted: Wanted, *, at: datetime) -> Choice:
    quote = changing.preview(subscription, wanted, at=at)
    seller = sellers.of_workspace(at=at).legal_name
    return Choice(wanted.price.id, quote, change_consents.text(subscription, quote, seller=seller))


def confirm(
    workspace_id: UUID,
    subscription_id: UUID,
    offered: Sequence[Wanted],
    *,
    plan: UUID,
    shown: str,
    card: Mapping[str, str],
    trace: Trace,
    return_path: str,
    at: datetime,
) -> Progress:
    """Change to one of the plans offered, as it was shown, charged to the card that was typed or to the contract’s own.

    Outside any transaction. Raises CardRefused (with the field at fault; also where the bank declined), AlreadyEnded,
    NotChangeable, NotOffered, AmountChanged, SellerClosing, CardElsewhere.
    """
    wanted = next((one for one in offered if one.price.id == plan), None)
    if wanted is None:
        raise NotOffered
    method_id = None
    if card:
        with workspace(workspace_id):
            contract = Subscription.objects.select_related("account", "workspace").get(id=subscription_id)
            if changing.preview(contract, wanted, at=at).digest != shown:
                raise AmountChanged
            gateway, wall = sellers.selling(at=at).gateway_account, clocks.wall(at)
            if not accounts.takes_card_fields(gateway):
                raise CardElsewhere
        method_id = methods.add(
            workspace_id,
            account_id=gateway.id,
            payer_key=contract.account_id,
            fields=card,
            verify=False,
            return_path=return_path,
            at=wall,
        ).id
    try:
        progress = changing.choose(
            workspace_id,
            subscription_id,
            wanted,
            shown=shown,
            trace=trace,
            method_id=method_id,
            return_path=return_path,
            at=at,
        )
    except MethodUnusable as refusal:
        raise CardRefused("number", refusal.message) from refusal
    if progress.state == "declined":
        raise CardRefused("number", progress.words)
    return progress
