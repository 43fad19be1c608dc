"""Gateway accounts and saved cards for tests; to be made inside a workspace."""

from __future__ import annotations

from datetime import UTC, datetime

import factory

from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge, GatewayAccount
from plainsail.payments.services import charging, methods

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAYS, MASTERCARD = "4242 4242 4242 4242", "5555 5555 5555 4444"
DECLINED, INSUFFICIENT, STOLEN = "4000 0000 0000 0002", "4000 0000 0000 9995", "4000 0000 0000 9979"
CHECKED_ONCE, CHECKED_ALWAYS = "4000 0025 0000 3155", "4000 0027 6000 3184"
DISPUTED, LATE_REFUND, FAILING_REFUND = "4000 0000 0000 0259", "4000 0000 0000 7726", "4000 0000 0000 5126"
LOST_TAKEN, LOST_DECLINED, NEVER_ARRIVES = "4000 0099 9000 0039", "4000 0099 9000 0047", "4000 0099 9000 0054"


class GatewayAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = GatewayAccount
        django_get_or_create = ("code", "mode")

    code = "sandbox"
    mode = "test"


def card(number: str = PAYS, *, expiry: str = "04/30", cvc: str = "123") -> dict[str, str]:
    return {"number": number, "expiry": expiry, "cvc": cvc}


def saved(of, number: str = PAYS, *, payer_key=None, verify: bool = False, at: datetime = NOON):
    """A card saved in a workspace through the service, as the outside does it."""
    with workspace(of):
        account = GatewayAccountFactory()
    return methods.add(
        of.pk,
        account_id=account.pk,
        payer_key=payer_key or new_id(),
        fields=card(number),
        verify=verify,
        return_path="/back/",
        at=at,
    )


def charged(
    of, number: str = PAYS, *, minor: int = 2900, subject_id=None, initiator="customer", at: datetime = NOON
) -> Charge:
    """A charge taken all the way, with whatever outcome the card has."""
    return attempt(of, saved(of, number, at=at), minor=minor, subject_id=subject_id, initiator=initiator, at=at)


def attempt(of, method, *, minor: int = 2900, subject_id=None, initiator="customer", at: datetime = NOON) -> Charge:
    with workspace(of):
        charge = charging.begin(
            method,
            subject_id=subject_id or new_id(),
            amount=Money(minor, "EUR"),
            initiator=Charge.Initiator(initiator),
            return_path="/back/",
            at=at,
        )
    return charging.submit(of.pk, charge.pk, at=at)
