"""What automations know of contracts: how one begins, is cancelled and taken back, of a product or of any; and cancelling one."""

from __future__ import annotations

from plainsail.automations.services import entering, flows, rehearsing
from plainsail.automations.sockets import TRIGGERS
from plainsail.automations.tests.factories import live
from plainsail.commerce.services.buyers import Buyer
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.subscriptions.models import CancellationRequest
from plainsail.subscriptions.services import cancellation, declaring
from plainsail.subscriptions.tests.factories import NOON, subscribed

IDA = Buyer(email="ida@example.com", name="Ida Holm")
KINDS = ("subscriptions.cancelled", "subscriptions.cancellation_undone")


def cancelled(contract):
    with workspace(contract.workspace_id):
        asked = declaring.declare(
            declaring.from_confirm_page({"when": "period_end"}, contract, door=CancellationRequest.Door.PORTAL),
            received_at=NOON,
        )
        cancellation.put_in_force(asked, contract, when="period_end", at=NOON)


def listening(product):
    return {
        (kind, config.get("product", "")): live(
            flows.build(kind, config, [flows.wait(900)], policy="every"), at=NOON, name=kind
        )
        for kind in KINDS
        for config in ({}, {"product": product})
    }


def test_a_cancellation_and_its_end_let_in_whose_contract_is_of_the_product_chosen(juniper):
    club, kiln = subscribed(juniper), subscribed(juniper, buyer=IDA, name="Kiln club")
    with workspace(juniper):
        product = str(club.items.get().product_id)
        started = listening(product)
    cancelled(club)
    cancelled(kiln)
    with workspace(juniper):
        cancellation.undo(club, by="customer", at=NOON)
    run_jobs()
    with workspace(juniper):
        let_in = {key: sorted(run.contact.email for run in one.runs.all()) for key, one in started.items()}
        assert let_in == {
            ("subscriptions.cancelled", ""): ["ida@example.com", "maren@example.com"],
            ("subscriptions.cancelled", product): ["maren@example.com"],
            ("subscriptions.cancellation_undone", ""): ["maren@example.com"],
            ("subscriptions.cancellation_undone", product): ["maren@example.com"],
        }
        said = TRIGGERS["subscriptions.cancelled"].sentence
        assert [said({}), said({"product": product})] == [
            "Cancels a subscription",
            "Cancels the subscription to “Studio club”",
        ]


def acting(juniper, contract, **config):
    """An automation cancels for the contract's customer."""
    with workspace(juniper):
        step = flows.action("subscriptions.cancel", {"product": "", "when": "period_end"} | config)
        flow = flows.build("automations.signal", {"signal": "stop"}, [step])
        automation = live(flow, at=NOON)
        entering.enter(automation, contract.account.contact, at=NOON, cause="told")
    run_jobs()
    with workspace(juniper):
        contract.refresh_from_db()
        return automation.runs.get().log.get()


def test_an_automation_cancels_to_the_end_of_the_time_paid_for_and_the_customer_gets_the_receipt(juniper, outbox):
    contract = subscribed(juniper)
    with workspace(juniper):
        product, renews_at = str(contract.items.get().product_id), contract.renews_at
    assert acting(juniper, contract, product=product).outcome == "done"
    assert (contract.is_ended, contract.scheduled_end_at) == (False, renews_at)
    with workspace(juniper):
        made = contract.cancellations.get()
        assert made.request.door == CancellationRequest.Door.AUTOMATION
        assert made.request.payload["contract"] == contract.reference
    text = outbox[-1].get_body(("plain",)).get_content()
    assert "Juniper Pottery Studio ends your contract, as shown below." in text
    assert "you can take the cancellation back" in text
    assert acting(juniper, contract).note == "Had no subscription to cancel."
    with workspace(juniper):
        cancellation.undo(contract, by="customer", at=NOON)


def test_an_automation_cancels_at_once_what_was_chosen_and_nothing_else(juniper):
    club, kiln = subscribed(juniper), subscribed(juniper, name="Kiln club")
    with workspace(juniper):
        product = str(kiln.items.get().product_id)
    assert acting(juniper, kiln, product=product, when="now").outcome == "done"
    with workspace(juniper):
        club.refresh_from_db()
    assert (club.is_ended, club.scheduled_end_at, kiln.is_ended) == (False, None, True)


def test_a_test_run_of_it_cancels_nothing(juniper):
    contract = subscribed(juniper)
    with workspace(juniper):
        step = flows.action("subscriptions.cancel", {"product": "", "when": "now"})
        found = rehearsing.rehearse(flows.build("automations.signal", {}, [step]), contract.account.contact, at=NOON)
        assert [each.outcome for each in found.steps] == ["done"]
        contract.refresh_from_db()
        assert not contract.is_ended
        assert not CancellationRequest.objects.exists()
