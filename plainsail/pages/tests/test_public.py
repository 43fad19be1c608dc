"""What visitors get without an edge before us: pages, form posts with errors at the field, thanks, and a kind 404."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from plainsail.blocks.services import documents
from plainsail.blocks.sockets import BLOCKS
from plainsail.contacts.models import Contact
from plainsail.pages.models import PageRevision, Submission
from plainsail.pages.services import editing, parts, publishing, splitting
from plainsail.pages.tests.factories import NOW, FormFactory, PageFactory


@pytest.fixture
def page(juniper, in_workspace):
    """A published page at /course."""
    with in_workspace(juniper):
        page = PageFactory(workspace=juniper, path="/course")
        publishing.publish(page, by=None, at=NOW)
    return page


@pytest.fixture
def form(page, juniper, in_workspace):
    with in_workspace(juniper):
        return juniper.forms.get()


def post(client, form, **values):
    return client.post(f"/f/{form.id}", {"_page": "/course", "company_url": "", **values})


def test_a_published_page_is_shown_with_its_policy(site_client, page):
    response = site_client.get("/course")

    assert response.status_code == 200
    assert b"Throw your first bowl" in response.content
    assert "sha256-" in response["Content-Security-Policy"]


def test_a_page_that_did_not_change_is_not_sent_again(site_client, page):
    etag = site_client.get("/course")["ETag"]

    again = site_client.get("/course", headers={"if-none-match": etag})

    assert (again.status_code, again.content) == (304, b"")


def test_a_trailing_slash_leads_to_the_page(site_client, page):
    response = site_client.get("/course/")

    assert (response.status_code, response["Location"]) == (301, "/course")


def test_an_address_where_nothing_stands_says_so_in_the_look_of_the_site(site_client, page):
    response = site_client.get("/nothing/here")

    assert response.status_code == 404
    assert "This page isn’t here" in response.content.decode()
    assert "<style>" in response.content.decode()


def test_the_first_address_is_never_a_dead_end(site_client, page, juniper, in_workspace):
    """Links in mail and the name above every page lead to it."""
    response = site_client.get("/")

    html = response.content.decode()
    assert (response.status_code, response["X-Robots-Tag"]) == (200, "noindex")
    assert f"<title>{juniper.name}</title>" in html
    assert f"<h1>{juniper.name}</h1>" in html
    with in_workspace(juniper):
        front = PageFactory(workspace=juniper, path="/")
        publishing.publish(front, by=None, at=NOW)
    assert "There is no first page here yet" not in site_client.get("/").content.decode()


def test_a_notice_says_whose_site_it_is_and_has_a_way_on(site_client, page, form, juniper):
    for path in ("/nothing/here", f"/thanks/{form.id}"):
        html = site_client.get(path).content.decode()
        assert f" · {juniper.name}</title>" in html
        assert f"<strong>{juniper.name}</strong>" in html
        assert 'href="/"' in html
        assert '<link rel="icon" href="data:image/svg+xml,' in html


def test_a_draft_is_nobodys_business(site_client, juniper, in_workspace):
    with in_workspace(juniper):
        PageFactory(workspace=juniper, path="/secret")

    assert site_client.get("/secret").status_code == 404


def test_the_site_of_one_business_does_not_show_pages_of_another(client, page, acme):
    assert client.get("/course", headers={"host": "acme.localhost"}).status_code == 404


def test_a_good_post_is_accepted_and_thanked(site_client, page, form, juniper, in_workspace):
    response = post(site_client, form, email="grace@example.com", first_name="Grace")

    assert (response.status_code, response["Location"]) == (303, f"/thanks/{form.id}")
    with in_workspace(juniper):
        assert Contact.objects.get().email == "grace@example.com"
        assert Submission.objects.get().page == page
    assert "look in your inbox" in site_client.get(response["Location"]).content.decode()


def test_a_bad_post_shows_the_page_again_with_the_words_at_the_field(site_client, page, form, juniper, in_workspace):
    response = post(site_client, form, email="nonsense", first_name="<b>Grace")

    html = response.content.decode()
    assert response.status_code == 422
    assert "Throw your first bowl" in html
    assert 'value="nonsense" required autofocus aria-invalid="true" aria-describedby="form-email-error"' in html
    assert re.search(r'<p class="error" id="form-email-error">This doesn’t look like an e-mail address', html)
    assert 'value="&lt;b&gt;Grace"' in html
    with in_workspace(juniper):
        assert not Submission.objects.exists()


def test_the_page_shown_again_is_the_published_version_not_the_draft(site_client, page, form, juniper, in_workspace):
    with in_workspace(juniper):
        operation = {"op": "set", "block": page.document.blocks[0].id, "path": ["heading"], "value": "Not yet"}
        editing.apply(page, [operation], revision=page.revision, by=None, at=NOW)

    assert "Not yet" not in post(site_client, form, email="").content.decode()


@pytest.mark.parametrize("path", ["", "/gone", "https://evil.example", "/a\x00b", "x" * 5000, "//evil"])
def test_a_post_from_nowhere_gets_the_form_alone(site_client, form, path):
    response = site_client.post(f"/f/{form.id}", {"_page": path, "email": "nonsense"})

    assert response.status_code == 422
    assert f'action="/f/{form.id}"' in response.content.decode()


def test_a_filled_honeypot_is_thanked_and_forgotten(site_client, page, form, juniper, in_workspace):
    response = post(site_client, form, email="bot@example.com", company_url="https://spam.example")

    assert response.status_code == 303
    with in_workspace(juniper):
        assert not Submission.objects.exists()


def test_coming_back_to_where_a_form_posts_shows_the_form(site_client, form):
    response = site_client.get(f"/f/{form.id}")

    assert response.status_code == 200
    assert 'name="email"' in response.content.decode()


def test_a_form_alone_is_headed_by_what_one_signs_up_for(site_client, form, juniper, in_workspace):
    html = site_client.get(f"/f/{form.id}").content.decode()

    with in_workspace(juniper):
        topic = juniper.forms.select_related("list").get().list.name
    assert f"<h1>{topic}</h1>" in html
    assert form.name not in html


def test_a_form_of_another_business_is_not_here(site_client, acme, in_workspace):
    with in_workspace(acme):
        foreign = FormFactory(workspace=acme)

    for form_id in (foreign.id, uuid4()):
        assert site_client.post(f"/f/{form_id}", {"email": "a@example.com"}).status_code == 404
        assert site_client.get(f"/thanks/{form_id}").status_code == 404


def test_nothing_is_stored_by_looking(site_client, form, juniper, in_workspace):
    site_client.get(f"/f/{form.id}", {"email": "grace@example.com"})
    site_client.head(f"/f/{form.id}", {"email": "grace@example.com"})

    with in_workspace(juniper):
        assert not Submission.objects.exists()


@pytest.fixture
def navigation(page, juniper, in_workspace):
    """A published navigation that leads to /course, and a footer."""
    with in_workspace(juniper):
        for kind in ("header", "footer"):
            publishing.publish(parts.open_part(juniper, kind=kind, by=None, at=NOW), by=None, at=NOW)


def test_notices_stand_between_the_sites_navigation_and_footer(site_client, page, form, navigation):
    for path in ("/nothing/here", f"/thanks/{form.id}", f"/f/{form.id}", "/"):
        html = site_client.get(path).content.decode()
        assert re.search(r'<header>.*<nav class="wide navigation-in".*href="/course".*</header>', html, re.DOTALL), path
        assert html.count("<footer") == 1
        assert ".navigation-in" in html


def test_pages_that_mail_leads_to_show_the_way_around_the_site(site_client, page, navigation):
    answer = site_client.get("/confirm/worn-out/")

    assert (
        '<nav class="public-nav" aria-label="Site"><a href="/course">Weekend course</a></nav>'
        in answer.content.decode()
    )


def test_an_address_where_nothing_stands_is_answered_in_a_language_that_fits(site_client, page, juniper, in_workspace):
    with in_workspace(juniper):
        for language, words in (("", "Nothing here"), ("de", "Nichts hier")):
            part = parts.open_part(juniper, kind="missing", language=language, by=None, at=NOW)
            operation = {"op": "set", "block": part.document.blocks[0].id, "path": ["heading"], "value": words}
            editing.apply(part, [operation], revision=part.revision, by=None, at=NOW)
            publishing.publish(part, by=None, at=NOW)

    def said(path, accepted=""):
        answer = site_client.get(path, headers={"accept-language": accepted})
        assert answer["Vary"] == "Accept-Language"
        return re.search("<h1>(.*?)</h1>", answer.content.decode())[1]

    assert said("/nothing") == "Nothing here"
    assert said("/nothing", "fr, de-AT;q=0.8") == "Nichts hier"
    assert said("/de/nichts", "en") == "Nichts hier"
    assert said("/nothing", "nonsense;;;q=x") == "Nothing here"


def test_notices_do_without_a_navigation_that_can_not_be_read(site_client, navigation, juniper, in_workspace):
    with in_workspace(juniper):
        PageRevision.objects.filter(page__kind="header").update(document={"v": 99, "blocks": []})

    answer = site_client.get("/nothing")

    assert answer.status_code == 404
    assert "This page isn’t here" in answer.content.decode()
    assert site_client.get("/confirm/worn-out/").status_code == 404


def test_a_form_sent_from_where_it_does_not_stand_itself_comes_back_alone_with_what_is_wrong(
    site_client, page, juniper, in_workspace
):
    """In a pop-up that came up on a page, in the site's footer, on the page that shows it alone."""
    with in_workspace(juniper):
        other = FormFactory(workspace=juniper)
        publishing.publish(PageFactory(path="/", starter="links"), by=None, at=NOW)
        footer = parts.open_part(juniper, kind="footer", by=None, at=NOW)
        block = documents.save_block(documents.make_block(BLOCKS["form"], {"form": str(other.id)}))
        editing.apply(footer, [{"op": "add", "at": 0, "block": block}], revision=footer.revision, by=None, at=NOW)
        publishing.publish(footer, by=None, at=NOW)

    alone = site_client.get(f"/f/{other.id}").content.decode()
    sent_from = re.search('name="_page" value="(.*?)"', alone)[1]
    for path in (sent_from, "/", "/course"):
        html = site_client.post(f"/f/{other.id}", {"_page": path, "email": "nonsense"}).content.decode()
        assert re.search(r'value="nonsense"[^>]*aria-invalid="true"', html), path
        assert f'name="_page" value="{path}"' in html


def test_a_form_of_a_variant_comes_back_on_that_variant(site_client, page, juniper, in_workspace):
    with in_workspace(juniper):
        test = splitting.begin(page, by=None, at=NOW)
        variant = test.variants.get(letter="B").page
        form = FormFactory(workspace=juniper)
        shown = next(block for block in variant.document.walk() if block.type == "form")
        changes = [
            {"op": "set", "block": shown.id, "path": ["form"], "value": str(form.id)},
            {"op": "set", "block": variant.document.blocks[0].id, "path": ["heading"], "value": "The other way"},
        ]
        editing.apply(variant, changes, revision=variant.revision, by=None, at=NOW)
        splitting.start(test, by=None, at=NOW)

    answer = site_client.post(
        f"/f/{form.id}", {"_page": "/course", "_variant": variant.path, "email": "nonsense"}
    ).content.decode()

    assert "The other way" in answer
    assert f'name="_variant" value="{variant.path}"' in answer
    assert 'value="nonsense"' in answer
