"""What segments may ask of contracts."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Order
from plainsail.contacts.sockets import Asked, SegmentField, having
from plainsail.kernel.models import Workspace
from plainsail.subscriptions.models import Subscription

RUNNING = (Subscription.State.TRIALING, Subscription.State.ACTIVE)


def has_contract(asked: Asked) -> Q:
    """Has a contract on trial or active, begun by an order of an offer; where none is named, any."""
    contracts = Subscription.objects.filter(state__in=RUNNING, account__contact__isnull=False)
    if asked.value:
        contracts = contracts.filter(order_id__in=Order.objects.filter(offer_id=asked.value).values("id"))
    found = having(contracts, by="account__contact_id")
    return ~found if asked.op == "has_not" else found


def _offers(workspace: Workspace) -> list[tuple[str, str]]:
    recurring = workspace.offers.filter(price__interval__gt="")
    return [(str(key), name) for key, name in recurring.order_by("name", "id").values_list("id", "name")]


CONTRACT = SegmentField(
    label=_("Active contract"),
    kind="row",
    operators={"has": _("has one of"), "has_not": _("has none of")},
    compile=has_contract,
    choices=_offers,
    anything=_("any offer"),
    says={"has": _("has an active contract of %(value)s"), "has_not": _("has no active contract of %(value)s")},
    group=_("Purchases"),
    order=55,
    reads=("contracts",),
)
