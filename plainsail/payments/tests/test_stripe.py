"""Stripe passes the contract, charges as our keys and amounts say, and never guesses what became of money."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import stripe as adapter
from plainsail.payments.gateways.base import BadKeys, Change, GatewaySilent, SetupOutcome, SetupRequest
from plainsail.payments.gateways.stripe import Stripe
from plainsail.payments.services import accounts
from plainsail.payments.tests import stripe_fake
from plainsail.payments.tests.contract import EUROS, GatewayContract
from plainsail.payments.tests.factories import NOON
from plainsail.payments.tests.stripe_fake import CHECKED, DECLINED, DUE_BY, INSUFFICIENT, KEY, PAYS, SECRET, FakeStripe

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def fake():
    with stripe_fake.serving(FakeStripe(now=int(NOON.timestamp()))) as served:
        yield served


class TestStripe(GatewayContract):
    @pytest.fixture(autouse=True)
    def _gateway(self, fake):
        self.fake, self.gateway = fake, Stripe(api=fake.url)

    @pytest.fixture
    def account(self, juniper):
        with workspace(juniper):
            keys = {"secret_key": KEY, "webhook_secret": SECRET}
            return accounts.open_account("stripe", mode="test", secrets=keys, at=NOON)

    def setup(self, account, kind="pays", *, verify=False):
        """Over the hosted page, as a payer goes."""
        begun = self.begin(account)
        self.fake.enter_card(begun.ref, {"pays": PAYS, "declined": DECLINED, "checked": CHECKED, "lost": PAYS}[kind])
        self.fake.lose_next_charge = kind == "lost"
        return self.gateway.fetch_setup(account, begun.ref, at=NOON)

    def begin(self, account):
        asked = SetupRequest(payer_key=new_id(), verify=True, return_path="/back/", at=NOON)
        return self.gateway.begin_setup(account, asked)

    def request(self, method, **changes):
        self.fake.lose = self.fake.__dict__.pop("lose_next_charge", False)
        return super().request(method, **changes)

    def test_a_payer_is_sent_to_the_hosted_page_and_comes_back(self, account):
        begun = self.begin(account)
        assert (begun.state, begun.action_url) == ("requires_action", f"{self.fake.url}/pay/{begun.ref}")
        session = self.fake.objects[begun.ref]
        assert session["success_url"].endswith(".localhost/back/") or ".localhost:" in session["success_url"]
        assert self.gateway.fetch_setup(account, begun.ref, at=NOON).state == "requires_action"

    def test_a_payer_who_never_finishes_has_no_method(self, account):
        begun = self.begin(account)
        self.fake.leave_page(begun.ref)
        outcome = self.gateway.fetch_setup(account, begun.ref, at=NOON)
        assert (outcome.state, outcome.decline_code) == ("refused", "abandoned")

    def test_nothing_typed_of_a_card_passes_through_us(self, account):
        self.setup(account)
        assert not [params for _m, _p, params, _h in self.fake.calls if PAYS in str(params) or "cvc" in str(params)]

    def test_our_key_is_its_idempotency_key_and_our_ids_are_in_the_metadata(self, account):
        request = self.request(self.setup(account))
        self.gateway.charge(account, request)
        _method, path, params, headers = self.fake.calls[-1]
        assert (path, headers["idempotency-key"]) == ("/v1/payment_intents", request.idempotency_key)
        assert params["metadata"] == {
            "plainsail_key": request.idempotency_key,
            "plainsail_workspace": str(account.workspace_id),
        }

    def test_every_request_asks_for_the_version_that_this_was_written_for(self, account):
        self.gateway.charge(account, self.request(self.setup(account)))
        assert {headers["stripe-version"] for *_call, headers in self.fake.calls} == {adapter.API_VERSION}

    def test_a_renewal_is_off_session_and_a_purchase_can_be_sent_to_the_bank(self, account):
        method = self.setup(account)
        self.gateway.charge(account, self.request(method, initiator="merchant"))
        self.gateway.charge(account, self.request(method))
        renewal, purchase = (params for _m, path, params, _h in self.fake.calls if path == "/v1/payment_intents")
        assert (renewal["off_session"], "return_url" in renewal) == ("true", False)
        assert ("off_session" in purchase, purchase["return_url"].endswith("/back/")) == (False, True)

    @pytest.mark.parametrize(
        ("is_approved", "expected"), [(True, ("succeeded", "")), (False, ("declined", "authentication_failed"))]
    )
    def test_what_the_payer_tells_the_bank_decides(self, account, is_approved, expected):
        request = self.request(self.setup(account, "checked"))
        self.fake.authenticate(self.gateway.charge(account, request).ref, is_approved=is_approved)
        outcome = self.look(account, request)
        assert (outcome.state, outcome.decline_code) == expected

    def test_a_decline_says_what_the_bank_said(self, account):
        begun = self.begin(account)
        self.fake.enter_card(begun.ref, INSUFFICIENT)
        method = self.gateway.fetch_setup(account, begun.ref, at=NOON)
        outcome = self.gateway.charge(account, self.request(method))
        assert (outcome.decline_class, outcome.decline_code) == ("insufficient", "insufficient_funds")

    def test_an_error_at_stripe_is_unknown_and_took_nothing(self, account):
        request = self.request(self.setup(account))
        self.fake.down = True
        assert self.gateway.charge(account, request).is_silence
        assert self.look(account, request).is_silence
        self.fake.down = False
        assert self.look(account, request).state == "not_found"

    def test_nobody_at_the_other_end_is_unknown(self, account):
        method = self.setup(account)
        nowhere = Stripe(api="http://127.0.0.1:9")
        assert nowhere.charge(account, self.request(method)).is_silence
        with pytest.raises(GatewaySilent):
            nowhere.begin_setup(account, SetupRequest(payer_key=new_id(), verify=True, return_path="/", at=NOON))

    def test_a_refund_whose_answer_got_lost_is_found_by_our_key(self, account):
        charge = self.gateway.charge(account, self.request(self.setup(account)))
        request = self.refund_of(charge)
        self.fake.lose = True
        assert self.gateway.refund(account, request).is_silence
        found = self.gateway.fetch_refund(account, request.idempotency_key, charge_ref=charge.ref, at=NOON)
        assert found.state == "succeeded"

    @pytest.mark.parametrize(
        ("status", "reason", "expected"),
        [
            ("pending", None, ("pending", "")),
            ("requires_action", None, ("pending", "")),
            ("failed", "lost_or_stolen_card", ("failed", "lost_or_stolen_card")),
            ("canceled", None, ("failed", "canceled")),
        ],
    )
    def test_a_refund_may_take_its_time(self, account, status, reason, expected):
        request = self.refund_of(self.gateway.charge(account, self.request(self.setup(account))))
        self.fake.settle_refund(self.gateway.refund(account, request).ref, status, reason)
        found = self.gateway.fetch_refund(account, request.idempotency_key, charge_ref=request.charge_ref, at=NOON)
        assert (found.state, found.failure_code) == expected

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("needs_response", ["open"]),
            ("under_review", ["open"]),
            ("won", ["won"]),
            ("lost", ["lost"]),
            ("prevented", ["lost"]),
            ("warning_needs_response", []),
            ("warning_closed", []),
        ],
    )
    def test_disputes_come_with_the_charge_and_inquiries_do_not(self, account, status, expected):
        request = self.request(self.setup(account))
        self.fake.dispute(self.gateway.charge(account, request).ref, status=status)
        outcome = self.look(account, request)
        assert [fact.state for fact in outcome.disputes] == expected
        assert all(fact.amount == EUROS for fact in outcome.disputes)
        assert all(fact.answer_by == datetime.fromtimestamp(DUE_BY, UTC) for fact in outcome.disputes)

    def test_an_accepted_dispute_is_closed_and_so_lost_once_and_for_all(self, account):
        request = self.request(self.setup(account))
        made = self.fake.dispute(self.gateway.charge(account, request).ref)
        assert [self.gateway.accept_dispute(account, made["id"], at=LATER) for _each in range(2)] == [True, True]
        assert [fact.state for fact in self.look(account, request).disputes] == ["lost"]

    def test_a_dispute_is_among_the_changes_by_the_reference_of_its_charge(self, account):
        charge = self.gateway.charge(account, self.request(self.setup(account)))
        self.fake.dispute(charge.ref)
        changes, _cursor = self.gateway.list_changes(account, "", at=LATER)
        assert Change(kind="charge", ref=charge.ref) in changes

    def test_the_list_of_changes_is_read_on_from_the_cursor_over_many_pages(self, account):
        method = self.setup(account)
        _changes, cursor = self.gateway.list_changes(account, "", at=LATER)
        keys = []
        for _number in range(230):
            request = self.request(method)
            keys.append(request.idempotency_key)
            intent = self.fake.put("pi_", object="payment_intent", metadata={"plainsail_key": keys[-1]})
            self.fake.tell("payment_intent.succeeded", intent)
        changes, cursor = self.gateway.list_changes(account, cursor, at=LATER)
        assert [change.key for change in changes] == keys
        assert self.gateway.list_changes(account, cursor, at=LATER) == ([], cursor)

    def test_what_is_minutes_young_is_listed_again_next_time(self, account):
        self.gateway.charge(account, self.request(self.setup(account)))
        changes, cursor = self.gateway.list_changes(account, "", at=NOON + timedelta(seconds=10))
        assert ([change.kind for change in changes], cursor) == (["method", "charge"], "")

    def test_a_cursor_that_stripe_has_forgotten_begins_the_list_anew(self, account):
        self.gateway.charge(account, self.request(self.setup(account)))
        assert self.gateway.list_changes(account, "evt_long_gone", at=LATER) == ([], "")

    def test_charges_of_other_programs_are_not_ours(self, account):
        intent = self.fake.put("pi_", object="payment_intent", metadata={})
        self.fake.tell("payment_intent.succeeded", intent)
        assert self.gateway.list_changes(account, "", at=LATER)[0] == []

    def test_a_key_that_stripe_refuses_is_said_to_be_bad(self, account):
        self.fake.keys = set()
        with pytest.raises(BadKeys):
            self.gateway.check(account, at=NOON)

    def test_a_key_that_works_says_whose_it_is(self, account):
        found = self.gateway.check(account, at=NOON)
        assert (found.is_live, found.ref, found.name) == (
            False,
            "acct_fake1",
            "Juniper Pottery Studio (acct_fake1)",
        )

    def test_keys_sealed_with_another_secret_are_as_none(self, account):
        method = self.setup(account)
        account.secrets = account.secrets[:-4] + "AAA="
        assert self.gateway.charge(account, self.request(method)).is_silence

    def test_without_keys_nothing_is_asked_and_nothing_taken(self, account, juniper):
        method = self.setup(account)
        account.secrets = ""
        before = len(self.fake.calls)
        outcome = self.gateway.charge(account, self.request(method))
        assert outcome.is_silence
        charge = replace(outcome, ref="pi_any")
        assert self.gateway.refund(account, self.refund_of(charge)).failure_code == "not_connected"
        assert len(self.fake.calls) == before

    def test_no_key_is_ever_logged(self, account, caplog):
        caplog.set_level(logging.DEBUG)
        self.gateway.charge(account, self.request(self.setup(account, "declined")))
        self.fake.keys = set()
        self.gateway.charge(account, self.request(SetupOutcome(state="usable", ref="cus_x/pm_x")))
        assert caplog.records
        assert KEY not in caplog.text
        assert KEY not in str([vars(record) for record in caplog.records])

    def test_keys_are_sealed_in_the_database(self, account):
        assert KEY not in account.secrets
        assert SECRET not in account.secrets

    def test_a_charge_that_was_made_but_never_confirmed_does_not_stay_open_for_ever(self, account):
        request = self.request(self.setup(account))
        ref = self.gateway.charge(account, request).ref
        self.fake.objects[ref]["status"] = "requires_confirmation"
        assert self.look(account, request).state == "unknown"
        later = self.gateway.fetch_charge(
            account, request.idempotency_key, method_ref=request.method_ref, at=NOON + timedelta(minutes=11)
        )
        assert (later.state, later.decline_code) == ("declined", "never_arrived")

    def test_a_check_without_a_page_to_go_to_is_a_decline(self, account):
        request = self.request(self.setup(account, "checked"))
        ref = self.gateway.charge(account, request).ref
        self.fake.objects[ref]["next_action"] = {"type": "use_stripe_sdk"}
        outcome = self.look(account, request)
        assert (outcome.state, outcome.decline_class) == ("declined", "needs_action")

    def test_a_fraction_that_stripe_can_not_take_is_not_charged(self, account):
        request = self.request(self.setup(account), amount=Money(150, "MGA"))
        assert self.gateway.charge(account, request).decline_code == "amount_not_taken"


def test_the_version_is_the_one_that_the_library_speaks():
    assert stripe.api_version == adapter.API_VERSION
