"""Cells of tables that people open in a spreadsheet: what strangers wrote must not be run there."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""The last four are wide, as they are typed in East Asia, and run all the same (OWASP, CSV Injection)."""


def plain(value: Any) -> str:
    """A value as text that no spreadsheet takes for a formula (OWASP, CSV Injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text


def table(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV: UTF-8, commas, each cell plain."""
    text = StringIO()
    csv.writer(text).writerows([plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
