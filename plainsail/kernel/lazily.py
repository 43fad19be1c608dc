"""Large libraries that few processes ever need: imported when they are first used, and not by all that start."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Lazily:
    """A module under its name: `stripe = Lazily("stripe")`. Any thread may be the first to use it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
