"""Whatever is written into whatever setting, nothing runs on the page and nothing is asked of strangers.

Each payload goes into every setting of every kind of block: what a field refuses is refused at the field; what is stored is
read back by the HTML parser of a real browser, and then shown by that browser: without a content security policy, so that
the markup alone must hold.
"""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

import pytest

from plainsail.blocks.schema import Field, Image, Items, clean_props
from plainsail.blocks.services import documents, panels, rendering, themes
from plainsail.blocks.services.documents import InvalidDocument
from plainsail.blocks.sockets import BLOCKS, REFERENCES, BlockType
from plainsail.blocks.tests.hostile import MANY, MARKUP, STYLES, TARGETS
from plainsail.blocks.tests.strategies import standing

HEAD = rendering.PageHead(title='"><script>pwned()</script>', description="' onload='pwned()", site_name="<b>Us")
KINDS = [kind for kind in BLOCKS if "page" in kind.surfaces]
RUNS = {"script", "object", "embed", "base", "applet", "frame", "frameset", "foreignobject", "animate", "set", "portal"}
OPEN_TARGETS = {"href", "src", "action", "poster", "data", "xlink:href", "cite"}
ACTING = {"style", "srcset", "background", "formaction", "ping", "http-equiv", "srcdoc", "rel"}


@pytest.fixture(autouse=True)
def nothing_to_point_to(monkeypatch):
    monkeypatch.setattr(REFERENCES, "_entries", {})


def written(field: Field, payload: str) -> Any:
    """A value that holds the payload wherever this kind of setting holds words."""
    if isinstance(field, Items):
        return [{name: written(each, payload) for name, each in field.fields.items()}]
    if isinstance(field, Image):
        return {"picture": "", "url": payload, "width": 3, "height": 2, "alt": payload}
    return payload


def kept(kind: BlockType, payload: str) -> dict[str, Any]:
    """The settings of a block after everybody's worst: what each field makes of it, the refused ones as they were."""
    props = {name: written(field, payload) for name, field in kind.fields.items()}
    cleaned = clean_props(kind.fields, props, (), {})
    for name, field in kind.fields.items():
        if isinstance(field, Items) and not cleaned[name]:
            cleaned[name] = [field.blank]
    # A picture that was refused for its address shows its words all the same.
    return {
        name: {**value, "picture": "cup"} if isinstance(value, dict) and not value["url"] else value
        for name, value in cleaned.items()
    }


@functools.cache
def page_with(payload: str, *, editing: bool = False) -> str:
    """A page of every kind of block with the payload in every setting."""
    seeds = [standing(kind, kept(kind, payload), {}) for kind in KINDS]
    return rendering.render_page(documents.build("juniper", seeds), HEAD, editing=editing).html


# Every element that is one of `tags` or has an attribute worth a look, those inside templates too, from a document that is
# parsed and never shown.
ELEMENTS = """([html, tags, attributes]) => {
  const found = [];
  const isWorth = (one) => attributes.includes(one.name.toLowerCase()) || one.name.toLowerCase().startsWith("on");
  const walk = (node) => {
    if (node.nodeType === 1) {
      const worth = [...node.attributes].filter(isWorth).map((one) => [one.name.toLowerCase(), one.value]);
      const tag = node.localName.toLowerCase();
      if (worth.length > 0 || tags.includes(tag)) found.push([tag, worth]);
      if (node instanceof HTMLTemplateElement) walk(node.content);
    }
    for (const child of node.childNodes) walk(child);
  };
  walk(new DOMParser().parseFromString(html, "text/html"));
  return found;
}"""


PAGES = {}
"""The page of each browser, for all tests: there are hundreds."""


@pytest.fixture
def trouble(browser):
    """Tells what could run, or ask a stranger for something, in a document as a browser understands it."""
    page = PAGES.get(browser) or PAGES.setdefault(browser, browser.new_page())

    def of(html: str) -> list[str]:
        found: list[str] = []
        for tag, attributes in page.evaluate(ELEMENTS, [html, [*RUNS], [*OPEN_TARGETS, *ACTING]]):
            found += _trouble_of(tag, dict(attributes))
            for name, value in attributes:
                if name == "srcdoc":
                    found += [f"in a frame: {each}" for each in of(value)]
        return found

    return of


def _trouble_of(tag: str, attributes: dict[str, str]) -> list[str]:
    found = [f"<{tag}>"] if tag in RUNS else []
    if (
        tag == "link"
        and attributes.get("rel") == "stylesheet"
        and not attributes.get("href", "").startswith("/static/")
    ):
        found.append("a style from elsewhere")
    for name, value in attributes.items():
        is_acting = name in ACTING and name not in ("srcdoc", "rel")
        if name.startswith("on") or is_acting or (name in OPEN_TARGETS and not _is_harmless(tag, name, value)):
            found.append(f"{tag} {name}={value}")
    return found


def _is_harmless(tag: str, name: str, value: str) -> bool:
    """As a browser reads an address: without control characters at its ends, or tabs and line breaks anywhere."""
    address = "".join(letter for letter in value if letter not in "\t\n\r").strip("".join(map(chr, range(33))))
    if tag == "link" and address.startswith("data:image/svg+xml"):
        return True  # our own monogram
    if address.startswith(("//", "/\\", "\\")):
        return False
    parts = urlsplit(address)
    if parts.scheme in ("", "mailto", "tel"):
        return True
    return parts.scheme in ("http", "https") and (tag == "a" or bool(parts.netloc))


@pytest.mark.parametrize("payload", MANY)
def test_nothing_runs_whatever_is_written_anywhere(trouble, payload):
    assert trouble(page_with(payload)) == []


@pytest.mark.parametrize("payload", MANY[::5])
def test_nothing_runs_in_the_editor_either(trouble, payload):
    assert trouble(page_with(payload, editing=True)) == []


@pytest.mark.parametrize("payload", MANY[::12])
def test_nothing_runs_in_the_panel_of_a_section(trouble, payload):
    for kind in KINDS:
        block = documents.make_block(kind, kept(kind, payload))
        assert trouble(panels.render_panel(block)) == [], kind.type


@pytest.mark.parametrize("payload", TARGETS)
def test_a_target_that_could_run_or_lead_astray_is_refused_at_the_field(payload):
    for kind in KINDS:
        for name, field in kind.fields.items():
            if field.kind == "link":
                errors: dict[Any, str] = {}
                assert field.clean(payload, (name,), errors) == field.empty
                assert list(errors) == [(name,)], (kind.type, name)


@pytest.mark.parametrize("payload", [*STYLES, *MARKUP[::6]])
@pytest.mark.parametrize("name", themes.FIELDS)
def test_a_theme_takes_nothing_but_colours_and_names(name, payload):
    with pytest.raises(InvalidDocument):
        documents.build({**themes.DEFAULT, name: payload}, [])


def test_the_parser_would_have_noticed(trouble):
    assert trouble("<img src=x onerror=pwned()>")
    assert trouble("<a href='java\nscript:pwned()'>x</a>")
    assert trouble("<iframe srcdoc='&lt;script&gt;pwned()&lt;/script&gt;'></iframe>")
    assert trouble("<a href='//evil.test'>x</a>")
    assert trouble("<svg><animate onbegin=pwned()></svg>")


class Visit:
    """A visit to pages of ours in a real browser: what came to be called, and which strangers were asked."""

    ADDRESS = "https://us.test/"
    # What a visitor might touch is opened and told of every event that handlers like to wait for.
    TOUCH = """() => {
      for (const one of document.querySelectorAll("details")) one.open = true;
      for (const one of document.querySelectorAll("a, button, summary, [tabindex]")) {
        for (const name of ["pointerover", "mouseover", "focus", "toggle"]) one.dispatchEvent(new Event(name));
      }
    }"""

    def __init__(self, browser):
        self.html, self.said, self.asked = "", [], []
        self.context = browser.new_context()
        self.page = self.context.new_page()
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.expose_function("pwned", lambda: self.said.append("pwned"))
        self.context.route("**/*", self.answer)

    def answer(self, route):
        if route.request.url == self.ADDRESS:
            return route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        self.asked.append(route.request.url)
        return route.abort()

    def see(self, html):
        self.html = html
        self.page.goto(self.ADDRESS)
        self.page.evaluate(self.TOUCH)

    @property
    def strangers(self):
        return [url for url in self.asked if "evil.test" in url]


@pytest.fixture
def visit(browser):
    made = Visit(browser)
    yield made
    made.context.close()


@pytest.mark.parametrize("part", range(4))
def test_a_real_browser_runs_nothing_and_asks_nobody(visit, part):
    for payload in MANY[part::4]:
        visit.see(page_with(payload))
    assert (visit.said, visit.strangers) == ([], [])


def test_the_browser_would_have_noticed(visit):
    visit.see("<img src=x onerror=pwned()><img src=//evil.test/x.png><details ontoggle=pwned()>x</details>")
    visit.page.wait_for_timeout(100)
    assert visit.said.count("pwned") >= 2
    assert visit.strangers == ["https://evil.test/x.png"]
