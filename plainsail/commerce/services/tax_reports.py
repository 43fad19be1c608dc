"""What a seller tells the tax office about a quarter: tax by rate, and the One-Stop-Shop's figures by country and rate.

Counted are numbered invoices by the day they were issued, and credit notes by theirs. A note on an invoice of an earlier
quarter is a correction of that quarter (Implementing Regulation (EU) 2020/194, annex III, part 3: corrections stand in the
return of the quarter in which they are made, with the quarter and the country that they correct).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from plainsail.commerce import queries
from plainsail.commerce.models import Seller
from plainsail.commerce.queries import TaxSum
from plainsail.commerce.services import rates
from plainsail.kernel import cells
from plainsail.kernel.money import Money
from plainsail.kernel.periods import day_start

TEN_YEARS = 40
"""In quarters: as long as the One-Stop-Shop's records are kept."""


class BadQuarter(ValueError):
    """Not the name of a quarter."""


@dataclass(frozen=True, order=True)
class Quarter:
    """Three months of a year, `number` from 1 to 4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Quarter:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """As it is written in addresses and files, `2026-Q4`. Raises BadQuarter."""
        year, separator, number = text.partition("-Q")
        is_one = separator and re.fullmatch(r"2\d{3}", year, re.ASCII) and number in {"1", "2", "3", "4"}
        if not is_one:
            raise BadQuarter(text)
        return cls(int(year), int(number))

    @property
    def start(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def following(self) -> Quarter:
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> Quarter:
        return Quarter(self.year - (self.number == 1), (self.number - 2) % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Net and tax of one kind, country, rate and currency; `corrects` is an earlier quarter."""

    kind: str
    country: str
    rate: str
    net: Money
    tax: Money
    corrects: Quarter | None = None


@dataclass(frozen=True, kw_only=True)
class Sum:
    """Everything in one currency."""

    net: Money
    tax: Money


@dataclass(frozen=True, kw_only=True)
class Report:
    """A quarter's figures. `sales` and `corrections` are the One-Stop-Shop's; both have euros first."""

    quarter: Quarter
    summary: Sequence[Row]
    sales: Sequence[Row]
    corrections: Sequence[Row]

    @property
    def summary_sums(self) -> list[Sum]:
        return _sums(self.summary)

    @property
    def oss_sums(self) -> list[Sum]:
        return _sums([*self.sales, *self.corrections])

    @property
    def is_mixed(self) -> bool:
        """Whether some of the One-Stop-Shop's figures aren't in euros."""
        return any(row.net.currency != "EUR" for row in (*self.sales, *self.corrections))


def report(quarter: Quarter, *, seller: Seller) -> Report:
    """The figures of a quarter of the seller's zone, in the mode the seller is in. Two aggregates over its documents."""
    since, until = (day_start(one.start, seller.timezone) for one in (quarter, quarter.following))
    billed = queries.invoiced_tax(mode=seller.mode, since=since, until=until)
    credited = queries.credited_tax(mode=seller.mode, since=since, until=until, zone=seller.timezone)
    noted = [(one, Quarter.of(one.billed_in)) for one in credited if one.billed_in]
    own = [one for one, corrected in noted if corrected == quarter]
    return Report(
        quarter=quarter,
        summary=_rows([(one, None) for one in (*billed, *credited)], seller=seller),
        sales=_rows([(one, None) for one in (*billed, *own) if _is_oss(one, seller)], seller=seller),
        corrections=_rows(
            [(one, corrected) for one, corrected in noted if corrected != quarter and _is_oss(one, seller)],
            seller=seller,
        ),
    )


def _is_oss(one: TaxSum, seller: Seller) -> bool:
    """Consumers of other member states, taxed by theirs: what the return is about."""
    return one.kind == "destination" and one.country in rates.STANDARD and one.country != seller.country


def _rows(sums: Iterable[tuple[TaxSum, Quarter | None]], *, seller: Seller) -> list[Row]:
    groups: dict[tuple[bool, str, Quarter | None, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for one, corrected in sums:
        country, rate = one.country or seller.country, f"{one.rate.normalize():f}"
        group = groups[one.currency != "EUR", one.currency, corrected, one.kind or "home", country, rate]
        group[0] += one.net_minor
        group[1] += one.tax_minor
    return [
        Row(
            kind=kind,
            country=country,
            rate=rate,
            net=Money(net, currency),
            tax=Money(tax, currency),
            corrects=corrected,
        )
        for (_is_other, currency, corrected, kind, country, rate), (net, tax) in sorted(
            groups.items(), key=lambda entry: [str(part) for part in entry[0]]
        )
        if net or tax
    ]


def _sums(rows: Sequence[Row]) -> list[Sum]:
    return [
        Sum(
            net=Money(sum(row.net.minor for row in rows if row.net.currency == currency), currency),
            tax=Money(sum(row.tax.minor for row in rows if row.tax.currency == currency), currency),
        )
        for currency in dict.fromkeys(row.net.currency for row in rows)
    ]


def quarters(*, seller: Seller, today: date) -> list[Quarter]:
    """The quarters to choose from, newest first: from the first document to the present one, at most ten years."""
    first = queries.first_issued_on(mode=seller.mode, zone=seller.timezone) or today
    found, one = [Quarter.of(today)], Quarter.of(today)
    while one > Quarter.of(first) and len(found) < TEN_YEARS:
        one = one.previous
        found.append(one)
    return found


def as_csv(found: Report, *, part: str) -> bytes:
    """A table for a spreadsheet or an adviser, with plain numbers: `oss` or the `summary` by rate."""
    head = ("quarter", "corrects", "treatment", "country", "rate", "currency", "net", "tax")
    rows = [*found.sales, *found.corrections] if part == "oss" else found.summary
    figures = (
        (
            *(found.quarter, row.corrects, row.kind, row.country, row.rate),
            *(row.net.currency, row.net.decimal, row.tax.decimal),
        )
        for row in rows
    )
    return cells.file([head, *figures])
