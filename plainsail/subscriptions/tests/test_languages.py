"""Cancelling in German and French: the pages speak the visitor's language, letters the customer's, with their dates and amounts."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from plainsail.commerce.models import CreditNote
from plainsail.commerce.services.buyers import Buyer
from plainsail.commerce.tests.factories import NOON
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.kernel.testing.web import Browser
from plainsail.subscriptions.models import Subscription
from plainsail.subscriptions.services import links
from plainsail.subscriptions.tests.factories import subscribed

LOTTE = Buyer(email="lotte@example.com", name="Lotte Brandt", country="DE", locale="de")


@pytest.fixture
def contract(juniper) -> Subscription:
    return subscribed(juniper, buyer=LOTTE)


@pytest.fixture
def site(juniper) -> Client:
    return Browser(headers={"host": "juniper.localhost"})


def shown(site: Client, path: str, language: str) -> str:
    answer = site.get(path, headers={"Accept-Language": language})
    assert (answer.status_code, answer["Content-Language"]) == (200, language)
    return answer.content.decode().replace("&#x27;", "'")


def cancel_path(contract: Subscription) -> str:
    with workspace(contract.workspace_id):
        return links.cancel_path(contract)


def requests_in(business: Workspace) -> int:
    with workspace(business):
        return int(business.cancellation_requests.count())


def plain(mail) -> str:
    return mail.get_body(("plain",)).get_content()


ZOE = {"kind": "ordinary", "name": "Zoé", "contract": "mon abonnement", "email": "zoe@example.com"}
IN_FRENCH = {"headers": {"Accept-Language": "fr"}}


@pytest.mark.parametrize(
    ("language", "heading", "button", "other_door"),
    [
        ("en", "Cancel contracts here", "cancel now", "Withdraw from contract here"),
        ("de", "Verträge hier kündigen", "jetzt kündigen", "Vertrag widerrufen"),
        ("fr", "Résilier votre contrat", "", "Renoncer au contrat ici"),
    ],
)
def test_the_public_page_is_worded_as_the_law_of_each_language_asks(site, language, heading, button, other_door):
    page = shown(site, "/cancel/", language)
    assert f"<h1>{heading}</h1>" in page
    assert not button or re.search(rf"<button[^>]*>\s*{button}\s*</button>", page)
    foot = page[page.index("<footer") :]
    assert re.findall(r"<a [^>]*>([^<]+)</a>", foot)[-2:] == [heading, other_door]


@pytest.mark.parametrize(("language", "button"), [("de", "Widerruf bestätigen"), ("fr", "Confirmer la rétractation")])
def test_so_is_the_page_for_withdrawing(site, language, button):
    assert re.search(rf"<button[^>]*>\s*{button}\s*</button>", shown(site, "/withdraw/", language))


def test_a_browser_without_a_language_of_ours_is_answered_in_the_businesss(juniper, site):
    Workspace.objects.filter(pk=juniper.pk).update(locale="fr")
    page = site.get("/cancel/", headers={"Accept-Language": "pl"})
    assert "Résilier votre contrat" in page.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ["Abonnement kündigen", "23. Dezember 2026", "29,00\xa0€ jeden Monat"]),
        ("fr", ["Résilier l’abonnement", "23 décembre 2026", "29,00\xa0€ chaque mois"]),
    ],
)
def test_the_confirm_page_shows_dates_and_amounts_as_its_readers_write_them(contract, site, language, words):
    page = shown(site, cancel_path(contract), language)
    assert [word for word in words if word not in page] == []


def test_the_receipt_is_mailed_in_the_customers_language_whatever_the_page_was_in(contract, juniper, site, outbox):
    where = site.post(
        cancel_path(contract), {"when": "now", "shown_refund": "2900"}, headers={"Accept-Language": "en"}
    )["Location"]
    assert "Money back" in shown(site, where, "en")
    assert "€29.00, the way you paid, by 7 December 2026" in shown(site, where, "en")
    assert "29,00\xa0€, par le moyen de paiement utilisé, au plus tard le 7 décembre 2026" in shown(site, where, "fr")
    run_jobs(at=NOON)
    (receipt,) = [mail for mail in outbox if mail["Subject"] == f"Gekündigt: {contract.reference}"]
    assert receipt["To"] == "lotte@example.com"
    assert "Erstattung: 29,00\xa0€, auf dem Weg, auf dem Sie bezahlt haben, bis 7. Dezember 2026" in plain(receipt)
    with workspace(juniper):
        note = CreditNote.objects.get()
    assert (note.document["locale"], note.reason.split()[0]) == ("de", "Kündigung")


def test_a_receipt_of_a_payment_says_how_to_cancel_in_the_customers_language(contract, outbox):
    run_jobs(at=NOON)
    (receipt,) = [mail for mail in outbox if mail["Subject"].startswith("Ihr Beleg: 29,00 €")]
    assert f"{contract.reference}: 29,00\xa0€ jeden Monat bis zur Kündigung." in plain(receipt)


def test_in_french_what_was_entered_is_shown_once_more_before_it_is_sent(juniper, site):
    recap = site.post("/cancel/", ZOE, **IN_FRENCH)
    page = recap.content.decode()
    assert (recap.status_code, requests_in(juniper)) == (200, 0)
    assert re.search(r"<button[^>]*>\s*notifier la résiliation\s*</button>", page)
    assert all(
        f"<dd>{said}</dd>" in re.sub(r"<dd[^>]*>\s*(.*?)\s*</dd>", r"<dd>\1</dd>", page)
        for said in ("Zoé", "mon abonnement")
    )
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)) | {"notify": "yes"}
    assert site.post("/cancel/", sent, **IN_FRENCH).status_code == 302
    assert requests_in(juniper) == 1


def test_what_was_wrong_in_the_french_recap_can_be_changed(juniper, site):
    again = site.post("/cancel/", ZOE | {"change": "yes"}, **IN_FRENCH)
    assert (again.status_code, 'value="mon abonnement"' in again.content.decode()) == (200, True)
    assert site.post("/cancel/", ZOE | {"email": "nowhere", "notify": "yes"}, **IN_FRENCH).status_code == 422
    assert requests_in(juniper) == 0


def test_the_arrival_of_a_declaration_is_confirmed_in_the_language_of_its_page(juniper, site, outbox):
    site.post("/cancel/", ZOE | {"notify": "yes"}, **IN_FRENCH)
    run_jobs(at=NOON)
    (mail,) = outbox
    assert mail["Subject"] == "Votre déclaration est arrivée"
    assert "Reçu le\xa0: 23 novembre 2026, 13:00 (Europe/Berlin)" in plain(mail)


def test_a_customer_whose_language_nobody_here_speaks_is_written_to_in_the_businesss(juniper, site, outbox):
    Workspace.objects.filter(pk=juniper.pk).update(locale="fr")
    contract = subscribed(juniper, buyer=Buyer(email="worf@example.com", name="Worf", locale="tlh"))
    site.post(cancel_path(contract), {"when": "period_end"})
    run_jobs(at=NOON)
    assert f"Résilié : {contract.reference}" in [mail["Subject"] for mail in outbox]
