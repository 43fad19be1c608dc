"""Letters and papers: a receipt for every payment, once, with what was agreed to and how to stop it."""

from __future__ import annotations

import pytest

from plainsail.commerce import sockets
from plainsail.commerce.services import collecting, invoicing, receipts, refunding
from plainsail.commerce.services.invoicing import LineSpec
from plainsail.commerce.sockets import ReceiptNote
from plainsail.commerce.tests.factories import NOON, bought, euros
from plainsail.kernel.crypto import BadToken, sign
from plainsail.kernel.models import Workspace
from plainsail.kernel.registry import Registry
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery
from plainsail.mail.services import notices


def letter_of(of, subject):
    with workspace(of):
        made = receipts.receipt(subject, at=NOON)
        return receipts._letter(made, subject, [receipts._opening(made)]).text


def letters(of, kind: str) -> int:
    with workspace(of):
        return Delivery.objects.filter(source_kind=kind).count()


def test_a_receipt_names_amount_tax_terms_and_where_to_look(juniper):
    text = letter_of(juniper, bought(juniper))
    assert "Full weekend: €175.00" in text
    assert "You agreed to this: I buy “Full weekend” from Juniper Pottery Studio for €175.00, paid once." in text
    assert "http://juniper.localhost:8000/receipt/" in text
    assert "no money moved" in text


def test_every_payment_has_its_receipt_once(juniper):
    order = bought(juniper)
    run_jobs(at=NOON)
    with workspace(juniper):
        receipts.send(order.invoices.get(), at=NOON)
        spec = LineSpec(description="Studio club", unit=euros(2900))
        renewal = invoicing.issue(order.billing_account, lines=[spec], at=NOON)
    collecting.charge(juniper.pk, renewal.pk, method_id=order.method_id, initiator="merchant", at=NOON)
    run_jobs(at=NOON)
    assert letters(juniper, "commerce.receipt") == 2
    assert "Your payment went through" in letter_of(juniper, renewal)


def test_the_page_of_an_invoice_that_nobody_paid_yet_says_what_is_open(juniper, site_client):
    order = bought(juniper)
    with workspace(juniper):
        spec = LineSpec(description="Studio club", unit=euros(2900))
        renewal = invoicing.issue(order.billing_account, lines=[spec], at=NOON)
    page = site_client.get(f"/receipt/{receipts.token_of(renewal)}/").content.decode()
    assert ("Your invoice" in page, "€29.00 is still to be paid." in page, "Thank you" in page) == (True, True, False)
    collecting.charge(juniper.pk, renewal.pk, method_id=order.method_id, initiator="merchant", at=NOON)
    run_jobs(at=NOON)
    page = site_client.get(f"/receipt/{receipts.token_of(renewal)}/").content.decode()
    assert ("is still to be paid" in page, "Thank you" in page) == (False, True)


def test_a_refund_is_announced_once(juniper):
    order = bought(juniper)
    with workspace(juniper):
        refunding.refund_order(order, amount=euros(5000), reason="Rain", at=NOON)
    for _twice in range(2):
        run_jobs(at=NOON)
    assert letters(juniper, "commerce.refund") == 1


def test_contracts_put_their_way_out_on_receipts(juniper, monkeypatch, site_client):
    registry: Registry[sockets.ReceiptNotes] = Registry("commerce.receipt_notes")
    note = ReceiptNote("You can cancel at any time.", "Cancel here", "http://juniper.localhost:8000/cancel/abc/")
    registry.register("tests", lambda invoice, order, *, at: [note])
    monkeypatch.setattr(receipts, "RECEIPT_NOTES", registry)
    order = bought(juniper)
    assert "You can cancel at any time. Cancel here: http://juniper.localhost:8000/cancel/abc/" in letter_of(
        juniper, order
    )
    page = site_client.get(f"/receipt/{receipts.token_of(order)}/").content.decode()
    assert 'href="http://juniper.localhost:8000/cancel/abc/"' in page


def test_a_receipt_s_address_never_changes_and_fits_no_other(juniper):
    order, other = bought(juniper), bought(juniper)
    assert receipts.token_of(order) == receipts.token_of(order) != receipts.token_of(other)
    with workspace(juniper):
        assert receipts.subject_of(receipts.token_of(order)).pk == order.pk
        for forged in (sign("commerce.receipt", b"o" + b"\0" * 16), sign("commerce.receipt", b"x" * 17), "", "é"):
            with pytest.raises(BadToken):
                receipts.subject_of(forged)


def test_a_buyer_of_whom_no_language_is_known_is_written_to_in_the_businesss(juniper, outbox):
    Workspace.objects.filter(pk=juniper.pk).update(locale="de")
    order = bought(juniper)
    with workspace(juniper):
        refunding.refund_order(order, amount=euros(5000), reason="Regen", at=NOON)
        assert order.invoices.get().document["locale"] == "de"
    run_jobs(at=NOON)
    assert sorted(mail["Subject"].partition(":")[0] for mail in outbox) == ["Ihr Beleg", "Ihre Erstattung"]


def test_a_businesss_own_words_open_the_receipt_and_the_facts_stay(juniper, outbox):
    with workspace(juniper):
        words = {"subject": "Paid: {{amount}}", "body": "Wonderful. {{business}} thanks you."}
        notices.reword(receipts.LETTER, "en", at=NOON, **words)
    bought(juniper)
    run_jobs(at=NOON)
    (receipt,) = [message for message in outbox if message["Subject"].startswith("Paid: ")]
    text = receipt.get_body(("plain",)).get_content()
    assert "Wonderful. Juniper Pottery Studio thanks you." in text
    assert "Total: €175.00" in text


def test_a_refund_is_not_announced_where_the_notice_is_switched_off(juniper):
    order = bought(juniper)
    with workspace(juniper):
        notices.switch(receipts.REFUND_LETTER, is_on=False)
        refunding.refund_order(order, amount=euros(5000), reason="Rain", at=NOON)
    run_jobs(at=NOON)
    assert letters(juniper, "commerce.refund") == 0
