"""Notices in a business's own words: which it sends, what they say, and the original to come back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import merging
from plainsail.kernel.errors import Refusal
from plainsail.kernel.models import Workspace
from plainsail.mail.models import NoticeSwitch, NoticeWords
from plainsail.mail.services import headers
from plainsail.mail.services.letters import Letter, Linked, letter
from plainsail.mail.services.merge_fields import unknown, unknown_message
from plainsail.mail.sockets import NOTICES, Notice

P = TypeVar("P", str, str | Linked)


class NotSilenceable(Refusal):
    """Law or sale require it."""

    code = "not_silenceable"
    message = _("This notice is owed: it can’t be switched off.")


class UnknownNoticeField(Refusal):
    """A field that this notice doesn't have; the message says which."""

    code = "unknown_field"
    status = 422


@dataclass(frozen=True)
class Said:
    """What a notice says: subject and opening paragraphs."""

    subject: str
    paragraphs: list[str]


def said(kind: str, *, subject: str, paragraphs: Sequence[str], values: Mapping[str, str]) -> Said:
    """A notice's own words in the active language, filled; what is given where the business has none. One statement."""
    own = NoticeWords.objects.filter(kind=kind, language=_active()).first()
    if own is None:
        return Said(subject, list(paragraphs))
    filled = merging.parse(own.body).fill(values, escape=str)
    return Said(merging.parse(own.subject).fill(values), _paragraphs(filled))


def is_on(kind: str) -> bool:
    """Whether a business sends a notice. One statement for those that may be switched off, none for the others."""
    notice = NOTICES[kind]
    if not notice.may_be_silent:
        return True
    switch = NoticeSwitch.objects.filter(kind=kind).first()
    return notice.starts_on if switch is None else switch.is_on


def switches() -> dict[str, bool]:
    """For every notice whether it is sent. One statement."""
    chosen = dict(NoticeSwitch.objects.order_by().values_list("kind", "is_on"))
    return {
        kind: chosen.get(kind, notice.starts_on) if notice.may_be_silent else True for kind, notice in NOTICES.items()
    }


@transaction.atomic
def switch(kind: str, *, is_on: bool) -> None:
    """Send a notice from now on, or no more. Raises NotSilenceable."""
    if not NOTICES[kind].may_be_silent:
        raise NotSilenceable
    NoticeSwitch.objects.update_or_create(kind=kind, defaults={"is_on": is_on})


def original(notice: Notice, language: str) -> tuple[str, str]:
    """Subject and opening words as they come with Plainsail, in a language."""
    with translation.override(language):
        return notice.original()


def words(kind: str, language: str) -> tuple[str, str, bool]:
    """Subject and opening words as they are now in a language, and whether they are the business's own."""
    own = NoticeWords.objects.filter(kind=kind, language=language).first()
    return (own.subject, own.body, True) if own else (*original(NOTICES[kind], language), False)


@transaction.atomic
def reword(kind: str, language: str, *, subject: str, body: str, at: datetime) -> None:
    """Say it in other words in a language. The original words again are no words of one's own. Raises UnknownNoticeField."""
    notice = NOTICES[kind]
    subject, body = headers.one_line(subject), body.replace("\r\n", "\n").strip()
    known = frozenset(notice.fields)
    for field, text in (("subject", subject), ("body", body)):
        if name := unknown(text, known):
            raise UnknownNoticeField(unknown_message(name), field=field)
    if (subject, body) == original(notice, language):
        restore(kind, language)
        return
    values = {"subject": subject, "body": body, "edited_at": at}
    NoticeWords.objects.update_or_create(kind=kind, language=language, defaults=values)


def restore(kind: str, language: str) -> None:
    """Back to the original words."""
    NoticeWords.objects.filter(kind=kind, language=language).delete()


def preview(kind: str, language: str) -> Letter:
    """How it looks, with examples for its fields."""
    notice = NOTICES[kind]
    _subject, body, _is_own = words(kind, language)
    with translation.override(language):
        filled = merging.parse(body).fill(notice.examples, escape=str)
        return letter(str(notice.label), _paragraphs(filled))


def languages(business: Workspace) -> list[tuple[str, str]]:
    """The languages that notices are written in, the business's own first."""
    return sorted(((code, str(name)) for code, name in settings.LANGUAGES), key=lambda pair: pair[0] != business.locale)


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def _active() -> str:
    return (get_language() or "en").partition("-")[0]
