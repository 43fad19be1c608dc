"""What all pages share: parts, redirects, robots, maps, languages, scripts behind consent; and how pages follow them."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from plainsail.blocks.services import documents
from plainsail.kernel.http import workspace_url
from plainsail.kernel.testing import run_jobs
from plainsail.pages.builder_forms import BuilderForm
from plainsail.pages.models import Page, PublishedSnapshot, Redirect, Republishing
from plainsail.pages.services import (
    checking,
    discovery,
    editing,
    pages,
    parts,
    publishing,
    redirects,
    republishing,
    scripts,
    sites,
)
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory, PopupFactory
from plainsail.pages.tests.test_freezing import read

DAY = timedelta(days=1)


@pytest.fixture
def page(in_juniper):
    made = PageFactory(workspace=in_juniper, path="/course")
    publish(made)
    return made


def publish(page):
    return publishing.publish(page, by=None, at=NOW)


def body(page):
    return bytes(PublishedSnapshot.objects.get(page=page).body).decode()


def footer(workspace, words="Open on Fridays", language=""):
    part = parts.open_part(workspace, kind="footer", language=language, by=None, at=NOW)
    operation = {"op": "set", "block": part.document.blocks[0].id, "path": ["address"], "value": words}
    editing.apply(part, [operation], revision=part.revision, by=None, at=NOW)
    return part


def without_footer(page):
    [block] = [block for block in page.document.blocks if block.type == "footer"]
    editing.apply(page, [{"op": "delete", "block": block.id}], revision=page.revision, by=None, at=NOW)
    return page


def follow(workspace):
    """What the worker does after a part was published."""
    asked = republishing.ask(workspace, at=NOW)
    while asked is not None and republishing.step(asked.id, at=NOW):
        pass
    return Republishing.objects.get(id=asked.id) if asked else None


def test_a_footer_is_edited_once_and_stands_on_every_page(page, in_juniper):
    publish(without_footer(page))
    publish(footer(in_juniper))
    assert "Open on Fridays" not in body(page)

    came = follow(in_juniper)

    assert "Open on Fridays" in body(page)
    assert (came.done, came.total, came.failures, came.ended_at) == (1, 1, [], NOW)
    assert not PublishedSnapshot.objects.filter(path__startswith=":").exists()


def test_a_page_with_a_footer_of_its_own_and_one_that_wants_none_have_not_the_sites(page, in_juniper):
    alone = without_footer(PageFactory(workspace=in_juniper))
    pages.set_kin(alone, language="en", original=None, shows_parts=False, at=NOW)
    publish(alone)
    publish(footer(in_juniper))
    follow(in_juniper)

    assert "Open on Fridays" not in body(page)
    assert "Open on Fridays" not in body(alone)


def test_the_draft_of_a_part_shows_nowhere(page, in_juniper):
    publish(without_footer(page))
    footer(in_juniper)

    follow(in_juniper)

    assert "Open on Fridays" not in body(page)


def test_all_pages_follow_but_one_that_can_not_be_rendered_which_is_named(page, in_juniper, monkeypatch):
    other = without_footer(PageFactory(workspace=in_juniper))
    publish(other)
    publish(footer(in_juniper))
    real = publishing.snapshots.store

    def broken(page_, *args, **kwargs):
        if page_.id == page.id:
            raise KeyError("stumbles")
        return real(page_, *args, **kwargs)

    monkeypatch.setattr(publishing.snapshots, "store", broken)
    before = body(page)

    came = follow(in_juniper)

    assert body(page) == before
    assert "Open on Fridays" in body(other)
    assert [failure["title"] for failure in came.failures] == [page.title]


def test_many_pages_follow_in_steps_each_kept(in_juniper, monkeypatch):
    monkeypatch.setattr(republishing, "AT_ONCE", 2)
    for _ in range(3):
        publish(PageFactory(workspace=in_juniper))
    asked = republishing.ask(in_juniper, at=NOW)

    assert republishing.step(asked.id, at=NOW)
    asked.refresh_from_db()
    assert (asked.done, asked.percent, asked.ended_at) == (2, 66, None)
    assert not republishing.step(asked.id, at=NOW)
    asked.refresh_from_db()
    assert (asked.done, asked.ended_at) == (3, NOW)


@pytest.mark.django_db(transaction=True)
def test_publishing_a_part_makes_the_pages_follow_by_themselves(juniper, in_workspace):
    with in_workspace(juniper):
        made = without_footer(PageFactory(workspace=juniper, path="/course"))
        publish(made)
        publish(footer(juniper))
    run_jobs()
    with in_workspace(juniper):
        assert "Open on Fridays" in body(made)


def test_a_missing_page_says_it_in_the_businesss_own_words(page, in_juniper, site_client):
    own = parts.open_part(in_juniper, kind="missing", by=None, at=NOW)
    operation = {"op": "set", "block": own.document.blocks[0].id, "path": ["heading"], "value": "Gone fishing"}
    editing.apply(own, [operation], revision=own.revision, by=None, at=NOW)
    publish(own)

    answer = site_client.get("/nothing/here")

    assert answer.status_code == 404
    assert b"Gone fishing" in answer.content
    assert "sha256-" in answer["Content-Security-Policy"]
    assert site_client.get("/:missing").status_code == 404


def test_a_moved_page_leads_on_from_its_old_address_without_chains(page, site_client):
    pages.describe(page, title="x", description="", path="/second", at=NOW)
    pages.describe(page, title="x", description="", path="/third", at=NOW)

    for old in ("/course", "/second", "/course/"):
        answer = site_client.get(old)
        assert (answer.status_code, answer["Location"]) == (301, "/third")
    pages.describe(page, title="x", description="", path="/course", at=NOW)
    assert site_client.get("/course").status_code == 200
    assert site_client.get("/third")["Location"] == "/course"


def test_the_campaign_that_somebody_came_from_goes_along_to_where_a_page_moved(page, site_client):
    pages.describe(page, title="x", description="", path="/third", at=NOW)
    redirects.add(page.site, path="/part", target="/third#prices")
    redirects.add(page.site, path="/own", target="/third?utm_source=card")
    redirects.add(page.site, path="/away", target="https://example.com/")

    came = {old: site_client.get(f"{old}?utm_source=mail")["Location"] for old in ("/course", "/part", "/own", "/away")}

    assert came == {
        "/course": "/third?utm_source=mail",
        "/part": "/third?utm_source=mail#prices",
        "/own": "/third?utm_source=card",
        "/away": "https://example.com/",
    }


def test_an_address_in_other_letters_leads_to_the_page_that_was_meant(page, site_client):
    answer = site_client.get("/Course/?utm_source=flyer")

    assert (answer.status_code, answer["Location"]) == (301, "/course?utm_source=flyer")
    assert site_client.get("/Nothing").status_code == 404


def test_parts_and_popups_are_offered_nowhere_as_a_place_to_go_to(page, juniper, as_ada):
    footer(juniper)
    PopupFactory()

    answer = as_ada.get(workspace_url(juniper, "pages:links", PageFactory(path="/other").id))

    assert re.findall(r'data-target="([^"#]+)"', answer.content.decode()) == ["/course"]
    assert list(BuilderForm(subject=FormFactory()).fields["thanks_page"].queryset) == [page]


@pytest.mark.parametrize(
    ("title", "path"), [("Straße & Größe", "/strasse-grosse"), ("Œuvre à Łódź", "/oeuvre-a-lodz"), ("Ærø", "/aero")]
)
def test_an_address_made_of_a_title_loses_no_letter(title, path):
    assert sites.path_from(title) == path


def test_circles_are_refused(page):
    site = page.site
    redirects.add(site, path="/a", target="/b")
    redirects.add(site, path="/b", target="/c")

    for path, target in (("/c", "/a"), ("/x", "/x"), ("/x", "/x/?y=1#z"), ("/%78", "/x")):
        with pytest.raises(redirects.Circle):
            redirects.add(site, path=path, target=target)
    assert redirects.add(site, path="/c", target="/course").target == "/course"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("old", "/new"),
        ("", "/new"),
        ("/old", ""),
        ("/old", "javascript:alert(1)"),
        ("/old", "//evil.example"),
        ("/old", "new"),
        ("/old", "https://"),
        ("/old", "/a b"),
        ("/a//b", "/new"),
        ("/../x", "/new"),
        ("/a\x00", "/new"),
        ("/" + "a" * 501, "/new"),
    ],
)
def test_what_is_no_address_is_refused(page, path, target):
    with pytest.raises(redirects.BadRedirect):
        redirects.add(page.site, path=path, target=target)


def test_a_file_of_redirects_is_taken_in_line_by_line(page):
    content = (
        "from,to,kind\n/old,/course,302\nhttps://before.example/shop/?x=1,https://shop.example/,\n"
        "/loop,/loop,\nnonsense,/course\n/old,/course,301\n/odd,/course,999\n"
    )

    came = redirects.import_csv(page.site, content.encode())

    assert (came.made, came.changed, [line for line, _words in came.refused]) == (2, 1, [4, 5, 7])
    assert dict(Redirect.objects.values_list("path", "target")) == {
        "/old": "/course",
        "/shop": "https://shop.example/",
    }


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a\x00b"])
def test_a_file_that_is_no_text_is_refused(page, content):
    with pytest.raises(redirects.BadRedirect):
        redirects.import_csv(page.site, content)


def test_robots_may_look_and_are_told_where_the_map_is(page, site_client, in_juniper):
    answer = site_client.get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    assert "Sitemap: http://juniper.localhost:8000/sitemap.xml" in answer.content.decode()

    sites.describe(page.site, is_hidden=True)
    assert site_client.get("/robots.txt").content == b"User-agent: *\nDisallow: /\n"
    assert publishing.refresh(page, at=NOW).headers["x-robots-tag"] == "noindex"


def test_the_map_names_published_pages_with_their_last_change(page, site_client, in_juniper):
    PageFactory(workspace=in_juniper, path="/draft")

    answer = site_client.get("/sitemap.xml")

    assert re.findall("<loc>(.*?)</loc><lastmod>(.*?)</lastmod>", answer.content.decode()) == [
        ("http://juniper.localhost:8000/course", NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    ]
    assert site_client.get("/sitemap.xml", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_the_map_says_when_the_page_itself_changed_last(page, in_juniper):
    def said():
        return re.findall("<lastmod>(.*?)T", discovery.sitemap(in_juniper))

    publishing.publish(footer(in_juniper), by=None, at=NOW + DAY)
    publishing.refresh_each(republishing.pages_of(page.site_id), at=NOW + DAY)
    assert said() == ["2026-11-22"]

    publishing.publish(page, by=None, at=NOW + 2 * DAY)
    assert said() == ["2026-11-22"]

    operation = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": "Other words"}
    editing.apply(page, [operation], revision=page.revision, by=None, at=NOW + 3 * DAY)
    publishing.publish(page, by=None, at=NOW + 3 * DAY)
    assert said() == ["2026-11-25"]

    pages.describe(page, title="Another title", description="", path="/course", at=NOW + 4 * DAY)
    assert said() == ["2026-11-26"]


def test_a_page_frozen_before_that_was_noted_changed_when_it_was_published(page, in_juniper):
    PublishedSnapshot.objects.update(said="", changed_at=None, published_at=NOW + DAY)
    assert "<lastmod>2026-11-22T" in discovery.sitemap(in_juniper)

    publishing.refresh(page, at=NOW + 2 * DAY)

    assert "<lastmod>2026-11-22T" in discovery.sitemap(in_juniper)


def test_too_many_addresses_for_one_map_are_an_index_of_maps(page, in_juniper):
    for _ in range(2):
        publish(PageFactory(workspace=in_juniper))

    index = discovery.sitemap(in_juniper, per_map=2)

    assert re.findall("<loc>(.*?)</loc>", index) == [
        f"http://juniper.localhost:8000/sitemap-{number}.xml" for number in (1, 2)
    ]
    assert [discovery.sitemap(in_juniper, number=n, per_map=2).count("<url>") for n in (1, 2)] == [2, 1]
    assert discovery.sitemap(in_juniper, number=3, per_map=2) is None


def test_translations_know_each_other_and_visitors_change_between_them(page, in_juniper):
    german = PageFactory(workspace=in_juniper, path="/kurs")
    publish(german)
    pages.set_kin(german, language="de", original=page, shows_parts=True, at=NOW)

    for each in (page, german):
        html = body(each)
        assert 'hreflang="de" href="http://juniper.localhost:8000/kurs"' in html
        assert 'hreflang="x-default"' in html
        assert "Deutsch" in html
    assert body(german).startswith('<!doctype html><html lang="de">')
    assert "(optional)" not in body(german)
    assert PublishedSnapshot.objects.get(page=german).headers["content-language"] == "de"
    assert 'hreflang="de"' in discovery.sitemap(in_juniper)


def test_structured_data_says_what_stands_on_the_page(page, in_juniper):
    found = [json.loads(data) for data in re.findall('<script type="application/ld\\+json">(.*?)</script>', body(page))]

    kinds = {data["@type"]: data for data in found}
    assert set(kinds) == {"BreadcrumbList", "FAQPage"}
    assert kinds["FAQPage"]["mainEntity"][0]["name"] == "Do I need any experience?"
    assert [item["name"] for item in kinds["BreadcrumbList"]["itemListElement"]] == [in_juniper.name, page.title]


def test_no_word_ends_a_script_of_data(page, in_juniper):
    pages.describe(page, title="</script><script>alert(1)", description="", path="/course", at=NOW)

    found = read(body(page))
    assert {kind for tag, attrs in found.elements if tag == "script" for kind in attrs} == {
        ("type", "application/ld+json")
    }
    assert " ".join(found.words).startswith("</script><script>alert(1)")


def test_without_scripts_nobody_is_asked_and_nothing_runs(page):
    assert "consent" not in body(page)
    assert "script-src" not in PublishedSnapshot.objects.get(page=page).headers["content-security-policy"]


def test_a_script_sleeps_in_the_page_and_the_policy_names_its_host_and_code(page, in_juniper):
    scripts.add(
        in_juniper,
        name="Counter",
        purpose="statistics",
        source_url="https://stats.example.com/s.js",
        code="window.counted = '</script>';",
        hosts="api.example.com",
        at=NOW,
    )
    follow(in_juniper)

    html = body(page)
    policy = PublishedSnapshot.objects.get(page=page).headers["content-security-policy"]
    assert '<script src="https://stats' not in html
    assert html.count("</script>") == html.count("<script")
    assert re.search(
        r"script-src 'self' https://api.example.com https://stats.example.com 'sha256-[A-Za-z0-9+/]{43}='", policy
    )
    assert "connect-src 'self' https://api.example.com https://stats.example.com" in policy


def test_the_check_names_what_would_embarrass(page, in_juniper):
    block = next(block for block in page.document.blocks if block.type == "hero")
    for path, value in (
        (["link"], "/nowhere"),
        (["image"], {"picture": "", "url": "https://pics.example.org/a.jpg", "width": 1, "height": 1, "alt": ""}),
    ):
        operation = {"op": "set", "block": block.id, "path": path, "value": value}
        editing.apply(page, [operation], revision=page.revision, by=None, at=NOW)
    words = [finding.words for finding in checking.check(page, page.document)]

    assert "Nothing is published at /nowhere." in words
    assert "A picture has no words for those who can’t see it." in words


def test_links_in_words_are_looked_at_too(in_juniper):
    words = '<p><a href="/gone?a=1&amp;b=2">Prices</a>, <a href="/course">here</a>, <a href="#nowhere">below</a></p>'
    document = documents.build({}, [("heading", {"heading": "Words"}), ("text", {"text": words})])
    page = pages.create(in_juniper, document, title="Words", description="Words", path="/course", at=NOW)

    assert [finding.words for finding in checking.check(page, page.document)] == [
        "Nothing is published at /gone?a=1&b=2.",
        "#nowhere is no section of this page.",
    ]


def test_a_link_that_opens_a_popup_is_offered_and_no_mistake(page, juniper, as_ada):
    popup = PopupFactory()
    block = next(block for block in page.document.blocks if block.type == "hero")
    link = {"op": "set", "block": block.id, "path": ["link"], "value": f"#{popup.key}"}
    editing.apply(page, [link], revision=page.revision, by=None, at=NOW)

    assert [finding for finding in checking.check(page, page.document) if finding.tone == "bad"] == []
    offered = as_ada.get(workspace_url(juniper, "pages:links", page.id)).content.decode()
    assert f'data-target="#{popup.key}"' in offered


def test_a_starter_has_nothing_that_must_be_mended(in_juniper):
    page = PageFactory(workspace=in_juniper, starter="opt-in")

    assert [finding for finding in checking.check(page, page.document) if finding.tone == "bad"] == []


def test_parts_are_no_pages_of_the_list(in_juniper, as_ada):
    footer(in_juniper)

    assert Page.objects.filter(kind="footer").count() == 1
    assert "Footer" not in as_ada.get("/w/juniper/pages/").content.decode().split("<main")[1]


def policy_of(page):
    return PublishedSnapshot.objects.get(page=page).headers["content-security-policy"]


def test_a_film_in_the_footer_may_be_framed_on_pages_that_show_it_and_on_no_other(page, in_juniper):
    other = without_footer(PageFactory(workspace=in_juniper, path="/with-a-film"))
    bare = without_footer(PageFactory(workspace=in_juniper, path="/bare"))
    bare.shows_parts = False
    bare.save(update_fields=["shows_parts"])
    part = footer(in_juniper)
    film = {"id": "film", "type": "video", "v": 1, "props": {"video": "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}}
    editing.apply(part, [{"op": "add", "at": 0, "block": film}], revision=part.revision, by=None, at=NOW)
    publish(part)
    for each in (other, bare, page):
        publish(each)

    assert "frame-src https://www.youtube-nocookie.com" in policy_of(other)
    assert "youtube" in body(other)
    # One page has a footer of its own, the other none.
    assert "frame-src" not in policy_of(page)
    assert "frame-src" not in policy_of(bare)


def test_a_film_for_some_may_be_framed_too(in_juniper):
    page = PageFactory(workspace=in_juniper, path="/some")
    film = {"id": "film", "type": "video", "v": 1, "props": {"video": "https://vimeo.com/76979871"}}
    shown = {"op": "show", "block": "film", "value": {"visit": {"source": "letter"}}}
    operations = [{"op": "add", "at": 1, "block": film}, shown]
    editing.apply(page, operations, revision=page.revision, by=None, at=NOW)
    publish(page)

    assert "vimeo" not in body(page)
    assert "frame-src https://player.vimeo.com" in policy_of(page)
