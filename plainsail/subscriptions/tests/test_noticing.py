"""Charges are announced once, in time, with amount and way out; a charge whose letter did not leave waits for it (R40 to R49)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plainsail.commerce.models import InvoiceLine
from plainsail.commerce.services import clocks
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.payments.models import Charge
from plainsail.subscriptions.models import CancellationRequest, Notice, Subscription
from plainsail.subscriptions.services import cancellation, declaring, noticing, pausing, renewal
from plainsail.subscriptions.tests.factories import combined, subscribed

DAY = timedelta(days=1)
YEAR = {"interval_count": 12}
MAREN = "maren@example.com"
AWAY = "451 4.3.2 come back later"


def fresh(contract: Subscription) -> Subscription:
    with workspace(contract.workspace_id):
        return Subscription.objects.select_related("account", "workspace").get(pk=contract.pk)


def local(contract: Subscription, day: str, hour: int = 0) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=ZoneInfo(contract.timezone)).replace(
        hour=hour
    )


def live(*moments: datetime) -> None:
    """A worker runs at these moments, no test clock."""
    for moment in moments:
        with clock.fixed(moment):
            run_jobs(at=moment)


def daily(start: datetime, days: int) -> Iterator[datetime]:
    return (start + DAY * number for number in range(days))


def letters(outbox, contract: Subscription) -> list[str]:
    """Subjects of the announcements that reached the customer."""
    return [
        mail["Subject"]
        for mail in outbox.to(MAREN)
        if re.search("renews on|trial ends|contract costs", mail["Subject"])
    ]


def notices(contract: Subscription) -> list[tuple[str, str, bool]]:
    with workspace(contract.workspace_id):
        rows = Notice.objects.filter(subscription=contract).order_by("about_on", "written_at", "kind")
        return [(row.kind, f"{row.about_on}", row.sent_at is not None) for row in rows]


def charges(of) -> int:
    with workspace(of):
        return Charge.objects.filter(state=Charge.State.SUCCEEDED).count()


def test_a_year_is_announced_with_its_amount_its_day_and_the_way_out(juniper, outbox):
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON, local(contract, "2027-11-02", 8))
    assert letters(outbox, contract) == []
    live(local(contract, "2027-11-02", 9), local(contract, "2027-11-02", 11), local(contract, "2027-11-03", 9))
    assert letters(outbox, contract) == [f"Your contract renews on 23 November 2027: {contract.reference}"]
    words = outbox.to(MAREN)[-1].get_body(("plain",)).get_content()
    assert "€240.00 on 23 November 2027" in words
    assert "/cancel/" in words
    live(local(contract, "2027-11-20", 9))
    assert len(letters(outbox, contract)) == 2
    live(local(contract, "2027-11-23", 1))
    assert charges(juniper) == 2
    assert notices(contract) == [("renewal", "2027-11-23", True), ("renewal_soon", "2027-11-23", False)]


def test_the_amount_has_its_tax(juniper, outbox):
    with workspace(juniper):
        commerce.seller(tax_rate="19")
    contract = subscribed(juniper, minor=10000, tax_behavior="exclusive", **YEAR)
    live(NOON, local(contract, "2027-11-02", 9))
    assert "€119.00 on 23 November 2027" in outbox.to(MAREN)[-1].get_body(("plain",)).get_content()


def test_a_worker_finds_the_next_letter_due_when_a_contract_begins(juniper):
    contract = subscribed(juniper, **YEAR)
    live(NOON)
    with workspace(juniper):
        from plainsail.kernel.models import Due

        due_at = Due.objects.get(workspace_id=juniper.pk, kind="subscriptions.contracts").due_at
    assert due_at == local(contract, "2027-11-02", 9)


def test_mail_that_is_down_three_weeks_before_holds_the_charge_and_is_told_late(juniper, outbox, as_ada):
    """Scenario (g). The letter leaves on 16 November; fifteen days must lie between it and the charge."""
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    outbox.answers[MAREN] = AWAY
    live(*daily(local(contract, "2027-11-02", 9), 14))
    assert letters(outbox, contract) == []
    assert notices(contract) == [("renewal", "2027-11-23", False)]
    with clock.fixed(local(contract, "2027-11-15", 10)):
        page = as_ada.get(f"/w/juniper/sales/subscriptions/{contract.id}/").content.decode()
    assert "The charge waits for its notice" in page
    assert "has not left yet" in page
    outbox.answers.clear()
    live(local(contract, "2027-11-16", 9), *daily(local(contract, "2027-11-16", 22), 5))
    # As it was last written, then three days before the day that it would have been, with the day that it is.
    assert [re.findall("[0-9]+ [A-Z][a-z]+", subject) for subject in letters(outbox, contract)] == [
        ["28 November"],
        ["2 December"],
    ]
    live(*daily(local(contract, "2027-11-22", 9), 9))
    assert charges(juniper) == 1
    held = fresh(contract)
    with workspace(juniper):
        hold = noticing.hold_of(held, at=local(contract, "2027-11-30", 9))
        assert (hold.until, hold.is_unsent) == (held.charge_from, False)
    assert held.charge_from is not None
    assert held.charge_from - local(contract, "2027-11-16", 9) >= 15 * DAY
    assert not held.is_ended
    live(held.charge_from)
    assert charges(juniper) == 2
    with workspace(juniper):
        latest = InvoiceLine.objects.order_by("-period_start").first()
        assert (latest.period_start, latest.period_end) == (date(2027, 11, 23), date(2028, 11, 23))
    assert fresh(contract).charge_from is None


def test_mail_that_stays_down_charges_nobody(juniper, outbox):
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    outbox.answers[MAREN] = AWAY
    live(*daily(local(contract, "2027-11-02", 9), 40))
    assert charges(juniper) == 1
    with workspace(juniper):
        assert Notice.objects.get(kind="renewal").attempts > 2
        hold = noticing.hold_of(fresh(contract), at=local(contract, "2027-12-12", 9))
        assert hold is not None
        assert hold.is_unsent


def test_a_letter_that_waited_a_day_for_its_server_holds_nothing(juniper, outbox):
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    outbox.answers[MAREN] = AWAY
    live(local(contract, "2027-11-02", 9))
    outbox.answers.clear()
    live(*daily(local(contract, "2027-11-03", 9), 2), local(contract, "2027-11-23", 1))
    assert (charges(juniper), len(letters(outbox, contract))) == (2, 1)


def test_a_long_trial_is_announced_and_charged_at_noon_of_its_last_day(juniper, outbox):
    contract = subscribed(juniper, trial_days=14)
    live(NOON, local(contract, "2026-11-30", 9))
    assert letters(outbox, contract) == [f"Your trial ends on 7 December 2026: {contract.reference}"]
    live(local(contract, "2026-12-07", 0), local(contract, "2026-12-07", 11))
    assert (fresh(contract).state, charges(juniper)) == ("trialing", 0)
    live(local(contract, "2026-12-07", 12))
    assert (fresh(contract).state, charges(juniper)) == ("active", 1)


def test_a_trial_whose_letter_is_late_runs_on(juniper, outbox):
    """T5b: the first period begins on the day on which it may be charged."""
    contract = subscribed(juniper, trial_days=14)
    live(NOON)
    outbox.answers[MAREN] = AWAY
    live(*daily(local(contract, "2026-11-30", 9), 3))
    outbox.answers.clear()
    live(*daily(local(contract, "2026-12-03", 9), 7))
    assert (fresh(contract).state, charges(juniper)) == ("trialing", 0)
    live(local(contract, "2026-12-10", 12))
    after = fresh(contract)
    assert (after.state, after.anchor_on, charges(juniper)) == ("active", date(2026, 12, 10), 1)
    assert after.renews_at == local(contract, "2027-01-10")
    with workspace(juniper):
        line = InvoiceLine.objects.get(kind="recurring")
        assert (line.period_start, line.period_end) == (date(2026, 12, 10), date(2027, 1, 10))


def test_a_short_trial_has_a_word_a_day_before_and_waits_for_nothing(juniper, outbox):
    contract = subscribed(juniper, trial_days=5)
    outbox.answers[MAREN] = AWAY
    live(NOON, local(contract, "2026-11-27", 1))
    assert notices(contract) == [("trial_short", "2026-11-28", False)]
    live(local(contract, "2026-11-28", 1))
    assert charges(juniper) == 1


def test_an_address_that_no_mail_reaches_is_not_charged(juniper, outbox):
    contract = subscribed(juniper, minor=24000, **YEAR)
    with workspace(juniper):
        contract.account.email = ""
        contract.account.save(update_fields=["email"])
    live(NOON, local(contract, "2027-11-02", 9), local(contract, "2027-11-23", 1))
    assert charges(juniper) == 1
    assert notices(contract) == [("renewal", "2027-11-23", False), ("renewal_soon", "2027-11-23", False)]


def test_a_cancelled_contract_is_announced_no_more_and_one_taken_back_is(juniper, outbox):
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    at = local(contract, "2027-11-01", 9)
    with workspace(juniper):
        door = CancellationRequest.Door.PORTAL
        said = declaring.declare(
            declaring.from_confirm_page({"when": "period_end"}, contract, door=door), received_at=at
        )
        cancellation.put_in_force(said, contract, when="period_end", at=at)
    live(at, local(contract, "2027-11-02", 9))
    assert letters(outbox, contract) == []
    later = local(contract, "2027-11-13", 9)
    with workspace(juniper):
        cancellation.undo(contract, by="portal", at=later)
    live(later)
    # Ten days are too few: the letter names the day on which the charge may be taken.
    assert letters(outbox, contract) == [f"Your contract renews on 29 November 2027: {contract.reference}"]
    live(local(contract, "2027-11-23", 1))
    assert charges(juniper) == 1
    live(local(contract, "2027-11-29", 1))
    assert charges(juniper) == 2


def test_who_goes_on_after_a_rest_has_just_seen_the_amount(juniper):
    contract = combined(juniper, "year", minor=24000)
    at = NOON + 400 * DAY
    with workspace(juniper):
        pausing.pause(contract, at=NOON + 10 * DAY)
        live_contract = contract
    with clock.fixed(at):
        renewal.run(workspace_id=juniper.pk, at=at)
    with workspace(juniper):
        live_contract.refresh_from_db()
        pausing.resume(live_contract, shown=pausing.preview(live_contract, at=at).amount, at=at)
    with clock.fixed(at):
        renewal.run(workspace_id=juniper.pk, at=at)
    assert charges(juniper) == 2
    assert ("agreed", f"{at.date()}", True) in notices(contract)


def test_the_test_clock_brings_every_letter_in_its_order(juniper):
    year = subscribed(juniper, minor=24000, **YEAR)
    clocks.advance(juniper.pk, to=NOON + 370 * DAY, at=NOON)
    assert [kind for kind, _on, _sent in notices(year)] == ["renewal", "renewal_soon"]
    assert charges(juniper) == 2
    with workspace(juniper):
        written = list(Notice.objects.order_by("written_at").values_list("written_at", flat=True))
        kinds = list(Delivery.objects.order_by("id").values_list("source_kind", flat=True))
    assert written == [local(year, "2027-11-02", 9), local(year, "2027-11-20", 9)]
    assert [kind for kind in kinds if "notice" in kind] == [
        "subscriptions.notice_renewal",
        "subscriptions.notice_renewal_soon",
    ]


def test_a_month_is_announced_every_six(juniper, outbox):
    contract = subscribed(juniper)
    clocks.advance(juniper.pk, to=NOON + 200 * DAY, at=NOON)
    run_jobs(at=NOON)
    assert letters(outbox, contract) == [f"What your contract costs: {contract.reference}"]
    with workspace(juniper):
        (row,) = Notice.objects.all()
        assert (row.kind, row.about_on) == ("half_year", date(2027, 5, 23))
        assert row.written_at == local(contract, "2027-05-09", 9)


def test_two_workers_write_one_letter(juniper):
    contract = subscribed(juniper, minor=24000, **YEAR)
    at = local(contract, "2027-11-02", 9).astimezone(UTC)
    with clock.fixed(at):
        for _time in range(2):
            with workspace(juniper):
                noticing.plan_new()
                noticing.send_next(contract.pk, at=at)
    with workspace(juniper):
        assert Delivery.objects.filter(source_kind="subscriptions.notice_renewal").count() == 1
        assert Notice.objects.count() == 1


@pytest.mark.parametrize("asleep", [40, 300])
def test_a_server_that_slept_tells_first_and_charges_later(juniper, outbox, asleep):
    """Scenario (f), for a year: nothing was announced while it slept."""
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    wakes = local(contract, "2027-11-01", 9) + asleep * DAY
    live(wakes)
    assert (charges(juniper), len(letters(outbox, contract))) == (1, 1)
    live(wakes + 10 * DAY)
    assert charges(juniper) == 1
    live(wakes + 17 * DAY)
    assert charges(juniper) == 2


@pytest.fixture
def unreachable(juniper, outbox):
    """A yearly contract whose customer no mail reaches; its letter fell due on 2 November 2027."""
    contract = subscribed(juniper, minor=24000, **YEAR)
    live(NOON)
    outbox.answers[MAREN] = AWAY
    live(*daily(local(contract, "2027-11-02", 9), 20))
    return contract


def tell(contract, as_ada, *, on: str, how: str = "By letter", now: str = "2027-11-22"):
    with workspace(contract.workspace_id):
        notice = Notice.objects.get(kind="renewal")
    with clock.fixed(local(contract, now, 10)):
        path = f"/w/juniper/sales/subscriptions/{contract.id}/notices/{notice.id}/"
        return as_ada.post(path, {"how": how, "on": on})


def test_who_was_told_by_letter_is_charged_when_the_lead_is_over(unreachable, juniper, as_ada, outbox):
    live(*daily(local(unreachable, "2027-11-23", 1), 10))
    assert charges(juniper) == 1
    with clock.fixed(local(unreachable, "2027-12-03", 10)):
        assert (
            "I told them another way"
            in as_ada.get(f"/w/juniper/sales/subscriptions/{unreachable.id}/").content.decode()
        )
    assert tell(unreachable, as_ada, on="2027-12-01", now="2027-12-03").status_code == 302
    live(*daily(local(unreachable, "2027-12-04", 1), 13))
    assert charges(juniper) == 1
    live(local(unreachable, "2027-12-17", 1), local(unreachable, "2027-12-18", 1))
    assert charges(juniper) == 2
    with workspace(juniper):
        told = Notice.objects.get(kind="renewal")
    assert (told.told_how, told.told_by, told.told_at) == (
        "By letter",
        "ada@example.com",
        local(unreachable, "2027-12-03", 10),
    )
    with clock.fixed(local(unreachable, "2027-12-18", 10)):
        page = as_ada.get(f"/w/juniper/sales/subscriptions/{unreachable.id}/").content.decode()
    assert "By letter; noted by ada@example.com on" in page


@pytest.mark.parametrize(
    "fields", [{"on": "2027-11-23"}, {"on": "2027-11-01"}, {"on": "x"}, {"on": "2027-11-22", "how": ""}]
)
def test_nobody_was_told_tomorrow_or_long_before_or_in_no_way(unreachable, juniper, as_ada, fields):
    assert tell(unreachable, as_ada, **fields).status_code == 422
    assert notices(unreachable)[0][2] is False


def test_what_nothing_waits_for_is_not_told_again(unreachable, juniper, as_ada, as_cleo):
    assert tell(unreachable, as_cleo, on="2027-11-20").status_code == 404
    assert tell(unreachable, as_ada, on="2027-11-20").status_code == 302
    assert tell(unreachable, as_ada, on="2027-11-20").status_code == 409
