"""Automations and funnels whose mails come from a domain that is not set up: they don't go live, unless an owner says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plainsail.accounts.models import AuditEntry, Membership, Role
from plainsail.automations.models import Automation
from plainsail.automations.services import editing, publishing
from plainsail.automations.sockets import STARTERS
from plainsail.contacts.models import List
from plainsail.kernel.http import workspace_url
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing.browser import faults
from plainsail.mail.models import Delivery, Email, GateOverride
from plainsail.mail.services import bodies, domain_checks, gate, senders, steps
from plainsail.mail.tests.factories import ListFactory, SenderFactory, subscriber

pytestmark = pytest.mark.django_db
AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORDS = {"words": "Our provider signs; the record follows on Monday."}


@pytest.fixture
def closed(monkeypatch):
    """Addresses whose domains are not set up."""
    found = {"hello@juniper.example"}

    def faults(sender):
        return [domain_checks.found("spf", "bad", "not_set_up", name=sender.domain)] if sender.address in found else []

    monkeypatch.setattr(gate, "faults", faults)
    return found


@pytest.fixture
def welcome(juniper, closed):
    with workspace(juniper):
        juniper.postal_address = "Kiln Lane 1"
        juniper.save(update_fields=["postal_address"])
        SenderFactory()
        ListFactory(name="Free lesson", is_default=True)
        return editing.create(name="Welcome", flow=STARTERS["mail.welcome"].build(juniper, AT), at=AT)


def mails_of(automation):
    keys = [step["config"]["email"] for step in automation.draft["steps"] if step.get("action") == "mail.send"]
    return list(Email.objects.filter(id__in=keys).order_by("created_at", "id"))


def publish(client, juniper, automation):
    return client.post(workspace_url(juniper, "automations:publication", automation.id), follow=True)


def test_an_automation_whose_mails_have_no_domain_to_come_from_does_not_go_live(juniper, welcome):
    with workspace(juniper):
        with pytest.raises(steps.DomainNotReady) as refused:
            publishing.publish_letting_them_finish(welcome, at=AT)
        assert "juniper.example is not set up" in str(refused.value)
        [(_words, path)] = refused.value.links
        assert all(str(mail.id) in path for mail in mails_of(welcome))
        assert not Automation.objects.get().is_live


def test_the_refusal_leads_to_the_page_that_says_what_to_add_and_back(juniper, welcome, as_ada):
    page = publish(as_ada, juniper, welcome).content.decode()
    path = page.partition("/w/juniper/emails/gate/?")[2].partition('"')[0]
    assert path
    home = workspace_url(juniper, "automations:automation", welcome.id)
    address = f"/w/juniper/emails/gate/?{path.replace('&amp;', '&')}"
    shown = as_ada.get(address, headers={"referer": f"http://testserver{home}?step=x"}).content.decode()
    assert "juniper.example is not set up" in shown
    assert "/settings/sending-domains/new/" in shown
    assert f'href="{home}"' in shown
    with workspace(juniper):
        assert all(mail.subject in shown for mail in mails_of(welcome))
    assert as_ada.get("/w/juniper/emails/gate/?mail=nothing").status_code == 404
    stranger = as_ada.get(address, headers={"referer": "http://testserver//elsewhere.example/"}).content.decode()
    assert "elsewhere.example" not in stranger


def test_an_owner_lets_its_mails_through_once_for_all_in_writing(juniper, welcome, as_ada, ada):
    with workspace(juniper):
        keys = [str(mail.id) for mail in mails_of(welcome)]
    url, home = "/w/juniper/emails/gate/override/", workspace_url(juniper, "automations:automation", welcome.id)
    assert as_ada.post(url, {"mail": keys, "words": "short"}).status_code == 422
    assert as_ada.post(url, {"mail": keys, "back": home, **WORDS}).headers["Location"] == home
    assert as_ada.post(url, {"mail": keys, **WORDS}).status_code == 409
    assert "It is live" in publish(as_ada, juniper, welcome).content.decode()
    with workspace(juniper):
        assert GateOverride.objects.count() == len(keys) > 1
        entry = AuditEntry.objects.filter(action=gate.MAIL_PASSED).first()
        assert (entry.person, entry.details["words"]) == (ada, WORDS["words"])


def test_what_was_written_about_one_domain_says_nothing_of_another(juniper, welcome, ada, closed):
    with workspace(juniper):
        gate.override_mails(mails_of(welcome), words=WORDS["words"], by=ada, at=AT)
        publishing.publish_letting_them_finish(welcome, at=AT)
        other = senders.add(name="Other", address="hello@other.example", reply_to="")
        senders.make_default(other)
        closed.add(other.address)
        with pytest.raises(steps.DomainNotReady):
            publishing.publish_letting_them_finish(welcome, at=AT)


def test_nobody_but_an_owner_may(juniper, welcome, as_ben, ben):
    Membership.objects.filter(user=ben).update(role=Role.ADMIN)
    with workspace(juniper):
        keys = [str(mail.id) for mail in mails_of(welcome)]
    page = as_ben.get("/w/juniper/emails/gate/", {"mail": keys}).content.decode()
    assert "I take it upon myself" not in page
    assert as_ben.post("/w/juniper/emails/gate/override/", {"mail": keys, **WORDS}).status_code == 403


def test_no_word_of_an_owner_stands_in_for_the_postal_address_and_the_refusal_leads_to_it(
    juniper, welcome, as_ada, ada
):
    with workspace(juniper):
        gate.override_mails(mails_of(welcome), words=WORDS["words"], by=ada, at=AT)
        juniper.postal_address = ""
        juniper.save(update_fields=["postal_address"])
    page = publish(as_ada, juniper, welcome).content.decode()
    assert "Your postal address is missing" in page
    assert "/w/juniper/settings/business/#id_postal_address" in page


def test_one_that_was_paused_goes_on_only_from_a_domain_that_is_set_up(juniper, welcome, closed):
    with workspace(juniper):
        address = closed.pop()
        publishing.publish_letting_them_finish(welcome, at=AT)
        publishing.pause(welcome)
        closed.add(address)
        welcome.refresh_from_db()
        with pytest.raises(steps.DomainNotReady):
            publishing.resume(welcome, at=AT)
        assert Automation.objects.get().state == Automation.State.PAUSED
        closed.clear()
        publishing.resume(welcome, at=AT)
        assert Automation.objects.get().is_live


def test_steps_that_are_left_out_and_automations_without_mails_ask_for_nothing(juniper, welcome):
    with workspace(juniper):
        for step in welcome.draft["steps"]:
            if step.get("action") == "mail.send":
                welcome = editing.change(welcome, step["id"], {"off": True}, revision=welcome.revision, at=AT)
        publishing.publish_letting_them_finish(welcome, at=AT)


def test_a_mail_with_a_fault_that_would_hold_a_broadcast_back_does_not_go_live_and_the_refusal_leads_to_it(
    juniper, welcome, closed, as_ada
):
    closed.clear()
    with workspace(juniper):
        mails = mails_of(welcome)
        mail = mails[1]
        Email.objects.filter(id=mail.id).update(subject="For {{field.gone}}")
    page = publish(as_ada, juniper, welcome).content.decode()
    assert "There is no field “field.gone”" in page
    assert f"/w/juniper/emails/write/{mail.id}/" in page
    looked = as_ada.get(f"/w/juniper/emails/write/{mail.id}/look/").content.decode()
    assert "A field doesn’t exist" in looked
    other = as_ada.get(f"/w/juniper/emails/write/{mails[0].id}/look/").content.decode()
    assert "1 link, with clicks counted." in other


def test_a_mail_of_an_automation_is_sent_to_oneself_as_it_is_shown(juniper, welcome, as_ada):
    with workspace(juniper):
        mail, topic = mails_of(welcome)[0], List.objects.get()
        reader = subscriber(topic, first_name="Ann")
    address = f"/w/juniper/emails/write/{mail.id}/sample/"
    assert as_ada.post(address, {"to": "no address"}).status_code == 422
    assert as_ada.post(f"{address}?as={reader.id}", {"to": "ada@example.com"}).status_code == 302
    with workspace(juniper):
        sent = Delivery.objects.get(source_kind="broadcast_test")
        assert (sent.address, "Hello Ann" in bodies.find(sent).text) == ("ada@example.com", True)


def test_whoever_changes_where_live_automations_send_from_is_told_that_the_domain_is_not_ready(
    juniper, welcome, closed, as_ada
):
    closed.clear()
    with workspace(juniper):
        other = senders.add(name="Other", address="hello@other.example", reply_to="")
    closed.add(other.address)
    change = f"/w/juniper/settings/senders/{other.id}/default/"
    assert b"it is not set up" not in as_ada.post(change, follow=True).content
    with workspace(juniper):
        senders.make_default(senders.Sender.objects.get(address="hello@juniper.example"))
        publishing.publish_letting_them_finish(welcome, at=AT)
    assert "Automations that are live send from other.example now" in as_ada.post(change, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_page_of_what_is_missing_is_accessible_and_fits_a_phone(juniper, welcome, as_ada, page, live_server):
    origin = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{"name": "ps_session", "value": as_ada.cookies["ps_session"].value, "url": origin}])
    page.set_viewport_size({"width": 390, "height": 844})
    with workspace(juniper):
        _words, path = gate.way_to_mails(juniper, mails_of(welcome))
    page.goto(origin + path)
    assert page.get_by_role("button", name="I take it upon myself").is_visible()
    assert faults(page) == {}
