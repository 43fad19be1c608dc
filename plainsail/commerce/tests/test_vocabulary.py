"""What automations know of buying: carts that were left, and access that has a reason of its own."""

from __future__ import annotations

from datetime import timedelta

from plainsail.automations.services import coming, flows
from plainsail.automations.sockets import STARTERS, TRIGGERS
from plainsail.automations.tests.factories import live
from plainsail.commerce import vocabulary
from plainsail.commerce.services import refunding
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import MAREN, NOON, bought, euros, offer, pay, placed
from plainsail.contacts.models import Contact
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.portal.services import grants

IDA = Buyer(email="ida@example.com", name="Ida Holm")
HOUR = timedelta(hours=1)


def test_a_cart_is_left_once_its_hours_are_over_by_who_has_not_paid_since(juniper):
    with workspace(juniper):
        course = offer("Wheel course")
    placed(juniper, course, at=NOON)
    bought(juniper, course, buyer=IDA, at=NOON)

    def left(since, until, product=""):
        with workspace(juniper):
            found = vocabulary.left_carts(juniper, {"product": product, "hours": 2}, since, until)
            return [(Contact.objects.get(id=one.contact_id).email, one.at) for one in found]

    assert left(NOON, NOON + HOUR) == []
    assert left(NOON + HOUR, NOON + 3 * HOUR) == [("maren@example.com", NOON + 2 * HOUR)]
    assert left(NOON + HOUR, NOON + 3 * HOUR, str(course.price.product_id)) == [("maren@example.com", NOON + 2 * HOUR)]
    assert left(NOON + HOUR, NOON + 3 * HOUR, str(new_id())) == []
    assert left(NOON + 3 * HOUR, NOON + 4 * HOUR) == []


def test_access_by_an_automation_ends_by_one_and_leaves_what_was_bought(juniper):
    order = bought(juniper, at=NOON)
    with workspace(juniper):
        contact, product = order.billing_account.contact, order.lines.get().product
        grants.give(contact, resource=product.resource_key, source_kind="order", source_id=order.id, at=NOON)
        config, key = {"product": str(product.id)}, f"{new_id().hex}.s1.1"
        assert vocabulary.give_access(contact, config, key, NOON) is None
        vocabulary.give_access(contact, config, key, NOON)
        assert contact.grants.count() == 2
        assert vocabulary.end_access(contact, config, key, NOON) is None
        assert vocabulary.end_access(contact, config, key, NOON).skipped
        assert grants.has_access(contact, product.resource_key, at=NOON)


def test_a_checkout_that_begins_is_told_and_lets_in_whom_it_is_about(juniper):
    with workspace(juniper):
        course, other = offer("Wheel course"), offer("Kiln hire")
        wanted = {"product": str(course.price.product_id)}
        started = live(flows.build("commerce.checkout_started", wanted, [flows.wait(900)]), at=NOON)
    placed(juniper, other, buyer=IDA, at=NOON)
    order = placed(juniper, course, at=NOON)
    placed(juniper, course, at=NOON, order_id=order.id)
    run_jobs()
    with workspace(juniper):
        assert [run.contact.email for run in started.runs.all()] == ["maren@example.com"]
        told = EventRow.objects.filter(name="commerce.checkout_started").order_by("id")
        assert [row.payload["order_id"] for row in told][-1] == str(order.id)
        assert told.count() == 2


def test_a_cart_that_was_left_lets_its_buyer_in_once(juniper):
    with workspace(juniper):
        course = offer("Wheel course")
        left = live(flows.build("commerce.left_cart", {"product": "", "hours": 2}, [flows.wait(900)]), at=NOON)
    placed(juniper, course, at=NOON + HOUR)
    for later in (2, 4, 5):
        coming.look(workspace_id=juniper.id, at=NOON + later * HOUR)
        with workspace(juniper):
            assert left.runs.count() == (later > 2)


def test_a_refund_lets_in_whose_order_had_the_product_and_got_back_as_much_as_is_asked_for(juniper):
    with workspace(juniper):
        course, other = offer("Wheel course"), offer("Kiln hire")
        product = str(course.price.product_id)
        wanted = {
            "any": {},
            "course": {"product": product, "amount": ""},
            "full": {"product": product, "amount": "full"},
            "part": {"product": product, "amount": "part"},
        }
        waits = [flows.wait(900)]
        started = {
            name: live(flows.build("commerce.order_refunded", config, waits, policy="every"), at=NOON, name=name)
            for name, config in wanted.items()
        }
    for sold, buyer, minors in ((course, MAREN, [5000, 12500]), (other, IDA, [17500])):
        order = bought(juniper, sold, buyer=buyer, at=NOON)
        for minor in minors:
            with workspace(juniper):
                refunding.refund_order(order, amount=euros(minor), reason="Could not come", at=NOON)
    run_jobs()
    with workspace(juniper):
        assert {name: one.runs.count() for name, one in started.items()} == {
            "any": 3,
            "course": 2,
            "full": 1,
            "part": 1,
        }
        said = TRIGGERS["commerce.order_refunded"].sentence
        assert [said(config) for config in wanted.values()] == [
            "Is refunded",
            "Is refunded for “Wheel course”",
            "Is refunded in full for “Wheel course”",
            "Is refunded in part for “Wheel course”",
        ]


def test_whoever_buys_after_all_hears_no_more_of_the_cart_they_left(juniper):
    with workspace(juniper):
        course = offer("Wheel course")
        flow = STARTERS["commerce.left_cart"].build(juniper, NOON)
        cart = live(flow, at=NOON)
    order = placed(juniper, course, at=NOON + HOUR)
    placed(juniper, course, buyer=IDA, at=NOON + HOUR)
    run_jobs(at=NOON + 4 * HOUR)
    with workspace(juniper):
        assert cart.runs.filter(ended_at=None).count() == 2
    pay(juniper, order, at=NOON + 5 * HOUR)
    run_jobs(at=NOON + 6 * HOUR)
    with workspace(juniper):
        assert [run.contact.email for run in cart.runs.filter(ended_at=None)] == ["ida@example.com"]
        assert [run.contact.email for run in cart.runs.filter(state="stopped")] == ["maren@example.com"]


def test_access_lets_in_with_its_first_reason_and_its_end_with_the_last(juniper):
    with workspace(juniper):
        course, other = offer("Wheel course"), offer("Kiln hire")
        product = course.price.product
        config, waits = {"product": str(product.id)}, [flows.wait(900)]
        started = {
            (kind, name): live(flows.build(kind, settings, waits, policy="every"), at=NOON, name=kind)
            for kind in ("portal.access_given", "portal.access_ended")
            for name, settings in (("any", {"product": ""}), ("course", config))
        }
    order = bought(juniper, course, at=NOON)
    bought(juniper, other, buyer=IDA, at=NOON)
    run_jobs()
    with workspace(juniper):
        contact, key = order.billing_account.contact, f"{new_id().hex}.s1.1"
        vocabulary.give_access(contact, config, key, NOON)
    run_jobs()

    def let_in():
        with workspace(juniper):
            return {key: sorted(run.contact.email for run in one.runs.all()) for key, one in started.items()}

    given = {
        ("portal.access_given", "any"): ["ida@example.com", "maren@example.com"],
        ("portal.access_given", "course"): ["maren@example.com"],
    }
    none = {("portal.access_ended", "any"): [], ("portal.access_ended", "course"): []}
    assert let_in() == given | none
    with workspace(juniper):
        vocabulary.end_access(contact, config, key, NOON)
    run_jobs()
    assert let_in() == given | none, "what was bought still opens it"
    with workspace(juniper):
        refunding.refund_order(order, amount=euros(17500), reason="Could not come", at=NOON)
    run_jobs()
    ended = {key: ["maren@example.com"] for key in none}
    assert let_in() == given | ended
    with workspace(juniper):
        said = [TRIGGERS[key].sentence(config) for key in ("portal.access_given", "portal.access_ended")]
        assert said == ["Gets access to “Wheel course”", "Loses access to “Wheel course”"]
