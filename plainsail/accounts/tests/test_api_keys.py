"""API keys on their page in Settings and as a service: made, shown once, found by their hash, revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.accounts.models import ApiKey, AuditEntry, Membership, Role
from plainsail.accounts.services import api_keys
from plainsail.accounts.tests.factories import MembershipFactory, program
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace

pytestmark = pytest.mark.django_db
PAGE = "/w/juniper/settings/api-keys/"
AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def make(client, **fields):
    return client.post(PAGE, {"name": "Shop", "scope_contacts": "read", "lasts": "90"} | fields)


def test_a_key_is_shown_once_and_opens_the_door(as_ada, juniper):
    with clock.fixed(AT):
        page = make(as_ada, scope_subscriptions="write")
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    made = ApiKey.objects.get()
    assert made.scopes == ["contacts:read", "subscriptions:write"]
    assert made.expires_at == AT + timedelta(days=90)
    assert api_keys.admit(secret, at=AT).workspace == juniper
    later = as_ada.get(PAGE).content.decode()
    assert secret not in later
    assert made.beginning in later
    with workspace(juniper):
        entry = AuditEntry.objects.get(action="accounts.api_key_made")
    assert secret not in str(vars(entry))


def test_a_key_may_be_good_until_it_is_revoked(as_ada):
    make(as_ada, lasts="")
    assert ApiKey.objects.get().expires_at is None
    assert "until it is revoked" in as_ada.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"scope_contacts": ""},
        {"scope_contacts": "own"},
        {"lasts": "99999"},
    ],
)
def test_what_makes_no_key_is_said_and_makes_none(as_ada, fields):
    assert make(as_ada, **fields).status_code == 422
    assert not ApiKey.objects.exists()


def test_two_presses_make_one_key(as_ada):
    assert [make(as_ada).status_code for _press in range(2)] == [200, 409]
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_opens_nothing_and_its_name_is_free(as_ada, juniper):
    secret = make(as_ada).context["secret"]
    path = f"{PAGE}{ApiKey.objects.get().pk}/revocation/"
    assert as_ada.get(path).status_code == 405
    assert as_ada.post(path).status_code == as_ada.post(path).status_code == 302
    with pytest.raises(api_keys.NotAKey):
        api_keys.admit(secret, at=AT)
    assert make(as_ada).status_code == 200
    with workspace(juniper):
        assert AuditEntry.objects.filter(action="accounts.api_key_revoked").count() == 1


def test_a_key_of_another_business_is_not_found(as_ada, acme):
    other = program(acme).key
    assert as_ada.post(f"{PAGE}{other.pk}/revocation/").status_code == 404
    assert ApiKey.objects.get(pk=other.pk).revoked_at is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_who_manages_the_business_sees_keys(role, ben, as_ben):
    Membership.objects.filter(user=ben).update(role=role)
    assert as_ben.get(PAGE).status_code == 403
    assert make(as_ben).status_code == 403
    assert not ApiKey.objects.exists()


def test_nobody_makes_a_key_that_may_more_than_they(juniper, in_juniper):
    viewer = MembershipFactory(workspace=juniper, role=Role.VIEWER)
    with pytest.raises(api_keys.ScopeOutOfReach):
        api_keys.make(juniper, name="Shop", scopes=["contacts:write"], of=viewer, by=viewer.user, at=AT)
    api_keys.make(juniper, name="Shop", scopes=["contacts:read"], of=viewer, by=viewer.user, at=AT)


@pytest.mark.parametrize("scopes", [[], ["contacts"], ["contacts:own"], ["nothing:read"]])
def test_a_scope_that_there_is_not_is_refused(juniper, in_juniper, scopes):
    with pytest.raises(api_keys.UnknownScope):
        api_keys.make(juniper, name="Shop", scopes=scopes, of=MembershipFactory(workspace=juniper), by=None, at=AT)


def test_fifty_keys_are_enough(juniper, in_juniper):
    by = MembershipFactory(workspace=juniper)
    ApiKey.objects.bulk_create(
        ApiKey(workspace=juniper, name=str(number), digest=str(number), beginning="plain_") for number in range(50)
    )
    with pytest.raises(api_keys.TooManyKeys):
        api_keys.make(juniper, name="Shop", scopes=["contacts:read"], of=by, by=None, at=AT)


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_as_many_queries_for_one_as_for_three(as_ada, juniper, number, django_assert_num_queries):
    for each in range(number):
        program(juniper, name=f"Shop {each}")
    as_ada.get(PAGE)
    with django_assert_num_queries(9):
        as_ada.get(PAGE)


def test_the_log_names_the_key_beside_its_person(as_ada, juniper, ada):
    program(juniper, name="Night run")
    with workspace(juniper):
        AuditEntry.objects.update(details={"api_key": "Night run (plain_abc…)"})
    assert "by the API key Night run" in as_ada.get("/w/juniper/settings/log/").content.decode()
