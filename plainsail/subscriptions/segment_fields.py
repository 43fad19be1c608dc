"""What segments may ask of contracts."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Order
from plainsail.contacts.sockets import Asked, SegmentField, having
from plainsail.kernel.models import Workspace
from plainsail.subscriptions.models import DunningCase, Subscription

RUNNING = (Subscription.State.TRIALING, Subscription.State.ACTIVE)


def has_contract(asked: Asked) -> Q:
    """Has a contract on trial or active, begun by an order of an offer; where none is named, any. It may have to go on, too."""
    contracts = Subscription.objects.filter(state__in=RUNNING, account__contact__isnull=False)
    if asked.value:
        contracts = contracts.filter(order_id__in=Order.objects.filter(offer_id=asked.value).values("id"))
    if asked.op == "goes_on":
        contracts = contracts.filter(scheduled_end_at=None)
    elif asked.op == "ends":
        contracts = contracts.filter(scheduled_end_at__isnull=False)
    found = having(contracts, by="account__contact_id")
    return ~found if asked.op == "has_not" else found


def is_overdue(asked: Asked) -> Q:
    """Has a renewal that was declined and isn't paid yet, of a contract that runs."""
    unpaid = DunningCase.objects.filter(closed_at=None, subscription__account__contact__isnull=False)
    found = having(unpaid, by="subscription__account__contact_id")
    return ~found if asked.op == "has_not" else found


def _offers(workspace: Workspace) -> list[tuple[str, str]]:
    recurring = workspace.offers.filter(price__interval__gt="")
    return [(str(key), name) for key, name in recurring.order_by("name", "id").values_list("id", "name")]


CONTRACT = SegmentField(
    label=_("Active contract"),
    kind="row",
    operators={
        "has": _("has one of"),
        "has_not": _("has none of"),
        "goes_on": _("has one that goes on, of"),
        "ends": _("has one that ends, of"),
    },
    compile=has_contract,
    choices=_offers,
    anything=_("any offer"),
    says={
        "has": _("has an active contract of %(value)s"),
        "has_not": _("has no active contract of %(value)s"),
        "goes_on": _("has a contract of %(value)s that goes on"),
        "ends": _("has a contract of %(value)s that ends"),
    },
    group=_("Purchases"),
    order=55,
    reads=("contracts",),
)
OVERDUE = SegmentField(
    label=_("Unpaid renewal"),
    kind="none",
    operators={"has": _("yes, a payment was declined"), "has_not": _("no, nothing is open")},
    compile=is_overdue,
    says={"has": _("has a renewal that isn’t paid"), "has_not": _("has no renewal that isn’t paid")},
    group=_("Purchases"),
    order=56,
    reads=("contracts",),
)
