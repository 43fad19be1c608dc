"""The ledger's moves, in any order and by any number of workers: the books balance after each of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.contacts.services import segments
from plainsail.contacts.tests.factories import SegmentFactory
from plainsail.kernel import clock
from plainsail.kernel.crypto import BadToken
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Delivery, SealedBody
from plainsail.mail.services import books, broadcasts, ledger, transactional
from plainsail.mail.services.ledger import Outcome
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber

pytestmark = pytest.mark.django_db
State = Delivery.State
READERS = 12

FATES = st.sampled_from([State.ACCEPTED, State.FAILED, State.SUPPRESSED, State.EXCLUDED, State.UNCERTAIN, State.QUEUED])
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.integers(1, 5)),
        st.tuples(st.just("settle"), st.lists(FATES, min_size=1, max_size=5)),
        st.tuples(st.just("settle_twice"), st.lists(FATES, min_size=1, max_size=5)),
        st.tuples(st.just("expire"), st.none()),
        st.tuples(st.just("resend"), st.none()),
        st.tuples(st.just("leave_out"), st.none()),
    ),
    max_size=14,
)


@pytest.fixture
def broadcast(in_juniper):
    news = ListFactory()
    for _number in range(READERS):
        subscriber(news)
    made = BroadcastFactory(list=news, state=Broadcast.State.PREPARING)
    made.edition = broadcasts.emails.freeze(made.email)
    made.save()
    assert not broadcasts.audience.write_chunk(made, at=clock.now())
    Broadcast.objects.update(state=Broadcast.State.SENDING)
    return made


def counted(broadcast):
    rows = Delivery.objects.filter(source_id=broadcast.id).order_by().values_list("state")
    return dict(rows.annotate(n=Count("id")))


def assert_balanced(broadcast):
    broadcast.refresh_from_db()
    found = counted(broadcast)
    still_open = sum(found.get(state, 0) for state in Delivery.OPEN)
    assert broadcast.audience == READERS == still_open + broadcast.settled
    for name in books.COUNTED:
        assert getattr(broadcast, name) == found.get(name, 0)


@given(moves=MOVES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_in_whatever_order_the_books_balance(broadcast, moves):
    Delivery.objects.update(state=State.QUEUED, claim=None, leased_until=None, settled_at=None, due_at=clock.now())
    Broadcast.objects.update(**dict.fromkeys(books.COUNTED, 0))
    at, claims = clock.now(), []
    for move, detail in moves:
        at += timedelta(minutes=1)
        if move == "claim":
            claims.append(ledger.claim(broadcast.id, at=at, limit=detail))
            assert len(claims[-1].deliveries) <= detail
        elif move in ("settle", "settle_twice") and claims:
            claim = claims[len(detail) % len(claims)]
            outcomes = [
                Outcome(delivery_id=row.id, state=state) for row, state in zip(claim.deliveries, detail, strict=False)
            ]
            for _time in range(2 if move == "settle_twice" else 1):
                ledger.settle(claim.id, outcomes, at=at)
        elif move == "expire":
            ledger.expire(at=at + ledger.LEASE)
        elif move == "resend":
            ledger.resend_uncertain(broadcast.id, at=at)
        elif move == "leave_out":
            ledger.leave_out_waiting(broadcast.id, cause="stopped", at=at)
        assert_balanced(broadcast)


def test_a_claim_takes_no_more_than_it_asks_for_and_nobody_takes_the_same_row(broadcast):
    at = clock.now()
    first, second = ledger.claim(broadcast.id, at=at, limit=5), ledger.claim(broadcast.id, at=at, limit=100)
    ids = [row.id for claim in (first, second) for row in claim.deliveries]
    assert (len(first.deliveries), len(second.deliveries), len(set(ids))) == (5, READERS - 5, READERS)


def test_an_outcome_is_taken_from_nobody_but_who_holds_the_row(broadcast):
    at = clock.now()
    held = ledger.claim(broadcast.id, at=at)
    other = ledger.claim(broadcast.id, at=at)
    outcome = Outcome(delivery_id=held.deliveries[0].id, state=State.ACCEPTED)
    ledger.settle(other.id, [outcome], at=at)
    assert counted(broadcast) == {State.HANDING_OVER: READERS}


def test_what_was_sent_again_does_not_listen_to_its_former_worker(broadcast):
    at = clock.now()
    lost = ledger.claim(broadcast.id, at=at)
    ledger.expire(at=at + 2 * ledger.LEASE)
    ledger.resend_uncertain(broadcast.id, at=at)
    ledger.settle(lost.id, [Outcome(delivery_id=row.id, state=State.FAILED) for row in lost.deliveries], at=at)
    assert counted(broadcast) == {State.QUEUED: READERS}


def test_books_that_do_not_balance_are_never_called_complete(broadcast):
    at = clock.now()
    claim = ledger.claim(broadcast.id, at=at)
    ledger.settle(claim.id, [Outcome(delivery_id=row.id, state=State.ACCEPTED) for row in claim.deliveries], at=at)
    Broadcast.objects.update(audience=READERS + 1)
    assert not books.close_if_done(broadcast.id, at=at)
    Broadcast.objects.update(audience=READERS)
    assert books.close_if_done(broadcast.id, at=at)
    assert not books.close_if_done(broadcast.id, at=at)


def test_words_whose_fate_stays_uncertain_are_forgotten_after_a_week(in_juniper):
    at = clock.now()
    delivery = transactional.send("order_receipt", to="m@example.com", subject="s", text="t", key="k", at=at)
    ledger.claim(delivery.source_id, at=at)
    run_jobs(at=at + timedelta(hours=1))
    assert SealedBody.objects.count() == 1
    with clock.fixed(at + timedelta(days=9)):
        tenancy_free(transactional.forget_old_bodies.function)
    assert not SealedBody.objects.exists()
    delivery.refresh_from_db()
    assert delivery.state == State.UNCERTAIN


def tenancy_free(function):
    """Call it as the worker does, without a workspace, and come back into ours."""
    from plainsail.kernel.testing.work import _no_workspace

    with _no_workspace():
        function()


def test_a_body_sealed_under_another_key_fails_and_holds_up_nobody(in_juniper, outbox):
    at = clock.now()
    broken = transactional.send("order_receipt", to="m@example.com", subject="s", text="t", key="k", at=at)
    SealedBody.objects.update(sealed="gAAAA-nonsense")
    with pytest.raises(BadToken):
        transactional.bodies.unseal("gAAAA-nonsense")
    run_jobs(at=at)
    broken.refresh_from_db()
    assert (broken.state, broken.cause, outbox) == (State.FAILED, "unreadable", [])


def test_who_was_sent_a_mail_is_known_to_segments_and_who_was_not_is_not(broadcast):
    claim = ledger.claim(broadcast.id, at=clock.now(), limit=2)
    at = clock.now()
    taken, refused = claim.deliveries
    ledger.settle(
        claim.id,
        [
            Outcome(delivery_id=taken.id, state=State.ACCEPTED),
            Outcome(delivery_id=refused.id, state=State.FAILED, cause="hard"),
        ],
        at=at,
    )
    asked = {"field": "mail_sent", "op": "within", "value": 1}
    assert [one.id for one in Contact.objects.filter(condition_of(asked, at=at))] == [taken.contact_id]
    never = Contact.objects.filter(condition_of({"field": "mail_sent", "op": "never"}, at=at))
    assert never.count() == READERS - 1


def test_a_segment_that_a_broadcast_asks_is_not_deleted(broadcast):
    segment = SegmentFactory(name="Friends")
    Broadcast.objects.filter(id=broadcast.id).update(segment=segment)
    with pytest.raises(segments.InUse) as caught:
        segments.delete(segment)
    assert str(caught.value) == "It is still used: Broadcast “News from the kiln”."
