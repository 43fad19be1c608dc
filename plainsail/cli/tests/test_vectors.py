"""Worked examples of billing: all that we have hold, a wrong one is told, and so is what can't be understood."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plainsail.cli import vectors
from plainsail.cli.vector_kinds import KINDS, SCENARIOS
from plainsail.kernel.testing.vectors import FILE

ALL = vectors.read(FILE)
FAMILIES = vectors.read(FILE.with_name("families.json"))


def outcome(*examples: dict, file: Path) -> tuple[int, list[str]]:
    file.write_text(json.dumps(examples))
    lines: list[str] = []
    return vectors.run(file, say=lines.append), lines


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "some examples.json"


@pytest.mark.parametrize("vector", [*ALL, *FAMILIES], ids=lambda vector: vector["id"])
def test_an_example_comes_out_as_expected(vector, file):
    file.write_text(vectors.words([vector]))
    lines: list[str] = []
    assert vectors.run(file, say=lines.append) == 0, lines
    assert len(lines) == 2


def test_every_example_says_where_it_comes_from_and_every_kind_is_known():
    assert all(vector["source"] and "note" in vector for vector in [*ALL, *FAMILIES])
    assert {vector["kind"] for vector in ALL} == {*KINDS, *SCENARIOS}
    names = [vector["id"] for vector in [*ALL, *FAMILIES]]
    assert len(names) == len(set(names))


def wrong(value):
    """The same shape with other figures."""
    if isinstance(value, dict):
        return {name: wrong(one) for name, one in value.items()}
    if isinstance(value, list):
        return [wrong(one) for one in value]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value}1"


@pytest.mark.parametrize("vector", [one for one in ALL if one["kind"] in KINDS], ids=lambda vector: vector["id"])
def test_a_wrong_example_is_told(vector, file):
    file.write_text(vectors.words([{**vector, "expected": wrong(vector["expected"])}]))
    lines: list[str] = []
    assert vectors.run(file, say=lines.append) == 1
    assert lines[0].startswith(f"{vector['id']}  DIFFERENT  {vector['kind']}: expected ")


@pytest.mark.parametrize("vector", [one for one in ALL if one["kind"] in KINDS], ids=lambda vector: vector["id"])
def test_an_example_without_one_of_its_inputs_is_not_guessed(vector, file):
    optional = {"unit", "count", "currency"}
    for name in set(vector["input"]) - optional:
        short = {other: value for other, value in vector["input"].items() if other != name}
        assert outcome({**vector, "input": short}, file=file)[0] == 2


def test_each_line_has_its_id_and_what_is_expected_and_got(file):
    example = {
        "id": "A",
        "kind": "prorate_minor",
        "expected": 7,
        "input": {"plan_minor": 9, "days": 1, "period_days": 3},
    }
    status, lines = outcome(example, {**example, "id": "B", "expected": 3}, file=file)
    assert (status, lines) == (
        1,
        [
            "A  DIFFERENT  prorate_minor: expected 7, got 3",
            "B  ok  prorate_minor: expected 3, got 3",
            "1 as expected, 1 different, 0 not understood, 0 scenarios.",
        ],
    )


def test_an_input_that_nobody_reads_is_told(file):
    given = {"plan_minor": 9, "days": 1, "period_days": 3, "colour": "red"}
    status, lines = outcome({"id": "A", "kind": "prorate_minor", "expected": 3, "input": given}, file=file)
    assert (status, lines[0]) == (0, "A  ok  prorate_minor: expected 3, got 3 (not read: colour)")


def test_an_unknown_kind_is_said_and_the_others_still_run(file):
    known = {"id": "A", "kind": "prorate_minor", "expected": 3, "input": {"plan_minor": 9, "days": 1, "period_days": 3}}
    status, lines = outcome({"id": "B", "kind": "horoscope", "input": {}, "expected": 1}, known, file=file)
    assert status == 2
    assert lines[0].startswith("B  unknown kind 'horoscope': this program knows addon_same_day_cancel, ")
    assert lines[1] == "A  ok  prorate_minor: expected 3, got 3"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "not json",
        "{}",
        "[]",
        "[1]",
        '[{"id": "A"}]',
        '[{"id": 1, "kind": "prorate", "input": {}, "expected": 1}]',
        '[{"id": "A", "kind": ["prorate"], "input": {}, "expected": 1}]',
        '[{"id": "A", "kind": "prorate", "input": {"amount": NaN}, "expected": 1}]',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_garbled_file_is_said_in_plain_words(garbage, file):
    file.write_text(garbage)
    lines: list[str] = []
    assert vectors.run(file, say=lines.append) == 2
    assert len(lines) == 1
    assert str(file) in lines[0] or "NaN" in lines[0]


def test_what_is_no_text_or_no_file_is_said(file):
    lines: list[str] = []
    assert vectors.run(file, say=lines.append) == 2
    file.write_bytes(b"\xff\xfe[]")
    assert vectors.run(file, say=lines.append) == 2
    assert vectors.run(file.parent, say=lines.append) == 2
    assert lines[0] == f"{file} can’t be read: No such file or directory."


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("schedule", {"anchor": "31 January", "unit": "month", "n": 1}, "“anchor” is no day such as"),
        ("schedule", {"anchor": "2026-01-31", "unit": "month", "n": -1}, "“n” is below zero"),
        ("schedule", {"anchor": "2026-01-31", "unit": "month", "n": True}, "“n” is no whole number"),
        ("local_day", {"instant": "2026-01-31T12:00:00", "tz": "UTC"}, "“instant” has no time zone"),
        ("local_day", {"instant": "2026-01-31T12:00:00Z", "tz": "Mars/Olympus"}, "“tz” is no time zone"),
        ("local_day", {"instant": "2026-01-31T12:00:00Z", "tz": "../etc/passwd"}, "“tz” is no time zone"),
        ("dst_gap", {"local": "2026-01-31T12:00:00Z", "tz": "UTC"}, "“local” is a local time"),
        ("tax_modes", {"gross_lines": "100.00", "rate": "19"}, "“gross_lines” is no list"),
        ("tax_modes", {"rate": "19"}, "“gross_lines” is missing"),
        ("tax_modes", {"gross_lines": ["1.00"], "rate": "Infinity"}, "“rate” is no number"),
        ("allocate_by_days", {"amount": "1.00", "months": ["January"]}, "'January' is no month"),
        ("prorate", [], "the input is no object"),
    ],
)
def test_inputs_that_make_no_sense_are_said(kind, given, words, file):
    status, lines = outcome({"id": "A", "kind": kind, "input": given, "expected": 1}, file=file)
    assert status == 2
    assert words in lines[0]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("schedule", {"anchor": "2026-01-31", "unit": "fortnight", "n": 2}),
        ("schedule", {"anchor": "2026-01-31", "unit": "month", "count": 0, "n": 2}),
        ("schedule", {"anchor": "9999-01-31", "unit": "year", "n": 2}),
        ("first_cycle", {"start": "2026-01-31", "anchor_day": 32, "unit": "month"}),
        ("prorate_minor", {"plan_minor": 1, "days": 1, "period_days": 0}),
        ("no_net_exists", {"gross": "99.999", "rate": "19"}),
        ("no_net_exists", {"gross": "99.9", "rate": "19", "currency": "JPY"}),
        ("refund_tax_split", {"gross": "1.00", "tax": "0.10", "refund": "1.01"}),
    ],
)
def test_what_billing_refuses_is_a_difference_unless_it_was_expected(kind, given, file):
    example = {"id": "A", "kind": kind, "input": given}
    status, lines = outcome({**example, "expected": 1}, file=file)
    assert status == 1
    assert 'got "refused: ' in lines[0]
    assert outcome({**example, "expected": "refused"}, file=file)[0] == 0


@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_command_ends_with_the_status(status, file):
    file.write_text(vectors.words([{**ALL[0], "expected": ALL[0]["expected"][: 6 - status]}]) if status < 2 else "?")
    done = subprocess.run([sys.executable, "-m", "plainsail.cli", "vectors", file], check=False, capture_output=True)
    assert done.returncode == status
    assert done.stderr == b""


def test_it_needs_neither_django_nor_settings():
    code = (
        "import sys; import plainsail.cli.vectors; print([name for name in sys.modules if name.startswith('django')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
