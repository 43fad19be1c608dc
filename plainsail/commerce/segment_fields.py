"""What segments may ask of purchases: what was bought, how much was spent, whether money went back."""

from __future__ import annotations

from functools import partial

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.models import Invoice, Order, Price
from plainsail.contacts.models import Contact
from plainsail.contacts.sockets import Asked, SegmentFamily, SegmentField, having
from plainsail.kernel.models import Workspace
from plainsail.kernel.money import BadMoney, exponent

SALES = _("Purchases")
BY = "billing_account__contact_id"


def bought(asked: Asked) -> Q:
    """Has paid orders with a product, or of anything, so many within a time."""
    orders = Order.objects.paid().filter(billing_account__contact__isnull=False)
    if asked.value:
        orders = orders.filter(lines__product_id=asked.value)
    if asked.since is not None:
        orders = orders.filter(paid_at__gte=asked.since)
    found = having(orders, by=BY, at_least=asked.count)
    return ~found if asked.op == "has_not" else found


def spent(asked: Asked, *, currency: str) -> Q:
    """What was paid on all invoices of a currency and not given back. One pass over the invoices, grouped by buyer."""
    enough = (
        Invoice.objects.filter(currency=currency, billing_account__contact__isnull=False)
        .order_by()
        .values(BY)
        .annotate(spent=Sum(F("paid_minor") - F("payable_minor")))
        .filter(spent__gte=asked.value)
    )
    found = Q(Exists(Contact.objects.filter(id=OuterRef("id"), id__in=enough.values(BY))))
    return ~found if asked.op == "below" else found


def refunded(asked: Asked) -> Q:
    found = having(Invoice.objects.filter(payable_minor__gt=0), by=BY)
    return ~found if asked.op == "has_not" else found


def products_of(workspace: Workspace) -> list[tuple[str, str]]:
    return [(str(key), name) for key, name in workspace.products.order_by("name", "id").values_list("id", "name")]


BOUGHT = SegmentField(
    label=_("Bought"),
    kind="row",
    operators={"has": _("has bought"), "has_not": _("has not bought")},
    compile=bought,
    choices=products_of,
    anything=_("anything"),
    inputs=("count", "days"),
    says={"has": _("bought %(value)s"), "has_not": _("has not bought %(value)s")},
    group=SALES,
    order=50,
    reads=("orders",),
)
REFUNDED = SegmentField(
    label=_("Was paid back"),
    kind="none",
    operators={"has": _("yes, something"), "has_not": _("no, nothing")},
    compile=refunded,
    says={"has": _("was paid something back"), "has_not": _("was paid nothing back")},
    group=SALES,
    order=52,
    reads=("orders",),
)


def spent_in(currency: str) -> SegmentField | None:
    try:
        exponent(currency)
    except BadMoney:
        return None
    return SegmentField(
        label=_("Spent (%(currency)s)") % {"currency": currency},
        kind="money",
        currency=currency,
        operators={"at_least": _("at least"), "below": _("less than")},
        compile=partial(spent, currency=currency),
        says={"at_least": _("spent at least %(value)s"), "below": _("spent less than %(value)s")},
        group=SALES,
        order=51,
        reads=("orders",),
    )


def _currencies(workspace: Workspace) -> list[tuple[str, SegmentField]]:
    """A field for each currency that something is sold in."""
    names = Price.objects.filter(workspace=workspace).order_by("currency").values_list("currency", flat=True).distinct()
    return [(name, field) for name in names if (field := spent_in(name)) is not None]


SPENT = SegmentFamily(listed=_currencies, find=spent_in, order=51)
