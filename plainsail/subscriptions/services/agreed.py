"""What a contract's customer pays and when, as sentences: for the account, the staff's page, receipts and the page that cancels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Subscription, SubscriptionItem
from plainsail.subscriptions.services import changing, pricing


def terms_of(subscription: Subscription, items: Sequence[SubscriptionItem], *, at: datetime) -> list[str]:
    """Each item's sentence, tax and all, with how many of its payments were asked for. A few queries an item."""
    return [_terms(subscription, item, at=at) for item in items]


def terms(subscription: Subscription, *, at: datetime) -> list[str]:
    """The same of all that stands in a contract, the plan last."""
    items = queries.standing_items(subscription).select_related("subscription", "product")
    return terms_of(subscription, list(items), at=at)


def _terms(subscription: Subscription, item: SubscriptionItem, *, at: datetime) -> str:
    words = pricing.sentence(item, changing.gross_of(item, at=at))
    progress = pricing.so_far(subscription, item)
    return f"{words}; {progress}" if progress else words
