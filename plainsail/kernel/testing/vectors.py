"""Worked examples of billing from outside, for tests of the areas; `make vectors` runs the whole file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[3] / "tests" / "vectors" / "billing.json"


def of_kind(kind: str) -> list[Any]:
    """The examples of a kind as parameters: what is given, what is expected."""
    found = [vector for vector in json.loads(FILE.read_text()) if vector["kind"] == kind]
    return [pytest.param(vector["input"], vector["expected"], id=vector["id"]) for vector in found]
