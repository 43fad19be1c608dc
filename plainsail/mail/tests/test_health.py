"""The page of a sender says how it stands with mailbox providers, and what to do when it is paused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Broadcast, Sender
from plainsail.mail.services import health, returns, senders
from plainsail.mail.tests.factories import BroadcastFactory, ContactFactory
from plainsail.mail.tests.reports import arf, dsn, failed
from plainsail.mail.tests.test_returns import path, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    with clock.fixed(clock.now()):
        yield clock.now()


@pytest.fixture
def broadcast(juniper, at):
    with workspace(juniper):
        return BroadcastFactory(state=Broadcast.State.COMPLETE, started_at=at - timedelta(days=2), accepted=1000)


def come_back(juniper, broadcast, raw, *, address, at):
    with workspace(juniper):
        each = sent(broadcast, ContactFactory(email=address), at=at - timedelta(days=2))
    to = path(juniper, each)
    returns.take_in(raw.replace(b"TOKEN", to.encode()), received_at=at - timedelta(days=1), to=[to])


def test_the_page_counts_what_came_back_by_day_and_domain(juniper, broadcast, as_ada, at):
    hard, soft = dsn(failed("5.1.1", "550 5.1.1 user unknown")), dsn(failed("5.2.2", "552 mailbox full"))
    for number in range(3):
        come_back(juniper, broadcast, hard, address=f"a{number}@reader.example", at=at)
    come_back(juniper, broadcast, soft, address="b@other.example", at=at)
    come_back(juniper, broadcast, arf(), address="c@reader.example", at=at)
    with workspace(juniper):
        sender = Sender.objects.get()
        panel = health.panel(sender, zone="UTC", at=at)
    sums = panel.sums
    assert (sums.accepted, sums.hard, sums.soft, sums.complaints) == (1000, 3, 1, 1)
    assert [(one.domain, one.hard, one.soft, one.complaints) for one in panel.domains] == [
        ("reader.example", 3, 0, 1),
        ("other.example", 0, 1, 0),
    ]
    assert [sum(value for _day, value in series.points) for series in panel.back] == [3, 1, 1]
    assert (panel.complaints_tone, panel.dead_tone) == ("warn", "good")
    page = as_ada.get(f"/w/juniper/settings/senders/{sender.id}/").content.decode()
    assert "0.1%" in page
    assert "other.example" in page


def test_a_pause_says_what_to_do(juniper, broadcast, as_ada, at):
    with workspace(juniper):
        sender = Sender.objects.get()
        senders.pause(sender, reason="550-5.7.26 blocked because the sender is unauthenticated", at=at)
    page = as_ada.get(f"/w/juniper/settings/senders/{sender.id}/").content.decode()
    assert "Sending domains until all rows are green" in page
    assert as_ada.post(f"/w/juniper/settings/senders/{sender.id}/resume/").status_code == 302
    with workspace(juniper):
        sender.refresh_from_db()
        assert (sender.is_paused, sender.resumed_at is not None) == (False, True)


def test_a_sender_that_was_let_go_on_is_not_stopped_again_for_the_same(juniper, broadcast, at):
    for number in range(2):
        come_back(juniper, broadcast, arf(), address=f"c{number}@reader.example", at=at)
    with workspace(juniper):
        sender = Sender.objects.get()
        assert sender.is_paused
        senders.resume(sender, at=at)
    come_back(juniper, broadcast, arf(), address="late@reader.example", at=at + timedelta(days=1, minutes=5))
    with workspace(juniper):
        sender.refresh_from_db()
        assert not sender.is_paused


def test_what_opened_and_clicked_is_shown_by_class(juniper, broadcast, as_ada, at):
    from plainsail.kernel.ids import new_id
    from plainsail.tracking.models import Landing
    from plainsail.tracking.services import landing

    with workspace(juniper):
        each = sent(broadcast, ContactFactory(), at=at - timedelta(days=2))
        rows = [
            Landing(
                id=new_id(),
                workspace_id=juniper.id,
                kind=kind,
                at=at,
                delivery_id=each.id,
                url="https://x.example",
                user_agent=agent,
            )
            for kind, agent in (
                ("open", "Mozilla/5.0"),
                ("click", "Barracuda Sentinel"),
                ("click", "Mozilla/5.0 (X11)"),
            )
        ]
        landing.record(rows, at=at)
    page = as_ada.get(f"/w/juniper/emails/{broadcast.id}/").content.decode()
    for words in ("Apple’s Mail Privacy Protection", "It named itself as a program", "No sign of a program"):
        assert words in page
