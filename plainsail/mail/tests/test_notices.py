"""Notices in a business's own words, a language at a time, and back to the original."""

from __future__ import annotations

import pytest
from django.utils import translation

from plainsail.kernel import clock
from plainsail.mail.services import notices
from plainsail.mail.sockets import NOTICES

pytestmark = pytest.mark.django_db
CONFIRMATION = "confirmation"


def said(language, **values):
    with translation.override(language):
        return notices.said(CONFIRMATION, subject="given", paragraphs=["given"], values=values)


@pytest.mark.parametrize("kind", [kind for kind, _notice in NOTICES.items()])
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_every_original_asks_only_for_fields_that_it_has_an_example_for(kind, language):
    notice = NOTICES[kind]
    subject, body = notices.original(notice, language)
    for text in (subject, body):
        assert notices.unknown(text, frozenset(notice.fields)) is None
    assert set(notice.examples) == set(notice.fields)
    assert "%(" not in subject + body


def test_own_words_are_said_in_their_language_only(in_juniper):
    notices.reword(
        CONFIRMATION, "de", subject="Liste {{list}}", body="Erstens.\n\nZweitens {{business}}.", at=clock.now()
    )
    found = said("de", list="Neues", business="Wacholder & Co.")
    assert (found.subject, found.paragraphs) == ("Liste Neues", ["Erstens.", "Zweitens Wacholder & Co.."])
    assert said("en", list="News", business="Juniper").subject == "given"


def test_the_original_comes_back(in_juniper):
    notices.reword(CONFIRMATION, "en", subject="Other", body="Other", at=clock.now())
    assert notices.words(CONFIRMATION, "en")[2]
    notices.restore(CONFIRMATION, "en")
    assert not notices.words(CONFIRMATION, "en")[2]
    subject, body = notices.original(NOTICES[CONFIRMATION], "en")
    notices.reword(CONFIRMATION, "en", subject=subject, body=body, at=clock.now())
    assert not notices.words(CONFIRMATION, "en")[2]


def test_a_field_that_a_notice_doesnt_have_is_refused(in_juniper):
    with pytest.raises(notices.UnknownNoticeField) as refused:
        notices.reword(CONFIRMATION, "en", subject="Hi", body="{{first_name}}", at=clock.now())
    assert refused.value.field == "body"


def test_what_is_owed_cant_be_switched_off_and_what_isnt_can(in_juniper):
    with pytest.raises(notices.NotSilenceable):
        notices.switch(CONFIRMATION, is_on=False)
    free = next(kind for kind, notice in NOTICES.items() if notice.may_be_silent and notice.starts_on)
    notices.switch(free, is_on=False)
    assert not notices.is_on(free)
    assert notices.switches()[free] is False


def test_a_line_break_in_a_subject_makes_no_header(in_juniper):
    notices.reword(CONFIRMATION, "en", subject="Hello\r\nBcc: all", body="x", at=clock.now())
    assert notices.words(CONFIRMATION, "en")[0] == "Hello Bcc: all"
