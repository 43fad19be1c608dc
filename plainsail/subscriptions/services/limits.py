"""What a business may not go below in its policies, whoever writes them: by law, by the card networks' rules, by our word. Pure.

Retention is data like the other policies: `{"grace_days": 30, "documents_years": 10}`. It is what closing the business does
(`hosting`), with what can't be chosen (`KEPT`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from plainsail.kernel.periods import Span
from plainsail.subscriptions.services import policies, retries
from plainsail.subscriptions.services.policies import BadPolicy

MOST_TRIES = 3
"""After the first charge; four an invoice stay far below what Visa (20 in 30 days) and Mastercard (35) allow."""
LATEST_TRY = 60
"""Days after the first try; later than that, the next period is due as well."""
MAILS = ("each", "first_and_last")
LEAST_GRACE, MOST_GRACE = 7, 365
"""Days. The last notice goes out a week before data is erased (requirement R53), so there is a week at least."""
PAY_WITHIN = Span(days=14)
"""Money must be on its way back within fourteen days: Consumer Rights Directive (2011/83/EU), art. 13."""
MOST_YEARS = 30
LONGEST_PAUSE, FURTHEST_MOVE = 366, 31
"""Days: for how long customers may pause by themselves at most (0: for as long as they like), and how far move a charge."""
ACCESS = ("close", "keep")
KEPT = {
    "consent": "P3Y",  # Cal. Bus. & Prof. Code § 17602: three years, or one after the end
    "cancellation": "P3Y",  # §§ 195, 199 BGB: limitation of claims
    "security_log": "P90D",  # GDPR art. 32: misuse can be looked into
    "proof": "P3Y",  # GDPR art. 5(2): that the erasure was done
}
"""For how long the rest of what survives an erasure is kept (ISO 8601): nobody chooses these."""
WARNED_BEFORE = "P7D"
"""How long before an erasure its owner is told of it again (requirement R53)."""
BACKUPS = "P35D"
"""After an erasure, nothing is left in backups once these days are over."""
DOCUMENT_YEARS = {
    "AT": 7,  # § 132 BAO
    "CH": 10,  # art. 958f OR
    "DE": 10,  # § 147 (3) AO: books; vouchers alone eight since 2025
    "ES": 6,  # art. 30 Código de Comercio
    "FR": 10,  # art. L123-22 Code de commerce
    "GB": 6,  # VAT Notice 700/21
    "IT": 10,  # art. 2220 Codice civile
    "NL": 7,  # art. 52 AWR
}
"""For how many years invoices and books are kept by law, after the end of their year."""
LONGEST_KNOWN = 10
"""Where we don't know the law of a country, the longest that we know holds."""


def document_years(country: str) -> int:
    """The least number of years for which a seller of a country keeps invoices and books."""
    return DOCUMENT_YEARS.get(country, LONGEST_KNOWN)


THEN = ("end", "pause")
"""What may come after the last try."""


def check(kind: str, text: Mapping[str, Any], *, country: str = "") -> None:
    """Raises BadPolicy, with the place of the fault, where a policy goes below a limit or isn't understood."""
    checks = {
        "refund": _check_refund,
        "dunning": _check_dunning,
        "retention": _check_retention,
        "pausing": _check_pausing,
    }
    checks[kind](text, country)


def _check_pausing(text: Mapping[str, Any], _country: str) -> None:
    if set(text) - {"version", "by_customers", "most_days", "access", "move_days"} or text["access"] not in ACCESS:
        raise BadPolicy(_("This isn’t understood."))
    if not 0 <= text["most_days"] <= LONGEST_PAUSE:
        raise BadPolicy(_("Between 0 and 366 days."), at=("most_days",))
    if not 0 <= text["move_days"] <= FURTHEST_MOVE:
        raise BadPolicy(_("Between 0 and 31 days."), at=("move_days",))


def _check_refund(text: Mapping[str, Any], _country: str) -> None:
    policies.check(text)
    if policies.pay_within(text).average_days > PAY_WITHIN.days:
        raise BadPolicy(_("Money must be on its way back within 14 days."), at=("pay_within",))


def _check_dunning(text: Mapping[str, Any], _country: str) -> None:
    if set(text) - {"version", "retry_days", "then", "mails"} or text.get("then") not in THEN:
        raise BadPolicy(_("After the last try a contract ends or rests; nothing else is understood."), at=("then",))
    if text.get("mails", "each") not in MAILS:
        raise BadPolicy(_("This isn’t understood."), at=("mails",))
    try:
        found = retries.days(text)
    except retries.BadSchedule as error:
        raise BadPolicy(_("Each try comes a day or more after the one before."), at=("retry_days",)) from error
    if not 1 <= len(found) <= MOST_TRIES:
        raise BadPolicy(_("One further try at least, three at most."), at=("retry_days",))
    if found[-1] > LATEST_TRY:
        raise BadPolicy(_("The last try comes within 60 days."), at=("retry_days",))


def _check_retention(text: Mapping[str, Any], country: str) -> None:
    if set(text) - {"version", "grace_days", "documents_years"}:
        raise BadPolicy(_("This isn’t understood."))
    if not LEAST_GRACE <= text["grace_days"] <= MOST_GRACE:
        raise BadPolicy(_("Between 7 and 365 days."), at=("grace_days",))
    least = document_years(country)
    if not least <= text["documents_years"] <= MOST_YEARS:
        words = _("Your country’s law asks for %(years)d years at least.") % {"years": least}
        raise BadPolicy(words if text["documents_years"] < least else _("30 years at most."), at=("documents_years",))
