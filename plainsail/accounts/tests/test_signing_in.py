"""Signing up, in and out: what people see, and what somebody learns who tries addresses that aren't theirs."""

import re
import threading
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.db import connection
from django.test import Client

from plainsail.accounts.models import User
from plainsail.accounts.services import people
from plainsail.accounts.tests.factories import PASSWORD, UserFactory
from plainsail.kernel import clock

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
SIGNUP = "/accounts/signup/"
CODE = "/accounts/login/code/"
CONFIRM_CODE = "/accounts/login/code/confirm/"
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def _no_limits_left_over():
    cache.clear()


def visitor(**headers):
    return Client(headers={"host": "localhost", **headers})


def sign_up(client, **changes):
    return client.post(
        SIGNUP, {"name": "Anke Thiessen", "email": "anke@example.com", "password1": "seven sailors sing"} | changes
    )


def link_in(mail):
    return re.search(r"https?://[^/]+(/\S+)", mail.body).group(1)


def test_signing_up_leads_to_naming_the_business(client):
    response = sign_up(client)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/")["Location"] == "/businesses/new/"
    page = client.get("/businesses/new/")
    assert "Name your business" in page.content.decode()


def test_an_address_is_kept_in_lower_case(client):
    sign_up(client, email="Anke@Example.COM")
    user = User.objects.get()
    assert (user.email, user.name) == ("anke@example.com", "Anke Thiessen")
    assert client.post(LOGIN, {"login": "ANKE@example.com", "password": "seven sailors sing"})["Location"] == "/"


def test_passwords_are_kept_as_argon2(client, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    sign_up(client)
    assert User.objects.get().password.startswith("argon2$argon2id$")


def test_only_the_first_person_of_an_installation_runs_it(client):
    sign_up(client)
    sign_up(visitor(), email="second@example.com")
    assert list(User.objects.order_by("created_at").values_list("is_operator", flat=True)) == [True, False]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_come_first_at_once_just_one_runs_the_installation():
    start = threading.Barrier(4)

    def join(number):
        start.wait()
        people.register(email=f"first-{number}@example.com", name="First", password=None, at=clock.now())
        connection.close()

    threads = [threading.Thread(target=join, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(is_operator=True).count() == 1
    assert User.objects.count() == 4


def test_a_weak_password_is_refused_at_the_field(client):
    response = sign_up(client, password1="short")
    assert "at least 10 characters" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\0b"},
        {"email": "nonsense"},
        {"email": "x" * 300 + "@example.com"},
        {"email": ""},
        {"password1": ""},
        {"password1": "1234567890"},
    ],
)
def test_bad_input_makes_nobody(client, changes):
    assert sign_up(client, **changes).status_code == 422
    assert not User.objects.exists()


def test_signing_up_twice_with_one_address_says_so(client):
    sign_up(client)
    response = sign_up(visitor())
    assert "There is an account with this address already" in response.content.decode()
    assert User.objects.count() == 1


def test_signing_up_is_slowed_down(client):
    answers = [sign_up(visitor(), email=f"robot-{number}@example.com").status_code for number in range(11)]
    assert answers == [302] * 10 + [429]


def test_a_new_person_is_asked_to_confirm_the_address_and_a_get_confirms_nothing(client, mailoutbox):
    sign_up(client)
    path = link_in(mailoutbox[0])
    assert mailoutbox[0].to == ["anke@example.com"]
    page = client.get(path)
    assert "Is this your address?" in page.content.decode()
    assert not EmailAddress.objects.get().verified
    client.post(path)
    assert EmailAddress.objects.get().verified
    assert people.is_confirmed(User.objects.get())


def test_a_link_that_confirms_is_worth_nothing_when_forged_or_old(client, mailoutbox):
    sign_up(client)
    path = link_in(mailoutbox[0])
    for forged in [path[:-4] + "xyz/", "/accounts/confirm-email/garbage/", "/accounts/confirm-email/1:2:3/"]:
        assert client.post(forged).status_code in {404, 302}
        shown = client.get(forged)
        assert (shown.status_code, "no longer works" in shown.content.decode()) == (404, True)
    assert not EmailAddress.objects.get().verified


def test_mail_says_the_same_as_text_and_as_html(client, mailoutbox):
    sign_up(client)
    html = mailoutbox[0].alternatives[0][0]
    for line in mailoutbox[0].body.splitlines():
        assert line.replace("’", "’") in html


def test_signing_in_with_a_wrong_password_and_with_an_unknown_address_look_the_same(client, db):
    UserFactory(email="there@example.com")
    wrong = client.post(LOGIN, {"login": "there@example.com", "password": "not the password"})
    unknown = client.post(LOGIN, {"login": "nowhere@example.com", "password": "not the password"})
    strip = re.compile(r'value="[^"]*"|there@|nowhere@')
    assert strip.sub("", wrong.content.decode()) == strip.sub("", unknown.content.decode())
    assert wrong.status_code == unknown.status_code == 422


def test_asking_for_a_code_says_the_same_for_every_address(db, mailoutbox):
    UserFactory(email="there@example.com")
    pages = []
    for address in ("there@example.com", "nowhere@example.com"):
        somebody = visitor()
        response = somebody.post(CODE, {"email": address}, follow=True)
        assert response.redirect_chain == [(CONFIRM_CODE, 302)]
        pages.append(re.sub(r'there@|nowhere@|value="[^"]*"', "", response.content.decode()))
    assert pages[0] == pages[1]
    assert [mail.to for mail in mailoutbox] == [["there@example.com"], ["nowhere@example.com"]]
    assert "There is none" in mailoutbox[1].body


def test_asking_to_reset_a_password_says_the_same_for_every_address(client, db):
    UserFactory(email="there@example.com")
    pages = [client.post(RESET, {"email": a}, follow=True) for a in ("there@example.com", "nowhere@example.com")]
    assert pages[0].redirect_chain == pages[1].redirect_chain
    assert pages[0].content == pages[1].content


def test_a_code_signs_in_once(client, db, mailoutbox):
    user = UserFactory()
    client.post(CODE, {"email": user.email})
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mailoutbox[0].body, re.MULTILINE).group()
    assert client.post(CONFIRM_CODE, {"code": code})["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    other = visitor()
    assert other.post(CONFIRM_CODE, {"code": code})["Location"] == CODE
    assert "_auth_user_id" not in other.session


def test_the_link_with_the_code_only_fills_in_the_form(client, db, mailoutbox):
    user = UserFactory()
    client.post(CODE, {"email": user.email})
    link = link_in(mailoutbox[0])
    page = client.get(link)
    assert f'value="{link.split("=")[1]}"' in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_code_that_is_too_old_or_tried_too_often_is_gone(client, db, mailoutbox):
    user = UserFactory()
    client.post(CODE, {"email": user.email})
    code = re.search(r"^[A-Z]{4}-[A-Z]{4}$", mailoutbox[0].body, re.MULTILINE).group()
    for _attempt in range(4):
        client.post(CONFIRM_CODE, {"code": "WRON-GONE"})
    client.post(CONFIRM_CODE, {"code": code})
    assert "_auth_user_id" not in client.session


def test_a_reset_link_works_once_and_tells_the_owner(client, db, mailoutbox):
    user = UserFactory()
    client.post(RESET, {"email": user.email})
    link = link_in(mailoutbox[0])
    form = client.get(link)["Location"]
    new = {"password1": "eight bells at noon", "password2": "eight bells at noon"}
    assert client.post(form, new).status_code == 302
    assert client.post(LOGIN, {"login": user.email, "password": "eight bells at noon"})["Location"] == "/"
    assert mailoutbox[1].subject == "Your password was set anew"
    late = visitor().get(link)
    assert (late.status_code, "no longer works" in late.content.decode()) == (404, True)


def test_too_many_wrong_passwords_lock_the_door_for_a_while(client, db):
    user = UserFactory()
    for _attempt in range(5):
        client.post(LOGIN, {"login": user.email, "password": "wrong wrong wrong"})
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert "Too many attempts" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_form_without_its_token_is_refused_with_a_page():
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    for path in (LOGIN, SIGNUP, CODE, RESET, "/businesses/new/", "/invitations/x/acceptance/"):
        response = strict.post(path, {"login": "a@example.com"})
        assert response.status_code == 403, path
        assert "too old" in response.content.decode()


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(client, db, next_):
    user = UserFactory()
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD, "next": next_})
    assert response["Location"] == "/"


def test_somebody_switched_off_does_not_get_in(client, db):
    user = UserFactory(is_active=False)
    response = client.post(LOGIN, {"login": user.email, "password": PASSWORD}, follow=True)
    assert "_auth_user_id" not in client.session
    assert response.status_code == 200


def test_signing_out_takes_a_post(as_ada):
    assert "Sign out?" in as_ada.get("/accounts/logout/").content.decode()
    assert "_auth_user_id" in as_ada.session
    as_ada.post("/accounts/logout/")
    assert "_auth_user_id" not in as_ada.session


def test_a_changed_password_ends_the_other_sessions(ada, as_ada):
    other = visitor()
    other.post(LOGIN, {"login": ada.email, "password": PASSWORD})
    assert other.get("/w/juniper/settings/profile/").status_code == 200
    changed = as_ada.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "eight bells at noon", "password2": "eight bells at noon"},
    )
    assert changed.status_code == 302
    assert as_ada.get("/w/juniper/settings/profile/").status_code == 200
    assert other.get("/w/juniper/settings/profile/").status_code == 302


def test_a_session_is_noted_as_seen_at_most_every_five_minutes(as_ada):
    from allauth.usersessions.models import UserSession

    at = clock.now()
    with clock.fixed(at):
        as_ada.get("/w/juniper/settings/profile/")
        first = UserSession.objects.get().last_seen_at
        as_ada.get("/w/juniper/settings/profile/")
        assert UserSession.objects.get().last_seen_at == first
    with clock.fixed(at + timedelta(minutes=6)):
        as_ada.get("/w/juniper/settings/profile/")
    assert UserSession.objects.get().last_seen_at > first


def test_sessions_are_listed_and_the_others_can_be_ended(ada, as_ada):
    other = visitor(**{"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    other.post(LOGIN, {"login": ada.email, "password": PASSWORD})
    page = as_ada.get("/accounts/sessions/").content.decode()
    assert "Firefox on Windows" in page
    assert "Sign out everywhere else" in page
    as_ada.post("/accounts/sessions/")
    assert other.get("/w/juniper/settings/profile/").status_code == 302
    assert as_ada.get("/w/juniper/settings/profile/").status_code == 200
