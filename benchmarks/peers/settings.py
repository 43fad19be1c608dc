"""Plainsail's own settings with a few views for measuring."""

from plainsail.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.peers.urls"
ALLOWED_HOSTS = ["*"]
