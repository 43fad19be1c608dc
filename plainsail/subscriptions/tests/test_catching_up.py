"""A server that slept: invoices are made in their order, and nothing but what came due lately is charged unasked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from plainsail.accounts.models import Membership
from plainsail.commerce.models import Invoice, Seller
from plainsail.commerce.services import clocks
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import Charge
from plainsail.payments.tests.factories import PAYS
from plainsail.subscriptions.models import DunningCase, Subscription
from plainsail.subscriptions.services import cancellation, catching_up, declaring, links, overdue, renewal
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed

DAY = timedelta(days=1)
AWAKE = datetime(2027, 1, 25, 1, tzinfo=UTC)
"""The server slept since the day of the purchase: two months and two days, so the second renewal is two days late."""
SAVES_THEN_FAILS = "4000 0000 0000 0341"
UNPAID = "/w/juniper/sales/unpaid/"


def wake(of, *, at: datetime = AWAKE) -> None:
    with clock.fixed(at):
        renewal.run(workspace_id=of.pk, at=at)


def renewed(of) -> list[tuple[str, str]]:
    """First day and state of each renewal's invoice, by number."""
    with workspace(of):
        found = Invoice.objects.filter(order=None).exclude(number="").order_by("number")
        return [(f"{one.lines.earliest('period_start').period_start}", one.state) for one in found]


def charges(of) -> list[str]:
    with workspace(of):
        return list(Charge.objects.filter(initiator="merchant").order_by("id").values_list("state", flat=True))


def waiting(of) -> list[date]:
    with workspace(of):
        return [one.late_for.date() for one in DunningCase.objects.exclude(late_for=None).order_by("late_for")]


def test_a_month_that_began_weeks_ago_is_invoiced_and_waits_the_recent_one_is_charged(juniper):
    subscribed(juniper)
    wake(juniper)
    assert renewed(juniper) == [("2026-12-23", "open"), ("2027-01-23", "paid")]
    assert charges(juniper) == ["succeeded"]
    assert waiting(juniper) == [date(2026, 12, 22)]


def test_forty_days_asleep_a_weekly_contract_has_its_invoices_in_order(juniper):
    combined(juniper, "week", minor=700)
    before = len(charges(juniper))
    wake(juniper, at=NOON + 40 * DAY)
    assert renewed(juniper) == [
        ("2026-11-23", "paid"),
        ("2026-11-30", "open"),
        ("2026-12-07", "open"),
        ("2026-12-14", "open"),
        ("2026-12-21", "open"),
        ("2026-12-28", "open"),
    ]
    assert (len(charges(juniper)), len(waiting(juniper))) == (before, 5)
    wake(juniper, at=NOON + 42 * DAY)
    assert renewed(juniper)[-1] == ("2027-01-04", "paid")


def test_three_days_late_is_still_charged_and_a_moment_more_is_not(juniper):
    due_at = datetime(2026, 12, 22, 23, tzinfo=UTC)
    subscribed(juniper)
    assert not catching_up.is_late(due_at, at=due_at + 3 * DAY)
    wake(juniper, at=due_at + 3 * DAY)
    assert (charges(juniper), waiting(juniper)) == (["succeeded"], [])
    wake(juniper, at=datetime(2027, 1, 22, 23, tzinfo=UTC) + 3 * DAY + timedelta(seconds=1))
    assert (charges(juniper), len(waiting(juniper))) == (["succeeded"], 1)


def test_waking_again_changes_nothing(juniper):
    subscribed(juniper)
    wake(juniper)
    before = (renewed(juniper), charges(juniper), waiting(juniper))
    wake(juniper, at=AWAKE + DAY)
    assert (renewed(juniper), charges(juniper), waiting(juniper)) == before


def test_a_test_clock_that_is_moved_is_never_late(juniper):
    subscribed(juniper)
    clocks.advance(juniper.pk, to=AWAKE, at=NOON)
    assert [state for _day, state in renewed(juniper)] == ["paid", "paid"]
    assert waiting(juniper) == []


class TestChargingNow:
    def test_all_are_charged_the_oldest_first_and_the_contracts_go_on(self, juniper, as_ada):
        contracts = [subscribed(juniper) for _each in range(2)]
        wake(juniper)
        with clock.fixed(AWAKE):
            page = as_ada.get(UNPAID).content.decode()
            assert ("Charge these 2 now" in page, "server was away" in page) == (True, True)
            assert "2 renewals are not charged yet" in as_ada.get("/w/juniper/").content.decode()
            said = as_ada.post(f"{UNPAID}charges/", follow=True).content.decode()
            assert "2 renewals are being charged now" in said
            as_ada.post(f"{UNPAID}charges/")
        wake(juniper)
        assert [state for _day, state in renewed(juniper)] == ["paid"] * 4
        assert (charges(juniper), waiting(juniper)) == (["succeeded"] * 4, [])
        with workspace(juniper):
            assert not DunningCase.objects.filter(closed_at=None).exists()
            assert {one.state for one in Subscription.objects.filter(id__in=[one.id for one in contracts])} == {
                "active"
            }
        with clock.fixed(AWAKE):
            assert "not charged yet" not in as_ada.get("/w/juniper/").content.decode()

    def test_one_is_charged_and_the_others_wait_on(self, juniper, as_ada):
        for _each in range(2):
            subscribed(juniper)
        wake(juniper)
        with workspace(juniper):
            case = DunningCase.objects.exclude(late_for=None).order_by("late_for", "id").first()
        with clock.fixed(AWAKE):
            assert "Paid." in as_ada.post(f"{UNPAID}{case.id}/try/", follow=True).content.decode()
        assert len(waiting(juniper)) == 1

    def test_one_that_is_declined_is_tried_again_on_days_to_come(self, juniper):
        contract = subscribed(juniper)
        wake(juniper)
        charged_by(contract, SAVES_THEN_FAILS)
        later = AWAKE + 20 * DAY
        with workspace(juniper):
            case = DunningCase.objects.exclude(late_for=None).get()
        with clock.fixed(later):
            assert not overdue.try_now(juniper.pk, case.id, at=later)
        with workspace(juniper):
            case.refresh_from_db()
            assert (case.tries, case.late_for, case.next_try_at) == (1, None, later + 3 * DAY)

    def test_a_card_is_not_charged_more_often_than_is_wise(self, juniper):
        combined(juniper, "week", minor=700)
        wake(juniper, at=NOON + 70 * DAY)
        late = len(waiting(juniper))
        assert late == 9
        with workspace(juniper), clock.fixed(NOON + 70 * DAY):
            taken, left = catching_up.charge_all(at=NOON + 70 * DAY)
        assert taken + left == late
        wake(juniper, at=NOON + 70 * DAY)
        assert charges(juniper).count("succeeded") <= 1 + catching_up.MOST_A_FORTNIGHT
        assert len(waiting(juniper)) == left > 0

    def test_who_may_only_look_charges_nothing(self, juniper, as_ben, ben):
        Membership.objects.filter(user=ben).update(role="viewer")
        subscribed(juniper)
        wake(juniper)
        with clock.fixed(AWAKE):
            assert as_ben.post(f"{UNPAID}charges/").status_code == 403
        assert len(waiting(juniper)) == 1


def test_the_customer_pays_by_the_link_and_it_goes_on(juniper, site_client):
    contract = subscribed(juniper)
    wake(juniper)
    with workspace(juniper):
        path = links.pay_path(contract)
    with clock.fixed(AWAKE):
        assert "Pay €29.00" in site_client.get(path).content.decode()
        site_client.post(path, {"number": PAYS, "expiry": "12/40", "cvc": "123"})
    assert [state for _day, state in renewed(juniper)] == ["paid", "paid"]
    assert waiting(juniper) == []


def test_cancelling_takes_back_what_was_not_charged(juniper):
    contract = subscribed(juniper)
    wake(juniper)
    with workspace(juniper):
        said = declaring.declare(declaring.from_staff({"note": "", "when": "period_end"}, by="Ada"), received_at=AWAKE)
        cancellation.put_in_force(said, contract, when="period_end", at=AWAKE)
    assert waiting(juniper) == []
    wake(juniper, at=AWAKE + DAY)
    assert charges(juniper) == ["succeeded"]


def test_a_try_that_came_due_while_asleep_waits_too(juniper):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    first = datetime(2026, 12, 23, 1, tzinfo=UTC)
    wake(juniper, at=first)
    assert charges(juniper) == ["declined"]
    wake(juniper, at=first + 20 * DAY)
    assert charges(juniper) == ["declined"]
    assert waiting(juniper) == [(first + 3 * DAY).date()]
    charged_by(contract, PAYS)
    with workspace(juniper), clock.fixed(first + 20 * DAY):
        assert catching_up.charge_all(at=first + 20 * DAY) == (1, 0)
    wake(juniper, at=first + 20 * DAY)
    assert charges(juniper) == ["declined", "succeeded"]


def test_who_takes_a_cancellation_back_while_unpaid_is_charged_as_before(juniper):
    """What stood open was taken back with the cancellation: its days come again, and aren't late."""
    contract = combined(juniper, "month", "year")
    charged_by(contract, SAVES_THEN_FAILS)
    first, later = datetime(2026, 12, 23, 1, tzinfo=UTC), datetime(2026, 12, 30, 1, tzinfo=UTC)
    wake(juniper, at=first)
    with workspace(juniper):
        said = declaring.declare(declaring.from_staff({"note": "", "when": "period_end"}, by="Ada"), received_at=first)
        assert cancellation.put_in_force(said, contract, when="period_end", at=first).effective_at > later
    charged_by(contract, PAYS)
    with workspace(juniper), clock.fixed(later):
        cancellation.undo(contract, by="staff", at=later)
    before = len(charges(juniper))
    wake(juniper, at=later)
    assert (charges(juniper)[before:], waiting(juniper)) == (["succeeded"], [])


@pytest.mark.parametrize(("mode", "tries"), [("live", 1), ("test", 2)])
def test_a_card_that_was_declined_eight_times_in_a_fortnight_rests_whatever_it_pays_for(juniper, mode, tries):
    contract = subscribed(juniper)
    charged_by(contract, SAVES_THEN_FAILS)
    first = datetime(2026, 12, 23, tzinfo=UTC)
    wake(juniper, at=first)
    with workspace(juniper):
        declined = Charge.objects.get(state="declined")
        for _each in range(7):  # of other contracts that the same card pays for
            Charge.objects.create(
                **{
                    name: getattr(declined, name)
                    for name in ("method", "account", "amount_minor", "currency", "initiator", "state", "created_at")
                },
                subject_id=new_id(),
                idempotency_key=f"{new_id()}",
            )
        Seller.objects.update(mode=mode)
    for day in range(3, 6):
        wake(juniper, at=first + day * DAY)
    with workspace(juniper):
        assert DunningCase.objects.get().tries == tries
    assert charges(juniper).count("declined") == 7 + tries
    for day in range(6, 16):
        wake(juniper, at=first + day * DAY)
    with workspace(juniper):
        assert DunningCase.objects.get().tries > tries
