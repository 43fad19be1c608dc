"""Pages go live and off by themselves, go back to what they were, and never go down because one can't be rendered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plainsail.blocks.services import rendering
from plainsail.kernel.models import Due
from plainsail.pages.models import Page, PublishedSnapshot
from plainsail.pages.services import editing, publishing
from plainsail.pages.tests.factories import NOW, PageFactory

HOUR = timedelta(hours=1)


@pytest.fixture
def page(in_juniper):
    return PageFactory(workspace=in_juniper, path="/course")


def publish(page, at=NOW):
    return publishing.publish(page, by=None, at=at)


def set_heading(page, words):
    operation = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": words}
    editing.apply(page, [operation], revision=page.revision, by=None, at=NOW)


def body(page):
    return bytes(PublishedSnapshot.objects.get(page=page).body).decode()


def break_rendering(monkeypatch, words="New words"):
    real = rendering._Writer.write

    def broken(writer, block):
        if words in str(block.props):
            raise KeyError("a section that stumbles")
        return real(writer, block)

    monkeypatch.setattr(rendering._Writer, "write", broken)


def test_a_page_goes_live_at_its_moment_and_is_taken_off_at_another(page):
    publishing.set_timetable(page, publish_at=NOW + HOUR, unpublish_at=NOW + 3 * HOUR, at=NOW)
    assert Due.objects.get(kind=publishing.DUE).due_at == NOW + HOUR

    assert publishing.keep_timetable(at=NOW) == NOW + HOUR
    assert not PublishedSnapshot.objects.exists()
    assert publishing.keep_timetable(at=NOW + HOUR) == NOW + 3 * HOUR
    assert "Throw your first bowl" in body(page)
    assert publishing.keep_timetable(at=NOW + 3 * HOUR) is None
    assert not PublishedSnapshot.objects.exists()
    assert Page.objects.get(id=page.id).state == "draft"


def test_what_goes_live_is_the_draft_of_that_moment(page):
    publishing.set_timetable(page, publish_at=NOW + HOUR, unpublish_at=None, at=NOW)
    set_heading(page, "Words of the last minute")

    publishing.keep_timetable(at=NOW + HOUR)

    assert "Words of the last minute" in body(page)


@pytest.mark.parametrize(("begin", "end"), [(-1, None), (None, 0), (2, 1), (2, 2)])
def test_a_timetable_that_can_not_be_kept_is_refused(page, begin, end):
    moments = {
        "publish_at": None if begin is None else NOW + begin * HOUR,
        "unpublish_at": None if end is None else NOW + end * HOUR,
    }
    with pytest.raises(publishing.BadTimetable):
        publishing.set_timetable(page, **moments, at=NOW)


def test_one_click_brings_back_what_was_live_before_and_leaves_the_draft(page):
    publish(page)
    first = Page.objects.get(id=page.id).published_revision
    set_heading(page, "New words")
    publish(page)
    set_heading(page, "Not finished")

    publishing.roll_back(page, number=first, by=None, at=NOW)

    assert "Throw your first bowl" in body(page)
    assert Page.objects.get(id=page.id).document.blocks[0].headline == "Not finished"
    assert Page.objects.get(id=page.id).has_unpublished_changes


def test_only_what_was_live_can_be_live_again(page):
    publish(page)
    set_heading(page, "New words")
    named = editing.name_version(page, name="Try", by=None, at=NOW)

    for number in (named.number, 0, 999):
        with pytest.raises(publishing.NoSuchPublication):
            publishing.roll_back(page, number=number, by=None, at=NOW)


def test_a_page_that_can_not_be_rendered_leaves_the_published_one_up(page, monkeypatch):
    publish(page)
    before = (body(page), Page.objects.get(id=page.id).published_revision)
    set_heading(page, "New words")
    break_rendering(monkeypatch)

    with pytest.raises(publishing.NotToBeRendered):
        publish(page)

    assert (body(page), Page.objects.get(id=page.id).published_revision) == before


def test_by_its_timetable_too_and_it_says_so(page, monkeypatch):
    publish(page)
    before = body(page)
    set_heading(page, "New words")
    publishing.set_timetable(page, publish_at=NOW + HOUR, unpublish_at=None, at=NOW)
    break_rendering(monkeypatch)

    assert publishing.keep_timetable(at=NOW + HOUR) is None

    assert body(page) == before
    assert [each.id for each in publishing.troubles(page.workspace)] == [page.id]


def test_all_that_changed_is_published_at_once_but_what_can_not_be(page, in_juniper, monkeypatch):
    others = [PageFactory(workspace=in_juniper) for _ in range(2)]
    draft = PageFactory(workspace=in_juniper)
    for each in (page, *others):
        publish(each)
    set_heading(page, "New words")
    set_heading(others[0], "Other words")
    break_rendering(monkeypatch)

    done, failed = publishing.publish_changed(in_juniper, by=None, at=NOW)

    assert (done, [each.id for each in failed]) == (1, [page.id])
    assert "Other words" in body(others[0])
    assert "Throw your first bowl" in body(page)
    assert not PublishedSnapshot.objects.filter(page=draft).exists()
