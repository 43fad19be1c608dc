"""Fixtures of the mail area's own tests."""

from plainsail.mail.tests.carrier_service import service_of

__all__ = ["service_of"]
