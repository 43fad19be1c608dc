"""The web process: Django behind the edge."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")

application = get_wsgi_application()

# Imports every view now, on the server's time, and not on that of the first visitor.
get_resolver().url_patterns  # noqa: B018
