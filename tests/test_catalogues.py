"""Every visible word can be translated, and what customers see is: on public pages, in their mail, and wherever one cancels."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django import forms
from django.template.base import Lexer, Token, TokenType
from django.utils.functional import Promise
from django.utils.translation import gettext, override

from plainsail.kernel.errors import Refusal
from plainsail.ui import catalogues

PACKAGE = catalogues.PACKAGE

# What visitors, buyers and owners on their way in or out may see. All of it is German and French, too.
PUBLIC = (
    "edge/*.py",
    "kernel/*.py",
    "ui/templates/*.html",
    "ui/templates/cotton/*.html",
    "ui/templates/ui/*.html",
    "ui/templates/ui/layouts/*.html",
    "ui/views/errors.py",
    "accounts/*.py",
    "accounts/views/*.py",
    "accounts/services/*.py",
    "accounts/templates/**/*.*",
    "contacts/views/public.py",
    "contacts/services/*.py",
    *(
        f"contacts/templates/contacts/{name}.html"
        for name in ("confirm", "preferences", "unsubscribe", "unsubscribed", "worn_out")
    ),
    "mail/services/confirmations.py",
    "mail/templates/mail/letters/*.*",
    "blocks/templates/blocks/page.html",
    "blocks/templates/blocks/page/*.html",
    "blocks/templates/blocks/mail/*.*",
    "pages/services/*.py",
    "portal/**/*.*",
    "payments/**/*.*",
    "commerce/*.py",
    "commerce/models/*.py",
    "commerce/services/*.py",
    "commerce/views/checkout.py",
    "commerce/views/receipts.py",
    *(f"commerce/templates/commerce/{name}.html" for name in ("checkout", "payment", "receipt", "portal_purchases")),
    "subscriptions/**/*.*",
    "hosting/**/*.*",
)

# Fixed by law (§ 312k and § 356a BGB; Consumer Rights Directive, art. 11a; L. 215-1-1 and L. 221-21 Code de la
# consommation): change them with a lawyer only.
LABELS_OF_LAW = {
    "Cancel contracts here": ("Verträge hier kündigen", "Résilier votre contrat"),
    "cancel now": ("jetzt kündigen", "notifier la résiliation"),
    "Withdraw from contract here": ("Vertrag widerrufen", "Renoncer au contrat ici"),
    "Confirm withdrawal": ("Widerruf bestätigen", "Confirmer la rétractation"),
}

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]|\{\{\s*\w+|\{\w+\}|</?\w+[^>]*>")
LETTERS = re.compile(r"[^\W\d_]")
FIXED = re.compile(r'\|(default|default_if_none|yesno|add):"[^"]*[^\W\d_][^"]*"')

NAMES = {
    *("Plainsail", "· Plainsail", "· · Plainsail", "VIES,"),
    *(": unsubscribe_url", ": preferences_url", ": web_url", "://?code="),
    *("manifest.json", "business.jsonl", "team.jsonl"),
}
"""Not words: names of products, of registers and of files, and holes that the sending program fills."""
ATTRIBUTE_BLOCKS = {"main_class", "page_class", "card_class", "body_attrs", "root", "addresses", "announced"}
"""Blocks of layouts that stand inside of a tag."""
ATTRIBUTE_FILES = {
    "blocks/templates/blocks/fields/describedby.html",
    "blocks/templates/blocks/form_input_state.html",
    "blocks/templates/blocks/page/element_heading.html",
    "funnels/templates/funnels/asked.html",
}
"""Fragments that stand inside of a tag, or of an address, or whose tag has a name that is chosen."""
VISIBLE_ATTRIBUTES = {
    *("title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext"),
    *("label", "text", "summary", "caption", "heading", "help", "note", "suffix", "change", "time"),
    *("confirm", "confirm-title", "confirm-button", "data-confirm", "data-confirm-title", "data-confirm-button"),
    *("data-title", "data-button", "data-label", "data-done", "content-label"),
}
EXAMPLES = {"https://…"}
"""Placeholders that are no words."""


@pytest.fixture(scope="module")
def words() -> Catalog:
    return catalogues.collected()


@pytest.fixture(scope="module", params=catalogues.LANGUAGES)
def translated(request: pytest.FixtureRequest) -> Catalog:
    return catalogues.stored(request.param)


def test_the_catalogues_are_what_the_source_says():
    assert catalogues.out_of_step() == [], "run `make messages`, translate what is new, and run it again"


def test_what_the_public_sees_and_cancelling_are_translated(words: Catalog, translated: Catalog):
    public = {path for glob in PUBLIC for path in PACKAGE.glob(glob)}
    places = {path.relative_to(PACKAGE.parent).as_posix() for path in public}
    missing = [
        message.id
        for message in words
        if message.id and any(place in places for place, _line in message.locations)
        if not all(forms_of(translated.get(message.id, message.context)))
    ]
    assert missing == []


def test_every_place_of_that_list_is_there():
    assert [glob for glob in PUBLIC if not any(PACKAGE.glob(glob))] == []


def test_no_translation_is_a_guess_of_a_program(translated: Catalog):
    assert [message.id for message in translated if message.fuzzy] == []


def test_translations_have_the_holes_and_tags_of_the_message(translated: Catalog):
    wrong = []
    for message in translated:
        if not message.id or not any(forms_of(message)):
            continue
        expected = [holes(text) for text in ([message.id] if isinstance(message.id, str) else message.id)]
        given = [holes(text) for text in forms_of(message)]
        # The form for one may say “every week” where the other counts the weeks.
        if given[-1] != expected[-1] or given[0] not in (expected[0], expected[-1]):
            wrong.append((message.id, message.string))
    assert wrong == []


def test_plurals_have_as_many_forms_as_the_language(translated: Catalog):
    wrong = [
        message.id
        for message in translated
        if message.pluralizable and any(forms_of(message)) and len(message.string) != translated.num_plurals
    ]
    assert wrong == []


@pytest.mark.parametrize(("label", "german", "french"), [(label, *said) for label, said in LABELS_OF_LAW.items()])
def test_labels_that_the_law_fixes_say_just_that(label: str, german: str, french: str):
    for language, said in (("en", label), ("de", german), ("fr", french)):
        with override(language):
            assert gettext(label) == said


def test_no_template_shows_a_bare_word():
    bare = [
        f"{path.relative_to(PACKAGE).as_posix()}: {words}"
        for path in catalogues.sources()
        if path.suffix != ".py" and path.relative_to(PACKAGE).as_posix() not in ATTRIBUTE_FILES
        for words in bare_words(path)
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p>{% translate "Hello" %} {{ name }} · 24</p>', []),
        ("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}{% comment %}not shown{% endcomment %}", []),
        (
            '<c-card title="Sales" text="{% translate "All" %}"><img alt="A cat" class="picture"></c-card>',
            ["Sales", "A cat"],
        ),
        ('{{ name|default:"Nobody" }}', ['name|default:"Nobody"']),
        ('{{ name|default:_("Nobody") }}', []),
    ],
)
def test_bare_words_are_found_where_people_see_them(tmp_path: Path, template: str, found: list[str]):
    path = tmp_path / "page.html"
    path.write_text(template)
    assert list(bare_words(path)) == found


def test_only_plain_words_are_marked():
    """What is put together at run time can't be found by a program that reads the source."""
    wrong = [
        f"{path.relative_to(PACKAGE).as_posix()}:{call.lineno}"
        for path in catalogues.sources()
        if path.suffix == ".py" and "django.utils.translation" in path.read_text()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in catalogues.KEYWORDS
        for argument in call.args[: 2 if call.func.id.startswith(("n", "p")) else 1]
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
        and call.func.id not in locally_defined(path)
    ]
    assert wrong == []


def test_refusals_are_worded_in_the_language_of_whoever_asked():
    ours = [
        kind
        for kind in subclasses(Refusal)
        if kind.__module__.startswith("plainsail.") and "tests" not in kind.__module__
    ]
    assert [kind.__qualname__ for kind in ours if not isinstance(kind.message, Promise)] == []


def test_forms_are_worded_in_the_language_of_whoever_fills_them_in():
    wrong = [
        f"{kind.__qualname__}.{name}"
        for kind in subclasses(forms.BaseForm)
        if kind.__module__.startswith("plainsail.")
        and "tests" not in kind.__module__
        and not kind.__module__.endswith("gallery")
        for name, field in getattr(kind, "base_fields", {}).items()
        for shown in (field.label, field.help_text)
        if shown and not isinstance(shown, Promise)
    ]
    assert wrong == []


def forms_of(message: Message | None) -> tuple[str, ...]:
    """The translation, or its forms where there are several; an empty one where there is none."""
    if message is None:
        return ("",)
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def holes(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def bare_words(path: Path) -> Iterator[str]:
    """Words of a template that stand neither in a tag for translation nor in a variable."""
    tokens = list(not_for_translation(Lexer(path.read_text()).tokenize()))
    for token in tokens:
        if token.token_type == TokenType.VAR and FIXED.search(token.contents):
            yield token.contents
    reader = Reader(is_plain=path.suffix == ".txt")
    reader.feed("".join(text_of_pages(tokens)))
    reader.close()
    yield from (found for found in reader.found if len(found) > 1 and found not in NAMES | EXAMPLES)


def not_for_translation(tokens: Iterable[Token]) -> Iterator[Token]:
    """All of a template but comments and what stands in blocks for translation."""
    end = ""
    for token in tokens:
        name = token.contents.split(None, 1)[0] if token.contents.strip() else ""
        if end:
            end = "" if token.token_type == TokenType.BLOCK and name == end else end
        elif token.token_type == TokenType.BLOCK and name in {"blocktranslate", "blocktrans", "comment"}:
            end = f"end{name}"
        else:
            yield token


def text_of_pages(tokens: Iterable[Token]) -> Iterator[str]:
    """The text between tags, without that of blocks that stand inside of HTML tags."""
    blocks: list[str] = []
    for token in tokens:
        name = token.contents.split(None, 1)[0] if token.contents.strip() else ""
        if token.token_type == TokenType.BLOCK and name == "block":
            blocks.append(token.contents.split()[1])
        elif token.token_type == TokenType.BLOCK and name == "endblock":
            blocks.pop()
        elif token.token_type == TokenType.TEXT and not ATTRIBUTE_BLOCKS & set(blocks):
            yield token.contents


class Reader(HTMLParser):
    """Collects text and the attributes that people see or hear."""

    def __init__(self, *, is_plain: bool) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_plain = is_plain
        self.inside: str = ""

    def feed(self, data: str) -> None:
        if self.is_plain:
            for line in data.splitlines():
                self.handle_data(line)
        else:
            super().feed(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag if tag in {"style", "script", "mj-style"} else ""
        for name, value in attrs:
            if name in VISIBLE_ATTRIBUTES and value and LETTERS.search(value):
                self.found.append(value)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not self.inside and LETTERS.search(text):
            self.found.append(text)


def subclasses(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def locally_defined(path: Path) -> set[str]:
    """Functions of a module that only share their name with one of gettext's."""
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
