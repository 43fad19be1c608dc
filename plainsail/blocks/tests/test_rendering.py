"""Pages and mail come out whole, safe and accessible, whatever was written into them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from hypothesis import given, settings

from plainsail.blocks.services import documents, merging, panels, rendering, themes
from plainsail.blocks.sockets import REFERENCES, FormCard, FormInput, OfferCard, Option, ReferenceKind
from plainsail.blocks.tests.strategies import RAW_DOCUMENTS

HEAD = rendering.PageHead(title="A <page>", description='Says "hello"', legal_links=[("Imprint", "/legal/imprint")])
US = rendering.Business(name="Juniper & Co", postal_address="Mill Lane 4\n25980 Westerland")
FORM, OFFER = uuid4(), uuid4()


@pytest.fixture(autouse=True)
def references(monkeypatch):
    cards = {
        "form": {
            FORM: FormCard(action="/f/1", inputs=[FormInput(name="email", label="E-mail", kind="email", required=True)])
        },
        "offer": {OFFER: OfferCard(url="/checkout/weekend/", name="Weekend", price="€175", per="once")},
    }
    for kind, known in cards.items():
        reference = ReferenceKind(
            label=kind,
            options=lambda known=known: [Option(row_id, "One") for row_id in known],
            cards=lambda ids, known=known: {row_id: known[row_id] for row_id in ids if row_id in known},
        )
        monkeypatch.setitem(REFERENCES._entries, kind, reference)


class Outline(HTMLParser):
    """Reads what a page holds: open elements must close, ids are unique, nothing runs."""

    VOID = {
        "source",
        "track",
        "wbr",
        "meta",
        "link",
        "input",
        "img",
        "br",
        "hr",
        "path",
        "circle",
        "ellipse",
        "rect",
        "stop",
        "col",
    }

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.tags, self.attributes = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def outline(html):
    reader = Outline()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def assert_nothing_runs(read):
    assert "script" not in read.tags
    for tag, name, value in read.attributes:
        assert not name.startswith("on"), (tag, name)
        assert not value.strip().lower().startswith(("javascript:", "data:text", "vbscript:")), (tag, name, value)


@settings(max_examples=40, deadline=None)
@given(RAW_DOCUMENTS)
def test_any_document_becomes_a_whole_page_on_which_nothing_runs(raw):
    page = rendering.render_page(documents.load(raw), HEAD, editing=True)

    read = outline(page.html)
    assert_nothing_runs(read)
    assert read.tags.count("h1") == 1
    assert len(read.ids) == len(set(read.ids))


@settings(max_examples=40, deadline=None)
@given(RAW_DOCUMENTS)
def test_any_document_becomes_a_mail_on_which_nothing_runs(raw):
    body = rendering.render_mail(documents.load(raw), business=US, base_url="https://juniper.example")

    read = Outline()
    read.feed(body.html_template)
    assert_nothing_runs(read)
    assert {"unsubscribe_url", "preferences_url"} <= body.fields


@settings(max_examples=20, deadline=None)
@given(RAW_DOCUMENTS)
def test_any_section_has_a_panel_on_which_nothing_runs(raw):
    for block in documents.load(raw).blocks:
        assert_nothing_runs(outline(panels.render_panel(block)))


def page_of(*blocks, **options):
    return rendering.render_page(documents.build("juniper", blocks), HEAD, **options).html


def test_the_first_headline_is_the_h1_and_the_others_are_not():
    html = page_of(
        ("text", {"text": "<p>Hi</p>"}),
        ("features", {"heading": "First", "items": [{"title": "a"}]}),
        ("hero", {"heading": "Second"}),
    )

    assert "<h1>First</h1>" in html
    assert "<h2>a</h2>" in html
    assert "<h2>Second</h2>" in html


def test_where_a_section_has_no_headline_its_parts_take_that_step_of_the_ladder():
    html = page_of(
        ("hero", {"heading": "First"}),
        ("features", {"heading": "", "items": [{"title": "a"}]}),
        ("features", {"heading": "Second", "items": [{"title": "b"}]}),
    )
    found = re.findall(r"<(h[1-6])[^>]*>(\w+)</h", html)
    assert found == [("h1", "First"), ("h2", "a"), ("h2", "Second"), ("h3", "b")]


def test_pictures_at_the_top_come_at_once_and_those_below_when_they_come_near():
    picture = {"url": "https://example.com/a.jpg", "alt": "A bowl", "width": 800, "height": 600}
    html = page_of(("image", {"image": picture}), ("image", {"image": picture}))
    first, second = re.findall(r"<img [^>]*>", html)
    assert ('fetchpriority="high"' in first, 'loading="lazy"' in first) == (True, False)
    assert ('fetchpriority="high"' in second, 'loading="lazy"' in second) == (False, True)
    assert all('width="800" height="600"' in each for each in (first, second))


def test_pictures_of_a_list_at_the_top_are_not_ranked_but_do_not_wait():
    picture = {"url": "https://example.com/a.jpg", "alt": "A bowl", "width": 800, "height": 600}
    (found,) = re.findall(r"<img [^>]*>", page_of(("gallery", {"items": [{"image": picture}]})))
    assert ("fetchpriority" in found, "lazy" in found) == (False, False)


def test_a_page_without_headlines_still_has_an_h1():
    assert '<h1 class="unseen">A &lt;page&gt;</h1>' in page_of(("text", {"text": "<p>Hi</p>"}))


def test_marks_for_the_editor_stand_only_in_the_editor():
    blocks = [("hero", {"heading": "Hello"})]

    assert 'data-edit="heading"' in page_of(*blocks, editing=True)
    assert "data-" not in page_of(*blocks)


def test_squeezing_the_style_keeps_what_a_space_means():
    css = rendering.page_css()
    assert ".form :focus-visible{outline-color:var(--spark)}" in css
    assert "/*" not in css
    assert "{ " not in css
    assert ": " not in css


def test_the_inline_style_is_named_by_its_hash():
    page = rendering.render_page(documents.build("fig", [("hero", {"heading": "x"})]), HEAD)
    style = re.search("<style>(.*?)</style>", page.html, re.DOTALL)[1]

    assert page.style_source == rendering.style_source(style)


def test_every_picture_has_its_size():
    html = page_of(
        ("image", {"image": {"url": "https://example.com/a.jpg", "width": 640, "height": 480, "alt": "Bowl"}}),
        ("hero", {"image": {"picture": "bowls"}}),
    )

    assert '<img src="https://example.com/a.jpg" alt="Bowl" width="640" height="480"' in html
    assert 'width="440" height="400"' in html


def test_one_drawing_used_twice_does_not_repeat_its_ids():
    read = outline(page_of(("hero", {"image": {"picture": "bowls"}}), ("image", {"image": {"picture": "bowls"}})))

    assert len(read.ids) == len(set(read.ids))


def test_a_price_card_leads_to_the_checkout_of_its_offer():
    html = page_of(("pricing", {"items": [{"offer": str(OFFER), "button": "Book", "link": "/elsewhere"}]}))

    assert 'href="/checkout/weekend/"' in html
    assert "€175" in html


def test_a_form_section_shows_the_form_it_points_to():
    html = page_of(("form", {"form": str(FORM), "button": "Join"}))

    assert '<form method="post" action="/f/1">' in html
    assert '<input type="hidden" name="_page" value="/">' in html
    assert 'name="company_url"' in html


def test_a_form_that_is_gone_leaves_no_empty_form_behind():
    assert "<form" not in page_of(("form", {"form": str(uuid4())}))


def test_a_section_of_an_unknown_type_does_not_show():
    document = documents.load(
        {"v": 1, "theme": {}, "blocks": [{"id": "b1", "type": "carousel", "v": 1, "props": {"x": "secret"}}]}
    )

    assert "secret" not in rendering.render_page(document, HEAD).html


def test_legal_links_stand_on_every_page():
    assert '<a href="/legal/imprint">Imprint</a>' in page_of()


def mail_of(*blocks, **options):
    return rendering.render_mail(
        documents.build("juniper", blocks), **{"business": US, "base_url": "https://juniper.example", **options}
    )


def test_merge_fields_stay_as_holes_in_both_parts():
    body = mail_of(("heading", {"heading": "Hi {{first_name|there}}!"}))

    assert "Hi {{first_name|there}}!" in body.html_template
    assert "Hi {{first_name|there}}!" in body.text_template
    assert body.fields == {"first_name", "unsubscribe_url", "preferences_url", "web_url"}


def test_links_are_absolute_and_tracked_once_each_in_both_parts():
    asked = []

    def track(url):
        asked.append(url)
        return f"{{{{link_{len(asked)}}}}}"

    body = mail_of(
        ("button", {"button": "Go", "link": "/offer?a=1&b=2"}),
        (
            "text",
            {
                "text": '<p><a href="https://x.example/?q=1&amp;r=2">more</a> <a href="mailto:a@example.com">write</a></p>'
            },
        ),
        ("button", {"button": "Again", "link": "/offer?a=1&b=2"}),
        link=track,
    )

    assert asked == ["https://juniper.example/offer?a=1&b=2", "https://x.example/?q=1&r=2"]
    assert body.html_template.count('href="{{link_1}}"') == 2
    assert "Go: {{link_1}}" in body.text_template
    assert "more ({{link_2}})" in body.text_template
    assert "mailto:a@example.com" in body.html_template


def test_marketing_mail_shows_the_address_and_two_ways_out():
    body = mail_of(("text", {"text": "<p>Hi</p>"}))

    assert "Juniper &amp; Co · Mill Lane 4, 25980 Westerland" in body.html_template
    assert 'href="{{unsubscribe_url}}"' in body.html_template
    assert "Unsubscribe: {{unsubscribe_url}}" in body.text_template


def test_transactional_mail_shows_the_address_only():
    body = mail_of(("text", {"text": "<p>Hi</p>"}), footer=rendering.Footer.TRANSACTIONAL)

    assert "Westerland" in body.html_template
    assert body.fields == set()


def test_a_mail_loads_nothing_from_third_parties():
    urls = re.findall(
        r'(?:src|href)="(https?://[^"]+)"', mail_of(("hero", {"image": {"picture": "bowls"}})).html_template
    )

    assert urls
    assert all(url.startswith("https://juniper.example/") for url in urls)


def test_filling_escapes_values_but_not_what_was_written():
    template = merging.parse("<p>Hi {{ first_name | dear &amp; friend }}, {{nick}}</p>")

    assert (
        template.fill({"first_name": "<b>Ada</b>"}, escape=merging.html_escape) == "<p>Hi &lt;b&gt;Ada&lt;/b&gt;, </p>"
    )
    assert template.fill({}, escape=merging.html_escape) == "<p>Hi dear &amp; friend, </p>"


def test_a_value_can_not_forge_a_header():
    assert (
        merging.parse("Hello {{name}}").fill({"name": "Ada\r\nBcc: all@example.com"})
        == "Hello Ada Bcc: all@example.com"
    )


@pytest.mark.parametrize("text", ["{{}}", "{{ First }}", "{{a|b{c}}", "{{a b}}", "{ {a} }", "{{1a}}"])
def test_what_only_looks_like_a_merge_field_stays(text):
    assert merging.parse(text).holes == ()
    assert merging.parse(text).fill({}) == text


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", themes.THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *[
            (words, ground)
            for words in ("ink", "soft", "muted", "accent")
            for ground in ("paper", "wash", "tint", "card")
        ],
        ("on_accent", "accent"),
        ("on_deep", "deep"),
        ("on_deep_soft", "deep"),
        ("on_spark", "spark"),
        ("spark", "deep"),
    ],
)
def test_words_can_be_read_on_their_ground(theme, words, ground):
    light, dark = sorted((luminance(theme.colours[words]), luminance(theme.colours[ground])), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= 4.5
