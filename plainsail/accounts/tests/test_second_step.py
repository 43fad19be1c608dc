"""The second step: an app's codes and recovery codes. Passkeys need a browser: test_in_a_browser."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from plainsail.accounts.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
ACTIVATE = "/accounts/2fa/totp/activate/"


@pytest.fixture(autouse=True)
def _no_limits_left_over():
    cache.clear()


@pytest.fixture
def signed_in(ada):
    client = Client(headers={"host": "localhost"})
    client.post(LOGIN, {"login": ada.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def code_for(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.fixture
def secret(signed_in):
    signed_in.get(ACTIVATE)
    secret = signed_in.session["mfa.totp.secret"]
    response = signed_in.post(ACTIVATE, {"code": code_for(secret)})
    assert response.status_code == 302
    cache.clear()
    return secret


def test_the_app_asks_for_a_code_after_the_password(ada, secret):
    client = Client(headers={"host": "localhost"})
    response = client.post(LOGIN, {"login": ada.email, "password": PASSWORD})
    assert response["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})["Location"] == "/"
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_secrets_are_sealed_in_the_database(ada, secret):
    kept = Authenticator.objects.get(user=ada, type=Authenticator.Type.TOTP)
    assert kept.data["secret"] != secret
    assert secret not in str(kept.data)


def test_a_recovery_code_works_once(ada, secret, signed_in):
    codes = Authenticator.objects.get(user=ada, type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    page = signed_in.get("/accounts/2fa/recovery-codes/").content.decode()
    assert all(code in page for code in codes)
    for expected in (True, False):
        client = Client(headers={"host": "localhost"})
        client.post(LOGIN, {"login": ada.email, "password": PASSWORD})
        client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert ("_auth_user_id" in client.session) is expected
        cache.clear()


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_told_by_mail(mailoutbox, ada, secret):
    assert [mail.subject for mail in mailoutbox] == ["Two-step sign-in is on"]
    assert all(mail.to == [ada.email] for mail in mailoutbox)


def test_changing_what_protects_the_account_asks_who_is_there_when_the_sign_in_is_old(ada, as_ada):
    response = as_ada.get(ACTIVATE)
    assert response["Location"].startswith("/accounts/reauthenticate/")


def test_without_a_confirmed_address_the_second_step_can_not_be_switched_on(ada, signed_in):
    ada.emailaddress_set.update(verified=False)
    response = signed_in.get(ACTIVATE, follow=True)
    assert "Confirm your e-mail address first" in response.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "credential", ["", "garbage", "{}", "[]", '{"id": "x"}', "null", '{"type":"public-key","id":"AA"}']
)
def test_a_passkey_made_of_garbage_is_no_error(client, credential):
    response = client.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert response.status_code in {200, 302}
    assert "_auth_user_id" not in client.session


def test_every_page_about_the_second_step_is_drawn(signed_in, secret):
    for path in (
        "/accounts/2fa/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/2fa/webauthn/",
        "/accounts/2fa/webauthn/add/",
    ):
        response = signed_in.get(path)
        assert response.status_code == 200, path
        assert "settings/business" in response.content.decode()
