"""A form post becomes a contact with pending consent: once, with its proof, or not at all."""

from __future__ import annotations

from uuid import uuid4

import pytest

from plainsail.contacts.models import ConsentEntry, Contact
from plainsail.kernel.ids import new_id
from plainsail.kernel.models import EventRow
from plainsail.pages.models import Submission
from plainsail.pages.services import forms, publishing, submissions
from plainsail.pages.services.submissions import Visit
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory
from plainsail.tracking.models import Landing


@pytest.fixture
def form(in_juniper):
    return FormFactory(workspace=in_juniper)


def receive(form, values, *, landing_id=None, visit=None):
    return submissions.receive(form, values, landing_id=landing_id or new_id(), visit=visit or Visit(), at=NOW)


def test_a_post_makes_a_contact_whose_consent_is_pending(form):
    visit = Visit(path="/course", ip="203.0.113.7", user_agent="Firefox")

    submission = receive(form, {"email": " Grace@Example.com ", "first_name": "Grace"}, visit=visit)

    contact = Contact.objects.get()
    proof = ConsentEntry.objects.get()
    assert (contact.email, contact.first_name) == ("grace@example.com", "Grace")
    assert (proof.act, proof.wording, proof.ip, proof.source) == (
        "asked",
        form.consent,
        "203.0.113.7",
        f"form:{form.id}",
    )
    assert (submission.contact, submission.form_version, submission.consent) == (contact, 1, form.consent)


def test_the_same_post_twice_is_accepted_once(form):
    landing_id = new_id()

    first = receive(form, {"email": "grace@example.com"}, landing_id=landing_id)
    second = receive(form, {"email": "grace@example.com"}, landing_id=landing_id)

    assert first == second
    assert Submission.objects.count() == 1
    assert EventRow.objects.filter(name="pages.form_submitted").count() == 1


def test_an_accepted_post_is_told_with_page_and_contact(in_juniper):
    page = PageFactory(workspace=in_juniper, path="/course")
    publishing.publish(page, by=None, at=NOW)

    submission = receive(page.workspace.forms.get(), {"email": "grace@example.com"}, visit=Visit(path="/course"))

    told = EventRow.objects.get(name="pages.form_submitted")
    assert submission.page == page
    assert told.contact_id == submission.contact_id
    assert told.payload["page_id"] == str(page.id)


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({}, {"email": "Please fill this in."}),
        ({"email": "  "}, {"email": "Please fill this in."}),
        (
            {"email": "not an address"},
            {"email": "This doesn’t look like an e-mail address. Is there an @ and a dot in it?"},
        ),
        (
            {"email": "a@b.example\nBcc: all@example.com"},
            {"email": "This doesn’t look like an e-mail address. Is there an @ and a dot in it?"},
        ),
        ({"email": "a" * 300 + "@example.com"}, {"email": "At most 254 characters, please."}),
        ({"email": "a@example.com", "first_name": "x" * 101}, {"first_name": "At most 100 characters, please."}),
        ({"email": ["a@example.com"]}, {"email": "Please fill this in."}),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(form, values, errors):
    with pytest.raises(forms.InvalidSubmission) as refusal:
        receive(form, values)

    assert refusal.value.errors == errors
    assert not Submission.objects.exists()


def test_what_the_form_does_not_ask_for_is_not_kept(form):
    submission = receive(form, {"email": "a@example.com", "score": "1000", "_page": "/x", "is_admin": "1"})

    assert submission.values == {"email": "a@example.com", "first_name": ""}


def test_a_page_that_is_gone_leaves_the_submission_without_one(form):
    assert receive(form, {"email": "a@example.com"}, visit=Visit(page_id=uuid4())).page is None


def landed(form, values, **fields):
    payload = {"form_id": str(form.id), "version": 1, "values": values}
    return Landing(
        id=new_id(), workspace_id=form.workspace_id, kind="form", at=NOW, path="/course", payload=payload, **fields
    )


def test_a_post_that_the_edge_committed_is_taken_in_once(form):
    row = landed(form, {"email": "grace@example.com"}, ip="203.0.113.7", user_agent="Firefox")

    submissions.take_in(row)
    submissions.take_in(row)

    submission = Submission.objects.get()
    assert (submission.landing_id, submission.at, submission.ip) == (row.id, NOW, "203.0.113.7")


@pytest.mark.parametrize("form_id", ["", "nonsense", None, "447eadb8-8ce0-4e67-8f2d-43f4a650ae3e"])
def test_a_landed_post_of_an_unknown_form_is_refused(form, form_id):
    row = landed(form, {"email": "grace@example.com"})
    row.payload["form_id"] = form_id

    with pytest.raises(submissions.UnknownForm):
        submissions.take_in(row)


def test_a_landed_post_that_does_not_fit_is_refused_whole(form):
    with pytest.raises(forms.InvalidSubmission):
        submissions.take_in(landed(form, {"email": "nonsense"}))

    assert not Contact.objects.exists()
