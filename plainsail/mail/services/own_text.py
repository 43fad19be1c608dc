"""A plain-text part in words of one's own: parts of it for some readers only, and the foot below it.

Whoever writes sees `{{if 1}} … {{else}} … {{end}}` (and `{{if not 1}}`), where the number is that of a condition which sections of
the mail have. What is kept names the condition by what it asks, so that moving sections about turns nothing round; what is compiled
has the marks that sections have. A condition that no section has any more holds for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.utils.translation import gettext_lazy as _

from plainsail.blocks.services import merging, showing
from plainsail.blocks.services.rendering import Business
from plainsail.kernel.errors import Refusal
from plainsail.mail.services import branches

Tree = Mapping[str, Any]

MARK = r"\{\{[ \t]*(?:if[ \t]+(?P<%snot>not[ \t]+)?(?P<%skey>[0-9a-z?]+)|(?P<%selse>else)|(?P<%send>end))[ \t]*\}\}"
ALONE, AMONG = MARK % (("a",) * 4), MARK % (("b",) * 4)
# A mark that stands on a line alone takes its line along.
MARKS = re.compile(rf"^[ \t]*{ALONE}[ \t]*(?:\n|\Z)|{AMONG}", re.MULTILINE | re.IGNORECASE)
ODD = re.compile(r"\{\{\s*(?:if|else|end)[^{}]*\}\}", re.IGNORECASE)
"""What was meant as a mark, and is none: it would be sent as it stands."""
EXAMPLES = {
    "begin": "{{if 1}}",
    "otherwise": "{{else}}",
    "others": "{{if not 1}}",
    "end": "{{end}}",
    "field": "{{first_name|there}}",
}
"""How marks and fields are written, for the page that explains them."""
URL = re.compile(r"https?://[^\s<>\"{}|\\^`]+[^\s<>\"{}|\\^`.,;:!?)\]']")
FOOT = re.compile(r"(?<=\n)--\n|(?<=\{\{ps\.end\}\})--\n")
"""What the foot of a text part begins with: on a line alone, or right behind a section that only some see."""
GONE = "?"
"""What stands in the place of a number where no section has that condition any more."""
WAYS_OUT = re.compile(r"^.*\{\{\s*(?:unsubscribe_url|preferences_url)\s*\}\}.*(?:\n|\Z)", re.MULTILINE)


class BadParts(Refusal):
    """Marks that don't fit together, or ask what no section asks; the message says which."""

    code = "bad_parts"
    status = 422


@dataclass(frozen=True)
class _Mark:
    """`key` is empty for `else` and `end`."""

    start: int
    end: int
    kind: str
    key: str = ""
    is_met: bool = True


def kept(text: str, trees: Sequence[Tree]) -> str:
    """A text as it is stored: conditions by what they ask. Raises BadParts."""
    _refuse(text)
    keys = {str(number): key_of(tree) for number, tree in enumerate(trees, 1)}

    def stored(mark: _Mark) -> str:
        if mark.kind == "if" and mark.key not in keys:
            raise BadParts(
                _("“%(mark)s” asks for a condition that no section of this mail has.")
                % {"mark": text[mark.start : mark.end].strip()},
                field="text",
            )
        return keys[mark.key]

    return _renamed(text, stored)


def shown(text: str, trees: Sequence[Tree]) -> str:
    """What is kept, as it is written: conditions by their numbers, `?` for one that is gone."""
    numbers = {key_of(tree): str(number) for number, tree in enumerate(trees, 1)}
    return _renamed(text, lambda mark: numbers.get(mark.key, GONE))


def made(source: str) -> str:
    """The text that a mail makes, as it would be written: its foot left out, with marks in the place of those of sections."""
    body = source[: _foot_at(source)]
    body = branches.MARK_IN_TEXT.sub(
        lambda match: f"{{{{if {'not ' if match[1] == 'not' else ''}{int(match[2]) + 1}}}}}\n", body
    )
    body = body.replace(f"{{{{{branches.END}}}}}", "{{end}}\n")
    return re.sub(
        r"(\{\{if (\d+)\}\}\n(?:(?!\{\{end\}\}).)*)\{\{end\}\}\n\{\{if not \2\}\}\n",
        r"\1{{else}}\n",
        body,
        flags=re.DOTALL,
    ).strip()


def foot_of(source: str) -> str:
    """The foot of the text that a mail makes: whose it is, and how it ends."""
    return source[_foot_at(source) :]


def _foot_at(source: str) -> int:
    return max((match.start() for match in FOOT.finditer(source)), default=len(source))


def gone(text: str, trees: Sequence[Tree]) -> bool:
    """Whether a part of what is kept is for nobody, because no section asks that any more."""
    known = {key_of(tree) for tree in trees}
    return any(mark.kind == "if" and mark.key not in known for mark in _marks(text))


def without_marks(text: str) -> str:
    return MARKS.sub("", text)


def compiled(text: str, trees: Sequence[Tree], *, source: str, business: Business, track: Callable[[str], str]) -> str:
    """What is kept, as it is sent: with marks as sections have them, links tracked, and the foot of `source` below.

    The foot stays away where everybody reads the address and the way out in the words themselves.
    """
    words = tracked(_marked(text.rstrip(), trees), track)
    has_way_out = "unsubscribe_url" in merging.parse(branches.seen_by_all(words)).fields
    if has_way_out and _flat(business.address_line) in _flat(branches.seen_by_all(words)):
        return words + "\n"
    return f"{words}\n\n{foot_of(source)}"


def owed(text: str, trees: Sequence[Tree], *, source: str) -> str:
    """The same for a message that is owed: it has no way out, so lines that offer one are left away."""
    return f"{WAYS_OUT.sub('', _marked(text, trees)).rstrip()}\n\n{foot_of(source)}"


def tracked(text: str, track: Callable[[str], str]) -> str:
    """A text with its links tracked. An address that goes on with a merge field isn't known before it is filled; one inside
    a field's other words stays as it is, too.
    """
    pieces: list[str] = []
    at = 0
    for hole in [*merging.HOLE.finditer(text), None]:
        words = text[at : hole.start() if hole else len(text)]
        is_open = hole is not None and not hole[1].startswith("ps.")

        def counted(match: re.Match[str], words: str = words, is_open: bool = is_open) -> str:
            return match[0] if is_open and not words[match.end() :].strip("=&?/-_.~%#+") else track(match[0])

        pieces += [URL.sub(counted, words), hole[0] if hole else ""]
        at = hole.end() if hole else at
    return "".join(pieces)


def key_of(tree: Tree) -> str:
    """A short name for what a condition asks: the same for the same question."""
    return blake2b(showing.key_of(tree).encode(), digest_size=6).hexdigest()


def _marked(text: str, trees: Sequence[Tree]) -> str:
    """Marks as `branches` reads them. What is never closed ends with the text."""
    places = {key_of(tree): place for place, tree in enumerate(trees)}
    pieces: list[str] = []
    open_at: _Mark | None = None
    at = 0
    for mark in [*_marks(text), None]:
        words = text[at : mark.start if mark else len(text)]
        pieces.append(_part(words, open_at, places))
        if mark is None:
            break
        at = mark.end
        if mark.kind == "end":
            open_at = None
        elif mark.kind == "if":
            open_at = mark
        elif open_at is not None:
            open_at = _Mark(mark.start, mark.end, "if", open_at.key, is_met=not open_at.is_met)
    return "".join(pieces)


def _part(words: str, mark: _Mark | None, places: Mapping[str, int]) -> str:
    if mark is None or not words:
        return words
    if mark.key not in places:
        return "" if mark.is_met else words
    return f"{{{{ps.{'if' if mark.is_met else 'not'}_{places[mark.key]}}}}}{words}{{{{{branches.END}}}}}"


def _refuse(text: str) -> None:
    """Raises BadParts where marks don't open and close each other in turn."""
    state = "end"
    for mark in _marks(text):
        said = {"mark": text[mark.start : mark.end].strip()}
        if mark.kind == "if" and state != "end":
            raise BadParts(_("Close the part before “%(mark)s” with {{end}} first.") % said, field="text")
        if mark.kind != "if" and (state == "end" or (state, mark.kind) == ("else", "else")):
            raise BadParts(_("“%(mark)s” has no {{if …}} before it.") % said, field="text")
        state = mark.kind
    if odd := ODD.search(without_marks(text)):
        raise BadParts(_("“%(mark)s” isn’t understood. Write it like {{if 1}}.") % {"mark": odd[0]}, field="text")
    if state != "end":
        raise BadParts(_("A part that begins with {{if …}} has no {{end}}."), field="text")


def _renamed(text: str, name: Callable[[_Mark], str]) -> str:
    pieces: list[str] = []
    at = 0
    for mark in _marks(text):
        if mark.kind == "if":
            whole = text[mark.start : mark.end]
            place = whole.lower().rindex(mark.key)
            pieces += [text[at : mark.start], whole[:place], name(mark), whole[place + len(mark.key) :]]
            at = mark.end
    return "".join([*pieces, text[at:]])


def _marks(text: str) -> Iterator[_Mark]:
    for match in MARKS.finditer(text):
        n = "b" if match["bkey"] or match["belse"] or match["bend"] else "a"
        if match[f"{n}key"]:
            yield _Mark(match.start(), match.end(), "if", match[f"{n}key"].lower(), is_met=not match[f"{n}not"])
        else:
            yield _Mark(match.start(), match.end(), "else" if match[f"{n}else"] else "end")


def _flat(text: str) -> str:
    """A text without what a line may be broken or set apart by."""
    return " ".join(text.replace(",", " ").split()).casefold()
