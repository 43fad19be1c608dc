"""The sandbox's bank page: asks, takes one answer, and opens to no forged or foreign token."""

from __future__ import annotations

import pytest

from plainsail.kernel.crypto import sign
from plainsail.kernel.tenancy import workspace
from plainsail.payments.models import SandboxRecord
from plainsail.payments.tests.factories import CHECKED_ALWAYS, CHECKED_ONCE, charged, saved


def state(of, ref: str) -> str:
    with workspace(of):
        return SandboxRecord.objects.get(ref=ref).state


def test_the_bank_asks_and_sends_the_payer_back(juniper, site_client):
    charge = charged(juniper, CHECKED_ALWAYS)
    page = site_client.get(charge.action_url)
    assert (page.status_code, b"\xe2\x82\xac29.00" in page.content, b"3184" in page.content) == (200, True, True)
    answer = site_client.post(charge.action_url, {"answer": "confirm"})
    assert (answer.status_code, answer["Location"]) == (302, "/back/")
    assert state(juniper, charge.gateway_ref) == "succeeded"


def test_looking_changes_nothing(juniper, site_client):
    charge = charged(juniper, CHECKED_ALWAYS)
    site_client.get(charge.action_url)
    site_client.head(charge.action_url)
    assert state(juniper, charge.gateway_ref) == "requires_action"


def test_a_second_answer_changes_nothing(juniper, site_client):
    charge = charged(juniper, CHECKED_ALWAYS)
    site_client.post(charge.action_url, {"answer": "refuse"})
    again = site_client.post(charge.action_url, {"answer": "confirm"})
    assert (again.status_code, state(juniper, charge.gateway_ref)) == (302, "declined")


def test_a_card_to_be_saved_is_asked_about_too(juniper, site_client):
    method = saved(juniper, CHECKED_ONCE, verify=True)
    assert "3155" in site_client.get(method.action_url).content.decode()
    site_client.post(method.action_url, {"answer": "confirm"})
    assert state(juniper, method.gateway_ref) == "usable"


@pytest.mark.parametrize("answer", [{}, {"answer": ""}, {"answer": "x" * 10000}, {"answer": ["confirm", "maybe"]}])
def test_garbage_is_asked_again(juniper, site_client, answer):
    charge = charged(juniper, CHECKED_ALWAYS)
    assert site_client.post(charge.action_url, answer).status_code == 200
    assert state(juniper, charge.gateway_ref) == "requires_action"


@pytest.mark.parametrize(
    "token",
    ["x", "x" * 5000, sign("another.purpose", b"pay_1"), sign("payments.bank", b"\xff\xfe"), "é"],
    ids=["short", "huge", "foreign", "no_text", "not_ascii"],
)
def test_a_forged_token_leads_nowhere(juniper, site_client, token):
    assert site_client.get(f"/checkout/bank/{token}/").status_code == 404


def test_another_business_s_question_is_not_found_here(juniper, acme, site_client):
    charge = charged(acme, CHECKED_ALWAYS)
    assert site_client.get(charge.action_url).status_code == 404
    assert site_client.post(charge.action_url, {"answer": "confirm"}).status_code == 404
    assert state(acme, charge.gateway_ref) == "requires_action"
