"""The sandbox passes the contract, knows only its own cards, and keeps no card number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.gateways import cards, sandbox
from plainsail.payments.gateways.base import CardRefused
from plainsail.payments.models import Dispute, Refund, SandboxRecord
from plainsail.payments.services import charging, refunding
from plainsail.payments.sockets import GATEWAYS
from plainsail.payments.tests.contract import GatewayContract
from plainsail.payments.tests.factories import (
    CHECKED_ALWAYS,
    CHECKED_ONCE,
    DECLINED,
    DISPUTED,
    LOST_TAKEN,
    NEVER_ARRIVES,
    NOON,
    PAYS,
    GatewayAccountFactory,
    attempt,
    card,
    charged,
    saved,
)


class TestSandbox(GatewayContract):
    gateway = GATEWAYS["sandbox"]

    @pytest.fixture
    def account(self, juniper):
        with workspace(juniper):
            return GatewayAccountFactory()

    def fields(self, kind):
        return card({"pays": PAYS, "declined": DECLINED, "checked": CHECKED_ALWAYS, "lost": LOST_TAKEN}[kind])

    @pytest.mark.parametrize("number", ["4000 0000 0000 7726", "4000 0000 0000 5126"])
    def test_some_refunds_take_a_minute(self, account, number):
        method = self.gateway.begin_setup(account, self.setup_request(number))
        refund = self.refund_of(self.gateway.charge(account, self.request(method)))
        assert self.gateway.refund(account, refund).state == "pending"
        later = self.gateway.fetch_refund(
            account, refund.idempotency_key, charge_ref=refund.charge_ref, at=NOON + timedelta(minutes=2)
        )
        assert later.state == ("failed" if number.endswith("5126") else "succeeded")

    def setup_request(self, number):
        from plainsail.kernel.ids import new_id
        from plainsail.payments.gateways.base import SetupRequest

        return SetupRequest(payer_key=new_id(), fields=card(number), verify=False, return_path="/back/", at=NOON)

    @pytest.mark.parametrize(
        ("number", "order"),
        [
            ("4000 0099 9000 0062", ["charge", "charge", "refund", "refund"]),
            ("4000 0099 9000 0070", ["refund", "charge"]),
        ],
    )
    def test_some_news_come_twice_or_backwards(self, account, number, order):
        method = self.gateway.begin_setup(account, self.setup_request(number))
        charge = self.gateway.charge(account, self.request(method))
        self.gateway.refund(account, self.refund_of(charge, at=NOON + timedelta(seconds=1)))
        changes, _cursor = self.gateway.list_changes(account, "", at=NOON + timedelta(hours=1))
        assert [change.kind for change in changes] == order


def luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def test_every_number_passes_the_luhn_check_and_has_its_own_last_digits():
    assert all(luhn(one.number) and len(one.number) == 16 for one in cards.CARDS)
    assert len(cards.BY_LAST4) == len(cards.CARDS) == 26


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (card("4111 1111 1111 1111"), "number"),
        (card("378282246310005"), "number"),
        (card(""), "number"),
        (card("４２４２４２４２４２４２４２４２"), "number"),
        (card("4242" * 2000), "number"),
        (card("4242 4242 4242 4242'; DROP TABLE x"), "number"),
        (card(expiry="10/26"), "expiry"),
        (card(expiry="13/30"), "expiry"),
        (card(expiry="00/30"), "expiry"),
        (card(expiry="4"), "expiry"),
        (card(expiry="430"), "expiry"),
        (card(expiry="１１/26"), "expiry"),
        (card(expiry="04/2130"), "expiry"),
        (card(cvc="12"), "cvc"),
        (card(cvc="12345"), "cvc"),
        (card(cvc="١٢٣"), "cvc"),
        ({}, "number"),
    ],
)
def test_what_is_no_test_card_is_refused_at_its_field(fields, field):
    with pytest.raises(CardRefused) as refused:
        sandbox.read_card(fields, at=NOON)
    assert refused.value.field == field


@given(st.text())
def test_no_other_number_is_ever_taken(number):
    if "".join(number.split()).replace("-", "") in cards.BY_NUMBER:
        return
    with pytest.raises(CardRefused):
        sandbox.read_card(card(number), at=NOON)


@pytest.mark.parametrize(
    "expiry", ["11/26", "11 / 2026", " 1/27", "01/2027", "1126", "112026", "11-26", "11 26", "1.27"]
)
def test_a_card_is_good_until_its_month_ends(expiry):
    assert sandbox.read_card(card(expiry=expiry), at=NOON)[0].brand == "Visa"


def test_no_table_ever_holds_a_card_number(juniper):
    attempt(juniper, saved(juniper, "4000 0000 0000 7726"))
    with workspace(juniper), connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith(("payments_", "kernel_event", "procrastinate_jobs")):
                cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
                assert "4000000000007726" not in (cursor.fetchone()[0] or "").replace(" ", "")


def test_a_bank_that_checks_once_lets_renewals_pass_afterwards(juniper):
    method = saved(juniper, CHECKED_ONCE)
    charge = attempt(juniper, method)
    assert charge.state == "requires_action"
    sandbox.authenticate(juniper.pk, charge.gateway_ref, is_approved=True, at=NOON)
    assert attempt(juniper, method, initiator="merchant").state == "succeeded"


@pytest.mark.parametrize(
    ("number", "states"),
    [
        ("4000 0099 9000 0013", ["declined", "succeeded", "succeeded"]),
        ("4000 0099 9000 0021", ["declined", "declined", "declined", "succeeded"]),
        ("4000 0000 0000 0341", ["declined", "declined"]),
    ],
)
def test_cards_that_decline_at_first(juniper, number, states):
    method = saved(juniper, number)
    assert [attempt(juniper, method).state for _again in states] == states


@pytest.mark.parametrize(
    ("number", "states"),
    [
        ("4000 0099 9000 0088", ["declined"]),
        ("4000 0099 9000 0096", ["succeeded", "declined", "declined"]),
        ("4000 0099 9000 0104", ["declined"]),
        (PAYS, ["succeeded", "succeeded"]),
        (CHECKED_ALWAYS, ["declined"]),
    ],
)
def test_cards_that_fail_later(juniper, number, states):
    method = saved(juniper, number)
    assert [attempt(juniper, method, initiator="merchant").state for _again in states] == states


def test_typing_the_same_card_again_gives_the_same_method(juniper, ada):
    first = saved(juniper, payer_key=ada.pk)
    assert saved(juniper, payer_key=ada.pk).pk == first.pk
    assert saved(juniper).pk != first.pk


def test_a_charge_that_never_arrived_leaves_no_record(juniper):
    assert attempt(juniper, saved(juniper, NEVER_ARRIVES)).state == "unknown"
    with workspace(juniper):
        assert SandboxRecord.objects.filter(kind="charge").count() == 0


def test_a_cardholder_disputes_only_what_didnt_come_back_and_then_nothing_more_can(juniper):
    charge = charged(juniper, DISPUTED)
    with workspace(juniper):
        refunding.request(charge, amount=Money(1000, "EUR"), at=NOON)
    run_jobs(at=NOON)
    charging.look_up(juniper.pk, charge.pk, at=NOON)
    with workspace(juniper):
        assert Dispute.objects.get().amount_minor == 1900
        assert Refund.objects.get().state == "succeeded"


def test_a_refund_that_a_dispute_overtakes_is_refused_by_the_bank(juniper):
    charge = charged(juniper, DISPUTED)
    with workspace(juniper):
        refunding.request(charge, amount=Money(1000, "EUR"), at=NOON)
    charging.look_up(juniper.pk, charge.pk, at=NOON)
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Dispute.objects.get().amount_minor == 2900
        assert Refund.objects.get().state == "failed"
