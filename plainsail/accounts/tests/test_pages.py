"""Settings pages: who sees what, what a POST by hand can do, and how many queries a page takes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from plainsail.accounts.models import Membership, Role, User
from plainsail.accounts.services import audit
from plainsail.accounts.tests.factories import AuditEntryFactory, InvitationFactory, MembershipFactory
from plainsail.kernel import clock
from plainsail.kernel.models import Workspace

pytestmark = pytest.mark.django_db
SETTINGS = "/w/juniper/settings/"


def as_role(juniper, role):
    client = Client(headers={"host": "localhost"})
    client.force_login(MembershipFactory(workspace=juniper, role=role).user)
    return client


BUSINESS = {
    "name": "Juniper Pots",
    "postal_address": "  Mill Lane 4 \r\n\r\n 25980 Westerland ",
    "locale": "de",
    "timezone": "Europe/Berlin",
    "currency": "CHF",
}


@pytest.mark.parametrize("page", ["profile/", "security/", "business/", "people/", "log/"])
def test_an_owner_sees_every_page(as_ada, page):
    response = as_ada.get(SETTINGS + page)
    assert response.status_code == 200
    assert 'aria-current="page"' in response.content.decode()


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, {"profile/", "security/", "business/", "people/", "log/"}),
        (Role.ADMIN, {"profile/", "security/", "business/", "people/", "log/"}),
        (Role.EDITOR, {"profile/", "security/", "people/"}),
        (Role.VIEWER, {"profile/", "security/", "people/"}),
    ],
)
def test_a_role_sees_its_pages_and_tabs(juniper, role, allowed):
    client = as_role(juniper, role)
    tabs = client.get(SETTINGS + "profile/").content.decode()
    for page in ("profile/", "security/", "business/", "people/", "log/"):
        assert client.get(SETTINGS + page).status_code == (200 if page in allowed else 403)
        assert (f'href="{SETTINGS}{page}"' in tabs) is (page in allowed)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_no_hand_made_post_raises_a_role(juniper, ada, role):
    client = as_role(juniper, role)
    own = Membership.objects.exclude(user=ada).get()
    for path, values in (
        (f"people/{own.pk}/role/", {"role": "owner"}),
        (f"people/{ada.memberships.get().pk}/removal/", {}),
        ("people/invitations/", {"email": "mine@example.com", "role": "owner"}),
        ("people/ownership/", {"member": str(own.pk)}),
        ("business/", BUSINESS),
        ("business/address/", {"slug": "mine"}),
    ):
        assert client.post(SETTINGS + path, values).status_code == 403, path
    assert Membership.objects.get(pk=own.pk).role == role
    assert juniper.memberships.count() == 2


def test_an_admin_raises_nobody_to_owner_by_hand(juniper, ada):
    client = as_role(juniper, Role.ADMIN)
    own = Membership.objects.exclude(user=ada).get()
    assert client.post(f"{SETTINGS}people/{own.pk}/role/", {"role": "owner"}).status_code == 403
    assert client.post(f"{SETTINGS}people/ownership/", {"member": str(own.pk)}).status_code == 403
    refused = client.post(f"{SETTINGS}people/invitations/", {"email": "mine@example.com", "role": "owner"})
    assert refused.status_code == 422
    assert client.post(f"{SETTINGS}business/address/", {"slug": "mine"}).status_code == 403
    assert Membership.objects.get(pk=own.pk).role == "admin"


def test_the_last_owner_is_told_why_they_stay(as_ada, ada):
    response = as_ada.post(f"{SETTINGS}people/departure/")
    assert response.status_code == 409
    assert "A business needs an owner" in response.content.decode()
    assert ada.memberships.count() == 1


def test_a_member_leaves(as_ben, ben):
    assert as_ben.post(f"{SETTINGS}people/departure/")["Location"] == "/"
    assert ben.memberships.count() == 0
    assert as_ben.get(f"{SETTINGS}people/").status_code == 404


def test_an_owner_runs_the_team_by_hand(as_ada, juniper, ben, mailoutbox):
    member = ben.memberships.get()
    as_ada.post(f"{SETTINGS}people/invitations/", {"email": "new@example.com", "role": "viewer"})
    assert mailoutbox[0].to == ["new@example.com"]
    page = as_ada.get(f"{SETTINGS}people/").content.decode()
    assert "new@example.com" in page
    as_ada.post(f"{SETTINGS}people/{member.pk}/role/", {"role": "admin"})
    member.refresh_from_db()
    assert member.role == "admin"
    as_ada.post(f"{SETTINGS}people/{member.pk}/removal/")
    assert not ben.memberships.exists()


def test_handing_the_business_over_by_hand(as_ada, ada, ben):
    as_ada.post(f"{SETTINGS}people/ownership/", {"member": str(ben.memberships.get().pk)})
    assert (ada.memberships.get().role, ben.memberships.get().role) == ("admin", "owner")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("people/invitations/", {"email": "nonsense", "role": "viewer"}),
        ("people/invitations/", {"email": "x@example.com", "role": "emperor"}),
        ("people/invitations/", {"email": "x" * 400 + "@example.com", "role": "viewer"}),
        ("people/invitations/", {}),
        ("people/ownership/", {"member": "nonsense"}),
        ("people/ownership/", {}),
        ("business/", {}),
        ("business/", BUSINESS | {"timezone": "Mars/Olympus"}),
        ("business/", BUSINESS | {"currency": "XXX"}),
        ("business/", BUSINESS | {"locale": "tlh"}),
        ("business/", BUSINESS | {"name": "x" * 121}),
        ("business/", BUSINESS | {"postal_address": "x" * 501}),
        ("business/", BUSINESS | {"name": "a\0b"}),
        ("business/address/", {"slug": "-a-"}),
        ("business/address/", {"slug": "ümläut"}),
        ("business/address/", {"slug": "www"}),
        ("business/address/", {"slug": "a.b"}),
        ("business/address/", {"slug": "x" * 41}),
        ("business/address/", {"slug": "acme"}),
        ("profile/", {}),
        ("profile/", {"name": "Ada", "locale": "xx", "theme": "auto"}),
        ("profile/", {"name": "Ada", "locale": "", "theme": "pink"}),
    ],
)
def test_bad_input_is_said_at_the_form_and_changes_nothing(as_ada, ada, juniper, acme, path, values):
    response = as_ada.post(SETTINGS + path, values)
    assert response.status_code == 422
    juniper.refresh_from_db()
    assert (juniper.name, juniper.slug, juniper.currency) == ("Juniper Pottery Studio", "juniper", "EUR")
    assert User.objects.get(pk=ada.pk).name == "Ada Brandt"


@pytest.mark.parametrize("values", [{}, {"role": "emperor"}, {"role": ["viewer", "owner"]}])
def test_a_role_that_does_not_exist_is_refused(as_ada, ben, values):
    member = ben.memberships.get()
    as_ada.post(f"{SETTINGS}people/{member.pk}/role/", values)
    member.refresh_from_db()
    assert member.role in {"editor", "owner"}


def test_ids_of_others_are_not_found(as_ada, cleo, acme, in_workspace):
    with in_workspace(acme):
        foreign = InvitationFactory()
    stranger = cleo.memberships.get()
    for path in (
        f"people/{stranger.pk}/role/",
        f"people/{stranger.pk}/removal/",
        f"people/{uuid4()}/removal/",
        f"people/invitations/{foreign.pk}/revocation/",
    ):
        assert as_ada.post(SETTINGS + path, {"role": "viewer"}).status_code == 404, path
    assert as_ada.post(SETTINGS + "people/ownership/", {"member": str(stranger.pk)}).status_code == 404


def test_changing_the_business_by_hand(as_ada, juniper):
    assert as_ada.post(SETTINGS + "business/", BUSINESS).status_code == 302
    juniper.refresh_from_db()
    assert juniper.postal_address == "Mill Lane 4\n25980 Westerland"
    assert (juniper.name, juniper.locale, juniper.currency) == ("Juniper Pots", "de", "CHF")


def test_changing_the_web_address_by_hand(as_ada, juniper):
    assert as_ada.post(SETTINGS + "business/address/", {"slug": "Pots"})["Location"] == "/w/pots/settings/business/"
    assert as_ada.get("/w/pots/settings/business/").status_code == 200
    assert as_ada.get("/w/juniper/settings/business/").status_code == 404


def test_a_profile_holds_language_and_looks(as_ada, ada):
    response = as_ada.post(SETTINGS + "profile/", {"name": "Ada B.", "locale": "de", "theme": "dark"})
    assert response.cookies["theme"].value == "dark"
    ada.refresh_from_db()
    assert (ada.name, ada.locale, ada.theme) == ("Ada B.", "de", "dark")
    page = as_ada.get(SETTINGS + "profile/")
    assert page["Content-Language"] == "de"
    assert 'data-theme="dark"' in page.content.decode()


def test_the_choice_of_looks_follows_to_a_new_browser(ada):
    ada.theme = "dark"
    ada.save()
    client = Client(headers={"host": "localhost"})
    client.force_login(ada)
    client.get(SETTINGS + "profile/")
    assert client.cookies["theme"].value == "dark"
    client.cookies["theme"] = "light"
    assert "theme" not in client.get(SETTINGS + "profile/").cookies


def test_somebody_unconfirmed_is_reminded_calmly_until_confirmed(as_ada, ada):
    User.objects.filter(pk=ada.pk).update(is_confirmed=False)
    ada.emailaddress_set.update(verified=False)
    assert "We sent a mail to ada@example.com" in as_ada.get(SETTINGS + "profile/").content.decode()
    ada.emailaddress_set.update(verified=True)
    assert "We sent a mail" not in as_ada.get(SETTINGS + "profile/").content.decode()
    assert User.objects.get(pk=ada.pk).is_confirmed


def test_the_switcher_lists_all_businesses_of_a_person_and_no_others(as_ada, ada, acme):
    MembershipFactory(user=ada, workspace__name="Second & Sons", workspace__slug="second")
    page = as_ada.get(SETTINGS + "profile/").content.decode()
    assert "Second &amp; Sons" in page
    assert "Acme" not in page


def test_the_team_page_takes_the_same_queries_for_one_and_for_many(
    as_ada, juniper, in_workspace, django_assert_num_queries
):
    as_ada.get(SETTINGS + "people/")
    with django_assert_num_queries(10):
        as_ada.get(SETTINGS + "people/")
    MembershipFactory.create_batch(3, workspace=juniper, role=Role.EDITOR)
    with in_workspace(juniper):
        InvitationFactory.create_batch(3)
    with django_assert_num_queries(10):
        as_ada.get(SETTINGS + "people/")


def test_the_log_takes_the_same_queries_for_one_and_for_many(as_ada, juniper, in_workspace, django_assert_num_queries):
    as_ada.get(SETTINGS + "log/")
    with in_workspace(juniper):
        AuditEntryFactory()
    with django_assert_num_queries(12):
        as_ada.get(SETTINGS + "log/")
    with in_workspace(juniper):
        AuditEntryFactory.create_batch(3)
    with django_assert_num_queries(12):
        as_ada.get(SETTINGS + "log/")


def test_the_log_says_who_did_what_from_where(as_ada, juniper, ben):
    as_ada.post(
        f"{SETTINGS}people/{ben.memberships.get().pk}/role/",
        {"role": "viewer"},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )
    page = as_ada.get(SETTINGS + "log/").content.decode()
    for words in ("Changed the role", "Ben Okafor", "Editor → Viewer", "Ada Brandt", "203.0.113.9"):
        assert words in page


def test_the_log_is_filtered_by_what_who_and_when(as_ada, ada, juniper, in_workspace):
    at = clock.now()
    with in_workspace(juniper):
        audit.record("accounts.member_invited", by=ada, at=at - timedelta(days=40), subject="old@example.com")
        audit.record("accounts.workspace_changed", by=None, at=at, subject="Juniper")
    day = at.date().isoformat()

    def rows(**asked):
        page = as_ada.get(SETTINGS + "log/", asked)
        assert page.status_code == 200
        return [entry.subject for entry, _words, _change in page.context["rows"]]

    assert rows() == ["Juniper", "old@example.com"]
    assert rows(action="accounts.member_invited") == ["old@example.com"]
    assert rows(person=str(ada.pk)) == ["old@example.com"]
    assert rows(since=day) == ["Juniper"]
    assert rows(until=(at - timedelta(days=10)).date().isoformat()) == ["old@example.com"]


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "nonsense"},
        {"person": "nonsense"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"since": "nonsense"},
    ],
)
def test_a_filter_made_of_garbage_is_said_so(as_ada, asked):
    assert as_ada.get(SETTINGS + "log/", asked).status_code == 422


def test_a_null_byte_in_an_address_is_refused_before_anybody_looks_at_it(as_ada):
    for path in (SETTINGS + "log/?action=a%00b", "/invitations/%00/", "/w/jun%00iper/"):
        assert as_ada.get(path).status_code == 400


@pytest.mark.parametrize("page", ["0", "-1", "999999999999999999999", "x", ""])
def test_a_page_that_is_not_there_shows_one_that_is(as_ada, page):
    assert as_ada.get(SETTINGS + "log/", {"page": page}).status_code == 200


def test_the_log_is_another_business_to_a_stranger(as_cleo, juniper, acme, in_workspace):
    with in_workspace(juniper):
        AuditEntryFactory(subject="a secret of Juniper’s")
    assert as_cleo.get(SETTINGS + "log/").status_code == 404
    assert "secret" not in as_cleo.get("/w/acme/settings/log/").content.decode()


def test_an_entry_without_a_person_is_the_programs_own(as_ada, juniper, in_workspace):
    with in_workspace(juniper), audit.asked_from("203.0.113.9"):
        entry = audit.record("unknown.happening", by=None, at=clock.now())
    assert entry.ip is None
    page = as_ada.get(SETTINGS + "log/").content.decode()
    assert "Plainsail itself" in page
    assert "unknown.happening" in page


def test_settings_lead_to_what_the_role_may_change(as_ada, as_ben):
    assert as_ada.get(SETTINGS)["Location"] == SETTINGS + "business/"
    assert as_ben.get(SETTINGS)["Location"] == SETTINGS + "profile/"


def test_nobody_signed_in_is_asked_to_sign_in_and_a_stranger_finds_nothing(client, as_cleo, juniper):
    response = client.get(SETTINGS + "people/?a=b")
    assert response["Location"] == "/accounts/login/?next=/w/juniper/settings/people/%3Fa%3Db"
    assert client.get("/w/not-there/settings/people/").status_code == 302
    assert client.post(SETTINGS + "people/invitations/", {})["Location"] == "/accounts/login/?next=/"
    fragment = client.get(SETTINGS + "people/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"][:16]) == (401, "/accounts/login/")
    program = client.get(SETTINGS + "people/", headers={"Accept": "application/json"})
    assert (program.status_code, program["Content-Type"]) == (401, "application/problem+json")
    assert as_cleo.get(SETTINGS + "people/").status_code == 404
    assert as_cleo.get("/w/not-there/settings/people/").status_code == 404


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("de-AT,de;q=0.9", "de"),
        ("pl,fr;q=0.5", "fr"),
        ("tlh", "en"),
        ("", "en"),
        ("*", "en"),
        ("x" * 5000, "en"),
        ("de;q=x", "en"),
    ],
)
def test_the_browser_is_answered_in_its_language(client, db, asked, spoken):
    assert client.get("/", headers={"Accept-Language": asked})["Content-Language"] == spoken


def test_a_site_speaks_the_visitors_language_else_the_businesss(site_client, juniper):
    Workspace.objects.filter(pk=juniper.pk).update(locale="fr")
    assert site_client.get("/nowhere/")["Content-Language"] == "fr"
    assert site_client.get("/nowhere/", headers={"Accept-Language": "pl"})["Content-Language"] == "fr"
    assert site_client.get("/nowhere/", headers={"Accept-Language": "de"})["Content-Language"] == "de"


def test_signed_in_pages_of_sign_in_stand_in_the_frame_of_the_business(as_ada):
    for path in ("/accounts/email/", "/accounts/2fa/", "/accounts/sessions/", "/accounts/password/change/"):
        page = as_ada.get(path).content.decode()
        assert "Juniper Pottery Studio" in page, path
        assert f'href="{SETTINGS}security/"' in page


def test_they_also_work_for_somebody_without_a_business(client):
    from plainsail.accounts.tests.factories import UserFactory

    client.force_login(UserFactory())
    for path in ("/accounts/email/", "/accounts/2fa/", "/accounts/sessions/", "/accounts/password/change/"):
        assert client.get(path).status_code == 200, path
    assert client.get("/security/")["Location"] == "/accounts/2fa/"


def test_a_person_adds_removes_and_prefers_addresses(ada, as_ada, mailoutbox):
    from plainsail.accounts.tests.factories import PASSWORD

    as_ada.post("/accounts/reauthenticate/", {"password": PASSWORD})
    as_ada.post("/accounts/email/", {"action_add": "", "email": "Home@Example.com"})
    assert mailoutbox[0].to == ["home@example.com"]
    page = as_ada.get("/accounts/email/").content.decode()
    assert "home@example.com" in page
    assert "Not confirmed yet" in page
    as_ada.post("/accounts/email/", {"action_primary": "", "email": "home@example.com"})
    ada.refresh_from_db()
    assert ada.email == "ada@example.com"
    ada.emailaddress_set.update(verified=True)
    as_ada.post("/accounts/email/", {"action_primary": "", "email": "home@example.com"})
    ada.refresh_from_db()
    assert ada.email == "home@example.com"
    as_ada.post("/accounts/email/", {"action_remove": "", "email": "ada@example.com"})
    assert [address.email for address in ada.emailaddress_set.all()] == ["home@example.com"]
