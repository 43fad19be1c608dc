"""Bank transfer passes the contract: what came in is drawn upon, what is missing is waited for, refunds are sent by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from plainsail.kernel.ids import new_id
from plainsail.kernel.money import Money
from plainsail.kernel.tenancy import workspace
from plainsail.payments.gateways import offline
from plainsail.payments.gateways.base import SetupRequest
from plainsail.payments.models import BankRecord, PaymentMethod, Refund, Transfer
from plainsail.payments.services import charging, refunding, transfers
from plainsail.payments.services.statements import Entry
from plainsail.payments.services.transfers import BankAccount
from plainsail.payments.sockets import GATEWAYS
from plainsail.payments.tests.contract import EUROS, GatewayContract
from plainsail.payments.tests.factories import NOON

IBAN = "DE89370400440532013000"
KITE = BankAccount(holder="Juniper Kites", iban=IBAN)


def sent(account, payer_key, minor=2900, *, currency="EUR", text="", iban="") -> Transfer:
    """A payer's money has come in."""
    entry = Entry(
        key=str(new_id()), booked_on=date(2026, 11, 23), amount=Money(minor, currency), text=text, payer_iban=iban
    )
    (transfer,) = transfers.note(account, [entry], at=NOON)
    transfers.claim(transfer, payer_key=payer_key, subject_id=new_id())
    return transfer


class TestOffline(GatewayContract):
    gateway = GATEWAYS["offline"]

    @pytest.fixture
    def account(self, juniper):
        with workspace(juniper):
            return transfers.set_up(KITE, mode="test", at=NOON)

    def setup(self, account, kind="pays", *, verify=False):
        """What `pays` has sent its money before, what is `checked` has not, and what is `declined` was removed."""
        payer_key = new_id()
        request = SetupRequest(payer_key=payer_key, verify=verify, return_path="/back/", at=NOON)
        outcome = self.gateway.begin_setup(account, request)
        if kind == "declined":
            self.gateway.detach_method(account, outcome.ref, at=NOON)
        elif kind != "checked":
            with workspace(account.workspace_id):
                sent(account, payer_key)
        return outcome

    def refund_of(self, charge, amount=EUROS, **changes):
        self.asked = super().refund_of(charge, amount, **changes)
        return self.asked

    def test_a_lost_answer_is_unknown_until_it_is_looked_up(self, account):
        """The book is in the house: no answer is lost on its way. Whoever was interrupted finds it by looking."""
        request = self.request(self.setup(account))
        assert self.gateway.charge(account, request).state == self.look(account, request).state == "succeeded"

    def test_refunds_in_parts_up_to_the_whole_and_no_further(self, account):
        """Somebody has to send each: it is pending until they say so."""
        charge = self.gateway.charge(account, self.request(self.setup(account)))
        asked = [self.refund_of(charge, Money(minor, "EUR")) for minor in (1000, 1900, 1)]
        assert [self.gateway.refund(account, one).state for one in asked] == ["pending", "pending", "failed"]
        with workspace(account.workspace_id):
            for _twice in range(2):
                offline.note_sent(asked[0].idempotency_key, at=NOON)
        states = [
            self.gateway.fetch_refund(account, one.idempotency_key, charge_ref=charge.ref, at=NOON).state
            for one in asked
        ]
        assert states == ["succeeded", "pending", "failed"]

    def test_what_was_sent_beyond_a_charge_pays_the_next(self, account):
        method = self.setup(account)
        parts = [self.request(method, amount=Money(minor, "EUR")) for minor in (1500, 1400, 1)]
        assert [self.gateway.charge(account, one).state for one in parts] == [
            "succeeded",
            "succeeded",
            "requires_action",
        ]

    def test_money_of_another_currency_pays_nothing(self, account):
        request = replace(self.request(self.setup(account)), amount=Money(2900, "CHF"))
        assert self.gateway.charge(account, request).state == "requires_action"


@pytest.fixture
def account(juniper):
    with workspace(juniper):
        return transfers.set_up(KITE, mode="test", at=NOON)


def paid(juniper, account, minor=2900):
    payer = new_id()
    method = transfers.method_of(juniper.pk, account_id=account.pk, payer_key=payer, at=NOON)
    with workspace(juniper):
        sent(account, payer, minor, iban="NL91ABNA0417164300")
        begun = charging.begin(method, subject_id=new_id(), amount=Money(minor, "EUR"), initiator="customer", at=NOON)
    return charging.submit(juniper.pk, begun.pk, at=NOON)


def test_a_refund_waits_for_the_person_who_sends_it(juniper, account):
    charge = paid(juniper, account)
    with workspace(juniper):
        refund = refunding.request(charge, amount=Money(900, "EUR"), at=NOON)
    refunding.submit(juniper.pk, refund.pk, at=NOON)
    with workspace(juniper):
        (task,) = transfers.to_send()
        assert transfers.came_from(task.charge.method.payer_key).payer_iban == "NL91ABNA0417164300"
    for _twice in range(2):
        done = transfers.confirm_sent(juniper.pk, refund.pk, at=NOON + timedelta(days=1))
    assert (done.state, done.settled_at) == (Refund.State.SUCCEEDED, NOON + timedelta(days=1))
    with workspace(juniper):
        assert list(transfers.to_send()) == []


def test_the_same_payer_is_one_line_in_the_book(juniper, account):
    payer = new_id()
    first, second = (
        transfers.method_of(juniper.pk, account_id=account.pk, payer_key=payer, at=NOON) for _twice in range(2)
    )
    with workspace(juniper):
        assert first.id == second.id
        assert (first.brand, first.last4, str(first)) == (PaymentMethod.TRANSFER, "3000", "Bank transfer •••• 3000")
        assert BankRecord.objects.count() == 1


def test_importing_a_statement_twice_adds_nothing(juniper, account):
    entries = [
        Entry(key=key, booked_on=date(2026, 11, 20), amount=Money(2900, "EUR"), text="one") for key in ("A/0", "A/1")
    ]
    with workspace(juniper):
        assert len(transfers.note(account, entries, at=NOON)) == 2
        assert transfers.note(account, entries, at=NOON) == []


def test_what_was_noted_by_hand_is_the_same_money_when_the_statement_tells_of_it(juniper, account):
    named = transfers.reference("7KQ2M9XA")
    with workspace(juniper):
        transfers.note_by_hand(
            account, amount=EUROS, booked_on=date(2026, 11, 20), reference=named, payer_name="", at=NOON
        )
        entry = Entry(key="B/0", booked_on=date(2026, 11, 19), amount=EUROS, text=f"Weekend {named[:8]} {named[8:]}")
        assert transfers.note(account, [entry], at=NOON) == []
        assert Transfer.objects.values_list("key", "booked_on").get() == ("B/0", date(2026, 11, 19))
        other = replace(entry, key="B/1")
        assert len(transfers.note(account, [other], at=NOON)) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rechnung RF18 5390 0754 7034, danke", "RF18539007547034"),
        ("rf18539007547034", "RF18539007547034"),
        ("RF19539007547034", None),
        ("nothing to see", None),
    ],
)
def test_references_are_found_however_they_are_spaced_and_only_with_good_check_digits(text, found):
    assert (found in transfers.references_in(text)) == bool(found)
    assert bool(transfers.references_in(text)) == bool(found)


def test_a_reference_is_made_with_check_digits_that_banks_know():
    assert transfers.reference("539007547034") == "RF18539007547034"


@pytest.mark.parametrize("text", ["DE88370400440532013000", "DE89", "", "not an account"])
def test_an_account_number_with_a_slip_is_refused(text):
    with pytest.raises(transfers.BadAccount):
        transfers.clean_iban(text)


def test_an_account_number_is_kept_without_blanks_and_shown_in_fours():
    assert transfers.clean_iban("de89 3704 0044 0532 0130 00") == IBAN
    assert KITE.shown_iban == "DE89 3704 0044 0532 0130 00"
