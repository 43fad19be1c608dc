"""Every address of the application, and arguments to fill it with: taken from the URL resolver, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, PathConverter, SlugConverter, StringConverter, UUIDConverter
from factory.django import DjangoModelFactory

from plainsail.kernel.models import WorkspaceKey

GARBAGE = {
    UUIDConverter: ["00000000-0000-0000-0000-000000000000"],
    IntConverter: ["0", "9" * 18, "9" * 40],
    SlugConverter: ["a" * 3000, "-"],
    StringConverter: ["a" * 3000, "%C3%A9", "%FF%FE", "%27%20OR%201=1--", "%0D%0AX:1"],
    PathConverter: ["a/../../b", "a" * 3000, "%2e%2e%2f", "%FF"],
}
ORDINARY = {UUIDConverter: "00000000-0000-0000-0000-000000000000", IntConverter: "1"}
"""What stands for the other arguments while one of them is garbage."""


@dataclass(frozen=True)
class Address:
    """A pattern such as `w/<slug:workspace>/contacts/<uuid:contact_id>/` with its arguments, outermost first."""

    name: str
    parts: tuple[str, ...]
    arguments: tuple[tuple[str, type], ...]

    def path(self, **values: str) -> str:
        """The path with these values, already percent-encoded, for its arguments."""
        filled = [
            part + (values.get(argument[0], ORDINARY.get(argument[1], "x")) if argument else "")
            for part, argument in zip(self.parts, [*self.arguments, None], strict=True)
        ]
        return "/" + "".join(filled)


def addresses(urlconf: str) -> list[Address]:
    """Every address below a URL configuration that leads to a view of ours."""
    found = [
        Address(f"{entry.callback.__module__}.{entry.callback.__name__}", *split(routes))
        for routes, entry in walk(get_resolver(urlconf), ())
        if entry.callback.__module__.startswith("plainsail.")
    ]
    assert len(found) == len({(address.name, address.parts) for address in found})
    return found


def walk(resolver: URLResolver, before: tuple) -> Iterator[tuple[tuple, URLPattern]]:
    for entry in resolver.url_patterns:
        routes = (*before, entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry, routes)
        else:
            yield routes, entry


def split(routes: tuple) -> tuple[tuple[str, ...], tuple[tuple[str, type], ...]]:
    """The fixed parts of a route and, between them, its arguments with their converters' classes."""
    parts, arguments = [""], []
    for route in routes:
        rest = str(route._route)
        for name, converter in route.converters.items():
            start = rest.index("<")
            end = rest.index(">")
            assert rest[start:end].endswith(name)
            parts[-1] += rest[:start]
            kind = next((kind for kind in GARBAGE if isinstance(converter, kind)), StringConverter)
            arguments.append((name, kind))
            parts.append("")
            rest = rest[end + 1 :]
        parts[-1] += rest
    return tuple(parts), tuple(arguments)


def furnish() -> None:
    """Fill the open workspace with a row of everything that the areas' factories make without being told more."""
    for area in settings.AREAS:
        name = f"plainsail.{area}.tests.factories"
        if find_spec(f"plainsail.{area}.tests") is None or find_spec(name) is None:
            continue
        for factory in vars(import_module(name)).values():
            if is_factory(factory) and factory.__module__ == name:
                # One that wants arguments makes nothing; the others still do.
                with suppress(Exception), transaction.atomic():
                    factory()


def is_factory(value: object) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, DjangoModelFactory)
        and not value._meta.abstract
        and is_owned(value._meta.model)
    )


def is_owned(model: type[Model]) -> bool:
    return any(isinstance(field, WorkspaceKey) for field in model._meta.local_fields)


def ids_of(workspace) -> dict[str, list[UUID]]:
    """Ids of the open workspace's rows by the name of their model, such as `contact`; the latest few of each."""
    found = {
        "member": list(workspace.memberships.values_list("pk", flat=True)),
        "apikey": list(workspace.api_keys.values_list("pk", flat=True)),
    }
    for model in apps.get_models():
        if is_owned(model):
            keys = model._default_manager.order_by("-pk").values_list("pk", flat=True)[:3]
            found[model._meta.model_name] = [key for key in keys if isinstance(key, UUID)]
    return found


def fitting(argument: str, ids: dict[str, list[UUID]]) -> list[UUID]:
    """Ids that an argument such as `contact_id` asks for; any row's where no model has that name."""
    wanted = argument.removesuffix("_id").replace("_", "")
    named = [key for model, keys in ids.items() if model.endswith(wanted) or wanted.endswith(model) for key in keys]
    return named or [key for keys in ids.values() for key in keys][:5] or [uuid4()]
