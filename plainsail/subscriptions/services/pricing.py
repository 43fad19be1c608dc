"""What a contract's items cost, in the words in which prices are sold (`commerce/services/shapes.py`)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from plainsail.commerce.services import shapes
from plainsail.commerce.services.shapes import Shape
from plainsail.kernel.money import Money
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import scheduling


def shape_of(item: SubscriptionItem) -> Shape:
    """When an item is paid. Its trial isn't in it: that is behind, or runs already."""
    return shapes.shape(
        item.interval_unit,
        item.interval_count,
        payments=None if item.is_once else item.payments,
        cycle=item.cycle_unit,
        cycle_count=item.cycle_count,
    )


def named(item: SubscriptionItem, amount: Money) -> str:
    """An item beside its price: “Studio club, €29.00 every month”."""
    return f"{item.description}, {shapes.short(shape_of(item), amount)}"


def sentence(item: SubscriptionItem, amount: Money) -> str:
    """The sentence under which an item was sold, without its trial, for what one payment comes to."""
    return shapes.sentence(shape_of(item), amount)


def so_far(subscription: Subscription, item: SubscriptionItem) -> str:
    """“2 of 4 payments so far”; empty for what isn't paid in parts."""
    if item.is_once or item.payments is None:
        return ""
    done = scheduling.made(item, starts_on=item.starts_on, anchor=subscription.anchor_on)
    return _("%(done)d of %(count)d payments so far") % {"done": done, "count": item.payments}
