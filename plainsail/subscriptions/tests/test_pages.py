"""The pages on which a customer cancels: complete in the first answer, open to all, calm when pressed twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.kernel.testing.web import Browser
from plainsail.subscriptions.models import Cancellation, CancellationRequest, CancellationUndo, Subscription
from plainsail.subscriptions.services import cancellation, declaring, links
from plainsail.subscriptions.tests.factories import subscribed

NAMES = re.compile(r'<(?:input|textarea|select)[^>]* name="([^"]+)"')


@pytest.fixture
def contract(juniper) -> Subscription:
    return subscribed(juniper)


@pytest.fixture
def strict(juniper) -> Client:
    """A browser that keeps no cookies, as the law's reader may have one."""
    return Browser(enforce_csrf_checks=True, headers={"host": "juniper.localhost"})


def cancel_path(contract: Subscription) -> str:
    with workspace(contract.workspace_id):
        return links.cancel_path(contract)


def declared(**changed: str) -> dict[str, str]:
    return {"kind": "ordinary", "name": "Maren", "contract": "S-1", "email": "maren@example.com", **changed}


@pytest.mark.parametrize(
    ("path", "names", "label"),
    [
        ("/cancel/", {"kind", "cause", "name", "contract", "end", "email"}, "cancel now"),
        ("/withdraw/", {"name", "contract", "email"}, "Confirm withdrawal"),
    ],
)
def test_a_public_page_is_whole_at_once_and_asks_for_nothing_else(strict, path, names, label):
    answer = strict.get(path)
    page = answer.content.decode()
    assert (answer.status_code, len(answer.cookies)) == (200, 0)
    assert set(NAMES.findall(page)) == names
    button = re.search(r"<button[^>]*>(.*?)</button>", page, re.DOTALL)
    assert button is not None
    assert (button.group(1).strip(), "disabled" in button.group(0)) == (label, False)


def test_the_end_is_preset_to_the_earliest_date(strict):
    assert 'value="At the earliest possible date"' in strict.get("/cancel/").content.decode()


def test_everything_works_without_cookies(strict, contract):
    assert strict.post("/cancel/", declared()).status_code == 302
    assert strict.post("/withdraw/", declared()).status_code == 302
    done = strict.post(cancel_path(contract), {"when": "period_end"})
    assert strict.post(f"{done['Location']}undo/")["Location"].startswith("/cancel/receipt/")


@pytest.mark.parametrize(
    "email", ['""@example.com', "a@b", "a b@example.com", "x" * 300 + "@example.com", "ü@example.com"]
)
def test_an_address_that_no_mail_reaches_is_said_at_the_field_and_nothing_is_kept(strict, juniper, email):
    for path in ("/cancel/", "/withdraw/"):
        answer = strict.post(path, declared(email=email))
        assert answer.status_code == 422
        assert 'id="id_email_error"' in answer.content.decode()
    with workspace(juniper):
        assert not CancellationRequest.objects.exists()


def test_what_was_declared_is_shown_whole_and_can_be_kept(strict, juniper):
    where = strict.post("/cancel/", declared(kind="extraordinary", cause="It burnt down", end="1 May"))["Location"]
    answer = strict.get(where)
    page = answer.content.decode()
    for words in ("Maren", "S-1", "maren@example.com", "It burnt down", "1 May", "Cancellation for cause"):
        assert words in page
    labels = ["Reference", "Received", "Declared", "Name", "Contract", "End", "Reason", "Confirmation to"]
    assert re.findall("<dt>(.*?)</dt>", page) == labels
    assert strict.get(f"{where}pdf/").content.startswith(b"%PDF")
    assert strict.head(where).status_code == 200
    assert ("no-store" in answer["Cache-Control"], answer["X-Robots-Tag"]) == (True, "noindex")


def test_a_match_shows_neither_in_the_answer_nor_in_the_work_it_takes(strict, contract, juniper):
    strict.post("/cancel/", declared(contract="warm", email="up@example.com"))
    work = []
    for named in (contract.reference, "S-NOTHING"):
        with CaptureQueriesContext(connection) as captured:
            answer = strict.post("/cancel/", declared(contract=named, email="who@example.com"))
        work.append((answer.status_code, re.sub(r"[^/]{20,}", "…", answer["Location"]), len(captured)))
    assert work[0] == work[1]
    run_jobs(at=NOON)
    with workspace(juniper):
        assert Cancellation.objects.count() == 1


def test_a_declaration_takes_effect_once_and_from_its_arrival(contract, juniper):
    with workspace(juniper):
        made = declaring.declare_publicly(declaring.from_public_page(declared(contract=contract.reference)), at=NOON)
    for _twice in range(2):
        with workspace(juniper):
            declaring.settle(request_id=made.id)
    with workspace(juniper):
        assert Cancellation.objects.get().matched_at == NOON


def test_a_machine_is_stopped_and_keeps_what_it_typed(strict, juniper):
    answers = [strict.post("/cancel/", declared(name=f"Nr. {number}")).status_code for number in range(21)]
    assert answers == [302] * 20 + [429]
    assert strict.post("/withdraw/", declared(name="Nr. 22")).status_code == 429
    assert 'value="Nr. 22"' in strict.post("/withdraw/", declared(name="Nr. 22")).content.decode()
    with workspace(juniper):
        assert CancellationRequest.objects.count() == 20


def test_nobody_s_mailbox_is_flooded_with_confirmations(strict, juniper, outbox):
    for _again in range(8):
        strict.post("/cancel/", declared())
    run_jobs(at=NOON)
    assert len([mail for mail in outbox if "declaration" in mail["Subject"]]) == declaring.CONFIRMATIONS_AN_HOUR


def test_the_confirm_page_names_the_moment_with_its_zone(strict, contract):
    page = strict.get(cancel_path(contract)).content.decode()
    assert "On 23 December 2026 at 00:00 (Europe/Berlin), when the paid time ends" in page
    assert re.search(r'<a href="/"[^>]*>Keep it</a>', page)


def test_pressing_twice_or_going_back_leads_to_the_one_receipt(strict, contract, juniper):
    path = cancel_path(contract)
    first, second = (strict.post(path, {"when": "period_end"})["Location"] for _twice in range(2))
    numbers = [re.findall(r"C-[A-Z0-9]{8}", strict.get(where).content.decode()) for where in (first, second)]
    assert numbers[0] == numbers[1] != []
    assert strict.get(path).status_code == 302
    with workspace(juniper):
        assert Cancellation.objects.count() == 1


def test_taking_back_twice_is_calm_and_a_later_cancellation_stays(strict, contract, juniper):
    path = cancel_path(contract)
    old = strict.post(path, {"when": "period_end"})["Location"]
    for _twice in range(2):
        assert strict.post(f"{old}undo/").status_code == 302
    page = strict.get(old).content.decode()
    assert "No longer counts since" in page
    assert "Charges after this" not in page
    strict.post(path, {"when": "period_end"})
    assert strict.post(f"{old}undo/").status_code == 302
    with workspace(juniper):
        assert CancellationUndo.objects.count() == 1


def test_an_outcome_that_got_worse_is_shown_again_before_anything_happens(strict, contract, juniper):
    answer = strict.post(cancel_path(contract), {"when": "now", "shown_refund": "999999"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The amount changed since you opened the page" in page
    assert 'name="shown_refund" value="2900"' in page
    with workspace(juniper):
        assert not CancellationRequest.objects.exists()


def test_a_receipt_whose_place_was_taken_points_to_the_one_that_counts(strict, contract, juniper):
    old = strict.post(cancel_path(contract), {"when": "period_end"})["Location"]
    with workspace(juniper):
        made = declaring.declare(
            declaring.from_confirm_page({"when": "now"}, contract, door=CancellationRequest.Door.PORTAL),
            received_at=NOON,
        )
        cancellation.put_in_force(made, contract, when="now", at=NOON + timedelta(hours=1))
    page = strict.get(old).content.decode()
    assert "Replaced by a later cancellation" in page
    assert "goes on as before" not in page
    link = re.search(r'href="(/cancel/receipt/[^"]+)"[^>]*>See the receipt that counts', page)
    assert link is not None
    assert made.reference in strict.get(link.group(1)).content.decode()


def test_a_contract_that_ended_by_itself_says_so_instead_of_asking_for_a_sign_in(strict, contract, juniper):
    path = cancel_path(contract)
    with workspace(juniper):
        Subscription.objects.filter(pk=contract.pk).update(state="ended", ended_at=NOON, renews_at=None)
    answer = strict.get(path)
    assert answer.status_code == 409
    assert "This contract has already ended" in answer.content.decode()


def test_money_that_does_not_come_back_is_said_truly(strict, contract, juniper):
    with workspace(juniper):
        made = declaring.declare(
            declaring.from_confirm_page({"when": "now"}, contract, door=CancellationRequest.Door.PORTAL),
            received_at=NOON + timedelta(days=20),
        )
        ended = cancellation.put_in_force(made, contract, when="now", at=NOON + timedelta(days=20))
        where = links.receipt_path(ended)
    page = strict.get(where).content.decode()
    assert "None: the refund policy of this contract gives none" in page
    assert "served until the end" not in page
    with workspace(juniper):
        description = contract.items.get().description
    assert f"{description}, €29.00 every month" in page


def test_a_trial_that_is_cancelled_never_speaks_of_money_paid(strict, juniper):
    trial = subscribed(juniper, minor=24000, interval_count=12, trial_days=14)
    page = strict.get(cancel_path(trial)).content.decode()
    assert "when the free trial ends" in page
    assert "Nothing was charged, so no money comes back" in page
    receipt = strict.get(strict.post(cancel_path(trial), {"when": "period_end"})["Location"]).content.decode()
    assert "None: nothing was charged." in receipt
    assert "paid for" not in receipt


def test_the_owners_are_told_once_a_day_that_a_declaration_fits_no_contract(strict, juniper, ada, outbox):
    for number in range(3):
        strict.post("/cancel/", declared(email=f"nobody{number}@example.com"))
    run_jobs()
    told = [mail["To"] for mail in outbox if mail["Subject"] == "A cancellation fits no contract yet"]
    assert told == [ada.email]


def test_nobody_is_bothered_with_a_declaration_that_is_clear(strict, contract, juniper, ada, outbox):
    strict.post("/cancel/", declared(contract=contract.reference))
    run_jobs()
    assert [mail for mail in outbox if mail["Subject"] == "A cancellation fits no contract yet"] == []
