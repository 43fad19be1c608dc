"""Static files from the source tree, whose addresses are put together once: a page asks for eighty."""

from __future__ import annotations

from functools import cache

from django.contrib.staticfiles.storage import StaticFilesStorage


class Storage(StaticFilesStorage):
    """For tests; in the application a manifest of what was collected says the addresses."""

    @staticmethod
    @cache
    def _address(base: str, name: str) -> str:
        return StaticFilesStorage(base_url=base).url(name)

    def url(self, name: str | None) -> str:
        return self._address(self.base_url, name or "")
