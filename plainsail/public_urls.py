"""Addresses on a site's host that are not published pages: forms, checkout, a customer's account, cancelling."""

from django.conf import settings
from django.urls import include, path

from plainsail.urls import handler400, handler403, handler404, handler500, patterns_of

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("", include((patterns, area))) for area in settings.AREAS if (patterns := patterns_of(area, "public_urls"))
]

# Published pages own every other address, so they come after all that has one of its own.
urlpatterns += [
    path("", include((patterns, "site"))) for area in settings.AREAS if (patterns := patterns_of(area, "site_urls"))
]
