"""A funnel travels with all that it uses, arrives with ids of its own, and nothing of it is live."""

from __future__ import annotations

import json

import pytest

from plainsail.blocks.services import documents, themes
from plainsail.commerce.models import Offer
from plainsail.contacts.services import tags
from plainsail.contacts.tests.factories import ListFactory
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.services import drawing, packing, publishing
from plainsail.funnels.starters import TEMPLATES
from plainsail.funnels.tests.factories import live, planned, started, steps
from plainsail.kernel import clock
from plainsail.kernel.ids import new_id
from plainsail.kernel.tenancy import workspace
from plainsail.mail.models import Email
from plainsail.pages.models import Countdown, Form, Page
from plainsail.pages.services import countdowns, forms, pages

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", TEMPLATES)
def test_every_template_can_be_published_as_it_comes(in_juniper, key):
    funnel = started(in_juniper, key)
    assert funnel.state == Funnel.State.DRAFT
    publishing.publish(funnel, by=None, at=clock.now())
    for step in publishing.with_references(funnel):
        assert step.page is None or step.page.is_published
    for page in Page.objects.all():
        body = bytes(page.snapshots.get().body).decode()
        ways = {str(step.id) for step in funnel.steps.all() if str(step.id) in body}
        assert ways or "thanks" in {step.kind for step in page.funnel_steps.all()} or "/go/" not in body


def test_there_are_eight_templates():
    assert len(TEMPLATES) == 8


def test_another_business_gets_the_same_funnel_under_new_ids(juniper, acme):
    with workspace(juniper):
        funnel = live(juniper)
        package = packing.read(json.dumps(packing.pack(funnel)))
        before = {row.id for model in (Page, Form, Offer, Email, FunnelStep) for row in model.objects.all()}
        kinds = [(step.kind, step.name) for step in publishing.with_references(funnel)]
    with workspace(acme):
        made = packing.unpack(acme, package, by=None, at=clock.now())
        after = {row.id for model in (Page, Form, Offer, Email, FunnelStep) for row in model.objects.all()}
        assert not before & after
        assert [(step.kind, step.name) for step in publishing.with_references(made)] == kinds
        assert made.state == Funnel.State.DRAFT
        assert not Page.objects.published().exists()
        form = steps(made)["form"]
        assert form.form.list.name == "Recipe readers"
        assert ("form", form.form_id) in set(form.page.document.references())
        upsell = json.dumps(steps(made)["upsell"].page.draft)
        assert f"/go/{steps(made)['upsell'].id}/yes/" in upsell
        assert not any(str(key) in upsell for key in before)
        publishing.publish(made, by=None, at=clock.now())


def test_a_split_travels_with_all_its_pages_and_shares(in_juniper):
    funnel = started(in_juniper)
    shown = [steps(funnel)[kind].page for kind in ("form", "thanks", "upsell")]
    split = drawing.insert(funnel, position=0, kind="split", name="Which?", at=clock.now())
    drawing.part(split, list(zip(shown, (50, 30, 20), strict=True)), at=clock.now())
    made = packing.unpack(in_juniper, packing.read(json.dumps(packing.pack(funnel))), by=None, at=clock.now())
    there = steps(made)["split"].split_pages.all()
    assert [(one.page.title, one.share) for one in there] == [
        (page.title, share) for page, share in zip(shown, (50, 30, 20), strict=True)
    ]
    assert not {one.page_id for one in there} & {page.id for page in shown}


def test_an_earlier_package_whose_split_knew_two_pages_is_still_read(in_juniper):
    package = planned("tripwire")
    one, other = (page["id"] for page in package["pages"][:2])
    package["steps"].insert(
        0, {"id": str(new_id()), "kind": "split", "name": "Which?", "page": one, "other_page": other, "share": 30}
    )
    made = packing.unpack(in_juniper, package, by=None, at=clock.now())
    there = steps(made)["split"].split_pages.all()
    assert [(one.page.title, one.share) for one in there] == [
        (package["pages"][0]["title"], 30),
        (package["pages"][1]["title"], 70),
    ]


def test_a_second_copy_beside_the_first_has_addresses_of_its_own(in_juniper):
    package = packing.pack(started(in_juniper))
    made = packing.unpack(in_juniper, package, by=None, at=clock.now())
    assert steps(made)["form"].page.path == "/glaze-recipes-2"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "{}",
        '{"kind": "plainsail.funnel", "v": 2}',
        '{"kind": "plainsail.funnel", "v": 1, "steps": []}',
        "[" * 5000,
        "x" * (packing.MOST_BYTES + 1),
    ],
)
def test_what_is_no_funnel_is_refused(raw):
    with pytest.raises(packing.BadPackage):
        packing.read(raw)


def spoiled(change):
    package = planned("tripwire")
    change(package)
    return package


@pytest.mark.parametrize(
    "change",
    [
        lambda package: package["steps"][0].update(kind="spaceship"),
        lambda package: package["steps"][0].update(id="not an id"),
        lambda package: package["pages"][0].update(document={"v": 1, "blocks": "none"}),
        lambda package: package["pages"][0].pop("title"),
        lambda package: package["offers"][0]["price"].update(minor="much"),
        lambda package: package["offers"][0]["price"].update(currency="???"),
        lambda package: package["emails"].append("a mail"),
        lambda package: package["steps"][0].update(kind="split", split=[]),
        lambda package: package["steps"][0].update(kind="split", split=[{"share": 200}, {"share": -100}]),
        lambda package: package["steps"][0].update(kind="split", split=["a", "b"]),
        lambda package: package.update(steps=package["steps"] * 30),
    ],
)
def test_a_spoiled_package_makes_nothing_at_all(in_juniper, change):
    with pytest.raises(packing.BadPackage):
        packing.unpack(in_juniper, spoiled(change), by=None, at=clock.now())
    assert not Page.objects.exists()
    assert not Funnel.objects.exists()
    assert not Offer.objects.exists()


def test_countdowns_tags_and_lists_that_a_funnel_uses_come_along(juniper, acme):
    with workspace(juniper):
        funnel = started(juniper)
        form, offer = steps(funnel)["form"].form, steps(funnel)["checkout"].offer
        guest, more = tags.named(juniper, "Guest"), ListFactory(name="Letters")
        forms.change(
            form, at=clock.now(), tags=[str(guest.id)], more_lists=[str(more.id)], offered_lists=[str(more.id)]
        )
        ends = countdowns.save(
            Countdown(workspace=juniper),
            name="Ends",
            kind="tag",
            tag=guest,
            minutes=90,
            closes={"offers": [str(offer.id)]},
        )
        section = ("countdown", {"heading": "Soon over", "countdown": str(ends.id)})
        document = documents.build(themes.DEFAULT, [section])
        other = pages.create(juniper, document, title="Soon over", path="soon", by=None, at=clock.now())
        drawing.change(steps(funnel)["thanks"], {"page": other}, at=clock.now())
        assert ("countdown", ends.id) in set(other.document.references())
        package = packing.read(json.dumps(packing.pack(funnel)))
    with workspace(acme):
        there = ListFactory(name="Letters")
        made = packing.unpack(acme, package, by=None, at=clock.now())
        mine = Countdown.objects.get()
        assert (mine.tag.name, mine.minutes) == ("Guest", 90)
        assert mine.closes == {"offers": [str(steps(made)["checkout"].offer_id)]}
        assert ("countdown", mine.id) in set(steps(made)["thanks"].page.document.references())
        asks = steps(made)["form"].form
        assert asks.tags == [str(mine.tag_id)]
        assert asks.more_lists == asks.offered_lists == [str(there.id)]


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "sequence"},
        {"kind": "fixed", "ends_at": None},
        {"kind": "fixed", "ends_at": "2026-11-01T12:00:00"},
        {"minutes": "long"},
        {"then": "explode"},
    ],
)
def test_a_spoiled_countdown_makes_nothing(in_juniper, said):
    good = {
        **dict.fromkeys(("list", "tag", "words", "url"), ""),
        "name": "Ends",
        "kind": "visit",
        "ends_at": None,
        "minutes": 60,
        "then": "go",
        "closes": [],
    }
    packing.unpack(
        in_juniper,
        planned("tripwire") | {"countdowns": [{"id": str(new_id()), **good, "url": "javascript:x"}]},
        by=None,
        at=clock.now(),
    )
    assert (Countdown.objects.get().url, Countdown.objects.get().then) == ("", "words")
    with pytest.raises(packing.BadPackage):
        packing.unpack(
            in_juniper,
            planned("tripwire") | {"countdowns": [{"id": str(new_id()), **good, **said}]},
            by=None,
            at=clock.now(),
        )
    assert Countdown.objects.count() == 1
