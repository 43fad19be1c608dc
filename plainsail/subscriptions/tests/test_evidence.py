"""What contracts add to the evidence about a disputed payment."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from plainsail.commerce.services import evidence
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Charge, Dispute
from plainsail.payments.services import charging
from plainsail.payments.tests.factories import DISPUTED
from plainsail.subscriptions.models import CancellationRequest
from plainsail.subscriptions.services import declaring, renewal
from plainsail.subscriptions.tests.factories import NOON, charged_by, subscribed

DAY = timedelta(days=1)
RENEWAL, AFTER = NOON + 30 * DAY, NOON + 35 * DAY


def shown(of) -> tuple[list[str], dict[str, Any]]:
    """The files of the only dispute's bundle, and its exhibits by key."""
    with workspace(of):
        dispute = Dispute.objects.select_related("charge__method").get()
        content = evidence.bundle(dispute, at=AFTER).content
    with ZipFile(BytesIO(content)) as file:
        told = json.loads(file.read("evidence.json"))
        return file.namelist(), {one["key"]: one["facts"] for one in told["exhibits"]}


def disputed_renewal(of):
    contract = subscribed(of)
    charged_by(contract, DISPUTED)
    renewal.renew(of.pk, contract.pk, at=RENEWAL)
    with workspace(of):
        charge = Charge.objects.order_by("-created_at", "-id").first()
    charging.look_up(of.pk, charge.pk, at=AFTER)
    run_jobs(at=AFTER)
    return contract


def test_a_renewal_is_borne_out_by_its_contract_what_was_agreed_to_and_earlier_payments(juniper):
    contract = disputed_renewal(juniper)
    _files, told = shown(juniper)
    assert told["contract"][0] | {"at": ""} == {"label": "Contract", "text": contract.reference, "at": ""}
    assert told["agreed_1"][0]["text"].startswith("I subscribe to “Studio club”")
    assert [one["text"] for one in told["payments"]] == [
        "€29.00, Visa •••• 4242, not disputed",
        "€29.00, Visa •••• 0259",
    ]
    assert [one["label"] for one in told["access_subscription"]] == ["Opened"]
    assert [one["text"] for one in told["cancellations"]] == ["None has arrived."]


def test_a_cancellation_stands_in_it_with_its_receipt(juniper):
    contract = disputed_renewal(juniper)
    with workspace(juniper):
        data = {"when": "period_end", "shown_refund": 0}
        made = declaring.cancel(contract, data, door=CancellationRequest.Door.PORTAL, at=AFTER - DAY)
        number = made.request.reference
    files, told = shown(juniper)
    assert told["cancellations"][0]["label"] == f"Cancellation {number}"
    assert f"documents/cancellation-{number}.pdf" in files
