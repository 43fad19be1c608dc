"""Settings → Payments, and a checkout whose card is entered on Stripe's page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from plainsail.accounts.models import Membership, Role
from plainsail.commerce.models import Invoice, Order, SandboxClock, Seller
from plainsail.commerce.services import clocks, sellers
from plainsail.commerce.tests.factories import NOON, offer
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, GatewayAccount, PaymentMethod
from plainsail.payments.services import connecting
from plainsail.payments.sockets import DEPENDENTS, GATEWAYS
from plainsail.payments.tests.stripe_fake import CHECKED, DECLINED, KEY, PAYS, SECRET, FakeStripe, serving

SETTINGS = "/w/juniper/settings/payments/"
LIVE_KEY = "sk_live_fakefakefake"
URL = "/checkout/full-weekend/"
BUYER = {"email": "maren@example.com", "name": "Maren Thiessen", "company": "", "country": "DE"}


@pytest.fixture
def fake(monkeypatch):
    with serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        monkeypatch.setattr(GATEWAYS["stripe"], "api", served.url)
        yield served


@pytest.fixture
def stripe(juniper, fake):
    """Juniper sells through Stripe in test mode."""
    keys = {"secret_key": KEY, "webhook_secret": SECRET}
    account = connecting.connect(juniper.pk, code="stripe", mode="test", keys=keys, at=NOON)
    with workspace(juniper):
        sellers.take_payments_by(sellers.of_workspace(at=NOON), account)
    return account


@pytest.fixture
def on_sale(juniper, stripe):
    with workspace(juniper):
        return offer()


def accounts(of) -> list[tuple[str, str]]:
    with workspace(of):
        return list(GatewayAccount.objects.order_by("code", "mode").values_list("code", "mode"))


def the_seller(of) -> Seller:
    with workspace(of):
        return sellers.of_workspace(at=NOON)


def at(account, what: str) -> str:
    return f"{SETTINGS}{account.pk}/{what}/"


def test_a_new_business_sees_its_test_cards(juniper, as_ada, ada):
    page = as_ada.get(SETTINGS).content.decode()
    assert ("Test cards" in page, "Used for new orders" in page, "selling in test mode" in page) == (True, True, True)


def test_a_key_that_works_connects_stripe_and_shows_where_its_messages_go(juniper, as_ada, ada, fake):
    assert as_ada.post(SETTINGS, {"secret_key": f" {KEY} "}).status_code == 302
    page = as_ada.get(SETTINGS).content.decode()
    assert "Juniper Pottery Studio (acct_fake1)" in page
    assert re.search(r">http://[^<]+/inbound/payments/[\w-]{43}/</textarea>", page)
    assert "can’t be read yet" in page
    assert accounts(juniper) == [("sandbox", "test"), ("stripe", "test")]


def test_the_signing_secret_is_taken_later(juniper, as_ada, ada, fake):
    as_ada.post(SETTINGS, {"secret_key": KEY})
    with workspace(juniper):
        account = GatewayAccount.objects.get(code="stripe")
    assert as_ada.post(at(account, "messages"), {"webhook_secret": SECRET}).status_code == 302
    assert "are read as they come" in as_ada.get(SETTINGS).content.decode()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "secret_key_error"),
        ("pk_test_fakefakefake", "This is the publishable key"),
        ("whsec_fakefakefake", "A secret key begins with"),
        ("sk_test_", "A secret key begins with"),
        ("sk_test_not known here", "A secret key begins with"),
        ("sk_test_unknownunknown", "Stripe doesn’t accept this key"),
        (LIVE_KEY, "This key is for the other mode"),
    ],
)
def test_what_is_wrong_with_a_key_is_said_at_the_field(juniper, as_ada, ada, fake, key, words):
    fake.keys |= {LIVE_KEY}
    answer = as_ada.post(SETTINGS, {"secret_key": key})
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (422, True)
    assert 'aria-describedby="id_secret_key_helptext id_secret_key_error"' in page
    assert not key or key == "sk_test_" or key not in page
    assert accounts(juniper) == [("sandbox", "test")]


def test_what_is_wrong_with_a_signing_secret_is_said_at_its_field(juniper, as_ada, ada, stripe):
    answer = as_ada.post(at(stripe, "messages"), {"webhook_secret": KEY})
    assert (answer.status_code, "begins with whsec_" in answer.content.decode()) == (422, True)


def test_a_silent_stripe_is_no_reason_to_lose_the_old_keys(juniper, as_ada, ada, stripe, fake):
    fake.down, fake.keys = True, {"sk_test_anotheranother"}
    answer = as_ada.post(SETTINGS, {"secret_key": "sk_test_anotheranother"})
    assert (answer.status_code, "doesn’t answer" in answer.content.decode()) == (422, True)
    with workspace(juniper):
        assert GatewayAccount.objects.get(code="stripe").secrets == stripe.secrets


def test_no_key_is_ever_shown_again(juniper, as_ada, ada, stripe):
    page = as_ada.get(SETTINGS).content.decode()
    assert (KEY in page, SECRET in page, stripe.secrets in page) == (False, False, False)


def test_the_connection_is_checked_by_a_button(juniper, as_ada, ada, stripe, fake):
    path = at(stripe, "check")
    assert "The connection works" in as_ada.post(path, follow=True).content.decode()
    fake.keys = set()
    assert "doesn’t accept this key" in as_ada.post(path, follow=True).content.decode()
    assert as_ada.get(path).status_code == 405


def test_looking_asks_nobody(juniper, as_ada, ada, stripe, fake):
    before = len(fake.calls)
    as_ada.get(SETTINGS)
    as_ada.head(SETTINGS)
    assert len(fake.calls) == before


@pytest.mark.parametrize("role", [Role.ADMIN, Role.EDITOR, Role.VIEWER])
def test_only_owners_decide_where_money_goes(juniper, as_ben, ben, stripe, role):
    Membership.objects.filter(user=ben).update(role=role)
    assert as_ben.get(SETTINGS).status_code == 403
    for what in ("use", "check", "disconnection", "messages"):
        assert as_ben.post(at(stripe, what)).status_code == 403
    assert "settings/payments/" not in as_ben.get("/w/juniper/settings/selling/").content.decode()


def test_real_money_needs_a_live_gateway(juniper, as_ada, ada, fake):
    fake.is_live, fake.keys = True, {LIVE_KEY}
    as_ada.post(SETTINGS, {"secret_key": LIVE_KEY})
    assert the_seller(juniper).mode == "test"
    with workspace(juniper):
        account = GatewayAccount.objects.get(mode="live")
    as_ada.post(at(account, "use"))
    assert (the_seller(juniper).mode, the_seller(juniper).gateway_account_id) == ("live", account.pk)
    assert "no money moves" not in as_ada.get(SETTINGS).content.decode().lower()


def test_nothing_of_a_test_goes_on_in_earnest(juniper, as_ada, ada, fake, monkeypatch):
    fake.is_live, fake.keys = True, {LIVE_KEY}
    as_ada.post(SETTINGS, {"secret_key": LIVE_KEY})
    monkeypatch.setitem(DEPENDENTS._entries, "test", lambda account_id: "2 subscriptions are charged through it.")
    with workspace(juniper):
        live = GatewayAccount.objects.get(mode="live")
    answer = as_ada.post(at(live, "use"))
    assert (answer.status_code, "2 subscriptions are charged" in answer.content.decode()) == (409, True)
    assert the_seller(juniper).mode == "test"


def test_in_earnest_it_is_now(juniper, as_ada, ada, fake):
    as_ada.get(SETTINGS)
    clocks.advance(juniper.pk, to=NOON + timedelta(days=40), at=NOON)
    fake.is_live, fake.keys = True, {LIVE_KEY}
    as_ada.post(SETTINGS, {"secret_key": LIVE_KEY})
    with workspace(juniper):
        as_live = GatewayAccount.objects.get(mode="live")
    as_ada.post(at(as_live, "use"))
    with workspace(juniper):
        assert not SandboxClock.objects.exists()


def test_what_new_orders_are_paid_through_can_not_be_disconnected(juniper, as_ada, ada, stripe):
    answer = as_ada.post(at(stripe, "disconnection"))
    assert (answer.status_code, "Choose another way" in answer.content.decode()) == (409, True)


def test_disconnecting_says_how_many_contracts_depend_on_it(juniper, as_ada, ada, stripe, monkeypatch):
    with workspace(juniper):
        sandbox = GatewayAccount.objects.get(code="sandbox")
    as_ada.post(at(sandbox, "use"))
    monkeypatch.setitem(DEPENDENTS._entries, "test", lambda account_id: "3 subscriptions are charged through it.")
    refused = as_ada.post(at(stripe, "disconnection"))
    assert (refused.status_code, "3 subscriptions are charged" in refused.content.decode()) == (409, True)
    monkeypatch.delitem(DEPENDENTS._entries, "test")
    assert as_ada.post(at(stripe, "disconnection")).status_code == 302
    with workspace(juniper):
        assert not GatewayAccount.objects.get(code="stripe").has_keys
    page = as_ada.get(SETTINGS).content.decode()
    assert "acct_fake1" not in page


def test_what_is_not_connected_can_not_be_chosen(juniper, as_ada, ada):
    as_ada.get(SETTINGS)
    with workspace(juniper):
        account = GatewayAccount.objects.create(code="stripe", mode="live")
    assert as_ada.post(at(account, "use")).status_code == 409
    assert the_seller(juniper).mode == "test"


def send(client, url: str = URL):
    token = re.search(r'name="attempt" value="([^"]+)"', client.get(url).content.decode())[1]
    return client.post(url, BUYER | {"attempt": token})


def go(client, url: str = URL) -> tuple[str, str]:
    """Send the form; the address of the order's own page, and of Stripe's."""
    answer = send(client, url)
    assert (answer.status_code, answer["Location"].endswith("?go=1")) == (302, True)
    page = client.get(answer["Location"]).content.decode()
    return answer["Location"].removesuffix("?go=1"), re.search(r'content="0; url=([^"]+)"', page)[1]


def session_of(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def the_order(of) -> Order:
    with workspace(of):
        return Order.objects.get()


def charges(of) -> list[tuple[str, int]]:
    with workspace(of):
        return list(Charge.objects.order_by("created_at").values_list("state", "amount_minor"))


def test_the_form_asks_for_no_card(on_sale, site_client):
    page = site_client.get(URL).content.decode()
    assert ('name="number"' in page, "payment service’s own page" in page) == (False, True)


def test_buying_goes_over_stripe_s_page_to_the_receipt(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    assert there.startswith(f"{fake.url}/pay/cs_test_")
    fake.enter_card(session_of(there))
    assert "Just a moment" in site_client.get(order_page).content.decode()
    run_jobs(at=NOON)
    answer = site_client.get(order_page)
    assert "Thank you, Maren Thiessen" in site_client.get(answer["Location"]).content.decode()
    assert (the_order(juniper).state, charges(juniper)) == ("paid", [("succeeded", 17500)])
    with workspace(juniper):
        assert Invoice.objects.get().state == "paid"


def test_looking_at_the_order_charges_nothing(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    fake.enter_card(session_of(there))
    for _again in range(3):
        site_client.get(order_page)
        site_client.head(order_page)
    assert charges(juniper) == []
    assert not fake.events("payment_intent.succeeded")


def test_however_often_it_is_told_a_card_is_charged_once(juniper, on_sale, site_client, fake):
    from plainsail.commerce.services import resuming

    order_page, there = go(site_client)
    fake.enter_card(session_of(there))
    site_client.get(order_page)
    order = the_order(juniper)
    for _again in range(3):
        resuming.resume(workspace_id=juniper.pk, order_id=order.pk, method_id=order.method_id)
    run_jobs(at=NOON)
    assert charges(juniper) == [("succeeded", 17500)]


def test_a_buyer_who_closes_the_browser_after_paying_has_bought(juniper, stripe, on_sale, site_client, client, fake):
    from plainsail.payments.models import InboundEndpoint

    _order_page, there = go(site_client)
    fake.enter_card(session_of(there))
    body, signature = fake.signed(fake.events("checkout.session.completed")[0])
    path = f"/inbound/payments/{InboundEndpoint.objects.get().key}/"
    told = client.post(
        path, body, content_type="application/json", headers={"Stripe-Signature": signature, "host": "localhost"}
    )
    assert told.status_code == 200
    run_jobs(at=NOON)
    assert the_order(juniper).state == "paid"


def test_a_buyer_who_comes_back_without_a_card_can_go_on_or_begin_anew(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    page = site_client.get(order_page).content.decode()
    assert ("nothing was charged" in page, f'href="{there}"' in page) == (True, True)
    again = re.search(r'href="(/checkout/full-weekend/\?again=[^"]+)"', page)[1]
    _order_page, second = go(site_client, again)
    assert second != there
    fake.enter_card(session_of(second))
    site_client.get(order_page)
    run_jobs(at=NOON)
    assert (the_order(juniper).state, charges(juniper)) == ("paid", [("succeeded", 17500)])


def test_a_card_entered_on_an_older_page_is_not_charged_for_it(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    again = re.search(r'href="(/checkout/full-weekend/\?again=[^"]+)"', site_client.get(order_page).content.decode())[1]
    go(site_client, again)
    fake.enter_card(session_of(there))
    run_jobs(at=NOON + timedelta(hours=1))
    with workspace(juniper):
        assert PaymentMethod.objects.filter(state="usable").count() == 1
    assert charges(juniper) == []


def test_a_decline_is_said_on_the_order_s_page(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    fake.enter_card(session_of(there), DECLINED)
    site_client.get(order_page)
    run_jobs(at=NOON)
    page = site_client.get(order_page).content.decode()
    assert ("The bank declined the payment" in page, "Try again" in page) == (True, True)
    assert charges(juniper) == [("declined", 17500)]


@pytest.mark.parametrize(("is_approved", "state"), [(True, "paid"), (False, "open")])
def test_a_bank_that_checks_is_visited_on_the_way(juniper, on_sale, site_client, fake, is_approved, state):
    order_page, there = go(site_client)
    fake.enter_card(session_of(there), CHECKED)
    site_client.get(order_page)
    run_jobs(at=NOON)
    bank = site_client.get(order_page)
    bank = site_client.get(bank["Location"]) if bank["Location"].endswith("?go=1") else bank
    assert f"{fake.url}/authenticate/" in (bank.get("Location") or bank.content.decode())
    with workspace(juniper):
        ref = Charge.objects.get().gateway_ref
    fake.authenticate(ref, is_approved=is_approved)
    site_client.get(order_page)
    assert the_order(juniper).state == state


def test_a_trial_begins_once_the_card_is_there(juniper, stripe, site_client, fake):
    with workspace(juniper):
        offer("Glaze school", 24000, interval="year", trial_days=14)
    order_page, there = go(site_client, "/checkout/glaze-school/")
    assert the_order(juniper).state == "open"
    fake.enter_card(session_of(there))
    assert site_client.get(order_page)["Location"].startswith("/receipt/")
    run_jobs(at=NOON)
    assert (the_order(juniper).state, charges(juniper)) == ("paid", [])


def test_while_stripe_is_silent_the_form_says_so_and_nothing_is_lost(juniper, on_sale, site_client, fake):
    fake.down = True
    answer = send(site_client)
    assert (answer.status_code, "doesn’t answer" in answer.content.decode()) == (503, True)
    assert "maren@example.com" in answer.content.decode()
    fake.down = False
    assert go(site_client)


def test_while_stripe_is_silent_the_order_s_page_waits(juniper, on_sale, site_client, fake):
    order_page, there = go(site_client)
    fake.enter_card(session_of(there))
    fake.down = True
    page = site_client.get(order_page)
    assert (page.status_code, "Just a moment" in page.content.decode()) == (200, True)


def test_a_page_opened_in_test_mode_takes_no_real_money(juniper, as_ada, ada, site_client, fake):
    with workspace(juniper):
        offer()
    token = re.search(r'name="attempt" value="([^"]+)"', site_client.get(URL).content.decode())[1]
    order = site_client.post(
        URL, BUYER | {"attempt": token, "number": "4000 0000 0000 0002", "expiry": "04/35", "cvc": "123"}
    )
    assert order.status_code == 422
    fake.is_live, fake.keys = True, {LIVE_KEY}
    account = connecting.connect(juniper.pk, code="stripe", mode="live", keys={"secret_key": LIVE_KEY}, at=NOON)
    with workspace(juniper):
        sellers.take_payments_by(sellers.of_workspace(at=NOON), account)
    answer = site_client.post(URL, BUYER | {"attempt": token})
    assert (answer.status_code, PAYS in answer.content.decode()) == (409, False)
    assert [state for state, _minor in charges(juniper)] == ["declined"]
