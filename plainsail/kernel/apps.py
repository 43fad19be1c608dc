"""At start, load what plugs areas into each other: their hooks, timetables and jobs."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "plainsail.kernel"

    def ready(self) -> None:
        for config in apps.get_app_configs():
            if config.name.startswith("plainsail."):
                _import_services(config.name)
        autodiscover_modules("hooks", "jobs")
        import_module("plainsail.kernel.jobs").register()


def _import_services(area: str) -> None:
    """Jobs are service functions: a worker knows one only once its module is imported."""
    if find_spec(f"{area}.services") is None:
        return
    package = import_module(f"{area}.services")
    for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
        import_module(f"{package.__name__}.{module.name}")
