"""Contracts, the declarations that end them, and what surrounds their charges."""

from plainsail.subscriptions.models.addons import AddonOffer, AddonOrder, AddonRemoval
from plainsail.subscriptions.models.cancelling import (
    Cancellation,
    CancellationQuote,
    CancellationRequest,
    CancellationUndo,
    RepeatedRequest,
    SettledRequest,
)
from plainsail.subscriptions.models.changes import PlanChange
from plainsail.subscriptions.models.charges import DunningCase, Notice
from plainsail.subscriptions.models.contracts import MOVED, RENEWABLE, Standing, Subscription, SubscriptionItem
from plainsail.subscriptions.models.dates import AskedBy, DateMove, Pause
from plainsail.subscriptions.models.policies import PolicyVersion
from plainsail.subscriptions.models.prices import PriceNotice, PriceRise

__all__ = [
    "MOVED",
    "RENEWABLE",
    "AddonOffer",
    "AddonOrder",
    "AddonRemoval",
    "AskedBy",
    "Cancellation",
    "CancellationQuote",
    "CancellationRequest",
    "CancellationUndo",
    "DateMove",
    "DunningCase",
    "Notice",
    "Pause",
    "PlanChange",
    "PolicyVersion",
    "PriceNotice",
    "PriceRise",
    "RepeatedRequest",
    "SettledRequest",
    "Standing",
    "Subscription",
    "SubscriptionItem",
]
