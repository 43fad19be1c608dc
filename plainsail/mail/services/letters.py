"""The look of short letters: receipts, confirmations, links. A title, a few paragraphs, amounts, one button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.translation import get_language

from plainsail.kernel import postal
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id, has_workspace


@dataclass(frozen=True)
class Linked:
    """A paragraph that ends in a link: a sentence, what the link is called, its absolute address."""

    words: str
    label: str
    url: str

    def __str__(self) -> str:
        return f"{self.words} {self.label}: {self.url}"


@dataclass(frozen=True)
class Letter:
    """Both parts of a letter."""

    html: str
    text: str

    def __iter__(self) -> Iterator[str]:
        return iter((self.html, self.text))


def letter(
    title: str,
    paragraphs: Sequence[str | Linked],
    *,
    button: tuple[str, str] | None = None,
    rows: Sequence[tuple[str, str]] = (),
    picture: tuple[str, str] | None = None,
    footer: str = "",
) -> Letter:
    """HTML and plain text of a letter; unpacks as `html, text`.

    All words are plain text and are escaped. `button` is (label, absolute address), `rows` are (label, value) pairs of
    which the last may be the sum, `picture` is (what it shows, absolute address) of a square one, `footer` a sentence
    in small print. In a workspace its name and address stand below.
    """
    business = Workspace.objects.filter(id=current_workspace_id()).first() if has_workspace() else None
    context: dict[str, object] = {
        "title": title,
        "paragraphs": paragraphs,
        "button": button,
        "rows": rows,
        "picture": picture,
        "footer": footer,
        "name": business.name if business else "Plainsail",
        "address": postal.line_below(business.name, business.postal_address) if business else "",
        "language": get_language() or "en",
    }
    return Letter(html=render_to_string("mail/letters/letter.html", context), text=_text(context))


def _text(context: dict[str, object]) -> str:
    rendered = render_to_string("mail/letters/letter.txt", context)
    lines = [line.rstrip() for line in rendered.split("\n")]
    tidy: list[str] = []
    for line in lines:
        if line or (tidy and tidy[-1]):
            tidy.append(line)
    return "\n".join(tidy).strip() + "\n"
