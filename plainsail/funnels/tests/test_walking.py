"""Each template, gone through by people as they come: whoever signs up gets the mails behind the form, whoever buys those behind
the checkout, and nobody gets the others'."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.automations.services import publishing as automation_publishing
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON, bought, seller
from plainsail.contacts.models import ConsentEntry, Contact, ListMember
from plainsail.contacts.services import consent
from plainsail.contacts.services.uses import InUse
from plainsail.contacts.tests.factories import ListFactory
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import drawing, publishing
from plainsail.funnels.starters import TEMPLATES
from plainsail.funnels.tests.factories import live
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.pages.services import submissions
from plainsail.pages.services.submissions import Visit

pytestmark = pytest.mark.django_db
IDA = Buyer(email="ida@example.com", name="Ida Holm")


def written_to(juniper, email):
    """Names of the mails of funnels that somebody was sent."""
    with workspace(juniper):
        contact = Contact.objects.get(email=email)
        keys = {
            row.occurrence.split(".")[1]
            for row in Delivery.objects.filter(contact_id=contact.id, source_kind="automation")
        }
        return {step.name for step in FunnelStep.objects.filter(kind="mail") if step.flow_key in keys}


def behind(funnel, kind):
    """Names of the mails behind a form, or behind a checkout."""
    rows = publishing.with_references(funnel)
    sources = {step.id: publishing.source_of(rows[:number]) for number, step in enumerate(rows)}
    return {step.name for step in rows if step.kind == "mail" and sources[step.id].kind == kind}


def months_pass():
    for months in range(1, 13):
        run_jobs(at=NOON + timedelta(days=30 * months))


@pytest.mark.parametrize("key", TEMPLATES)
def test_whoever_signs_up_and_whoever_buys_get_the_mails_that_are_meant_for_them(juniper, key):
    with workspace(juniper):
        seller()
        funnel = live(juniper, key)
        steps = publishing.with_references(funnel)
        for_senders, for_buyers = behind(funnel, "form"), behind(funnel, "checkout")
        for step in (step for step in steps if step.kind == "form"):
            values = {"email": "maren@example.com"}
            sent = submissions.receive(step.form, values, landing_id=new_id(), visit=Visit(), at=clock.now())
            consent.confirm(ListMember.objects.get(contact=sent.contact, list=step.form.list), at=clock.now())
    run_jobs()
    # The first only: whoever buys at a later one is asked no more by the mails before it.
    bought(juniper, next(step.offer for step in steps if step.kind == "checkout"), buyer=IDA)
    months_pass()
    assert written_to(juniper, "ida@example.com") == for_buyers
    if for_senders:
        assert written_to(juniper, "maren@example.com") == for_senders


def test_buyers_join_the_checkouts_list_because_of_what_they_bought_unless_they_left_it(juniper):
    with workspace(juniper):
        seller()
        funnel = live(juniper, "course")
        step = next(step for step in publishing.with_references(funnel) if step.kind == "checkout")
    bought(juniper, step.offer, buyer=IDA)
    run_jobs()
    with workspace(juniper):
        ida = Contact.objects.get(email="ida@example.com")
        assert ListMember.objects.get(contact=ida).list == step.list
        proof = ConsentEntry.objects.get(contact=ida)
        assert proof.wording == f"Bought “{step.offer}”, and gets by mail what belongs to it"
        consent.withdraw(ida, step.list, at=clock.now())
    bought(juniper, step.offer, buyer=IDA, at=NOON + timedelta(days=1))
    run_jobs()
    with workspace(juniper):
        assert not ListMember.objects.get(contact=ida).is_subscribed


def test_an_automation_that_sends_a_funnels_mails_is_not_deleted_from_under_it(juniper):
    with workspace(juniper):
        funnel = live(juniper, "course")
        automation = next(step.automation for step in publishing.with_references(funnel) if step.automation)
        with pytest.raises(InUse, match=f"Funnel “{funnel.name}”"):
            automation_publishing.delete(automation)
        drawing.delete(funnel, at=clock.now())
        automation_publishing.delete(automation)


def test_a_form_that_asks_for_another_list_makes_its_live_funnel_ask_to_be_published(as_ada, juniper):
    with workspace(juniper):
        funnel = live(juniper)
        form = next(step.form for step in publishing.with_references(funnel) if step.form)
    home = f"/w/juniper/funnels/{funnel.id}/"
    assert "Publish changes" not in as_ada.get(home).content.decode()
    with workspace(juniper):
        form.list = ListFactory()
        form.save()
    assert "Publish changes" in as_ada.get(home).content.decode()
    as_ada.post(f"{home}publication/")
    assert "Publish changes" not in as_ada.get(home).content.decode()


def test_mails_behind_a_checkout_that_would_reach_nobody_are_not_published(juniper):
    with workspace(juniper):
        funnel = live(juniper, "course")
        rows = publishing.with_references(funnel)
        checkout, mail = (next(step for step in rows if step.kind == kind) for kind in ("checkout", "mail"))
        drawing.change(checkout, {"list": None}, at=clock.now())
        words = "Choose at the checkout before it which list buyers join: this mail would reach nobody."
        assert publishing.faults(publishing.with_references(funnel))[str(mail.id)] == words
