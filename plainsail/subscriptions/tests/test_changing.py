"""Another plan in a contract's place: shown, paid, carried out once, or not at all; planned, taken back, carried out on its day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from plainsail.commerce.models import ConsentRecord, CreditNote, Invoice, InvoiceLine
from plainsail.commerce.services import clocks, collecting, refunding, sellers
from plainsail.commerce.services.checkout import Trace
from plainsail.commerce.tests import factories as commerce
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel import clock
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import sandbox
from plainsail.payments.models import Charge, Refund
from plainsail.payments.services import charging
from plainsail.payments.services.charging import MethodUnusable
from plainsail.payments.tests.factories import CHECKED_ALWAYS, DECLINED, LOST_TAKEN, saved
from plainsail.portal.services import grants
from plainsail.subscriptions.models import CancellationRequest, PlanChange, Subscription
from plainsail.subscriptions.services import cancellation, changing, declaring, letters, pausing, planning, renewal
from plainsail.subscriptions.services.cancellation import AlreadyEnded
from plainsail.subscriptions.services.changing import NotChangeable, NothingPlanned, NotOffered, Wanted
from plainsail.subscriptions.services.pausing import AmountChanged
from plainsail.subscriptions.tests.factories import charged_by, combined, subscribed

LATER = NOON + timedelta(days=10)
"""3 December: ten of thirty days are used."""
TRACE = Trace(ip="203.0.113.9", user_agent="Firefox")


def wanted(of, minor: int = 5900, *, name: str = "Pro", currency: str = "EUR", **terms) -> Wanted:
    with workspace(of):
        sold = commerce.offer(name, minor, currency=currency, **{"interval": "month"} | terms)
        return Wanted(sold.price, sold.name)


def preview(contract: Subscription, to: Wanted, *, at: datetime = LATER):
    with workspace(contract.workspace_id):
        return changing.preview(fresh(contract), to, at=at)


def fresh(contract: Subscription) -> Subscription:
    return Subscription.objects.select_related("account", "workspace").get(id=contract.id)


def change(contract: Subscription, to: Wanted, *, at: datetime = LATER, method=None, shown: str | None = None):
    shown = shown or preview(contract, to, at=at).digest
    return changing.choose(
        contract.workspace_id,
        contract.id,
        to,
        shown=shown,
        trace=TRACE,
        at=at,
        method_id=method.id if method else None,
        return_path="/back/",
    )


def cancel(contract: Subscription, *, at: datetime = LATER, when: str = "period_end") -> None:
    with workspace(contract.workspace_id):
        declaration = declaring.from_confirm_page({"when": when}, contract, door=CancellationRequest.Door.PORTAL)
        cancellation.put_in_force(declaring.declare(declaration, received_at=at), fresh(contract), when=when, at=at)


def state(contract: Subscription) -> list[str]:
    with workspace(contract.workspace_id):
        return list(PlanChange.objects.order_by("asked_at", "id").values_list("state", flat=True))


def plan(contract: Subscription) -> str:
    with workspace(contract.workspace_id):
        return changing.plan_of(contract).description


def refunded(contract: Subscription) -> int:
    with workspace(contract.workspace_id):
        return sum(Refund.objects.values_list("amount_minor", flat=True))


def events(contract: Subscription) -> list[str]:
    with workspace(contract.workspace_id):
        names = EventRow.objects.filter(name__startswith="subscriptions.plan").order_by("created_at", "id")
        return list(names.values_list("name", flat=True))


def test_a_dearer_plan_begins_once_its_days_are_paid_and_the_old_ones_come_back(juniper, outbox):
    contract, to = subscribed(juniper), wanted(juniper)
    shown = preview(contract, to)
    assert (shown.when, shown.charge_minor, shown.comes_back.minor) == ("now", 3933, 1933)
    assert change(contract, to).state == "done"
    with clock.fixed(LATER):
        run_jobs()
    with workspace(juniper):
        old, new = contract.items.order_by("starts_on")
        assert (old.ends_on, new.starts_on, new.charged_through) == (
            date(2026, 12, 3),
            date(2026, 12, 3),
            date(2026, 12, 23),
        )
        charges = list(Charge.objects.order_by("created_at").values_list("amount_minor", "state", "initiator"))
        assert charges == [(2900, "succeeded", "customer"), (3933, "succeeded", "customer")]
        assert list(Refund.objects.values_list("amount_minor", "state")) == [(1933, "succeeded")]
        assert letters.next_charge(fresh(contract)) == "€59.00 on 23 December 2026"
    assert (state(contract), events(contract)) == (["done"], ["subscriptions.plan_changed"])
    assert [mail["To"] for mail in outbox if mail["Subject"].startswith("Plan changed")] == ["maren@example.com"]


def test_it_renews_at_the_new_price_on_the_old_day(juniper):
    contract = subscribed(juniper)
    change(contract, wanted(juniper))
    clocks.advance(juniper.pk, to=NOON + timedelta(days=31), at=NOON)
    with workspace(juniper):
        last = InvoiceLine.objects.order_by("created_at", "id").last()
        assert (last.gross_minor, last.period_start, last.period_end) == (5900, date(2026, 12, 23), date(2027, 1, 23))


@pytest.mark.parametrize("behavior", ["inclusive", "exclusive"])
@pytest.mark.parametrize("rounding", ["line", "sum_by_net", "sum_by_net_keep_gross"])
@pytest.mark.parametrize(("old", "new", "days"), [(2999, 5999, 7), (10_01, 10_01, 13), (999, 36501, 29)])
def test_what_is_shown_is_charged_and_given_back_to_the_cent(juniper, behavior, rounding, old, new, days):
    with workspace(juniper):
        commerce.seller(tax_rate=Decimal(19), rounding=rounding)
    contract, at = subscribed(juniper, minor=old, tax_behavior=behavior), NOON + timedelta(days=days)
    to = wanted(juniper, new, tax_behavior=behavior)
    shown = preview(contract, to, at=at)
    change(contract, to, at=at)
    with workspace(juniper):
        made = PlanChange.objects.get()
        assert Invoice.objects.get(id=made.invoice_id).gross_minor == shown.charge_minor
        assert sum(CreditNote.objects.values_list("payable_minor", flat=True)) == shown.comes_back.minor


def test_what_was_agreed_to_is_kept_word_for_word(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    change(contract, to)
    with workspace(juniper):
        agreed = ConsentRecord.objects.order_by("at").last()
        assert (agreed.amount_minor, agreed.interval, agreed.ip, agreed.user_agent) == (
            5900,
            "month",
            "203.0.113.9",
            "Firefox",
        )
        assert agreed.at == LATER
        assert agreed.text == (
            f"I change contract {contract.reference} with Juniper Pottery Studio to “Pro”, €59.00 every month until I cancel. €39.33 "
            "is charged now and €19.33 comes back for days already paid for. The next charge is €59.00 on 23 December 2026. "
            "I can cancel online at any time."
        )


def test_access_follows_the_plan_and_comes_back_with_it(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    with workspace(juniper):
        back = Wanted(contract.items.get().product.prices.get(), "Studio club")
        contact = contract.account.contact
        old, new = back.price.product.resource_key, to.price.product.resource_key
    change(contract, to)
    with workspace(juniper):
        assert [grants.has_access(contact, key, at=LATER + timedelta(hours=1)) for key in (old, new)] == [False, True]
    change(contract, back, at=LATER + timedelta(days=1))
    clocks.advance(juniper.pk, to=NOON + timedelta(days=31), at=NOON)
    with workspace(juniper):
        assert [grants.has_access(contact, key, at=NOON + timedelta(days=31)) for key in (old, new)] == [True, False]


def test_a_declined_card_changes_nothing_and_another_may_be_tried(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    with workspace(juniper):
        contract.refresh_from_db()
    bad = saved(juniper, DECLINED, payer_key=contract.account_id)
    answer = change(contract, to, method=bad)
    run_jobs()
    assert answer.state == "declined"
    assert (state(contract), plan(contract), refunded(contract), events(contract)) == (
        ["dropped"],
        "Studio club",
        0,
        [],
    )
    with workspace(juniper):
        assert Invoice.objects.get(id=PlanChange.objects.get().invoice_id).state == Invoice.State.VOID
        assert fresh(contract).payment_method_id == contract.payment_method_id
    good = saved(juniper, "5555 5555 5555 4444", payer_key=contract.account_id)
    assert change(contract, to, method=good).state == "done"
    with workspace(juniper):
        assert fresh(contract).payment_method_id == good.id


def test_somebody_elses_card_pays_nothing(juniper):
    contract, to, foreign = subscribed(juniper), wanted(juniper), saved(juniper)
    with pytest.raises(MethodUnusable):
        change(contract, to, method=foreign)
    assert state(contract) == []


def test_the_banks_check_is_waited_for_and_then_it_is_done(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    method = saved(juniper, CHECKED_ALWAYS, payer_key=contract.account_id)
    answer = change(contract, to, method=method)
    assert (answer.state, state(contract), plan(contract)) == ("action", ["open"], "Studio club")
    with pytest.raises(NotChangeable):
        change(contract, to)
    with workspace(juniper):
        ref = Charge.objects.exclude(gateway_ref="").order_by("created_at").last().gateway_ref
    sandbox.authenticate(juniper.pk, ref, is_approved=True, at=NOON)
    assert changing.look_up(juniper.pk, contract.id, at=LATER).state == "done"
    assert changing.look_up(juniper.pk, contract.id, at=LATER) is None
    assert (state(contract), plan(contract)) == (["done"], "Pro")


def test_a_check_that_is_given_up_leaves_everything_as_it_was(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    change(contract, to, method=saved(juniper, CHECKED_ALWAYS, payer_key=contract.account_id))
    assert changing.give_up(juniper.pk, contract.id, at=LATER).state == "declined"
    assert (state(contract), plan(contract)) == (["dropped"], "Studio club")


class Killed(Exception):
    """The process stopped here."""


@pytest.mark.parametrize("step", ["charge", "record", "settle", "finish"])
def test_killed_between_any_two_steps_it_heals(juniper, monkeypatch, step):
    contract, to = subscribed(juniper), wanted(juniper)
    places = {
        "charge": (charging, "gateway_of"),
        "record": (charging, "_record"),
        "settle": (collecting, "settle"),
        "finish": (changing, "finish"),
    }

    def stop(*_arguments, **_named):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(*places[step], stop)
        with pytest.raises(Killed):
            change(contract, to)
    assert (state(contract), plan(contract)) == (["open"], "Studio club")
    with workspace(juniper):
        charge = Charge.objects.order_by("created_at").last()
    for _twice in range(2):
        collecting.look_up(juniper.pk, charge.id, at=LATER + timedelta(minutes=5))
        run_jobs()
    expected = (["dropped"], "Studio club", 0) if step == "charge" else (["done"], "Pro", 1933)
    assert (state(contract), plan(contract), refunded(contract)) == expected


def test_events_that_come_twice_change_it_once(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    change(contract, to)
    with workspace(juniper):
        made = PlanChange.objects.get()
        for _twice in range(2):
            changing.finish(made.invoice_id, at=LATER)
            changing.fail(made.invoice_id, at=LATER)
    run_jobs()
    assert (state(contract), plan(contract), refunded(contract)) == (["done"], "Pro", 1933)


def unheard(contract: Subscription, to: Wanted) -> Charge:
    """A change whose payment succeeded and nobody heard of it yet."""
    answer = change(contract, to, method=saved(contract.workspace, LOST_TAKEN, payer_key=contract.account_id))
    assert (answer.state, state(contract)) == ("processing", ["open"])
    with workspace(contract.workspace_id):
        return Charge.objects.order_by("created_at").last()


@pytest.mark.parametrize("when", ["period_end", "now"])
def test_a_cancellation_that_comes_first_wins_and_the_payment_goes_back_in_full(juniper, when):
    contract, to = subscribed(juniper), wanted(juniper)
    charge = unheard(contract, to)
    cancel(contract, when=when)
    before = refunded(contract)
    collecting.look_up(juniper.pk, charge.id, at=LATER + timedelta(hours=1))
    run_jobs()
    assert (state(contract), refunded(contract) - before) == (["dropped"], charge.amount_minor)


def test_a_pause_that_comes_first_wins_too(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    charge = unheard(contract, to)
    with workspace(juniper):
        pausing.pause(fresh(contract), at=LATER)
    collecting.look_up(juniper.pk, charge.id, at=LATER + timedelta(hours=1))
    run_jobs()
    assert (state(contract), plan(contract), refunded(contract)) == (["dropped"], "Studio club", charge.amount_minor)


def test_a_payment_heard_of_after_the_next_renewal_is_too_late(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    charge = unheard(contract, to)
    renewal.renew(juniper.pk, contract.id, at=NOON + timedelta(days=31))
    collecting.look_up(juniper.pk, charge.id, at=NOON + timedelta(days=31))
    run_jobs()
    assert (state(contract), plan(contract), refunded(contract)) == (["dropped"], "Studio club", charge.amount_minor)


def test_what_was_refunded_meanwhile_comes_back_once(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    charge = unheard(contract, to)
    with workspace(juniper):
        bill = Invoice.objects.get(order_id=contract.order_id)
        refunding.refund_invoice(bill, amount=commerce.euros(2000), reason="Kindness", at=LATER)
    collecting.look_up(juniper.pk, charge.id, at=LATER + timedelta(hours=1))
    run_jobs()
    assert (state(contract), plan(contract)) == (["done"], "Pro")
    assert refunded(contract) == 2900


def test_a_cheaper_plan_is_planned_and_takes_over_when_the_paid_time_ends(juniper, outbox):
    contract, to = subscribed(juniper), wanted(juniper, 900, name="Small")
    shown = preview(contract, to)
    assert (shown.when, shown.charge_minor, shown.back, shown.next_on) == ("later", 0, (), date(2026, 12, 23))
    assert change(contract, to).state == "planned"
    with clock.fixed(LATER):
        run_jobs()
    with workspace(juniper):
        assert planning.planned(fresh(contract)).description == "Small"
        assert letters.next_charge(fresh(contract)) == "€9.00 on 23 December 2026"
    assert plan(contract) == "Studio club"
    assert [mail["To"] for mail in outbox if "on its way" in mail["Subject"]] == ["maren@example.com"]
    renewal.renew(juniper.pk, contract.id, at=NOON + timedelta(days=31))
    run_jobs()
    assert (state(contract), plan(contract)) == (["done"], "Small")
    with workspace(juniper):
        assert list(Charge.objects.order_by("created_at").values_list("amount_minor", flat=True)) == [2900, 900]
    assert events(contract) == ["subscriptions.plan_change_planned", "subscriptions.plan_changed"]


def test_a_planned_change_can_be_taken_back_until_then_and_planned_anew(juniper):
    contract, small, tiny = subscribed(juniper), wanted(juniper, 900), wanted(juniper, 500, name="Tiny")
    change(contract, small)
    with workspace(juniper):
        changing.take_back(fresh(contract), at=LATER)
        with pytest.raises(NothingPlanned):
            changing.take_back(fresh(contract), at=LATER)
        assert letters.next_charge(fresh(contract)) == "€29.00 on 23 December 2026"
    change(contract, small)
    change(contract, tiny)
    assert state(contract) == ["taken_back", "taken_back", "planned"]
    renewal.renew(juniper.pk, contract.id, at=NOON + timedelta(days=31))
    assert plan(contract) == "Tiny"
    with workspace(juniper), pytest.raises(NothingPlanned):
        changing.take_back(fresh(contract), at=LATER)


def test_a_dearer_plan_takes_a_planned_ones_place(juniper):
    contract = subscribed(juniper)
    change(contract, wanted(juniper, 900))
    change(contract, wanted(juniper, 9900, name="Max"), at=LATER + timedelta(hours=1))
    assert (state(contract), plan(contract)) == (["taken_back", "done"], "Max")


def test_cancelling_and_taking_it_back_leaves_a_planned_change_where_it_was(juniper):
    contract = subscribed(juniper)
    change(contract, wanted(juniper, 900, name="Small"))
    cancel(contract)
    with workspace(juniper):
        assert planning.planned(fresh(contract)) is None
        cancellation.undo(fresh(contract), by="customer", at=LATER)
        assert planning.planned(fresh(contract)) is not None
    cancel(contract, when="now")
    assert state(contract) == ["dropped"]


def test_going_on_after_a_rest_costs_what_is_shown_with_the_planned_plan(juniper):
    contract = subscribed(juniper)
    change(contract, wanted(juniper, 900, name="Small"))
    later = NOON + timedelta(days=45)
    with workspace(juniper):
        pausing.pause(fresh(contract), at=LATER)
    renewal.renew(juniper.pk, contract.id, at=NOON + timedelta(days=31))
    with workspace(juniper):
        shown = pausing.preview(fresh(contract), at=later)
        pausing.resume(fresh(contract), shown=shown.amount, at=later)
    renewal.renew(juniper.pk, contract.id, at=later)
    with workspace(juniper):
        assert Charge.objects.order_by("created_at").last().amount_minor == shown.amount.minor
    assert plan(contract) == "Small"


def test_while_a_trial_runs_the_plan_is_swapped_and_the_trial_ends_as_before(juniper):
    contract, to = subscribed(juniper, trial_days=7), wanted(juniper, 9900)
    assert preview(contract, to, at=NOON + timedelta(days=3)).when == "trial"
    assert change(contract, to, at=NOON + timedelta(days=3)).state == "done"
    with workspace(juniper):
        was, now = contract, fresh(contract)
        assert (now.state, now.renews_at, now.trial_ends_at) == ("trialing", was.renews_at, was.trial_ends_at)
        assert not Charge.objects.exists()
    renewal.renew(juniper.pk, contract.id, at=contract.trial_ends_at)
    with workspace(juniper):
        assert list(Charge.objects.values_list("amount_minor", "state")) == [(9900, "succeeded")]


def test_days_that_cost_less_than_a_cent_are_free_and_the_plan_changes_all_the_same(juniper):
    contract, to, at = subscribed(juniper, minor=1), wanted(juniper, 1), NOON + timedelta(days=29)
    assert preview(contract, to, at=at).charge_minor == 0
    assert change(contract, to, at=at).state == "done"
    assert (state(contract), plan(contract)) == (["done"], "Pro")
    with workspace(juniper):
        assert Charge.objects.count() == 1


def test_add_ons_stay_as_they_are(juniper):
    contract = combined(juniper, "month", "year")
    change(contract, wanted(juniper))
    with workspace(juniper):
        running = list(contract.items.filter(ends_on=None).order_by("role").values_list("role", "unit_minor"))
    assert running == [("addon", 2900), ("base", 5900)]


@pytest.mark.parametrize("terms", [{"interval": ""}, {"currency": "USD"}], ids=["paid once", "another currency"])
def test_a_price_that_doesnt_fit_is_refused(juniper, terms):
    with pytest.raises(NotOffered):
        preview(subscribed(juniper), wanted(juniper, **terms))


def test_the_same_price_and_one_taken_off_sale_are_refused(juniper):
    contract, archived = subscribed(juniper), wanted(juniper)
    with workspace(juniper):
        same = Wanted(contract.items.get().product.prices.get(), "Studio club")
        archived.price.product.state = "archived"
    for to in (same, archived):
        with pytest.raises(NotOffered):
            preview(contract, to)


def test_a_contract_that_has_ended_is_ending_rests_or_owes_cant_be_changed(juniper):
    to = wanted(juniper)
    ending, ended, resting, owing = (subscribed(juniper) for _one in range(4))
    cancel(ending)
    cancel(ended, when="now")
    with workspace(juniper):
        pausing.pause(fresh(resting), at=LATER)
    charged_by(owing, DECLINED)
    renewal.renew(juniper.pk, owing.id, at=NOON + timedelta(days=31))
    for contract, refusal in (
        (ending, NotChangeable),
        (ended, AlreadyEnded),
        (resting, NotChangeable),
        (owing, NotChangeable),
    ):
        with pytest.raises(refusal):
            preview(contract, to, at=NOON + timedelta(days=32))


def test_a_contract_whose_renewal_is_due_waits_for_it(juniper):
    with pytest.raises(NotChangeable):
        preview(subscribed(juniper), wanted(juniper), at=NOON + timedelta(days=31))


def test_other_amounts_than_shown_are_refused(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    yesterday = preview(contract, to, at=LATER - timedelta(days=1)).digest
    with pytest.raises(AmountChanged):
        change(contract, to, shown=yesterday)
    assert state(contract) == []


def test_who_closes_changes_nothing(juniper):
    contract, to = subscribed(juniper), wanted(juniper, 900)
    with workspace(juniper):
        sellers.stop_selling(commerce.seller())
    with pytest.raises(Refusal):
        change(contract, to)


def test_withdrawing_after_a_change_gives_everything_back(juniper):
    contract, to = subscribed(juniper), wanted(juniper)
    change(contract, to)
    with workspace(juniper):
        values = {"name": "Maren", "contract": contract.reference, "email": "maren@example.com"}
        declaring.declare_publicly(declaring.from_withdrawal_page(values), at=LATER + timedelta(days=1))
    run_jobs()
    with workspace(juniper):
        taken = sum(Charge.objects.values_list("amount_minor", flat=True))
        assert fresh(contract).is_ended
    assert refunded(contract) == taken
