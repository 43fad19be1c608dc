"""Billing stands in Settings, and in the account menu of every page, so that cancelling stays within three clicks."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from django.http import HttpRequest
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from plainsail.accounts.services import hosts
from plainsail.accounts.sockets import AUDIT_ACTIONS, AuditAction
from plainsail.commerce.models import Invoice, Order
from plainsail.commerce.sockets import MAY_BUY, RECEIPT_NOTES, ReceiptNote
from plainsail.contacts.sockets import KEPT_OF_PEOPLE
from plainsail.hosting import queries
from plainsail.hosting.services import advancing, buying, including, keeping
from plainsail.kernel.allowances import ALLOWED
from plainsail.kernel.events import on
from plainsail.kernel.http import Request, workspace_url
from plainsail.kernel.models import Workspace
from plainsail.kernel.personal_data import PERSONAL_DATA, PersonalData
from plainsail.kernel.upkeep import AFTER_MIGRATE
from plainsail.subscriptions.events import (
    AddonAdded,
    AddonRemoved,
    PlanChanged,
    SubscriptionEnded,
    SubscriptionStarted,
)
from plainsail.ui.sockets import ACCOUNT, BANNERS, SETTINGS, AccountItem, Banner, BannerSource, SettingsItem

SETTINGS.register(
    "billing",
    SettingsItem(
        label=_("Billing"),
        url="hosting:billing",
        order=90,
        can="hosting.own",
        pages=("hosting:cancel", "hosting:change"),
    ),
)
SETTINGS.register(
    "closing",
    SettingsItem(
        label=_("Close this business"),
        url="hosting:closing",
        order=99,
        can="hosting.own",
        pages=("hosting:close", "hosting:erase"),
    ),
)
SETTINGS.register(
    "plans",
    SettingsItem(
        label=_("Plans"),
        url="hosting:plans",
        order=91,
        can="hosting.own",
        pages=("hosting:plan",),
        shown=lambda request: bool(getattr(request.user, "is_operator", False)),
    ),
)
ACCOUNT.register(
    "billing",
    AccountItem(
        label=_("Billing"), icon="credit-card", url="hosting:billing", order=10, can="hosting.own", in_workspace=True
    ),
)

PERSONAL_DATA.register("hosting.plan", PersonalData(fields=(), erase="keep", ground="names no customer"))
PERSONAL_DATA.register(
    "hosting.closure",
    PersonalData(
        fields=("email", "asked_by"), erase="keep", ground="proof that and when a business was closed and erased"
    ),
)
PERSONAL_DATA.register(
    "hosting.closurefact",
    PersonalData(fields=("details",), erase="keep", ground="proof that and when a business was closed and erased"),
)
PERSONAL_DATA.register(
    "hosting.keptrecord",
    PersonalData(fields=("row",), erase="keep", ground="what the law wants kept, until its day", portable=False),
)
PERSONAL_DATA.register("hosting.export", PersonalData(fields=("asked_by",), erase="delete", portable=False))

for action, label in {
    "hosting.closed": _("Began to close the business"),
    "hosting.reopened": _("Took the closing back"),
    "hosting.erasure_asked": _("Asked for everything to be erased"),
    "hosting.shop_opened": _("Began to sell plans of this installation"),
    "hosting.shop_closed": _("Stopped selling plans of this installation"),
    "hosting.plan_offered": _("Put a plan on sale"),
    "hosting.plan_changed": _("Changed a plan"),
    "hosting.plan_stopped": _("Stopped selling a plan"),
    "hosting.limits_changed": _("Changed what is included without a plan"),
}.items():
    AUDIT_ACTIONS.register(action, AuditAction(label=label))


def closed(request: HttpRequest) -> Banner | None:
    """Above every page of a business that is closed. Costs nothing where it is open."""
    business: Workspace | None = getattr(request, "workspace", None)
    if business is None or business.state == Workspace.State.OPEN or getattr(request, "role", None) is None:
        return None
    words = _text("This business is closed: nothing is shown, sent or charged, and nothing can be changed.")
    if not cast(Request, request).role.allows("hosting.own"):
        return Banner(tone="warn", words=words)
    return Banner(
        tone="warn",
        words=words,
        label=_text("Take it back or take it along"),
        href=workspace_url(business, "hosting:closing"),
    )


BANNERS.register("hosting.closed", BannerSource(show=closed, order=1))
AFTER_MIGRATE.register("hosting.erasures", advancing.replay)

KEPT_OF_PEOPLE.register("hosting", keeping.of_person)
MAY_BUY.register("hosting", buying.may_buy)
ALLOWED.register("hosting", including.allowed)


def way_back(invoice: Invoice | None, order: Order | None, *, at: datetime) -> Sequence[ReceiptNote]:
    """Whoever bought a plan at the checkout came from their Billing page, and finds all else there."""
    business_id = queries.business_id(order.bought_for) if order else None
    business = Workspace.objects.filter(id=business_id).first() if business_id else None
    if business is None:
        return []
    words = _text("This is the plan of %(business)s.") % {"business": business.name}
    url = hosts.app_url(workspace_url(business, "hosting:billing"))
    return [ReceiptNote(words, link_label=_text("Back to Billing"), link_url=url)]


RECEIPT_NOTES.register("hosting", way_back)


@on(SubscriptionStarted, subscriber="hosting.begin_plan")
def begin_plan(event: SubscriptionStarted) -> None:
    """Where it is the plan of a business, that may have what the plan includes."""
    including.follow(event.subscription_id)


@on(PlanChanged, subscriber="hosting.change_plan")
def change_plan(event: PlanChanged) -> None:
    including.follow(event.subscription_id)


@on(AddonAdded, subscriber="hosting.add_addon")
def add_addon(event: AddonAdded) -> None:
    including.follow(event.subscription_id)


@on(AddonRemoved, subscriber="hosting.remove_addon")
def remove_addon(event: AddonRemoved) -> None:
    including.follow(event.subscription_id)


@on(SubscriptionEnded, subscriber="hosting.end_plan")
def end_plan(event: SubscriptionEnded) -> None:
    including.follow(event.subscription_id)
