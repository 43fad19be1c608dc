"""What contracts add to automations: how they begin, renew, rest, fail and end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Config, StepForm, Trigger
from plainsail.commerce.models import Product
from plainsail.kernel.events import Event
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
