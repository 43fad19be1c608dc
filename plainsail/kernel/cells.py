"""Tables that people open in a spreadsheet: it reads every letter, and what strangers wrote is not run there."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable
from decimal import Decimal
from io import StringIO
from typing import Any

STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""The last four are wide, as they are typed in East Asia, and run all the same (OWASP, CSV Injection)."""
MARK = codecs.BOM_UTF8
"""What a file begins with: Excel takes one without it for the old encoding of its country, and makes signs of letters."""


def plain(value: Any) -> str:
    """A value as text that no spreadsheet takes for a formula (OWASP, CSV Injection). A number below zero is none."""
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float | Decimal)
    return f"'{text}" if text.startswith(STARTS_FORMULA) and not is_number else text


def table(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV: UTF-8, commas, each cell plain. What goes on a file; `file` begins one."""
    text = StringIO()
    csv.writer(text).writerows([plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def file(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as a file of CSV, or the beginning of one: with the mark that Excel looks for."""
    return MARK + table(rows)
