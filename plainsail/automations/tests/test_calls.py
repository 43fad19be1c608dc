"""Calls that another program did not take: listed with their answers, looked at, and made once more."""

from __future__ import annotations

import pytest

from plainsail.automations.models import Call
from plainsail.automations.services import calling
from plainsail.automations.tests.factories import ContactFactory
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/calls/"


def owed(of, state="failed", *, number=1, attempts=7):
    with workspace(of):
        contact, key = ContactFactory(), f"{number:032x}.step.1"
        secret = calling.new_secret()
        calling.owe(contact, key=key, url="https://example.com/hook", secret=secret, event="tested", at=clock.now())
        Call.objects.filter(key=key).update(state=state, attempts=attempts, answer="503 Busy", settled_at=clock.now())
        return Call.objects.get(key=key)


@pytest.mark.parametrize("number", [1, 3])
def test_those_that_were_not_taken_are_listed_with_their_answer(as_ada, juniper, number, django_assert_max_num_queries):
    for each in range(number):
        owed(juniper, number=each)
    owed(juniper, "done", number=99)
    with django_assert_max_num_queries(20):
        page = as_ada.get(HOME).content.decode()
    assert page.count("503 Busy") == number
    assert "given up" in as_ada.get("/w/juniper/automations/").content.decode()


def test_what_is_tried_again_stands_apart_from_what_was_given_up(as_ada, juniper):
    owed(juniper, "waiting", number=1, attempts=2)
    owed(juniper, "waiting", number=2, attempts=0)
    assert as_ada.get(HOME).content.decode().count("503 Busy") == 1
    assert "503 Busy" in as_ada.get(f"{HOME}?state=waiting").content.decode()
    assert "503 Busy" not in as_ada.get(f"{HOME}?state=failed").content.decode()


def test_one_shows_what_is_sent_and_never_its_secret(as_ada, juniper):
    call = owed(juniper)
    page = as_ada.get(f"{HOME}{call.id}/").content.decode()
    assert "&quot;type&quot;: &quot;tested&quot;" in page
    assert call.key in page
    assert call.secret not in page


def test_trying_again_makes_the_same_call_with_all_its_tries(as_ada, juniper):
    call = owed(juniper)
    assert as_ada.post(f"{HOME}{call.id}/retry/").status_code == 302
    with workspace(juniper):
        again = Call.objects.get(id=call.id)
        assert (again.state, again.attempts, again.key) == ("waiting", 0, call.key)
        assert not calling.retry(again, at=clock.now())


def test_another_businesss_call_is_not_there(as_ada, juniper, acme):
    call = owed(acme)
    assert as_ada.get(f"{HOME}{call.id}/").status_code == 404
    assert as_ada.post(f"{HOME}{call.id}/retry/").status_code == 404
    assert "503 Busy" not in as_ada.get(HOME).content.decode()
