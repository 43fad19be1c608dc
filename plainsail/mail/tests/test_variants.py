"""Variants, local times, and writing once more to the silent: who gets what, when, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.kernel import clock
from plainsail.mail.models import Broadcast, Delivery, Tally
from plainsail.mail.services import (
    answers,
    audience,
    broadcasts,
    checks,
    domain_checks,
    emails,
    gate,
    reporting,
    senders,
    tallies,
    variants,
    zones,
)
from plainsail.mail.tests.factories import BroadcastFactory, EmailFactory, ListFactory, SenderFactory, subscriber
from plainsail.tracking.models import Hit

pytestmark = pytest.mark.django_db
State = Broadcast.State
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def topic(in_juniper):
    in_juniper.postal_address, in_juniper.timezone = "Kiln Lane 4, 12345 Town", "Europe/Berlin"
    in_juniper.save()
    return ListFactory(name="Kiln news", is_default=True)


@pytest.fixture
def broadcast(topic):
    return BroadcastFactory(list=topic, sender=senders.default())


def written(broadcast, *, at):
    """Writes a broadcast's audience into the ledger; returns who is in it."""
    broadcasts.start(broadcast.id, at=at)
    broadcast.refresh_from_db()
    assert broadcast.state == State.PREPARING
    audience.write_chunk(broadcast, at=at)
    Broadcast.objects.filter(id=broadcast.id).update(state=State.COMPLETE, finished_at=at)
    return set(Delivery.objects.filter(source_id=broadcast.id).values_list("contact_id", flat=True))


def accepted(broadcast, number, people):
    Broadcast.objects.filter(id=broadcast.id).update(accepted=number, clicked=people)


def test_variants_share_a_part_of_the_audience_and_the_rest_gets_the_best(broadcast, topic):
    everybody = {subscriber(topic).id for _number in range(60)}
    variants.set_up(broadcast, share=50, decided_by="clicks", decide_after=4, at=NOON)
    first, second = variants.listed(broadcast)
    variants.change(second, subject="Another subject", sender=first.sender, hours_later=0, at=NOON)
    broadcasts.send_now(broadcast, at=NOON)
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.scheduled_at) == (State.SCHEDULED, NOON + broadcasts.HOLD + timedelta(hours=4))

    one, two = (written(each, at=NOON + broadcasts.HOLD) for each in (first, second))
    accepted(first, 1000, 10)
    accepted(second, 1000, 60)
    rest = written(broadcast, at=NOON + timedelta(hours=5))
    assert one | two | rest == everybody
    assert len(one) + len(two) + len(rest) == len(everybody)
    assert min(len(one), len(two), len(rest)) > 0
    broadcast.refresh_from_db()
    assert broadcast.decision["letter"] == "B"
    assert str(broadcast.edition) == "Another subject"
    assert "95 were asked for" in reporting.report(broadcast).rule


def test_stopping_before_the_first_message_makes_drafts_of_all(broadcast, topic):
    subscriber(topic)
    variants.set_up(broadcast, share=20, decided_by="clicks", decide_after=4, at=NOON)
    broadcasts.send_now(broadcast, at=NOON)
    broadcasts.stop(broadcast, at=NOON)
    assert set(Broadcast.objects.values_list("state", flat=True)) == {State.DRAFT}


def test_stopping_a_test_under_way_keeps_the_rest_from_getting_anything(broadcast, topic):
    for _number in range(20):
        subscriber(topic)
    variants.set_up(broadcast, share=50, decided_by="clicks", decide_after=4, at=NOON)
    broadcasts.send_now(broadcast, at=NOON)
    written(variants.listed(broadcast)[0], at=NOON + broadcasts.HOLD)
    broadcasts.stop(broadcast, at=NOON + timedelta(hours=1))
    broadcast.refresh_from_db()
    assert broadcast.state == State.STOPPED
    broadcasts.start(broadcast.id, at=NOON + timedelta(days=1))
    assert not Delivery.objects.filter(source_id=broadcast.id).exists()


def test_five_variants_at_most_and_two_at_least(broadcast, topic):
    subscriber(topic)
    variants.set_up(broadcast, share=20, decided_by="clicks", decide_after=4, at=NOON)
    for _number in range(3):
        variants.add(broadcast, at=NOON)
    with pytest.raises(variants.TooManyVariants):
        variants.add(broadcast, at=NOON)
    for each in variants.listed(broadcast)[1:]:
        variants.remove(each)
    with pytest.raises(broadcasts.NotReady):
        broadcasts.send_now(broadcast, at=NOON)


def test_a_time_on_each_readers_clock_is_another_moment_for_each(broadcast, topic):
    berlin, tokyo, nowhere = (subscriber(topic, timezone=zone) for zone in ("Europe/Berlin", "Asia/Tokyo", ""))
    subscriber(topic, timezone="Mars/Olympus")
    wall = datetime(2026, 12, 1, 9)  # a time on a clock, without a zone
    broadcasts.schedule_locally(broadcast, wall=wall, when_passed="at_once", at=NOON)
    broadcast.refresh_from_db()
    assert broadcast.scheduled_at == datetime(2026, 12, 1, 0, tzinfo=UTC)
    written(broadcast, at=broadcast.scheduled_at)
    due = dict(Delivery.objects.values_list("contact_id", "due_at"))
    assert due[tokyo.id] == datetime(2026, 12, 1, 0, tzinfo=UTC)
    assert due[berlin.id] == due[nowhere.id] == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert len(due) == 4


@pytest.mark.parametrize(("rule", "late"), [("at_once", NOON), ("next_day", datetime(2026, 11, 28, 11, tzinfo=UTC))])
def test_where_the_time_is_over_it_comes_at_once_or_on_the_next_day(broadcast, topic, rule, late):
    subscriber(topic, timezone="Asia/Tokyo")  # 20:00 there was at 11:00 UTC
    subscriber(topic, timezone="Europe/Berlin")
    wall = datetime(2026, 11, 27, 20)  # as above
    spread = zones.spread(audience.of(broadcast, at=NOON), wall, home="UTC", at=NOON, next_day=rule == "next_day")
    assert (spread.ahead, spread.passed, spread.zones) == (1, 1, 2)
    assert late in (spread.first_at, spread.last_at)


def test_who_is_first_is_not_late_because_the_worker_comes_some_moments_late(broadcast, topic):
    first, second = (subscriber(topic, timezone=zone) for zone in ("Asia/Tokyo", "Europe/Berlin"))
    wall = datetime(2026, 12, 1, 9)  # a time on a clock, without a zone
    broadcasts.schedule_locally(broadcast, wall=wall, when_passed="next_day", at=NOON)
    written(broadcast, at=datetime(2026, 12, 1, 0, 0, 7, tzinfo=UTC))
    due = dict(Delivery.objects.values_list("contact_id", "due_at"))
    assert due[first.id] == datetime(2026, 12, 1, 0, tzinfo=UTC)
    assert due[second.id] == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_one_that_was_held_past_its_time_treats_those_as_late_for_whom_it_is_over_now(broadcast, topic):
    first, second = (subscriber(topic, timezone=zone) for zone in ("Asia/Tokyo", "Europe/Berlin"))
    wall = datetime(2026, 12, 1, 9)  # as above
    broadcasts.schedule_locally(broadcast, wall=wall, when_passed="next_day", at=NOON)
    written(broadcast, at=datetime(2026, 12, 1, 3, tzinfo=UTC))
    due = dict(Delivery.objects.values_list("contact_id", "due_at"))
    assert due[first.id] == datetime(2026, 12, 2, 0, tzinfo=UTC)
    assert due[second.id] == datetime(2026, 12, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "at", "due"),
    [
        # Clocks go forward on the 28th of March and back on the 31st of October 2027.
        (datetime(2027, 3, 27, 9), datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2027, 3, 28, 7, tzinfo=UTC)),
        (datetime(2027, 10, 30, 9), datetime(2027, 10, 30, 20, tzinfo=UTC), datetime(2027, 10, 31, 8, tzinfo=UTC)),
        (datetime(2027, 3, 27, 2, 30), datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
    ],
)
def test_the_same_time_on_the_next_day_is_the_same_on_the_clock_also_when_that_is_changed(topic, wall, at, due):
    reader = subscriber(topic, timezone="Europe/Berlin")
    found = zones.leaving(reader, wall, home="UTC", at=at, next_day=True)
    assert (found.at, found.is_late) == (due, True)


def test_a_time_that_is_over_for_everybody_is_refused(broadcast, topic):
    subscriber(topic, timezone="Asia/Tokyo")
    with pytest.raises(broadcasts.InThePast):
        broadcasts.schedule_locally(
            broadcast, wall=datetime(2026, 11, 27, 9), when_passed="at_once", at=NOON
        )  # as above


def test_the_silent_are_written_to_once_more_after_three_days_and_nobody_else(broadcast, topic):
    silent, opened, clicked, by_machine = (subscriber(topic) for _number in range(4))
    broadcasts.send_now(broadcast, at=NOON)
    written(broadcast, at=NOON + broadcasts.HOLD)
    rows = Delivery.objects.filter(source_id=broadcast.id)
    rows.update(state=Delivery.State.ACCEPTED, settled_at=NOON)
    rows.filter(contact_id=opened.id).update(opened_at=NOON)
    rows.filter(contact_id=clicked.id).update(clicked_at=NOON)
    rows.filter(contact_id=by_machine.id).update(machine_opened_at=NOON)
    broadcast.refresh_from_db()
    with pytest.raises(broadcasts.TooSoonToRepeat):
        broadcasts.repeat(broadcast, at=NOON + timedelta(days=2))
    later = NOON + timedelta(days=4)
    assert audience.silent_count(broadcast, at=later) == 2
    again = broadcasts.repeat(broadcast, at=later)
    assert {each.id for each in audience.of(again, at=later)} == {silent.id, by_machine.id}
    with pytest.raises(broadcasts.TooSoonToRepeat):
        broadcasts.repeat(broadcast, at=later)


def hit(delivery, url, at, agent="human"):
    return Hit(kind="click", delivery_id=delivery.id, url=url, at=at, agent=agent, contact_id=delivery.contact_id)


def test_links_hours_and_sales_are_counted_as_they_come(broadcast, topic):
    for _number in range(2):
        subscriber(topic)
    broadcasts.send_now(broadcast, at=NOON)
    written(broadcast, at=NOON + broadcasts.HOLD)
    Delivery.objects.update(state=Delivery.State.ACCEPTED, settled_at=NOON)
    one, two = Delivery.objects.order_by("id")
    answers.hear_hits(
        [
            hit(one, "https://a.example/", NOON),
            hit(one, "https://a.example/", NOON),
            hit(two, "https://b.example/", NOON + timedelta(hours=2)),
            hit(two, "https://b.example/", NOON, agent="scanner"),
        ]
    )
    answers.hear_hits([hit(one, "https://a.example/", NOON + timedelta(hours=3))])
    order = emails.create(broadcast.email.read(), subject="an id", at=NOON).id
    sold = {"contact_id": one.contact_id, "minor": 4900, "currency": "EUR"}
    for _twice in range(2):
        tallies.hear_sale(order_id=order, at=NOON + timedelta(days=1), **sold)
    tallies.hear_sale(order_id=broadcast.id, at=NOON + timedelta(days=30), **sold)
    tallies.hear_refund(order_id=order, minor=900, at=NOON)
    broadcast.refresh_from_db()
    found = reporting.report(broadcast)
    assert [(row.url, row.people, row.clicks) for row in found.links] == [
        ("https://a.example/", 1, 3),
        ("https://b.example/", 1, 1),
    ]
    assert [hour.clicked for hour in found.hours] == [1, 0, 1]
    assert [line.name for line in found.lines] == ["Clicked", "Opened", "Opened by a proxy"]
    assert [(money.minor, money.currency, bought) for money, bought in found.sales] == [(4000, "EUR", 1)]


def test_who_got_all_their_money_back_bought_nothing(broadcast, topic):
    subscriber(topic)
    broadcasts.send_now(broadcast, at=NOON)
    written(broadcast, at=NOON + broadcasts.HOLD)
    Delivery.objects.update(state=Delivery.State.ACCEPTED, settled_at=NOON, clicked_at=NOON)
    one = Delivery.objects.get()
    orders = [emails.create(broadcast.email.read(), subject="an id", at=NOON).id for _number in range(2)]
    for order in orders:
        tallies.hear_sale(order_id=order, contact_id=one.contact_id, minor=4900, currency="EUR", at=NOON)
    bought = []
    for order, back in ((orders[0], 4900), (orders[1], 1000), (orders[1], 3900)):
        tallies.hear_refund(order_id=order, minor=back, at=NOON)
        bought.append(Tally.objects.get(kind=Tally.Kind.SALE).bought)
    assert bought == [1, 1, 0]
    result = variants.results_of(Broadcast(decided_by="sales"), [broadcast])
    assert result[0].people == 0


def test_providers_are_counted_by_name_and_the_small_ones_together(broadcast, topic):
    for number in range(15):
        subscriber(topic, email=f"a{number}@provider-{number}.example")
    for number in range(3):
        subscriber(topic, email=f"a{number}@{('gmail.com', 'googlemail.com', 'gmx.de')[number]}")
    broadcasts.send_now(broadcast, at=NOON)
    written(broadcast, at=NOON + broadcasts.HOLD)
    Delivery.objects.update(state=Delivery.State.ACCEPTED, settled_at=NOON)
    reporting.count_providers(broadcast_id=broadcast.id)
    reporting.count_providers(broadcast_id=broadcast.id)
    found = {each.key: each.accepted for each in Tally.objects.filter(kind=Tally.Kind.PROVIDER)}
    assert found["Gmail"] == 2
    assert sum(found.values()) == 18
    assert len(found) == reporting.MOST_PROVIDERS


def test_the_map_shows_at_each_link_how_many_followed_it(broadcast, in_juniper):
    Broadcast.objects.filter(id=broadcast.id).update(accepted=200)
    tallies.add("clicked", {(broadcast.id, "link", "https://juniper.example/course"): 50}, at=clock.now())
    broadcast.refresh_from_db()
    assert "25.0% · 50" in reporting.click_map(broadcast, in_juniper)


def test_a_copy_of_a_variant_stands_alone(broadcast, topic):
    variants.set_up(broadcast, share=20, decided_by="clicks", decide_after=4, at=NOON)
    made = broadcasts.copy(variants.listed(broadcast)[0], at=NOON)
    assert (made.test_of_id, made.letter) == (None, "")
    assert EmailFactory() != made.email


def test_what_won_is_what_a_copy_and_a_repetition_say(broadcast, topic):
    for _number in range(30):
        subscriber(topic)
    variants.set_up(broadcast, share=50, decided_by="clicks", decide_after=4, at=NOON)
    second = variants.listed(broadcast)[1]
    variants.change(second, subject="The better one", sender=second.sender, hours_later=0, at=NOON)
    broadcasts.send_now(broadcast, at=NOON)
    for each in variants.listed(broadcast):
        written(each, at=NOON + broadcasts.HOLD)
    accepted(second, 1000, 60)
    written(broadcast, at=NOON + timedelta(hours=5))
    Delivery.objects.update(state=Delivery.State.ACCEPTED, settled_at=NOON)
    broadcast.refresh_from_db()
    assert broadcasts.copy(broadcast, at=NOON).email.subject == "The better one"
    assert broadcasts.repeat(broadcast, at=NOON + timedelta(days=4)).email.subject == "The better one"


@pytest.fixture
def closed_gate(monkeypatch):
    """Mail leaves this machine, and the domains of the senders named are not set up."""
    closed = {"hello@juniper.example"}

    def faults(sender):
        return [domain_checks.found("spf", "bad", "not_set_up", name=sender.domain)] if sender.address in closed else []

    monkeypatch.setattr(gate, "faults", faults)
    monkeypatch.setattr(gate, "is_needed", lambda: True)
    return closed


def by_ada(broadcast, ada):
    gate.override(broadcast, words="Our provider signs, the record follows.", by=ada, at=NOON)


def test_an_owner_lets_a_test_through_with_all_its_variants_and_their_senders(broadcast, topic, closed_gate, ada):
    for _number in range(20):
        subscriber(topic)
    broadcast.sender = SenderFactory(is_default=False)
    broadcast.save()
    closed_gate.add("other@kiln.example")
    variants.set_up(broadcast, share=50, decided_by="clicks", decide_after=4, at=NOON)
    other = SenderFactory(address="other@kiln.example", is_default=False)
    second = variants.listed(broadcast)[1]
    variants.change(second, subject="B", sender=other, hours_later=0, at=NOON)
    broadcast.refresh_from_db()
    blocking = [str(each.text) for each in checks.review(broadcast, at=NOON) if each.is_blocking]
    assert [text.split(" ")[0] for text in blocking] == ["juniper.example", "kiln.example"]
    by_ada(broadcast, ada)
    broadcasts.send_now(broadcast, at=NOON)
    for each in variants.listed(broadcast):
        assert written(each, at=NOON + broadcasts.HOLD)
    assert written(broadcast, at=NOON + timedelta(hours=5))


def test_variants_that_are_held_go_on_from_the_page_of_the_test_which_waits_for_them(
    broadcast, topic, closed_gate, as_ada, in_juniper
):
    closed_gate.clear()
    for _number in range(20):
        subscriber(topic)
    variants.set_up(broadcast, share=50, decided_by="clicks", decide_after=4, at=NOON)
    broadcasts.send_now(broadcast, at=NOON)
    closed_gate.add(broadcast.sender.address)
    one, two = variants.listed(broadcast)
    for each in (one, two):
        broadcasts.start(each.id, at=NOON + broadcasts.HOLD)
    broadcasts.start(broadcast.id, at=NOON + timedelta(hours=5))
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.decision) == (State.SCHEDULED, {})
    page = as_ada.get(f"/w/juniper/emails/{broadcast.id}/").content.decode()
    assert "Variant A could not leave" in page
    assert f"/emails/{two.id}/continuation/" in page
    closed_gate.clear()
    for each in (one, two):
        broadcasts.go_on(each, at=NOON + timedelta(hours=7))
    broadcast.refresh_from_db()
    assert broadcast.scheduled_at == NOON + timedelta(hours=11)


def test_what_is_held_can_be_taken_back_and_changed_for_nothing_of_it_has_left(broadcast, topic, closed_gate):
    closed_gate.clear()
    subscriber(topic)
    broadcasts.send_now(broadcast, at=NOON)
    closed_gate.add(broadcast.sender.address)
    broadcasts.start(broadcast.id, at=NOON + broadcasts.HOLD)
    broadcast.refresh_from_db()
    assert broadcast.is_held
    stopped = broadcasts.stop(broadcast, at=NOON + timedelta(hours=1))
    assert (stopped.is_draft, stopped.started_at) == (True, None)


def test_an_owner_lets_through_what_is_held_already_from_its_page(broadcast, topic, closed_gate, as_ada):
    closed_gate.clear()
    subscriber(topic)
    broadcasts.send_now(broadcast, at=NOON)
    closed_gate.add(broadcast.sender.address)
    broadcasts.start(broadcast.id, at=NOON + broadcasts.HOLD)
    address = f"/w/juniper/emails/{broadcast.id}/"
    page = as_ada.get(address).content.decode()
    assert "I take it upon myself" in page
    assert "/settings/sending-domains/new/" in page
    refused = as_ada.post(f"{address}override/", {"words": "short"})
    assert (refused.status_code, b"It could not leave" in refused.content) == (422, True)
    assert as_ada.post(f"{address}override/", {"words": "Our provider signs for us."}).status_code == 302
    broadcasts.go_on(broadcast, at=NOON + timedelta(hours=1))
