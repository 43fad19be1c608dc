"""A sequence is mails with waits: it can be put in another order, and is told apart from what is more than that."""

from __future__ import annotations

import pytest

from plainsail.automations.services import editing, flows, sequences
from plainsail.automations.sockets import ACTIONS, Action
from plainsail.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail(monkeypatch):
    entry = Action(label="Mail", icon="mail", sentence=str, perform=lambda *_said: None, is_mail=True)
    monkeypatch.setitem(ACTIONS._entries, "test.mail", entry)


def flow():
    mails = [
        (flows.action("test.mail", {"number": number}), flows.wait(number) if number else None) for number in range(3)
    ]
    return sequences.build("contacts.contact_created", {}, mails)


def said(draft):
    return [(one.step["config"]["number"], [wait["amount"] for wait in one.waits]) for one in sequences.letters(draft)]


def test_each_mail_stands_behind_its_wait():
    assert said(flow()) == [(0, []), (1, [1]), (2, [2])]


def test_mails_take_their_waits_along_to_another_place(in_juniper):
    made = editing.create(name="Course", flow=flow(), at=clock.now())
    first, second, third = (one.id for one in sequences.letters(made.draft))
    changed = sequences.arrange(made, [first, third, second], revision=0, at=clock.now())
    assert said(changed.draft) == [(0, []), (2, [2]), (1, [1])]
    with pytest.raises(sequences.NoSequence):
        sequences.arrange(made, [first, third], revision=1, at=clock.now())
    with pytest.raises(editing.Stale):
        sequences.arrange(made, [first, second, third], revision=0, at=clock.now())


def test_a_mail_that_is_switched_off_stays_in_its_place(in_juniper):
    made = editing.create(name="Course", flow=flow(), at=clock.now())
    second = sequences.letters(made.draft)[1]
    changed = sequences.switch(made, second.id, off=True, revision=0, at=clock.now())
    assert [one.is_off for one in sequences.letters(changed.draft)] == [False, True, False]


@pytest.mark.parametrize(
    "step",
    [flows.end(), flows.condition("x"), flows.wait(1) | {"mode": "date", "on": "2027-01-01"}, flows.action("gone")],
)
def test_what_is_more_than_that_is_no_sequence(step):
    drawn = flows.build("t", {}, [flows.action("test.mail"), step])
    assert not sequences.is_sequence(drawn)
    with pytest.raises(sequences.NoSequence):
        sequences.letters(drawn)
