"""What every gateway must do. A gateway's own test module subclasses this and says how to get each kind of card."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways.base import (
    ChargeRequest,
    Gateway,
    NetworkInTransaction,
    RefundRequest,
    SetupRequest,
)
from plainsail.payments.tests.factories import NOON

EUROS = Money(2900, "EUR")


class GatewayContract:
    gateway: Gateway

    @pytest.fixture
    def account(self, juniper):
        raise NotImplementedError

    def fields(self, kind: str) -> dict[str, str]:
        """What to type for a card that `pays`, is `declined`, is `checked`, or whose answer is `lost` though it pays."""
        raise NotImplementedError

    def setup(self, account, kind="pays", *, verify=False):
        request = SetupRequest(
            payer_key=new_id(), fields=self.fields(kind), verify=verify, return_path="/back/", at=NOON
        )
        return self.gateway.begin_setup(account, request)

    def request(self, method, **changes) -> ChargeRequest:
        base = ChargeRequest(
            idempotency_key=secrets.token_hex(8),
            amount=EUROS,
            method_ref=method.ref,
            initiator="customer",
            return_path="/back/",
            at=NOON,
        )
        return replace(base, **changes)

    def refund_of(self, charge, amount=EUROS, **changes) -> RefundRequest:
        base = RefundRequest(idempotency_key=secrets.token_hex(8), charge_ref=charge.ref, amount=amount, at=NOON)
        return replace(base, **changes)

    def look(self, account, request):
        return self.gateway.fetch_charge(account, request.idempotency_key, method_ref=request.method_ref, at=NOON)

    def give_up(self, account, request):
        return self.gateway.cancel_charge(account, request.idempotency_key, method_ref=request.method_ref, at=NOON)

    def test_a_saved_method_shows_only_what_a_receipt_may_show(self, account):
        saved = self.setup(account)
        assert (saved.state, len(saved.last4), bool(saved.brand)) == ("usable", 4, True)
        assert self.gateway.fetch_setup(account, saved.ref, at=NOON) == saved

    def test_a_charge_succeeds(self, account):
        outcome = self.gateway.charge(account, self.request(self.setup(account)))
        assert (outcome.state, outcome.decline_class) == ("succeeded", "")
        assert outcome.ref

    def test_the_same_key_is_the_same_charge(self, account):
        request = self.request(self.setup(account))
        assert self.gateway.charge(account, request) == self.gateway.charge(account, request)

    def test_a_decline_has_a_class_and_a_code_and_stays(self, account):
        request = self.request(self.setup(account, "declined"))
        outcome = self.gateway.charge(account, request)
        assert outcome.state == "declined"
        assert outcome.decline_class
        assert outcome.decline_code
        assert self.gateway.charge(account, request) == outcome

    def test_a_charge_can_be_looked_up_by_our_key(self, account):
        request = self.request(self.setup(account))
        outcome = self.gateway.charge(account, request)
        assert self.look(account, request) == outcome

    def test_a_charge_that_never_arrived_is_not_found(self, account):
        known = self.request(self.setup(account))
        charge = self.gateway.charge(account, known)
        never = replace(known, idempotency_key="nobody-sent-this")
        assert (self.look(account, never).state, self.give_up(account, never).state) == ("not_found", "not_found")
        refund = self.gateway.fetch_refund(account, "nobody-sent-this", charge_ref=charge.ref, at=NOON)
        assert refund.state == "not_found"

    def test_a_lost_answer_is_unknown_until_it_is_looked_up(self, account):
        request = self.request(self.setup(account, "lost"))
        assert self.gateway.charge(account, request).state == "unknown"
        assert self.look(account, request).state == "succeeded"

    def test_a_bank_that_checks_sends_the_payer_somewhere(self, account):
        outcome = self.gateway.charge(account, self.request(self.setup(account, "checked")))
        assert outcome.state == "requires_action"
        assert outcome.action_url

    def test_a_bank_that_checks_declines_charges_without_the_payer(self, account):
        outcome = self.gateway.charge(account, self.request(self.setup(account, "checked"), initiator="merchant"))
        assert (outcome.state, outcome.decline_class) == ("declined", "needs_action")

    def test_a_charge_that_waits_for_its_payer_can_be_given_up(self, account):
        request = self.request(self.setup(account, "checked"))
        self.gateway.charge(account, request)
        assert self.give_up(account, request).state == "declined"

    def test_giving_up_a_charge_that_succeeded_changes_nothing(self, account):
        request = self.request(self.setup(account))
        self.gateway.charge(account, request)
        assert self.give_up(account, request).state == "succeeded"

    def test_refunds_in_parts_up_to_the_whole_and_no_further(self, account):
        charge = self.gateway.charge(account, self.request(self.setup(account)))
        states = [
            self.gateway.refund(account, self.refund_of(charge, Money(minor, "EUR"))).state for minor in (1000, 1900, 1)
        ]
        assert states == ["succeeded", "succeeded", "failed"]

    def test_the_same_key_is_the_same_refund(self, account):
        charge = self.gateway.charge(account, self.request(self.setup(account)))
        request = self.refund_of(charge)
        first = self.gateway.refund(account, request)
        assert self.gateway.refund(account, request) == first
        assert (
            self.gateway.fetch_refund(account, request.idempotency_key, charge_ref=request.charge_ref, at=NOON) == first
        )

    def test_a_declined_charge_can_not_be_refunded(self, account):
        charge = self.gateway.charge(account, self.request(self.setup(account, "declined")))
        assert self.gateway.refund(account, self.refund_of(charge)).state == "failed"

    def test_a_removed_method_takes_nothing_any_more(self, account):
        method = self.setup(account)
        for _twice in range(2):
            self.gateway.detach_method(account, method.ref, at=NOON)
        assert self.gateway.charge(account, self.request(method)).state == "declined"
        assert self.gateway.fetch_setup(account, method.ref, at=NOON).state == "not_found"

    def test_changes_name_each_charge_and_refund_once_the_cursor_moves_on(self, account):
        later = NOON + timedelta(hours=1)
        request = self.request(self.setup(account))
        refund = self.refund_of(self.gateway.charge(account, request))
        self.gateway.refund(account, refund)
        changes, cursor = self.gateway.list_changes(account, "", at=later)
        assert {(change.kind, change.key) for change in changes} >= {
            ("charge", request.idempotency_key),
            ("refund", refund.idempotency_key),
        }
        assert self.gateway.list_changes(account, cursor, at=later) == ([], cursor)

    def test_it_can_not_be_called_inside_a_transaction(self, account, juniper):
        method = self.setup(account)
        with workspace(juniper), pytest.raises(NetworkInTransaction):
            self.gateway.charge(account, self.request(method))
        with workspace(juniper), pytest.raises(NetworkInTransaction):
            self.gateway.fetch_charge(account, "any", method_ref=method.ref, at=NOON)
