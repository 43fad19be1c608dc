"""Evidence for a bank: one file with everything that is known about a disputed payment, each thing with its time."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from plainsail.commerce.models import Invoice
from plainsail.commerce.services import evidence
from plainsail.commerce.tests.factories import NOON, bought
from plainsail.contacts.models import Contact
from plainsail.kernel.clock import fixed
from plainsail.kernel.events import publish
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.payments.models import Dispute
from plainsail.payments.tests.factories import DISPUTED, charged
from plainsail.portal.events import CustomerSignedIn

LATER = NOON + timedelta(hours=1)
PAGE = "/w/juniper/sales/refunds/"


@pytest.fixture
def dispute(juniper) -> Dispute:
    bought(juniper, number=DISPUTED)
    run_jobs(at=LATER)
    with workspace(juniper):
        maren = Contact.objects.get()
        publish(CustomerSignedIn(contact_id=maren.id, at=NOON + timedelta(minutes=20)))
        return Dispute.objects.select_related("charge__method").get()


def opened(content: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    with ZipFile(BytesIO(content)) as file:
        files = {name: file.read(name) for name in file.namelist()}
    return files, json.loads(files["evidence.json"])


def made(of, dispute: Dispute) -> tuple[dict[str, bytes], dict[str, Any]]:
    with workspace(of):
        return opened(evidence.bundle(dispute, at=LATER).content)


def exhibit(told: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in told["exhibits"] if one["key"] == key)
    return found


def texts(told: dict[str, Any], key: str) -> dict[str, str]:
    return {fact["label"]: fact["text"] for fact in exhibit(told, key)["facts"]}


def test_the_file_has_the_evidence_on_paper_and_as_data_and_the_invoice(juniper, dispute):
    files, told = made(juniper, dispute)
    assert list(files) == ["evidence.pdf", "evidence.json", "documents/TEST-INV-00001.pdf"]
    assert files["evidence.pdf"][:5] == files["documents/TEST-INV-00001.pdf"][:5] == b"%PDF-"
    assert (told["dispute"], told["invoice"], told["is_test"]) == (dispute.gateway_ref, "TEST-INV-00001", True)


def test_it_says_what_was_paid_for_agreed_to_given_used_and_mailed(juniper, dispute):
    _files, told = made(juniper, dispute)
    assert [one["key"] for one in told["exhibits"]] == [
        *("payment", "buyer", "bought", "agreed", "access_order", "use", "mails", "refunds", "course")
    ]
    assert texts(told, "payment")["Disputed"] == "€175.00: They say that they didn’t pay this"
    assert texts(told, "buyer")["Network address"] == "203.0.113.9"
    assert texts(told, "bought") == {"Full weekend": "€175.00"}
    assert texts(told, "agreed")["Agreed to"].startswith("I buy “Full weekend”")
    assert texts(told, "access_order") == {"Opened": "Full weekend"}
    assert texts(told, "use") == {"Signed in": "Entered the account"}
    assert list(texts(told, "mails")) == ["Your receipt: €175.00 (TEST-INV-00001)"]
    assert texts(told, "refunds") == {"Refunds": "None was asked for, and none was made."}


def test_the_course_of_events_is_in_order_and_each_has_its_time(juniper, dispute):
    _files, told = made(juniper, dispute)
    times = [fact["at"] for fact in exhibit(told, "course")["facts"]]
    assert all(times)
    assert times == sorted(times)
    assert exhibit(told, "course")["facts"][-1]["label"] == "Disputed"


def test_the_same_evidence_at_the_same_moment_is_the_same_file(juniper, dispute):
    with workspace(juniper):
        both = [evidence.bundle(dispute, at=LATER) for _each in range(2)]
        assert opened(both[0].content)[1] == opened(both[1].content)[1]
        assert both[0].name == "evidence-TEST-INV-00001.zip"


def test_one_button_fetches_it_for_those_who_may_refund(juniper, dispute, as_ada, as_ben, as_cleo):
    path = f"{PAGE}disputes/{dispute.id}.zip"
    assert path in as_ada.get(PAGE).content.decode()
    assert path not in as_ben.get(PAGE).content.decode()
    with fixed(LATER):
        answer = as_ada.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert "evidence.pdf" in opened(answer.content)[0]
    assert (as_ben.get(path).status_code, as_cleo.get(path).status_code) == (403, 404)


def test_a_payment_for_nothing_that_we_know_has_no_evidence(juniper, as_ada):
    charge = charged(juniper, DISPUTED)
    run_jobs(at=LATER)
    with workspace(juniper):
        assert not Invoice.objects.filter(id=charge.subject_id).exists()
        lone = Dispute.objects.get()
    assert f"disputes/{lone.id}.zip" not in as_ada.get(PAGE).content.decode()
    assert as_ada.get(f"{PAGE}disputes/{lone.id}.zip").status_code == 404
