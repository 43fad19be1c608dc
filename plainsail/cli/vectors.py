"""`plainsail vectors FILE`: worked examples of billing, run through the very functions that bill. Needs no database.

A file is a JSON list of objects: `id`, `kind`, `input`, `expected`, and for the reader `source` and `note`. Amounts are text in
the currency's major units (`currency` in the input, else two decimals) unless the name ends in `_minor`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from plainsail.cli.vector_inputs import Garbled, Given
from plainsail.cli.vector_kinds import KINDS, SCENARIOS
from plainsail.kernel.money import Money

SAME, DIFFERENT, UNREADABLE = 0, 1, 2
REFUSED = "refused"
Say = Callable[[str], None]


def run(file: Path, *, say: Say) -> int:
    """Run a file and say a line for each example. Returns 0, 1 if any differs, 2 if the file or a part can't be understood."""
    try:
        vectors = read(file)
    except Garbled as error:
        say(str(error))
        return UNREADABLE
    outcomes = [_one(vector, say=say) for vector in vectors]
    say(_summary(outcomes))
    return max((status for status in outcomes if status is not None), default=SAME)


def read(file: Path) -> list[Mapping[str, Any]]:
    """The examples of a file. Numbers with a point are exact. Raises Garbled."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal, parse_constant=_no_number)
    except OSError as error:
        raise Garbled(f"{file} can’t be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Garbled(f"{file} is no JSON file: {error}.") from error
    if not isinstance(found, list) or not found:
        raise Garbled(f"{file} holds no list of examples.")
    for position, vector in enumerate(found, start=1):
        if not isinstance(vector, dict) or not {"id", "kind", "input", "expected"} <= set(vector):
            raise Garbled(f"Example {position} of {file} lacks id, kind, input or expected.")
        if not isinstance(vector["id"], str) or not isinstance(vector["kind"], str):
            raise Garbled(f"Id and kind of example {position} of {file} are no text.")
    return found


def _no_number(name: str) -> None:
    raise Garbled(f"{name} is no amount.")


def _one(vector: Mapping[str, Any], *, say: Say) -> int | None:
    """Run an example and say what came of it; None for a scenario."""
    name, kind, expected = vector["id"], vector["kind"], vector["expected"]
    if kind in SCENARIOS:
        say(f"{name}  scenario: a test ({kind})")
        return None
    if kind not in KINDS:
        say(f"{name}  unknown kind {kind!r}: this program knows {', '.join(sorted({*KINDS, *SCENARIOS}))}.")
        return UNREADABLE
    try:
        given = Given(vector["input"])
        got = KINDS[kind](given, expected)
    except Garbled as error:
        say(f"{name}  {kind} can’t be understood: {error}")
        return UNREADABLE
    except (ValueError, ArithmeticError) as error:
        given, got = None, f"{REFUSED}: {error}"
    is_same = same(expected, got)
    ignored = f" (not read: {', '.join(given.unread)})" if given and given.unread else ""
    say(f"{name}  {'ok' if is_same else 'DIFFERENT'}  {kind}: expected {words(expected)}, got {words(got)}{ignored}")
    return SAME if is_same else DIFFERENT


def _summary(outcomes: list[int | None]) -> str:
    counted = {status: outcomes.count(status) for status in (SAME, DIFFERENT, UNREADABLE, None)}
    return (
        f"{counted[SAME]} as expected, {counted[DIFFERENT]} different, {counted[UNREADABLE]} not understood, "
        f"{counted[None]} scenarios."
    )


def same(expected: Any, got: Any) -> bool:
    """Whether a result is what was expected. Numbers by value, so that 2334.2 is 2334.20; dates as ISO 8601."""
    if isinstance(got, Mapping):
        return (
            isinstance(expected, Mapping)
            and expected.keys() == got.keys()
            and all(same(expected[name], got[name]) for name in got)
        )
    if isinstance(got, list | tuple):
        return isinstance(expected, list) and len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(got, bool) or isinstance(expected, bool):
        return expected is got
    if isinstance(got, int | Decimal | Money):
        return _number(expected) == _number(got)
    if isinstance(got, str) and got.startswith(f"{REFUSED}: "):
        return bool(expected == REFUSED)
    return bool(expected == _plain(got))


def _number(value: Any) -> Decimal | None:
    try:
        return value.decimal if isinstance(value, Money) else Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None


def words(value: Any) -> str:
    """A value on one line, as JSON."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return str(value.decimal)
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value
