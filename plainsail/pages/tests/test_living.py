"""What of a page is not the same for everybody: sections for some, pop-ups, countdowns; decided here, leaked nowhere."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from plainsail.automations.tests.factories import AutomationFactory
from plainsail.blocks.services import documents
from plainsail.blocks.sockets import BLOCKS
from plainsail.contacts.services import consent, contacts, lists, tags
from plainsail.contacts.services.consent import Proof
from plainsail.kernel.http import workspace_url
from plainsail.kernel.ids import new_id
from plainsail.kernel.testing import run_jobs
from plainsail.pages.live_forms import PopupForm
from plainsail.pages.models import Countdown, CountdownStart, Page, PopupDay
from plainsail.pages.services import countdowns, editing, following, forms, living, pages, popups, publishing, splitting
from plainsail.pages.services.living import Caller
from plainsail.pages.tests.factories import NOW, CountdownFactory, FormFactory, PopupFactory
from plainsail.tracking.models import Hit
from plainsail.tracking.services import landing, visitors

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def grace(in_juniper):
    return contacts.create(email="grace@example.com", fields={}, source="test", at=NOW)


@pytest.fixture
def vip(in_juniper):
    return tags.named(in_juniper, "Members")


def made(workspace, *sections):
    """A published page of headings; each (words, who sees it)."""
    document = documents.build({}, [("text", {"text": f"<p>{words}</p>"}) for words, _shown in sections])
    page = pages.create(workspace, document, title="Welcome", path="/welcome", at=NOW)
    for block, (_words, shown) in zip(document.blocks, sections, strict=True):
        if shown:
            operation = {"op": "show", "block": block.id, "value": shown}
            editing.apply(page, [operation], revision=page.revision, by=None, at=NOW)
    publishing.publish(page, by=None, at=NOW)
    return page


def tagged(tag):
    return {"tree": {"field": "tag", "op": "is", "value": str(tag.id)}}


def html_of(page):
    return bytes(page.snapshots.get().body).decode()


def scripts_of(page) -> int:
    """Elements that run something; what the page says of itself for search engines runs nothing."""
    return html_of(page).count("<script") - html_of(page).count('<script type="application/ld+json"')


class TestSectionsForSome:
    def test_the_page_shows_the_default_and_says_to_nobody_whom_the_rest_is_for(self, in_juniper, vip, grace):
        page = made(in_juniper, ("Hello", None), ("Secret words", tagged(vip)), ("For others", {"rest": True}))
        html, live = html_of(page), page.snapshots.get().live
        tags.add(grace, vip, at=NOW)

        stranger = living.parts_for(live, Caller(), at=NOW)
        member = living.parts_for(live, Caller(contact=grace), at=NOW)

        assert ("Hello" in html, "Secret words" in html, "For others" in html) == (True, False, True)
        assert (str(vip.id) in html, "Members" in html) == (False, False)
        assert stranger == []
        assert [("Secret words" in part["html"], part["rest"]) for part in member] == [(True, 1)]
        assert "who" not in member[0]

    def test_places_stand_where_the_sections_would(self, in_juniper, vip):
        page = made(
            in_juniper,
            ("One", tagged(vip)),
            ("Two", None),
            ("Three", tagged(vip)),
            ("Four", tagged(vip)),
            ("Five", None),
            ("Six", tagged(vip)),
        )
        html = html_of(page)
        ids = [block.id for block in page.document.blocks]

        order = sorted(
            [f'data-live="{ids[at]}"' for at in (0, 2, 3, 5)] + ["<p>Two", "<p>Five", "</main>"], key=html.index
        )

        assert order == [
            f'data-live="{ids[0]}"', "<p>Two", f'data-live="{ids[2]}"', f'data-live="{ids[3]}"', "<p>Five",
            f'data-live="{ids[5]}"', "</main>",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("who", "caller", "holds"),
        [
            ({"source": "fair"}, Caller(source="Fair"), True),
            ({"source": "fair"}, Caller(), False),
            ({"device": "phone"}, Caller(device="phone"), True),
            ({"device": "phone"}, Caller(device="desktop"), False),
            ({"language": "de"}, Caller(languages=["de-at", "en"]), True),
            ({"language": "de"}, Caller(languages=["en", "de"]), False),
            ({"source": "fair", "device": "phone"}, Caller(source="fair", device="desktop"), False),
        ],
    )
    def test_strangers_are_told_apart_by_how_they_come(self, in_juniper, who, caller, holds):
        assert living.is_for({"visit": who}, caller, at=NOW) is holds

    def test_a_condition_that_can_not_be_asked_any_more_holds_for_nobody(self, in_juniper, grace):
        gone = {"tree": {"field": "segment", "op": "is", "value": str(new_id())}}

        assert not living.is_for(gone, Caller(contact=grace), at=NOW)
        assert not living.is_for({"tree": {}}, Caller(), at=NOW)

    @pytest.mark.parametrize(
        "shown",
        [{"visit": {}}, {"visit": {"ip": "x"}}, {"visit": {"source": ""}}, {"visit": {"source": 1}}, {"who": 1}],
    )
    def test_what_is_no_condition_is_refused(self, in_juniper, shown):
        with pytest.raises(documents.InvalidDocument):
            made(in_juniper, ("One", shown))

    def test_only_pages_that_need_it_carry_the_script(self, in_juniper, vip):
        plain = made(in_juniper, ("Hello", None))
        pages.archive(plain, at=NOW)
        live = made(in_juniper, ("Hello", tagged(vip)))

        assert scripts_of(live) == 1
        assert "script-src 'self'" in live.snapshots.get().headers["content-security-policy"]

    def test_a_plain_page_has_no_script_at_all(self, in_juniper):
        page = made(in_juniper, ("Hello", None))

        assert scripts_of(page) == 0
        assert "script-src" not in page.snapshots.get().headers["content-security-policy"]
        assert page.snapshots.get().live == {}

    def test_the_script_is_small(self):
        source = Path(finders.find("pages/live.js")).read_bytes()

        assert len(gzip.compress(source, 9)) <= 5 * 1024

    def test_a_browser_that_is_known_gets_its_sections_and_no_other_does(self, site_client, in_juniper, vip, grace):
        page = made(in_juniper, ("Secret words", tagged(vip)))
        tags.add(grace, vip, at=NOW)
        known, other = new_id(), new_id()
        visitors.link(known, grace.id, at=NOW)

        def ask(cookie=None, **headers):
            site_client.cookies.clear()
            if cookie:
                site_client.cookies["ps_v"] = cookie.hex
            said = json.dumps({"page": page.id.hex, "search": "", "phone": False})
            return site_client.post("/for-you", said, content_type="application/json", headers=headers)

        mine = ask(known)
        assert "Secret words" in mine.content.decode()
        assert mine["Cache-Control"] == "private, no-store"
        assert [ask(other).json()["parts"], ask().json()["parts"], ask(known, DNT="1").json()["parts"]] == [[], [], []]

    @pytest.mark.parametrize("said", ["", "[]", "{}", '{"page": "x"}', '{"page": null}', "nonsense" * 1000])
    def test_nonsense_is_not_found(self, site_client, in_juniper, said):
        assert site_client.post("/for-you", said, content_type="application/json").status_code == 404

    def test_who_sees_what_is_said_on_a_screen_without_a_script(self, as_ada, juniper, in_juniper, vip):
        page = made(in_juniper, ("One", None), ("Two", None))
        first, second = page.document.blocks
        url = lambda block: workspace_url(juniper, "pages:section_audience", page.id, block.id)  # noqa: E731

        wrong = as_ada.post(url(first), {"who": "contact"})
        as_ada.post(url(first), {"who": "contact", "tag": vip.id})
        as_ada.post(url(second), {"who": "rest"})
        screen = as_ada.get(workspace_url(juniper, "pages:audience", page.id))

        page.refresh_from_db()
        assert (wrong.status_code, screen.status_code) == (422, 200)
        assert [block.shown for block in page.document.blocks] == [tagged(vip), {"rest": True}]


class TestPopups:
    @pytest.fixture
    def page(self, in_juniper):
        return made(in_juniper, ("Hello", None))

    @pytest.fixture
    def popup(self, in_juniper, page):
        made = popups.make(in_juniper, name="Before you go", form=FormFactory(workspace=in_juniper), by=None, at=NOW)
        publishing.publish(made.page, by=None, at=NOW)
        return made

    def shown(self, page, **caller):
        return [one["label"] for one in popups.for_visitor(page, Caller(**caller), at=NOW)]

    def test_pages_get_the_script_once_one_is_shown_and_lose_it_after(self, page, popup):
        before = html_of(page)
        following.follow()
        between = html_of(page)
        publishing.unpublish(popup.page, at=NOW)
        following.follow()

        assert ("data-live-page" in before, "data-live-page" in between) == (False, True)
        assert html_of(page) == before

    def test_it_comes_frozen_with_its_style_and_its_form(self, page, popup):
        (found,) = popups.for_visitor(page, Caller(), at=NOW)

        assert (found["key"], found["trigger"], found["seconds"], found["often"]) == (popup.key, "time", 10, "days")
        assert f'action="/f/{popup.workspace.forms.get().id}"' in found["html"]
        assert ".popup" in found["style"]
        assert "<script" not in found["html"]

    def test_it_is_for_whom_it_was_meant(self, page, popup, grace, vip):
        popups.change(popup, device="phone", sources=["fair", "flyer"])
        assert (self.shown(page, device="desktop", source="fair"), self.shown(page, device="phone", source="x")) == (
            [],
            [],
        )
        assert self.shown(page, device="phone", source="Flyer") == ["Before you go"]

        popups.change(popup, device="", sources=[], tree=tagged(vip)["tree"])
        assert (self.shown(page), self.shown(page, contact=grace)) == ([], [])
        tags.add(grace, vip, at=NOW)
        assert self.shown(page, contact=grace) == ["Before you go"]

        popups.change(popup, tree={}, on_pages=[str(new_id())])
        assert self.shown(page) == []

    def test_new_and_returning_visitors_are_told_apart(self, page, popup):
        back = new_id()
        landing._make_months({(NOW.year, NOW.month)})
        Hit.objects.create(id=new_id(), kind="visit", agent="human", visitor_id=back, at=NOW - DAY)

        popups.change(popup, visitors="returning")
        assert (self.shown(page, visitor_id=back), self.shown(page, visitor_id=new_id())) == (["Before you go"], [])
        popups.change(popup, visitors="new")
        assert (self.shown(page, visitor_id=back), self.shown(page)) == ([], ["Before you go"])

    def test_what_happened_with_it_is_counted_by_day(self, site_client, juniper, in_juniper, popup):
        for what in ("shown", "shown", "closed", "eaten"):
            said = json.dumps({"key": popup.key, "what": what})
            site_client.post("/for-you/count", said, content_type="application/json")

        row = PopupDay.objects.get()
        assert (row.shown, row.closed, row.sent) == (2, 1, 0)

    def test_screens_make_set_and_show_one(self, as_ada, juniper, in_juniper, page, vip):
        as_ada.post(workspace_url(juniper, "pages:new_popup"), {"name": "Flash bar", "form": ""})
        popup = juniper.popups.get()
        url = workspace_url(juniper, "pages:popup", popup.id)
        values = {"kind": "top", "trigger": "scroll", "seconds": 5, "percent": 40, "often": "once", "days": 3}

        wrong = as_ada.post(url, values | {"percent": 0})
        as_ada.post(url, values | {"tag": vip.id, "sources": "fair, , flyer", "on_pages": [page.id]})
        as_ada.post(workspace_url(juniper, "pages:popup_publication", popup.id))
        listed = as_ada.get(workspace_url(juniper, "pages:popups")).content.decode()
        run_jobs()

        popup.refresh_from_db()
        assert (wrong.status_code, as_ada.get(url).status_code) == (422, 200)
        assert (popup.kind, popup.percent, popup.sources, popup.on_pages) == (
            "top",
            40,
            ["fair", "flyer"],
            [str(page.id)],
        )
        assert popup.tree == tagged(vip)["tree"]
        assert "Flash bar" in listed
        assert as_ada.get(workspace_url(juniper, "pages:page", popup.page_id)).status_code == 200
        assert "Flash bar" not in as_ada.get(workspace_url(juniper, "pages:pages")).content.decode()


class TestCountdowns:
    def countdown(self, **values):
        fresh = {"name": "Doors close", "kind": "visit", "minutes": 60, "created_at": NOW}
        return countdowns.save(Countdown(), **fresh | values)

    def test_a_fixed_moment_is_the_same_for_everybody_and_needs_no_script(self, in_juniper):
        one = self.countdown(kind="fixed", ends_at=NOW + DAY)
        document = documents.build({}, [("countdown", {"heading": "Soon", "countdown": str(one.id)})])
        page = pages.create(in_juniper, document, title="Offer", path="/offer", at=NOW)
        publishing.publish(page, by=None, at=NOW)

        assert countdowns.deadline(one, visitor_id=None, contact=None) == NOW + DAY
        assert "Until 23 November 2026" in html_of(page)
        assert f'datetime="{(NOW + DAY).isoformat()}"' in html_of(page)

    def test_a_first_look_begins_it_and_no_later_one_moves_it(self, in_juniper):
        one, browser = self.countdown(), new_id()

        first = countdowns.begin(one, visitor_id=browser, contact=None, at=NOW)
        again = countdowns.begin(one, visitor_id=browser, contact=None, at=NOW + 10 * HOUR)

        assert first == again == NOW + HOUR
        assert CountdownStart.objects.count() == 1

    def test_who_is_known_has_one_deadline_on_all_devices_and_after_clearing_one(self, in_juniper, grace):
        one, laptop, phone, cleared = self.countdown(), new_id(), new_id(), new_id()
        countdowns.begin(one, visitor_id=laptop, contact=None, at=NOW)
        for browser in (laptop, phone, cleared):
            visitors.link(browser, grace.id, at=NOW)

        assert {
            countdowns.begin(one, visitor_id=browser, contact=grace, at=NOW + DAY)
            for browser in (laptop, phone, cleared)
        } == {NOW + HOUR}

    def test_it_counts_from_joining_tagging_and_entering(self, in_juniper, grace):
        topic, tag = lists.create(in_juniper, name="Course", at=NOW), tags.named(in_juniper, "Trial")
        by_list, by_tag = self.countdown(kind="list", list=topic), self.countdown(kind="tag", tag=tag)
        by_run = self.countdown(kind="sequence", automation=AutomationFactory(workspace=in_juniper))
        before = [countdowns.begin(one, visitor_id=None, contact=grace, at=NOW) for one in (by_list, by_tag, by_run)]
        consent.join(grace, [topic], proof=Proof(), at=NOW + DAY)
        tags.add(grace, tag, at=NOW)
        grace.contact_tags.update(created_at=NOW + 2 * DAY)

        assert before == [None, None, None]
        assert countdowns.deadline(by_list, visitor_id=None, contact=grace) == NOW + DAY + HOUR
        assert countdowns.deadline(by_tag, visitor_id=None, contact=grace) == NOW + 2 * DAY + HOUR
        assert countdowns.deadline(by_tag, visitor_id=new_id(), contact=None) is None

    def test_an_offer_is_closed_for_whom_time_is_up_and_open_for_others(self, in_juniper, grace):
        offer, late, early = new_id(), new_id(), new_id()
        one = self.countdown(closes={"offers": [str(offer)]}, words="Too late, sorry.")
        countdowns.begin(one, visitor_id=late, contact=None, at=NOW - DAY)
        countdowns.begin(one, visitor_id=early, contact=None, at=NOW)

        with pytest.raises(countdowns.TimeIsUp, match="Too late, sorry"):
            countdowns.refuse_if_over(offer, visitor_id=late, at=NOW)
        countdowns.refuse_if_over(offer, visitor_id=early, at=NOW)
        countdowns.refuse_if_over(new_id(), visitor_id=late, at=NOW)
        countdowns.archive(one)
        countdowns.refuse_if_over(offer, visitor_id=late, at=NOW)

    def test_after_a_fixed_moment_an_offer_is_closed_for_everybody(self, in_juniper):
        offer = new_id()
        self.countdown(kind="fixed", ends_at=NOW, closes={"offers": [str(offer)]})

        countdowns.refuse_if_over(offer, visitor_id=None, at=NOW - timedelta(seconds=1))
        with pytest.raises(countdowns.TimeIsUp):
            countdowns.refuse_if_over(offer, visitor_id=None, at=NOW)

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"kind": "fixed"}, "Choose a moment."),
            ({"kind": "visit"}, "Say how long people have."),
            ({"kind": "list", "days": 1}, "Choose one."),
            ({"kind": "visit", "days": 1, "then": "go"}, "Say where the page leads."),
            ({"kind": "visit", "days": 1, "then": "go", "url": "javascript:alert(1)"}, "Use a web address"),
            ({"kind": "visit", "days": 1, "then": "go", "url": "//evil.example"}, "Use a web address"),
        ],
    )
    def test_what_is_missing_is_said_at_the_field(self, as_ada, juniper, in_juniper, values, words):
        page = as_ada.post(workspace_url(juniper, "pages:new_countdown"), {"name": "x", "then": "words"} | values)

        assert page.status_code == 422
        assert words in page.content.decode()

    def test_a_moment_is_read_in_the_zone_of_the_business(self, as_ada, juniper, in_juniper):
        juniper.timezone = "Europe/Berlin"
        juniper.save(update_fields=["timezone"])
        values = {"name": "x", "kind": "fixed", "then": "hide", "ends_at": "2026-12-01T18:00"}

        as_ada.post(workspace_url(juniper, "pages:new_countdown"), values)
        one = Countdown.objects.get()
        shown = as_ada.get(workspace_url(juniper, "pages:countdown", one.id)).content.decode()

        assert one.ends_at.isoformat() == "2026-12-01T17:00:00+00:00"
        assert 'value="2026-12-01T18:00"' in shown
        assert as_ada.get(workspace_url(juniper, "pages:countdowns")).status_code == 200


def test_a_pop_up_and_a_variant_follow_their_form_for_what_is_agreed_to_is_what_was_shown(in_juniper):
    form = FormFactory(workspace=in_juniper)
    popup = popups.make(in_juniper, name="Letter", form=form, by=None, at=NOW)
    publishing.publish(popup.page, by=None, at=NOW)
    page = pages.create(
        in_juniper, documents.build({}, [("form", {"form": str(form.id)})]), title="T", path="/t", at=NOW
    )
    publishing.publish(page, by=None, at=NOW)
    test = splitting.begin(page, by=None, at=NOW)
    splitting.start(test, by=None, at=NOW)

    forms.change(form, consent="You agree to two letters a week.", at=NOW)
    publishing.refresh_with_form(form, at=NOW)

    variant = test.variants.get(letter="B").page
    assert "two letters a week" in popup.page.snapshots.get().live["html"]
    assert "two letters a week" in html_of(variant)
    assert "two letters a week" in html_of(page)


def test_pop_ups_and_variants_follow_a_countdown(in_juniper):
    countdown = CountdownFactory()
    section = ("countdown", {"heading": "Soon", "countdown": str(countdown.id)})
    page = pages.create(in_juniper, documents.build({}, [section]), title="T", path="/t", at=NOW)
    publishing.publish(page, by=None, at=NOW)
    test = splitting.begin(page, by=None, at=NOW)
    splitting.start(test, by=None, at=NOW)

    countdowns.save(countdown, words="Too late now")

    assert publishing.refresh_showing("countdown", countdown.id, at=NOW) == 2
    assert "Too late now" in html_of(test.variants.get(letter="B").page)


def test_the_pages_on_which_a_pop_up_comes_up_are_the_first_to_choose_from(in_juniper):
    for name in ("a", "b", "c"):
        pages.create(in_juniper, documents.build({}, []), title=name, path=f"/page-{name}", at=NOW)
    popup = PopupFactory()
    popups.change(popup, on_pages=[str(Page.objects.get(path="/page-c").id)])

    offered = [str(label) for _value, label in PopupForm(subject=popup).fields["on_pages"].choices]

    assert offered == ["c", "a", "b"]


def test_a_film_in_a_pop_up_may_be_framed_where_it_comes_up_and_nowhere_else(in_juniper):
    page = made(in_juniper, ("Hello", None))
    other = pages.create(in_juniper, documents.build({}, [("text", {"text": "x"})]), title="O", path="/other", at=NOW)
    publishing.publish(other, by=None, at=NOW)
    popup = PopupFactory()
    popups.change(popup, on_pages=[str(page.id)])
    film = documents.save_block(documents.make_block(BLOCKS["video"], {"video": "https://vimeo.com/76979871"}))
    operation = {"op": "add", "at": 0, "block": film}
    editing.apply(popup.page, [operation], revision=popup.page.revision, by=None, at=NOW)
    publishing.publish(popup.page, by=None, at=NOW)
    following.follow()

    policies = [each.snapshots.get().headers["content-security-policy"] for each in (page, other)]

    assert ["frame-src https://player.vimeo.com" in policy for policy in policies] == [True, False]
    assert popups.to_follow() == []
