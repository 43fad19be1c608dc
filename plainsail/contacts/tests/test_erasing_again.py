"""Somebody who was erased, and whom an older backup brings back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plainsail.contacts.models import Contact, Erasure, Suppression
from plainsail.contacts.services import contacts, erased_list, erasing, erasing_again, importing, merging
from plainsail.contacts.tests.factories import ContactFactory
from plainsail.kernel import clock, environment, erasures
from plainsail.kernel.models import Due
from plainsail.kernel.tenancy import workspace

MARCH, JULY = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 7, 1, 9, tzinfo=UTC)
ADDRESS = "wilhelmina@quince.example"


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    """The list of this test alone."""
    found = tmp_path / "backups" / environment.ERASURES
    monkeypatch.setattr(type(environment.current()), "erasures", property(lambda self: found))
    return found


@pytest.fixture
def her(in_juniper):
    return ContactFactory(email=ADDRESS, created_at=MARCH)


@pytest.fixture
def gone(her, django_capture_on_commit_callbacks):
    """She was erased in July; nothing that a backup overwrites knows of it any more."""
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
    Erasure.objects.all().delete()
    Suppression.objects.all().delete()


def test_the_list_says_that_somebody_was_erased_and_not_who(her, path, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
    (entry,) = erasures.people(path)
    assert (entry.workspace_id, entry.at, entry.is_suppressed) == (her.workspace_id, JULY, True)
    assert "quince" not in path.read_text()
    # A program that knows businesses alone must not take a person's line for one.
    assert erasures.listed(path) == {}


def test_an_erasure_that_fails_is_not_on_the_list(her, path, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(erasing.AnotherAddress):
        erasing.erase(her, typed="other@example.com", by=None, at=JULY)
    assert not path.exists()


def test_a_restored_person_who_was_erased_is_erased_again(gone, in_juniper, caplog):
    back = ContactFactory(email=ADDRESS, created_at=MARCH)
    other = ContactFactory(email="other@example.com", created_at=MARCH)
    erasing_again.replay()
    with workspace(in_juniper):
        assert list(Contact.objects.all()) == [other]
        assert Erasure.objects.get().erased_at == JULY
        assert Suppression.objects.get().address_hash == back.address_hash
    assert "a restored person is erased again" in caplog.text
    assert "quince" not in caplog.text


def test_both_of_two_who_were_merged_since_the_backup_are_erased_again(
    her, in_juniper, django_capture_on_commit_callbacks
):
    twin = ContactFactory(email="mina@quince.example", created_at=MARCH)
    merging.merge(her, twin, at=JULY)
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
    ContactFactory(email=ADDRESS, created_at=MARCH)
    ContactFactory(email="mina@quince.example", created_at=MARCH)
    erasing_again.replay()
    with workspace(in_juniper):
        assert not Contact.objects.exists()


def test_somebody_who_came_back_by_themselves_stays(gone, in_juniper):
    again = contacts.find_or_create(email=ADDRESS, source="form", at=JULY + timedelta(days=1))
    Contact.objects.update(created_at=JULY + timedelta(days=1))
    erasing_again.replay()
    with workspace(in_juniper):
        assert Contact.objects.get() == again


def test_somebody_of_another_business_stays(juniper, acme, path, django_capture_on_commit_callbacks):
    with workspace(juniper), django_capture_on_commit_callbacks(execute=True):
        erasing.erase(ContactFactory(email=ADDRESS, created_at=MARCH), typed=ADDRESS, by=None, at=JULY)
    with workspace(acme):
        ContactFactory(email=ADDRESS, created_at=MARCH)
    erasing_again.replay()
    with workspace(acme):
        assert Contact.objects.count() == 1


def test_what_stands_in_the_way_is_told_and_tried_again_the_next_day(gone, in_juniper, caplog):
    ContactFactory(email=ADDRESS, created_at=MARCH)
    made = importing.receive(in_juniper, chunks=[f"email\n{ADDRESS}\n".encode()], name="old.csv", by=None, at=MARCH)
    erasing_again.replay()
    assert "a restored person waits to be erased again" in caplog.text
    assert Due.objects.filter(workspace_id=in_juniper.pk, kind=erasing_again.AGAIN).exists()
    with workspace(in_juniper):
        importing.cancel(made, at=JULY)
        assert erasing_again.again(at=clock.now()) is None
        assert not Contact.objects.exists()


def test_nobody_asked_for_is_erased_again_without_stopping_their_mail(
    her, in_juniper, django_capture_on_commit_callbacks
):
    contacts.delete(her, at=JULY)
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase_deleted(her, at=JULY)
    ContactFactory(email=ADDRESS, created_at=MARCH)
    erasing_again.replay()
    with workspace(in_juniper):
        assert not Contact.objects.exists()
        assert not Suppression.objects.exists()


def test_erasures_from_before_there_was_a_list_are_written_down(her, path, in_juniper):
    erasing.erase(her, typed=ADDRESS, by=None, at=JULY)
    assert not path.exists()
    erasing_again.replay()
    erasing_again.replay()
    with workspace(in_juniper):
        assert [(one.at, one.is_suppressed) for one in erased_list.own()] == [(JULY, True)]
    assert len([line for line in path.read_text().splitlines() if line]) == 1


def test_lists_of_people_and_businesses_are_brought_together_line_by_line(gone, path, in_juniper, tmp_path):
    erasures.add(path, {in_juniper.pk: JULY})
    with path.open("a") as file:
        file.write('{"business": "')
    other = tmp_path / "other" / "erasures.jsonl"
    erasures.merge(path, other)
    erasures.merge(path, other)
    assert erasures.people(other) == erasures.people(path)
    assert erasures.made_since(other, MARCH) == (1, 1)
    assert erasures.made_since(other, JULY) == (0, 0)
