"""Who sees a section: everybody, those who meet a condition, or all others than the section above has.

`{"tree": {…}}` holds a condition in the form that segments have; `{"rest": true}` means “instead of the section above”.
On pages `{"visit": {"source": …, "device": …, "language": …}}` asks for what is known of a stranger, too; in mail it asks
for nothing.
What a condition means is up to who sends: here it is only carried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from plainsail.blocks.schema import UNSTORABLE, Errors, Path

if TYPE_CHECKING:
    from plainsail.blocks.services.documents import Block

MOST_BYTES = 4000
DEEPEST = 10
VISIT = frozenset({"source", "device", "language"})
"""What can be asked of a visit: `utm_source`, `phone` or `desktop`, a language such as `de` or `de-at`."""


@dataclass(frozen=True)
class Condition:
    """Shown to those who meet `tree`, or where `is_met` is false to those who don’t."""

    tree: Mapping[str, Any]
    is_met: bool = True


def clean(value: object, path: Path, errors: Errors) -> dict[str, Any] | None:
    """Who sees a section, as it is stored; what is wrong goes to `errors`."""
    if value is None or value == {}:
        return None
    if isinstance(value, Mapping) and dict(value) == {"rest": True}:
        return {"rest": True}
    if isinstance(value, Mapping) and set(value) == {"tree"} and _is_storable(value["tree"]):
        return {"tree": value["tree"]}
    if isinstance(value, Mapping) and set(value) == {"visit"} and _is_visit(value["visit"]):
        return {"visit": dict(value["visit"])}
    errors[path] = _("Choose who sees this section.")
    return None


def condition_of(blocks: Sequence[Block], index: int) -> Condition | None:
    """What must hold for somebody to see a section; None for everybody.

    “Instead of the section above” looks up to the nearest section with a condition, over others that say the same.
    """
    shown = blocks[index].shown
    if shown is None:
        return None
    if "tree" in shown:
        return Condition(shown["tree"])
    if "visit" in shown:
        return None
    above = index - 1
    while above >= 0 and (blocks[above].shown or {}).get("rest"):
        above -= 1
    asked = blocks[above].shown if above >= 0 else None
    return Condition(asked["tree"], is_met=False) if asked and "tree" in asked else None


def key_of(tree: Mapping[str, Any]) -> str:
    """The same for conditions that ask the same."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))


def _is_visit(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and 0 < len(value) <= len(VISIT)
        and set(value) <= VISIT
        and all(
            isinstance(said, str) and 0 < len(said) <= 100 and not UNSTORABLE.search(said) for said in value.values()
        )
    )


def _is_storable(tree: object) -> bool:
    if not isinstance(tree, dict) or not tree or _depth(tree) > DEEPEST:
        return False
    try:
        written = json.dumps(tree, ensure_ascii=False)
    except (TypeError, ValueError):
        return False
    return len(written) <= MOST_BYTES and not UNSTORABLE.search(written.replace("\\u", "\x00"))


def _depth(value: object) -> int:
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return 1 + max(map(_depth, inside), default=0)
