"""What commerce adds to automations: buying, refunds, carts that were left, access."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from plainsail.automations.sockets import Action, Came, Coming, Config, Done, StepForm, Trigger
from plainsail.commerce import segment_fields
from plainsail.commerce.events import CheckoutDeclined, CheckoutStarted, OrderPaid, OrderRefunded
from plainsail.commerce.models import Order, Product
from plainsail.contacts.models import Contact
from plainsail.kernel.models import Workspace
from plainsail.portal.events import AccessEnded, AccessGiven
from plainsail.portal.models import Grant
from plainsail.portal.services import grants

BY_AUTOMATION = "automation"
"""The kind of source of an access that an automation gave."""


class ProductForm(StepForm):
    """Which product, or any."""

    product = forms.ChoiceField(label=gettext_lazy("Product"), required=False)

    def prepare(self) -> None:
        self.offer("product", segment_fields.products_of(self.workspace))
        self.fields["product"].choices = [("", _("Any product")), *self.fields["product"].choices[1:]]  # type: ignore[attr-defined]  # a ChoiceField


class OneProductForm(StepForm):
    """Which product."""

    product = forms.ChoiceField(label=gettext_lazy("Product"))

    def prepare(self) -> None:
        self.offer("product", segment_fields.products_of(self.workspace))


class RefundForm(ProductForm):
    """Of which product, and how much went back."""

    amount = forms.ChoiceField(
        label=gettext_lazy("What went back"),
        choices=[
            ("", gettext_lazy("All of it, or a part")),
            ("full", gettext_lazy("All of it")),
            ("part", gettext_lazy("A part")),
        ],
        required=False,
    )


class CartForm(ProductForm):
    """Of which product, and how long it was left."""

    hours = forms.IntegerField(label=gettext_lazy("Hours later"), min_value=1, max_value=24 * 30, initial=2)


def product_name(config: Config) -> str:
    found = Product.objects.filter(id=config["product"]).first() if config.get("product") else None
    return found.name if found else "…"


def _bought(config: Config) -> str:
    return (
        _("Buys “%(product)s”") % {"product": product_name(config)} if config.get("product") else _("Buys any product")
    )


def about_product(told: Sequence[Any], config: Config) -> Sequence[Any]:
    """Those of the events that are about an order with the product chosen. One statement."""
    if not config.get("product"):
        return told
    orders = Order.objects.filter(id__in=[event.order_id for event in told], lines__product_id=config["product"])
    meant = set(orders.values_list("id", flat=True))
    return [event for event in told if event.order_id in meant]


def is_so_much(event: OrderRefunded, config: Config) -> bool:
    """Whether as much went back as is asked for."""
    return not config.get("amount") or event.is_full == (config["amount"] == "full")


def _refunded(config: Config) -> str:
    amount = str(config.get("amount") or "")
    if not config.get("product"):
        return {"full": _("Is refunded in full"), "part": _("Is refunded in part")}.get(amount, _("Is refunded"))
    said = {"full": _("Is refunded in full for “%(product)s”"), "part": _("Is refunded in part for “%(product)s”")}
    return said.get(amount, _("Is refunded for “%(product)s”")) % {"product": product_name(config)}


def _declined(config: Config) -> str:
    if not config.get("product"):
        return _("A payment fails at the checkout")
    return _("A payment for “%(product)s” fails at the checkout") % {"product": product_name(config)}


def _started(config: Config) -> str:
    if not config.get("product"):
        return _("Starts any checkout")
    return _("Starts the checkout of “%(product)s”") % {"product": product_name(config)}


def left_carts(business: Workspace, config: Config, since: datetime, until: datetime) -> Iterator[Coming | Came]:
    """Buyers who sent the checkout off so many hours ago and have paid for nothing since. One range of newest orders."""
    pause = timedelta(hours=config["hours"])
    bought_since = Order.objects.filter(
        billing_account_id=OuterRef("billing_account_id"), paid_at__gte=OuterRef("created_at")
    )
    # Whoever chose a bank transfer has time to pay: that cart was not left.
    left = Order.objects.filter(
        ~Exists(bought_since),
        state__in=[Order.State.OPEN, Order.State.EXPIRED],
        pay_by=None,
        created_at__gt=since - pause,
        created_at__lte=until - pause,
        billing_account__contact__isnull=False,
    )
    if config.get("product"):
        left = left.filter(lines__product_id=config["product"])
    rows = left.order_by("created_at", "id").values_list("id", "billing_account__contact_id", "created_at")
    for order_id, contact_id, created_at in rows.distinct():
        yield Came(contact_id, created_at + pause, f"cart {order_id}")


def _cart(config: Config) -> str:
    hours = int(config.get("hours") or 0)
    said = ngettext("Left a checkout %(hours)d hour ago", "Left a checkout %(hours)d hours ago", hours)
    return said % {"hours": hours}


def opened_by(config: Config) -> str:
    """What access to the chosen product is called among grants; empty for any."""
    return str(Product(id=config["product"]).resource_key) if config.get("product") else ""


def first_reasons(told: Sequence[AccessGiven], config: Config) -> Sequence[AccessGiven]:
    """Those of the events that opened what was closed: no reason before gives the same person the same. One statement."""
    standing = _standing(told)
    return [event for event in told if not any(key < event.grant_id for key in standing.get(_what(event), ()))]


def last_reasons(told: Sequence[AccessEnded], config: Config) -> Sequence[AccessEnded]:
    """Those of the events that closed what was open, one for each person and thing: no other reason gives it still. One statement."""
    standing = _standing(told)
    return list({_what(event): event for event in told if _what(event) not in standing}.values())


def _standing(told: Sequence[AccessGiven | AccessEnded]) -> dict[tuple[UUID | None, str], set[UUID]]:
    """Grants that give these people these things now, by person and thing."""
    at = max((event.at for event in told), default=None)
    found: dict[tuple[UUID | None, str], set[UUID]] = {}
    if at is not None:
        people, things = {event.contact_id for event in told}, {event.resource for event in told}
        rows = Grant.objects.live(at=at).filter(contact_id__in=people, resource__in=things)
        for key, contact, resource in rows.order_by().values_list("id", "contact_id", "resource"):
            found.setdefault((contact, resource), set()).add(key)
    return found


def _what(event: AccessGiven | AccessEnded) -> tuple[UUID | None, str]:
    return event.contact_id, event.resource


def give_access(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Give access because of this run: it has a reason of its own, which no refund and no cancellation ends."""
    product = Product.objects.filter(id=config["product"]).first()
    if product is None:
        return Done(note=_("The product is gone."), skipped=True)
    grants.give(
        contact,
        resource=product.resource_key,
        source_kind=BY_AUTOMATION,
        source_id=UUID(run_key.split(".", maxsplit=1)[0]),
        at=at,
    )
    return None


def end_access(contact: Contact, config: Config, run_key: str, at: datetime) -> Done | None:
    """Take back what automations gave; what was bought stays."""
    product = Product.objects.filter(id=config["product"]).first()
    if product is None:
        return Done(note=_("The product is gone."), skipped=True)
    given = Grant.objects.filter(
        contact=contact, resource=product.resource_key, source_kind=BY_AUTOMATION, revoked_at=None
    )
    sources = list(given.order_by("id").values_list("source_id", flat=True))
    for source_id in sources:
        grants.end(contact, resource=product.resource_key, source_kind=BY_AUTOMATION, source_id=source_id, at=at)
    return None if sources else Done(note=_("Had none from an automation."), skipped=True)


BOUGHT = Trigger(
    label=gettext_lazy("Buys a product"),
    icon="shopping-cart",
    event=OrderPaid,
    form=ProductForm,
    about=lambda event: event.product_ids,
    wants=lambda config: config.get("product", ""),
    policy="every",
    sentence=_bought,
    order=40,
)
STARTED = Trigger(
    label=gettext_lazy("Starts a checkout"),
    icon="shopping-cart",
    event=CheckoutStarted,
    form=ProductForm,
    about=lambda event: [str(event.product_id)],
    wants=lambda config: config.get("product", ""),
    sentence=_started,
    order=39,
)
REFUNDED = Trigger(
    label=gettext_lazy("Is refunded"),
    icon="undo-2",
    event=OrderRefunded,
    form=RefundForm,
    matches=is_so_much,
    choose=about_product,
    policy="every",
    sentence=_refunded,
    order=41,
)
DECLINED = Trigger(
    label=gettext_lazy("A payment fails at the checkout"),
    icon="credit-card",
    event=CheckoutDeclined,
    form=ProductForm,
    choose=about_product,
    policy="every",
    sentence=_declined,
    order=42,
)
LEFT_CART = Trigger(
    label=gettext_lazy("Leaves the checkout without paying"),
    icon="shopping-cart",
    form=CartForm,
    comes=left_carts,
    policy="every",
    sentence=_cart,
    order=43,
)
ACCESS_GIVEN = Trigger(
    label=gettext_lazy("Gets access to a product"),
    icon="key-round",
    event=AccessGiven,
    form=ProductForm,
    about=lambda event: [event.resource],
    wants=opened_by,
    choose=first_reasons,
    policy="every",
    sentence=lambda config: (
        _("Gets access to “%(product)s”") % {"product": product_name(config)}
        if config.get("product")
        else _("Gets access to any product")
    ),
    order=52,
)
ACCESS_ENDED = Trigger(
    label=gettext_lazy("Loses access to a product"),
    icon="lock",
    event=AccessEnded,
    form=ProductForm,
    about=lambda event: [event.resource],
    wants=opened_by,
    choose=last_reasons,
    policy="every",
    sentence=lambda config: (
        _("Loses access to “%(product)s”") % {"product": product_name(config)}
        if config.get("product")
        else _("Loses access to any product")
    ),
    order=53,
)
GIVE_ACCESS = Action(
    label=gettext_lazy("Give access to a product"),
    icon="key-round",
    form=OneProductForm,
    perform=give_access,
    sentence=lambda config: _("Give access to “%(product)s”") % {"product": product_name(config)},
    order=64,
)
END_ACCESS = Action(
    label=gettext_lazy("End access to a product"),
    icon="lock",
    form=OneProductForm,
    perform=end_access,
    sentence=lambda config: (
        _("End access to “%(product)s” that an automation gave") % {"product": product_name(config)}
    ),
    order=65,
)
