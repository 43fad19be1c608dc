"""What contracts add to automations: how they begin, renew, fail and end."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plainsail.automations.sockets import Trigger
from plainsail.subscriptions.events import (
    RenewalFailed,
    SubscriptionCancelled,
    SubscriptionEnded,
    SubscriptionRenewed,
    SubscriptionStarted,
)

STARTED = Trigger(
    label=gettext_lazy("A subscription begins"),
    icon="refresh-cw",
    event=SubscriptionStarted,
    sentence=lambda config: _("A subscription begins"),
)
RENEWED = Trigger(
    label=gettext_lazy("A subscription renews"),
    icon="refresh-cw",
    event=SubscriptionRenewed,
    sentence=lambda config: _("A subscription renews"),
)
FAILED = Trigger(
    label=gettext_lazy("A payment for a subscription fails"),
    icon="credit-card",
    event=RenewalFailed,
    sentence=lambda config: _("A payment for a subscription fails"),
)
CANCELLED = Trigger(
    label=gettext_lazy("Cancels a subscription"),
    icon="circle-x",
    event=SubscriptionCancelled,
    sentence=lambda config: _("Cancels a subscription"),
)
ENDED = Trigger(
    label=gettext_lazy("A subscription ends"),
    icon="square",
    event=SubscriptionEnded,
    sentence=lambda config: _("A subscription ends"),
)
