"""The web process: Django behind the edge."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")

application = get_wsgi_application()
