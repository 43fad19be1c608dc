"""Two people at one page: what doesn't meet is merged, what meets comes back, nothing is written over, each undoes their own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from plainsail.blocks.services import histories
from plainsail.blocks.services.operations import InvalidOperation
from plainsail.pages.models import Page
from plainsail.pages.services import editing
from plainsail.pages.tests.factories import NOW, PageFactory


@pytest.fixture
def page(in_juniper):
    return PageFactory(workspace=in_juniper)


@pytest.fixture
def ids(page):
    return [block.id for block in page.document.blocks]


def edit(page, *changes, revision=None, by=None, token=None):
    mine = Page.objects.get(id=page.id)
    at_revision = mine.revision if revision is None else revision
    return editing.apply(mine, changes, revision=at_revision, by=by, at=NOW, token=token)


def words(block, text, setting="heading"):
    return {"op": "set", "block": block, "path": [setting], "value": text}


def stored(page):
    return Page.objects.get(id=page.id).document


def order(page):
    return [block.id for block in stored(page).blocks]


def undo(page, by):
    mine = Page.objects.get(id=page.id)
    return editing.undo(mine, revision=mine.revision, by=by, at=NOW)


def redo(page, by):
    mine = Page.objects.get(id=page.id)
    return editing.redo(mine, revision=mine.revision, by=by, at=NOW)


def test_changes_of_different_sections_are_merged(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)

    edited = edit(page, words(ids[1], "Ben’s"), revision=1, by=ben)

    assert edited.met == []
    assert [stored(page).find(each).props["heading"] for each in ids[:2]] == ["Ada’s", "Ben’s"]
    # Ben's window knew revision 1: it is told of Ada's words too.
    assert edited.before.find(ids[0]).props["heading"] != "Ada’s"


def test_changes_of_different_settings_of_one_section_are_merged(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)
    edit(page, words(ids[0], "Ben’s", "button"), revision=1, by=ben)

    props = stored(page).find(ids[0]).props
    assert (props["heading"], props["button"]) == ("Ada’s", "Ben’s")


def test_the_same_words_changed_twice_come_back_and_are_not_written_over(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)

    edited = edit(page, words(ids[0], "Ben’s"), words(ids[1], "Also Ben’s"), revision=1, by=ben)

    assert stored(page).find(ids[0]).props["heading"] == "Ada’s"
    assert stored(page).find(ids[1]).props["heading"] == "Also Ben’s"
    [met] = edited.met
    assert (met.operation["value"], met.step.by) == ("Ben’s", ada)


def test_words_for_a_section_that_is_gone_come_back(page, ids, ada, ben):
    edit(page, {"op": "delete", "block": ids[0]}, revision=1, by=ada)

    edited = edit(page, words(ids[0], "Ben’s"), revision=1, by=ben)

    assert [met.operation["value"] for met in edited.met] == ["Ben’s"]
    assert ids[0] not in order(page)


def test_a_section_is_not_deleted_under_the_hands_of_somebody_who_writes_in_it(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)

    edited = edit(page, {"op": "delete", "block": ids[0]}, revision=1, by=ben)

    assert [met.operation["op"] for met in edited.met] == ["delete"]
    assert stored(page).find(ids[0]).props["heading"] == "Ada’s"


def test_a_new_section_stands_behind_the_one_it_was_put_behind(page, ids, ada, ben):
    edit(page, {"op": "move", "block": ids[0], "to": len(ids) - 1}, revision=1, by=ada)

    edit(page, {"op": "add", "type": "divider", "at": 2}, revision=1, by=ben)

    now = order(page)
    assert now.index(next(each for each in now if each not in ids)) == now.index(ids[1]) + 1


def test_later_words_in_a_section_whose_first_words_met_come_back_too(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)

    edited = edit(page, words(ids[0], "Ben’s"), words(ids[0], "Ben’s", "button"), revision=1, by=ben)

    assert len(edited.met) == 2
    assert stored(page).find(ids[0]).props["button"] != "Ben’s"


def test_a_request_that_arrives_twice_is_made_once(page, ids):
    token = uuid4()
    add = {"op": "add", "type": "divider", "at": 0}

    first = edit(page, add, revision=1, token=token)
    again = edit(page, add, revision=1, token=token)

    assert order(page) == [block.id for block in first.after.blocks] == [block.id for block in again.after.blocks]
    assert (first.row.revision, again.row.revision) == (2, 2)


def test_a_request_that_arrives_again_after_others_have_written_says_what_it_met_the_first_time(page, ids, ada, ben):
    token = uuid4()
    mine = (words(ids[0], "Ben’s"), words(ids[1], "Also Ben’s"))
    edit(page, words(ids[0], "Ada’s"), revision=1, by=ada)
    edit(page, *mine, revision=1, by=ben, token=token)
    edit(page, words(ids[1], "Ada’s again"), by=ada)

    again = edit(page, *mine, revision=1, by=ben, token=token)

    assert [met.operation["value"] for met in again.met] == ["Ben’s"]
    assert stored(page).find(ids[1]).props["heading"] == "Ada’s again"


def test_each_undoes_their_own(page, ids, ada, ben):
    before = [stored(page).find(each).props["heading"] for each in ids[:2]]
    edit(page, words(ids[0], "Ada’s"), by=ada)
    edit(page, words(ids[1], "Ben’s"), by=ben)

    undo(page, ada)
    assert [stored(page).find(each).props["heading"] for each in ids[:2]] == [before[0], "Ben’s"]
    with pytest.raises(histories.NothingToUndo):
        undo(page, ada)
    redo(page, ada)
    undo(page, ben)
    assert [stored(page).find(each).props["heading"] for each in ids[:2]] == ["Ada’s", before[1]]


def test_undo_never_takes_the_words_of_somebody_else(page, ids, ada, ben):
    edit(page, words(ids[0], "Ada’s"), by=ada)
    edit(page, words(ids[0], "Ben’s"), by=ben)

    with pytest.raises(histories.ChangedSince):
        undo(page, ada)

    assert stored(page).find(ids[0]).props["heading"] == "Ben’s"


def test_what_was_undone_and_brought_back_beside_others_can_be_undone_again(page, ids, ada, ben):
    before = stored(page).find(ids[0]).props["heading"]
    edit(page, words(ids[0], "Ada’s"), by=ada)
    undo(page, ada)
    edit(page, {"op": "delete", "block": ids[1]}, by=ben)
    redo(page, ada)
    edit(page, {"op": "add", "type": "divider", "at": 0}, by=ben)

    undo(page, ada)

    assert stored(page).find(ids[0]).props["heading"] == before
    assert ids[1] not in order(page)


def test_a_revision_that_never_was_is_refused(page, ids):
    for revision in (2, 1000):
        with pytest.raises(editing.Stale):
            edit(page, words(ids[0], "x"), revision=revision)


@pytest.mark.parametrize("changes", [(), ({},), (None,), ({"op": "set", "block": "nothing", "path": ["heading"]},)])
def test_garbage_on_an_old_revision_is_refused(page, ids, changes):
    edit(page, words(ids[0], "One"))

    with pytest.raises(InvalidOperation):
        edit(page, *changes, revision=1)
