"""A frozen page carries the style it uses and no more, says the same as before, and is the same for ever."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.utils.html import format_html

from plainsail.blocks.services import rendering
from plainsail.pages.models import PublishedSnapshot
from plainsail.pages.services import freezing, publishing
from plainsail.pages.services.freezing import Used, keep_used
from plainsail.pages.tests.factories import NOW, PageFactory

USED = Used(frozenset({"html", "body", "p", "section", "a"}), frozenset({"hero", "wide"}), frozenset({"form"}))


@pytest.mark.parametrize(
    "rule",
    [
        "p{color:red}",
        ".hero p{color:red}",
        "section.hero>.wide{color:red}",
        "#form{color:red}",
        "*,::before{color:red}",
        ":root{--x:1px}",
        ".hero:has(.other) p{color:red}",
        ".hero:not(.other){color:red}",
        "a:hover{color:red}",
        'a[href^="/x"]{color:red}',
        "@media (min-width:46rem){.hero{color:red}}",
        "@font-face{font-family:X;src:url(x.woff2)}",
    ],
)
def test_a_rule_that_may_match_stays(rule):
    assert keep_used(rule, USED) == rule


@pytest.mark.parametrize(
    "rule",
    [
        "h2{color:red}",
        ".offer p{color:red}",
        "section.offer{color:red}",
        "#pricing{color:red}",
        ".offer:hover{color:red}",
        "@media (min-width:46rem){.offer{color:red}}",
    ],
)
def test_a_rule_that_matches_nothing_goes(rule):
    assert keep_used(rule, USED) == ""


def test_of_a_list_of_selectors_those_that_match_nothing_go():
    assert keep_used("p, h2, .hero a{color:red}", USED) == "p,.hero a{color:red}"


class Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.words, self.inside = [], None
        self.elements = []

    def handle_starttag(self, tag, attrs):
        self.elements.append(
            (tag, sorted((name.lower(), value or "") for name, value in attrs if value or name != "value"))
        )
        self.inside = tag

    def handle_data(self, data):
        if self.inside not in ("style", "script"):
            self.words += data.split()


def read(html):
    reader = Words()
    reader.feed(html)
    return reader


@pytest.mark.parametrize("starter", ["opt-in", "sales", "links"])
def test_freezing_changes_no_word_and_no_element(in_juniper, starter):
    page = PageFactory(workspace=in_juniper, starter=starter)
    html = publishing.render(page, page.document).html

    before, after = read(html), read(freezing.freeze(html).body.decode())

    assert after.words == before.words
    assert [tag for tag, _attrs in after.elements if tag != "style"] == [
        tag for tag, _attrs in before.elements if tag != "style"
    ]


def test_a_frozen_page_is_smaller_and_its_policy_knows_its_style(in_juniper):
    page = PageFactory(workspace=in_juniper, starter="links")
    html = publishing.render(page, page.document).html

    frozen = freezing.freeze(html)

    assert len(frozen.body) < len(html) * 0.75
    assert ".offer" not in frozen.body.decode()
    [style] = re.findall("<style>(.*?)</style>", frozen.body.decode(), re.DOTALL)
    assert rendering.style_source(style) == frozen.style_source
    assert len(re.findall("<style>", frozen.body.decode())) == 1


def test_an_upgrade_never_changes_a_published_page(in_juniper, site_client, monkeypatch):
    page = PageFactory(workspace=in_juniper, path="/course")
    before = bytes(publishing.publish(page, by=None, at=NOW).body)

    monkeypatch.setattr(rendering, "page_css", lambda types: "body{color:red}")
    monkeypatch.setattr(rendering, "render_to_string", lambda *args, **kwargs: "<p>Another version renders this.</p>")

    assert bytes(PublishedSnapshot.objects.get().body) == before
    monkeypatch.undo()


HOSTILE = [
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'><svg onload=alert(1)>",
    "`onmouseover=alert(1)`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;b&amp;gt;",
    "<!-- --!><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "</p></div></main></body></html><script>x</script>",
    "&copy=1&lt=2&#x3c;b&#62;",
    "a < b && c > d",
    "</style><script>alert(1)</script>",
    "<plaintext>",
    "</noscript><script>x</script>",
]


TREE = """html => [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("*")]
  .filter(element => element.localName !== "style")
  .map(element => [element.localName,
    [...element.attributes].map(a => a.name + "=" + a.value).filter(a => a !== "value=").sort(),
    [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join(" ").trim()])"""


def test_freezing_opens_no_way_out_of_words_and_attributes(page):
    """As a browser reads it, before and after."""
    for words in HOSTILE:
        html = format_html(
            '<!doctype html><html lang="en"><head><title>{}</title><meta name="description" content="{}"></head>'
            "<body><p title='{}'>{}</p><textarea>{}</textarea><a href=\"/x?q={}\">x</a>"
            '<input value="{}"><option value="{}">{}</option></body></html>',
            *[words] * 9,
        )

        frozen = freezing.freeze(html).body.decode()

        assert page.evaluate(TREE, frozen) == page.evaluate(TREE, str(html))


BOXES = """() => [...document.querySelectorAll("body *")].map(element => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  return [element.localName, box.x, box.y, box.width, box.height, style.color, style.backgroundColor, style.font]
    .map(value => typeof value === "number" ? Math.round(value) : value).join(" ");
})"""


@pytest.mark.parametrize("width", [1440, 390])
def test_freezing_changes_nothing_that_is_seen(page, in_juniper, width):
    """Every element has the same place, colours and letters as with the whole of the style."""
    page.set_viewport_size({"width": width, "height": 900})
    for starter in ("course", "membership", "about", "contact", "restaurant"):
        made = PageFactory(workspace=in_juniper, starter=starter)
        html = publishing.render(made, made.document).html
        seen = []
        for each in (html, freezing.freeze(html).body.decode()):
            page.set_content(each)
            seen.append(page.evaluate(BOXES))
        assert seen[0] == seen[1]
