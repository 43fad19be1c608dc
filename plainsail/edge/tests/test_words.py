"""The edge speaks the reader's language where the catalogues know it."""

from __future__ import annotations

import gettext
from pathlib import Path
from types import SimpleNamespace

import pytest

from plainsail.edge import notices, words


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo

    catalogue = Catalog(locale="de")
    catalogue.add("This link is broken", "Dieser Link ist beschädigt")
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(words, "CATALOGUES", tmp_path)
    words.catalogue.cache_clear()


@pytest.mark.parametrize("accepted", ["de", "de-AT,de;q=0.9,en;q=0.8", "tlh, de", "DE"])
def test_a_language_we_have_is_spoken(german: None, accepted: str):
    assert words.catalogue(accepted).gettext("This link is broken") == "Dieser Link ist beschädigt"


@pytest.mark.parametrize("accepted", ["", "en, de", "tlh", "../../etc/passwd", ",,;", "*", "é", "\0"])
def test_any_other_gets_english(german: None, accepted: str):
    found = words.catalogue(accepted)
    assert isinstance(found, gettext.NullTranslations)
    assert found.gettext("This link is broken") == "This link is broken"


@pytest.mark.parametrize(
    ("accepted", "language", "title"),
    [
        ("de-CH, de;q=0.9", "de", "Dieser Link ist beschädigt"),
        ("fr", "fr", "Ce lien est abîmé"),
        ("pl, en", "en", "This link is broken"),
    ],
)
def test_a_notice_speaks_the_languages_that_are_shipped(accepted: str, language: str, title: str):
    words.catalogue.cache_clear()
    answers: list[bytes] = []
    request = SimpleNamespace(
        method="GET",
        path="/c/broken",
        id="0123456789abcdef",
        headers={"accept": "text/html", "accept-language": accepted},
        answer=lambda status, headers, body: answers.append(body),
    )
    notices.broken_link(request)
    page = answers[0].decode()
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
