"""An end later than the earliest possible: the contract runs until then, and only what the receipt lists is charged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.translation import override

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON, euros
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.subscriptions import queries
from plainsail.subscriptions.models import Cancellation, CancellationRequest, Subscription
from plainsail.subscriptions.services import cancellation, declaring, letters, wishes
from plainsail.subscriptions.services.quoting import from_json
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed

LAST = date(2027, 1, 31)
"""Bought on 23 November: paid through 22 December, then a whole month, then nine days of January."""
END = datetime(2027, 1, 31, 23, tzinfo=UTC)
DECLINES = "4000 0000 0000 0341"


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def advance(of, to: datetime) -> None:
    clocks.advance(of.pk, to=to, at=NOON)


def cancel(contract: Subscription, last_on: date = LAST, *, at: datetime = NOON) -> Cancellation:
    with workspace(contract.workspace_id):
        shown = cancellation.preview(contract, when="period_end", last_on=last_on, at=at)
        data = {"when": "later", "end_on": last_on, "shown_charges": shown.charges_digest}
        return declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=at)


def bills(contract: Subscription) -> list[tuple[int, str]]:
    with workspace(contract.workspace_id):
        return list(Invoice.objects.order_by("issued_at", "id").values_list("gross_minor", "state"))


def test_what_is_charged_until_a_later_end_is_listed_and_nothing_else_is_charged(juniper):
    contract = subscribed(juniper, minor=3100)
    made = cancel(contract)
    promise = from_json(made.quote.result)
    assert [(one.on, one.amount_minor) for one in promise.charges_after] == [("2026-12-23", 3100), ("2027-01-23", 900)]
    assert (promise.wish, made.effective_at) == ("met", END)
    advance(juniper, END + timedelta(days=40))
    assert bills(contract) == [(3100, "paid"), (3100, "paid"), (900, "paid")]
    over = fresh(contract)
    assert (over.state, over.end_reason, over.ended_at) == ("ended", "cancelled", END)


def test_the_receipt_names_each_charge_by_amount_and_day(juniper):
    made = cancel(subscribed(juniper, minor=3100))
    with workspace(juniper):
        rows = dict(letters.receipt_rows(made, from_json(made.quote.result)))
    assert rows["Charges after this"] == (
        "€31.00 on 23 December 2026: Studio club\n€9.00 on 23 January 2027: Studio club"
    )
    assert rows["End asked for"] == "31 January 2027"


@pytest.mark.parametrize(
    ("last_on", "wish"),
    [
        (date(2026, 11, 1), "early"),
        (date(2026, 12, 10), "early"),
        (date(2040, 1, 1), "far"),
        (date(2026, 12, 22), "met"),
    ],
)
def test_a_day_that_cant_be_had_means_the_earliest_possible_and_the_receipt_says_so(juniper, last_on, wish):
    made = cancel(subscribed(juniper), last_on)
    promise = from_json(made.quote.result)
    assert (promise.wish, promise.charges_after) == (wish, ())
    assert made.effective_at == datetime(2026, 12, 22, 23, tzinfo=UTC)
    assert "earliest possible" in letters.wish_words(promise) or wish == "met"


def test_taken_back_it_renews_as_before_and_pays_the_rest_of_a_period_that_was_cut(juniper):
    contract = subscribed(juniper, minor=3100)
    cancel(contract)
    at = datetime(2027, 1, 25, 12, tzinfo=UTC)
    advance(juniper, at)
    with workspace(juniper):
        cancellation.undo(fresh(contract), by="customer", at=at)
    advance(juniper, datetime(2027, 2, 24, tzinfo=UTC))
    assert bills(contract) == [(3100, "paid"), (3100, "paid"), (900, "paid"), (2200, "paid"), (3100, "paid")]


def test_an_end_asked_for_reaches_add_ons_of_every_interval(juniper):
    contract = combined(juniper, "month", "week")
    made = cancel(contract, date(2026, 12, 31))
    listed = [(one.day.day, one.amount_minor) for one in from_json(made.quote.result).charges_after]
    assert listed == [(30, 2900), (7, 2900), (14, 2900), (21, 2900), (23, 842), (28, 1657)]
    advance(juniper, datetime(2027, 1, 1, tzinfo=UTC))
    assert [amount for amount, _state in bills(contract)] == [5800, 2900, 2900, 2900, 2900, 842, 1657]
    assert fresh(contract).is_ended


def test_a_listed_charge_that_is_declined_is_tried_again_but_not_beyond_the_end(juniper):
    contract = subscribed(juniper, minor=3100)
    cancel(contract)
    charged_by(contract, DECLINES)
    advance(juniper, datetime(2027, 1, 1, tzinfo=UTC))
    with workspace(juniper):
        assert contract.dunning_cases.filter(closed_at=None).get().tries == 3
    advance(juniper, END + timedelta(days=1))
    over = fresh(contract)
    assert over.is_ended
    with workspace(juniper):
        assert not contract.dunning_cases.filter(closed_at=None).exists()


def test_an_overdue_contract_ends_at_the_earliest_possible_date(juniper):
    contract = subscribed(juniper)
    charged_by(contract, DECLINES)
    at = datetime(2026, 12, 24, tzinfo=UTC)
    advance(juniper, at)
    made = cancel(fresh(contract), at=at)
    assert (from_json(made.quote.result).wish, fresh(contract).is_ended) == ("owed", True)


def test_a_letter_that_is_matched_late_keeps_what_was_charged_for_the_days_asked_for(juniper):
    contract = subscribed(juniper, minor=3100)
    at = datetime(2027, 1, 26, 12, tzinfo=UTC)
    advance(juniper, at)
    with workspace(juniper):
        data = {"note": "A letter", "when": "later", "end_on": LAST}
        notice = declaring.declare(declaring.from_staff(data, by="Ada"), received_at=NOON + timedelta(days=1))
        made = cancellation.put_in_force(notice, fresh(contract), when="period_end", at=at)
    promise = from_json(made.quote.result)
    assert (made.effective_at, promise.charges_after, promise.refund_minor) == (END, (), 2200)


def test_a_day_on_the_public_page_is_followed(juniper):
    contract = subscribed(juniper, minor=3100)
    with workspace(juniper):
        said = {"name": "Maren", "contract": contract.reference, "end": "31.1.2027", "email": "who@example.com"}
        request = declaring.declare_publicly(declaring.from_public_page(said | {"kind": "ordinary"}), at=NOON)
        assert request.payload["end"] == "31.1.2027"
    run_jobs(at=NOON)
    with workspace(juniper):
        standing = queries.in_force(contract)
        assert standing.effective_at == END
        assert len(from_json(standing.quote.result).charges_after) == 2


def test_words_that_name_no_day_mean_the_earliest_possible_and_the_receipt_says_so(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        said = {"name": "Maren", "contract": contract.reference, "end": "soon, please", "email": "who@example.com"}
        declaring.declare_publicly(declaring.from_public_page(said | {"kind": "ordinary"}), at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        promise = from_json(queries.in_force(contract).quote.result)
        assert (promise.wish, promise.asked_end) == ("unread", "soon, please")
        assert Delivery.objects.filter(source_kind="subscriptions.cancellation").count() == 1


def test_another_list_than_was_shown_is_shown_again(juniper):
    contract = subscribed(juniper)
    data = {"when": "later", "end_on": LAST, "shown_charges": "0" * 20}
    with workspace(juniper), pytest.raises(cancellation.QuoteChanged):
        declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=NOON)


def test_a_sooner_cancellation_takes_the_place_of_a_later_one(juniper):
    contract = subscribed(juniper)
    cancel(contract)
    with workspace(juniper):
        data = {"when": "period_end"}
        made = declaring.cancel(fresh(contract), data, door=CancellationRequest.Door.PORTAL, at=NOON)
        assert (queries.in_force(contract), made.effective_at) == (made, datetime(2026, 12, 22, 23, tzinfo=UTC))
        assert not fresh(contract).is_charged_to_end
        assert euros(0) == from_json(made.quote.result).refund


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("2027-01-31", "en", date(2027, 1, 31)),
        ("31.01.2027", "de", date(2027, 1, 31)),
        ("31. 1. 27", "de", date(2027, 1, 31)),
        ("31. Januar 2027", "de", date(2027, 1, 31)),
        ("31 January", "en", date(2027, 1, 31)),
        ("January 31, 2027", "en", date(2027, 1, 31)),
        ("1er février 2027", "fr", date(2027, 2, 1)),
        ("31/01/2027", "en", date(2027, 1, 31)),
        ("03/04/2027", "en", None),
        ("31 February 2027", "en", None),
        ("At the earliest possible date", "en", None),
        ("", "en", None),
    ],
)
def test_days_are_read_as_people_write_them_and_never_guessed(text, language, day):
    with override(language):
        assert wishes.read(text, today=date(2026, 11, 23)) == day
