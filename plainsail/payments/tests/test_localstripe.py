"""A second opinion: the adapter against localstripe, an imitation of Stripe written by others, run as a process of its own.

It is an old and small dialect (no hosted page, no disputes, no idempotency, no filter by customer), and answers 400 to
parameters that it doesn't know: those are left out on the way. What is left must work as it does with Stripe.
It is licensed under the GPL, so that it is only ever run, never imported. Where it isn't installed these tests fail.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
import stripe

from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways.base import ChargeRequest, RefundRequest
from plainsail.payments.gateways.stripe import Stripe
from plainsail.payments.services import accounts
from plainsail.payments.tests.factories import NOON

KEY = "sk_test_12345"
STARTS_WITHIN = 30
UNKNOWN_THERE = ("allowed_payment_method_types", "description", "return_url", "expand", "cancellation_reason")
EUROS = Money(2900, "EUR")


class OldDialect(stripe.RequestsClient):
    """Leaves out what localstripe would refuse."""

    def request(self, method, url, headers, post_data=None):
        split = urlsplit(url)
        query = urlencode(understood(split.query, "customer"))
        body = urlencode(understood(post_data)) if isinstance(post_data, str) else post_data
        return super().request(method, urlunsplit(split._replace(query=query)), headers, body)


def understood(form: str, *more: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in parse_qsl(form) if not name.startswith((*UNKNOWN_THERE, *more))]


@pytest.fixture(scope="module")
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen, port: int) -> None:
    ends = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < ends:
        if process.poll() is not None:
            pytest.fail(f"localstripe (requirements/dev.txt) didn't start: {process.stderr.read()[-500:]}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("localstripe doesn't answer.")


@pytest.fixture
def gateway(address):
    found = Stripe(api=address)
    found.http = OldDialect(timeout=20)
    return found


@pytest.fixture
def account(juniper):
    with workspace(juniper):
        return accounts.open_account("stripe", mode="test", secrets={"secret_key": KEY}, at=NOON)


@pytest.fixture
def card_of(address):
    """A card saved as the hosted page would; localstripe has none, so that it is put there directly."""
    client = stripe.StripeClient(KEY, base_addresses={"api": address}, max_network_retries=0)

    def save(number: str) -> str:
        customer = client.v1.customers.create({})
        card = {"number": number, "exp_month": 4, "exp_year": 2035, "cvc": "123"}
        method = client.v1.payment_methods.create({"type": "card", "card": card})
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})
        return f"{customer.id}/{method.id}"

    return save


def request(ref: str, **changes) -> ChargeRequest:
    asked = {"amount": EUROS, "initiator": "customer", "return_path": "/back/", "at": NOON}
    return ChargeRequest(idempotency_key=secrets.token_hex(8), method_ref=ref, **(asked | changes))


def test_a_card_is_read(gateway, account, card_of):
    found = gateway.fetch_setup(account, card_of("4242424242424242"), at=NOON)
    assert (found.state, found.brand, found.last4, found.exp_year) == ("usable", "Visa", "4242", 2035)


@pytest.mark.parametrize("initiator", ["customer", "merchant"])
def test_a_charge_succeeds_and_is_found_by_our_key(gateway, account, card_of, initiator):
    asked = request(card_of("4242424242424242"), initiator=initiator)
    made = gateway.charge(account, asked)
    assert made.state == "succeeded"
    assert gateway.fetch_charge(account, asked.idempotency_key, method_ref=asked.method_ref, at=NOON) == made
    missing = gateway.fetch_charge(account, "nobody-sent-this", method_ref=asked.method_ref, at=NOON)
    assert missing.state == "not_found"


def test_a_decline_is_a_decline(gateway, account, card_of):
    asked = request(card_of("4000000000000341"))
    made = gateway.charge(account, asked)
    assert (made.state, made.decline_class, made.decline_code) == ("declined", "soft", "generic_decline")
    found = gateway.fetch_charge(account, asked.idempotency_key, method_ref=asked.method_ref, at=NOON)
    assert (found.state, found.decline_class) == ("declined", "soft")


def test_a_refund_is_found_by_our_key(gateway, account, card_of):
    charge = gateway.charge(account, request(card_of("4242424242424242")))
    asked = RefundRequest(
        idempotency_key=secrets.token_hex(8), charge_ref=charge.ref, amount=Money(900, "EUR"), at=NOON
    )
    made = gateway.refund(account, asked)
    assert made.state == "succeeded"
    assert gateway.fetch_refund(account, asked.idempotency_key, charge_ref=charge.ref, at=NOON) == made


def test_a_charge_that_waits_for_the_bank_can_be_given_up(gateway, account, card_of):
    asked = request(card_of("4000002500003155"))
    made = gateway.charge(account, asked)
    # It knows Stripe's script only, and no page of the bank's.
    assert (made.state, made.decline_class) == ("declined", "needs_action")
    given_up = gateway.cancel_charge(account, asked.idempotency_key, method_ref=asked.method_ref, at=NOON)
    assert (given_up.state, given_up.decline_code) == ("declined", "abandoned")


def test_a_removed_card_is_gone(gateway, account, card_of):
    ref = card_of("4242424242424242")
    gateway.detach_method(account, ref, at=NOON)
    assert gateway.fetch_setup(account, ref, at=NOON).state == "not_found"
