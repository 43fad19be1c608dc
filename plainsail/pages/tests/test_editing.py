"""Editing: operations on a revision, all of it undoable, nothing lost when two people write at once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from plainsail.blocks.services import histories
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.pages.models import Page, PageRevision
from plainsail.pages.services import editing, pages
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory


@pytest.fixture
def page(in_juniper):
    return PageFactory(workspace=in_juniper)


def hero(page):
    return page.document.blocks[0]


def set_heading(page, words, *, revision=None):
    operation = {"op": "set", "block": hero(page).id, "path": ["heading"], "value": words}
    return editing.apply(page, [operation], revision=page.revision if revision is None else revision, by=None, at=NOW)


def heading(page):
    return Page.objects.get(id=page.id).document.blocks[0].props["heading"]


def test_an_edit_changes_the_draft_and_is_written_into_the_history(page, ada):
    operation = {"op": "set", "block": hero(page).id, "path": ["heading"], "value": "Hello"}
    later = NOW + timedelta(minutes=1)

    editing.apply(page, [operation], revision=1, by=ada, at=later)

    stored = Page.objects.get(id=page.id)
    step = PageRevision.objects.get(page=page, number=2)
    assert heading(page) == "Hello"
    assert (stored.revision, stored.edited_at) == (2, later)
    assert (step.kind, step.by, step.operations) == ("edit", ada, [operation])


def test_undo_and_redo_walk_through_the_edits(page):
    before = heading(page)
    for words in ("One", "Two", "Three"):
        set_heading(page, words)

    seen = []
    for step in (editing.undo, editing.undo, editing.redo, editing.undo, editing.undo, editing.redo):
        step(page, revision=page.revision, by=None, at=NOW)
        seen.append(heading(page))

    assert seen == ["Two", "One", "Two", "One", before, "One"]
    assert page.revisions.count() == 10


def test_a_new_edit_forgets_what_could_be_redone(page):
    set_heading(page, "One")
    editing.undo(page, revision=page.revision, by=None, at=NOW)
    set_heading(page, "Other")

    with pytest.raises(histories.NothingToUndo):
        editing.redo(page, revision=page.revision, by=None, at=NOW)


def test_a_fresh_page_has_nothing_to_undo(page):
    with pytest.raises(histories.NothingToUndo):
        editing.undo(page, revision=page.revision, by=None, at=NOW)


def test_a_version_is_restored_and_restoring_can_be_undone(page):
    original = heading(page)
    set_heading(page, "Spring")
    spring = editing.name_version(page, name="Spring sale", by=None, at=NOW)
    set_heading(page, "Summer")

    editing.restore(page, number=spring.number, revision=page.revision, by=None, at=NOW)
    assert heading(page) == "Spring"
    editing.undo(page, revision=page.revision, by=None, at=NOW)
    assert heading(page) == "Summer"
    editing.restore(page, number=1, revision=page.revision, by=None, at=NOW)
    assert heading(page) == original


def test_a_step_that_is_no_version_can_not_be_restored(page):
    set_heading(page, "One")

    with pytest.raises(editing.NoSuchVersion):
        editing.restore(page, number=2, revision=page.revision, by=None, at=NOW)


def test_a_form_of_this_business_may_be_chosen(page, in_juniper):
    form = FormFactory(workspace=in_juniper)
    block = next(block for block in page.document.blocks if block.type == "form")

    edited = editing.apply(
        page, [{"op": "set", "block": block.id, "path": ["form"], "value": str(form.id)}], revision=1, by=None, at=NOW
    )

    assert edited.after.find(block.id).props["form"] == str(form.id)


def test_a_form_of_another_business_may_not(juniper, acme, in_workspace):
    with in_workspace(acme):
        foreign = FormFactory(workspace=acme)
    with in_workspace(juniper):
        page = PageFactory(workspace=juniper)
        block = next(block for block in page.document.blocks if block.type == "form")
        for stranger in (foreign.id, uuid4()):
            operation = {"op": "set", "block": block.id, "path": ["form"], "value": str(stranger)}
            with pytest.raises(editing.UnknownReference):
                editing.apply(page, [operation], revision=1, by=None, at=NOW)


@pytest.mark.parametrize(
    "operations",
    [[], [{}], [None], [[]], "set", [{"op": "set"}], [{"op": "delete", "block": "b0"}] * 2, [{"op": "x" * 10_000}]],
)
def test_garbage_is_refused_and_changes_nothing(page, operations):
    with pytest.raises(InvalidOperation):
        editing.apply(page, operations, revision=1, by=None, at=NOW)

    assert Page.objects.get(id=page.id).revision == 1


def test_huge_words_are_refused_at_their_field(page):
    with pytest.raises(InvalidDocument) as refusal:
        set_heading(page, "x" * 1_000_000)

    assert list(refusal.value.errors) == [f"blocks.{hero(page).id}.props.heading"]


def test_words_that_postgresql_can_not_store_lose_what_is_unstorable(page):
    set_heading(page, "a\x00b\ud800c")

    assert heading(page) == "abc"


def test_a_copy_lives_its_own_life(page):
    copied = pages.copy(page, by=None, at=NOW)

    set_heading(copied, "Only here")

    assert heading(page) != "Only here"
    assert copied.path != page.path
