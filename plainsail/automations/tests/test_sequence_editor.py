"""A sequence on its own screen: a list of mails that is the flow itself."""

from __future__ import annotations

import pytest

from plainsail.automations.models import Automation
from plainsail.automations.services import editing, flows, sequences
from plainsail.automations.sockets import ACTIONS, Action, Written
from plainsail.automations.tests.factories import ListFactory
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/automations/"


@pytest.fixture(autouse=True)
def mail(monkeypatch):
    """An action that sends mails, as the area above has one."""
    subjects: dict[str, str] = {}

    def begin(at):
        key = str(len(subjects))
        subjects[key] = ""
        return {"number": key}

    def written(business, configs):
        return [
            Written(
                subject=subjects.get(one["number"], f"Mail {one['number']}"), url="/write/", got=8, clicked=2, opened=4
            )
            for one in configs
        ]

    entry = Action(
        label="Mail",
        icon="mail",
        sentence=str,
        perform=lambda *_said: None,
        is_mail=True,
        begin=begin,
        written=written,
        entitle=lambda config, subject: subjects.update({config["number"]: subject}),
    )
    monkeypatch.setattr(ACTIONS, "_entries", {"test.mail": entry})


@pytest.fixture
def automation(juniper):
    with workspace(juniper):
        topic = ListFactory()
        mails = [
            (flows.action("test.mail", {"number": f"m{number}"}), flows.wait(number) if number else None)
            for number in range(3)
        ]
        flow = sequences.build("contacts.list_joined", {"list": str(topic.id)}, mails)
        return editing.create(name="Course", flow=flow, at=clock.now())


def url(automation, name="sequence/"):
    return f"{HOME}{automation.id}/{name}"


def now(juniper, automation):
    with workspace(juniper):
        return Automation.objects.get(id=automation.id)


def letters(juniper, automation):
    return sequences.letters(now(juniper, automation).draft)


def said(juniper, automation):
    return [
        (one.step["config"]["number"], [(wait["amount"], wait["unit"]) for wait in one.waits])
        for one in letters(juniper, automation)
    ]


def test_mails_stand_in_order_with_what_became_of_them(as_ada, automation):
    page = as_ada.get(url(automation)).content.decode()
    assert [page.index(f"Mail m{number}") for number in range(3)] == sorted(
        page.index(f"Mail m{number}") for number in range(3)
    )
    assert "8 got it" in page
    assert "2 clicked (25 %)" in page
    assert "4 opened (50 %)" in page


def test_what_is_more_than_a_sequence_is_led_to_its_map(as_ada, juniper, automation):
    with workspace(juniper):
        editing.insert(automation, flows.Place(0), flows.end(), revision=0, at=clock.now())
    page = as_ada.get(url(automation)).content.decode()
    assert "This is more than a sequence" in page
    assert f'href="{HOME}{automation.id}/"' in page


def test_a_mail_more_comes_a_day_after_the_last_one(as_ada, juniper, automation):
    answer = as_ada.post(url(automation, "mails/?view=sequence"), {"revision": 0, "subject": "One more"})
    assert answer.status_code == 302
    assert said(juniper, automation)[-1] == ("0", [(1, "days")])
    assert "One more" in as_ada.get(url(automation)).content.decode()


def test_a_mail_without_a_subject_is_not_added(as_ada, juniper, automation):
    as_ada.post(url(automation, "mails/?view=sequence"), {"revision": 0, "subject": ""})
    assert now(juniper, automation).revision == 0


def test_a_mail_goes_with_its_wait_and_undo_brings_both_back(as_ada, juniper, automation):
    before, second = said(juniper, automation), letters(juniper, automation)[1].id
    as_ada.post(url(automation, f"mails/{second}/removal/"), {"revision": 0})
    assert said(juniper, automation) == [("m0", []), ("m2", [(2, "days")])]
    as_ada.post(url(automation, "undo/"), {"revision": 1})
    assert said(juniper, automation) == before


def test_the_order_is_what_the_list_says(as_ada, juniper, automation):
    first, second, third = (one.id for one in letters(juniper, automation))
    as_ada.post(url(automation, "mails/order/"), {"revision": 0, "order": f"{first},{third},{second}"})
    assert [number for number, _waits in said(juniper, automation)] == ["m0", "m2", "m1"]
    as_ada.post(url(automation, "mails/order/"), {"revision": 1, "order": f"{first},{third}"})
    assert now(juniper, automation).revision == 1


def test_another_wait_keeps_the_step_that_people_stand_at(as_ada, juniper, automation):
    third = letters(juniper, automation)[2]
    wanted = {"revision": 0, "amount": 4, "unit": "hours", "days": ["0", "2"], "opens": "09:00", "closes": ""}
    as_ada.post(url(automation, f"mails/{third.id}/delay/"), wanted)
    (wait,) = letters(juniper, automation)[2].waits
    assert wait == {
        "id": third.waits[0]["id"],
        "type": "wait",
        "amount": 4,
        "unit": "hours",
        "days": [0, 2],
        "from": "09:00",
    }


def test_no_time_at_all_is_no_wait(as_ada, juniper, automation):
    second = letters(juniper, automation)[1].id
    nothing = {"revision": 0, "amount": 0, "unit": "days", "opens": "", "closes": ""}
    as_ada.post(url(automation, f"mails/{second}/delay/"), nothing)
    assert said(juniper, automation)[1] == ("m1", [])
    as_ada.post(url(automation, f"mails/{second}/delay/"), nothing | {"revision": 1, "amount": 3})
    assert said(juniper, automation)[1] == ("m1", [(3, "days")])


@pytest.mark.parametrize("bad", [{"amount": -1}, {"amount": 9999}, {"unit": "years"}, {"closes": "08:00"}])
def test_a_wait_that_can_not_be_is_refused_at_its_field(as_ada, juniper, automation, bad):
    second = letters(juniper, automation)[1].id
    wanted = {"revision": 0, "amount": 1, "unit": "days", "opens": "", "closes": ""} | bad
    answer = as_ada.post(url(automation, f"mails/{second}/delay/?view=sequence"), wanted)
    assert answer.status_code == 422
    assert now(juniper, automation).revision == 0


def test_a_mail_is_left_out_and_taken_in_again(as_ada, juniper, automation):
    second = letters(juniper, automation)[1].id
    as_ada.post(url(automation, f"steps/{second}/switch/"), {"revision": 0, "off": "1"})
    assert [one.is_off for one in letters(juniper, automation)] == [False, True, False]
    as_ada.post(url(automation, f"steps/{second}/switch/"), {"revision": 1, "off": "0"})
    assert not any(one.is_off for one in letters(juniper, automation))


def test_a_new_sequence_opens_as_a_list(as_ada):
    made = as_ada.post(f"{HOME}new/", {"starter": "sequence"})
    assert made.url.endswith("/sequence/")
    assert "No mail yet" in as_ada.get(made.url).content.decode()


def test_changes_on_the_list_stay_on_the_list(as_ada, juniper, automation):
    second = letters(juniper, automation)[1].id
    where = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{url(automation)}?step={second}"}
    answer = as_ada.post(url(automation, f"mails/{second}/removal/"), {"revision": 0}, headers=where)
    assert answer["HX-Push-Url"].endswith("/sequence/")
    assert 'id="sequence"' in answer.content.decode()
