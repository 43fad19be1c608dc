"""Split tests of pages: prepared, shown, counted, and ended by the rule that was stated."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest

from plainsail.contacts.services import contacts
from plainsail.kernel import chances
from plainsail.kernel.chances import Earned
from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.pages.models import Page, PublishedSnapshot, SplitSale, SplitTest, Submission
from plainsail.pages.services import discovery, listing, pages, publishing, splitting, submissions, unrolling
from plainsail.pages.services.submissions import Visit
from plainsail.pages.tests.factories import NOW, PageFactory, PopupFactory
from plainsail.tracking.models import Hit
from plainsail.tracking.services import landing

DAY = timedelta(days=1)


@pytest.fixture
def page(in_juniper):
    made = PageFactory(workspace=in_juniper, path="/course")
    publishing.publish(made, by=None, at=NOW)
    return made


@pytest.fixture
def test(page):
    return splitting.begin(page, by=None, at=NOW)


def running(test, **wanted):
    splitting.set_up(
        test, **{"goal": "opt_in", "decides": True, "least_days": 7, "most_days": 14, "shares": [50, 50]} | wanted
    )
    splitting.start(test, by=None, at=NOW)
    return test


def variant(test, letter):
    return test.variants.select_related("page").get(letter=letter)


def saw(one, people, *, at=NOW + DAY, contact=None):
    landing._make_months({(at.year, at.month)})
    Hit.objects.bulk_create(
        Hit(
            id=new_id(), kind="visit", agent="human", page_id=one.page_id, visitor_id=new_id(), at=at,
            contact_id=contact.id if contact else None,
        )
        for _ in range(people)
    )  # fmt: skip


def sent(test, one, people):
    form = test.workspace.forms.first()
    for _ in range(people):
        address = f"{new_id().hex}@example.com"
        visit = Visit(path="/course", variant=one.page.path if one.letter != "A" else "")
        submissions.receive(form, {"email": address}, landing_id=new_id(), visit=visit, at=NOW + DAY)


def test_a_test_begins_with_the_page_and_a_copy_that_stands_nowhere(test, page, in_juniper):
    a, b = variant(test, "A"), variant(test, "B")

    assert (a.page, a.share, b.share) == (page, 50, 50)
    assert b.page.document == page.document
    assert list(Page.objects.current()) == [page]
    assert splitting.begin(page, by=None, at=NOW) == test


def test_up_to_five_variants_share_what_there_is(test):
    for _ in range(3):
        splitting.add(test, by=None, at=NOW)

    with pytest.raises(splitting.TooMany):
        splitting.add(test, by=None, at=NOW)
    assert [one.share for one in test.variants.order_by("letter")] == [20] * 5
    splitting.remove(variant(test, "C"), at=NOW)
    splitting.remove(variant(test, "A"), at=NOW)
    assert [(one.letter, one.share) for one in test.variants.order_by("letter")] == [
        ("A", 25), ("B", 25), ("D", 25), ("E", 25),
    ]  # fmt: skip


@pytest.mark.parametrize("shares", [[50], [60, 60], [100, 0], [50, 50, 0]])
def test_shares_that_do_not_make_a_hundred_are_refused(test, shares):
    with pytest.raises(splitting.BadShares):
        splitting.set_up(test, goal="opt_in", decides=True, least_days=7, most_days=14, shares=shares)


def test_starting_freezes_each_variant_and_tells_the_edge_the_shares(test, page):
    b = variant(test, "B")
    publishing_before = page.snapshots.get().etag
    running(test, shares=[70, 30])

    main, other = page.snapshots.get(), b.page.snapshots.get()
    assert main.split == {"test": test.id.hex, "variants": [["A", 70, ""], ["B", 30, b.page.path]]}
    assert (other.split, other.path) == ({"shown_at": "/course"}, b.page.path)
    assert main.etag == publishing_before
    assert f'name="_variant" value="{b.page.path}"' in bytes(other.body).decode()
    assert 'href="http://juniper.localhost:8000/course"' in bytes(other.body).decode()


def test_a_page_that_is_not_live_can_not_be_tested_and_a_running_test_not_changed(test, page, in_juniper):
    draft = splitting.begin(PageFactory(workspace=in_juniper, path="/draft"), by=None, at=NOW)
    with pytest.raises(splitting.NotPublished):
        splitting.start(draft, by=None, at=NOW)
    running(test)
    with pytest.raises(splitting.UnderWay):
        splitting.add(test, by=None, at=NOW)


def test_forms_are_counted_for_the_variant_that_was_seen(test):
    running(test)
    a, b = variant(test, "A"), variant(test, "B")
    saw(a, 200)
    saw(b, 200)
    sent(test, a, 4)
    sent(test, b, 19)

    found = splitting.report(test, at=NOW + 2 * DAY)

    assert [(row.variant.letter, row.seen, row.people, row.share) for row in found.rows] == [
        ("A", 200, 4, 2.0), ("B", 200, 19, 9.5),
    ]  # fmt: skip
    assert (found.leader, found.is_sure) == ("B", True)
    assert sum(row.chance for row in found.rows) == pytest.approx(1)
    assert Submission.objects.filter(page=b.page, path="/course").count() == 19


def test_a_winner_is_shown_to_everybody_once_the_days_are_over(test, page):
    b = variant(test, "B")
    heading = {"op": "set", "block": b.page.document.blocks[0].id, "path": ["heading"], "value": "Come and try"}
    from plainsail.pages.services import editing

    editing.apply(b.page, [heading], revision=b.page.revision, by=None, at=NOW)
    running(test)
    saw(variant(test, "A"), 200)
    saw(b, 200)
    sent(test, b, 20)

    early = splitting.look(at=NOW + 6 * DAY)
    still = SplitTest.objects.get().state
    after = splitting.look(at=NOW + 7 * DAY)

    ended = SplitTest.objects.get()
    assert (early, still, after) == (NOW + 7 * DAY, "running", None)
    assert (ended.state, ended.winner, ended.decision["sure"]) == ("ended", "B", True)
    live = page.snapshots.get()
    assert "Come and try" in bytes(live.body).decode()
    assert live.split == {}
    assert not Page.objects.get(id=b.page_id).is_published


def test_without_enough_people_nothing_is_decided_until_the_last_day_and_then_a_stays(test, page):
    running(test)
    saw(variant(test, "A"), 30)
    saw(variant(test, "B"), 30)
    sent(test, variant(test, "B"), 25)
    before = page.snapshots.get().etag

    splitting.look(at=NOW + 13 * DAY)
    still = SplitTest.objects.get().state
    splitting.look(at=NOW + 14 * DAY)

    assert (still, SplitTest.objects.get().winner) == ("running", "A")
    assert page.snapshots.get().etag == before


def test_a_page_that_was_taken_off_stays_off_when_its_test_ends(test, page):
    running(test)
    publishing.unpublish(Page.objects.get(id=page.id), at=NOW + DAY)

    splitting.look(at=NOW + 14 * DAY)

    assert SplitTest.objects.get().winner == "A"
    assert not page.snapshots.exists()


def test_a_test_that_people_decide_goes_on_for_ever(test):
    running(test, decides=False)
    saw(variant(test, "A"), 200)
    saw(variant(test, "B"), 200)
    sent(test, variant(test, "B"), 20)

    splitting.look(at=NOW + 100 * DAY)

    assert SplitTest.objects.get().is_running


def test_a_sale_is_credited_once_to_the_variant_that_the_buyer_saw_last(test):
    running(test, goal="revenue")
    buyer = contacts.create(email="grace@example.com", fields={}, source="test", at=NOW)
    saw(variant(test, "A"), 1, contact=buyer, at=NOW + DAY)
    saw(variant(test, "B"), 1, contact=buyer, at=NOW + 2 * DAY)
    sale = {"subject_id": new_id(), "contact_id": buyer.id, "minor": 4900, "currency": "EUR"}

    first = splitting.hear_sale(**sale, at=NOW + 3 * DAY)
    splitting.hear_sale(**sale, at=NOW + 3 * DAY)
    stranger = splitting.hear_sale(**sale | {"contact_id": new_id(), "subject_id": new_id()}, at=NOW + 3 * DAY)
    found = splitting.report(test, at=NOW + 4 * DAY)

    assert (first, stranger, SplitSale.objects.count()) == (True, False, 1)
    assert [(row.people, row.revenue) for row in found.rows] == [(0, 0), (1, 4900)]
    splitting.hear_refund(subject_id=sale["subject_id"], minor=4900)
    assert [row.people for row in splitting.report(test, at=NOW + 4 * DAY).rows] == [0, 0]


def test_chances_of_earnings_agree_with_what_can_be_worked_out_by_hand():
    same = Earned("A", 1000, 5000.0, 100_000.0)
    level = chances.chances_to_earn_most([same, Earned("B", 1000, 5000.0, 100_000.0)])
    # Means 5 and 6, deviations sqrt(75/1000) and sqrt(64/1000): the difference is 1 ± 0.3728, so 99.63 %.
    apart = chances.chances_to_earn_most([same, Earned("B", 1000, 6000.0, 100_000.0)])
    nothing = chances.chances_to_earn_most([Earned("A", 50, 0.0, 0.0), Earned("B", 50, 0.0, 0.0)])

    assert level["A"] == pytest.approx(0.5, abs=1e-6)
    assert apart["B"] == pytest.approx(0.99635, abs=2e-4)
    assert nothing["A"] == pytest.approx(0.5, abs=1e-6)


def test_the_screen_prepares_starts_and_ends_a_test(as_ada, juniper, page):
    url = lambda name, *more: workspace_url(juniper, f"pages:{name}", page.id, *more)  # noqa: E731

    empty = as_ada.get(url("split")).content.decode()
    as_ada.post(url("split_begin"))
    as_ada.post(url("split_variants"))
    wrong = as_ada.post(
        url("split_settings"),
        {"goal": "sale", "least_days": 7, "most_days": 14, "share_A": 50, "share_B": 50, "share_C": 50},
    )
    as_ada.post(
        url("split_settings"),
        {"goal": "sale", "least_days": 7, "most_days": 14, "share_A": 50, "share_B": 25, "share_C": 25},
    )
    as_ada.post(url("split_start"))
    runs = as_ada.get(url("split")).content.decode()
    as_ada.post(url("split_end"), {"winner": "C"})
    ended = as_ada.get(url("split")).content.decode()

    assert "Prepare a test" in empty
    assert wrong.status_code == 422
    assert "The shares must add up to 100" in wrong.content.decode()
    assert "End it with C" in runs
    assert "won" in ended


def test_archiving_the_page_leaves_its_variants_out_of_lists(test, page):
    pages.archive(page, at=NOW)

    assert not Page.objects.current().exists()


def test_variants_and_popups_stand_on_no_map_and_in_no_zip_of_the_site(test, in_juniper):
    running(test)
    publishing.publish(PopupFactory().page, by=None, at=NOW)
    assert PublishedSnapshot.objects.filter(path__startswith="~").count() == 2

    assert re.findall("<loc>(.*?)</loc>", discovery.sitemap(in_juniper)) == ["http://juniper.localhost:8000/course"]
    names = zipfile.ZipFile(BytesIO(unrolling.as_zip(in_juniper))).namelist()
    assert [name for name in names if name.endswith(".html")] == ["course.html"]


def test_search_engines_read_of_a_variant_what_they_would_of_the_page(test, page, in_juniper):
    german = PageFactory(path="/kurs")
    publishing.publish(german, by=None, at=NOW)
    pages.set_kin(german, language="de", original=page, shows_parts=True, at=NOW)
    listing.appear_as(page, is_hidden=True, canonical_url="", social_title="Shared", social_text="", social_image=None)
    splitting.start(test, by=None, at=NOW)

    html = bytes(test.variants.get(letter="B").page.snapshots.get().body).decode()

    assert 'hreflang="de" href="http://juniper.localhost:8000/kurs"' in html
    assert '<meta name="robots" content="noindex">' in html
    assert '<meta property="og:title" content="Shared">' in html
    assert '"name": "Juniper", "item": "http://juniper.localhost:8000/"' in html.replace(in_juniper.name, "Juniper")


def test_variants_follow_the_page_to_another_address(test, page):
    splitting.start(test, by=None, at=NOW)

    pages.describe(page, title="Course", description="", path="/weekend", at=NOW + DAY)

    snapshot = test.variants.get(letter="B").page.snapshots.get()
    assert snapshot.split == {"shown_at": "/weekend"}
    assert 'name="_page" value="/weekend"' in bytes(snapshot.body).decode()
