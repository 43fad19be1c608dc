"""Why people left: by reason and month, in their words, and what those who stayed are worth."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions.models import CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, leaving, winding_down
from plainsail.subscriptions.tests.factories import subscribed

PAGE = "/w/juniper/sales/cancellations/reasons/"
DAY = timedelta(days=1)


def leave(contract: Subscription, reason: str = "", feedback: str = "", *, at: datetime = NOON) -> None:
    with workspace(contract.workspace_id):
        data = {"when": "period_end", "reason": reason, "feedback": feedback}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=at)


def report(of, *, at: datetime = NOON, **more) -> leaving.Report:
    with workspace(of):
        return leaving.report(of, at=at, **more)


def given(of, **more) -> list[tuple[str, int, int, int]]:
    return [(one.code, one.number, one.percent, one.texts) for one in report(of, **more).reasons]


def test_reasons_are_counted_with_their_share_and_silence_comes_last(juniper):
    for reason, text in (("", ""), ("", ""), ("", ""), ("unused", "No time"), ("unused", ""), ("switched", "")):
        leave(subscribed(juniper), reason, text)
    assert given(juniper) == [("unused", 2, 33, 1), ("switched", 1, 17, 0), ("", 3, 50, 0)]


def test_what_is_said_twice_counts_once_and_a_business_that_closes_is_no_reason(juniper):
    contract = subscribed(juniper)
    leave(contract, "unused")
    leave(contract, "switched")
    subscribed(juniper)
    with workspace(juniper):
        assert winding_down.end_all(juniper, when="period_end", at=NOON, limit=10)
    assert given(juniper) == [("unused", 1, 100, 0)]


def test_months_are_those_of_the_business_and_can_be_looked_at_one_by_one(juniper):
    late = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # the first of December in Berlin
    leave(subscribed(juniper), "unused")
    leave(subscribed(juniper), "switched", at=late)
    found = report(juniper, at=late)
    assert (len(found.months), f"{found.months[0]}", f"{found.months[-1]}") == (12, "2026-01-01", "2026-12-01")
    assert list(found.left.values())[-2:] == [1, 1]
    assert given(juniper, at=late, month=found.months[-1]) == [("switched", 1, 100, 0)]


def test_a_year_later_they_are_history(juniper):
    leave(subscribed(juniper), "unused")
    assert given(juniper, at=NOON + 364 * DAY) == []


def test_who_stayed_is_worth_what_was_paid_since(juniper):
    contracts = [subscribed(juniper) for _each in range(3)]
    for contract in contracts[:2]:
        leave(contract, "too_expensive")
        with workspace(juniper):
            cancellation.undo(contract, by="customer", at=NOON + DAY)
    assert report(juniper, at=NOON + DAY).kept == leaving.Kept(2, 2, ())
    clocks.advance(juniper.pk, to=NOON + 65 * DAY, at=NOON)
    leave(contracts[0], "unused", at=NOON + 65 * DAY)
    kept = report(juniper, at=NOON + 65 * DAY).kept
    assert kept == leaving.Kept(2, 1, (Money(4 * 2900, "EUR"),))
    assert sum(report(juniper, at=NOON + 65 * DAY).stayed.values()) == 2


def test_a_later_declaration_that_takes_the_earlier_ones_place_keeps_nobody(juniper):
    contract = subscribed(juniper)
    leave(contract, "unused")
    with workspace(juniper):
        data = {"when": "now", "shown_refund": 0, "reason": "", "feedback": ""}
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON + DAY)
    assert report(juniper, at=NOON + DAY).kept.number == 0


@pytest.mark.parametrize("number", [1, 3])
def test_however_many_left_it_takes_as_many_queries(juniper, number, django_assert_num_queries):
    for _each in range(number):
        contract = subscribed(juniper)
        leave(contract, "unused")
        with workspace(juniper):
            cancellation.undo(contract, by="customer", at=NOON)
    with workspace(juniper), django_assert_num_queries(6):
        leaving.report(juniper, at=NOON)


class TestPages:
    def test_nobody_has_left(self, as_ada, juniper):
        words = as_ada.get(PAGE).content.decode()
        assert ("Nobody has cancelled" in words, "All of them as CSV" in words) == (True, False)

    def test_reasons_months_words_and_a_table(self, as_ada, juniper):
        contract = subscribed(juniper)
        leave(contract, "unused", "=No time for <b>clay</b>")
        page = as_ada.get(PAGE).content.decode()
        for part in ("I don’t use it", "100 %", "1 wrote something", "November 2026"):
            assert part in page, part
        words = as_ada.get(f"{PAGE}words/?reason=unused").content.decode()
        assert ("&lt;b&gt;clay" in words, contract.reference in words) == (True, True)
        answer = as_ada.get(f"{PAGE}csv/")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        (row,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
        assert (row["month"], row["contract"], row["reason"], row["words"]) == (
            "2026-11",
            contract.reference,
            "I don’t use it",
            "'=No time for <b>clay</b>",
        )

    def test_what_is_no_reason_or_month_leads_nowhere_or_to_all(self, as_ada, juniper):
        assert as_ada.get(f"{PAGE}words/?reason=nonsense").status_code == 404
        for month in ("x", "1999-01", "2026-13", "0000-01"):
            assert as_ada.get(f"{PAGE}?month={month}").status_code == 200
            assert as_ada.get(f"{PAGE}csv/?month={month}").status_code == 200

    def test_the_cause_of_a_public_declaration_is_read_as_well(self, as_ada, juniper):
        contract = subscribed(juniper)
        said = {"kind": "extraordinary", "name": "Maren", "contract": contract.reference, "email": "maren@example.com"}
        with workspace(juniper), clock.fixed(NOON):
            declaring.declare_publicly(declaring.from_public_page(said | {"cause": "It broke"}), at=NOON)
        run_jobs(at=NOON)
        assert "It broke" in as_ada.get(f"{PAGE}words/?reason=").content.decode()
