"""The one class behind every socket: a lower area owns a typed registry, upper areas fill it in their hooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class AlreadyRegistered(Exception):
    """Two areas claim the same key of one registry."""


class Registry(Generic[T]):
    """Keys to values of one type. Iterates over values by their `order` where they have one, else as registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, T] = {}

    def register(self, key: str, value: T) -> T:
        if key in self._entries:
            raise AlreadyRegistered(f"{self.name} already has {key!r}.")
        self._entries[key] = value
        return value

    def __getitem__(self, key: str) -> T:
        return self._entries[key]

    def get(self, key: str) -> T | None:
        return self._entries.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._entries.values(), key=lambda value: getattr(value, "order", 0)))

    def keys(self) -> list[str]:
        return list(self._entries)

    def items(self) -> list[tuple[str, T]]:
        return sorted(self._entries.items(), key=lambda entry: getattr(entry[1], "order", 0))
