"""Taking an add-on out of a contract: the cancellation of one item, with the same quote and a receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.kernel.errors import Refusal
from plainsail.kernel.events import publish
from plainsail.kernel.periods import local_date
from plainsail.subscriptions import queries
from plainsail.subscriptions.events import AddonRemoved
from plainsail.subscriptions.models import AddonRemoval, Subscription, SubscriptionItem
from plainsail.subscriptions.services import access, addon_letters, contracts, letters, quoting, refunds
from plainsail.subscriptions.services.cancellation import AlreadyEnded, QuoteChanged
from plainsail.subscriptions.services.quoting import Quote, When
from plainsail.subscriptions.services.references import reference


class NotAnAddon(Refusal):
    """The plan itself ends with the contract."""

    code = "not_an_addon"
    message = gettext_lazy("This is the plan itself. Cancel the contract to end it.")


class NothingToKeep(Refusal):
    """Its end has come, or it was never cancelled."""

    code = "nothing_to_keep"
    message = gettext_lazy("There is no cancellation to take back. You can add it anew.")


def in_force(item: SubscriptionItem) -> AddonRemoval | None:
    """The cancellation of an item that stands, if any."""
    found: AddonRemoval | None = AddonRemoval.objects.filter(item=item, undone_at=None).first()
    return found


def preview(item: SubscriptionItem, *, when: When, at: datetime) -> Quote:
    """What taking an add-on out would do now. Changes nothing. Raises NotAnAddon, AlreadyEnded."""
    if item.role != SubscriptionItem.Role.ADDON:
        raise NotAnAddon
    if item.subscription.is_ended or (item.ends_on and item.ends_on <= local_date(at, item.subscription.timezone)):
        raise AlreadyEnded
    facts = queries.facts_of(item.subscription, kind="ordinary", at=at)
    own = replace(
        facts,
        items=tuple(one for one in facts.items if one.item_id == str(item.id)),
        paid=tuple(line for line in facts.paid if line.item_id == str(item.id)),
        trial_ends_at=None,
    )
    return quoting.quote(own, when=when, at=at)


@transaction.atomic
def remove(item: SubscriptionItem, *, when: When, shown_minor: int, at: datetime) -> AddonRemoval:
    """End one add-on as shown, and confirm it. Twice gives the one in force. Raises NotAnAddon, AlreadyEnded, QuoteChanged."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    subscription = rows.get(id=item.subscription_id)
    item = subscription.items.select_related("product", "subscription__account", "subscription__workspace").get(
        id=item.id
    )
    standing = in_force(item)
    if standing is not None:
        return standing
    promise = preview(item, when=when, at=at)
    if when == "now" and promise.refund_minor < shown_minor:
        raise QuoteChanged
    made: AddonRemoval = AddonRemoval.objects.create(
        reference=reference("C"),
        item=item,
        quote=promise.as_json(),
        digest=promise.digest,
        received_at=at,
        effective_at=promise.effective_at,
        created_at=at,
    )
    item.ends_on = local_date(promise.effective_at, subscription.timezone)
    item.save(update_fields=["ends_on"])
    _days_moved(subscription)
    access.end_item(subscription, item, ends_at=promise.effective_at, at=at)
    with translation.override(letters.language_of(subscription)):
        reason = _("Cancellation %(number)s") % {"number": made.reference}
    refunds.pay(promise, reason=reason, at=at)
    publish(
        AddonRemoved(
            subscription_id=subscription.id,
            item_id=item.id,
            product_id=item.product_id,
            contact_id=subscription.account.contact_id,
            at=at,
        )
    )
    addon_letters.removed(made, promise, at=at)
    return made


@transaction.atomic
def keep(item: SubscriptionItem, *, at: datetime) -> None:
    """Take an add-on's cancellation back before its day. Raises NothingToKeep."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("account", "workspace")
    subscription = rows.get(id=item.subscription_id)
    item = subscription.items.select_related("product", "subscription__account", "subscription__workspace").get(
        id=item.id
    )
    standing = in_force(item)
    if standing is None or subscription.is_ended or standing.effective_at <= at:
        raise NothingToKeep
    standing.undone_at = at
    standing.save(update_fields=["undone_at"])
    item.ends_on = None
    item.save(update_fields=["ends_on"])
    _days_moved(subscription)
    access.give(subscription, at=at)
    standing.item = item
    addon_letters.kept(standing, at=at)


def _days_moved(subscription: Subscription) -> None:
    subscription.renews_at = contracts.renewal_moment(subscription)
    subscription.notice_for = None  # what is charged when has changed: the letters are worked out anew
    subscription.save(update_fields=["renews_at", "notice_for"])
