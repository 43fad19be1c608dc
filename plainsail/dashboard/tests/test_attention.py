"""What somebody has to see to stands on Home, until it is done."""

from __future__ import annotations

from datetime import timedelta

from plainsail.commerce.services import chasing, refunding
from plainsail.commerce.tests.factories import NOON, bought, euros
from plainsail.kernel import clock
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.tests.factories import FAILING_REFUND

HOME = "/w/juniper/"
LATER = NOON + timedelta(minutes=5)


def test_a_refund_that_did_not_get_there_stands_on_home(juniper, ada, as_ada):
    with clock.fixed(NOON):
        order = bought(juniper, number=FAILING_REFUND)
        with workspace(juniper):
            note = refunding.refund_order(order, amount=euros(17500), reason="Could not come", at=NOON)
        run_jobs(at=NOON)
        run_jobs(at=LATER)
        assert "1 refund didn’t get there" in as_ada.get(HOME).content.decode()
        with workspace(juniper):
            chasing.paid_by_hand(note.pk, how="Cash", by=ada, at=LATER)
        assert "didn’t get there" not in as_ada.get(HOME).content.decode()


def test_a_cancellation_that_fits_no_contract_stands_on_home(juniper, as_ada, site_client):
    declared = {"kind": "ordinary", "name": "Maren", "contract": "S-1", "email": "maren@example.com"}
    assert "fits no contract" not in as_ada.get(HOME).content.decode()
    assert site_client.post("/cancel/", declared).status_code == 302
    assert "1 cancellation fits no contract yet" in as_ada.get(HOME).content.decode()
