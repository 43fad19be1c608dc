"""Signing in as people do it, in a real browser: passkeys, the second step, accessibility, narrow screens."""

import re

import pytest
from django.core.cache import cache

from plainsail.accounts.tests.factories import PASSWORD, MembershipFactory, UserFactory, WorkspaceFactory
from plainsail.kernel.testing.browser import axe, overflow, schemes

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url(live_server):
    """Passkeys need a name, not a number."""
    cache.clear()
    return f"http://localhost:{live_server.thread.port}"


@pytest.fixture
def keyring(page):
    """A laptop's own authenticator that says yes at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


@pytest.fixture
def person():
    return MembershipFactory(workspace=WorkspaceFactory(slug="pots"), user=UserFactory(email="anke@example.com")).user


def sign_in(page, url, person):
    page.goto(f"{url}/accounts/login/?next=/w/pots/settings/profile/")
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{url}/w/pots/settings/profile/")


def sign_out(page, url):
    page.goto(f"{url}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/")


def test_a_passkey_is_added_and_signs_in_alone(page, url, keyring, person):
    sign_in(page, url, person)
    page.goto(f"{url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_label("Sign in without a password").check()
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url(re.compile("/accounts/2fa/(?!webauthn/add)"))
    page.goto(f"{url}/accounts/2fa/webauthn/")
    assert page.get_by_text("My laptop").count() == 1
    sign_out(page, url)
    page.goto(f"{url}/accounts/login/?next=/w/pots/settings/security/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{url}/w/pots/settings/security/")
    assert page.get_by_text("1 passkey", exact=True).count() == 1


def test_without_a_passkey_the_browser_says_so_kindly(page, url, person):
    page.goto(f"{url}/accounts/login/")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('none')) }")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("That didn’t work").wait_for()
    assert page.url.endswith("/accounts/login/")


def test_the_time_zone_comes_from_the_browser(page, url, person):
    sign_in(page, url, person)
    page.goto(f"{url}/businesses/new/")
    assert (
        "/" in page.locator("[name=timezone]").input_value() or page.locator("[name=timezone]").input_value() == "UTC"
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible_and_fit(page, url, person, width):
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    open_pages = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/login/code/", "/accounts/password/reset/"]
    settings = [f"/w/pots/settings/{name}/" for name in ("profile", "security", "business", "people", "log")]
    inside = [
        "/accounts/email/",
        "/accounts/sessions/",
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/businesses/new/",
    ]
    for path in [*open_pages, None, *settings, *inside]:
        if path is None:
            sign_in(page, url, person)
            continue
        page.goto(url + path)
        page.wait_for_load_state("networkidle")
        for scheme, rule in schemes(page):
            if trouble := axe(page, rule=rule) + ([f"{overflow(page)} px too wide"] if overflow(page) else []):
                found[path, scheme] = trouble
    assert found == {}
