"""The map is the routing: where somebody goes next follows the order of its steps, and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from plainsail.automations.models import Automation, Run
from plainsail.automations.services import editing, flows, running
from plainsail.automations.services import publishing as automation_publishing
from plainsail.commerce.tests.factories import bought, seller
from plainsail.contacts.models import Contact, ListMember
from plainsail.contacts.services import consent
from plainsail.funnels.models import FunnelStep
from plainsail.funnels.services import drawing, publishing, routing
from plainsail.funnels.tests.factories import beside, live, started, steps
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.services import domain_checks, gate
from plainsail.mail.services import steps as mail_steps
from plainsail.pages.models import Page
from plainsail.pages.services import forms, submissions
from plainsail.pages.services.submissions import Visit

pytestmark = pytest.mark.django_db
Kind = FunnelStep.Kind


def line(*kinds: str) -> list[FunnelStep]:
    return [FunnelStep(position=number, kind=kind, name=kind) for number, kind in enumerate(kinds)]


def names(steps, index, *answers):
    """Kinds that somebody passes who leaves a step with the first answer, the next with the second, and so on."""
    found, step = [], steps[index]
    for answer in answers:
        step = routing.next_of(steps, step, answer)
        found.append(step.kind if step else None)
        if step is None:
            break
    return found


def test_mails_and_waits_are_passed_by():
    assert names(line("form", "wait", "mail", "checkout", "thanks"), 0, "next", "bought", "next") == [
        "checkout",
        "thanks",
        None,
    ]


def test_a_downsell_is_for_those_who_said_no_to_the_upsell():
    steps = line("checkout", "upsell", "downsell", "thanks")
    assert names(steps, 0, "bought", "bought") == ["upsell", "thanks"]
    assert names(steps, 0, "bought", "no", "no") == ["upsell", "downsell", "thanks"]
    assert names(steps, 0, "bought", "no", "bought") == ["upsell", "downsell", "thanks"]


def test_an_upsell_without_a_downsell_leads_on_whatever_is_said():
    steps = line("checkout", "upsell", "thanks")
    assert names(steps, 1, "no") == names(steps, 1, "bought") == ["thanks"]


def test_a_split_shows_the_same_visitor_the_same_page_and_keeps_its_shares():
    step = FunnelStep(id=UUID(int=7), kind="split")
    lots = [routing._lot(step.id, f"visitor {number}") for number in range(2000)]
    assert lots == [routing._lot(step.id, f"visitor {number}") for number in range(2000)]
    assert 0.26 < sum(lot < 30 for lot in lots) / len(lots) < 0.34


def test_each_page_of_a_split_is_seen_by_its_share_and_by_the_same_people_each_time(in_juniper):
    funnel = live(in_juniper)
    shown = [steps(funnel)[kind].page for kind in ("form", "thanks", "upsell")]
    split = drawing.insert(funnel, position=0, kind="split", name="Which?", at=clock.now())
    drawing.part(split, list(zip(shown, (50, 30, 20), strict=True)), at=clock.now())
    read = steps(funnel)["split"]
    seen = Counter(routing.path_of(read, visitor=f"visitor {number}") for number in range(2000))
    assert seen == Counter(routing.path_of(read, visitor=f"visitor {number}") for number in range(2000))
    assert [round(seen[page.path] / 200) for page in shown] == [5, 3, 2]


@pytest.mark.parametrize("shares", [(100,), (50, 40), (60, 50), (100, 0), (20, 20, 20, 20, 10, 10)])
def test_a_split_has_two_to_five_pages_whose_shares_make_a_hundred(in_juniper, shares):
    split = drawing.insert(live(in_juniper), position=0, kind="split", name="Which?", at=clock.now())
    with pytest.raises(drawing.BadShares):
        drawing.part(split, [(None, share) for share in shares], at=clock.now())
    assert [one.share for one in split.split_pages.order_by("position")] == [50, 50]


def test_a_form_and_a_checkout_of_a_live_funnel_lead_to_the_next_step(in_juniper):
    funnel = live(in_juniper)
    step = steps(funnel)
    assert forms.thanks_address(step["form"].form) == f"/go/{step['form'].id}/"
    path, there = routing.onward(step["form"], "next", visitor="x")
    assert (path, there.kind) == (
        f"/checkout/{step['checkout'].offer.slug}/?by={step['checkout'].id}",
        "checkout",
    )
    path, there = routing.onward(step["checkout"], "bought", visitor="x")
    assert (path, there.kind) == ("/glazing-course", "upsell")
    assert routing.onward(step["upsell"], "yes", visitor="x")[0] == f"/go/{step['upsell'].id}/offer/"
    assert routing.onward(step["upsell"], "no", visitor="x")[0] == "/kit-list"


def test_a_form_in_two_funnels_leads_along_the_one_on_whose_page_it_was_sent(in_juniper):
    funnel = live(in_juniper)
    one, other = steps(funnel), steps(beside(funnel, in_juniper))
    form = one["form"].form
    for step in (one["form"], other["form"]):
        there = Page.objects.get(id=step.page_id).snapshots.get().forms[str(form.id)]["thank_you"]
        assert there == forms.thanks_address(form, page=step.page) == f"/go/{step.id}/"
    assert forms.thanks_address(form) == f"/go/{one['form'].id}/"


def test_an_offer_in_two_funnels_leads_along_the_one_that_led_to_its_checkout(juniper, site_client):
    with workspace(juniper):
        seller()
        funnel = live(juniper)
        one, other = steps(funnel), steps(beside(funnel, juniper))
    for step in (other["checkout"], one["checkout"]):
        order = bought(juniper, step.offer, came_by=step.id)
        with workspace(juniper):
            assert routing.after_purchase(order) == f"/go/{step.id}/bought/"
    straight = bought(juniper, one["checkout"].offer)
    with workspace(juniper):
        assert routing.after_purchase(straight) == f"/go/{one['checkout'].id}/bought/"
    assert site_client.get(f"/go/{other['form'].id}/").url == routing.checkout_of(other["checkout"])


def test_changing_the_order_changes_where_the_next_visitor_goes(in_juniper):
    funnel = live(in_juniper)
    step = steps(funnel)
    for _time in range(2):
        drawing.move(steps(funnel)["thanks"], by=-1, at=clock.now())
    drawing.remove(steps(funnel)["upsell"], at=clock.now())
    drawing.remove(steps(funnel)["downsell"], at=clock.now())
    path, _there = routing.onward(FunnelStep.objects.get(id=step["checkout"].id), "bought", visitor="x")
    assert path == "/recipes-thanks"


def test_a_page_that_is_not_published_is_passed_over(in_juniper):
    funnel = live(in_juniper)
    upsell = steps(funnel)["upsell"]
    upsell.page.state = "draft"
    upsell.page.save()
    assert routing.onward(steps(funnel)["checkout"], "bought", visitor="x")[0] == "/recipes-thanks"


def test_a_draft_and_a_paused_funnel_lead_nobody(in_juniper):
    draft = started(in_juniper)
    form = steps(draft)["form"].form
    assert forms.thanks_address(form).startswith("/thanks/")
    funnel = publishing.publish(draft, by=None, at=clock.now())
    assert forms.thanks_address(form).startswith("/go/")
    publishing.pause(funnel, at=clock.now())
    assert forms.thanks_address(form).startswith("/thanks/")
    with pytest.raises(publishing.NotLive):
        publishing.pause(funnel, at=clock.now())


def sent(step, address="maren@example.com"):
    """Somebody sends the step's form."""
    values = {"email": address}
    return submissions.receive(step.form, values, landing_id=new_id(), visit=Visit(), at=clock.now()).contact


def joined(contact, topic):
    consent.confirm(ListMember.objects.get(contact=contact, list=topic), at=clock.now())


def confirmed(step, address="maren@example.com"):
    """Somebody sends the step's form and confirms."""
    contact = sent(step, address)
    joined(contact, step.form.list)
    return contact


def test_mails_behind_a_form_begin_for_whoever_was_on_its_list_before(juniper):
    with workspace(juniper):
        funnel = live(juniper)
        step = steps(funnel)
        contact = consent.opt_in(
            juniper,
            email="maren@example.com",
            list=step["form"].form.list,
            wording="Yes",
            source="test",
            at=clock.now(),
        )
        joined(contact, step["form"].form.list)
    run_jobs()
    with workspace(juniper):
        assert not Run.objects.exists(), "the list alone, joined by another way, begins nothing"
        sent(step["form"])
    run_jobs()
    with workspace(juniper):
        run = Run.objects.get(contact=contact)
        assert (run.automation_id, run.is_in_wait) == (steps(funnel)["wait"].automation_id, True)
        assert run.step == f"s{step['wait'].id.hex[12:]}"


def test_mails_behind_a_form_wait_until_its_sender_confirms(juniper):
    with workspace(juniper):
        funnel = live(juniper)
        step = steps(funnel)
        contact = sent(step["form"])
    run_jobs()
    with workspace(juniper):
        run = Run.objects.get(contact=contact)
        assert run.step == f"c{step['wait'].id.hex[12:]}"
        joined(contact, step["form"].form.list)
    run_jobs(at=clock.now() + timedelta(minutes=2))
    with workspace(juniper):
        run.refresh_from_db()
        assert run.step == f"s{step['wait'].id.hex[12:]}"


def test_mails_behind_a_form_begin_for_whoever_confirms_and_end_with_the_purchase(juniper):
    with workspace(juniper):
        seller()
        funnel = live(juniper)
        step = steps(funnel)
        contact = confirmed(step["form"])
    run_jobs()
    with workspace(juniper):
        run = Run.objects.get(contact=contact)
        assert run.is_in_wait
        assert run.automation_id == steps(funnel)["wait"].automation_id
    bought(juniper, step["checkout"].offer)
    run_jobs()
    with workspace(juniper):
        assert Run.objects.get(id=run.id).state == Run.State.STOPPED
        others = Run.objects.exclude(id=run.id)
        assert others.get().is_in_wait, "the mails after the purchase began"


class TestMailsThatBeganWithTheList:
    """A funnel that was published before mails began with the form."""

    @pytest.fixture
    def funnel(self, juniper):
        with workspace(juniper):
            funnel = live(juniper)
            step = steps(funnel)
            automation = step["wait"].automation
            topic = {"list": str(step["form"].form.list_id)}
            before = flows.build("contacts.list_joined", topic, automation.draft["steps"][1:])
            editing.replace(automation, before, revision=automation.revision, at=clock.now())
            automation_publishing.publish_letting_them_finish(Automation.objects.get(id=automation.id), at=clock.now())
        return funnel

    def test_its_page_says_so_and_publishes_by_one_button(self, as_ada, funnel):
        home = f"/w/juniper/funnels/{funnel.id}/"
        page = as_ada.get(home).content.decode()
        assert "Its mails still begin as they used to" in page
        as_ada.post(f"{home}publication/")
        assert "Its mails still begin as they used to" not in as_ada.get(home).content.decode()

    def test_whoever_has_yet_to_confirm_comes_along_and_nobody_begins_twice(self, juniper, funnel):
        with workspace(juniper):
            step = steps(funnel)
            inside = confirmed(step["form"], "inside@example.com")
            sent(step["form"], "waits@example.com")
        run_jobs()
        with workspace(juniper):
            assert Run.objects.get().contact == inside
            publishing.publish(funnel, by=None, at=clock.now())
        run_jobs()
        with workspace(juniper):
            where = dict(Run.objects.values_list("contact__email", "step"))
            key = step["wait"].flow_key
            assert where == {"inside@example.com": key, "waits@example.com": f"c{key[1:]}"}
            joined(Contact.objects.get(email="waits@example.com"), step["form"].form.list)
        run_jobs(at=clock.now() + timedelta(minutes=2))
        with workspace(juniper):
            assert set(Run.objects.values_list("step", flat=True)) == {key}
            assert Run.objects.count() == 2


def test_publishing_again_keeps_those_under_way_where_they_are(juniper):
    with workspace(juniper):
        funnel = live(juniper)
        confirmed(steps(funnel)["form"])
    run_jobs()
    with workspace(juniper):
        drawing.change(steps(funnel)["wait"], {"amount": 9}, at=clock.now())
        publishing.publish(funnel, by=None, at=clock.now())
        run = Run.objects.select_related("automation__version").get()
        assert run.step in {each["id"] for each in run.automation.version.document["steps"]}
        running.take_out(run, at=clock.now())


def test_a_funnel_whose_mails_have_no_domain_to_come_from_waits_with_all_of_it_for_one_word_of_an_owner(
    juniper, monkeypatch, ada
):
    fault = domain_checks.found("spf", "bad", "not_set_up", name="juniper.example")
    monkeypatch.setattr(gate, "faults", lambda sender: [fault])
    with workspace(juniper):
        funnel = started(juniper)
        mails = [step.email for step in funnel.steps.filter(kind=Kind.MAIL).select_related("email")]
        with pytest.raises(mail_steps.DomainNotReady) as refused:
            publishing.publish(funnel, by=None, at=clock.now())
        assert all(str(mail.id) in refused.value.links[0][1] for mail in mails)
        assert not any(step.page.is_published for step in publishing.with_references(funnel) if step.page)
        gate.override_mails(mails, words="Our provider signs for us.", by=ada, at=clock.now())
        assert publishing.publish(funnel, by=None, at=clock.now()).state == "live"


class TestWhatIsMissing:
    def fault(self, funnel, step):
        return publishing.faults(publishing.with_references(funnel)).get(str(step.id))

    def test_an_empty_map(self, in_juniper):
        funnel = drawing.create(name="Nothing", at=clock.now())
        with pytest.raises(publishing.NotReady, match="first page"):
            publishing.publish(funnel, by=None, at=clock.now())

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("page", "Choose a page."),
            ("form", "Choose a page."),
            ("checkout", "Choose an offer that can be bought."),
            ("downsell", "Choose a page."),
            ("split", "Choose a page for each share."),
            ("mail", "Choose a mail that has a subject."),
            ("wait", "Mails need a form or a checkout somewhere before them."),
        ],
    )
    def test_each_kind_says_what_it_needs(self, in_juniper, kind, words):
        funnel = drawing.create(name="Bare", at=clock.now())
        step = drawing.insert(funnel, position=0, kind=kind, name=kind, at=clock.now())
        assert self.fault(funnel, step) == words

    def test_a_downsell_without_its_upsell(self, in_juniper):
        funnel = started(in_juniper)
        drawing.remove(steps(funnel)["upsell"], at=clock.now())
        assert self.fault(funnel, steps(funnel)["downsell"]) == "A downsell needs an upsell right before it."

    def test_a_form_that_is_not_on_the_page(self, in_juniper):
        funnel = started(in_juniper)
        drawing.change(steps(funnel)["form"], {"page": steps(funnel)["thanks"].page}, at=clock.now())
        assert self.fault(funnel, steps(funnel)["form"]) == "The form is not on this page."
