"""Posts in lists, by tag and in feeds; each with its by-line and the way to its neighbours."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from plainsail.blocks.services import documents
from plainsail.files.tests.factories import FileFactory
from plainsail.kernel.testing import run_jobs
from plainsail.pages.models import Post, PublishedSnapshot
from plainsail.pages.services import blogging, pages, posting, publishing, republishing, uses
from plainsail.pages.tests.factories import NOW, PopupFactory

ATOM = "{http://www.w3.org/2005/Atom}"
DAY = timedelta(days=1)


def write(workspace, title, *, days=0, tags="", excerpt="", author="Ada Lind"):
    page = blogging.write(workspace, title=title, by=None, at=NOW - 100 * DAY)
    blogging.describe(page.posts.get(), author=author, posted_at=NOW - days * DAY, excerpt=excerpt, tags=tags)
    publishing.publish(page, by=None, at=NOW)
    return page


@pytest.fixture
def blog(in_juniper):
    page = blogging.open_blog(in_juniper, by=None, at=NOW)
    publishing.publish(page, by=None, at=NOW)
    return page


def follow(page):
    republishing.refresh_blog.function(site_id=page.site_id)


def body(path):
    return bytes(PublishedSnapshot.objects.get(path=path).body).decode()


def test_a_post_stands_below_the_blog_with_its_by_line(blog, in_juniper):
    page = write(in_juniper, "First fire", excerpt="What the kiln taught us.", tags="Kiln, Glazes")

    html = body("/blog/first-fire")
    assert page.path == "/blog/first-fire"
    assert re.search(r"<h1>First fire</h1>.*What the kiln taught us\..*Ada Lind", html)
    assert html.count("<h1") == 1
    assert 'href="/blog/tag/kiln"' in html
    assert '"@type": "BlogPosting"' in html


def test_the_list_shows_the_newest_first_page_by_page(blog, in_juniper, monkeypatch):
    monkeypatch.setattr(posting, "PER_PAGE", 2)
    for number in range(3):
        write(in_juniper, f"Post {number}", days=number)
    follow(blog)

    assert re.findall(r"<h2><a href=\"(/blog/[^\"]+)\">", body("/blog")) == ["/blog/post-0", "/blog/post-1"]
    assert re.findall(r"<h2><a href=\"(/blog/[^\"]+)\">", body("/blog/page/2")) == ["/blog/post-2"]
    assert 'href="/blog/page/2" rel="next"' in body("/blog")
    assert "<title>Blog · page 2</title>" in body("/blog/page/2")
    assert "rel=canonical" in body("/blog/page/2").replace('"', "")


def test_each_tag_has_its_list_and_what_is_gone_is_withdrawn(blog, in_juniper):
    write(in_juniper, "One", tags="Kiln")
    two = write(in_juniper, "Two", tags="kiln, studio", days=1)
    follow(blog)
    assert set(PublishedSnapshot.objects.filter(page=blog).values_list("path", flat=True)) == {
        "/blog",
        "/blog/tag/kiln",
        "/blog/tag/studio",
    }
    assert "One" in body("/blog/tag/kiln")
    assert "Two" in body("/blog/tag/kiln")

    publishing.unpublish(two, at=NOW)
    follow(blog)

    assert set(PublishedSnapshot.objects.filter(page=blog).values_list("path", flat=True)) == {
        "/blog",
        "/blog/tag/kiln",
    }
    assert "Two" not in body("/blog")


def test_a_draft_is_in_no_list_and_no_feed(blog, in_juniper, site_client):
    blogging.write(in_juniper, title="Secret", by=None, at=NOW)
    write(in_juniper, "Open")
    follow(blog)

    assert "Secret" not in body("/blog")
    assert b"Secret" not in site_client.get("/blog/feed.xml").content


def test_a_post_leads_to_the_one_before_and_the_one_after(blog, in_juniper):
    for number in range(3):
        write(in_juniper, f"Post {number}", days=number)
    follow(blog)

    assert re.findall(r'href="(/blog/post-\d)" rel="(prev|next)"', body("/blog/post-1")) == [
        ("/blog/post-2", "prev"),
        ("/blog/post-0", "next"),
    ]


def test_a_scheduled_post_comes_into_the_list_by_itself(blog, in_juniper):
    page = blogging.write(in_juniper, title="Tomorrow", by=None, at=NOW)
    publishing.set_timetable(page, publish_at=NOW + DAY, unpublish_at=None, at=NOW)

    publishing.keep_timetable(at=NOW + DAY)
    follow(blog)

    assert "Tomorrow" in body("/blog")


def test_the_feeds_can_be_read(blog, in_juniper, site_client):
    write(in_juniper, "Salt & <fire>", tags="Kiln", excerpt="A & B")

    answer = site_client.get("/blog/feed.xml")
    feed = ET.fromstring(answer.content)
    assert answer["Content-Type"].startswith("application/atom+xml")
    [entry] = feed.findall(f"{ATOM}entry")
    assert entry.find(f"{ATOM}title").text == "Salt & <fire>"
    assert entry.find(f"{ATOM}link").get("href") == "http://juniper.localhost:8000/blog/salt-fire"
    assert entry.find(f"{ATOM}author/{ATOM}name").text == "Ada Lind"

    rss = ET.fromstring(site_client.get("/blog/rss.xml").content)
    assert [item.find("title").text for item in rss.iter("item")] == ["Salt & <fire>"]
    assert site_client.get("/blog/feed.xml", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_without_posts_there_is_no_feed(blog, site_client):
    assert site_client.get("/blog/feed.xml").status_code == 404


def test_tags_are_what_is_written_and_no_others(in_juniper):
    page = blogging.write(in_juniper, title="One", tags="Kiln, , kiln,Glazes ", by=None, at=NOW)
    post = Post.objects.get(page=page)
    assert blogging.tags_as_words(post) == "Glazes, kiln"

    blogging.describe(post, author="", posted_at=NOW, excerpt="", tags="Studio")

    assert blogging.tags_as_words(post) == "Studio"


def test_writing_from_the_screen_opens_the_editor(as_ada, juniper, in_workspace):
    answer = as_ada.post("/w/juniper/pages/posts/", {"title": "A quiet day"})

    with in_workspace(juniper):
        post = Post.objects.select_related("page").get()
    assert answer["Location"] == f"/w/juniper/pages/{post.page_id}/"
    assert "A quiet day" in as_ada.get("/w/juniper/pages/posts/").content.decode()
    changed = as_ada.post(
        f"/w/juniper/pages/posts/{post.id}/",
        {"author": "Ben", "posted_at": "2026-05-01T10:00", "excerpt": "Short", "tags": "Kiln", "picture": "cup"},
    )
    assert changed.status_code == 302
    with in_workspace(juniper):
        post.refresh_from_db()
    assert (post.author, post.cover["picture"]) == ("Ben", "cup")


def test_a_list_that_nobody_described_is_described_by_what_is_on_it(blog, in_juniper):
    write(in_juniper, "First fire")
    write(in_juniper, "Why bowls crack", days=1)
    follow(blog)

    assert '<meta name="description" content="First fire · Why bowls crack">' in body("/blog")


def test_a_page_that_lists_the_newest_posts_shows_a_new_one(blog, in_juniper):
    document = documents.build({}, [("posts", {"heading": "News"})])
    front = pages.create(in_juniper, document, title="Front", path="/", at=NOW)
    publishing.publish(front, by=None, at=NOW)
    assert "First fire" not in body("/")

    write(in_juniper, "First fire")
    follow(blog)

    assert "First fire" in body("/")


def test_lists_follow_a_post_that_gets_another_title_or_date(blog, in_juniper):
    page = write(in_juniper, "First fire")
    write(in_juniper, "Second fire", days=1)
    pages.describe(page, title="The very first fire", description="", path="/blog/first-fire", at=NOW)
    run_jobs()
    assert "The very first fire" in body("/blog")

    blogging.describe(page.posts.get(), author="", posted_at=NOW - 2 * DAY, excerpt="", tags="")
    republishing.follow(page.id, kind=page.kind, at=NOW)
    run_jobs()
    assert re.findall(r"<h2><a href=\"(/blog/[^\"]+)\">", body("/blog")) == ["/blog/second-fire", "/blog/first-fire"]


def test_a_post_is_of_the_day_when_it_first_goes_live_unless_another_was_chosen(in_juniper):
    begun = blogging.write(in_juniper, title="Begun long ago", by=None, at=NOW - 20 * DAY)
    dated = blogging.write(in_juniper, title="Dated", by=None, at=NOW - 20 * DAY)
    blogging.describe(dated.posts.get(), author="", posted_at=NOW - 3 * DAY, excerpt="", tags="")

    for at in (NOW, NOW + DAY):
        publishing.publish(begun, by=None, at=at)
        publishing.publish(dated, by=None, at=at)

    assert (begun.posts.get().posted_at, dated.posts.get().posted_at) == (NOW, NOW - 3 * DAY)


def test_a_copied_post_is_a_post_again(in_juniper):
    page = blogging.write(in_juniper, title="First fire", tags="Kiln", excerpt="Short", by=None, at=NOW)

    copied = pages.copy(page, by=None, at=NOW + DAY)

    post = copied.posts.get()
    assert (copied.kind, copied.path, post.excerpt) == ("post", "/blog/first-fire-2", "Short")
    assert (blogging.tags_as_words(post), post.posted_at) == ("Kiln", NOW + DAY)


def test_a_list_of_posts_with_pages_for_tags_is_told_what_comes_up_on_it(blog, in_juniper, site_client):
    popup = PopupFactory()
    publishing.publish(popup.page, by=None, at=NOW)
    write(in_juniper, "First fire", tags="Kiln")
    follow(blog)

    answer = site_client.post("/for-you", {"page": blog.id.hex}, content_type="application/json")

    assert [one["key"] for one in answer.json()["popups"]] == [popup.key]


def test_a_picture_of_the_library_announces_a_post_wherever_it_is_shown(blog, in_juniper, as_ada):
    file = FileFactory(name="kiln.png")
    page = write(in_juniper, "First fire")
    said = {"author": "Ada", "posted_at": "2026-11-20T10:00", "file": str(file.id), "picture_alt": "The kiln, open"}

    answer = as_ada.post(f"/w/juniper/pages/posts/{page.posts.get().id}/", said)
    run_jobs()

    assert answer.status_code == 302
    for path in ("/blog/first-fire", "/blog"):
        assert re.search(r'<img[^>]*src="/media/[^>]*alt="The kiln, open"', body(path)), path
    assert re.search(
        r'<meta property="og:image" content="http://juniper.localhost:8000/media/', body("/blog/first-fire")
    )
    assert [use.label for use in uses.of_file(file.id)] == ["First fire"]
    shown = as_ada.get(f"/w/juniper/pages/posts/{page.posts.get().id}/").content.decode()
    assert f'<option value="{file.id}" selected>' in shown


def test_a_sign_that_no_feed_may_hold_breaks_none(blog, in_juniper, site_client):
    """Such as the line ends of presentations, which come along when words are pasted."""
    write(in_juniper, "First\x0bfire", tags="Ki\x01ln", excerpt="One\x1ftwo", author="A\x08da")

    for path in ("/blog/feed.xml", "/blog/rss.xml"):
        assert "First fire" in ET.tostring(ET.fromstring(site_client.get(path).content), encoding="unicode")


def test_tags_in_any_script_have_lists_of_their_own(blog, in_juniper):
    write(in_juniper, "First fire", tags="日本, 日本語 blog, Кухня, Möbel, blog")
    follow(blog)

    assert set(PublishedSnapshot.objects.filter(page=blog).values_list("path", flat=True)) == {
        "/blog",
        "/blog/tag/wgv71a",
        "/blog/tag/blog-1e1k07ec84j",
        "/blog/tag/j1agri5c",
        "/blog/tag/mobel",
        "/blog/tag/blog",
    }
