"""Funnels on screen: made, drawn, published, shared; and the ways on that visitors take."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from plainsail.accounts.models import Membership, Role
from plainsail.contacts.services.uses import InUse
from plainsail.funnels.models import Funnel, FunnelStep, ShareCode
from plainsail.funnels.services import bundling, drawing, packing, publishing
from plainsail.funnels.tests.factories import live, planned, started, steps
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.pages.models import Page
from plainsail.pages.services import forms
from plainsail.pages.services import pages as page_services
from plainsail.tracking.models import Hit

pytestmark = pytest.mark.django_db
HOME = "/w/juniper/funnels/"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.fixture
def funnel(juniper):
    with workspace(juniper):
        return started(juniper)


def url(funnel, name=""):
    return f"{HOME}{funnel.id}/{name}"


def of_kind(juniper, funnel, kind):
    with workspace(juniper):
        return steps(funnel)[kind]


def kinds(juniper, funnel):
    with workspace(juniper):
        return list(funnel.steps.order_by("position").values_list("kind", flat=True))


def test_an_empty_list_says_what_to_do(as_ada):
    assert "Make the first one" in as_ada.get(HOME).content.decode()


def test_a_template_is_chosen_by_its_drawing_and_opens_as_a_map(as_ada, juniper):
    gallery = as_ada.get(f"{HOME}new/").content.decode()
    assert gallery.count('class="sketch"') == 8
    made = as_ada.post(f"{HOME}new/", {"template": "lead-magnet"})
    page = as_ada.get(made.url).content.decode()
    assert "Course checkout" in page
    assert "has-fault" not in page
    assert as_ada.post(f"{HOME}new/", {"template": "a-spaceship"}).status_code == 422


def test_publishing_is_one_button(as_ada, juniper, funnel):
    answer = as_ada.post(url(funnel, "publication/"), follow=True).content.decode()
    assert "It is live." in answer
    assert "Paused." in as_ada.post(url(funnel, "pause/"), follow=True).content.decode()


def test_what_is_missing_is_said_at_its_step_and_nothing_goes_live(as_ada, juniper):
    made = as_ada.post(f"{HOME}new/", {"template": ""})
    as_ada.post(f"{made.url}steps/", {"kind": "checkout", "position": 0})
    assert "Choose an offer that can be bought." in as_ada.get(made.url).content.decode()
    as_ada.post(f"{made.url}publication/")
    with workspace(juniper):
        assert Funnel.objects.get().state == Funnel.State.DRAFT


def test_what_stands_on_a_map_is_not_put_away_from_under_it(as_ada, juniper, funnel):
    with workspace(juniper):
        step = steps(funnel)["form"]
        drawing.insert(funnel, position=9, kind="split", name="Which?", at=clock.now())
        split = steps(funnel)["split"]
        other = page_services.create(juniper, step.page.document, title="B", path="b", by=None, at=clock.now())
        drawing.part(split, [(other, 50), (None, 50)], at=clock.now())
        for page in (step.page, other):
            with pytest.raises(InUse, match=f"Funnel “{funnel.name}”"):
                page_services.archive(page, at=clock.now())
        with pytest.raises(InUse, match=f"Funnel “{funnel.name}”"):
            forms.archive(step.form)
        drawing.remove(split, at=clock.now())
        page_services.archive(other, at=clock.now())


@pytest.mark.parametrize("how", ["step", "funnel"])
def test_a_form_whose_step_or_funnel_is_gone_thanks_by_itself(as_ada, juniper, how):
    with workspace(juniper):
        funnel = live(juniper)
        step = steps(funnel)["form"]

    def leads_to():
        with workspace(juniper):
            return Page.objects.get(id=step.page_id).snapshots.get().forms[str(step.form_id)]["thank_you"]

    assert leads_to() == f"/go/{step.id}/"
    as_ada.post(url(funnel, f"steps/{step.id}/removal/" if how == "step" else "deletion/"))
    assert leads_to() == f"/thanks/{step.form_id}"


class TestDrawing:
    def test_a_step_is_put_in_where_it_was_asked_for(self, as_ada, juniper, funnel):
        assert "Add a step" in as_ada.get(url(funnel), {"at": "1"}).content.decode()
        as_ada.post(url(funnel, "steps/"), {"kind": "page", "position": 1})
        assert kinds(juniper, funnel)[:3] == ["form", "page", "wait"]

    def test_it_gets_a_page_with_its_way_on(self, as_ada, juniper, funnel):
        made = as_ada.post(url(funnel, "steps/"), {"kind": "upsell", "position": 4}).url.partition("?step=")[2]
        as_ada.post(url(funnel, f"steps/{made}/content/"))
        with workspace(juniper):
            page = FunnelStep.objects.get(id=made).page
            assert f"/go/{made}/no/" in json.dumps(page.draft)
        answer = as_ada.get(url(funnel), {"step": made}).content.decode()
        assert "Takes the offer" in answer

    def test_a_form_step_gets_a_form_and_a_mail_step_a_mail(self, as_ada, juniper, funnel):
        for kind in ("form", "mail"):
            made = as_ada.post(url(funnel, "steps/"), {"kind": kind, "position": 9}).url.partition("?step=")[2]
            as_ada.post(url(funnel, f"steps/{made}/content/"))
            with workspace(juniper):
                rows = {str(step.id): step for step in publishing.with_references(funnel)}
                assert made not in publishing.faults(list(rows.values()))

    def test_settings_are_saved_or_refused_at_their_field(self, as_ada, juniper, funnel):
        wait = of_kind(juniper, funnel, "wait")
        good = {"name": "A night", "amount": 12, "unit": "hours"}
        assert as_ada.post(url(funnel, f"steps/{wait.id}/"), good).status_code == 302
        assert of_kind(juniper, funnel, "wait").amount == 12
        for bad in ({"amount": 0}, {"amount": "x"}, {"name": ""}, {"unit": "years"}):
            assert as_ada.post(url(funnel, f"steps/{wait.id}/"), good | bad).status_code == 422

    def test_a_split_takes_pages_with_shares_and_says_at_its_fields_what_is_wrong(self, as_ada, juniper, funnel):
        made = as_ada.post(url(funnel, "steps/"), {"kind": "split", "position": 0}).url.partition("?step=")[2]
        address = url(funnel, f"steps/{made}/")
        one, other, third = (of_kind(juniper, funnel, kind).page_id for kind in ("form", "thanks", "upsell"))
        chosen = {"name": "Which?", "page-0": str(one), "share-0": "50", "page-1": str(other), "share-1": "50"}
        assert as_ada.post(address, chosen | {"more": "1"}).status_code == 302
        panel = as_ada.get(url(funnel), {"step": made}).content.decode()
        assert re.findall(r'name="share-\d" value="(\d+)"', panel) == ["34", "33", "33"]
        assert "Choose a page for each share." in panel
        more = chosen | {"page-2": str(third), "share-0": "60", "share-1": "30", "share-2": "10"}
        for bad, words in (
            ({"share-2": "20"}, "The shares must make 100 per cent."),
            ({"page-2": str(one)}, "This page is in the split already."),
            ({"share-0": "100", "share-1": "0", "share-2": "0"}, "A split shows two pages at least."),
        ):
            answer = as_ada.post(address, more | bad)
            assert (answer.status_code, words in answer.content.decode()) == (422, True)
        assert as_ada.post(address, more).status_code == 302
        assert "A 60 % · B 30 % · C 10 %" in as_ada.get(url(funnel)).content.decode()
        as_ada.post(address, more | {"share-1": "40", "share-2": "0"})
        with workspace(juniper):
            there = [
                (row.page_id, row.share) for row in FunnelStep.objects.get(id=made).split_pages.order_by("position")
            ]
            assert there == [(one, 60), (other, 40)]

    def test_each_place_of_a_split_gets_a_page_of_its_own(self, as_ada, juniper, funnel):
        made = as_ada.post(url(funnel, "steps/"), {"kind": "split", "position": 0}).url.partition("?step=")[2]
        for _time in range(3):
            as_ada.post(url(funnel, f"steps/{made}/content/"))
        with workspace(juniper):
            titles = [row.page.title for row in FunnelStep.objects.get(id=made).split_pages.order_by("position")]
            assert titles == ["Split A", "Split B"]
            assert Page.objects.filter(title__startswith="Split").count() == 2
        panel = as_ada.get(url(funnel), {"step": made}).content.decode()
        assert "Write on “Split B”" in panel
        assert "Make a page for it" not in panel

    def test_another_page_brings_its_form(self, as_ada, juniper, funnel):
        form, thanks = of_kind(juniper, funnel, "form"), of_kind(juniper, funnel, "thanks")
        as_ada.post(url(funnel, f"steps/{form.id}/"), {"name": "Guide", "page": str(thanks.page_id)})
        assert of_kind(juniper, funnel, "form").form is None
        as_ada.post(url(funnel, f"steps/{form.id}/"), {"name": "Guide", "page": str(form.page_id)})
        assert of_kind(juniper, funnel, "form").form == form.form

    def test_steps_are_moved_and_taken_out(self, as_ada, juniper, funnel):
        before = kinds(juniper, funnel)
        last = of_kind(juniper, funnel, "thanks")
        as_ada.post(url(funnel, f"steps/{last.id}/order/"), {"by": "1"})
        assert kinds(juniper, funnel) == before
        as_ada.post(url(funnel, f"steps/{last.id}/order/"), {"by": "-1"})
        assert kinds(juniper, funnel)[-2:] == ["thanks", before[-2]]
        as_ada.post(url(funnel, f"steps/{last.id}/removal/"))
        assert kinds(juniper, funnel) == before[:-1]
        with workspace(juniper):
            assert last.page

    @pytest.mark.parametrize(
        "data", [{}, {"kind": "spaceship", "position": 0}, {"kind": "page", "position": -1}, {"kind": "page"}]
    )
    def test_nonsense_changes_nothing(self, as_ada, juniper, funnel, data):
        before = kinds(juniper, funnel)
        as_ada.post(url(funnel, "steps/"), data)
        assert kinds(juniper, funnel) == before


class TestSharing:
    def test_a_file_goes_out_and_comes_in(self, as_ada, juniper, funnel):
        answer = as_ada.get(url(funnel, "package.zip"))
        assert answer["Content-Disposition"] == 'attachment; filename="small-offer-first.funnel.zip"'
        file = SimpleUploadedFile("funnel.zip", answer.content)
        made = as_ada.post(f"{HOME}import/", {"file": file})
        assert made.status_code == 302
        with workspace(juniper):
            assert Funnel.objects.count() == 2

    def test_a_file_that_is_none_is_refused_at_its_field(self, as_ada, juniper):
        answer = as_ada.post(f"{HOME}import/", {"file": SimpleUploadedFile("funnel.json", b"{}")})
        assert answer.status_code == 422
        assert "This is not a funnel that can be read here." in answer.content.decode()

    def test_a_code_is_made_used_once_and_refused_in_words(self, as_ada, juniper, funnel):
        as_ada.post(url(funnel, "sharing/"), {"use": "one"})
        page = as_ada.get(url(funnel, "sharing/")).content.decode()
        code = re.search(r"<textarea [^>]*>([^<]+)</textarea>", page)[1]
        assert as_ada.post(f"{HOME}redemption/", {"code": code}).status_code == 302
        again = as_ada.post(f"{HOME}redemption/", {"code": code})
        assert again.status_code == 422
        assert "This code worked once, and it was used already." in again.content.decode()

    def test_a_withdrawn_code_is_off_the_list(self, as_ada, juniper, funnel):
        as_ada.post(url(funnel, "sharing/"), {"use": "many"})
        as_ada.post(url(funnel, f"codes/{ShareCode.objects.get().id}/withdrawal/"))
        assert "input-code" not in as_ada.get(url(funnel, "sharing/")).content.decode()

    def test_another_business_can_not_withdraw_it(self, as_ada, juniper, acme, funnel):
        as_ada.post(url(funnel, "sharing/"), {"use": "many"})
        ShareCode.objects.update(workspace_id=acme.id)
        assert as_ada.post(url(funnel, f"codes/{ShareCode.objects.get().id}/withdrawal/")).status_code == 404

    def test_what_is_too_much_to_hand_on_is_said_and_no_code_is_made(self, as_ada, juniper, funnel, monkeypatch):
        monkeypatch.setattr(bundling, "MOST_BYTES", 10)
        page = as_ada.post(url(funnel, "sharing/"), {"use": "many"}, follow=True).content.decode()
        assert "it shows more than 200 pictures, or more than 64 MB of them" in page
        assert not ShareCode.objects.exists()
        answer = as_ada.get(url(funnel, "package.zip"))
        assert answer.status_code == 422
        assert "This funnel can’t be handed on" in answer.content.decode()

    def test_pictures_that_did_not_come_along_are_counted_out_loud(self, as_ada, juniper, funnel):
        with workspace(juniper):
            package = packing.pack(funnel)
        image = next(b["props"]["image"] for b in package["pages"][0]["document"]["blocks"] if "image" in b["props"])
        image["file"] = str(new_id())
        file = SimpleUploadedFile("funnel.json", json.dumps(package).encode())
        page = as_ada.post(f"{HOME}import/", {"file": file}, follow=True).content.decode()
        assert "1 picture didn’t come along. Choose another one in its place." in page

    def test_a_code_whose_funnel_was_deleted_is_withdrawn_on_the_list(self, as_ada, as_ben, ben, juniper, funnel):
        as_ada.post(url(funnel, "sharing/"), {"use": "many"})
        assert "Codes of deleted funnels" not in as_ada.get(HOME).content.decode()
        as_ada.post(url(funnel, "deletion/"))
        assert "Codes of deleted funnels" in as_ada.get(HOME).content.decode()
        Membership.objects.filter(user=ben).update(role=Role.VIEWER)
        assert "Codes of deleted funnels" not in as_ben.get(HOME).content.decode()
        answer = as_ada.post(url(funnel, f"codes/{ShareCode.objects.get().id}/withdrawal/"))
        assert answer.url == HOME
        assert "Codes of deleted funnels" not in as_ada.get(HOME).content.decode()


def test_the_table_and_the_what_if_show_every_step(as_ada, funnel):
    assert "Recipes checkout" in as_ada.get(url(funnel, "numbers/"), {"days": "7", "source": "letter"}).content.decode()
    assert "Recipes checkout" in as_ada.get(url(funnel, "simulation/")).content.decode()
    assert as_ada.get(url(funnel, "simulation/"), {"visitors": "0"}).status_code == 422


class TestVisitors:
    @pytest.fixture
    def led(self, juniper):
        with workspace(juniper):
            return live(juniper)

    @pytest.fixture
    def visitor(self):
        return Client(headers={"host": "juniper.localhost", "User-Agent": BROWSER})

    def test_a_way_on_leads_where_the_map_says_and_is_counted(self, visitor, juniper, led):
        step = of_kind(juniper, led, "checkout")
        answer = visitor.get(f"/go/{step.id}/bought/?utm_source=letter")
        assert (answer.status_code, answer.url) == (302, "/glazing-course")
        with workspace(juniper):
            hit = Hit.objects.get()
            assert (hit.path, hit.url, hit.agent, hit.campaign) == (
                f"/go/{step.id}/bought/",
                "/glazing-course",
                "human",
                {"utm_source": "letter"},
            )

    def test_a_split_where_a_funnel_begins_has_an_address_that_keeps_the_campaign(self, visitor, as_ada, juniper, led):
        with workspace(juniper):
            shown = [steps(led)[kind].page for kind in ("thanks", "upsell")]
            split = drawing.insert(led, position=0, kind="split", name="Which?", at=clock.now())
            drawing.part(split, [(page, 50) for page in shown], at=clock.now())
        there = f"/go/{split.id}/here/"
        answer = visitor.get(f"{there}?utm_source=letter&x=1")
        assert answer.url in {f"{page.path}?utm_source=letter" for page in shown}
        assert visitor.get(there).url == answer.url.partition("?")[0]
        assert there in as_ada.get(url(led), {"step": str(split.id)}).content.decode()
        with workspace(juniper):
            assert not Hit.objects.exists(), "the look at the page is counted, not the way to it"

    def test_a_look_ahead_is_not_counted_nor_is_a_draft(self, visitor, juniper, led, funnel):
        visitor.head(f"/go/{of_kind(juniper, led, 'checkout').id}/")
        assert visitor.get(f"/go/{of_kind(juniper, funnel, 'form').id}/").status_code == 302
        with workspace(juniper):
            assert not Hit.objects.exists()

    def test_nonsense_and_strangers_lead_nowhere(self, visitor, juniper, acme, led):
        step = of_kind(juniper, led, "checkout")
        assert visitor.get(f"/go/{step.id}/maybe/").status_code == 404
        assert visitor.get("/go/00000000-0000-0000-0000-000000000000/").status_code == 404
        elsewhere = Client(headers={"host": "acme.localhost"})
        assert elsewhere.get(f"/go/{step.id}/").status_code == 404

    def test_a_sent_form_leads_on(self, visitor, juniper, led):
        step = of_kind(juniper, led, "form")
        answer = visitor.post(f"/f/{step.form_id}", {"email": "maren@example.com", "first_name": "Maren"})
        assert answer.url == f"/go/{step.id}/"


def test_the_sketches_of_all_templates_are_drawn_without_writing_anything(juniper, as_ada):
    as_ada.get(f"{HOME}new/")
    with workspace(juniper):
        assert not Funnel.objects.exists()
        assert not juniper.pages.exists()
    assert planned("tripwire")["steps"]
    assert clock.now()
