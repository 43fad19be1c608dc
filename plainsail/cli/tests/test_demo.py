import json

import pytest
from django.db import IntegrityError

from plainsail.accounts.models import User
from plainsail.automations.models import Automation
from plainsail.cli import demo, story
from plainsail.contacts import queries as contacts
from plainsail.contacts.models import ListMember
from plainsail.kernel import clock, environment, tenancy
from plainsail.kernel.models import Workspace
from plainsail.mail.models import Broadcast
from plainsail.tracking.models import Agent, Hit, Landing


@pytest.fixture
def sign_in(db, tmp_path):
    path = tmp_path / "demo.json"
    demo.make(path, at=clock.now())
    return path


def test_its_owner_signs_in_with_the_password_that_was_kept(sign_in, client):
    kept = json.loads(sign_in.read_text())
    assert sign_in.stat().st_mode & 0o777 == 0o600
    assert client.login(email=kept["email"], password=kept["password"])


def test_signing_in_leads_to_the_studio_and_not_to_the_operators_shop(sign_in, client):
    kept = json.loads(sign_in.read_text())
    client.login(email=kept["email"], password=kept["password"])
    assert client.get("/").headers["Location"] == "/w/juniper-pottery-studio/"


def test_its_pages_speak_of_pottery(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    with tenancy.workspace(studio):
        words = str(studio.pages.get(path="/glazes").draft)
    assert ("Five glazes for a small kiln" in words, "working week" in words) == (True, False)


def test_its_contacts_are_there_with_the_consent_that_each_gave(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    with tenancy.workspace(studio):
        assert studio.contacts.count() == len(story.PEOPLE)
        states = dict.fromkeys(ListMember.State, 0)
        for member in ListMember.objects.select_related("contact"):
            states[ListMember.State(member.state)] += 1
            assert member.contact.consents.exists()
    assert states[ListMember.State.PENDING] == sum(not person.is_confirmed for person in story.PEOPLE)
    assert states[ListMember.State.UNSUBSCRIBED] == sum(person.leaves for person in story.PEOPLE)


def test_it_shows_what_a_business_knows_and_does_about_its_people(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    now = clock.now()
    with tenancy.workspace(studio):
        jonas = studio.contacts.get(email="jonas.petersen@example.net")
        known = contacts.values_of([jonas])[jonas.id]
        assert (known["favourite_glaze"], str(known["shelf"]), jonas.phone) == ("Tenmoku", "3", "+494215550199")
        assert jonas.score >= 40
        made = studio.imports.get()
        assert (made.state, made.tally["changed"], made.tally["refused"], made.faults.count()) == ("done", 7, 1, 2)
        asked = [contacts.condition_of(one.tree, at=now) for one in studio.segments.all()]
        assert [studio.contacts.filter(one).exists() for one in asked] == [True, True]
        assert {one.stage.kind for one in studio.deals.select_related("stage")} == {"open", "won", "lost"}
        assert (studio.tasks.count(), contacts.notes_of(jonas).count()) == (1, 2)


def test_its_pages_are_published(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    with tenancy.workspace(studio):
        published = [page.path for page in studio.pages.order_by("path") if page.is_published and page.kind == "page"]
        assert published == ["/", "/about", "/contact", "/glazes", "/membership", "/weekend"]
        assert [page.path for page in studio.pages.filter(kind__in=("header", "footer", "blog")).order_by("path")] == [
            "/blog",
            ":footer",
            ":header",
        ]
        assert studio.posts.filter(page__state="published").count() == 2


def test_nothing_lies_in_the_future(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    now = clock.now()
    with tenancy.workspace(studio):
        assert all(contact.created_at < now for contact in studio.contacts.all())
        assert all(event.at <= now for event in studio.events.all())


def test_made_halfway_it_leaves_nothing(db, tmp_path):
    User.objects.create(email=demo.OWNER[0], name="Another Ada")
    with pytest.raises(IntegrityError):
        demo.make(tmp_path / "demo.json", at=clock.now())
    assert not (tmp_path / "demo.json").exists()
    assert not Workspace.objects.filter(name=demo.STUDIO).exists()


def test_cut_off_at_its_last_step_it_leaves_nothing_and_is_made_the_next_time(transactional_db, tmp_path, monkeypatch):
    path = tmp_path / "demo.json"
    with monkeypatch.context() as cut_off:
        cut_off.setattr(demo, "make_broadcast", None)
        with pytest.raises(TypeError):
            demo.make(path, at=clock.now())
    assert (path.exists(), User.objects.count(), Workspace.objects.count()) == (False, 0, 0)
    demo.make(path, at=clock.now())
    assert (path.exists(), User.objects.count(), Workspace.objects.count()) == (True, 1, 2)


def test_made_again_it_stays_the_same_business_with_a_new_password(sign_in, client):
    former = json.loads(sign_in.read_text())
    sign_in.unlink()
    demo.make(sign_in, at=clock.now())
    kept = json.loads(sign_in.read_text())
    assert not client.login(**former)
    assert client.login(**kept)
    assert Workspace.objects.filter(name=demo.STUDIO).count() == 1


def test_it_sells_writes_and_pays_for_its_own_plan(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    with tenancy.workspace(studio):
        assert studio.products.count() == len(story.GOODS)
        assert studio.orders.filter(state="paid").count() == len(story.SALES)
        assert studio.subscriptions.count() == sum(
            "interval" in more for name, _, _ in story.SALES for good, _, more in story.GOODS if good == name
        )
        assert [one.state for one in studio.automations.all()] == ["live"]
        assert [one.state for one in studio.broadcasts.all()] == ["holding"]
    operator = Workspace.objects.get(is_operator=True)
    with tenancy.workspace(operator):
        assert operator.subscriptions.get().items.count() == 2


def test_where_mail_would_leave_for_people_who_are_invented_its_letters_stay_drafts(db, tmp_path, monkeypatch):
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
    monkeypatch.setenv("SENDING_CHECKS", "on")
    environment.current.cache_clear()
    demo.make(tmp_path / "demo.json", at=clock.now())
    monkeypatch.undo()
    environment.current.cache_clear()
    with tenancy.workspace(Workspace.objects.get(name=demo.STUDIO)):
        assert [each.state for each in Broadcast.objects.all()] == [Broadcast.State.DRAFT]
        assert not Automation.objects.get().is_live


def test_people_looked_at_its_pages_before_they_joined(sign_in):
    studio = Workspace.objects.get(name=demo.STUDIO)
    with tenancy.workspace(studio):
        joined_by_form = sum(not person.is_on_paper for person in story.PEOPLE)
        assert Hit.objects.filter(kind="visit", agent=Agent.HUMAN).count() == sum(story.LOOKERS) + 2 * joined_by_form
        assert not studio.parked_landings.exists()
    assert not Landing.objects.exists()


def test_no_two_of_its_people_share_an_address():
    addresses = [person.address for person in story.PEOPLE]
    assert len(set(addresses)) == len(addresses)
    assert all(address.isascii() for address in addresses), addresses
