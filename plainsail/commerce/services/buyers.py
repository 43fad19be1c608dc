"""Buyers: the contact of an address, and what the books know of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from plainsail.commerce.models import BillingAccount
from plainsail.contacts.models import Contact
from plainsail.contacts.services import contacts

SOURCE = "checkout"


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """What somebody types of themselves at a checkout. `country` is ISO 3166 alpha-2 or empty."""

    email: str
    name: str
    company: str = ""
    country: str = ""
    vat_id: str = ""
    locale: str = ""


@transaction.atomic
def account_of(buyer: Buyer, *, at: datetime) -> BillingAccount:
    """The billing account of a buyer's contact; both are made if need be, and nothing known is overwritten.

    Whoever types an address need not own it: so what is kept of earlier purchases stays as it is, and an order carries
    its own names. Raises BadAddress.
    """
    first, _blank, last = buyer.name.strip().partition(" ")
    fields = {
        "first_name": first,
        "last_name": last.strip(),
        "company": buyer.company,
        "country": buyer.country,
        "locale": buyer.locale,
    }
    contact = contacts.find_or_create(email=buyer.email, source=SOURCE, at=at, fields=fields)
    return account_of_contact(contact, buyer=buyer, at=at)


@transaction.atomic
def account_of_contact(contact: Contact, *, at: datetime, buyer: Buyer | None = None) -> BillingAccount:
    """The billing account of a contact, made if need be."""
    account: BillingAccount
    account, _is_new = BillingAccount.objects.get_or_create(
        contact=contact,
        defaults={
            "email": contact.email,
            "name": buyer.name if buyer else contact.name,
            "company": buyer.company if buyer else contact.company,
            "country": buyer.country if buyer else contact.country,
            "locale": buyer.locale if buyer else contact.locale,
            "is_consumer": not (buyer.company if buyer else contact.company),
            "created_at": at,
        },
    )
    return account
