"""The sandbox's cards, for those who document them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise

from plainsail.payments.gateways.cards import CARDS


@dataclass(frozen=True, kw_only=True)
class SandboxCard:
    """A number to type, and what happens then."""

    number: str
    brand: str
    words: str | Promise


def documented() -> list[SandboxCard]:
    """Every card of the sandbox, in the order of its documentation."""
    return [SandboxCard(number=card.spaced, brand=card.brand, words=card.words) for card in CARDS]
