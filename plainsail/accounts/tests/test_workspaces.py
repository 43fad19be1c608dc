"""Opening a business: its web address, its site, its first owner; and changing it afterwards."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from plainsail.accounts.models import Host, Membership, Role
from plainsail.accounts.services import hosts, workspaces
from plainsail.accounts.services.workspaces import AddressReserved, AddressTaken
from plainsail.accounts.tests.factories import UserFactory
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace

pytestmark = pytest.mark.django_db


def opened(name="Juniper Pottery Studio", **changes):
    return workspaces.create(**{"name": name, "owner": UserFactory(), "at": clock.now()} | changes)


def test_a_business_gets_its_site_its_owner_and_an_entry_in_the_log(in_workspace):
    owner, at = UserFactory(), clock.now()
    made = workspaces.create(name="Juniper Pottery Studio", owner=owner, at=at, timezone="Europe/Berlin")
    assert (made.slug, made.timezone, made.created_at) == ("juniper-pottery-studio", "Europe/Berlin", at)
    host = Host.objects.get(workspace=made)
    assert (host.host, host.kind, host.is_live) == ("juniper-pottery-studio.localhost", "site", True)
    assert Membership.objects.get(workspace=made).user == owner
    with in_workspace(made):
        assert set(made.events.values_list("name", flat=True)) == {
            "accounts.workspace_created",
            "accounts.member_joined",
        }
        assert made.audit_entries.get().action == "accounts.workspace_created"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Töpferei Müßig & Söhne", "toepferei-muessig-soehne"),
        ("Ærø Kaffe", "aeroe-kaffe"),
        ("under_score", "under-score"),
        ("---", "business"),
        ("Кофейня", "business"),
        ("Shop", "shop-2"),
        ("xn--evil", "xn-evil"),
        ("a" * 120, "a" * 40),
        ("<script>alert(1)</script>", "scriptalert1script"),
        ("www", "www-2"),
    ],
)
def test_the_web_address_is_made_from_the_name(name, slug):
    assert opened(name).slug == slug


def test_the_second_of_a_name_gets_a_number():
    assert [opened("Juniper").slug for _business in range(3)] == ["juniper", "juniper-2", "juniper-3"]


@pytest.mark.django_db(transaction=True)
def test_two_of_one_name_at_the_same_moment_both_open():
    owners, start, made = [UserFactory() for _owner in range(4)], threading.Barrier(4), []

    def open_one(owner):
        start.wait()
        made.append(workspaces.create(name="Juniper", owner=owner, at=clock.now()).slug)
        connection.close()

    threads = [threading.Thread(target=open_one, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == ["juniper", "juniper-2", "juniper-3", "juniper-4"]


def test_a_double_click_opens_one_business():
    owner, at = UserFactory(), clock.now()
    first = workspaces.create(name="Juniper", owner=owner, at=at)
    assert workspaces.create(name="Juniper", owner=owner, at=at + timedelta(seconds=2)) == first
    assert workspaces.create(name="Juniper", owner=owner, at=at + timedelta(minutes=2)) != first


def test_a_given_address_is_taken_or_refused():
    assert opened("Juniper", slug="pots").slug == "pots"
    with pytest.raises(AddressTaken):
        opened("Other", slug="pots")
    for slug in ("admin", "xn--evil"):
        with pytest.raises(AddressReserved):
            opened("Other", slug=slug)
    assert Workspace.objects.count() == 1


def test_changing_settings_tells_which(juniper, ada, in_juniper):
    values = {
        "name": "Juniper Pots",
        "timezone": juniper.timezone,
        "locale": "de",
        "currency": juniper.currency,
        "postal_address": juniper.postal_address,
    }
    assert workspaces.change(juniper, by=ada, at=clock.now(), **values) == ["name", "locale"]
    assert workspaces.change(juniper, by=ada, at=clock.now(), **values) == []
    assert juniper.events.get().payload == {"fields": ["name", "locale"]}
    assert juniper.audit_entries.get().details == {"fields": ["name", "locale"]}


def test_a_moved_business_is_still_found_at_its_old_address(juniper, ada, in_juniper):
    workspaces.move(juniper, slug="pots", by=ada, at=clock.now())
    juniper.refresh_from_db()
    assert juniper.slug == "pots"
    assert hosts.public_url(juniper, "/a") == "http://pots.localhost:8000/a"
    assert set(juniper.hosts.filter(is_live=True).values_list("host", flat=True)) == {
        "juniper.localhost",
        "pots.localhost",
    }
    workspaces.move(juniper, slug="juniper", by=ada, at=clock.now())
    assert juniper.slug == "juniper"


def test_nobody_moves_to_an_address_that_is_or_was_somebody_elses(juniper, acme, ada, cleo, in_workspace):
    with in_workspace(acme):
        workspaces.move(acme, slug="anvils", by=cleo, at=clock.now())
    with in_workspace(juniper):
        for slug in ("anvils", "acme"):
            with pytest.raises(AddressTaken):
                workspaces.move(juniper, slug=slug, by=ada, at=clock.now())
        with pytest.raises(AddressReserved):
            workspaces.move(juniper, slug="www", by=ada, at=clock.now())
    juniper.refresh_from_db()
    assert juniper.slug == "juniper"
    assert opened("Acme").slug == "acme-2"


def test_every_member_in_every_role_is_allowed_what_the_role_says():
    assert {
        role.value: [verb for verb in ("view", "send", "manage", "own") if role.allows(f"x.{verb}")] for role in Role
    } == {
        "owner": ["view", "send", "manage", "own"],
        "admin": ["view", "send", "manage"],
        "editor": ["view", "send"],
        "viewer": ["view"],
    }


def test_naming_a_business_by_hand(client):
    owner = UserFactory()
    client.force_login(owner)
    response = client.post("/businesses/new/", {"name": "Juniper", "timezone": "Europe/Berlin"})
    assert response["Location"] == "/w/juniper/"
    assert Workspace.objects.get().timezone == "Europe/Berlin"
    assert client.get("/")["Location"] == "/w/juniper/"


@pytest.mark.parametrize("name", ["", " ", "x", "a\0b", "x" * 121])
def test_a_bad_name_is_said_at_the_field(client, name):
    client.force_login(UserFactory())
    response = client.post("/businesses/new/", {"name": name, "timezone": "Mars/Olympus"})
    assert response.status_code == 422
    assert "field-error" in response.content.decode()
    assert not Workspace.objects.exists()


def test_a_zone_that_does_not_exist_becomes_utc(client):
    client.force_login(UserFactory())
    client.post("/businesses/new/", {"name": "Juniper", "timezone": "../../etc/passwd"})
    assert Workspace.objects.get().timezone == "UTC"


def test_home_leads_to_the_business_seen_last(client):
    owner = UserFactory()
    for number, name in enumerate(["First", "Second"]):
        opened(name, owner=owner, at=clock.now() + timedelta(minutes=number))
    client.force_login(owner)
    assert client.get("/")["Location"] == "/w/second/"
    with clock.fixed(clock.now() + timedelta(hours=1)):
        client.get("/w/first/settings/profile/")
    assert client.get("/")["Location"] == "/w/first/"


def test_a_closed_business_is_gone(juniper, as_ada):
    juniper.state = Workspace.State.CLOSED
    juniper.save()
    assert as_ada.get("/w/juniper/settings/profile/").status_code == 404
    assert as_ada.get("/")["Location"] == "/businesses/new/"
