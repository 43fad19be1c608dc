"""What automations know of contracts: how one begins, is cancelled and taken back, of a product or of any."""

from __future__ import annotations

from plainsail.automations.services import flows
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
