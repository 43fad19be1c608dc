"""Mail to people who work here: a plain text, and the same words as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language

ADDRESS = re.compile(r"https?://\S+")
CODE = re.compile(r"[A-Z0-9]{3,}(-[A-Z0-9]{3,})*")


@dataclass(frozen=True)
class Part:
    """A paragraph, a link on a line of its own, or a code to type."""

    kind: Literal["text", "link", "code"]
    text: str


def send(template: str, *, to: str, context: dict[str, Any], reply_to: str = "") -> None:
    """Send the mail of `<template>_subject.txt` and `<template>_message.txt` in the active language."""
    subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
    text = render_to_string(f"{template}_message.txt", context).strip()
    with_html(EmailMultiAlternatives(subject, text, to=[to], reply_to=[reply_to] if reply_to else None)).send()


def with_html(message: EmailMessage) -> EmailMessage:
    """Add to a text message the same words as HTML. Made from the text, so that the two never disagree."""
    if isinstance(message, EmailMultiAlternatives) and not message.alternatives:
        message.body = re.sub(r"\n{3,}", "\n\n", str(message.body)).strip() + "\n"
        page = render_to_string(
            "accounts/mail/letters/letter.html",
            {"subject": message.subject, "parts": list(parts(message.body)), "language": get_language() or "en"},
        )
        message.attach_alternative(page, "text/html")
    return message


def parts(text: str) -> Iterator[Part]:
    """The paragraphs of a text; a line that is nothing but an address or a code stands out."""
    for block in re.split(r"\n\s*\n", text.strip()):
        stripped = block.strip()
        if ADDRESS.fullmatch(stripped):
            yield Part("link", stripped)
        elif CODE.fullmatch(stripped):
            yield Part("code", stripped)
        else:
            yield Part("text", stripped)
