"""The edge speaks the reader's language where the catalogues know it."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from plainsail.edge import words


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
