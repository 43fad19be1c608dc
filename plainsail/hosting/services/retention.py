"""What stays of a business after it is erased, why and until when: a policy as data, and the words for it.

The grace and the years of books are what the business has chosen (Settings → Policies); the rest nobody chooses.

A class says for how long (`keep`, ISO 8601) and from when (`from`: `end_of_year`, or the day itself). The grounds are
the law's: § 147 AO and comparable rules for books, California's automatic renewal law (Bus. & Prof. Code § 17602) for
consents to a renewal, the limitation of claims (§§ 195, 199 BGB) for declarations, GDPR art. 5(2) for the proof itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plainsail.commerce.services import sellers
from plainsail.kernel.periods import Span, day_start, local_date
from plainsail.subscriptions.services import limits, policies


def policy(chosen: Mapping[str, Any], *, least_days: int = 0, least_years: int = 0) -> dict[str, Any]:
    """The whole text, for a retention policy as `limits` reads it. Pure.

    The grace lasts so many days at least, and books are kept for so many years at least.
    """
    books = {"keep": f"P{max(chosen['documents_years'], least_years)}Y", "from": "end_of_year"}
    return {
        "version": 2,
        "grace": f"P{max(chosen['grace_days'], least_days)}D",
        "grace_access": ["export", "undo"],
        "erase_now_allowed": True,
        "warned_before": limits.WARNED_BEFORE,
        "answer_within": "P1M",
        "export_for": "P30D",
        "backups_max": limits.BACKUPS,
        "classes": {
            "invoices": books,
            "ledger": books,
            "consent": {"keep": limits.KEPT["consent"], "from": "erasure"},
            "cancellation": {"keep": limits.KEPT["cancellation"], "from": "end_of_year"},
            "security_log": {"keep": limits.KEPT["security_log"], "from": "day"},
            "proof": {"keep": limits.KEPT["proof"], "from": "end_of_year"},
        },
    }


def standing(*, promised_days: int, at: datetime) -> dict[str, Any]:
    """The text that a closing of the open workspace has which begins at a moment. Two queries.

    `promised_days` of grace are what its plan promised (`queries.promised_days`): its own choice can't be less.
    """
    country = sellers.of_workspace(at=at).country
    years = limits.document_years(country)
    return policy(policies.terms()["retention"], least_days=promised_days, least_years=years)


POLICY = policy(policies.DEFAULT_RETENTION)
"""Where a business has chosen nothing."""


@dataclass(frozen=True)
class Category:
    """A class of kept things in words: what it is and why it has to stay."""

    label: Promise
    ground: Promise


CATEGORIES: dict[str, Category] = {
    "invoices": Category(_("Invoices and credit notes"), _("Tax law: books are kept for years.")),
    "ledger": Category(_("Bookings and payments, without names"), _("Tax law: books are kept for years.")),
    "consent": Category(
        _("What buyers agreed to, with a code instead of their address"),
        _("Proof of consent to renewing contracts, for three years after the last of them ended."),
    ),
    "cancellation": Category(
        _("Cancellations, with a code instead of the address"),
        _("Claims from contracts can be raised for three years."),
    ),
    "security_log": Category(
        _("Who did what in the business"), _("Security: misuse can be looked into for ninety days.")
    ),
    "proof": Category(_("That the business was erased, and when"), _("Proof that this was done (GDPR, art. 5(2)).")),
}


def until(
    policy: Mapping[str, Any], category: str, *, since: datetime | None, erased_at: datetime, zone: str
) -> datetime:
    """The moment at which something of a class may be kept no longer: the start of a local day.

    `since` is the moment that the thing itself bears, where it has one.
    """
    rule = policy["classes"][category]
    start = erased_at if since is None or rule["from"] == "erasure" else since
    day = local_date(start, zone)
    if rule["from"] == "end_of_year":
        day = date(day.year, 12, 31)
    return day_start(Span.parse(rule["keep"]).after(day) + timedelta(days=1), zone)


def after(policy: Mapping[str, Any], name: str, at: datetime, *, zone: str) -> datetime:
    """The same local day so much later as the policy says for `grace`, `export_for` …, at its start on the day after."""
    return day_start(Span.parse(policy[name]).after(local_date(at, zone)) + timedelta(days=1), zone)


def warned_at(policy: Mapping[str, Any], erase_at: datetime, *, zone: str) -> datetime:
    """When the owner is warned of an erasure."""
    days = Span.parse(policy["warned_before"]).days
    return day_start(local_date(erase_at, zone) - timedelta(days=days), zone)


def answer_by(policy: Mapping[str, Any], at: datetime, *, zone: str) -> date:
    """The last day on which a request may be answered."""
    return Span.parse(policy["answer_within"]).after(local_date(at, zone))
