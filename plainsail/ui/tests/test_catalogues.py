"""The catalogues are brought in step with the source: new words come, old ones go, translations stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from plainsail.ui import catalogues

TEMPLATE = """{% extends "x.html" %}
  {% block title %}{% translate "A page" %}{% endblock %}
    <c-card title="{% translate "Sales" %}" text="{% blocktranslate trimmed with day=at|date:"DATE_FORMAT" %}
      Until {{ day }}, 5% off
    {% endblocktranslate %}">{% translate "None" context "card" %} it's {{ name|default:_("Nobody") }}
 {% blocktranslate trimmed count number=3 %}{{ number }} page{% plural %}{{ number }} pages{% endblocktranslate %}</c-card>
{# not a word #}{% comment %}{% translate "Not shown" %}{% endcomment %}
"""
MODULE = '''
from django.utils.translation import gettext as _text, gettext_lazy as _, ngettext, pgettext
LABEL = _("Late")
def words(count):
    """Not a word."""
    return _text("Now, %(name)s") % {"name": "x"}, ngettext("%(n)s day", "%(n)s days", count), pgettext("state", "Open")
'''


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one template and one module, without catalogues."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    (tmp_path / "views.py").write_text(MODULE)
    monkeypatch.setattr(catalogues, "PACKAGE", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path / "locale")
    return tmp_path


def translate(language: str, words: str, translation: str) -> None:
    path = catalogues.po_path(language)
    path.write_text(path.read_text().replace(f'msgid "{words}"\nmsgstr ""', f'msgid "{words}"\nmsgstr "{translation}"'))


def test_words_are_found_in_templates_and_modules(tree: Path):
    found = {(message.id, message.context) for message in catalogues.collected() if message.id}
    assert found == {
        ("A page", None),
        ("Sales", None),
        ("Until %(day)s, 5%% off", None),
        ("None", "card"),
        ("Nobody", None),
        (("%(number)s page", "%(number)s pages"), None),
        ("Late", None),
        ("Now, %(name)s", None),
        (("%(n)s day", "%(n)s days"), None),
        ("Open", "state"),
    }


def test_an_update_keeps_translations_adds_what_is_new_and_takes_away_what_is_gone(tree: Path):
    catalogues.update()
    translate("de", "Sales", "Verkäufe")
    translate("de", "Late", "Spät")
    (tree / "views.py").write_text(MODULE.replace("Late", "Early"))
    # Nothing is translated into French here, so what is compiled of it stays the same.
    stale = ["/".join(Path(name).parts[-3:]) for name in catalogues.out_of_step()]
    assert stale == ["de/LC_MESSAGES/django.po", "de/LC_MESSAGES/django.mo", "fr/LC_MESSAGES/django.po"]
    catalogues.update()
    stored = catalogues.stored("de")
    assert stored.get("Sales").string == "Verkäufe"
    assert (stored.get("Early").string, stored.get("Late")) == ("", None)
    assert catalogues.out_of_step() == []


def test_a_message_that_becomes_plural_is_translated_anew(tree: Path):
    catalogues.update()
    translate("de", "Late", "Spät")
    (tree / "views.py").write_text(MODULE.replace('_("Late")', 'ngettext("Late", "%(n)s late", 2)'))
    catalogues.update()
    assert catalogues.stored("de").get("Late").string == ("", "")


def test_nothing_in_the_files_changes_by_itself(tree: Path):
    catalogues.update()
    before = {path: path.read_bytes() for path in sorted((tree / "locale").rglob("django.*"))}
    catalogues.update()
    assert {path: path.read_bytes() for path in before} == before
    assert b"Date" not in b"".join(before.values())


@pytest.mark.parametrize(("arguments", "status"), [(["check"], 1), (["update"], 0), (["weave"], 2), ([], 2)])
def test_the_command_says_how_it_went(tree: Path, arguments: list[str], status: int):
    assert catalogues.main(arguments) == status


def test_every_language_of_the_settings_has_a_catalogue():
    assert [code for code, _name in settings.LANGUAGES] == ["en", *catalogues.LANGUAGES]
