"""A customer's sign-in on the site: the same answer for everyone, one link, one use, one host."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from plainsail.accounts.services import hosts
from plainsail.accounts.tests.factories import HostFactory
from plainsail.contacts.services import contacts
from plainsail.kernel import clock, crypto
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.portal.models import PortalSession, SignInLink
from plainsail.portal.services import entrance
from plainsail.portal.tests.factories import customer, session_key

pytestmark = pytest.mark.django_db

SIGN_IN, ACCOUNT = "/account/sign-in/", "/account/"


@pytest.fixture
def maren(juniper, in_workspace):
    with in_workspace(juniper):
        return customer()


def ask(client, email="maren@example.com", **more):
    return client.post(SIGN_IN, {"email": email, **more}, headers={"X-Forwarded-For": "203.0.113.5"})


@pytest.fixture
def sent_link(juniper, maren, site_client, in_workspace):
    """Path of a link that was asked for and went out."""
    ask(site_client)
    run_jobs()
    with in_workspace(juniper):
        return f"/account/link/{entrance.token(SignInLink.objects.get())}/"


def test_the_way_in(juniper, maren, site_client, in_workspace, outbox):
    answer = ask(site_client, next="/account/?a=b")
    assert answer["Location"] == "/account/sign-in/sent/"
    assert "If Juniper Pottery Studio knows the address" in site_client.get(answer["Location"]).content.decode()
    run_jobs()
    mail = outbox[0]
    assert mail["To"] == "maren@example.com"
    assert mail["Subject"] == "Your sign-in link for Juniper Pottery Studio"
    text = mail.get_body(("plain",)).get_content()
    path = re.search(r"http://juniper\.localhost:8000(/account/link/\S+/)", text).group(1)
    page = site_client.get(path).content.decode()
    assert "maren@example.com" in page
    entered = site_client.post(path)
    assert entered["Location"] == "/account/?a=b"
    cookie = entered.cookies["ps_account"]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"], cookie["path"]) == (True, "Lax", "", "/")
    home = site_client.get(ACCOUNT).content.decode()
    assert "Hello Maren" in home
    assert "Maren Thiessen" in home
    with in_workspace(juniper):
        assert maren.pk in juniper.events.filter(name="portal.customer_signed_in").values_list("contact_id", flat=True)


def test_the_answer_is_the_same_for_an_address_that_nobody_has(maren, juniper, in_workspace, mailoutbox):
    answers = []
    for address in ("maren@example.com", "nobody@example.com"):
        visitor = Client(headers={"host": "juniper.localhost"})
        response = ask(visitor, address)
        answers.append((response.status_code, response["Location"], visitor.get(response["Location"]).content))
    assert answers[0] == answers[1]
    with in_workspace(juniper):
        assert SignInLink.objects.count() == 2


def test_asking_takes_the_same_work_for_every_address(maren, site_client, django_assert_num_queries):
    ask(site_client)
    for address in ("maren@example.com", "nobody@example.com"):
        with django_assert_num_queries(11):
            ask(site_client, address)


def test_no_mail_goes_to_an_address_that_nobody_has(juniper, maren, site_client, in_workspace):
    ask(site_client, "nobody@example.com")
    run_jobs()
    with in_workspace(juniper):
        assert not Delivery.objects.exists()


def test_a_customer_of_another_business_is_nobody_here(juniper, acme, site_client, in_workspace):
    with in_workspace(acme):
        customer("only@example.com")
    ask(site_client, "only@example.com")
    run_jobs()
    for business in (juniper, acme):
        with in_workspace(business):
            assert not Delivery.objects.exists()


def test_a_deleted_contact_gets_no_link(juniper, maren, site_client, in_workspace):
    with in_workspace(juniper):
        contacts.delete(maren, at=clock.now())
    ask(site_client)
    run_jobs()
    with in_workspace(juniper):
        assert not Delivery.objects.exists()


def test_opening_a_link_uses_nothing_up(site_client, sent_link, juniper, in_workspace):
    for _scanner in range(3):
        assert site_client.get(sent_link).status_code == 200
        assert site_client.head(sent_link).status_code == 200
    assert "ps_account" not in site_client.cookies
    assert site_client.post(sent_link).status_code == 302


def test_a_link_works_once(site_client, sent_link):
    site_client.post(sent_link)
    other = Client(headers={"host": "juniper.localhost"})
    for response in (other.get(sent_link), other.post(sent_link)):
        assert response.status_code == 410
        assert "no longer works" in response.content.decode()
    assert other.get(ACCOUNT).status_code == 302


def test_going_back_to_a_used_link_leads_those_who_are_in_to_their_account(site_client, sent_link):
    site_client.post(sent_link)
    for response in (site_client.get(sent_link), site_client.post(sent_link)):
        assert response["Location"] == ACCOUNT


def test_a_link_runs_out_after_fifteen_minutes(site_client, sent_link):
    with clock.fixed(clock.now() + timedelta(minutes=16)):
        assert site_client.get(sent_link).status_code == 410
        assert site_client.post(sent_link).status_code == 410
    assert "ps_account" not in site_client.cookies


def test_of_two_presses_at_once_only_one_enters(juniper, sent_link, in_workspace):
    with in_workspace(juniper):
        link, stale = SignInLink.objects.get(), SignInLink.objects.get()
        entrance.enter(link, host="juniper.localhost", at=clock.now())
        with pytest.raises(entrance.LinkOver):
            entrance.enter(stale, host="juniper.localhost", at=clock.now())
        assert PortalSession.objects.count() == 1


def test_a_link_of_one_business_means_nothing_to_another(sent_link, acme):
    visitor = Client(headers={"host": "acme.localhost"})
    assert visitor.get(sent_link).status_code == 404
    assert visitor.post(sent_link).status_code == 404


def test_forged_links_lead_nowhere(site_client, juniper, sent_link, in_workspace):
    with in_workspace(juniper):
        link = SignInLink.objects.get()
        unsent = SignInLink.objects.create(email="x@example.com", ip="", expires_at=link.expires_at)
    forged = [
        crypto.sign("accounts.invitation", link.pk.bytes),
        crypto.sign(entrance.PURPOSE, b"short"),
        crypto.sign(entrance.PURPOSE, juniper.pk.bytes),
        entrance.token(unsent),
        entrance.token(link)[:-3] + "abc",
        "x",
        "é",
        "a" * 4000,
    ]
    for value in forged:
        assert site_client.get(f"/account/link/{value}/").status_code == 404, value
        assert site_client.post(f"/account/link/{value}/").status_code == 404, value


def test_a_session_holds_on_its_own_host_only(juniper, maren, site_client, sent_link):
    HostFactory(workspace=juniper, host="shop.example", kind="custom")
    site_client.post(sent_link)
    key = site_client.cookies["ps_account"].value
    other = Client(headers={"host": "shop.example"})
    other.cookies["ps_account"] = key
    assert other.get(ACCOUNT).status_code == 302
    assert site_client.get(ACCOUNT).status_code == 200


def test_a_session_of_one_business_is_none_at_another(juniper, acme, maren, in_workspace):
    with in_workspace(juniper):
        key = session_key(maren, host="acme.localhost")
    visitor = Client(headers={"host": "acme.localhost"})
    visitor.cookies["ps_account"] = key
    assert visitor.get(ACCOUNT).status_code == 302


@pytest.mark.parametrize("key", ["", "x", "a" * 5000, "é", "' OR 1=1 --", "\x00"])
def test_a_made_up_cookie_is_nobody(site_client, maren, key):
    site_client.cookies["ps_account"] = key
    assert site_client.get(ACCOUNT)["Location"] == "/account/sign-in/?next=%2Faccount%2F"


def test_a_staff_session_is_no_customer(site_client, ada):
    site_client.force_login(ada)
    assert site_client.get(ACCOUNT).status_code == 302


def test_a_session_ends_after_thirty_days_without_a_visit(juniper, maren, in_workspace):
    at = clock.now()
    with in_workspace(juniper):
        key = session_key(maren, at=at)
        later = at + timedelta(days=29)
        assert entrance.who(key, host="juniper.localhost", at=later) == maren
        assert entrance.who(key, host="juniper.localhost", at=later + timedelta(days=29)) == maren
        assert entrance.who(key, host="juniper.localhost", at=later + timedelta(days=60)) is None


def test_looking_around_writes_at_most_once_an_hour(juniper, maren, in_workspace, django_assert_num_queries):
    at = clock.now()
    with in_workspace(juniper):
        key = session_key(maren, at=at)
        with django_assert_num_queries(1):
            entrance.who(key, host="juniper.localhost", at=at + timedelta(minutes=59))


def test_signing_out_ends_the_session_for_good(site_client, sent_link, juniper, in_workspace):
    site_client.post(sent_link)
    key = site_client.cookies["ps_account"].value
    assert site_client.get("/account/sign-out/").status_code == 405
    site_client.post("/account/sign-out/")
    site_client.cookies["ps_account"] = key
    assert site_client.get(ACCOUNT).status_code == 302
    with in_workspace(juniper):
        assert not PortalSession.objects.exists()


def test_signing_out_everywhere_ends_every_browser_of_this_customer(juniper, maren, in_workspace):
    with in_workspace(juniper):
        keys = [session_key(maren) for _browser in range(2)]
        kept = session_key(customer("ines@example.com"))
    client = Client(headers={"host": "juniper.localhost"})
    client.cookies["ps_account"] = keys[0]
    client.post("/account/sign-out/everywhere/")
    client.cookies["ps_account"] = keys[1]
    assert client.get(ACCOUNT).status_code == 302
    client.cookies["ps_account"] = kept
    assert client.get(ACCOUNT).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "nonsense", "a@b", "x" * 300 + "@example.com", "a\0b@example.com", "a@b@c.example"]
)
def test_a_bad_address_is_said_at_the_field(site_client, juniper, email):
    response = ask(site_client, email)
    assert response.status_code == 422
    assert "field-error" in response.content.decode()


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "\\\\evil",
        "/" + "a" * 501,
    ],
)
def test_nobody_is_sent_elsewhere(juniper, maren, site_client, in_workspace, wanted):
    ask(site_client, next=wanted)
    run_jobs()
    with in_workspace(juniper):
        path = f"/account/link/{entrance.token(SignInLink.objects.get())}/"
    assert site_client.post(path)["Location"] == "/account/"


def test_one_address_gets_five_links_an_hour_and_the_answer_stays_the_same(juniper, maren, site_client, in_workspace):
    answers = {ask(site_client)["Location"] for _time in range(8)}
    run_jobs()
    assert answers == {"/account/sign-in/sent/"}
    with in_workspace(juniper):
        assert Delivery.objects.count() == 5


def test_one_network_is_slowed_down(juniper, site_client, in_workspace):
    with in_workspace(juniper):
        for number in range(entrance.PER_NETWORK_AND_HOUR):
            entrance.ask_for_link(email=f"try-{number}@example.com", ip="203.0.113.5", at=clock.now())
    response = ask(site_client)
    assert response.status_code == 429
    assert "many attempts" in response.content.decode()


def test_a_form_without_its_token_is_refused(juniper, maren, sent_link):
    strict = Client(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})
    for path in (SIGN_IN, sent_link, "/account/sign-out/", "/account/sign-out/everywhere/"):
        assert strict.post(path, {"email": "maren@example.com"}).status_code == 403, path


def test_old_links_and_sessions_are_cleared_away(juniper, maren, sent_link, in_workspace):
    with in_workspace(juniper):
        session_key(maren, at=clock.now() - timedelta(days=40))
    run_jobs(at=clock.now() + timedelta(days=2))
    with in_workspace(juniper):
        assert not SignInLink.objects.exists()
        assert not PortalSession.objects.exists()


def test_the_mail_speaks_the_customers_language(juniper, in_workspace, outbox):
    with in_workspace(juniper):
        customer("otto@example.com", locale="de")
        entrance.ask_for_link(email="otto@example.com", ip="", at=clock.now())
    run_jobs()
    assert 'lang="de"' in outbox[0].get_body(("html",)).get_content()
    assert outbox[0]["Subject"] == "Ihr Link zum Anmelden bei Juniper Pottery Studio"
    assert hosts.public_url(juniper, "/account/link/") in outbox[0].get_body(("plain",)).get_content()
