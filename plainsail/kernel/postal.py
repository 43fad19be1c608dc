"""Postal addresses as they are printed below the name of a business."""

from __future__ import annotations


def lines_below(name: str, address: str) -> list[str]:
    """The lines of an address, without a first one that only repeats the name standing above it."""
    lines = [line.strip() for line in address.splitlines() if line.strip()]
    return lines[1:] if lines and lines[0].casefold() == name.strip().casefold() else lines


def line_below(name: str, address: str) -> str:
    """The same on one line."""
    return ", ".join(lines_below(name, address))
