"""Sections that not everybody sees: whom each condition holds for, and a text with only what one reader sees.

What a condition holds for is asked for many contacts at once: one statement for each condition and chunk.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from plainsail.contacts.models import Contact
from plainsail.contacts.queries import condition_of
from plainsail.kernel.errors import Refusal

logger = logging.getLogger("plainsail.mail")

Tree = Mapping[str, Any]
Facts = frozenset[int]
"""Places of the conditions that hold for one reader."""

MARK = re.compile(r"ps\.(if|not)_([0-9]{1,3})")
SECTION = re.compile(r"\{\{ps\.(if|not)_([0-9]{1,3})\}\}(.*?)\{\{ps\.end\}\}", re.DOTALL)
MARK_IN_TEXT = re.compile(r"\{\{ps\.(if|not)_([0-9]{1,3})\}\}")
END = "ps.end"


def facts_of(conditions: Sequence[Tree], contact_ids: Collection[UUID], *, at: datetime) -> dict[UUID, Facts]:
    """Which of these conditions hold for each contact. A condition that can't be asked any more holds for nobody.

    Cost: one statement for each condition, however many contacts; none where there is no condition.
    """
    found: dict[UUID, set[int]] = {contact_id: set() for contact_id in contact_ids}
    for place, tree in enumerate(conditions):
        for contact_id in _holding(tree, contact_ids, at=at):
            found[contact_id].add(place)
    return {contact_id: frozenset(places) for contact_id, places in found.items()}


def meaning(tree: Tree, *, at: datetime) -> Q | None:
    """A condition as a question about contacts; None where it can't be asked any more.

    Such as a segment that was deleted since: who wrote “only for these” did not mean everybody.
    """
    try:
        return condition_of(tree, at=at)
    except Refusal as refusal:
        logger.warning("a section's condition can't be asked", extra={"reason": str(refusal)})
        return None


def _holding(tree: Tree, contact_ids: Collection[UUID], *, at: datetime) -> list[UUID]:
    meant = meaning(tree, at=at)
    if meant is None:
        return []
    return list(Contact.objects.filter(meant, id__in=contact_ids).order_by().values_list("id", flat=True))


def seen(source: str, facts: Collection[int]) -> str:
    """A body's source with only the sections that somebody sees for whom these conditions hold."""

    def choose(match: re.Match[str]) -> str:
        return match[3] if (int(match[2]) in facts) == (match[1] == "if") else ""

    return SECTION.sub(choose, source)


def all_of(source: str) -> str:
    """A body's source with every section, whoever sees it."""
    return SECTION.sub(lambda match: match[3], source)


def seen_by_all(source: str) -> str:
    """A body's source without the sections that only some see."""
    return SECTION.sub("", source)
