"""What contracts add to automations: how they begin, renew, rest, fail and end; and that one is cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Action, Config, Done, StepForm, Trigger
from plainsail.commerce.models import Product
from plainsail.commerce.services import clocks
from plainsail.contacts.models import Contact
from plainsail.kernel.events import Event
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import (
    CancellationUndone,
    RenewalFailed,
    SubscriptionCancelled,
    SubscriptionEnded,
    SubscriptionPaused,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionStarted,
)
from plainsail.subscriptions.models import SubscriptionItem
from plainsail.subscriptions.services import cancellation, declaring
from plainsail.subscriptions.services.quoting import When


class ContractForm(StepForm):
    """Of which product the contract is, or of any."""

    product = forms.ChoiceField(label=gettext_lazy("Product"), required=False)

    def prepare(self) -> None:
        recurring = self.workspace.products.filter(prices__interval__gt="").distinct()
        self.offer("product", recurring.order_by("name", "id").values_list("id", "name"))
        self.fields["product"].choices = [("", _("Any product")), *self.fields["product"].choices[1:]]  # type: ignore[attr-defined]  # a ChoiceField


def about_product(told: Sequence[Any], config: Config) -> Sequence[Any]:
    """Those of the events whose contract is of the product chosen, as its plan or an add-on. One statement."""
    if not config.get("product"):
        return told
    contracts = [event.subscription_id for event in told]
    items = SubscriptionItem.objects.filter(subscription_id__in=contracts, product_id=config["product"])
    meant = set(items.values_list("subscription_id", flat=True))
    return [event for event in told if event.subscription_id in meant]


def trigger(event: type[Event], icon: str, label: Promise, of_product: Callable[[], str]) -> Trigger:
    """A trigger of contracts; `of_product` says it with a place for the product's name."""

    def sentence(config: Config) -> str:
        if not config.get("product"):
            return str(label)
        found = Product.objects.filter(id=config["product"]).first()
        return of_product() % {"product": found.name if found else "…"}

    return Trigger(
        label=label,
        icon=icon,
        event=event,
        form=ContractForm,
        choose=about_product,
        policy="every",
        sentence=sentence,
    )


ALL = (
    trigger(
        SubscriptionStarted,
        "refresh-cw",
        gettext_lazy("A subscription begins"),
        lambda: _("A subscription to “%(product)s” begins"),
    ),
    trigger(
        SubscriptionRenewed,
        "refresh-cw",
        gettext_lazy("A subscription renews"),
        lambda: _("A subscription to “%(product)s” renews"),
    ),
    trigger(
        RenewalFailed,
        "credit-card",
        gettext_lazy("A payment for a subscription fails"),
        lambda: _("A payment for the subscription to “%(product)s” fails"),
    ),
    trigger(
        SubscriptionCancelled,
        "circle-x",
        gettext_lazy("Cancels a subscription"),
        lambda: _("Cancels the subscription to “%(product)s”"),
    ),
    trigger(
        CancellationUndone,
        "undo-2",
        gettext_lazy("Takes a cancellation back"),
        lambda: _("Takes the cancellation of “%(product)s” back"),
    ),
    trigger(
        SubscriptionPaused,
        "pause",
        gettext_lazy("Pauses a subscription"),
        lambda: _("Pauses the subscription to “%(product)s”"),
    ),
    trigger(
        SubscriptionResumed,
        "play",
        gettext_lazy("A paused subscription goes on"),
        lambda: _("The paused subscription to “%(product)s” goes on"),
    ),
    trigger(
        SubscriptionEnded,
        "square",
        gettext_lazy("A subscription ends"),
        lambda: _("A subscription to “%(product)s” ends"),
    ),
)


class CancelForm(ContractForm):
    """Of which product, and from when on."""

    when = forms.ChoiceField(
        label=gettext_lazy("It ends"),
        choices=[
            ("period_end", gettext_lazy("when the time paid for is over")),
            ("now", gettext_lazy("at once, with what your refund policy gives back")),
        ],
        help_text=gettext_lazy(
            "They get the same receipt as if they had cancelled, and can take it back until it ends."
        ),
    )


def cancel(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """End the contact's running contracts of a product, or all; those whose end has been declared go on to it."""
    now = clocks.seller_now(at)
    when: When = "now" if config["when"] == "now" else "period_end"
    running = queries.of_contact(contact.workspace, contact.id).filter(state__in=queries.RUNNING)
    if when == "period_end":
        running = running.filter(scheduled_end_at=None)
    if config.get("product"):
        running = running.filter(items__product_id=config["product"], items__ends_on=None).distinct()
    contracts = list(running.order_by("id"))
    for contract in contracts:
        declared = declaring.declare(declaring.from_automation(contract, when=when, run_key=run_key), received_at=now)
        cancellation.put_in_force(declared, contract, when=when, at=now)
    return None if contracts else Done(note=_("Had no subscription to cancel."), skipped=True)


def _cancelled(config: Config) -> str:
    if not config.get("product"):
        return _("Cancel every subscription")
    found = Product.objects.filter(id=config["product"]).first()
    return _("Cancel the subscription to “%(product)s”") % {"product": found.name if found else "…"}


CANCEL = Action(
    label=gettext_lazy("Cancel a subscription"),
    icon="circle-x",
    form=CancelForm,
    perform=cancel,
    sentence=_cancelled,
    order=66,
)
