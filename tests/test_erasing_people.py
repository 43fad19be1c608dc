"""Erasing one person: every table is walked, and nothing is left of them but what the law wants kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CASCADE

from plainsail.accounts.models import AuditEntry, Membership, Role
from plainsail.accounts.services import api_keys
from plainsail.api.models import KeptAnswer
from plainsail.automations.models import AutomationVersion, Run, StepLog
from plainsail.automations.tests.factories import AutomationFactory
from plainsail.commerce.services.checkout import Buyer
from plainsail.commerce.tests import factories as commerce
from plainsail.contacts.models import (
    BulkAction,
    Contact,
    ContactExport,
    Engagement,
    Erasure,
    ImportedContact,
    ImportFault,
    ScoreEntry,
    SegmentMember,
    Suppression,
)
from plainsail.contacts.services import consent, contacts, erasing, fields, importing, merging
from plainsail.contacts.services.addresses import hashed
from plainsail.contacts.sockets import TAKEN_OUT
from plainsail.contacts.tests.factories import (
    ContactFactory,
    ContactTagFactory,
    ImportFactory,
    ListFactory,
    NoteFactory,
    SegmentFactory,
    TaskFactory,
)
from plainsail.deals.tests.factories import DealFactory, DealMoveFactory
from plainsail.hosting.tests import rows
from plainsail.kernel.models import EventRow, PendingEvent
from plainsail.kernel.personal_data import PERSONAL_DATA
from plainsail.kernel.tenancy import workspace
from plainsail.kernel.testing import run_jobs
from plainsail.mail.models import Delivery, Feedback, SealedBody
from plainsail.pages.models import Submission
from plainsail.pages.tests.factories import FormFactory
from plainsail.payments.models import PaymentMethod
from plainsail.portal.models import Grant, PortalSession, SignInLink
from plainsail.subscriptions.tests.factories import subscribed
from plainsail.tracking.models import Hit, ParkedLanding, Visitor

JULY = datetime(2026, 7, 1, 9, tzinfo=UTC)
ADDRESS, NAME, PHONE = "wilhelmina@quince.example", "Wilhelmina Quince", "+493519988776"
TRACES = (ADDRESS, "wilhelmina", "quince", "3519988776", "351 9988776")
BOOKS = {"commerce.order", "commerce.invoice", "commerce.creditnote"}
EMBEDDED = {"accounts.invitation", "hosting.export"}
"""About people who work here, never about contacts."""


def traces(business) -> dict[str, int]:
    """In how many rows of each table, of this business or of all, somebody's address, name or phone can be read."""
    found = {}
    with workspace(business), connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if not model._meta.managed and model._meta.db_table != "tracking_hit":
                continue
            name = model._meta.db_table
            binary = [f.column for f in model._meta.local_fields if f.get_internal_type() == "BinaryField"]
            text = " || ".join(["r.*::text", *(f"coalesce(encode(\"{one}\", 'escape'), '')" for one in binary)])
            cursor.execute(
                f'SELECT count(*) FROM "{name}" r WHERE lower({text}) LIKE ANY(%s)', [[f"%{one}%" for one in TRACES]]
            )
            (number,) = cursor.fetchone()
            if number:
                found[model._meta.label_lower] = number
        waiting = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND lower(args::text) LIKE ANY(%s)"
        cursor.execute(waiting, [[f"%{one}%" for one in TRACES]])
        if number := cursor.fetchone()[0]:
            found["jobs"] = number
    return found


def pointing_at(business, ids) -> dict[str, int]:
    """Rows by table that still bear the contact's id."""
    found = {}
    with workspace(business), connection.cursor() as cursor:
        for label, name in rows.all_tables().items():
            cursor.execute(
                f'SELECT count(*) FROM "{name}" r WHERE r.*::text LIKE ANY(%s)',
                [[f"%{form}%" for one in ids for form in (str(one), one.hex)]],
            )
            if number := cursor.fetchone()[0]:
                found[label] = number
    return found


def known_everywhere(business, ada) -> Contact:
    """Somebody with a row in every table that may hold a person, in the open workspace."""
    her = contacts.create(
        email=ADDRESS,
        fields={
            "first_name": "Wilhelmina",
            "last_name": "Quince",
            "phone": PHONE,
            "company": "Quince & Co",
            "notes": NAME,
        },
        source="manual",
        at=JULY,
    )
    topic = ListFactory()
    consent.add_with_basis(her, topic, basis=f"{NAME} signed at the fair", source="manual", at=JULY)
    fields.define(business, label="Nickname", kind="text", at=JULY)
    contacts.update(her, fields={}, custom={"nickname": "Wilhelmina"}, at=JULY)
    ContactTagFactory(contact=her)
    SegmentMember.objects.create(segment=SegmentFactory(), contact=her)
    Engagement.objects.update_or_create(contact=her, defaults={"visited_at": JULY})
    ScoreEntry.objects.create(contact=her, points=3, note=f"Talked to {NAME}", at=JULY)
    NoteFactory(contact=her, text=f"{NAME} likes blue", text_before=ADDRESS)
    TaskFactory(contact=her, what=f"Call {NAME}")
    made = ImportFactory()
    ImportFault.objects.create(origin=made, row=4, column="email", value=ADDRESS.upper(), reason="Odd")
    ImportFault.objects.create(origin=made, row=4, column="phone", value="0351 9988776 or so", reason="No phone")
    ImportedContact.objects.create(
        origin=made, contact_id=her.id, is_created=False, before={"first_name": "Wilhelmina"}
    )
    deal = DealFactory(contact=her, title=f"Tea set for {NAME}", lost_reason=NAME)
    DealMoveFactory(deal=deal, reason_before=NAME)
    visitor = Visitor.objects.create(visitor_id=her.id, contact=her, linked_at=JULY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tracking_make_month(make_date(2026, 7, 1))")
    hit = {"workspace_id": business.pk, "kind": "visit", "agent": "human", "at": JULY}
    Hit.objects.create(id=made.id, contact_id=her.id, url=f"https://x.example/?email={ADDRESS}", **hit)
    Hit.objects.create(id=topic.id, visitor_id=visitor.visitor_id, path=f"/thanks/{ADDRESS}", **hit)
    ParkedLanding.objects.create(row={"contact_id": str(her.id), "email": ADDRESS}, error="", parked_at=JULY)
    sent = {"stream": "transactional", "source_kind": "note", "due_at": JULY}
    for number, state in enumerate(("accepted", "queued", "failed")):
        letter = Delivery.objects.create(
            source_id=topic.id,
            occurrence=str(number),
            recipient_key=her.id.hex,
            contact_id=her.id,
            address=ADDRESS,
            subject=f"For {NAME}",
            state=state,
            reply=f"550 no {ADDRESS}",
            **sent,
        )
        SealedBody.objects.create(delivery=letter, sealed="x")
    Delivery.objects.create(source_id=made.id, recipient_key="hash", address=ADDRESS, state="accepted", **sent)
    Feedback.objects.create(
        digest="x",
        received_at=JULY,
        via="smtp",
        kind="bounce",
        words=f"<{ADDRESS}>: user unknown",
        excerpt=NAME,
        effect="suppressed",
        delivery_id=letter.id,
        contact_id=her.id,
        source_id=made.id,
    )
    form = FormFactory(workspace=business)
    sent = {"form": form, "form_version": 1, "consent": "", "at": JULY}
    Submission.objects.create(landing_id=topic.id, contact=her, values={"name": NAME}, ip="203.0.113.7", **sent)
    Submission.objects.create(landing_id=form.id, values={"email": ADDRESS}, **sent)
    SignInLink.objects.create(contact=her, email=ADDRESS, ip="", expires_at=JULY)
    PortalSession.objects.create(contact=her, key_hash="x" * 40, host="x", expires_at=JULY, seen_at=JULY)
    Grant.objects.create(contact=her, resource="x", source_kind="x", source_id=form.id, starts_at=JULY)
    other = str(form.id)
    BulkAction.objects.create(kind="tag", state="running", asked={"ids": [str(her.id), other], "text": ADDRESS})
    ContactExport.objects.create(asked={"text": NAME})
    automation = AutomationFactory()
    version = AutomationVersion.objects.create(automation=automation, number=1, document={}, published_at=JULY)
    of = {"automation": automation, "version": version, "due_at": JULY, "entered_at": JULY}
    run = Run.objects.create(contact=her, entry="once", error=NAME, **of)
    StepLog.objects.create(run=run, automation=automation, step="x", outcome="done", note=NAME, at=JULY)
    event = EventRow.objects.create(name="x", contact_id=her.id, at=JULY, payload={"email": ADDRESS})
    EventRow.objects.create(name="x", at=JULY, payload={"email": ADDRESS})
    PendingEvent.objects.create(event=event, subscriber="x", due_at=JULY, error=NAME)
    key, _secret = api_keys.make(
        business, name="Key", scopes=["contacts:write"], of=Membership.objects.get(user=ada), by=ada, at=JULY
    )
    KeptAnswer.objects.create(
        key=key, name="x", fingerprint="x", content=f'{{"email": "{ADDRESS}"}}'.encode(), asked_at=JULY
    )
    return her


def test_every_table_that_may_hold_a_person_is_covered():
    deleted = {label for label, answer in PERSONAL_DATA.items() if answer.erase == "delete" and answer.fields}
    anonymised = {label for label, answer in PERSONAL_DATA.items() if answer.erase == "anonymise"}
    loose = {model._meta.label_lower for model in erasing.loosely_tied()}
    covered = set(dict(TAKEN_OUT.items())) | loose | {"contacts.contact"}
    while (
        more := {
            model._meta.label_lower
            for model in apps.get_models()
            for field in model._meta.local_fields
            if field.is_relation and field.remote_field.on_delete is CASCADE
            if field.related_model._meta.label_lower in covered - anonymised
        }
        - covered
    ):
        covered |= more
    assert deleted - covered - EMBEDDED == set()
    assert anonymised - set(dict(TAKEN_OUT.items())) == set()


def test_nothing_is_left_of_somebody_who_bought_nothing(juniper, ada, tmp_path):
    with workspace(juniper):
        her = known_everywhere(juniper, ada)
        other = ContactFactory(email="other@example.com", first_name="Willa")
        NoteFactory(contact=other, text="Stays")
    before = traces(juniper)
    assert len(before) > 15, before
    with workspace(juniper):
        made = erasing.erase(her, typed=f" {ADDRESS.title()} ", by=ada, at=JULY)
    assert traces(juniper) == {}
    assert pointing_at(juniper, [her.id]) == {}
    with workspace(juniper):
        assert Contact.objects.get() == other
        assert BulkAction.objects.get().asked["ids"][0] == "00000000-0000-0000-0000-000000000000"
        assert Suppression.objects.get().address_hash == hashed(ADDRESS) == made.address_hash
        assert {"contacts.contact", "contacts.note", "contacts.importfault", "mail.delivery"} <= set(
            made.certificate["rows"]
        )
        assert made.proofs == [
            {
                "act": "imported",
                "list": made.proofs[0]["list"],
                "wording": "… signed at the fair",
                "source": "manual",
                "at": JULY.isoformat(),
            }
        ]
        assert set(Delivery.objects.values_list("state", flat=True)) == {"accepted", "excluded", "failed"}
        assert AuditEntry.objects.get(action="contacts.erased").subject == str(made.id)


def test_of_a_buyer_only_the_books_stay_and_the_page_says_so_before(juniper, ada, as_ada):
    buyer = Buyer(email=ADDRESS, name=NAME, country="DE")
    commerce.bought(juniper, buyer=buyer)
    run_jobs()
    with workspace(juniper):
        her = Contact.objects.get(email=ADDRESS)
        method = PaymentMethod.objects.get()
    page = as_ada.get(f"/w/juniper/contacts/{her.id}/erasure/").content.decode()
    assert "Invoices and credit notes" in page
    assert "Tax law: books are kept for years." in page
    answer = as_ada.post(f"/w/juniper/contacts/{her.id}/erasure/", {"email": ADDRESS})
    assert answer.status_code == 302
    run_jobs()
    assert set(traces(juniper)) <= BOOKS
    with workspace(juniper):
        method.refresh_from_db()
        assert (method.state, method.last4) == ("detached", "")
        kept = {one["label"]: one["until"] for one in Erasure.objects.get().certificate["kept"]}
    assert kept["Invoices and credit notes"] is not None
    certificate = as_ada.get(answer["Location"])
    assert "Invoices and credit notes" in certificate.content.decode()
    sheet = as_ada.get(f"{answer['Location']}certificate.pdf")
    assert (sheet["Content-Type"], sheet.content[:4]) == ("application/pdf", b"%PDF")


def test_a_contract_that_runs_comes_first(juniper, as_ada):
    contract = subscribed(juniper, buyer=Buyer(email=ADDRESS, name=NAME, country="DE"))
    with workspace(juniper):
        her = Contact.objects.get(email=ADDRESS)
    path = f"/w/juniper/contacts/{her.id}/erasure/"
    assert "1 contract still runs." in as_ada.get(path).content.decode()
    assert as_ada.post(path, {"email": ADDRESS}).status_code == 422
    with workspace(juniper):
        contract.refresh_from_db()
        assert contract.account.email == ADDRESS


class TestErasing:
    @pytest.fixture
    def her(self, in_juniper) -> Contact:
        return ContactFactory(email=ADDRESS, first_name="Wilhelmina", last_name="Quince")

    def test_another_address_is_refused_and_nothing_goes(self, as_ada, her):
        for typed in ("other@example.com", "", "x"):
            assert as_ada.post(f"/w/juniper/contacts/{her.id}/erasure/", {"email": typed}).status_code == 422
        assert Contact.objects.get() == her

    def test_only_owners_and_admins_erase(self, as_ben, ben, her):
        path = f"/w/juniper/contacts/{her.id}/erasure/"
        assert as_ben.post(path, {"email": ADDRESS}).status_code == 403
        Membership.objects.filter(user=ben).update(role=Role.ADMIN)
        assert as_ben.post(path, {"email": ADDRESS}).status_code == 302
        assert not Contact.objects.exists()

    def test_whoever_was_merged_into_them_goes_too(self, her):
        twin = ContactFactory(email="mina@quince.example")
        merging.merge(her, twin, at=JULY)
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
        assert not Contact.objects.exists()
        assert Suppression.objects.count() == 2

    def test_an_import_that_waits_with_their_address_comes_first(self, her, in_juniper):
        made = importing.receive(
            in_juniper, chunks=[f"email,name\n{ADDRESS.upper()},Mina\n".encode()], name="old.csv", by=None, at=JULY
        )
        with pytest.raises(erasing.NotYet) as caught:
            erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
        assert "old.csv" in str(caught.value)
        importing.cancel(made, at=JULY)
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)

    def test_somebody_erased_may_come_back_by_themselves_and_an_old_list_can_not_bring_them(self, her, in_juniper):
        topic = ListFactory()
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
        again = contacts.find_or_create(email=ADDRESS, source="import", at=JULY)
        assert not consent.add_with_basis(again, topic, basis="An old list", source="import", at=JULY)
        assert not Contact.objects.mailable(topic).exists()
        consent.ask(again, [topic], proof=consent.Proof(), at=JULY)
        consent.confirm(again.memberships.get(), at=JULY)
        assert Contact.objects.mailable(topic).get() == again

    def test_archives_of_contacts_go(self, her, in_juniper):
        export = ContactExport.objects.create(state="ready", expires_at=JULY)
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
        export.refresh_from_db()
        assert export.state == "gone"

    def test_the_proof_goes_after_three_years(self, her):
        made = erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
        assert erasing.forget(at=JULY + timedelta(days=3 * 365)) == made.kept_until
        assert erasing.forget(at=made.kept_until) is None
        assert not Erasure.objects.exists()

    def test_a_page_of_a_stranger_shows_nothing(self, as_cleo, her):
        assert as_cleo.get(f"/w/juniper/contacts/{her.id}/erasure/").status_code == 404
