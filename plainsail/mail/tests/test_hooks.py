"""What mail does when others tell it something: confirmations, steps of automations, readers' answers, the timeline."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from plainsail.automations.models import Run, StepLog
from plainsail.automations.services import editing, publishing, running
from plainsail.automations.sockets import STARTERS
from plainsail.contacts import queries as contact_queries
from plainsail.contacts.models import ListMember
from plainsail.contacts.services import consent
from plainsail.kernel import clock
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Broadcast, Delivery
from plainsail.mail.services import answers, confirmations, steps
from plainsail.mail.services import editing as writing
from plainsail.mail.tests.factories import BroadcastFactory, ListFactory, subscriber
from plainsail.tracking.models import Agent, Hit

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def topic(in_juniper):
    return ListFactory(name="Free lesson", is_default=True)


class TestConfirming:
    def test_whoever_asks_to_join_gets_one_mail_with_a_link_that_confirms(self, in_juniper, topic, outbox):
        contact = consent.opt_in(
            in_juniper, email="Maren@Example.com", list=topic, wording="Yes, write to me", at=clock.now()
        )
        run_jobs()
        [mail] = outbox
        member = ListMember.objects.get(contact=contact)
        assert mail["To"] == "maren@example.com"
        assert mail["Subject"] == "Please confirm: Free lesson"
        assert mail["List-Unsubscribe"] is None
        text = mail.get_body(("plain",)).get_content()
        assert "http://juniper.localhost:8000/confirm/" in text
        assert member.state == ListMember.State.PENDING

    def test_hearing_it_twice_sends_it_once(self, in_juniper, topic, outbox):
        at = clock.now()
        consent.opt_in(in_juniper, email="maren@example.com", list=topic, wording="Yes", at=at)
        run_jobs(at=at)
        confirmations.ask(ListMember.objects.get().id, at=at)
        run_jobs(at=at)
        assert len(outbox) == 1

    def test_whoever_is_on_the_list_already_is_not_asked(self, in_juniper, topic, outbox):
        contact = subscriber(topic)
        consent.opt_in(in_juniper, email=contact.email, list=topic, wording="Yes", at=clock.now())
        run_jobs()
        assert outbox == []

    def test_a_confirmation_may_go_out_again_if_a_worker_is_lost(self, in_juniper, topic, outbox):
        at = clock.now()
        consent.opt_in(in_juniper, email="maren@example.com", list=topic, wording="Yes", at=at)
        delivery = confirmations.ask(ListMember.objects.get().id, at=at)
        confirmations.transactional.sending.take(delivery.source_id, at=at)
        run_jobs(at=at + timedelta(hours=1))
        run_jobs(at=at + timedelta(hours=2))
        assert len(outbox) == 1


class TestSteps:
    @pytest.fixture
    def welcome(self, in_juniper, topic):
        at = clock.now()
        made = editing.create(name="Welcome", flow=STARTERS["mail.welcome"].build(in_juniper, at), at=at)
        publishing.publish_letting_them_finish(made, at=at)
        made.refresh_from_db()
        return made

    def join(self, topic, contact=None, *, at=None):
        from plainsail.automations.tests.factories import joins

        return joins(topic, contact, at=at)

    def test_the_welcome_starter_greets_at_once_and_writes_again_on_a_later_weekday(self, welcome, topic, outbox):
        at = clock.now()
        contact = self.join(topic, at=at)
        run_jobs(at=at)
        assert [message["Subject"] for message in outbox] == ["Good to have you here"]
        assert f"Hello {contact.first_name}," in outbox[0].get_body(("plain",)).get_content()
        assert outbox[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        run_jobs(at=at + 5 * DAY)
        assert [message["Subject"] for message in outbox] == ["Good to have you here", "One question"]
        run_jobs(at=at + 16 * DAY)
        assert len(outbox) == 3
        assert Run.objects.get().state == Run.State.DONE

    def test_taking_a_step_again_after_a_crash_sends_nothing_twice(self, welcome, topic, outbox):
        contact, at = subscriber(topic), clock.now()
        config = welcome.version.document["steps"][0]["config"]
        for _time in range(3):
            assert steps.send(contact=contact, config=config, run_key="run.step.1", at=at) is None
            run_jobs(at=at)
        assert len(outbox) == 1

    def test_whoever_left_the_list_meanwhile_gets_nothing_and_the_log_says_why(self, welcome, topic, outbox):
        at = clock.now()
        contact = self.join(topic, at=at)
        run_jobs(at=at)
        consent.withdraw(contact, topic, at=at)
        run_jobs(at=at + 5 * DAY)
        assert len(outbox) == 1
        skipped = StepLog.objects.get(outcome="skipped")
        assert skipped.note == "Not sent: they are not on the list"

    def test_words_changed_in_a_live_mail_go_out_only_after_publishing(self, welcome, topic, outbox):
        at = clock.now()
        email = welcome.workspace.emails.get(subject="Good to have you here")
        writing.head(email, subject="Hello again", preheader="", at=at)
        self.join(topic, at=at)
        run_jobs(at=at)
        publishing.publish_letting_them_finish(welcome, at=at)
        self.join(topic, at=at)
        run_jobs(at=at)
        assert [message["Subject"] for message in outbox] == ["Good to have you here", "Hello again"]

    def test_a_step_whose_mail_has_no_subject_does_not_go_live(self, welcome):
        step = welcome.draft["steps"][0]
        email = welcome.workspace.emails.get(id=step["config"]["email"])
        writing.head(email, subject="", preheader="", at=clock.now())
        with pytest.raises(publishing.NotReady):
            publishing.publish_letting_them_finish(welcome, at=clock.now())

    def test_without_a_postal_address_a_mail_does_not_go_live(self, welcome, in_juniper):
        in_juniper.postal_address = " "
        in_juniper.save(update_fields=["postal_address"])
        with pytest.raises(steps.NoPostalAddress):
            publishing.publish_letting_them_finish(welcome, at=clock.now())

    def test_the_engine_never_repeats_a_mail_whatever_happens_between(self, welcome, topic, outbox):
        at = clock.now()
        self.join(topic, at=at)
        run_jobs(at=at)
        run = Run.objects.get()
        running.retry(run, at=at)
        run_jobs(at=at + timedelta(minutes=1))
        assert len(outbox) == 1


class TestAnswers:
    @pytest.fixture
    def sent(self, topic, outbox):
        from plainsail.mail.services import broadcasts

        subscriber(topic)
        broadcast = BroadcastFactory(list=topic)
        at = clock.now()
        broadcasts.send_now(broadcast, at=at)
        run_jobs(at=at + timedelta(minutes=1))
        return Delivery.objects.get()

    def hit(self, delivery, *, kind="click", agent=Agent.HUMAN):
        return Hit(
            id=uuid4(), at=clock.now(), kind=kind, agent=agent, delivery_id=delivery.id, contact_id=delivery.contact_id
        )

    def numbers(self):
        made = Broadcast.objects.get()
        return made.clicked, made.opened, made.machine_opened, made.unsubscribed

    def test_a_reader_who_clicks_twice_counts_once(self, sent):
        answers.hear_hits([self.hit(sent), self.hit(sent)])
        answers.hear_hits([self.hit(sent)])
        assert self.numbers() == (1, 0, 0, 0)

    def test_programs_that_check_links_count_as_nobody_and_proxies_apart(self, sent):
        answers.hear_hits([self.hit(sent, agent=Agent.SCANNER), self.hit(sent, kind="open", agent=Agent.PROXY)])
        assert self.numbers() == (0, 0, 1, 0)

    def test_hits_without_a_delivery_and_of_strange_ones_change_nothing(self, sent):
        strange = Hit(id=uuid4(), at=clock.now(), kind="click", agent=Agent.HUMAN, delivery_id=uuid4())
        answers.hear_hits([strange, Hit(id=uuid4(), at=clock.now(), kind="visit", agent=Agent.HUMAN)])
        assert self.numbers() == (0, 0, 0, 0)

    def test_leaving_the_list_counts_with_the_last_mail(self, sent, topic):
        contact = topic.members.get().contact
        consent.withdraw(contact, topic, at=clock.now() + timedelta(hours=1))
        run_jobs(at=clock.now() + timedelta(hours=1))
        assert self.numbers() == (0, 0, 0, 1)

    def test_leaving_much_later_counts_with_none(self, sent, topic):
        contact = topic.members.get().contact
        consent.withdraw(contact, topic, at=clock.now() + timedelta(days=30))
        run_jobs(at=clock.now() + timedelta(days=30))
        assert self.numbers() == (0, 0, 0, 0)

    def test_the_timeline_says_what_somebody_was_sent(self, sent, topic):
        contact = topic.members.get().contact
        titles = [e.title for e in contact_queries.timeline(contact, before=clock.now() + DAY, limit=10).entries]
        assert "Was sent “News from the kiln”" in titles
